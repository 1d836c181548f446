//! State that decisions about an incident rest on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Category, Outcome, Severity};
use crate::institution::Deadline;
use crate::values::codes;

codes! {
    /// Where an incident stands.
    Status {
        /// Nothing happened yet.
        None = "none" / "无",
        /// Notified.
        Notified = "notified" / "已报告",
        /// Triaged.
        Triaged = "triaged" / "已研判",
        /// Under investigation.
        UnderInvestigation = "under_investigation" / "调查中",
        /// Investigated, findings proposed.
        FindingsProposed = "findings_proposed" / "已提出结论",
        /// Concluded.
        Concluded = "concluded" / "已办结",
        /// Reopened.
        Reopened = "reopened" / "重新调查",
        /// Known from a foreign register only.
        Imported = "imported" / "外部登记",
    }
}

/// The incident as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Id; nil before the first event.
    pub id: Uuid,
    /// Where it stands.
    pub status: Status,
    /// Institution, after the first event.
    pub institution: Option<Uuid>,
    /// Category, after the first event.
    pub category: Option<Category>,
    /// When the institution became aware.
    pub awareness_time: Option<Timestamp>,
    /// Children by number with their harm.
    pub children: BTreeMap<u32, Severity>,
    /// Children whose guardians were told.
    pub told: BTreeSet<u32>,
    /// Whether guardians must be told.
    pub guardians_due: bool,
    /// Investigation due.
    pub investigation_due: Option<Deadline>,
    /// Account of the person who completed the investigation.
    pub completed_by: Option<String>,
    /// Proposed or final outcome.
    pub outcome: Option<Outcome>,
    /// Whether triage found it a matter for this authority.
    pub regulatory: Option<bool>,
    /// Imported rows by row identity (ordinal and details), to see whether a row is news.
    pub imported_rows: u32,
}

impl Default for Incident {
    fn default() -> Self {
        Self {
            id: Uuid::nil(),
            status: Status::None,
            institution: None,
            category: None,
            awareness_time: None,
            children: BTreeMap::new(),
            told: BTreeSet::new(),
            guardians_due: false,
            investigation_due: None,
            completed_by: None,
            outcome: None,
            regulatory: None,
            imported_rows: 0,
        }
    }
}
