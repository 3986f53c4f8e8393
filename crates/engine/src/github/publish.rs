//! Lets GitHub say what the board says.
//!
//! Before anything is changed, what is there is read; so what an earlier attempt did before its answer
//! was lost, or before the daemon died, is found and not done again.

use std::collections::BTreeSet;
use std::sync::Arc;

use crew_core::github::{Action, Comment, Ending, Found, Issue, Link, Marker, Want, plan, said_by};
use crew_core::{Settled, TaskId};
use crew_github::Error;
use serde_json::json;

use super::{Connection, Reach, concluded};
use crate::perform::Outside;

/// An issue is opened first and the rest planned on what is there then; a third look finds nothing.
const LOOKS_MAX: u32 = 3;

/// Performs [`crew_core::Effect::Publish`].
pub(crate) async fn publish(
    outside: &Arc<Outside>,
    task: TaskId,
    want: &Want,
) -> anyhow::Result<Settled> {
    let Some(reach) = Reach::of(outside, task).await? else {
        let why = "the project is not connected any more".into();
        return Ok(Settled::NotPublished { why });
    };
    let published = async {
        let Reach { project, connection, home } = reach?;
        let _turn = connection.turn.lock().await;
        connection.make_labels(&project.team).await?;
        // As it is when its turn comes: what was heard meanwhile counts.
        let link = outside
            .handle
            .read(|state| state.tasks.get(&task).and_then(|task| task.link.as_deref().cloned()));
        let Some(link) = link else {
            let why = "its issue is in a repository of before".into();
            return Ok(Settled::NotPublished { why });
        };
        let marker = Marker { home, task };
        let publication = Publication { connection: &connection, link, want, marker: &marker };
        publication.perform(&project.team).await
    };
    concluded(outside, task, published.await, |why| Settled::NotPublished { why }).await
}

struct Publication<'a> {
    connection: &'a Connection,
    link: Link,
    want: &'a Want,
    marker: &'a Marker,
}

