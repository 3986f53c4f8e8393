//! Watches pull requests: what people say about them, and how their checks end.
//!
//! One that did not change costs two conditional questions about its checks, which GitHub does not
//! count; all else is asked only after the list of issues said that it changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crew_core::github::{
    CheckState, FailedCheck, PullSeen, ReviewVerdict, SeenCheck, SeenComment, SeenLine, SeenReview,
    There,
};
use crew_core::project::Project;
use crew_core::task::CommitId;
use crew_core::{Event, ProjectId};
use crew_github::{Check, Client, Comment, Error, Issue, Listing, Pull, Review, Status, Tag};
use serde::{Deserialize, Serialize};

use super::Connection;
use super::job_log::{self, READ_BYTES_MAX};
use super::poll::record;
use crate::perform::Outside;

/// Longest piece of what a check says about itself, in characters.
const CHECK_CHARS_MAX: usize = 2_000;
/// Most logs of failed checks that are read of a commit.
const LOGS_MAX: usize = 3;
/// How much of their ends is shown together, in characters: more is no part of a remark.
const LOGS_CHARS_MAX: usize = 6_000;
/// How often is tried to read a log that does not come.
const LOG_TRIES_MAX: u32 = 3;
/// Most checks that are shown of a commit.
const CHECKS_MAX: usize = 100;

/// What is known of all pull requests that are watched. Without it, questions are asked again.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Watch {
    watched: BTreeMap<u64, Watched>,
    /// Those that changed since they were read.
    changed: BTreeSet<u64>,
}

/// What was read of one.
#[derive(Serialize, Deserialize)]
struct Watched {
    seen: PullSeen,
    base: String,
    checks: Kept<Check>,
    statuses: Kept<Status>,
    /// What fails on the base, by the commit of the base.
    base_failed: Option<(String, BTreeSet<String>)>,
    /// Logs of jobs that failed.
    #[serde(default)]
    logs: BTreeMap<u64, Log>,
}

/// What came of reading a log.
#[derive(Serialize, Deserialize)]
enum Log {
    /// Its end.
    Read(String),
    /// It cannot be read: why.
    Closed(String),
    /// It did not come, so often.
    Missed(u32),
}

/// A list and what stands for it.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    items: Vec<T>,
    tag: Option<Tag>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { items: Vec::new(), tag: None }
    }
}

impl<T> Kept<T> {
    fn take(&mut self, listing: Listing<Vec<T>>) {
        if let Listing::Fetched { value, tag } = listing {
            *self = Self { items: value, tag };
        }
    }
}

impl Watch {
    /// Notes which pull requests are among what changed.
    pub(super) fn note_changes(&mut self, issues: &[Issue]) {
        let pulls = issues.iter().filter(|issue| issue.pull_request.is_some());
        self.changed.extend(pulls.map(|issue| issue.number));
    }

