//! Skills: how a team does what comes up now and then. An agent is told which there are, and reads those
//! that it needs; so there may be many, and each as long as it has to be.
//!
//! A skill is a directory `.crew/skills/<name>` with a `SKILL.md`, in the form that other agents know:
//! `description` (and, for us, `roles`) between two lines of three hyphens, then Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::quote::cut;
use crate::teamfile::read_text;

/// Skills that an agent is told of; more are left out, and it is told so.
const SKILLS_MAX: usize = 50;
/// What is shown of each description, in characters.
const WHAT_CHARS_MAX: usize = 300;

struct Skill {
    name: String,
    file: PathBuf,
    what: String,
    /// Whom it is for; empty is all.
    roles: Vec<String>,
}

/// The part of the instructions of a role about its skills; empty if it has none.
pub(crate) fn told(team: &Path, role: &str) -> String {
    let mut skills = all(&team.join("skills"));
    skills.retain(|skill| skill.roles.is_empty() || skill.roles.iter().any(|it| it == role));
    if skills.is_empty() {
        return String::new();
    }
    let mut text =
        "\n## Skills\nHow this team does some things. Before you do one of them, read its \
                    file, all of it.\n"
            .to_owned();
    for Skill { name, file, what, .. } in skills.iter().take(SKILLS_MAX) {
        writeln!(text, "- {name}: {what} ({})", file.display()).ok();
    }
    if skills.len() > SKILLS_MAX {
        let others = skills.len() - SKILLS_MAX;
        writeln!(text, "- and {others} more in {}", team.join("skills").display()).ok();
    }
    text
}

fn all(directory: &Path) -> Vec<Skill> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let mut skills: Vec<Skill> = entries.filter_map(|entry| read(&entry.path())).collect();
    skills.sort_by(|one, other| one.name.cmp(&other.name));
    skills
}

fn read(directory: &Path) -> Option<Skill> {
    let name = directory.file_name()?.to_str()?.to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.chars().all(is_name) {
        return None;
    }
    let file = directory.join("SKILL.md");
    let text = read_text(&file).ok()?;
    let head = head(&text);
    let value = |key: &str| {
        let line =
            head.iter().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'));
        line.map(|value| value.trim().trim_matches(['"', '\'', '[', ']']).to_owned())
    };
    let first = || text.lines().map(|line| line.trim_start_matches('#').trim());
    let what = value("description").or_else(|| {
        let is_text = |line: &&str| !line.is_empty() && *line != "---";
        first().find(is_text).map(str::to_owned)
    })?;
    let what = cut(&what, WHAT_CHARS_MAX).to_owned();
    let roles = value("roles").unwrap_or_default();
    let names = roles.split(',').map(|role| role.trim().trim_matches(['"', '\'']));
    let roles = names.filter(|role| !role.is_empty()).map(str::to_owned).collect();
    Some(Skill { name, file, what, roles })
}

/// The lines between the first two of three hyphens; none where it does not begin with them.
fn head(text: &str) -> Vec<&str> {
    let mut lines = text.lines();
    match lines.next() {
        Some("---") => lines.take_while(|line| line.trim_end() != "---").collect(),
        Some(_) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_told_of_its_skills_and_where_they_are() {
        let team = tempfile::tempdir().unwrap();
        assert_eq!(told(team.path(), "engineer"), "");
        let write = |name: &str, text: &str| {
            let directory = team.path().join("skills").join(name);
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("SKILL.md"), text).unwrap();
        };
        write("release", "---\nname: release\ndescription: \"How we release\"\n---\nFirst …\n");
        write("migrate", "# How we change the database\n\nNever …\n");
        write(
            "post",
            "---\ndescription: How we announce\nroles: [marketing, \"community\"]\n---\n",
        );
        write("a b", "not a name\n");
        write("empty", "\n");
        fs::create_dir(team.path().join("skills/none")).unwrap();
        let lines = |role: &str| -> Vec<String> {
            let text = told(team.path(), role);
            let skills = text.lines().filter_map(|line| line.strip_prefix("- "));
            skills.map(|line| line.split(" (").next().unwrap().to_owned()).collect()
        };
        let both = ["migrate: How we change the database", "release: How we release"];
        assert_eq!(lines("engineer"), both);
        assert_eq!(lines("marketing")[1], "post: How we announce");
        assert!(told(team.path(), "engineer").contains("skills/release/SKILL.md)"));
    }

    #[test]
    fn of_many_skills_some_are_left_out_and_said_to_be() {
        let team = tempfile::tempdir().unwrap();
        for n in 0..SKILLS_MAX + 2 {
            let directory = team.path().join(format!("skills/s{n:03}"));
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("SKILL.md"), "x".repeat(5_000)).unwrap();
        }
        let text = told(team.path(), "engineer");
        assert!(
            text.contains("- and 2 more in") && text.len() < SKILLS_MAX * 600,
            "{}",
            text.len()
        );
    }
}
