//! Making the worktree ready, and launching the agent in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use crew_agent::desk::{self, Desk, ToolsOfOurs};
use crew_agent::mailbox::{Mailbox, Rules};
use crew_agent::shim::{self, InputMode, Launched, Presence, ShimProgram, Spec};
use crew_agent::{AskPolicy, Budget, Dialect, ModelConfig, RemoteConfig, Start, ToolName};
use crew_core::project::Project;
use crew_core::run::{Purpose, Run, Trouble, TroubleKind};
use crew_core::task::CommitId;
use crew_core::team::{Api, Model, ProviderKind, closed_to_search};
use crew_core::{Price, Token};
use crew_git::{GitError, Worktree, Worktrees};
use crew_store::Home;

use super::agent::GRACE;
use super::cell::{Cell, inside};
use super::program::{Ready, kept_key};
use super::script::{Ended, Job};
use super::{CalledOff, Outside, acp, aside, claude, codex};
use crate::brief::brief;
use crate::place::{self, Place, marker, session_file, snapshot_reference};
use crate::prompt::{self, MATERIAL_BYTES_MAX};
use crate::quote::Quote;
use crate::remark::{self, with_unknown};
use crate::teamfile::TEAM_DIRECTORY;

/// An agent that prints more is ended.
pub(super) const OUTPUT_BYTES_MAX: u64 = 1 << 30;
/// Calls of the model in one run.
pub(super) const TURNS_MAX: u32 = 200;
/// What an agent inherits of our environment; nothing else.
const ENVIRONMENT: [&str; 15] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "JAVA_HOME",
    "NVM_DIR",
];

/// What came of making ready.
pub(super) enum Made {
    /// An agent was launched.
    Agent {
        /// What the worktree is at.
        head: CommitId,
    },
    /// A trigger waits for whoever plays the role.
    Trigger {
        /// What the worktree is at.
        head: CommitId,
    },
    /// Something went wrong before.
    Not(Trouble),
}

/// Makes the worktree of a run ready and launches its agent, unless that was done before.
pub(super) fn prepare(
    outside: &Outside,
    place: &Place,
    token: Token,
    called_off: &CalledOff,
) -> anyhow::Result<Made> {
    let Place { project, task, run, .. } = place;
    let home = outside.handle.home();
    let dir = home.run(run.id, token);
    let worktrees = outside.repositories.of(home, project)?;
    let worktree = if run.is_aside() {
        place::acquire_aside(&worktrees, place)?
    } else {
        place::acquire(&worktrees, project, task, run.slot)?
    };
    let head = core_commit(&worktree.tip()?);
    if shim::look(&dir)? != Presence::NotStarted {
        return Ok(Made::Agent { head });
    }
    if !run.is_aside()
        && let Some(message) = make_ready(outside, place, (&worktree, token), called_off)?
    {
        return Ok(Made::Not(Trouble { kind: TroubleKind::Human, message }));
    }
    let head = core_commit(&worktree.tip()?);
    let provider = project.team.providers.get(&run.provider).context("BUG: no such provider")?;
    let place = &aside::recall(outside, place, (&provider.kind, token))?;
    let Place { project, run, .. } = place;
    let provider = project.team.providers.get(&run.provider).context("BUG: no such provider")?;
    let mut material = material(&worktrees, place)?;
    material.push_str(&aside::record(outside, place, (&worktrees, &worktree))?);
    let key = match kept_key(home, provider) {
        Ok(key) => key,
        Err(trouble) => return Ok(Made::Not(trouble)),
    };
    let kind = project.team.told(&run.role, &provider.kind);
    if may_need_brief(place, &kind) {
        material.push_str(&brief(&outside.handle, place, &worktree)?);
    }
    match &kind {
        ProviderKind::Mailbox if called_off.is_cancelled() => {
            Ok(Made::Not(transient("it was called off")))
        }
        ProviderKind::Mailbox => {
            trigger(home, place, &worktree, &material)?;
            Ok(Made::Trigger { head })
        }
        ProviderKind::Native(model) => {
            let model = model_config(outside, place, (model, provider.price));
            let mut secrets = secrets(&model);
            secrets.extend(key);
            let desk = Desk::set_up(&dir)?;
            let cell = Cell::of_agent(outside, place, token, (&worktree, &desk))?;
            let at = (&worktree, &desk, cell.as_ref());
            let spec = native(outside, place, at, token, model, &material)?;
            let spec = inside(cell.as_ref(), spec)?;
            launch(outside, &dir, (&spec, &secrets), called_off, head)
        }
        ProviderKind::Claude(program) => {
            let at = (&worktree, &Desk::set_up(&dir)?, token);
            let start = claude::spec(outside, place, at, program, &material)?;
            launch_program(outside, &dir, (start, key), called_off, head)
        }
        ProviderKind::Codex(program) => {
            let at = (&worktree, &Desk::set_up(&dir)?, token);
            let start = codex::spec(outside, place, at, program, &material)?;
            launch_program(outside, &dir, (start, key), called_off, head)
        }
        ProviderKind::Acp(agent) => {
            let at = (&worktree, &Desk::set_up(&dir)?, token);
            let start = acp::spec(outside, place, at, agent, &material)?;
            launch_program(outside, &dir, (start, key), called_off, head)
        }
    }
}

