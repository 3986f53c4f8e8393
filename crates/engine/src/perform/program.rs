//! What all agents have in common that are programs of others: what they are handed, and what a human
//! has to put right before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crew_agent::manifest::Manifest;
use crew_agent::program::{Unusable, Version};
use crew_agent::shim::Spec;
use crew_core::run::{Run, Trouble, TroubleKind};
use crew_core::team::{Key, Program, Provider};
use crew_store::{Home, Secrets};

use crate::place::Place;
use crate::screen;

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

/// Says in the log of the daemon which version is started that nobody has tried, or that could not do
/// all of it when it was.
pub(super) fn note_version(
    home: &Home,
    (name, command, tested): (&str, &str, Version),
    (program, version): (&Path, Version),
) {
    match Manifest::of(home.root(), program, version).map(|it| it.missing().len()) {
        None if version == tested => {}
        Some(0) => {}
        None => tracing::warn!(
            "{name} {version} has not been tried here; hint: crew provider test {command}"
        ),
        Some(missing) => tracing::warn!(
            "{name} {version} could not do {missing} things when it was tried; hint: crew doctor"
        ),
    }
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

/// Where the account of a run's provider keeps who is signed in, if team.toml says where.
pub(super) fn config_dir(place: &Place) -> Option<PathBuf> {
    let provider = place.project.team.providers.get(&place.run.provider)?;
    let given = provider.config_dir.as_deref()?;
    match given.strip_prefix("~/") {
        Some(below) => Some(PathBuf::from(std::env::var_os("HOME")?).join(below)),
        None => Some(PathBuf::from(given)),
    }
}

/// The key that is kept for a provider, in the variable that its agent looks for it in.
pub(super) fn kept_key(
    home: &Home,
    provider: &Provider,
) -> Result<BTreeMap<String, String>, Trouble> {
    let Some(Key { secret, variable }) = &provider.key else { return Ok(BTreeMap::new()) };
    let value = Secrets::of(home).get(secret).map_err(|error| Trouble {
        kind: TroubleKind::Provider,
        message: format!("{error}; hint: {}", error.hint()),
    })?;
    screen::remember(value.expose());
    Ok(BTreeMap::from([(variable.clone(), value.expose().to_owned())]))
}

/// Whether a run begins another conversation, as this one is too full.
pub(super) fn left_behind(run: &Run, session: &str) -> bool {
    run.leaves.as_ref().is_some_and(|left| left.session == session)
}

/// What stands at the end of each prompt of a run, so that it is known whether one was heard.
pub(super) fn mark(home: &Home, place: &Place) -> anyhow::Result<String> {
    Ok(format!("(Crewhouse: run {} of {})", place.run.id, home.id()?))
}
