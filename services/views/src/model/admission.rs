//! Admission (机构准入): applications with what was returned and how far they are, and the figures of regions. Days are
//! legal days of Asia/Shanghai.
//!
//! Nothing here knows "now": a question names its day `at`, and where working days matter also the last day `soon` that
//! still counts as due soon, which the caller counts by the holiday table.

use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, ChangeAsked, ClosingAsked, DecisionProposed, DeemedOutcome, InstitutionType,
    ItemProblem, Paper, Premises, ProposedOutcome, RegistryChecked, SiteVerified, TransferAsked, WaiverAsked,
};

use super::{AsOf, BucketFigures, ClockBucket, ClockHistory, ClockRow, Scope, TimelineRow};

/// Which applications.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationQuery {
    /// What the caller may see.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// Only these states; empty: all.
    pub states: Vec<ApplicationState>,
    /// Only these kinds; empty: all.
    pub kinds: Vec<ApplicationKind>,
    /// Only those that something may still come of.
    pub open_only: bool,
    /// Only those whose clocks stand so at the day `at`; empty: all.
    pub buckets: Vec<ClockBucket>,
    /// Day for `buckets`.
    pub at: Date,
    /// Last day that counts as due soon, for `buckets`.
    pub soon: Date,
    /// Only those with these deemed outcomes, also when they were taken back; empty: all.
    pub deemed: Vec<DeemedOutcome>,
    /// Only those whose latest return names this item, e.g. `papers.fire_safety`, and that stand returned.
    pub returned_item: Option<String>,
    /// Only those returned at least so often.
    pub returned_at_least: u32,
    /// Keyset: rows after this key. Latest submitted first.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One application: a filing (备案) or an application of the licence regime (许可). Both are numbered together, by
/// institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRow {
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its type now.
    pub institution_type: InstitutionType,
    /// Its division code now.
    pub region: String,
    /// Number, from 1.
    pub number: u32,
    /// Kind; `None` while a damaged record hides it.
    pub kind: Option<ApplicationKind>,
    /// Where it stands. A filing with a receipt is [`ApplicationState::Granted`]. An operator is told the state before an
    /// event that is for the regulator alone.
    pub state: ApplicationState,
    /// Legal day from which it stands there, when known.
    pub state_since: Option<Date>,
    /// Legal day on which papers first came in, when known.
    pub submitted_date: Option<Date>,
    /// How often it was returned.
    pub returned: u32,
    /// Whether several authorities handle it together.
    pub joint: bool,
    /// Policy that it is handled under: id and version. Of a filing the one that counts its receipt, once accepted.
    pub policy: Option<(String, u32)>,
    /// What is proposed or was proposed last; `None` for an operator who may not know it.
    pub proposed: Option<ProposedOutcome>,
    /// A deemed outcome (视为决定), and whether an act in time has taken it back.
    pub deemed: Option<(DeemedOutcome, bool)>,
    /// Legal day of the receipt or of the decision.
    pub decided_date: Option<Date>,
    /// Whether that was late.
    pub late: bool,
    /// Legal day on which the certificate was handed over.
    pub certificate_date: Option<Date>,
    /// Whether that was late.
    pub certificate_late: bool,
    /// The clock that it waits for first, in the order of [`ClockBucket`]; `None`: no clock waits.
    pub clock: Option<ClockRow>,
    /// Whether a record of its institution's stream is damaged: the row may be incomplete.
    pub damaged: bool,
}

/// An item that a return named (一次性告知).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedItemRow {
    /// Which return of the application, from 1.
    pub return_number: u32,
    /// Legal day of the return, when known.
    pub returned_date: Option<Date>,
    /// Field or paper, e.g. `papers.fire_safety`.
    pub item: String,
    /// Rule id in `docs/rules.md`.
    pub rule: String,
    /// What is wrong.
    pub problem: ItemProblem,
}

