//! Figures of staff (从业人员资质), summed at query time over engagements, persons and credentials.
//!
//! By post at a day, then certificates and queries by what is left of them:
//!
//! ```sql
//! SELECT e.post, count(*) AS engaged, sum(e.state = 'off_duty') AS off_duty, sum(e.qualified) AS qualified,
//!   sum(ifnull(p.health_passed AND p.health_expiry >= :at, 0)) AS healthy,
//!   sum(ifnull(p.query_clear AND p.query_until >= :at, 0)) AS queried,
//!   sum(ifnull(p.bar_from <= :at AND (p.bar_until IS NULL OR p.bar_until >= :at), 0)) AS barred
//! FROM engagement e JOIN person p ON p.id = e.person WHERE e.standing GROUP BY e.post;
//! SELECT c.kind, CASE WHEN c.expiry_date IS NULL THEN 'none' WHEN c.expiry_date < :at THEN 'expired'
//!   WHEN c.expiry_date <= date(:at, '+7 days') THEN '7' WHEN c.expiry_date <= date(:at, '+30 days') THEN '30'
//!   WHEN c.expiry_date <= date(:at, '+90 days') THEN '90' ELSE 'more' END AS bucket, count(*)
//! FROM engagement e JOIN credential c ON c.person = e.person
//! WHERE e.standing AND c.state IN ('verified', 'expired') GROUP BY c.kind, bucket;
//! ```

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use yujian_domain::divisions::Divisions;

use crate::condition::Condition;
use crate::database::natural;
use crate::error::ViewError;
use crate::model::{AsOf, PostFigures, Scope, StaffFigures, StaffFiguresRow};
use crate::view::tree::{Tree, sum_within};

/// Figures of a region and its parts at a day; `None` is everything.
pub(crate) fn staff(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    at: Date,
    as_of: AsOf,
) -> Result<StaffFigures, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(scope, region);
    let tree = Tree::load(connection, divisions, scope, region)?;
    condition.and("e.standing", []);
    let figures = by_region(connection, &condition, at)?;
    let row = |region: Option<&str>| StaffFiguresRow {
        code: region.unwrap_or_default().to_owned(),
        name: tree.name(region),
        has_children: !tree.parts(region).is_empty(),
        ..sum_within(&figures, region, add)
    };
    let (barred_engaged, engaged_twice) = persons(connection, &condition, at)?;
    Ok(StaffFigures {
        region: row(region),
        parts: tree.parts(region).iter().map(|code| row(Some(code))).collect(),
        path: tree.path(region),
        barred_engaged,
        engaged_twice,
        as_of,
    })
}

fn add(sum: &mut StaffFiguresRow, other: &StaffFiguresRow) {
    for (post, figures) in &other.by_post {
        sum.by_post.entry(post.clone()).or_default().add(*figures);
    }
    for (kind, buckets) in &other.certificates {
        add_counts(sum.certificates.entry(kind.clone()).or_default(), buckets);
    }
    add_counts(&mut sum.health, &other.health);
    add_counts(&mut sum.queries, &other.queries);
    sum.damaged += other.damaged;
}

/// Adds counts by code to others.
pub(crate) fn add_counts<K: Ord + Clone>(sum: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (code, count) in other {
        *sum.entry(code.clone()).or_default() += count;
    }
}

/// SQL of the code of the bucket of a last day, whose four bounds are values (see [`bounds`]).
fn bucket_sql(expiry: &str) -> String {
    format!(
        "CASE WHEN {expiry} IS NULL THEN 'none' WHEN {expiry} < ? THEN 'expired' WHEN {expiry} <= ? THEN '7'
         WHEN {expiry} <= ? THEN '30' WHEN {expiry} <= ? THEN '90' ELSE 'more' END"
    )
}

/// Values for [`bucket_sql`] at a day.
fn bounds(at: Date) -> [Value; 4] {
    [0_i64, 7, 30, 90].map(|days| Value::Text(at.checked_add(days.days()).unwrap_or(Date::MAX).to_string()))
}

const AT_WORK: &str = "FROM engagement e JOIN institution i ON i.id = e.institution JOIN person p ON p.id = e.person";

