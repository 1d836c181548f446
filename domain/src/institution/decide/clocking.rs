//! Legal clocks as decisions use them: started, met, stopped, let run again, cancelled.
//!
//! Which clock belongs to what: those of an application (completeness, decision, certificate, hearing, replies, and the
//! waiver that it led to) carry its number; renewal and its asking, migration, conditions and cessation are the
//! institution's own and carry none.

use jiff::civil::Date;

use crate::aggregate::{Context, Decided};
use crate::calendar::Due;
use crate::clock::{
    Clock, ClockCancelled, ClockKind, ClockMet, ClockPaused, ClockRef, ClockResumed, ClockStarted, ClockState,
    Deadline, PauseReason, Unit,
};
use crate::envelope::PolicyRef;
use crate::institution::machine::{FILING_RULES, LICENSING_LAW};
use crate::institution::{Institution, InstitutionEvent, LicenceApplication};
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
    let due = unit
        .due_after(from, count, &context.reference.calendar)
        .unwrap_or(fixed(from));
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

/// Starts the clock of the decision on an application that was accepted, or is deemed to be, from `accepted`: of the
/// authority alone, or of several together (行政许可法 §42).
///
/// Who closes is removed from the register after the last day of service and not before: the authority's time for that
/// begins no earlier.
// rule: ADM-50, ADM-61
pub(super) fn start_decision(
    application: &LicenceApplication,
    joint: bool,
    accepted: Date,
    policy: &LicencePolicy,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let (kind, count) = if joint {
        (ClockKind::JointDecision, policy.joint_working_days)
    } else {
        (ClockKind::Decision, policy.decision_working_days)
    };
    let closing = application.applied.closing.as_ref().map(|asked| asked.closing_date);
    let from = accepted.max(closing.unwrap_or(accepted));
    let number = Some(application.number);
    start(
        kind,
        number,
        from,
        Unit::WorkingDays,
        count,
        &application.policy,
        context,
    )
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
pub(super) fn latest(state: &Institution, kind: ClockKind, application: Option<u32>) -> Option<(ClockRef, &Clock)> {
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

/// The end of a clock as the holiday table has it now: one that was provisional is counted anew.
pub(super) fn due(clock: &Clock, context: &Context<'_>) -> Deadline {
    clock
        .due_when_recomputed(&context.reference.calendar)
        .map_or_else(|| clock.due.clone(), |due| Deadline::of(due, clock.due.policy.clone()))
}

/// Whether an act on `on` comes after the end of a clock. A clock that stands still has no end, and while its end is
/// provisional nothing is late.
pub(super) fn is_late(clock: &Clock, on: Date, context: &Context<'_>) -> bool {
    clock.state != ClockState::Paused && due(clock, context).missed(on)
}

/// What the latest clock of that kind and application asked for was done on `on`, also when it had expired. `None`
/// where there is no such clock, or it ended in another way.
pub(super) fn met(
    state: &Institution,
    kind: ClockKind,
    application: Option<u32>,
    on: Date,
    context: &Context<'_>,
) -> Option<Decided<InstitutionEvent>> {
    met_by(latest(state, kind, application)?, on, context)
}

/// What a clock of that name asked for was done on `on`.
pub(super) fn met_clock(
    state: &Institution,
    name: ClockRef,
    on: Date,
    context: &Context<'_>,
) -> Option<Decided<InstitutionEvent>> {
    met_by((name, state.clocks.get(name)?), on, context)
}

/// The decision on an application was made on `on`.
pub(super) fn decision_met(
    state: &Institution,
    application: u32,
    on: Date,
    context: &Context<'_>,
) -> Option<Decided<InstitutionEvent>> {
    met_by(decision_clock(state, application)?, on, context)
}

fn met_by((name, clock): (ClockRef, &Clock), on: Date, context: &Context<'_>) -> Option<Decided<InstitutionEvent>> {
    clock.can_end(on).ok()?;
    let met = ClockMet {
        clock: name,
        on_date: on,
        late: is_late(clock, on, context),
    };
    Some(about(clock, on, met))
}

/// A clock stands still from `on`, or from the day on which it last ran on when that comes later. `None` when it may
/// not: it does not run, its last day has passed, or its kind lets no time go uncounted.
pub(super) fn paused(
    (name, clock): (ClockRef, &Clock),
    reason: PauseReason,
    on: Date,
    told_date: Option<Date>,
) -> Option<Decided<InstitutionEvent>> {
    let ran_on = clock.pauses.last().and_then(|pause| pause.to_date);
    let from_date = on.max(ran_on.unwrap_or(on));
    clock.can_pause(from_date).ok()?;
    let paused = ClockPaused {
        clock: name,
        reason,
        from_date,
        told_date,
    };
    Some(about(clock, from_date, paused))
}

/// A clock that stood still for `reason` runs on, and `on` is the first day that is counted again; not before the day
/// from which it stood still. `None` when it runs, or stands still for another reason.
pub(super) fn resumed(
    (name, clock): (ClockRef, &Clock),
    reason: PauseReason,
    on: Date,
    context: &Context<'_>,
) -> Option<Decided<InstitutionEvent>> {
    let pause = clock.open_pause().filter(|pause| pause.reason == reason)?;
    let on_date = on.max(pause.from_date);
    let due = clock.due_when_resumed(on_date, &context.reference.calendar)?;
    let resumed = ClockResumed {
        clock: name,
        on_date,
        due: Deadline::of(due, clock.due.policy.clone()),
    };
    Some(about(clock, on_date, resumed))
}

/// Everything that still runs or stands still, and that `ends` picks, ends with its matter on `on`. What had run out
/// before is left to run out in its turn: that it did must not depend on when the timer wakes.
pub(super) fn cancelled_all(
    state: &Institution,
    ends: impl Fn(ClockRef, &Clock) -> bool,
    on: Date,
) -> Vec<Decided<InstitutionEvent>> {
    let picked = state
        .clocks
        .open()
        .filter(|(name, clock)| !clock.is_late(on) && ends(*name, clock));
    let cancelled = picked.map(|(name, clock)| {
        let on_date = on.max(clock.from_date);
        about(clock, on_date, ClockCancelled { clock: name, on_date })
    });
    cancelled.collect()
}

/// An event about a clock, with the policy that set it and the article of its kind.
pub(super) fn about(clock: &Clock, on: Date, event: impl Into<InstitutionEvent>) -> Decided<InstitutionEvent> {
    let mut decided = Decided::plain(event);
    decided.effective_from = Some(start_of(on));
    decided.policies = vec![clock.due.policy.clone()];
    decided.legal_basis = basis(clock.kind);
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
pub(super) fn run_out(kind: ClockKind, due_date: Date, message: &str, message_zh: &str) -> Rejection {
    let rejection = Rejection::new(
        Reason::ClockExpired,
        format!("{message}: the last day was {due_date}"),
        format!("{message_zh}，期限届满日为{due_date}"),
    )
    .with("clock", kind.code())
    .with("due_date", due_date.to_string());
    basis(kind).into_iter().fold(rejection, Rejection::citing)
}
