//! `event`: the journal, append only. The files are written from it.

use crew_core::note::Note;
use crew_core::{Event, Seq, Time};
use rusqlite::{Connection, OptionalExtension, Row};
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
    query.query_map((position(after), limit), read)?.collect()
}

/// The last position, up to `newest`, that was recorded before a moment; found by halving, for the
/// journal is in order.
pub(crate) fn before(connection: &Connection, at: Time, newest: Seq) -> rusqlite::Result<Seq> {
    let mut query = connection.prepare_cached("SELECT at FROM event WHERE seq = ?1")?;
    let (mut low, mut high) = (0, newest.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let recorded: Option<u64> = query.query_row([middle + 1], |row| row.get(0)).optional()?;
        if recorded.is_some_and(|recorded| recorded < at.0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(Seq(low))
}

/// A position for SQLite; nothing is after the last that it can have.
fn position(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal with these entries, one in each millisecond.
    fn journal(events: impl IntoIterator<Item = Event>) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection).unwrap();
        for (at, body) in (1..).zip(events) {
            let entry = Entry {
                seq: Seq(at),
                at: Time(1_000 + at),
                body,
                notes: Vec::new(),
                dropped: None,
            };
            insert(&connection, &entry).unwrap();
        }
        connection
    }

    #[test]
    fn the_place_of_a_moment_is_found_wherever_it_is() {
        let journal = journal((0..9).map(|_| Event::Ticked));
        let check = |at, newest, expect| {
            let found = before(&journal, Time(at), Seq(newest)).unwrap();
            assert_eq!(found, Seq(expect), "{at} of {newest}");
        };
        for at in 1..=9 {
            check(1_000 + at, 9, at - 1);
        }
        check(0, 9, 0);
        check(9_999, 9, 9);
        check(9_999, 4, 4);
        check(9_999, 0, 0);
    }
}
