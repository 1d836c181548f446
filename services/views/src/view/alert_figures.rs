//! Figures of alerts, read from the kept sums (`sums`); the SQL stands in `alert`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;
use rusqlite::Connection;
use yujian_domain::alert::AlertRule;
use yujian_domain::divisions::Divisions;

use crate::database::parsed;
use crate::error::ViewError;
use crate::model::{AlertFigures, AlertFiguresRow, AlertPrecisionRow, AsOf, Scope};
use crate::view::alert::is_open;
use crate::view::sums::{Parts, Reading};
use crate::view::tree::Tree;

/// Alerts of a region and its parts; `None` is everything.
pub(crate) fn figures(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    as_of: AsOf,
) -> Result<AlertFigures, ViewError> {
    let tree = Tree::load(connection, divisions, scope, region)?;
    let sums = Reading::open(connection, scope)?;
    let row = |region: Option<&str>| {
        Ok::<_, ViewError>(AlertFiguresRow {
            code: region.unwrap_or_default().to_owned(),
            name: tree.name(region),
            has_children: !tree.parts(region).is_empty(),
            ..of(&sums.of(region)?)
        })
    };
    let parts = tree.parts(region).into_iter().map(|code| row(Some(&code)));
    Ok(AlertFigures {
        region: row(region)?,
        parts: parts.collect::<Result<_, _>>()?,
        path: tree.path(region),
        as_of,
    })
}

fn of(sum: &Parts) -> AlertFiguresRow {
    let mut row = AlertFiguresRow::default();
    for (name, _, n) in sum.iter() {
        if let ["alert", rule, severity, status] = name.as_slice() {
            *row.by_status.entry((*status).to_owned()).or_default() += n;
            if is_open(status) {
                *row.open
                    .entry(((*rule).to_owned(), (*severity).to_owned()))
                    .or_default() += n;
            }
        }
    }
    row
}

/// What became of the alerts of each version of a rule, of those raised from a day on.
pub(crate) fn precision(
    connection: &Connection,
    scope: &Scope,
    region: Option<&str>,
    raised_from: Option<Date>,
) -> Result<Vec<AlertPrecisionRow>, ViewError> {
    let first = raised_from.map(|day| day.to_string()).unwrap_or_default();
    let mut found: BTreeMap<(String, String, u32), AlertPrecisionRow> = BTreeMap::new();
    let sum = Reading::open(connection, scope)?.raised(region)?;
    for (name, _, n) in sum.iter().filter(|(_, day, _)| *day >= first.as_str()) {
        let [_, rule, policy, version, status, seen] = name.as_slice() else {
            continue;
        };
        let version = parsed(version, "policy_version", |text| text.parse().ok())?;
        let row = match found.entry(((*rule).to_owned(), (*policy).to_owned(), version)) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(place) => place.insert(AlertPrecisionRow {
                rule: parsed(rule, "rule", AlertRule::from_code)?,
                policy: (!policy.is_empty()).then(|| ((*policy).to_owned(), version)),
                raised: 0,
                acknowledged: 0,
                open: 0,
                dismissed: 0,
                confirmed: 0,
                lapsed: 0,
            }),
        };
        row.raised += n;
        row.acknowledged += if *seen == "seen" { n } else { 0 };
        row.open += if is_open(status) { n } else { 0 };
        match *status {
            "dismissed" => row.dismissed += n,
            "confirmed" => row.confirmed += n,
            "lapsed" => row.lapsed += n,
            _ => {}
        }
    }
    Ok(found.into_values().collect())
}
