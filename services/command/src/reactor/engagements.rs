//! Flags a person who is engaged for more than full time, or in charge of two institutions at once (挂靠 suspected). The
//! engagement stands: the rule rests on what other institutions do, and is advisory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::person::{Engagement, Person, PersonEvent, Post};
use yujian_domain::time::day_of;

use super::effect::Effect;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Engagements;

#[async_trait]
impl Reactor for Engagements {
    fn name(&self) -> &'static str {
        "engagements"
    }

    fn types(&self) -> &'static [&'static str] {
        &["staffing.EngagementStarted.v1", "staffing.PostChanged.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let (number, since) = match seen.event::<PersonEvent>()? {
            PersonEvent::EngagementStarted(event) => (event.engagement, event.start_date),
            PersonEvent::PostChanged(event) => (event.engagement, event.from_date),
            _ => return Ok(Reaction::default()),
        };
        let record = seen.record;
        let then = world.at::<Person>(&record.stream, record.revision).await?;
        let Some(region) = then.engagements.get(&number).map(|engagement| &engagement.region) else {
            return Ok(Reaction::default());
        };
        let day = day_of(seen.metadata()?.received_time);
        let reference = world.reference();
        // Without a policy of that day nothing says what full time is.
        let rule = reference.staffing(region, day).ok();
        let full_time = rule.as_ref().map(|(policy, _)| policy.full_time_permille);
        let concerned = concerned(&then, full_time);
        // What was so before this event was told then; what was put right meanwhile and is so again is told again.
        if let Some(before) = record.revision.checked_sub(1) {
            let before = world.at::<Person>(&record.stream, before).await?;
            if self::concerned(&before, full_time).keys().eq(concerned.keys()) {
                return Ok(Reaction::default());
            }
        }
        let numbers: Vec<String> = concerned.keys().map(ToString::to_string).collect();
        let mut institutions: Vec<_> = concerned.values().map(|engagement| engagement.institution).collect();
        institutions.sort_unstable();
        institutions.dedup();
        let person = id_of(&record.stream)?;
        let alerts = (0..).zip(institutions).map(|(ordinal, institution)| {
            let period = format!("{}@{}", numbers.join(","), record.revision);
            let evidence = vec![seen.evidence()];
            let alert = RaiseAlert {
                person: Some(person),
                rule_policy: rule.as_ref().map(|(_, policy)| policy.clone()),
                threshold: full_time.map(|permille| format!("permille:{permille}")),
                ..RaiseAlert::new(AlertRule::DoubleEngagement, institution, period, since, evidence)
            };
            Effect::alert(ordinal, alert)
        });
        Ok(alerts.collect::<Vec<_>>().into())
    }
}

/// The engagements that can't all be true: all that stand when they make more than full time, else those in charge of
/// several institutions.
fn concerned(person: &Person, full_time: Option<u32>) -> BTreeMap<u32, &Engagement> {
    let mut standing: BTreeMap<u32, &Engagement> = person.standing().collect();
    let share = standing
        .values()
        .fold(0_u32, |sum, engagement| sum.saturating_add(engagement.share_permille));
    if standing.len() > 1 && full_time.is_some_and(|full_time| share > full_time) {
        return standing;
    }
    standing.retain(|_, engagement| engagement.post == Post::PersonInCharge);
    let first = standing.values().next().map(|engagement| engagement.institution);
    if standing
        .values()
        .any(|engagement| Some(engagement.institution) != first)
    {
        standing
    } else {
        BTreeMap::new()
    }
}
