//! `hint`: what saves questions after a restart. It is no fact: a lost row costs time and nothing else,
//! so it is in no journal and no event changes it.

use rusqlite::{Connection, OptionalExtension};

/// What is kept under a name.
pub(crate) fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let mut query = connection.prepare_cached("SELECT body FROM hint WHERE key = ?1")?;
    query.query_row([key], |row| row.get(0)).optional()
}

/// Keeps something under a name, in place of what was kept there.
pub(crate) fn keep(connection: &Connection, key: &str, body: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO hint (key, body) VALUES (?1, ?2)")?
        .execute((key, body))
        .map(drop)
}
