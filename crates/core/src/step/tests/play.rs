//! A play: lines of a script become events, and what is visible afterwards is printed.
//!
//! One second passes with each line. What was refused or dropped is printed as it comes, with `!`.

use std::fmt::Write as _;

use crate::about::{About, Place};
use crate::ask::{AnsweredBy, Ask, AskState, Asker, Permission, Reach};
use crate::plan::PlanWindow;
use crate::project::Shortage;
use crate::protocol::parse_response;
use crate::run::{Access, Reached, Run, RunState, Trouble, TroubleKind, Wait, Whom, Wish};
use crate::state::{LimitEnd, State};
use crate::status::Delivery;
use crate::step::{next_wake, step};
use crate::task::{Anchor, CommitId, Hold, Task};
use crate::team::{self, Team};
use crate::{AskId, Effect, EffectId, Event, Millis, ProjectId, RunId, Settled, StageName};
use crate::{TaskDraft, TaskId, Time, Token, Usage, Words};

/// Plan, build, done: a PM, two developers, a judge.
const TEAM: &str = r#"
[limits]
agents = 3
[budget]
run_tokens = 100
task_tokens = 1000
day_tokens = 5000
[providers.native]
kind = "native"
api = "playbook"
model = "builtin"
[roles]
pm = { provider = "native" }
dev = { provider = "native", agents = 2 }
judge = { provider = "native" }
[[stages]]
name = "plan"
owner = "pm"
next = ["build"]
[[stages]]
name = "build"
owner = "dev"
next = ["done"]
back = "plan"
gates = [{ human = true }]
[[stages]]
name = "done"
mode = "end"
"#;

const NOON: Time = Time(20_000 * 86_400_000 + 12 * 3_600_000);

pub(crate) struct Play {
    pub(crate) state: State,
    pub(crate) now: Time,
    text: String,
    printed: String,
}

/// Plays a script with the team of [`TEAM`].
pub(crate) fn play(script: &str) -> String {
    play_with(&[], script)
}

/// Plays a script with a team whose text is changed before.
pub(crate) fn play_with(changes: &[(&str, &str)], script: &str) -> String {
    let mut play = Play::new(changes);
    play.run(script);
    play.print()
}

fn team(text: &str) -> Box<Team> {
    match team::parse(text) {
        Ok(team) => Box::new(team),
        Err(problems) => panic!("{problems:?} in {text}"),
    }
}

