//! Events of the person family, `staffing.….v1`. Names, identity numbers and phones are personal, under the person's
//! subject `person-<id>`; free text under `person-<id>.text`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    BarGround, CredentialKind, Employment, EndGround, IdentityKind, OffDutyGround, Offence, Post, Proofing, QueriedOf,
    QueryOccasion, RejectionGround, RevocationGround, TrainingKind, VerificationMethod,
};
use crate::event_family;
use crate::personal::{KeyedDigest, Personal};
use crate::values::RegionId;

/// A person was registered under a verified identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRegistered {
    /// Division of who registered: the institution's, or the authority's.
    pub region: RegionId,
    /// Credit code of the institution that registered, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Kind of document.
    pub identity_kind: IdentityKind,
    /// Its number.
    pub identity: Personal,
    /// Keyed digest of kind and number, as claimed.
    pub identity_digest: KeyedDigest,
    /// Name.
    pub name: Personal,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Personal>,
    /// How the identity was verified.
    pub proofing: Proofing,
    /// Year of birth, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_year: Option<i16>,
    /// Account in Yujian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What is known of a person changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonDetailsChanged {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal>,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Personal>,
    /// Account in Yujian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A credential was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialClaimed {
    /// Number within the person, from 1.
    pub credential: u32,
    /// Kind.
    pub kind: CredentialKind,
    /// Issuer.
    pub issuer: String,
    /// Number as printed; it may be an identity number, so it is sealed.
    pub number: Personal,
    /// Keyed digest of issuer and number, as claimed.
    pub certificate: KeyedDigest,
    /// Level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Day of issue.
    pub issue_date: Date,
    /// Last day of validity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Date>,
    /// SHA-256 of the scan, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A credential was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialVerified {
    /// Number of the credential.
    pub credential: u32,
    /// How.
    pub method: VerificationMethod,
}

/// A credential was rejected; its certificate is free to be claimed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRejected {
    /// Number of the credential.
    pub credential: u32,
    /// Ground.
    pub ground: RejectionGround,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal>,
}

/// A credential was taken away; its certificate is free to be claimed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRevoked {
    /// Number of the credential.
    pub credential: u32,
    /// Ground.
    pub ground: RevocationGround,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal>,
}

/// A credential's validity ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialExpired {
    /// Number of the credential.
    pub credential: u32,
    /// Last day of validity.
    pub expiry_date: Date,
}

/// A health certificate was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCertificateRecorded {
    /// Who examined.
    pub issuer: String,
    /// Day of the examination.
    pub issue_date: Date,
    /// Last day of validity, by the policy of the day of the examination.
    pub expiry_date: Date,
    /// Whether the person may work with children.
    pub passed: bool,
    /// SHA-256 of the scan, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The answer to a record query. What was found is for the regulator; an operator learns only that the person may not
/// work with children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordQueried {
    /// Occasion.
    pub occasion: QueryOccasion,
    /// Whom it was asked of.
    pub queried_of: QueriedOf,
    /// Day of the answer.
    pub query_date: Date,
    /// Last day on which it counts, by the policy of that day.
    pub valid_until: Date,
    /// Whether nothing was found.
    pub clear: bool,
    /// Kinds of record found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Offence>,
}

/// A training was completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecorded {
    /// Kind.
    pub kind: TrainingKind,
    /// Hours.
    pub hours: u32,
    /// Who gave it.
    pub provider: String,
    /// Last day of it.
    pub completed_date: Date,
}

/// A person was engaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngagementStarted {
    /// Number within the person, from 1.
    pub engagement: u32,
    /// Institution.
    pub institution: Uuid,
    /// Its division at that time.
    pub region: RegionId,
    /// Its credit code at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Post.
    pub post: Post,
    /// Employer.
    pub employment: Employment,
    /// Share of full time in permille.
    pub share_permille: u32,
    /// First day.
    pub start_date: Date,
    /// Whether the person had a verified credential that the post asks for, as of this decision.
    pub qualified: bool,
}

