//! Incidents: one row each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params_from_iter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use yujian_domain::incident::{Category, Child, IncidentEvent, Outcome, Priority, Severity, Status};
use yujian_domain::time::{day_of, start_of};

use crate::condition::Condition;
use crate::database::{instant, integer, natural, parsed};
use crate::error::ViewError;
use crate::fold::{EventSeen, Table, View, What};
use crate::key;
use crate::model::{IncidentQuery, IncidentRow, Scope};

/// Incidents.
pub(crate) struct Incidents;

/// The institution that an event names, when it does.
pub(crate) fn names(event: &IncidentEvent) -> Option<Uuid> {
    match event {
        IncidentEvent::IncidentNotified(notified) => Some(notified.institution),
        IncidentEvent::RecordImported(row) => Some(row.institution),
        _ => None,
    }
}

/// The institution of an incident that has been folded before.
pub(crate) fn institution_of(connection: &Connection, incident: Uuid) -> Result<Option<Uuid>, ViewError> {
    let found: Option<String> = connection
        .prepare_cached("SELECT institution FROM incident WHERE id = ?")?
        .query_row([incident.to_string()], |row| row.get(0))
        .optional()?;
    found
        .map(|text| parsed(&text, "institution", |text| Uuid::parse_str(text).ok()))
        .transpose()
}

impl View for Incidents {
    fn tables(&self) -> &'static [Table] {
        &[Table {
            name: "incident",
            // `body` holds the whole row as JSON, for folding and reading; the columns beside it are what lists and
            // figures ask for. `ordered_by`: the instant of awareness, or the beginning of the day of intake of an
            // imported case, or empty. `day`: the legal day of that.
            ddl: "CREATE TABLE incident(id TEXT PRIMARY KEY, institution TEXT NOT NULL, category TEXT NOT NULL,
                    status TEXT NOT NULL, open INTEGER NOT NULL, late INTEGER NOT NULL, ordered_by TEXT NOT NULL,
                    day TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
                  CREATE INDEX incident_institution ON incident(institution);
                  CREATE INDEX incident_ordered ON incident(ordered_by, id);",
            key: "id",
        }]
    }

    fn fold(&self, transaction: &Transaction<'_>, seen: &EventSeen<'_>) -> Result<(), ViewError> {
        let (Some(id), Some(institution)) = (seen.incident(), seen.institution) else {
            return Ok(());
        };
        let mut folded = match (Folded::load(transaction, id)?, &seen.what) {
            (Some(folded), _) => folded,
            (None, What::Incident(_)) => Folded::new(institution),
            (None, _) => return Ok(()),
        };
        if let What::Incident(event) = &seen.what {
            folded.apply(event, seen);
        }
        folded.revision = seen.revision.unwrap_or(folded.revision);
        folded.save(transaction, id)
    }
}

/// The row while it is being folded. Written with its members in this order, so equal rows are equal texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Folded {
    institution: Uuid,
    category: Category,
    status: Status,
    occurred_date: Option<Date>,
    awareness_time: Option<Timestamp>,
    intake_date: Option<Date>,
    notified_time: Option<Timestamp>,
    notification_due: Option<Timestamp>,
    late: bool,
    priority: Option<Priority>,
    investigation_due: Option<Date>,
    outcome: Option<Outcome>,
    guardians_due: bool,
    children: BTreeMap<u32, Severity>,
    told: BTreeSet<u32>,
    imported_severity: Option<Severity>,
    external: Option<(String, String)>,
    imported_rows: u64,
    revision: u64,
}

impl Folded {
    fn new(institution: Uuid) -> Self {
        Self {
            institution,
            category: Category::Other,
            status: Status::None,
            occurred_date: None,
            awareness_time: None,
            intake_date: None,
            notified_time: None,
            notification_due: None,
            late: false,
            priority: None,
            investigation_due: None,
            outcome: None,
            guardians_due: false,
            children: BTreeMap::new(),
            told: BTreeSet::new(),
            imported_severity: None,
            external: None,
            imported_rows: 0,
            revision: 0,
        }
    }

