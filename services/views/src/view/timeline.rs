//! The timeline: every event of an institution and of its incidents, also those that this version does not know and
//! those that are damaged.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params_from_iter};
use uuid::Uuid;
use yujian_domain::time::Occurred;

use crate::condition::Condition;
use crate::database::{instant, integer, natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::key;
use crate::model::TimelineRow;

/// Timeline.
pub(crate) struct Timeline;

impl View for Timeline {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "timeline",
            // In the order in which it is read, so that there is no other index to keep.
            ddl: "CREATE TABLE timeline(institution TEXT NOT NULL, recorded_time TEXT NOT NULL, stream TEXT NOT NULL,
                    revision INTEGER NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL, occurred_date TEXT, occurred_time TEXT,
                    effective_from TEXT, received_time TEXT NOT NULL,
                    actor_id TEXT NOT NULL, actor_role TEXT NOT NULL, actor_organisation TEXT, payload TEXT NOT NULL,
                    provenance TEXT, legal_basis TEXT NOT NULL, policies TEXT NOT NULL, hash TEXT NOT NULL,
                    damaged TEXT,
                    PRIMARY KEY(institution, recorded_time, stream, revision)) WITHOUT ROWID;",
            key: "institution, recorded_time, stream, revision",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(institution), Some(revision)) = (seen.institution, seen.revision_column()) else {
            return Ok(());
        };
        let metadata = seen.metadata.as_ref();
        let occurred = metadata.map(|metadata| metadata.occurred);
        let occurred_time = match occurred {
            Some(Occurred::Instant { time }) => Some(time),
            _ => None,
        };
        let damaged = match &seen.what {
            What::Damaged(problem) => Some(problem.as_str()),
            _ => None,
        };
        let payload = seen
            .record
            .map(|record| &record.payload[..])
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        let basis: Vec<(&str, &str)> = metadata.map_or(Vec::new(), |metadata| {
            metadata
                .legal_basis
                .iter()
                .map(|basis| (basis.law.as_str(), basis.article.as_str()))
                .collect()
        });
        let policies: Vec<String> = metadata.map_or(Vec::new(), |metadata| {
            metadata
                .policies
                .iter()
                .map(|policy| format!("{}@{}", policy.id, policy.version))
                .collect()
        });
        let json = |value: &serde_json::Value| value.to_string();
        // A damaged record may claim the revision of a sound one: then both are shown.
        let statement = "INSERT OR REPLACE INTO timeline VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
        transaction.prepare_cached(statement)?.execute(rusqlite::params![
            institution.to_string(),
            instant(seen.recorded_time),
            seen.stream,
            revision,
            seen.record.map_or(Uuid::nil(), |record| record.id).to_string(),
            seen.record.map_or("", |record| record.event_type.as_str()),
            occurred.and_then(Occurred::day).map(|day| day.to_string()),
            occurred_time.map(instant),
            metadata.and_then(|metadata| metadata.effective_from).map(instant),
            instant(metadata.map_or(seen.recorded_time, |metadata| metadata.received_time)),
            metadata.map_or("", |metadata| metadata.actor.id.as_str()),
            metadata.map_or("", |metadata| metadata.actor.role.as_str()),
            metadata.and_then(|metadata| metadata.actor.organisation.as_deref()),
            payload.unwrap_or("null"),
            metadata
                .and_then(|metadata| metadata.provenance.as_ref())
                .map(|provenance| &provenance.source),
            json(&serde_json::json!(basis)),
            json(&serde_json::json!(policies)),
            seen.record.map(|record| record.hash.to_hex()).unwrap_or_default(),
            damaged,
        ])?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<TimelineRow, ViewError> {
    let text = |column: &'static str| row.get::<_, String>(column);
    let time = |column: &'static str| -> Result<Option<jiff::Timestamp>, ViewError> {
        let found: Option<String> = row.get(column)?;
        found
            .map(|text| parsed(&text, column, |text| text.parse().ok()))
            .transpose()
    };
    let surely = |column: &'static str| parsed(&text(column)?, column, |text| text.parse().ok());
    let occurred_date: Option<String> = row.get("occurred_date")?;
    Ok(TimelineRow {
        stream: text("stream")?,
        revision: natural(row.get("revision")?),
        event_id: parsed(&text("event_id")?, "event_id", |text| Uuid::parse_str(text).ok())?,
        event_type: text("event_type")?,
        occurred_date: occurred_date
            .map(|text| parsed(&text, "occurred_date", |text| text.parse().ok()))
            .transpose()?,
        occurred_time: time("occurred_time")?,
        effective_from: time("effective_from")?,
        received_time: surely("received_time")?,
        recorded_time: surely("recorded_time")?,
        actor_id: text("actor_id")?,
        actor_role: text("actor_role")?,
        actor_organisation: row.get("actor_organisation")?,
        // Bytes that are no JSON can only belong to a record that is marked as damaged.
        payload: serde_json::from_str(&text("payload")?).unwrap_or(serde_json::Value::Null),
        provenance: row.get("provenance")?,
        legal_basis: parsed(&text("legal_basis")?, "legal_basis", |text| {
            serde_json::from_str(text).ok()
        })?,
        policies: parsed(&text("policies")?, "policies", |text| serde_json::from_str(text).ok())?,
        hash: text("hash")?,
        damaged: row.get("damaged")?,
    })
}

/// A page of an institution's timeline, newest recorded first: rows, key of the next page, rows in all. Whether the
/// caller may see the institution is decided before.
pub(crate) fn page(
    connection: &Connection,
    institution: Uuid,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<TimelineRow>, Option<String>, u64), ViewError> {
    let mut condition = Condition::default();
    condition.and("institution = ?", [Value::Text(institution.to_string())]);
    let total = connection
        .prepare_cached(&format!("SELECT count(*) FROM timeline{}", condition.sql()))?
        .query_row(params_from_iter(condition.values()), |row| Ok(natural(row.get(0)?)))?;
    if let Some(after) = after {
        let [recorded, stream, revision] = key::decode::<3>("timeline", after)?;
        let revision = revision.parse().map_err(|_| ViewError::InvalidKey)?;
        condition.and(
            "(recorded_time, stream, revision) < (?, ?, ?)",
            [Value::Text(recorded), Value::Text(stream), Value::Integer(revision)],
        );
    }
    let limit = key::limit(limit);
    condition.and(
        "1 ORDER BY recorded_time DESC, stream DESC, revision DESC LIMIT ?",
        [Value::Integer(integer(limit as u64 + 1))],
    );
    let mut statement = connection.prepare_cached(&format!("SELECT * FROM timeline{}", condition.sql()))?;
    let mut found = statement.query(params_from_iter(condition.values()))?;
    let mut rows = Vec::with_capacity(limit);
    let mut more = false;
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            more = true;
            break;
        }
        rows.push(read(row)?);
    }
    let next = if more {
        rows.last().map(|row| {
            key::encode(
                "timeline",
                &[&instant(row.recorded_time), &row.stream, &row.revision.to_string()],
            )
        })
    } else {
        None
    };
    Ok((rows, next, total))
}
