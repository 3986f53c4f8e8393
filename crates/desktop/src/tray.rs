//! The tray: how the crew is, and the few things one wants without the window.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};

use crate::link::Place;
use crate::news::Counts;

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Show(Place),
    Stop,
    Release,
    Quit,
}

const CHOICES: [(&str, Choice); 5] = [
    ("open", Choice::Show(Place::Here)),
    ("inbox", Choice::Show(Place::Inbox)),
    ("stop", Choice::Stop),
    ("release", Choice::Release),
    ("quit", Choice::Quit),
];

/// The icon, and those of its items that change.
#[derive(Clone)]
pub(crate) struct Tray {
    icon: TrayIcon<Wry>,
    counts: MenuItem<Wry>,
    stop: Submenu<Wry>,
    release: MenuItem<Wry>,
}

impl Tray {
    /// Puts the icon up; none where the desktop has no library for it.
    pub(crate) fn make(app: &AppHandle, choose: fn(&AppHandle, Choice)) -> Option<Self> {
        // The library is looked for when it is first needed, and its absence is a panic.
        let made = catch_unwind(AssertUnwindSafe(|| Self::try_make(app, choose)));
        made.ok()?.inspect_err(|error| crate::complain(&format!("no tray: {error}"))).ok()
    }

    fn try_make(app: &AppHandle, choose: fn(&AppHandle, Choice)) -> tauri::Result<Self> {
        let item = |id: &str, text: &str| MenuItem::with_id(app, id, text, true, None::<&str>);
        let counts = MenuItem::with_id(app, "counts", "No daemon", false, None::<&str>)?;
        // Opening it and choosing the one thing in it is the confirmation.
        let sure = item("stop", "Stop all agents now")?;
        let stop = Submenu::with_items(app, "Stop everything", false, &[&sure])?;
        let release = MenuItem::with_id(app, "release", "Let work go on", false, None::<&str>)?;
        let line = PredefinedMenuItem::separator(app)?;
        let (open, inbox) = (item("open", "Open Crewhouse")?, item("inbox", "Open the inbox")?);
        let quit = item("quit", "Quit; agents stay at work")?;
        let menu =
            Menu::with_items(app, &[&counts, &open, &inbox, &line, &stop, &release, &line, &quit])?;
        let mut builder = TrayIconBuilder::with_id("crewhouse").menu(&menu).tooltip("Crewhouse");
        if let Some(icon) = app.default_window_icon() {
            builder = builder.icon(icon.clone());
        }
        let builder = builder.on_menu_event(move |app, event| {
            if let Some(choice) = chosen(event.id().as_ref()) {
                choose(app, choice);
            }
        });
        Ok(Self { icon: builder.build(app)?, counts, stop, release })
    }

    /// Shows how the crew is; none if nobody knows.
    pub(crate) fn count(&self, counts: Option<Counts>) -> tauri::Result<()> {
        let text = counts.map_or_else(|| "No daemon".to_owned(), |counts| counts.to_string());
        self.counts.set_text(&text)?;
        self.icon.set_title(counts.and_then(Counts::short))?;
        self.icon.set_tooltip(Some(format!("Crewhouse: {text}")))?;
        self.stop.set_enabled(counts.is_some_and(|counts| !counts.stopped))?;
        self.release.set_enabled(counts.is_some_and(|counts| counts.stopped))
    }
}

fn chosen(id: &str) -> Option<Choice> {
    CHOICES.iter().find(|(of, _)| *of == id).map(|(_, choice)| *choice)
}

/// Whether the desktop shows the icons of trays. Where it does not, a hidden window would be lost.
#[cfg(target_os = "linux")]
pub(crate) fn is_shown() -> bool {
    crate::notify::has_name("org.kde.StatusNotifierWatcher")
}

/// Always: the menu bar is a part of the system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_shown() -> bool {
    true
}
