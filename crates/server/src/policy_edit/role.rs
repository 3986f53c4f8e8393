//! Roles: added, and taken out where nobody needs them.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::{bad_name, name_of};
use crate::error::ApiError;
use crew_core::RoleName;

/// The longest that is said of what a new role does, in bytes.
pub(crate) const ABOUT_MAX: usize = 8_000;

/// Adds a role after the others. Nobody plays it yet.
pub(super) fn add(document: &mut DocumentMut, role: &str) -> Result<(), ApiError> {
    let key = format!("roles.{role}");
    let name: RoleName = role.parse().map_err(|error| bad_name(error, "tech-writer").key(&key))?;
    if role == "human" {
        return Err(ApiError::invalid("`human` is you, and no role")
            .hint("give it another name; a stage of yours has the owner \"human\"")
            .key(key));
    }
    let made = || Item::Table(implicit());
    let roles = document.entry("roles").or_insert_with(made).as_table_like_mut();
    let roles = roles.ok_or_else(not_tables)?;
    if roles.contains_key(role) {
        return Err(ApiError::invalid(format!("there is a role `{role}` already"))
            .hint("change that one, or give this one another name")
            .key(key));
    }
    roles.insert(name.as_str(), Item::Table(Table::new()));
    Ok(())
}

fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

fn not_tables() -> ApiError {
    ApiError::invalid("team.toml does not write its roles as [roles.NAME]").hint("edit it as text")
}

/// Takes a role out, and out of those that others may write to.
pub(super) fn remove(document: &mut DocumentMut, role: &str) -> Result<(), ApiError> {
    let places = stages_with(document, role);
    if !places.is_empty() {
        return Err(ApiError::invalid(format!("`{role}` is needed in {}", places.join(", ")))
            .hint("let another role do that first"));
    }
    let roles = document.get_mut("roles").and_then(Item::as_table_like_mut);
    let roles = roles.ok_or_else(not_tables)?;
    if roles.remove(role).is_none() {
        return Err(ApiError::invalid(format!("there is no role `{role}` in team.toml"))
            .hint("somebody may have taken it out: look at the team as it is now"));
    }
    for (_, other) in roles.iter_mut() {
        let Some(table) = other.as_table_like_mut() else { continue };
        if let Some(list) = table.get_mut("messages").and_then(Item::as_array_mut) {
            list.retain(|it| it.as_str() != Some(role));
        }
    }
    Ok(())
}

/// The stages in which the role works, decides, or judges.
fn stages_with(document: &DocumentMut, role: &str) -> Vec<String> {
    let stages = document.get("stages").and_then(Item::as_array_of_tables);
    let stages = stages.into_iter().flat_map(|it| it.iter()).filter(|stage| names(stage, role));
    stages.filter_map(name_of).map(str::to_owned).collect()
}

fn names(stage: &Table, role: &str) -> bool {
    let is_it = |key: &str| stage.get(key).and_then(Item::as_str) == Some(role);
    let works = stage.get("roles").and_then(Item::as_array);
    let mut works = works.into_iter().flat_map(|it| it.iter());
    let judges = |gate: &dyn TableLike| gate.get("verdict").and_then(Item::as_str) == Some(role);
    let gates = stage.get("gates");
    let inline = gates.and_then(Item::as_array).into_iter().flat_map(|it| it.iter());
    let mut inline = inline.filter_map(Value::as_inline_table);
    let tables = gates.and_then(Item::as_array_of_tables).into_iter();
    let mut tables = tables.flat_map(|it| it.iter());
    is_it("owner")
        || is_it("judge")
        || works.any(|it| it.as_str() == Some(role))
        || inline.any(|gate| judges(gate))
        || tables.any(|gate| judges(gate))
}

#[cfg(test)]
mod tests {
    use crate::policy_edit::{edited, form};
    use crate::wire::{Scalar, TeamEdit};
    use crew_core::team::{DEFAULT_TEAM, parse};

    fn add(role: &str) -> TeamEdit {
        TeamEdit::AddRole { role: role.into(), about: None }
    }

    fn provider(role: &str) -> TeamEdit {
        let key = ["roles", role, "provider"].map(str::to_owned).to_vec();
        TeamEdit::Set { key, value: Some(Scalar::Text("native".into())) }
    }

    fn remove(role: &str) -> TeamEdit {
        TeamEdit::RemoveRole { role: role.into() }
    }

    #[test]
    fn a_role_is_added_after_the_others_and_taken_out_again() {
        let added = edited(DEFAULT_TEAM, &[add("tech-writer"), provider("tech-writer")]).unwrap();
        assert!(parse(&added).is_ok(), "{added}");
        assert!(added.contains("# The team of this project"), "comments stay");
        let written = "[roles.community]\nprovider = \"native\"\n\n[roles.tech-writer]\nprovider = \"native\"\n\n[[stages]]";
        assert!(added.contains(written), "{added}");
        let last = form(&added).unwrap().roles.pop().unwrap();
        assert_eq!(last.name, "tech-writer");
        assert_eq!(edited(&added, &[remove("tech-writer")]).unwrap(), DEFAULT_TEAM);
    }

    #[test]
    fn what_cannot_be_is_said_with_a_hint() {
        let check = |edit: TeamEdit, expect: &str, key: Option<&str>| {
            let error = edited(DEFAULT_TEAM, &[edit]).unwrap_err();
            assert_eq!(error.key.as_deref(), key, "{error:?}");
            let (message, hint) = error.into_words();
            assert!(message.contains(expect), "{message}");
            assert!(hint.is_some(), "{message}");
        };
        check(add("pm"), "there is a role `pm` already", Some("roles.pm"));
        check(add("human"), "`human` is you", Some("roles.human"));
        check(add("Tech Writer"), "Tech Writer", Some("roles.Tech Writer"));
        check(add("../../x"), "../../x", Some("roles.../../x"));
        check(remove("nobody"), "there is no role `nobody`", None);
        check(remove("tester"), "`tester` is needed in needs-testing", None);
    }

    #[test]
    fn a_role_is_needed_where_it_works_chooses_or_judges() {
        let check = |keys: &str, expect: bool| {
            let text = format!("[roles.a]\n[[stages]]\nname = \"s\"\n{keys}\n");
            assert_eq!(edited(&text, &[remove("a")]).is_err(), expect, "{keys}");
        };
        check("owner = \"a\"", true);
        check("roles = [\"b\", \"a\"]", true);
        check("judge = \"a\"", true);
        check("gates = [{ verdict = \"a\" }]", true);
        check("[[stages.gates]]\nverdict = \"a\"", true);
        check("owner = \"b\"\ngates = [{ check = \"a\" }]", false);
    }

    #[test]
    fn nobody_writes_to_a_role_that_is_gone() {
        let text = "[roles.a]\n[roles.b]\nmessages = [\"a\", \"c\"] # both\n";
        let removed = edited(text, &[remove("a")]).unwrap();
        assert!(removed.contains("messages = [ \"c\"] # both"), "{removed}");
    }
}