    fn apply(&mut self, event: &IncidentEvent, seen: &EventSeen<'_>) {
        match event {
            IncidentEvent::IncidentNotified(notified) => {
                self.category = notified.category;
                self.status = Status::Notified;
                self.occurred_date = notified.occurred.day();
                self.awareness_time = Some(notified.awareness_time);
                self.notified_time = seen.metadata.as_ref().map(|metadata| metadata.received_time);
                self.notification_due = Some(notified.notification_due.due_time);
                self.late = notified.late;
                self.guardians_due = notified.guardians_due;
                self.add(&notified.children);
            }
            IncidentEvent::IncidentSupplemented(supplemented) => {
                self.category = supplemented.category.unwrap_or(self.category);
                self.add(&supplemented.children);
                for known in &supplemented.severities {
                    self.children.insert(known.child, known.severity);
                    self.guardians_due |= known.severity.is_harm();
                }
            }
            IncidentEvent::GuardianNotified(told) => {
                self.told.insert(told.child);
            }
            IncidentEvent::IncidentTriaged(triaged) => {
                self.status = Status::Triaged;
                self.priority = Some(triaged.priority);
            }
            IncidentEvent::InvestigationOpened(opened) => {
                self.status = Status::UnderInvestigation;
                self.investigation_due = Some(opened.due.due_date);
            }
            IncidentEvent::InvestigationCompleted(completed) => {
                self.status = Status::FindingsProposed;
                self.outcome = Some(completed.outcome);
            }
            IncidentEvent::IncidentConcluded(concluded) => {
                self.status = Status::Concluded;
                self.outcome = Some(concluded.outcome);
            }
            IncidentEvent::IncidentReopened(_) => {
                self.status = Status::Reopened;
                self.investigation_due = None;
                self.outcome = None;
            }
            IncidentEvent::RecordImported(row) => {
                if self.status == Status::None {
                    self.status = Status::Imported;
                    self.category = row.category;
                    self.outcome = Some(row.outcome);
                }
                self.occurred_date = self
                    .occurred_date
                    .or(seen.metadata.as_ref().and_then(|m| m.occurred.day()));
                self.intake_date = self.intake_date.or(row.intake_date);
                self.external = Some((row.external.register.clone(), row.external.number.clone()));
                self.imported_rows += 1;
                let harm = self
                    .imported_severity
                    .into_iter()
                    .chain([row.severity])
                    .max_by_key(|s| gravity(*s));
                self.imported_severity = harm;
            }
        }
    }

    fn add(&mut self, children: &[Child]) {
        for child in children {
            self.children.insert(child.number, child.severity);
            self.guardians_due |= child.severity.is_harm();
        }
    }

    /// Neither concluded nor a mere entry of a foreign register.
    fn open(&self) -> bool {
        !matches!(self.status, Status::Concluded | Status::Imported)
    }

    fn severity(&self) -> Severity {
        let children = self.children.values().copied();
        children
            .chain(self.imported_severity)
            .max_by_key(|severity| gravity(*severity))
            .unwrap_or(Severity::None)
    }

    fn load(connection: &Connection, id: Uuid) -> Result<Option<Self>, ViewError> {
        let body: Option<String> = connection
            .prepare_cached("SELECT body FROM incident WHERE id = ?")?
            .query_row([id.to_string()], |row| row.get(0))
            .optional()?;
        body.map(|text| parsed(&text, "body", |text| serde_json::from_str(text).ok()))
            .transpose()
    }

    fn save(&self, connection: &Connection, id: Uuid) -> Result<(), ViewError> {
        let aware = self.awareness_time.or(self.intake_date.map(start_of));
        // Columns that an index holds are written only when they change: most events leave them as they are.
        connection
            .prepare_cached(
                "INSERT INTO incident(id, institution, category, status, open, late, ordered_by, day, body)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT(id) DO UPDATE SET category = ?3, status = ?4, open = ?5, late = ?6, body = ?9",
            )?
            .execute(rusqlite::params![
                id.to_string(),
                self.institution.to_string(),
                self.category.code(),
                self.status.code(),
                self.open(),
                self.late,
                aware.map(instant).unwrap_or_default(),
                aware.map(|time| day_of(time).to_string()).unwrap_or_default(),
                serde_json::to_string(self).expect("a row is plain JSON"),
            ])?;
        connection
            .prepare_cached("UPDATE incident SET ordered_by = ?2, day = ?3 WHERE id = ?1 AND ordered_by <> ?2")?
            .execute(rusqlite::params![
                id.to_string(),
                aware.map(instant).unwrap_or_default(),
                aware.map(|time| day_of(time).to_string()).unwrap_or_default(),
            ])?;
        Ok(())
    }
}

/// How grave, for comparing: not known is more than no harm and less than any known harm.
fn gravity(severity: Severity) -> u8 {
    match severity {
        Severity::None => 0,
        Severity::Unknown => 1,
        Severity::Minor => 2,
        Severity::Medical => 3,
        Severity::Hospital => 4,
        Severity::LifeThreatening => 5,
        Severity::Fatal => 6,
    }
}

