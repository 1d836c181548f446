//! Figures of regions, summed at query time over the rows of the other views: province, city, county, township, and the
//! trees of foreign registers.
//!
//! Staff, findings and coverage of a day, by division of the institution:
//!
//! ```sql
//! SELECT i.region, count(*), sum(e.qualified) FROM engagement e JOIN institution i ON i.id = e.institution
//! WHERE e.standing GROUP BY i.region;
//! SELECT i.region, sum(f.open), sum(f.state IN ('correction_due', 'overdue') AND f.due_date < :at)
//! FROM finding f JOIN institution i ON i.id = f.institution GROUP BY i.region;
//! SELECT i.region, count(*), sum(EXISTS(SELECT 1 FROM inspection n WHERE n.institution = i.id
//!   AND n.visited_date > date(:at, '-12 months') AND n.visited_date <= :at AND n.status NOT IN ('aborted', 'cancelled')))
//! FROM institution i WHERE i.status IN ('filed', 'nonconforming', 'licensed') GROUP BY i.region;
//! SELECT i.region, count(*) FROM alert l JOIN institution i ON i.id = l.institution GROUP BY i.region;
//! ```

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use yujian_domain::divisions::{Divisions, Level};
use yujian_domain::institution::Status;

use crate::condition::{Condition, is_within};
use crate::database::natural;
use crate::error::ViewError;
use crate::model::{AsOf, RegionRow, RollUp, Scope};
use crate::view::alert;
use crate::view::fact::{at_sql, bound};
use crate::view::finding::OVERDUE;
use crate::view::tree::Tree;

/// Months in a series.
const MONTHS: i32 = 24;

/// What is summed, by the division in which institutions lie.
#[derive(Debug, Clone, Default)]
struct Figures {
    by_status: BTreeMap<String, u64>,
    places: u64,
    incidents: u64,
    open_incidents: u64,
    late_notifications: u64,
    receipts_late: u64,
    receipts_issued: u64,
    staff: u64,
    qualified_staff: u64,
    inspections: u64,
    inspected_institutions: u64,
    open_findings: u64,
    overdue_corrections: u64,
    alerts: u64,
    damaged: u64,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        for (status, count) in &other.by_status {
            *self.by_status.entry(status.clone()).or_default() += count;
        }
        self.places += other.places;
        self.incidents += other.incidents;
        self.open_incidents += other.open_incidents;
        self.late_notifications += other.late_notifications;
        self.receipts_late += other.receipts_late;
        self.receipts_issued += other.receipts_issued;
        self.staff += other.staff;
        self.qualified_staff += other.qualified_staff;
        self.inspections += other.inspections;
        self.inspected_institutions += other.inspected_institutions;
        self.open_findings += other.open_findings;
        self.overdue_corrections += other.overdue_corrections;
        self.alerts += other.alerts;
        self.damaged += other.damaged;
    }

    fn of(&self, statuses: &[Status]) -> u64 {
        statuses
            .iter()
            .filter_map(|status| self.by_status.get(status.code()))
            .sum()
    }

    fn operating(&self) -> u64 {
        self.of(&OPERATING)
    }
}

/// States in which children may be cared for.
const OPERATING: [Status; 3] = [Status::Filed, Status::Nonconforming, Status::Licensed];
/// SQL of the same, of the institution `i`.
pub(crate) const OPERATING_SQL: &str = "i.status IN ('filed', 'nonconforming', 'licensed')";

/// Figures of a region and its parts at a day; `None` is everything.
pub(crate) fn roll_up(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    at: Date,
    as_of: AsOf,
) -> Result<RollUp, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", scope);
    if let Some(code) = region {
        condition.and_within("i.region", code);
    }
    let figures = figures(connection, scope, &condition, at)?;
    let townships = divisions
        .iter()
        .filter(|d| d.level == Level::Township)
        .map(|d| d.id.code())
        .collect();
    let summary = Summary {
        tree: Tree::load(connection, divisions, &condition)?,
        scope,
        figures,
        townships,
    };
    let parts = summary
        .tree
        .parts(region)
        .iter()
        .map(|code| summary.row(Some(code)))
        .collect();
    Ok(RollUp {
        region: summary.row(region),
        parts,
        path: summary.tree.path(region),
        incidents_by_month: months(
            connection,
            &condition,
            "SELECT substr(n.day, 1, 7), count(*) FROM incident n JOIN institution i ON i.id = n.institution",
            "n.day",
            at,
        )?,
        incidents_by_category: counted(
            connection,
            &condition,
            "SELECT n.category, count(*) FROM incident n JOIN institution i ON i.id = n.institution",
            " GROUP BY n.category",
        )?,
        receipts_by_month: months(
            connection,
            &condition,
            "SELECT substr(a.decided_date, 1, 7), count(*) FROM (SELECT * FROM application WHERE kind = 'filing') a
             JOIN institution i ON i.id = a.institution",
            "a.decided_date",
            at,
        )?,
        as_of,
    })
}

