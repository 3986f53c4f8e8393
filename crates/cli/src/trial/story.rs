//! What an agent lives through in a trial, and what is made of what is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crew_agent::manifest::{Ability, Finding};
use crew_server::wire::{
    Answer, Inbox, InboxItem, InboxKind, NewTask, Nothing, Receipt, Task, TaskAdded, TaskDiff,
};

use super::model::ABILITIES;
use super::script::{ALLOWED, BEGUN, DENIED, MADE, SAID, STOPS, Seen, WORKS};
use super::{PAUSE, Subject, is_in_a_worktree};
use crate::client::Client;
use crate::error::CliError;
use crate::text;

/// How long a part of a story may take: no model thinks, but the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a real model may take, which may have to be loaded first.
const MODEL_PATIENCE: Duration = Duration::from_mins(15);
/// Who does not end its turn within this after an interruption is ended by the daemon.
const INTERRUPT_PATIENCE: Duration = Duration::from_secs(10);
/// How agents say yes and no in their own words.
const YES: [&str; 5] = ["allow", "Yes", "Allow", "Allow once", "Yes, proceed"];
const NO: [&str; 4] = ["deny", "No", "Reject", "No, and tell Codex what to do differently"];

/// What was found.
pub(super) type Found = BTreeMap<Ability, Finding>;

/// What is asked in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// May it run the command that is denied?
    Denied,
    /// May it run a command?
    Allowed,
    /// Something else: it asks more than it needs to.
    Other,
    /// It cannot go on without a human.
    Trouble,
}

/// One of the tasks.
struct Story<'a> {
    client: &'a Client,
    task: u64,
    answered: BTreeSet<u64>,
    asked: BTreeSet<Question>,
    /// What a human would have to put right.
    trouble: Option<String>,
    patience: Duration,
}

/// Has both stories lived.
pub(super) async fn live(
    client: &Client,
    subject: &Subject,
    seen: &Seen,
    home: &Path,
) -> Result<Found, CliError> {
    let mut found = works(client, seen).await?;
    if found.get(&Ability::Start) == Some(&Finding::Holds) {
        found.extend(stops(client, subject, seen, home).await?);
    }
    for ability in Ability::ALL {
        found.entry(ability).or_insert(Finding::Unknown);
    }
    Ok(found)
}

/// It changes a file unasked, is denied a command, is allowed another, says something by a tool of
/// ours, and ends.
async fn works(client: &Client, seen: &Seen) -> Result<Found, CliError> {
    let mut story = Story::begin(client, WORKS, "").await?;
    story.until(|task| task.approval.is_some()).await?;
    let task = story.task().await?;
    let diff: TaskDiff = client.get(&format!("/api/tasks/{}/diff", story.task)).await?;
    let has = |name: &str| diff.files.iter().any(|file| file.path == name);
    let began = seen.began.load(Ordering::SeqCst);
    let trouble = story.trouble.clone();
    let asked = |question| story.asked.contains(&question);
    let said = task.remarks.iter().any(|remark| remark.text.contains(SAID));
    let unless_stuck = |is_so: bool, why: &str| match (&trouble, is_so) {
        (_, true) => Finding::Holds,
        (Some(trouble), false) => Finding::Fails { why: trouble.clone() },
        (None, false) => Finding::Fails { why: why.to_owned() },
    };
    let denied = match (asked(Question::Denied), has(DENIED)) {
        (true, false) => Finding::Holds,
        (true, true) => fails("it ran the command that was denied"),
        (false, true) => fails("it ran a command without asking"),
        (false, false) => unless_stuck(false, "it did not ask"),
    };
    if !began {
        return Ok([(Ability::Start, unless_stuck(false, "it asked its model nothing"))].into());
    }
    let unasked = !asked(Question::Other);
    let committed = task.approval.is_some_and(|approval| approval.commit.is_some());
    Ok([
        (Ability::Start, Finding::Holds),
        (
            Ability::Tool,
            unless_stuck(has(MADE) && unasked, "it asks before it changes a file, or does not"),
        ),
        (Ability::Commit, unless_stuck(committed && has(MADE), "there is no commit of its work")),
        (Ability::KeepsToANo, denied),
        (
            Ability::GoesOnAfterAYes,
            unless_stuck(asked(Question::Allowed) && has(ALLOWED), "it did not run the command"),
        ),
        (Ability::OurTools, unless_stuck(said, "it does not offer them to its model in time")),
        (
            Ability::Usage,
            unless_stuck(task.card.spent.output_tokens > 0, "it said nothing about it"),
        ),
    ]
    .into())
}

/// A real model makes a file, says something by a tool of ours, and ends.
pub(super) async fn works_for_real(client: &Client) -> Result<Found, CliError> {
    let body = format!(
        "Make a file `{MADE}` with the word made in it. Say `{SAID}` with the tool `comment`. Then end: \
         nothing else is to be done."
    );
    let mut story = Story::begin(client, "Make a small file", &body).await?;
    story.patience = MODEL_PATIENCE;
    story.until(|task| task.approval.is_some() || task.card.status.word == "limited").await?;
    let task = story.task().await?;
    if task.card.status.word == "limited" {
        story.trouble = Some("whoever serves it says that a limit is reached".to_owned());
    }
    let diff: TaskDiff = client.get(&format!("/api/tasks/{}/diff", story.task)).await?;
    let made = diff.files.iter().any(|file| file.path == MADE);
    let said =
        task.remarks.iter().any(|remark| remark.text.contains(SAID) && remark.from == "engineer");
    let answered = task.card.spent.output_tokens > 0;
    let committed = task.approval.is_some_and(|approval| approval.commit.is_some());
    let holds = |is_so: bool, why: &str| match (is_so, &story.trouble) {
        (true, _) => Finding::Holds,
        (false, Some(trouble)) => Finding::Fails { why: trouble.clone() },
        (false, None) => fails(why),
    };
    let begun = [(Ability::Start, holds(answered || made || said, "it answered nothing"))];
    if !(answered || made || said) {
        let rest = ABILITIES.map(|ability| (ability, Finding::Unknown));
        return Ok(rest.into_iter().chain(begun).collect());
    }
    let rest = [
        (Ability::Tool, holds(made, "it did not make the file that it was asked for")),
        (Ability::Commit, holds(committed && made, "it came to no end with a change")),
        (Ability::OurTools, holds(said, "it did not call the one that it was asked to")),
        (Ability::Usage, holds(answered, "who serves it does not say")),
    ];
    Ok(begun.into_iter().chain(rest).collect())
}

