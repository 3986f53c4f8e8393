//! Agents that speak ACP: how one is found, and what a run starts it with.

use std::collections::BTreeMap;
use std::path::Path;

use crew_agent::Dialect;
use crew_agent::acp::{
    Decoder, Known, Opening, Remembered, Resume, billing_objection, find, known, make_home, places,
};
use crew_agent::desk::Desk;
use crew_agent::program::packaged_version;
use crew_agent::shim::{InputMode, Spec};
use crew_core::Token;
use crew_core::run::{Trouble, TroubleKind};
use crew_core::team::{Acp, Payer};
use crew_git::Worktree;

use super::Outside;
use super::agent::GRACE;
use super::cell::{Cell, inside};
use super::prepare::{OUTPUT_BYTES_MAX, about_desk, environment, tools_of_ours};
use super::program::{Ready, mark, named, note_version, trouble};
use crate::place::{Place, marker, session_file};
use crate::prompt;
use crate::remark::{self, with_unknown};

/// What a run starts an agent with, or what a human has to put right before.
pub(super) fn spec(
    outside: &Outside,
    place: &Place,
    (worktree, desk, token): (&Worktree, &Desk, Token),
    acp: &Acp,
    material: &str,
) -> anyhow::Result<Result<Ready, Trouble>> {
    let known = acp.agent.map(known);
    let command = command(acp, known);
    let mut env = variables(acp, known);
    env.extend(about_desk(outside, desk));
    let program = match find(&command, known, &env) {
        Ok(program) => program,
        Err(unusable) => return Ok(Err(trouble(&unusable))),
    };
    if let Some((known, version)) = known.zip(packaged_version(&program)) {
        let known = (known.name, known.program, known.version_tested);
        note_version(outside.handle.home(), known, (&program, version));
    }
    let secrets = named(&acp.env);
    let all =
        env.iter().chain(&secrets).map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(objection) = objection(place, acp, &all) {
        return Ok(Err(Trouble { kind: TroubleKind::Provider, message: objection }));
    }
    let mut places = places(&program, known, &all);
    let own = session_file(outside.handle.home(), &place.project, &place.run);
    if let Some(known) = known {
        places.write.extend(make_home(known, &own.with_extension("acp"), &mut env)?);
    }
    let cell = Cell::of_agent(outside, place, token, (worktree, desk))?;
    let cell = cell.map(|cell| cell.opened(places.read, places.write));
    let args = || known.map_or(&[][..], |known| known.args).iter().map(|&arg| arg.to_owned());
    let args = acp.args.clone().unwrap_or_else(|| args().collect());
    let Place { run, .. } = place;
    let home = outside.handle.home();
    let spec = Spec {
        argv: [vec![program.display().to_string()], args].concat(),
        cwd: worktree.path().to_owned(),
        env,
        secret_env: Vec::new(), // named by the launch
        marker: marker(home, run.id, token),
        stdin: vec![Decoder::first_input()],
        input: InputMode::KeepOpen,
        grace: GRACE,
        deadline: None,
        output_bytes_max: OUTPUT_BYTES_MAX,
        dialect: Dialect::Acp(Box::new(Opening {
            name: known.map_or(command, |known| known.name.to_owned()),
            version_min: known.map(|known| known.version_min),
            cwd: worktree.path().to_owned(),
            prompt: first_prompt(outside, place, material)?,
            resume: resume(outside, place, (worktree.path(), token), &program)?,
            permissions: acp.permissions,
            mode: mode(acp, known),
            model: run.model().map(str::to_owned).or_else(|| acp.model.clone()),
            sign_in: sign_in(known),
            tools_of_ours: Some(tools_of_ours(outside, desk)),
            ends_with_input: known.is_none_or(|known| known.ends_with_input),
        })),
    };
    Ok(Ok((inside(cell.as_ref(), spec)?, secrets)))
}

/// Why nobody is started: somebody would pay who was not asked. A key that the human hands over is one
/// that may pay.
fn objection(place: &Place, acp: &Acp, env: &BTreeMap<String, String>) -> Option<String> {
    let Place { project, run, .. } = place;
    let keeps_key = project.team.providers.get(&run.provider).is_some_and(|it| it.key.is_some());
    let is_keyed = keeps_key || acp.key_variable().is_some();
    let usual = if is_keyed { Payer::Any } else { Payer::Subscription };
    let model = run.model().or(acp.model.as_deref());
    billing_objection((acp.agent?, acp.billing.unwrap_or(usual)), is_keyed, model, env)
}

/// The program that `team.toml` names, or the usual one.
fn command(acp: &Acp, known: Option<&Known>) -> String {
    let usual = || known.map(|known| known.program.to_owned());
    acp.program.clone().or_else(usual).unwrap_or_default()
}

/// All variables of a start that are no secrets.
fn variables(acp: &Acp, known: Option<&'static Known>) -> BTreeMap<String, String> {
    let mut env = environment();
    let Some(known) = known else { return env };
    let fixed = known.environment.iter();
    env.extend(fixed.map(|&(name, value)| (name.to_owned(), value.to_owned())));
    let inherited = known.inherited.iter();
    env.extend(inherited.filter_map(|&name| Some((name.to_owned(), std::env::var(name).ok()?))));
    env.extend(
        known.permission_variable(acp.permissions).map(|(name, value)| (name.to_owned(), value)),
    );
    let address = known.base_url.zip(acp.base_url.clone());
    env.extend(address.map(|(name, url)| (name.to_owned(), url)));
    env
}

fn mode(acp: &Acp, known: Option<&Known>) -> Option<String> {
    let usual = known.and_then(|known| known.mode(acp.permissions));
    acp.mode.clone().or_else(|| usual.map(str::to_owned))
}

fn sign_in(known: Option<&Known>) -> String {
    let usual = "sign in as its own documents say, or name the variable with its key in `env` of the \
                 provider";
    known.map_or(usual, |known| known.sign_in).to_owned()
}

/// The protocol has no place for the instructions of a role: they stand before what is to be done.
fn first_prompt(outside: &Outside, place: &Place, material: &str) -> anyhow::Result<String> {
    let mark = mark(outside.handle.home(), place)?;
    let said = remark::since(outside.handle.home(), place)?;
    let prompt = with_unknown(&prompt::prompt(place, material), &said, |_| false);
    Ok(format!("{}\n\n{prompt}\n\n{mark}", prompt::system(place)))
}

/// The conversation that the role has, if there is one that fits. What is known of it is written down
/// before anything is started.
fn resume(
    outside: &Outside,
    place: &Place,
    (cwd, token): (&Path, Token),
    program: &Path,
) -> anyhow::Result<Option<Resume>> {
    let home = outside.handle.home();
    let file = session_file(home, &place.project, &place.run).with_extension("acp.json");
    let talk = Remembered::read(&file).and_then(|known| known.resumable(program, cwd));
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let dir = home.run(place.run.id, token);
    let now = Remembered { talk, dir, program: program.to_owned(), cwd: cwd.to_owned() };
    now.write(&file)?;
    let mark = mark(home, place)?;
    let remarks = remark::since(home, place)?;
    Ok(now.talk.map(|talk| Resume {
        session: talk.session,
        remarks,
        go_on: format!("{}\n\n{mark}", prompt::go_on(place)),
        mark,
        cost: talk.cost,
    }))
}
