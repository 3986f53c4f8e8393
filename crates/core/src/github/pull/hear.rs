//! What people and checks say about exactly the commit that we show.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::{Policy, SeenComment, revealed};
use super::{Pull, There};
use crate::task::CommitId;
use crate::{Millis, Time};

/// So long a failing check waits for others that have not ended, so that one round hears of all.
const CHECKS_PATIENCE: Millis = Millis::minutes(30);
/// Most reviews that are heard of one pull request.
const REVIEWS_MAX: usize = 500;

/// A pull request as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSeen {
    /// Its number.
    pub number: u64,
    /// The commit of its branch.
    pub head: CommitId,
    /// How it is.
    pub there: There,
    /// Who opened it: us.
    pub author: String,
    /// Reviews that were sent, oldest first.
    pub reviews: Vec<SeenReview>,
    /// Comments below it, oldest first.
    pub comments: Vec<SeenComment>,
    /// All checks of the head.
    #[serde(default)]
    pub checks: Vec<SeenCheck>,
    /// Those of them that failed and do not fail on the base.
    pub failed: Vec<FailedCheck>,
    /// Whether checks of the head have not ended.
    pub is_pending: bool,
    /// The position of the journal when GitHub was asked.
    pub asked_at: u64,
}

/// A review of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenReview {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// What it is about.
    pub commit: Option<CommitId>,
    /// What it comes to.
    pub verdict: Verdict,
    /// Markdown.
    pub text: String,
    /// What it says about single lines.
    pub lines: Vec<SeenLine>,
}

/// What a review comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It may not.
    ChangesRequested,
    /// Neither.
    Commented,
}

/// Words about a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenLine {
    /// The file.
    pub path: String,
    /// The line, if it is still there.
    pub line: Option<u64>,
    /// Markdown.
    pub text: String,
}

/// A check, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenCheck {
    /// What it is called.
    pub name: String,
    /// How it is.
    pub state: CheckState,
    /// Where people see it.
    pub url: Option<String>,
}

/// How a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// It has not ended.
    Pending,
    /// It is content.
    Passed,
    /// It is not.
    Failed,
    /// It says neither: skipped, cancelled, neutral, or left behind.
    Neutral,
}

/// A check that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCheck {
    /// What it is called.
    pub name: String,
    /// What it says about itself, if anything.
    pub text: String,
    /// Where people see it.
    pub url: Option<String>,
    /// The end of what it printed, where GitHub ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// Something that people or checks want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullNews {
    /// It has to be worked on again.
    SendBack {
        /// Who says so.
        from: String,
        /// Why.
        why: String,
    },
    /// Somebody said something.
    Remark {
        /// Who.
        from: String,
        /// What.
        text: String,
    },
    /// Somebody closed it.
    Closed,
    /// Somebody opened it again.
    Reopened,
    /// Somebody merged it.
    Merged,
}

/// What is new in what was seen, and what is known of it after that.
pub fn pull_news(
    policy: &Policy,
    pull: &Pull,
    seen: &PullSeen,
    now: Time,
) -> (Vec<PullNews>, Pull) {
    let mut next = pull.clone();
    let mut news = Vec::new();
    state_news(&mut next, seen, &mut news);
    let is_shown = |commit: &CommitId| {
        [&pull.agreed, &pull.flight].into_iter().flatten().any(|shown| shown.commit == *commit)
    };
    if next.there == There::Open && !is_shown(&seen.head) {
        foreign_news(&mut next, seen, &mut news);
    }
    for review in &seen.reviews {
        if next.heard.reviews.len() < REVIEWS_MAX && next.heard.reviews.insert(review.id) {
            news.extend(of_review(policy, pull, seen, review));
        }
    }
    for comment in seen.comments.iter().filter(|comment| comment.id > pull.heard.comment) {
        next.heard.comment = next.heard.comment.max(comment.id);
        if policy.trusts(&comment.author) {
            let from = on_github(&comment.author);
            news.push(PullNews::Remark { from, text: revealed(&comment.text) });
        }
    }
    if is_shown(&seen.head) {
        next.checks.clone_from(&seen.checks);
        next.reviews = reviews_of(policy, &seen.head, seen);
    }
    if is_shown(&seen.head) && next.there == There::Open {
        check_news(&mut next, seen, now, &mut news);
    }
    (news, next)
}

