//! Changes to `team.toml` as text: comments, order and spacing of whoever wrote it stay.

mod place;
mod role;

use std::collections::BTreeMap;

use crew_core::{BadName, StageName};
use toml_edit::{
    Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value,
};

use crate::error::ApiError;
use crate::wire::{FormGates, FormTable, Scalar, TeamEdit, TeamForm};

pub(crate) use role::ABOUT_MAX;

/// A gate by its keys.
type Keys = BTreeMap<String, Scalar>;

/// The text after the edits. Whether it is a good policy is not looked at here.
pub(crate) fn edited(text: &str, edits: &[TeamEdit]) -> Result<String, ApiError> {
    let mut document = parsed(text)?;
    for edit in edits {
        apply(&mut document, edit)?;
    }
    Ok(document.to_string())
}

/// What of the text is edited by forms, as it is written.
pub(crate) fn form(text: &str) -> Result<TeamForm, ApiError> {
    let document = parsed(text)?;
    let table = |(name, item): (&str, &Item)| {
        let keys = keys(item.as_table_like()?);
        Some(FormTable { name: name.to_owned(), keys })
    };
    let tables = |key: &str| -> Vec<FormTable> {
        let tables = document.get(key).and_then(Item::as_table_like);
        tables.into_iter().flat_map(TableLike::iter).filter_map(table).collect()
    };
    let stages = document.get("stages").and_then(Item::as_array_of_tables);
    let stages = || stages.into_iter().flat_map(ArrayOfTables::iter);
    Ok(TeamForm {
        providers: tables("providers"),
        roles: tables("roles"),
        stages: stages().filter_map(stage_of).collect(),
        gates: stages().filter_map(gates_of).collect(),
    })
}

fn stage_of(stage: &Table) -> Option<FormTable> {
    Some(FormTable { name: name_of(stage)?.to_owned(), keys: keys(stage) })
}

fn gates_of(stage: &Table) -> Option<FormGates> {
    let gates = stage.get("gates").and_then(Item::as_array);
    let tables = gates.into_iter().flat_map(Array::iter).filter_map(Value::as_inline_table);
    let gates = tables.map(|table| keys(table)).collect();
    Some(FormGates { stage: name_of(stage)?.to_owned(), gates })
}

fn keys(table: &dyn TableLike) -> Keys {
    let scalar = |(key, item): (&str, &Item)| Some((key.to_owned(), scalar(item.as_value()?)?));
    table.iter().filter_map(scalar).collect()
}

fn scalar(value: &Value) -> Option<Scalar> {
    Some(match value {
        Value::String(it) => Scalar::Text(it.value().clone()),
        Value::Integer(it) => Scalar::Integer(*it.value()),
        Value::Float(it) => Scalar::Number(*it.value()),
        Value::Boolean(it) => Scalar::Bool(*it.value()),
        Value::Array(it) => {
            Scalar::List(it.iter().map(|it| Some(it.as_str()?.to_owned())).collect::<Option<_>>()?)
        }
        Value::Datetime(_) | Value::InlineTable(_) => return None,
    })
}

fn parsed(text: &str) -> Result<DocumentMut, ApiError> {
    text.parse().map_err(|error| {
        ApiError::invalid(format!("team.toml cannot be read: {error}"))
            .hint("edit it as text first")
    })
}

fn apply(document: &mut DocumentMut, edit: &TeamEdit) -> Result<(), ApiError> {
    match edit {
        TeamEdit::Set { key, value } => set(document, key, value.as_ref()),
        TeamEdit::SetGates { stage, gates } => set_gates(document, stage, gates),
        TeamEdit::AddStage { name, owner, after } => add_stage(document, name, owner, after),
        TeamEdit::RenameStage { stage, to } => rename_stage(document, stage, to),
        TeamEdit::MoveStage { stage, to } => place::move_stage(document, stage, *to),
        TeamEdit::RemoveStage { stage } => remove_stage(document, stage),
        TeamEdit::AddRole { role, about: _ } => role::add(document, role),
        TeamEdit::RemoveRole { role } => role::remove(document, role),
    }
}

