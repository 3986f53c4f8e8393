//! `search`: a regular expression over all files that git does not ignore.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crew_core::team::is_path_like;
use globset::{Glob, GlobMatcher};
use ignore::WalkBuilder;
use regex::Regex;

use super::bounds::short_line;
use super::{Search, ToolError};

/// Matches shown.
const MATCHES_MAX: usize = 200;
/// Characters shown of a line.
const LINE_CHARS_MAX: usize = 300;
/// Larger files are passed over.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// How long a search may take.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(20);

/// Lines that match, as `path:line: text`, in the order of the paths; none of files like the closed patterns.
pub(super) fn search(root: &Path, closed: &[String], call: &Search) -> Result<String, ToolError> {
    let pattern = Regex::new(&call.pattern)
        .map_err(|reason| ToolError::Arguments(format!("`pattern`: {reason}")))?;
    let glob = call.glob.as_deref().map(matcher).transpose()?;
    let deadline = Instant::now() + SEARCH_TIME_MAX;
    let mut found = Vec::new();
    let mut stopped = "";
    let mut left_out = 0_usize;
    for entry in walk(root).filter_map(Result::ok) {
        if found.len() > MATCHES_MAX {
            stopped = "… more matches not shown …\nhint: narrow the pattern or give a glob\n";
            break;
        }
        if Instant::now() > deadline {
            stopped = "… the search took too long; the rest was not searched …\n";
            break;
        }
        let inside = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let is_wanted = glob.as_ref().is_none_or(|glob| glob.is_match(inside));
        if is_wanted && entry.file_type().is_some_and(|kind| kind.is_file()) {
            let name = inside.to_string_lossy();
            if closed.iter().any(|pattern| is_path_like(pattern, &name)) {
                left_out += 1;
                continue;
            }
            search_file(entry.path(), inside, &pattern, &mut found);
        }
    }
    found.truncate(MATCHES_MAX);
    let shown = if found.is_empty() { "no match".to_owned() } else { found.join("\n") };
    let rules = match left_out {
        0 => String::new(),
        n => format!("… not searched, as rules of the role are about them: {n} files …\n"),
    };
    Ok(format!("{shown}\n{stopped}{rules}"))
}

fn walk(root: &Path) -> ignore::Walk {
    WalkBuilder::new(root)
        .hidden(false)
        .parents(false)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .sort_by_file_path(Path::cmp)
        .build()
}

/// A glob without a slash is about the name of the file, wherever it is.
fn matcher(glob: &str) -> Result<GlobMatcher, ToolError> {
    let anywhere = if glob.contains('/') { glob.to_owned() } else { format!("**/{glob}") };
    Glob::new(&anywhere)
        .map(|glob| glob.compile_matcher())
        .map_err(|reason| ToolError::Arguments(format!("`glob`: {reason}")))
}

fn search_file(path: &Path, inside: &Path, pattern: &Regex, found: &mut Vec<String>) {
    let is_small = fs::metadata(path).is_ok_and(|metadata| metadata.len() <= FILE_BYTES_MAX);
    if !is_small {
        return;
    }
    // A file that cannot be read as text has no lines to show.
    let Ok(text) = fs::read_to_string(path) else {
        return;
    };
    for (index, line) in text.lines().enumerate().filter(|(_, line)| pattern.is_match(line)) {
        let line = short_line(line.trim_end(), LINE_CHARS_MAX);
        found.push(format!("{}:{}: {line}", inside.display(), index + 1));
        if found.len() > MATCHES_MAX {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_keep_from_a_role_is_not_found() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("secret/deep")).unwrap();
        for name in ["secret/deep/key", "open.txt", ".env"] {
            fs::write(root.path().join(name), "token = 1\n").unwrap();
        }
        let search = |closed: &[&str]| {
            let closed: Vec<String> = closed.iter().map(|&it| it.to_owned()).collect();
            let call = Search { pattern: "token".into(), glob: None };
            super::search(root.path(), &closed, &call).unwrap()
        };
        let all = search(&[]);
        assert!(all.contains(".env:1") && all.contains("secret/deep/key:1"), "{all}");
        let some = search(&["secret/**", "**/.env"]);
        assert_eq!(
            some,
            "open.txt:1: token = 1\n… not searched, as rules of the role are about them: 2 files …\n"
        );
    }
}