/// What was handed in last, with the papers that came with information since.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubmissionDetail {
    /// Papers.
    pub papers: Vec<Paper>,
    /// Whether meals are made.
    pub makes_meals: bool,
    /// Premises.
    pub premises: Option<Premises>,
    /// What an application for a change asks for.
    pub change: Option<ChangeAsked>,
    /// What an application for a transfer asks for; personal values sealed.
    pub transfer: Option<TransferAsked>,
    /// What an application for a waiver asks for.
    pub waiver: Option<WaiverAsked>,
    /// What an application for closing says.
    pub closing: Option<ClosingAsked>,
}

/// One application with everything that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationDetail {
    /// The application.
    pub row: ApplicationRow,
    /// What was handed in; `None` while a damaged record hides it.
    pub submission: Option<SubmissionDetail>,
    /// Items of its returns, in order.
    pub items: Vec<ReturnedItemRow>,
    /// Its clocks, by when they were started.
    pub clocks: Vec<ClockHistory>,
    /// Registers asked for it, in order, each with the revision of its event.
    pub checks: Vec<(u64, RegistryChecked)>,
    /// Verifications on site, in order, each with the revision of its event.
    pub verifications: Vec<(u64, SiteVerified)>,
    /// The latest proposal with its conditions and reasons.
    pub proposal: Option<DecisionProposed>,
    /// Every event of the institution's stream that names it, and those of its clocks, oldest first.
    pub steps: Vec<TimelineRow>,
    /// Freshness.
    pub as_of: AsOf,
}

/// Open applications in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFigures {
    /// State.
    pub state: ApplicationState,
    /// By what their clocks leave; [`BucketFigures::total`] is how many there are.
    pub buckets: BucketFigures,
    /// Earliest day since which one stands there: the longest in the state.
    pub oldest_since: Option<Date>,
    /// Day since which the middle one stands there (of an even number the one that stands there longer): days between it
    /// and a day are the median of the days in the state.
    pub median_since: Option<Date>,
}

/// Applications of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindFigures {
    /// Open.
    pub open: u64,
    /// Granted, receipts included.
    pub granted: u64,
    /// Of them never returned (一次通过).
    pub granted_at_once: u64,
    /// Refused.
    pub refused: u64,
}

/// Returned applications whose latest return names an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedItemFigures {
    /// Item, e.g. `papers.fire_safety`.
    pub item: String,
    /// Applications that stand returned and whose latest return names it.
    pub applications: u64,
    /// Of them those returned more than once.
    pub again: u64,
}

/// Admission of one region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdmissionRow {
    /// Division code; empty for the whole.
    pub code: String,
    /// Name; the code when the tables do not know it.
    pub name: String,
    /// Whether it has parts to drill into.
    pub has_children: bool,
    /// Open applications by what their clocks leave.
    pub open: BucketFigures,
    /// Applications by state code.
    pub by_state: BTreeMap<String, u64>,
    /// Applications by kind code; those whose kind is not known under the empty code.
    pub by_kind: BTreeMap<String, KindFigures>,
    /// Deemed outcomes that stand, by code.
    pub deemed: BTreeMap<String, u64>,
    /// Deemed outcomes that an act in time has taken back, by code.
    pub deemed_reversed: BTreeMap<String, u64>,
    /// Decisions and receipts that were late.
    pub decided_late: u64,
    /// Authorizations: the latest term of each institution by code of its state.
    pub authorizations: BTreeMap<String, u64>,
    /// Conditions that are to be met.
    pub conditions_open: u64,
    /// Cessations that are not closed.
    pub cessations_open: u64,
    /// Clocks that wait by what they leave, those of institutions included.
    pub clocks: BucketFigures,
    /// Institutions with applications and damaged records: figures are incomplete by these.
    pub damaged: u64,
}

/// Admission of a region and its parts at a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The region.
    pub region: AdmissionRow,
    /// Its direct parts.
    pub parts: Vec<AdmissionRow>,
    /// Path from the top: (code, name).
    pub path: Vec<(String, String)>,
    /// Open applications by state, in the order of the course; states without one are left out.
    pub states: Vec<StateFigures>,
    /// What returned applications lack, most frequent first, then by item.
    pub returned_items: Vec<ReturnedItemFigures>,
    /// Applications that stand returned.
    pub returned: u64,
    /// Freshness.
    pub as_of: AsOf,
}
