//! `event`: the journal, append only. The files are written from it.

use crew_core::note::Note;
use crew_core::{Event, Seq, Time};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use super::{from_json, to_json};

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its position, from 1, without gaps.
    pub seq: Seq,
    /// When it was recorded.
    pub at: Time,
    /// What happened.
    pub body: Event,
    /// What came of it, for people.
    pub notes: Vec<Note>,
    /// Why it changed nothing by itself, where that is so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dropped: Option<String>,
}

/// Appends an entry.
pub(crate) fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let Entry { seq, at, body, notes, dropped } = entry;
    connection
        .prepare_cached(
            "INSERT INTO event (seq, at, body, notes, dropped) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((seq.0, at.0, to_json(body)?, to_json(notes)?, dropped))
        .map(drop)
}

/// At most `limit` entries after `after`, in order.
pub(crate) fn after(
    connection: &Connection,
    after: Seq,
    limit: u32,
) -> rusqlite::Result<Vec<Entry>> {
    let mut query = connection.prepare_cached(
        "SELECT seq, at, body, notes, dropped FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let after = i64::try_from(after.0).unwrap_or(i64::MAX); // nothing is after that
    query.query_map((after, limit), read)?.collect()
}

/// The newest position; 0 in an empty journal.
pub(crate) fn last(connection: &Connection) -> rusqlite::Result<Seq> {
    connection.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |row| Ok(Seq(row.get(0)?)))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: Seq(row.get(0)?),
        at: Time(row.get(1)?),
        body: from_json(row.get_ref(2)?.as_str()?, 2)?,
        notes: from_json(row.get_ref(3)?.as_str()?, 3)?,
        dropped: row.get(4)?,
    })
}
