//! The daemon of a home: finding it, starting it, and whether it ended on purpose.
//!
//! The program `crew` does the finding and starting, so there is one way to do it. A daemon that was
//! told to end removes `daemon.json`; one that crashed leaves it, and gives back only its lock.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

/// Longer than `crew` itself waits for a daemon with years of history to read.
const PATIENCE: Duration = Duration::from_secs(90);

/// What an AppImage sets for its own libraries; programs of the system break with it.
const OF_AN_IMAGE: [&str; 8] = [
    "LD_LIBRARY_PATH",
    "GTK_PATH",
    "GTK_EXE_PREFIX",
    "GTK_DATA_PREFIX",
    "GDK_PIXBUF_MODULE_FILE",
    "GIO_EXTRA_MODULES",
    "GSETTINGS_SCHEMA_DIR",
    "PYTHONHOME",
];

/// Why something is not as it should be, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// Where the daemon is, with what lets us in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `http://127.0.0.1:…`
    pub(crate) origin: String,
    pub(crate) token: String,
}

/// A token does not print itself.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Address {
    /// Reads what `crew open --json` prints: the token is in the fragment.
    fn of(url: &str) -> Option<Self> {
        let (origin, token) = url.split_once("/#token=")?;
        let port = origin.strip_prefix("http://127.0.0.1:")?;
        let is_port = port.parse::<u16>().is_ok();
        let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric());
        (is_port && is_token).then(|| Self { origin: origin.to_owned(), token: token.to_owned() })
    }

    /// A path within the user interface, with the token that it takes out at once.
    pub(crate) fn with_token(&self, path: &str) -> String {
        format!("{}{path}#token={}", self.origin, self.token)
    }
}

/// Where the data is: as for `crew`.
pub(crate) fn home() -> Option<PathBuf> {
    home_of(|name| env::var_os(name).filter(|value| !value.is_empty()))
        .and_then(|home| std::path::absolute(home).ok())
}

fn home_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(home) = variable("CREWHOUSE_HOME") {
        return Some(home.into());
    }
    let data = variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")));
    data.map(|data| data.join("crewhouse"))
}

/// The program `crew`, and the home that it is to work on.
#[derive(Debug)]
pub(crate) struct Crew {
    /// Where the program may lie, the best place first.
    places: Vec<PathBuf>,
    home: PathBuf,
}

/// What is known of the daemon without talking to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Another one has said how to reach it.
    Another,
    /// It was told to end.
    Ended,
    /// It is gone, and could not say so.
    Crashed,
    /// It lives: it is ending, or does not get to answer.
    Alive,
}

/// What a daemon left in the home, to know it by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trace(Option<Vec<u8>>);

impl Crew {
    /// The program that lies beside this one, or else the one on the PATH.
    pub(crate) fn of(home: PathBuf) -> Self {
        let here = env::current_exe().ok();
        let beside = here.as_deref().and_then(Path::parent);
        let path = env::var_os("PATH").unwrap_or_default();
        let places = beside.map(Path::to_owned).into_iter().chain(env::split_paths(&path));
        // Our directory is another one soon.
        let places = places.filter_map(|place| std::path::absolute(place).ok());
        Self { places: places.collect(), home }
    }

