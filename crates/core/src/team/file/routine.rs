//! `[[routines]]` of `team.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Problem;
use super::build::named;
use crate::protocol::TITLE_CHARS_MAX;
use crate::team::{Routine, When};
use crate::{Millis, RoutineName};

/// Most routines of a team.
const ROUTINES_MAX: usize = 20;
/// The shortest and the longest time between two tasks of a routine.
const MINUTES: std::ops::RangeInclusive<u64> = 5..=525_600;
/// Longest text, in characters.
const BODY_CHARS_MAX: usize = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoutineFile {
    name: String,
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    when: When,
    every_minutes: u64,
}

pub(super) fn build_all(
    files: Vec<RoutineFile>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<RoutineName, Routine> {
    if files.len() > ROUTINES_MAX {
        problems.push(Problem::at(
            "routines",
            format!("there are more than {ROUTINES_MAX}"),
            "each of them is work that nobody asked for; leave some out",
        ));
    }
    let mut routines = BTreeMap::new();
    for file in files {
        let place = format!("routines.{}", file.name);
        let key = format!("{place}.name");
        let Some(name) = named::<RoutineName>(&file.name, &key, problems) else { continue };
        if routines.insert(name, file.build(&place, problems)).is_some() {
            problems.push(Problem::at(key, "it is there twice", "rename one of them"));
        }
    }
    routines
}

impl RoutineFile {
    fn build(self, place: &str, problems: &mut Vec<Problem>) -> Routine {
        let title = self.title.trim().to_owned();
        if title.is_empty() || title.contains('\n') || title.chars().count() > TITLE_CHARS_MAX {
            problems.push(Problem::at(
                format!("{place}.title"),
                format!("it is not one line of at most {TITLE_CHARS_MAX} characters"),
                "say in a few words what is to be done, and the rest in `body`",
            ));
        }
        if self.body.chars().count() > BODY_CHARS_MAX {
            problems.push(Problem::at(
                format!("{place}.body"),
                format!("it is longer than {BODY_CHARS_MAX} characters"),
                "put the rest into a file of the repository, and name it",
            ));
        }
        if !MINUTES.contains(&self.every_minutes) {
            problems.push(Problem::at(
                format!("{place}.every_minutes"),
                format!("{} is too few or too many", self.every_minutes),
                format!("give {} at least; 1440 is a day", MINUTES.start()),
            ));
        }
        let every = Millis::minutes(self.every_minutes.clamp(*MINUTES.start(), *MINUTES.end()));
        Routine { title, body: self.body, when: self.when, every }
    }
}
