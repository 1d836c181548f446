//! The command floor itself: what it rests on, its cache and its locks.

use std::any::Any;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;
use uuid::Uuid;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::personal::{Digester, KeyedDigest};
use yujian_domain::reference::Reference;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::KeyProvider;
use yujian_eventlog::{EventLog, LogError, StreamName};

use crate::api::CommandError;
use crate::reference::ActiveReference;

/// A folded stream of any aggregate, as the cache holds it.
pub(crate) type Cached = Arc<dyn Any + Send + Sync>;

/// Folded aggregates kept in memory.
const CACHED_STREAMS: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
/// Folded streams kept in memory as of some event in them.
const PAST_STREAMS: NonZeroUsize = NonZeroUsize::new(2_000).expect("not zero");
/// Locks over streams; two streams that share one only wait for each other.
const LOCKS: usize = 512;

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
    pub reference: Mutex<Arc<ActiveReference>>,
    pub cache: Mutex<LruCache<StreamName, Cached>>,
    /// Folds as of an earlier event.
    pub past: Mutex<LruCache<StreamName, Cached>>,
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
                past: Mutex::new(LruCache::new(PAST_STREAMS)),
                locks: (0..LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            }),
        };
        commands.activate_reference().await?;
        Ok(commands)
    }

    /// Reference data as active.
    #[must_use]
    pub fn reference(&self) -> Arc<Reference> {
        self.active_reference().reference.clone()
    }

    /// State and revision of an aggregate as of its stream's end; `None` when there is none.
    ///
    /// # Errors
    /// When the log can't be read.
    pub async fn load<A: Aggregate>(&self, id: Uuid) -> Result<Option<(Arc<A>, u64)>, CommandError> {
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