fn figures(
    connection: &Connection,
    scope: &Scope,
    condition: &Condition,
    at: Date,
) -> Result<BTreeMap<String, Figures>, ViewError> {
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    let sql = format!(
        "SELECT i.region, i.status, count(*), ifnull(sum(CASE WHEN {OPERATING_SQL} THEN CAST({places} AS INTEGER) END), 0),
           sum(i.id IN (SELECT d.institution FROM damage d WHERE d.institution IS NOT NULL))
         FROM institution i{} GROUP BY i.region, i.status",
        condition.sql(),
        places = at_sql("places", "i"),
    );
    let day = Value::Text(bound(at));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter([&day, &day].into_iter().chain(condition.values())))?;
    while let Some(row) = rows.next()? {
        let of = figures.entry(row.get(0)?).or_default();
        of.by_status.insert(row.get(1)?, natural(row.get(2)?));
        of.places += natural(row.get(3)?);
        of.damaged += natural(row.get(4)?);
    }
    let mut each = |select: &str, more: &dyn Fn(&mut Condition), take: fn(&mut Figures, [u64; 3])| {
        let mut condition = condition.clone();
        more(&mut condition);
        let sql = format!("SELECT i.region, {select}{} GROUP BY i.region", condition.sql());
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(condition.values()))?;
        while let Some(row) = rows.next()? {
            let figure = |column| Ok::<_, ViewError>(natural(row.get(column)?));
            take(
                figures.entry(row.get(0)?).or_default(),
                [figure(1)?, figure(2)?, figure(3)?],
            );
        }
        Ok::<_, ViewError>(())
    };
    each(
        "count(*), sum(n.open), sum(n.late) FROM incident n JOIN institution i ON i.id = n.institution",
        &|_| {},
        |of, figures| [of.incidents, of.open_incidents, of.late_notifications] = figures,
    )?;
    each(
        "count(*), sum(a.late), 0 FROM application a JOIN institution i ON i.id = a.institution",
        &|condition| condition.and("a.kind = 'filing' AND a.decided_date IS NOT NULL", []),
        |of, figures| [of.receipts_issued, of.receipts_late, _] = figures,
    )?;
    each(
        "count(*), sum(e.qualified), 0 FROM engagement e JOIN institution i ON i.id = e.institution",
        &|condition| condition.and("e.standing", []),
        |of, figures| [of.staff, of.qualified_staff, _] = figures,
    )?;
    each(
        "count(*), 0, 0 FROM inspection n JOIN institution i ON i.id = n.institution",
        &|condition| condition.and_told("n", scope),
        |of, figures| of.inspections = figures[0],
    )?;
    let (inspected, between) = inspected(at);
    each(
        "count(*), 0, 0 FROM institution i",
        &|condition| condition.and(inspected.clone(), between.clone()),
        |of, figures| of.inspected_institutions = figures[0],
    )?;
    each(
        "sum(f.open), 0, 0 FROM finding f JOIN institution i ON i.id = f.institution",
        &|_| {},
        |of, figures| of.open_findings = figures[0],
    )?;
    each(
        "count(*), 0, 0 FROM finding f JOIN institution i ON i.id = f.institution",
        &|condition| condition.and(OVERDUE, [Value::Text(at.to_string())]),
        |of, figures| of.overdue_corrections = figures[0],
    )?;
    each(
        "count(*), 0, 0 FROM alert l JOIN institution i ON i.id = l.institution",
        &|condition| alert::and_shown(condition, scope),
        |of, figures| of.alerts = figures[0],
    )?;
    Ok(figures)
}

/// SQL of "the institution `i` is in operation and was inspected in the 12 months up to the day", with its values: by a
/// visit that was not broken off.
pub(crate) fn inspected(at: Date) -> (String, [Value; 2]) {
    let first = at.checked_sub(12.months()).unwrap_or(Date::MIN);
    let sql = format!(
        "{OPERATING_SQL} AND EXISTS(SELECT 1 FROM inspection n WHERE n.institution = i.id AND n.visited_date > ?
         AND n.visited_date <= ? AND n.status NOT IN ('aborted', 'cancelled'))"
    );
    (sql, [Value::Text(first.to_string()), Value::Text(at.to_string())])
}

