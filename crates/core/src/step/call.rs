//! What agents want of us while they work: each call is decided once, and the agent is told.
//!
//! A call that is not possible changes nothing but its count; the agent hears why, and what to do
//! instead. Only a question that waits for the human has no reply yet.

use super::asks::{self, Put};
use super::{agent, answer, flow, human, limit};
use crate::ask::Asker;
use crate::call::{
    Answer, CALLS_MAX, COMMENTS_MAX, Call, Finish, Letter, MESSAGES_MAX, Met, Pin, Proposal,
    Question, Reply, SUBTASKS_MAX,
};
use crate::effect::Effect;
use crate::event::TaskDraft;
use crate::project::Message;
use crate::protocol::{Claim, CriterionAnswer, LabelUpdate, Response, Verdict};
use crate::run::{Outcome, Purpose, Run, RunEvent, RunState};
use crate::state::Draft;
use crate::task::{Standing, Task};
use crate::team::Team;
use crate::{Refusal, RunId, StageName, Token};

/// What the agent is told, or why it was not done.
type Decided = Result<String, String>;

pub(super) fn called(
    d: &mut Draft<'_>,
    (id, token): (RunId, Token),
    name: &str,
    call: &Call,
) -> Result<(), Refusal> {
    agent::fence(d, id, token)?;
    if matches!(d.run(id)?.state, RunState::Preparing { .. }) {
        agent::started(d, id)?; // its call overtook the news of its start
    }
    limit::serves_again(d, id)?;
    d.run_mut(id)?.calls += 1;
    let reply = match decide(d, id, name, call) {
        Ok(None) => return Ok(()), // the human is asked
        Ok(Some(Ok(text))) => Reply::done(text),
        Ok(Some(Err(problem))) => Reply::refused(problem),
        Err(refusal) => Reply::refused(refusal.to_string()),
    };
    d.effect(Effect::Reply { run: id, token, call: name.to_owned(), reply });
    Ok(())
}

fn decide(
    d: &mut Draft<'_>,
    id: RunId,
    name: &str,
    call: &Call,
) -> Result<Option<Decided>, Refusal> {
    if d.run(id)?.calls > CALLS_MAX {
        return Ok(Some(Err(format!("this run has made {CALLS_MAX} calls, and may make no more"))));
    }
    if let Err(problem) = call.check() {
        return Ok(Some(Err(problem)));
    }
    if d.run(id)?.is_aside() && !matches!(call, Call::Finish(_)) {
        return Ok(Some(Err(answer::NOT_ASIDE.to_owned())));
    }
    match call {
        Call::Finish(with) => finish(d, id, with).map(Some),
        Call::Ask(question) => ask(d, id, name, question),
        Call::Comment(comment) => say(d, id, &comment.text).map(Some),
        Call::Pin(with) => pin(d, id, with).map(Some),
        Call::Subtask(proposal) => propose(d, id, proposal).map(Some),
        Call::Message(letter) => write(d, id, letter).map(Some),
    }
}

fn ask(
    d: &mut Draft<'_>,
    id: RunId,
    name: &str,
    question: &Question,
) -> Result<Option<Decided>, Refusal> {
    if agent::is_stopping(d, id)? {
        return Ok(Some(Err("this run is being stopped".to_owned())));
    }
    if d.run(id)?.response.is_some() {
        return Ok(Some(Err("this run has finished, and needs no answer any more".to_owned())));
    }
    let from = Asker::Call { run: id, call: name.to_owned() };
    let put = asks::Question { text: &question.text, options: &question.options, about: None };
    Ok(match asks::put(d, id, from, put)? {
        Put::Open => None,
        Put::Answered { ask: _, text } => Some(Ok(text)),
        Put::TooMany => Some(Err("this run has asked as often as it may\n\
             hint: decide yourself, or finish with the claim `request`"
            .to_owned())),
    })
}

