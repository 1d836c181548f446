//! Inspections (检查), findings (问题), corrections (整改) and the counter of visits. Free text stays sealed as stored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::inspection::{
    Answer, ChecklistRef, CorrectionCheck, Extent, FindingState, ImmediateMeasure, Purpose, RecusalGround, Status,
    Weight,
};
use yujian_domain::institution::Deadline;
use yujian_domain::person::Post;
use yujian_domain::personal::Personal;
use yujian_domain::values::{ClassType, ExternalId};

use super::{AsOf, Scope};

/// Which inspections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InspectionQuery {
    /// What the caller may see, by the institution. An operator sees those that were announced, and those whose inspectors
    /// have come.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// Only those to which this person is assigned as inspector.
    pub inspector: Option<Uuid>,
    /// Only these states; empty: all.
    pub statuses: Vec<Status>,
    /// Only these purposes; empty: all.
    pub purposes: Vec<Purpose>,
    /// Only visits of these days, both included (time basis: occurred).
    pub visited_between: Option<(Date, Date)>,
    /// Only those that are neither final nor broken off nor cancelled.
    pub open_only: bool,
    /// Keyset: rows after this key. Newest day first: of the visit, else the first of the window; imported ones without a
    /// day last.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionRow {
    /// Id.
    pub id: Uuid,
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Where it stands.
    pub status: Status,
    /// Purpose.
    pub purpose: Purpose,
    /// Whether it could not wait for approval.
    pub emergency: bool,
    /// Whether ordered from above.
    pub ordered_from_above: bool,
    /// Whether the institution was told before.
    pub announced: bool,
    /// Checklist.
    pub checklist: Option<ChecklistRef>,
    /// Window: first and last day.
    pub window: Option<(Date, Date)>,
    /// Number of the approval.
    pub approval_number: Option<String>,
    /// Whether the approval came after its deadline.
    pub approved_late: bool,
    /// Approval to be given by, while it is owed (emergency).
    pub approval_due: Option<Deadline>,
    /// Inspectors assigned.
    pub inspectors: u64,
    /// When the inspectors arrived, as exactly as known.
    pub arrived_time: Option<Timestamp>,
    /// Legal day of the visit.
    pub visited_date: Option<Date>,
    /// Whether the check-in was filled in afterwards.
    pub backfilled: bool,
    /// Class types with more children to a carer than policy allows, by the latest count.
    pub ratio_exceeded: Vec<ClassType>,
    /// Items answered, by the code of the latest answer.
    pub answers: BTreeMap<String, u64>,
    /// Findings.
    pub findings: u64,
    /// Of them neither corrected nor verified.
    pub open_findings: u64,
    /// Technical assistance given.
    pub assistance: u64,
    /// Comments to the draft to be handed in by.
    pub comments_due: Option<Deadline>,
    /// Points of items that were met and points of items that apply and were looked at, once final.
    pub points: Option<(u32, u32)>,
    /// Veto items that were not met, once final.
    pub vetoes: Option<u32>,
    /// Legal day on which the report became final.
    pub finalized_date: Option<Date>,
    /// Legal day on which the result was published.
    pub published_date: Option<Date>,
    /// Number in the foreign register, of an imported one.
    pub external: Option<ExternalId>,
    /// Rows of that register.
    pub imported_rows: u64,
    /// Revision folded.
    pub revision: u64,
    /// Whether a record of its stream is damaged.
    pub damaged: bool,
}

/// An inspector of an inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectorRow {
    /// Person.
    pub person: Uuid,
    /// Account in Yujian.
    pub account: String,
    /// Name, sealed; `None` when the person is not known to the views.
    pub name: Option<Personal>,
    /// Number of the enforcement certificate within the person.
    pub credential: u32,
    /// Last day of its validity.
    pub expiry_date: Option<Date>,
    /// Recusal asked for and not decided.
    pub recusal: Option<RecusalGround>,
}

/// The latest answer to an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// Item.
    pub item: String,
    /// Its dimension; `None` when the checklist is not known to the views.
    pub dimension: Option<String>,
    /// Its points.
    pub points: Option<u32>,
    /// Result.
    pub answer: Answer,
    /// What was seen, sealed.
    pub observation: Option<Personal>,
    /// SHA-256 of pieces of evidence, hex.
    pub evidence: Vec<String>,
}

/// The result of one dimension of the checklist. Items of the chosen dimensions without an answer count as not checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DimensionRow {
    /// Code of the dimension.
    pub dimension: String,
    /// Items met.
    pub compliant: u64,
    /// Items not met.
    pub noncompliant: u64,
    /// Items that do not apply.
    pub not_applicable: u64,
    /// Items that apply and were not looked at.
    pub not_checked: u64,
    /// Points of items met.
    pub points: u64,
    /// Points of items met or not met.
    pub points_of: u64,
}

/// Who was there, by the latest count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceRow {
    /// Children by class type.
    pub children: BTreeMap<ClassType, u32>,
    /// Carers by class type.
    pub carers: BTreeMap<ClassType, u32>,
    /// Other staff by post.
    pub staff: BTreeMap<Post, u32>,
    /// Class types with more children to a carer than policy allows.
    pub ratio_exceeded: Vec<ClassType>,
}