/// Makes the worktree ready for work; what went wrong, if anything did.
fn make_ready(
    outside: &Outside,
    place: &Place,
    (worktree, token): (&Worktree, Token),
    called_off: &CalledOff,
) -> anyhow::Result<Option<String>> {
    let Place { project, task, run, .. } = place;
    if run.purpose == Purpose::Work && run.slot > 0 {
        begin_where_the_task_stands(place, worktree, token)?;
    }
    let log = outside.handle.home().run(run.id, token).join("setup.log");
    if let Some(message) = set_up(outside, project, worktree, log, called_off)? {
        return Ok(Some(message));
    }
    let before = format!("{}.{token}-before", snapshot_reference(run));
    worktree.snapshot(&before, &format!("Before {}.{token}", run.id))?;
    if task.catch_up && run.purpose == Purpose::Work {
        catch_up(place, worktree)?;
    }
    Ok(None)
}

/// A worktree beside the task's own may be of an earlier visit to the stage: with work that was not kept, or
/// without that of others. What is in it is kept beside the branch.
fn begin_where_the_task_stands(
    Place { task, run, .. }: &Place,
    worktree: &Worktree,
    token: Token,
) -> anyhow::Result<()> {
    let Some(head) = &task.head else { return Ok(()) };
    let repository = worktree.repository();
    let head = repository.resolve(&head.0)?;
    if !repository.is_ancestor(&head, &worktree.tip()?)? {
        worktree.reset_to(&head, &format!("{}.{token}-left", snapshot_reference(run)))?;
    }
    Ok(())
}

/// Whether the agent may not see the conversation of who was at work before. Our own agent goes on with
/// its own.
fn may_need_brief(Place { run, .. }: &Place, kind: &ProviderKind) -> bool {
    let has_own = matches!(kind, ProviderKind::Native(_) | ProviderKind::Mailbox) || run.is_aside();
    run.takes_over.is_some() || (!has_own && (run.token > Token(1) || run.leaves.is_some()))
}

fn launch_program(
    outside: &Outside,
    dir: &Path,
    (start, key): (Result<Ready, Trouble>, BTreeMap<String, String>),
    called_off: &CalledOff,
    head: CommitId,
) -> anyhow::Result<Made> {
    match start {
        Ok((spec, mut secrets)) => {
            secrets.extend(key);
            launch(outside, dir, (&spec, &secrets), called_off, head)
        }
        Err(trouble) => Ok(Made::Not(trouble)),
    }
}

fn launch(
    outside: &Outside,
    dir: &Path,
    (spec, secrets): (&Spec, &BTreeMap<String, String>),
    called_off: &CalledOff,
    head: CommitId,
) -> anyhow::Result<Made> {
    let arguments = vec!["shim".into()];
    let program = ShimProgram { path: outside.program.clone(), arguments };
    if called_off.is_cancelled() {
        return Ok(Made::Not(transient("it was called off")));
    }
    match shim::launch(dir, spec, &program, secrets)? {
        Launched::Now(child) => outside.adopt(child),
        Launched::Already(_) => {}
    }
    Ok(Made::Agent { head })
}

/// What an agent inherits of our environment.
pub(super) fn environment() -> BTreeMap<String, String> {
    let value = |name: &&str| Some(((*name).to_owned(), std::env::var(name).ok()?));
    ENVIRONMENT.iter().filter_map(value).collect()
}

/// What an agent finds its desk and our program by.
pub(super) fn about_desk(outside: &Outside, desk: &Desk) -> [(String, String); 2] {
    [
        (desk::DESK.to_owned(), desk.root().display().to_string()),
        (desk::PROGRAM.to_owned(), outside.program.display().to_string()),
    ]
}