    /// Has recorded what is new; tells whether something was.
    pub(super) async fn look(
        &mut self,
        outside: &Arc<Outside>,
        project: &Project,
        connection: &Connection,
    ) -> Result<bool, Error> {
        let ours = ours(outside, project.id);
        self.watched.retain(|number, _| ours.contains_key(number));
        self.changed.retain(|number| ours.contains_key(number));
        let mut is_new = false;
        for (number, agreed_at) in ours {
            match self.look_at(outside, connection, number, agreed_at).await {
                Ok(seen) => {
                    let event = Event::PullSeen { project: project.id, seen: Box::new(seen) };
                    is_new |= record(outside, event).await?;
                }
                // One that GitHub cannot tell us about keeps no other waiting.
                Err(error) if error.is_lasting() || matches!(error, Error::Malformed(_)) => {
                    tracing::warn!("pull request {number}: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(is_new)
    }

    async fn look_at(
        &mut self,
        outside: &Outside,
        connection: &Connection,
        number: u64,
        agreed_at: u64,
    ) -> Result<PullSeen, Error> {
        let client = &connection.client;
        let is_changed = self.changed.contains(&number);
        let mut watched = match self.watched.remove(&number) {
            Some(known) if known.seen.asked_at >= agreed_at && !is_changed => known,
            outdated => {
                let asked_at = outside.handle.read(|state| state.meta.seq.0);
                let read = read(client, number, asked_at).await?;
                self.changed.remove(&number);
                // A log stays as it is.
                Watched { logs: outdated.map(|known| known.logs).unwrap_or_default(), ..read }
            }
        };
        let asked = watched.ask_for_checks(client).await;
        let seen = watched.seen.clone();
        self.watched.insert(number, watched);
        asked.map(|()| seen)
    }
}

/// The pull requests of tasks that are not over, and of those on whose branches they are; since when
/// they show what they show.
fn ours(outside: &Outside, project: ProjectId) -> BTreeMap<u64, u64> {
    outside.handle.read(|state| {
        let tasks = || state.open_tasks().filter(|task| task.project == project);
        let pulls = || tasks().filter_map(|task| task.pull.as_deref());
        let below = pulls().filter_map(|pull| pull.agreed.as_ref()?.on);
        let below = below.filter_map(|task| state.tasks.get(&task)?.pull.as_deref());
        let pulls = pulls().chain(below);
        pulls.filter_map(|pull| Some((pull.number?, pull.agreed_at))).collect()
    })
}

async fn read(client: &Client, number: u64, asked_at: u64) -> Result<Watched, Error> {
    let pull = client.pull(number).await?;
    let reviews = client.reviews(number).await?;
    let lines = client.review_comments(number).await?;
    let comments = client.comments(number).await?;
    let there = there(&pull);
    let Pull { head, base, user, .. } = pull;
    let seen = PullSeen {
        number,
        head: CommitId(head.sha),
        there,
        author: user.map(|user| user.login).unwrap_or_default(),
        reviews: reviews.into_iter().filter_map(|review| sent(review, &lines)).collect(),
        comments: comments.into_iter().filter_map(spoken).collect(),
        checks: Vec::new(),
        failed: Vec::new(),
        is_pending: false,
        asked_at,
    };
    let (checks, statuses) = (Kept::default(), Kept::default());
    Ok(Watched { seen, base: base.sha, checks, statuses, base_failed: None, logs: BTreeMap::new() })
}

fn there(pull: &Pull) -> There {
    match (&pull.merged_at, &pull.merge_commit_sha) {
        (Some(_), Some(commit)) => There::Merged { commit: CommitId(commit.clone()) },
        _ if pull.state == "open" => There::Open,
        _ => There::Closed,
    }
}

/// A review that was sent; one that is being written is nobody's business.
fn sent(review: Review, lines: &[Comment]) -> Option<SeenReview> {
    let verdict = match review.state.as_str() {
        "APPROVED" => ReviewVerdict::Approved,
        "CHANGES_REQUESTED" => ReviewVerdict::ChangesRequested,
        "COMMENTED" => ReviewVerdict::Commented,
        _ => return None,
    };
    let its = lines.iter().filter(|line| line.pull_request_review_id == Some(review.id));
    Some(SeenReview {
        id: review.id,
        author: review.user?.login,
        commit: review.commit_id.map(CommitId),
        verdict,
        text: review.body.unwrap_or_default(),
        lines: its
            .map(|line| SeenLine {
                path: line.path.clone().unwrap_or_default(),
                line: line.line,
                text: line.body.clone().unwrap_or_default(),
            })
            .collect(),
    })
}

fn spoken(comment: Comment) -> Option<SeenComment> {
    let (author, text) = (comment.user?.login, comment.body.unwrap_or_default());
    Some(SeenComment { id: comment.id, author, text })
}

impl Watched {
    async fn ask_for_checks(&mut self, client: &Client) -> Result<(), Error> {
        let head = self.seen.head.0.clone();
        self.checks.take(as_allowed(client.checks(&head, self.checks.tag.as_ref()).await)?);
        self.statuses.take(as_allowed(client.statuses(&head, self.statuses.tag.as_ref()).await)?);
        let is_pending = |check: &Check| check.status != "completed";
        self.seen.is_pending = self.checks.items.iter().any(is_pending)
            || self.statuses.items.iter().any(|status| status.state == "pending");
        self.seen.checks = shown(&self.checks.items, &self.statuses.items);
        let mut failed = failed(&self.checks.items, &self.statuses.items);
        if !failed.is_empty() {
            let at_base = self.failing_at_base(client).await?;
            failed.retain(|(check, _)| !at_base.contains(&check.name));
        }
        self.read_logs(client, &mut failed).await?;
        self.seen.failed = failed.into_iter().map(|(check, _)| check).collect();
        Ok(())
    }

    /// Adds the ends of the logs, each of which is read once.
    async fn read_logs(
        &mut self,
        client: &Client,
        failed: &mut [(FailedCheck, Option<u64>)],
    ) -> Result<(), Error> {
        let mut known = std::mem::take(&mut self.logs);
        let jobs = failed.iter_mut().filter_map(|(check, job)| Some((check, (*job)?)));
        let jobs: Vec<(&mut FailedCheck, u64)> = jobs.take(LOGS_MAX).collect();
        let chars_max = LOGS_CHARS_MAX / jobs.len().max(1);
        for (check, job) in jobs {
            let log = read_log(client, job, known.remove(&job)).await?;
            match &log {
                Log::Read(text) => check.log = Some(job_log::tail(text, chars_max)),
                Log::Closed(why) => check.text = format!("{}\n({why})", check.text),
                Log::Missed(_) => self.seen.is_pending = true,
            }
            self.logs.insert(job, log);
        }
        Ok(())
    }

    /// What fails there anyway is not the task's fault.
    async fn failing_at_base(&mut self, client: &Client) -> Result<BTreeSet<String>, Error> {
        if let Some((base, failed)) = &self.base_failed
            && *base == self.base
        {
            return Ok(failed.clone());
        }
        let (mut checks, mut statuses) = (Kept::default(), Kept::default());
        checks.take(as_allowed(client.checks(&self.base, None).await)?);
        statuses.take(as_allowed(client.statuses(&self.base, None).await)?);
        let failed = failed(&checks.items, &statuses.items);
        let names = failed.into_iter().map(|(check, _)| check.name);
        let names: BTreeSet<String> = names.collect();
        self.base_failed = Some((self.base.clone(), names.clone()));
        Ok(names)
    }
}

/// The end of a job's log. What cannot be read is said, and keeps no failure from being told.
async fn read_log(client: &Client, job: u64, known: Option<Log>) -> Result<Log, Error> {
    let missed = match known {
        Some(log @ (Log::Read(_) | Log::Closed(_))) => return Ok(log),
        Some(Log::Missed(missed)) => missed,
        None => 0,
    };
    match client.job_log(job, READ_BYTES_MAX).await {
        Ok(log) => Ok(Log::Read(job_log::excerpt(&log, LOGS_CHARS_MAX))),
        Err(error @ (Error::NotBefore { .. } | Error::NotSignedIn | Error::NoToken { .. })) => {
            Err(error)
        }
        Err(Error::Unreachable(_)) if missed + 1 < LOG_TRIES_MAX => Ok(Log::Missed(missed + 1)),
        Err(Error::Forbidden(_)) => {
            Ok(Log::Closed("its log was not read: the token needs read access to *actions*".into()))
        }
        Err(Error::NotFound(_)) => Ok(Log::Closed(
            "its log was not read: it is gone, or the token needs read access to *actions*".into(),
        )),
        Err(
            error @ (Error::Unreachable(_)
            | Error::Malformed(_)
            | Error::Refused { .. }
            | Error::Address(_)),
        ) => Ok(Log::Closed(format!("its log was not read: {error}"))),
    }
}

/// A token that may not read checks, or a server that has none, keeps no review from being heard.
fn as_allowed<T>(answer: Result<Listing<Vec<T>>, Error>) -> Result<Listing<Vec<T>>, Error> {
    match answer {
        Err(Error::Forbidden(_) | Error::NotFound(_)) => Ok(Listing::Unchanged),
        answer => answer,
    }
}

/// How all checks are, for people to look at.
fn shown(checks: &[Check], statuses: &[Status]) -> Vec<SeenCheck> {
    let checks = checks.iter().map(|check| {
        let (name, state, url) = (check.name.clone(), state_of(check), check.html_url.clone());
        SeenCheck { name, state, url }
    });
    let statuses = statuses.iter().map(|status| {
        let state = match status.state.as_str() {
            "success" => CheckState::Passed,
            "failure" | "error" => CheckState::Failed,
            _ => CheckState::Pending,
        };
        SeenCheck { name: status.context.clone(), state, url: status.target_url.clone() }
    });
    let mut all: Vec<SeenCheck> = checks.chain(statuses).collect();
    // An order of our own: another one of GitHub's is no news.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.truncate(CHECKS_MAX);
    all
}

fn state_of(check: &Check) -> CheckState {
    match (check.status.as_str(), check.conclusion.as_deref()) {
        ("completed", Some("success")) => CheckState::Passed,
        ("completed", Some("failure" | "timed_out" | "startup_failure")) => CheckState::Failed,
        ("completed", _) => CheckState::Neutral,
        _ => CheckState::Pending,
    }
}

/// What failed, with the job of GitHub's that it was.
fn failed(checks: &[Check], statuses: &[Status]) -> Vec<(FailedCheck, Option<u64>)> {
    let checks = checks.iter().filter(|check| state_of(check) == CheckState::Failed);
    let checks = checks.map(|check| {
        let output = check.output.clone().unwrap_or_default();
        let text = [output.title, output.summary].into_iter().flatten();
        let failed = FailedCheck {
            name: check.name.clone(),
            text: bounded(&text.collect::<Vec<_>>().join("\n")),
            url: check.html_url.clone(),
            log: None,
        };
        (failed, check.job())
    });
    let statuses =
        statuses.iter().filter(|status| matches!(status.state.as_str(), "failure" | "error"));
    let statuses = statuses.map(|status| {
        let failed = FailedCheck {
            name: status.context.clone(),
            text: bounded(status.description.as_deref().unwrap_or_default()),
            url: status.target_url.clone(),
            log: None,
        };
        (failed, None)
    });
    checks.chain(statuses).collect()
}

fn bounded(text: &str) -> String {
    text.chars().take(CHECK_CHARS_MAX).collect()
}
