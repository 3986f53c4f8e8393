//! Where stages stand: the columns of the board, left to right.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use super::{name_of, position, stages};
use crate::error::ApiError;
use crate::wire::Side;

/// Lets a stage trade places with its neighbour. What leads on and back from a place stays with the
/// place, so that a task comes through both as before, the other way round; all else goes along.
pub(super) fn move_stage(
    document: &mut DocumentMut,
    stage: &str,
    to: Side,
) -> Result<(), ApiError> {
    let stages = stages(document)?;
    let at = position(stages, stage)?;
    let left = match to {
        Side::Left => at.checked_sub(1),
        Side::Right => Some(at),
    };
    let left = left.ok_or_else(|| {
        ApiError::invalid(format!("`{stage}` is the first stage already"))
            .hint("new tasks begin there: move it to the right, or another one")
    })?;
    let mut all: Vec<Table> = stages.iter().cloned().collect();
    let Some([one, other]) = all.get_mut(left..left + 2) else {
        return Err(is_end(stage));
    };
    if let Some(end) = [&*one, &*other].into_iter().find(|it| is_the_end(it)) {
        return Err(is_end(name_of(end).unwrap_or(stage)));
    }
    let names = [&*one, &*other].map(|it| name_of(it).unwrap_or_default().to_owned());
    for key in ["next", "back"] {
        exchange(one, other, key);
    }
    for back in [&mut *one, &mut *other].into_iter().filter_map(|it| it.get_mut("back")) {
        back.as_value_mut().into_iter().for_each(|value| trade(value, &names));
    }
    all.swap(left, left + 1);
    let ways = all.iter_mut().filter_map(|it| it.get_mut("next")?.as_array_mut());
    ways.flat_map(Array::iter_mut).for_each(|value| trade(value, &names));
    arrange(stages, all)
}

fn is_the_end(stage: &Table) -> bool {
    stage.get("mode").and_then(Item::as_str) == Some("end")
}

fn is_end(name: &str) -> ApiError {
    ApiError::invalid(format!("`{name}` is the end")).hint("it stays the last stage")
}

fn exchange(one: &mut Table, other: &mut Table, key: &str) {
    let (ours, theirs) = (one.get(key).cloned(), other.get(key).cloned());
    for (table, item) in [(one, theirs), (other, ours)] {
        match item {
            Some(item) => drop(table.insert(key, item)),
            None => drop(table.remove(key)),
        }
    }
}

/// Each of two names becomes the other.
fn trade(value: &mut Value, [one, other]: &[String; 2]) {
    let to = match value.as_str() {
        Some(it) if it == one => other,
        Some(it) if it == other => one,
        Some(_) | None => return,
    };
    let decor = value.decor().clone();
    *value = to.into();
    *value.decor_mut() = decor;
}

/// Puts the stages in this order. An array of tables can only be pushed to; and each table says
/// where in the file it stands.
pub(super) fn arrange(stages: &mut ArrayOfTables, all: Vec<Table>) -> Result<(), ApiError> {
    // Those have places of their own, and would stay behind under another stage.
    let is_apart = |(_, item): (&str, &Item)| item.is_table() || item.is_array_of_tables();
    if let Some(stage) = all.iter().find(|stage| stage.iter().any(is_apart)) {
        let name = name_of(stage).unwrap_or_default();
        return Err(ApiError::invalid(format!("`{name}` has tables of its own in team.toml"))
            .hint("write its gates as gates = [ … ], or edit the file as text"));
    }
    let places: Vec<_> = stages.iter().filter_map(Table::position).collect();
    let last = places.last().copied();
    stages.clear();
    for (n, mut table) in all.into_iter().enumerate() {
        // Where there is one more than before, the last place is used twice, in this order.
        table.set_position(places.get(n).copied().or(last));
        stages.push(table);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy_edit::edited;
    use crate::wire::TeamEdit;
    use crew_core::team::{DEFAULT_TEAM, TEMPLATES, Team, parse};

    fn moved(text: &str, stage: &str, to: Side) -> Result<String, ApiError> {
        edited(text, &[TeamEdit::MoveStage { stage: stage.into(), to }])
    }

    /// `name: next | back` of each stage.
    fn ways(team: &Team) -> Vec<String> {
        let way = |stage: &crew_core::team::Stage| {
            let next: Vec<&str> = stage.next.iter().map(crew_core::StageName::as_str).collect();
            let back = stage.back.as_ref().map_or("", |it| it.as_str());
            format!("{}: {} | {back}", stage.name, next.join(" "))
        };
        team.stages.iter().map(way).collect()
    }

    #[test]
    fn a_stage_trades_places_and_the_way_stays_whole() {
        let text = moved(DEFAULT_TEAM, "needs-testing", Side::Left).unwrap();
        let expect = [
            "backlog: needs-architecture ready-for-dev | ",
            "needs-architecture: ready-for-dev | backlog",
            "ready-for-dev: needs-testing | ",
            "needs-testing: in-progress | needs-architecture",
            "in-progress: needs-review | needs-testing",
            "needs-review: done | in-progress",
            "done:  | ",
        ];
        assert_eq!(ways(&parse(&text).unwrap()), expect, "{text}");
        assert!(text.contains("# e.g. [{ check = \"make test\" }]"), "comments stay: {text}");
        let back = moved(&text, "needs-testing", Side::Right).unwrap();
        assert_eq!(back, DEFAULT_TEAM, "and back again it is as it was");
    }

    #[test]
    fn a_choice_of_ways_leads_to_the_same_places() {
        let text = moved(DEFAULT_TEAM, "needs-architecture", Side::Right).unwrap();
        let names = ways(&parse(&text).unwrap());
        assert_eq!(names[0], "backlog: ready-for-dev needs-architecture | ");
        assert_eq!(names[2], "needs-architecture: in-progress | ");
    }

    #[test]
    fn the_end_stays_the_last_and_the_first_has_nothing_before_it() {
        let check = |stage: &str, to: Side, expect: &str| {
            let error = moved(DEFAULT_TEAM, stage, to).unwrap_err();
            let (message, hint) = error.into_words();
            assert_eq!(message, expect);
            assert!(hint.is_some(), "{stage}");
        };
        check("backlog", Side::Left, "`backlog` is the first stage already");
        check("needs-review", Side::Right, "`done` is the end");
        check("done", Side::Left, "`done` is the end");
        check("done", Side::Right, "`done` is the end");
        check("nowhere", Side::Left, "there is no stage `nowhere` in team.toml");
    }

    #[test]
    fn a_stage_with_tables_of_its_own_is_not_torn_apart() {
        let text = "[[stages]]\nname = \"a\"\n[[stages.gates]]\nhuman = true\n[[stages]]\nname = \"b\"\n[[stages]]\nname = \"c\"\nmode = \"end\"\n";
        let (message, _) = moved(text, "a", Side::Right).unwrap_err().into_words();
        assert_eq!(message, "`a` has tables of its own in team.toml");
    }

    /// A pipeline that was proven and is refused after that says why.
    #[test]
    fn whatever_is_moved_comes_back_or_is_refused_with_a_hint() {
        for template in TEMPLATES {
            for stage in &parse(template.text).unwrap().stages {
                let Ok(text) = moved(template.text, stage.name.as_str(), Side::Left) else {
                    continue;
                };
                if let Err(problems) = parse(&text) {
                    assert!(problems.iter().all(|it| it.hint.is_some()), "{problems:?}");
                }
                let back = moved(&text, stage.name.as_str(), Side::Right).unwrap();
                assert_eq!(parse(&back), parse(template.text), "{}: {back}", template.name);
            }
        }
    }
}
