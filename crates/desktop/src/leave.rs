//! The end of the window. The page is asked first: what was decided in it may not be sent yet, and
//! what was typed may not be saved. An engine that is ended says none of that to its page.

use std::time::Duration;

use tauri::{AppHandle, Manager, WebviewWindow};
use tokio::sync::mpsc::channel;
use tokio::time::{Instant, sleep, timeout};

use crate::link::Place;
use crate::window::{self, MAIN};

/// Whoever closes a window wants it gone, also if the page takes longer than this to answer.
const SEEN: Duration = Duration::from_millis(300);
/// How long the page may have something on its way, or say nothing.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(50);

/// A page that knows nothing of this, as ours without a daemon, has nothing to lose.
const QUESTION: &str = "(() => {
    const event = new CustomEvent('crewhouse:leave', { detail: { answer: 'go' } });
    window.dispatchEvent(event);
    return event.detail.answer;
})()";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Nothing is lost.
    Go,
    /// Something is on its way.
    Wait,
    /// It has something to ask or to tell, which has to be seen.
    Stay,
}

impl Answer {
    /// Of what the script came to, as JSON.
    fn of(json: &str) -> Self {
        match json {
            "\"wait\"" => Self::Wait,
            "\"stay\"" => Self::Stay,
            _ => Self::Go,
        }
    }
}

/// Ends the program, as soon as the page lets it.
pub(crate) fn leave(app: &AppHandle) {
    // Ends with the program.
    drop(tauri::async_runtime::spawn(settle(app.clone())));
}

async fn settle(app: AppHandle) {
    if let Some(window) = app.get_webview_window(MAIN)
        && may_go(&window).await == Answer::Stay
    {
        window::show(&app, Place::Here);
        return;
    }
    app.exit(0);
}

async fn may_go(window: &WebviewWindow) -> Answer {
    let end = Instant::now() + PATIENCE;
    let mut hidden = false;
    let mut asked = Box::pin(ask(window));
    while Instant::now() < end {
        match timeout(SEEN, &mut asked).await {
            Ok(Answer::Wait) => {
                sleep(PAUSE).await;
                asked = Box::pin(ask(window));
            }
            Ok(answer) => return answer,
            Err(_) => {} // It thinks.
        }
        if !hidden {
            hidden = window.hide().is_ok();
        } else if window.is_visible().unwrap_or(false) {
            // Somebody wants it again.
            return Answer::Stay;
        }
    }
    crate::complain("the window ends, and its page has not said that nothing is lost");
    Answer::Go
}

async fn ask(window: &WebviewWindow) -> Answer {
    let (tell, mut told) = channel(1);
    let asked = window.eval_with_callback(QUESTION, move |json| {
        tell.try_send(Answer::of(&json)).ok(); // nobody waits for a second answer
    });
    match asked {
        // A page that goes away answers nothing.
        Ok(()) => told.recv().await.unwrap_or(Answer::Go),
        Err(_) => Answer::Go,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_holds_nobody() {
        let check = |json: &str, expect: Answer| assert_eq!(Answer::of(json), expect, "{json}");
        check("\"go\"", Answer::Go);
        check("\"wait\"", Answer::Wait);
        check("\"stay\"", Answer::Stay);
        for json in ["", "null", "undefined", "stay", "{}", "\"Stay\""] {
            check(json, Answer::Go);
        }
    }
}
