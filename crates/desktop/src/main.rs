//! The desktop window of Crewhouse: the user interface that the daemon serves, a tray, notifications.
//!
//! It is a window and nothing else. The daemon works without it; closing it stops no agent and no
//! daemon. All data goes over the wire that browsers and the command line use, never through the
//! window's own bridge: no command is open to any page.
//!
//! ```text
//! main thread   window, tray            ◄── show, count ──  keeper   finds, starts, follows
//! instance      links of later starts   ── show ──►                  the daemon
//! notify        one thread for each     ── show ──►
//! ```

#![cfg_attr(windows, windows_subsystem = "windows")]

mod client;
mod daemon;
mod instance;
mod keeper;
mod leave;
mod link;
mod news;
mod notify;
#[cfg(test)]
mod scratch;
mod tray;
mod window;
mod wire;

use std::process::ExitCode;

use tauri::{AppHandle, Manager, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;
use tokio::sync::mpsc::{Sender, channel};

use crate::daemon::{Address, Crew, Trouble};
use crate::instance::{First, Instance};
use crate::keeper::{Keeper, Screen, Wish};
use crate::link::{NotALink, Place};
use crate::news::{Counts, News};
use crate::tray::{Choice, Tray};
use crate::window::{Asked, Where};

/// Wishes that wait; a human has no more at once.
const WISHES_MAX: usize = 8;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Trouble { message, hint }) => {
            complain(&message);
            if let Some(hint) = hint {
                complain(&format!("hint: {hint}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Trouble> {
    let trouble = |message: String, hint: &str| Trouble { message, hint: Some(hint.to_owned()) };
    let place = asked_for().unwrap_or_else(|not_a_link| {
        // Whoever clicked on it still gets a window.
        complain(&not_a_link.to_string());
        Place::Here
    });
    let home = daemon::home()
        .ok_or_else(|| trouble("there is no home directory".to_owned(), "set CREWHOUSE_HOME"))?;
    let crew = Crew::of(home.clone());
    let entered = instance::enter(&home, place).map_err(|error| {
        let hint = "is another window there that hangs? End it, and start again";
        trouble(format!("{}: {error}", home.display()), hint)
    })?;
    match entered {
        Instance::Second => Ok(()),
        Instance::First(first) => be_the_window(first, crew, place)
            .map_err(|error| trouble(error.to_string(), DISPLAY_HINT)),
    }
}

const DISPLAY_HINT: &str =
    "a desktop is needed; without one, `crew open` shows the board in a browser";

/// The place that we were started with.
fn asked_for() -> Result<Place, NotALink> {
    match std::env::args_os().nth(1) {
        None => Ok(Place::Here),
        Some(link) => link.to_str().ok_or(NotALink).and_then(Place::of_link),
    }
}

fn be_the_window(first: First, crew: Crew, place: Place) -> tauri::Result<()> {
    let remembered = StateFlags::all() - StateFlags::VISIBLE;
    let state = tauri_plugin_window_state::Builder::default().with_state_flags(remembered).build();
    let app = tauri::Builder::default()
        .plugin(state)
        .manage(Where::default())
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                api.prevent_close();
                if window.try_state::<Tray>().is_some() && tray::is_shown() {
                    // It stays in the tray, and tells what waits.
                    window.hide().ok(); // or it is gone, which was asked for
                } else {
                    leave::leave(window.app_handle());
                }
            }
        })
        .setup(move |app| {
            begin(app.handle(), first, crew, place)?;
            Ok(())
        })
        .build(context())?;
    app.run(on_event);
    Ok(())
}

/// What `tauri.conf.json` says, made a part of the program.
#[expect(clippy::exit, reason = "the toolkit's macro has one, for when its assets are broken")]
fn context() -> tauri::Context {
    tauri::generate_context!()
}

fn begin(app: &AppHandle, first: First, crew: Crew, place: Place) -> tauri::Result<()> {
    let (wish, wishes) = channel(WISHES_MAX);
    app.manage(wish);
    if let Some(tray) = Tray::make(app, choose) {
        app.manage(tray);
    }
    let handle = app.clone();
    let asked = move |what| match what {
        Asked::Start => wish_for(&handle, Wish::Start),
        Asked::Leave => leave::leave(&handle),
    };
    window::make(app, asked)?;
    window::show(app, place);
    let handle = app.clone();
    first.serve(move |place| window::show(&handle, place));
    let keeper = Keeper::new(crew, Desk(app.clone()), wishes);
    // Ends with the program; all it owns is what it knows.
    drop(tauri::async_runtime::spawn(keeper.keep()));
    Ok(())
}

fn on_event(app: &AppHandle, event: RunEvent) {
    // With a code it is our own end, and the page was asked.
    if let RunEvent::ExitRequested { code: None, api, .. } = &event {
        api.prevent_exit();
        leave::leave(app);
    }
    #[cfg(target_os = "macos")]
    match &event {
        // There a link is no argument.
        RunEvent::Opened { urls } => {
            for place in urls.iter().filter_map(|url| Place::of_link(url.as_str()).ok()) {
                window::show(app, place);
            }
        }
        RunEvent::Reopen { .. } => window::show(app, Place::Here),
        _ => {}
    }
    drop(event);
}

fn choose(app: &AppHandle, choice: Choice) {
    match choice {
        Choice::Show(place) => window::show(app, place),
        Choice::Stop => wish_for(app, Wish::Stop),
        Choice::Release => wish_for(app, Wish::Release),
        Choice::Quit => leave::leave(app),
    }
}

fn wish_for(app: &AppHandle, wish: Wish) {
    // Whoever has so many wishes at once has this one already.
    app.state::<Sender<Wish>>().try_send(wish).ok();
}

/// The desktop, as the keeper shows things on it.
struct Desk(AppHandle);

impl Screen for Desk {
    fn enter(&self, address: &Address) {
        window::enter(&self.0, address);
    }

    fn explain(&self, trouble: &Trouble) {
        if !window::explain(&self.0, trouble) {
            let title = "The daemon does not start".to_owned();
            self.notify(News { title, text: trouble.message.clone(), place: Place::Here });
        }
    }

    fn count(&self, counts: Option<Counts>) {
        if let Some(tray) = self.0.try_state::<Tray>()
            && let Err(error) = tray.count(counts)
        {
            complain(&format!("the tray: {error}"));
        }
    }

    fn notify(&self, news: News) {
        // Whoever looks at the window sees it there.
        if !window::is_looked_at(&self.0) {
            let app = self.0.clone();
            notify::show(news, move |place| window::show(&app, place));
        }
    }
}

/// Says something to whoever started us in a terminal.
#[expect(clippy::print_stderr, reason = "the one place that prints")]
pub(crate) fn complain(what: &str) {
    eprintln!("crewhouse: {what}");
}
