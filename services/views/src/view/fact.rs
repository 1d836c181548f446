//! Facts of the dossiers of institutions (一机一档) and of persons, with what withdrew them. Which event asserts what is the domain's business; the same
//! functions resolve these rows and the replay from the log.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params_from_iter};
use serde_json::Value;
use uuid::Uuid;
use yujian_domain::dossier::{Fact, FactChange, FactSource};
use yujian_domain::time::{day_of, end_of};

use crate::condition::Condition;
use crate::database::{instant, integer, natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View};
use crate::model::{Scope, StoredFact};

/// Facts.
pub(crate) struct Facts;

/// Where the facts of a dossier stand: the table, and the column that says whose they are.
struct Kept {
    table: &'static str,
    owner: &'static str,
}

const OF_INSTITUTIONS: Kept = Kept {
    table: "fact",
    owner: "institution",
};
const OF_PERSONS: Kept = Kept {
    table: "person_fact",
    owner: "person",
};

impl View for Facts {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "fact",
                // `n` counts within the event. Personal values stand in `value` as sealed in the event. The key serves
                // both the contest for one fact and the whole dossier, so there is no other index to keep.
                ddl: "CREATE TABLE fact(institution TEXT NOT NULL, key TEXT NOT NULL, stream TEXT NOT NULL,
                        revision INTEGER NOT NULL, n INTEGER NOT NULL, value TEXT NOT NULL, valid_from TEXT,
                        valid_to TEXT, event_type TEXT NOT NULL, recorded_time TEXT NOT NULL,
                        received_time TEXT NOT NULL, withdrawn TEXT, classification TEXT NOT NULL,
                        PRIMARY KEY(institution, key, stream, revision, n)) WITHOUT ROWID;",
                key: "institution, key, stream, revision, n",
            },
            Table {
                name: "person_fact",
                ddl: "CREATE TABLE person_fact(person TEXT NOT NULL, key TEXT NOT NULL, stream TEXT NOT NULL,
                        revision INTEGER NOT NULL, n INTEGER NOT NULL, value TEXT NOT NULL, valid_from TEXT,
                        valid_to TEXT, event_type TEXT NOT NULL, recorded_time TEXT NOT NULL,
                        received_time TEXT NOT NULL, withdrawn TEXT, classification TEXT NOT NULL,
                        PRIMARY KEY(person, key, stream, revision, n)) WITHOUT ROWID;",
                key: "person, key, stream, revision, n",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        if let Some(institution) = seen.institution {
            write(transaction, &OF_INSTITUTIONS, institution, &seen.facts, seen)?;
        }
        if let Some(person) = seen.person() {
            write(transaction, &OF_PERSONS, person, &seen.person_facts, seen)?;
        }
        Ok(())
    }
}

fn write(
    transaction: &Transaction<'_>,
    kept: &Kept,
    owner: Uuid,
    change: &FactChange,
    seen: &EventSeen<'_>,
) -> Result<(), ViewError> {
    let Kept { table, owner: column } = kept;
    let owner = owner.to_string();
    // A correction withdraws what stood before it, never what it asserts itself.
    for (stream, revision, key) in &change.withdrawn {
        transaction
            .prepare_cached(&format!(
                "UPDATE {table} SET withdrawn = ?
                 WHERE {column} = ? AND stream = ? AND revision = ? AND key = ? AND withdrawn IS NULL"
            ))?
            .execute((instant(seen.recorded_time), &owner, stream, integer(*revision), key))?;
    }
    for (n, fact) in change.asserted.iter().enumerate() {
        transaction
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO {table}({column}, key, stream, revision, n, value, valid_from, valid_to,
                   event_type, recorded_time, received_time, classification) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
            ))?
            .execute(rusqlite::params![
                owner,
                fact.key,
                fact.source.stream,
                integer(fact.source.revision),
                integer(n as u64),
                fact.value.to_string(),
                fact.valid_from.map(instant),
                fact.valid_to.map(instant),
                fact.source.event_type,
                instant(fact.source.recorded_time),
                instant(fact.source.received_time),
                seen.classification_column(),
            ])?;
    }
    Ok(())
}

/// Of the facts of a key, the one that holds comes first: greatest beginning of validity (unknown counts as earliest),
/// then latest recorded. The same contest as `Dossier::resolve` in the domain.
const CONTEST: &str =
    "ORDER BY ifnull(f.valid_from, '') DESC, f.recorded_time DESC, f.stream DESC, f.revision DESC, f.n DESC LIMIT 1";

/// SQL of the value (JSON) that the fact `key` of the institution `alias` has at the end of what is known.
pub(crate) fn latest_sql(key: &str, alias: &str) -> String {
    format!(
        "(SELECT f.value FROM fact f WHERE f.institution = {alias}.id AND f.key = '{key}' AND f.withdrawn IS NULL
          AND f.valid_to IS NULL {CONTEST})"
    )
}

/// The same as of an instant, which is bound twice (see [`bound`]).
pub(crate) fn at_sql(key: &str, alias: &str) -> String {
    format!(
        "(SELECT f.value FROM fact f WHERE f.institution = {alias}.id AND f.key = '{key}' AND f.withdrawn IS NULL
          AND (f.valid_from IS NULL OR f.valid_from <= ?) AND (f.valid_to IS NULL OR f.valid_to > ?) {CONTEST})"
    )
}

