//! Events of the institution family, `licensing.….v1`. Free text is personal, under the institution's subject
//! `institution-<id>.text`; only what the law has published stays in clear.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    ApplicationAccepted, ApplicationDismissed, ApplicationGranted, ApplicationLapsed, ApplicationRefused,
    ApplicationReturned, ApplicationSubmitted, ApplicationWithdrawn, AuthorizationExpired, AuthorizationRevoked,
    AuthorizationTransferred, CertificateIssued, CessationClosed, CessationOpened, ConditionImposed, ConditionLifted,
    ConditionMet, DecisionProposed, DeemedOutcomeApplied, DeemedOutcomeReversed, InformationProvided,
    InformationRequested, LicenceGranted, LicenceRenewed, MadeProvisional, ObjectionDecided, ObjectionLodged,
    PlacementRecorded, ProposalReturned, RefusalIntended, RegimeChanged, RegistryChecked, SiteVerified,
    StandingRestored, WaiverGranted,
};
use super::{
    Class, InstitutionType, ItemProblem, Mode, NonconformityReason, Ownership, Paper, Premises, RegisterFact,
    Registrar, Status, SuspensionKind,
};
use crate::clock::Deadline;
use crate::clock::{
    ClockCancelled, ClockExpired, ClockExtended, ClockMet, ClockPaused, ClockRecomputed, ClockResumed, ClockStarted,
};
use crate::event_family;
use crate::personal::{KeyedDigest, Personal};
use crate::values::{CreditCode, ExternalId, Point, RegionId};

/// The legal representative as stored: sealed, with what decisions may compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Representative {
    /// Name.
    pub name: Personal,
    /// Phone.
    pub phone: Personal,
    /// Identity number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Personal>,
    /// Keyed digest of the identity number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_digest: Option<KeyedDigest>,
}

/// The institution was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionRegistered {
    /// Name.
    pub name: String,
    /// Credit code.
    pub credit_code: CreditCode,
    /// Site.
    pub site: String,
    /// Address.
    pub address: String,
    /// Region.
    pub region: RegionId,
    /// Point as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Type.
    pub institution_type: InstitutionType,
    /// Other types that share the place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_types: Vec<InstitutionType>,
    /// Mode.
    pub mode: Mode,
    /// Ownership.
    pub ownership: Ownership,
    /// Registrar.
    pub registrar: Registrar,
    /// Day of the legal person's registration.
    pub registration_date: Date,
    /// Legal representative.
    pub representative: Representative,
    /// Classes.
    pub classes: Vec<Class>,
}

/// Papers came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingSubmitted {
    /// Which filing of this institution, from 1; a resubmission after a return keeps the number.
    pub application: u32,
    /// Papers.
    pub papers: Vec<Paper>,
    /// Whether meals are made.
    pub makes_meals: bool,
    /// Premises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premises: Option<Premises>,
}

/// One item that stands in the way of acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnedItem {
    /// Field or paper, e.g. `papers.fire_safety`, `premises.lowest_floor`.
    pub item: String,
    /// Rule id in `docs/rules.md`.
    pub rule: String,
    /// What is wrong.
    pub problem: ItemProblem,
}

/// The filing was returned with everything that is missing (一次性告知).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingReturned {
    /// Which filing.
    pub application: u32,
    /// Everything that is missing or wrong.
    pub items: Vec<ReturnedItem>,
}

/// The papers are complete; the receipt's clock runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingAccepted {
    /// Which filing.
    pub application: u32,
    /// Receipt due (5 wd by policy).
    pub receipt_due: Deadline,
    /// Nonconformity notice due, when policy counts it from the papers (15 wd by policy).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonconformity_due: Option<Deadline>,
    /// What is wrong, but was visible at an earlier return that did not name it: it can't hold the filing up any more
    /// and is left to the verification after filing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_to_verification: Vec<ReturnedItem>,
}

/// The applicant withdrew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingWithdrawn {
    /// Which filing.
    pub application: u32,
    /// Reason.
    pub reason: Personal,
    /// Where it stands from then on.
    pub status: Status,
}

/// Receipt and notice of basic conditions were issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilingReceiptIssued {
    /// Which filing.
    pub application: u32,
    /// Number.
    pub receipt_number: String,
    /// Day of issue.
    pub issue_date: Date,
    /// Whether it came after its deadline.
    pub late: bool,
}

/// The institution was told that it is not up to standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NonconformityNotified {
    /// Reasons. They stay in clear: the law has them published, each a closed `item` with a text for publication.
    pub reasons: Vec<NonconformityReason>,
    /// Day of the finding.
    pub finding_date: Date,
    /// Last day for the notice.
    pub notice_due: Deadline,
    /// Whether the notice came after it.
    pub late: bool,
}

