//! Alerts (预警): one row each, with what became of it.
//!
//! Open alerts by rule and severity, and what became of the alerts of each version of a rule (precision is confirmed over
//! confirmed and dismissed):
//!
//! ```sql
//! SELECT l.rule, l.severity, count(*) FROM alert l WHERE l.status IN ('raised', 'acknowledged', 'linked')
//!   GROUP BY l.rule, l.severity;
//! SELECT l.rule, l.policy_id, l.policy_version, count(*) AS raised, sum(l.acknowledged_time IS NOT NULL) AS acknowledged,
//!   sum(l.status IN ('raised', 'acknowledged', 'linked')) AS open, sum(l.status = 'dismissed') AS dismissed,
//!   sum(l.status = 'confirmed') AS confirmed, sum(l.status = 'lapsed') AS lapsed
//!   FROM alert l GROUP BY l.rule, l.policy_id, l.policy_version ORDER BY l.rule, l.policy_id, l.policy_version;
//! ```

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use uuid::Uuid;
use yujian_domain::alert::{AlertEvent, AlertRaised, AlertRule, AlertSeverity, DismissalReason, LinkTarget, Status};
use yujian_domain::time::day_of;

use crate::cell;
use crate::condition::Condition;
use crate::database::instant;
use crate::error::ViewError;
use crate::fold::{EventSeen, Home, Table, View, What};
use crate::list::{Counted, List, PageOf};
use crate::model::{AlertQuery, AlertRow, Scope};
use crate::reach::Reach;
use crate::view::sums::Reading;

/// Alerts.
pub(crate) struct Alerts;

/// SQL of "the alert `l` is open": somebody still has to do something about it. The same list as [`Status::is_open`].
pub(crate) const OPEN: &str = "l.status IN ('raised', 'acknowledged', 'linked')";

/// The same of a state's code.
pub(crate) fn is_open(status: &str) -> bool {
    matches!(status, "raised" | "acknowledged" | "linked")
}

impl View for Alerts {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "alert",
            // `evidence`: streams and revisions, as a JSON list; `link`: as the event holds it. Times are recorded times,
            // `ended_date` is the legal day.
            ddl: "CREATE TABLE alert(id TEXT PRIMARY KEY, rule TEXT NOT NULL, institution TEXT NOT NULL, person TEXT,
                    inspection TEXT, application INTEGER, period TEXT NOT NULL, since_date TEXT NOT NULL, due_date TEXT,
                    raised_time TEXT NOT NULL, evidence TEXT NOT NULL, severity TEXT NOT NULL, policy_id TEXT,
                    policy_version INTEGER, threshold TEXT, status TEXT NOT NULL, acknowledged_time TEXT, handled_by TEXT,
                    handled_role TEXT, handled_time TEXT, ended_date TEXT, link TEXT, dismissal TEXT) WITHOUT ROWID;
                  CREATE INDEX alert_raised ON alert(raised_time, id);
                  CREATE INDEX alert_open ON alert(raised_time, id) WHERE status IN ('raised', 'acknowledged', 'linked');
                  CREATE INDEX alert_institution ON alert(institution);
                  CREATE INDEX alert_person ON alert(person) WHERE person IS NOT NULL;
                  CREATE INDEX alert_inspection ON alert(inspection) WHERE inspection IS NOT NULL;",
            key: "id",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Home::Alert(id), What::Alert(event)) = (seen.home, &seen.what) else {
            return Ok(());
        };
        let (status, ended) = match event.as_ref() {
            AlertEvent::AlertRaised(raised) => return raise(transaction, id, raised, seen),
            AlertEvent::AlertAcknowledged(_) => (Status::Acknowledged, false),
            AlertEvent::AlertLinked(_) => (Status::Linked, false),
            AlertEvent::AlertDismissed(_) => (Status::Dismissed, true),
            AlertEvent::AlertConfirmed(_) => (Status::Confirmed, true),
            AlertEvent::AlertLapsed(_) => (Status::Lapsed, true),
        };
        let actor = seen.metadata.as_ref().map(|metadata| &metadata.actor);
        let time = instant(seen.recorded_time);
        transaction
            .prepare_cached(
                "UPDATE alert SET status = ?2, handled_by = ?3, handled_role = ?4, handled_time = ?5, ended_date = ?6,
                   acknowledged_time = CASE WHEN ?2 = 'acknowledged' THEN coalesce(acknowledged_time, ?5)
                     ELSE acknowledged_time END,
                   link = coalesce(?7, link), dismissal = ?8 WHERE id = ?1",
            )?
            .execute(params![
                id.to_string(),
                status.code(),
                actor.map(|actor| actor.id.as_str()),
                actor.map(|actor| actor.role.as_str()),
                time,
                ended.then(|| seen.effective_day().unwrap_or(day_of(seen.recorded_time)).to_string()),
                match event.as_ref() {
                    AlertEvent::AlertLinked(linked) => Some(cell::to_json(&linked.target)),
                    _ => None,
                },
                match event.as_ref() {
                    AlertEvent::AlertDismissed(dismissed) => Some(dismissed.reason.code()),
                    _ => None,
                },
            ])?;
        Ok(())
    }
}

