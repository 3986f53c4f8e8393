//! The one writer, and readers that cannot write.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crew_core::{Change, Seq, State, Time};
use rusqlite::{Connection, OpenFlags};

use crate::table::event::Entry;
use crate::table::{event, hint, intake, state};
use crate::{StoreError, schema};

/// An event with everything that belongs into its transaction.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The journal entry.
    pub entry: Entry,
    /// The rows that it changed, its effects among them.
    pub change: Change,
    /// Names the delivery, for what must be taken in exactly once.
    pub key: Option<String>,
}

/// The only connection that writes.
#[derive(Debug)]
pub struct Writer {
    connection: Connection,
    path: PathBuf,
}

/// A connection that only reads, and never waits for the writer.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Writer {
    /// Opens the database, makes it if it does not exist, and brings it up to date.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        keep_private(path).map_err(StoreError::file("opening", path))?;
        Self::over(Connection::open(path).map_err(failed_at(path))?, path)
    }

    /// A database that is gone with the process, for simulations.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = Path::new("(memory)");
        Self::over(Connection::open_in_memory().map_err(failed_at(path))?, path)
    }

    fn over(mut connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let failed = failed_at(path);
        // FULL: what was answered with "recorded" is on the disk, even if the power fails.
        connection.pragma_update(None, "journal_mode", "WAL").map_err(&failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(&failed)?;
        connection.pragma_update(None, "foreign_keys", "ON").map_err(&failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        let found = schema::version(&connection).map_err(&failed)?;
        if found > schema::VERSION {
            return Err(StoreError::Newer { found, known: schema::VERSION });
        }
        schema::migrate(&mut connection).map_err(&failed)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The present, as it was last committed.
    pub fn load(&self) -> Result<State, StoreError> {
        state::read(&self.connection).map_err(failed_at(&self.path))
    }

    /// Whether a delivery was taken in before.
    pub fn was_taken(&self, key: &str) -> Result<Option<Seq>, StoreError> {
        intake::find(&self.connection, key).map_err(failed_at(&self.path))
    }

    /// Makes all of `commits` durable, or none of them.
    pub fn commit(&mut self, commits: &[Commit]) -> Result<(), StoreError> {
        let failed = failed_at(&self.path);
        let transaction = self.connection.transaction().map_err(&failed)?;
        for Commit { entry, change, key } in commits {
            event::insert(&transaction, entry).map_err(&failed)?;
            state::write(&transaction, change).map_err(&failed)?;
            if let Some(key) = key {
                intake::insert(&transaction, key, entry.seq).map_err(&failed)?;
            }
        }
        transaction.commit().map_err(&failed)
    }

    /// Keeps what saves questions after a restart, in place of what was kept under this name. It has to
    /// be kept after all that it stands for: too old, it costs questions; too new, it costs answers.
    pub fn keep_hint(&mut self, key: &str, body: &str) -> Result<(), StoreError> {
        hint::keep(&self.connection, key, body).map_err(failed_at(&self.path))
    }

    /// Entries after `after`, at most `limit`.
    pub fn entries(&self, after: Seq, limit: u32) -> Result<Vec<Entry>, StoreError> {
        event::after(&self.connection, after, limit).map_err(failed_at(&self.path))
    }

    /// The newest position of the journal.
    pub fn last(&self) -> Result<Seq, StoreError> {
        event::last(&self.connection).map_err(failed_at(&self.path))
    }

    /// Ends with nothing left in the write-ahead log.
    pub fn close(self) -> Result<(), StoreError> {
        let Self { connection, path } = self;
        connection.close().map_err(|(_, source)| StoreError::Database { path, source })
    }
}

/// Makes the file if there is none, and closes it to others; what SQLite lays beside it is like it. The
/// home is closed as a rule, but it may be a directory that was there before.
pub(crate) fn keep_private(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    let closed = mode & 0o700;
    if mode == closed { Ok(()) } else { file.set_permissions(Permissions::from_mode(closed)) }
}

impl Reader {
    /// Opens a database that exists.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed_at(path))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// The present, as it was last committed.
    pub fn load(&self) -> Result<State, StoreError> {
        state::read(&self.connection).map_err(failed_at(&self.path))
    }

    /// Entries after `after`, at most `limit`.
    pub fn entries(&self, after: Seq, limit: u32) -> Result<Vec<Entry>, StoreError> {
        event::after(&self.connection, after, limit).map_err(failed_at(&self.path))
    }

    /// The last position, up to `newest`, that was recorded before a moment.
    pub fn before(&self, at: Time, newest: Seq) -> Result<Seq, StoreError> {
        event::before(&self.connection, at, newest).map_err(failed_at(&self.path))
    }

    /// What was kept under a name to save questions.
    pub fn hint(&self, key: &str) -> Result<Option<String>, StoreError> {
        hint::find(&self.connection, key).map_err(failed_at(&self.path))
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

pub(crate) fn failed_at(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Database { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use crew_core::{Event, Meta, TaskId};

    use super::*;

    #[test]
    fn a_hint_is_there_after_a_restart_and_replaces_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("crew.db");
        let mut writer = Writer::open(&path).unwrap();
        writer.keep_hint("github/1", "old").unwrap();
        writer.keep_hint("github/1", "new").unwrap();
        drop(writer);
        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.hint("github/1").unwrap().as_deref(), Some("new"));
        assert_eq!(reader.hint("github/2").unwrap(), None);
    }

    #[test]
    fn what_did_not_change_is_not_written() {
        let mut writer = Writer::in_memory().unwrap();
        let commit = |seq: u64| {
            let meta = Meta { seq: Seq(seq), task: TaskId(7), ..Meta::default() };
            let entry = Entry {
                seq: Seq(seq),
                at: Time(seq),
                body: Event::Ticked,
                notes: Vec::new(),
                dropped: None,
            };
            Commit { entry, change: Change { meta, ..Change::default() }, key: None }
        };
        writer.commit(&[commit(1)]).unwrap();
        let before = writer.connection.total_changes();
        writer.commit(&[commit(2), commit(3)]).unwrap();
        assert_eq!(writer.connection.total_changes() - before, 2, "the events, and nothing else");
        let meta = writer.load().unwrap().meta;
        assert_eq!(meta, Meta { seq: Seq(3), task: TaskId(7), ..Meta::default() });
    }

    #[test]
    fn nobody_else_reads_the_database_wherever_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let path = dir.path().join("crew.db");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let _writer = Writer::open(&path).unwrap();
        for name in ["crew.db", "crew.db-wal", "crew.db-shm"] {
            let mode = dir.path().join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