/// The same for who speaks MCP.
pub(super) fn tools_of_ours(outside: &Outside, desk: &Desk) -> ToolsOfOurs {
    ToolsOfOurs { program: outside.program.clone(), desk: desk.root().to_owned() }
}

fn transient(message: &str) -> Trouble {
    Trouble { kind: TroubleKind::Transient, message: message.to_owned() }
}

pub(super) fn core_commit(commit: &crew_git::CommitId) -> crew_core::task::CommitId {
    crew_core::task::CommitId(commit.as_str().to_owned())
}

/// Runs the project's set-up script in a worktree that has not had it; what went wrong, if anything
/// did. A script that was interrupted is run again.
pub(super) fn set_up(
    outside: &Outside,
    project: &Project,
    worktree: &Worktree,
    log: PathBuf,
    called_off: &CalledOff,
) -> anyhow::Result<Option<String>> {
    let policy = &project.team.worktree;
    let Some(command) = policy.setup.as_ref().filter(|command| !worktree.is_set_up(command)) else {
        return Ok(None);
    };
    let job = Job { outside, project, command, timeout: policy.timeout, log, called_off };
    let how = match job.run(worktree.repository(), worktree.path())? {
        Ended::Well => {
            worktree.mark_set_up(command)?;
            return Ok(None);
        }
        Ended::Badly(code) => format!("failed with code {code}"),
        Ended::Not(why) => format!("did not come to its end: {why}"),
    };
    Ok(Some(format!(
        "the set-up script {how}: `{command}`; its output is in {}",
        job.log.display()
    )))
}

/// Brings the base branch in. A conflict stays in the files, for the agent to resolve.
fn catch_up(place: &Place, worktree: &Worktree) -> anyhow::Result<()> {
    let author = place::identity(place.run.role.as_str());
    let base = &place.project.team.merge.base;
    match worktree.update_from_base(base, &author) {
        Err(GitError::Dirty { .. }) => {
            worktree.commit_all("Keep what an earlier turn left", &author, &[])?;
            worktree.update_from_base(base, &author)?;
        }
        other => drop(other?),
    }
    Ok(())
}

/// What a judge sees, quoted: the change, or the candidates' changes.
fn material(worktrees: &Worktrees, place: &Place) -> anyhow::Result<String> {
    let Place { run, .. } = place;
    Ok(match run.purpose {
        Purpose::Work | Purpose::Consult { .. } | Purpose::Answer { .. } => String::new(),
        Purpose::Verdict => {
            format!("## The change\n{}", change(worktrees, place, 0, MATERIAL_BYTES_MAX)?)
        }
        Purpose::Choose => {
            let mut text = String::new();
            for slot in &place.candidates {
                let bytes_max = MATERIAL_BYTES_MAX / place.candidates.len();
                let shown = change(worktrees, place, *slot, bytes_max)?;
                writeln!(text, "## Candidate {slot}\n{shown}")?;
            }
            text
        }
    })
}

/// What a branch of the task changes, quoted.
pub(super) fn change(
    worktrees: &Worktrees,
    Place { project, task, .. }: &Place,
    slot: u32,
    bytes_max: usize,
) -> anyhow::Result<String> {
    let repository = worktrees.repository();
    let base = repository.resolve(&format!("refs/heads/{}", project.team.merge.base))?;
    let tip = repository.branch_tip(&place::branch_name(task.id, slot))?;
    let Some(tip) = tip else { return Ok("(nothing)\n".to_owned()) };
    let from = repository.merge_base(&base, &tip)?.unwrap_or(base);
    let diff = repository.diff(&from, &tip, bytes_max)?;
    let all = format!("`git diff {from} {tip}` shows all of it.");
    let quote = Quote { kind: "diff", text: &diff.text, chars_max: bytes_max, rest: &all };
    let cut = if diff.truncated { format!("(cut here. {all})\n") } else { String::new() };
    Ok(quote.fenced() + &cut)
}

/// A role that a script or a person plays finds its task in the mailbox.
fn trigger(home: &Home, place: &Place, worktree: &Worktree, material: &str) -> anyhow::Result<()> {
    let Place { project, task, run, .. } = place;
    let note = home.run(run.id, run.token).join("trigger");
    let said = remark::since(home, place)?;
    let text = format!(
        "{}\n\nISSUE: {}\nRUN: {}\nWORKTREE: {}\n",
        with_unknown(&prompt::prompt(place, material), &said, |_| false),
        task.id,
        run.id,
        worktree.path().display()
    );
    mailbox_of(&project.root)?.write_trigger_once(run.role.as_str(), &text, &note)?;
    Ok(())
}

