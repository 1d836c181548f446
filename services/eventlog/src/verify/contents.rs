//! What a record holds, apart from where it stands: tells altered contents from contents that changed places.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::report::Place;
use crate::sqlite::schema::to_sql;
use crate::{StreamName, record};

/// Answer of `record::check` when only the hash is wrong.
pub(super) const ALTERED: &str = "hash does not fit";

/// What a record holds, wherever it stands.
pub(super) struct Contents {
    id: Option<Uuid>,
    event_type: String,
    pub(super) metadata: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

impl Contents {
    pub(super) fn of(row: &Row<'_>) -> Result<Self, &'static str> {
        let text = |column, problem| match row.get_ref(column) {
            Ok(ValueRef::Text(bytes)) => Ok(bytes),
            _ => Err(problem),
        };
        let event_type = std::str::from_utf8(text(5, "type is not text")?).map_err(|_| "type is not UTF-8")?;
        Ok(Self {
            id: row
                .get_ref(4)
                .ok()
                .and_then(|value| Uuid::from_slice(value.as_blob().ok()?).ok()),
            event_type: event_type.to_owned(),
            metadata: text(6, "metadata is not text")?.to_vec(),
            payload: text(7, "payload is not text")?.to_vec(),
        })
    }

    pub(super) fn check(
        &self,
        name: &StreamName,
        revision: Option<u64>,
        id: Option<Uuid>,
    ) -> Result<record::Parsed, &'static str> {
        let revision = revision.ok_or("revision is not a number")?;
        let id = id.ok_or("event id has not 16 bytes")?;
        record::check(
            name.as_str(),
            revision,
            id,
            &self.event_type,
            &self.metadata,
            &self.payload,
        )
    }

    /// Whether these contents, or these with another's payload, are what was written at a place.
    pub(super) fn fits(&self, place: &Place, payload_of: Option<&Self>) -> bool {
        let (Some(stream), Some(revision), Some(id), Some(own)) =
            (place.stream.as_deref(), place.revision, place.event_id, self.id)
        else {
            return false;
        };
        let payload = payload_of.map_or(&self.payload, |other| &other.payload);
        [id, own]
            .iter()
            .any(|id| record::check(stream, revision, *id, &self.event_type, &self.metadata, payload).is_ok())
    }
}

/// Where a record equal to the one at `position` stands before it.
pub(super) fn first_place(
    conn: &Connection,
    number: i64,
    revision: u64,
    position: u64,
) -> rusqlite::Result<Option<u64>> {
    let found: Option<i64> = conn
        .query_row(
            "SELECT a.position FROM record AS a JOIN record AS b ON b.position = ?3
             WHERE a.stream = ?1 AND a.revision = ?2 AND a.position < ?3
               AND a.event_id = b.event_id AND a.metadata = b.metadata AND a.payload = b.payload LIMIT 1",
            (number, to_sql(revision), to_sql(position)),
            |row| row.get(0),
        )
        .optional()?;
    Ok(found.and_then(|found| u64::try_from(found).ok()))
}
