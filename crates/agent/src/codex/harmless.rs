//! Commands that nobody has to be asked about: those that only look, and those that the team allows.
//!
//! Codex asks before every command, `ls` included. What stands here is a list of what is known to
//! change nothing, in a shell's simplest words; whatever is not plainly that is asked about. It saves
//! the human questions and is no wall: the wall is the sandbox.

use crew_core::command::{Word, script};

/// Programs that only look, whatever their arguments are.
const LOOK: [&str; 37] = [
    "basename",
    "cat",
    "cd",
    "cmp",
    "column",
    "comm",
    "cut",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "false",
    "fgrep",
    "grep",
    "head",
    "hexdump",
    "id",
    "jq",
    "ls",
    "md5sum",
    "nl",
    "od",
    "paste",
    "pwd",
    "readlink",
    "realpath",
    "seq",
    "sha256sum",
    "stat",
    "strings",
    "tail",
    "tr",
    "true",
    "wc",
    "which",
];
/// What git does without changing anything, unless it is told to write elsewhere.
const GIT: [&str; 9] =
    ["blame", "cat-file", "describe", "diff", "log", "ls-files", "rev-parse", "show", "status"];
/// What makes `find` more than a look.
const FIND_NOT: [&str; 9] =
    ["-delete", "-exec", "-execdir", "-fls", "-fprint", "-fprint0", "-fprintf", "-ok", "-okdir"];
/// Options, or beginnings of such, with which `rg` and `git` run other programs or write.
const RG_NOT: [&str; 3] = ["--pre", "--hostname-bin", "--search-zip"];
const GIT_NOT: [&str; 3] = ["--ou", "--ext", "--textconv"];
/// Whether a command, as Codex would run it, needs no answer. `allow` has beginnings of commands.
pub(super) fn is_harmless(command: &str, allow: &[String]) -> bool {
    let Some(parts) = script(command) else { return false };
    !parts.is_empty() && parts.iter().all(|words| only_looks(words) || is_allowed(words, allow))
}

fn is_allowed(words: &[Word], allow: &[String]) -> bool {
    let begins = |prefix: &String| {
        let mut prefix = prefix.split_whitespace();
        let mut words = words.iter();
        prefix.all(|part| words.next().is_some_and(|word| word.text == part && !word.is_pattern))
    };
    allow.iter().any(begins)
}

fn only_looks(words: &[Word]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let is_plain = arguments.iter().all(|word| !word.is_pattern);
    let none_begins = |not: &[&str]| {
        let is_bad = |word: &Word| not.iter().any(|begin| word.text.starts_with(begin));
        is_plain && !arguments.iter().any(is_bad)
    };
    match (program.text.as_str(), arguments) {
        _ if program.is_pattern => false,
        (name, _) if LOOK.contains(&name) => true,
        ("rg", _) => none_begins(&RG_NOT) && !arguments.iter().any(|word| is_zip(&word.text)),
        ("find", _) => is_plain && !arguments.iter().any(|word| FIND_NOT.contains(&&*word.text)),
        ("git", [what, ..]) => GIT.contains(&what.text.as_str()) && none_begins(&GIT_NOT),
        ("sed", [option, lines, files @ ..]) => {
            let are_files = files.iter().all(|file| !file.text.starts_with('-'));
            option.text == "-n" && is_lines(&lines.text) && are_files && is_plain
        }
        _ => false,
    }
}

/// `-z` among the short options.
fn is_zip(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--") && word.contains('z')
}

/// `12p` or `1,200p`.
fn is_lines(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let range = text.strip_suffix('p').map(|range| range.split_once(',').unwrap_or((range, "1")));
    range.is_some_and(|(from, to)| number(from) && number(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_looks_is_not_asked() {
        for command in [
            "ls",
            "/bin/bash -lc ls",
            "/bin/bash -lc 'ls -la && cat README.md | head -20'",
            "bash -lc 'rg -n \"fn main\" src 2>/dev/null | wc -l'",
            "/bin/bash -lc \"sed -n '1,200p' src/main.rs\"",
            "/bin/bash -lc 'git status --short; git log --oneline -5'",
            "/bin/bash -lc 'find . -name \"*.rs\" -type f'",
            "/bin/bash -lc 'cd src && ls *.rs'",
            "/bin/bash -lc 'grep -rn '\\''a|b'\\'' .'",
        ] {
            assert!(is_harmless(command, &[]), "{command}");
        }
    }

    #[test]
    fn whoever_may_do_more_is_asked() {
        for command in [
            "",
            "/bin/bash -lc ''",
            "rm -rf .",
            "/bin/bash -lc 'ls; rm -rf .'",
            "/bin/bash -lc 'ls & rm -rf .'",
            "/bin/bash -lc 'ls\nrm -rf .'",
            "/bin/bash -lc 'cat a > b'",
            "/bin/bash -lc 'cat $(rm a)'",
            "/bin/bash -lc 'cat `rm a`'",
            "/bin/bash -lc 'cat \"$(rm a)\"'",
            "/bin/bash -lc '{rm,-rf,.}'",
            "/bin/bash -lc 'echo x >/dev/nullx'",
            "/bin/bash -lc 'rg --pre ./evil x'",
            "/bin/bash -lc 'rg -z x'",
            "/bin/bash -lc 'rg x *'",
            "/bin/bash -lc 'find . -delete'",
            "/bin/bash -lc 'find . -exec rm {} +'",
            "/bin/bash -lc 'sed -i s/a/b/ x'",
            "/bin/bash -lc \"sed -n '1w x' a\"",
            "/bin/bash -lc 'sed -n 1p -i a'",
            "/bin/bash -lc 'git diff --output=x'",
            "/bin/bash -lc 'git -c core.pager=evil log'",
            "/bin/bash -lc 'git commit -m x'",
            "/bin/bash -lc 'PATH=. ls'",
            "/bin/bash -lc './ls'",
            "/bin/bash -lc 'bash -lc ls'",
            "/bin/bash -lc 'ls",
            "python3 -c 'print(1)'",
        ] {
            assert!(!is_harmless(command, &[]), "{command}");
        }
    }

    #[test]
    fn what_the_team_allows_is_not_asked_about() {
        let allow = ["make".to_owned(), "cargo test".to_owned()];
        let check = |command: &str, expect: bool| {
            assert_eq!(is_harmless(command, &allow), expect, "{command}");
        };
        check("/bin/bash -lc 'make test'", true);
        check("/bin/bash -lc 'cd a && make test 2>&1 | tail -5'", true);
        check("/bin/bash -lc 'cargo test -p x'", true);
        check("/bin/bash -lc 'cargo publish'", false);
        check("/bin/bash -lc 'makeup'", false);
        check("/bin/bash -lc 'make; rm x'", false);
    }
}