/// An engaged person took another post at the same institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostChanged {
    /// Number of the engagement.
    pub engagement: u32,
    /// Institution.
    pub institution: Uuid,
    /// New post.
    pub post: Post,
    /// New share of full time in permille.
    pub share_permille: u32,
    /// First day of it.
    pub from_date: Date,
    /// Whether the person is qualified for the new post, as of this decision.
    pub qualified: bool,
}

/// An engaged person was taken off duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakenOffDuty {
    /// Number of the engagement.
    pub engagement: u32,
    /// Institution.
    pub institution: Uuid,
    /// Ground.
    pub ground: OffDutyGround,
}

/// A person who had been taken off duty works again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnedToDuty {
    /// Number of the engagement.
    pub engagement: u32,
    /// Institution.
    pub institution: Uuid,
}

/// An engagement ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngagementEnded {
    /// Number of the engagement.
    pub engagement: u32,
    /// Institution.
    pub institution: Uuid,
    /// Last day.
    pub end_date: Date,
    /// Ground.
    pub ground: EndGround,
}

/// A person was barred from work with children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonBarred {
    /// Ground.
    pub ground: BarGround,
    /// First day.
    pub from_date: Date,
    /// Last day; absent: for life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_date: Option<Date>,
    /// Number of the decision.
    pub decision_number: String,
    /// Reasons.
    pub reason: Personal,
}

/// A bar was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BarLifted {
    /// Number of the decision.
    pub decision_number: String,
    /// Reasons.
    pub reason: Personal,
}

event_family! {
    /// Events of a person's stream.
    pub enum PersonEvent, upcasters &[], {
        /// See [`PersonRegistered`].
        PersonRegistered = "staffing.PersonRegistered.v1",
        /// See [`PersonDetailsChanged`].
        PersonDetailsChanged = "staffing.PersonDetailsChanged.v1",
        /// See [`CredentialClaimed`].
        CredentialClaimed = "staffing.CredentialClaimed.v1",
        /// See [`CredentialVerified`].
        CredentialVerified = "staffing.CredentialVerified.v1",
        /// See [`CredentialRejected`].
        CredentialRejected = "staffing.CredentialRejected.v1",
        /// See [`CredentialRevoked`].
        CredentialRevoked = "staffing.CredentialRevoked.v1",
        /// See [`CredentialExpired`].
        CredentialExpired = "staffing.CredentialExpired.v1",
        /// See [`HealthCertificateRecorded`].
        HealthCertificateRecorded = "staffing.HealthCertificateRecorded.v1",
        /// See [`RecordQueried`].
        RecordQueried = "staffing.RecordQueried.v1",
        /// See [`TrainingRecorded`].
        TrainingRecorded = "staffing.TrainingRecorded.v1",
        /// See [`EngagementStarted`].
        EngagementStarted = "staffing.EngagementStarted.v1",
        /// See [`PostChanged`].
        PostChanged = "staffing.PostChanged.v1",
        /// See [`TakenOffDuty`].
        TakenOffDuty = "staffing.TakenOffDuty.v1",
        /// See [`ReturnedToDuty`].
        ReturnedToDuty = "staffing.ReturnedToDuty.v1",
        /// See [`EngagementEnded`].
        EngagementEnded = "staffing.EngagementEnded.v1",
        /// See [`PersonBarred`].
        PersonBarred = "staffing.PersonBarred.v1",
        /// See [`BarLifted`].
        BarLifted = "staffing.BarLifted.v1",
    }
}

impl PersonEvent {
    /// The institution that the event concerns, when it names one: those of engagements do.
    #[must_use]
    pub fn institution(&self) -> Option<Uuid> {
        match self {
            Self::EngagementStarted(event) => Some(event.institution),
            Self::PostChanged(event) => Some(event.institution),
            Self::TakenOffDuty(event) => Some(event.institution),
            Self::ReturnedToDuty(event) => Some(event.institution),
            Self::EngagementEnded(event) => Some(event.institution),
            _ => None,
        }
    }
}
