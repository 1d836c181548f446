//! What callers see: a request goes in, an outcome or a typed error comes out.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;
use yujian_domain::envelope::{Actor, Device, OnBehalfOf, Provenance};
use yujian_domain::rejection::Rejection;
use yujian_domain::time::Occurred;
use yujian_eventlog::{LogError, LogPosition};

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
    /// Event that caused it, for what Yujian itself asks. No part of what the request id stands for.
    pub causation: Option<Uuid>,
    /// Check only; nothing is appended.
    pub validate_only: bool,
    /// The command.
    pub command: C,
}

impl<C> Request<C> {
    /// A request with nothing but the necessary.
    pub fn new(actor: Actor, request_id: Uuid, method: &'static str, target: Option<Uuid>, command: C) -> Self {
        Self {
            actor,
            request_id,
            method,
            target,
            etag: None,
            received_time: None,
            occurred: None,
            device: None,
            on_behalf_of: None,
            provenance: None,
            causation: None,
            validate_only: false,
            command,
        }
    }
}

/// What a command brought about: nothing that its events could not reproduce, but for `repeated`.
#[derive(Debug, Clone)]
pub struct Outcome<A> {
    /// The aggregate's id.
    pub id: Uuid,
    /// Revision after its events; the next `etag`.
    pub revision: u64,
    /// Position of its last event: hand it to queries as `min_position`. `None` for validate-only.
    pub position: Option<LogPosition>,
    /// State right after its events, also when the request is a repetition.
    pub state: Arc<A>,
    /// Types of its events, in order.
    pub event_types: Vec<String>,
    /// Whether the request had been accepted before. For counting only: a reply must not depend on it.
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
