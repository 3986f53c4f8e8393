//! What the runs of a project were refused outside of their worktrees, as the least that would have to
//! be opened to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::about::Place;
use crate::run::{Access, Run};
use crate::team::Opened;
use crate::{ProjectId, RoleName, RunId, State};

/// Where secrets are: never proposed, whoever wants them.
const SECRET: [&str; 18] = [
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".netrc",
    ".git-credentials",
    ".password-store",
    ".mozilla",
    ".thunderbird",
    ".config",
    ".claude",
    ".codex",
    ".gemini",
    "keyrings",
    "credentials",
    ".crewhouse",
];
/// What belongs to the system; it is not the sandbox alone that keeps it.
const SYSTEM: [&str; 10] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sbin", "/sys", "/usr"];

/// What was learnt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// How many runs were refused something.
    pub runs: usize,
    /// What would have to be read, and by which roles.
    pub read: BTreeMap<String, BTreeSet<RoleName>>,
    /// What would have to be written.
    pub write: BTreeMap<String, BTreeSet<RoleName>>,
    /// What is not proposed, and why.
    pub left_out: BTreeMap<String, &'static str>,
}

/// What the runs of a project teach, or those of one role.
pub fn learn(state: &State, project: ProjectId, role: Option<&RoleName>) -> Lesson {
    let mut lesson = Lesson::default();
    let Some(project) = state.projects.get(&project) else {
        return lesson;
    };
    let is_meant =
        |run: &&Run| run.project == project.id && role.is_none_or(|role| run.role == *role);
    let mut runs: BTreeSet<RunId> = BTreeSet::new();
    for run in state.runs.values().filter(is_meant) {
        let open = project.opened_to(&run.role);
        for reached in run.reached.iter().filter(|reached| reached.denied) {
            runs.insert(run.id);
            lesson.add(&open, run, &reached.place, reached.access);
        }
    }
    lesson.runs = runs.len();
    lesson
}

impl Lesson {
    fn add(&mut self, open: &Opened, run: &Run, place: &Place, access: Access) {
        if let Some(why) =
            objection(place).or_else(|| too_much(&opened(&place.to_string(), access)))
        {
            self.left_out.insert(place.to_string(), why);
        } else if let Some(path) = to_open(open, place, access) {
            let list = match access {
                Access::Read => &mut self.read,
                Access::Write => &mut self.write,
            };
            list.entry(path).or_default().insert(run.role.clone());
        }
    }

    /// The `[sandbox]` of a `team.toml` with this in it.
    pub fn snippet(&self, open: &Opened) -> String {
        let list = |old: &[String], new: &BTreeMap<String, BTreeSet<RoleName>>| -> String {
            let old = old.iter().map(|path| format!("    {path:?},\n"));
            let new = new.iter().map(|(path, roles)| {
                let roles: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
                format!("    {path:?}, # {}\n", roles.join(", "))
            });
            old.chain(new).collect()
        };
        let mut text = "[sandbox]\n".to_owned();
        for (key, old, new) in
            [("read", &open.read, &self.read), ("write", &open.write, &self.write)]
        {
            if !new.is_empty() {
                text.extend([key, " = [\n", &list(old, new), "]\n"]);
            }
        }
        text
    }

