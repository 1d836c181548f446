//! The filing pipeline of the overview: institutions by state, receipts that are due, what returned filings lack. It reads
//! applications and clocks.
//!
//! ```sql
//! SELECT i.region, sum(a.decided_date IS NOT NULL), sum(a.late) FROM application a JOIN institution i ON i.id = a.institution
//! WHERE a.kind = 'filing' GROUP BY i.region;
//! SELECT i.region, sum(c.due_date < :at) FROM clock c JOIN application a ON a.institution = c.institution
//!   AND a.number = c.application JOIN institution i ON i.id = c.institution
//! WHERE c.kind = 'receipt' AND c.state IN ('running', 'expired') AND a.state = 'accepted' AND i.status = 'accepted' GROUP BY i.region;
//! ```

use jiff::civil::Date;
use rusqlite::{Connection, params_from_iter};

use crate::cell;
use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::list::List;
use crate::model::{Pipeline, PipelineDue, Scope};
use crate::view::region::counted;

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
    let by_status = counted(
        connection,
        &condition,
        "SELECT i.status, count(*) FROM institution i",
        " GROUP BY i.status",
    )?;
    let returned_items = counted(
        connection,
        &condition,
        "SELECT t.item, count(*) FROM application a JOIN institution i ON i.id = a.institution
         JOIN application_item t ON t.institution = a.institution AND t.number = a.number
           AND t.return_number = a.returned",
        " AND a.kind = 'filing' AND a.state = 'returned' AND i.status <> 'closed' GROUP BY t.item",
    )?;
    let totals = format!(
        "SELECT ifnull(sum(a.decided_date IS NOT NULL), 0), ifnull(sum(a.late), 0), ifnull(sum(a.returned > 0), 0)
         FROM application a JOIN institution i ON i.id = a.institution{} AND a.kind = 'filing'",
        condition.sql()
    );
    let (receipts_issued, receipts_late, returned) = connection
        .prepare_cached(&totals)?
        .query_row(params_from_iter(condition.values()), |row| {
            Ok((natural(row.get(0)?), natural(row.get(1)?), natural(row.get(2)?)))
        })?;
    let due = due(connection, condition)?;
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

fn due(connection: &Connection, mut condition: Condition) -> Result<Vec<PipelineDue>, ViewError> {
    condition.and(
        "i.status = 'accepted' AND a.state = 'accepted' AND c.kind = 'receipt' AND c.state IN ('running', 'expired')",
        [],
    );
    let list = List {
        name: "pipeline_due",
        columns: "c.institution, i.name, i.region, c.due_date, c.provisional",
        bound: Condition::default(),
        from: "FROM clock c JOIN application a ON a.institution = c.institution AND a.number = c.application
            JOIN institution i ON i.id = c.institution",
        order: ["c.due_date", "i.name", "c.institution", "c.revision"],
        descending: false,
    };
    list.all(connection, &condition, |row| {
        Ok(PipelineDue {
            institution: cell::id(row, "institution")?,
            name: row.get("name")?,
            region: row.get("region")?,
            due_date: cell::sure_day(row, "due_date")?,
            provisional: row.get("provisional")?,
        })
    })
}
