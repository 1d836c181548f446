//! The yearly cap of visits: a counter stream owns the rule, so that no two approvals at once can pass it.
//!
//! A visit is counted before the approval that needs it is appended. An approval that dies in between finds its own visit
//! when it is repeated; one that is never repeated keeps it until the inspection is cancelled.

use uuid::Uuid;
use yujian_domain::event::EventFamily;
use yujian_domain::visits::{Visit, Visits, VisitsEvent, visits_stream};
use yujian_eventlog::{Direction, Expected, Head, Item, LogError, StreamName};

use crate::api::CommandError;
use crate::floor::Inner;
use crate::system::By;

/// Records of a counter read at once.
const PAGE: usize = 500;
/// How often a lost race is run again: more approvals of one institution at once than there ever are inspectors.
const TRIES: u32 = 256;

impl Inner {
    /// Counts a visit, once for each inspection.
    pub(crate) async fn count_visit(&self, visit: &Visit, by: &By<'_>) -> Result<(), CommandError> {
        let stream = counter(visit.institution, visit.year)?;
        for _ in 0..TRIES {
            let (visits, expected) = self.visits(&stream).await?;
            let Some(event) = visits.count(visit)? else {
                return Ok(());
            };
            match self.append_system(&stream, expected, &event, by).await {
                Err(LogError::Conflict { .. }) => {}
                outcome => return Ok(outcome.map(drop)?),
            }
        }
        Err(LogError::Unavailable("the counter of visits is busy".to_owned()).into())
    }

    /// Whether a visit could be counted now; counts nothing.
    pub(crate) async fn visit_allowed(&self, visit: &Visit) -> Result<(), CommandError> {
        let (visits, _) = self.visits(&counter(visit.institution, visit.year)?).await?;
        visits.count(visit)?;
        Ok(())
    }

    /// Gives the visit of an inspection back; answers whether there was one.
    pub(crate) async fn release_visit(
        &self,
        institution: Uuid,
        year: i16,
        inspection: Uuid,
        by: &By<'_>,
    ) -> Result<bool, LogError> {
        let stream = counter(institution, year)?;
        for _ in 0..TRIES {
            let (visits, expected) = self.visits(&stream).await?;
            let Some(event) = visits.release(inspection) else {
                return Ok(false);
            };
            match self.append_system(&stream, expected, &event, by).await {
                Err(LogError::Conflict { .. }) => {}
                outcome => return outcome.map(|_| true),
            }
        }
        Err(LogError::Unavailable("the counter of visits is busy".to_owned()))
    }

    /// Folds a counter. A damaged or unknown record leaves open how many visits there were, so nothing is counted then.
    async fn visits(&self, stream: &StreamName) -> Result<(Visits, Expected), LogError> {
        let mut visits = Visits::default();
        let mut expected = Expected::NoStream;
        let mut from = 0;
        loop {
            let items = match self
                .log
                .read_stream(stream, Direction::Forwards, Some(from), PAGE)
                .await
            {
                Err(LogError::StreamNotFound) => return Ok((visits, expected)),
                items => items?,
            };
            let read = items.len();
            for item in items {
                let record = match item {
                    Item::Record(record) => record,
                    Item::Damaged(damage) => return Err(LogError::Damaged(Box::new(damage))),
                };
                match VisitsEvent::decode(&record.event_type, &record.payload) {
                    Ok(Some(event)) => visits.apply(&event),
                    _ => {
                        let problem = format!("{stream} holds {}, which is no visit", record.event_type);
                        return Err(LogError::Invalid(problem));
                    }
                }
                expected = Expected::At(Head {
                    revision: record.revision,
                    hash: record.hash,
                });
            }
            from += read as u64;
            if read < PAGE {
                return Ok((visits, expected));
            }
        }
    }
}

fn counter(institution: Uuid, year: i16) -> Result<StreamName, LogError> {
    StreamName::parse(&visits_stream(institution, year))
}