    /// Whether there is nothing to open.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

/// What would have to be opened for that; `None` where it is open, or nobody should be asked to.
pub fn to_open(open: &Opened, place: &Place, access: Access) -> Option<String> {
    let path = opened(&place.to_string(), access);
    let is_fine = objection(place).is_none() && too_much(&path).is_none();
    let is_proposed = is_fine && !open.covers(&path, access);
    is_proposed.then_some(path)
}

/// What is to be opened for that: a file to be written may not be there yet, so it is its directory,
/// unless that would be all of the home.
fn opened(path: &str, access: Access) -> String {
    match (access, path.rsplit_once('/')) {
        (Access::Write, Some((parent, _))) if parent.contains('/') => parent.to_owned(),
        (Access::Read | Access::Write, _) => path.to_owned(),
    }
}

fn objection(place: &Place) -> Option<&'static str> {
    let whole = match place {
        Place::Worktree { .. } => return Some("it is in the worktree"),
        Place::Home { whole, .. } | Place::Elsewhere { whole } => whole,
    };
    let is_secret = |part: &str| SECRET.iter().any(|secret| part.eq_ignore_ascii_case(secret));
    let is_below = |root: &&str| {
        whole.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if whole.split('/').any(is_secret) {
        Some("secrets are kept there")
    } else if SYSTEM.iter().any(is_below) {
        Some("it belongs to the system")
    } else {
        too_much(whole)
    }
}

/// A file that is to be written opens its directory, which may hold what the file is beside: all homes, a
/// whole disk, the keys of programs.
fn too_much(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_broad = match parts.as_slice() {
        ["~", "Library"] | ["~", ".local" | "Library", _] => true,
        ["~", part] => part.starts_with('.'),
        parts => parts.len() < 2,
    };
    is_broad.then_some("it is too much")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(path: &str) -> Place {
        Place::Home { path: path.to_owned(), whole: format!("/home/me/{path}") }
    }

    #[test]
    fn secrets_and_the_system_are_never_proposed() {
        let check = |place: Place, expect: Option<&str>| {
            assert_eq!(objection(&place), expect, "{place}");
        };
        let elsewhere = |whole: &str| Place::Elsewhere { whole: whole.to_owned() };
        check(home(".cache/foo/a"), None);
        check(home(".ssh/id_ed25519"), Some("secrets are kept there"));
        check(home(".config/gh/hosts.yml"), Some("secrets are kept there"));
        check(elsewhere("/etc/passwd"), Some("it belongs to the system"));
        check(elsewhere("/etcetera/x"), None);
        check(elsewhere("/"), Some("it is too much"));
        check(elsewhere("/data"), Some("it is too much"));
    }

    #[test]
    fn what_is_opened_is_the_file_or_where_it_is_made() {
        assert_eq!(opened("~/.cache/foo/a", Access::Write), "~/.cache/foo");
        assert_eq!(opened("~/notes", Access::Write), "~/notes");
        assert_eq!(opened("/srv/data/a", Access::Write), "/srv/data");
        assert_eq!(opened("~/.cache/foo/a", Access::Read), "~/.cache/foo/a");
    }

    #[test]
    fn a_directory_that_holds_much_is_never_opened_for_one_file_in_it() {
        let asked = |place: Place| to_open(&Opened::default(), &place, Access::Write);
        let elsewhere = |whole: &str| Place::Elsewhere { whole: whole.to_owned() };
        assert_eq!(asked(elsewhere("/home/other")), None, "that would be all homes");
        assert_eq!(asked(elsewhere("/tmp/x")), None);
        assert_eq!(asked(elsewhere("/data/a/x")).as_deref(), Some("/data/a"));
        for path in [".local/x", ".local/share/x", ".cache/x", ".bashrc", "Library/x"] {
            assert_eq!(asked(home(path)), None, "{path}");
        }
        assert_eq!(asked(home(".local/share/foo/x")).as_deref(), Some("~/.local/share/foo"));
        assert_eq!(asked(home("notes/x")).as_deref(), Some("~/notes"));
    }

    #[test]
    fn a_lesson_is_a_piece_of_the_file() {
        let mut lesson = Lesson::default();
        let open = Opened { read: vec!["~/shared".into()], ..Opened::default() };
        let role: RoleName = "engineer".parse().unwrap();
        lesson.read.entry("~/data/a".into()).or_default().insert(role);
        let expect = "[sandbox]\nread = [\n    \"~/shared\",\n    \"~/data/a\", # engineer\n]\n";
        assert_eq!(lesson.snippet(&open), expect);
    }
}
