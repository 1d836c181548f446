//! Gives a visit back that was counted and not made: that of a cancelled inspection, and the first of two that an
//! approval counted in different years. One that was broken off at the site was a visit and keeps it.

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
const APPROVED: &str = "inspection.InspectionApproved.v1";

#[async_trait]
impl Reactor for Visits {
    fn name(&self) -> &'static str {
        "visits"
    }

    /// The count too: an approval that lost a race has counted after what it lost against. An emergency's may lose
    /// against its check-in, which can be of the next year; it is decided again and counts there.
    fn types(&self) -> &'static [&'static str] {
        &[CANCELLED, APPROVED, "visits.VisitCounted.v1"]
    }

    async fn react(&self, seen: &Seen<'_>, world: &World<'_>) -> Result<Reaction, CommandError> {
        let record = seen.record;
        let (inspection, year) = if let Some(year) = year_of(&record.stream) {
            let VisitsEvent::VisitCounted(event) = seen.event()? else {
                return Ok(Reaction::default());
            };
            let kept = world.kept_before(event.inspection, record.position).await?;
            if kept.is_none_or(|kept| kept == Some(year)) {
                return Ok(Reaction::default());
            }
            (event.inspection, year)
        } else {
            let then = world.at::<Inspection>(&record.stream, record.revision).await?;
            let planned = then.window.map(|(from_date, _)| from_date.year());
            let approved = record.event_type == APPROVED;
            let Some(year) = planned.filter(|year| !approved || then.visit_year() != Some(*year)) else {
                return Ok(Reaction::default());
            };
            (id_of(&record.stream)?, year)
        };
        let state = world.now::<Inspection>(inspection).await?;
        let Some(institution) = state.institution else {
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
    /// The year whose visit an inspection keeps by what came before a position of the log, `Some(None)`: none, since it
    /// was cancelled. `None`: nothing was decided yet, and what comes later is reacted to there.
    async fn kept_before(&self, inspection: Uuid, position: LogPosition) -> Result<Option<Option<i16>>, CommandError> {
        let stream = stream_of::<Inspection>(inspection)?;
        let records = self.records(&stream).await?;
        let mut earlier = records.iter().rev().filter(|record| record.position < position);
        let decisive = earlier.find(|record| matches!(record.event_type.as_str(), CANCELLED | APPROVED));
        let Some(decisive) = decisive else {
            return Ok(None);
        };
        if decisive.event_type == CANCELLED {
            return Ok(Some(None));
        }
        let then = self.at::<Inspection>(&stream, decisive.revision).await?;
        Ok(Some(then.visit_year()))
    }
}

/// The year of a counter `visits-<institution>.<year>`.
fn year_of(stream: &StreamName) -> Option<i16> {
    if stream.category() != "visits" {
        return None;
    }
    stream.id().rsplit_once('.')?.1.parse().ok()
}