fn no_stage(name: &str) -> ApiError {
    ApiError::invalid(format!("there is no stage `{name}` in team.toml"))
        .hint("somebody may have renamed it: look at the pipeline as it is now")
}

fn bad_name(error: BadName, like: &str) -> ApiError {
    ApiError::invalid(error).hint(format!("lower-case letters, digits and hyphens, like `{like}`"))
}

/// A name for a stage that has none yet, or another.
fn is_free(stages: &ArrayOfTables, name: &str) -> Result<(), ApiError> {
    let key = format!("stages.{name}.name");
    if let Err(error) = name.parse::<StageName>() {
        return Err(bad_name(error, "needs-docs").key(key));
    }
    if position(stages, name).is_ok() {
        return Err(ApiError::invalid(format!("there is a stage `{name}` already"))
            .hint("change that one, or give this one another name")
            .key(key));
    }
    Ok(())
}

fn stages(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, ApiError> {
    document.get_mut("stages").and_then(Item::as_array_of_tables_mut).ok_or_else(|| {
        ApiError::invalid("team.toml does not write its stages as [[stages]]")
            .hint("edit it as text")
    })
}

fn name_of(stage: &Table) -> Option<&str> {
    stage.get("name")?.as_str()
}

fn position(stages: &ArrayOfTables, name: &str) -> Result<usize, ApiError> {
    stages.iter().position(|stage| name_of(stage) == Some(name)).ok_or_else(|| no_stage(name))
}

/// Sets one key, or takes it out. Stages are found by their names.
fn set(document: &mut DocumentMut, key: &[String], value: Option<&Scalar>) -> Result<(), ApiError> {
    let Some((last, way)) = key.split_last() else {
        return Err(ApiError::invalid("the key is empty"));
    };
    let table: &mut dyn TableLike = match way {
        [first, stage] if first == "stages" => {
            let stages = stages(document)?;
            let at = position(stages, stage)?;
            stages.get_mut(at).ok_or_else(|| no_stage(stage))?
        }
        way => way.iter().try_fold(document.as_table_mut() as &mut dyn TableLike, descend)?,
    };
    match (value, table.get_mut(last)) {
        (None, _) => drop(table.remove(last)),
        (Some(new), Some(Item::Value(old))) => {
            // What stands behind it on the line stays.
            let decor = old.decor().clone();
            *old = written(new);
            *old.decor_mut() = decor;
        }
        (Some(new), _) => drop(table.insert(last, value_item(new))),
    }
    Ok(())
}

fn descend<'a>(
    table: &'a mut dyn TableLike,
    key: &String,
) -> Result<&'a mut dyn TableLike, ApiError> {
    let entry = table.entry(key).or_insert_with(|| Item::Table(Table::new()));
    entry.as_table_like_mut().ok_or_else(|| ApiError::invalid(format!("`{key}` is not a table")))
}

fn value_item(scalar: &Scalar) -> Item {
    Item::Value(written(scalar))
}

fn written(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Bool(it) => (*it).into(),
        Scalar::Integer(it) => (*it).into(),
        Scalar::Number(it) => (*it).into(),
        Scalar::Text(it) => it.into(),
        Scalar::List(it) => it.iter().collect::<Array>().into(),
    }
}

/// Replaces the gates of a stage; those that stay keep their comments.
fn set_gates(document: &mut DocumentMut, stage: &str, gates: &[Keys]) -> Result<(), ApiError> {
    let stages = stages(document)?;
    let at = position(stages, stage)?;
    let table = stages.get_mut(at).ok_or_else(|| no_stage(stage))?;
    if gates.is_empty() {
        table.remove("gates");
        return Ok(());
    }
    let entry = table.entry("gates").or_insert_with(|| value(Array::new()));
    let known = entry.as_array_mut().ok_or_else(|| {
        ApiError::invalid(format!("the gates of `{stage}` are not written as gates = [ … ]"))
            .hint("edit it as text")
    })?;
    let mut left: Vec<Value> = known.iter().cloned().collect();
    let wanted: Vec<Value> = gates.iter().map(|gate| written_before(gate, &mut left)).collect();
    known.clear();
    for gate in wanted {
        known.push_formatted(gate);
    }
    Ok(())
}

