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
use crate::error::ViewError;
use crate::model::{Pipeline, PipelineDue, Scope};
use crate::view::sums::Reading;

/// Filings that are listed, those due first.
const DUE_SHOWN: u32 = 200;

/// The pipeline of a region within a scope at a day.
pub(crate) fn pipeline(
    connection: &Connection,
    scope: &Scope,
    region: Option<&str>,
    at: Date,
    soon: Date,
) -> Result<Pipeline, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(scope, region);
    let sum = Reading::open(connection, scope)?.of(region)?;
    let due_days = |wanted: &dyn Fn(&str) -> bool| {
        let counts = sum.days("receipt_due").filter(|(day, _)| wanted(day)).map(|(_, n)| n);
        u64::try_from(counts.sum::<i64>()).unwrap_or(0)
    };
    let (first, last) = (at.to_string(), soon.to_string());
    let running = due_days(&|_| true);
    Ok(Pipeline {
        by_status: sum.by_code("status/"),
        receipt_overdue: due_days(&|day| day < first.as_str()),
        receipt_due_soon: due_days(&|day| day >= first.as_str() && day <= last.as_str()),
        receipts_issued: sum.count("receipt"),
        receipts_late: sum.count("receipt_late"),
        returned: sum.count("filing_returned"),
        returned_items: sum.by_code("filing_item/"),
        running,
        due: if running == 0 {
            Vec::new()
        } else {
            due(connection, condition, running)?
        },
    })
}

/// The first of them. Which follow is the list of clocks' business.
fn due(connection: &Connection, mut condition: Condition, running: u64) -> Result<Vec<PipelineDue>, ViewError> {
    // The clocks that end first, or where few run the institutions that wait.
    let from = if running >= u64::from(DUE_SHOWN) {
        "clock c CROSS JOIN application a ON a.institution = c.institution AND a.number = c.application
         CROSS JOIN institution i ON i.id = c.institution"
    } else {
        "institution i INDEXED BY institution_status CROSS JOIN clock c ON c.institution = i.id
         CROSS JOIN application a ON a.institution = c.institution AND a.number = c.application"
    };
    condition.and(
        format!(
            "i.status = 'accepted' AND a.state = 'accepted' AND c.kind = 'receipt' AND c.state IN ('running', 'expired')
             ORDER BY c.due_date, c.institution, c.revision LIMIT {DUE_SHOWN}"
        ),
        [],
    );
    let sql = format!(
        "SELECT c.institution, i.name, i.region, c.due_date, c.provisional FROM {from}{}",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        due.push(PipelineDue {
            institution: cell::id(row, "institution")?,
            name: row.get("name")?,
            region: row.get("region")?,
            due_date: cell::sure_day(row, "due_date")?,
            provisional: row.get("provisional")?,
        });
    }
    Ok(due)
}