/// The newest word of each who counts about a commit.
fn reviews_of(policy: &Policy, head: &CommitId, seen: &PullSeen) -> BTreeMap<String, Verdict> {
    let about = seen.reviews.iter().filter(|review| review.commit.as_ref() == Some(head));
    let counting = about.filter(|review| policy.trusts(&review.author));
    let mut newest = BTreeMap::new();
    for SeenReview { author, verdict, .. } in counting {
        // A remark takes back no approval.
        if *verdict != Verdict::Commented || !newest.contains_key(author) {
            newest.insert(author.clone(), *verdict);
        }
    }
    newest
}

fn on_github(author: &str) -> String {
    format!("{author} on GitHub")
}

fn state_news(pull: &mut Pull, seen: &PullSeen, news: &mut Vec<PullNews>) {
    if pull.there == seen.there {
        return;
    }
    news.extend(match (&pull.there, &seen.there) {
        (There::Merged { .. }, _) => None,
        (_, There::Merged { .. }) => Some(PullNews::Merged),
        (_, There::Closed) => Some(PullNews::Closed),
        (_, There::Open) => Some(PullNews::Reopened),
    });
    pull.there = seen.there.clone();
}

/// Somebody pushed to our branch. It is left as it is, and what is approved here is not that.
fn foreign_news(pull: &mut Pull, seen: &PullSeen, news: &mut Vec<PullNews>) {
    // What we pushed before may still be seen for a moment.
    let is_known =
        [&pull.before, &pull.heard.foreign].into_iter().flatten().any(|c| *c == seen.head);
    if pull.agreed.is_none() || is_known {
        return;
    }
    pull.heard.foreign = Some(seen.head.clone());
    let text = format!(
        "Its branch on GitHub is at {}, which is not what was pushed from here. It is left as it is, and \
         what is approved here does not contain it.",
        seen.head
    );
    news.push(PullNews::Remark { from: "crewhouse".into(), text });
}

fn of_review(
    policy: &Policy,
    pull: &Pull,
    seen: &PullSeen,
    review: &SeenReview,
) -> Option<PullNews> {
    if !policy.trusts(&review.author) {
        return None;
    }
    let from = on_github(&review.author);
    let words = words_of(review);
    // Who opened it, the human's own account, can request nothing on GitHub: what they say, they want.
    let is_owner = review.author == seen.author && !words.is_empty();
    let wants_change = match review.verdict {
        Verdict::ChangesRequested => true,
        Verdict::Commented => is_owner,
        Verdict::Approved => false,
    };
    if wants_change && review.commit.as_ref() == Some(&pull.commit) {
        let words = if words.is_empty() { "changes are requested" } else { &words };
        return Some(PullNews::SendBack { from, why: words.to_owned() });
    }
    let text = match review.verdict {
        Verdict::Approved => format!("approves it on GitHub\n{words}"),
        Verdict::ChangesRequested => format!("requested changes of an earlier commit\n{words}"),
        Verdict::Commented if words.is_empty() => return None,
        Verdict::Commented => words,
    };
    Some(PullNews::Remark { from, text: text.trim_end().to_owned() })
}

fn words_of(review: &SeenReview) -> String {
    let mut words = revealed(&review.text);
    for SeenLine { path, line, text } in &review.lines {
        let line = line.map_or_else(String::new, |line| format!(":{line}"));
        words = format!("{words}\n{}{line}: {}", revealed(path), revealed(text));
    }
    words.trim().to_owned()
}

/// Each commit is judged once, when all of its checks have ended, or some have not for long.
fn check_news(pull: &mut Pull, seen: &PullSeen, now: Time, news: &mut Vec<PullNews>) {
    if pull.heard.judged.as_ref() == Some(&seen.head) {
        return;
    }
    if seen.failed.is_empty() {
        pull.heard.failing = None;
        return;
    }
    let since = match &pull.heard.failing {
        Some((commit, since)) if *commit == seen.head => *since,
        Some(_) | None => now,
    };
    if seen.is_pending && now < since + CHECKS_PATIENCE && since <= now {
        pull.heard.failing = Some((seen.head.clone(), since));
        return;
    }
    pull.heard.failing = None;
    pull.heard.judged = Some(seen.head.clone());
    let names: BTreeSet<&str> = seen.failed.iter().map(|check| check.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut why = format!("checks on GitHub failed: {}", revealed(&names.join(", ")));
    for FailedCheck { name, text, url, log } in &seen.failed {
        let url = url.as_deref().unwrap_or_default();
        why = format!("{why}\n\n{}: {}\n{}", revealed(name), revealed(url), revealed(text));
        if let Some(log) = log {
            why = format!("{}\nthe end of its log:\n{}", why.trim_end(), revealed(log));
        }
    }
    news.push(PullNews::SendBack { from: "checks on GitHub".into(), why: why.trim_end().into() });
}
