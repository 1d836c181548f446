//! Figures of conduct (执业规范), summed at query time over inspections, findings and visits.
//!
//! Coverage stands in `region`; corrections and visits at a day:
//!
//! ```sql
//! SELECT sum(f.state IN ('correction_due', 'overdue') AND f.due_date >= :at) AS due,
//!   sum(f.state IN ('correction_due', 'overdue') AND f.due_date < :at) AS overdue,
//!   sum(f.state = 'correction_claimed') AS claimed, sum(f.state = 'verified') AS verified,
//!   sum(f.state = 'corrected_on_site') AS on_site, sum(f.rejected) AS rejected, sum(f.extended > 0) AS extended
//! FROM finding f;
//! SELECT sum(v.counts) AS counted, sum(NOT v.counts) AS noted FROM visit v WHERE v.year = CAST(substr(:at, 1, 4) AS INTEGER);
//! ```

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use yujian_domain::divisions::Divisions;

use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::model::{AsOf, ConductFigures, ConductFiguresRow, Scope, VisitFigures};
use crate::view::region::{OPERATING_SQL, inspected, months};
use crate::view::staff_figures::add_counts;
use crate::view::tree::{Tree, sum_within};
use crate::view::visits;

/// Figures of a region and its parts at a day; `None` is everything.
pub(crate) fn conduct(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    at: Date,
    as_of: AsOf,
) -> Result<ConductFigures, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(scope, region);
    let tree = Tree::load(connection, divisions, scope, region)?;
    let figures = by_region(connection, scope, &condition, at)?;
    let row = |region: Option<&str>| ConductFiguresRow {
        code: region.unwrap_or_default().to_owned(),
        name: tree.name(region),
        has_children: !tree.parts(region).is_empty(),
        ..sum_within(&figures, region, add)
    };
    let mut done = condition.clone();
    done.and_told("n", scope);
    done.and("n.status NOT IN ('aborted', 'cancelled')", []);
    Ok(ConductFigures {
        region: row(region),
        parts: tree.parts(region).iter().map(|code| row(Some(code))).collect(),
        path: tree.path(region),
        visits_by_month: months(
            connection,
            &done,
            "SELECT substr(n.visited_date, 1, 7), count(*) FROM inspection n JOIN institution i ON i.id = n.institution",
            "n.visited_date",
            at,
        )?,
        as_of,
    })
}

fn add(sum: &mut ConductFiguresRow, other: &ConductFiguresRow) {
    add_counts(&mut sum.by_status, &other.by_status);
    add_counts(&mut sum.by_purpose, &other.by_purpose);
    add_counts(&mut sum.findings_by_state, &other.findings_by_state);
    add_counts(&mut sum.findings, &other.findings);
    sum.operating += other.operating;
    sum.inspected += other.inspected;
    sum.assistance += other.assistance;
    sum.corrections.due += other.corrections.due;
    sum.corrections.overdue += other.corrections.overdue;
    sum.corrections.claimed += other.corrections.claimed;
    sum.corrections.verified += other.corrections.verified;
    sum.corrections.on_site += other.corrections.on_site;
    sum.corrections.rejected += other.corrections.rejected;
    sum.corrections.extended += other.corrections.extended;
    sum.visits.counted += other.visits.counted;
    sum.visits.noted += other.visits.noted;
    sum.visits.at_cap += other.visits.at_cap;
    sum.ratio_exceeded += other.ratio_exceeded;
    sum.backfilled += other.backfilled;
    sum.backfilled_late += other.backfilled_late;
    sum.approvals_due += other.approvals_due;
    sum.approvals_overdue += other.approvals_overdue;
    sum.approvals_late += other.approvals_late;
    sum.damaged += other.damaged;
}

