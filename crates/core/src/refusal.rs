//! Why something that was asked for is not done.

use thiserror::Error;

use crate::run::IllegalTransition;
use crate::{AskId, ProjectId, ProviderName, RoleName, RunId, StageName, TaskId};

/// Why something that was asked for is not done. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no such project.
    #[error("there is no project {0}")]
    NoProject(ProjectId),
    /// There is no such task.
    #[error("there is no task {0}")]
    NoTask(TaskId),
    /// There is no such run.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// There is no such ask.
    #[error("there is no ask {0}")]
    NoAsk(AskId),
    /// There is no such stage.
    #[error("the pipeline has no stage `{0}`")]
    NoStage(StageName),
    /// A task without a title.
    #[error("a task needs a title of 1 to 300 characters")]
    BadTitle,
    /// A label that is none.
    #[error("a label has 1 to 50 characters, and no space around it")]
    BadLabel,
    /// No account can have that name.
    #[error("an assignee is the name of an account on GitHub")]
    BadAssignee,
    /// A text that is too long.
    #[error("{what} has {len} characters; at most {max} are taken")]
    TooLong {
        /// Which.
        what: &'static str,
        /// How long it is.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// A repository that is known.
    #[error("{0} is under Crewhouse already")]
    ProjectKnown(String),
    /// The task can never move again.
    #[error("{task} is {how}")]
    TaskOver {
        /// The task.
        task: TaskId,
        /// `done` or `cancelled`.
        how: &'static str,
    },
    /// The end of the pipeline is reached by landing only.
    #[error("{0} gets to `{1}` by being merged, not by being moved")]
    EndByMergeOnly(TaskId, StageName),
    /// The change is on its way into the base branch.
    #[error("{0} is being merged right now")]
    Landing(TaskId),
    /// Nothing waits for approval.
    #[error("{0} does not wait for an approval")]
    NotApproving(TaskId),
    /// The commit is not the one that waits.
    #[error("{0} has changed since that commit")]
    CommitChanged(TaskId),
    /// The ask was answered before, or nobody waits for it any more.
    #[error("{ask} was {how}")]
    AskClosed {
        /// The ask.
        ask: AskId,
        /// What became of it: `answered`, `withdrawn`.
        how: &'static str,
    },
    /// It says in no data what it is about, so that the same could not be recognised.
    #[error("{0} cannot be answered for always: what it is about is not known exactly")]
    NotRemembered(AskId),
    /// Nothing is remembered of it.
    #[error("no answer to {0} is remembered")]
    NotKnown(AskId),
    /// The answer is none of the options.
    #[error("{ask} takes one of: {options}")]
    NotAnOption {
        /// The ask.
        ask: AskId,
        /// What may be said.
        options: String,
    },
    /// The dependencies form a circle.
    #[error("that would make {0} wait for itself")]
    Cycle(TaskId),
    /// A dependency in another project.
    #[error("{0} belongs to another project")]
    ForeignDependency(TaskId),
    /// A new team has no place for what is there.
    #[error("the new team has no {what}, but {who} needs it")]
    TeamStrands {
        /// What is missing.
        what: String,
        /// Who needs it.
        who: String,
    },
    /// The project is connected with no repository on GitHub.
    #[error("the project is not connected with GitHub")]
    NotConnected,
    /// The task has no commit.
    #[error("{0} has no commit yet that could be shown")]
    NothingToShow(TaskId),
    /// The pull request is over.
    #[error("the pull request of {0} was closed on GitHub")]
    PullClosed(TaskId),
    /// No agent works on the task.
    #[error("no agent is at work on {0}")]
    NobodyAtWork(TaskId),
    /// The team has no such provider.
    #[error("the team has no provider `{0}`")]
    NoProvider(ProviderName),
    /// Nothing is known that would keep the provider from serving.
    #[error("`{0}` is not limited")]
    NotLimited(ProviderName),
    /// No work is being done that somebody else could go on with.
    #[error("nobody is at work on {0} who could hand it over to that")]
    NothingToHandOver(TaskId),
    /// A question without words.
    #[error("a question needs words")]
    EmptyQuestion,
    /// Nobody has worked on the task who could be asked.
    #[error("no agent that could be asked has worked on {0}")]
    NobodyToAsk(TaskId),
    /// The run worked on another task, or never began.
    #[error("{run} has done nothing on {task}")]
    DidNothing {
        /// The task.
        task: TaskId,
        /// The run.
        run: RunId,
    },
    /// A run that answers no question, or has answered it.
    #[error("{0} answers no question now")]
    NoQuestion(RunId),
    /// The team has no such role.
    #[error("the team has no role `{0}`")]
    NoRole(RoleName),
    /// A person or a script plays the role.
    #[error("`{0}` is played through the mailbox: there is no conversation to ask")]
    PlayedByMail(RoleName),
    /// An anchor without words.
    #[error("an anchor needs words")]
    EmptyAnchor,
    /// A task has as many anchors as it may.
    #[error("{0} has as many anchors as a task may have")]
    TooManyAnchors(TaskId),
    /// There is no such anchor.
    #[error("{task} has no anchor {anchor}")]
    NoAnchor {
        /// The task.
        task: TaskId,
        /// The number.
        anchor: u64,
    },
    /// It is so already.
    #[error("{0}")]
    Already(&'static str),
    /// News from an agent or an effect that is not the present one.
    #[error("{0}")]
    Stale(&'static str),
    /// A state machine does not allow it.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
}

impl Refusal {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoProject(_) => Some("`crew init` in a repository adds it"),
            Self::NoTask(_) => Some("`crew task list` shows the tasks"),
            Self::NoRun(_) => Some("`crew task show` lists the runs of a task"),
            Self::NoAsk(_) | Self::AskClosed { .. } | Self::NotApproving(_) => {
                Some("`crew inbox` shows what waits for you")
            }
            Self::NotRemembered(_) => Some("answer it without --always"),
            Self::NotAnOption { .. } => Some("answer with one of them, as it is written"),
            Self::NotKnown(_) => Some("`crew asks list` shows what is remembered"),
            Self::NoStage(_) => Some("`crew team check` shows the stages"),
            Self::EndByMergeOnly(..) => Some("`crew approve` lets it land"),
            Self::CommitChanged(_) => Some("look at it again, then approve"),
            Self::TeamStrands { .. } => Some("finish or cancel that first, or keep the name"),
            Self::EmptyAnchor => Some("say what must not be forgotten"),
            Self::TooManyAnchors(_) | Self::NoAnchor { .. } => {
                Some("`crew task show` lists them, `crew task unpin` takes one away")
            }
            Self::NoRole(_) => Some("`crew team check` shows the roles"),
            Self::NoProvider(_) => Some("`crew team check` shows the providers"),
            Self::NotLimited(_) => Some("`crew status` shows what is"),
            Self::NothingToHandOver(_) => {
                Some("`crew task show` lists its runs and their providers")
            }
            Self::NobodyAtWork(_) => Some("`crew task pause` holds it back all the same"),
            Self::Landing(_) => Some("wait a moment"),
            Self::EmptyQuestion => Some("say what you want to know"),
            Self::NobodyToAsk(_) | Self::DidNothing { .. } | Self::NoQuestion(_) => {
                Some("`crew task show` lists the runs of a task and their roles")
            }
            Self::PlayedByMail(_) => Some("ask whoever plays it, or choose another with --role"),
            Self::NotConnected => Some("`crew github connect OWNER/NAME` connects it"),
            Self::NothingToShow(_) => Some("wait until an agent has finished a piece of work"),
            Self::PullClosed(_) => Some("open it again there"),
            Self::BadAssignee => Some("give each by itself and without `@`, such as `alice`"),
            Self::BadLabel => Some("give each label by itself, such as `docs`"),
            Self::BadTitle
            | Self::TooLong { .. }
            | Self::ProjectKnown(_)
            | Self::TaskOver { .. }
            | Self::Cycle(_)
            | Self::ForeignDependency(_)
            | Self::Already(_)
            | Self::Stale(_)
            | Self::Illegal(_) => None,
        }
    }
}
