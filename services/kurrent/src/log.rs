//! The log: what callers hold.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use lru::LruCache;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use yujian_eventlog::header::Header;
use yujian_eventlog::record::check_all;
use yujian_eventlog::rules::{self, Stamps};
use yujian_eventlog::{
    Appended, Damage, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record,
    StreamName,
};

use crate::fault::Fault;
use crate::header::{KeysHost, Note};
use crate::read::{From, PAGE_ITEMS};
use crate::supervisor::{Counted, Supervisor};
use crate::times::Times;

/// Pages in a row that end before the log does, after which it counts as out of reach.
const SHORT_PAGES: u32 = 5;
/// Wait before the second of them, grows with each: a leader that has just changed may be a moment behind.
const BEFORE_ANOTHER: Duration = Duration::from_millis(10);
/// Heads of streams remembered, so that an append need not ask for the one that its caller has read.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).expect("not zero");

/// What the log's callers, its appends and its tail share.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

    /// Head of a stream, asked for.
    pub(crate) async fn head_of(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        let items = match self.page_of_stream(stream, Direction::Backwards, None, 1).await {
            Err(LogError::StreamNotFound) => return Ok(None),
            items => items?,
        };
        self.note_damage(&items);
        match items.into_iter().next() {
            None => Ok(None),
            Some(Item::Damaged(damage)) => Err(LogError::Damaged(Box::new(damage))),
            Some(Item::Record(record)) => Ok(Some(self.remember(&record))),
        }
    }

    pub(crate) async fn page(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        self.reach(after).await?;
        let count = limit.clamp(1, PAGE_ITEMS);
        for tried in 1..=SHORT_PAGES {
            let head = *self.head.borrow();
            // A page that ends before the end that was known when it was asked for was broken off.
            if let Some(page) = self.page_once(after, count).await?
                && (!page.items.is_empty() || page.next >= head)
            {
                return Ok(LogPage {
                    caught_up: page.caught_up && page.next >= head,
                    ..page
                });
            }
            tokio::time::sleep(BEFORE_ANOTHER * tried).await;
        }
        if self.another.load(Ordering::Relaxed) {
            return Err(self.foreign(after));
        }
        Err(broken_off())
    }

    /// One page; `None` when it does not even show the record that it begins with.
    async fn page_once(&self, after: LogPosition, limit: usize) -> Result<Option<LogPage>, LogError> {
        let mut quiet = lock(&self.quiet).filter(|(own, _)| *own == after.number);
        let taken = loop {
            let from = match (quiet, after.number) {
                (Some((_, end)), _) => From::At(end),
                (None, 0) => From::Start,
                (None, number) => From::At(number),
            };
            // A position is inclusive for the server: one of ours comes once more.
            match self.page_all(from, &self.prefix, limit.saturating_add(1)).await {
                Ok(taken) => break taken,
                // What stood there was somebody else's and may have been removed.
                Err(Fault::Rejected(_)) if quiet.is_some() => quiet = None,
                Err(Fault::Rejected(_)) => return Err(self.foreign(after)),
                Err(fault) => return Err(self.unavailable(&fault)),
            }
        };
        let read_from_own = quiet.is_none() && after.number > 0;
        if read_from_own {
            match taken.events.first() {
                None => return Ok(None),
                Some(first) if first.position != after.number => return Err(self.foreign(after)),
                Some(_) => {}
            }
        }
        let mut ended = taken.ended;
        let mut items = Vec::with_capacity(taken.events.len());
        let mut last = after.number;
        for raw in taken.events {
            if raw.position <= last {
                continue;
            }
            if items.len() == limit {
                ended = false;
                break;
            }
            last = raw.position;
            items.push(self.item(raw));
        }
        self.note_damage(&items);
        self.announce(last);
        let next = LogPosition {
            epoch: self.epoch,
            number: last,
        };
        Ok(Some(LogPage {
            items,
            next,
            caught_up: ended,
        }))
    }

    /// A position that is none of this log's, though it does not lie beyond the end.
    fn foreign(&self, position: LogPosition) -> LogError {
        LogError::BeyondHead {
            position,
            head: *self.head.borrow(),
        }
    }

    async fn reach(&self, position: LogPosition) -> Result<(), LogError> {
        let head = *self.head.borrow();
        if position.epoch == head.epoch && position.number > head.number {
            // Another node may just have written it.
            if let Err(fault) = self.look().await
                && position.number > self.head.borrow().number
            {
                return Err(self.unavailable(&fault));
            }
        }
        rules::check_after(position, *self.head.borrow())
    }

    pub(crate) async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        self.reach(position).await?;
        if position.number == 0 {
            return Ok(None);
        }
        for tried in 1..=SHORT_PAGES {
            let found = match self.page_all(From::At(position.number), &self.prefix, 1).await {
                Ok(taken) => taken.events.into_iter().next(),
                Err(Fault::Rejected(_)) => return Ok(None),
                Err(fault) => return Err(self.unavailable(&fault)),
            };
            // The head stands there or after it: a page without anything was broken off.
            if let Some(raw) = found {
                return Ok((raw.position == position.number).then(|| self.item(raw)));
            }
            tokio::time::sleep(BEFORE_ANOTHER * tried).await;
        }
        if self.another.load(Ordering::Relaxed) {
            return Err(self.foreign(position));
        }
        Err(broken_off())
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        let prefix = format!("{}{category}-", self.prefix);
        let mut names: Vec<StreamName> = Vec::new();
        let (mut from, mut last) = (From::Start, 0);
        let mut ended_here = false;
        loop {
            let taken = self
                .page_all(from, &prefix, PAGE_ITEMS)
                .await
                .map_err(|fault| self.unavailable(&fault))?;
            let before = last;
            for raw in taken.events.iter().filter(|raw| raw.position > before) {
                last = raw.position;
                if raw.revision == 0 {
                    let name = raw.stream.strip_prefix(&self.prefix);
                    names.extend(name.and_then(|name| StreamName::parse(name).ok()));
                }
            }
            // A page may end early and look whole: the end is where a second page finds nothing more.
            let ends = taken.ended && last == before;
            if ends && ended_here {
                return Ok(names);
            }
            ended_here = ends;
            from = if last == 0 { From::Start } else { From::At(last) };
        }
    }
}

