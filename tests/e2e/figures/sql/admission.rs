//! Admission by plain SQL, row by row.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rusqlite::Row;

use super::{Rows, number};
use crate::figures::admission::{Admissions, Application, Clock};

/// What a waiting clock leaves at `:at`.
const BUCKET: &str = "CASE WHEN c.state = 'paused' THEN 'paused' WHEN c.state = 'expired' THEN 'overdue'
    WHEN NOT c.provisional AND c.due_date < :at THEN 'overdue' WHEN c.due_date <= :soon THEN 'due_soon' ELSE 'ample' END";

fn day(row: &Row<'_>, column: &str) -> Option<Date> {
    let day: Option<String> = row.get(column).unwrap();
    day.map(|day| day.parse().unwrap())
}

impl Rows {
    fn rows<T>(&self, sql: &str, at: Date, soon: Date, read: impl Fn(&Row<'_>) -> T) -> Vec<T> {
        let mut found = Vec::new();
        self.each(sql, at, soon, |row| found.push(read(row)));
        found
    }

    /// Everything of admission at a day.
    pub fn admissions(&self, at: Date, soon: Date) -> Admissions {
        let mut items: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let named = "SELECT t.institution || '/' || t.number, t.item FROM application_item t JOIN application a
            ON a.institution = t.institution AND a.number = t.number WHERE t.return_number = a.returned";
        for (application, item) in self.rows(named, at, soon, |row| (row.get(0).unwrap(), row.get(1).unwrap())) {
            items.entry(application).or_default().insert(item);
        }
        let first = format!(
            "SELECT i.region, a.institution || '/' || a.number AS id, ifnull(a.kind, '') AS kind, a.state, a.since, a.open,
               a.returned, a.deemed, a.deemed_reversed, a.late, ifnull((SELECT {BUCKET} FROM clock c
                 WHERE c.institution = a.institution AND c.application = a.number AND c.waiting
                 ORDER BY c.owner = 'applicant', CASE c.state WHEN 'expired' THEN 1 WHEN 'running' THEN 2 ELSE 3 END,
                   c.due_date, c.kind, c.revision LIMIT 1), 'none') AS bucket
             FROM application a JOIN institution i ON i.id = a.institution"
        );
        let application = |row: &Row<'_>| {
            let id: String = row.get("id").unwrap();
            let deemed: Option<String> = row.get("deemed").unwrap();
            Application {
                region: row.get(0).unwrap(),
                kind: row.get("kind").unwrap(),
                state: row.get("state").unwrap(),
                since: day(row, "since"),
                open: row.get("open").unwrap(),
                bucket: row.get("bucket").unwrap(),
                returned: number(row, "returned"),
                items: items.get(&id).cloned().unwrap_or_default(),
                deemed: deemed.map(|outcome| (outcome, row.get("deemed_reversed").unwrap())),
                late: row.get("late").unwrap(),
            }
        };
        let waiting = format!(
            "SELECT i.region, c.institution || '/' || c.kind || '@' || c.revision AS id, c.unit = 'working_days' AS working,
               c.due_date, c.paused_from, {BUCKET} AS bucket
             FROM clock c JOIN institution i ON i.id = c.institution WHERE c.waiting"
        );
        let clock = |row: &Row<'_>| Clock {
            region: row.get(0).unwrap(),
            id: row.get("id").unwrap(),
            working: row.get("working").unwrap(),
            due: day(row, "due_date").unwrap(),
            paused_from: day(row, "paused_from"),
            bucket: row.get("bucket").unwrap(),
        };
        let places = |of: &str| {
            let sql = format!("SELECT i.region FROM institution i JOIN {of}");
            self.rows(&sql, at, soon, |row| row.get(0).unwrap())
        };
        Admissions {
            applications: self.rows(&first, at, soon, application),
            clocks: self.rows(&waiting, at, soon, clock),
            authorizations: self.rows(
                "SELECT i.region, z.state, max(z.ordinal) FROM authorization z JOIN institution i ON i.id = z.institution
                 WHERE z.state <> 'reversed' GROUP BY z.institution",
                at,
                soon,
                |row| (row.get(0).unwrap(), row.get(1).unwrap()),
            ),
            conditions: places("licence_condition d ON d.institution = i.id WHERE d.state = 'open'"),
            cessations: places("cessation e ON e.institution = i.id WHERE e.closed_date IS NULL"),
            damaged: places(
                "(SELECT DISTINCT a.institution FROM application a JOIN damage d ON d.institution = a.institution) b
                 ON b.institution = i.id",
            ),
        }
    }

    /// Applications of an institution, and children of each of its cessations: to be placed, and placed.
    pub fn of_authorization(&self, institution: &str) -> (u64, BTreeMap<u64, [u64; 2]>) {
        let count = "SELECT count(*) FROM application WHERE institution = ?";
        let count = self
            .0
            .query_row(count, [institution], |row| Ok(number(row, 0)))
            .unwrap();
        let mut statement = self
            .0
            .prepare_cached("SELECT ordinal, children, placed FROM cessation WHERE institution = ?")
            .unwrap();
        let rows = statement
            .query_map([institution], |row| {
                Ok((number(row, 0), [number(row, 1), number(row, 2)]))
            })
            .unwrap();
        (count, rows.map(Result::unwrap).collect())
    }
}
