//! Claude Code: how it is found, and what a run starts it with.

use std::path::{Path, PathBuf};

use crew_agent::Dialect;
use crew_agent::claude::{
    CLAUDE, CONFIG_DIR, Conversation, Decoder, ENVIRONMENT, HOOKS_TOLD_SINCE, INHERITED, Launch,
    Opening, Remembered, conversation_id, is_allowed, places,
};
use crew_agent::desk::Desk;
use crew_agent::program::Installed;
use crew_agent::shim::{InputMode, Spec};
use crew_core::run::{Run, Trouble};
use crew_core::team::{Program, closed};
use crew_core::{Micros, Token};
use crew_git::Worktree;

use super::Outside;
use super::agent::GRACE;
use super::aside;
use super::cell::{Cell, inside};
use super::prepare::{OUTPUT_BYTES_MAX, TURNS_MAX, about_desk, environment, tools_of_ours};
use super::program::{
    Ready, config_dir, homeless, left_behind, mark, note_version, secrets, settings, trouble,
};
use crate::anchors;
use crate::place::{Place, marker, session_file};
use crate::prompt;
use crate::remark::{self, with_unknown};

/// What a run starts Claude Code with, or what a human has to put right before.
pub(super) fn spec(
    outside: &Outside,
    place: &Place,
    (worktree, desk, token): (&Worktree, &Desk, Token),
    claude: &Program,
    material: &str,
) -> anyhow::Result<Result<Ready, Trouble>> {
    let installed = match CLAUDE.find(&claude.program, &environment()) {
        Ok(installed) => installed,
        Err(unusable) => return Ok(Err(trouble(&unusable))),
    };
    if let Err(unusable) = is_allowed(claude.permissions) {
        return Ok(Err(trouble(&unusable)));
    }
    let known = (CLAUDE.name, CLAUDE.command, CLAUDE.version_tested);
    note_version(outside.handle.home(), known, (&installed.program, installed.version));
    let secrets = secrets(claude);
    let own = config_dir(place);
    let Some(config_dir) = own.clone().or_else(|| settings(CONFIG_DIR, ".claude", &secrets)) else {
        return Ok(Err(homeless(CONFIG_DIR)));
    };
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let places = places(&installed, &config_dir, home.as_deref());
    let cell = Cell::of_agent(outside, place, token, (worktree, desk))?;
    let cell = cell.map(|cell| cell.opened(places.read, places.write));
    let talk = converse(outside, place, (worktree.path(), token), &installed, config_dir)?;
    let Place { project, run, .. } = place;
    let launch = Launch {
        program: installed.program.display().to_string(),
        model: run.model().map(str::to_owned).or_else(|| claude.model.clone()),
        permissions: claude.permissions,
        allow: claude.allow.clone(),
        tools: project.team.roles.get(&run.role).map_or_else(Vec::new, |role| role.tools.clone()),
        conversation: talk.conversation,
        worktree: worktree.path().to_owned(),
        closed: project.team.roles.get(&run.role).map_or_else(Vec::new, |role| closed(&role.rules)),
        tells_of_hooks: installed.version >= HOOKS_TOLD_SINCE,
        cost_max: left(project.team.budget.run.cost, run),
        turns_max: TURNS_MAX,
        tools_of_ours: Some(tools_of_ours(outside, desk)),
    };
    let prompt = if talk.is_told { prompt::go_on(place) } else { prompt::prompt(place, material) };
    let mut said = remark::since(outside.handle.home(), place)?;
    if talk.is_told {
        said.extend(anchors::reminder(&outside.handle, place)?);
    }
    let prompt = with_unknown(&prompt, &said, |mark| {
        talk.known.as_ref().is_some_and(|known| known.took_in(mark))
    });
    let opening = Opening { payer: claude.billing, prompt: format!("{prompt}\n\n{}", talk.mark) };
    let mut env = environment();
    env.extend(ENVIRONMENT.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env.extend(inherited(INHERITED));
    env.extend(own.map(|dir| (CONFIG_DIR.to_owned(), dir.display().to_string())));
    env.extend(about_desk(outside, desk));
    if let Some(url) = &claude.base_url {
        env.insert("ANTHROPIC_BASE_URL".to_owned(), url.clone());
    }
    let spec = Spec {
        argv: launch.argv(),
        cwd: worktree.path().to_owned(),
        env,
        secret_env: Vec::new(), // named by the launch
        marker: marker(outside.handle.home(), run.id, token),
        stdin: vec![Decoder::first_input(&prompt::system(place))],
        input: InputMode::KeepOpen,
        grace: GRACE,
        deadline: None,
        output_bytes_max: OUTPUT_BYTES_MAX,
        dialect: Dialect::Claude(opening),
    };
    Ok(Ok((inside(cell.as_ref(), spec)?, secrets)))
}

/// Which conversation a start belongs to.
struct Talk {
    conversation: Conversation,
    /// What is known of it, if it goes on.
    known: Option<Remembered>,
    /// Whether it was told before what to do in this run.
    is_told: bool,
    /// Stands at the end of each prompt of the run.
    mark: String,
}

/// Goes on with the conversation that the role has, if there is one that fits; what is decided is
/// written down before anything is started.
fn converse(
    outside: &Outside,
    place: &Place,
    (cwd, token): (&Path, Token),
    installed: &Installed,
    config_dir: PathBuf,
) -> anyhow::Result<Talk> {
    let home = outside.handle.home();
    let file = session_file(home, &place.project, &place.run).with_extension("claude.json");
    let mark = mark(home, place)?;
    let version = installed.version;
    let is_left = |session: &str| left_behind(&place.run, session);
    let known = Remembered::read(&file)
        .filter(|known| !is_left(&known.session))
        .filter(|known| known.can_be_resumed(cwd, &config_dir, version));
    if let Some(known) = known {
        let is_told = known.has_line(&mark);
        Remembered { version, ..known.clone() }.write(&file)?;
        let conversation = Conversation::Resumed(known.session.clone());
        return Ok(Talk { conversation, known: Some(known), is_told, mark });
    }
    // A home that was restored from a backup starts the same runs again: the time tells them apart.
    let start = marker(home, place.run.id, token);
    let session = conversation_id(&format!("{start} {}", outside.handle.now().0));
    if let Some(of) = aside::asked(outside, &place.run).and_then(|source| source.session) {
        let conversation = Conversation::Forked { of, id: session };
        return Ok(Talk { conversation, known: None, is_told: false, mark });
    }
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let begun = Remembered { session: session.clone(), cwd: cwd.to_owned(), config_dir, version };
    begun.write(&file)?;
    let conversation = Conversation::New(session);
    Ok(Talk { conversation, known: None, is_told: false, mark })
}

/// What the run may still spend.
fn left(budget: Micros, run: &Run) -> Micros {
    Micros(budget.0.saturating_sub(run.spent.cost.unwrap_or_default().0))
}

fn inherited<const N: usize>(names: [&str; N]) -> impl Iterator<Item = (String, String)> {
    names.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
}
