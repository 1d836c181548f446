//! Figures of alerts, read from the kept sums (`sums`); the SQL stands in `alert`.

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use yujian_domain::alert::AlertRule;
use yujian_domain::divisions::Divisions;
use yujian_domain::time::start_of;

use crate::cell;
use crate::condition::Condition;
use crate::database::instant;
use crate::error::ViewError;
use crate::model::{AlertFigures, AlertFiguresRow, AlertPrecisionRow, AsOf, Scope};
use crate::view::alert::{OPEN, and_shown, count, is_open};
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
    let mut condition = Condition::default();
    condition.and_places(scope, region);
    and_shown(&mut condition, scope);
    if let Some(day) = raised_from {
        condition.and("l.raised_time >= ?", [Value::Text(instant(start_of(day)))]);
    }
    let sql = format!(
        "SELECT l.rule, l.policy_id, l.policy_version, count(*) AS raised,
           sum(l.acknowledged_time IS NOT NULL) AS acknowledged, sum({OPEN}) AS open,
           sum(l.status = 'dismissed') AS dismissed, sum(l.status = 'confirmed') AS confirmed,
           sum(l.status = 'lapsed') AS lapsed
         FROM alert l JOIN institution i ON i.id = l.institution{}
         GROUP BY l.rule, l.policy_id, l.policy_version ORDER BY l.rule, l.policy_id, l.policy_version",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let policy = |id: String| Ok::<_, ViewError>((id, row.get("policy_version")?));
        found.push(AlertPrecisionRow {
            rule: cell::surely(row, "rule", AlertRule::from_code)?,
            policy: row.get::<_, Option<String>>("policy_id")?.map(policy).transpose()?,
            raised: count(row, "raised")?,
            acknowledged: count(row, "acknowledged")?,
            open: count(row, "open")?,
            dismissed: count(row, "dismissed")?,
            confirmed: count(row, "confirmed")?,
            lapsed: count(row, "lapsed")?,
        });
    }
    Ok(found)
}