const SELECT: &str = "SELECT n.id, n.body, i.name, i.region,
    EXISTS(SELECT 1 FROM damage d WHERE d.stream = 'incident-' || n.id) AS damaged, n.ordered_by
    FROM incident n JOIN institution i ON i.id = n.institution";

fn read(row: &Row<'_>) -> Result<(IncidentRow, String), ViewError> {
    let folded: Folded = parsed(&row.get::<_, String>(1)?, "body", |text| {
        serde_json::from_str(text).ok()
    })?;
    let guardians_open = if folded.guardians_due {
        folded
            .children
            .keys()
            .filter(|child| !folded.told.contains(child))
            .count()
    } else {
        0
    };
    let answer = IncidentRow {
        id: parsed(&row.get::<_, String>(0)?, "id", |text| Uuid::parse_str(text).ok())?,
        institution: folded.institution,
        institution_name: row.get(2)?,
        region: row.get(3)?,
        category: folded.category,
        status: folded.status,
        occurred_date: folded.occurred_date,
        awareness_time: folded.awareness_time,
        notified_time: folded.notified_time,
        notification_due: folded.notification_due,
        late: folded.late,
        priority: folded.priority,
        investigation_due: folded.investigation_due,
        outcome: folded.outcome,
        children: folded.children.len() as u64,
        severity: folded.severity(),
        guardians_open: guardians_open as u64,
        external: folded.external,
        imported_rows: folded.imported_rows,
        revision: folded.revision,
        damaged: row.get(4)?,
    };
    Ok((answer, row.get(5)?))
}

/// One incident within a scope.
pub(crate) fn one(connection: &Connection, scope: &Scope, id: Uuid) -> Result<Option<IncidentRow>, ViewError> {
    let mut condition = Condition::default();
    condition.and("n.id = ?", [Value::Text(id.to_string())]);
    condition.and_scope("i", scope);
    let mut statement = connection.prepare_cached(&format!("{SELECT}{}", condition.sql()))?;
    let mut rows = statement.query(params_from_iter(condition.values()))?;
    rows.next()?.map(|row| read(row).map(|(row, _)| row)).transpose()
}

/// A page of incidents, newest awareness first: rows, key of the next page, rows in all.
pub(crate) fn page(
    connection: &Connection,
    query: &IncidentQuery,
) -> Result<(Vec<IncidentRow>, Option<String>, u64), ViewError> {
    let mut condition = Condition::default();
    condition.and_places(&query.scope, query.region.as_deref());
    if let Some(institution) = query.institution {
        condition.and("n.institution = ?", [Value::Text(institution.to_string())]);
    }
    condition.and_in("n.status", query.statuses.iter().map(|status| status.code()));
    condition.and_in("n.category", query.categories.iter().map(|category| category.code()));
    if query.late_only {
        condition.and("n.late", []);
    }
    if query.open_only {
        condition.and("n.open", []);
    }
    let count = format!(
        "SELECT count(*) FROM incident n JOIN institution i ON i.id = n.institution{}",
        condition.sql()
    );
    let total = connection
        .prepare_cached(&count)?
        .query_row(params_from_iter(condition.values()), |row| Ok(natural(row.get(0)?)))?;
    if let Some(after) = &query.after {
        let [ordered_by, id] = key::decode::<2>("incidents", after)?;
        condition.and(
            "(n.ordered_by, n.id) < (?, ?)",
            [Value::Text(ordered_by), Value::Text(id)],
        );
    }
    let limit = key::limit(query.limit);
    condition.and(
        "1 ORDER BY n.ordered_by DESC, n.id DESC LIMIT ?",
        [Value::Integer(integer(limit as u64 + 1))],
    );
    let mut statement = connection.prepare_cached(&format!("{SELECT}{}", condition.sql()))?;
    let mut found = statement.query(params_from_iter(condition.values()))?;
    let mut rows: Vec<(IncidentRow, String)> = Vec::with_capacity(limit);
    let mut more = false;
    while let Some(row) = found.next()? {
        if rows.len() == limit {
            more = true;
            break;
        }
        rows.push(read(row)?);
    }
    let next = if more {
        rows.last()
            .map(|(row, ordered_by)| key::encode("incidents", &[ordered_by, &row.id.to_string()]))
    } else {
        None
    };
    Ok((rows.into_iter().map(|(row, _)| row).collect(), next, total))
}
