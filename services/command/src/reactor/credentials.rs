//! Flags a person whose credential ended while the post of an engagement asks for it.

use async_trait::async_trait;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::person::{Person, PersonEvent};
use yujian_domain::time::day_of;

use super::effect::Effect;
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Credentials;

#[async_trait]
impl Reactor for Credentials {
    fn name(&self) -> &'static str {
        "credentials"
    }

    fn types(&self) -> &'static [&'static str] {
        &["staffing.CredentialRevoked.v1", "staffing.CredentialExpired.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let record = seen.record;
        let metadata = seen.metadata()?;
        // The last day on which it counted, and the first on which it does not.
        let (number, last, first) = match seen.event::<PersonEvent>()? {
            PersonEvent::CredentialRevoked(event) => {
                let day = metadata.occurred.day().unwrap_or(day_of(metadata.received_time));
                (event.credential, day, day)
            }
            PersonEvent::CredentialExpired(event) => {
                let next = event.expiry_date.tomorrow().unwrap_or(event.expiry_date);
                (event.credential, event.expiry_date, next)
            }
            _ => return Ok(Reaction::default()),
        };
        let person = id_of(&record.stream)?;
        let then = world.at::<Person>(&record.stream, record.revision).await?;
        let Some(before) = record.revision.checked_sub(1) else {
            return Ok(Reaction::default());
        };
        let before = world.at::<Person>(&record.stream, before).await?;
        let reference = world.reference();
        let mut effects = Vec::new();
        for (engagement_number, engagement) in then.standing() {
            // No rule of that day, no flag.
            let Ok((policy, rule)) = reference.staffing(&engagement.region, first) else {
                continue;
            };
            let lost = before.is_qualified(engagement.post, last, policy)
                && !then.is_qualified(engagement.post, first, policy);
            if lost {
                let (institution, period) = (engagement.institution, number.to_string());
                let evidence = vec![seen.evidence()];
                let alert = RaiseAlert {
                    person: Some(person),
                    rule_policy: Some(rule),
                    // What was taken away had no last day of its own.
                    due_date: (last != first).then_some(last),
                    ..RaiseAlert::new(AlertRule::CredentialEnded, institution, period, first, evidence)
                };
                effects.push(Effect::alert(engagement_number, alert));
            }
        }
        Ok(effects.into())
    }
}
