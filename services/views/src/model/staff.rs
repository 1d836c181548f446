//! Staff (从业人员): persons, engagements, certificates. Names, numbers and phones stay sealed as stored.
//!
//! A person is seen by an operator while engaged at one of its institutions, or when its organisation registered the
//! person and nobody has engaged the person yet; within a jurisdiction while engaged at an institution there, or when registered there. Several restrictions
//! of a [`Scope`] must be met by one and the same institution or registration. A person without a place of its own (the
//! first record is damaged) is seen by those only who see everything.

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::person::{
    BarGround, CredentialKind, CredentialState, Employment, EndGround, EngagementState, IdentityKind, OffDutyGround,
    Offence, Post, Proofing, QueriedOf, QueryOccasion, Status, TrainingKind,
};
use yujian_domain::personal::{KeyedDigest, Personal};

use super::{AsOf, Scope};

/// Which persons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonQuery {
    /// What the caller may see.
    pub scope: Scope,
    /// Division code: persons registered in it or engaged in it.
    pub region: Option<String>,
    /// Only persons who stand engaged at this institution.
    pub institution: Option<Uuid>,
    /// Only the person whose identity has one of these digests (one for each epoch of the key); empty: all.
    pub identities: Vec<KeyedDigest>,
    /// Only persons who are barred on this day.
    pub barred_at: Option<Date>,
    /// Keyset: rows after this key. Latest registered first.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// A bar from work with children (从业禁止).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Ground.
    pub ground: BarGround,
    /// First day.
    pub from_date: Date,
    /// Last day; `None`: for life.
    pub until_date: Option<Date>,
}

impl Bar {
    /// Whether it bars on a legal day.
    #[must_use]
    pub fn bars_on(&self, day: Date) -> bool {
        self.from_date <= day && self.until_date.is_none_or(|until| day <= until)
    }
}

/// The latest health certificate (健康证明).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// Day of the examination.
    pub issue_date: Date,
    /// Last day of validity.
    pub expiry_date: Date,
    /// Whether passed.
    pub passed: bool,
}

impl Health {
    /// Whether it is valid on a legal day.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.passed && day <= self.expiry_date
    }
}

/// The latest record query (违法犯罪记录查询).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordQuery {
    /// Day of the answer.
    pub query_date: Date,
    /// Last day on which it counts.
    pub valid_until: Date,
    /// Whether nothing was found.
    pub clear: bool,
}

impl RecordQuery {
    /// Whether it lets the person work on a legal day.
    #[must_use]
    pub fn valid_on(&self, day: Date) -> bool {
        self.clear && day <= self.valid_until
    }
}

/// One person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Id.
    pub id: Uuid,
    /// Name, sealed; `None` while a damaged record hides it.
    pub name: Option<Personal>,
    /// Phone, sealed.
    pub phone: Option<Personal>,
    /// Kind of identity document.
    pub identity_kind: Option<IdentityKind>,
    /// Its number, sealed.
    pub identity: Option<Personal>,
    /// How the identity was verified.
    pub proofing: Option<Proofing>,
    /// Year of birth, when known.
    pub birth_year: Option<i16>,
    /// Account in Yujian.
    pub account: Option<String>,
    /// Division code of who registered; empty while a damaged record hides it.
    pub region: String,
    /// Credit code of the institution that registered, if one did.
    pub organisation: Option<String>,
    /// Legal day of the registration, when known.
    pub registered_date: Option<Date>,
    /// Where the person stands. A bar that has run out still shows here; ask [`Bar::bars_on`].
    pub status: Status,
    /// Bar that has not been lifted.
    pub bar: Option<Bar>,
    /// Latest health certificate.
    pub health: Option<Health>,
    /// Latest record query.
    pub query: Option<RecordQuery>,
    /// Engagements that stand. An operator's answer counts those at its own institutions.
    pub engagements: u64,
    /// Verified credentials.
    pub credentials: u64,
    /// Earliest last day of a verified credential.
    pub next_expiry: Option<Date>,
    /// Revision of the stream that the row has folded.
    pub revision: u64,
    /// Whether a record of the person's stream is damaged.
    pub damaged: bool,
}

/// Which engagements: the list of staff.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffQuery {
    /// What the caller may see: the institution must be in it, and the person too (see the head of this module), so that
    /// an operator does not go on following somebody who has left.
    pub scope: Scope,
    /// Division code of the institution: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// Only these posts; empty: all.
    pub posts: Vec<Post>,
    /// Only these states; empty: all. The list of those at work is `active` and `off_duty`.
    pub states: Vec<EngagementState>,
    /// Only those who were not qualified for the post when they took it.
    pub unqualified_only: bool,
    /// Only persons who are barred on this day.
    pub barred_at: Option<Date>,
    /// From a day on, within so many days: only persons whose health certificate, record query or a verified credential
    /// ends on or before the last of these days. What has ended before the day is there too.
    pub expiring_within: Option<(Date, u32)>,
    /// Keyset: rows after this key. In order of the institution's name, then person and engagement.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One engagement, standing or past, with what is known of the person at the end of what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngagementRow {
    /// Person.
    pub person: Uuid,
    /// Number within the person.
    pub engagement: u32,
    /// The person's name, sealed.
    pub name: Option<Personal>,
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code now.
    pub region: String,
    /// Post.
    pub post: Post,
    /// Employer.
    pub employment: Employment,
    /// Share of full time in permille.
    pub share_permille: u32,
    /// Where it stands.
    pub state: EngagementState,
    /// Why off duty, while off duty.
    pub off_duty: Option<OffDutyGround>,
    /// First day.
    pub start_date: Date,
    /// Last day, once ended.
    pub end_date: Option<Date>,
    /// Why it ended.
    pub end_ground: Option<EndGround>,
    /// Whether the person was qualified for the post when it was taken.
    pub qualified: bool,
    /// The person's latest health certificate.
    pub health: Option<Health>,
    /// The person's latest record query.
    pub query: Option<RecordQuery>,
    /// The person's bar that has not been lifted.
    pub bar: Option<Bar>,
    /// Earliest last day of a verified credential of the person.
    pub next_expiry: Option<Date>,
    /// Other engagements of the person that stand. An operator's answer counts those at its own institutions.
    pub others: u64,
    /// Whether a record of the person's stream is damaged.
    pub damaged: bool,
}

