//! What earlier and other tasks of a project say about something, for the agents of today.

use crew_core::task::{Phase, Task};
use crew_core::{RunId, State, TaskId};
use serde_json::{Value, json};

use crate::Handle;

/// Most words that are looked for, and the longest of them, in characters.
const WORDS_MAX: usize = 8;
const WORD_CHARS_MAX: usize = 60;
/// Tasks that are told of, the newest first.
const TASKS_MAX: usize = 10;
/// Tasks that are copied at once: the arbiter waits meanwhile.
const AT_ONCE: usize = 8;
/// Places that are told of in each, and the longest, in characters.
const SAYINGS_MAX: usize = 4;
const SAYING_CHARS_MAX: usize = 400;

/// The tasks in which all words occur, with the places where they do: data, so that nothing that
/// stands there can be taken for anything else. Slow where there are many: only for threads that may block.
///
/// # Errors
/// What is wrong with the words, with a hint.
pub(crate) fn of(handle: &Handle, run: RunId, words: &str) -> Result<Value, String> {
    let words = parse(words)?;
    let others: Vec<TaskId> = handle.read(|state| {
        let Some(run) = state.runs.get(&run) else { return Vec::new() };
        let others = state.tasks.values().rev();
        let others = others.filter(|task| task.project == run.project && task.id != run.task);
        others.map(|task| task.id).collect()
    });
    let some = |ids: &[TaskId]| -> Vec<Task> {
        let tasks =
            |state: &State| ids.iter().filter_map(|id| state.tasks.get(id).cloned()).collect();
        handle.read(tasks)
    };
    Ok(among(others.chunks(AT_ONCE).flat_map(some), &words))
}

fn among(tasks: impl Iterator<Item = Task>, words: &[String]) -> Value {
    let mut found: Vec<Value> = tasks
        .filter_map(|task| {
            let sayings = sayings(&task, words)?;
            Some((task, sayings))
        })
        .take(TASKS_MAX + 1)
        .map(|(task, sayings)| {
            json!({
                "task": task.id.to_string(),
                "title": bounded(&task.title, 0),
                "how": how(&task),
                "says": sayings,
            })
        })
        .collect();
    let more = found.len() > TASKS_MAX;
    found.truncate(TASKS_MAX);
    json!({ "tasks": found, "more": more })
}

fn parse(words: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let fits = |word: &String| word.chars().count() <= WORD_CHARS_MAX;
    if words.is_empty() || words.len() > WORDS_MAX || !words.iter().all(fits) {
        return Err(format!(
            "`words` has 1 to {WORDS_MAX} words of at most {WORD_CHARS_MAX} characters\n\
             hint: a few that name the thing, such as a file, a function or an error"
        ));
    }
    Ok(words)
}

fn how(task: &Task) -> &'static str {
    match task.phase {
        Phase::Done { .. } => "landed",
        Phase::Cancelled => "given up",
        _ => "open",
    }
}

/// Where a task speaks of the words; nothing if it does not speak of all of them.
fn sayings(task: &Task, words: &[String]) -> Option<Vec<Value>> {
    let text = |from: &str, text: &str| (from.to_owned(), text.to_owned());
    let own = [text("title", &task.title), text("task", &task.body)];
    let criteria = task.criteria.iter().map(|it| text("criterion", it));
    let anchors = task.anchors.iter().map(|it| text("must not be forgotten", &it.text));
    let remarks = task.remarks.iter().map(|it| text(&it.from, &it.text));
    let texts: Vec<(String, String)> =
        own.into_iter().chain(criteria).chain(anchors).chain(remarks).collect();
    let places: Vec<Vec<Option<usize>>> = texts
        .iter()
        .map(|(_, text)| {
            let text = text.to_lowercase();
            words.iter().map(|word| text.find(word)).collect()
        })
        .collect();
    let occurs = |n: usize| places.iter().any(|found| found[n].is_some());
    if !(0..words.len()).all(occurs) {
        return None;
    }
    let mut best: Vec<usize> = (0..texts.len()).collect();
    let count = |at: &usize| places[*at].iter().flatten().count();
    best.retain(|at| count(at) > 0);
    best.sort_by_key(|at| std::cmp::Reverse(count(at)));
    best.truncate(SAYINGS_MAX);
    let said = best.into_iter().map(|at| {
        let from = places[at].iter().flatten().min().copied().unwrap_or(0);
        json!({ "from": texts[at].0, "text": bounded(&texts[at].1, from) })
    });
    Some(said.collect())
}

/// A piece of a text that begins a little before a place.
fn bounded(text: &str, place: usize) -> String {
    const BEFORE: usize = 120;
    let lower = text.to_lowercase();
    // Where a letter has another length in lower case, the place is a little beside.
    let chars_before = lower.get(..place).map_or(0, |before| before.chars().count());
    let from = chars_before.saturating_sub(BEFORE);
    let piece: String = text.chars().skip(from).take(SAYING_CHARS_MAX).collect();
    let begins = if from > 0 { "… " } else { "" };
    let ends = if text.chars().count() > from + SAYING_CHARS_MAX { " …" } else { "" };
    format!("{begins}{}{ends}", piece.trim())
}

#[cfg(test)]
mod tests {
    use crew_core::{Event, ProjectId, TaskDraft, Time, step, team};

    use super::*;

    fn state() -> State {
        let mut state = State::default();
        let mut give = |event: Event| {
            let step = step(&state, &event, Time(1_000)).unwrap();
            state.apply(step.change);
        };
        let team = Box::new(team::parse(team::DEFAULT_TEAM).unwrap());
        give(Event::ProjectAdded { name: "p".into(), root: "/p".into(), team });
        let project = ProjectId(1);
        for (title, body) in [
            ("Import streams", "The Importer reads 4 GB."),
            ("Another", "nothing of it"),
            ("Mine", "The importer again."),
        ] {
            let (title, body) = (title.to_owned(), body.to_owned());
            let draft = TaskDraft { title, body, ..TaskDraft::default() };
            give(Event::TaskAdded { project, draft });
        }
        let (from, text) = ("human".to_owned(), format!("{} a QUEUE, as so", "x ".repeat(400)));
        give(Event::Remarked { task: TaskId(1), from, text });
        give(Event::TaskCancelled { task: TaskId(2) });
        state
    }

    fn found(words: &str) -> Vec<Value> {
        let tasks = state().tasks.into_values().rev();
        among(tasks, &parse(words).unwrap())["tasks"].as_array().unwrap().clone()
    }

    #[test]
    fn all_words_occur_and_the_places_are_shown() {
        let found_in = |words: &str| -> Vec<String> {
            found(words).iter().map(|it| it["task"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(found_in("importer queue"), ["#1"]);
        assert_eq!(found_in("importer"), ["#3", "#1"], "the newest first");
        assert_eq!(found_in("importer teapot"), [""; 0]);
        let says = found("importer queue")[0]["says"].to_string();
        assert!(says.contains("a QUEUE, as so") && says.contains("reads 4 GB"), "{says}");
        assert_eq!(found("another")[0]["how"], "given up");
    }

    #[test]
    fn words_are_bounded() {
        for words in ["", "  ", &"x".repeat(61), "a b c d e f g h i"] {
            let why = parse(words).unwrap_err();
            assert!(why.contains("hint: "), "{why}");
        }
    }

    #[test]
    fn letters_that_grow_in_lower_case_break_nothing() {
        assert!(bounded(&"İ".repeat(300), 700).chars().count() <= SAYING_CHARS_MAX + 4);
        assert!(bounded("ẞ İ", 3).contains('İ'));
    }
}
