//! Gives the counted visit of a cancelled inspection back. One that was broken off at the site was a visit and keeps it.

use async_trait::async_trait;
use yujian_domain::inspection::{Inspection, Status};
use yujian_domain::visits::VisitsEvent;
use yujian_eventlog::StreamName;

use super::effect::{Act, Effect};
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;

/// See the module.
pub(crate) struct Visits;

#[async_trait]
impl Reactor for Visits {
    fn name(&self) -> &'static str {
        "visits"
    }

    /// The count too: an approval that lost a race against the cancellation has counted after it.
    fn types(&self) -> &'static [&'static str] {
        &["inspection.InspectionCancelled.v1", "visits.VisitCounted.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let stream = &seen.record.stream;
        let (inspection, counted) = if let Some(year) = year_of(stream) {
            let VisitsEvent::VisitCounted(event) = seen.event()? else {
                return Ok(Reaction::default());
            };
            (event.inspection, Some(year))
        } else {
            (id_of(stream)?, None)
        };
        let state = world.now::<Inspection>(inspection).await?;
        let Some(institution) = state.institution.filter(|_| state.status == Status::Cancelled) else {
            return Ok(Reaction::default());
        };
        let Some(year) = counted.or(state.visit_year()) else {
            return Ok(Reaction::default());
        };
        let release = Act::ReleaseVisit {
            institution,
            year,
            inspection,
        };
        Ok(vec![Effect::new(0, release)].into())
    }
}

/// The year of a counter `visits-<institution>.<year>`.
fn year_of(stream: &StreamName) -> Option<i16> {
    if stream.category() != "visits" {
        return None;
    }
    stream.id().rsplit_once('.')?.1.parse().ok()
}