impl Play {
    pub(crate) fn new(changes: &[(&str, &str)]) -> Self {
        let text = changes.iter().fold(TEAM.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from} is not in the team");
            text.replace(from, to)
        });
        let (state, printed) = (State::default(), String::new());
        let mut play = Self { state, now: NOON, text: text.clone(), printed };
        let (name, root) = ("p".into(), "/p".into());
        play.give(&Event::ProjectAdded { name, root, team: team(&text) });
        play
    }

    pub(crate) fn run(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.now = self.now + Millis::seconds(1);
            let event = self.event(line);
            if let Some(why) = self.give(&event) {
                writeln!(self.printed, "! {line}: {why}").unwrap();
            }
        }
    }

    /// Why it was refused or dropped, if it was.
    pub(crate) fn give(&mut self, event: &Event) -> Option<String> {
        match step(&self.state, event, self.now) {
            Ok(step) => {
                self.state.apply(step.change);
                step.dropped
            }
            Err(refusal) => Some(format!("refused, {refusal}")),
        }
    }

    fn event(&mut self, line: &str) -> Event {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Ok(run) = word.parse::<RunId>()
            && word.starts_with('r')
        {
            return self.of_run(run, rest);
        }
        let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let project = ProjectId(1);
        let task = || first.parse::<TaskId>().unwrap();
        match word {
            "project" => {
                let (name, root) = (first.to_owned(), format!("/{first}"));
                Event::ProjectAdded { name, root, team: team(&self.text) }
            }
            "add" if first.starts_with('p') => {
                let draft = TaskDraft { title: "t".into(), ..TaskDraft::default() };
                Event::TaskAdded { project: first.parse().unwrap(), draft }
            }
            "add" => {
                let depends_on = first.parse().into_iter().collect();
                let draft = TaskDraft { title: "t".into(), depends_on, ..TaskDraft::default() };
                Event::TaskAdded { project, draft }
            }
            "want" => {
                let criteria = rest.split(';').map(|it| it.trim().to_owned()).collect();
                let draft = TaskDraft { title: "t".into(), criteria, ..TaskDraft::default() };
                Event::TaskAdded { project, draft }
            }
            "move" => Event::TaskMoved { task: task(), to: more.parse().unwrap() },
            "pause" => Event::TaskPaused { task: task() },
            "interrupt" => Event::TaskInterrupted { task: task() },
            "resume" => Event::TaskResumed { task: task() },
            "cancel" => Event::TaskCancelled { task: task() },
            "edit" => {
                let depends_on = more.parse().into_iter().collect();
                let draft = TaskDraft { title: "t".into(), depends_on, ..TaskDraft::default() };
                Event::TaskEdited { task: task(), draft }
            }
            "remark" => Event::Remarked { task: task(), from: "me".into(), text: more.into() },
            "approve" => {
                let commit = (!more.is_empty()).then(|| CommitId(more.into()));
                Event::Approved { task: task(), commit }
            }
            "reject" => Event::Rejected { task: task(), why: more.into() },
            "answer" => Event::Answered { ask: first.parse::<AskId>().unwrap(), text: more.into() },
            "emergency" => Event::EmergencyStopped,
            "release" => Event::EmergencyReleased,
            "file" => {
                let response = parse_response(&more.replace(';', "\n")).unwrap();
                Event::ResponseFound { project, role: first.parse().unwrap(), response }
            }
            "wait" => {
                self.now = self.now + Millis::seconds(first.parse().unwrap());
                Event::Ticked
            }
            "sleep" => {
                let by = Millis::minutes(first.parse().unwrap());
                self.now = self.now + by;
                Event::ClockJumped { by }
            }
            "team" => {
                let (from, to) = rest.split_once(" => ").unwrap();
                assert!(self.text.contains(from), "{from} is not in the team");
                self.text = self.text.replace(from, to);
                Event::TeamLoaded { project, team: team(&self.text) }
            }
            _ => self.control(word, rest),
        }
    }

    /// What people say of work that goes on, and of what they were asked.
    fn control(&self, word: &str, rest: &str) -> Event {
        let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let task = || first.parse::<TaskId>().unwrap();
        match word {
            "asking" => {
                let ask_after_limit = true;
                let draft =
                    TaskDraft { title: "t".into(), ask_after_limit, ..TaskDraft::default() };
                Event::TaskAdded { project: ProjectId(1), draft }
            }
            "hand" => {
                let (provider, model) = more.split_once('/').unwrap_or((more, ""));
                let model = (!model.is_empty()).then(|| model.to_owned());
                let to = Wish { provider: provider.parse().unwrap(), model };
                Event::TaskHandedOver { task: task(), to }
            }
            "always" => {
                let (permission, reach) = more.split_once(' ').unwrap();
                let permission = Permission::of(permission).unwrap();
                let reach = if reach == "task" { Reach::Task } else { Reach::Role };
                Event::AnsweredAlways { ask: first.parse().unwrap(), permission, reach }
            }
            "question" => {
                let (whom, question) = more.split_once(' ').unwrap_or((more, ""));
                let whom = match (whom, whom.parse()) {
                    ("author", _) => Whom::Author,
                    (_, Ok(run)) => Whom::Run { run },
                    (role, Err(_)) => Whom::Role { role: role.parse().unwrap() },
                };
                Event::Questioned { task: task(), whom, question: question.into() }
            }
            "lift" => {
                Event::LimitLifted { project: ProjectId(1), provider: first.parse().unwrap() }
            }
            "unask" => Event::Unasked { run: first.parse().unwrap() },
            "pin" => Event::Pinned { task: task(), text: more.into() },
            "promote" => Event::Promoted { task: task(), anchor: more.parse().unwrap() },
            "unpin" => Event::Unpinned { task: task(), anchor: more.parse().unwrap() },
            "forget" => Event::Forgotten { ask: first.parse().unwrap() },
            "full" => {
                let place = first.to_owned();
                let short = Some(Shortage { place, free_mb: 7, floor_mb: 500 });
                Event::SpaceSeen { project: ProjectId(1), short }
            }
            "roomy" => Event::SpaceSeen { project: ProjectId(1), short: None },
            effect => self.settled(effect, rest),
        }
    }

    fn of_run(&self, run: RunId, line: &str) -> Event {
        let row = &self.state.runs[&run];
        let (token, offset) = (row.token, row.read_to + 1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let trouble = |kind| Words::Failed(Trouble { kind, message: rest.into() });
        let words = match word {
            "exits" => return Event::Exited { run, token, how: "exit 1".into() },
            "calls" => {
                let (id, call) = rest.split_once(' ').unwrap();
                let call = serde_json::from_str(call).unwrap();
                return Event::Called { run, token, id: id.into(), call };
            }
            "touches" => {
                let files = rest.split_whitespace().map(str::to_owned).collect();
                return Event::Touched { run, token, files };
            }
            "overheard" => {
                let until = rest.parse().ok().map(|n| self.now + Millis::seconds(n));
                return Event::Overheard { run, token, until, message: "limit".into() };
            }
            "silent" => return Event::Silent { run, token },
            "quiet" => return Event::Quiet { run, token, since: self.now },
            "heard" => return Event::Heard { run, token },
            "stale" => return Event::Exited { run, token: Token(token.0 - 1), how: "old".into() },
            "again" => {
                let words = Words::Used(Usage { input_tokens: 7, ..Usage::default() });
                return Event::Said { run, token, offset: offset - 1, words };
            }
            "uses" => {
                let input_tokens = rest.parse().unwrap();
                Words::Used(Usage { input_tokens, ..Usage::default() })
            }
            "asks" => {
                Words::Asks { key: rest.into(), text: "?".into(), options: vec![], about: None }
            }
            "wants" => wants(rest),
            "limited" => {
                let until = rest.parse().ok().map(|n| self.now + Millis::seconds(n));
                Words::Limited { until, message: "limit".into() }
            }
            "fails" => trouble(TroubleKind::Transient),
            "needs" => trouble(TroubleKind::Human),
            "refused" => trouble(TroubleKind::Provider),
            "circles" => Words::Repeats { times: 20, what: rest.into() },
            "says" => {
                let text = rest.replace(';', "\n");
                Words::Responds { response: parse_response(&text).ok(), text }
            }
            "takes" => Words::TookIn { remark: rest.parse().unwrap() },
            "plan" => plan(rest, self.now),
            "compacts" => Words::Compacted,
            "misses" => misses(rest),
            "fills" => Words::Context { used: rest.parse().unwrap(), window: 100 },
            "session" => Words::Session { id: rest.into() },
            other => panic!("`{other}` is no line of a run"),
        };
        Event::Said { run, token, offset, words }
    }

    /// The oldest effect of that kind that is in the outbox is settled.
    fn settled(&self, word: &str, rest: &str) -> Event {
        let head = || CommitId(rest.to_owned());
        let why = || rest.to_owned();
        let trouble = || Trouble { kind: TroubleKind::Transient, message: why() };
        let (kind, result) = match word {
            "started" => ("start", Settled::Started { head: head() }),
            "anew" => ("start", Settled::StartedAnew),
            "unstarted" => ("start", Settled::NotStarted { trouble: trouble() }),
            "nospace" => ("start", Settled::NoSpace),
            "unserved" => {
                let trouble = Trouble { kind: TroubleKind::Provider, message: why() };
                ("start", Settled::NotStarted { trouble })
            }
            "stopped" => ("stop", Settled::Stopped),
            "interrupted" => ("interrupt", Settled::Stopped),
            "sent" => ("send", Settled::Sent),
            "told" => ("tell", Settled::Sent),
            "reminded" => ("remind", Settled::Sent),
            "replied" => ("reply", Settled::Sent),
            "saved" => ("save", Settled::Saved { head: head() }),
            "back" => ("save", Settled::Released),
            "unsaved" => ("save", Settled::NotSaved { why: why() }),
            "combined" => ("combine", Settled::Combined { head: head() }),
            "passed" => ("check", Settled::Checked { passed: true, output: why() }),
            "failed" => ("check", Settled::Checked { passed: false, output: why() }),
            "unchecked" => ("check", Settled::NotChecked { why: why() }),
            "merged" => ("merge", Settled::Merged { commit: head() }),
            "conflict" => ("merge", Settled::Conflicted { files: vec![why()] }),
            "held" => ("merge", Settled::MergeHeld { why: why() }),
            "released" => ("release", Settled::Released),
            "unreleased" => ("release", Settled::NotReleased { why: why() }),
            "twice" => return Event::Settled { effect: EffectId(1), result: Settled::Stopped },
            other => panic!("`{other}` is no line of a play"),
        };
        let effect = self.state.outbox.iter().find(|(_, effect)| effect.word() == kind);
        let effect = effect.unwrap_or_else(|| panic!("nothing to {kind} in {}", self.print()));
        Event::Settled { effect: *effect.0, result }
    }

    /// Everything that is visible, and what was refused or dropped on the way.
    pub(crate) fn print(&self) -> String {
        let mut out = self.printed.clone();
        let State { meta, projects: _, tasks, runs, asks, limits, outbox, .. } = &self.state;
        for row in tasks.values() {
            self.print_task(&mut out, row);
        }
        for row in runs.values() {
            print_run(&mut out, row, self.now);
        }
        for row in asks.values() {
            print_ask(&mut out, row);
        }
        for (account, window) in limits {
            let account = account.as_str().trim_end_matches(" of p1");
            let until = after(window.until, self.now);
            let (probe, guesses) = (window.probe, window.guesses);
            write!(out, "limit of {account} {until}, guesses {guesses}, probe {probe:?}").unwrap();
            let by_human = window.ends != LimitEnd::Time;
            writeln!(out, "{}", if by_human { ", for you to see to" } else { "" }).unwrap();
        }
        for (id, effect) in outbox {
            writeln!(out, "{id} {}", effect_text(effect)).unwrap();
        }
        if meta.stopped.is_some() {
            out.push_str("everything is stopped\n");
        }
        if let Some(wake) = next_wake(&self.state, self.now) {
            writeln!(out, "wakes {}", after(wake, self.now)).unwrap();
        }
        out
    }

    fn print_task(&self, out: &mut String, task: &Task) {
        let status = crate::status::status(&self.state, task, self.now);
        let Task { id, stage, phase, hold, head, catch_up, remarks, starts, .. } = task;
        let Task { consults, raised, budget_ask, visits, depends_on, kept, .. } = task;
        write!(out, "{id} in {stage}: {} ({status})", phase.word()).unwrap();
        let mut also = |given: bool, words: String| {
            if given {
                write!(out, ", {words}").unwrap();
            }
        };
        let come = |stage: &StageName| visits.get(stage).copied().unwrap_or(0);
        also(come(stage) > 1, format!("visit {}", come(stage)));
        also(*hold != Hold::Free, format!("{hold:?}").to_lowercase());
        also(head.is_some(), format!("head {}", head.as_ref().map_or("", |head| &head.0)));
        also(*catch_up, "to catch up".into());
        let spent = self.state.spent_on(*id);
        also(spent.tokens() > 0, format!("spent {}", spent.tokens()));
        also(*starts > 0, format!("starts {starts}"));
        also(*consults > 0, format!("consults {consults}"));
        also(*raised > 0, format!("raised {raised}"));
        also(budget_ask.is_some(), format!("budget ask {budget_ask:?}"));
        also(!depends_on.is_empty(), format!("after {depends_on:?}"));
        also(kept.is_some(), "keeps its worktree".into());
        out.push('\n');
        for anchor in &task.anchors {
            let Anchor { number, at: _, from, text, standing } = anchor;
            writeln!(out, "  {standing:?} {number} by {from}: {text}").unwrap();
        }
        for remark in remarks {
            let to = match remark.number {
                0 => String::new(),
                number => match crate::status::delivery(&self.state, *id, number) {
                    Delivery::Heard(run) => format!(" ({run} knows)"),
                    Delivery::OnItsWay(run) => format!(" (on its way to {run})"),
                    Delivery::Next => " (for who is next)".to_owned(),
                },
            };
            let asked = remark.question.as_ref().map(|it| format!(", asked `{}`", it.text));
            let (from, asked) = (&remark.from, asked.unwrap_or_default());
            writeln!(out, "  {from}{asked}: {}{to}", remark.text.replace('\n', " / ")).unwrap();
        }
    }
}