/// The gate as it is written already, or as a new one.
fn written_before(gate: &Keys, known: &mut Vec<Value>) -> Value {
    let is_it = |value: &Value| value.as_inline_table().is_some_and(|it| keys(it) == *gate);
    if let Some(at) = known.iter().position(is_it) {
        return known.remove(at);
    }
    let mut table: InlineTable = gate.iter().map(|(key, it)| (key.as_str(), written(it))).collect();
    table.decor_mut().set_prefix(" ");
    Value::InlineTable(table)
}

/// Puts a stage on the way out of another.
fn add_stage(
    document: &mut DocumentMut,
    name: &str,
    owner: &str,
    after: &str,
) -> Result<(), ApiError> {
    let stages = stages(document)?;
    let at = position(stages, after)?;
    is_free(stages, name)?;
    let mut made = Table::new();
    made.decor_mut().set_prefix("\n");
    made.insert("name", value(name));
    made.insert("owner", value(owner));
    let before = stages.get_mut(at).ok_or_else(|| no_stage(after))?;
    let next = before.get("next").cloned().ok_or_else(|| {
        ApiError::invalid(format!("`{after}` is the end")).hint("add the stage before it")
    })?;
    made.insert("next", next);
    made.insert("back", value(after));
    if owner == "human" {
        let mut gate = toml_edit::InlineTable::new();
        gate.insert("human", true.into());
        made.insert("gates", value(Array::from_iter([Value::from(gate)])));
    }
    before.insert("next", value(Array::from_iter([name])));
    let mut all: Vec<Table> = stages.iter().cloned().collect();
    all.insert(at + 1, made);
    place::arrange(stages, all)
}

fn rename_stage(document: &mut DocumentMut, stage: &str, to: &str) -> Result<(), ApiError> {
    let stages = stages(document)?;
    let at = position(stages, stage)?;
    if to == stage {
        return Ok(());
    }
    is_free(stages, to)?;
    for (n, table) in stages.iter_mut().enumerate() {
        if n == at {
            replace_text(table, "name", stage, to);
        }
        lead_elsewhere(table, stage, to);
    }
    Ok(())
}

/// Takes a stage out; what led to it leads to where it led.
fn remove_stage(document: &mut DocumentMut, stage: &str) -> Result<(), ApiError> {
    let stages = stages(document)?;
    let at = position(stages, stage)?;
    let removed = stages.get(at).ok_or_else(|| no_stage(stage))?;
    let next = removed.get("next").and_then(Item::as_array).and_then(|next| next.get(0)?.as_str());
    let next = next.map(str::to_owned).ok_or_else(|| {
        ApiError::invalid(format!("`{stage}` is the end")).hint("a pipeline needs one")
    })?;
    let back = removed.get("back").and_then(Item::as_str).unwrap_or(&next).to_owned();
    stages.remove(at);
    for table in stages.iter_mut() {
        replace_in_list(table.get_mut("next"), stage, &next);
        let is_back = |table: &Table, name| table.get("back").and_then(Item::as_str) == name;
        if !is_back(table, Some(stage)) {
            continue;
        }
        replace_text(table, "back", stage, &back);
        // It would go back to itself, which only who has gates has a use for.
        if is_back(table, name_of(table)) && !table.contains_key("gates") {
            table.remove("back");
        }
    }
    Ok(())
}

fn lead_elsewhere(table: &mut Table, from: &str, to: &str) {
    replace_in_list(table.get_mut("next"), from, to);
    replace_text(table, "back", from, to);
}

