//! `intake`: what came from outside once, by a key that names the delivery, not the content.

use crew_core::Seq;
use rusqlite::{Connection, OptionalExtension};

/// Which entry a delivery became, if it was taken in.
pub(crate) fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Seq>> {
    let mut query = connection.prepare_cached("SELECT seq FROM intake WHERE key = ?1")?;
    query.query_row([key], |row| Ok(Seq(row.get(0)?))).optional()
}

/// Remembers a delivery.
pub(crate) fn insert(connection: &Connection, key: &str, seq: Seq) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO intake (key, seq) VALUES (?1, ?2)")?
        .execute((key, seq.0))
        .map(drop)
}
