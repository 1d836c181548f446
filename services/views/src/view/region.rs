//! Figures of regions, summed at query time over the rows of the other views: province, city, county, township, and the
//! trees of foreign registers.

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
use crate::view::fact::{at_sql, bound};

/// Name of the whole, whose code is empty.
const COUNTRY: &str = "全国";
/// Months in a series.
const MONTHS: i32 = 24;
/// Lengths of Chinese division codes, from province to township.
const LENGTHS: [usize; 4] = [2, 4, 6, 9];

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
const OPERATING: [Status; 2] = [Status::Filed, Status::Nonconforming];

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
    let figures = figures(connection, &condition, at)?;
    let townships = divisions
        .iter()
        .filter(|d| d.level == Level::Township)
        .map(|d| d.id.code())
        .collect();
    let summary = Summary {
        divisions,
        scope,
        figures,
        townships,
    };
    let parts = summary
        .part_codes(region)
        .iter()
        .map(|code| summary.row(Some(code)))
        .collect();
    Ok(RollUp {
        region: summary.row(region),
        parts,
        path: region.map_or(Vec::new(), |code| path(divisions, code)),
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
            "SELECT substr(f.receipt_date, 1, 7), count(*) FROM filing f JOIN institution i ON i.id = f.institution",
            "f.receipt_date",
            at,
        )?,
        as_of,
    })
}

fn figures(connection: &Connection, condition: &Condition, at: Date) -> Result<BTreeMap<String, Figures>, ViewError> {
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    let operating = format!("('{}', '{}')", OPERATING[0].code(), OPERATING[1].code());
    let sql = format!(
        "SELECT i.region, i.status, count(*), ifnull(sum(CASE WHEN i.status IN {operating} THEN CAST({places} AS INTEGER) END), 0),
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
    let sql = format!(
        "SELECT i.region, count(*), sum(n.open), sum(n.late)
         FROM incident n JOIN institution i ON i.id = n.institution{} GROUP BY i.region",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    while let Some(row) = rows.next()? {
        let of = figures.entry(row.get(0)?).or_default();
        of.incidents = natural(row.get(1)?);
        of.open_incidents = natural(row.get(2)?);
        of.late_notifications = natural(row.get(3)?);
    }
    let sql = format!(
        "SELECT i.region, count(*), sum(f.late) FROM filing f JOIN institution i ON i.id = f.institution{}
         AND f.receipt_date IS NOT NULL GROUP BY i.region",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    while let Some(row) = rows.next()? {
        let of = figures.entry(row.get(0)?).or_default();
        of.receipts_issued = natural(row.get(1)?);
        of.receipts_late = natural(row.get(2)?);
    }
    Ok(figures)
}

fn counted(
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
fn months(
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
    divisions: &'a Divisions,
    scope: &'a Scope,
    figures: BTreeMap<String, Figures>,
    /// Codes of all townships, in order.
    townships: Vec<&'a str>,
}

impl Summary<'_> {
    /// Codes of the direct parts: of the country those with institutions; below it all of the tables, and those that
    /// the tables do not know but institutions name.
    fn part_codes(&self, region: Option<&str>) -> Vec<String> {
        let mut codes = BTreeSet::new();
        if let Some(code) = region
            && !is_foreign(code)
        {
            codes.extend(
                self.divisions
                    .children(code)
                    .iter()
                    .map(|child| child.id.code().to_owned()),
            );
        }
        let within = |found: &str| region.is_none_or(|code| is_within(found, code));
        for found in self.figures.keys().filter(|found| !found.is_empty() && within(found)) {
            let known = codes.iter().any(|code: &String| is_within(found, code));
            if !known && let Some(part) = part_of(found, region) {
                codes.insert(part);
            }
        }
        codes.into_iter().collect()
    }

    fn row(&self, region: Option<&str>) -> RegionRow {
        let within = |code: &str| region.is_none_or(|region| is_within(code, region));
        let mut sum = Figures::default();
        let mut covered = 0;
        for (code, figures) in self.figures.iter().filter(|(code, _)| within(code)) {
            sum.add(figures);
            if figures.operating() > 0 && self.level(code) == "township" {
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
            Some(code) => self.divisions.get(code).and_then(|division| division.inhabitants),
            // Provinces that the table does not count (it covers the mainland) are left out.
            None => self
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
            name: region.map_or(COUNTRY.to_owned(), |code| name(self.divisions, code)),
            level: region.map_or("country", |code| self.level(code)).to_owned(),
            has_children: !self.part_codes(region).is_empty(),
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
            staff: 0,
            qualified_staff: 0,
            inspections: 0,
            inspected_institutions: 0,
            open_findings: 0,
            overdue_corrections: 0,
            alerts: 0,
            damaged: sum.damaged,
            by_status: sum.by_status,
            code,
        }
    }

    fn level(&self, code: &str) -> &'static str {
        if is_foreign(code) {
            return "foreign";
        }
        match (self.divisions.get(code).map(|division| division.level), code.len()) {
            (Some(Level::Province), _) | (None, 2) => "province",
            (Some(Level::City), _) | (None, 4) => "city",
            (Some(Level::County), _) | (None, 6) => "county",
            _ => "township",
        }
    }
}

fn is_foreign(code: &str) -> bool {
    code.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
}

/// The direct part of `region` in which `code` lies, by the form of the code alone; `None` when it is the region itself.
fn part_of(code: &str, region: Option<&str>) -> Option<String> {
    if is_foreign(code) {
        let depth = region.map_or(0, |region| region.split('/').count());
        let parts: Vec<&str> = code.split('/').take(depth + 1).collect();
        return (parts.len() > depth).then(|| parts.join("/"));
    }
    let longer = LENGTHS
        .into_iter()
        .find(|length| *length > region.map_or(0, str::len))?;
    code.get(..longer).map(str::to_owned)
}

fn name(divisions: &Divisions, code: &str) -> String {
    match divisions.get(code) {
        Some(division) => division.name.clone(),
        None => code.to_owned(),
    }
}

/// From the province (or the head of a foreign tree) down to the region itself.
fn path(divisions: &Divisions, code: &str) -> Vec<(String, String)> {
    if is_foreign(code) {
        let ends = code.match_indices('/').map(|(end, _)| end).chain([code.len()]);
        return ends
            .map(|end| (code[..end].to_owned(), code[..end].to_owned()))
            .collect();
    }
    let mut path = Vec::new();
    let mut at = divisions.get(code);
    if at.is_none() {
        path.push((code.to_owned(), code.to_owned()));
        at = LENGTHS
            .into_iter()
            .rev()
            .filter(|length| *length < code.len())
            .find_map(|length| divisions.get(code.get(..length)?));
    }
    while let Some(division) = at {
        path.push((division.id.code().to_owned(), division.name.clone()));
        at = division.parent.as_ref().and_then(|parent| divisions.get(parent.code()));
    }
    path.reverse();
    path
}
