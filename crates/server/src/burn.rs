//! What was spent within the last hour, read off the journal and kept for the next look.

use std::collections::VecDeque;

use crew_core::{Event, ProjectId, RunId, Seq, State, Time, Usage, Words};
use crew_store::{Entry, Reader, StoreError};

use crate::wire::Amount;

/// How far back is looked.
const WINDOW_MS: u64 = 60 * 60 * 1_000;
/// Entries read from the database at a time.
const BATCH: u32 = 500;

/// What was spent lately.
#[derive(Debug, Default)]
pub(crate) struct Burn {
    read_to: Option<Seq>,
    spent: VecDeque<Spent>,
}

#[derive(Debug)]
struct Spent {
    at: u64,
    run: RunId,
    usage: Usage,
}

impl Burn {
    /// Takes in what was recorded since the last look.
    pub(crate) fn catch_up(
        &mut self,
        reader: &Reader,
        newest: Seq,
        now: u64,
    ) -> Result<(), StoreError> {
        let oldest = now.saturating_sub(WINDOW_MS);
        let mut after = match self.read_to {
            Some(seq) if seq <= newest => seq,
            Some(_) | None => reader.before(Time(oldest), newest)?,
        };
        while after < newest {
            let entries = reader.entries(after, BATCH)?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
            self.spent.extend(entries.iter().filter_map(spent));
        }
        self.read_to = Some(after);
        while self.spent.front().is_some_and(|spent| spent.at < oldest) {
            self.spent.pop_front();
        }
        Ok(())
    }

    /// The sum, of one project or of all.
    pub(crate) fn amount(&self, state: &State, project: Option<ProjectId>) -> Amount {
        let is_of = |run: RunId| {
            project.is_none() || state.runs.get(&run).map(|run| run.project) == project
        };
        let mut amount = Amount::default();
        for Spent { at: _, run: _, usage } in self.spent.iter().filter(|spent| is_of(spent.run)) {
            amount.tokens = amount.tokens.saturating_add(usage.tokens());
            let cost = usage.cost.map_or(0, |cost| cost.0);
            amount.cost_micros = amount.cost_micros.saturating_add(cost);
        }
        amount
    }
}

fn spent(entry: &Entry) -> Option<Spent> {
    match &entry.body {
        Event::Said { run, words: Words::Used(usage), .. } => {
            Some(Spent { at: entry.at.0, run: *run, usage: *usage })
        }
        _ => None,
    }
}
