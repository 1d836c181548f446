//! Legal clocks: one that has run out is found to be so, with the effect of its own last day; one that ran beyond the
//! holiday table is counted again once the table reaches so far; and the regulator is told of an act of the authority,
//! a condition or a cessation whose last day has passed.

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, RaiseAlert, alert_id};
use yujian_domain::clock::{Clock, ClockKind, ClockOwner, ClockRef, ClockState, Deadline};
use yujian_domain::envelope::FactRef;
use yujian_domain::institution::{ExpireClock, Institution, InstitutionEvent, RecomputeClocks};
use yujian_domain::time::{Occurred, day_of};
use yujian_eventlog::checkpoint::Timer;

use super::effect::{Act, Effect};
use super::timers::after;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Clocks;

/// Kinds of timers, as `state.db` and request ids hold them: fixed for good. The number is the revision of the event that
/// started the clock, the day its last day.
pub(super) const EXPIRES: &str = "clock_expires";
pub(super) const RECOUNT: &str = "clock_recount";

#[async_trait]
impl Reactor for Clocks {
    fn name(&self) -> &'static str {
        "clocks"
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            "licensing.ClockStarted.v1",
            "licensing.ClockPaused.v1",
            "licensing.ClockResumed.v1",
            "licensing.ClockExtended.v1",
            "licensing.ClockRecomputed.v1",
            "licensing.ClockMet.v1",
            "licensing.ClockExpired.v1",
        ]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let revision = seen.record.revision;
        Ok(match seen.event::<InstitutionEvent>()? {
            InstitutionEvent::ClockStarted(event) => Reaction::later(seen.ends(revision, &event.due)),
            InstitutionEvent::ClockResumed(event) => Reaction::later(seen.ends(event.clock.revision, &event.due)),
            InstitutionEvent::ClockPaused(event) => taken_back(event.clock, event.from_date, seen, world).await?.into(),
            InstitutionEvent::ClockExtended(event) => Reaction {
                effects: taken_back(event.clock, event.told_date, seen, world).await?,
                timers: vec![seen.ends(event.clock.revision, &event.due)],
            },
            InstitutionEvent::ClockRecomputed(event) => Reaction::later(seen.ends(event.clock.revision, &event.due)),
            // Late, or in time by an act that came to be known late: either way nobody waits any more.
            InstitutionEvent::ClockMet(event) => {
                let then = world
                    .at::<Institution>(&seen.record.stream, seen.record.revision)
                    .await?;
                match then.clocks.get(event.clock) {
                    Some(clock) => cleared(event.clock, clock, event.on_date, seen, world).await?.into(),
                    None => Reaction::default(),
                }
            }
            InstitutionEvent::ClockExpired(event) => passed(event.clock, seen, world).await?.into(),
            _ => Reaction::default(),
        })
    }
}

impl Seen<'_> {
    /// What is to be looked at when a clock ends. One that runs beyond the holiday table ends on no day yet: it is
    /// looked at every day until the table reaches so far.
    fn ends(&self, started: u64, due: &Deadline) -> Timer {
        let number = u32::try_from(started).unwrap_or(u32::MAX);
        if due.provisional {
            let told = self
                .metadata()
                .map_or(due.due_date, |metadata| day_of(metadata.received_time));
            self.timer(RECOUNT, number, due.due_date, after(told))
        } else {
            self.timer(EXPIRES, number, due.due_date, after(due.due_date))
        }
    }
}

/// The clock of a timer, when it still runs to the timer's day.
fn of<'a>(timer: &Timer, institution: &'a Institution) -> Option<(ClockRef, &'a Clock)> {
    institution
        .clocks
        .open()
        .find(|(name, clock)| name.revision == u64::from(timer.number) && clock.due.due_date == timer.day)
}

/// A clock has run out, unless it stands still or has another last day by now: then another timer is set.
pub(super) async fn expire(timer: &Timer, id: Uuid, world: &World<'_>) -> Result<Reaction, CommandError> {
    let institution = world.now::<Institution>(id).await?;
    let Some((clock, _)) =
        of(timer, &institution).filter(|(_, clock)| clock.state == ClockState::Running && !clock.due.provisional)
    else {
        return Ok(Reaction::default());
    };
    let command = ExpireClock { clock };
    Ok(vec![Effect {
        occurred: Some(Occurred::Instant { time: timer.due }),
        ..Effect::new(0, Act::Institution(id, Box::new(command.into())))
    }]
    .into())
}