/// Technical assistance, which is no finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssistanceRow {
    /// Number within the inspection.
    pub number: u32,
    /// Item; the standard in the register's words, when imported.
    pub item: String,
    /// Dimension; empty when imported.
    pub dimension: String,
    /// Advice, sealed.
    pub advice: Option<Personal>,
    /// Whether imported.
    pub imported: bool,
}

/// A draft of the report with the answer of the institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRow {
    /// SHA-256 of the draft, hex.
    pub draft_sha256: String,
    /// Legal day of its issue, when known.
    pub issued_date: Option<Date>,
    /// Comments to be handed in by.
    pub comments_due: Deadline,
    /// Legal day of the comments, when they came and it is known.
    pub commented_date: Option<Date>,
    /// Whether the institution has commented or waived.
    pub commented: bool,
    /// Comments, sealed.
    pub comments: Option<Personal>,
    /// Whether they came late.
    pub late: bool,
}

/// A visit in the counter of the year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRow {
    /// Inspection.
    pub inspection: Uuid,
    /// Purpose.
    pub purpose: Purpose,
    /// Whether it counts against the cap.
    pub counts: bool,
    /// Cap of the day, when it counts.
    pub cap: Option<u32>,
}

/// One inspection with everything that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionDetail {
    /// The row.
    pub row: InspectionRow,
    /// Dimensions to be looked at; empty: all.
    pub dimensions: Vec<String>,
    /// Other bureaus that come along.
    pub joint_bodies: Vec<String>,
    /// Inspectors assigned.
    pub inspectors: Vec<InspectorRow>,
    /// Inspectors who stood aside.
    pub recused: Vec<Uuid>,
    /// Latest answers, in order of item.
    pub answers: Vec<AnswerRow>,
    /// Result by dimension, in the order of the checklist; empty when the checklist is not known to the views.
    pub results: Vec<DimensionRow>,
    /// Who was there.
    pub presence: Option<PresenceRow>,
    /// Findings by number.
    pub findings: Vec<FindingRow>,
    /// Technical assistance by number.
    pub assistance: Vec<AssistanceRow>,
    /// Draft and comments.
    pub draft: Option<DraftRow>,
    /// Conclusion, sealed.
    pub conclusion: Option<Personal>,
    /// Where the result was published.
    pub published_at: Option<String>,
    /// Visits of the institution in the calendar year of the visit (else of the window), in the order counted. Those
    /// given back are not among them.
    pub visits: Vec<VisitRow>,
    /// Damaged records of its stream: (stream, problem).
    pub damaged: Vec<(String, String)>,
    /// Freshness.
    pub as_of: AsOf,
}

/// Which findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingQuery {
    /// What the caller may see, by the institution.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// One inspection.
    pub inspection: Option<Uuid>,
    /// Only these states; empty: all.
    pub states: Vec<FindingState>,
    /// Only these weights; empty: all.
    pub weights: Vec<Weight>,
    /// Only these dimensions, by code; empty: all.
    pub dimensions: Vec<String>,
    /// Only those whose correction was due before this day and is neither claimed nor verified.
    pub overdue_at: Option<Date>,
    /// Only imported ones, or only others.
    pub imported: Option<bool>,
    /// Only those that are neither corrected nor verified; imported ones are not among them.
    pub open_only: bool,
    /// Keyset: rows after this key. Newest cited first, those without a day last.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// Inspection.
    pub inspection: Uuid,
    /// Number within it.
    pub finding: u32,
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Item; the standard in the register's words, when imported.
    pub item: String,
    /// Dimension; empty when imported.
    pub dimension: String,
    /// How grave.
    pub weight: Weight,
    /// How far it reaches.
    pub extent: Option<Extent>,
    /// Children at risk.
    pub children_at_risk: u32,
    /// Measure ordered on the spot.
    pub measure: Option<ImmediateMeasure>,
    /// Where it stands.
    pub state: FindingState,
    /// Legal day on which it was cited (imported: of the visit), when known.
    pub cited_date: Option<Date>,
    /// Last day of the correction, once ordered.
    pub due_date: Option<Date>,
    /// Legal day of the latest claim that it is corrected, when known.
    pub claimed_date: Option<Date>,
    /// Whether that claim came after the last day.
    pub claimed_late: bool,
    /// Legal day of the correction: on the site, or verified, or as the register says.
    pub corrected_date: Option<Date>,
    /// How the correction was verified.
    pub check: Option<CorrectionCheck>,
    /// How often a correction was rejected.
    pub rejected: u32,
    /// How often more time was given.
    pub extended: u32,
    /// Whether imported.
    pub imported: bool,
    /// What was found, sealed.
    pub description: Option<Personal>,
    /// Whether a record of the inspection's stream is damaged.
    pub damaged: bool,
}

impl FindingRow {
    /// Whether the correction is overdue on a legal day: due before it and neither claimed nor verified.
    #[must_use]
    pub fn overdue_on(&self, day: Date) -> bool {
        matches!(self.state, FindingState::CorrectionDue | FindingState::Overdue)
            && self.due_date.is_some_and(|due| due < day)
    }
}
