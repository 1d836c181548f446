//! What was recorded of a person, one row each: health certificates, record queries, trainings, bars.
//!
//! Hours of training by kind in a year:
//!
//! ```sql
//! SELECT t.person, t.kind, sum(t.hours) FROM training t WHERE t.completed_date LIKE '2026-%' GROUP BY t.person, t.kind;
//! ```

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params};
use uuid::Uuid;
use yujian_domain::person::{BarGround, PersonEvent, QueriedOf, QueryOccasion, TrainingKind};

use crate::cell;
use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::list::List;
use crate::model::{Bar, BarRow, Health, HealthRow, QueryRow, RecordQuery, Scope, TrainingRow};

/// What was recorded of persons.
pub(crate) struct Records;

impl View for Records {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "health_certificate",
                ddl: "CREATE TABLE health_certificate(person TEXT NOT NULL, revision INTEGER NOT NULL,
                        issuer TEXT NOT NULL, issue_date TEXT NOT NULL, expiry_date TEXT NOT NULL,
                        passed INTEGER NOT NULL, PRIMARY KEY(person, revision)) WITHOUT ROWID;",
                key: "person, revision",
            },
            Table {
                name: "record_query",
                // `found`: kinds of record, as a JSON list of codes.
                ddl:
                    "CREATE TABLE record_query(person TEXT NOT NULL, revision INTEGER NOT NULL, occasion TEXT NOT NULL,
                        queried_of TEXT NOT NULL, query_date TEXT NOT NULL, valid_until TEXT NOT NULL,
                        clear INTEGER NOT NULL, found TEXT NOT NULL, PRIMARY KEY(person, revision)) WITHOUT ROWID;",
                key: "person, revision",
            },
            Table {
                name: "training",
                ddl: "CREATE TABLE training(person TEXT NOT NULL, revision INTEGER NOT NULL, kind TEXT NOT NULL,
                        hours INTEGER NOT NULL, provider TEXT NOT NULL, completed_date TEXT NOT NULL,
                        PRIMARY KEY(person, revision)) WITHOUT ROWID;",
                key: "person, revision",
            },
            Table {
                name: "bar",
                // `reason` stands sealed. `lifted_…`: the decision that lifted it.
                ddl: "CREATE TABLE bar(person TEXT NOT NULL, revision INTEGER NOT NULL, ground TEXT NOT NULL,
                        from_date TEXT NOT NULL, until_date TEXT, decision_number TEXT NOT NULL, reason TEXT NOT NULL,
                        lifted_number TEXT, lifted_date TEXT, PRIMARY KEY(person, revision)) WITHOUT ROWID;",
                key: "person, revision",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(person), What::Person(event), Some(revision)) = (seen.person(), &seen.what, seen.revision_column())
        else {
            return Ok(());
        };
        let id = person.to_string();
        match event.as_ref() {
            PersonEvent::HealthCertificateRecorded(event) => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO health_certificate VALUES(?, ?, ?, ?, ?, ?)")?
                    .execute(params![
                        id,
                        revision,
                        event.issuer,
                        event.issue_date.to_string(),
                        event.expiry_date.to_string(),
                        event.passed
                    ])?;
            }
            PersonEvent::RecordQueried(event) => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO record_query VALUES(?, ?, ?, ?, ?, ?, ?, ?)")?
                    .execute(params![
                        id,
                        revision,
                        event.occasion.code(),
                        event.queried_of.code(),
                        event.query_date.to_string(),
                        event.valid_until.to_string(),
                        event.clear,
                        cell::to_json(&event.found),
                    ])?;
            }
            PersonEvent::TrainingRecorded(event) => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO training VALUES(?, ?, ?, ?, ?, ?)")?
                    .execute(params![
                        id,
                        revision,
                        event.kind.code(),
                        event.hours,
                        event.provider,
                        event.completed_date.to_string()
                    ])?;
            }
            PersonEvent::PersonBarred(event) => {
                transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO bar(person, revision, ground, from_date, until_date, decision_number, reason)
                         VALUES(?, ?, ?, ?, ?, ?, ?)",
                    )?
                    .execute(params![
                        id,
                        revision,
                        event.ground.code(),
                        event.from_date.to_string(),
                        event.until_date.map(|day| day.to_string()),
                        event.decision_number,
                        cell::to_json(&event.reason),
                    ])?;
            }
            PersonEvent::BarLifted(event) => {
                // Of several only the last stands: the others had run out by themselves, or were lifted before.
                transaction
                    .prepare_cached(
                        "UPDATE bar SET lifted_number = ?1, lifted_date = ?2 WHERE person = ?3 AND lifted_number IS NULL
                         AND revision = (SELECT max(b.revision) FROM bar b WHERE b.person = ?3)",
                    )?
                    .execute(params![
                        event.decision_number,
                        seen.occurred_day().map(|day| day.to_string()),
                        id
                    ])?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Rows of a table about a person, latest recorded first.
fn latest_first<T>(
    connection: &Connection,
    from: &str,
    person: Uuid,
    read: impl Fn(&Row<'_>) -> Result<T, ViewError>,
) -> Result<Vec<T>, ViewError> {
    let mut condition = Condition::default();
    condition.and("person = ?", [Value::Text(person.to_string())]);
    let list = List {
        name: "records",
        columns: "*",
        bound: Condition::default(),
        from,
        order: ["revision"],
        descending: true,
    };
    list.all(connection, &condition, read)
}

/// Health certificates.
pub(crate) fn health(connection: &Connection, person: Uuid) -> Result<Vec<HealthRow>, ViewError> {
    latest_first(connection, "FROM health_certificate", person, |row| {
        Ok(HealthRow {
            revision: natural(row.get("revision")?),
            issuer: row.get("issuer")?,
            health: Health {
                issue_date: cell::sure_day(row, "issue_date")?,
                expiry_date: cell::sure_day(row, "expiry_date")?,
                passed: row.get("passed")?,
            },
        })
    })
}

/// Record queries. What was found is for the regulator alone.
pub(crate) fn queries(connection: &Connection, scope: &Scope, person: Uuid) -> Result<Vec<QueryRow>, ViewError> {
    latest_first(connection, "FROM record_query", person, |row| {
        Ok(QueryRow {
            revision: natural(row.get("revision")?),
            occasion: cell::surely(row, "occasion", QueryOccasion::from_code)?,
            queried_of: cell::surely(row, "queried_of", QueriedOf::from_code)?,
            query: RecordQuery {
                query_date: cell::sure_day(row, "query_date")?,
                valid_until: cell::sure_day(row, "valid_until")?,
                clear: row.get("clear")?,
            },
            found: if scope.organisation.is_some() {
                Vec::new()
            } else {
                cell::sure_json(row, "found")?
            },
        })
    })
}

/// Trainings.
pub(crate) fn trainings(connection: &Connection, person: Uuid) -> Result<Vec<TrainingRow>, ViewError> {
    latest_first(connection, "FROM training", person, |row| {
        Ok(TrainingRow {
            revision: natural(row.get("revision")?),
            kind: cell::surely(row, "kind", TrainingKind::from_code)?,
            hours: row.get("hours")?,
            provider: row.get("provider")?,
            completed_date: cell::sure_day(row, "completed_date")?,
        })
    })
}

/// Bars. Their reasons are for the regulator alone.
pub(crate) fn bars(connection: &Connection, scope: &Scope, person: Uuid) -> Result<Vec<BarRow>, ViewError> {
    latest_first(connection, "FROM bar", person, |row| {
        let lifted_number: Option<String> = row.get("lifted_number")?;
        let lifted_date = cell::day(row, "lifted_date")?;
        Ok(BarRow {
            revision: natural(row.get("revision")?),
            bar: Bar {
                ground: cell::surely(row, "ground", BarGround::from_code)?,
                from_date: cell::sure_day(row, "from_date")?,
                until_date: cell::day(row, "until_date")?,
            },
            decision_number: row.get("decision_number")?,
            reason: if scope.organisation.is_some() {
                None
            } else {
                cell::json(row, "reason")?
            },
            lifted: lifted_number.map(|number| (lifted_date, number)),
        })
    })
}
