//! Authorizations (备案回执, 许可证) with conditions, waivers and cessations. Days are legal days of Asia/Shanghai.

use jiff::civil::Date;
use yujian_domain::institution::{AuthorizationKind, CessationCause, ConditionState, ConditionTerms, RevocationGround};

use super::{AsOf, ClockHistory};

listed! {
    /// How a term of an authorization began.
    AuthorizationBasis {
        /// A receipt was issued.
        Receipt = "receipt" / "出具回执",
        /// A licence was granted.
        Grant = "grant" / "准予许可",
        /// It was renewed, decided or deemed.
        Renewal = "renewal" / "延续",
        /// It went over to another operator.
        Transfer = "transfer" / "转让",
    }
}

listed! {
    /// Where a term of an authorization stands, as recorded. Whether a day lies beyond it is asked with its last day.
    AuthorizationState {
        /// In full standing.
        Active = "active" / "有效",
        /// Until a day only, with conditions.
        Provisional = "provisional" / "暂准",
        /// Service is suspended.
        Suspended = "suspended" / "停业",
        /// It ran out.
        Expired = "expired" / "届满",
        /// Taken away.
        Revoked = "revoked" / "撤销",
        /// Its institution closed.
        Closed = "closed" / "注销",
        /// Another term or another authorization took its place.
        Superseded = "superseded" / "被替代",
        /// It was deemed, and an act in time has taken it back: it never held.
        Reversed = "reversed" / "视为决定已撤回",
    }
}

/// One term of an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRow {
    /// Which term of the institution, from 1.
    pub ordinal: u32,
    /// Kind.
    pub kind: AuthorizationKind,
    /// How it began.
    pub basis: AuthorizationBasis,
    /// Number of the receipt or licence; `None` while a damaged record hides it.
    pub number: Option<String>,
    /// Application that it came with.
    pub application: u32,
    /// Revision of the event that began it.
    pub revision: u64,
    /// First day.
    pub valid_from_date: Date,
    /// Last day; a receipt has none.
    pub valid_to_date: Option<Date>,
    /// Where it stands.
    pub state: AuthorizationState,
    /// Last day of being provisional, while it is.
    pub provisional_until: Option<Date>,
    /// First day without it, when it has ended.
    pub ended_date: Option<Date>,
    /// Ground on which it was taken away.
    pub ground: Option<RevocationGround>,
}

/// A condition (附加条件).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionRow {
    /// Number, from 1.
    pub condition: u32,
    /// Its terms.
    pub terms: ConditionTerms,
    /// Application that it came with.
    pub application: Option<u32>,
    /// Legal day on which it was imposed, when known.
    pub imposed_date: Option<Date>,
    /// Where it stands.
    pub state: ConditionState,
    /// Legal day on which it was found met or was lifted, when known.
    pub ended_date: Option<Date>,
    /// Whether it was met late.
    pub late: bool,
}

/// A waiver (豁免) of one standard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaiverRow {
    /// Application that it came with, which names it.
    pub application: u32,
    /// Item of the standard.
    pub item: String,
    /// First day.
    pub from_date: Date,
    /// Last day.
    pub until_date: Date,
}

/// An orderly cessation (有序停办).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CessationRow {
    /// Which one, from 1.
    pub ordinal: u32,
    /// Cause.
    pub cause: CessationCause,
    /// Children to place when it began.
    pub children: u32,
    /// Children placed since.
    pub placed: u32,
    /// Legal day on which it began, when known.
    pub opened_date: Option<Date>,
    /// Day from which no child is enrolled.
    pub enrolment_frozen_date: Date,
    /// Day on which it ended.
    pub closed_date: Option<Date>,
}

/// What authorizes an institution, and what authorized it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizations {
    /// Terms, in order.
    pub authorizations: Vec<AuthorizationRow>,
    /// Conditions, by number.
    pub conditions: Vec<ConditionRow>,
    /// Waivers, by application.
    pub waivers: Vec<WaiverRow>,
    /// Cessations, in order.
    pub cessations: Vec<CessationRow>,
    /// Every clock of the institution and of its applications, by when it was started.
    pub clocks: Vec<ClockHistory>,
    /// Freshness.
    pub as_of: AsOf,
}
