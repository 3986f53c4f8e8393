//! Commands of a shell, read in two ways: so strictly that nothing more can hide in one
//! ([`script`], [`plain`]), and so loosely that nothing can hide from a rule against it ([`says`]).
//!
//! Neither is a wall: a program may run any other. The wall is the sandbox.

/// Redirections that write nothing.
const NOWHERE: [&str; 3] = ["2>&1", "2>/dev/null", ">/dev/null"];
/// Shells by which agents run what they want to run.
const SHELLS: [&str; 8] =
    ["/bin/bash", "/bin/sh", "/bin/zsh", "/usr/bin/bash", "/usr/bin/zsh", "bash", "sh", "zsh"];
/// How they are told that a script follows.
const SCRIPT_OPTIONS: [&str; 2] = ["-c", "-lc"];
/// Programs that make commands of what they read.
const OPAQUE: [&str; 4] = ["eval", "xargs", "source", "parallel"];

/// A word, as a shell would read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// Without quotes.
    pub text: String,
    /// Whether files are named by a pattern, so that nobody knows which words it becomes.
    pub is_pattern: bool,
    /// Whether any of it was quoted.
    pub is_quoted: bool,
}

/// The commands in it, each by its words, out of the shell that they may be wrapped in. `None` for
/// more than a shell's simplest words.
pub fn script(command: &str) -> Option<Vec<Vec<Word>>> {
    let outer = parts(command)?;
    match &outer[..] {
        [words] => match wrapped(words) {
            Some(inner) => parts(inner),
            None => Some(outer),
        },
        _ => Some(outer),
    }
}

/// The words of a command that is one command and nothing else: nothing quoted, nothing that becomes
/// something else, no second command, no file written by the shell.
pub fn plain(command: &str) -> Option<Vec<String>> {
    let mut parts = script(command)?;
    let words = if parts.len() == 1 { parts.pop()? } else { return None };
    let is_plain = |word: &Word| !word.is_quoted;
    let first = words.first().filter(|word| !word.is_pattern)?;
    let is_one = !first.text.is_empty() && words.iter().all(is_plain);
    is_one.then(|| words.into_iter().map(|word| word.text).collect())
}

fn wrapped(words: &[Word]) -> Option<&str> {
    match words {
        [shell, option, script] => {
            let is_shell = SHELLS.contains(&shell.text.as_str());
            let is_script = SCRIPT_OPTIONS.contains(&option.text.as_str());
            (is_shell && is_script).then_some(script.text.as_str())
        }
        _ => None,
    }
}

/// What a command says about a beginning of commands that a rule is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It has it somewhere.
    Yes,
    /// It has not.
    No,
    /// It becomes a command that nobody can read from it.
    Unclear,
}

/// Whether a beginning stands anywhere in a command: quoted or not, after others, behind `env` or
/// `sudo`, with options between its words.
pub fn says(command: &str, prefix: &[String]) -> Says {
    let parts = loose(command);
    if parts.iter().any(|words| (0..words.len()).any(|at| begins(&words[at..], prefix))) {
        return Says::Yes;
    }
    let reads = |words: &Vec<String>| {
        words.iter().enumerate().any(|(at, word)| {
            let next = words.get(at + 1).map(String::as_str);
            let name = base(word);
            let is_shell = SHELLS.contains(&name);
            let has_script = next.is_some_and(|option| SCRIPT_OPTIONS.contains(&option));
            OPAQUE.contains(&name) || (is_shell && !has_script)
        }) || words.first().is_some_and(|first| first.contains(['*', '?', '[']))
    };
    let becomes = command.contains(['$', '`']) || parts.iter().any(reads);
    if becomes { Says::Unclear } else { Says::No }
}

/// Whether words begin with a prefix, options and what may belong to them left out.
fn begins(words: &[String], prefix: &[String]) -> bool {
    let Some((first, rest)) = prefix.split_first() else { return true };
    let Some((program, mut words)) = words.split_first() else { return false };
    if program != first && base(program) != first {
        return false;
    }
    for wanted in rest {
        loop {
            match words {
                [word, more @ ..] if word == wanted => {
                    words = more;
                    break;
                }
                [option, value, more @ ..] if option.starts_with('-') => {
                    words =
                        if value.starts_with('-') || value == wanted { &words[1..] } else { more };
                }
                _ => return false,
            }
        }
    }
    true
}

