//! Logs for the tests: one that was grown, one that holds what it is told, one that fails at the right moment.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::header::{FORMAT, Header, LogKind};
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::record::Checked;
use yujian_eventlog::{
    Appended, Direction, EventLog, Expected, Hash, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record,
    StreamName, rules,
};

pub fn start() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

pub fn header() -> Header {
    Header {
        format: FORMAT,
        created: start(),
        epoch: 1,
        kind: LogKind::Real,
        check_values: [(1, "abc".to_owned())].into(),
        several_writers: false,
        migrating_from: None,
    }
}

pub fn event(number: u64, bytes: usize) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)),
        event_type: "test.Happened.v1".to_owned(),
        metadata: br#"{"actor":"x"}"#.to_vec(),
        payload: format!("{{\"n\":{number},\"fill\":\"{}\"}}", "x".repeat(bytes)).into_bytes(),
    }
}

pub fn stream(number: u64) -> StreamName {
    StreamName::parse(&format!("test-{number}")).unwrap()
}

pub fn memory() -> Arc<MemoryLog> {
    MemoryLog::new(Arc::new(SimulatedClock::new(start())))
}

pub async fn append(log: &dyn EventLog, stream: &StreamName, events: Vec<NewEvent>) {
    let expected = log
        .stream_head(stream)
        .await
        .unwrap()
        .map_or(Expected::NoStream, Expected::At);
    log.append(stream, expected, events).await.unwrap();
}

/// A log of so many records in three streams; every fifth append holds three.
pub async fn grow(log: &dyn EventLog, records: u64) {
    let mut number = log.head().borrow().number;
    while number < records {
        let count = if number % 5 == 4 { 3 } else { 1 };
        let events = (number..records.min(number + count)).map(|n| event(n, 0)).collect();
        append(log, &stream(number % 3), events).await;
        number += count;
    }
}

pub async fn grown(records: u64) -> Arc<MemoryLog> {
    let log = memory();
    grow(&*log, records).await;
    log
}

pub async fn items(log: &dyn EventLog) -> Vec<Item> {
    let (mut all, mut after) = (Vec::new(), log.origin());
    loop {
        let page = log.read_all(after, 1_000).await.unwrap();
        all.extend(page.items);
        after = page.next;
        if page.caught_up {
            return all;
        }
    }
}

pub fn record(item: &Item) -> Record {
    match item {
        Item::Record(record) => record.clone(),
        Item::Damaged(damage) => panic!("{damage:?}"),
    }
}

/// The records of a log, at position 0: what a copy must keep.
pub async fn contents(log: &dyn EventLog) -> Vec<Record> {
    let anywhere = |item: &Item| Record {
        position: LogPosition { epoch: 0, number: 0 },
        ..record(item)
    };
    items(log).await.iter().map(anywhere).collect()
}

/// Seals records as several nodes might: each of a stream, so many milliseconds after the start.
pub fn sealed(entries: &[(u64, i64)]) -> Vec<Item> {
    let mut heads: std::collections::HashMap<u64, (u64, Hash)> = std::collections::HashMap::new();
    (1..)
        .zip(entries)
        .map(|(number, (name, millis))| {
            let (revision, prev) = heads.get(name).copied().unwrap_or((0, Hash::ZERO));
            let time = start() + SignedDuration::from_millis(*millis);
            let checked = Checked::new(event(number, 0)).unwrap();
            let position = LogPosition { epoch: 1, number };
            let record = checked.seal(position, &stream(*name), revision, prev, time).unwrap();
            heads.insert(*name, (revision + 1, record.hash));
            Item::Record(record)
        })
        .collect()
}

/// An engine as a server's is: positions with gaps, one stream a call. It gives out what its list holds, sound or not.
pub struct Listed {
    items: Mutex<Vec<Item>>,
    head: watch::Sender<LogPosition>,
    gapless: bool,
    page: usize,
}

