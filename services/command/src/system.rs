//! Events of Yujian's own streams, which have no aggregate: claims, counters, reference data, erasures.

use jiff::Timestamp;
use uuid::Uuid;
use yujian_domain::envelope::{Actor, Classification, Metadata, RequestRef, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::time::Occurred;
use yujian_eventlog::{Expected, Head, LogError, NewEvent, StreamName};

use crate::execute::to_bytes;
use crate::floor::Inner;

/// On whose word an event of Yujian's own is appended, and why.
#[derive(Clone, Copy)]
pub(crate) struct By<'a> {
    /// Who.
    pub actor: &'a Actor,
    /// When (time basis: received).
    pub now: Timestamp,
    /// The aggregate for which it is.
    pub correlation: Option<Uuid>,
    /// Event that caused it.
    pub causation: Option<Uuid>,
}

/// Yujian itself.
pub(crate) fn yujian() -> Actor {
    Actor {
        id: "yujian".to_owned(),
        role: Role::System,
        organisation: None,
        jurisdiction: None,
    }
}

impl Inner {
    /// Appends one event without personal data; answers the stream's new head.
    pub(crate) async fn append_system<E: EventFamily>(
        &self,
        stream: &StreamName,
        expected: Expected,
        event: &E,
        by: &By<'_>,
    ) -> Result<Head, LogError> {
        self.append_requested(stream, expected, event, by, None).await
    }

    /// The same for an event that a caller's request brought about.
    pub(crate) async fn append_requested<E: EventFamily>(
        &self,
        stream: &StreamName,
        expected: Expected,
        event: &E,
        by: &By<'_>,
        request: Option<RequestRef>,
    ) -> Result<Head, LogError> {
        let metadata = Metadata {
            occurred: Occurred::Instant { time: by.now },
            effective_from: None,
            effective_to: None,
            received_time: by.now,
            device: None,
            actor: by.actor.clone(),
            on_behalf_of: None,
            request,
            causation: by.causation,
            correlation: by.correlation,
            policies: Vec::new(),
            legal_basis: Vec::new(),
            facts: Vec::new(),
            provenance: None,
            classification: Classification::Regulator,
            subjects: Vec::new(),
            simulated: self.simulated,
        };
        let new = NewEvent {
            id: self.entropy.event_id(by.now),
            event_type: event.event_type().to_owned(),
            metadata: to_bytes(&metadata)?,
            payload: to_bytes(&event.payload())?,
        };
        let appended = self.log.append(stream, expected, vec![new]).await?;
        let last = appended.records.last();
        last.map(|record| Head {
            revision: record.revision,
            hash: record.hash,
        })
        .ok_or_else(|| LogError::Invalid("an append without records".to_owned()))
    }
}