type Take = fn(&mut ConductFiguresRow, &Row<'_>) -> rusqlite::Result<()>;

fn by_region(
    connection: &Connection,
    scope: &Scope,
    condition: &Condition,
    at: Date,
) -> Result<BTreeMap<String, ConductFiguresRow>, ViewError> {
    let mut figures: BTreeMap<String, ConductFiguresRow> = BTreeMap::new();
    let filter = condition.sql();
    let (mut told, mut told_visits) = (Condition::default(), Condition::default());
    told.and_told("n", scope);
    visits::and_told(&mut told_visits, scope);
    // `select` begins with the region; `bound` holds the values of its question marks, `tail` those after the filter.
    let mut each = |select: &str, bound: &[Value], tail: &str, more: &[Value], take: Take| {
        let mut statement = connection.prepare_cached(&format!("{select}{filter}{tail}"))?;
        let values = bound.iter().chain(condition.values()).chain(more);
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            take(figures.entry(row.get(0)?).or_default(), row)?;
        }
        Ok::<_, ViewError>(())
    };
    let day = Value::Text(at.to_string());
    each(
        "SELECT i.region, n.status, n.purpose, count(*), sum(n.ratio_exceeded), sum(n.backfilled), sum(n.backfilled_late),
           sum(n.approval_due IS NOT NULL), sum(ifnull(n.approval_due < ?, 0)), sum(n.approved_late),
           sum(EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'inspection-' || n.id))
         FROM inspection n JOIN institution i ON i.id = n.institution",
        std::slice::from_ref(&day),
        &format!("{} GROUP BY i.region, n.status, n.purpose", told.and_sql()),
        &[],
        inspections,
    )?;
    each(
        "SELECT i.region, count(*) FROM institution i",
        &[],
        &format!(" AND {OPERATING_SQL} GROUP BY i.region"),
        &[],
        |of, row| {
            of.operating = natural(row.get(1)?);
            Ok(())
        },
    )?;
    let (inspected, between) = inspected(at);
    each(
        "SELECT i.region, count(*) FROM institution i",
        &[],
        &format!(" AND {inspected} GROUP BY i.region"),
        &between,
        |of, row| {
            of.inspected = natural(row.get(1)?);
            Ok(())
        },
    )?;
    each(
        "SELECT i.region, f.state, f.dimension, f.weight, count(*), sum(ifnull(f.due_date < ?, 0)), sum(f.rejected),
           sum(f.extended > 0) FROM finding f JOIN institution i ON i.id = f.institution",
        std::slice::from_ref(&day),
        " GROUP BY i.region, f.state, f.dimension, f.weight",
        &[],
        findings,
    )?;
    each(
        "SELECT i.region, count(*) FROM assistance t JOIN institution i ON i.id = t.institution",
        &[],
        " GROUP BY i.region",
        &[],
        |of, row| {
            of.assistance = natural(row.get(1)?);
            Ok(())
        },
    )?;
    let year = Value::Integer(at.year().into());
    each(
        &format!(
            "SELECT i.region, sum(y.counted), sum(y.noted), sum(ifnull(y.counted >= y.cap, 0)) FROM (
               SELECT v.institution, sum(v.counts) AS counted, sum(NOT v.counts) AS noted, (SELECT l.cap FROM visit l
                 WHERE l.institution = v.institution AND l.year = v.year AND l.counts AND l.cap IS NOT NULL
                 ORDER BY l.revision DESC LIMIT 1) AS cap
               FROM visit v WHERE v.year = ?{} GROUP BY v.institution) y JOIN institution i ON i.id = y.institution",
            told_visits.and_sql()
        ),
        std::slice::from_ref(&year),
        " GROUP BY i.region",
        &[],
        |of, row| {
            of.visits = VisitFigures {
                counted: natural(row.get(1)?),
                noted: natural(row.get(2)?),
                at_cap: natural(row.get(3)?),
            };
            Ok(())
        },
    )?;
    Ok(figures)
}

fn inspections(of: &mut ConductFiguresRow, row: &Row<'_>) -> rusqlite::Result<()> {
    let count = natural(row.get(3)?);
    *of.by_status.entry(row.get(1)?).or_default() += count;
    *of.by_purpose.entry(row.get(2)?).or_default() += count;
    of.ratio_exceeded += natural(row.get(4)?);
    of.backfilled += natural(row.get(5)?);
    of.backfilled_late += natural(row.get(6)?);
    of.approvals_due += natural(row.get(7)?);
    of.approvals_overdue += natural(row.get(8)?);
    of.approvals_late += natural(row.get(9)?);
    of.damaged += natural(row.get(10)?);
    Ok(())
}

fn findings(of: &mut ConductFiguresRow, row: &Row<'_>) -> rusqlite::Result<()> {
    let state: String = row.get(1)?;
    let (count, past) = (natural(row.get(4)?), natural(row.get(5)?));
    let corrections = &mut of.corrections;
    match state.as_str() {
        "correction_due" | "overdue" => {
            corrections.due += count - past;
            corrections.overdue += past;
        }
        "correction_claimed" => corrections.claimed += count,
        "verified" => corrections.verified += count,
        "corrected_on_site" => corrections.on_site += count,
        _ => {}
    }
    corrections.rejected += natural(row.get(6)?);
    corrections.extended += natural(row.get(7)?);
    *of.findings_by_state.entry(state).or_default() += count;
    *of.findings.entry((row.get(2)?, row.get(3)?)).or_default() += count;
    Ok(())
}
