//! The followers: each brings one agent's words to the arbiter, in order, and then its exit; and it
//! watches the agent's health.

use std::collections::BTreeSet;

use crew_core::run::{Run, RunState};
use crew_core::{Event, Millis, Time};

use super::{Sim, Start};

impl Sim {
    /// Brings new words and exits on their way.
    pub(super) fn read_agents(&mut self) {
        let holds = |run: &&Run| run.state.holds_agent();
        let live = self.state.live_runs().filter(holds).map(|run| (run.id, run.token));
        let starts: BTreeSet<Start> = live.chain(self.stops.values().copied()).collect();
        for start in starts {
            self.read_some(start);
        }
    }

    fn read_some(&mut self, (run, token): Start) {
        let Some(process) = self.world.processes.get(&(run, token)) else { return };
        let stored = self.state.runs.get(&run).filter(|row| row.token == token);
        let from = stored.map_or(0, |row| row.read_to as usize);
        let read = self.read.entry((run, token)).or_insert(from);
        for _ in 0..2 {
            match process.log.get(*read) {
                Some(words) => {
                    *read += 1;
                    let (offset, words) = (*read as u64, words.clone());
                    self.inbound.push_back(Event::Said { run, token, offset, words });
                }
                None if !process.alive && *read == process.log.len() => {
                    *read += 1; // the exit is reported once
                    self.inbound.push_back(Event::Exited { run, token, how: "exit 1".into() });
                    return;
                }
                None => return,
            }
        }
    }

    /// What follows an agent flags it when it is quiet, and gives it up when it is silent.
    pub(super) fn check_health(&mut self) -> Result<(), String> {
        for start in self.world.alive.clone() {
            let Some((heard, quiet, silent)) = self.watched(start) else { continue };
            let (run, token) = start;
            let pause = self.now.since(heard);
            let waits = pause >= quiet && run.0.is_multiple_of(5);
            let event = if waits && !self.flagged.contains(&start) {
                let message = "its log says: limit".to_owned();
                Event::Overheard { run, token, until: None, message }
            } else if pause >= silent {
                Event::Silent { run, token }
            } else if pause >= quiet && self.flagged.insert(start) {
                Event::Quiet { run, token, since: heard }
            } else if pause < quiet && self.flagged.remove(&start) {
                Event::Heard { run, token }
            } else {
                continue;
            };
            self.take(&event, None)?;
        }
        Ok(())
    }

    /// When an agent was last heard, and how long it may be quiet and silent; `None` if it may be
    /// so for ever.
    pub(super) fn watched(&self, (run, token): Start) -> Option<(Time, Millis, Millis)> {
        let row = self.state.runs.get(&run).filter(|row| row.token == token)?;
        let RunState::Running { responded: None, .. } = row.state else { return None };
        let limits = self.state.projects.get(&row.project)?.team.limits;
        let heard = self.world.processes.get(&(run, token))?.heard_at;
        Some((heard, limits.quiet, limits.silent))
    }
}