/// It is up to standard again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConformityConfirmed {
    /// What was seen.
    pub statement: Personal,
    /// Where it stands from then on.
    pub status: Status,
}

/// Details changed; absent members stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailsChanged {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionId>,
    /// Point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// Mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Ownership.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// Legal representative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<Representative>,
}

/// Classes and places changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassesChanged {
    /// All classes from the effective day on.
    pub classes: Vec<Class>,
}

/// Service is suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionSuspended {
    /// Kind.
    pub kind: SuspensionKind,
    /// Reason.
    pub reason: Personal,
    /// First day.
    pub from_date: Date,
    /// Planned last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_date: Option<Date>,
}

/// Service resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionResumed {
    /// First day of service.
    pub from_date: Date,
    /// Statement.
    pub statement: Personal,
    /// Where it stands from then on.
    pub status: Status,
}

/// Closed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstitutionClosed {
    /// Reason.
    pub reason: Personal,
    /// Last day of service.
    pub closing_date: Date,
    /// Children who needed another place.
    pub children_to_place: u32,
}

/// A fact was wrong: the fact `key` of the event at `revision` is withdrawn, and `value` holds instead.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactCorrected {
    /// Revision of the withdrawn event in this stream.
    pub revision: u64,
    /// Key of the fact.
    pub key: String,
    /// Right value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<serde_json::Value>,
    /// Day from which it holds.
    pub valid_from_date: Date,
    /// Reason.
    pub reason: Personal,
    /// Second person.
    pub approver: String,
}

// Not derived: the value may be personal while it is on its way into the log.
impl fmt::Debug for FactCorrected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactCorrected")
            .field("revision", &self.revision)
            .field("key", &self.key)
            .field("valid_from_date", &self.valid_from_date)
            .finish_non_exhaustive()
    }
}

/// A row of a foreign register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordImported {
    /// Number in the register.
    pub external: ExternalId,
    /// Name.
    pub name: String,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Region.
    pub region: RegionId,
    /// Credit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_code: Option<CreditCode>,
    /// Type.
    pub institution_type: InstitutionType,
    /// Type in the register's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_type: Option<String>,
    /// Where it stands in the register's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_status: Option<String>,
    /// Mode.
    pub mode: Mode,
    /// Ownership.
    pub ownership: Ownership,
    /// Classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// Day from which it holds, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from_date: Option<Date>,
    /// Day as of which the register speaks, for a register that comes in editions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition_date: Option<Date>,
    /// What a later row changed. Only this is a new fact; the other members tell what the whole row said. Empty: the
    /// row asserts all that it tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<RegisterFact>,
}

