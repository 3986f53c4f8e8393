//! Agents: they work, ask, meet limits, fail, hang, respond in every way that is right or wrong,
//! and some go on talking when they should have gone.

use std::collections::VecDeque;

use crew_core::about::{About, Place};
use crew_core::call::{Call, Comment, Finish, Letter, Proposal};
use crew_core::plan::PlanWindow;
use crew_core::protocol::{Claim, LabelUpdate, Response, Verdict};
use crew_core::run::{Access, Purpose, Reached, Run, Trouble, TroubleKind};
use crew_core::{Millis, RoleName, RunId, State, TaskId, Time, Token, Usage, Words};

use super::random::Random;
use super::world::{World, is_mailbox};

/// Tokens that one report of an agent claims at most.
const REPORT_TOKENS: u64 = 40;

/// How agents are in one run of the simulation, in percent: what is rare in one is common in
/// another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Temper {
    /// Starts that hang from the beginning.
    pub(super) hangs: usize,
    /// Turns that meet a limit.
    pub(super) limits: usize,
    /// Checks that fail.
    pub(super) fails: usize,
}

impl Temper {
    pub(super) fn new(random: &mut Random) -> Self {
        let mut one_of = |percents: [usize; 3]| random.pick(&percents).copied().unwrap_or(0);
        Self { hangs: one_of([2, 6, 25]), limits: one_of([1, 5, 20]), fails: one_of([8, 16, 60]) }
    }
}

/// One start of an agent.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) task: TaskId,
    pub(super) slot: u32,
    /// Whether it works in a worktree of its own.
    pub(super) is_aside: bool,
    pub(super) alive: bool,
    /// What it said so far; the offset of each is its index plus one.
    pub(super) log: Vec<Words>,
    /// When it last said something.
    pub(super) heard_at: Time,
    /// The key of the ask whose answer it waits for.
    pub(super) waits_for: Option<String>,
    /// Remarks that it was told and has not taken in.
    pub(super) unheard: VecDeque<u64>,
    mood: Mood,
    asked: u32,
    used: u64,
    cap: u64,
}

/// What an agent is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// It works for so many turns more before it ends somehow.
    Works(usize),
    /// It has responded, and says so many things more.
    Lingers(usize),
    /// It lives, and neither says nor does anything.
    Hangs,
}

impl Process {
    /// An agent that works for some turns, or hangs from the beginning.
    pub(super) fn new(run: &Run, cap: u64, now: Time, mood: Mood) -> Self {
        Self {
            task: run.task,
            slot: run.slot,
            is_aside: run.is_aside(),
            alive: true,
            log: Vec::new(),
            heard_at: now,
            waits_for: None,
            unheard: VecDeque::new(),
            mood,
            asked: 0,
            used: run.spent.tokens(),
            cap,
        }
    }

    /// Whether it will do something by itself.
    pub(super) fn is_busy(&self) -> bool {
        self.alive && self.waits_for.is_none() && self.mood != Mood::Hangs
    }

    /// Tokens that it has reported.
    pub(super) fn reported(&self) -> u64 {
        let tokens = |words: &Words| match words {
            Words::Used(usage) => usage.tokens(),
            _ => 0,
        };
        self.log.iter().map(tokens).sum()
    }

    /// An answer arrives; it is for the one who asked by this key.
    pub(super) fn hear(&mut self, key: &str) {
        if self.waits_for.as_deref() == Some(key) {
            self.waits_for = None;
        }
    }

    pub(super) fn say(&mut self, words: Words, now: Time) {
        self.heard_at = now;
        self.log.push(words);
    }

    fn ask(&mut self, now: Time) {
        // A resumed conversation asks the same again, by the same key.
        self.asked += 1;
        let key = format!("ask-{}", self.asked);
        self.waits_for = Some(key.clone());
        let about = wish(self.asked).map(Box::new);
        self.say(Words::Asks { key, text: "?".into(), options: vec![], about }, now);
        self.mood = Mood::Works(1);
    }

    pub(super) fn fail(&mut self, now: Time, random: &mut Random) {
        if random.chance(20) {
            return self.say(Words::Repeats { times: 20, what: "shell ls".into() }, now);
        }
        let kind = trouble(random);
        self.say(Words::Failed(Trouble { kind, message: "it failed".into() }), now);
    }

