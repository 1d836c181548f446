//! Alerts (预警): one row each.
//!
//! Alerts by rule:
//!
//! ```sql
//! SELECT l.rule, count(*) FROM alert l GROUP BY l.rule;
//! ```

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Transaction, params};
use uuid::Uuid;
use yujian_domain::alert::{AlertEvent, AlertRule};

use crate::cell;
use crate::condition::Condition;
use crate::database::instant;
use crate::error::ViewError;
use crate::fold::{EventSeen, Home, Table, View, What};
use crate::list::{List, PageOf};
use crate::model::{AlertQuery, AlertRow, Scope};

/// Alerts.
pub(crate) struct Alerts;

impl View for Alerts {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "alert",
            // `evidence`: streams and revisions, as a JSON list.
            ddl: "CREATE TABLE alert(id TEXT PRIMARY KEY, rule TEXT NOT NULL, institution TEXT NOT NULL, person TEXT,
                    inspection TEXT, period TEXT NOT NULL, since_date TEXT NOT NULL, raised_time TEXT NOT NULL,
                    evidence TEXT NOT NULL) WITHOUT ROWID;
                  CREATE INDEX alert_raised ON alert(raised_time, id);
                  CREATE INDEX alert_institution ON alert(institution);
                  CREATE INDEX alert_person ON alert(person) WHERE person IS NOT NULL;",
            key: "id",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Home::Alert(id), What::Alert(event)) = (seen.home, &seen.what) else {
            return Ok(());
        };
        let AlertEvent::AlertRaised(raised) = event.as_ref();
        transaction
            .prepare_cached("INSERT OR REPLACE INTO alert VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                id.to_string(),
                raised.rule.code(),
                raised.institution.to_string(),
                raised.person.map(|id| id.to_string()),
                raised.inspection.map(|id| id.to_string()),
                raised.period,
                raised.since_date.to_string(),
                instant(seen.recorded_time),
                cell::to_json(&raised.evidence),
            ])?;
        Ok(())
    }
}

/// Adds what a scope may see of alerts: they are for the regulator alone.
pub(crate) fn and_shown(condition: &mut Condition, scope: &Scope) {
    if scope.organisation.is_some() {
        condition.and("0", []);
    }
}

fn read(row: &Row<'_>) -> Result<AlertRow, ViewError> {
    Ok(AlertRow {
        id: cell::id(row, "id")?,
        rule: cell::surely(row, "rule", AlertRule::from_code)?,
        institution: cell::id(row, "institution")?,
        institution_name: row.get("institution_name")?,
        region: row.get("institution_region")?,
        person: cell::maybe(row, "person", cell::uuid)?,
        inspection: cell::maybe(row, "inspection", cell::uuid)?,
        period: row.get("period")?,
        since_date: cell::sure_day(row, "since_date")?,
        raised_time: cell::sure_time(row, "raised_time")?,
        evidence: cell::sure_json(row, "evidence")?,
        damaged: row.get("damaged")?,
    })
}

/// A page of alerts, newest raised first.
pub(crate) fn page(connection: &Connection, query: &AlertQuery) -> Result<PageOf<AlertRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", &query.scope);
    and_shown(&mut condition, &query.scope);
    if let Some(region) = &query.region {
        condition.and_within("i.region", region);
    }
    for (column, id) in [
        ("l.institution = ?", query.institution),
        ("l.person = ?", query.person),
        ("l.inspection = ?", query.inspection),
    ] {
        if let Some(id) = id {
            condition.and(column, [Value::Text(Uuid::to_string(&id))]);
        }
    }
    condition.and_in("l.rule", query.rules.iter().map(|rule| rule.code()));
    let list = List {
        name: "alerts",
        columns: "l.*, i.name AS institution_name, i.region AS institution_region,
            EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'alert-' || l.id) AS damaged",
        bound: Condition::default(),
        from: "FROM alert l CROSS JOIN institution i ON i.id = l.institution",
        order: ["l.raised_time", "l.id"],
        descending: true,
    };
    list.page(connection, condition, query.after.as_deref(), query.limit, read)
}