pub(super) fn mailbox_of(root: &str) -> anyhow::Result<Mailbox> {
    let shared = Path::new(root).join(TEAM_DIRECTORY).join("shared");
    Ok(Mailbox::open(&shared, Rules::default())?)
}

fn native(
    outside: &Outside,
    place: &Place,
    (worktree, desk, cell): (&Worktree, &Desk, Option<&Cell>),
    token: Token,
    model: ModelConfig,
    material: &str,
) -> anyhow::Result<Spec> {
    let Place { project, task, run, .. } = place;
    let home = outside.handle.home();
    let role = project.team.roles.get(&run.role);
    let start = Start {
        session: session_file(home, project, run),
        system: prompt::system(place),
        prompt: prompt::prompt(place, material),
        remarks: remark::since(home, place)?,
        model,
        tools: tools(role.map_or(&[], |role| &role.tools)),
        role: run.role.to_string(),
        stage: stage_of(run),
        task_title: task.title.clone(),
        visit: task.visits.get(&run.stage).copied().unwrap_or(1),
        budget: Budget { tokens: Some(project.team.budget.run.tokens), turns: TURNS_MAX },
        run: run.id.to_string(),
        shell_through: cell.map(Cell::entry).transpose()?.unwrap_or_default(),
        heartbeat_ms: Start::HEARTBEAT_MS,
        ask_policy: AskPolicy::Wait,
        // Who only answers a question changes nothing, whatever it does.
        asks_permission: role.is_some_and(|role| !role.rules.is_empty()) && !run.is_aside(),
        closed: role.map(|role| closed_to_search(&role.rules)).unwrap_or_default(),
        desk: Some(desk.root().to_owned()),
    };
    let env = environment().into_iter().chain(about_desk(outside, desk)).collect();
    Ok(Spec {
        argv: vec![outside.program.display().to_string(), "native".into()],
        cwd: worktree.path().to_owned(),
        env,
        secret_env: Vec::new(), // named by the launch
        marker: marker(home, run.id, token),
        stdin: vec![serde_json::to_string(&start)?],
        input: InputMode::KeepOpen,
        grace: GRACE,
        deadline: None,
        output_bytes_max: OUTPUT_BYTES_MAX,
        dialect: Dialect::Native,
    })
}

/// The key that the role's provider names, and no other.
fn secrets(model: &ModelConfig) -> BTreeMap<String, String> {
    let key = model.key_env();
    key.and_then(|key| Some((key.to_owned(), std::env::var(key).ok()?))).into_iter().collect()
}

/// What a playbook's scene is chosen by: the purposes other than work are stages of their own.
fn stage_of(run: &Run) -> String {
    match run.purpose {
        Purpose::Work => run.stage.to_string(),
        Purpose::Consult { .. } => "consult".to_owned(),
        Purpose::Verdict => "verdict".to_owned(),
        Purpose::Choose => "choose".to_owned(),
        Purpose::Answer { .. } => "answer".to_owned(),
    }
}

/// What a role may use for its work, and what everybody may say to us.
fn tools(names: &[String]) -> Vec<ToolName> {
    let for_work = if names.is_empty() {
        ToolName::all()
    } else {
        names.iter().filter_map(|name| ToolName::parse(name)).collect()
    };
    for_work.into_iter().chain(ToolName::of_desk()).collect()
}

/// The model that a run is for. What is known of the provider's own is true of no other that was chosen.
fn model_config(
    outside: &Outside,
    Place { project, run, .. }: &Place,
    (model, price): (&Model, Option<Price>),
) -> ModelConfig {
    let name = run.model().unwrap_or(&model.name);
    let is_own = name == model.name;
    let remote = RemoteConfig {
        base_url: model.base_url.clone(),
        key_env: model.key_env.clone(),
        context_tokens: model.context_tokens.filter(|_| is_own),
        price: price.filter(|_| is_own),
        ..RemoteConfig::named(name)
    };
    match model.api {
        Api::Playbook if name == "builtin" => {
            ModelConfig::Playbook { path: outside.builtin_playbook.clone() }
        }
        Api::Playbook => {
            let team = PathBuf::from(&project.root).join(TEAM_DIRECTORY);
            ModelConfig::Playbook { path: team.join(name) }
        }
        Api::Anthropic => ModelConfig::Anthropic(remote),
        Api::Openai => ModelConfig::Openai(remote),
        Api::Gemini => ModelConfig::Gemini(remote),
        Api::Ollama => ModelConfig::Ollama(remote),
    }
}
