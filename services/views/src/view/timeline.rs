//! Timelines: every event of an institution, of its incidents and inspections, and those of persons that name it; and
//! every event of a person; and every event of an alert. Also events that this version does not know, and damaged ones.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params_from_iter};
use uuid::Uuid;
use yujian_domain::time::Occurred;

use crate::cell;
use crate::condition::Condition;
use crate::database::{instant, natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Home, Table, View, What};
use crate::list::{List, PageOf};
use crate::model::{Scope, TimelineRow};

/// Most events of an alert that are shown with it; its machine allows few, but for links.
const HISTORY_ROWS: u32 = 500;

/// Timeline.
pub(crate) struct Timeline;

impl View for Timeline {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "timeline",
                // In the order in which it is read, so that there is no other index to keep.
                ddl: "CREATE TABLE timeline(institution TEXT NOT NULL, recorded_time TEXT NOT NULL, stream TEXT NOT NULL,
                        revision INTEGER NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL, occurred_date TEXT,
                        occurred_time TEXT, effective_from TEXT, received_time TEXT NOT NULL, actor_id TEXT NOT NULL,
                        actor_role TEXT NOT NULL, actor_organisation TEXT, payload TEXT NOT NULL, provenance TEXT,
                        legal_basis TEXT NOT NULL, policies TEXT NOT NULL, hash TEXT NOT NULL, damaged TEXT,
                        classification TEXT NOT NULL,
                        PRIMARY KEY(institution, recorded_time, stream, revision)) WITHOUT ROWID;",
                key: "institution, recorded_time, stream, revision",
            },
            Table {
                name: "person_timeline",
                // `institution`: the one that the event names.
                ddl: "CREATE TABLE person_timeline(person TEXT NOT NULL, recorded_time TEXT NOT NULL, stream TEXT NOT NULL,
                        revision INTEGER NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL, occurred_date TEXT,
                        occurred_time TEXT, effective_from TEXT, received_time TEXT NOT NULL, actor_id TEXT NOT NULL,
                        actor_role TEXT NOT NULL, actor_organisation TEXT, payload TEXT NOT NULL, provenance TEXT,
                        legal_basis TEXT NOT NULL, policies TEXT NOT NULL, hash TEXT NOT NULL, damaged TEXT,
                        classification TEXT NOT NULL, institution TEXT,
                        PRIMARY KEY(person, recorded_time, stream, revision)) WITHOUT ROWID;",
                key: "person, recorded_time, stream, revision",
            },
            Table {
                name: "alert_timeline",
                ddl: "CREATE TABLE alert_timeline(alert TEXT NOT NULL, recorded_time TEXT NOT NULL, stream TEXT NOT NULL,
                        revision INTEGER NOT NULL, event_id TEXT NOT NULL, event_type TEXT NOT NULL, occurred_date TEXT,
                        occurred_time TEXT, effective_from TEXT, received_time TEXT NOT NULL, actor_id TEXT NOT NULL,
                        actor_role TEXT NOT NULL, actor_organisation TEXT, payload TEXT NOT NULL, provenance TEXT,
                        legal_basis TEXT NOT NULL, policies TEXT NOT NULL, hash TEXT NOT NULL, damaged TEXT,
                        classification TEXT NOT NULL,
                        PRIMARY KEY(alert, recorded_time, stream, revision)) WITHOUT ROWID;",
                key: "alert, recorded_time, stream, revision",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        // Alerts and counters are not history of the institution, but what Yujian makes of it.
        let history = !matches!(seen.home, Home::Alert(_) | Home::Visits(..) | Home::Other);
        if let (Some(institution), true) = (seen.institution, history) {
            write(transaction, "timeline", institution, seen)?;
        }
        if let Some(person) = seen.person() {
            write(transaction, "person_timeline", person, seen)?;
        }
        if let (Home::Alert(alert), false) = (seen.home, matches!(seen.what, What::System(_))) {
            write(transaction, "alert_timeline", alert, seen)?;
        }
        Ok(())
    }
}

