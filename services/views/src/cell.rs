//! Reading the cells of a row: texts that hold days, instants, codes, ids and JSON.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Row;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::database::parsed;
use crate::error::ViewError;

/// A cell of another form, or NULL.
pub(crate) fn maybe<T>(
    row: &Row<'_>,
    column: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ViewError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parsed(&text, column, read)).transpose()
}

/// A cell of another form.
pub(crate) fn surely<T>(
    row: &Row<'_>,
    column: &'static str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ViewError> {
    parsed(&row.get::<_, String>(column)?, column, read)
}

/// A legal day.
pub(crate) fn day(row: &Row<'_>, column: &'static str) -> Result<Option<Date>, ViewError> {
    maybe(row, column, |text| text.parse().ok())
}

/// A legal day that is always there.
pub(crate) fn sure_day(row: &Row<'_>, column: &'static str) -> Result<Date, ViewError> {
    surely(row, column, |text| text.parse().ok())
}

/// An instant that is always there.
pub(crate) fn sure_time(row: &Row<'_>, column: &'static str) -> Result<Timestamp, ViewError> {
    surely(row, column, |text| text.parse().ok())
}

/// An id that is always there.
pub(crate) fn id(row: &Row<'_>, column: &'static str) -> Result<Uuid, ViewError> {
    surely(row, column, uuid)
}

/// An id as texts hold it.
pub(crate) fn uuid(text: &str) -> Option<Uuid> {
    Uuid::parse_str(text).ok()
}

/// JSON, or NULL.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &'static str) -> Result<Option<T>, ViewError> {
    maybe(row, column, |text| serde_json::from_str(text).ok())
}

/// JSON that is always there.
pub(crate) fn sure_json<T: DeserializeOwned>(row: &Row<'_>, column: &'static str) -> Result<T, ViewError> {
    surely(row, column, |text| serde_json::from_str(text).ok())
}

/// A value as a cell holds it.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what events hold is plain JSON")
}
