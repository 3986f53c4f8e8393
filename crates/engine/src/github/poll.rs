//! Asks GitHub what is new: often while much happens, seldom while nothing does.
//!
//! One conditional question stands for the whole repository, and GitHub does not count it while
//! nothing changed. How far was read is kept only after all of it is recorded, and outlives the daemon.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crew_core::github::{Door, Marker, Policy, Seen, SeenComment, Shut, door};
use crew_core::project::Project;
use crew_core::{Event, ProjectId, step};
use crew_github::{Error, Listing};
use tokio::time::Instant;

use super::position::{self, Position};
use super::publish::{assignees, ending, labels};
use super::{Connection, explain};
use crate::perform::Outside;

/// After something was new, GitHub is asked again after this.
const PAUSE: Duration = Duration::from_secs(15);
/// Longest pause: thirty questions in an idle hour.
const PAUSE_MAX: Duration = Duration::from_mins(2);
/// After GitHub was asked, what it says by itself lets it be asked again after this.
const HASTE: Duration = Duration::from_secs(2);
/// How often is looked whether a project was connected.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Asks for all projects until the daemon ends.
pub(crate) async fn attend(outside: Arc<Outside>) {
    let mut readers: BTreeMap<ProjectId, Reader> = BTreeMap::new();
    loop {
        let projects: Vec<Project> = outside.handle.read(|state| {
            let connected = state.projects.values().filter(|p| p.team.github.is_some());
            connected.cloned().collect()
        });
        outside.handle.github.retain(&projects).await;
        readers.retain(|id, _| projects.iter().any(|project| project.id == *id));
        let wanted = std::mem::take(&mut *outside.handle.github.wanted());
        for project in &projects {
            let reader = readers.entry(project.id).or_default();
            if wanted.told.contains(&project.id) {
                reader.hasten();
            }
            if wanted.all || reader.next.is_none_or(|next| next <= Instant::now()) {
                reader.attend(&outside, project).await;
            }
        }
        let next = readers.values().filter_map(|reader| reader.next).min();
        let look = Instant::now() + LOOK_EVERY;
        tokio::select! {
            () = outside.stop.cancelled() => return,
            () = outside.handle.github.woken.notified() => {}
            () = tokio::time::sleep_until(next.map_or(look, |next| next.min(look))) => {}
        }
    }
}

/// How far one project's repository was read.
#[derive(Default)]
struct Reader {
    position: Position,
    /// What was kept of that.
    kept: String,
    pause: Duration,
    asked: Option<Instant>,
    next: Option<Instant>,
}

impl Reader {
    /// Something is new: what GitHub answers at once may not have it yet, so it is asked again soon after.
    fn hasten(&mut self) {
        let soon = self.asked.map_or_else(Instant::now, |asked| asked + HASTE);
        self.next = self.next.map(|next| next.min(soon));
        self.pause = Duration::ZERO;
    }

    async fn attend(&mut self, outside: &Arc<Outside>, project: &Project) {
        let Some(policy) = &project.team.github else { return };
        if self.position.policy.as_ref() != Some(policy) {
            let position = Position::of(&outside.handle, project.id, policy).await;
            *self = Self { position, ..Self::default() };
        }
        let github = &outside.handle.github;
        let asked = tokio::select! {
            asked = self.ask(outside, project, policy) => asked,
            () = outside.stop.cancelled() => return,
        };
        self.keep(outside, project.id).await;
        self.pause = if matches!(asked, Ok(true)) { PAUSE } else { longer(self.pause) };
        self.asked = Some(Instant::now());
        self.next = Some(Instant::now() + self.pause);
        if matches!(asked, Err(Error::NotSignedIn)) {
            github.forget(project.id).await;
        }
        github.note(project.id, |report| match &asked {
            Ok(_) => {
                report.asked_at = Some(outside.handle.now());
                report.trouble = None;
            }
            Err(error) => report.trouble = Some(explain(error)),
        });
    }

    /// Keeps how far was read, if that is new.
    async fn keep(&mut self, outside: &Outside, project: ProjectId) {
        let text = self.position.text(&outside.handle.screen());
        if let Some(text) = text.filter(|text| *text != self.kept) {
            outside.handle.keep_hint(position::key(project), text.clone()).await;
            self.kept = text;
        }
    }

    /// Takes in what is new; tells whether something was.
    async fn ask(
        &mut self,
        outside: &Arc<Outside>,
        project: &Project,
        policy: &Policy,
    ) -> Result<bool, Error> {
        let handle = &outside.handle;
        let connection = handle.github.of(outside, project, policy).await?;
        let asked_at = handle.read(|state| state.meta.seq.0);
        let Position { since, tag, .. } = &self.position;
        let answer = connection.issues.issues_changed(since.as_deref(), tag.as_ref()).await;
        let viewer = connection.viewer.clone();
        handle.github.note(project.id, |report| report.viewer = Some(viewer));
        let answer = answer?;
        if policy.issues.is_some() {
            self.note_pulls(&connection).await?;
        } else if let Listing::Fetched { value: issues, .. } = &answer {
            self.position.watch.note_changes(issues);
        }
        let is_new = self.take_in_issues(outside, project, &connection, answer, asked_at).await?;
        Ok(self.position.watch.look(outside, project, &connection).await? || is_new)
    }

    /// Notes which pull requests changed, where the issues are elsewhere.
    async fn note_pulls(&mut self, connection: &Connection) -> Result<(), Error> {
        let Position { pulls_since, pulls_tag, watch, .. } = &mut self.position;
        let client = &connection.client;
        let answer = client.issues_changed(pulls_since.as_deref(), pulls_tag.as_ref()).await?;
        if let Listing::Fetched { value: issues, tag } = answer {
            watch.note_changes(&issues);
            *pulls_since =
                issues.first().map(|issue| issue.updated_at.clone()).max(pulls_since.take());
            *pulls_tag = tag;
        }
        Ok(())
    }