/// The value for [`at_sql`] at a legal day: its last instant.
pub(crate) fn bound(at: Date) -> String {
    instant(end_of(at))
}

/// By how much the places of an institution change, and from which legal day on: together the value of [`at_sql`] at any
/// day. What held from the beginning has an empty day.
pub(crate) fn steps_of_places(connection: &Connection, institution: &str) -> Result<Vec<(String, i64)>, ViewError> {
    let mut days = BTreeSet::new();
    {
        let mut statement = connection.prepare_cached(
            "SELECT valid_from, valid_to FROM fact WHERE institution = ? AND key = 'places' AND withdrawn IS NULL",
        )?;
        let mut rows = statement.query([institution])?;
        while let Some(row) = rows.next()? {
            let bounds: [Option<String>; 2] = [row.get(0)?, row.get(1)?];
            for text in bounds.into_iter().flatten() {
                days.insert(day_of(parsed(&text, "validity", |text| text.parse().ok())?));
            }
        }
    }
    let sql = format!(
        "SELECT ifnull(CAST({} AS INTEGER), 0) FROM (SELECT ? AS id) i",
        at_sql("places", "i")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut steps = Vec::new();
    let mut before = 0;
    // Nothing begins or has ended before the empty text, in the order of texts.
    let bounds = days.into_iter().map(|day| (day.to_string(), bound(day)));
    for (day, bound) in [(String::new(), String::new())].into_iter().chain(bounds) {
        let places: i64 = statement.query_row((&bound, &bound, institution), |row| row.get(0))?;
        if places != before {
            steps.push((day, places - before));
        }
        before = places;
    }
    Ok(steps)
}

/// The number that the fact `places` holds; a text that a correction may have put there counts as none.
pub(crate) fn places(value: Option<String>) -> u64 {
    value.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The value of a key at the end of what is known.
pub(crate) fn latest(connection: &Connection, institution: Uuid, key: &str) -> Result<Option<Value>, ViewError> {
    let found: Option<String> = connection
        .prepare_cached(&format!(
            "SELECT f.value FROM fact f WHERE f.institution = ? AND f.key = ? AND f.withdrawn IS NULL
             AND f.valid_to IS NULL {CONTEST}"
        ))?
        .query_row((institution.to_string(), key), |row| row.get(0))
        .optional()?;
    found
        .map(|text| parsed(&text, "value", |text| serde_json::from_str(text).ok()))
        .transpose()
}

/// Facts of an institution that a scope may see, in the order recorded.
pub(crate) fn of_institution(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
) -> Result<Vec<StoredFact>, ViewError> {
    of(connection, &OF_INSTITUTIONS, scope, institution)
}

/// Facts of a person that a scope may see, in the order recorded. An operator sees those engagements that are at its own
/// institutions, which `own` numbers.
pub(crate) fn of_person(
    connection: &Connection,
    scope: &Scope,
    person: Uuid,
    own: &[u32],
) -> Result<Vec<StoredFact>, ViewError> {
    let mut facts = of(connection, &OF_PERSONS, scope, person)?;
    if scope.organisation.is_some() {
        facts.retain(|stored| match stored.fact.key.strip_prefix("engagement.") {
            Some(rest) => own.iter().any(|number| {
                rest.strip_prefix(&number.to_string())
                    .is_some_and(|member| member.starts_with('.'))
            }),
            None => true,
        });
    }
    Ok(facts)
}

fn of(connection: &Connection, kept: &Kept, scope: &Scope, owner: Uuid) -> Result<Vec<StoredFact>, ViewError> {
    let mut condition = Condition::default();
    condition.and(
        format!("f.{} = ?", kept.owner),
        [rusqlite::types::Value::Text(owner.to_string())],
    );
    condition.and_shown("f", scope);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT * FROM {} f{} ORDER BY f.recorded_time, f.stream, f.revision, f.n",
        kept.table,
        condition.sql()
    ))?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    let mut facts = Vec::new();
    while let Some(row) = rows.next()? {
        let time = |column: &'static str| -> Result<Timestamp, ViewError> {
            parsed(&row.get::<_, String>(column)?, column, |text| text.parse().ok())
        };
        let maybe = |column: &'static str| -> Result<Option<Timestamp>, ViewError> {
            let text: Option<String> = row.get(column)?;
            text.map(|text| parsed(&text, column, |text| text.parse().ok()))
                .transpose()
        };
        let (recorded_time, stream, revision) = (
            time("recorded_time")?,
            row.get::<_, String>("stream")?,
            natural(row.get("revision")?),
        );
        let fact = Fact {
            key: row.get("key")?,
            value: parsed(&row.get::<_, String>("value")?, "value", |text| {
                serde_json::from_str(text).ok()
            })?,
            valid_from: maybe("valid_from")?,
            valid_to: maybe("valid_to")?,
            source: FactSource {
                stream: stream.clone(),
                revision,
                event_type: row.get("event_type")?,
                recorded_time,
                received_time: time("received_time")?,
            },
            order: (recorded_time, stream, revision),
        };
        facts.push(StoredFact {
            fact,
            withdrawn: maybe("withdrawn")?,
        });
    }
    Ok(facts)
}
