//! Published checklists (检查表): their dimensions and items, so that answers can be told by dimension. Their texts are
//! the reference data's.

use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;
use yujian_domain::checklist::Checklist;
use yujian_domain::inspection::ChecklistRef;
use yujian_domain::system::SystemEvent;

use crate::cell;
use crate::database::{integer, natural};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::model::DimensionRow;

/// Checklists.
pub(crate) struct Checklists;

impl View for Checklists {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "checklist_dimension",
                ddl: "CREATE TABLE checklist_dimension(checklist TEXT NOT NULL, version INTEGER NOT NULL,
                        position INTEGER NOT NULL, code TEXT NOT NULL, points INTEGER NOT NULL,
                        PRIMARY KEY(checklist, version, position)) WITHOUT ROWID;",
                key: "checklist, version, position",
            },
            Table {
                name: "checklist_item",
                ddl:
                    "CREATE TABLE checklist_item(checklist TEXT NOT NULL, version INTEGER NOT NULL, code TEXT NOT NULL,
                        dimension TEXT NOT NULL, points INTEGER NOT NULL, veto INTEGER NOT NULL,
                        PRIMARY KEY(checklist, version, code)) WITHOUT ROWID;",
                key: "checklist, version, code",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let What::System(event) = &seen.what else { return Ok(()) };
        let SystemEvent::ChecklistPublished(published) = event.as_ref() else {
            return Ok(());
        };
        // A document that does not parse names no items; the reference data refuse it at the start.
        let Ok(checklist) = Checklist::parse(&published.document) else {
            return Ok(());
        };
        let (id, version) = (&published.checklist, published.version);
        // A published version is never altered: what came first stands.
        for (position, dimension) in (0_u64..).zip(&checklist.dimensions) {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO checklist_dimension VALUES(?, ?, ?, ?, ?)")?
                .execute(params![
                    id,
                    version,
                    integer(position),
                    dimension.code,
                    dimension.points
                ])?;
        }
        for item in &checklist.items {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO checklist_item VALUES(?, ?, ?, ?, ?, ?)")?
                .execute(params![id, version, item.code, item.dimension, item.points, item.veto])?;
        }
        Ok(())
    }
}

/// The result of an inspection by dimension, in the order of the checklist; empty when the checklist is not known.
pub(crate) fn results(
    connection: &Connection,
    inspection: Uuid,
    checklist: &ChecklistRef,
    chosen: &[String],
) -> Result<Vec<DimensionRow>, ViewError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.code, sum(a.answer IS 'compliant'), sum(a.answer IS 'noncompliant'), sum(a.answer IS 'not_applicable'),
           sum(ifnull(a.answer, 'not_checked') = 'not_checked'),
           sum(CASE WHEN a.answer = 'compliant' THEN k.points ELSE 0 END),
           sum(CASE WHEN a.answer IN ('compliant', 'noncompliant') THEN k.points ELSE 0 END)
         FROM checklist_dimension d
         JOIN checklist_item k ON k.checklist = d.checklist AND k.version = d.version AND k.dimension = d.code
         LEFT JOIN answer a ON a.inspection = ?1 AND a.item = k.code
         WHERE d.checklist = ?2 AND d.version = ?3 AND (?4 = '[]' OR d.code IN (SELECT value FROM json_each(?4)))
         GROUP BY d.position ORDER BY d.position",
    )?;
    let rows = statement.query_map(
        params![
            inspection.to_string(),
            checklist.id,
            checklist.version,
            cell::to_json(&chosen)
        ],
        |row| {
            Ok(DimensionRow {
                dimension: row.get(0)?,
                compliant: natural(row.get(1)?),
                noncompliant: natural(row.get(2)?),
                not_applicable: natural(row.get(3)?),
                not_checked: natural(row.get(4)?),
                points: natural(row.get(5)?),
                points_of: natural(row.get(6)?),
            })
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
