//! Incidents.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::incident;

use super::Scope;

/// Which incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// What the caller may see.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// Only these states; empty: all.
    pub statuses: Vec<incident::Status>,
    /// Only these categories; empty: all.
    pub categories: Vec<incident::Category>,
    /// Only late notifications.
    pub late_only: bool,
    /// Only cases that are not concluded.
    pub open_only: bool,
    /// Keyset: rows after this key. Newest awareness first.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Id.
    pub id: Uuid,
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Category.
    pub category: incident::Category,
    /// State.
    pub status: incident::Status,
    /// Legal day on which it happened, when known.
    pub occurred_date: Option<Date>,
    /// When the institution became aware.
    pub awareness_time: Option<Timestamp>,
    /// When the notification came in.
    pub notified_time: Option<Timestamp>,
    /// Notification due.
    pub notification_due: Option<Timestamp>,
    /// Whether it came late.
    pub late: bool,
    /// Priority.
    pub priority: Option<incident::Priority>,
    /// Investigation due.
    pub investigation_due: Option<Date>,
    /// Outcome.
    pub outcome: Option<incident::Outcome>,
    /// Children concerned.
    pub children: u64,
    /// Gravest harm.
    pub severity: incident::Severity,
    /// Children whose guardians have not been told although they must.
    pub guardians_open: u64,
    /// Register and number, when imported.
    pub external: Option<(String, String)>,
    /// Imported rows (harms) of the case.
    pub imported_rows: u64,
    /// Revision folded.
    pub revision: u64,
    /// Whether a record of its stream is damaged.
    pub damaged: bool,
}