/// The end of a run. What is said in the text protocol after it changes nothing.
fn finish(d: &mut Draft<'_>, id: RunId, with: &Finish) -> Result<Decided, Refusal> {
    let run = d.run(id)?;
    if run.response.is_some() {
        return Ok(Err("this run has finished before\nhint: end your turn".to_owned()));
    }
    let response = match response(d, run, with)? {
        Ok(response) => response,
        Err(problem) => return Ok(Err(problem)),
    };
    let claim = response.claim;
    d.run_mut(id)?.response = Some(response);
    if !agent::is_stopping(d, id)? {
        d.move_run(id, RunEvent::Responded)?;
    }
    let how = match claim {
        Claim::Done => "done",
        Claim::Request => "a request",
        Claim::Error => "an error",
    };
    Ok(Ok(format!("Taken as {how}. End your turn now; nothing else is needed.")))
}

/// The response that it amounts to, if it fits what the run is for.
fn response(d: &Draft<'_>, run: &Run, with: &Finish) -> Result<Result<Response, String>, Refusal> {
    let task = d.task(run.task)?;
    let team = &d.project(run.project)?.team;
    let candidates = candidates(d, task);
    let check = || {
        check_purpose(run, with, &candidates)?;
        check_way(run, with, team)?;
        answers(run, with, &task.criteria)
    };
    Ok(check().map(|criteria| Response {
        issue: Some(run.task),
        label: with.to.clone().map(|to| LabelUpdate { from: run.stage.clone(), to }),
        pr: with.pr.clone().filter(|pr| !pr.trim().is_empty()),
        verdict: with.verdict,
        pick: with.pick,
        evidence: with.evidence.clone(),
        criteria,
        ..Response::new(with.claim, with.summary.trim())
    }))
}

/// The numbers of those that there is to choose among.
fn candidates(d: &Draft<'_>, task: &Task) -> Vec<u32> {
    task.phase.candidates().iter().filter_map(|id| Some(d.run(*id).ok()?.slot)).collect()
}

fn check_purpose(run: &Run, with: &Finish, candidates: &[u32]) -> Result<(), String> {
    if with.claim != Claim::Done {
        return Ok(());
    }
    let is_candidate = |pick: u32| candidates.contains(&pick);
    match run.purpose {
        Purpose::Verdict if with.verdict.is_none() => {
            Err("you are asked for a verdict, and give none\n\
                 hint: `verdict` is `pass` or `fail`"
                .to_owned())
        }
        Purpose::Verdict if with.evidence.is_empty() => {
            Err("a verdict without evidence cannot be believed\n\
                 hint: `evidence` lists what you ran or read, and what came of it"
                .to_owned())
        }
        Purpose::Choose if !with.pick.is_some_and(is_candidate) => {
            let numbers: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            let hint = format!("`pick` is the number of one: {}", numbers.join(", "));
            Err(format!("you are asked to choose a candidate\nhint: {hint}"))
        }
        Purpose::Work
        | Purpose::Consult { .. }
        | Purpose::Verdict
        | Purpose::Choose
        | Purpose::Answer { .. } => Ok(()),
    }
}

fn check_way(run: &Run, with: &Finish, team: &Team) -> Result<(), String> {
    let Some(to) = &with.to else { return Ok(()) };
    let names = |names: Vec<&StageName>| {
        let names: Vec<&str> = names.into_iter().map(StageName::as_str).collect();
        names.join(", ")
    };
    let stage = team.stage(&run.stage);
    match run.purpose {
        Purpose::Work if team.allows(&run.stage, to) => Ok(()),
        Purpose::Work => Err(format!(
            "the pipeline does not lead from {} to `{to}`\nhint: `to` is one of {}, or left out",
            run.stage,
            names(stage.map_or_else(Vec::new, |it| it.next.iter().chain(&it.back).collect()))
        )),
        Purpose::Consult { .. } if team.stage(to).is_some_and(|stage| !stage.is_end()) => Ok(()),
        Purpose::Consult { .. } => Err(format!(
            "nobody can send a task to `{to}`\nhint: `to` is one of {}, or left out",
            names(team.stages.iter().filter(|it| !it.is_end()).map(|it| &it.name).collect())
        )),
        Purpose::Verdict | Purpose::Choose => {
            Err("who judges does not say where the task goes\nhint: leave `to` out".to_owned())
        }
        Purpose::Answer { .. } => {
            Err("who answers a question does not move the task\nhint: leave `to` out".to_owned())
        }
    }
}

