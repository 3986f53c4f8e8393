//! One file for each kind of table: its SQL, its reads and its writes.

pub(crate) mod event;
pub(crate) mod hint;
pub(crate) mod intake;
pub(crate) mod state;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A row as JSON. Our own types always serialise; if one does not, the transaction fails.
fn to_json(row: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(row)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A row from JSON, with the index of its column for the error.
fn from_json<T: DeserializeOwned>(text: &str, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
