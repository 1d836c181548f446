//! What decisions of the licence regime rest on.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    ApplicationKind, ApplicationState, AuthorizationKind, CessationCause, ConditionTerms, DecisionProposed,
    DeemedOutcome, WaiverAsked,
};
use super::{ChangeAsked, ClosingAsked, RegistryChecked, SiteVerified, TransferAsked};
use crate::clock::ClockRef;
use crate::envelope::PolicyRef;
use crate::institution::{ReturnedItem, Submission};
use crate::values::codes;

/// What is asked besides the papers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Of a change.
    pub change: Option<ChangeAsked>,
    /// Of a transfer.
    pub transfer: Option<TransferAsked>,
    /// Of a waiver.
    pub waiver: Option<WaiverAsked>,
    /// Of a closing.
    pub closing: Option<ClosingAsked>,
}

/// A proposal that waits, or that a decision followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What is proposed.
    pub proposed: DecisionProposed,
    /// Account of who proposed.
    pub proposer: String,
    /// Legal day of the proposal.
    pub date: Option<Date>,
}

/// The latest verification on site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// What was found.
    pub verified: SiteVerified,
}

/// A deemed outcome that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deemed {
    /// Outcome.
    pub outcome: DeemedOutcome,
    /// Revision of the event that applied it.
    pub revision: u64,
    /// The clock that ran out.
    pub clock: ClockRef,
    /// The term of the authorization before it, of a renewal.
    pub term_before: Option<(Date, Option<Date>)>,
}

/// One application of the licence regime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LicenceApplication {
    /// Number.
    pub number: u32,
    /// Kind.
    pub kind: ApplicationKind,
    /// Where it stands.
    pub state: ApplicationState,
    /// From which legal day it stands there.
    pub since: Option<Date>,
    /// Policy that it is handled under to its end.
    pub policy: PolicyRef,
    /// Legal day on which it first came in.
    pub first_date: Option<Date>,
    /// What was handed in last, and when.
    pub submitted: Submission,
    /// What is asked besides the papers.
    pub applied: Applied,
    /// Legal day from which it is accepted: of the act, or of the papers where silence accepted it.
    pub accepted_date: Option<Date>,
    /// Whether several authorities handle it together.
    pub joint: bool,
    /// How often it was returned.
    pub returned: u32,
    /// Items that its returns have named, each once.
    pub returned_items: Vec<ReturnedItem>,
    /// What was handed in when it was last returned: a further return may name what has come anew since.
    pub seen_at_return: Option<Submission>,
    /// What registers say about it, by item: the answer as of the latest day.
    pub checks: BTreeMap<String, RegistryChecked>,
    /// The latest verification on site.
    pub verification: Option<Verification>,
    /// The latest proposal.
    pub proposal: Option<Proposal>,
    /// Whether the applicant asked to be heard.
    pub hearing_asked: bool,
    /// A deemed outcome that stands and may still be taken back.
    pub deemed: Option<Deemed>,
    /// Whether the certificate was handed over.
    pub certificate_issued: bool,
}

codes! {
    /// Where a condition stands.
    ConditionState {
        /// To be met.
        Open = "open" / "待履行",
        /// Met.
        Met = "met" / "已履行",
        /// Lifted.
        Lifted = "lifted" / "已解除",
    }
}

/// One condition of the authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Terms.
    pub terms: ConditionTerms,
    /// Where it stands.
    pub state: ConditionState,
    /// The clock that ends on its day.
    pub clock: Option<ClockRef>,
}

/// What authorizes the institution: the last receipt or licence, also when it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Kind.
    pub kind: AuthorizationKind,
    /// Number.
    pub number: String,
    /// First day.
    pub valid_from_date: Date,
    /// Last day; a receipt has none.
    pub valid_to_date: Option<Date>,
    /// Provisional until this day.
    pub provisional_until: Option<Date>,
    /// Day from which it holds no more: revoked, expired, closed.
    pub ended: Option<Date>,
    /// Application that led to it.
    pub application: u32,
    /// Conditions by number.
    pub conditions: BTreeMap<u32, Condition>,
    /// Waivers: item and last day, by the application that led to it.
    pub waivers: BTreeMap<u32, (String, Date)>,
}

/// An orderly cessation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cessation {
    /// Cause.
    pub cause: CessationCause,
    /// Children to place when it began.
    pub children: u32,
    /// Children placed since.
    pub placed: u32,
    /// Day from which no child is enrolled.
    pub enrolment_frozen_date: Date,
    /// Day on which it ended.
    pub closed: Option<Date>,
}
