//! Gives the counted visit of a cancelled inspection back. One that was broken off at the site was a visit and keeps it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::civil::Date;
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::{Inspection, InspectionEvent, Status};
use yujian_domain::time::day_of;
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
        let (inspection, years) = if let Some(year) = year_of(stream) {
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
        let years = match years {
            Some(year) => BTreeSet::from([year]),
            None => years_of(&state, stream, world).await?,
        };
        let releases = (0..).zip(years).map(|(ordinal, year)| {
            let release = Act::ReleaseVisit {
                institution,
                year,
                inspection,
            };
            Effect::new(ordinal, release)
        });
        Ok(releases.collect::<Vec<_>>().into())
    }
}

/// The year of a counter `visits-<institution>.<year>`.
fn year_of(stream: &StreamName) -> Option<i16> {
    if stream.category() != "visits" {
        return None;
    }
    stream.id().rsplit_once('.')?.1.parse().ok()
}

/// Every year in which the visit may have been counted: those of its window, and of its approval.
async fn years_of(state: &Inspection, stream: &StreamName, world: &World<'_>) -> Result<BTreeSet<i16>, CommandError> {
    let window = state.window.map(|(from, to)| from.year()..=to.year());
    let mut years: BTreeSet<i16> = window.into_iter().flatten().collect();
    for record in world.records(stream).await? {
        let event = InspectionEvent::decode(&record.event_type, &record.payload);
        if matches!(event, Ok(Some(InspectionEvent::InspectionApproved(_)))) {
            years.insert(day_of(record.recorded_time).year());
            let metadata = Seen { record: &record }.metadata()?;
            years.extend(metadata.occurred.day().map(Date::year));
        }
    }
    Ok(years)
}