impl Listed {
    /// Gives out these items at their positions, and tells the last one's as its end.
    pub fn new(items: Vec<Item>, gapless: bool) -> Arc<Self> {
        let end = items
            .iter()
            .map(Item::position)
            .max()
            .unwrap_or(LogPosition { epoch: 1, number: 0 });
        Arc::new(Self {
            items: Mutex::new(items),
            head: watch::Sender::new(end),
            gapless,
            page: 1_000,
        })
    }

    /// The same items at positions with gaps, given out a few at a time.
    pub fn gapped(mut items: Vec<Item>) -> Arc<Self> {
        for item in &mut items {
            move_to(item, gapped(item.position().number));
        }
        let mut log = Self::new(items, false);
        Arc::get_mut(&mut log).unwrap().page = 3;
        log
    }

    /// Tells another end than there is.
    pub fn with_end(self: Arc<Self>, number: u64) -> Arc<Self> {
        self.head.send_modify(|head| head.number = number);
        self
    }
}

/// Where record `number` stands in a log with gaps.
pub fn gapped(number: u64) -> u64 {
    number * 100 + number % 7
}

pub fn move_to(item: &mut Item, number: u64) {
    match item {
        Item::Record(record) => record.position.number = number,
        Item::Damaged(damage) => damage.position.number = number,
    }
}

fn in_stream(item: &Item, stream: &StreamName) -> bool {
    matches!(item, Item::Record(record) if record.stream == *stream)
}

#[async_trait]
impl EventLog for Listed {
    async fn append(&self, _: &StreamName, _: Expected, _: Vec<NewEvent>) -> Result<Appended, LogError> {
        Err(LogError::ReadOnly("a list".to_owned()))
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        rules::check_sealed_sizes(&records)?;
        if records.iter().any(|record| record.stream != records[0].stream) {
            return Err(LogError::Invalid("one stream a call".to_owned()));
        }
        let mut items = self.items.lock().unwrap();
        let mut list = items.clone();
        for mut record in records {
            let newest = list
                .iter()
                .rfind(|item| in_stream(item, &record.stream))
                .map(self::record);
            let head = newest.map(|newest| Head {
                revision: newest.revision,
                hash: newest.hash,
            });
            let last = list.iter().map(|item| self::record(item).recorded_time).max();
            rules::check_sealed(&record, head, last, true)?;
            record.position.number = gapped(u64::try_from(list.len()).unwrap() + 1);
            record.position.epoch = 1;
            list.push(Item::Record(record));
        }
        *items = list;
        let end = items.last().unwrap().position();
        self.head.send_replace(end);
        Ok(end)
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        _: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let items = self.items.lock().unwrap();
        let wanted = |item: &&Item| in_stream(item, stream) && record(item).revision >= from.unwrap_or(0);
        Ok(items.iter().filter(wanted).take(limit).cloned().collect())
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let items = self.items.lock().unwrap();
        let from = items.iter().position(|item| item.position() == after);
        let rest = &items[from.map_or(0, |from| from + 1)..];
        let page = &rest[..rest.len().min(limit).min(self.page)];
        Ok(LogPage {
            items: page.to_vec(),
            next: page.last().map_or(after, Item::position),
            caught_up: page.len() == rest.len(),
        })
    }

    async fn stream_head(&self, _: &StreamName) -> Result<Option<Head>, LogError> {
        Ok(None)
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        let items = self.items.lock().unwrap();
        Ok(items.iter().find(|item| item.position() == position).cloned())
    }

    async fn streams(&self, _: &str) -> Result<Vec<StreamName>, LogError> {
        Ok(Vec::new())
    }

