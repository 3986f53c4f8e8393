//! The one loop of a shim: what happens to the agent, and when it is over.
//!
//! ```text
//!  Running ──agent exits──▶ Lingering ──────────┐
//!     │                                         ▼
//!     └─stop, deadline, output─▶ Asked ─────▶ Ending ──nothing left──▶ over
//! ```
//!
//! *Asked*: the agent alone was sent TERM, since a good agent ends its own children, and has its
//! grace. *Lingering*: it ended by itself; what it left may end as well. *Ending*: all that is
//! left is sent TERM, and a moment later KILL, again and again. In every state the launch is over
//! as soon as the kernel says that we have no children.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crew_core::{Millis, Time};
use rustix::process::Signal;

use super::record::{self, ERR, ExitRecord, IN, Input, OUT, Spec, Status, Why};
use super::run::{complain, now};
use super::spawn::Agent;
use super::times::Marks;
use super::wire::{ID_BYTES_MAX, LiveStatus, Refused, Reply, Request};
use crate::process::{self, ProcessId};

/// How often deadline and output are looked at.
const TICK_RUNNING: Duration = Duration::from_millis(200);
/// How often it is looked at what is left.
const TICK_ENDING: Duration = Duration::from_millis(20);
/// What descendants have to end by themselves after the agent did.
const LINGER: Duration = Duration::from_millis(500);
/// The longest time between TERM and KILL for descendants.
const DESCENDANT_GRACE_MAX: Duration = Duration::from_secs(2);
/// The longest grace of an agent that prints too much: every moment costs disk.
const FLOOD_GRACE_MAX: Duration = Duration::from_millis(500);
/// No grace is longer, whatever is asked for.
const GRACE_MAX: Duration = Duration::from_mins(10);
/// After so long of KILL the kernel will not give them up.
const KILL_PATIENCE: Duration = Duration::from_secs(10);

/// All that a shim can be told.
pub(super) enum Event {
    /// A child ended.
    Reaped { pid: u32, status: Status },
    /// There are no children any more.
    AllGone,
    /// A client wants something.
    Asked { request: Request, reply: Sender<Reply> },
    /// The system wants the shim to end.
    Terminated,
}

#[derive(Clone, Copy)]
enum Phase {
    Running,
    Asked { until: Instant },
    Lingering { until: Instant },
    Ending { kill_at: Instant },
}

/// Whether there is something left to supervise.
#[derive(PartialEq, Eq)]
enum Left {
    Something,
    Nothing,
}

/// The state of a launch while it runs.
pub(super) struct Supervisor {
    spec: Spec,
    agent: Agent,
    started_at: Time,
    phase: Phase,
    why: Why,
    /// How the agent ended, if it did.
    status: Option<Status>,
    inputs: HashSet<String>,
    /// Everything that was sent TERM already; it is sent once.
    signalled: HashSet<ProcessId>,
    survivors: Vec<ProcessId>,
    marks: Marks,
}

impl Supervisor {
    pub(super) fn new(spec: Spec, agent: Agent, started_at: Time) -> Self {
        Self {
            spec,
            agent,
            started_at,
            phase: Phase::Running,
            why: Why::Exited,
            status: None,
            inputs: HashSet::new(),
            signalled: HashSet::new(),
            survivors: Vec::new(),
            marks: Marks::new(Instant::now()),
        }
    }

    /// Supervises until nothing is left to supervise.
    pub(super) fn run(mut self, events: &Receiver<Event>) -> ExitRecord {
        let mut left = Left::Something;
        while left == Left::Something {
            left = match events.recv_timeout(self.tick()) {
                Ok(event) => self.on_event(event),
                Err(RecvTimeoutError::Timeout) => Left::Something,
                Err(RecvTimeoutError::Disconnected) => Left::Nothing,
            };
            let now = Instant::now();
            if left == Left::Something {
                left = self.on_time(now);
            }
            self.marks.look(now, || record::length(Path::new(OUT)));
        }
        self.record()
    }

    fn tick(&self) -> Duration {
        match self.phase {
            Phase::Running => TICK_RUNNING,
            Phase::Asked { .. } | Phase::Lingering { .. } | Phase::Ending { .. } => TICK_ENDING,
        }
    }

    fn on_event(&mut self, event: Event) -> Left {
        match event {
            Event::AllGone => return Left::Nothing,
            Event::Reaped { pid, status } if pid == self.agent.id.pid && self.status.is_none() => {
                self.on_agent_exit(status);
            }
            Event::Reaped { .. } => {}
            Event::Asked { request, reply } => {
                let answer = self.on_request(request);
                drop(reply.send(answer)); // it may have lost its patience
            }
            Event::Terminated => self.ask(Why::Stopped, to_duration(self.spec.grace)),
        }
        Left::Something
    }

    fn on_agent_exit(&mut self, status: Status) {
        self.status = Some(status);
        self.agent.feed.close();
        let now = Instant::now();
        match self.phase {
            Phase::Running => self.phase = Phase::Lingering { until: now + LINGER },
            Phase::Asked { .. } => self.end_descendants(now),
            Phase::Lingering { .. } | Phase::Ending { .. } => {}
        }
    }