/// `KEY run COMMAND` or `KEY change FILE`.
fn wants(rest: &str) -> Words {
    let (key, deed) = rest.split_once(' ').unwrap();
    let (word, what) = deed.split_once(' ').unwrap();
    let about = match word {
        "run" => About::run("Bash", what, None),
        "change" => About::change("Edit", vec![what.into()]),
        other => panic!("`{other}` is nothing that can be wanted"),
    };
    let about = about.placed(|path| Place::Worktree { path: path.into() });
    let options = vec!["allow".into(), "deny".into()];
    let (key, text) = (key.into(), "May it?".into());
    Words::Asks { key, text, options, about: about.map(Box::new) }
}

/// `PERCENT SECONDS`: of five hours, until then.
fn plan(rest: &str, now: Time) -> Words {
    let (percent, seconds) = rest.split_once(' ').unwrap();
    let resets = now + Millis::seconds(seconds.parse().unwrap());
    let window = PlanWindow::of(Millis::hours(5), percent.parse().unwrap(), Some(resets));
    Words::Plan { windows: vec![window] }
}

/// `read PATH` or `write PATH`, which was refused.
fn misses(rest: &str) -> Words {
    let (access, path) = rest.split_once(' ').unwrap();
    let access = if access == "read" { Access::Read } else { Access::Write };
    let place = Place::Elsewhere { whole: path.into() };
    Words::Reached(Reached { place, access, denied: true })
}

