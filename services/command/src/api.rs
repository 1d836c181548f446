//! What callers see: a request goes in, an outcome or a typed error comes out.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::envelope::{Actor, Device, OnBehalfOf, Provenance};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Rejection;
use yujian_domain::time::Occurred;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::KeyProvider;
use yujian_eventlog::{EventLog, LogError, LogPosition};

/// One command on its way.
#[derive(Debug, Clone)]
pub struct Request<C> {
    /// Who asks, already authenticated and allowed to call the method. Its jurisdiction or organisation is checked
    /// against the target here.
    pub actor: Actor,
    /// The caller's request id.
    pub request_id: Uuid,
    /// Full method name, part of the fingerprint, e.g. `yujian.licensing.v1.LicensingService/SubmitFiling`.
    pub method: &'static str,
    /// The aggregate; `None` for a command that creates one (its id is derived from scope and request id).
    pub target: Option<Uuid>,
    /// The revision that the caller has seen, when it wants to be told of a race.
    pub etag: Option<u64>,
    /// When it came in; `None`: now.
    pub received_time: Option<Timestamp>,
    /// When it happened; `None`: when it came in.
    pub occurred: Option<Occurred>,
    /// Device, when made offline.
    pub device: Option<Device>,
    /// For whom.
    pub on_behalf_of: Option<OnBehalfOf>,
    /// Origin of imported history.
    pub provenance: Option<Provenance>,
    /// Check only; nothing is appended.
    pub validate_only: bool,
    /// The command.
    pub command: C,
}

/// What a command brought about: nothing that its events could not reproduce.
#[derive(Debug, Clone)]
pub struct Outcome<A> {
    /// The aggregate's id.
    pub id: Uuid,
    /// Revision after its events; the next `etag`.
    pub revision: u64,
    /// Position of its last event: hand it to queries as `min_position`. `None` for validate-only.
    pub position: Option<LogPosition>,
    /// State right after its events, also when the request is a repetition.
    pub state: A,
    /// Types of its events, in order.
    pub event_types: Vec<String>,
    /// Whether the request had been accepted before.
    pub repeated: bool,
}

/// Why a command did not happen.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommandError {
    /// Refused, with everything the caller needs.
    #[error(transparent)]
    Rejected(#[from] Box<Rejection>),
    /// The log did not take it.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<Rejection> for CommandError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

/// The command floor. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    log: Arc<dyn EventLog>,
}

#[allow(clippy::unused_async, clippy::missing_errors_doc, unused_variables)]
impl Commands {
    /// Opens the floor over a log: activates the shipped reference data on the first start, and loads what is active.
    /// `simulated` marks every event as made under a simulated clock (the demo).
    pub async fn open(
        log: Arc<dyn EventLog>,
        keys: Arc<dyn KeyProvider>,
        clock: Arc<dyn Clock>,
        entropy: Arc<Entropy>,
        simulated: bool,
    ) -> Result<Self, CommandError> {
        unimplemented!()
    }

    /// Reference data as active.
    pub fn reference(&self) -> Arc<Reference> {
        unimplemented!()
    }

    /// Runs one command on an [`yujian_domain::institution::Institution`] or an
    /// [`yujian_domain::incident::Incident`].
    pub async fn execute<A: Aggregate>(&self, request: Request<A::Command>) -> Result<Outcome<A>, CommandError> {
        unimplemented!()
    }

    /// State and revision of an aggregate as of its stream's end; `None` when there is none.
    pub async fn load<A: Aggregate>(&self, id: Uuid) -> Result<Option<(A, u64)>, CommandError> {
        unimplemented!()
    }

    /// Destroys a subject's keys, recorded as an event first. Two persons.
    pub async fn erase_subject(
        &self,
        actor: Actor,
        request_id: Uuid,
        subject: &str,
        reason: &str,
        approver: &str,
    ) -> Result<LogPosition, CommandError> {
        unimplemented!()
    }
}