    fn check_writable(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn seals_across_streams(&self) -> bool {
        false
    }

    fn gapless(&self) -> bool {
        self.gapless
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.head.subscribe()
    }

    async fn position_at(&self, _: Timestamp) -> Result<LogPosition, LogError> {
        Ok(self.origin())
    }
}

/// What befalls a call.
#[derive(Debug, Clone, Copy)]
pub enum Mishap {
    None,
    /// Stored, but the answer is owed.
    StoredPending,
    /// Not stored, and the answer is owed.
    LostPending,
    /// The first record of the call is stored, the answer owed.
    PartPending,
    /// Not stored.
    Unavailable,
    /// As if the process were killed before the call.
    Killed,
    /// As if it were killed after the call.
    KilledAfter,
    /// Stored only when the next call comes.
    Late,
    /// A read that does not show yet what was stored last.
    Stale,
    /// Said to be stored, and is not.
    Swallowed,
}

type Script = Box<dyn Fn(usize) -> Mishap + Send + Sync>;

/// An engine whose calls fail as a script says, by their number from 0.
pub struct Failing {
    log: Arc<dyn EventLog>,
    appends: Script,
    reads: Script,
    pub append_calls: AtomicUsize,
    read_calls: AtomicUsize,
    late: Mutex<Option<Vec<Record>>>,
}

impl Failing {
    pub fn new(
        log: Arc<dyn EventLog>,
        appends: impl Fn(usize) -> Mishap + Send + Sync + 'static,
        reads: impl Fn(usize) -> Mishap + Send + Sync + 'static,
    ) -> Self {
        Self {
            log,
            appends: Box::new(appends),
            reads: Box::new(reads),
            append_calls: AtomicUsize::new(0),
            read_calls: AtomicUsize::new(0),
            late: Mutex::new(None),
        }
    }
}

fn pending() -> LogError {
    LogError::OutcomePending("no answer in time".to_owned())
}

fn unavailable() -> LogError {
    LogError::Unavailable("no leader".to_owned())
}

fn killed() -> LogError {
    LogError::Stopped("killed".to_owned())
}

#[async_trait]
impl EventLog for Failing {
    async fn append(&self, stream: &StreamName, at: Expected, events: Vec<NewEvent>) -> Result<Appended, LogError> {
        self.log.append(stream, at, events).await
    }

    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        let late = self.late.lock().unwrap().take();
        if let Some(late) = late {
            self.log.append_sealed(late).await?;
        }
        match (self.appends)(self.append_calls.fetch_add(1, Ordering::SeqCst)) {
            Mishap::None => self.log.append_sealed(records).await,
            Mishap::StoredPending => self.log.append_sealed(records).await.and(Err(pending())),
            Mishap::LostPending => Err(pending()),
            Mishap::PartPending => self.log.append_sealed(records[..1].to_vec()).await.and(Err(pending())),
            Mishap::Unavailable | Mishap::Stale => Err(unavailable()),
            Mishap::Killed => Err(killed()),
            Mishap::KilledAfter => self.log.append_sealed(records).await.and(Err(killed())),
            Mishap::Swallowed => Ok(*self.log.head().borrow()),
            Mishap::Late => {
                *self.late.lock().unwrap() = Some(records);
                Err(pending())
            }
        }
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        self.log.read_stream(stream, direction, from, limit).await
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        match (self.reads)(self.read_calls.fetch_add(1, Ordering::SeqCst)) {
            Mishap::None => self.log.read_all(after, limit.min(7)).await,
            Mishap::Killed => Err(killed()),
            Mishap::Stale => Ok(LogPage {
                items: Vec::new(),
                next: after,
                caught_up: true,
            }),
            _ => Err(unavailable()),
        }
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        self.log.stream_head(stream).await
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        self.log.item_at(position).await
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        self.log.streams(category).await
    }

    fn check_writable(&self) -> Result<(), LogError> {
        self.log.check_writable()
    }

    fn seals_across_streams(&self) -> bool {
        self.log.seals_across_streams()
    }

    fn gapless(&self) -> bool {
        self.log.gapless()
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.log.head()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.log.position_at(instant).await
    }
}