    /// What it says besides.
    fn mention(&mut self, now: Time, random: &mut Random) {
        if random.chance(4) {
            self.say(Words::Compacted, now);
        }
        if random.chance(4) {
            let used = random.below(100) as u64;
            self.say(Words::Context { used, window: 100 }, now);
        }
        if random.chance(4) {
            let resets = Some(now + Millis::minutes(random.below(20) as u64));
            let percent = 50 + random.below(51) as u32;
            let windows = vec![PlanWindow::of(Millis::hours(5), percent, resets)];
            self.say(Words::Plan { windows }, now);
        }
        if random.chance(4) {
            let whole = format!("/data/{}/x", random.below(3));
            let place = Place::Elsewhere { whole };
            let access = if random.chance(50) { Access::Read } else { Access::Write };
            let reached = Reached { place, access, denied: random.chance(80) };
            self.say(Words::Reached(reached), now);
        }
    }

    fn meet_limit(&mut self, now: Time, random: &mut Random) {
        let lengths = [1, 30, 600];
        let length = random.pick(&lengths).copied().unwrap_or(1);
        let until = random.chance(60).then(|| now + Millis::seconds(length));
        self.say(Words::Limited { until, message: "limit".into() }, now);
    }
}

/// What it asks for, the same each time that it asks for the n-th thing.
fn wish(n: u32) -> Option<About> {
    let place = |path: &str| Place::Worktree { path: path.to_owned() };
    let commands = ["make test", "git push", "make test && git push", "ls $X"];
    let command = commands.get(n as usize).map(|command| About::run("Bash", command, None));
    let about = match n % 7 {
        0 => return None,
        1..=3 => command?,
        4 => About::change("Edit", vec!["src/a".to_owned()]),
        5 => About::look("Read", vec!["docs/b".to_owned()]),
        _ => About::other("WebFetch", "{}".to_owned()),
    };
    about.placed(place)
}

fn trouble(random: &mut Random) -> TroubleKind {
    match random.below(10) {
        0 => TroubleKind::Provider,
        1 | 2 => TroubleKind::Human,
        _ => TroubleKind::Transient,
    }
}

impl World {
    /// Lets one agent, or one person who reads triggers, do one thing.
    pub(super) fn act(&mut self, state: &State, now: Time, random: &mut Random) {
        let agents: Vec<(RunId, Token)> =
            self.alive.iter().filter(|key| self.processes[key].is_busy()).copied().collect();
        let people: Vec<RoleName> = self.triggers.keys().cloned().collect();
        let at = random.below(agents.len() + people.len());
        if let Some((run, token)) = agents.get(at) {
            if let Some(run) = state.runs.get(run) {
                self.act_as(run, *token, state, now, random);
            }
        } else if let Some(role) = people.get(at - agents.len().min(at)) {
            self.act_as_person(&role.clone(), state, random);
        }
    }

    fn act_as_person(&mut self, role: &RoleName, state: &State, random: &mut Random) {
        let Some((run, _)) = self.triggers.get(role) else { return };
        let Some(run) = state.runs.get(run) else { return };
        if self.calm || random.chance(90) {
            self.triggers.remove(role); // otherwise they do it again later
        }
        self.write_response(run, state, random);
    }

    fn act_as(&mut self, run: &Run, token: Token, state: &State, now: Time, random: &mut Random) {
        let calm = self.calm;
        if (calm || random.chance(50)) && self.take_in(run.id, token, now) {
            return;
        }
        let Some(process) = self.processes.get_mut(&(run.id, token)) else { return };
        match process.mood {
            Mood::Hangs => {}
            Mood::Works(0) => self.come_to_an_end(run, token, state, now, random),
            Mood::Works(_) if !calm && random.chance(self.temper.limits) => {
                process.meet_limit(now, random);
                self.kill(run.id, token);
            }
            Mood::Works(turns) => {
                process.mood = Mood::Works(turns - 1);
                let over = !calm && random.chance(2);
                let present = state.projects.get(&run.project).map(|p| p.team.budget.run.tokens);
                let cap = present.unwrap_or(0).min(process.cap);
                let tokens = REPORT_TOKENS.min(cap.saturating_sub(process.used));
                let tokens = if over { cap } else { tokens };
                self.overrun += (process.used + tokens).saturating_sub(cap);
                process.used += tokens;
                let usage = Usage { input_tokens: tokens, cost: None, ..Usage::default() };
                process.say(Words::Used(usage), now);
                if !calm {
                    process.mention(now, random);
                }
                if run.purpose == Purpose::Work && !calm && random.chance(10) {
                    self.commit_on(run.task, run.slot); // it commits by itself
                }
            }
            Mood::Lingers(0) => {
                if random.chance(50) {
                    self.kill(run.id, token);
                } else {
                    process.mood = Mood::Hangs;
                }
            }
            Mood::Lingers(more) => {
                process.mood = Mood::Lingers(more - 1);
                match random.below(6) {
                    0 => process.fail(now, random),
                    1 => process.meet_limit(now, random),
                    2 => {
                        process.ask(now);
                        process.mood = Mood::Lingers(0);
                    }
                    3 => {
                        let words = Words::Session { id: "s".into() };
                        process.say(words, now);
                    }
                    _ => {
                        let response = respond(run, state, calm, random);
                        let words = Words::Responds { response: Some(response), text: "2".into() };
                        process.say(words, now);
                    }
                }
            }
        }
    }

