//! State that decisions about a person rest on. It holds no personal data, clear or sealed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{
    BarGround, CredentialKind, CredentialState, EngagementState, IdentityKind, OffDutyGround, Post, TrainingKind,
};
use crate::personal::KeyedDigest;
use crate::values::{RegionId, codes};

codes! {
    /// Where a person stands.
    #[derive(Default)]
    Status {
        /// Nothing happened yet.
        #[default]
        None = "none" / "无",
        /// Registered.
        Registered = "registered" / "已登记",
        /// Barred from work with children. A bar that has run out on its last day still shows here until it is asked on
        /// which day ([`Person::barred_on`]).
        Barred = "barred" / "从业禁止",
    }
}

/// A credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Kind.
    pub kind: CredentialKind,
    /// Where it stands.
    pub state: CredentialState,
    /// Day of issue.
    pub issue_date: Date,
    /// Last day of validity.
    pub expiry_date: Option<Date>,
    /// Keyed digest of issuer and number.
    pub certificate: KeyedDigest,
    /// Account that told of it.
    pub claimed_by: String,
    /// From when it stands so (legal effect), when known: the next state may not begin earlier.
    pub status_from: Option<Timestamp>,
}

/// The latest health certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCertificate {
    /// Day of the examination.
    pub issue_date: Date,
    /// Last day of validity.
    pub expiry_date: Date,
    /// Whether passed.
    pub passed: bool,
}

/// The latest record query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Day of the answer.
    pub query_date: Date,
    /// Last day on which it counts.
    pub valid_until: Date,
    /// Whether nothing was found.
    pub clear: bool,
}

/// An engagement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engagement {
    /// Institution.
    pub institution: Uuid,
    /// Its division when the engagement began.
    pub region: RegionId,
    /// Its credit code when the engagement began.
    pub organisation: Option<String>,
    /// Post.
    pub post: Post,
    /// Share of full time in permille.
    pub share_permille: u32,
    /// Where it stands.
    pub state: EngagementState,
    /// First day.
    pub start_date: Date,
    /// Since when it stands so, for the order of days.
    pub since: Date,
    /// The instant from which it stands so (legal effect), when known.
    pub status_from: Option<Timestamp>,
    /// Last day, once ended.
    pub end_date: Option<Date>,
    /// Ground, while off duty.
    pub off_duty: Option<OffDutyGround>,
    /// Whether an officer took the person off duty, and not the employer.
    pub ordered_off: bool,
    /// Whether qualified for the post when it was taken.
    pub qualified: bool,
}

/// A bar that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarState {
    /// Ground.
    pub ground: BarGround,
    /// First day.
    pub from_date: Date,
    /// Last day; `None`: for life.
    pub until_date: Option<Date>,
    /// Account that imposed it.
    pub imposed_by: String,
}

/// The person as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// Where the person stands.
    pub status: Status,
    /// From when the person stands there (legal effect), when known.
    pub status_from: Option<Timestamp>,
    /// Division of who registered.
    pub region: Option<RegionId>,
    /// Credit code of the institution that registered.
    pub organisation: Option<String>,
    /// Kind of identity document.
    pub identity_kind: Option<IdentityKind>,
    /// Keyed digest of the identity.
    pub identity_digest: Option<KeyedDigest>,
    /// Account in Yujian.
    pub account: Option<String>,
    /// Credentials by number.
    pub credentials: BTreeMap<u32, Credential>,
    /// Latest health certificate.
    pub health: Option<HealthCertificate>,
    /// Latest record query.
    pub query: Option<Query>,
    /// Hours of training by year and kind.
    pub training: BTreeMap<(i16, TrainingKind), u32>,
    /// Engagements by number.
    pub engagements: BTreeMap<u32, Engagement>,
    /// Bar that stands.
    pub bar: Option<BarState>,
}
