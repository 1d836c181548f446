//! State that decisions about an inspection rest on. It holds no personal data, clear or sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{Answer, ChecklistRef, FindingState, Inspector, Purpose, RecusalGround, Weight};
use crate::institution::Deadline;
use crate::values::{ExternalId, codes};

codes! {
    /// Where an inspection stands.
    #[derive(Default)]
    Status {
        /// Nothing happened yet.
        #[default]
        None = "none" / "无",
        /// Planned.
        Planned = "planned" / "已计划",
        /// Approved.
        Approved = "approved" / "已批准",
        /// Inspectors assigned; approved, or an emergency.
        Assigned = "assigned" / "已派员",
        /// Inspectors are at the site.
        CheckedIn = "checked_in" / "检查中",
        /// The work at the site ended.
        FieldworkCompleted = "fieldwork_completed" / "现场结束",
        /// The draft of the report was issued.
        DraftIssued = "draft_issued" / "征求意见",
        /// The institution commented or waived.
        Commented = "commented" / "已反馈意见",
        /// The report is final.
        Finalized = "finalized" / "已办结",
        /// The result was published.
        Published = "published" / "已公示",
        /// Cancelled before it began.
        Cancelled = "cancelled" / "已取消",
        /// Broken off.
        Aborted = "aborted" / "已中止",
        /// Known from a foreign register only.
        Imported = "imported" / "外部登记",
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Item; empty for an imported one.
    pub item: String,
    /// How grave.
    pub weight: Weight,
    /// Where it stands.
    pub state: FindingState,
    /// Last day of the correction, once ordered.
    pub due_date: Option<Date>,
    /// How often a correction was rejected.
    pub rejected: u32,
    /// How often more time was given.
    pub extended: u32,
    /// Account that claimed the correction last.
    pub claimed_by: Option<String>,
    /// From when it stands there (legal effect), when known.
    pub since: Option<Timestamp>,
}

/// The inspection as decisions see it. Its id is the one of its stream and of the context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// Where it stands.
    pub status: Status,
    /// From when it stands there (legal effect), when known: the next state may not begin earlier.
    pub status_from: Option<Timestamp>,
    /// Institution, after the first event.
    pub institution: Option<Uuid>,
    /// Purpose.
    pub purpose: Option<Purpose>,
    /// Whether an emergency.
    pub emergency: bool,
    /// Whether ordered from above.
    pub ordered_from_above: bool,
    /// Whether the institution is told of the visit before it.
    pub announced: bool,
    /// Checklist.
    pub checklist: Option<ChecklistRef>,
    /// Dimensions; empty: all.
    pub dimensions: Vec<String>,
    /// Window.
    pub window: Option<(Date, Date)>,
    /// Account that planned it.
    pub planned_by: Option<String>,
    /// Whether approved.
    pub approved: bool,
    /// Approval to be given by, when check-in came first.
    pub approval_due: Option<Deadline>,
    /// Inspectors by person.
    pub inspectors: BTreeMap<Uuid, Inspector>,
    /// Recusals asked for and not decided, by person, with the account that asked.
    pub recusals: BTreeMap<Uuid, (RecusalGround, String)>,
    /// Inspectors who stood aside: they can't be assigned again.
    pub recused: Vec<Uuid>,
    /// When the inspectors arrived.
    pub arrived_time: Option<Timestamp>,
    /// Latest answers by item.
    pub answers: BTreeMap<String, Answer>,
    /// Findings by number.
    pub findings: BTreeMap<u32, Finding>,
    /// Technical assistance by number, with its item.
    pub assistance: BTreeMap<u32, String>,
    /// Comments to be handed in by.
    pub comments_due: Option<Deadline>,
    /// Day on which the report became final.
    pub finalized_date: Option<Date>,
    /// Number in the foreign register, of an imported one.
    pub register: Option<ExternalId>,
    /// How many rows of that register the stream holds.
    pub imported_rows: u32,
}
