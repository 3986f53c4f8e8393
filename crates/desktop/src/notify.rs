//! Native notifications, and whether the desktop has who shows such things.

use std::sync::atomic::{AtomicUsize, Ordering};

use notify_rust::Notification;

use crate::link::Place;
use crate::news::News;

/// Notifications that wait for a click; more are shown, and cannot be clicked.
const WAITING_MAX: usize = 16;
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Names of the buttons. `default` is the notification itself.
const OPEN: &str = "open";
const BODY: &str = "default";

/// Shows something new; a click opens its place.
pub(crate) fn show(news: News, open: impl FnOnce(Place) + Send + 'static) {
    // Whoever shows it may take its time, and a click comes when it comes: a thread of its own.
    std::thread::spawn(move || {
        let mut notification = Notification::new();
        notification.appname("Crewhouse").icon("crewhouse").summary(&news.title).body(&news.text);
        if WAITING.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            let label = match news.place {
                Place::Task(_) => "Open the card",
                Place::Inbox | Place::Here => "Open",
            };
            notification.action(BODY, label).action(OPEN, label);
            match notification.show() {
                Ok(shown) => shown.wait_for_action(|action| {
                    if action == OPEN || action == BODY {
                        open(news.place);
                    }
                }),
                Err(error) => crate::complain(&format!("no notifications here: {error}")),
            }
        } else {
            notification.show().map(drop).ok(); // the tray counts what waits
        }
        WAITING.fetch_sub(1, Ordering::Relaxed);
    });
}

/// Whether somebody has this name on the session's bus.
#[cfg(target_os = "linux")]
pub(crate) fn has_name(name: &str) -> bool {
    const BUS: &str = "org.freedesktop.DBus";
    let ask = || -> Result<bool, dbus::Error> {
        let bus = dbus::blocking::Connection::new_session()?;
        let proxy = bus.with_proxy(BUS, "/", std::time::Duration::from_secs(1));
        let (has,): (bool,) = proxy.method_call(BUS, "NameHasOwner", (name,))?;
        Ok(has)
    };
    ask().unwrap_or(false)
}
