//! The rest of a desktop, for tests: shows notifications and a tray, on the bus of the session.
//!
//! It says on standard output what it was asked to show, a line for each, and clicks on the button
//! `open` of every notification that has one if its argument is `click`.
#![allow(clippy::print_stdout, reason = "the output is what it is for")]

use std::time::Duration;

use dbus::arg::{PropMap, RefArg, Variant};
use dbus::blocking::Connection;
use dbus::channel::{MatchingReceiver, Sender};
use dbus::message::MatchRule;
use dbus::{Error, Message};

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const TRAY: &str = "org.kde.StatusNotifierWatcher";

fn main() -> Result<(), Error> {
    let clicks = std::env::args().nth(1).as_deref() == Some("click");
    let bus = Connection::new_session()?;
    for name in [NOTIFICATIONS, TRAY] {
        bus.request_name(name, false, true, true)?;
    }
    let mut shown = 0;
    let answer = move |call: Message, bus: &Connection| {
        let member = call.member().map(|member| member.to_string()).unwrap_or_default();
        let reply = call.method_return();
        let reply = match member.as_str() {
            "GetCapabilities" => reply.append1(vec!["actions", "body"]),
            "GetServerInformation" => reply.append3("bystander", "crewhouse", "1").append1("1.2"),
            "Get" => reply.append1(Variant(true)),
            "GetAll" => reply.append1(PropMap::new()),
            "Notify" => {
                shown += 1;
                say(&call);
                reply.append1(shown)
            }
            "RegisterStatusNotifierItem" => {
                let sender = call.sender().map(|sender| sender.to_string()).unwrap_or_default();
                println!("tray {sender} {}", call.get1::<String>().unwrap_or_default());
                reply
            }
            _ => reply,
        };
        // Whoever asked may be gone.
        bus.send(reply).ok();
        if member == "Notify" && clicks {
            let signal = Message::new_signal(&*path(), NOTIFICATIONS, "ActionInvoked");
            signal.map(|signal| bus.send(signal.append2(shown, "open")).ok()).ok();
        }
        true
    };
    bus.start_receive(MatchRule::new_method_call(), Box::new(answer));
    println!("ready");
    loop {
        bus.process(Duration::from_secs(1))?;
    }
}

fn path() -> String {
    format!("/{}", NOTIFICATIONS.replace('.', "/"))
}

/// Title, text and buttons of a notification, on one line.
fn say(call: &Message) {
    let mut arguments = call.iter_init();
    let mut words = Vec::new();
    while let Some(argument) = arguments.get_refarg() {
        if let Some(word) = argument.as_str() {
            words.push(word.to_owned());
        } else if let Some(list) = argument.as_iter() {
            words.extend(list.filter_map(|word| word.as_str().map(str::to_owned)));
        }
        arguments.next();
    }
    println!("notify {}", words.join(" | ").replace('\n', " / "));
}
