//! Where Claude Code is on this machine, and whether it can be used.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crew_core::team::Permissions;

use super::launch::{ENVIRONMENT, SANDBOX, VERSION_MIN, Version};

/// It says its version in a tenth of a second; on a machine that is busy, later.
const VERSION_PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at whether it has.
const PAUSE: Duration = Duration::from_millis(10);

/// Where Claude Code is, and which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// Its version.
    pub version: Version,
}

/// Why it cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; hint: {}", self.what, self.hint)
    }
}

/// Finds Claude Code by a path or a name on the `PATH` of `env`, and makes sure that it is one that
/// we understand.
pub fn find(program: &str, env: &BTreeMap<String, String>) -> Result<Installed, Unusable> {
    let path = look_up(program, env.get("PATH").map_or("", String::as_str));
    let path = path.ok_or_else(|| Unusable {
        what: format!("there is no Claude Code: `{program}` is no program"),
        hint: "install it (https://claude.com/claude-code) and run `claude` once to sign in, or \
               write where it is: program = \"/path/to/claude\" of the provider in team.toml"
            .to_owned(),
    })?;
    let unusable = |what: String| Unusable {
        what: format!("{} {what}", path.display()),
        hint: "does `claude --version` work? `claude update` installs the newest".to_owned(),
    };
    let said = ask_version(&path, env).map_err(|why| unusable(format!("does not work: {why}")))?;
    let version: Version =
        said.parse().map_err(|_| unusable("does not say which version it is".to_owned()))?;
    if version < VERSION_MIN {
        let what = format!("is Claude Code {version}; {VERSION_MIN} or newer is needed");
        return Err(unusable(what));
    }
    Ok(Installed { program: path, version })
}

fn look_up(program: &str, search: &str) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        // A relative one would be another in each worktree.
        return Some(PathBuf::from(program)).filter(|path| path.is_absolute() && is_program(path));
    }
    std::env::split_paths(search).map(|dir| dir.join(program)).find(is_program)
}

/// What `--version` prints. It is waited for, but not for ever.
fn ask_version(program: &Path, env: &BTreeMap<String, String>) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version").env_clear().envs(env).envs(ENVIRONMENT);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let end = Instant::now() + VERSION_PATIENCE;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > end {
            child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
            return Err("it does not answer".to_owned());
        }
        std::thread::sleep(PAUSE);
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// It does not do everything unasked as root, and then ends without a word on its output.
pub fn is_allowed(permissions: Permissions) -> Result<(), Unusable> {
    let is_root = rustix::process::geteuid().is_root();
    if permissions != Permissions::All || !is_root || std::env::var_os(SANDBOX).is_some() {
        return Ok(());
    }
    Err(Unusable {
        what: "Claude Code does not do everything unasked (permissions = \"all\") as root".into(),
        hint: format!(
            "run Crewhouse as another user, or write permissions = \"edit\"; in a container that \
             nothing gets out of, start the daemon with {SANDBOX}=1"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_cannot_be_used_is_said_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, script: &str| {
            let path = dir.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        make("good", "echo '2.1.329 (Claude Code)'");
        make("old", "echo '2.0.14 (Claude Code)'");
        make("other", "echo 'hello'");
        fs::write(dir.path().join("no-program"), "").unwrap();
        let env = [("PATH".to_owned(), dir.path().display().to_string())].into();
        let good = find("good", &env).unwrap();
        assert_eq!(good.version, Version(2, 1, 329));
        assert_eq!(find(&good.program.display().to_string(), &env), Ok(good));
        let check = |program: &str, what: &str| {
            let unusable = find(program, &env).unwrap_err().to_string();
            assert!(unusable.contains(what) && unusable.contains("hint: "), "{unusable}");
        };
        check("claude", "there is no Claude Code");
        check("./good", "is no program");
        check("no-program", "is no program");
        check("old", "is Claude Code 2.0.14; 2.1.197 or newer is needed");
        check("other", "does not say which version it is");
    }
}
