//! Figures of alerts, summed at query time; the SQL stands in `alert`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use yujian_domain::alert::AlertRule;
use yujian_domain::divisions::Divisions;
use yujian_domain::time::start_of;

use crate::cell;
use crate::condition::Condition;
use crate::database::{instant, natural};
use crate::error::ViewError;
use crate::model::{AlertFigures, AlertFiguresRow, AlertPrecisionRow, AsOf, Scope};
use crate::view::alert::{OPEN, and_shown, count};
use crate::view::staff_figures::add_counts;
use crate::view::tree::{Tree, sum_within};

/// Alerts of a region and its parts; `None` is everything.
pub(crate) fn figures(
    connection: &Connection,
    divisions: &Divisions,
    scope: &Scope,
    region: Option<&str>,
    as_of: AsOf,
) -> Result<AlertFigures, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", scope);
    if let Some(code) = region {
        condition.and_within("i.region", code);
    }
    let tree = Tree::load(connection, divisions, &condition)?;
    and_shown(&mut condition, scope);
    let found = by_region(connection, &condition)?;
    let row = |region: Option<&str>| AlertFiguresRow {
        code: region.unwrap_or_default().to_owned(),
        name: tree.name(region),
        has_children: !tree.parts(region).is_empty(),
        ..sum_within(&found, region, add)
    };
    Ok(AlertFigures {
        region: row(region),
        parts: tree.parts(region).iter().map(|code| row(Some(code))).collect(),
        path: tree.path(region),
        as_of,
    })
}

fn add(sum: &mut AlertFiguresRow, other: &AlertFiguresRow) {
    add_counts(&mut sum.by_status, &other.by_status);
    add_counts(&mut sum.open, &other.open);
}

fn by_region(connection: &Connection, condition: &Condition) -> Result<BTreeMap<String, AlertFiguresRow>, ViewError> {
    let sql = format!(
        "SELECT i.region, l.rule, l.severity, l.status, {OPEN} AS open, count(*) FROM alert l
         JOIN institution i ON i.id = l.institution{} GROUP BY i.region, l.rule, l.severity, l.status",
        condition.sql()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    let mut figures: BTreeMap<String, AlertFiguresRow> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let of = figures.entry(row.get(0)?).or_default();
        let counted = natural(row.get(5)?);
        *of.by_status.entry(row.get(3)?).or_default() += counted;
        if row.get(4)? {
            *of.open.entry((row.get(1)?, row.get(2)?)).or_default() += counted;
        }
    }
    Ok(figures)
}

/// What became of the alerts of each version of a rule, of those raised from a day on.
pub(crate) fn precision(
    connection: &Connection,
    scope: &Scope,
    region: Option<&str>,
    raised_from: Option<Date>,
) -> Result<Vec<AlertPrecisionRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", scope);
    and_shown(&mut condition, scope);
    if let Some(code) = region {
        condition.and_within("i.region", code);
    }
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
