//! What an agent reaches for outside of its worktree, as far as its tools say so.
//!
//! It is for people to look at and for the sandbox to learn from. Nothing is decided by it: a program
//! may say what it likes.

use crew_core::run::{Access, Reached};
use serde_json::Value;

use crate::site::Site;

/// Tools that change files, in small letters.
const CHANGERS: [&str; 9] = [
    "write",
    "edit",
    "multiedit",
    "notebookedit",
    "apply_patch",
    "patch",
    "delete",
    "move",
    "write_file",
];
/// Where they name them.
const NAMES: [&str; 6] =
    ["file_path", "filePath", "filepath", "notebook_path", "path", "absolute_path"];
/// How a system says no, in small letters.
const REFUSALS: [&str; 4] =
    ["permission denied", "eacces", "operation not permitted", "read-only file system"];
/// What is said where something was to be written, in small letters.
const WRITES: [&str; 12] = [
    "create",
    "touch",
    "write",
    "writing",
    "mkdir",
    "remove",
    "rm:",
    "rename",
    "unlink",
    "cp:",
    "mv:",
    "read-only",
];

/// A change of a file that is not in the worktree.
pub(crate) fn change(site: &Site, tool: &str, input: &Value) -> Option<Reached> {
    if !CHANGERS.contains(&tool.to_ascii_lowercase().as_str()) {
        return None;
    }
    let changes = input.get("changes").and_then(Value::as_array).into_iter().flatten();
    let files = input.get("files").and_then(Value::as_array).into_iter().flatten();
    let mut paths = [input]
        .into_iter()
        .chain(changes)
        .flat_map(|value| NAMES.iter().filter_map(|name| value.get(name)?.as_str()))
        .chain(files.filter_map(Value::as_str));
    paths.find_map(|path| found(site, path, Access::Write, false))
}

/// What the system refused, by what a tool printed.
pub(crate) fn refusal(site: &Site, output: &str) -> Option<Reached> {
    output.lines().find_map(|line| {
        let small = line.to_lowercase();
        if !REFUSALS.iter().any(|words| small.contains(words)) {
            return None;
        }
        let writes = WRITES.iter().any(|word| small.contains(word));
        let access = if writes { Access::Write } else { Access::Read };
        paths_in(line).into_iter().find_map(|path| found(site, path, access, true))
    })
}

fn found(site: &Site, path: &str, access: Access, denied: bool) -> Option<Reached> {
    let place = site.place(path);
    (!place.is_inside()).then_some(Reached { place, access, denied })
}

/// What may be a path from `/`: in quotes, or between spaces and colons.
fn paths_in(line: &str) -> Vec<&str> {
    let quoted = line.split(['\'', '"', '`', '‘', '’', '“', '”']).skip(1).step_by(2);
    let bare = line.split(|c: char| c.is_whitespace() || "'\"`‘’“”()[]".contains(c));
    let bare = bare.map(|word| word.trim_end_matches([':', ',', ';', '.']));
    let is_path = |text: &&str| {
        let is_whole = text.starts_with('/') || text.starts_with("~/");
        is_whole && text.len() > 2 && !text.contains('\0')
    };
    quoted.chain(bare).filter(is_path).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn site() -> Site {
        Site::new("/nowhere/w".into(), Some("/nowhere/home".into()))
    }

    #[test]
    fn what_the_system_refused_is_read_from_what_a_tool_printed() {
        let check = |output: &str, expect: Option<(&str, Access)>| {
            let found = refusal(&site(), output);
            let found = found.map(|it| (it.place.to_string(), it.access));
            assert_eq!(found, expect.map(|(path, access)| (path.to_owned(), access)), "{output}");
        };
        check("cat: /nowhere/home/.x: Permission denied", Some(("~/.x", Access::Read)));
        check(
            "touch: cannot touch '/nowhere/home/a b': Permission denied",
            Some(("~/a b", Access::Write)),
        );
        check(
            "mkdir: cannot create directory ‘/data/x’: Permission denied",
            Some(("/data/x", Access::Write)),
        );
        check(
            "PermissionError: [Errno 13] Permission denied: '/data/x'",
            Some(("/data/x", Access::Read)),
        );
        check("Error: EACCES: permission denied, open '/data/x'", Some(("/data/x", Access::Read)));
        check("open /data/x: permission denied", Some(("/data/x", Access::Read)));
        check("fine\nls: /data/x: Permission denied\n", Some(("/data/x", Access::Read)));
        check("sh: 1: ./a: Permission denied", None);
        check("/nowhere/w/a: Permission denied", None);
        check("cat: /data/x: No such file or directory", None);
    }

    #[test]
    fn changes_outside_are_seen_in_what_a_tool_is_called_with() {
        let check = |tool: &str, input: Value, expect: Option<&str>| {
            let found = change(&site(), tool, &input).map(|it| it.place.to_string());
            assert_eq!(found.as_deref(), expect, "{tool} {input}");
        };
        check("Write", json!({"file_path": "/nowhere/home/x"}), Some("~/x"));
        check("Write", json!({"file_path": "/nowhere/w/x"}), None);
        check("edit", json!({"path": "../x"}), Some("/nowhere/x"));
        check("apply_patch", json!({"changes": [{"path": "a"}, {"path": "/x/y"}]}), Some("/x/y"));
        check("Read", json!({"file_path": "/etc/passwd"}), None);
    }
}
