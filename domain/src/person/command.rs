//! Commands of the person family.

use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{
    BarGround, CredentialKind, Employment, EndGround, IdentityKind, OffDutyGround, Offence, Post, Proofing, QueriedOf,
    QueryOccasion, RejectionGround, RevocationGround, TrainingKind, VerificationMethod,
};
use crate::personal::Sensitive;
use crate::values::RegionId;

/// Registers a person under a verified identity, once in the whole log: the identity is claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterPerson {
    /// Institution that registers its staff; exactly one of this and `region`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub institution: Option<Uuid>,
    /// Division of the authority that registers, e.g. its inspectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionId>,
    /// Kind of document.
    pub identity_kind: IdentityKind,
    /// Its number.
    pub identity: Sensitive,
    /// Name.
    pub name: Sensitive,
    /// Phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Sensitive>,
    /// How the identity was verified.
    pub proofing: Proofing,
    /// Date of birth, for documents whose number does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// Account in Yujian, of inspectors and others who act here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl RegisterPerson {
    /// Canonical text of the identity, for the claim and its digest: kind and number without spaces, in upper case.
    #[must_use]
    pub fn canonical_identity(&self) -> String {
        canonical_identity(self.identity_kind, self.identity.expose())
    }

    /// The number without spaces, in upper case. Callers must not log it.
    pub(super) fn canonical_number(&self) -> String {
        canonical(self.identity.expose())
    }
}

/// Canonical text of an identity: see [`RegisterPerson::canonical_identity`].
#[must_use]
pub fn canonical_identity(kind: IdentityKind, number: &str) -> String {
    format!("{}|{}", kind.code(), canonical(number))
}

/// Changes what is known of a person. What is left out stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangePersonDetails {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Sensitive>,
    /// Phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Sensitive>,
    /// Account in Yujian.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Tells of a credential. Issuer and number are claimed: nobody else can have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimCredential {
    /// Kind.
    pub kind: CredentialKind,
    /// Issuer, 1 to 100 characters.
    pub issuer: String,
    /// Number, as printed; it may be an identity number.
    pub number: Sensitive,
    /// Level, e.g. `三级`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Day of issue.
    pub issue_date: Date,
    /// Last day of validity, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Date>,
    /// SHA-256 of the scan, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl ClaimCredential {
    /// Canonical text of issuer and number, for the claim and its digest.
    #[must_use]
    pub fn canonical_certificate(&self) -> String {
        format!(
            "{}|{}|{}",
            self.kind.code(),
            self.issuer.trim(),
            canonical(self.number.expose())
        )
    }
}

/// A number without white space, in upper case.
fn canonical(number: &str) -> String {
    number
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .flat_map(char::to_uppercase)
        .collect()
}

/// Verifies a claimed credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyCredential {
    /// Number of the credential within the person, from 1.
    pub credential: u32,
    /// How.
    pub method: VerificationMethod,
}

/// Rejects a claimed credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectCredential {
    /// Number of the credential.
    pub credential: u32,
    /// Ground.
    pub ground: RejectionGround,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Sensitive>,
}

/// Takes a verified credential away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevokeCredential {
    /// Number of the credential.
    pub credential: u32,
    /// Ground.
    pub ground: RevocationGround,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Sensitive>,
}

/// Records that a credential's validity has ended. Given by Yujian itself when the day has passed; the effect is that of
/// the day after the last one, however late it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpireCredential {
    /// Number of the credential.
    pub credential: u32,
}

/// Records a health certificate (健康证明), 托儿所幼儿园卫生保健管理办法 §14.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordHealthCertificate {
    /// Who examined.
    pub issuer: String,
    /// Day of the examination.
    pub issue_date: Date,
    /// Whether the person may work with children.
    pub passed: bool,
    /// SHA-256 of the scan, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Records the answer to a record query (违法犯罪记录查询), 未成年人保护法 §62.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordQuery {
    /// Occasion.
    pub occasion: QueryOccasion,
    /// Whom it was asked of.
    pub queried_of: QueriedOf,
    /// Day of the answer.
    pub query_date: Date,
    /// Kinds of record found; empty: none.
    pub found: Vec<Offence>,
}