    /// Finds the daemon, or starts it.
    pub(crate) async fn open(&self) -> Result<Address, Trouble> {
        let Some(program) = find(&self.places) else {
            let message = "the program `crew` is neither beside this one nor on the PATH";
            let hint = "install the package again, or `cargo install --path crates/cli`";
            return Err(Trouble { message: message.to_owned(), hint: Some(hint.to_owned()) });
        };
        let image = env::var_os("APPDIR").map(PathBuf::from);
        let program = settled(&program, &self.home, image.as_deref());
        let program = program.map_err(|error| Trouble {
            message: format!("copying `crew` into {}: {error}", self.home.display()),
            hint: Some("make room there".to_owned()),
        })?;
        let mut command = Command::new(&program);
        if image.is_some() {
            for name in OF_AN_IMAGE {
                command.env_remove(name);
            }
        }
        command.arg("--home").arg(&self.home).args(["--json", "open"]);
        command.env("NO_COLOR", "1").stdin(Stdio::null()).kill_on_drop(true);
        let failed = |why: String| Trouble {
            message: format!("{} does not start the daemon: {why}", program.display()),
            hint: Some("`crew up` in a terminal may say more".to_owned()),
        };
        let output = match tokio::time::timeout(PATIENCE, command.output()).await {
            Err(_) => return Err(failed(format!("no answer in {} s", PATIENCE.as_secs()))),
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said_by_crew(&said).unwrap_or_else(|| failed(output.status.to_string())));
        }
        let opened: Option<Opened> = serde_json::from_slice(&output.stdout).ok();
        let address = opened.and_then(|Opened { url }| Address::of(&url));
        address.ok_or_else(|| failed("it says nothing that this window understands".to_owned()))
    }

    /// What there is to know the present daemon by.
    pub(crate) fn trace(&self) -> Trace {
        Trace(fs::read(self.home.join("daemon.json")).ok())
    }

    /// What became of the daemon that left this trace.
    pub(crate) fn sign(&self, before: &Trace) -> Sign {
        let now = self.trace();
        match now.0 {
            None => Sign::Ended,
            Some(_) if now != *before => Sign::Another,
            Some(_) if self.is_locked() => Sign::Alive,
            Some(_) => Sign::Crashed,
        }
    }

    /// Whether a daemon has the home. One that starts in this very moment tries again.
    fn is_locked(&self) -> bool {
        let Ok(lock) = File::options().write(true).open(self.home.join("lock")) else {
            return false;
        };
        match lock.try_lock() {
            Ok(()) | Err(TryLockError::Error(_)) => false,
            Err(TryLockError::WouldBlock) => true,
        }
    }
}

/// What `crew open --json` prints.
#[derive(Deserialize)]
struct Opened {
    url: String,
}

fn find(places: &[PathBuf]) -> Option<PathBuf> {
    let name = format!("crew{}", env::consts::EXE_SUFFIX);
    places.iter().map(|place| place.join(&name)).find(|path| path.is_file())
}

/// The program as it may outlive this one. An AppImage is unmounted when its window is closed, and the
/// daemon and the shims of agents must not go with it: they run from a copy in the home.
fn settled(program: &Path, home: &Path, image: Option<&Path>) -> io::Result<PathBuf> {
    if !image.is_some_and(|image| program.starts_with(image)) {
        return Ok(program.to_owned());
    }
    let dir = home.join("bin");
    let kept = dir.join(concat!("crew-", env!("CARGO_PKG_VERSION")));
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len()).ok();
    if length(&kept) != length(program) {
        fs::create_dir_all(&dir)?;
        let temporary = kept.with_extension("new");
        fs::copy(program, &temporary)?;
        fs::rename(&temporary, &kept)?;
    }
    Ok(kept)
}

