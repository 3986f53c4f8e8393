//! What can be typed.

mod call;
mod github;
mod provider;
pub(crate) mod question;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use crew_core::{AskId, RoleName, RunId, SecretName, TaskId};
use crew_server::wire::BeginModel;

pub(crate) use call::{AgentCall, Claim, Finish, Verdict};
pub(crate) use github::{Connect, Github};
pub(crate) use provider::{Provider, Replayed};

const EXIT_CODES: &str = "\
Exit codes:
  0   it did what was asked
  1   it failed
  2   it was called wrongly
  3   it was refused, or there is no such thing
  4   the daemon cannot be reached
  10  something waits for you (`crew inbox`)

The data directory is $CREWHOUSE_HOME, or crewhouse in the XDG data directory.
Colour is used on a terminal only, and never with NO_COLOR.";

/// Runs a crew of coding agents on your repository.
#[derive(Debug, Parser)]
#[command(name = "crew", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// The data directory.
    #[arg(long, global = true, env = "CREWHOUSE_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON: one document, or a line for each thing in a stream.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The project, by its number, name or path; without it the repository you are in.
    #[arg(long, global = true, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put the repository you are in under Crewhouse.
    Init {
        /// What to call it; without one, the name of its directory.
        #[arg(long)]
        name: Option<String>,
        /// Who plays the roles of a new team: `claude`, `codex`, `gemini-cli` or `opencode`, as they are
        /// logged in here; or `anthropic`, `openai`, `gemini` or `ollama` with a model, like
        /// `ollama/qwen3-coder`. Without one, agents say that they have no model.
        #[arg(long, value_name = "NAME[/MODEL]", value_parser = provider::player)]
        agent: Option<BeginModel>,
        /// A new team to begin with: `six` roles, a `pair`, `solo`, or `rivals`.
        #[arg(long, value_name = "NAME")]
        team: Option<String>,
    },
    /// Start the daemon in the background.
    Up {
        /// Listen on this port; without one, on any that is free.
        #[arg(long)]
        port: Option<u16>,
    },
    /// Open the board in the browser; the daemon is started if it does not run.
    Open {
        /// Only print the address. It holds the token: whoever has it can do what you can.
        #[arg(long)]
        print: bool,
    },
    /// End the daemon. Agents stay at work.
    Down,
    /// Be the daemon, in the foreground.
    Serve(Serve),
    /// Start the daemon if it does not run, and watch the crew work.
    Run(Run),
    /// Add, show and steer tasks.
    #[command(subcommand)]
    Task(Task),
    /// Look at the team.
    #[command(subcommand)]
    Team(Team),
    /// Connect the project with its issues on GitHub.
    #[command(subcommand)]
    Github(Github),
    /// Show what waits for you.
    Inbox,
    /// Answer a question.
    Answer {
        /// The ask, as in a5.
        ask: AskId,
        /// The answer; `-` reads it from standard input.
        text: String,
        /// Give it again whenever the same role asks for exactly the same: in this task, or in all of
        /// the project. Only for `allow` and `deny`.
        #[arg(long, value_name = "REACH")]
        always: Option<Always>,
    },
    /// Look at the answers that are remembered.
    #[command(subcommand)]
    Asks(Asks),
    /// Look at what the sandbox refused to agents.
    #[command(subcommand)]
    Sandbox(Sandbox),
    /// Find words in tasks, remarks, the journal, and what agents said.
    Search {
        /// All of them have to be there; the last one may be the beginning of a word.
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Say something to the agent that is at work on a task. One that cannot hear it now, and whoever
    /// works on it next, is told at the beginning.
    Message {
        /// The task.
        task: TaskId,
        /// What; `-` reads it from standard input.
        text: String,
    },
    /// Show what a task changes.
    Diff {
        /// The task.
        task: TaskId,
        /// A line for each file, and no more.
        #[arg(long)]
        stat: bool,
    },
    /// Say yes to what waits at a gate.
    Approve {
        /// The task.
        task: TaskId,
        /// The commit that you looked at: refused if another waits by now.
        #[arg(long)]
        commit: Option<String>,
    },
    /// Send back what waits at a gate.
    Reject {
        /// The task.
        task: TaskId,
        /// What is to be changed; `-` reads it from standard input.
        why: String,
    },
    /// Say what came of a role's work, as a script or a person who plays the role.
    Respond {
        /// The role.
        role: RoleName,
        /// The response, beginning with `DONE:`, `REQUEST:` or `ERROR:`; `-` reads it from standard
        /// input.
        text: String,
    },
    /// Show what an agent said and did.
    Log {
        /// A run, as in r34, or a task, whose newest run is meant.
        what: String,
        /// Go on while the agent works.
        #[arg(short, long)]
        follow: bool,
        /// The bytes as the agent printed them.
        #[arg(long)]
        raw: bool,
    },
    /// Show what happened.
    Journal {
        /// Go on as it happens.
        #[arg(short, long)]
        follow: bool,
        /// Entries after this position; without it, the newest.
        #[arg(long, value_name = "N")]
        after: Option<u64>,
    },
    /// Show projects, agents, limits and spending.
    Status,
    /// See and bring back what was saved before it was removed.
    #[command(subcommand)]
    Trash(Trash),
    /// Remove what agents printed, their conversations, and what was saved of worktrees, of tasks that
    /// ended long ago. Nothing of an open task, and nothing that landed.
    Prune {
        /// How many days ago at least.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write all that Crewhouse knows to a new directory, while it works.
    Backup {
        /// The directory to make.
        dir: PathBuf,
    },
    /// Bring a backup back. What is there now is set aside.
    Restore {
        /// The backup.
        dir: PathBuf,
    },
    /// Look at the agents that play roles.
    #[command(subcommand)]
    Provider(Provider),
    /// Keep keys for providers: in the keyring of the system, or encrypted with a key of yours.
    #[command(subcommand)]
    Secret(Secret),
    /// Look for what could stand in the way.
    Doctor,
    /// Stop everything at once, until it is released.
    Estop {
        /// Let work go on.
        #[arg(long)]
        release: bool,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Show a crew at work, with no key and no network.
    Demo {
        /// Who plays the roles.
        #[arg(long, value_enum, default_value_t = DemoAgent::Playbook)]
        agent: DemoAgent,
    },
    /// Own one agent's process; called by the daemon.
    #[command(hide = true)]
    Shim {
        /// The run's directory.
        dir: PathBuf,
    },
    /// Call Crewhouse, as an agent at work.
    #[command(subcommand)]
    Agent(AgentCall),
    /// Be the native agent; called by the shim.
    #[command(hide = true)]
    Native,
    /// Become another program inside a sandbox; called for agents and scripts.
    #[command(hide = true)]
    Confine {
        /// What may be touched, as JSON.
        sandbox: String,
        /// The program and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        argv: Vec<OsString>,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Serve {
    /// Listen on this port; without one, on any that is free.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Leave the terminal's session.
    #[arg(long, hide = true)]
    pub(crate) detached: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Run {
    /// End when nothing can move without you.
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Approve whatever waits for approval, without asking.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Add a task.
    Add {
        /// What is to be done, in one line.
        title: String,
        #[command(flatten)]
        details: Details,
    },
    /// List tasks.
    List {
        /// Only those in this stage.
        #[arg(long)]
        stage: Option<String>,
        /// Those that are over as well.
        #[arg(long)]
        all: bool,
    },
    /// Show a task.
    Show {
        /// The task.
        task: TaskId,
    },
    /// Change what a task says.
    Edit {
        /// The task.
        task: TaskId,
        /// What is to be done, in one line.
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        details: Details,
    },
    /// Put a task into another stage.
    Move {
        /// The task.
        task: TaskId,
        /// The stage.
        stage: String,
    },
    /// Hold a task back.
    Pause {
        /// The task.
        task: TaskId,
    },
    /// Interrupt the agents of a task: they end their turns, and go on with your next message.
    Interrupt {
        /// The task.
        task: TaskId,
    },
    /// Let the work that is being done on a task go on with another provider.
    Handover {
        /// The task.
        task: TaskId,
        /// The provider, or an account of it, and a model of it if not its usual one.
        #[arg(long, value_name = "PROVIDER[/PROFILE][/MODEL]")]
        to: String,
    },
    /// Let the agents at work on a task go on with another model, in the same conversation.
    Model {
        /// The task.
        task: TaskId,
        /// The model, by the name that its provider knows it by.
        model: String,
    },
    /// Let a task go on.
    Resume {
        /// The task.
        task: TaskId,
    },
    /// Give a task up. What was made is kept in the trash.
    Cancel {
        /// The task.
        task: TaskId,
    },
    /// Pin what must not be forgotten in the middle of the work: agents are told again when their
    /// conversation was compacted.
    Pin {
        /// The task.
        task: TaskId,
        /// What, in at most 500 characters; `-` reads it from standard input.
        text: String,
    },
    /// Pin what an agent proposed.
    Promote {
        /// The task.
        task: TaskId,
        /// The number of the anchor, as `crew task show` lists it.
        anchor: u64,
    },
    /// Let it be forgotten after all.
    Unpin {
        /// The task.
        task: TaskId,
        /// The number of the anchor, as `crew task show` lists it.
        anchor: u64,
    },
    /// Ask who worked on a task about it.
    Ask(question::Question),
    /// Take a question back: who answers it ends.
    Unask {
        /// The run that answers, as `crew task ask` names it.
        run: RunId,
    },
    /// The same as `crew message`.
    Remark {
        /// The task.
        task: TaskId,
        /// What; `-` reads it from standard input.
        text: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Details {
    /// Markdown; `-` reads it from standard input.
    #[arg(long)]
    pub(crate) body: Option<String>,
    /// What must be true for it to be done; may be given several times.
    #[arg(long = "criterion", value_name = "TEXT")]
    pub(crate) criteria: Vec<String>,
    /// Who goes first.
    #[arg(long)]
    pub(crate) priority: Option<Priority>,
    /// A word by which it is found, and by which rules choose who works on it; may be given several
    /// times.
    #[arg(long = "label", value_name = "LABEL")]
    pub(crate) labels: Vec<String>,
    /// Whose it is, by the account on GitHub; may be given several times.
    #[arg(long = "assignee", value_name = "LOGIN")]
    pub(crate) assignees: Vec<String>,
    /// A task that must be done before; may be given several times.
    #[arg(long = "after", value_name = "TASK")]
    pub(crate) after: Vec<TaskId>,
    /// Whether it goes on by itself after a limit, as its team says, or only when you say so.
    #[arg(long)]
    pub(crate) after_limit: Option<AfterLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AfterLimit {
    /// As its team says.
    Team,
    /// Only when you say so: `crew task resume`.
    Ask,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Priority {
    Urgent,
    High,
    Normal,
    Low,
}

/// How far a remembered answer reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Always {
    /// This task.
    Task,
    /// All tasks of the project, for the role.
    Role,
}

/// What is done about the sandbox.
#[derive(Debug, Subcommand)]
pub(crate) enum Sandbox {
    /// Print the least that would have to be opened to what runs were refused, for `team.toml`.
    Learn {
        /// Only the runs of this role.
        #[arg(long)]
        role: Option<RoleName>,
    },
    /// Print what held a run in the words of Seatbelt, the sandbox of macOS. It was not tried there.
    Profile {
        /// The run, as in r34.
        run: RunId,
    },
}

/// What is done with remembered answers.
#[derive(Debug, Subcommand)]
pub(crate) enum Asks {
    /// List what is answered without asking you again.
    List,
    /// Ask again.
    Forget {
        /// The ask that was answered for always, as in a5.
        ask: AskId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Team {
    /// Prove a team file, and show what a task may cost at worst.
    Check {
        /// The file; without one, the repository's.
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Keep a secret; it is asked for, or read from standard input.
    Set {
        /// What team.toml calls it: key = "keyring:NAME".
        name: SecretName,
        /// Not in the keyring but in a file that this key opens, and no other.
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// List the names, and where each is kept.
    List,
    /// Forget a secret.
    Rm {
        /// Its name.
        name: SecretName,
    },
    /// Make a key for encrypted secrets.
    Key {
        /// A file of yours, outside of Crewhouse's home, that is not there yet.
        file: PathBuf,
    },
}

/// Who plays the roles of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DemoAgent {
    /// Our own agent, whose words are written in advance.
    Playbook,
    /// Your Claude Code, paid as you pay it.
    Claude,
    /// Your Codex, paid as you pay it.
    Codex,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trash {
    /// List what was saved.
    List,
    /// Show what is in it.
    Show {
        /// The item, as `crew trash list` shows it.
        item: String,
    },
    /// Make a branch of it.
    Restore {
        /// The item, as `crew trash list` shows it.
        item: String,
        /// The branch to make.
        #[arg(long)]
        branch: Option<String>,
    },
}