/// Records a training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordTraining {
    /// Kind.
    pub kind: TrainingKind,
    /// Hours, 1 to 500.
    pub hours: u32,
    /// Who gave it.
    pub provider: String,
    /// Last day of it.
    pub completed_date: Date,
}

/// Engages a person at an institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Engage {
    /// Institution.
    pub institution: Uuid,
    /// Post.
    pub post: Post,
    /// Employer.
    pub employment: Employment,
    /// Share of full time in permille, 1 to 1000.
    pub share_permille: u32,
    /// First day.
    pub start_date: Date,
}

/// Moves an engaged person to another post at the same institution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangePost {
    /// Number of the engagement within the person, from 1.
    pub engagement: u32,
    /// New post.
    pub post: Post,
    /// New share of full time in permille.
    pub share_permille: u32,
    /// First day of it.
    pub from_date: Date,
}

/// Takes an engaged person off duty at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TakeOffDuty {
    /// Number of the engagement.
    pub engagement: u32,
    /// Ground.
    pub ground: OffDutyGround,
}

/// Lets a person who was taken off duty work again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReturnToDuty {
    /// Number of the engagement.
    pub engagement: u32,
}

/// Ends an engagement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndEngagement {
    /// Number of the engagement.
    pub engagement: u32,
    /// Last day.
    pub end_date: Date,
    /// Ground.
    pub ground: EndGround,
}

/// Bars a person from work with children (从业禁止).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bar {
    /// Ground.
    pub ground: BarGround,
    /// First day.
    pub from_date: Date,
    /// Last day; `None`: for life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<Date>,
    /// Number of the decision.
    pub decision_number: String,
    /// Reasons.
    pub reason: Sensitive,
}

/// Lifts a bar that should not stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiftBar {
    /// Number of the decision.
    pub decision_number: String,
    /// Reasons.
    pub reason: Sensitive,
}

macro_rules! commands {
    ($( $(#[$doc:meta])* $variant:ident($part:ident), )*) => {
        /// Commands of the person family.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "command", rename_all = "snake_case")]
        pub enum PersonCommand { $( $(#[$doc])* $variant($part), )* }
        $( impl From<$part> for PersonCommand {
            fn from(command: $part) -> Self { Self::$variant(command) }
        } )*
    };
}

impl PersonCommand {
    /// Number of the engagement that the command is about, if it is about one.
    pub(super) fn engagement(&self) -> Option<u32> {
        match self {
            Self::ChangePost(command) => Some(command.engagement),
            Self::TakeOffDuty(command) => Some(command.engagement),
            Self::ReturnToDuty(command) => Some(command.engagement),
            Self::EndEngagement(command) => Some(command.engagement),
            _ => None,
        }
    }
}

commands! {
    /// See [`RegisterPerson`].
    Register(RegisterPerson),
    /// See [`ChangePersonDetails`].
    ChangeDetails(ChangePersonDetails),
    /// See [`ClaimCredential`].
    ClaimCredential(ClaimCredential),
    /// See [`VerifyCredential`].
    VerifyCredential(VerifyCredential),
    /// See [`RejectCredential`].
    RejectCredential(RejectCredential),
    /// See [`RevokeCredential`].
    RevokeCredential(RevokeCredential),
    /// See [`ExpireCredential`].
    ExpireCredential(ExpireCredential),
    /// See [`RecordHealthCertificate`].
    RecordHealthCertificate(RecordHealthCertificate),
    /// See [`RecordQuery`].
    RecordQuery(RecordQuery),
    /// See [`RecordTraining`].
    RecordTraining(RecordTraining),
    /// See [`Engage`].
    Engage(Engage),
    /// See [`ChangePost`].
    ChangePost(ChangePost),
    /// See [`TakeOffDuty`].
    TakeOffDuty(TakeOffDuty),
    /// See [`ReturnToDuty`].
    ReturnToDuty(ReturnToDuty),
    /// See [`EndEngagement`].
    EndEngagement(EndEngagement),
    /// See [`Bar`].
    Bar(Bar),
    /// See [`LiftBar`].
    LiftBar(LiftBar),
}
