//! What every desk does alike: an event goes through its stored form, and is folded with the envelope that a log would
//! hold.

use std::fmt::Debug;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Decided, Recorded};
use yujian_domain::envelope::{Actor, Metadata};
use yujian_domain::event::EventFamily;
use yujian_domain::time::Occurred;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// The envelope of what was decided: `occurred` is when the caller says that it happened.
pub fn metadata<E>(decided: &Decided<E>, occurred: Occurred, received: Timestamp, actor: &Actor) -> Metadata {
    Metadata {
        occurred: decided.occurred.unwrap_or(occurred),
        effective_from: decided.effective_from,
        effective_to: decided.effective_to,
        received_time: received,
        device: None,
        actor: actor.clone(),
        on_behalf_of: None,
        request: None,
        causation: None,
        correlation: None,
        policies: decided.policies.clone(),
        legal_basis: decided.legal_basis.clone(),
        facts: Vec::new(),
        provenance: None,
        classification: decided.classification,
        subjects: Vec::new(),
        simulated: false,
    }
}

/// The payload as a log would hold it.
pub fn payload<E: EventFamily + PartialEq + Debug>(event: &E) -> Vec<u8> {
    let bytes = serde_json::to_vec(&event.payload()).unwrap();
    let stored = E::decode(event.event_type(), &bytes).unwrap().unwrap();
    assert_eq!(&stored, event, "an event changes on its way through JSON");
    bytes
}

/// Folds an event at a revision, after a round through its stored form.
pub fn fold<A: Aggregate>(state: &mut A, event: &A::Event, revision: u64, metadata: &Metadata)
where
    A::Event: PartialEq + Debug,
{
    let stored = A::Event::decode(event.event_type(), &payload(event)).unwrap().unwrap();
    let recorded = Recorded {
        event_id: Uuid::nil(),
        revision,
        metadata,
    };
    state.evolve(&stored, &recorded);
}