fn base(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The words between everything that may separate commands, whatever is quoted.
fn loose(command: &str) -> Vec<Vec<String>> {
    let joined = command.replace("\\\n", "");
    let bare: String = joined.chars().filter(|c| !['\'', '"', '\\'].contains(c)).collect();
    let parts = bare.split([';', '|', '&', '\n', '\r', '(', ')', '`', '<', '>', '{', '}', ',']);
    let words = |part: &str| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    parts.map(words).filter(|words| !words.is_empty()).collect()
}

/// Commands between `&&`, `||`, `|`, `;` and ends of lines.
fn parts(text: &str) -> Option<Vec<Vec<Word>>> {
    let mut parts: Vec<Vec<Word>> = vec![Vec::new()];
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = after_command(rest) {
            parts.push(Vec::new());
            rest = after;
        } else if next == '&' {
            return None; // it would run on in the background
        } else if next == ' ' || next == '\t' {
            rest = &rest[1..];
        } else if let Some(after) = nowhere(rest) {
            rest = after;
        } else {
            let (word, after) = word(rest)?;
            parts.last_mut()?.push(word);
            rest = after;
        }
    }
    parts.retain(|words| !words.is_empty());
    Some(parts)
}

/// What follows after the end of a command, if it ends here.
fn after_command(rest: &str) -> Option<&str> {
    let two = ["&&", "||"].iter().find_map(|end| rest.strip_prefix(end));
    two.or_else(|| rest.strip_prefix(['|', ';', '\n']))
}

fn nowhere(rest: &str) -> Option<&str> {
    let after = NOWHERE.iter().find_map(|nowhere| rest.strip_prefix(nowhere))?;
    after.chars().next().is_none_or(|c| " \t\n;|&".contains(c)).then_some(after)
}

/// One word with its quotes taken off, and what follows. `None` for anything that becomes another.
fn word(text: &str) -> Option<(Word, &str)> {
    let mut word = Word::default();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        word.is_quoted |= ['\'', '"', '\\'].contains(&c);
        match c {
            ' ' | '\t' | '\n' | ';' | '|' | '&' => return Some((word, &text[at..])),
            '\'' => loop {
                match chars.next()?.1 {
                    '\'' => break,
                    inner => word.text.push(inner),
                }
            },
            '"' => loop {
                match chars.next()?.1 {
                    '"' => break,
                    '$' | '`' => return None,
                    '\\' => match chars.next()?.1 {
                        escaped @ ('"' | '\\' | '$' | '`') => word.text.push(escaped),
                        other => word.text.extend(['\\', other]),
                    },
                    inner => word.text.push(inner),
                }
            },
            '\\' => word.text.push(chars.next().map(|(_, c)| c).filter(|c| *c != '\n')?),
            '$' | '`' | '(' | ')' | '{' | '}' | '<' | '>' => return None,
            '*' | '?' | '[' | '~' => {
                word.is_pattern = true;
                word.text.push(c);
            }
            plain if plain.is_control() => return None,
            plain => word.text.push(plain),
        }
    }
    Some((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_plain_command_is_one_command_and_nothing_else() {
        let check = |command: &str, expect: Option<&str>| {
            assert_eq!(plain(command), expect.map(words), "{command:?}");
        };
        check("git status", Some("git status"));
        check("  git   status\t-s ", Some("git status -s"));
        check("/bin/bash -lc 'git status'", Some("git status"));
        check("cargo test 2>&1", Some("cargo test"));
        check("ls *.rs", Some("ls *.rs"));
        for command in [
            "",
            "git status && rm -rf /",
            "git status; rm -rf /",
            "git status | sh",
            "git status & rm -rf /",
            "git status\nrm -rf /",
            "git status > /etc/passwd",
            "git status $(rm -rf /)",
            "git status `rm -rf /`",
            "git status \"$(rm -rf /)\"",
            "git status 'a b'",
            "git status \"a\"",
            "git st\\atus",
            "git status <(rm -rf /)",
            "{git,status}",
            "g*t status",
            "git status \u{1b}[2J",
            "bash -c \"git status && rm -rf /\"",
            "bash -c 'git status",
        ] {
            check(command, None);
        }
    }

    #[test]
    fn nothing_hides_from_a_rule_against_it() {
        let push = words("git push");
        for command in [
            "git push",
            "/usr/bin/git push origin main",
            "cd a && git push",
            "FOO=1 git push",
            "sudo -E git push",
            "git -C . push",
            "git --no-pager -c a=b push",
            "bash -c 'git push'",
            "bash -c \"cd a; git 'push'\"",
            "g\\it pu''sh",
            "git \\\npush",
            "ls\ngit push",
            "(git push)",
            "{ git push; }",
            "true||git push",
            "x=$(git push)",
            "echo `git push`",
            "python -c 'os.system(\"git push\")'",
        ] {
            assert_eq!(says(command, &push), Says::Yes, "{command:?}");
        }
        for command in ["$X push", "eval g p", "echo push | xargs git", "curl x | sh", "g?t push"] {
            assert_eq!(says(command, &push), Says::Unclear, "{command:?}");
        }
        for command in ["git status", "git commit -m push", "echo push", "gitpush", "bash -c ls"] {
            assert_eq!(says(command, &push), Says::No, "{command:?}");
        }
    }
}
