//! What the views could not take in: damaged records, and events of types that this version does not know. Figures that
//! they touch say so.

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params_from_iter};
use uuid::Uuid;

use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::model::Scope;

/// Damaged records one by one, unknown events by type.
pub(crate) struct Problems;

impl View for Problems {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "damage",
                // `n` counts in the order of the log: a damaged record need not tell its stream or revision. `sound`: the
                // record is as it was written, but does not read as what its type says.
                ddl: "CREATE TABLE damage(n INTEGER PRIMARY KEY, stream TEXT NOT NULL, revision INTEGER, institution TEXT,
                        problem TEXT NOT NULL, sound INTEGER NOT NULL);
                      CREATE INDEX damage_institution ON damage(institution);
                      CREATE INDEX damage_stream ON damage(stream);",
                key: "n",
            },
            Table {
                name: "unknown_type",
                ddl: "CREATE TABLE unknown_type(event_type TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;",
                key: "event_type",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        match &seen.what {
            What::Damaged(problem) => {
                transaction
                    .prepare_cached(
                        "INSERT INTO damage(n, stream, revision, institution, problem, sound)
                         SELECT ifnull(max(n), 0) + 1, ?, ?, ?, ?, ? FROM damage",
                    )?
                    .execute((
                        seen.stream,
                        seen.revision_column(),
                        seen.institution.map(|id| id.to_string()),
                        problem,
                        seen.record.is_some(),
                    ))?;
            }
            What::Unknown => {
                transaction
                    .prepare_cached(
                        "INSERT INTO unknown_type(event_type, events) VALUES(?, 1)
                         ON CONFLICT(event_type) DO UPDATE SET events = events + 1",
                    )?
                    .execute([seen.record.map_or("", |record| record.event_type.as_str())])?;
            }
            // The first record of an incident or inspection may be damaged; a later one may still tell where it belongs.
            What::Incident(event) if super::incident::names(event).is_some() => attribute(transaction, seen)?,
            What::Inspection(event) if super::inspection::names(event).is_some() => attribute(transaction, seen)?,
            _ => {}
        }
        Ok(())
    }
}

fn attribute(transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
    transaction
        .prepare_cached("UPDATE damage SET institution = ? WHERE stream = ? AND institution IS NULL")?
        .execute((seen.institution.map(|id| id.to_string()), seen.stream))?;
    Ok(())
}

/// How many damaged records and unknown events there are.
pub(crate) fn counts(connection: &Connection) -> Result<(u64, u64), ViewError> {
    let mut statement = connection
        .prepare_cached("SELECT (SELECT count(*) FROM damage), (SELECT ifnull(sum(events), 0) FROM unknown_type)")?;
    Ok(statement.query_row([], |row| Ok((natural(row.get(0)?), natural(row.get(1)?))))?)
}

/// Damaged records of an institution, its incidents and inspections, and of persons who were ever engaged there: their
/// records may have said something of the institution. An operator hears of none that would tell of an inspection that it
/// does not know of. (stream, problem), in the order of the log.
pub(crate) fn of_institution(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
) -> Result<Vec<(String, String)>, ViewError> {
    let id = || Value::Text(institution.to_string());
    let mut condition = Condition::default();
    condition.and(
        "(d.institution = ? OR d.stream IN (SELECT 'person-' || e.person FROM engagement e WHERE e.institution = ?))",
        [id(), id()],
    );
    if scope.organisation.is_some() {
        let mut untold = Condition::default();
        untold.and("n.institution = ? AND NOT n.told", [id()]);
        condition.and(
            format!(
                "d.stream NOT IN (SELECT 'inspection-' || n.id FROM inspection n{})",
                untold.sql()
            ),
            untold.values().cloned().collect::<Vec<_>>(),
        );
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.stream, d.problem FROM damage d{} ORDER BY d.n",
        condition.sql()
    ))?;
    let rows = statement.query_map(params_from_iter(condition.values()), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Damaged records of a stream: (stream, problem), in the order of the log.
pub(crate) fn of_stream(connection: &Connection, stream: &str) -> Result<Vec<(String, String)>, ViewError> {
    let mut statement = connection.prepare_cached("SELECT stream, problem FROM damage WHERE stream = ? ORDER BY n")?;
    let rows = statement.query_map([stream], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Damaged records that were met, as far as they told stream and revision.
pub(crate) fn damaged_records(connection: &Connection) -> Result<BTreeSet<(String, Option<u64>)>, ViewError> {
    let mut statement = connection.prepare_cached("SELECT stream, revision FROM damage WHERE NOT sound")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(natural))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
