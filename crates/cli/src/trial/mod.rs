//! A trial: an installed agent plays a role in a repository that is thrown away, with a model of ours
//! that says what was written in advance. It is the whole product, from the task to the commit, with
//! a daemon of its own; nobody's account is used, and nothing leaves the machine.
//!
//! What is seen becomes a [`Manifest`].
//!
//! A model that our own agent talks to is tried likewise, but is asked itself: there is nothing else to it.

mod model;
mod script;
mod story;
mod subject;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crew_agent::manifest::Manifest;
use crew_agent::program::Version;
use crew_core::Time;
use crew_server::wire::{Nothing, Receipt, Status};
use crew_standin::ModelServer;

use crate::client::Client;
use crate::command::init::register;
use crate::daemon::{self, Daemon};
use crate::demo::git;
use crate::error::{Attempt, CliError};

pub(crate) use model::{TOKENS_MAX, run as run_model, variable as variable_of_key};
use script::Seen;
use story::Found;
use subject::toml;
pub(crate) use subject::{Origin, SUBJECTS, Subject, can_be_tried};

/// How long a daemon may take to start, and to end.
const DAEMON_PATIENCE: Duration = Duration::from_mins(1);
/// How long agents may take to be gone.
const END_PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// A key that nobody has.
const KEY: &str = "sk-invented-for-a-trial";
/// Variables that the daemon of a trial is handed on; the home of the user is not among them.
const INHERITED: [&str; 4] = ["PATH", "TMPDIR", "LANG", "IS_SANDBOX"];
/// One engineer, and one human.
const PIPELINE: &str = r#"
[limits]
backoff_seconds = 0

[roles.engineer]
provider = "subject"

[[stages]]
name = "todo"
owner = "engineer"
next = ["review"]

[[stages]]
name = "review"
owner = "human"
next = ["done"]
back = "todo"
gates = [{ human = true }]

[[stages]]
name = "done"
mode = "end"
"#;

/// An installed program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) version: Version,
    /// The version that the tests of Crewhouse run.
    pub(crate) version_tested: Version,
}

/// Where a trial takes place.
struct Place {
    root: PathBuf,
}

/// Tries a program, and says what was seen. Whatever happens, nothing that was started is left.
pub(crate) async fn run(subject: &Subject, program: &Program) -> Result<Manifest, CliError> {
    let seen = Arc::new(Seen::default());
    let model = ModelServer::answering(script::model(*subject, &seen)).attempt("listening")?;
    let place = Place::make()?;
    let url = model.base_url(subject.wire);
    let path = toml(&program.path.display().to_string());
    let provider = format!("program = {path}\n{}", (subject.provider)(&url));
    place.furnish(&provider, (subject.files)(&url))?;
    let home = place.home();
    let stories = async |client: &Client| story::live(client, subject, &seen, &home).await;
    let abilities = place.try_out((subject.key, KEY), stories).await;
    place.remove()?;
    Ok(Manifest {
        agent: subject.name.to_owned(),
        program: program.path.clone(),
        version: program.version,
        at: now(),
        crewhouse: env!("CARGO_PKG_VERSION").to_owned(),
        abilities: abilities?,
    })
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}

impl Place {
    /// A directory that nobody has.
    fn make() -> Result<Self, CliError> {
        crate::demo::directory("trial").map(|root| Self { root })
    }

    fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    fn repository(&self) -> PathBuf {
        self.root.join("repository")
    }

    /// Writes a repository with a team that the provider plays in, and files below the home of a user.
    fn furnish(&self, provider: &str, files: Vec<(&str, String)>) -> Result<(), CliError> {
        let team = format!("[providers.subject]\n{provider}\n{PIPELINE}");
        let repository = self.repository();
        let files = files.into_iter().map(|(path, text)| (self.root.join(path), text));
        let of_team = (repository.join(".crew/team.toml"), team);
        for (path, text) in files.chain([of_team]) {
            let parent = path.parent().unwrap_or(&self.root);
            let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text));
            written.attempt(format!("writing {}", path.display()))?;
        }
        git(&repository, &["init", "--quiet", "--initial-branch", "main"])?;
        git(&repository, &["add", "--all"])?;
        git(&repository, &["commit", "--quiet", "--message", "a trial"])?;
        Ok(())
    }

    /// Starts a daemon with this variable, has the stories lived, and ends all of it.
    async fn try_out(
        &self,
        key: (&str, &str),
        stories: impl AsyncFnOnce(&Client) -> Result<Found, CliError>,
    ) -> Result<Found, CliError> {
        let mut process = self.spawn(key)?;
        let found = async {
            let daemon = self.answer(&mut process).await?;
            let stories = async {
                register(&daemon.client, &self.repository(), None).await?;
                stories(&daemon.client).await
            };
            let found = tokio::select! {
                found = stories => found,
                _ = tokio::signal::ctrl_c() => Err(CliError::failed("it was called off")),
            };
            end_agents(&daemon).await?;
            found
        };
        let found = found.await;
        end(&mut process).attempt("ending the daemon of the trial")?;
        found
    }

    /// A daemon that knows nothing of the user: it has a home of its own, and no key but this.
    fn spawn(&self, key: (&str, &str)) -> Result<Child, CliError> {
        let program = std::env::current_exe().attempt("finding this program")?;
        let log = fs::File::create(self.root.join("log")).attempt("making a log")?;
        let mut command = Command::new(program);
        command.arg("--home").arg(self.home()).arg("serve").current_dir(&self.root);
        command.env_clear().env("HOME", &self.root).env(key.0, key.1);
        for name in INHERITED {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // What is typed here is not for it: we end it, after its agents.
        command.process_group(0).spawn().attempt("starting a daemon")
    }

    async fn answer(&self, process: &mut Child) -> Result<Daemon, CliError> {
        let deadline = Instant::now() + DAEMON_PATIENCE;
        while Instant::now() < deadline {
            if let Some(daemon) = daemon::find(&self.home()).await? {
                return Ok(daemon);
            }
            if process.try_wait().attempt("waiting for the daemon")?.is_some() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let said = fs::read_to_string(self.root.join("log")).unwrap_or_default();
        Err(CliError::failed(format!("the daemon of the trial does not start\n{said}")))
    }

    fn remove(&self) -> Result<(), CliError> {
        fs::remove_dir_all(&self.root).attempt(format!("removing {}", self.root.display()))
    }
}

/// The emergency stop: nothing that was started stays.
async fn end_agents(daemon: &Daemon) -> Result<(), CliError> {
    let _: Receipt = daemon.client.post("/api/stop", &Nothing {}).await?;
    let deadline = Instant::now() + END_PATIENCE;
    while Instant::now() < deadline {
        let status: Status = daemon.client.get("/api/status").await?;
        if status.agents.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(CliError::failed("an agent of the trial does not end")
        .hint(format!("its files are in {}", daemon.file.home)))
}

fn end(process: &mut Child) -> std::io::Result<()> {
    let pid = i32::try_from(process.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let (Some(pid), None) = (pid, process.try_wait()?) {
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    }
    let deadline = Instant::now() + DAEMON_PATIENCE;
    while process.try_wait()?.is_none() {
        if Instant::now() > deadline {
            process.kill()?;
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// A file somewhere in a worktree of this home.
fn is_in_a_worktree(home: &Path, name: &str) -> bool {
    let list = |dir: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let projects = list(&home.join("worktrees"));
    let worktrees = projects.iter().flat_map(|project| list(project));
    worktrees.into_iter().any(|worktree| worktree.join(name).exists())
}
