//! `meta`, `project`, `task`, `run`, `ask`, `limit_window`, `plan`, `today`, `outbox`: the present, as rows of JSON
//! by their key. They are the projection of the journal, written in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use crew_core::team::Account;
use crew_core::{Change, Meta, ProjectId, Seq, State};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{event, from_json, to_json};

/// Writes what a step changed.
pub(crate) fn write(connection: &Connection, change: &Change) -> rusqlite::Result<()> {
    let Change { meta, projects, tasks, runs, asks, limits, plans, today, effects, settled } =
        change;
    // Where the journal is follows from the journal. Without it, most events change nothing here, and a
    // page of the log is not written for each.
    let counters = Meta { seq: Seq::default(), ..*meta };
    connection
        .prepare_cached(
            "INSERT INTO meta (one, body) VALUES (1, ?1)
             ON CONFLICT (one) DO UPDATE SET body = excluded.body WHERE body != excluded.body",
        )?
        .execute([to_json(&counters)?])?;
    upsert(connection, "project", projects.iter().map(|(id, row)| (id.0, row)))?;
    upsert(connection, "task", tasks.iter().map(|(id, row)| (id.0, row)))?;
    upsert(connection, "run", runs.iter().map(|(id, row)| (id.0, row)))?;
    upsert(connection, "ask", asks.iter().map(|(id, row)| (id.0, row)))?;
    upsert(connection, "today", today.iter().map(|(id, row)| (id.0, row)))?;
    upsert(connection, "outbox", effects.iter().map(|(id, row)| (id.0, row)))?;
    for (account, window) in limits {
        match window {
            Some(window) => connection
                .prepare_cached("INSERT OR REPLACE INTO limit_window VALUES (?1, ?2)")?
                .execute((account.as_str(), to_json(window)?))?,
            None => connection
                .prepare_cached("DELETE FROM limit_window WHERE account = ?1")?
                .execute([account.as_str()])?,
        };
    }
    for (account, plan) in plans {
        connection
            .prepare_cached("INSERT OR REPLACE INTO plan VALUES (?1, ?2)")?
            .execute((account.as_str(), to_json(plan)?))?;
    }
    for effect in settled {
        connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([effect.0])?;
    }
    Ok(())
}

fn upsert<'a, T: Serialize + 'a>(
    connection: &Connection,
    table: &'static str,
    rows: impl Iterator<Item = (u64, &'a T)>,
) -> rusqlite::Result<()> {
    for (id, row) in rows {
        let sql = format!("INSERT OR REPLACE INTO {table} (id, body) VALUES (?1, ?2)");
        connection.prepare_cached(&sql)?.execute((id, to_json(row)?))?;
    }
    Ok(())
}

/// Reads the present.
pub(crate) fn read(connection: &Connection) -> rusqlite::Result<State> {
    let mut state = State::default();
    state.apply(Change {
        meta: meta(connection)?,
        projects: rows(connection, "project", ProjectId)?,
        tasks: rows(connection, "task", crew_core::TaskId)?,
        runs: rows(connection, "run", crew_core::RunId)?,
        asks: rows(connection, "ask", crew_core::AskId)?,
        today: rows(connection, "today", ProjectId)?,
        effects: rows(connection, "outbox", crew_core::EffectId)?,
        limits: of_accounts(connection, "limit_window")?,
        plans: of_accounts(connection, "plan")?,
        settled: BTreeSet::new(),
    });
    Ok(state)
}

fn meta(connection: &Connection) -> rusqlite::Result<Meta> {
    let body: Option<String> = connection
        .query_row("SELECT body FROM meta WHERE one = 1", [], |row| row.get(0))
        .optional()?;
    let counters = body.map_or_else(|| Ok(Meta::default()), |body| from_json(&body, 0))?;
    Ok(Meta { seq: event::last(connection)?, ..counters })
}

fn rows<K: Ord, T: DeserializeOwned>(
    connection: &Connection,
    table: &'static str,
    key: impl Fn(u64) -> K,
) -> rusqlite::Result<BTreeMap<K, T>> {
    let mut query = connection.prepare(&format!("SELECT id, body FROM {table}"))?;
    let rows = query
        .query_map([], |row| Ok((key(row.get(0)?), from_json(row.get_ref(1)?.as_str()?, 1)?)))?;
    rows.collect()
}

fn of_accounts<T: DeserializeOwned>(
    connection: &Connection,
    table: &'static str,
) -> rusqlite::Result<BTreeMap<Account, T>> {
    let mut query = connection.prepare(&format!("SELECT account, body FROM {table}"))?;
    let rows = query.query_map([], |row| {
        Ok((Account::from_stored(row.get(0)?), from_json(row.get_ref(1)?.as_str()?, 1)?))
    })?;
    rows.collect()
}