fn by_region(
    connection: &Connection,
    condition: &Condition,
    at: Date,
) -> Result<BTreeMap<String, StaffFiguresRow>, ViewError> {
    let mut figures: BTreeMap<String, StaffFiguresRow> = BTreeMap::new();
    let mut each = |sql: String, bound: &[Value], take: fn(&mut StaffFiguresRow, &Row<'_>) -> rusqlite::Result<()>| {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(bound.iter().chain(condition.values())))?;
        while let Some(row) = rows.next()? {
            take(figures.entry(row.get(0)?).or_default(), row)?;
        }
        Ok::<_, ViewError>(())
    };
    let filter = condition.sql();
    let day = Value::Text(at.to_string());
    each(
        format!(
            "SELECT i.region, e.post, count(*), sum(e.state = 'off_duty'), sum(e.qualified),
               sum(ifnull(p.health_passed AND p.health_expiry >= ?, 0)),
               sum(ifnull(p.query_clear AND p.query_until >= ?, 0)),
               sum(ifnull(p.bar_from <= ? AND (p.bar_until IS NULL OR p.bar_until >= ?), 0)),
               sum(EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'person-' || p.id))
             {AT_WORK}{filter} GROUP BY i.region, e.post"
        ),
        &[day.clone(), day.clone(), day.clone(), day],
        |of, row| {
            let figures = PostFigures {
                engaged: natural(row.get(2)?),
                off_duty: natural(row.get(3)?),
                qualified: natural(row.get(4)?),
                healthy: natural(row.get(5)?),
                queried: natural(row.get(6)?),
                barred: natural(row.get(7)?),
            };
            of.by_post.insert(row.get(1)?, figures);
            of.damaged += natural(row.get(8)?);
            Ok(())
        },
    )?;
    let bounds = bounds(at);
    each(
        format!(
            "SELECT i.region, c.kind, {} AS bucket, count(*) {AT_WORK} JOIN credential c ON c.person = e.person{filter}
             AND c.state IN ('verified', 'expired') GROUP BY i.region, c.kind, bucket",
            bucket_sql("c.expiry_date")
        ),
        &bounds,
        |of, row| {
            let kind = of.certificates.entry(row.get(1)?).or_default();
            kind.insert(row.get(2)?, natural(row.get(3)?));
            Ok(())
        },
    )?;
    each(
        format!(
            "SELECT i.region, {} AS bucket, count(*) {AT_WORK}{filter} GROUP BY i.region, bucket",
            bucket_sql("(CASE WHEN p.health_passed THEN p.health_expiry END)")
        ),
        &bounds,
        |of, row| {
            of.health.insert(row.get(1)?, natural(row.get(2)?));
            Ok(())
        },
    )?;
    each(
        format!(
            "SELECT i.region, {} AS bucket, count(*) {AT_WORK}{filter} GROUP BY i.region, bucket",
            bucket_sql("p.query_until")
        ),
        &bounds,
        |of, row| {
            of.queries.insert(row.get(1)?, natural(row.get(2)?));
            Ok(())
        },
    )?;
    Ok(figures)
}

/// Persons barred at the day who stand engaged, and persons who stand engaged more than once.
fn persons(connection: &Connection, condition: &Condition, at: Date) -> Result<(u64, u64), ViewError> {
    let sql = format!(
        "SELECT ifnull(sum(barred), 0), ifnull(sum(posts > 1), 0) FROM (
           SELECT count(*) AS posts, ifnull(p.bar_from <= ? AND (p.bar_until IS NULL OR p.bar_until >= ?), 0) AS barred
           {AT_WORK}{} GROUP BY e.person)",
        condition.sql()
    );
    let day = Value::Text(at.to_string());
    let mut statement = connection.prepare_cached(&sql)?;
    let bound = [&day, &day].into_iter().chain(condition.values());
    Ok(statement.query_row(params_from_iter(bound), |row| {
        Ok((natural(row.get(0)?), natural(row.get(1)?)))
    })?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::Bucket;

    #[test]
    fn the_sql_of_a_bucket_says_what_the_bucket_says() {
        let connection = Connection::open_in_memory().unwrap();
        let at = Date::constant(2026, 2, 3);
        let mut met = BTreeSet::new();
        for days in (-3_i64..130).map(Some).chain([None]) {
            let expiry = days.map(|days| at.checked_add(days.days()).unwrap());
            let value = expiry.map_or(Value::Null, |day| Value::Text(day.to_string()));
            let sql = format!("SELECT {} FROM (SELECT ? AS day)", bucket_sql("day"));
            let bound = bounds(at).into_iter().chain([value]);
            let code: String = connection
                .query_row(&sql, params_from_iter(bound), |row| row.get(0))
                .unwrap();
            assert_eq!(code, Bucket::of(expiry, at).code(), "{days:?} days");
            met.insert(code);
        }
        assert_eq!(met.len(), Bucket::ALL.len());
    }
}
