//! The window: what it shows, and where it may go.
//!
//! It shows the page that the daemon serves, as a browser does, and a page of ours while there is
//! no daemon. The daemon's page gets nothing from us that a browser would not give it: no command
//! is open to it. What else is linked opens in the browser.

use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::daemon::{Address, Trouble};
use crate::link::{Place, SCHEME};

/// The name of the one window.
pub(crate) const MAIN: &str = "main";

/// What opens an address in the user's browser.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Where the window is. Shared by all that may want it to go somewhere.
#[derive(Debug, Default)]
pub(crate) struct Where(Mutex<At>);

#[derive(Debug, Default)]
struct At {
    /// The daemon whose page is shown.
    address: Option<Address>,
    /// Where to go as soon as there is one.
    wanted: Option<Place>,
}

/// What a page may ask of the window, by an address that leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Our own page wants the daemon.
    Start,
    /// What was not saved may be lost now. The page is asked once more.
    Leave,
}

/// What to do about an address that the page wants to go to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is the user interface, or ours.
    Go,
    /// It is no address, and asks us for something.
    Ask(Asked),
    /// It belongs into the browser.
    Outside,
    /// Nothing good.
    Refuse,
}

impl Where {
    fn lock(&self) -> MutexGuard<'_, At> {
        // What is in there is right whenever somebody panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, url: &Url) -> Verdict {
        let daemon = self.lock().address.as_ref().and_then(|it| Url::parse(&it.origin).ok());
        judge(url, daemon.as_ref())
    }
}

fn judge(url: &Url, daemon: Option<&Url>) -> Verdict {
    let is_page = url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost");
    if is_page || daemon.is_some_and(|daemon| daemon.origin() == url.origin()) {
        return Verdict::Go;
    }
    match url.scheme() {
        SCHEME => match url.host_str() {
            Some("start") => Verdict::Ask(Asked::Start),
            Some("leave") => Verdict::Ask(Asked::Leave),
            _ => Verdict::Refuse,
        },
        "http" | "https" => Verdict::Outside,
        _ => Verdict::Refuse,
    }
}

/// Makes the window, which shows our own page to begin with.
pub(crate) fn make(app: &AppHandle, asked: impl Fn(Asked) + Send + 'static) -> tauri::Result<()> {
    let handle = app.clone();
    let navigate = move |url: &Url| match handle.state::<Where>().judge(url) {
        Verdict::Go => true,
        Verdict::Ask(what) => {
            asked(what);
            false
        }
        Verdict::Outside => {
            open_outside(url);
            false
        }
        Verdict::Refuse => false,
    };
    let handle = app.clone();
    let new_window = move |url: Url, _| {
        match handle.state::<Where>().judge(&url) {
            Verdict::Go | Verdict::Outside => open_outside(&url),
            Verdict::Ask(_) | Verdict::Refuse => {}
        }
        NewWindowResponse::Deny
    };
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Crewhouse")
        .inner_size(1280.0, 800.0)
        .min_inner_size(640.0, 480.0)
        .on_navigation(navigate)
        .on_new_window(new_window)
        .build()?;
    window.set_focus()
}

/// Brings the window to the front, and goes to a place.
pub(crate) fn show(app: &AppHandle, place: Place) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let front = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    said(front);
    let Some(path) = place.path() else { return };
    let state = app.state::<Where>();
    let mut at = state.lock();
    match &at.address {
        Some(_) => said(window.eval(goto(&path))),
        None => at.wanted = Some(place),
    }
}

/// Shows the page of a daemon. Where it is shown already, it finds its daemon again by itself.
pub(crate) fn enter(app: &AppHandle, address: &Address) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let state = app.state::<Where>();
    let mut at = state.lock();
    if at.address.as_ref() == Some(address) {
        said(window.eval(recover(address)));
        return;
    }
    // With another port or token the page has to be read again; it stays where it was.
    let was = at.address.take().and_then(|_| window.url().ok()).map(|url| url.path().to_owned());
    let path = at.wanted.take().and_then(Place::path).or(was).unwrap_or_else(|| "/".to_owned());
    at.address = Some(address.clone());
    drop(at);
    if let Ok(url) = Url::parse(&address.with_token(&path)) {
        said(window.navigate(url));
    }
}

