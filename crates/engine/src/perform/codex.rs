//! Codex: how it is found, and what a run starts it with.

use crew_agent::Dialect;
use crew_agent::codex::{
    CODEX, Decoder, HOME, Launch, Means, Opening, Remembered, Resumed, places,
};
use crew_agent::desk::Desk;
use crew_agent::shim::{InputMode, Spec};
use crew_core::Token;
use crew_core::run::Trouble;
use crew_core::team::Program;
use crew_git::Worktree;

use super::Outside;
use super::agent::GRACE;
use super::aside;
use super::cell::{Cell, inside};
use super::prepare::{OUTPUT_BYTES_MAX, about_desk, environment, tools_of_ours};
use super::program::{
    Ready, config_dir, homeless, left_behind, mark, note_version, secrets, settings, trouble,
};
use crate::anchors;
use crate::place::{Place, marker, session_file};
use crate::prompt;
use crate::remark::{self, with_unknown};

/// What a run starts Codex with, or what a human has to put right before.
pub(super) fn spec(
    outside: &Outside,
    place: &Place,
    (worktree, desk, token): (&Worktree, &Desk, Token),
    codex: &Program,
    material: &str,
) -> anyhow::Result<Result<Ready, Trouble>> {
    let installed = match CODEX.find(&codex.program, &environment()) {
        Ok(installed) => installed,
        Err(unusable) => return Ok(Err(trouble(&unusable))),
    };
    let known = (CODEX.name, CODEX.command, CODEX.version_tested);
    note_version(outside.handle.home(), known, (&installed.program, installed.version));
    let secrets = secrets(codex);
    let Some(user) = config_dir(place).or_else(|| settings(HOME, ".codex", &secrets)) else {
        return Ok(Err(homeless(HOME)));
    };
    let Place { project, run, .. } = place;
    let launch = Launch {
        model: run.model().map(str::to_owned).or_else(|| codex.model.clone()),
        base_url: codex.base_url.clone(),
        means: means(codex),
        permissions: codex.permissions,
        tools_of_ours: Some(tools_of_ours(outside, desk)),
    };
    let crew = outside.handle.home();
    let home = session_file(crew, project, run).with_extension("codex");
    launch.make_home(&home, &user)?;
    let cell = Cell::of_agent(outside, place, token, (worktree, desk))?;
    let places = places(&installed, &home);
    let cell = cell.map(|cell| cell.opened(places.read, places.write));
    let mark = mark(crew, place)?;
    let known = match aside::asked(outside, run).and_then(|source| source.session) {
        Some(thread) => Remembered::find_thread(&home, &thread, installed.version),
        None => Remembered::find(&home, worktree.path(), installed.version),
    };
    let known = known.filter(|known| !left_behind(run, &known.thread));
    let said = remark::since(crew, place)?;
    let reminder = anchors::reminder(&outside.handle, place)?;
    let whole = prompt::prompt(place, material);
    let resumed = known.map(|known| {
        let is_told = known.has_line(&mark);
        let prompt = if is_told { &prompt::go_on(place) } else { &whole };
        let reminder = reminder.into_iter().filter(|_| is_told);
        let said: Vec<_> = said.iter().cloned().chain(reminder).collect();
        let prompt = with_unknown(prompt, &said, |mark| known.has_line(mark));
        Resumed { prompt: format!("{prompt}\n\n{mark}"), thread: known.thread }
    });
    let prompt = format!("{}\n\n{mark}", with_unknown(&whole, &said, |_| false));
    let opening = Opening {
        payer: codex.billing,
        thread: launch.thread(worktree.path(), &prompt::system(place)),
        means: launch.means,
        permissions: codex.permissions,
        allow: codex.allow.clone(),
        worktree: worktree.path().to_owned(),
        prompt,
        resumed,
    };
    let mut env = environment();
    env.insert(HOME.to_owned(), home.display().to_string());
    env.extend(about_desk(outside, desk));
    let spec = Spec {
        argv: Launch::argv(&installed),
        cwd: worktree.path().to_owned(),
        env,
        secret_env: Vec::new(), // named by the launch
        marker: marker(crew, run.id, token),
        stdin: vec![Decoder::first_input()],
        input: InputMode::KeepOpen,
        grace: GRACE,
        deadline: None,
        output_bytes_max: OUTPUT_BYTES_MAX,
        dialect: Dialect::Codex(Box::new(opening)),
    };
    Ok(Ok((inside(cell.as_ref(), spec)?, secrets)))
}

/// With what it is paid: a key, where one is named; whoever is signed in, at OpenAI only.
fn means(codex: &Program) -> Means {
    match (&codex.key_env, &codex.base_url) {
        (Some(env), _) => Means::Key { env: env.clone() },
        (None, Some(_)) => Means::Nothing,
        (None, None) => Means::SignedIn,
    }
}