fn write(transaction: &Transaction<'_>, table: &str, owner: Uuid, seen: &EventSeen<'_>) -> Result<(), ViewError> {
    let Some(revision) = seen.revision_column() else {
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
    let institution = (table == "person_timeline").then(|| seen.institution.map(|id| id.to_string()));
    let marks = if institution.is_some() { ", ?21" } else { "" };
    // A damaged record may claim the revision of a sound one: then both are shown.
    let sql = format!(
        "INSERT OR REPLACE INTO {table}
         VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20{marks})"
    );
    let mut values: Vec<Value> = vec![
        Value::from(owner.to_string()),
        Value::from(instant(seen.recorded_time)),
        Value::from(seen.stream.to_owned()),
        Value::from(revision),
        Value::from(seen.record.map_or(Uuid::nil(), |record| record.id).to_string()),
        Value::from(seen.record.map_or(String::new(), |record| record.event_type.clone())),
        Value::from(occurred.and_then(Occurred::day).map(|day| day.to_string())),
        Value::from(occurred_time.map(instant)),
        Value::from(metadata.and_then(|metadata| metadata.effective_from).map(instant)),
        Value::from(instant(
            metadata.map_or(seen.recorded_time, |metadata| metadata.received_time),
        )),
        Value::from(metadata.map_or(String::new(), |metadata| metadata.actor.id.clone())),
        Value::from(metadata.map_or("", |metadata| metadata.actor.role.as_str()).to_owned()),
        Value::from(metadata.and_then(|metadata| metadata.actor.organisation.clone())),
        Value::from(payload.unwrap_or("null").to_owned()),
        Value::from(
            metadata
                .and_then(|metadata| metadata.provenance.as_ref())
                .map(|provenance| provenance.source.clone()),
        ),
        Value::from(cell::to_json(&basis)),
        Value::from(cell::to_json(&policies)),
        Value::from(seen.record.map(|record| record.hash.to_hex()).unwrap_or_default()),
        Value::from(damaged.map(str::to_owned)),
        Value::from(seen.classification_column().to_owned()),
    ];
    values.extend(institution.map(Value::from));
    transaction.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
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

/// A page of an institution's timeline, newest recorded first. Whether the caller may see the institution is decided
/// before; an operator sees no event that is for the regulator alone.
pub(crate) fn page(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
    after: Option<&str>,
    limit: u32,
) -> Result<PageOf<TimelineRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("t.institution = ?", [Value::Text(institution.to_string())]);
    condition.and_shown("t", scope);
    read_page(connection, "timeline", condition, after, limit)
}

/// Events of an institution's own stream, oldest first. Whether the caller may see the institution is decided before; an
/// operator sees no event that is for the regulator alone.
pub(crate) fn of_stream(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
) -> Result<Vec<TimelineRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and(
        "t.institution = ? AND t.stream = ?",
        [
            Value::Text(institution.to_string()),
            Value::Text(format!("institution-{institution}")),
        ],
    );
    condition.and_shown("t", scope);
    let list = List {
        name: "timeline",
        columns: "t.*",
        bound: Condition::default(),
        from: "FROM timeline t",
        order: ["t.revision"],
        descending: false,
    };
    list.all(connection, &condition, read)
}

/// A page of a person's timeline, newest recorded first. Whether the caller may see the person is decided before; an
/// operator sees no event that is for the regulator alone, and none that names another operator's institution.
pub(crate) fn page_of_person(
    connection: &Connection,
    scope: &Scope,
    person: Uuid,
    after: Option<&str>,
    limit: u32,
) -> Result<PageOf<TimelineRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("t.person = ?", [Value::Text(person.to_string())]);
    condition.and_shown("t", scope);
    if let Some(organisation) = &scope.organisation {
        condition.and(
            "(t.institution IS NULL OR t.institution IN (SELECT i.id FROM institution i WHERE i.credit_code = ?))",
            [Value::Text(organisation.clone())],
        );
    }
    read_page(connection, "person_timeline", condition, after, limit)
}

/// The history of an alert, oldest recorded first. Whether the caller may see the alert is decided before.
pub(crate) fn of_alert(connection: &Connection, alert: Uuid) -> Result<Vec<TimelineRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("t.alert = ?", [Value::Text(alert.to_string())]);
    let list = List {
        name: "alert_timeline",
        columns: "t.*",
        bound: Condition::default(),
        from: "FROM alert_timeline t",
        order: ["t.recorded_time", "t.stream", "t.revision"],
        descending: false,
    };
    let (rows, _, _) = list.page(connection, condition, None, HISTORY_ROWS, read)?;
    Ok(rows)
}

fn read_page(
    connection: &Connection,
    table: &'static str,
    condition: Condition,
    after: Option<&str>,
    limit: u32,
) -> Result<PageOf<TimelineRow>, ViewError> {
    let list = List {
        name: table,
        columns: "t.*",
        bound: Condition::default(),
        from: &format!("FROM {table} t"),
        order: ["t.recorded_time", "t.stream", "t.revision"],
        descending: true,
    };
    list.page(connection, condition, after, limit, read)
}