    fn on_time(&mut self, now: Instant) -> Left {
        match self.phase {
            Phase::Running => self.check_limits(),
            Phase::Asked { until } | Phase::Lingering { until } if now >= until => {
                self.end_descendants(now);
            }
            Phase::Asked { .. } | Phase::Lingering { .. } => {}
            Phase::Ending { kill_at } => return self.sweep(now, kill_at),
        }
        Left::Something
    }

    fn check_limits(&mut self) {
        let grace = to_duration(self.spec.grace);
        if self.spec.deadline.is_some_and(|deadline| now() >= deadline) {
            self.ask(Why::Deadline, grace);
        } else if printed() > self.spec.output_bytes_max {
            self.ask(Why::OutputLimit, grace.min(FLOOD_GRACE_MAX));
        }
    }

    /// Asks the agent to end. Asking again can only make its time shorter.
    fn ask(&mut self, why: Why, grace: Duration) {
        let until = Instant::now() + grace;
        match self.phase {
            Phase::Running => {
                self.why = why;
                self.agent.feed.close();
                let agent = self.agent.id.clone();
                send(&agent, Signal::TERM);
                send(&agent, Signal::CONT); // a stopped process would not notice
                self.signalled.insert(agent);
                self.phase = Phase::Asked { until };
            }
            Phase::Asked { until: before } => {
                self.phase = Phase::Asked { until: until.min(before) };
            }
            Phase::Lingering { .. } | Phase::Ending { .. } => {}
        }
    }

    fn end_descendants(&mut self, now: Instant) {
        let grace = to_duration(self.spec.grace).min(DESCENDANT_GRACE_MAX);
        self.phase = Phase::Ending { kill_at: now + grace };
    }

    /// One look at all that is below us, however deep and in whatever session, and a signal to
    /// each. It is repeated because they may go on starting others.
    fn sweep(&mut self, now: Instant, kill_at: Instant) -> Left {
        let found = match process::descendants(&[std::process::id()]) {
            Ok(found) => found,
            Err(error) => {
                complain("cannot see what is left", &error);
                Vec::new()
            }
        };
        for id in &found {
            let first = self.signalled.insert(id.clone());
            if now >= kill_at {
                send(id, Signal::KILL);
            } else if first {
                send(id, Signal::TERM);
                send(id, Signal::CONT);
            }
        }
        if now < kill_at + KILL_PATIENCE {
            return Left::Something;
        }
        self.survivors = found;
        Left::Nothing
    }

    fn on_request(&mut self, request: Request) -> Reply {
        match request {
            Request::Input { id, line } => self.on_input(Input { id, line }),
            Request::CloseInput => {
                self.agent.feed.close();
                Reply::done()
            }
            Request::Stop { grace_ms } => {
                self.ask(Why::Stopped, to_duration(Millis(grace_ms)));
                Reply::done()
            }
            Request::Status => Reply::status(LiveStatus {
                agent_pid: self.status.is_none().then_some(self.agent.id.pid),
                ending: !matches!(self.phase, Phase::Running),
                out_bytes: record::length(Path::new(OUT)),
                err_bytes: record::length(Path::new(ERR)),
                input_bytes_waiting: self.agent.feed.waiting(),
            }),
        }
    }

    /// On disk first, then to the agent: so an answer that reached the agent is never unknown.
    fn on_input(&mut self, input: Input) -> Reply {
        if self.inputs.contains(&input.id) {
            return Reply::already();
        }
        if input.id.is_empty() || input.id.len() > ID_BYTES_MAX || input.line.contains('\n') {
            return Reply::refused(Refused::Invalid, "an input is an id and one line");
        }
        if let Err(why) = self.agent.feed.check() {
            return Reply::refused(why, "the agent takes no input now");
        }
        if let Err(error) = note(&input) {
            return Reply::refused(Refused::Disk, error.to_string());
        }
        match self.agent.feed.give(input.line) {
            Ok(()) => {
                self.inputs.insert(input.id);
                Reply::done()
            }
            Err(why) => Reply::refused(why, "the agent takes no input any more"),
        }
    }

    fn record(mut self) -> ExitRecord {
        let out_bytes = record::length(Path::new(OUT));
        self.marks.note(out_bytes);
        let others = self.signalled.iter().filter(|id| **id != self.agent.id).count();
        ExitRecord {
            why: self.why,
            status: self.status.unwrap_or(Status::Unknown),
            started_at: Some(self.started_at),
            ended_at: now(),
            out_bytes,
            err_bytes: record::length(Path::new(ERR)),
            killed_descendants: u32::try_from(others).unwrap_or(u32::MAX),
            survivors: self.survivors.iter().map(|id| id.pid).collect(),
        }
    }
}

fn printed() -> u64 {
    record::length(Path::new(OUT)).saturating_add(record::length(Path::new(ERR)))
}

fn note(input: &Input) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(input)?;
    line.push(b'\n');
    let mut file = record::append_private(Path::new(IN))?;
    file.write_all(&line)?;
    file.sync_data()
}

/// A process that cannot be signalled is not given up: it is tried again, and named at last.
fn send(id: &ProcessId, signal: Signal) {
    if let Err(error) = id.signal(signal) {
        complain(&format!("process {} cannot be signalled", id.pid), &error);
    }
}

fn to_duration(length: Millis) -> Duration {
    Duration::from_millis(length.0).min(GRACE_MAX)
}