/// The answers to the acceptance criteria. Who says that the work is done, or good, answers each.
fn answers(run: &Run, with: &Finish, criteria: &[String]) -> Result<Vec<CriterionAnswer>, String> {
    let mut given: Vec<Option<&Answer>> = vec![None; criteria.len()];
    for answer in &with.criteria {
        let at = (answer.number as usize).checked_sub(1);
        match at.and_then(|at| given.get_mut(at)) {
            None => {
                return Err(format!(
                    "there is no criterion {}\nhint: the task has {}, counted from 1",
                    answer.number,
                    criteria.len()
                ));
            }
            Some(Some(_)) => {
                return Err(format!("criterion {} is answered twice\nhint: choose", answer.number));
            }
            Some(place) => *place = Some(answer),
        }
    }
    let must = match run.purpose {
        Purpose::Work | Purpose::Verdict => with.claim == Claim::Done,
        Purpose::Consult { .. } | Purpose::Choose | Purpose::Answer { .. } => false,
    };
    let missing = (1..).zip(criteria).zip(&given).filter(|(_, answer)| answer.is_none());
    let missing: Vec<String> = missing.map(|((n, text), _)| format!("{n}. {text}")).collect();
    if must && !missing.is_empty() {
        return Err(format!(
            "these acceptance criteria are not answered:\n{}\n\
             hint: `criteria` has for each its `number`, `met` (`met` or `not_met`), and `why`",
            missing.join("\n")
        ));
    }
    let unmet = with.criteria.iter().find(|answer| answer.met == Met::NotMet);
    if let (Some(Verdict::Pass), Some(unmet)) = (with.verdict, unmet) {
        return Err(format!(
            "the verdict is `pass`, but criterion {} is not met\nhint: then it is `fail`",
            unmet.number
        ));
    }
    let answered = criteria.iter().zip(given).filter_map(|(criterion, answer)| {
        let Answer { met, why, .. } = answer?;
        Some(CriterionAnswer { criterion: criterion.clone(), met: *met, why: why.clone() })
    });
    Ok(answered.collect())
}

/// Counts a comment or a message; `false` when there were enough.
fn may_speak(d: &mut Draft<'_>, id: RunId) -> Result<bool, Refusal> {
    let run = d.run_mut(id)?;
    let may = run.comments < COMMENTS_MAX;
    run.comments += u32::from(may);
    Ok(may)
}

fn enough_said() -> Decided {
    Err(format!(
        "a run writes at most {COMMENTS_MAX} comments and messages\nhint: say it at the end"
    ))
}

fn say(d: &mut Draft<'_>, id: RunId, text: &str) -> Result<Decided, Refusal> {
    if !may_speak(d, id)? {
        return Ok(enough_said());
    }
    let (now, Run { role, task, .. }) = (d.now, d.run(id)?.clone());
    d.task_mut(task)?.remark(now, role.to_string(), text);
    Ok(Ok(format!("{task} has your comment.")))
}

/// The PM pins. What others want to be pinned is proposed: nobody makes their own words a rule.
fn pin(d: &mut Draft<'_>, id: RunId, with: &Pin) -> Result<Decided, Refusal> {
    let (now, Run { role, task, project, .. }) = (d.now, d.run(id)?.clone());
    let is_pm = d.project(project)?.team.coordinator() == Some(&role);
    let (row, from) = (d.task_mut(task)?, role.as_str());
    let done = match (with.anchor, is_pm) {
        (Some(_), false) => {
            return Ok(Err("only the PM and the human pin what was proposed\n\
                 hint: say what matters as `text`"
                .to_owned()));
        }
        (Some(anchor), true) => {
            row.promote(anchor).map(|()| format!("Anchor {anchor} of {task} is pinned."))
        }
        (None, true) => row
            .pin(now, from, &with.text, Standing::Pinned)
            .map(|anchor| format!("It is pinned to {task} as anchor {anchor}.")),
        (None, false) => row.pin(now, from, &with.text, Standing::Proposed).map(|anchor| {
            format!("It is proposed for {task} as anchor {anchor}. The human or the PM pins it.")
        }),
    };
    Ok(done.map_err(|refusal| match refusal.hint() {
        Some(hint) => format!("{refusal}\nhint: {hint}"),
        None => refusal.to_string(),
    }))
}

