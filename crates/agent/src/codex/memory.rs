//! Which conversation a role has on a task: the one that its home has.
//!
//! Codex writes down what is said, line by line, in a file of its home; its first line says which
//! conversation it is, where it was begun and by which version. One that does not fit any more is not
//! resumed: the agent then begins anew with all that it has to know.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::program::Version;

/// Where a home has its conversations.
const SESSIONS: &str = "sessions";
/// Directories of years, months and days.
const DEPTH: usize = 3;

/// A conversation that can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Its id.
    pub thread: String,
    file: PathBuf,
}

#[derive(Deserialize)]
struct FirstLine {
    payload: Meta,
}

#[derive(Deserialize)]
struct Meta {
    id: String,
    #[serde(default)]
    cwd: PathBuf,
    #[serde(default)]
    cli_version: String,
    /// A word; an object where the agent itself began it.
    #[serde(default)]
    source: Value,
}

impl Remembered {
    /// The newest conversation in a home that can be gone on with, here and now.
    pub fn find(home: &Path, cwd: &Path, version: Version) -> Option<Self> {
        Self::newest(home, version, |meta| !meta.source.is_object() && meta.cwd == cwd)
    }

    /// The conversation of this id in a home, wherever it was begun.
    pub fn find_thread(home: &Path, thread: &str, version: Version) -> Option<Self> {
        Self::newest(home, version, |meta| meta.id == thread)
    }

    fn newest(home: &Path, version: Version, fits: impl Fn(&Meta) -> bool) -> Option<Self> {
        let mut files = Vec::new();
        list(&home.join(SESSIONS), DEPTH, &mut files);
        files.sort();
        let known = |file: PathBuf| {
            let mut first = String::new();
            BufReader::new(File::open(&file).ok()?).read_line(&mut first).ok()?;
            let FirstLine { payload: meta } = serde_json::from_str(&first).ok()?;
            let begun_by: Version = meta.cli_version.parse().ok()?;
            let is_it = fits(&meta) && begun_by <= version;
            is_it.then_some(Self { thread: meta.id, file })
        };
        files.into_iter().rev().find_map(known)
    }

    /// Copies it from its home to another one, at the same place, unless it is there.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn copy(&self, home: &Path, to: &Path) -> io::Result<()> {
        let place = self.file.strip_prefix(home).map_err(io::Error::other)?;
        let (file, part) = (to.join(place), to.join(place).with_extension("part"));
        if file.exists() {
            return Ok(());
        }
        if let Some(dir) = file.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::copy(&self.file, &part)?;
        fs::rename(part, file)
    }

    /// Whether these words were said in it.
    pub fn has_line(&self, words: &str) -> bool {
        let Ok(file) = File::open(&self.file) else { return false };
        let mut lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
        lines.any(|line| String::from_utf8_lossy(&line).contains(words))
    }
}

/// Files so deep below a directory.
fn list(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match depth {
            0 if path.extension().is_some_and(|end| end == "jsonl") => files.push(path),
            0 => {}
            deeper => list(&path, deeper - 1, files),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_that_fits_is_gone_on_with() {
        let home = tempfile::tempdir().unwrap();
        let cwd = Path::new("/work/tree");
        let begin = |day: &str, id: &str, cwd: &str, version: &str, source: Value| {
            let dir = home.path().join("sessions/2026/11").join(day);
            fs::create_dir_all(&dir).unwrap();
            let meta = json!({"id": id, "cwd": cwd, "cli_version": version, "source": source});
            let line = json!({"type": "session_meta", "payload": meta});
            let path = dir.join(format!("rollout-2026-11-{day}-{id}.jsonl"));
            fs::write(path, format!("{line}\n{{\"said\":\"hello\"}}\n")).unwrap();
        };
        let find = || Remembered::find(home.path(), cwd, Version(1, 5, 0)).map(|it| it.thread);
        assert_eq!(find(), None);
        begin("01", "old", "/work/tree", "1.4.0", json!("vscode"));
        begin("02", "new", "/work/tree", "1.5.0", json!("vscode"));
        begin("03", "other-place", "/work/other", "1.5.0", json!("vscode"));
        begin("03", "newer-version", "/work/tree", "1.6.0", json!("vscode"));
        begin("03", "subagent", "/work/tree", "1.5.0", json!({"subagent": {}}));
        fs::write(home.path().join("sessions/2026/11/03/broken.jsonl"), "{").unwrap();
        assert_eq!(find().as_deref(), Some("new"));
        let known = Remembered::find(home.path(), cwd, Version(1, 5, 0)).unwrap();
        assert!(known.has_line("hello") && !known.has_line("goodbye"));
    }
}