fn after(moment: Time, now: Time) -> String {
    if moment < now {
        format!("{} ago", now.since(moment))
    } else {
        format!("in {}", moment.since(now))
    }
}

fn print_run(out: &mut String, run: &Run, now: Time) {
    let Run { id, task, role, purpose, slot, token, failures, state, response, trouble, .. } = run;
    let until = match state {
        RunState::Queued { not_before } if *not_before > now => after(*not_before, now),
        RunState::Waiting(Wait::Limit { until }) => after(*until, now),
        RunState::Stopping { then, .. } => format!("{then:?}").replace("Time", ""),
        RunState::Running { responded: Some(_), .. } => "responded".into(),
        RunState::Running { quiet: Some(_), .. } => "quiet".into(),
        _ => String::new(),
    };
    let purpose = format!("{purpose:?}");
    let purpose = purpose.split(' ').next().unwrap_or_default();
    write!(out, "{id} {purpose} of {role} on {task}/{slot}, start {token}: {}", state.word())
        .unwrap();
    let until = if until.is_empty() { until } else { format!(" {until}") };
    let failed = if *failures > 0 { format!(", failures {failures}") } else { String::new() };
    let said = response.as_ref().map_or(String::new(), |said| format!(", {:?}", said.claim));
    let trouble = trouble.as_ref().map_or(String::new(), |t| format!(", {:?} trouble", t.kind));
    let with = run.why.as_ref().map(|why| format!(", with {}: {why}", run.provider));
    let after = run.takes_over.map(|run| format!(", after {run}"));
    let model = run.model().map_or(String::new(), |model| format!(" and {model}"));
    let left = run
        .leaves
        .as_ref()
        .map(|left| format!(", leaves {} of {} at {} %", left.session, left.run, left.percent));
    let (with, after) = (with.unwrap_or_default() + &model, after.unwrap_or_default());
    let left = left.unwrap_or_default();
    writeln!(out, "{until}{failed}{said}{trouble}{with}{after}{left}").unwrap();
}

