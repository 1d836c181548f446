//! Events of the inspection family, `inspection.….v1`. Free text is personal, under the subject `inspection-<id>.text`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    AbortReason, Answer, BackfillReason, CancelReason, CheckInMethod, ChecklistRef, CorrectionCheck, Extent,
    ImmediateMeasure, ImportedKind, Purpose, RecusalGround, Signature, Weight,
};
use crate::event_family;
use crate::institution::Deadline;
use crate::person::Post;
use crate::personal::Personal;
use crate::values::{ClassType, ExternalId, Point};

/// An inspection was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionPlanned {
    /// Institution.
    pub institution: Uuid,
    /// Purpose.
    pub purpose: Purpose,
    /// Whether it could not wait for approval.
    pub emergency: bool,
    /// Whether ordered from above.
    pub ordered_from_above: bool,
    /// Checklist.
    pub checklist: ChecklistRef,
    /// SHA-256 of the checklist's document, hex.
    pub checklist_sha256: String,
    /// Dimensions to be looked at; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<String>,
    /// First day of the window.
    pub from_date: Date,
    /// Last day of it.
    pub to_date: Date,
    /// Whether the institution is told before.
    pub announced: bool,
    /// Other bureaus that come along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joint_bodies: Vec<String>,
}

/// An inspection was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionApproved {
    /// Number of the approval.
    pub approval_number: String,
    /// Whether it was given after the check-in (emergency).
    pub after_check_in: bool,
    /// Whether it came after its deadline.
    pub late: bool,
}

/// An inspector as assigned, with the certificate that was valid then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspector {
    /// Person.
    pub person: Uuid,
    /// Account in Yujian.
    pub account: String,
    /// Number of the enforcement certificate within the person.
    pub credential: u32,
    /// Last day of its validity, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Date>,
}

/// Inspectors were assigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectorsAssigned {
    /// Inspectors.
    pub inspectors: Vec<Inspector>,
}

/// Somebody asked that an inspector stands aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecusalRequested {
    /// Inspector.
    pub person: Uuid,
    /// Ground.
    pub ground: RecusalGround,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal>,
}

/// A recusal was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecusalDecided {
    /// Inspector.
    pub person: Uuid,
    /// Whether granted.
    pub granted: bool,
}

/// Inspectors checked in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectorCheckedIn {
    /// How.
    pub method: CheckInMethod,
    /// Where the device was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Approval to be given by, when it had not been given (emergency).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_due: Option<Deadline>,
}

/// A check-in was filled in afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckInBackfilled {
    /// When the inspectors arrived.
    pub arrived_time: Timestamp,
    /// Why not then.
    pub reason: BackfillReason,
    /// Whether it came after the days that policy allows.
    pub late: bool,
    /// Approval to be given by, when it had not been given (emergency).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_due: Option<Deadline>,
}

/// Who was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresenceCounted {
    /// Children by class type.
    pub children: BTreeMap<ClassType, u32>,
    /// Carers by class type.
    pub carers: BTreeMap<ClassType, u32>,
    /// Other staff by post.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub staff: BTreeMap<Post, u32>,
    /// Class types with more children to a carer than policy allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ratio_exceeded: Vec<ClassType>,
}

/// Answer to one item, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredAnswer {
    /// Item.
    pub item: String,
    /// Result.
    pub answer: Answer,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<Personal>,
    /// SHA-256 of pieces of evidence, hex.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// Items were answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemsAnswered {
    /// Answers.
    pub answers: Vec<StoredAnswer>,
}

/// A finding was cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingCited {
    /// Number within the inspection, from 1; shared with technical assistance.
    pub finding: u32,
    /// Item.
    pub item: String,
    /// Dimension of the item.
    pub dimension: String,
    /// How grave.
    pub weight: Weight,
    /// How far it reaches.
    pub extent: Extent,
    /// Children at risk.
    pub children_at_risk: u32,
    /// Measure ordered on the spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<ImmediateMeasure>,
    /// What was found.
    pub description: Personal,
}

/// Technical assistance was given; it is no finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TechnicalAssistanceGiven {
    /// Number within the inspection, from 1; shared with findings.
    pub number: u32,
    /// Item.
    pub item: String,
    /// Dimension of the item.
    pub dimension: String,
    /// Advice.
    pub advice: Personal,
}

/// A finding was put right before the inspectors left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectedOnSite {
    /// Number of the finding.
    pub finding: u32,
}

/// Correction was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionOrdered {
    /// Number of the finding.
    pub finding: u32,
    /// Last day.
    pub due_date: Date,
}

/// The work at the site ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldworkCompleted {
    /// SHA-256 of the signed record, hex.
    pub record_sha256: String,
    /// Signed or refused.
    pub signature: Signature,
    /// Witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Personal>,
    /// What the institution says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Personal>,
    /// Items of the chosen dimensions.
    pub items: u32,
    /// Of them not looked at, or left without an answer.
    pub not_checked: u32,
}

/// The inspection was broken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionAborted {
    /// Reason.
    pub reason: AbortReason,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal>,
}

/// The inspection was cancelled before it began; a counted visit is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionCancelled {
    /// Reason.
    pub reason: CancelReason,
}

/// The draft of the report was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftReportIssued {
    /// SHA-256 of the draft, hex.
    pub draft_sha256: String,
    /// Comments to be handed in by.
    pub comments_due: Deadline,
}

