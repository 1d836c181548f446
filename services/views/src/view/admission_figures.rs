//! Figures of admission (机构准入), summed at query time over applications, clocks and authorizations. The plain SQL of
//! each stands in `application`, `clock` and `authorization`; by kind, and late or deemed:
//!
//! ```sql
//! SELECT a.kind, sum(a.open), sum(a.state = 'granted'), sum(a.state = 'granted' AND a.returned = 0),
//!   sum(a.state = 'refused') FROM application a GROUP BY a.kind;
//! SELECT a.deemed, a.deemed_reversed, count(*) FROM application a WHERE a.deemed IS NOT NULL GROUP BY 1, 2;
//! SELECT sum(a.late) FROM application a;
//! ```

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use yujian_domain::divisions::Divisions;
use yujian_domain::institution::ApplicationState;

use crate::condition::Condition;
use crate::database::{natural, parsed};
use crate::error::ViewError;
use crate::model::{
    Admission, AdmissionRow, AsOf, BucketFigures, ClockBucket, KindFigures, ReturnedItemFigures, Scope, StateFigures,
};
use crate::view::application::state_columns;
use crate::view::clock::{BUCKET, Days, application_bucket};
use crate::view::staff_figures::add_counts;
use crate::view::tree::{Tree, sum_within};

/// Applications of the institutions that a condition on `i` leaves.
const APPLICATIONS: &str = "FROM application a JOIN institution i ON i.id = a.institution";

/// Figures of a region and its parts at a day; `None` is everything.
pub(crate) fn admission(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    days: Days,
    as_of: AsOf,
) -> Result<Admission, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", scope);
    if let Some(code) = region {
        condition.and_within("i.region", code);
    }
    let tree = Tree::load(connection, divisions, &condition)?;
    let figures = by_region(connection, scope, &condition, days)?;
    let row = |region: Option<&str>| AdmissionRow {
        code: region.unwrap_or_default().to_owned(),
        name: tree.name(region),
        has_children: !tree.parts(region).is_empty(),
        ..sum_within(&figures, region, add)
    };
    let whole = row(region);
    Ok(Admission {
        parts: tree.parts(region).iter().map(|code| row(Some(code))).collect(),
        path: tree.path(region),
        states: states(connection, scope, &condition, days)?,
        returned_items: returned_items(connection, scope, &condition)?,
        returned: whole
            .by_state
            .get(ApplicationState::Returned.code())
            .copied()
            .unwrap_or_default(),
        region: whole,
        as_of,
    })
}

fn add(sum: &mut AdmissionRow, other: &AdmissionRow) {
    add_buckets(&mut sum.open, &other.open);
    add_buckets(&mut sum.clocks, &other.clocks);
    add_counts(&mut sum.by_state, &other.by_state);
    add_counts(&mut sum.deemed, &other.deemed);
    add_counts(&mut sum.deemed_reversed, &other.deemed_reversed);
    add_counts(&mut sum.authorizations, &other.authorizations);
    for (kind, other) in &other.by_kind {
        let figures = sum.by_kind.entry(kind.clone()).or_default();
        figures.open += other.open;
        figures.granted += other.granted;
        figures.granted_at_once += other.granted_at_once;
        figures.refused += other.refused;
    }
    sum.decided_late += other.decided_late;
    sum.conditions_open += other.conditions_open;
    sum.cessations_open += other.cessations_open;
    sum.damaged += other.damaged;
}

fn add_buckets(sum: &mut BucketFigures, other: &BucketFigures) {
    for bucket in ClockBucket::ALL {
        sum.add(*bucket, other.of(*bucket));
    }
}

