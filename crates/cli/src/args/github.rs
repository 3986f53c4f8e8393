//! The arguments of `crew github`.

use clap::{Args, Subcommand};
use crew_core::TaskId;
use crew_core::github::Keep;

#[derive(Debug, Subcommand)]
pub(crate) enum Github {
    /// Write the table `[github]` into the team file, after a look whether it works.
    Connect(Box<Connect>),
    /// Show how the connection is doing, and what GitHub was not told yet.
    Status,
    /// Ask GitHub now whether something is new.
    Sync,
    /// Let GitHub show a task's work as a pull request, whatever it changes there. What GitHub runs for
    /// it, it runs with what the repository's workflows know.
    Push {
        /// The task.
        task: TaskId,
        /// The commit that you looked at: refused if another one is there by now.
        #[arg(long)]
        commit: Option<String>,
    },
    /// Take the table `[github]` out of the team file. Nothing changes on GitHub.
    Disconnect,
}

/// What a connection is made of.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// `owner/name`.
    pub(crate) repository: String,
    /// The repository whose issues become tasks, where it is another one.
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) issues: Option<String>,
    /// The address of the API of a GitHub Enterprise Server.
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// Where the token is kept: `secret:NAME` (by `crew secret`), `env:NAME` (in the daemon's
    /// environment), `file:/PATH` (yours alone); without it, `gh` is asked.
    #[arg(long, value_name = "PLACE", conflicts_with = "app")]
    pub(crate) token_from: Option<Keep>,
    /// Ask as a GitHub App: its client id or number.
    #[arg(long, value_name = "ID", requires_all = ["app_key", "trust"])]
    pub(crate) app: Option<String>,
    /// The number of the app's installation; without it, GitHub is asked for the repository's.
    #[arg(long, value_name = "NUMBER", requires = "app")]
    pub(crate) installation: Option<u64>,
    /// Where the app's private key is kept, like `--token-from`.
    #[arg(long, value_name = "PLACE", requires = "app")]
    pub(crate) app_key: Option<Keep>,
    /// Where the secret of a webhook is kept, like `--token-from`.
    #[arg(long, value_name = "PLACE")]
    pub(crate) webhook_secret: Option<Keep>,
    /// An account whose issues, labels and comments count; without it, the token's own.
    #[arg(long, value_name = "LOGIN")]
    pub(crate) trust: Vec<String>,
    /// Let tasks that are added here become issues, too.
    #[arg(long)]
    pub(crate) publish_all: bool,
}
