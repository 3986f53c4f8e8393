//! The mailbox and the team file of each project: what comes in by files.
//!
//! A watch wakes, a scan is the truth. A file is archived only after the event that it became is
//! durable, and that event carries the key of the file: seen twice is done once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crew_agent::mailbox::{Kind, Mailbox, Rejected, Rules, Scan, Taken, Watch};
use crew_core::protocol::{parse_response, parse_trigger};
use crew_core::team::ProviderKind;
use crew_core::{Event, ProjectId, RoleName, TaskDraft};
use tokio::sync::Notify;

use crate::crash::crash_point;
use crate::perform::{Outside, blocking};
use crate::teamfile::{self, TEAM_DIRECTORY, read_team};
use crate::{Failure, Handle};

/// Without being woken, everything is looked at after this.
const SCAN_EVERY: Duration = Duration::from_secs(2);
/// When a file was still being written, it is looked at again after this.
const SOON: Duration = Duration::from_millis(100);

/// Looks after the files of all projects until the daemon ends.
pub(crate) async fn attend(outside: Arc<Outside>) {
    let woken = Arc::new(Notify::new());
    let mut desks: BTreeMap<ProjectId, Desk> = BTreeMap::new();
    loop {
        let projects: Vec<(ProjectId, String)> = outside
            .handle
            .read(|state| state.projects.values().map(|p| (p.id, p.root.clone())).collect());
        let mut later = false;
        for (id, root) in projects {
            let desk = desks.entry(id).or_insert_with(|| Desk::new(id, root));
            later |= desk.attend(&outside, &woken).await;
        }
        let pause = if later { SOON } else { SCAN_EVERY };
        tokio::select! {
            () = outside.stop.cancelled() => return,
            () = woken.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Reads every project's team file, before anything is begun by an older one.
pub(crate) async fn reload_teams(handle: &Handle) {
    let projects: Vec<(ProjectId, String)> =
        handle.read(|state| state.projects.values().map(|p| (p.id, p.root.clone())).collect());
    for (id, root) in projects {
        Desk::new(id, root).reload_team(handle).await;
    }
}

/// One project's files.
struct Desk {
    project: ProjectId,
    root: String,
    mailbox: Option<(Arc<Mailbox>, BTreeSet<String>)>,
    watch: Option<Watch>,
    /// Files were taken that are not recorded: an earlier daemon's, or because the disk was full.
    unfinished: bool,
    /// The newest `team.toml` that was looked at, or why it could not be read.
    team_text: Option<Result<String, String>>,
}

impl Desk {
    fn new(project: ProjectId, root: String) -> Self {
        Self { project, root, mailbox: None, watch: None, unfinished: true, team_text: None }
    }

    /// Takes in what is there; tells whether something will be there soon.
    async fn attend(&mut self, outside: &Arc<Outside>, woken: &Arc<Notify>) -> bool {
        self.reload_team(&outside.handle).await;
        let Some(mailbox) = self.open(&outside.handle) else { return false };
        if self.watch.is_none() {
            let woken = Arc::clone(woken);
            self.watch = Watch::start(&mailbox, move || woken.notify_one()).ok();
        }
        let now = outside.handle.now();
        let shared = Arc::clone(&mailbox);
        let unfinished = std::mem::take(&mut self.unfinished);
        let scanned = blocking(move || {
            let mut scan = if unfinished { shared.pending()? } else { Scan::default() };
            let fresh = shared.scan(now);
            scan.taken.extend(fresh.taken);
            scan.rejected.extend(fresh.rejected);
            scan.troubles.extend(fresh.troubles);
            scan.later = fresh.later;
            Ok(scan)
        });
        let scan = match scanned.await {
            Ok(scan) => scan,
            Err(error) => {
                tracing::warn!("{}: {error:#}", self.root);
                return false;
            }
        };
        for trouble in &scan.troubles {
            tracing::warn!("{trouble}");
        }
        for rejected in scan.rejected {
            tell(&outside.handle, self.project, rejected).await;
        }
        for taken in &scan.taken {
            let done = take_in(&outside.handle, self.project, &mailbox, taken).await;
            self.unfinished |= done.is_none();
        }
        scan.later > 0 || self.unfinished
    }

    /// The mailbox by the rules of the present team.
    fn open(&mut self, handle: &Handle) -> Option<Arc<Mailbox>> {
        let external = handle.read(|state| external_roles(state, self.project));
        if let Some((mailbox, roles)) = &self.mailbox
            && *roles == external
        {
            return Some(Arc::clone(mailbox));
        }
        let team = Path::new(&self.root).join(TEAM_DIRECTORY);
        if !team.is_dir() {
            return None; // the repository is not here, or was never set up
        }
        let rules = Rules { external_roles: external.clone(), ..Rules::default() };
        match Mailbox::open(&team.join("shared"), rules) {
            Ok(mailbox) => {
                let mailbox = Arc::new(mailbox);
                self.unfinished = true;
                self.watch = None; // it tells the mailbox that it was made for
                self.mailbox = Some((Arc::clone(&mailbox), external));
                Some(mailbox)
            }
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        }
    }

    /// A changed `team.toml` is used if it is good; the last good one stays otherwise.
    async fn reload_team(&mut self, handle: &Handle) {
        let root = Path::new(&self.root);
        let text = match teamfile::read_text(&teamfile::path(root)) {
            // An editor is just replacing it, or another branch is checked out.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            // What cannot be read is a mistake like any other.
            other => other.map_err(|error| error.to_string()),
        };
        if self.team_text.as_ref() == Some(&text) {
            return;
        }
        let project = self.project;
        let known = handle.read(|state| state.projects.get(&project).cloned());
        let Some(known) = known else { return };
        let refused = |why: String| Event::TeamRefused { project, why };
        let event = match read_team(root) {
            Ok(team) if team == known.team && known.team_refused.is_none() => None,
            Ok(team) => Some(Event::TeamLoaded { project, team: Box::new(team) }),
            Err(problems) => {
                let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
                let why = why.join("\n");
                (known.team_refused.as_ref() != Some(&why)).then(|| refused(why))
            }
        };
        let told = match event {
            None => Ok(()),
            Some(event) => match handle.submit(event).await {
                // What is in its way may be done one day: it is tried again, and told once.
                Err(Failure::Refused(refusal))
                    if known.team_refused != Some(refusal.to_string()) =>
                {
                    handle.submit(refused(refusal.to_string())).await.ok();
                    return;
                }
                other => other.map(drop),
            },
        };
        if told.is_ok() {
            self.team_text = Some(text);
        }
    }
}

fn external_roles(state: &crew_core::State, project: ProjectId) -> BTreeSet<String> {
    let Some(project) = state.projects.get(&project) else { return BTreeSet::new() };
    let is_external = |provider: &crew_core::ProviderName| {
        let provider = project.team.providers.get(provider);
        provider.is_some_and(|provider| provider.kind == ProviderKind::Mailbox)
    };
    let roles = project.team.roles.iter().filter(|(_, role)| is_external(&role.provider));
    roles.map(|(name, _)| name.to_string()).collect()
}

/// Makes an event of a file, and puts the file away once that is durable. `None` if it could not be
/// recorded now; the file stays where it is and is found again.
async fn take_in(
    handle: &Handle,
    project: ProjectId,
    mailbox: &Arc<Mailbox>,
    taken: &Taken,
) -> Option<()> {
    crash_point("after", "taking-a-file");
    let refused = match meaning(project, taken) {
        Ok(event) => match handle.submit_once(event, taken.key.clone()).await {
            Ok(receipt) => receipt.dropped,
            Err(Failure::Refused(refusal)) => Some(refusal.to_string()),
            Err(failure @ (Failure::NotRecorded(_) | Failure::Closing)) => {
                tracing::warn!("{} waits: {failure}", taken.name);
                return None;
            }
        },
        Err(reason) => Some(reason),
    };
    let put_away = match refused {
        None => mailbox.archive(taken).map(|()| None),
        Some(reason) => mailbox.reject(taken, &reason),
    };
    match put_away {
        Ok(None) => {}
        Ok(Some(rejected)) => tell(handle, project, rejected).await,
        Err(error) => tracing::warn!("{error}"),
    }
    Some(())
}

/// Puts on record that a file was set aside. The file itself is what counts, and the status shows
/// how many there are.
async fn tell(handle: &Handle, project: ProjectId, rejected: Rejected) {
    let Rejected { name, reason: why } = rejected;
    tracing::warn!("{name} was set aside: {why}");
    handle.submit(Event::MailSetAside { project, name, why }).await.ok();
}

fn meaning(project: ProjectId, taken: &Taken) -> Result<Event, String> {
    let role: RoleName = taken.role.parse().map_err(|error| format!("{error}"))?;
    match taken.kind {
        Kind::Response => {
            let response = parse_response(&taken.text).map_err(|error| error.to_string())?;
            Ok(Event::ResponseFound { project, role, response })
        }
        Kind::Trigger => {
            let trigger = parse_trigger(&taken.text).map_err(|error| error.to_string())?;
            let from = format!("mailbox, for {role}");
            if let Some(task) = trigger.issue {
                return Ok(Event::Remarked { task, from, text: trigger.body });
            }
            let body = format!("{}\n\n(asked of {role} through the mailbox)", trigger.body);
            let draft = TaskDraft { title: trigger.title, body, ..TaskDraft::default() };
            Ok(Event::TaskAdded { project, draft })
        }
    }
}
