//! Figures of admission (机构准入), read from the kept sums (`sums`). The plain SQL of
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
use rusqlite::Connection;
use yujian_domain::divisions::Divisions;
use yujian_domain::institution::ApplicationState;

use crate::database::parsed;
use crate::error::ViewError;
use crate::model::{Admission, AdmissionRow, AsOf, BucketFigures, ReturnedItemFigures, Scope, StateFigures};
use crate::view::clock::Days;
use crate::view::sums::{Parts, Reading};
use crate::view::tree::Tree;

/// Figures of a region and its parts at a day; `None` is everything.
pub(crate) fn admission(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    days: Days,
    as_of: AsOf,
) -> Result<Admission, ViewError> {
    let tree = Tree::load(connection, divisions, scope, region)?;
    let sums = Reading::open(connection, scope)?;
    let row = |region: Option<&str>, sum: &Parts| AdmissionRow {
        code: region.unwrap_or_default().to_owned(),
        name: tree.name(region),
        has_children: !tree.parts(region).is_empty(),
        ..figures(sum, days)
    };
    let whole = sums.of(region)?;
    let parts = tree.parts(region).into_iter().map(|code| {
        let sum = sums.of(Some(&code))?;
        Ok(row(Some(&code), &sum))
    });
    Ok(Admission {
        parts: parts.collect::<Result<_, ViewError>>()?,
        path: tree.path(region),
        states: states(&whole, days)?,
        returned_items: returned_items(&whole),
        returned: whole.count(&format!("state/{}", ApplicationState::Returned.code())),
        region: row(region, &whole),
        as_of,
    })
}

fn figures(sum: &Parts, days: Days) -> AdmissionRow {
    let mut row = AdmissionRow {
        by_state: sum.by_code("state/"),
        deemed: sum.by_code("deemed/"),
        deemed_reversed: sum.by_code("reversed/"),
        decided_late: sum.count("late"),
        authorizations: sum.by_code("authorization/"),
        conditions_open: sum.count("conditions"),
        cessations_open: sum.count("cessations"),
        damaged: sum.count("damaged_applied"),
        ..AdmissionRow::default()
    };
    for (name, day, n) in sum.iter() {
        match name.as_slice() {
            ["open", _, standing] => row.open.add(days.bucket(standing, day), n),
            ["clock", _, standing] => row.clocks.add(days.bucket(standing, day), n),
            ["kind", kind, what] => {
                let of = row.by_kind.entry((*kind).to_owned()).or_default();
                match *what {
                    "open" => of.open = n,
                    "granted" => of.granted = n,
                    "at_once" => of.granted_at_once = n,
                    "refused" => of.refused = n,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    row
}

/// Open applications by state: what their clocks leave, and since when they stand there.
fn states(sum: &Parts, days: Days) -> Result<Vec<StateFigures>, ViewError> {
    let mut buckets: BTreeMap<ApplicationState, BucketFigures> = BTreeMap::new();
    for (name, day, n) in sum.iter() {
        if let ["open", state, standing] = name.as_slice() {
            let state = parsed(state, "state", ApplicationState::from_code)?;
            buckets.entry(state).or_default().add(days.bucket(standing, day), n);
        }
    }
    let figures = |(state, buckets): (ApplicationState, BucketFigures)| {
        let (mut since, mut all) = (Vec::new(), 0);
        for (day, n) in sum
            .days(&format!("since/{}", state.code()))
            .filter(|(day, _)| !day.is_empty())
        {
            all += n;
            since.push((parsed::<Date>(day, "since", |text| text.parse().ok())?, all));
        }
        // Of the days in order, each with how many stand there since then or longer.
        let median = since.iter().find(|(_, up_to)| *up_to > (all - 1) / 2);
        Ok(StateFigures {
            state,
            buckets,
            oldest_since: since.first().map(|(day, _)| *day),
            median_since: median.map(|(day, _)| *day),
        })
    };
    buckets.into_iter().map(figures).collect()
}

/// What returned applications lack, by their latest return.
fn returned_items(sum: &Parts) -> Vec<ReturnedItemFigures> {
    let again = sum.by_code("item_again/");
    let mut items: Vec<_> = sum
        .by_code("item/")
        .into_iter()
        .map(|(item, applications)| ReturnedItemFigures {
            again: again.get(&item).copied().unwrap_or(0),
            item,
            applications,
        })
        .collect();
    items.sort_by(|a, b| b.applications.cmp(&a.applications).then_with(|| a.item.cmp(&b.item)));
    items
}