    /// Takes in what is new about issues; tells whether something was.
    async fn take_in_issues(
        &mut self,
        outside: &Arc<Outside>,
        project: &Project,
        connection: &Connection,
        answer: Listing<Vec<crew_github::Issue>>,
        asked_at: u64,
    ) -> Result<bool, Error> {
        let Listing::Fetched { value: issues, tag } = answer else { return Ok(false) };
        let Listing::Fetched { value: comments, .. } =
            connection.issues.comments_changed(self.position.since.as_deref(), None).await?
        else {
            return Ok(false);
        };
        let newest = issues.first().map(|issue| issue.updated_at.clone());
        let mut is_all_heard = true;
        for issue in issues.into_iter().rev().filter(|issue| issue.pull_request.is_none()) {
            let number = issue.number;
            let its = comments.iter().filter(|comment| comment.issue() == Some(number));
            let seen = seen(outside, connection, issue, its, asked_at)?;
            match take_in(outside, project, connection, seen).await {
                // One issue that GitHub cannot tell us about keeps no other waiting.
                Err(error) if error.is_lasting() || matches!(error, Error::Malformed(_)) => {
                    tracing::warn!(
                        "issue {number} of {}: {error}",
                        connection.policy.issues_repository()
                    );
                }
                taken => is_all_heard &= taken?,
            }
        }
        // What came too late is asked again, though nothing changes there any more.
        if is_all_heard {
            self.position.tag = tag;
            self.position.since = newest.max(self.position.since.take());
        }
        Ok(true)
    }
}

/// The pause after one that brought nothing.
fn longer(pause: Duration) -> Duration {
    (pause * 3 / 2).clamp(PAUSE, PAUSE_MAX)
}

fn seen<'a>(
    outside: &Outside,
    connection: &Connection,
    issue: crew_github::Issue,
    comments: impl Iterator<Item = &'a crew_github::Comment>,
    asked_at: u64,
) -> Result<Seen, Error> {
    let home = outside.handle.home().id().map_err(|error| Error::Unreachable(error.to_string()))?;
    let marked = connection.marked(&issue, &home);
    let comments = comments.filter_map(|comment| {
        let text = comment.body.clone().unwrap_or_default();
        let author = comment.user.as_ref()?.login.clone();
        let is_ours = author == connection.viewer && Marker::read(&home, &text).is_some();
        (!is_ours).then_some(SeenComment { id: comment.id, author, text })
    });
    let mut comments: Vec<SeenComment> = comments.collect();
    comments.sort_by_key(|comment| comment.id);
    let (state, labels, assignees) = (ending(&issue), labels(&issue.labels), assignees(&issue));
    let (marked, body) = match marked {
        Some((marker, body)) => (Some(marker.task), body),
        None => (None, issue.body.unwrap_or_default()),
    };
    Ok(Seen {
        number: issue.number,
        marked,
        author: issue.user.map(|user| user.login).unwrap_or_default(),
        title: issue.title,
        body,
        labels,
        assignees,
        labelled_by: None,
        state,
        comments,
        updated_at: issue.updated_at,
        asked_at,
    })
}

/// Has it recorded, if it changes anything; tells whether it could be heard.
async fn take_in(
    outside: &Arc<Outside>,
    project: &Project,
    connection: &Connection,
    mut seen: Seen,
) -> Result<bool, Error> {
    let handle = &outside.handle;
    let (number, asked_at) = (seen.number, seen.asked_at);
    let link = || {
        handle.read(|state| {
            let tasks = state.tasks.values().filter(|task| task.project == project.id);
            let mut links = tasks.filter_map(|task| task.link.as_deref());
            links.find(|link| link.issue == Some(number)).cloned()
        })
    };
    if link().is_none() && door(&connection.policy, &seen) == Door::Shut(Shut::Unknown) {
        let events = connection.issues.events(number).await?;
        let is_intake = |event: &&crew_github::LabelEvent| {
            let label = event.label.as_ref().map(|label| label.name.as_str());
            let is_it = |label: &str| label.to_lowercase() == connection.policy.intake;
            event.event == "labeled" && label.is_some_and(is_it)
        };
        let last = events.iter().rfind(is_intake);
        seen.labelled_by = last.and_then(|event| event.actor.as_ref()).map(|a| a.login.clone());
    }
    record(outside, Event::IssueSeen { project: project.id, seen: Box::new(seen) }).await?;
    Ok(link().is_none_or(|link| !link.outdates(asked_at)))
}

/// Has something that was seen recorded, if it changes anything; tells whether it did.
pub(super) async fn record(outside: &Outside, event: Event) -> Result<bool, Error> {
    let handle = &outside.handle;
    // As it would be recorded: a key in it is hidden each time.
    let event = handle.screen().event(event);
    let is_new = handle
        .read(|state| step(state, &event, handle.now()))
        .is_ok_and(|step| step.dropped.is_none());
    if is_new {
        let recorded = handle.submit(event).await;
        recorded
            .map_err(|failure| Error::Unreachable(format!("BUG or shutting down: {failure}")))?;
    }
    Ok(is_new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_hour_costs_thirty_calls_and_the_first_one_few_more() {
        let mut pause = PAUSE;
        let mut calls_in_an_hour = || {
            let (mut spent, mut calls) = (Duration::ZERO, 0);
            while spent < Duration::from_hours(1) {
                pause = longer(pause);
                spent += pause;
                calls += 1;
            }
            calls
        };
        assert_eq!(calls_in_an_hour(), 33);
        assert_eq!(calls_in_an_hour(), 30);
    }
}