fn replace_text(table: &mut Table, key: &str, from: &str, to: &str) {
    if let Some(Item::Value(old)) = table.get_mut(key)
        && old.as_str() == Some(from)
    {
        let decor = old.decor().clone();
        *old = to.into();
        *old.decor_mut() = decor;
    }
}

fn replace_in_list(item: Option<&mut Item>, from: &str, to: &str) {
    let Some(list) = item.and_then(Item::as_array_mut) else { return };
    let known = list.iter().any(|entry| entry.as_str() == Some(to));
    list.retain(|entry| !known || entry.as_str() != Some(from));
    for entry in list.iter_mut().filter(|entry| entry.as_str() == Some(from)) {
        *entry = to.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crew_core::team::{DEFAULT_TEAM, parse};

    fn changed(edit: TeamEdit) -> String {
        let text = edited(DEFAULT_TEAM, &[edit]).unwrap();
        if let Err(problems) = parse(&text) {
            panic!("{problems:?}\n{text}");
        }
        text
    }

    /// Lines that are only in one of the texts.
    fn difference(text: &str) -> Vec<String> {
        let out = |mark: &str, from: &str, other: &str| -> Vec<String> {
            let others: Vec<&str> = other.lines().collect();
            let lines = from.lines().filter(|line| !others.contains(line));
            lines.map(|line| format!("{mark}{line}")).collect()
        };
        [out("-", DEFAULT_TEAM, text), out("+", text, DEFAULT_TEAM)].concat()
    }

    fn key(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_value_is_set_and_all_else_stays() {
        let check = |name: &str, value: Option<Scalar>, expect: &[&str]| {
            let text = changed(TeamEdit::Set { key: key(name), value });
            assert_eq!(difference(&text), expect, "{name}");
        };
        check(
            "limits.agents",
            Some(Scalar::Integer(6)),
            &[
                "-agents = 4            # agents at work at the same time",
                "+agents = 6            # agents at work at the same time",
            ],
        );
        check(
            "budget.day_usd",
            Some(Scalar::Number(20.5)),
            &["-day_usd = 100.00", "+day_usd = 20.5"],
        );
        check("merge.check", Some(Scalar::Text("make".into())), &["+check = \"make\""]);
        check("stages.needs-testing.wip", Some(Scalar::Integer(7)), &["+wip = 7"]);
        check("stages.in-progress.wip", None, &["-wip = 3"]);
    }

    #[test]
    fn a_stage_is_added_renamed_and_removed() {
        let added = changed(TeamEdit::AddStage {
            name: "polish".into(),
            owner: "engineer".into(),
            after: "needs-testing".into(),
        });
        let team = parse(&added).unwrap();
        let names: Vec<&str> = team.stages.iter().map(|stage| stage.name.as_str()).collect();
        let expect = [
            "backlog",
            "needs-architecture",
            "ready-for-dev",
            "in-progress",
            "needs-testing",
            "polish",
            "needs-review",
            "done",
        ];
        assert_eq!(names, expect, "{added}");
        assert!(added.contains("# The team of this project"), "comments stay");

        let rename = TeamEdit::RenameStage { stage: "in-progress".into(), to: "doing".into() };
        let renamed = changed(rename);
        assert!(!renamed.contains("in-progress"), "{renamed}");
        let removed = changed(TeamEdit::RemoveStage { stage: "needs-architecture".into() });
        assert!(!removed.contains("needs-architecture"), "{removed}");
    }

    fn gate(key: &str, value: Scalar) -> Keys {
        [(key.to_owned(), value)].into()
    }

    #[test]
    fn gates_are_replaced_and_those_that_stay_keep_their_comments() {
        let text = "[[stages]]\nname = \"a\"\ngates = [\n  # fast\n  { check = \"make\", timeout_minutes = 3 },\n  { human = true },\n] # all\n";
        let known = form(text).unwrap().gates.remove(0);
        assert_eq!(known.stage, "a");
        let [check, human] = <[Keys; 2]>::try_from(known.gates).unwrap();
        let verdict = gate("verdict", Scalar::Text("tester".into()));
        let set = |gates: &[&Keys]| {
            let gates = gates.iter().map(|it| (*it).clone()).collect();
            edited(text, &[TeamEdit::SetGates { stage: "a".into(), gates }]).unwrap()
        };
        let changed = set(&[&check, &verdict, &human]);
        assert!(
            changed.contains("# fast\n  { check = \"make\", timeout_minutes = 3 }"),
            "{changed}"
        );
        assert_eq!(form(&changed).unwrap().gates[0].gates, [check.clone(), verdict.clone(), human]);
        assert!(changed.ends_with("] # all\n"), "{changed}");
        assert!(!set(&[]).contains("gates"));
        let none = "[[stages]]\nname = \"a\"\n";
        let edit = TeamEdit::SetGates { stage: "a".into(), gates: vec![verdict] };
        assert_eq!(
            edited(none, &[edit]).unwrap(),
            format!("{none}gates = [ {{ verdict = \"tester\" }}]\n")
        );
        let tables = "[[stages]]\nname = \"a\"\n[[stages.gates]]\nhuman = true\n";
        let edit = TeamEdit::SetGates { stage: "a".into(), gates: vec![check] };
        assert!(edited(tables, &[edit]).is_err(), "it is edited as text");
    }

    #[test]
    fn a_provider_is_added_changed_and_removed() {
        let set = |name: &str, value: Option<Scalar>| TeamEdit::Set { key: key(name), value };
        let text = |it: &str| Some(Scalar::Text(it.into()));
        let edits = [
            set("providers.cheap.kind", text("native")),
            set("providers.cheap.api", text("ollama")),
            set("providers.cheap.model", text("qwen")),
            set("providers.cheap.agents", Some(Scalar::Integer(2))),
        ];
        let added = edited(DEFAULT_TEAM, &edits).unwrap();
        parse(&added).unwrap_or_else(|problems| panic!("{problems:?}\n{added}"));
        let written = "[providers.cheap]\nkind = \"native\"\napi = \"ollama\"\nmodel = \"qwen\"\nagents = 2\n";
        assert!(added.contains(written), "{added}");
        let providers = form(&added).unwrap().providers;
        assert_eq!(providers.last().map(|it| it.name.as_str()), Some("cheap"));
        let removed = edited(&added, &[set("providers.cheap", None)]).unwrap();
        assert_eq!(form(&removed).unwrap(), form(DEFAULT_TEAM).unwrap());
    }

    #[test]
    fn a_name_of_a_stage_is_good_and_free() {
        let add = |name: &str| TeamEdit::AddStage {
            name: name.into(),
            owner: "pm".into(),
            after: "backlog".into(),
        };
        let rename =
            |to: &str| TeamEdit::RenameStage { stage: "needs-review".into(), to: to.into() };
        let check = |edit: TeamEdit, expect: &str, key: &str| {
            let error = edited(DEFAULT_TEAM, &[edit]).unwrap_err();
            assert_eq!(error.key.as_deref(), Some(key), "{error:?}");
            let (message, hint) = error.into_words();
            assert!(message.contains(expect), "{message}");
            assert!(hint.is_some(), "{message}");
        };
        for edit in [add, rename] {
            check(edit("done"), "there is a stage `done` already", "stages.done.name");
            check(edit("All. Done"), "`All. Done` is not a name", "stages.All. Done.name");
        }
        assert_eq!(edited(DEFAULT_TEAM, &[rename("needs-review")]).unwrap(), DEFAULT_TEAM);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let edit = TeamEdit::RemoveStage { stage: "nowhere".into() };
        assert!(edited(DEFAULT_TEAM, &[edit]).is_err());
        let edit = TeamEdit::RemoveStage { stage: "done".into() };
        assert!(edited(DEFAULT_TEAM, &[edit]).is_err());
        assert!(edited("[[stages", &[]).is_err());
    }
}
