//! Visits counted against the yearly cap (涉企检查频次上限): one row each, as long as it is not given back.
//!
//! Institutions by number of counted visits in a year:
//!
//! ```sql
//! SELECT visits, count(*) FROM (SELECT v.institution, sum(v.counts) AS visits FROM visit v WHERE v.year = 2026
//!   GROUP BY v.institution) GROUP BY visits;
//! ```

use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;
use yujian_domain::inspection::Purpose;
use yujian_domain::visits::VisitsEvent;

use crate::cell;
use crate::condition::Condition;
use crate::error::ViewError;
use crate::fold::{EventSeen, Home, Table, View, What};
use crate::list::List;
use crate::model::{Scope, VisitRow};

/// Visits.
pub(crate) struct Visits;

impl View for Visits {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "visit",
            // `revision` of the counter's stream: the order in which they were counted.
            ddl: "CREATE TABLE visit(institution TEXT NOT NULL, year INTEGER NOT NULL, inspection TEXT NOT NULL,
                    revision INTEGER NOT NULL, purpose TEXT NOT NULL, counts INTEGER NOT NULL, cap INTEGER,
                    PRIMARY KEY(institution, year, inspection)) WITHOUT ROWID;",
            key: "institution, year, inspection",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Home::Visits(institution, year), What::Visits(event)) = (seen.home, &seen.what) else {
            return Ok(());
        };
        match event.as_ref() {
            VisitsEvent::VisitCounted(event) => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO visit VALUES(?, ?, ?, ?, ?, ?, ?)")?
                    .execute(params![
                        institution.to_string(),
                        year,
                        event.inspection.to_string(),
                        seen.revision_column(),
                        event.purpose.code(),
                        event.counts,
                        event.cap,
                    ])?;
            }
            VisitsEvent::VisitReleased(event) => {
                transaction
                    .prepare_cached("DELETE FROM visit WHERE institution = ? AND year = ? AND inspection = ?")?
                    .execute((institution.to_string(), year, event.inspection.to_string()))?;
            }
        }
        Ok(())
    }
}

/// Adds what an operator may know of visits `v`: those of inspections that it knows of.
pub(crate) fn and_told(condition: &mut Condition, scope: &Scope) {
    if scope.organisation.is_some() {
        let mut told = Condition::default();
        told.and("n.id = v.inspection", []);
        told.and_told("n", scope);
        condition.and_exists("inspection n", told);
    }
}

/// Visits of an institution in a calendar year, in the order counted. An operator sees those that it knows of.
pub(crate) fn of_year(
    connection: &Connection,
    scope: &Scope,
    institution: Uuid,
    year: i16,
) -> Result<Vec<VisitRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and(
        "v.institution = ? AND v.year = ?",
        [Value::Text(institution.to_string()), Value::Integer(year.into())],
    );
    and_told(&mut condition, scope);
    let list = List {
        name: "visits",
        columns: "v.*",
        bound: Condition::default(),
        from: "FROM visit v",
        order: ["v.revision"],
        descending: false,
    };
    list.all(connection, &condition, |row| {
        Ok(VisitRow {
            inspection: cell::id(row, "inspection")?,
            purpose: cell::surely(row, "purpose", Purpose::from_code)?,
            counts: row.get("counts")?,
            cap: row.get("cap")?,
        })
    })
}
