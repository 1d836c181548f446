//! Events of the licence regime, part of the institution's stream.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    ApplicationKind, AuthorizationKind, CessationCause, Deceit, DeemedOutcome, DismissalGround, ProposedOutcome,
    Regime, RegistryOutcome, RegistrySource, RevocationGround, VerificationOutcome,
};
use crate::clock::ClockRef;
use crate::envelope::PolicyRef;
use crate::institution::{Class, NonconformityReason, Paper, Premises, Representative, ReturnedItem};
use crate::personal::Personal;
use crate::values::CreditCode;

/// What an application for a change asks for; absent members stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAsked {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All classes from the decision on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Class>>,
}

/// What an application for a transfer asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferAsked {
    /// Credit code of the operator to come.
    pub credit_code: CreditCode,
    /// Its legal representative.
    pub representative: Representative,
}

/// What an application for a waiver asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverAsked {
    /// Item of the standard, as a return would name it, e.g. `premises.highest_floor`.
    pub item: String,
    /// Last day of the waiver that is asked for.
    pub until_date: Date,
}

/// What an application for closing says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingAsked {
    /// Last day of service.
    pub closing_date: Date,
    /// Children still enrolled who need another place.
    pub children_to_place: u32,
}

/// An application came in; papers after a return keep the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSubmitted {
    /// Which application of this institution, from 1, counted with the filings.
    pub application: u32,
    /// Kind; never [`ApplicationKind::Filing`].
    pub kind: ApplicationKind,
    /// Papers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Paper>,
    /// Whether meals are made.
    pub makes_meals: bool,
    /// Premises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premises: Option<Premises>,
    /// Of a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeAsked>,
    /// Of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferAsked>,
    /// Of a waiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverAsked>,
    /// Of a closing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<ClosingAsked>,
    /// Policy of the licence regime that it is handled under to its end.
    pub policy: PolicyRef,
}

/// Returned once with everything that is missing (一次性告知补正).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationReturned {
    /// Which application.
    pub application: u32,
    /// Everything that is missing or wrong.
    pub items: Vec<ReturnedItem>,
}

/// Accepted (受理).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationAccepted {
    /// Which application.
    pub application: u32,
    /// Whether several authorities handle it together: its clock is then the longer one (行政许可法 §42).
    pub joint: bool,
}

/// Dismissed without a look at its substance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationDismissed {
    /// Which application.
    pub application: u32,
    /// Ground.
    pub ground: DismissalGround,
    /// The competent authority, when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub competent_authority: Option<String>,
}

/// Something the authority asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedItem {
    /// What it is about: a paper's code or a field, e.g. `papers.fire_safety`.
    pub item: String,
    /// The question.
    pub question: Personal,
}

/// Information was asked for; a [`crate::clock::ClockPaused`] follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InformationRequested {
    /// Which application.
    pub application: u32,
    /// What is asked.
    pub questions: Vec<RequestedItem>,
}

/// Information came in; a [`crate::clock::ClockResumed`] follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InformationProvided {
    /// Which application.
    pub application: u32,
    /// Papers that came with it; they replace those of their kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Paper>,
    /// Answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Personal>,
}

/// Another bureau's register was asked, or told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryChecked {
    /// Which application it was asked for; none when the bureau told of its own accord.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<u32>,
    /// Whose register.
    pub source: RegistrySource,
    /// What was asked: a paper's code or a fact of the dossier, e.g. `papers.food_licence`, `credit_code`.
    pub item: String,
    /// Number under which the register knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it said.
    pub outcome: RegistryOutcome,
    /// Last day of validity by the register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to_date: Option<Date>,
    /// Day as of which the register speaks.
    pub record_date: Date,
    /// SHA-256 of the answer as received, hex.
    pub response_sha256: String,
}

/// One of the two who verified on site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// Account.
    pub account: String,
    /// Number of the enforcement certificate (执法证).
    pub certificate: String,
}

