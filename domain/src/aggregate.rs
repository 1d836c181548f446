//! The decider shape: a state folded from events, and a pure `decide` that answers with events or a refusal.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::envelope::{Actor, Classification, FactRef, LegalBasis, Metadata, PolicyRef};
use crate::event::EventFamily;
use crate::institution::Institution;
use crate::personal::Digester;
use crate::reference::Reference;
use crate::rejection::Rejection;
use crate::time::Occurred;
use crate::values::RegionId;

/// What a decision may look at besides state and command. Nothing in the domain reads a clock.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Id of the aggregate, also while it is being created.
    pub id: Uuid,
    /// Now (time basis: received).
    pub now: Timestamp,
    /// When the caller says that it happened; the default is `now`.
    pub occurred: Occurred,
    /// Who asks.
    pub actor: &'a Actor,
    /// Policies, calendar and divisions as activated.
    pub reference: &'a Reference,
    /// Makes keyed digests.
    pub digester: &'a dyn Digester,
}

/// Facts of other streams, loaded before the decision because [`Aggregate::needs`] named them.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The institution that the command is about, at the revision in `used`.
    pub institution: Option<Arc<Institution>>,
    /// What was read.
    pub used: Vec<FactRef>,
}

/// A stream whose state the decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The institution of this id; its absence is a NOT_FOUND.
    Institution(Uuid),
}

/// Something that must be unique across streams, claimed before the owner is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Kind in the claim's stream name, e.g. `site`.
    pub kind: &'static str,
    /// Canonical text of what is unique; only its keyed digest reaches the log.
    pub value: String,
}

/// Whose the target is, for authorization.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Division in which it lies.
    pub region: Option<RegionId>,
    /// Credit code of the organisation that runs it.
    pub organisation: Option<String>,
}

/// An event as decided, with what is particular to it in the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<E> {
    /// The event.
    pub event: E,
    /// When it happened, when that differs from the context's.
    pub occurred: Option<Occurred>,
    /// Legal effect from (inclusive).
    pub effective_from: Option<Timestamp>,
    /// Legal effect to (exclusive).
    pub effective_to: Option<Timestamp>,
    /// Policies that were applied.
    pub policies: Vec<PolicyRef>,
    /// Articles relied on.
    pub legal_basis: Vec<LegalBasis>,
    /// Who may see it.
    pub classification: Classification,
}

impl<E> Decided<E> {
    /// An event with nothing particular in its envelope.
    pub fn plain(event: impl Into<E>) -> Self {
        Self {
            event: event.into(),
            occurred: None,
            effective_from: None,
            effective_to: None,
            policies: Vec::new(),
            legal_basis: Vec::new(),
            classification: Classification::default(),
        }
    }
}

/// What a fold sees of a stored event besides its payload.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// Id of the event.
    pub event_id: Uuid,
    /// Revision in its stream, from 0.
    pub revision: u64,
    /// The envelope.
    pub metadata: &'a Metadata,
}

/// An aggregate: the value itself is the folded state; `Default` is the state before the first event.
pub trait Aggregate: Default + Clone + Send + Sync + 'static {
    /// Category of its streams: `<category>-<id>`.
    const CATEGORY: &'static str;
    /// Its commands. Serialised canonically for the fingerprint.
    type Command: Serialize + Send + Sync;
    /// Its events.
    type Event: EventFamily;

    /// Whether the first event has happened.
    fn exists(&self) -> bool;
    /// Folds one event. Total: it never refuses what was recorded.
    fn evolve(&mut self, event: &Self::Event, recorded: &Recorded<'_>);
    /// Decides. At least one event on success; a command that would change nothing is `NOTHING_TO_DO`.
    ///
    /// # Errors
    /// A refusal that names the rule.
    fn decide(
        &self,
        facts: &Facts,
        command: &Self::Command,
        context: &Context<'_>,
    ) -> Result<Vec<Decided<Self::Event>>, Rejection>;

    /// Whether the command may create the aggregate when its stream does not exist. Where it does exist, `decide`
    /// says whether the command is a second creation (refused) or adds to what is there, as further rows of one
    /// imported case do.
    fn creates(command: &Self::Command) -> bool;
    /// What a creating command must claim first.
    fn claim(_command: &Self::Command) -> Option<Claim> {
        None
    }
    /// What it must know of other streams.
    fn needs(&self, _command: &Self::Command) -> Vec<Need> {
        Vec::new()
    }
    /// Whose the target is: after creation from the state, before it from the command and facts.
    fn access(&self, command: &Self::Command, facts: &Facts) -> Access;
}
