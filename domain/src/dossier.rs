//! The dossier (一机一档): a set of facts with two axes of time, folded from events.
//!
//! **As of** X **known at** Y: of the facts of a key that were recorded up to position(Y), cover X and were not withdrawn
//! up to position(Y), the one with the greatest `valid_from` wins, then the latest recorded. Both the live dossier
//! (from view rows) and the replay (from the log) use [`facts`], [`Dossier::resolve`] and [`canonical`].
//!
//! Facts of an institution have plain keys (`name`, `status`, `paper.fire_safety`), facts of its incidents the prefix
//! `incident.<id>.`, facts of its staff `staff.<person>.<engagement>.`. A person has a dossier too, with facts of its own
//! ([`person_facts`]). A fact whose value is `null` says that nothing holds any more (a suspension that ended): it takes
//! part in the contest, and when it wins, the key does not show.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

mod fold;
mod incident;
pub(crate) mod institution;
mod person;
mod resolve;

pub use fold::{facts, person_facts};
pub use resolve::{Dossier, canonical};

/// The event that asserted a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactSource {
    /// Stream.
    pub stream: String,
    /// Revision.
    pub revision: u64,
    /// Type of the event.
    pub event_type: String,
    /// When it was recorded.
    pub recorded_time: Timestamp,
    /// When the request came in.
    pub received_time: Timestamp,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Key, e.g. `name`, `status`, `classes`, `paper.fire_safety`, `incident.<id>.status`.
    pub key: String,
    /// Value; personal values stay sealed as stored.
    pub value: Value,
    /// From when it is valid (legal validity); `None`: not known when it began, valid from ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// Until when (exclusive); `None`: open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
    /// Which event says so.
    pub source: FactSource,
    /// Order in which it was recorded within the dossier; makes "latest recorded" total.
    pub order: (Timestamp, String, u64),
}

/// What one event does to a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactChange {
    /// When the event was recorded: from then on its withdrawals are known.
    pub recorded_time: Timestamp,
    /// Facts that it asserts.
    pub asserted: Vec<Fact>,
    /// Facts that it withdraws: (stream, revision, key).
    pub withdrawn: Vec<(String, u64, String)>,
}

/// An event as the dossier sees it, borrowed from a record.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Stream.
    pub stream: &'a str,
    /// Revision.
    pub revision: u64,
    /// Event id.
    pub event_id: Uuid,
    /// Type as stored.
    pub event_type: &'a str,
    /// Metadata bytes as stored.
    pub metadata: &'a [u8],
    /// Payload bytes as stored.
    pub payload: &'a [u8],
    /// When it was recorded.
    pub recorded_time: Timestamp,
}