/// It is interrupted while a command runs, and goes on in another process.
async fn stops(
    client: &Client,
    subject: &Subject,
    seen: &Seen,
    home: &Path,
) -> Result<Found, CliError> {
    let mut story = Story::begin(client, STOPS, "").await?;
    let begin = Instant::now();
    story.until(|_| is_in_a_worktree(home, BEGUN)).await?;
    if !is_in_a_worktree(home, BEGUN) {
        return Ok(Found::new()); // it runs no commands: that was found before
    }
    seen.interrupted.store(true, Ordering::SeqCst);
    let asked = Instant::now();
    story.tell("interrupt").await?;
    story.until(|task| task.card.status.word == "interrupted").await?;
    let interrupted = match (&story.trouble, asked.elapsed() < INTERRUPT_PATIENCE) {
        (Some(trouble), _) => Finding::Fails { why: trouble.clone() },
        (None, true) => Finding::Holds,
        (None, false) => fails("it did not end its turn, and was ended"),
    };
    tokio::time::sleep(subject.rest.saturating_sub(begin.elapsed())).await;
    story.tell("resume").await?;
    story.until(|task| task.approval.is_some()).await?;
    let is = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
    let resumed = match (is(&seen.came_back), is(&seen.went_on), &story.trouble) {
        (true, true, _) => Finding::Holds,
        (true, false, _) => fails("it began a new conversation"),
        (false, _, Some(trouble)) => Finding::Fails { why: trouble.clone() },
        (false, _, None) => fails("it asked its model nothing"),
    };
    Ok([(Ability::Interrupt, interrupted), (Ability::Resume, resumed)].into())
}

fn fails(why: &str) -> Finding {
    Finding::Fails { why: why.to_owned() }
}

impl<'a> Story<'a> {
    async fn begin(client: &'a Client, title: &str, body: &str) -> Result<Self, CliError> {
        let new = NewTask {
            project: 1,
            title: title.to_owned(),
            body: body.to_owned(),
            ..NewTask::default()
        };
        let added: TaskAdded = client.post("/api/tasks", &new).await?;
        let task = added.task.card.id;
        let (answered, asked) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { client, task, answered, asked, trouble: None, patience: PATIENCE })
    }

    async fn task(&self) -> Result<Task, CliError> {
        self.client.get(&format!("/api/tasks/{}", self.task)).await
    }

    async fn tell(&self, what: &str) -> Result<(), CliError> {
        let path = format!("/api/tasks/{}/{what}", self.task);
        self.client.post::<Receipt>(&path, &Nothing {}).await.map(drop)
    }

    /// Answers what is asked until it is so, or it cannot come to that any more.
    async fn until(&mut self, is_so: impl Fn(&Task) -> bool) -> Result<(), CliError> {
        let deadline = Instant::now() + self.patience;
        while self.trouble.is_none() && !is_so(&self.task().await?) {
            if Instant::now() > deadline {
                self.trouble = Some("it did not come to an end".to_owned());
            }
            self.answer().await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn answer(&mut self) -> Result<(), CliError> {
        let Inbox { items, .. } = self.client.get("/api/inbox").await?;
        for item in items.into_iter().filter(|item| item.task == self.task) {
            let Some(ask) = item.ask.filter(|ask| !self.answered.contains(ask)) else {
                if matches!(item.kind, InboxKind::Stuck | InboxKind::Held) {
                    self.trouble = Some(first_line(&item));
                }
                continue;
            };
            let question = question(&item);
            let words: &[&str] = match question {
                Question::Denied => &NO,
                Question::Allowed | Question::Other => &YES,
                Question::Trouble => {
                    self.trouble = Some(first_line(&item));
                    return Ok(());
                }
            };
            self.asked.insert(question);
            self.answered.insert(ask);
            let text = choice(&item, words);
            let path = format!("/api/asks/{ask}/answer");
            self.client.post::<Receipt>(&path, &Answer { text, always: None }).await?;
        }
        Ok(())
    }
}

/// What an item of the inbox is about.
fn question(item: &InboxItem) -> Question {
    match item.kind {
        InboxKind::Stuck | InboxKind::Held | InboxKind::Approval => Question::Trouble,
        InboxKind::Ask if item.run.is_none() || item.from == "crewhouse" => Question::Trouble,
        InboxKind::Ask if item.text.contains(DENIED) => Question::Denied,
        InboxKind::Ask if item.text.contains(ALLOWED) || item.text.contains(BEGUN) => {
            Question::Allowed
        }
        InboxKind::Ask => Question::Other,
    }
}

/// One of its own answers that means this.
fn choice(item: &InboxItem, words: &[&str]) -> String {
    let is_one = |option: &&String| words.contains(&option.as_str());
    let option = item.options.iter().find(is_one).cloned();
    option.unwrap_or_else(|| words.first().copied().unwrap_or_default().to_owned())
}

fn first_line(item: &InboxItem) -> String {
    text::cut(&item.text, 300)
}
