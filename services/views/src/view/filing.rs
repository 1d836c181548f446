//! The admission pipeline: one row for each filing of an institution, with its clock.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params_from_iter};
use uuid::Uuid;
use yujian_domain::institution::InstitutionEvent;

use crate::condition::Condition;
use crate::database::{natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::model::{Pipeline, PipelineDue, Scope};

/// Filings.
pub(crate) struct Filings;

impl View for Filings {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "filing",
            // State: submitted, returned, accepted, withdrawn, receipted. `items`: what the last return named.
            ddl: "CREATE TABLE filing(institution TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL,
                    returned INTEGER NOT NULL, items TEXT NOT NULL, accepted_date TEXT, receipt_due TEXT,
                    receipt_due_provisional INTEGER NOT NULL, receipt_date TEXT, late INTEGER NOT NULL,
                    PRIMARY KEY(institution, number)) WITHOUT ROWID;
                  CREATE INDEX filing_state ON filing(state, receipt_due);",
            key: "institution, number",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (What::Institution(event), Some(institution)) = (&seen.what, seen.institution) else {
            return Ok(());
        };
        let open = |number: u32| {
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO filing(institution, number, state, returned, items, receipt_due_provisional,
                       late) VALUES(?, ?, 'submitted', 0, '[]', 0, 0)",
                )?
                .execute((institution.to_string(), number))
        };
        let id = institution.to_string();
        match event.as_ref() {
            InstitutionEvent::FilingSubmitted(submitted) => {
                open(submitted.application)?;
                transaction
                    .prepare_cached("UPDATE filing SET state = 'submitted' WHERE institution = ? AND number = ?")?
                    .execute((id, submitted.application))?;
            }
            InstitutionEvent::FilingReturned(returned) => {
                open(returned.application)?;
                let items: Vec<&str> = returned.items.iter().map(|item| item.item.as_str()).collect();
                let json = serde_json::to_string(&items).expect("a list of texts is plain JSON");
                transaction
                    .prepare_cached(
                        "UPDATE filing SET state = 'returned', returned = returned + 1, items = ?
                         WHERE institution = ? AND number = ?",
                    )?
                    .execute((json, id, returned.application))?;
            }
            InstitutionEvent::FilingAccepted(accepted) => {
                open(accepted.application)?;
                transaction
                    .prepare_cached(
                        "UPDATE filing SET state = 'accepted', accepted_date = ?, receipt_due = ?,
                         receipt_due_provisional = ? WHERE institution = ? AND number = ?",
                    )?
                    .execute((
                        seen.effective_day().map(|day| day.to_string()),
                        accepted.receipt_due.due_date.to_string(),
                        accepted.receipt_due.provisional,
                        id,
                        accepted.application,
                    ))?;
            }
            InstitutionEvent::FilingWithdrawn(withdrawn) => {
                open(withdrawn.application)?;
                transaction
                    .prepare_cached("UPDATE filing SET state = 'withdrawn' WHERE institution = ? AND number = ?")?
                    .execute((id, withdrawn.application))?;
            }
            InstitutionEvent::FilingReceiptIssued(issued) => {
                open(issued.application)?;
                transaction
                    .prepare_cached(
                        "UPDATE filing SET state = 'receipted', receipt_date = ?, late = ?
                         WHERE institution = ? AND number = ?",
                    )?
                    .execute((issued.issue_date.to_string(), issued.late, id, issued.application))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The running clock of an institution: last day and whether it is provisional.
pub(crate) fn clock(connection: &Connection, institution: &str) -> Result<Option<(Date, bool)>, ViewError> {
    let found = connection
        .prepare_cached(
            "SELECT receipt_due, receipt_due_provisional FROM filing
             WHERE institution = ? AND state = 'accepted' AND receipt_due IS NOT NULL ORDER BY number DESC LIMIT 1",
        )?
        .query_row([institution], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?))
        })
        .optional()?;
    found
        .map(|(due, provisional)| Ok((parsed(&due, "receipt_due", |t| t.parse().ok())?, provisional)))
        .transpose()
}

/// The pipeline of a region within a scope at a day.
pub(crate) fn pipeline(
    connection: &Connection,
    scope: &Scope,
    region: Option<&str>,
    at: Date,
    soon: Date,
) -> Result<Pipeline, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", scope);
    if let Some(region) = region {
        condition.and_within("i.region", region);
    }
    let filings = "FROM filing f JOIN institution i ON i.id = f.institution";
    let counted = |select: &str, tail: &str| -> Result<BTreeMap<String, u64>, ViewError> {
        let mut statement = connection.prepare_cached(&format!("{select}{}{tail}", condition.sql()))?;
        let rows = statement.query_map(params_from_iter(condition.values()), |row| {
            Ok((row.get::<_, String>(0)?, natural(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let by_status = counted("SELECT i.status, count(*) FROM institution i", " GROUP BY i.status")?;
    let returned_items = counted(
        &format!("SELECT item.value, count(*) {filings}, json_each(f.items) item"),
        " AND f.state = 'returned' AND i.status <> 'closed' GROUP BY item.value",
    )?;
    let totals = format!(
        "SELECT ifnull(sum(f.receipt_date IS NOT NULL), 0), ifnull(sum(f.late), 0), ifnull(sum(f.returned > 0), 0)
         {filings}{}",
        condition.sql()
    );
    let (receipts_issued, receipts_late, returned) = connection
        .prepare_cached(&totals)?
        .query_row(params_from_iter(condition.values()), |row| {
            Ok((natural(row.get(0)?), natural(row.get(1)?), natural(row.get(2)?)))
        })?;
    let due = due(connection, &condition, filings)?;
    let overdue = due.iter().filter(|clock| clock.due_date < at).count();
    let due_soon = due
        .iter()
        .filter(|clock| clock.due_date >= at && clock.due_date <= soon)
        .count();
    Ok(Pipeline {
        by_status,
        receipt_overdue: overdue as u64,
        receipt_due_soon: due_soon as u64,
        receipts_issued,
        receipts_late,
        returned,
        returned_items,
        due,
    })
}

fn due(connection: &Connection, condition: &Condition, filings: &str) -> Result<Vec<PipelineDue>, ViewError> {
    let sql = format!(
        "SELECT f.institution, i.name, i.region, f.receipt_due, f.receipt_due_provisional {filings}{}
         AND i.status = 'accepted' AND f.state = 'accepted' AND f.receipt_due IS NOT NULL
         ORDER BY f.receipt_due, i.name, f.institution",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(PipelineDue {
            institution: parsed(&row.get::<_, String>(0)?, "institution", |text| {
                Uuid::parse_str(text).ok()
            })?,
            name: row.get(1)?,
            region: row.get(2)?,
            due_date: parsed(&row.get::<_, String>(3)?, "receipt_due", |text| text.parse().ok())?,
            provisional: row.get(4)?,
        });
    }
    Ok(due)
}
