//! The shape of the database, and how it came to be: migrations go forwards only and are never
//! edited once released.

use rusqlite::Connection;

/// Each migration with what it is for. The version of a database is how many it has had.
const MIGRATIONS: &[(&str, &str)] = &[
    (
        "the spine",
        "
    CREATE TABLE event (
        seq     INTEGER PRIMARY KEY,
        at      INTEGER NOT NULL,
        body    TEXT NOT NULL,
        notes   TEXT NOT NULL,
        dropped TEXT
    ) STRICT;
    CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT;
    CREATE TABLE project (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE task (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE run (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE ask (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE limit_window (
        project  INTEGER NOT NULL,
        provider TEXT NOT NULL,
        body     TEXT NOT NULL,
        PRIMARY KEY (project, provider)
    ) STRICT;
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    CREATE TABLE intake (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
    ",
    ),
    (
        "what moves with every report of usage lies in small rows",
        "
    CREATE TABLE today (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    INSERT INTO today SELECT id, json_extract(body, '$.today') FROM project;
    ",
    ),
    (
        "what saves questions after a restart",
        "CREATE TABLE hint (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;",
    ),
    (
        "a limit is that of an account, in all projects; what was known is found out again",
        "
    DROP TABLE limit_window;
    CREATE TABLE limit_window (account TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    ",
    ),
    ("the number of the last event stands with the events, and not in `meta`", ""),
    (
        "how much of a plan is used up",
        "CREATE TABLE plan (account TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;",
    ),
];

/// The newest version that this program knows.
pub(crate) const VERSION: u32 = MIGRATIONS.len() as u32;

/// The version of a database; 0 for an empty one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Brings a database up to [`VERSION`], each step in a transaction of its own.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    for (at, (_, sql)) in MIGRATIONS.iter().enumerate().skip(version(connection)? as usize) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", at as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_before_keeps_what_was_spent_today() {
        let mut connection = Connection::open_in_memory().unwrap();
        let (_, spine) = MIGRATIONS[0];
        connection.execute_batch(spine).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let project = r#"{"today": {"day": 20413, "spent": {"tokens": 7, "cost": 5}}}"#;
        connection.execute("INSERT INTO project VALUES (3, ?1)", [project]).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), VERSION);
        let moved: (u64, String) = connection
            .query_row("SELECT id, body FROM today", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(moved, (3, r#"{"day":20413,"spent":{"tokens":7,"cost":5}}"#.to_owned()));
        migrate(&mut connection).unwrap();
    }
}
