//! The only place that starts the git program.
//!
//! Invariants: stdin is empty or a file of ours; of our own environment git gets a few variables by
//! name, so neither a key (a filter of the repository is a program, too) nor a `GIT_DIR` that a
//! hook or an agent left; output is bounded; git is ended when its deadline passes, first gently,
//! so that it removes its lock files. A read never takes an optional lock, so that polling cannot
//! break a command of the user or an agent. A write never runs a hook, never starts maintenance,
//! and waits for its turn per repository; a lock file of someone else's git is waited for.

use std::ffi::{OsStr, OsString};
use std::io::{Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::GitError;
use crate::child::{capture, wait};
use crate::error::io_error;

const DEADLINE_READ: Duration = Duration::from_mins(1);
const DEADLINE_WRITE: Duration = Duration::from_mins(10);
const STDOUT_BYTES_MAX: usize = 256 << 20;
const STDERR_BYTES_MAX: usize = 16 << 10;
/// How long a lock file of another git is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(20);

/// What git inherits of our environment. Where the user's configuration is, and how dates are
/// written; nothing that is for talking to other machines.
const INHERITED: [&str; 8] =
    ["PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "TMPDIR", "LANG", "TZ"];

/// The git program: where it is, and what is added to its environment.
#[derive(Clone, Debug)]
pub struct Git {
    program: OsString,
    environment: Vec<(OsString, OsString)>,
}

impl Default for Git {
    /// `git`, as the search path finds it.
    fn default() -> Self {
        Self { program: OsString::from("git"), environment: Vec::new() }
    }
}

impl Git {
    /// Uses this program instead of the one on the search path.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<OsString>) -> Self {
        self.program = program.into();
        self
    }

    /// Sets a variable in the environment of git, and of the scripts that run in a worktree.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives any command its environment: these variables of ours, plus what was set.
    pub(crate) fn prepare(&self, command: &mut Command, inherited: &[&str]) {
        let ours = inherited.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.env_clear().envs(ours);
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
    }

    pub(crate) fn call<'a>(&'a self, directory: &'a Path, access: Access<'a>) -> Call<'a> {
        Call {
            git: self,
            directory,
            access,
            arguments: Vec::new(),
            environment: Vec::new(),
            input: Vec::new(),
            bytes_max: STDOUT_BYTES_MAX,
        }
    }
}

/// What a call may touch.
#[derive(Clone, Copy)]
pub(crate) enum Access<'a> {
    /// Nothing.
    Read,
    /// New objects and an index of its own: nothing that another git could hold a lock on.
    Objects,
    /// Anything; one at a time per repository.
    Write(&'a Mutex<()>),
}

/// One call of git, being put together.
pub(crate) struct Call<'a> {
    git: &'a Git,
    directory: &'a Path,
    access: Access<'a>,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    input: Vec<u8>,
    bytes_max: usize,
}

/// How a call ended.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) truncated: bool,
    command: String,
}

impl Output {
    pub(crate) fn success(&self) -> bool {
        self.code == Some(0)
    }

    pub(crate) fn failed(self) -> GitError {
        GitError::Failed {
            command: self.command,
            code: self.code,
            stderr: self.stderr.trim().to_owned(),
        }
    }

    pub(crate) fn unreadable(&self) -> GitError {
        GitError::Unreadable { command: self.command.clone() }
    }
}