event_family! {
    /// Events of an institution's stream.
    pub enum InstitutionEvent, upcasters &[], {
        /// See [`InstitutionRegistered`].
        InstitutionRegistered = "licensing.InstitutionRegistered.v1",
        /// See [`FilingSubmitted`].
        FilingSubmitted = "licensing.FilingSubmitted.v1",
        /// See [`FilingReturned`].
        FilingReturned = "licensing.FilingReturned.v1",
        /// See [`FilingAccepted`].
        FilingAccepted = "licensing.FilingAccepted.v1",
        /// See [`FilingWithdrawn`].
        FilingWithdrawn = "licensing.FilingWithdrawn.v1",
        /// See [`FilingReceiptIssued`].
        FilingReceiptIssued = "licensing.FilingReceiptIssued.v1",
        /// See [`NonconformityNotified`].
        NonconformityNotified = "licensing.NonconformityNotified.v1",
        /// See [`ConformityConfirmed`].
        ConformityConfirmed = "licensing.ConformityConfirmed.v1",
        /// See [`DetailsChanged`].
        DetailsChanged = "licensing.DetailsChanged.v1",
        /// See [`ClassesChanged`].
        ClassesChanged = "licensing.ClassesChanged.v1",
        /// See [`InstitutionSuspended`].
        InstitutionSuspended = "licensing.InstitutionSuspended.v1",
        /// See [`InstitutionResumed`].
        InstitutionResumed = "licensing.InstitutionResumed.v1",
        /// See [`InstitutionClosed`].
        InstitutionClosed = "licensing.InstitutionClosed.v1",
        /// See [`FactCorrected`].
        FactCorrected = "licensing.FactCorrected.v1",
        /// See [`RecordImported`].
        RecordImported = "licensing.RecordImported.v1",
        /// See [`ApplicationSubmitted`].
        ApplicationSubmitted = "licensing.ApplicationSubmitted.v1",
        /// See [`ApplicationReturned`].
        ApplicationReturned = "licensing.ApplicationReturned.v1",
        /// See [`ApplicationAccepted`].
        ApplicationAccepted = "licensing.ApplicationAccepted.v1",
        /// See [`ApplicationDismissed`].
        ApplicationDismissed = "licensing.ApplicationDismissed.v1",
        /// See [`InformationRequested`].
        InformationRequested = "licensing.InformationRequested.v1",
        /// See [`InformationProvided`].
        InformationProvided = "licensing.InformationProvided.v1",
        /// See [`RegistryChecked`].
        RegistryChecked = "licensing.RegistryChecked.v1",
        /// See [`SiteVerified`].
        SiteVerified = "licensing.SiteVerified.v1",
        /// See [`DecisionProposed`].
        DecisionProposed = "licensing.DecisionProposed.v1",
        /// See [`ProposalReturned`].
        ProposalReturned = "licensing.ProposalReturned.v1",
        /// See [`ApplicationGranted`].
        ApplicationGranted = "licensing.ApplicationGranted.v1",
        /// See [`RefusalIntended`].
        RefusalIntended = "licensing.RefusalIntended.v1",
        /// See [`ObjectionLodged`].
        ObjectionLodged = "licensing.ObjectionLodged.v1",
        /// See [`ObjectionDecided`].
        ObjectionDecided = "licensing.ObjectionDecided.v1",
        /// See [`ApplicationRefused`].
        ApplicationRefused = "licensing.ApplicationRefused.v1",
        /// See [`ApplicationWithdrawn`].
        ApplicationWithdrawn = "licensing.ApplicationWithdrawn.v1",
        /// See [`ApplicationLapsed`].
        ApplicationLapsed = "licensing.ApplicationLapsed.v1",
        /// See [`DeemedOutcomeApplied`].
        DeemedOutcomeApplied = "licensing.DeemedOutcomeApplied.v1",
        /// See [`DeemedOutcomeReversed`].
        DeemedOutcomeReversed = "licensing.DeemedOutcomeReversed.v1",
        /// See [`LicenceGranted`].
        LicenceGranted = "licensing.LicenceGranted.v1",
        /// See [`CertificateIssued`].
        CertificateIssued = "licensing.CertificateIssued.v1",
        /// See [`LicenceRenewed`].
        LicenceRenewed = "licensing.LicenceRenewed.v1",
        /// See [`AuthorizationTransferred`].
        AuthorizationTransferred = "licensing.AuthorizationTransferred.v1",
        /// See [`WaiverGranted`].
        WaiverGranted = "licensing.WaiverGranted.v1",
        /// See [`ConditionImposed`].
        ConditionImposed = "licensing.ConditionImposed.v1",
        /// See [`ConditionMet`].
        ConditionMet = "licensing.ConditionMet.v1",
        /// See [`ConditionLifted`].
        ConditionLifted = "licensing.ConditionLifted.v1",
        /// See [`MadeProvisional`].
        MadeProvisional = "licensing.MadeProvisional.v1",
        /// See [`StandingRestored`].
        StandingRestored = "licensing.StandingRestored.v1",
        /// See [`AuthorizationRevoked`].
        AuthorizationRevoked = "licensing.AuthorizationRevoked.v1",
        /// See [`AuthorizationExpired`].
        AuthorizationExpired = "licensing.AuthorizationExpired.v1",
        /// See [`CessationOpened`].
        CessationOpened = "licensing.CessationOpened.v1",
        /// See [`PlacementRecorded`].
        PlacementRecorded = "licensing.PlacementRecorded.v1",
        /// See [`CessationClosed`].
        CessationClosed = "licensing.CessationClosed.v1",
        /// See [`RegimeChanged`].
        RegimeChanged = "licensing.RegimeChanged.v1",
        /// See [`ClockStarted`].
        ClockStarted = "licensing.ClockStarted.v1",
        /// See [`ClockPaused`].
        ClockPaused = "licensing.ClockPaused.v1",
        /// See [`ClockResumed`].
        ClockResumed = "licensing.ClockResumed.v1",
        /// See [`ClockExtended`].
        ClockExtended = "licensing.ClockExtended.v1",
        /// See [`ClockRecomputed`].
        ClockRecomputed = "licensing.ClockRecomputed.v1",
        /// See [`ClockMet`].
        ClockMet = "licensing.ClockMet.v1",
        /// See [`ClockExpired`].
        ClockExpired = "licensing.ClockExpired.v1",
        /// See [`ClockCancelled`].
        ClockCancelled = "licensing.ClockCancelled.v1",
    }
}