/// A provisional end is counted again by the table of today.
pub(super) async fn recount(timer: &Timer, id: Uuid, world: &World<'_>) -> Result<Reaction, CommandError> {
    let institution = world.now::<Institution>(id).await?;
    let Some((_, clock)) = of(timer, &institution).filter(|(_, clock)| clock.due.provisional) else {
        return Ok(Reaction::default());
    };
    let reference = world.reference();
    if clock.due_when_recomputed(&reference.calendar).is_none() {
        return Ok(Reaction::later(Timer {
            due: after(world.today()),
            ..timer.clone()
        }));
    }
    let Some(table) = reference.holidays() else {
        return Ok(Reaction::default());
    };
    let command = RecomputeClocks {
        holidays_sha256: table.sha256.clone(),
    };
    Ok(vec![Effect::new(0, Act::Institution(id, Box::new(command.into())))].into())
}

/// The rule whose alert tells that a clock of this kind has run out; `None` where the law itself says what follows, or
/// where it is the applicant's own loss.
// rule: ALT-11
fn rule(kind: ClockKind) -> Option<AlertRule> {
    match kind {
        ClockKind::Condition => Some(AlertRule::ConditionOverdue),
        ClockKind::Cessation => Some(AlertRule::CessationOverdue),
        ClockKind::Renewal => None,
        kind => (kind.owner() == ClockOwner::Authority).then_some(AlertRule::DeadlinePassed),
    }
}

/// Tells an alert of a clock from others of its rule and institution: by the clock, and by how often it ran out, when an
/// act in time that arrived late took that back.
fn period(name: ClockRef, clock: &Clock) -> String {
    match clock.taken_back {
        0 => name.to_string(),
        times => format!("{name}+{times}"),
    }
}

// rule: ALT-10
async fn passed(name: ClockRef, seen: &Seen<'_>, world: &World<'_>) -> Result<Vec<Effect>, CommandError> {
    let Some(rule) = rule(name.kind) else {
        return Ok(Vec::new());
    };
    let stream = &seen.record.stream;
    let then = world.at::<Institution>(stream, seen.record.revision).await?;
    let Some(clock) = then.clocks.get(name) else {
        return Ok(Vec::new());
    };
    let due: Date = clock.due.due_date;
    let started = FactRef {
        stream: stream.to_string(),
        revision: name.revision,
    };
    let units = clock.count.saturating_add(clock.extension);
    let alert = RaiseAlert {
        application: clock.application,
        rule_policy: Some(clock.due.policy.clone()),
        threshold: (units > 0).then(|| format!("{}:{units}", clock.unit.code())),
        due_date: Some(due),
        ..RaiseAlert::new(
            rule,
            id_of(stream)?,
            period(name, clock),
            due.tomorrow().unwrap_or(due),
            vec![started, seen.evidence()],
        )
    };
    Ok(vec![Effect::alert(0, alert)])
}

/// A clock that was found to have run out has not, by what was told in time, on `day`, and arrived late.
// rule: ALT-12
async fn taken_back(
    name: ClockRef,
    day: Date,
    seen: &Seen<'_>,
    world: &World<'_>,
) -> Result<Vec<Effect>, CommandError> {
    let (stream, revision) = (&seen.record.stream, seen.record.revision);
    let before = world.at::<Institution>(stream, revision.saturating_sub(1)).await?;
    match before.clocks.get(name) {
        Some(clock) if clock.state == ClockState::Expired => cleared(name, clock, day, seen, world).await,
        _ => Ok(Vec::new()),
    }
}

/// What was missed was done after all, on `day`: an alert that nobody is looking into is cleared.
// rule: ALT-12
async fn cleared(
    name: ClockRef,
    clock: &Clock,
    day: Date,
    seen: &Seen<'_>,
    world: &World<'_>,
) -> Result<Vec<Effect>, CommandError> {
    let Some(rule) = rule(name.kind) else {
        return Ok(Vec::new());
    };
    let institution = id_of(&seen.record.stream)?;
    let alert = alert_id(rule, institution, &format!("{institution}|{}", period(name, clock)));
    Ok(Vec::from_iter(seen.clear(0, alert, day, world).await?))
}