    fn come_to_an_end(
        &mut self,
        run: &Run,
        token: Token,
        state: &State,
        now: Time,
        random: &mut Random,
    ) {
        let calm = self.calm;
        let Some(process) = self.processes.get_mut(&(run.id, token)) else { return };
        match if calm { 9 } else { random.below(16) } {
            0 => self.kill(run.id, token),
            1 => process.mood = if random.chance(50) { Mood::Hangs } else { Mood::Works(3) },
            2 => {
                process.meet_limit(now, random);
                self.kill(run.id, token);
            }
            3 => {
                process.fail(now, random);
                self.kill(run.id, token);
            }
            4 | 5 => process.ask(now),
            6 => {
                process.say(Words::Responds { response: None, text: "hm".into() }, now);
                process.mood = Mood::Lingers(0);
            }
            7 if !is_mailbox(run, state) && !run.is_aside() => {
                self.write_response(run, state, random); // by file instead of last words
                if random.chance(70) {
                    self.kill(run.id, token);
                } else if let Some(process) = self.processes.get_mut(&(run.id, token)) {
                    process.mood = Mood::Hangs;
                }
            }
            _ => {
                let response = respond(run, state, calm, random);
                let words = Words::Responds { response: Some(response), text: String::new() };
                process.say(words, now);
                process.mood = Mood::Lingers(random.below(4));
                if calm || random.chance(70) {
                    self.kill(run.id, token); // the others do not exit by themselves
                }
            }
        }
    }
}

/// What an agent may want of us while it works.
pub(super) fn call(random: &mut Random) -> Call {
    let text = "so it is".to_owned();
    match random.below(8) {
        0 => Call::Subtask(Proposal { title: text, body: String::new(), criteria: Vec::new() }),
        1 | 2 => Call::Message(Letter { to: None, text }),
        3 => Call::Finish(Finish {
            claim: random
                .pick(&[Claim::Done, Claim::Request, Claim::Error])
                .copied()
                .unwrap_or(Claim::Done),
            summary: text.clone(),
            verdict: random
                .pick(&[None, Some(Verdict::Pass), Some(Verdict::Fail)])
                .copied()
                .flatten(),
            pick: random.chance(50).then(|| random.below(4) as u32),
            to: None,
            pr: None,
            evidence: vec![text],
            criteria: Vec::new(),
        }),
        _ => Call::Comment(Comment { text }),
    }
}

/// The number of the first of those that a judge may choose.
fn first_candidate(run: &Run, state: &State) -> Option<u32> {
    let first = state.tasks.get(&run.task)?.phase.candidates().first()?;
    Some(state.runs.get(first)?.slot)
}

/// What an agent or a person says about a run in the end.
pub(super) fn respond(run: &Run, state: &State, calm: bool, random: &mut Random) -> Response {
    let mut response = Response { issue: Some(run.task), ..Response::new(Claim::Done, "did it") };
    match run.purpose {
        Purpose::Verdict => {
            let pass = calm || random.chance(70);
            response.verdict = Some(if pass { Verdict::Pass } else { Verdict::Fail });
            if calm || random.chance(90) {
                response.evidence.push("the tests".into());
            }
            if !calm && random.chance(10) {
                response.verdict = None;
            }
        }
        Purpose::Choose if calm => response.pick = first_candidate(run, state),
        Purpose::Choose => response.pick = Some(random.below(5) as u32),
        Purpose::Work | Purpose::Consult { .. } | Purpose::Answer { .. } => {}
    }
    if calm {
        return response;
    }
    match random.below(10) {
        0 => response.claim = Claim::Request,
        1 => response.claim = Claim::Error,
        2 => response.issue = Some(TaskId(99)),
        3 | 4 => {
            let stages = &state.projects[&run.project].team.stages;
            if let Some(stage) = random.pick(stages) {
                response.label =
                    Some(LabelUpdate { from: run.stage.clone(), to: stage.name.clone() });
            }
        }
        5 => response.issue = None,
        _ => {}
    }
    response
}
