//! Findings (问题) with their corrections (整改), and technical assistance: one row each. What was found and advised
//! stands sealed as in the events.
//!
//! Corrections that are overdue at a day, findings by dimension and weight, and what comes back:
//!
//! ```sql
//! SELECT count(*) FROM finding f WHERE f.state IN ('correction_due', 'overdue') AND f.due_date < :at;
//! SELECT f.dimension, f.weight, count(*) FROM finding f GROUP BY f.dimension, f.weight;
//! SELECT f.institution, f.item, count(*) FROM finding f WHERE f.item <> '' GROUP BY f.institution, f.item HAVING count(*) > 1;
//! ```

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params, params_from_iter};
use uuid::Uuid;
use yujian_domain::inspection::{
    CorrectionCheck, Extent, FindingCited, FindingState, ImmediateMeasure, ImportedKind, InspectionEvent,
    InspectionImported, Weight,
};

use crate::cell;
use crate::condition::Condition;
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::list::{List, PageOf};
use crate::model::{AssistanceRow, FindingQuery, FindingRow};

/// Findings.
pub(crate) struct Findings;

/// SQL of "the correction is overdue at the day" that is bound once: due before it, and neither claimed nor verified.
pub(crate) const OVERDUE: &str = "(f.state IN ('correction_due', 'overdue') AND f.due_date < ?)";

impl View for Findings {
    fn tables(&self) -> &'static [Table] {
        &[
            Table {
                name: "finding",
                // `open`: neither corrected nor verified nor imported. `cited`: the legal day, or empty. An imported one has
                // the standard in the register's words as `item`.
                ddl: "CREATE TABLE finding(inspection TEXT NOT NULL, number INTEGER NOT NULL, institution TEXT NOT NULL,
                        item TEXT NOT NULL, dimension TEXT NOT NULL, weight TEXT NOT NULL, extent TEXT,
                        children_at_risk INTEGER NOT NULL, measure TEXT, state TEXT NOT NULL, open INTEGER NOT NULL,
                        imported INTEGER NOT NULL, cited TEXT NOT NULL, due_date TEXT, claimed_date TEXT,
                        claimed_late INTEGER NOT NULL, corrected_date TEXT, correction_check TEXT,
                        rejected INTEGER NOT NULL, extended INTEGER NOT NULL, description TEXT,
                        PRIMARY KEY(inspection, number)) WITHOUT ROWID;
                      CREATE INDEX finding_institution ON finding(institution);
                      CREATE INDEX finding_ordered ON finding(cited, inspection, number);
                      CREATE INDEX finding_due ON finding(due_date) WHERE due_date IS NOT NULL;",
                key: "inspection, number",
            },
            Table {
                name: "assistance",
                ddl: "CREATE TABLE assistance(inspection TEXT NOT NULL, number INTEGER NOT NULL, institution TEXT NOT NULL,
                        item TEXT NOT NULL, dimension TEXT NOT NULL, advice TEXT, imported INTEGER NOT NULL,
                        PRIMARY KEY(inspection, number)) WITHOUT ROWID;
                      CREATE INDEX assistance_institution ON assistance(institution);",
                key: "inspection, number",
            },
        ]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(inspection), Some(institution), What::Inspection(event)) =
            (seen.inspection(), seen.institution, &seen.what)
        else {
            return Ok(());
        };
        let id = inspection.to_string();
        let day = seen.occurred_day().map(|day| day.to_string());
        let set = |number: u32, columns: &str, values: &[&dyn rusqlite::ToSql]| -> Result<(), ViewError> {
            let sql = format!("UPDATE finding SET {columns} WHERE inspection = ?1 AND number = ?2");
            let key: [&dyn rusqlite::ToSql; 2] = [&id, &number];
            transaction
                .prepare_cached(&sql)?
                .execute(params_from_iter(key.into_iter().chain(values.iter().copied())))?;
            Ok(())
        };
        match event.as_ref() {
            InspectionEvent::FindingCited(event) => cite(transaction, &id, institution, event, day.as_deref())?,
            InspectionEvent::TechnicalAssistanceGiven(event) => {
                let advice = Some(cell::to_json(&event.advice));
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO assistance VALUES(?, ?, ?, ?, ?, ?, 0)")?
                    .execute(params![
                        id,
                        event.number,
                        institution.to_string(),
                        event.item,
                        event.dimension,
                        advice
                    ])?;
            }
            InspectionEvent::InspectionImported(event) => import(transaction, &id, institution, event)?,
            InspectionEvent::CorrectedOnSite(event) => set(
                event.finding,
                "state = 'corrected_on_site', open = 0, corrected_date = ?3",
                &[&day],
            )?,
            InspectionEvent::CorrectionOrdered(event) => set(
                event.finding,
                "state = 'correction_due', open = 1, due_date = ?3",
                &[&event.due_date.to_string()],
            )?,
            InspectionEvent::CorrectionClaimed(event) => set(
                event.finding,
                "state = 'correction_claimed', open = 1, claimed_date = ?3, claimed_late = ?4",
                &[&day, &event.late],
            )?,
            InspectionEvent::CorrectionVerified(event) => set(
                event.finding,
                "state = 'verified', open = 0, corrected_date = ?3, correction_check = ?4",
                &[&day, &event.check.code()],
            )?,
            InspectionEvent::CorrectionRejected(event) => set(
                event.finding,
                "state = 'correction_due', open = 1, due_date = ?3, rejected = ?4",
                &[&event.due_date.to_string(), &event.times],
            )?,
            InspectionEvent::CorrectionExtended(event) => set(
                event.finding,
                "state = 'correction_due', open = 1, due_date = ?3, extended = extended + 1",
                &[&event.due_date.to_string()],
            )?,
            InspectionEvent::CorrectionOverdue(event) => set(event.finding, "state = 'overdue', open = 1", &[])?,
            _ => {}
        }
        Ok(())
    }
}

