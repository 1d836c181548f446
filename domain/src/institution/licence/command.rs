//! Commands of the licence regime. Fields hold parsed values; texts are checked by the decider.

use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{
    ApplicationKind, ConditionTerms, Deceit, DismissalGround, ProposedOutcome, RegistryOutcome, RegistrySource,
    RevocationGround, VerificationOutcome, Verifier,
};
use crate::clock::{ApproverOffice, ClockRef, ExtensionReason, PauseReason};
use crate::institution::{Class, NonconformityReason, Paper, Premises, RepresentativeInput, ReturnedItem};
use crate::personal::Sensitive;
use crate::values::CreditCode;

/// Applies for a licence, a change of it, its renewal, its transfer, a waiver or closing; or hands in papers anew after a
/// return. Everything that a rule can see is checked at once; incomplete papers are returned once, with everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubmitApplication {
    /// Kind; a filing has a command of its own.
    pub kind: ApplicationKind,
    /// Papers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Paper>,
    /// Whether meals are made on site.
    pub makes_meals: bool,
    /// Premises.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub premises: Option<Premises>,
    /// Of a change, which needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeRequest>,
    /// Of a transfer, which needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferRequest>,
    /// Of a waiver, which needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<super::WaiverAsked>,
    /// Of a closing, which needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<super::ClosingAsked>,
}

/// What an application for a change asks for; absent members stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeRequest {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All classes from the decision on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Class>>,
}

/// To whom a licence is to be transferred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TransferRequest {
    /// Credit code of the operator to come.
    pub credit_code: CreditCode,
    /// Its legal representative.
    pub representative: RepresentativeInput,
}

/// Returns an application for what no rule can see (一次性告知), once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReturnApplication {
    /// Which application.
    pub application: u32,
    /// Everything that is missing or wrong.
    pub items: Vec<ReturnedItem>,
}

/// Accepts an application (受理).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptApplication {
    /// Which application.
    pub application: u32,
    /// Whether several authorities handle it together.
    pub joint: bool,
}

/// Dismisses an application without a look at its substance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DismissApplication {
    /// Which application.
    pub application: u32,
    /// Ground.
    pub ground: DismissalGround,
    /// The competent authority; required when it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub competent_authority: Option<String>,
}

/// Something that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionInput {
    /// What it is about: a paper's code or a field.
    pub item: String,
    /// The question.
    pub question: Sensitive,
}

/// Asks the applicant for information; the clock of the decision stands still until it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestInformation {
    /// Which application.
    pub application: u32,
    /// What is asked.
    pub questions: Vec<QuestionInput>,
}

/// Answers a request for information.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProvideInformation {
    /// Which application.
    pub application: u32,
    /// Papers that replace those of their kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Paper>,
    /// Answer in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Sensitive>,
}

/// Records what another bureau's register says; a bureau pushes it of its own accord, or an officer asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordRegistryCheck {
    /// Which application it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<u32>,
    /// Whose register.
    pub source: RegistrySource,
    /// What was asked: a paper's code or a fact of the dossier.
    pub item: String,
    /// Number under which the register knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it said.
    pub outcome: RegistryOutcome,
    /// Last day of validity by the register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to_date: Option<Date>,
    /// Day as of which the register speaks.
    pub record_date: Date,
    /// SHA-256 of the answer as received, hex.
    pub response_sha256: String,
}

/// Records the verification on site by two persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordSiteVerification {
    /// Which application.
    pub application: u32,
    /// Day of the visit.
    pub visit_date: Date,
    /// Who verified.
    pub verifiers: Vec<Verifier>,
    /// What they found.
    pub outcome: VerificationOutcome,
    /// Where it falls short.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ReturnedItem>,
    /// Inspection that it was part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Uuid>,
}

/// Proposes a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProposeDecision {
    /// Which application.
    pub application: u32,
    /// To grant or to refuse.
    pub outcome: ProposedOutcome,
    /// Conditions to go with a grant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionTerms>,
    /// Reasons of a refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<NonconformityReason>,
    /// Deceit that the refusal rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deceit: Option<Deceit>,
}

/// Sends a proposal back; another person than who proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReturnProposal {
    /// Which application.
    pub application: u32,
    /// Reason.
    pub reason: Sensitive,
}

/// Decides as proposed; another person than who proposed. A grant takes effect; a refusal is first intended, so that the
/// applicant may be heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecideApplication {
    /// Which application.
    pub application: u32,
    /// Number of the licence; required when a licence is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence_number: Option<String>,
    /// First day of what is granted; default: the day of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_date: Option<Date>,
}

