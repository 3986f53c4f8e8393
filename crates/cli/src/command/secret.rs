//! `crew secret`: keys by name. What is kept is never an argument and never printed.

use std::io::{BufRead, IsTerminal, Read, stderr, stdin};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crew_core::SecretName;
use crew_store::{Kept, Secret, SecretError, Secrets, make_key};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::error::{Attempt, CliError, Exit};

/// Whoever waits longer wants to know for what.
const SOON: Duration = Duration::from_secs(1);

pub(super) fn run(context: &Context, command: args::Secret) -> Result<Exit, CliError> {
    match command {
        args::Secret::Set { name, key_file } => set(context, &name, key_file.as_deref()),
        args::Secret::List => list(context),
        args::Secret::Rm { name } => {
            let secrets = Secrets::of(&context.home()?);
            let removed = patiently(context, || secrets.remove(&name));
            removed.map_err(failed)?;
            said(context, &name, "forgotten")
        }
        args::Secret::Key { file } => key(context, &file),
    }
}

fn set(context: &Context, name: &SecretName, key_file: Option<&Path>) -> Result<Exit, CliError> {
    let secrets = Secrets::of(&context.home()?);
    let secret = Secret::new(&read(context)?).ok_or_else(|| {
        CliError::failed("there is nothing to keep").hint("type it, or give it on standard input")
    })?;
    let kept = if key_file.is_some() {
        secrets.set_in_file(name, &secret, key_file).map_err(failed)?;
        Kept::File
    } else {
        patiently(context, || secrets.set_in_keyring(name, &secret)).map_err(failed)?;
        Kept::Keyring
    };
    said(context, name, kept.word())
}

/// Says what is waited for, where it takes a while.
fn patiently<T>(context: &Context, ask: impl FnOnce() -> T) -> T {
    let (done, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(SOON) == Err(mpsc::RecvTimeoutError::Timeout) {
                context.out.note("waiting for the keyring; it may ask for its password");
            }
        });
        let answer = ask();
        drop(done);
        answer
    })
}

fn list(context: &Context) -> Result<Exit, CliError> {
    let kept = Secrets::of(&context.home()?).list().map_err(failed)?;
    if context.out.json {
        let secrets = kept.iter().map(|(name, kept)| json!({"name": name, "kept": kept.word()}));
        context.out.document(&json!({"secrets": secrets.collect::<Vec<_>>()}))?;
        return Ok(Exit::Ok);
    }
    for (name, kept) in kept {
        context.out.line(format!("{name}  {}", kept.word()))?;
    }
    Ok(Exit::Ok)
}

fn key(context: &Context, file: &Path) -> Result<Exit, CliError> {
    make_key(file).map_err(failed)?;
    if context.out.json {
        context.out.document(&json!({"key_file": file}))?;
    } else {
        context.out.line(format!(
            "{} is a key now. Who has it reads your secrets; without it nobody does.",
            file.display()
        ))?;
    }
    Ok(Exit::Ok)
}

fn said(context: &Context, name: &SecretName, what: &str) -> Result<Exit, CliError> {
    if context.out.json {
        context.out.document(&json!({"name": name, "kept": what}))?;
    } else {
        context.out.line(format!("{name}: {what}"))?;
    }
    Ok(Exit::Ok)
}

/// All of standard input; at a terminal one line, which nobody sees.
fn read(context: &Context) -> Result<String, CliError> {
    let mut text = String::new();
    let input = stdin();
    if !input.is_terminal() {
        input.lock().read_to_string(&mut text).attempt("reading the secret")?;
        return Ok(text);
    }
    let shown = tcgetattr(stderr()).or_else(|_| tcgetattr(&input));
    let shown = shown.map_err(std::io::Error::from).attempt("asking for the secret")?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    context.out.prompt("the secret, which is not shown: ");
    let change = |to| tcsetattr(&input, OptionalActions::Flush, to).map_err(std::io::Error::from);
    change(&hidden).attempt("hiding what is typed")?;
    let line = input.lock().read_line(&mut text);
    change(&shown).attempt("showing again what is typed")?;
    line.attempt("reading the secret")?;
    Ok(text)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: SecretError) -> CliError {
    CliError::failed(&error).hint(error.hint())
}