/// How far a certificate's last day lies from a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// The last day lies before the day.
    Expired,
    /// 0 to 7 days are left.
    Within7,
    /// 8 to 30 days are left.
    Within30,
    /// 31 to 90 days are left.
    Within90,
    /// More than 90 days are left.
    More,
    /// It has no last day; of health certificates: there is none.
    None,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: &'static [Self] = &[
        Self::Expired,
        Self::Within7,
        Self::Within30,
        Self::Within90,
        Self::More,
        Self::None,
    ];

    /// The bucket of a last day, seen from a day.
    #[must_use]
    pub fn of(expiry: Option<Date>, at: Date) -> Self {
        match expiry.map(|expiry| (expiry - at).get_days()) {
            None => Self::None,
            Some(..0) => Self::Expired,
            Some(..=7) => Self::Within7,
            Some(..=30) => Self::Within30,
            Some(..=90) => Self::Within90,
            Some(_) => Self::More,
        }
    }

    /// The code in figures: `expired`, `7`, `30`, `90`, `more`, `none`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Within7 => "7",
            Self::Within30 => "30",
            Self::Within90 => "90",
            Self::More => "more",
            Self::None => "none",
        }
    }
}

/// Which credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialQuery {
    /// What the caller may see, by the person.
    pub scope: Scope,
    /// Division code: credentials of persons engaged in it (standing), or registered in it.
    pub region: Option<String>,
    /// Only of persons who stand engaged at this institution.
    pub institution: Option<Uuid>,
    /// Only of this person.
    pub person: Option<Uuid>,
    /// Only these kinds; empty: all.
    pub kinds: Vec<CredentialKind>,
    /// Only these states; empty: all.
    pub states: Vec<CredentialState>,
    /// The day from which days left are counted.
    pub at: Date,
    /// Only these buckets at that day; empty: all.
    pub buckets: Vec<Bucket>,
    /// Only of persons who stand engaged anywhere in scope.
    pub engaged_only: bool,
    /// Keyset: rows after this key. Earliest last day first, those without one last.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// Person.
    pub person: Uuid,
    /// Number within the person.
    pub credential: u32,
    /// The person's name, sealed.
    pub name: Option<Personal>,
    /// Kind.
    pub kind: CredentialKind,
    /// Issuer.
    pub issuer: String,
    /// Number as printed, sealed.
    pub number: Personal,
    /// Level.
    pub level: Option<String>,
    /// Where it stands.
    pub state: CredentialState,
    /// Day of issue.
    pub issue_date: Date,
    /// Last day of validity.
    pub expiry_date: Option<Date>,
    /// Days left at the day asked, negative once it has ended; `None` without a last day.
    pub days_left: Option<i32>,
    /// Institutions in scope where the person stands engaged, with their names, in order of name.
    pub institutions: Vec<(Uuid, String)>,
}

/// A health certificate as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthRow {
    /// Revision of the event.
    pub revision: u64,
    /// Who examined.
    pub issuer: String,
    /// The certificate.
    pub health: Health,
}

/// A record query as answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRow {
    /// Revision of the event.
    pub revision: u64,
    /// Occasion.
    pub occasion: QueryOccasion,
    /// Whom it was asked of.
    pub queried_of: QueriedOf,
    /// The answer.
    pub query: RecordQuery,
    /// Kinds of record found; never shown to an operator, who learns only that the query was not clear.
    pub found: Vec<Offence>,
}

/// A training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainingRow {
    /// Revision of the event.
    pub revision: u64,
    /// Kind.
    pub kind: TrainingKind,
    /// Hours.
    pub hours: u32,
    /// Who gave it.
    pub provider: String,
    /// Last day of it.
    pub completed_date: Date,
}

/// A bar with its decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BarRow {
    /// Revision of the event.
    pub revision: u64,
    /// The bar.
    pub bar: Bar,
    /// Number of the decision.
    pub decision_number: String,
    /// Reasons, sealed; never shown to an operator.
    pub reason: Option<Personal>,
    /// Legal day on which it was lifted, when known, and the number of that decision.
    pub lifted: Option<(Option<Date>, String)>,
}

/// One person with everything that is known. An operator sees the engagements at its own institutions only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonDetail {
    /// The row.
    pub row: PersonRow,
    /// Credentials by number; days left are counted from the day asked.
    pub credentials: Vec<CredentialRow>,
    /// Health certificates, latest recorded first.
    pub health: Vec<HealthRow>,
    /// Record queries, latest recorded first.
    pub queries: Vec<QueryRow>,
    /// Trainings, latest recorded first.
    pub trainings: Vec<TrainingRow>,
    /// Engagements by number.
    pub engagements: Vec<EngagementRow>,
    /// Bars, latest recorded first.
    pub bars: Vec<BarRow>,
    /// Damaged records of the person's stream: (stream, problem).
    pub damaged: Vec<(String, String)>,
    /// Freshness.
    pub as_of: AsOf,
}
