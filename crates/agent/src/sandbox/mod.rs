//! What a process may touch: an allow-list that the kernel holds, from its start on and for all that it
//! starts.
//!
//! [`enter`] becomes another program inside of it. Nothing has to be set up outside and nothing has to
//! be taken down: the rules belong to the processes and go with them.

#[cfg(target_os = "linux")]
mod datagrams;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "none.rs"]
mod system;

mod seatbelt;

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

/// An allow-list: what is not named may not be touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// Files and directories, with all in them, that may be read, written, made and removed.
    pub write: Vec<PathBuf>,
    /// Files and directories that may be read, and programs in them run. What is not there is not missed.
    pub read: Vec<PathBuf>,
    /// TCP ports that may be connected to, on any machine; `None` is all of them.
    pub ports: Option<Vec<u16>>,
}

/// What the kernel of this machine can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// Everything that a [`Sandbox`] says.
    Full,
    /// Files, but not this.
    Partly {
        /// In words for people.
        missing: Vec<&'static str>,
    },
    /// Nothing.
    Nothing {
        /// Why not.
        why: String,
    },
}

impl Support {
    /// Whether somebody has to be told. That sockets with a file stay open is so with every kernel but the
    /// newest.
    pub fn is_weak(&self) -> bool {
        match self {
            Self::Full => false,
            Self::Partly { missing } => missing.iter().any(|what| *what != system::SOCKETS_OPEN),
            Self::Nothing { .. } => true,
        }
    }
}

/// A process that was to be confined is not.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel takes no rules.
    #[error(
        "this machine has no sandbox: {0}; hint: `mode = \"off\"` below [sandbox] in team.toml goes on without"
    )]
    Unsupported(String),
    /// It took others than these.
    #[error("the sandbox could not be made: {0}")]
    Refused(String),
    /// A directory to work in is not there.
    #[error("{path} may be written to, but cannot be opened: {source}", path = path.display())]
    NotThere {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The program inside could not be started.
    #[error("{program}: {source}")]
    NotStarted {
        /// Its name.
        program: String,
        /// Why not.
        source: io::Error,
    },
}

/// The command of our program that calls [`enter`].
const ENTRY: &str = "confine";

/// What every program needs to run at all: the system's own files, which hold no secret that this user
/// could not read in a fresh account.
const SYSTEM: [&str; 17] = [
    "/bin",
    "/sbin",
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix",
    "/snap",
    "/proc", // who is outside cannot be looked into: the kernel refuses it as it refuses a debugger
    "/sys",
    "/dev",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/var/lib/dpkg",
];

/// Devices that hold nothing.
const DEVICES: [&str; 7] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm"];

/// Toolchains and plain settings below a home. Neither keys nor tokens lie in them: `.cargo`, for one,
/// is named in parts, since there are credentials beside.
const TOOLCHAINS: [&str; 31] = [
    ".asdf",
    ".bun/bin",
    ".cargo/bin",
    ".cargo/config",
    ".cargo/config.toml",
    ".cargo/env",
    ".cargo/git",
    ".cargo/registry/cache",
    ".cargo/registry/index",
    ".cargo/registry/src",
    ".config/git/attributes",
    ".config/git/config",
    ".config/git/ignore",
    ".deno/bin",
    ".fnm",
    ".gitconfig",
    ".local/bin",
    ".local/lib",
    ".local/share/fnm",
    ".local/share/mise",
    ".local/share/pnpm",
    ".local/share/uv",
    ".local/state/fnm_multishells",
    ".nvm",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".sdkman",
    ".tool-versions",
    ".volta",
    "go",
];

impl Sandbox {
    /// What a program needs to run on this machine, and a home's toolchains to build with.
    pub fn of_system(home: Option<&Path>) -> Self {
        let toolchains = home.into_iter().flat_map(|home| TOOLCHAINS.map(|name| home.join(name)));
        Self {
            write: DEVICES
                .map(PathBuf::from)
                .into_iter()
                .filter(|device| device.exists())
                .collect(),
            read: SYSTEM.map(PathBuf::from).into_iter().chain(toolchains).collect(),
            ports: None,
        }
    }

    /// The command that runs `argv` inside: `program` with `confine`, this sandbox, and then `argv`.
    pub fn around(&self, program: &Path, argv: &[String]) -> serde_json::Result<Vec<String>> {
        let entry = [program.display().to_string(), ENTRY.to_owned(), serde_json::to_string(self)?];
        Ok(entry.into_iter().chain(argv.iter().cloned()).collect())
    }
}

/// What this machine can hold; asked anew each time, it takes microseconds.
pub fn support() -> Support {
    system::support()
}

/// Becomes the program `argv` inside the sandbox, which is given as in [`Sandbox::around`]. Returns only
/// when that failed. The process must have one thread: the rules are those of a thread, and of all that
/// it starts.
pub fn enter(sandbox: &str, argv: &[OsString]) -> SandboxError {
    let sandbox: Sandbox = match serde_json::from_str(sandbox) {
        Ok(sandbox) => sandbox,
        Err(error) => return SandboxError::Refused(format!("it cannot be read: {error}")),
    };
    let Some((program, arguments)) = argv.split_first() else {
        return SandboxError::Refused("there is no program to run in it".to_owned());
    };
    if let Err(error) = system::confine(&sandbox) {
        return error;
    }
    let source = Command::new(program).args(arguments).exec();
    SandboxError::NotStarted { program: program.to_string_lossy().into_owned(), source }
}
