//! Gives the counted visit of a cancelled inspection back. One that was broken off at the site was a visit and keeps it.

use async_trait::async_trait;
use uuid::Uuid;
use yujian_domain::inspection::Inspection;
use yujian_domain::visits::VisitsEvent;
use yujian_eventlog::{LogPosition, StreamName};

use super::effect::{Act, Effect};
use super::world::{World, id_of};
use super::{Reaction, Reactor, Seen};
use crate::api::CommandError;
use crate::floor::stream_of;

/// See the module.
pub(crate) struct Visits;

const CANCELLED: &str = "inspection.InspectionCancelled.v1";

#[async_trait]
impl Reactor for Visits {
    fn name(&self) -> &'static str {
        "visits"
    }

    /// The count too: an approval that lost a race against the cancellation has counted after it.
    fn types(&self) -> &'static [&'static str] {
        &[CANCELLED, "visits.VisitCounted.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let record = seen.record;
        let (inspection, counted) = if let Some(year) = year_of(&record.stream) {
            let VisitsEvent::VisitCounted(event) = seen.event()? else {
                return Ok(Reaction::default());
            };
            if !world.cancelled_before(event.inspection, record.position).await? {
                return Ok(Reaction::default());
            }
            (event.inspection, Some(year))
        } else {
            (id_of(&record.stream)?, None)
        };
        let state = world.now::<Inspection>(inspection).await?;
        let Some(institution) = state.institution else {
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

impl World<'_> {
    /// Whether an inspection was cancelled before a position of the log: what is cancelled later is reacted to there.
    async fn cancelled_before(&self, inspection: Uuid, position: LogPosition) -> Result<bool, CommandError> {
        let records = self.records(&stream_of::<Inspection>(inspection)?).await?;
        let mut earlier = records.iter().filter(|record| record.position < position);
        Ok(earlier.any(|record| record.event_type == CANCELLED))
    }
}

/// The year of a counter `visits-<institution>.<year>`.
fn year_of(stream: &StreamName) -> Option<i16> {
    if stream.category() != "visits" {
        return None;
    }
    stream.id().rsplit_once('.')?.1.parse().ok()
}
