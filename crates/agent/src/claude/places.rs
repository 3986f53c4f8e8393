//! What Claude Code has to touch besides its worktree, when it works in a sandbox.

use std::fs;
use std::path::Path;

use crate::program::{Installed, Places};

/// What it writes below its configuration. Not its settings, commands, skills and plugins: those name
/// programs that it runs for the user, outside.
pub(crate) const WRITTEN: [&str; 14] = [
    "backups",
    "cache",
    "debug",
    "file-history",
    "image-cache",
    "paste-cache",
    "plans",
    "projects",
    "session-env",
    "sessions",
    "shell-snapshots",
    "statsig",
    "tasks",
    "todos",
];
/// Single files that it writes, where they are.
pub(crate) const FILES: [&str; 3] = [STATE, ".credentials.json", "history.jsonl"];
/// What it knows of the machine; beside its configuration, unless that was put elsewhere.
const STATE: &str = ".claude.json";
/// Where its own installer puts it, below a home.
const INSTALLED: &str = ".local/share/claude";

/// The places of an installation with this configuration. Directories that it will want are made.
pub fn places(installed: &Installed, config_dir: &Path, home: Option<&Path>) -> Places {
    let mut read = vec![config_dir.to_owned()];
    read.extend(installed.places());
    read.extend(home.map(|home| home.join(INSTALLED)));
    let dirs = WRITTEN.iter().map(|name| config_dir.join(name));
    let dirs = dirs.filter(|dir| fs::create_dir_all(dir).is_ok());
    let files = FILES.iter().map(|name| config_dir.join(name));
    let files = files.chain(home.map(|home| home.join(STATE))).filter(|file| file.is_file());
    Places { read, write: dirs.chain(files).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Version;

    #[test]
    fn what_names_programs_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        let config = home.join(".claude");
        let package = home.join("lib/node_modules/@anthropic-ai/claude-code");
        fs::create_dir_all(&package).unwrap();
        fs::create_dir_all(&config).unwrap();
        for file in [package.join("cli.js"), config.join("settings.json"), home.join(STATE)] {
            fs::write(file, "").unwrap();
        }
        let program = package.join("cli.js");
        let installed = Installed { program, version: Version(2, 1, 329) };
        let places = places(&installed, &config, Some(&home));
        assert!(places.read.contains(&home.join("lib/node_modules")));
        assert!(places.read.contains(&config) && !places.write.contains(&config));
        assert!(places.write.contains(&config.join("projects")));
        assert!(places.write.contains(&home.join(STATE)));
        assert!(!places.write.contains(&config.join("settings.json")));
        assert!(places.write.iter().all(|place| place.exists()));
    }
}
