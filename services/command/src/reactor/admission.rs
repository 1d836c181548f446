//! Admission: a filing or application that was returned more than once, children where there is no valid receipt or
//! licence, and the day from which those who have filed must have a licence.

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::incident::IncidentEvent;
use yujian_domain::inspection::{Inspection, InspectionEvent};
use yujian_domain::institution::{ApplicationKind, AuthorizationKind, Institution, InstitutionEvent, StartMigration};
use yujian_domain::policy::{PolicyBody, PolicyDocument};
use yujian_domain::system::SystemEvent;
use yujian_domain::time::{Occurred, start_of};
use yujian_eventlog::checkpoint::Timer;

use super::effect::{Act, Effect};
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen, unreadable};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Admission;

/// Kind of timer, as `state.db` and request ids hold it: fixed for good. The day is the first of the licence regime.
pub(super) const MIGRATION: &str = "migration";

const RECEIPT: &str = "licensing.FilingReceiptIssued.v1";

#[async_trait]
impl Reactor for Admission {
    fn name(&self) -> &'static str {
        "admission"
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            "licensing.FilingReturned.v1",
            "licensing.ApplicationReturned.v1",
            "inspection.PresenceCounted.v1",
            "incident.IncidentNotified.v1",
            RECEIPT,
            "reference.PolicyActivated.v1",
        ]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let stream = &seen.record.stream;
        match stream.category() {
            "institution" => match seen.event::<InstitutionEvent>()? {
                InstitutionEvent::FilingReturned(event) => Ok(returned(event.application, seen, world).await?.into()),
                InstitutionEvent::ApplicationReturned(event) => {
                    Ok(returned(event.application, seen, world).await?.into())
                }
                InstitutionEvent::FilingReceiptIssued(_) => {
                    let then = world.at::<Institution>(stream, seen.record.revision).await?;
                    let begins = then
                        .region
                        .as_ref()
                        .and_then(|region| world.reference().licence_begins(region));
                    let timers = begins
                        .map(|day| migrates(seen, stream.as_str(), day))
                        .into_iter()
                        .collect();
                    Ok(Reaction {
                        effects: Vec::new(),
                        timers,
                    })
                }
                _ => Ok(Reaction::default()),
            },
            "inspection" => {
                let InspectionEvent::PresenceCounted(event) = seen.event()? else {
                    return Ok(Reaction::default());
                };
                let inspection = world.at::<Inspection>(stream, seen.record.revision).await?;
                Ok(
                    unauthorized(inspection.institution, event.children.values().sum(), seen, world)
                        .await?
                        .into(),
                )
            }
            "incident" => {
                let IncidentEvent::IncidentNotified(event) = seen.event()? else {
                    return Ok(Reaction::default());
                };
                let children = event.children_present;
                Ok(unauthorized(Some(event.institution), children, seen, world)
                    .await?
                    .into())
            }
            _ => regime(seen, world).await,
        }
    }
}

/// Told once and in full is the rule; a second return is worth a look, whatever it cites.
// rule: ALT-16
async fn returned(application: u32, seen: &Seen<'_>, world: &World<'_>) -> Result<Vec<Effect>, CommandError> {
    let stream = &seen.record.stream;
    let then = world.at::<Institution>(stream, seen.record.revision).await?;
    let filing = then.application.as_ref().filter(|filing| filing.number == application);
    let times = match (filing, then.licence_applications.get(&application)) {
        (Some(filing), _) => filing.returned,
        (None, Some(other)) => other.returned,
        (None, None) => 0,
    };
    if times < 2 {
        return Ok(Vec::new());
    }
    let alert = RaiseAlert {
        application: Some(application),
        rule_policy: seen.metadata()?.policies.first().cloned(),
        threshold: Some("returns:2".to_owned()),
        ..RaiseAlert::new(
            AlertRule::ReturnedTwice,
            id_of(stream)?,
            application.to_string(),
            seen.day()?,
            vec![seen.evidence()],
        )
    };
    Ok(vec![Effect::alert(0, alert)])
}

