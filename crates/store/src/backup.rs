//! `crew backup` and `crew restore`: everything that Crewhouse knows, as a directory.
//!
//! A backup is hot: the database is copied by SQLite's own means while the daemon works. The files
//! of agents are listed and copied afterwards; they only grow, so they hold at least what the
//! database refers to, and an exit that is in the list comes after the last word. What vanishes
//! meanwhile (a file that is written aside, a run that is put away) is left out.
//! Worktrees are not in it: what agents finished is in the repository, under `refs/crew`. The
//! journal files are not either: they are made from the database.
//!
//! A restore makes a whole home beside the one that is there, and then puts it in its place. Of the
//! runs it brings back those that the database knows: a later one would be taken for the next start
//! of the same number.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crew_core::{RunId, State, Token};

use crate::writer::failed_at;
use crate::{Home, Reader, StoreError};

/// The directories that a backup holds besides the database.
const DIRECTORIES: [&str; 2] = ["runs", "sessions"];
/// The files.
const FILES: [&str; 1] = [Home::ID];
const DATABASE: &str = "crewhouse.db";

/// Writes a backup of `home` to `target`, which must not exist. It is there once it is whole.
pub fn backup(home: &Home, target: &Path) -> Result<(), StoreError> {
    if target.symlink_metadata().is_ok() {
        return Err(StoreError::Backup(format!("{} exists already", target.display())));
    }
    let partial = beside(target, "partial")?;
    make_private(&partial)?;
    let written = write_backup(home, &partial)
        .and_then(|()| fs::rename(&partial, target).map_err(StoreError::file("finishing", target)));
    if written.is_err() {
        fs::remove_dir_all(&partial).ok(); // we made it just now
    }
    written
}

fn write_backup(home: &Home, partial: &Path) -> Result<(), StoreError> {
    home.id()?;
    let reader = Reader::open(&home.database())?;
    let copy = partial.join(DATABASE);
    reader
        .connection()
        .backup("main", &copy, None::<fn(rusqlite::backup::Progress)>)
        .map_err(failed_at(&copy))?;
    for file in FILES {
        copy_file(&home.root().join(file), &partial.join(file))?;
    }
    for directory in DIRECTORIES {
        copy_tree(&home.root().join(directory), &partial.join(directory), &|_| true)?;
    }
    Ok(())
}

/// Makes `home` what it was when `source` was written. What is there now is set aside, not deleted.
///
/// `at_work` tells of one run directory who is at work in it. While anybody is, in the home or in
/// the one that the backup is of, nothing is restored: two would work at the same.
pub fn restore(
    source: &Path,
    home: &Path,
    at_work: &dyn Fn(&Path) -> Option<String>,
) -> Result<Option<PathBuf>, StoreError> {
    let database = source.join(DATABASE);
    if !database.is_file() {
        let problem = format!("{} is not a backup: it has no {DATABASE}", source.display());
        return Err(StoreError::Backup(problem));
    }
    let state = Reader::open(&database)?.load()?;
    // Whoever has the home keeps it: nothing is made before this.
    let lock = home.exists().then(|| Home::open(home)?.lock()).transpose()?;
    refuse_while_at_work(&source.join("runs"), at_work)?;
    refuse_while_at_work(&home.join("runs"), at_work)?;
    let fresh = beside(home, "restoring")?;
    let made = make_home(source, &state, &fresh);
    let aside = made.and_then(|()| put_in_place(&fresh, home));
    if aside.is_err() {
        fs::remove_dir_all(&fresh).ok(); // we made it just now
    }
    drop(lock);
    aside
}

fn refuse_while_at_work(
    runs: &Path,
    at_work: &dyn Fn(&Path) -> Option<String>,
) -> Result<(), StoreError> {
    for (_, path) in list(runs)? {
        if let Some(who) = path.is_dir().then(|| at_work(&path)).flatten() {
            return Err(StoreError::AtWork { who, path });
        }
    }
    Ok(())
}

fn make_home(source: &Path, state: &State, fresh: &Path) -> Result<(), StoreError> {
    let home = Home::open(fresh)?;
    copy_file(&source.join(DATABASE), &home.database())?;
    for file in FILES {
        copy_file(&source.join(file), &home.root().join(file))?;
    }
    for directory in DIRECTORIES {
        let is_known = |name: &str| directory != "runs" || is_known_run(state, name);
        copy_tree(&source.join(directory), &home.root().join(directory), &is_known)?;
    }
    Ok(())
}

