//! Commands of the inspection family.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{
    AbortReason, Answer, BackfillReason, CancelReason, CheckInMethod, CorrectionCheck, Extent, ImmediateMeasure,
    ImportedKind, Purpose, RecusalGround, Signature, Weight,
};
use crate::person::Post;
use crate::personal::Sensitive;
use crate::values::{ClassType, ExternalId, Point};

/// A version of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistRef {
    /// Id, e.g. `wst-821`.
    pub id: String,
    /// Version.
    pub version: u32,
}

/// Plans an inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanInspection {
    /// Institution.
    pub institution: Uuid,
    /// Purpose.
    pub purpose: Purpose,
    /// Whether it can't wait for approval: check-in may come first, and the approval is given after it.
    pub emergency: bool,
    /// Ordered from above (a special that does not count against the cap).
    pub ordered_from_above: bool,
    /// Checklist.
    pub checklist: ChecklistRef,
    /// Dimensions of it to be looked at, by code; empty: all.
    pub dimensions: Vec<String>,
    /// First day of the window.
    pub from_date: Date,
    /// Last day of it.
    pub to_date: Date,
    /// Whether the institution is told before.
    pub announced: bool,
    /// Other bureaus that come along (综合查一次), in Chinese.
    pub joint_bodies: Vec<String>,
}

/// Approves a planned inspection, or one that had to begin before. Another person than the one who planned it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApproveInspection {
    /// Number of the approval (行政检查审批表).
    pub approval_number: String,
}

/// One inspector to be assigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectorInput {
    /// Person, whose enforcement certificate is looked up.
    pub person: Uuid,
    /// Whether the inspector declares to have no conflict of interest.
    pub no_conflict: bool,
}

/// Assigns inspectors, in place of those assigned before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssignInspectors {
    /// Two or more.
    pub inspectors: Vec<InspectorInput>,
}

/// Asks that an inspector stands aside (申请回避).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecusal {
    /// Inspector.
    pub person: Uuid,
    /// Ground.
    pub ground: RecusalGround,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Sensitive>,
}

/// Decides on a recusal. Granted: the inspector is no longer assigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecideRecusal {
    /// Inspector.
    pub person: Uuid,
    /// Whether granted.
    pub granted: bool,
}

/// Checks in at the site. When stands in the header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckIn {
    /// How.
    pub method: CheckInMethod,
    /// Where the device was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
}

/// Fills a check-in in afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackfillCheckIn {
    /// When the inspectors arrived (UTC).
    pub arrived_time: Timestamp,
    /// Why not then.
    pub reason: BackfillReason,
}

/// Counts who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountPresence {
    /// Children by class type.
    pub children: BTreeMap<ClassType, u32>,
    /// Carers by class type.
    pub carers: BTreeMap<ClassType, u32>,
    /// Other staff on duty by post.
    pub staff: BTreeMap<Post, u32>,
}

/// Answer to one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemAnswer {
    /// Item, by its code in the checklist.
    pub item: String,
    /// Result.
    pub answer: Answer,
    /// What was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observation: Option<Sensitive>,
    /// SHA-256 of pieces of evidence, hex.
    pub evidence: Vec<String>,
}

/// Answers items; a later answer to the same item takes the place of the earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerItems {
    /// Answers, each item once.
    pub answers: Vec<ItemAnswer>,
}

/// Cites a finding (问题).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CiteFinding {
    /// Item of the checklist that was answered as not met.
    pub item: String,
    /// How grave.
    pub weight: Weight,
    /// How far it reaches.
    pub extent: Extent,
    /// Children at risk.
    pub children_at_risk: u32,
    /// Measure ordered on the spot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<ImmediateMeasure>,
    /// What was found.
    pub description: Sensitive,
}

/// Gives technical assistance: advice on an item that is no finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GiveTechnicalAssistance {
    /// Item.
    pub item: String,
    /// Advice.
    pub advice: Sensitive,
}

/// Records that a finding was put right before the inspectors left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordCorrectedOnSite {
    /// Number of the finding within the inspection, from 1.
    pub finding: u32,
}

/// Orders the correction of a finding (责令改正).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderCorrection {
    /// Number of the finding.
    pub finding: u32,
    /// Last day.
    pub due_date: Date,
}

/// Ends the work at the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompleteFieldwork {
    /// SHA-256 of the record that was read out and signed (现场检查笔录), hex.
    pub record_sha256: String,
    /// Signed or refused.
    pub signature: Signature,
    /// Witness, when signing was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Sensitive>,
    /// What the institution says to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Sensitive>,
}

/// Breaks an inspection off at the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbortInspection {
    /// Reason.
    pub reason: AbortReason,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Sensitive>,
}

/// Cancels an inspection that has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CancelInspection {
    /// Reason.
    pub reason: CancelReason,
}

/// Issues the draft of the report; the institution's time to comment begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueDraft {
    /// SHA-256 of the draft, hex.
    pub draft_sha256: String,
}

/// Comments on the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommentOnDraft {
    /// Comments; `None`: the institution has none and waives the rest of its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<Sensitive>,
}

