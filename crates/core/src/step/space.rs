//! Too little space on the disk: nobody starts before there is enough again.
//!
//! The human is asked once for each disk, as soon as a run waits for it. When there is space the ask is
//! gone and work goes on; who answers before only has it looked at again.

use std::collections::BTreeSet;

use super::flow;
use crate::ask::{Asker, TRY_AGAIN};
use crate::project::Shortage;
use crate::run::Run;
use crate::state::Draft;
use crate::{ProjectId, Refusal};

/// The space for a project was looked at.
pub(super) fn seen(
    d: &mut Draft<'_>,
    id: ProjectId,
    short: Option<&Shortage>,
) -> Result<(), Refusal> {
    if d.project(id)?.short.as_ref() == short {
        return Err(Refusal::Stale("that was known before"));
    }
    d.project_mut(id)?.short = short.cloned();
    forget(d)
}

/// Asks the human about the disk that a run waits for, unless that was asked.
pub(super) fn ask(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let Some(Shortage { place, free_mb, floor_mb }) = d.project(run.project)?.short.clone() else {
        return Ok(());
    };
    let from = Asker::Disk { place: place.clone() };
    if d.open_asks().any(|ask| ask.from == from) {
        return Ok(());
    }
    let text = format!(
        "Only {free_mb} MB are free where {place} is, and no agent starts below {floor_mb} MB. When \
         there is more, work goes on by itself."
    );
    flow::new_ask(d, run.task, from, &text, vec![TRY_AGAIN.into()]).map(drop)
}

/// The human says that there is space: it is looked at again.
pub(super) fn seen_to(d: &mut Draft<'_>, place: &str) -> Result<(), Refusal> {
    for id in d.project_ids() {
        if d.project(id)?.short.as_ref().is_some_and(|short| short.place == place) {
            d.project_mut(id)?.short = None;
        }
    }
    Ok(())
}

/// What is not short any more is not asked about.
fn forget(d: &mut Draft<'_>) -> Result<(), Refusal> {
    let mut short = BTreeSet::new();
    for id in d.project_ids() {
        short.extend(d.project(id)?.short.as_ref().map(|short| short.place.clone()));
    }
    flow::expire_asks(d, |ask| matches!(&ask.from, Asker::Disk { place } if !short.contains(place)))
}
