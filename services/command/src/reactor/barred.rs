//! Takes a person who is barred, or for whom a record was found, off duty wherever the person is engaged, and tells the
//! regulator: 未成年人保护法 §62.

use std::collections::BTreeSet;

use async_trait::async_trait;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::person::{EngagementState, OffDutyGround, Person, PersonEvent, TakeOffDuty};

use super::effect::{Act, Effect};
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
        let since = match seen.event::<PersonEvent>()? {
            PersonEvent::PersonBarred(event) => event.from_date,
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
        let mut effects = Vec::new();
        let mut told = BTreeSet::new();
        for (number, engagement) in then.standing() {
            let active = now
                .engagements
                .get(&number)
                .is_some_and(|engagement| engagement.state == EngagementState::Active);
            if still && active {
                let command = TakeOffDuty {
                    engagement: number,
                    ground: OffDutyGround::Barred,
                };
                effects.push(Effect::new(2 * number, Act::Person(id, Box::new(command.into()))));
            }
            if told.insert(engagement.institution) {
                let alert = RaiseAlert {
                    rule: AlertRule::BarredEngaged,
                    institution: engagement.institution,
                    person: Some(id),
                    inspection: None,
                    period: record.id.to_string(),
                    since_date: since.max(engagement.start_date),
                    evidence: vec![seen.evidence()],
                };
                effects.push(Effect::alert(2 * number + 1, alert));
            }
        }
        Ok(effects.into())
    }
}
