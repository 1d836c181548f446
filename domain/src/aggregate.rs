//! The decider shape: a state folded from events, and a pure `decide` that answers with events or a refusal.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::envelope::{Actor, Classification, FactRef, LegalBasis, Metadata, PolicyRef};
use crate::event::EventFamily;
use crate::incident::Incident;
use crate::inspection::Inspection;
use crate::institution::Institution;
use crate::person::Person;
use crate::personal::{Digester, KeyedDigest};
use crate::reference::Reference;
use crate::rejection::Rejection;
use crate::time::Occurred;
use crate::values::RegionId;
use crate::visits::Visit;

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
    /// Persons that the command names, as of the revisions in `used`. One that does not exist is not here.
    pub persons: BTreeMap<Uuid, Arc<Person>>,
    /// The inspection that the command names, at the revision in `used`; none when there is no such one.
    pub inspection: Option<Arc<Inspection>>,
    /// The incident that the command names, at the revision in `used`; none when there is no such one.
    pub incident: Option<Arc<Incident>>,
    /// What was read.
    pub used: Vec<FactRef>,
}

/// A stream whose state the decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The institution of this id; its absence is a NOT_FOUND.
    Institution(Uuid),
    /// The person of this id; one that does not exist is left out of the facts, and the decision says so.
    Person(Uuid),
    /// The inspection of this id; as a person.
    Inspection(Uuid),
    /// The incident of this id; as a person.
    Incident(Uuid),
}

/// Something that must be unique across streams, claimed before the events that need it are appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Kind in the claim's stream name, e.g. `site`.
    pub kind: &'static str,
    /// Canonical text of what is unique; only its keyed digest reaches the log.
    pub value: String,
}

/// Whose the target is, for authorization: a caller is let through when one of its places or organisations is the
/// caller's. An institution has one of each; a person has those of every engagement that stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Divisions in which it lies.
    pub regions: Vec<RegionId>,
    /// Credit codes of the organisations that run or employ it.
    pub organisations: Vec<String>,
}

impl Access {
    /// What belongs to one institution: its division and its organisation.
    #[must_use]
    pub fn of_institution(institution: &Institution) -> Self {
        Self {
            regions: institution.region.iter().cloned().collect(),
            organisations: institution.credit_code.iter().map(ToString::to_string).collect(),
        }
    }
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
    /// What the command must claim first: when it creates the aggregate, or adds something to it that must be unique.
    fn claim(_command: &Self::Command) -> Option<Claim> {
        None
    }
    /// Whether this state still holds what it claimed. A claim whose owner does not, and has not released it, was left
    /// behind by a command that did not come to its end.
    fn holds(&self, _kind: &str, _digest: &KeyedDigest) -> bool {
        self.exists()
    }
    /// The visit that must be counted against an institution's yearly cap before the command's events are appended.
    fn visit(
        &self,
        _command: &Self::Command,
        _facts: &Facts,
        _context: &Context<'_>,
    ) -> Result<Option<Visit>, Rejection> {
        Ok(None)
    }
    /// What it must know of other streams.
    fn needs(&self, _command: &Self::Command) -> Vec<Need> {
        Vec::new()
    }
    /// Whose the target is: after creation from the state, before it from the command and facts.
    fn access(&self, command: &Self::Command, facts: &Facts) -> Access;
}

/// Declares the state machine of a family as one table: a row (`Move`) for each command. A command without a row does not
/// compile.
macro_rules! move_table {
    ($commands:ident, $( $variant:ident => $row:expr, )*) => {
        /// Every command of the family.
        pub const MOVES: &[Move] = &[ $( $row, )* ];

        impl Move {
            /// The row of a command.
            #[must_use]
            pub const fn of(command: &$commands) -> &'static Self {
                match command { $( $commands::$variant(_) => const { &$row }, )* }
            }
        }
    };
}
pub(crate) use move_table;