/// The words of `crew`: `error: …`, more lines, `hint: …`.
fn said_by_crew(said: &str) -> Option<Trouble> {
    let (_, said) = said.split_once("error: ")?;
    let (message, hint) = match said.split_once("\nhint: ") {
        Some((message, hint)) => (message, Some(hint.trim().to_owned())),
        None => (said, None),
    };
    Some(Trouble { message: message.trim().to_owned(), hint })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::scratch::Scratch;

    fn program(dir: &Path, script: &str) -> PathBuf {
        let path = dir.join("crew");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn open(crew: &Crew) -> Result<Address, Trouble> {
        tauri::async_runtime::block_on(crew.open())
    }

    #[test]
    fn an_address_is_on_this_machine_and_has_a_token() {
        let address = Address::of("http://127.0.0.1:4711/#token=abc123").unwrap();
        assert_eq!(address.with_token("/task/3"), "http://127.0.0.1:4711/task/3#token=abc123");
        assert!(!format!("{address:?}").contains("abc123"));
        for url in [
            "",
            "http://127.0.0.1:4711/",
            "http://127.0.0.1:4711/#token=",
            "http://127.0.0.1:99999/#token=a",
            "http://example.com:80/#token=a",
            "https://127.0.0.1:1/#token=a",
            "http://127.0.0.1:1/x/#token=a",
            "http://127.0.0.1:1@example.com/#token=a",
            "http://127.0.0.1:1/#token=a\"b",
            "javascript:1",
        ] {
            assert_eq!(Address::of(url), None, "{url}");
        }
    }

    #[test]
    fn the_home_is_that_of_crew() {
        let check = |set: &[(&str, &str)], expect: Option<&str>| {
            let variable = |name: &str| {
                set.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value))
            };
            assert_eq!(home_of(variable), expect.map(PathBuf::from));
        };
        check(&[("CREWHOUSE_HOME", "/a"), ("HOME", "/h")], Some("/a"));
        check(&[("XDG_DATA_HOME", "/d"), ("HOME", "/h")], Some("/d/crewhouse"));
        check(&[("XDG_DATA_HOME", "d"), ("HOME", "/h")], Some("/h/.local/share/crewhouse"));
        check(&[], None);
    }

    #[test]
    fn the_first_place_that_has_the_program_wins() {
        let (one, other) = (Scratch::new(), Scratch::new());
        let places = [one.to_path_buf(), other.to_path_buf()];
        assert_eq!(find(&places), None);
        fs::create_dir(one.join("crew")).unwrap();
        let second = program(&other, "");
        assert_eq!(find(&places), Some(second));
        fs::remove_dir(one.join("crew")).unwrap();
        let first = program(&one, "");
        assert_eq!(find(&places), Some(first));
    }

    #[test]
    fn what_outlives_an_image_is_copied_out_of_it() {
        let (image, home) = (Scratch::new(), Scratch::new());
        let inside = program(&image, "echo 1");
        let settle = |image: Option<&Path>| settled(&inside, &home, image).unwrap();
        assert_eq!(settle(None), inside);
        assert_eq!(settle(Some(&home)), inside);
        let kept = settle(Some(&image));
        assert!(kept.starts_with(&*home));
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o755);
        program(&image, "echo another one");
        assert_eq!(settle(Some(&image)), kept);
        assert!(fs::read_to_string(&kept).unwrap().contains("another"));
    }

    #[test]
    fn what_crew_says_is_passed_on() {
        let dir = Scratch::new();
        let home = dir.to_path_buf();
        let none = open(&Crew { places: Vec::new(), home: home.clone() }).unwrap_err();
        assert!(none.message.contains("neither beside") && none.hint.is_some());

        let with = |script: &str| {
            program(&dir, script);
            open(&Crew { places: vec![home.clone()], home: home.clone() })
        };
        let found = with("echo '{\"url\": \"http://127.0.0.1:9/#token=t\"}'").unwrap();
        assert_eq!(found.origin, "http://127.0.0.1:9");
        let refused =
            with("printf 'error: no disk\\nsecond line\\nhint: make room\\n' >&2; exit 3");
        let hint = Some("make room".to_owned());
        assert_eq!(refused.unwrap_err(), Trouble { message: "no disk\nsecond line".into(), hint });
        assert!(with("exit 9").unwrap_err().message.contains("exit status: 9"));
        assert!(with("echo nonsense").unwrap_err().message.contains("understands"));
    }

    #[test]
    fn a_crash_is_told_from_an_end() {
        let dir = Scratch::new();
        let crew = Crew { places: Vec::new(), home: dir.to_path_buf() };
        let (file, lock) = (dir.join("daemon.json"), dir.join("lock"));
        assert_eq!(crew.sign(&crew.trace()), Sign::Ended);
        fs::write(&file, "one").unwrap();
        let one = crew.trace();
        assert_eq!(crew.sign(&one), Sign::Crashed);
        let held = File::create(&lock).unwrap();
        held.lock().unwrap();
        assert_eq!(crew.sign(&one), Sign::Alive);
        drop(held);
        assert_eq!(crew.sign(&one), Sign::Crashed);
        fs::write(&file, "other").unwrap();
        assert_eq!(crew.sign(&one), Sign::Another);
        fs::remove_file(&file).unwrap();
        assert_eq!(crew.sign(&one), Sign::Ended);
    }
}
