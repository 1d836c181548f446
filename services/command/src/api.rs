//! What callers see: a request goes in, an outcome or a typed error comes out.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use lru::LruCache;
use uuid::Uuid;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::envelope::{Actor, Device, OnBehalfOf, Provenance};
use yujian_domain::personal::{Digester, KeyedDigest};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::Rejection;
use yujian_domain::time::Occurred;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::KeyProvider;
use yujian_eventlog::{EventLog, LogError, LogPosition, StreamName};

use crate::fold::Cached;

/// Folded aggregates kept in memory.
const CACHED_STREAMS: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
/// Locks over streams; two streams that share one only wait for each other.
const LOCKS: usize = 512;

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
    pub state: A,
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

/// The command floor. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub log: Arc<dyn EventLog>,
    pub keys: Arc<dyn KeyProvider>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<Entropy>,
    pub simulated: bool,
    pub reference: Mutex<Arc<Reference>>,
    pub cache: Mutex<LruCache<StreamName, Cached>>,
    locks: Vec<tokio::sync::Mutex<()>>,
}

impl Commands {
    /// Opens the floor over a log: activates the shipped reference data on the first start, and loads what is active.
    /// `simulated` marks every event as made under a simulated clock (the demo).
    ///
    /// # Errors
    /// When the log can't be read, or holds reference data that does not parse.
    pub async fn open(
        log: Arc<dyn EventLog>,
        keys: Arc<dyn KeyProvider>,
        clock: Arc<dyn Clock>,
        entropy: Arc<Entropy>,
        simulated: bool,
    ) -> Result<Self, CommandError> {
        let commands = Self {
            inner: Arc::new(Inner {
                log,
                keys,
                clock,
                entropy,
                simulated,
                reference: Mutex::default(),
                cache: Mutex::new(LruCache::new(CACHED_STREAMS)),
                locks: (0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            }),
        };
        commands.activate_reference().await?;
        Ok(commands)
    }

    /// Reference data as active.
    #[must_use]
    pub fn reference(&self) -> Arc<Reference> {
        self.inner
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// State and revision of an aggregate as of its stream's end; `None` when there is none.
    ///
    /// # Errors
    /// When the log can't be read.
    pub async fn load<A: Aggregate>(&self, id: Uuid) -> Result<Option<(A, u64)>, CommandError> {
        let loaded = self.inner.load_stream::<A>(&stream_of::<A>(id)?).await?;
        Ok(loaded
            .head
            .filter(|_| loaded.state.exists())
            .map(|head| (loaded.state.clone(), head.revision)))
    }
}

impl Inner {
    /// Serialises commands on one stream within this process; across processes the expected head decides.
    pub(crate) async fn lock(&self, stream: &StreamName) -> tokio::sync::MutexGuard<'_, ()> {
        // FNV-1a: any spread will do, and the standard hasher differs from run to run.
        let hash = stream.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let slot = usize::try_from(hash % LOCKS as u64).unwrap_or(0);
        self.locks[slot].lock().await
    }
}

/// The stream of an aggregate.
pub(crate) fn stream_of<A: Aggregate>(id: Uuid) -> Result<StreamName, LogError> {
    StreamName::parse(&format!("{}-{id}", A::CATEGORY))
}

/// Lets the pure domain make keyed digests with the provider's key.
pub(crate) struct KeysDigester<'a>(pub &'a dyn KeyProvider);

impl Digester for KeysDigester<'_> {
    fn digest(&self, kind: &str, value: &str) -> KeyedDigest {
        let digest = self.0.digest(kind, value.as_bytes());
        KeyedDigest {
            epoch: digest.epoch,
            hex: digest.hex,
        }
    }
}
