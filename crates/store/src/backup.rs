//! `crew backup` and `crew restore`: everything that Crewhouse knows, as a directory.
//!
//! A backup is hot: the database is copied by SQLite's own means while the daemon works. The spools
//! are copied afterwards; they only grow, so they hold at least what the database refers to.
//! Worktrees are not in it: what agents finished is in the repository, under `refs/crew`.

use std::fs;
use std::path::Path;

use crate::writer::failed_at;
use crate::{Home, Reader, StoreError};

/// The directories that a backup holds besides the database.
const DIRECTORIES: [&str; 2] = ["runs", "sessions"];

/// Writes a backup of `home` to `target`, which must not exist.
pub fn backup(home: &Home, target: &Path) -> Result<(), StoreError> {
    if target.exists() {
        return Err(StoreError::Backup(format!("{} exists already", target.display())));
    }
    let partial = target.with_extension("partial");
    fs::create_dir_all(&partial).map_err(StoreError::file("making", &partial))?;
    let reader = Reader::open(&home.database())?;
    let copy = partial.join("crewhouse.db");
    reader
        .connection()
        .backup("main", &copy, None::<fn(rusqlite::backup::Progress)>)
        .map_err(failed_at(&copy))?;
    for directory in DIRECTORIES {
        copy_tree(&home.root().join(directory), &partial.join(directory))?;
    }
    fs::rename(&partial, target).map_err(StoreError::file("finishing", target))
}

/// Makes `home` what it was when `source` was written. What is there now is set aside, not deleted.
pub fn restore(source: &Path, home: &Path) -> Result<Option<std::path::PathBuf>, StoreError> {
    let database = source.join("crewhouse.db");
    if !database.is_file() {
        let problem = format!("{} is not a backup: it has no crewhouse.db", source.display());
        return Err(StoreError::Backup(problem));
    }
    Reader::open(&database)?.load()?;
    let mut aside = None;
    if home.exists() {
        let _lock = Home::open(home)?.lock()?;
        let name = (1..).map(|n| home.with_extension(format!("before-restore-{n}")));
        let free = name.into_iter().find(|path| !path.exists());
        if let Some(path) = free {
            fs::rename(home, &path).map_err(StoreError::file("setting aside", home))?;
            aside = Some(path);
        }
    }
    let home = Home::open(home)?;
    fs::copy(&database, home.database()).map_err(StoreError::file("copying", &database))?;
    for directory in DIRECTORIES {
        copy_tree(&source.join(directory), &home.root().join(directory))?;
    }
    if let Some(aside) = &aside {
        keep_worktrees(aside, &home)?;
    }
    Ok(aside)
}

/// Worktrees are where git knows them to be; they stay there.
fn keep_worktrees(aside: &Path, home: &Home) -> Result<(), StoreError> {
    let (from, to) = (aside.join("worktrees"), home.root().join("worktrees"));
    if from.exists() {
        fs::remove_dir(&to).map_err(StoreError::file("replacing", &to))?;
        fs::rename(&from, &to).map_err(StoreError::file("keeping", &from))?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(to).map_err(StoreError::file("making", to))?;
    let list = fs::read_dir(from).map_err(StoreError::file("listing", from))?;
    for entry in list {
        let entry = entry.map_err(StoreError::file("listing", from))?;
        let kind = entry.file_type().map_err(StoreError::file("reading", &entry.path()))?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).map_err(StoreError::file("copying", &target))?;
        } // sockets and links of a live run mean nothing in a backup
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Commit, Entry, Writer};
    use crew_core::{Change, Event, Seq, Time};

    #[test]
    fn what_was_there_comes_back_and_what_is_there_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("home");
        let home = Home::open(&root).unwrap();
        let entry = |seq| Entry {
            seq: Seq(seq),
            at: Time(1),
            body: Event::Ticked,
            notes: Vec::new(),
            dropped: None,
        };
        let commit = |writer: &mut Writer, seq| {
            let change = Change::default();
            writer.commit(&[Commit { entry: entry(seq), change, key: None }]).unwrap();
        };
        let mut writer = Writer::open(&home.database()).unwrap();
        commit(&mut writer, 1);
        fs::create_dir(home.runs().join("1.1")).unwrap();
        fs::write(home.runs().join("1.1/out.ndjson"), "{}\n").unwrap();
        let target = dir.path().join("backup");
        backup(&home, &target).unwrap();
        assert!(backup(&home, &target).is_err(), "a backup is never overwritten");
        commit(&mut writer, 2);
        drop(writer);

        let aside = restore(&target, &root).unwrap().unwrap();
        assert_eq!(Writer::open(&home.database()).unwrap().last().unwrap(), Seq(1));
        assert!(home.runs().join("1.1/out.ndjson").exists());
        assert_eq!(Writer::open(&aside.join("crewhouse.db")).unwrap().last().unwrap(), Seq(2));
        assert!(restore(&root.join("runs"), &root).is_err(), "that is no backup");
    }
}