fn cite(
    transaction: &Transaction<'_>,
    inspection: &str,
    institution: Uuid,
    event: &FindingCited,
    day: Option<&str>,
) -> Result<(), ViewError> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO finding(inspection, number, institution, item, dimension, weight, extent,
               children_at_risk, measure, state, open, imported, cited, claimed_late, rejected, extended, description)
             VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 'cited', 1, 0, ?, 0, 0, 0, ?)",
        )?
        .execute(params![
            inspection,
            event.finding,
            institution.to_string(),
            event.item,
            event.dimension,
            event.weight.code(),
            event.extent.code(),
            event.children_at_risk,
            event.measure.map(ImmediateMeasure::code),
            day.unwrap_or_default(),
            cell::to_json(&event.description),
        ])?;
    Ok(())
}

fn import(
    transaction: &Transaction<'_>,
    inspection: &str,
    institution: Uuid,
    event: &InspectionImported,
) -> Result<(), ViewError> {
    let narrative = event.narrative.as_ref().map(cell::to_json);
    match event.kind {
        ImportedKind::Finding => {
            let text = |day: jiff::civil::Date| day.to_string();
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO finding(inspection, number, institution, item, dimension, weight,
                       children_at_risk, state, open, imported, cited, claimed_late, corrected_date, rejected, extended,
                       description) VALUES(?, ?, ?, ?, '', ?, 0, 'imported', 0, 1, ?, 0, ?, 0, 0, ?)",
                )?
                .execute(params![
                    inspection,
                    event.number,
                    institution.to_string(),
                    event.standard,
                    event.weight.code(),
                    event.visit_date.map(text).unwrap_or_default(),
                    event.corrected_date.map(text),
                    narrative,
                ])?;
        }
        ImportedKind::TechnicalAssistance => {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO assistance VALUES(?, ?, ?, ?, '', ?, 1)")?
                .execute(params![
                    inspection,
                    event.number,
                    institution.to_string(),
                    event.standard,
                    narrative
                ])?;
        }
    }
    Ok(())
}