fn raise(transaction: &Transaction<'_>, id: Uuid, raised: &AlertRaised, seen: &EventSeen<'_>) -> Result<(), ViewError> {
    let policy = raised.rule_policy.as_ref();
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO alert(id, rule, institution, person, inspection, application, period, since_date,
               due_date, raised_time, evidence, severity, policy_id, policy_version, threshold, status)
             VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            id.to_string(),
            raised.rule.code(),
            raised.institution.to_string(),
            raised.person.map(|id| id.to_string()),
            raised.inspection.map(|id| id.to_string()),
            raised.application,
            raised.period,
            raised.since_date.to_string(),
            raised.due_date.map(|day| day.to_string()),
            instant(seen.recorded_time),
            cell::to_json(&raised.evidence),
            raised.weighs().code(),
            policy.map(|policy| policy.id.as_str()),
            policy.map(|policy| policy.version),
            raised.threshold,
            Status::Raised.code(),
        ])?;
    Ok(())
}

/// Whom an alert concerns.
pub(crate) struct Concerned {
    pub(crate) institution: Uuid,
    pub(crate) person: Option<Uuid>,
    pub(crate) inspection: Option<Uuid>,
}

/// Whom an alert concerns, when it is known.
pub(crate) fn concerned(connection: &Connection, id: Uuid) -> Result<Option<Concerned>, ViewError> {
    let found: Option<(String, Option<String>, Option<String>)> = connection
        .prepare_cached("SELECT institution, person, inspection FROM alert WHERE id = ?")?
        .query_row([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(institution, person, inspection)| {
        Some(Concerned {
            institution: cell::uuid(&institution)?,
            person: person.as_deref().and_then(cell::uuid),
            inspection: inspection.as_deref().and_then(cell::uuid),
        })
    }))
}

/// Adds what a scope may see of alerts: they are for the regulator alone.
pub(crate) fn and_shown(condition: &mut Condition, scope: &Scope) {
    if scope.organisation.is_some() {
        condition.and("0", []);
    }
}

const COLUMNS: &str = "l.*, i.name AS institution_name, i.region AS institution_region,
    EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'alert-' || l.id) AS damaged";
/// Alerts come first, in the order of the list.
const FROM: &str = "FROM alert l CROSS JOIN institution i ON i.id = l.institution";
/// The same rows, found from the institutions when these are few.
const FROM_FEW: &str = "FROM institution i CROSS JOIN alert l ON l.institution = i.id";

