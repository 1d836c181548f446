//! Takes a person who is barred, or for whom a record was found, off duty wherever the person is engaged, and tells the
//! regulator: 未成年人保护法 §62. A bar that was told ahead does so twice: when it is imposed, and on its first day for
//! whoever was engaged or let back until then.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::envelope::FactRef;
use yujian_domain::person::{EngagementState, OffDutyGround, Person, PersonEvent, TakeOffDuty};
use yujian_domain::time::{Occurred, day_of};
use yujian_eventlog::StreamName;
use yujian_eventlog::checkpoint::Timer;

use super::effect::{Act, Effect};
use super::timers;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Barred;

#[async_trait]
impl Reactor for Barred {
    fn name(&self) -> &'static str {
        "barred"
    }

    fn types(&self) -> &'static [&'static str] {
        &["staffing.PersonBarred.v1", "staffing.RecordQueried.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let mut timers = Vec::new();
        let since = match seen.event::<PersonEvent>()? {
            PersonEvent::PersonBarred(event) => {
                let told_ahead = event.from_date > day_of(seen.metadata()?.received_time);
                timers.extend(
                    event
                        .from_date
                        .yesterday()
                        .ok()
                        .filter(|_| told_ahead)
                        .map(|day| seen.bar(day)),
                );
                event.from_date
            }
            PersonEvent::RecordQueried(event) if !event.clear => event.query_date,
            _ => return Ok(Reaction::default()),
        };
        let record = seen.record;
        let id = id_of(&record.stream)?;
        let then = world.at::<Person>(&record.stream, record.revision).await?;
        let now = world.now::<Person>(id).await?;
        // Whoever was cleared meanwhile is not taken off duty late.
        let bar = now.bar.as_ref();
        let still = bar.is_some_and(|bar| bar.until_date.is_none_or(|until| world.today() <= until))
            || now.query.as_ref().is_some_and(|query| !query.clear);
        let told = Told {
            person: id,
            cause: record.id,
            since,
            evidence: seen.evidence(),
            occurred: None,
        };
        let effects = told.everywhere(&then, still.then_some(&now));
        Ok(Reaction { effects, timers })
    }
}

/// What the first day of a bar asks for that was told ahead, if that bar stands.
pub(super) async fn begins(timer: &Timer, world: &World<'_>) -> Result<Vec<Effect>, CommandError> {
    let id = id_of(&StreamName::parse(&timer.stream)?)?;
    let now = world.now::<Person>(id).await?;
    let from = day_of(timer.due);
    let stands = now.bar.as_ref().is_some_and(|bar| bar.from_date == from) && now.barred_on(world.today());
    if !stands {
        return Ok(Vec::new());
    }
    let told = Told {
        person: id,
        cause: timer.cause,
        since: from,
        evidence: FactRef {
            stream: timer.stream.clone(),
            revision: timer.revision,
        },
        occurred: Some(Occurred::Instant { time: timer.due }),
    };
    Ok(told.everywhere(&now, Some(&now)))
}

impl Seen<'_> {
    /// Fires on the first day of a bar, the day after `day`.
    fn bar(&self, day: Date) -> Timer {
        self.timer(timers::BAR, 0, day, timers::after(day))
    }
}

/// Of whom the regulator is told, and why.
struct Told {
    person: Uuid,
    /// The event that it follows from: one alert for each.
    cause: Uuid,
    since: Date,
    evidence: FactRef,
    /// When it happened, when that is not when it is done.
    occurred: Option<Occurred>,
}

impl Told {
    /// Tells of every engagement that stood `then`, and takes whoever is at work `now` off duty there.
    fn everywhere(&self, then: &Person, now: Option<&Person>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut told = BTreeSet::new();
        for (number, engagement) in then.standing() {
            let active = now
                .and_then(|now| now.engagements.get(&number))
                .is_some_and(|engagement| engagement.state == EngagementState::Active);
            if active {
                let command = TakeOffDuty {
                    engagement: number,
                    ground: OffDutyGround::Barred,
                };
                effects.push(Effect {
                    // Not before what it changes began.
                    occurred: self.occurred.filter(|_| engagement.since <= self.since),
                    ..Effect::new(2 * number, Act::Person(self.person, Box::new(command.into())))
                });
            }
            if told.insert(engagement.institution) {
                let (institution, period) = (engagement.institution, self.cause.to_string());
                let since = self.since.max(engagement.start_date);
                let evidence = vec![self.evidence.clone()];
                let alert = RaiseAlert {
                    person: Some(self.person),
                    ..RaiseAlert::new(AlertRule::BarredEngaged, institution, period, since, evidence)
                };
                effects.push(Effect::alert(2 * number + 1, alert));
            }
        }
        effects
    }
}