/// The site was verified by two persons (现场核查), inside the clock of the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteVerified {
    /// Which application.
    pub application: u32,
    /// Day of the visit.
    pub visit_date: Date,
    /// Who verified.
    pub verifiers: Vec<Verifier>,
    /// What they found.
    pub outcome: VerificationOutcome,
    /// Where it falls short.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ReturnedItem>,
    /// Inspection that it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Uuid>,
}

/// A condition (附加条件) as it is to be imposed. Published, therefore in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionTerms {
    /// What it is about, as a return would name it, e.g. `papers.fire_safety`.
    pub item: String,
    /// Its words, written for publication; names nobody.
    pub text: String,
    /// Last day by which it must be met.
    pub due_date: Date,
    /// Day on which it ends of itself, when it does not have to be met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_date: Option<Date>,
}

/// A decision was proposed by the person who handled the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionProposed {
    /// Which application.
    pub application: u32,
    /// To grant or to refuse.
    pub outcome: ProposedOutcome,
    /// Conditions to go with a grant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionTerms>,
    /// Reasons of a refusal, written for the applicant and for publication.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<NonconformityReason>,
    /// Deceit that the refusal rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deceit: Option<Deceit>,
}

/// The second person sent the proposal back to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposalReturned {
    /// Which application.
    pub application: u32,
    /// Reason.
    pub reason: Personal,
}

/// Granted by the second person. What it grants stands in the events that follow it in the same decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationGranted {
    /// Which application.
    pub application: u32,
    /// Day of the decision.
    pub decision_date: Date,
    /// Whether it came after its clock.
    pub late: bool,
}

/// A licence holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceGranted {
    /// Which application.
    pub application: u32,
    /// Number of the licence.
    pub number: String,
    /// First day.
    pub valid_from_date: Date,
    /// Last day.
    pub valid_to_date: Date,
}

/// The certificate (许可证件) was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateIssued {
    /// Which application.
    pub application: u32,
    /// Day of issue.
    pub issue_date: Date,
    /// Whether it came after its clock.
    pub late: bool,
}

/// The licence holds for another term, decided or deemed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceRenewed {
    /// Which application.
    pub application: u32,
    /// First day of the new term.
    pub valid_from_date: Date,
    /// Last day of the new term.
    pub valid_to_date: Date,
}

/// Another operator holds the licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationTransferred {
    /// Which application.
    pub application: u32,
    /// Operator until then.
    pub from_credit_code: CreditCode,
    /// Operator from then on.
    pub credit_code: CreditCode,
    /// Its legal representative.
    pub representative: Representative,
    /// First day.
    pub effective_date: Date,
}

/// One standard is waived for a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverGranted {
    /// Which application; a waiver is named by it.
    pub application: u32,
    /// Item of the standard.
    pub item: String,
    /// First day.
    pub from_date: Date,
    /// Last day; there is none without.
    pub until_date: Date,
}

/// A refusal is intended; reasons are told and the applicant may be heard (行政许可法 §36, §47).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalIntended {
    /// Which application.
    pub application: u32,
    /// Reasons.
    pub reasons: Vec<NonconformityReason>,
}

/// The applicant objected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectionLodged {
    /// Which application.
    pub application: u32,
    /// Grounds.
    pub grounds: Personal,
    /// Whether a hearing is asked for.
    pub hearing: bool,
}

/// The objection was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectionDecided {
    /// Which application.
    pub application: u32,
    /// Whether it was right: the application is then looked at again.
    pub upheld: bool,
    /// Day of the hearing, when one was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hearing_date: Option<Date>,
    /// Statement.
    pub statement: Personal,
}