/// Says on our own page why there is no daemon. A page of a daemon is left alone: it says so
/// itself, and what somebody was typing there must not be lost.
pub(crate) fn explain(app: &AppHandle, trouble: &Trouble) -> bool {
    let Some(window) = app.get_webview_window(MAIN) else { return false };
    if app.state::<Where>().lock().address.is_some() {
        return false;
    }
    let Trouble { message, hint } = trouble;
    let title = "There is no daemon";
    let text = serde_json::json!({"title": title, "message": message, "hint": hint});
    let Ok(mut url) = window.url() else { return false };
    url.set_fragment(Some(&encoded(&text.to_string())));
    said(window.navigate(url));
    true
}

/// Goes somewhere without reading the page again, if the page knows how.
fn goto(path: &str) -> String {
    let path = serde_json::Value::from(path);
    format!(
        "if (window.dispatchEvent(new CustomEvent('crewhouse:goto', \
         {{ detail: {path}, cancelable: true }}))) location.assign({path})"
    )
}

/// Whoever read the page again while there was no daemon has got the browser's words instead of it.
fn recover(address: &Address) -> String {
    let page = serde_json::Value::from(address.with_token("/"));
    format!("if (!document.getElementById('app')) location.replace({page})")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") })
        .collect()
}

fn open_outside(url: &Url) {
    // One argument of one program: no shell reads it, and it begins with `http`.
    let mut command = Command::new(OPENER);
    command.arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        // Whoever started a program has to wait for its end.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait().ok())),
        Err(error) => crate::complain(&format!("{OPENER} does not open {url}: {error}")),
    }
}

/// A window that is going away is no trouble; all else is said.
fn said(result: tauri::Result<()>) {
    if let Err(error) = result {
        crate::complain(&format!("the window: {error}"));
    }
}

/// Whether somebody looks at the window.
pub(crate) fn is_looked_at(app: &AppHandle) -> bool {
    let window: Option<WebviewWindow> = app.get_webview_window(MAIN);
    window.is_some_and(|window| window.is_focused().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_stays_with_its_daemon() {
        let daemon = Url::parse("http://127.0.0.1:4711").unwrap();
        let check = |url: &str, expect: Verdict| {
            assert_eq!(judge(&Url::parse(url).unwrap(), Some(&daemon)), expect, "{url}");
        };
        check("http://127.0.0.1:4711/task/1#token=x", Verdict::Go);
        check("tauri://localhost/index.html#x", Verdict::Go);
        check("http://127.0.0.1:4712/", Verdict::Outside);
        check("http://localhost:4711/", Verdict::Outside);
        check("https://127.0.0.1:4711/", Verdict::Outside);
        check("http://127.0.0.1:4711@example.com/", Verdict::Outside);
        check("https://example.com/crewhouse://start", Verdict::Outside);
        check("crewhouse://start", Verdict::Ask(Asked::Start));
        check("crewhouse://leave", Verdict::Ask(Asked::Leave));
        check("crewhouse://task/1", Verdict::Refuse);
        check("file:///etc/passwd", Verdict::Refuse);
        check("javascript:alert(1)", Verdict::Refuse);
        check("data:text/html,x", Verdict::Refuse);
        check("about:blank", Verdict::Refuse);
        assert_eq!(judge(&daemon, None), Verdict::Outside);
    }

    #[test]
    fn a_place_is_a_word_in_the_script_and_a_trouble_text_in_the_address() {
        assert!(goto("/task/1").contains("detail: \"/task/1\""));
        assert_eq!(encoded("{\"a\": 'ä#'}"), "%7B%22a%22%3A%20%27%C3%A4%23%27%7D");
    }
}