/// Proposes a task; it begins when the human says so.
fn propose(d: &mut Draft<'_>, id: RunId, proposal: &Proposal) -> Result<Decided, Refusal> {
    let Run { role, task, project, .. } = d.run(id)?.clone();
    if d.proposed_by(task) >= SUBTASKS_MAX {
        return Ok(Err(format!(
            "{SUBTASKS_MAX} tasks that were proposed at work on {task} are open already\n\
             hint: write the others into your summary"
        )));
    }
    let Proposal { title, body, criteria } = proposal;
    let why = format!("{role} proposes this, at work on {task}.");
    let body = format!("{}\n\n({why})", body.trim()).trim_start().to_owned();
    let draft = TaskDraft {
        title: title.trim().to_owned(),
        body,
        criteria: criteria.clone(),
        labels: d.task(task)?.labels.clone(),
        ..TaskDraft::default()
    };
    let new = human::add_task(d, project, &draft)?;
    d.task_mut(new)?.proposed_by = Some(task);
    flow::propose(d, new, &format!("{why} Shall it begin?"))?;
    Ok(Ok(format!("{new} is proposed. It begins when the human says so; do not wait for it.")))
}

/// Leaves a message for a role. It is on the card, too.
fn write(d: &mut Draft<'_>, id: RunId, letter: &Letter) -> Result<Decided, Refusal> {
    let Run { role, task, project, .. } = d.run(id)?.clone();
    let Letter { to, text } = letter;
    let row = d.project(project)?;
    let mut may = row.team.roles.get(&role).map_or_else(Vec::new, |role| role.messages.clone());
    may.extend(row.team.coordinator().cloned());
    may.retain(|other| *other != role);
    let to = to.clone().or_else(|| row.team.coordinator().cloned());
    let Some(to) = to.filter(|to| may.contains(to)) else {
        let names: Vec<&str> = may.iter().map(crate::RoleName::as_str).collect();
        let hint = if names.is_empty() {
            "ask the human, or comment".to_owned()
        } else {
            format!("`to` is one of {}", names.join(", "))
        };
        return Ok(Err(format!("{role} may not write to that role\nhint: {hint}")));
    };
    if row.messages.iter().filter(|message| message.to == to).count() >= MESSAGES_MAX {
        return Ok(Err(format!("{to} has {MESSAGES_MAX} unread messages\nhint: comment instead")));
    }
    if !may_speak(d, id)? {
        return Ok(enough_said());
    }
    let (at, text) = (d.now, text.clone());
    d.task_mut(task)?.remark(at, role.to_string(), format!("To {to}: {text}"));
    let told = format!("{to} reads it when it works next; do not wait for it.");
    let message = Message { at, from: role, task, to, text, reader: None };
    d.project_mut(project)?.messages.push(message);
    Ok(Ok(told))
}

/// A run that starts reads what was written to its role.
pub(super) fn hand_out_messages(d: &mut Draft<'_>, run: &Run) -> Result<(), Refusal> {
    let is_for_it = |message: &Message| message.to == run.role && message.reader.is_none();
    if d.project(run.project)?.messages.iter().any(is_for_it) {
        let messages = &mut d.project_mut(run.project)?.messages;
        messages.iter_mut().filter(|it| is_for_it(it)).for_each(|it| it.reader = Some(run.id));
    }
    Ok(())
}

/// What a run has read is gone when it is over. One that was taken back may not have read it.
pub(super) fn put_away_messages(
    d: &mut Draft<'_>,
    run: &Run,
    outcome: Outcome,
) -> Result<(), Refusal> {
    let is_its = |message: &Message| message.reader == Some(run.id);
    if !d.project(run.project)?.messages.iter().any(is_its) {
        return Ok(());
    }
    let messages = &mut d.project_mut(run.project)?.messages;
    if outcome == Outcome::Cancelled {
        messages.iter_mut().filter(|it| is_its(it)).for_each(|it| it.reader = None);
    } else {
        messages.retain(|it| !is_its(it));
    }
    Ok(())
}