/// Finalizes the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FinalizeInspection {
    /// Result in words.
    pub conclusion: Sensitive,
    /// SHA-256 of the report, hex.
    pub report_sha256: String,
}

/// Publishes the result (一公开).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishInspection {
    /// Where, e.g. the address of the notice.
    pub place: String,
}

/// Says that a finding is corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimCorrection {
    /// Number of the finding.
    pub finding: u32,
    /// What was done.
    pub description: Sensitive,
    /// SHA-256 of pieces of evidence, hex.
    pub evidence: Vec<String>,
}

/// Verifies a correction (复查).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyCorrection {
    /// Number of the finding.
    pub finding: u32,
    /// How.
    pub check: CorrectionCheck,
}

/// Finds that a correction is none, and orders it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectCorrection {
    /// Number of the finding.
    pub finding: u32,
    /// How it was looked at.
    pub check: CorrectionCheck,
    /// What is still wrong.
    pub reason: Sensitive,
    /// New last day.
    pub due_date: Date,
}

/// Gives more time for a correction. Two persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtendCorrection {
    /// Number of the finding.
    pub finding: u32,
    /// New last day.
    pub due_date: Date,
    /// Reason.
    pub reason: Sensitive,
    /// Account of the second person, who approved.
    pub approver: String,
}

/// Records that a correction is overdue. Given by Yujian itself when the day has passed; the effect is that of the day
/// after the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkCorrectionOverdue {
    /// Number of the finding.
    pub finding: u32,
    /// The last day that has passed.
    pub due_date: Date,
}

/// One row of a foreign register of findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordImportedInspection {
    /// At which institution.
    pub institution: Uuid,
    /// The visit's number in the register, or the institution's where the register knows no visits.
    pub external: ExternalId,
    /// Ordinal of this row among the equal rows of its visit, from 1.
    pub ordinal: u32,
    /// Day of the visit, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_date: Option<Date>,
    /// What the row records.
    pub kind: ImportedKind,
    /// The standard in the register's words.
    pub standard: String,
    /// How grave in our terms.
    pub weight: Weight,
    /// Day of the correction, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_date: Option<Date>,
    /// Further columns in the register's own words, by name. They stay in clear: a column that may name people belongs
    /// into `narrative`.
    pub details: BTreeMap<String, String>,
    /// What was found, in the register's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Sensitive>,
}

macro_rules! commands {
    ($( $(#[$doc:meta])* $variant:ident($part:ident), )*) => {
        /// Commands of the inspection family.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "command", rename_all = "snake_case")]
        pub enum InspectionCommand { $( $(#[$doc])* $variant($part), )* }
        $( impl From<$part> for InspectionCommand {
            fn from(command: $part) -> Self { Self::$variant(command) }
        } )*
    };
}

commands! {
    /// See [`PlanInspection`].
    Plan(PlanInspection),
    /// See [`ApproveInspection`].
    Approve(ApproveInspection),
    /// See [`AssignInspectors`].
    AssignInspectors(AssignInspectors),
    /// See [`RequestRecusal`].
    RequestRecusal(RequestRecusal),
    /// See [`DecideRecusal`].
    DecideRecusal(DecideRecusal),
    /// See [`CheckIn`].
    CheckIn(CheckIn),
    /// See [`BackfillCheckIn`].
    BackfillCheckIn(BackfillCheckIn),
    /// See [`CountPresence`].
    CountPresence(CountPresence),
    /// See [`AnswerItems`].
    AnswerItems(AnswerItems),
    /// See [`CiteFinding`].
    CiteFinding(CiteFinding),
    /// See [`GiveTechnicalAssistance`].
    GiveTechnicalAssistance(GiveTechnicalAssistance),
    /// See [`RecordCorrectedOnSite`].
    RecordCorrectedOnSite(RecordCorrectedOnSite),
    /// See [`OrderCorrection`].
    OrderCorrection(OrderCorrection),
    /// See [`CompleteFieldwork`].
    CompleteFieldwork(CompleteFieldwork),
    /// See [`AbortInspection`].
    Abort(AbortInspection),
    /// See [`CancelInspection`].
    Cancel(CancelInspection),
    /// See [`IssueDraft`].
    IssueDraft(IssueDraft),
    /// See [`CommentOnDraft`].
    CommentOnDraft(CommentOnDraft),
    /// See [`FinalizeInspection`].
    Finalize(FinalizeInspection),
    /// See [`PublishInspection`].
    Publish(PublishInspection),
    /// See [`ClaimCorrection`].
    ClaimCorrection(ClaimCorrection),
    /// See [`VerifyCorrection`].
    VerifyCorrection(VerifyCorrection),
    /// See [`RejectCorrection`].
    RejectCorrection(RejectCorrection),
    /// See [`ExtendCorrection`].
    ExtendCorrection(ExtendCorrection),
    /// See [`MarkCorrectionOverdue`].
    MarkCorrectionOverdue(MarkCorrectionOverdue),
    /// See [`RecordImportedInspection`].
    RecordImported(RecordImportedInspection),
}
