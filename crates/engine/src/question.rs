//! What is said to who did the work, when somebody wants to know something about it.

use crew_core::run::{Purpose, Run};
use crew_core::task::REMARK_CHARS_MAX;

use crate::place::Place;
use crate::prompt;
use crate::quote::Quote;

const NOW: &str = "\
## Now
Answer the question. Somebody reads your answer on the board, and nothing else that you say: it has to \
stand by itself. Say what you know and why you know it; look where you are not sure; what you do not \
know, say so. Change nothing and start nothing: you may read and search, and nothing more, and nobody \
answers questions of yours. End with DONE: and the answer.";

/// What a run is asked that only answers a question; `None` for any other.
pub(crate) fn prompt(place: &Place, record: &str) -> Option<String> {
    let Place { task, run, .. } = place;
    let Purpose::Answer { question, of, anew } = &run.purpose else { return None };
    let heading = format!("# A question about task {}\n", task.id);
    let asked = format!("## The question\n{}", quoted(question));
    if !anew {
        return Some(format!(
            "{heading}Your work on this task is over for now, and all that you did is in this \
             conversation. Somebody wants to know something about it. {}\n\n{asked}\n{NOW}",
            where_it_is(run)
        ));
    }
    let parts = [prompt::task(place), prompt::criteria(place), prompt::remarks(place)];
    let known = parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{part}\n"));
    Some(format!(
        "{heading}Somebody wants to know something about what another agent did on this task: {of}, as \
         {}. Its conversation is not to be had. You did not do it: answer from what is on record, and \
         never as if you remembered. {}\n\n{}{record}\n{asked}\n{NOW}",
        run.role,
        where_it_is(run),
        known.collect::<String>()
    ))
}

/// What it is told when it was interrupted and goes on.
pub(crate) fn go_on(place: &Place) -> Option<String> {
    let Purpose::Answer { question, .. } = &place.run.purpose else { return None };
    Some(format!(
        "# A question about task {}\nYou were interrupted before you had answered.\n\n\
         ## The question\n{}\n{NOW}",
        place.task.id,
        quoted(question)
    ))
}

fn where_it_is(run: &Run) -> String {
    format!(
        "Your working directory is a copy, to be looked at only, of what is committed now ({}); \
         the directory that the work was done in may be gone, or somebody else works there.",
        crate::place::branch_of(run)
    )
}

fn quoted(question: &str) -> String {
    let rest = "The question is cut here.";
    Quote { kind: "text", text: question, chars_max: REMARK_CHARS_MAX, rest }.fenced()
}