impl Publication<'_> {
    async fn perform(&self, team: &crew_core::team::Team) -> Result<Settled, Error> {
        let Connection { issues: client, policy, .. } = self.connection;
        let mut said = None;
        // Whose it cannot be there.
        let mut unassigned = BTreeSet::<String>::new();
        for _ in 0..LOOKS_MAX {
            let found = self.find().await?;
            let said = said.get_or_insert_with(|| said_by(&self.link, self.want, &found));
            let mut actions = plan(team, policy, &self.link, (self.want, self.marker), &found);
            actions.retain(|action| {
                !matches!(action, Action::Assign { login, .. } if unassigned.contains(login))
            });
            if let ([], Some(issue), Some(comment)) =
                (actions.as_slice(), found.issues.first(), found.comments.first())
            {
                if self.link.comment.is_none() {
                    self.pin(issue.number, comment.id).await?;
                }
                let updated_at = client.issue(issue.number).await?.updated_at;
                let (issue, comment, mut said) = (issue.number, comment.id, Box::new(said.clone()));
                said.assignees.retain(|login| !unassigned.contains(login));
                return Ok(Settled::Published { issue, comment, said, updated_at, unassigned });
            }
            for action in actions {
                if let Action::Assign { issue, login } = action {
                    unassigned.extend(self.assign(issue, login).await?);
                } else {
                    self.act(action).await?;
                }
            }
        }
        Err(Error::Unreachable("somebody changes the same issue all the time".into()))
    }

    /// Has a new comment of ours stand above the others, unless one does already. People may take it down.
    async fn pin(&self, issue: u64, comment: u64) -> Result<(), Error> {
        let client = &self.connection.issues;
        if client.issue(issue).await?.pinned_comment.is_some() {
            return Ok(());
        }
        match client.pin_comment(comment).await {
            // Not every server knows how, and not every token may.
            Ok(_) | Err(Error::NotFound(_) | Error::Forbidden(_) | Error::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn find(&self) -> Result<Found, Error> {
        let issues = match self.link.issue {
            Some(number) => vec![self.connection.issues.issue(number).await?],
            None => self.made_before().await?,
        };
        let comments = match issues.first() {
            Some(issue) => self.our_comments(issue.number).await?,
            None => Vec::new(),
        };
        Ok(Found { issues: issues.into_iter().map(|issue| self.read(issue)).collect(), comments })
    }

    /// Issues that we opened for this task, the first one first.
    async fn made_before(&self) -> Result<Vec<crew_github::Issue>, Error> {
        let mut lately = self.connection.issues.issues_opened_lately().await?;
        lately.retain(|issue| {
            self.connection.marked(issue, &self.marker.home).is_some_and(|(m, _)| m == *self.marker)
        });
        lately.sort_by_key(|issue| issue.number);
        Ok(lately)
    }

    async fn our_comments(&self, issue: u64) -> Result<Vec<Comment>, Error> {
        let client = &self.connection.issues;
        if let Some(id) = self.link.comment {
            match client.comment_by_id(id).await {
                Ok(comment) => return Ok(self.our_comment(comment).into_iter().collect()),
                Err(Error::NotFound(_)) => {} // somebody removed it
                Err(error) => return Err(error),
            }
        }
        let all = client.comments(issue).await?;
        Ok(all.into_iter().filter_map(|comment| self.our_comment(comment)).collect())
    }

    fn our_comment(&self, comment: crew_github::Comment) -> Option<Comment> {
        let is_known = self.link.comment == Some(comment.id);
        let is_ours = comment.user.is_some_and(|user| user.login == self.connection.viewer);
        let text = comment.body.unwrap_or_default();
        match Marker::read(&self.marker.home, &text).filter(|(marker, _)| marker == self.marker) {
            Some((_, body)) if is_ours => Some(Comment { id: comment.id, body }),
            // Somebody wrote over the marker: it is still the one that we keep.
            Some(_) | None => {
                (is_ours && is_known).then_some(Comment { id: comment.id, body: text })
            }
        }
    }

    fn read(&self, issue: crew_github::Issue) -> Issue {
        let marked = self.connection.marked(&issue, &self.marker.home);
        let body = marked.map(|(_, body)| body).or(issue.body.clone()).unwrap_or_default();
        let (state, labels, assignees) = (ending(&issue), labels(&issue.labels), assignees(&issue));
        Issue { number: issue.number, title: issue.title, body, labels, assignees, state }
    }

    /// Makes the issue somebody's; gives back who cannot have it.
    async fn assign(&self, issue: u64, login: String) -> Result<Option<String>, Error> {
        match self.connection.issues.assign(issue, &login).await {
            Ok(issue) => Ok((!assignees(&issue).contains(&login)).then_some(login)),
            Err(Error::Refused { status: 422, .. }) => Ok(Some(login)),
            Err(error) => Err(error),
        }
    }

    async fn act(&self, action: Action) -> Result<(), Error> {
        let client = &self.connection.issues;
        match action {
            Action::OpenIssue { title, body, labels } => {
                client.open_issue(&title, &body, &labels).await.map(drop)
            }
            Action::EditText { issue, title, body } => {
                let change = json!({ "title": title, "body": body });
                client.edit_issue(issue, &change).await.map(drop)
            }
            Action::SetState { issue, state } => {
                let change = match state {
                    Ending::Open => json!({ "state": "open" }),
                    Ending::Completed => json!({ "state": "closed", "state_reason": "completed" }),
                    Ending::NotPlanned => {
                        json!({ "state": "closed", "state_reason": "not_planned" })
                    }
                };
                client.edit_issue(issue, &change).await.map(drop)
            }
            Action::AddLabel { issue, label } => client.add_labels(issue, &[label]).await.map(drop),
            Action::RemoveLabel { issue, label } => client.remove_label(issue, &label).await,
            Action::Assign { issue, login } => self.assign(issue, login).await.map(drop),
            Action::Unassign { issue, login } => client.unassign(issue, &login).await.map(drop),
            Action::WriteComment { issue, body } => client.comment(issue, &body).await.map(drop),
            Action::EditComment { id, body } => client.edit_comment(id, &body).await.map(drop),
        }
    }
}

impl Connection {
    /// The marker of an issue and the text above it, if we opened it.
    pub(super) fn marked(
        &self,
        issue: &crew_github::Issue,
        home: &str,
    ) -> Option<(Marker, String)> {
        let is_ours = issue.user.as_ref().is_some_and(|user| user.login == self.viewer);
        Marker::read(home, issue.body.as_deref()?).filter(|_| is_ours)
    }
}

/// The names of labels in small letters: GitHub keeps the first way that somebody wrote one.
pub(super) fn labels(labels: &[crew_github::Label]) -> BTreeSet<String> {
    labels.iter().map(|label| label.name.to_lowercase()).collect()
}

/// Whose an issue is, in small letters.
pub(super) fn assignees(issue: &crew_github::Issue) -> BTreeSet<String> {
    issue.assignees.iter().map(|who| who.login.to_ascii_lowercase()).collect()
}

/// Whether an issue is open, or how it ended.
pub(super) fn ending(issue: &crew_github::Issue) -> Ending {
    match (issue.state.as_str(), issue.state_reason.as_deref()) {
        ("open", _) => Ending::Open,
        (_, Some("not_planned" | "duplicate")) => Ending::NotPlanned,
        (_, _) => Ending::Completed,
    }
}