fn print_ask(out: &mut String, ask: &Ask) {
    let from = match &ask.from {
        Asker::Agent { run, key } => format!("{run} by `{key}`"),
        Asker::Call { run, call } => format!("{run} by the call `{call}`"),
        Asker::Request { run } => format!("the request of {run}"),
        Asker::Arbiter => "crewhouse".into(),
        Asker::Provider { provider } => format!("crewhouse about `{provider}`"),
        Asker::Purse { purse } => format!("crewhouse about {purse:?}"),
        Asker::Disk { place } => format!("crewhouse about {place}"),
        Asker::Sandbox { role } => {
            let about = ask.about.as_ref().map(ToString::to_string);
            format!("crewhouse for {role} ({})", about.unwrap_or_default())
        }
    };
    let state = match &ask.state {
        AskState::Open => "open".into(),
        AskState::Answered { text, by: AnsweredBy::Human, .. } => format!("answered `{text}`"),
        AskState::Answered { text, by, .. } => format!("answered `{text}` {by}"),
        AskState::Expired { .. } => "expired".into(),
    };
    writeln!(out, "{} about {} from {from}: {state}", ask.id, ask.task).unwrap();
}

fn effect_text(effect: &Effect) -> String {
    let commit = |commit: &Option<CommitId>| commit.as_ref().map_or("-".into(), |c| c.0.clone());
    match effect {
        Effect::Start { run, token } => format!("start {run}.{token}"),
        Effect::Stop { run, token } => format!("stop {run}.{token}"),
        Effect::Interrupt { run, token } => format!("interrupt {run}.{token}"),
        Effect::Send { run, token, ask, text, .. } => {
            format!("send {ask} `{text}` to {run}.{token}")
        }
        Effect::Tell { run, token, remark, .. } => {
            format!("tell {run}.{token} remark {}: {}", remark.number, remark.text)
        }
        Effect::Remind { run, token, compaction } => {
            format!("remind {run}.{token} of {compaction}")
        }
        Effect::Reply { run, token, call, reply } => {
            let how = if reply.ok { "done" } else { "refused" };
            format!("reply {how} to `{call}` of {run}.{token}: {}", reply.text.replace('\n', " / "))
        }
        Effect::Save { run, how } => format!("save {run} {how:?}"),
        Effect::Combine { task, runs } => format!("combine {runs:?} of {task}"),
        Effect::Check { task, slot, commit: at, command, .. } => {
            let task = if *slot == 0 { task.to_string() } else { format!("{task}/{slot}") };
            format!("check {task} at {}: {command}", commit(at))
        }
        Effect::Merge { task, commit: at } => format!("merge {task} at {}", commit(at)),
        Effect::Release { task } => format!("release {task}"),
        Effect::Publish { task, .. } => format!("publish {task}"),
        Effect::Pull { task, .. } => format!("pull {task}"),
    }
}
