//! Tells the regulator of a correction that is overdue, and clears that alert when the correction is judged: it is verified,
//! or rejected with a new last day. An alert that an officer is looking into stays.

use async_trait::async_trait;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, ClearAlert, RaiseAlert};
use yujian_domain::envelope::FactRef;
use yujian_domain::inspection::{Inspection, InspectionEvent};
use yujian_domain::time::day_of;

use super::effect::{Act, Effect};
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Corrections;

#[async_trait]
impl Reactor for Corrections {
    fn name(&self) -> &'static str {
        "corrections"
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            "inspection.CorrectionOverdue.v1",
            "inspection.CorrectionVerified.v1",
            "inspection.CorrectionRejected.v1",
        ]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let id = id_of(&seen.record.stream)?;
        let Some(institution) = world.now::<Inspection>(id).await?.institution else {
            return Ok(Reaction::default());
        };
        let evidence = vec![seen.evidence()];
        let finding = match seen.event()? {
            InspectionEvent::CorrectionOverdue(event) => {
                let alert = overdue(institution, id, event.finding, event.due_date, evidence);
                return Ok(vec![Effect::alert(0, alert)].into());
            }
            InspectionEvent::CorrectionVerified(event) => event.finding,
            InspectionEvent::CorrectionRejected(event) => event.finding,
            _ => return Ok(Reaction::default()),
        };
        let act = judged(seen, world, (institution, id, finding), evidence).await?;
        let effects: Vec<Effect> = act.into_iter().map(|act| Effect::new(0, act)).collect();
        Ok(effects.into())
    }
}

/// The alert of a correction that was due on a day: its id follows from these.
fn overdue(institution: Uuid, inspection: Uuid, finding: u32, due: Date, evidence: Vec<FactRef>) -> RaiseAlert {
    let period = format!("{finding}@{due}");
    let since = due.tomorrow().unwrap_or(due);
    RaiseAlert {
        inspection: Some(inspection),
        due_date: Some(due),
        ..RaiseAlert::new(AlertRule::CorrectionOverdue, institution, period, since, evidence)
    }
}

/// Clears the alert of the last day that held before the event, when that day had passed: else there is none.
async fn judged(
    seen: &Seen<'_>,
    world: &World<'_>,
    (institution, inspection, finding): (Uuid, Uuid, u32),
    evidence: Vec<FactRef>,
) -> Result<Option<Act>, CommandError> {
    let Some(before) = seen.record.revision.checked_sub(1) else {
        return Ok(None);
    };
    let before = world.at::<Inspection>(&seen.record.stream, before).await?;
    let due = before.findings.get(&finding).and_then(|known| known.due_date);
    let metadata = seen.metadata()?;
    let judged = metadata.occurred.day().unwrap_or(day_of(metadata.received_time));
    Ok(due.filter(|due| *due < judged).map(|due| {
        let alert = overdue(institution, inspection, finding, due, Vec::new());
        let clear = ClearAlert {
            lapsed_date: judged,
            evidence,
        };
        Act::ClearAlert(alert.id(), Box::new(clear))
    }))
}
