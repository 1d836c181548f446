//! Events of clocks as the rooms need them beside their own.

use jiff::civil::Date;

use crate::aggregate::{Context, Decided};
use crate::calendar::Due;
use crate::clock::{Clock, ClockCancelled, ClockKind, ClockMet, ClockRef, ClockStarted, ClockState, Deadline, Unit};
use crate::envelope::PolicyRef;
use crate::institution::{Institution, InstitutionEvent};

/// A clock of `count` working days begins with an act on `from`.
pub(super) fn working_days(
    kind: ClockKind,
    application: Option<u32>,
    from: Date,
    count: u32,
    policy: &PolicyRef,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let due = context.reference.calendar.add_working_days(from, count);
    started(ClockStarted {
        application,
        kind,
        from_date: from,
        unit: Unit::WorkingDays,
        count,
        due: Deadline::of(due, policy.clone()),
    })
}

/// A clock that ends on a day which was set.
pub(super) fn fixed_day(
    kind: ClockKind,
    application: Option<u32>,
    from: Date,
    last: Date,
    policy: &PolicyRef,
) -> Decided<InstitutionEvent> {
    let due = Due {
        date: last,
        provisional: false,
    };
    started(ClockStarted {
        application,
        kind,
        from_date: from,
        unit: Unit::FixedDay,
        count: 0,
        due: Deadline::of(due, policy.clone()),
    })
}

/// The event with the policy that sets the clock in its envelope.
pub(super) fn started(event: ClockStarted) -> Decided<InstitutionEvent> {
    let policies = vec![event.due.policy.clone()];
    Decided {
        policies,
        ..Decided::plain(event)
    }
}

/// The clock of that kind and application that was started last.
pub(super) fn latest(state: &Institution, kind: ClockKind, application: Option<u32>) -> Option<(ClockRef, &Clock)> {
    let of_kind = |(name, clock): &(ClockRef, &Clock)| name.kind == kind && clock.application == application;
    state.clocks.iter().filter(of_kind).last()
}

/// The same while it waits for its act, also when its last day has passed.
pub(super) fn awaited(state: &Institution, kind: ClockKind, application: Option<u32>) -> Option<(ClockRef, &Clock)> {
    latest(state, kind, application).filter(|(_, clock)| clock.is_open() || clock.state == ClockState::Expired)
}

/// The end of a clock as today's holiday table has it: a firm one stands, a provisional one is counted again.
pub(super) fn newest_due(clock: &Clock, context: &Context<'_>) -> Deadline {
    clock
        .due_when_recomputed(&context.reference.calendar)
        .map_or_else(|| clock.due.clone(), |due| Deadline::of(due, clock.due.policy.clone()))
}

/// What the clock asked for was done on a day; whether that was late is told by the newest count.
pub(super) fn met(name: ClockRef, clock: &Clock, on: Date, context: &Context<'_>) -> Decided<InstitutionEvent> {
    let late = clock.state != ClockState::Paused && newest_due(clock, context).missed(on);
    Decided::plain(ClockMet {
        clock: name,
        on_date: on,
        late,
    })
}

/// Every open clock that `ends` says so ends with its matter.
pub(super) fn cancelled(
    state: &Institution,
    on: Date,
    ends: impl Fn(ClockRef, &Clock) -> bool,
) -> Vec<Decided<InstitutionEvent>> {
    let open = state.clocks.open().filter(|(name, clock)| ends(*name, clock));
    open.map(|(clock, _)| Decided::plain(ClockCancelled { clock, on_date: on }))
        .collect()
}
