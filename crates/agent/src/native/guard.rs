//! When the agent stops by itself: before a call that could go over its budget, and when it walks
//! in a circle. Everything is computed from the session, so a restart does not begin to count anew.
//!
//! The budget is that of the run, from its first prompt on. A circle is one since the newest
//! prompt: other words may be what breaks it.

use super::model::Failure;
use super::session::{Session, Turn};
use super::start::Budget;

/// The same call with the same result, so many times in a row, is a circle.
const REPEATS_MAX: usize = 5;

/// Whether another call of the model may be made.
pub(super) fn check(budget: &Budget, session: &Session, next_tokens: u64) -> Result<(), Failure> {
    let turns = session.turns_of_run();
    if turns.len() >= budget.turns as usize {
        let message = format!(
            "{} turns are used up\nhint: give the task more turns, or make it smaller",
            budget.turns
        );
        return Err(Failure::Budget { message });
    }
    let used: u64 = turns.iter().map(|(answer, _)| answer.usage.tokens()).sum();
    if let Some(tokens) = budget.tokens
        && used.saturating_add(next_tokens) > tokens
    {
        let message = format!(
            "the next call could take {next_tokens} tokens, and {used} of {tokens} are used\n\
             hint: give the task more tokens, or make it smaller"
        );
        return Err(Failure::Budget { message });
    }
    check_circle(&session.turns())
}

fn check_circle(turns: &[Turn<'_>]) -> Result<(), Failure> {
    let steps: Vec<_> = turns
        .iter()
        .flat_map(|(answer, results)| {
            results.iter().filter_map(|result| {
                let call = answer.calls.iter().find(|call| call.id == result.call)?;
                Some((&call.name, &call.input, &result.output))
            })
        })
        .collect();
    let Some(last) = steps.last() else {
        return Ok(());
    };
    let repeats = steps.iter().rev().take_while(|step| *step == last).count();
    if repeats < REPEATS_MAX {
        return Ok(());
    }
    Err(Failure::Stuck {
        message: format!("`{}` was called {repeats} times with the same result", last.0),
    })
}
