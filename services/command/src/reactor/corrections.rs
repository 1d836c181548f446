//! Tells the regulator of a correction that is overdue.

use async_trait::async_trait;
use yujian_domain::alert::{AlertRule, RaiseAlert};
use yujian_domain::inspection::{Inspection, InspectionEvent};

use super::effect::Effect;
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
        &["inspection.CorrectionOverdue.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let InspectionEvent::CorrectionOverdue(event) = seen.event()? else {
            return Ok(Reaction::default());
        };
        let id = id_of(&seen.record.stream)?;
        let Some(institution) = world.now::<Inspection>(id).await?.institution else {
            return Ok(Reaction::default());
        };
        let since = event.due_date.tomorrow().unwrap_or(event.due_date);
        let period = format!("{}@{}", event.finding, event.due_date);
        let evidence = vec![seen.evidence()];
        let alert = RaiseAlert {
            inspection: Some(id),
            due_date: Some(event.due_date),
            ..RaiseAlert::new(AlertRule::CorrectionOverdue, institution, period, since, evidence)
        };
        Ok(vec![Effect::alert(0, alert)].into())
    }
}
