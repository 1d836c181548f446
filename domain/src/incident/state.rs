//! State that decisions about an incident rest on. It holds no personal data, clear or sealed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Category, Outcome, Priority, Severity};
use crate::institution::Deadline;
use crate::time::Occurred;
use crate::values::{ExternalId, codes};

codes! {
    /// Where an incident stands.
    #[derive(Default)]
    Status {
        /// Nothing happened yet.
        #[default]
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

/// The incident as decisions see it. Its id is the one of its stream and of the context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incident {
    /// Where it stands.
    pub status: Status,
    /// From when it stands there (legal effect), when known: the next state may not begin earlier.
    pub status_from: Option<Timestamp>,
    /// Institution, after the first event.
    pub institution: Option<Uuid>,
    /// Category as last told, after the first event.
    pub category: Option<Category>,
    /// When it happened, of a notified incident.
    pub occurred: Option<Occurred>,
    /// When the institution became aware (UTC); clocks of the notification run from here.
    pub awareness_time: Option<Timestamp>,
    /// Deadline of the notification, as computed when it came in.
    pub notification_due: Option<Deadline>,
    /// Whether the notification came after its deadline (迟报).
    pub late: bool,
    /// Children by number with their harm as last told.
    pub children: BTreeMap<u32, Severity>,
    /// Since when Yujian knows of a child (UTC): awareness for the notification's, receipt for those told later. The
    /// clock for telling the guardian runs from here.
    pub child_known: BTreeMap<u32, Timestamp>,
    /// Children whose guardians were told.
    pub told: BTreeSet<u32>,
    /// Whether guardians must be told: the policy of the notified category says so, or a child was harmed.
    pub guardians_due: bool,
    /// Priority of the last triage.
    pub priority: Option<Priority>,
    /// Whether triage found it a matter for this authority; reopening makes it one.
    pub regulatory: Option<bool>,
    /// The running or completed investigation's due.
    pub investigation_due: Option<Deadline>,
    /// Account of the person who completed the investigation.
    pub completed_by: Option<String>,
    /// Proposed or final outcome; none again after reopening.
    pub outcome: Option<Outcome>,
    /// Case number in the foreign register, of an imported case.
    pub register: Option<ExternalId>,
    /// How many rows of that register the stream holds.
    pub imported_rows: u32,
}
