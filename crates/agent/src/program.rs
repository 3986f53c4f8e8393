//! Agents that are programs of others: where one is on this machine, which version it has, and what
//! it was installed with.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A program says its version in a tenth of a second; on a machine that is busy, later.
const VERSION_PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at whether it has.
const PAUSE: Duration = Duration::from_millis(10);

/// A program that is an agent, as far as finding it goes.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// What it is called.
    pub name: &'static str,
    /// Its usual command.
    pub command: &'static str,
    /// The oldest version whose output we have seen.
    pub version_min: Version,
    /// The newest version that the tests of Crewhouse run.
    pub version_tested: Version,
    /// How it comes to a machine, for a human.
    pub install: &'static str,
    /// How it is brought up to date, for a human.
    pub update: &'static str,
    /// Variables that every start of it gets.
    pub env: &'static [(&'static str, &'static str)],
}

/// Where a program is, and which one.
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

/// Places for a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// What it reads.
    pub read: Vec<PathBuf>,
    /// What it writes; it is there.
    pub write: Vec<PathBuf>,
}

/// A version, as far as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u32, pub u32, pub u32);

impl Known {
    /// Finds it by a path or a name on the `PATH` of `env`, and makes sure that it is one that we
    /// understand.
    pub fn find(
        &self,
        program: &str,
        env: &BTreeMap<String, String>,
    ) -> Result<Installed, Unusable> {
        let Self { name, command, version_min, .. } = self;
        let path = look_up(program, env.get("PATH").map_or("", String::as_str));
        let path = path.ok_or_else(|| Unusable {
            what: format!("there is no {name}: `{program}` is no program"),
            hint: format!(
                "{}, or write where it is: program = \"/path/to/{command}\" of the provider in \
                 team.toml",
                self.install
            ),
        })?;
        let unusable = |what: String| Unusable {
            what: format!("{} {what}", path.display()),
            hint: format!("does `{command} --version` work? {}", self.update),
        };
        let said = ask_version(&path, env, self.env);
        let said = said.map_err(|why| unusable(format!("does not work: {why}")))?;
        let version: Version =
            said.parse().map_err(|_| unusable("does not say which version it is".to_owned()))?;
        if version < *version_min {
            let what = format!("is {name} {version}; {version_min} or newer is needed");
            return Err(unusable(what));
        }
        Ok(Installed { program: path, version })
    }
}

/// What `--version` prints. It is waited for, but not for ever.
pub(crate) fn ask_version(
    program: &Path,
    env: &BTreeMap<String, String>,
    more: &[(&str, &str)],
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg("--version").env_clear().envs(env).envs(more.iter().copied());
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

/// The version of the package that npm installed a program with.
pub fn packaged_version(program: &Path) -> Option<Version> {
    let real = program.canonicalize().ok()?;
    let is_modules = |dir: &&Path| dir.file_name() == Some(OsStr::new("node_modules"));
    real.ancestors().find(is_modules)?;
    let mut packages = real.ancestors().skip(1).take_while(|dir| !is_modules(dir));
    packages.find_map(|dir| {
        let package = fs::read(dir.join("package.json")).ok()?;
        let package: serde_json::Value = serde_json::from_slice(&package).ok()?;
        package.get("version")?.as_str()?.parse().ok()
    })
}

/// A path, or a name on this `PATH`.
pub(crate) fn look_up(program: &str, search: &str) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| {
        path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        // A relative one would be another in each worktree.
        return Some(PathBuf::from(program)).filter(|path| path.is_absolute() && is_program(path));
    }
    std::env::split_paths(search).map(|dir| dir.join(program)).find(is_program)
}

impl Installed {
    /// What it has to read of what it was installed with: all of it, if npm did that.
    pub(crate) fn places(&self) -> [PathBuf; 2] {
        places_of(&self.program)
    }
}

/// The package that a program is of, all that was installed with it if npm did that, and itself.
pub(crate) fn places_of(program: &Path) -> [PathBuf; 2] {
    let real = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let modules = real.ancestors().find(|dir| dir.file_name() == Some(OsStr::new("node_modules")));
    let package = modules.or_else(|| real.parent()).unwrap_or(&real).to_owned();
    [package, program.to_owned()]
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; hint: {}", self.what, self.hint)
    }
}

impl FromStr for Version {
    type Err = String;

    /// Reads what `--version` prints: the first word that is a version.
    fn from_str(text: &str) -> Result<Self, String> {
        let version = text.split_whitespace().find_map(version_in);
        version.ok_or_else(|| format!("`{}` is no version", text.trim()))
    }
}

fn version_in(word: &str) -> Option<Version> {
    let mut parts = word.splitn(3, '.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part.get(..digits)?.parse().ok()
    });
    let mut part = || parts.next().flatten();
    Some(Version(part()?, part()?, part()?))
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const KNOWN: Known = Known {
        name: "Some Code",
        command: "some",
        version_min: Version(2, 1, 197),
        version_tested: Version(2, 1, 329),
        install: "install it",
        update: "`some update` installs the newest",
        env: &[],
    };

    #[test]
    fn what_cannot_be_used_is_said_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, script: &str| {
            let path = dir.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        make("good", "echo '2.1.329 (Some Code)'");
        make("old", "echo '2.0.14 (Some Code)'");
        make("other", "echo 'hello'");
        fs::write(dir.path().join("no-program"), "").unwrap();
        let env = [("PATH".to_owned(), dir.path().display().to_string())].into();
        let good = KNOWN.find("good", &env).unwrap();
        assert_eq!(good.version, Version(2, 1, 329));
        assert_eq!(KNOWN.find(&good.program.display().to_string(), &env), Ok(good));
        let check = |program: &str, what: &str| {
            let unusable = KNOWN.find(program, &env).unwrap_err().to_string();
            assert!(unusable.contains(what) && unusable.contains("hint: "), "{unusable}");
        };
        check("some", "there is no Some Code");
        check("./good", "is no program");
        check("no-program", "is no program");
        check("old", "is Some Code 2.0.14; 2.1.197 or newer is needed");
        check("other", "does not say which version it is");
    }

    #[test]
    fn a_package_says_its_version() {
        let dir = tempfile::tempdir().unwrap();
        let package = dir.path().join("node_modules/@some/code");
        fs::create_dir_all(package.join("dist")).unwrap();
        fs::write(dir.path().join("package.json"), r#"{"version":"9.9.9"}"#).unwrap();
        fs::write(package.join("package.json"), r#"{"version":"0.61.0"}"#).unwrap();
        fs::write(package.join("dist/package.json"), r#"{"type":"module"}"#).unwrap();
        for (program, version) in [
            ("node_modules/@some/code/dist/index.js", Some(Version(0, 61, 0))),
            ("node_modules/@some/other.js", None),
            ("other.js", None),
        ] {
            fs::write(dir.path().join(program), "").unwrap();
            assert_eq!(packaged_version(&dir.path().join(program)), version, "{program}");
        }
    }

    #[test]
    fn versions_are_read_and_compared() {
        let check = |text: &str, expect: Option<Version>| {
            assert_eq!(text.parse().ok(), expect, "{text:?}");
        };
        check("2.1.329 (Claude Code)\n", Some(Version(2, 1, 329)));
        check("codex-cli 0.169.0\n", Some(Version(0, 169, 0)));
        check("3.0.0-beta.1", Some(Version(3, 0, 0)));
        check("2.1", None);
        check("", None);
        check("command not found", None);
        assert!(Version(2, 1, 1000) > Version(2, 1, 197) && Version(2, 0, 999) < Version(2, 1, 0));
    }
}
