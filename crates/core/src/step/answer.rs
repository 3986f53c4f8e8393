//! Asking the one who did it: a question about what was done on a task, perhaps long ago.
//!
//! ```text
//!  a question ─► ask ─► a run aside ─► its last words ─► a remark that answers
//! ```
//!
//! The run goes on with a copy of the conversation of who did the work, in a worktree of its own, and may
//! change nothing. The task does not know of it: it is neither held back by the task, nor waited for,
//! nor does anything that it says move, judge or land it.

use super::{agent, flow, route};
use crate::protocol::{Claim, Response};
use crate::run::{Outcome, Purpose, Run, Trouble, TroubleKind, Whom};
use crate::state::Draft;
use crate::task::{BY_CREWHOUSE, Phase, Question, REMARK_CHARS_MAX};
use crate::team::ProviderKind;
use crate::{ProviderName, Refusal, RunId, TaskId, Token};

/// What an agent is told that wants more than to answer.
pub(super) const NOT_ASIDE: &str = "you are only asked a question, and change nothing and ask nobody\n\
     hint: look at what is there, and end with your answer";

/// Asks who worked on a task about it.
pub(super) fn ask(
    d: &mut Draft<'_>,
    id: TaskId,
    whom: &Whom,
    question: &str,
) -> Result<(), Refusal> {
    let (question, max) = (question.trim(), REMARK_CHARS_MAX);
    let len = question.chars().count();
    if len > max {
        return Err(Refusal::TooLong { what: "the question", len, max });
    }
    if question.is_empty() {
        return Err(Refusal::EmptyQuestion);
    }
    let source = who(d, id, whom)?.clone();
    if !d.project(source.project)?.team.roles.contains_key(&source.role) {
        return Err(Refusal::NoRole(source.role));
    }
    let provider = provider(d, &source)?;
    let purpose = Purpose::Answer { question: question.to_owned(), of: source.id, anew: false };
    let new = flow::new_run(d, id, &source.role, purpose, source.slot)?;
    let run = d.run_mut(new)?;
    run.stage = source.stage;
    if provider == source.provider {
        (run.wish, run.why) = (source.wish, None);
    }
    run.provider = provider;
    Ok(())
}

/// Takes a question back: who answers it ends.
pub(super) fn unask(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    let run = d.run(id)?;
    if !run.is_aside() || run.is_over() || run.response.is_some() {
        return Err(Refusal::NoQuestion(id));
    }
    flow::expire_asks(d, |ask| ask.from.agent() == Some(id))?;
    flow::withdraw_run(d, id)
}

/// The run whose agent is asked: the newest that fits, and of those one that has a conversation. The
/// author is of the role whose work changed something last, and is not who was passed over.
fn who<'a>(d: &'a Draft<'_>, id: TaskId, whom: &Whom) -> Result<&'a Run, Refusal> {
    d.task(id)?;
    let has_begun = |run: &&Run| run.token > Token(0) && !run.is_aside();
    let begun: Vec<&Run> = d.all_runs_of(id).filter(has_begun).collect();
    let counts = |run: &Run| run.slot == 0 || run.kept;
    let made = |run: &&&Run| run.commit.is_some() && counts(run);
    let made = begun.iter().rev().find(made).map(|run| &run.role);
    let fits = |run: &&Run| match whom {
        Whom::Author => {
            let is_author = made.is_none_or(|role| run.role == *role && counts(run));
            run.purpose == Purpose::Work && is_author
        }
        Whom::Role { role } => run.role == *role,
        Whom::Run { run: asked } => run.id == *asked,
    };
    let fitting: Vec<&Run> = begun.iter().copied().filter(fits).collect();
    let talked = fitting.iter().rev().find(|run| run.session.is_some());
    let nobody = match whom {
        Whom::Author | Whom::Role { .. } => Refusal::NobodyToAsk(id),
        Whom::Run { run } => Refusal::DidNothing { task: id, run: *run },
    };
    talked.or(fitting.last()).copied().ok_or(nobody)
}

/// Who answers: the provider that has the conversation. Where the team has it no more, or nobody talked
/// there, whoever plays the role now.
fn provider(d: &Draft<'_>, source: &Run) -> Result<ProviderName, Refusal> {
    let team = &d.project(source.project)?.team;
    let plays = |name: &ProviderName| {
        team.providers.get(name).is_some_and(|provider| provider.kind != ProviderKind::Mailbox)
    };
    if plays(&source.provider) {
        return Ok(source.provider.clone());
    }
    let chosen = route::choose(d, source.task, &source.role, &Purpose::Work)?.provider;
    let by_mail = || Refusal::PlayedByMail(source.role.clone());
    Some(chosen).filter(plays).ok_or_else(by_mail)
}

/// Whether the team has changed so that nobody is there who could answer.
pub(super) fn is_played_by_mail(d: &Draft<'_>, run: &Run) -> Result<bool, Refusal> {
    let provider = d.project(run.project)?.team.providers.get(&run.provider);
    Ok(provider.is_some_and(|provider| provider.kind == ProviderKind::Mailbox))
}

/// Words that follow no protocol are an answer all the same.
pub(super) fn in_free_words(text: &str) -> Response {
    Response::new(Claim::Done, text.trim())
}

/// The conversation of who did it is not to be had.
pub(super) fn note_anew(d: &mut Draft<'_>, id: RunId) -> Result<(), Refusal> {
    match &mut d.run_mut(id)?.purpose {
        Purpose::Answer { anew, .. } => *anew = true,
        Purpose::Work | Purpose::Consult { .. } | Purpose::Verdict | Purpose::Choose => {}
    }
    Ok(())
}

/// It cannot be answered.
pub(super) fn give_up(d: &mut Draft<'_>, run: &Run, why: &str) -> Result<(), Refusal> {
    let message = why.to_owned();
    d.run_mut(run.id)?.trouble = Some(Trouble { kind: TroubleKind::Human, message });
    if run.token == Token(0) {
        flow::finish(d, run.id, Outcome::Error)
    } else {
        agent::save(d, run.id, Outcome::Error) // an earlier start has a worktree
    }
}

/// What came of it is said on the card, whatever that is.
pub(super) fn finished(
    d: &mut Draft<'_>,
    run: &Run,
    (question, of, anew): (&str, RunId, bool),
) -> Result<(), Refusal> {
    let is_last = d.live_runs().iter().all(|other| other.task != run.task || !other.is_aside());
    let task = d.task(run.task)?;
    if is_last && (task.is_over() || task.phase == Phase::Closing) {
        flow::expire_asks_of(d, run.task)?; // nobody is left who could need an answer
    }
    let now = d.now;
    let taken_back = run.outcome() == Some(Outcome::Cancelled);
    let said = run.response.as_ref().map(|response| response.summary.trim());
    // Who took it back was told that nothing is answered.
    let said = said.filter(|said| !said.is_empty() && !taken_back);
    let question = Question { run: run.id, text: question.to_owned() };
    let task = d.task_mut(run.task)?;
    match said {
        Some(said) if anew => {
            let text = format!(
                "(The conversation of {of} is not to be had. Who answers here did not do it, and knows \
                 what is on record.)\n\n{said}"
            );
            task.answer(now, run.role.as_str(), question, &text);
        }
        Some(said) => task.answer(now, run.role.as_str(), question, said),
        None => {
            let why = match &run.trouble {
                _ if taken_back => "the question was taken back",
                Some(trouble) => trouble.message.as_str(),
                None => "it said nothing",
            };
            task.answer(now, BY_CREWHOUSE, question, &format!("{} gave no answer: {why}", run.id));
        }
    }
    Ok(())
}