const COLUMNS: &str = "f.*, i.name AS institution_name, i.region AS institution_region,
    EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'inspection-' || f.inspection) AS damaged";

/// Findings come first, in the order of the list: a page is read without sorting what it does not show.
const FROM: &str = "FROM finding f CROSS JOIN institution i ON i.id = f.institution";

fn read(row: &Row<'_>) -> Result<FindingRow, ViewError> {
    let cited: String = row.get("cited")?;
    Ok(FindingRow {
        inspection: cell::id(row, "inspection")?,
        finding: row.get("number")?,
        institution: cell::id(row, "institution")?,
        institution_name: row.get("institution_name")?,
        region: row.get("institution_region")?,
        item: row.get("item")?,
        dimension: row.get("dimension")?,
        weight: cell::surely(row, "weight", Weight::from_code)?,
        extent: cell::maybe(row, "extent", Extent::from_code)?,
        children_at_risk: row.get("children_at_risk")?,
        measure: cell::maybe(row, "measure", ImmediateMeasure::from_code)?,
        state: cell::surely(row, "state", FindingState::from_code)?,
        cited_date: cited.parse().ok(),
        due_date: cell::day(row, "due_date")?,
        claimed_date: cell::day(row, "claimed_date")?,
        claimed_late: row.get("claimed_late")?,
        corrected_date: cell::day(row, "corrected_date")?,
        check: cell::maybe(row, "correction_check", CorrectionCheck::from_code)?,
        rejected: row.get("rejected")?,
        extended: row.get("extended")?,
        imported: row.get("imported")?,
        description: cell::json(row, "description")?,
        damaged: row.get("damaged")?,
    })
}

/// A page of findings, newest cited first.
pub(crate) fn page(connection: &Connection, query: &FindingQuery) -> Result<PageOf<FindingRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    if let Some(institution) = query.institution {
        condition.and("f.institution = ?", [Value::Text(institution.to_string())]);
    }
    if let Some(inspection) = query.inspection {
        condition.and("f.inspection = ?", [Value::Text(inspection.to_string())]);
    }
    condition.and_in("f.state", query.states.iter().map(|state| state.code()));
    condition.and_in("f.weight", query.weights.iter().map(|weight| weight.code()));
    condition.and_in("f.dimension", query.dimensions.iter().map(String::as_str));
    if let Some(day) = query.overdue_at {
        condition.and(OVERDUE, [Value::Text(day.to_string())]);
    }
    if let Some(imported) = query.imported {
        condition.and("f.imported = ?", [Value::Integer(imported.into())]);
    }
    if query.open_only {
        condition.and("f.open", []);
    }
    let list = List {
        name: "findings",
        columns: COLUMNS,
        bound: Condition::default(),
        from: FROM,
        order: ["f.cited", "f.inspection", "f.number"],
        descending: true,
    };
    list.page(connection, condition, query.after.as_deref(), query.limit, read)
}

/// Findings of an inspection, by number.
pub(crate) fn of_inspection(connection: &Connection, inspection: Uuid) -> Result<Vec<FindingRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("f.inspection = ?", [Value::Text(inspection.to_string())]);
    let list = List {
        name: "findings",
        columns: COLUMNS,
        bound: Condition::default(),
        from: FROM,
        order: ["f.number"],
        descending: false,
    };
    list.all(connection, &condition, read)
}

/// Technical assistance of an inspection, by number.
pub(crate) fn assistance(connection: &Connection, inspection: Uuid) -> Result<Vec<AssistanceRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("t.inspection = ?", [Value::Text(inspection.to_string())]);
    let list = List {
        name: "assistance",
        columns: "t.*",
        bound: Condition::default(),
        from: "FROM assistance t",
        order: ["t.number"],
        descending: false,
    };
    list.all(connection, &condition, |row| {
        Ok(AssistanceRow {
            number: row.get("number")?,
            item: row.get("item")?,
            dimension: row.get("dimension")?,
            advice: cell::json(row, "advice")?,
            imported: row.get("imported")?,
        })
    })
}
