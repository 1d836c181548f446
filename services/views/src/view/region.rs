//! Figures of regions, from the kept sums (`sums`) and summed at query time over the rows of the other views: province,
//! city, county, township, and the trees of foreign registers.
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

use std::collections::{BTreeMap, BTreeSet};

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
use crate::view::finding::OVERDUE;
use crate::view::sums::{Parts, Reading};
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
    condition.and_places(scope, region);
    let tree = Tree::load(connection, divisions, scope, region)?;
    let parts = tree.parts(region);
    let sums = Reading::open(connection, scope)?;
    let whole = sums.of(region)?;
    let mut summary = Summary {
        figures: figures(connection, scope, &condition, at)?,
        kept: BTreeMap::from([(region.map(str::to_owned), kept(&whole, at))]),
        operating: sums.operating(region)?,
        townships: divisions
            .iter()
            .filter(|d| d.level == Level::Township)
            .map(|d| d.id.code())
            .collect(),
        tree,
        scope,
    };
    for code in &parts {
        let sum = kept(&sums.of(Some(code))?, at);
        summary.kept.insert(Some(code.clone()), sum);
    }
    Ok(RollUp {
        region: summary.row(region),
        parts: parts.iter().map(|code| summary.row(Some(code))).collect(),
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
        receipts_by_month: receipts_by_month(&whole, at),
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
        "count(*), sum(e.qualified), 0 FROM engagement e JOIN institution i ON i.id = e.institution",
        &|condition| condition.and("e.standing", []),
        |of, figures| [of.staff, of.qualified_staff, _] = figures,
    )?;
    each(
        "count(*), 0, 0 FROM inspection n JOIN institution i ON i.id = n.institution",
        &|condition| condition.and_told("n", scope),
        |of, figures| of.inspections = figures[0],
    )?;
    // Found from the visits: there are fewer than institutions to look for one in each.
    let [first, last] = inspected_between(at);
    each(
        "count(DISTINCT i.id), 0, 0 FROM inspection n CROSS JOIN institution i ON i.id = n.institution",
        &|condition| {
            condition.and(
                format!("{OPERATING_SQL} AND {INSPECTED} AND n.visited_date > ? AND n.visited_date <= ?"),
                [first.clone(), last.clone()],
            );
        },
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
    Ok(figures)
}

/// SQL of "the institution `i` is in operation and was inspected in the 12 months up to the day", with its values: by a
/// visit that was not broken off.
pub(crate) fn inspected(at: Date) -> (String, [Value; 2]) {
    let sql = format!(
        "{OPERATING_SQL} AND EXISTS(SELECT 1 FROM inspection n WHERE n.institution = i.id AND n.visited_date > ?
         AND n.visited_date <= ? AND {INSPECTED})"
    );
    (sql, inspected_between(at))
}

/// SQL of "the visit `n` was not broken off".
const INSPECTED: &str = "n.status NOT IN ('aborted', 'cancelled')";

/// The day after which, and the day up to which, a visit counts.
fn inspected_between(at: Date) -> [Value; 2] {
    let first = at.checked_sub(12.months()).unwrap_or(Date::MIN);
    [first, at].map(|day| Value::Text(day.to_string()))
}

/// What of a region's figures is kept.
fn kept(sum: &Parts, at: Date) -> Figures {
    let last = at.to_string();
    let places: i64 = sum
        .days("places")
        .filter(|(day, _)| *day <= last.as_str())
        .map(|(_, n)| n)
        .sum();
    Figures {
        by_status: sum.by_code("status/"),
        places: natural(places),
        receipts_issued: sum.count("receipt"),
        receipts_late: sum.count("receipt_decided_late"),
        alerts: sum.by_code("alert/").values().sum(),
        damaged: sum.count("damaged"),
        ..Figures::default()
    }
}

/// Receipts by month up to a day, months without any included.
fn receipts_by_month(sum: &Parts, at: Date) -> Vec<(String, u64)> {
    let last = at.to_string();
    let mut by_month: BTreeMap<&str, u64> = BTreeMap::new();
    for (day, n) in sum.days("receipt").filter(|(day, _)| *day <= last.as_str()) {
        *by_month.entry(day.get(..7).unwrap_or(day)).or_default() += natural(n);
    }
    months_until(at)
        .map(|month| {
            let n = by_month.get(month.as_str()).copied().unwrap_or(0);
            (month, n)
        })
        .collect()
}

/// The months of a series that ends with the one of a day.
fn months_until(at: Date) -> impl Iterator<Item = String> {
    (0..MONTHS).rev().map(move |back| month(at, back))
}

/// The month so many before that of a day.
fn month(at: Date, back: i32) -> String {
    let month = at.first_of_month().checked_sub(back.months()).unwrap_or(Date::MIN);
    format!("{:04}-{:02}", month.year(), month.month())
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
    let mut condition = condition.clone();
    condition.and(
        format!("{column} >= ? AND {column} <= ?"),
        [Value::Text(month(at, MONTHS - 1)), Value::Text(at.to_string())],
    );
    let found = counted(connection, &condition, select, " GROUP BY 1")?;
    Ok(months_until(at)
        .map(|name| {
            let count = found.get(&name).copied().unwrap_or(0);
            (name, count)
        })
        .collect())
}

struct Summary<'a> {
    tree: Tree<'a>,
    scope: &'a Scope,
    /// By the division in which institutions lie.
    figures: BTreeMap<String, Figures>,
    /// Of the region and its parts themselves.
    kept: BTreeMap<Option<String>, Figures>,
    /// Divisions in which institutions operate.
    operating: BTreeSet<String>,
    /// Codes of all townships, in order.
    townships: Vec<&'a str>,
}

impl Summary<'_> {
    fn row(&self, region: Option<&str>) -> RegionRow {
        let within = |code: &str| region.is_none_or(|region| is_within(code, region));
        let mut sum = self.kept.get(&region.map(str::to_owned)).cloned().unwrap_or_default();
        for (_, figures) in self.figures.iter().filter(|(code, _)| within(code)) {
            sum.add(figures);
        }
        let covered = self
            .operating
            .iter()
            .filter(|code| within(code) && self.tree.level(code) == "township");
        let covered = covered.count() as u64;
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