/// Children were seen where nobody may take any: one alert for each month in which that is so.
// rule: ALT-15
async fn unauthorized(
    institution: Option<Uuid>,
    children: u32,
    seen: &Seen<'_>,
    world: &World<'_>,
) -> Result<Vec<Effect>, CommandError> {
    let Some(id) = institution.filter(|_| children > 0) else {
        return Ok(Vec::new());
    };
    // What ends with effect from an earlier day may be told after the children were seen.
    let then = world.known_at::<Institution>(id, seen.record.position).await?;
    let metadata = seen.metadata()?;
    let Some(day) = metadata.occurred.day() else {
        return Ok(Vec::new());
    };
    if metadata.provenance.is_some() || then.imported.is_some() || was_authorized(&then, day) {
        return Ok(Vec::new());
    }
    let alert = RaiseAlert {
        threshold: Some("children:1".to_owned()),
        ..RaiseAlert::new(
            AlertRule::ChildrenWithoutReceipt,
            id,
            day.strftime("%Y-%m").to_string(),
            day,
            vec![seen.evidence()],
        )
    };
    Ok(vec![Effect::alert(0, alert)])
}

/// Whether a receipt or licence held on a day. While its renewal is not decided a licence is not held to have run out:
/// that its last day has passed may not have been found yet, and then it may have been renewed by law.
// rule: ALT-15
fn was_authorized(institution: &Institution, day: Date) -> bool {
    let mut applications = institution.licence_applications.values();
    let renewal = applications.any(|found| found.kind == ApplicationKind::Renewal && !found.state.is_final());
    let former = institution
        .former_authorizations
        .iter()
        .any(|(from, ended)| *from <= day && day < *ended);
    former
        || institution.authorization.as_ref().is_some_and(|held| {
            held.valid_from_date <= day
                && held.ended.is_none_or(|ended| day < ended)
                && (held.valid_to_date.is_none_or(|last| day <= last) || renewal)
        })
}

/// The timer that starts an institution's migration on the first day of the licence regime.
fn migrates(seen: &Seen<'_>, stream: &str, day: Date) -> Timer {
    Timer {
        stream: stream.to_owned(),
        ..seen.timer(MIGRATION, 0, day, start_of(day))
    }
}

/// A licence policy was activated: everybody in its region who has filed migrates from its first day on.
async fn regime(seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
    let SystemEvent::PolicyActivated(event) = seen.event()? else {
        return Ok(Reaction::default());
    };
    let document = PolicyDocument::parse(&event.document).map_err(|error| unreadable(error.to_string()))?;
    if !matches!(document.body, PolicyBody::Licence(_)) {
        return Ok(Reaction::default());
    }
    let mut timers = Vec::new();
    for stream in world.streams_with(RECEIPT).await? {
        let institution = world.now::<Institution>(id_of(&stream)?).await?;
        let begins = institution
            .region
            .as_ref()
            .and_then(|region| world.reference().licence_begins(region));
        timers.extend(begins.map(|day| migrates(seen, stream.as_str(), day)));
    }
    Ok(Reaction {
        effects: Vec::new(),
        timers,
    })
}

/// The licence regime begins where the institution is.
pub(super) async fn migrate(timer: &Timer, id: Uuid, world: &World<'_>) -> Result<Reaction, CommandError> {
    let institution = world.now::<Institution>(id).await?;
    let filed = institution
        .authorization
        .as_ref()
        .is_some_and(|held| held.kind == AuthorizationKind::Receipt && held.ended.is_none());
    if !filed {
        return Ok(Reaction::default());
    }
    let command = StartMigration { regime_date: timer.day };
    Ok(vec![Effect {
        occurred: Some(Occurred::Instant { time: timer.due }),
        ..Effect::new(0, Act::Institution(id, Box::new(command.into())))
    }]
    .into())
}