/// Refused, with reasons and with what can be done against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRefused {
    /// Which application.
    pub application: u32,
    /// Day of the decision.
    pub decision_date: Date,
    /// Reasons.
    pub reasons: Vec<NonconformityReason>,
    /// Whether it came after its clock.
    pub late: bool,
    /// Last day to ask for review (行政复议, 60 d).
    pub review_until_date: Date,
    /// Last day to sue (行政诉讼, 6 months).
    pub suit_until_date: Date,
    /// Until when no new application may be made, after deceit (行政许可法 §78).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred_until_date: Option<Date>,
}

/// Withdrawn by the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationWithdrawn {
    /// Which application.
    pub application: u32,
    /// Reason.
    pub reason: Personal,
}

/// No answer came by its day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationLapsed {
    /// Which application.
    pub application: u32,
    /// The clock that ran out.
    pub clock: ClockRef,
}

/// The authority was silent until its day, and the law supplies the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeemedOutcomeApplied {
    /// Which application.
    pub application: u32,
    /// Outcome.
    pub outcome: DeemedOutcome,
    /// The clock that ran out.
    pub clock: ClockRef,
    /// Day from which it holds: of an acceptance the day on which the papers came, of a renewal the day after the term.
    pub effective_date: Date,
}

/// An act that was in time came to be known late: the deemed outcome never was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeemedOutcomeReversed {
    /// Which application.
    pub application: u32,
    /// Outcome that is taken back.
    pub outcome: DeemedOutcome,
    /// Revision of the event that applied it.
    pub revision: u64,
    /// Day of the act that was in time.
    pub act_date: Date,
}

/// A condition was imposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionImposed {
    /// Which condition of this institution, from 1.
    pub condition: u32,
    /// Its terms.
    pub terms: ConditionTerms,
    /// Application that it came with, when it came with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<u32>,
}

/// A condition is met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionMet {
    /// Which condition.
    pub condition: u32,
    /// Day on which it was found met.
    pub on_date: Date,
    /// Whether that was after its last day.
    pub late: bool,
    /// What was seen.
    pub statement: Personal,
}

/// A condition was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionLifted {
    /// Which condition.
    pub condition: u32,
    /// Reason.
    pub reason: Personal,
}

/// The licence is provisional from now on, with dated conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeProvisional {
    /// Last day by which it must be back in full standing.
    pub until_date: Date,
    /// Reasons; published.
    pub reasons: Vec<NonconformityReason>,
}

/// The licence is in full standing again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRestored {
    /// What was seen.
    pub statement: Personal,
}

/// The licence was taken away. Published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationRevoked {
    /// Ground.
    pub ground: RevocationGround,
    /// Reasons, written for publication.
    pub reasons: Vec<NonconformityReason>,
    /// First day without it.
    pub effective_date: Date,
    /// Account of the second person.
    pub approver: String,
    /// Last day to ask for review (行政复议, 60 d).
    pub review_until_date: Date,
    /// Last day to sue (行政诉讼, 6 months).
    pub suit_until_date: Date,
    /// Until when no new application may be made, after fraud (行政许可法 §79).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred_until_date: Option<Date>,
}

/// The authorization ran out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationExpired {
    /// Kind.
    pub kind: AuthorizationKind,
    /// Its last day.
    pub valid_to_date: Date,
}

/// Children need other places: no more are enrolled, and the last day for placing them runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CessationOpened {
    /// Cause.
    pub cause: CessationCause,
    /// Children to place.
    pub children_to_place: u32,
    /// Day from which no child is enrolled.
    pub enrolment_frozen_date: Date,
}

/// Children were placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacementRecorded {
    /// How many.
    pub children: u32,
    /// Where; none when they went home or elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution: Option<Uuid>,
    /// Day.
    pub on_date: Date,
}

/// Every child has a place, or a parent who needs none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CessationClosed {
    /// Day.
    pub on_date: Date,
}

/// The institution passed from one regime to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeChanged {
    /// Regime until then.
    pub from: Regime,
    /// Regime from then on.
    pub to: Regime,
    /// Application that led to it.
    pub application: u32,
}