fn broken_off() -> LogError {
    LogError::Unavailable("KurrentDB: pages of the log end before the log does".to_owned())
}

/// Streams of a log begin with this on the server.
pub(crate) fn prefix(namespace: &str) -> String {
    format!("{namespace}.")
}

/// The log on a KurrentDB cluster. Opened by [`KurrentLog::open`].
pub struct KurrentLog {
    pub(crate) core: Arc<Core>,
    pub(crate) note: Note,
    pub(crate) tail: JoinHandle<()>,
}

impl KurrentLog {
    /// What the log is.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.note.header
    }

    /// What has happened so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.core.supervisor.counters.read()
    }
}

impl Drop for KurrentLog {
    fn drop(&mut self) {
        self.tail.abort();
    }
}

#[async_trait]
impl EventLog for KurrentLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError> {
        rules::check_sizes(&events)?;
        let events = check_all(events)?;
        let (core, stream) = (Arc::clone(&self.core), stream.clone());
        // A caller that stops waiting does not take the append back.
        tokio::spawn(async move { core.append(&stream, expected, &events).await })
            .await
            .map_err(|_| LogError::OutcomePending("the append was broken off".to_owned()))?
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        rules::check_sealed_sizes(&records)?;
        let core = Arc::clone(&self.core);
        tokio::spawn(async move { core.append_sealed(&records).await })
            .await
            .map_err(|_| LogError::OutcomePending("the append was broken off".to_owned()))?
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let items = self.core.page_of_stream(stream, direction, from, limit).await?;
        self.core.note_damage(&items);
        let newest = match direction {
            Direction::Forwards => items.last(),
            Direction::Backwards => items.first(),
        };
        if let Some(Item::Record(record)) = newest {
            self.core.remember(record);
        }
        Ok(items)
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        self.core.page(after, limit).await
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        self.core.head_of(stream).await
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        self.core.item_at(position).await
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        self.core.streams(category).await
    }

    fn check_writable(&self) -> Result<(), LogError> {
        self.core.writable()?;
        match self.core.supervisor.out_of_reach() {
            Some(reason) => Err(LogError::Unavailable(format!("KurrentDB: {reason}"))),
            None => Ok(()),
        }
    }

    async fn reach(&self, position: LogPosition) -> Result<(), LogError> {
        self.core.reach(position).await
    }

    fn gapless(&self) -> bool {
        false
    }

    fn seals_across_streams(&self) -> bool {
        false
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.core.head.subscribe()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.core.times.lock().await.position_at(self, instant).await
    }
}