/// Whether an entry of `runs/` is of a start that the state knows of: all but `<run>.<token>` that
/// were begun after the database was copied.
fn is_known_run(state: &State, name: &str) -> bool {
    let parse = || {
        let (run, token) = name.split_once('.')?;
        Some((RunId(run.parse().ok()?), Token(token.parse().ok()?)))
    };
    let Some((run, token)) = parse() else { return true };
    match state.runs.get(&run) {
        Some(known) => token <= known.token,
        None => run <= state.meta.run,
    }
}

/// Worktrees are where git knows them to be; they stay there.
fn put_in_place(fresh: &Path, home: &Path) -> Result<Option<PathBuf>, StoreError> {
    let moving =
        |from: &Path, to: &Path| fs::rename(from, to).map_err(StoreError::file("moving", from));
    if !home.exists() {
        return moving(fresh, home).map(|()| None);
    }
    let worktrees = "worktrees";
    let aside = beside(home, "before-restore")?;
    moving(home, &aside)?;
    moving(fresh, home)?;
    let empty = home.join(worktrees);
    fs::remove_dir(&empty).map_err(StoreError::file("replacing", &empty))?;
    moving(&aside.join(worktrees), &empty)?;
    Ok(Some(aside))
}

/// A name beside `path` that is free.
fn beside(path: &Path, what: &str) -> Result<PathBuf, StoreError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| {
        StoreError::Backup(format!("{} is no name for a directory", path.display()))
    })?;
    let names = (1..1_000).map(|n| path.with_file_name(format!("{name}.{what}-{n}")));
    let mut free = names.into_iter().filter(|path| path.symlink_metadata().is_err());
    free.next().ok_or_else(|| {
        StoreError::Backup(format!("there are too many {name}.{what}-… beside {}", path.display()))
    })
}

fn make_private(path: &Path) -> Result<(), StoreError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(StoreError::file("making", path))
}

/// Copies a directory, but for the entries that are not wanted.
fn copy_tree(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<(), StoreError> {
    make_private(to)?;
    for (name, path) in list(from)? {
        let kind = match path.symlink_metadata() {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::file("reading", &path)(error)),
        };
        if !wanted(&name.to_string_lossy()) {
            continue;
        }
        if kind.is_dir() {
            copy_tree(&path, &to.join(name), &|_| true)?;
        } else if kind.is_file() {
            copy_file(&path, &to.join(name))?;
        } // sockets and links of a live run mean nothing in a backup
    }
    Ok(())
}

/// Copies a file with its permissions; one that has vanished is left out.
fn copy_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::copy(from, to) {
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && from.symlink_metadata().is_err() =>
        {
            Ok(())
        }
        other => other.map(drop).map_err(StoreError::file("copying", from)),
    }
}

