//! Legal clocks as decisions use them: started, met, stopped, let run again, cancelled.
//!
//! Which clock belongs to what: those of an application (completeness, decision, certificate, hearing, replies, and the
//! waiver that it led to) carry its number; renewal and its asking, migration, conditions and cessation are the
//! institution's own and carry none.

use jiff::civil::Date;

use crate::aggregate::{Context, Decided};
use crate::calendar::Due;
use crate::clock::{
    Clock, ClockCancelled, ClockKind, ClockMet, ClockPaused, ClockRef, ClockResumed, ClockStarted, ClockState, Deadline,
    PauseReason, Unit,
};
use crate::envelope::PolicyRef;
use crate::institution::machine::{FILING_RULES, LICENSING_LAW};
use crate::institution::{Institution, InstitutionEvent};
use crate::policy::LicencePolicy;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::start_of;

/// Starts a clock of `count` units from the act on `from`, which is not counted.
pub(super) fn start(
    kind: ClockKind,
    application: Option<u32>,
    from: Date,
    unit: Unit,
    count: u32,
    policy: &PolicyRef,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let calendar = &context.reference.calendar;
    let due = match unit {
        Unit::WorkingDays => calendar.add_working_days(from, count),
        Unit::CalendarDays => calendar.add_calendar_days(from, count),
        Unit::FixedDay => fixed(from),
    };
    started(kind, application, from, unit, count, Deadline::of(due, policy.clone()))
}

/// Starts a clock that ends on a day which was set, on a day off too.
pub(super) fn start_fixed(
    kind: ClockKind,
    application: Option<u32>,
    from: Date,
    until: Date,
    policy: &PolicyRef,
) -> Decided<InstitutionEvent> {
    let due = Deadline::of(fixed(until), policy.clone());
    started(kind, application, from, Unit::FixedDay, 0, due)
}

/// Starts the clock of a decision: of the authority alone, or of several together (行政许可法 §42).
// rule: ADM-50
pub(super) fn start_decision(
    application: u32,
    joint: bool,
    from: Date,
    policy: &LicencePolicy,
    policy_ref: &PolicyRef,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let (kind, count) = if joint {
        (ClockKind::JointDecision, policy.joint_working_days)
    } else {
        (ClockKind::Decision, policy.decision_working_days)
    };
    start(kind, Some(application), from, Unit::WorkingDays, count, policy_ref, context)
}

const fn fixed(date: Date) -> Due {
    Due {
        date,
        provisional: false,
    }
}

fn started(
    kind: ClockKind,
    application: Option<u32>,
    from_date: Date,
    unit: Unit,
    count: u32,
    due: Deadline,
) -> Decided<InstitutionEvent> {
    let policy = due.policy.clone();
    let mut decided = Decided::plain(ClockStarted {
        application,
        kind,
        from_date,
        unit,
        count,
        due,
    });
    decided.effective_from = Some(start_of(from_date));
    decided.policies = vec![policy];
    decided.legal_basis = basis(kind);
    decided
}

/// The latest clock of that kind and application, in whatever state.
pub(super) fn latest(
    state: &Institution,
    kind: ClockKind,
    application: Option<u32>,
) -> Option<(ClockRef, &Clock)> {
    state
        .clocks
        .iter()
        .filter(|(name, clock)| name.kind == kind && clock.application == application)
        .last()
}

/// The latest clock of the decision on an application, alone or joint.
pub(super) fn decision_clock(state: &Institution, application: u32) -> Option<(ClockRef, &Clock)> {
    let kinds = [ClockKind::Decision, ClockKind::JointDecision];
    kinds
        .into_iter()
        .filter_map(|kind| latest(state, kind, Some(application)))
        .max_by_key(|(name, _)| name.revision)
}

/// Whether an act on `on` comes after the end of a clock. A clock that stands still has no end, and while its end is
/// provisional nothing is late.
pub(super) fn is_late(clock: &Clock, on: Date) -> bool {
    clock.state != ClockState::Paused && clock.due.missed(on)
}

/// What the latest clock of that kind and application asked for was done on `on`, also when it had expired. `None`
/// where there is no such clock, or it ended in another way.
pub(super) fn met(
    state: &Institution,
    kind: ClockKind,
    application: Option<u32>,
    on: Date,
) -> Option<Decided<InstitutionEvent>> {
    met_by(latest(state, kind, application)?, on)
}

/// The decision was made on `on`.
pub(super) fn decision_met(state: &Institution, application: u32, on: Date) -> Option<Decided<InstitutionEvent>> {
    met_by(decision_clock(state, application)?, on)
}

fn met_by((name, clock): (ClockRef, &Clock), on: Date) -> Option<Decided<InstitutionEvent>> {
    if matches!(clock.state, ClockState::Met | ClockState::Cancelled) {
        return None;
    }
    Some(about(
        name.kind,
        clock,
        on,
        ClockMet {
            clock: name,
            on_date: on,
            late: is_late(clock, on),
        },
    ))
}

/// Everything that still runs or stands still, and that `ends` picks, ends with its matter on `on`.
pub(super) fn cancelled_all(
    state: &Institution,
    ends: impl Fn(ClockRef, &Clock) -> bool,
    on: Date,
) -> Vec<Decided<InstitutionEvent>> {
    state
        .clocks
        .open()
        .filter(|(name, clock)| ends(*name, clock))
        .map(|(name, clock)| {
            about(
                name.kind,
                clock,
                on,
                ClockCancelled {
                    clock: name,
                    on_date: on,
                },
            )
        })
        .collect()
}

/// An event about a clock, with the policy that set it and the article of its kind.
fn about(kind: ClockKind, clock: &Clock, on: Date, event: impl Into<InstitutionEvent>) -> Decided<InstitutionEvent> {
    let mut decided = Decided::plain(event);
    decided.effective_from = Some(start_of(on));
    decided.policies = vec![clock.due.policy.clone()];
    decided.legal_basis = basis(kind);
    decided
}

/// The article that a clock of this kind comes from; empty where no law has it, and the command's own is told.
fn basis(kind: ClockKind) -> Vec<LegalBasis> {
    let (law, article) = match kind {
        ClockKind::Receipt | ClockKind::Nonconformity => (FILING_RULES, "§9"),
        ClockKind::Completeness => (LICENSING_LAW, "§32"),
        ClockKind::Decision | ClockKind::JointDecision => (LICENSING_LAW, "§42"),
        ClockKind::Certificate => (LICENSING_LAW, "§44"),
        ClockKind::HearingRequest | ClockKind::Hearing => (LICENSING_LAW, "§47"),
        ClockKind::RenewalAsk | ClockKind::Renewal => (LICENSING_LAW, "§50"),
        ClockKind::InformationReply
        | ClockKind::CorrectionReply
        | ClockKind::Condition
        | ClockKind::Waiver
        | ClockKind::Migration
        | ClockKind::Cessation => return Vec::new(),
    };
    vec![LegalBasis::new(law, article)]
}

/// The refusal of an act that comes after the end of a clock which the law attaches an outcome to.
pub(super) fn run_out(
    kind: ClockKind,
    due_date: Date,
    message: &str,
    message_zh: &str,
) -> Rejection {
    let rejection = Rejection::new(
        Reason::ClockExpired,
        format!("{message}: the last day was {due_date}"),
        format!("{message_zh}，期限届满日为{due_date}"),
    )
    .with("clock", kind.code())
    .with("due_date", due_date.to_string());
    basis(kind).into_iter().fold(rejection, Rejection::citing)
}