type Take = fn(&mut AdmissionRow, &Row<'_>) -> Result<(), ViewError>;

fn bucket(row: &Row<'_>, column: usize) -> Result<ClockBucket, ViewError> {
    parsed(&row.get::<_, String>(column)?, "bucket", ClockBucket::from_code)
}

fn by_region(
    connection: &Connection,
    scope: &Scope,
    condition: &Condition,
    days: Days,
) -> Result<BTreeMap<String, AdmissionRow>, ViewError> {
    let mut figures: BTreeMap<String, AdmissionRow> = BTreeMap::new();
    let filter = condition.sql();
    // `select` begins with the region; `bound` holds the values of its question marks.
    let mut each = |select: &str, bound: &[Value], tail: &str, take: Take| {
        let mut statement = connection.prepare_cached(&format!("SELECT i.region, {select}{filter}{tail}"))?;
        let mut rows = statement.query(params_from_iter(bound.iter().chain(condition.values())))?;
        while let Some(row) = rows.next()? {
            take(figures.entry(row.get(0)?).or_default(), row)?;
        }
        Ok::<_, ViewError>(())
    };
    let (of_application, values) = application_bucket(days);
    each(
        &format!("{of_application} AS bucket, count(*) {APPLICATIONS}"),
        &values,
        " AND a.open GROUP BY 1, 2",
        |of, row| {
            of.open.add(bucket(row, 1)?, natural(row.get(2)?));
            Ok(())
        },
    )?;
    let (state, _) = state_columns(scope);
    each(
        &format!(
            "{state}, ifnull(a.kind, ''), count(*), sum(a.open), sum({state} = 'granted'),
             sum({state} = 'granted' AND a.returned = 0), sum({state} = 'refused'), sum(a.late) {APPLICATIONS}"
        ),
        &[],
        " GROUP BY 1, 2, 3",
        applications,
    )?;
    each(
        &format!("a.deemed, a.deemed_reversed, count(*) {APPLICATIONS}"),
        &[],
        " AND a.deemed IS NOT NULL GROUP BY 1, 2, 3",
        |of, row| {
            let taken_back: bool = row.get(2)?;
            let counts = if taken_back {
                &mut of.deemed_reversed
            } else {
                &mut of.deemed
            };
            *counts.entry(row.get(1)?).or_default() += natural(row.get(3)?);
            Ok(())
        },
    )?;
    each(
        "z.state, count(*) FROM authorization z JOIN institution i ON i.id = z.institution",
        &[],
        " AND z.ordinal = (SELECT max(y.ordinal) FROM authorization y WHERE y.institution = z.institution
            AND y.state <> 'reversed') GROUP BY 1, 2",
        |of, row| {
            *of.authorizations.entry(row.get(1)?).or_default() += natural(row.get(2)?);
            Ok(())
        },
    )?;
    each(
        "count(*) FROM licence_condition d JOIN institution i ON i.id = d.institution",
        &[],
        " AND d.state = 'open' GROUP BY 1",
        |of, row| {
            of.conditions_open = natural(row.get(1)?);
            Ok(())
        },
    )?;
    each(
        "count(*) FROM cessation e JOIN institution i ON i.id = e.institution",
        &[],
        " AND e.closed_date IS NULL GROUP BY 1",
        |of, row| {
            of.cessations_open = natural(row.get(1)?);
            Ok(())
        },
    )?;
    each(
        &format!("{BUCKET} AS bucket, count(*) FROM clock c JOIN institution i ON i.id = c.institution"),
        &days.values(),
        " AND c.waiting GROUP BY 1, 2",
        |of, row| {
            of.clocks.add(bucket(row, 1)?, natural(row.get(2)?));
            Ok(())
        },
    )?;
    each(
        "count(*) FROM institution i",
        &[],
        " AND i.id IN (SELECT d.institution FROM damage d WHERE d.institution IS NOT NULL)
          AND EXISTS(SELECT 1 FROM application a WHERE a.institution = i.id) GROUP BY 1",
        |of, row| {
            of.damaged = natural(row.get(1)?);
            Ok(())
        },
    )?;
    Ok(figures)
}

fn applications(of: &mut AdmissionRow, row: &Row<'_>) -> Result<(), ViewError> {
    *of.by_state.entry(row.get(1)?).or_default() += natural(row.get(3)?);
    let kind: &mut KindFigures = of.by_kind.entry(row.get(2)?).or_default();
    kind.open += natural(row.get(4)?);
    kind.granted += natural(row.get(5)?);
    kind.granted_at_once += natural(row.get(6)?);
    kind.refused += natural(row.get(7)?);
    of.decided_late += natural(row.get(8)?);
    Ok(())
}

/// Open applications by state: what their clocks leave, and since when they stand there.
fn states(
    connection: &Connection,
    scope: &Scope,
    condition: &Condition,
    days: Days,
) -> Result<Vec<StateFigures>, ViewError> {
    let (state, since) = state_columns(scope);
    let (of_application, values) = application_bucket(days);
    let sql = format!(
        "SELECT {state}, {since}, {of_application} AS bucket {APPLICATIONS}{} AND a.open ORDER BY 1, 2",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values.iter().chain(condition.values())))?;
    let mut found: BTreeMap<ApplicationState, (BucketFigures, Vec<Date>)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let state = parsed(&row.get::<_, String>(0)?, "state", ApplicationState::from_code)?;
        let (buckets, since) = found.entry(state).or_default();
        buckets.add(bucket(row, 2)?, 1);
        let day: Option<String> = row.get(1)?;
        if let Some(text) = day {
            since.push(parsed(&text, "since", |text| text.parse().ok())?);
        }
    }
    let state = |(state, (buckets, since)): (ApplicationState, (BucketFigures, Vec<Date>))| StateFigures {
        state,
        buckets,
        oldest_since: since.first().copied(),
        median_since: since.get(since.len().saturating_sub(1) / 2).copied(),
    };
    Ok(found.into_iter().map(state).collect())
}

/// What returned applications lack, by their latest return.
fn returned_items(
    connection: &Connection,
    scope: &Scope,
    condition: &Condition,
) -> Result<Vec<ReturnedItemFigures>, ViewError> {
    let (state, _) = state_columns(scope);
    // An item that a return names twice, with two problems, is one.
    let sql = format!(
        "SELECT item, count(*), sum(returned > 1) FROM (SELECT DISTINCT a.institution, a.number, a.returned, t.item
           {APPLICATIONS} JOIN application_item t ON t.institution = a.institution AND t.number = a.number
             AND t.return_number = a.returned{} AND {state} = 'returned')
         GROUP BY item ORDER BY 2 DESC, 1",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(condition.values()), |row| {
        Ok(ReturnedItemFigures {
            item: row.get(0)?,
            applications: natural(row.get(1)?),
            again: natural(row.get(2)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