/// What is in a directory now; nothing if it is not there.
fn list(directory: &Path) -> Result<Vec<(std::ffi::OsString, PathBuf)>, StoreError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(StoreError::file("listing", directory))?,
    };
    let entries = entries.map(|entry| entry.map(|entry| (entry.file_name(), entry.path())));
    entries.collect::<io::Result<_>>().map_err(StoreError::file("listing", directory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Commit, Entry, Writer};
    use crew_core::{Change, Event, Seq, Time};
    use std::sync::atomic::{AtomicBool, Ordering};

    fn nobody(_: &Path) -> Option<String> {
        None
    }

    fn commit(writer: &mut Writer, seq: u64) {
        let at = Time(1);
        let entry =
            Entry { seq: Seq(seq), at, body: Event::Ticked, notes: Vec::new(), dropped: None };
        let change = Change::default();
        writer.commit(&[Commit { entry, change, key: None }]).unwrap();
    }

    struct Lab {
        dir: tempfile::TempDir,
        home: Home,
        writer: Writer,
    }

    fn lab() -> Lab {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::open(&dir.path().join("my.home")).unwrap();
        let mut writer = Writer::open(&home.database()).unwrap();
        commit(&mut writer, 1);
        Lab { dir, home, writer }
    }

    #[test]
    fn what_was_there_comes_back_and_what_is_there_is_set_aside() {
        let Lab { dir, home, mut writer } = lab();
        let root = home.root().to_owned();
        fs::write(home.runs().join("setup-1.log"), "{}\n").unwrap();
        fs::create_dir(home.root().join("worktrees/1")).unwrap();
        let target = dir.path().join("backup");
        backup(&home, &target).unwrap();
        assert!(backup(&home, &target).is_err(), "a backup is never overwritten");
        commit(&mut writer, 2);
        drop(writer);
        let id = home.id().unwrap();

        let aside = restore(&target, &root, &nobody).unwrap().unwrap();
        assert_eq!(Writer::open(&home.database()).unwrap().last().unwrap(), Seq(1));
        assert_eq!(home.id().unwrap(), id, "it is the same home");
        assert!(home.runs().join("setup-1.log").exists());
        assert!(root.join("worktrees/1").exists() && !aside.join("worktrees").exists());
        assert_eq!(Writer::open(&aside.join(DATABASE)).unwrap().last().unwrap(), Seq(2));
        assert!(restore(&root.join("runs"), &root, &nobody).is_err(), "that is no backup");
        let mut names: Vec<_> =
            list(dir.path()).unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["backup", "my.home", "my.home.before-restore-1"]);
    }

    #[test]
    fn a_run_that_began_after_the_database_was_copied_is_not_brought_back() {
        let Lab { dir, home, .. } = lab();
        for run in ["1.1", "notes"] {
            fs::create_dir(home.runs().join(run)).unwrap();
        }
        let target = dir.path().join("backup");
        backup(&home, &target).unwrap();
        let other = dir.path().join("other");
        restore(&target, &other, &nobody).unwrap();
        assert!(!other.join("runs/1.1").exists(), "the state knows no run");
        assert!(other.join("runs/notes").exists());
    }

    #[test]
    fn nothing_is_restored_while_somebody_is_at_work() {
        let Lab { dir, home, writer } = lab();
        fs::create_dir(home.runs().join("7.1")).unwrap();
        let target = dir.path().join("backup");
        backup(&home, &target).unwrap();
        drop(writer);
        let at_work = |place: PathBuf| move |dir: &Path| (dir == place).then(|| "it".to_owned());
        let other = dir.path().join("other");
        for place in [target.join("runs/7.1"), home.runs().join("7.1")] {
            let error = restore(&target, home.root(), &at_work(place)).unwrap_err();
            assert!(matches!(error, StoreError::AtWork { .. }), "{error}");
            assert!(error.hint().is_some());
        }
        assert!(restore(&target, &other, &at_work(target.join("runs/7.1"))).is_err());
        let lock = home.lock().unwrap();
        let error = restore(&target, home.root(), &nobody).unwrap_err();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        drop(lock);
        let left: Vec<_> = list(dir.path()).unwrap();
        assert_eq!(left.len(), 2, "the home and the backup, and nothing half made: {left:?}");
    }

    #[test]
    fn a_backup_is_made_while_files_come_and_go() {
        let Lab { dir, home, mut writer } = lab();
        let run = home.runs().join("1.1");
        fs::create_dir(&run).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut seq = 1;
                while !stop.load(Ordering::Relaxed) {
                    seq += 1;
                    commit(&mut writer, seq);
                    for n in 0..20 {
                        let temporary = run.join(format!(".exit.{n}.tmp"));
                        fs::write(&temporary, "half").unwrap();
                        fs::rename(&temporary, run.join("exit.json")).unwrap();
                        let gone = home.runs().join(format!("put-away-{n}"));
                        fs::create_dir(&gone).unwrap();
                        fs::remove_dir(&gone).unwrap();
                    }
                }
            });
            for n in 0..20 {
                let made = backup(&home, &dir.path().join(format!("backup-{n}")));
                if made.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                made.unwrap();
            }
            stop.store(true, Ordering::Relaxed);
        });
        let last = dir.path().join("backup-19");
        assert!(Writer::open(&last.join(DATABASE)).unwrap().last().unwrap() >= Seq(1));
        let mode = std::os::unix::fs::PermissionsExt::mode(&last.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700, "it holds all that anybody said");
    }
}
