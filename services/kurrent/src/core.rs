//! What the log's callers, its appends and its tail share: what is known of the log, and what stands in its way.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use lru::LruCache;
use tokio::sync::watch;
use yujian_eventlog::header::Header;
use yujian_eventlog::rules::Stamps;
use yujian_eventlog::{Damage, Head, Item, LogError, LogPosition, Record, StreamName};

use crate::fault::Fault;
use crate::header::KeysHost;
use crate::supervisor::Supervisor;
use crate::times::Times;

/// Heads of streams remembered, so that an append need not ask for the one that its caller has read.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).expect("not zero");

/// A log that is open.
pub(crate) struct Core {
    pub(crate) supervisor: Supervisor,
    pub(crate) namespace: String,
    /// Streams on the server begin with this; the records' own names do not.
    pub(crate) prefix: String,
    pub(crate) epoch: u32,
    pub(crate) head: watch::Sender<LogPosition>,
    pub(crate) stamps: Stamps,
    /// The newest time given out or seen; the next one is after it.
    pub(crate) newest: Mutex<Option<Timestamp>>,
    remembered: Mutex<LruCache<StreamName, Head>>,
    /// Streams in which a read has met a damaged record: they take no writes.
    damaged: Mutex<LruCache<StreamName, Damage>>,
    /// Why no writes are taken, for good.
    refusal: Mutex<Option<LogError>>,
    /// Nothing of ours stands after the first and up to the second position: pages need not pass over it again.
    pub(crate) quiet: Mutex<Option<(u64, u64)>>,
    /// Whether the last look at the end was not answered soon.
    pub(crate) slow: AtomicBool,
    /// Whether the log on the server is no longer the one that was opened.
    pub(crate) another: AtomicBool,
    /// Whether the server has been seen to say where a stream ends, read forwards and backwards. Where it does, a page
    /// that does not say so was broken off.
    pub(crate) says_ends: [AtomicBool; 2],
    pub(crate) times: tokio::sync::Mutex<Times>,
    /// Since when the server does not have what was read from it.
    pub(crate) lagging: Mutex<Option<Instant>>,
    /// Clients made when the log was last seen to be the one that was opened.
    pub(crate) seen_by: AtomicU64,
    /// This host as a holder of keys.
    pub(crate) keys_host: Option<KeysHost>,
    /// Logging in by certificate needs a licence on the server.
    certificate: bool,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(crate) fn new(
        supervisor: Supervisor,
        namespace: &str,
        header: &Header,
        stamps: Stamps,
        certificate: bool,
    ) -> Self {
        Self {
            supervisor,
            namespace: namespace.to_owned(),
            prefix: prefix(namespace),
            epoch: header.epoch,
            head: watch::Sender::new(LogPosition {
                epoch: header.epoch,
                number: 0,
            }),
            stamps,
            newest: Mutex::new(None),
            remembered: Mutex::new(LruCache::new(REMEMBERED)),
            damaged: Mutex::new(LruCache::new(REMEMBERED)),
            refusal: Mutex::new(None),
            quiet: Mutex::new(None),
            slow: AtomicBool::new(false),
            another: AtomicBool::new(false),
            says_ends: [AtomicBool::new(false), AtomicBool::new(false)],
            times: tokio::sync::Mutex::new(Times::new(header.epoch)),
            lagging: Mutex::new(None),
            seen_by: AtomicU64::new(0),
            keys_host: None,
            certificate,
        }
    }

    pub(crate) fn server_name(&self, stream: &StreamName) -> String {
        format!("{}{stream}", self.prefix)
    }

    /// Announces that the log reaches at least here.
    pub(crate) fn announce(&self, number: u64) {
        self.head.send_if_modified(|head| {
            let grown = number > head.number;
            if grown {
                head.number = number;
            }
            grown
        });
    }

    pub(crate) fn see_time(&self, time: Timestamp) {
        let mut newest = lock(&self.newest);
        *newest = (*newest).max(Some(time));
    }

    /// Takes note of a record that is the newest of its stream, as far as this node has seen it: what is written after
    /// it must be later than it, whichever node's clock it was stamped by.
    pub(crate) fn remember(&self, record: &Record) -> Head {
        let head = Head {
            revision: record.revision,
            hash: record.hash,
        };
        self.see_time(record.recorded_time);
        lock(&self.remembered).put(record.stream.clone(), head);
        head
    }

    pub(crate) fn remembered(&self, stream: &StreamName) -> Option<Head> {
        lock(&self.remembered).get(stream).copied()
    }

    pub(crate) fn note_damage(&self, items: &[Item]) {
        for item in items {
            if let Item::Damaged(damage) = item
                && let Some(stream) = &damage.stream
                && lock(&self.damaged).put(stream.clone(), damage.clone()).is_none()
            {
                tracing::error!(position = %damage.position, %stream, problem = damage.problem, "damaged record, its stream takes no writes");
            }
        }
    }

    pub(crate) fn damage(&self, stream: &StreamName) -> Option<Damage> {
        lock(&self.damaged).get(stream).cloned()
    }

    /// Takes no writes any more; the first reason stays.
    pub(crate) fn refuse(&self, error: LogError) {
        let mut refusal = lock(&self.refusal);
        if refusal.is_none() {
            tracing::error!(reason = %error, "the log takes no writes");
            *refusal = Some(error);
        }
    }

    /// The same where that is what was asked for.
    pub(crate) fn refuse_quietly(&self, error: LogError) {
        lock(&self.refusal).get_or_insert(error);
    }

    pub(crate) fn writable(&self) -> Result<(), LogError> {
        lock(&self.refusal).clone().map_or(Ok(()), Err)
    }

    /// A fault of a read, in words.
    pub(crate) fn unavailable(&self, fault: &Fault) -> LogError {
        LogError::Unavailable(self.words(fault))
    }

    pub(crate) fn words(&self, fault: &Fault) -> String {
        match fault {
            Fault::Denied if self.certificate => {
                "KurrentDB denies access: a certificate of a user (userCertFile) needs \
                 a licence with USER_CERTIFICATES on the server; a name with a password does not"
                    .to_owned()
            }
            Fault::Denied => "KurrentDB denies access: the user must be one of $admins, or have access to $all and to \
                 the streams of the namespace"
                .to_owned(),
            Fault::Unsupported => {
                "KurrentDB does not offer this call: a version before 21.10, or a feature without its licence"
                    .to_owned()
            }
            Fault::Rejected(reason) | Fault::NotDone(reason) | Fault::Unclear(reason) => format!("KurrentDB: {reason}"),
            Fault::Conflict | Fault::NotFound | Fault::Deleted => format!("KurrentDB: {fault:?}"),
        }
    }
}

/// Streams of a log begin with this on the server.
pub(crate) fn prefix(namespace: &str) -> String {
    format!("{namespace}.")
}