/// Counts by the code in the first column.
pub(crate) fn counted(
    connection: &Connection,
    condition: &Condition,
    select: &str,
    tail: &str,
) -> Result<BTreeMap<String, u64>, ViewError> {
    let mut statement = connection.prepare_cached(&format!("{select}{}{tail}", condition.sql()))?;
    let rows = statement.query_map(params_from_iter(condition.values()), |row| {
        Ok((row.get::<_, String>(0)?, natural(row.get(1)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A series by month that ends with the day `at`, months without anything included.
pub(crate) fn months(
    connection: &Connection,
    condition: &Condition,
    select: &str,
    column: &str,
    at: Date,
) -> Result<Vec<(String, u64)>, ViewError> {
    let month = |back: i32| {
        let first = at.first_of_month();
        let month = first.checked_sub(back.months()).unwrap_or(Date::MIN);
        format!("{:04}-{:02}", month.year(), month.month())
    };
    let mut condition = condition.clone();
    condition.and(
        format!("{column} >= ? AND {column} <= ?"),
        [Value::Text(month(MONTHS - 1)), Value::Text(at.to_string())],
    );
    let found = counted(connection, &condition, select, " GROUP BY 1")?;
    Ok((0..MONTHS)
        .rev()
        .map(|back| {
            let name = month(back);
            let count = found.get(&name).copied().unwrap_or(0);
            (name, count)
        })
        .collect())
}

struct Summary<'a> {
    tree: Tree<'a>,
    scope: &'a Scope,
    figures: BTreeMap<String, Figures>,
    /// Codes of all townships, in order.
    townships: Vec<&'a str>,
}

impl Summary<'_> {
    fn row(&self, region: Option<&str>) -> RegionRow {
        let within = |code: &str| region.is_none_or(|region| is_within(code, region));
        let mut sum = Figures::default();
        let mut covered = 0;
        for (code, figures) in self.figures.iter().filter(|(code, _)| within(code)) {
            sum.add(figures);
            if figures.operating() > 0 && self.tree.level(code) == "township" {
                covered += 1;
            }
        }
        let townships = match region {
            // Codes are in order, so those within a region stand together.
            Some(code) => {
                let first = self.townships.partition_point(|township| *township < code);
                self.townships[first..]
                    .iter()
                    .take_while(|township| is_within(township, code))
                    .count()
            }
            None => self.townships.len(),
        };
        let inhabitants = match region {
            Some(code) => self.tree.divisions.get(code).and_then(|division| division.inhabitants),
            // Provinces that the table does not count (it covers the mainland) are left out.
            None => self
                .tree
                .divisions
                .provinces()
                .iter()
                .filter_map(|province| province.inhabitants)
                .reduce(|a, b| a + b),
        };
        let operating = sum.operating();
        let all: u64 = sum.by_status.values().sum();
        let whole = self.scope.organisation.is_none()
            && self
                .scope
                .jurisdiction
                .as_deref()
                .is_none_or(|own| region.is_some_and(|code| is_within(code, own)));
        let code = region.unwrap_or_default().to_owned();
        RegionRow {
            name: self.tree.name(region),
            level: region.map_or("country", |code| self.tree.level(code)).to_owned(),
            has_children: !self.tree.parts(region).is_empty(),
            institutions: all - sum.of(&[Status::Closed]),
            operating,
            places: sum.places,
            inhabitants,
            // Places of a part of a region against all of its inhabitants would mislead.
            places_per_thousand: inhabitants
                .filter(|inhabitants| whole && *inhabitants > 0)
                .map(|inhabitants| (sum.places * 1_000, inhabitants)),
            townships: townships as u64,
            townships_covered: covered,
            incidents: sum.incidents,
            open_incidents: sum.open_incidents,
            late_notifications: sum.late_notifications,
            receipts_late: sum.receipts_late,
            receipts_issued: sum.receipts_issued,
            staff: sum.staff,
            qualified_staff: sum.qualified_staff,
            inspections: sum.inspections,
            inspected_institutions: sum.inspected_institutions,
            open_findings: sum.open_findings,
            overdue_corrections: sum.overdue_corrections,
            alerts: sum.alerts,
            damaged: sum.damaged,
            by_status: sum.by_status,
            code,
        }
    }
}
