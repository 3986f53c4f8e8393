//! What all agents have in common that are programs of others: what they are handed, and what a human
//! has to put right before.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crew_agent::program::Unusable;
use crew_agent::shim::Spec;
use crew_core::run::{Trouble, TroubleKind};
use crew_core::team::Program;
use crew_store::Home;

use crate::place::Place;

/// What is started, and the variables whose values are written down nowhere.
pub(super) type Ready = (Spec, BTreeMap<String, String>);

/// What the provider names, and nothing else.
pub(super) fn secrets(program: &Program) -> BTreeMap<String, String> {
    named(program.env.iter().chain(&program.key_env))
}

/// The variables of these names, where they are set.
pub(super) fn named<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, String> {
    let value = |name: &String| Some((name.clone(), std::env::var(name).ok()?));
    names.into_iter().filter_map(value).collect()
}

/// What a human has to put right.
pub(super) fn trouble(unusable: &Unusable) -> Trouble {
    Trouble { kind: TroubleKind::Human, message: unusable.to_string() }
}

/// There is no home to look for settings in.
pub(super) fn homeless(variable: &str) -> Trouble {
    trouble(&Unusable {
        what: format!("neither HOME nor {variable} is set for the daemon"),
        hint: "set HOME, then `crew down` and `crew up`".to_owned(),
    })
}

/// Where a program keeps its settings: in the directory that the variable names, or below the user's
/// home.
pub(super) fn settings(
    variable: &str,
    below: &str,
    secrets: &BTreeMap<String, String>,
) -> Option<PathBuf> {
    let given = secrets.get(variable).map(PathBuf::from);
    let given = given.or_else(|| std::env::var_os(variable).map(PathBuf::from));
    given.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(below)))
}

/// What stands at the end of each prompt of a run, so that it is known whether one was heard.
pub(super) fn mark(home: &Home, place: &Place) -> anyhow::Result<String> {
    Ok(format!("(Crewhouse: run {} of {})", place.run.id, home.id()?))
}