fn read(row: &Row<'_>) -> Result<AlertRow, ViewError> {
    let policy = |id: String| Ok::<_, ViewError>((id, row.get("policy_version")?));
    let handled = |by: String| Ok::<_, ViewError>((by, row.get("handled_role")?));
    let link: Option<LinkTarget> = cell::json(row, "link")?;
    Ok(AlertRow {
        id: cell::id(row, "id")?,
        rule: cell::surely(row, "rule", AlertRule::from_code)?,
        policy: row.get::<_, Option<String>>("policy_id")?.map(policy).transpose()?,
        threshold: row.get("threshold")?,
        severity: cell::surely(row, "severity", AlertSeverity::from_code)?,
        institution: cell::id(row, "institution")?,
        institution_name: row.get("institution_name")?,
        region: row.get("institution_region")?,
        person: cell::maybe(row, "person", cell::uuid)?,
        inspection: cell::maybe(row, "inspection", cell::uuid)?,
        application: row.get("application")?,
        period: row.get("period")?,
        since_date: cell::sure_day(row, "since_date")?,
        due_date: cell::day(row, "due_date")?,
        raised_time: cell::sure_time(row, "raised_time")?,
        evidence: cell::sure_json(row, "evidence")?,
        status: cell::surely(row, "status", Status::from_code)?,
        acknowledged_time: cell::maybe(row, "acknowledged_time", |text| text.parse().ok())?,
        handled_by: row.get::<_, Option<String>>("handled_by")?.map(handled).transpose()?,
        handled_time: cell::maybe(row, "handled_time", |text| text.parse().ok())?,
        ended_date: cell::day(row, "ended_date")?,
        link,
        dismissal: cell::maybe(row, "dismissal", DismissalReason::from_code)?,
        damaged: row.get("damaged")?,
    })
}

/// A page of alerts, newest raised first.
pub(crate) fn page(connection: &Connection, query: &AlertQuery) -> Result<PageOf<AlertRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    and_shown(&mut condition, &query.scope);
    for (column, id) in [
        ("l.institution = ?", query.institution),
        ("i.id = ?", query.institution),
        ("l.person = ?", query.person),
        ("l.inspection = ?", query.inspection),
    ] {
        if let Some(id) = id {
            condition.and(column, [Value::Text(Uuid::to_string(&id))]);
        }
    }
    condition.and_in("l.rule", query.rules.iter().map(|rule| rule.code()));
    condition.and_in("l.status", query.statuses.iter().map(|status| status.code()));
    condition.and_in("l.severity", query.severities.iter().map(|severity| severity.code()));
    if query.open_only {
        condition.and(OPEN, []);
    }
    let one = query.institution.is_some();
    let from = match Reach::of(connection, &query.scope, query.region.as_deref(), one, query.limit)? {
        Reach::Few => FROM_FEW,
        Reach::Nowhere | Reach::All | Reach::Many => FROM,
    };
    let list = List {
        name: "alerts",
        columns: COLUMNS,
        bound: Condition::default(),
        from,
        order: ["l.raised_time", "l.id"],
        descending: true,
    };
    let counted = summed(connection, query)?.map_or(Counted::From(from), Counted::Known);
    let (after, limit) = (query.after.as_deref(), query.limit);
    list.page_counted(connection, condition, after, limit, counted, read)
}

/// How many alerts there are, where the kept sums tell.
fn summed(connection: &Connection, query: &AlertQuery) -> Result<Option<u64>, ViewError> {
    if query.institution.is_some() || query.person.is_some() || query.inspection.is_some() {
        return Ok(None);
    }
    let sum = Reading::open(connection, &query.scope)?.named(query.region.as_deref(), "alert")?;
    let counts = sum.iter().filter_map(|(name, _, n)| match name.as_slice() {
        ["alert", rule, severity, status] => {
            let wanted = (query.rules.is_empty() || query.rules.iter().any(|asked| asked.code() == *rule))
                && (query.severities.is_empty() || query.severities.iter().any(|asked| asked.code() == *severity))
                && (query.statuses.is_empty() || query.statuses.iter().any(|asked| asked.code() == *status))
                && (!query.open_only || is_open(status));
            wanted.then_some(n)
        }
        _ => None,
    });
    Ok(Some(counts.sum()))
}

/// One alert; `None` when absent or outside the scope.
pub(crate) fn one(connection: &Connection, scope: &Scope, id: Uuid) -> Result<Option<AlertRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and_scope("i", scope);
    and_shown(&mut condition, scope);
    condition.and("l.id = ?", [Value::Text(id.to_string())]);
    let list = List {
        name: "alert",
        columns: COLUMNS,
        bound: Condition::default(),
        from: FROM,
        order: ["l.id"],
        descending: false,
    };
    Ok(list.all(connection, &condition, read)?.pop())
}