impl Call<'_> {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
        self.arguments.extend(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    /// What git reads from stdin.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Reads no more than this from stdout; see [`Output::truncated`].
    pub(crate) fn bytes_max(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// The whole stdout of a call that must succeed.
    pub(crate) fn run(self) -> Result<Vec<u8>, GitError> {
        let bytes_max = self.bytes_max;
        let output = self.output()?;
        if !output.success() {
            return Err(output.failed());
        }
        if output.truncated {
            return Err(GitError::OutputTooLarge { command: output.command, bytes_max });
        }
        Ok(output.stdout)
    }

    /// [`Self::run`], as text without the final newline.
    pub(crate) fn text(self) -> Result<String, GitError> {
        let stdout = self.run()?;
        let text = String::from_utf8_lossy(&stdout);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// [`Self::run`], as a path without the final newline.
    pub(crate) fn path(self) -> Result<PathBuf, GitError> {
        let stdout = self.run()?;
        let bytes = stdout.strip_suffix(b"\n").unwrap_or(&stdout);
        Ok(crate::name::path_of(bytes))
    }

    /// True for exit status 0, false for 1.
    pub(crate) fn test(self) -> Result<bool, GitError> {
        let output = self.output()?;
        match output.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            Some(_) | None => Err(output.failed()),
        }
    }

    /// Runs git to its end, whatever that is; waits for what another git holds for a moment.
    pub(crate) fn output(self) -> Result<Output, GitError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            let turn = match self.access {
                Access::Write(turn) => Some(lock(turn)),
                Access::Read | Access::Objects => None,
            };
            let output = self.once()?;
            drop(turn);
            let patience = self.patience(&output);
            if output.success() || patience.is_zero() {
                return Ok(output);
            }
            if begun.elapsed() > patience {
                return Err(GitError::Locked { stderr: output.stderr.trim().to_owned() });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// How long a failure like this one may pass by itself.
    fn patience(&self, output: &Output) -> Duration {
        let writes = matches!(self.access, Access::Write(_));
        if is_half_made(&output.stderr) || writes && is_lock_held(&output.stderr) {
            LOCK_PATIENCE
        } else {
            Duration::ZERO
        }
    }

    fn once(&self) -> Result<Output, GitError> {
        let mut command = self.command()?;
        let line = self.line();
        let mut child = command.spawn().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                GitError::GitMissing { program: self.git.program.to_string_lossy().into_owned() }
            }
            _ => io_error(format!("start `{line}`"))(source),
        })?;
        let (done, finished) = channel();
        let stdout = capture(child.stdout.take(), self.bytes_max, done.clone())?;
        let stderr = capture(child.stderr.take(), STDERR_BYTES_MAX, done)?;
        let deadline = self.deadline();
        let status = wait(&mut child, &finished, deadline)
            .map_err(io_error(format!("wait for `{line}`")))?
            .ok_or_else(|| GitError::Timeout {
                command: line.clone(),
                seconds: deadline.as_secs(),
            })?;
        let mut stdout = lock(&stdout);
        Ok(Output {
            code: status.code(),
            truncated: stdout.truncated,
            stdout: std::mem::take(&mut stdout.bytes),
            stderr: String::from_utf8_lossy(&lock(&stderr).bytes).into_owned(),
            command: line,
        })
    }

    fn deadline(&self) -> Duration {
        match self.access {
            Access::Read => DEADLINE_READ,
            Access::Objects | Access::Write(_) => DEADLINE_WRITE,
        }
    }

    fn command(&self) -> Result<Command, GitError> {
        let mut command = Command::new(&self.git.program);
        self.git.prepare(&mut command, &INHERITED);
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_EDITOR", "true")
            .envs(self.environment.iter().map(|(k, v)| (k, v)))
            .arg("-C")
            .arg(self.directory)
            .args(["-c", "core.longpaths=true", "-c", "gc.auto=0"])
            .args(["-c", "maintenance.auto=false", "-c", "core.fsmonitor=false"])
            .args(["-c", "submodule.recurse=false", "-c", "log.showSignature=false"]);
        match self.access {
            Access::Read => command.arg("--no-optional-locks"),
            Access::Objects | Access::Write(_) => {
                command.args(["-c", "core.hooksPath=/dev/null", "-c", "core.safecrlf=false"])
            }
        };
        command
            .args(&self.arguments)
            .stdin(self.stdin()?)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok(command)
    }

    fn stdin(&self) -> Result<Stdio, GitError> {
        if self.input.is_empty() {
            return Ok(Stdio::null());
        }
        let write = || {
            let mut file = tempfile::tempfile()?;
            file.write_all(&self.input)?;
            file.rewind()?;
            Ok(Stdio::from(file))
        };
        write().map_err(io_error("write a temporary file for git"))
    }

    fn line(&self) -> String {
        let words = self.arguments.iter().map(|a| a.to_string_lossy());
        let mut line = words.fold(String::from("git"), |line, word| line + " " + &word);
        if line.len() > 300 {
            let end = (0..=300).rev().find(|i| line.is_char_boundary(*i));
            line.truncate(end.unwrap_or_default());
            line.push('…');
        }
        line
    }
}

/// Git names the lock file, and says that it is there; anything else will not go away by waiting.
fn is_lock_held(stderr: &str) -> bool {
    stderr.contains("lock") && stderr.contains("File exists")
}

/// Git reads the entries of all worktrees, and fails on one that another git is just making.
fn is_half_made(stderr: &str) -> bool {
    stderr.contains("failed to read") && stderr.contains("/worktrees/")
}

/// A mutex whose data a panic cannot have broken.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_gets_no_variable_that_is_not_named() {
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "the tests are run by cargo");
        let git = Git::default().with_env("GIVEN", "yes");
        let call = git.call(Path::new("/"), Access::Read);
        let text = call.args(["-c", "alias.show-environment=!env", "show-environment"]).text();
        let text = text.unwrap();
        let names: Vec<&str> =
            text.lines().filter_map(|line| line.split_once('=')).map(|pair| pair.0).collect();
        assert!(names.contains(&"PATH") && names.contains(&"GIVEN"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
    }

    #[test]
    fn output_is_bounded_and_the_child_still_ends() {
        let git = Git::default();
        let call = git.call(Path::new("/"), Access::Read).args(["help", "-a"]);
        let output = call.bytes_max(10).output().unwrap();
        assert!(output.truncated);
        assert_eq!(output.stdout.len(), 10);
        let call = git.call(Path::new("/"), Access::Read).args(["help", "-a"]);
        assert!(matches!(call.bytes_max(10).run(), Err(GitError::OutputTooLarge { .. })));
    }
}