/// The institution commented, or waived the rest of its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftCommented {
    /// Comments; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<Personal>,
    /// Whether they came after their deadline.
    pub late: bool,
}

/// The report is final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionFinalized {
    /// Result in words.
    pub conclusion: Personal,
    /// SHA-256 of the report, hex.
    pub report_sha256: String,
    /// Points of items that were met.
    pub points: u32,
    /// Points of items that apply and were looked at.
    pub points_of: u32,
    /// Veto items that were not met.
    pub vetoes: u32,
    /// Findings that stand.
    pub findings: u32,
}

/// The result was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionPublished {
    /// Where.
    pub place: String,
    /// Whether it came after the days that policy allows.
    pub late: bool,
}

/// The institution says that a finding is corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionClaimed {
    /// Number of the finding.
    pub finding: u32,
    /// What was done.
    pub description: Personal,
    /// SHA-256 of pieces of evidence, hex.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Whether it came after the last day.
    pub late: bool,
}

/// A correction was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionVerified {
    /// Number of the finding.
    pub finding: u32,
    /// How.
    pub check: CorrectionCheck,
}

/// A correction was found to be none, and ordered anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRejected {
    /// Number of the finding.
    pub finding: u32,
    /// How it was looked at.
    pub check: CorrectionCheck,
    /// What is still wrong.
    pub reason: Personal,
    /// New last day.
    pub due_date: Date,
    /// How often it has been rejected by now.
    pub times: u32,
}

/// More time was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionExtended {
    /// Number of the finding.
    pub finding: u32,
    /// New last day.
    pub due_date: Date,
    /// Reason.
    pub reason: Personal,
    /// Account of the second person.
    pub approver: String,
}

/// A correction is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionOverdue {
    /// Number of the finding.
    pub finding: u32,
    /// Last day, which has passed.
    pub due_date: Date,
}

/// A row of a foreign register of findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionImported {
    /// Number within the inspection, from 1.
    pub number: u32,
    /// Institution.
    pub institution: Uuid,
    /// The visit's number in the register.
    pub external: ExternalId,
    /// Ordinal among equals within its visit.
    pub ordinal: u32,
    /// Day of the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_date: Option<Date>,
    /// What the row records.
    pub kind: ImportedKind,
    /// The standard in the register's words.
    pub standard: String,
    /// How grave.
    pub weight: Weight,
    /// Day of the correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_date: Option<Date>,
    /// Further columns, in clear.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Personal>,
}

event_family! {
    /// Events of an inspection's stream.
    pub enum InspectionEvent, upcasters &[], {
        /// See [`InspectionPlanned`].
        InspectionPlanned = "inspection.InspectionPlanned.v1",
        /// See [`InspectionApproved`].
        InspectionApproved = "inspection.InspectionApproved.v1",
        /// See [`InspectorsAssigned`].
        InspectorsAssigned = "inspection.InspectorsAssigned.v1",
        /// See [`RecusalRequested`].
        RecusalRequested = "inspection.RecusalRequested.v1",
        /// See [`RecusalDecided`].
        RecusalDecided = "inspection.RecusalDecided.v1",
        /// See [`InspectorCheckedIn`].
        InspectorCheckedIn = "inspection.InspectorCheckedIn.v1",
        /// See [`CheckInBackfilled`].
        CheckInBackfilled = "inspection.CheckInBackfilled.v1",
        /// See [`PresenceCounted`].
        PresenceCounted = "inspection.PresenceCounted.v1",
        /// See [`ItemsAnswered`].
        ItemsAnswered = "inspection.ItemsAnswered.v1",
        /// See [`FindingCited`].
        FindingCited = "inspection.FindingCited.v1",
        /// See [`TechnicalAssistanceGiven`].
        TechnicalAssistanceGiven = "inspection.TechnicalAssistanceGiven.v1",
        /// See [`CorrectedOnSite`].
        CorrectedOnSite = "inspection.CorrectedOnSite.v1",
        /// See [`CorrectionOrdered`].
        CorrectionOrdered = "inspection.CorrectionOrdered.v1",
        /// See [`FieldworkCompleted`].
        FieldworkCompleted = "inspection.FieldworkCompleted.v1",
        /// See [`InspectionAborted`].
        InspectionAborted = "inspection.InspectionAborted.v1",
        /// See [`InspectionCancelled`].
        InspectionCancelled = "inspection.InspectionCancelled.v1",
        /// See [`DraftReportIssued`].
        DraftReportIssued = "inspection.DraftReportIssued.v1",
        /// See [`DraftCommented`].
        DraftCommented = "inspection.DraftCommented.v1",
        /// See [`InspectionFinalized`].
        InspectionFinalized = "inspection.InspectionFinalized.v1",
        /// See [`InspectionPublished`].
        InspectionPublished = "inspection.InspectionPublished.v1",
        /// See [`CorrectionClaimed`].
        CorrectionClaimed = "inspection.CorrectionClaimed.v1",
        /// See [`CorrectionVerified`].
        CorrectionVerified = "inspection.CorrectionVerified.v1",
        /// See [`CorrectionRejected`].
        CorrectionRejected = "inspection.CorrectionRejected.v1",
        /// See [`CorrectionExtended`].
        CorrectionExtended = "inspection.CorrectionExtended.v1",
        /// See [`CorrectionOverdue`].
        CorrectionOverdue = "inspection.CorrectionOverdue.v1",
        /// See [`InspectionImported`].
        InspectionImported = "inspection.InspectionImported.v1",
    }
}
