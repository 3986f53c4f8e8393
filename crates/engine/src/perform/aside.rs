//! Asking who did the work: which conversation answers, and where.
//!
//! The conversation is copied, or forked by its program, so that the old one stays as it was. Where it is
//! not to be had, a new one answers from what is on record, and it is noted that it is so.

use std::fs;
use std::path::Path;

use anyhow::Context;
use crew_agent::codex::{CODEX, Remembered};
use crew_agent::{ToolName, claude};
use crew_core::Token;
use crew_core::run::{Purpose, Run};
use crew_core::team::{Permissions, ProviderKind};
use crew_git::{Worktree, Worktrees};
use crew_store::Home;

use super::Outside;
use super::prepare::{change, environment};
use super::program::{config_dir, secrets, settings};
use crate::brief;
use crate::place::{Place, session_file};
use crate::prompt::MATERIAL_BYTES_MAX;

/// In the directory of a start: its conversation is not the one that was asked for.
const ANEW: &str = "anew";

/// Who answers a question looks, and does nothing else, whatever its role may do otherwise.
fn look_only(Place { project, run, .. }: &mut Place) {
    if let Some(role) = project.team.roles.get_mut(&run.role) {
        let tools = [ToolName::Read, ToolName::Search, ToolName::Finish];
        role.tools = tools.map(|tool| tool.as_str().to_owned()).to_vec();
        role.rules.clear(); // the arbiter says no to all of it
    }
    match project.team.providers.get_mut(&run.provider).map(|provider| &mut provider.kind) {
        Some(ProviderKind::Claude(program) | ProviderKind::Codex(program)) => {
            program.permissions = Permissions::Deny;
            program.allow.clear();
        }
        Some(ProviderKind::Acp(agent)) => {
            (agent.permissions, agent.mode) = (Permissions::Deny, None);
        }
        Some(ProviderKind::Native(_) | ProviderKind::Mailbox) | None => {}
    }
}

/// The run whose conversation is asked, if a run is to go on with one that is there.
pub(super) fn asked(outside: &Outside, run: &Run) -> Option<Run> {
    match &run.purpose {
        Purpose::Answer { of, anew: false, .. } => {
            outside.handle.read(|state| state.runs.get(of).cloned())
        }
        Purpose::Answer { .. }
        | Purpose::Work
        | Purpose::Consult { .. }
        | Purpose::Verdict
        | Purpose::Choose => None,
    }
}

/// Has the conversation that a run is to go on with ready for it, and all that it may not do taken out of
/// the place. If there is no such conversation, the run begins one, and the place says so.
pub(super) fn recall(
    outside: &Outside,
    place: &Place,
    (kind, token): (&ProviderKind, Token),
) -> anyhow::Result<Place> {
    let mut place = place.clone();
    if !place.run.is_aside() {
        return Ok(place);
    }
    look_only(&mut place);
    let source = asked(outside, &place.run);
    let is_there = match source.filter(|source| may_be_asked(&place.run, source)) {
        Some(source) => is_recalled(outside, &place, kind, &source)?,
        None => false,
    };
    if let Purpose::Answer { anew, .. } = &mut place.run.purpose
        && !is_there
    {
        *anew = true;
        let dir = outside.handle.home().run(place.run.id, token);
        fs::create_dir_all(&dir)?;
        fs::write(dir.join(ANEW), "").context("noting that the conversation is not there")?;
    }
    Ok(place)
}

/// A start that said nothing and failed may have failed for the conversation.
fn may_be_asked(run: &Run, source: &Run) -> bool {
    run.provider == source.provider && (run.failures == 0 || run.session.is_some())
}

fn is_recalled(
    outside: &Outside,
    place: &Place,
    kind: &ProviderKind,
    source: &Run,
) -> anyhow::Result<bool> {
    let home = outside.handle.home();
    let file = |run: &Run| session_file(home, &place.project, run);
    let Some(session) = &source.session else { return Ok(false) };
    Ok(match kind {
        ProviderKind::Native(_) => copy_lines(&file(source), &file(&place.run))?,
        ProviderKind::Claude(program) => {
            let own = config_dir(place);
            let dir = own.or_else(|| settings(claude::CONFIG_DIR, ".claude", &secrets(program)));
            dir.is_some_and(|dir| claude::is_kept(&dir, session))
        }
        ProviderKind::Codex(program) => {
            let Ok(installed) = CODEX.find(&program.program, &environment()) else {
                return Ok(true); // it is said when it is to be started
            };
            let (from, to) = (file(source).with_extension("codex"), file(&place.run));
            let known = Remembered::find_thread(&from, session, installed.version);
            known.map(|it| it.copy(&from, &to.with_extension("codex"))).transpose()?.is_some()
        }
        // What they call loading a conversation changes it.
        ProviderKind::Acp(_) | ProviderKind::Mailbox => false,
    })
}

/// Copies a conversation of our own agent, as far as it is whole, unless that was done; tells whether
/// there is one.
fn copy_lines(from: &Path, to: &Path) -> anyhow::Result<bool> {
    if fs::metadata(to).is_ok_and(|known| known.len() > 0) {
        return Ok(true);
    }
    let Ok(mut said) = fs::read(from) else { return Ok(false) };
    said.truncate(said.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    if said.is_empty() {
        return Ok(false);
    }
    let part = to.with_extension("part");
    fs::write(&part, said).with_context(|| format!("writing {}", part.display()))?;
    fs::rename(&part, to).with_context(|| format!("writing {}", to.display()))?;
    Ok(true)
}

/// Whether a start answers without the conversation that was asked for.
pub(super) fn is_anew(home: &Home, run: &Run, token: Token) -> bool {
    run.is_aside() && home.run(run.id, token).join(ANEW).exists()
}

/// What is on record, for who has no conversation to remember it by.
pub(super) fn record(
    outside: &Outside,
    place: &Place,
    (worktrees, worktree): (&Worktrees, &Worktree),
) -> anyhow::Result<String> {
    let Purpose::Answer { of, anew: true, .. } = &place.run.purpose else {
        return Ok(String::new());
    };
    let brief = brief::of_run(&outside.handle, *of, worktree, &place.project.team.merge.base)?;
    let change = change(worktrees, place, place.run.slot, MATERIAL_BYTES_MAX)?;
    Ok(format!("{brief}## The change\n{change}"))
}