/// Objects to an intended refusal (陈述、申辩), or asks to be heard (听证).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LodgeObjection {
    /// Which application.
    pub application: u32,
    /// Grounds.
    pub grounds: Sensitive,
    /// Whether a hearing is asked for.
    pub hearing: bool,
}

/// Decides an objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecideObjection {
    /// Which application.
    pub application: u32,
    /// Whether it was right: the application is then looked at again.
    pub upheld: bool,
    /// Day of the hearing; required when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hearing_date: Option<Date>,
    /// Statement.
    pub statement: Sensitive,
}

/// Refuses, after the applicant was heard or let the time for it pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefuseApplication {
    /// Which application.
    pub application: u32,
}

/// Withdraws an application before it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WithdrawApplication {
    /// Which application.
    pub application: u32,
    /// Reason.
    pub reason: Sensitive,
}

/// Records that the certificate (许可证件) was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueCertificate {
    /// Which application.
    pub application: u32,
    /// Day of issue.
    pub issue_date: Date,
}

/// Stops a clock for a reason of the closed list (行政许可法 §45).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseClock {
    /// Which clock.
    pub clock: ClockRef,
    /// Reason.
    pub reason: PauseReason,
    /// First day that is not counted.
    pub from_date: Date,
    /// Day on which the applicant was told in writing how long it will take; §45 asks for it.
    pub told_date: Date,
}

/// Lets a clock run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResumeClock {
    /// Which clock.
    pub clock: ClockRef,
    /// First day that is counted again.
    pub on_date: Date,
}

/// Extends a clock (行政许可法 §42), by leave of who may give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExtendClock {
    /// Which clock.
    pub clock: ClockRef,
    /// Reason.
    pub reason: ExtensionReason,
    /// How many units more.
    pub count: u32,
    /// Account of who approved it; not the actor.
    pub approver: String,
    /// Office in which it was approved.
    pub approver_office: ApproverOffice,
    /// Day on which the applicant was told, with the reasons.
    pub told_date: Date,
}

/// Finds that a clock has run out: by the system alone, with the effect of the clock's last day however late it wakes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpireClock {
    /// Which clock.
    pub clock: ClockRef,
}

/// Counts the provisional deadlines anew by the holiday table as it is now: by the system alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecomputeClocks {
    /// SHA-256 of the table, hex.
    pub holidays_sha256: String,
}

/// Imposes a condition on a licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImposeCondition {
    /// Its terms.
    pub terms: ConditionTerms,
}

/// Records that a condition is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordConditionMet {
    /// Which condition.
    pub condition: u32,
    /// Day on which it was found met.
    pub on_date: Date,
    /// What was seen.
    pub statement: Sensitive,
}

/// Lifts a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiftCondition {
    /// Which condition.
    pub condition: u32,
    /// Reason.
    pub reason: Sensitive,
}

/// Makes a licence provisional, with dated conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MakeProvisional {
    /// Reasons; published.
    pub reasons: Vec<NonconformityReason>,
    /// Conditions, each with its day; at least one.
    pub conditions: Vec<ConditionTerms>,
}

/// Puts a provisional licence back in full standing, once its conditions are met or lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreStanding {
    /// What was seen.
    pub statement: Sensitive,
}

/// Takes a licence away. Two persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokeAuthorization {
    /// Ground.
    pub ground: RevocationGround,
    /// Reasons; published.
    pub reasons: Vec<NonconformityReason>,
    /// First day without it.
    pub effective_date: Date,
    /// Children still enrolled who need another place.
    pub children_to_place: u32,
    /// Account of the second person; not the actor.
    pub approver: String,
}

/// Opens an orderly cessation where none is open: children are still there although the institution may not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenCessation {
    /// Children to place.
    pub children_to_place: u32,
    /// Day from which no child is enrolled.
    pub enrolment_frozen_date: Date,
}

/// Records that children were placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordPlacement {
    /// How many.
    pub children: u32,
    /// Where; none when they went home or elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub institution: Option<Uuid>,
    /// Day.
    pub on_date: Date,
}

/// Ends an orderly cessation, once every child has a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CloseCessation {
    /// Day.
    pub on_date: Date,
}

/// Starts the clock by which a filed institution must have a licence: by the system alone, when the licence regime comes
/// into force in its region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartMigration {
    /// First day of the licence regime in the region.
    pub regime_date: Date,
}
