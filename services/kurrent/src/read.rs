//! Reading: pages of a stream and of the whole log, every record checked on its way in.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use kurrentdb::{
    Client, Position, ReadAllOptions, ReadEvent, ReadStream, ReadStreamOptions, ResolvedEvent, StreamPosition,
    SubscriptionFilter,
};
use uuid::Uuid;
use yujian_eventlog::{Damage, Direction, Item, LogError, LogPosition, Record, StreamName, record};

use crate::core::Core;
use crate::fault::Fault;
use crate::header;

/// Most items of one page, whatever was asked for.
pub(crate) const PAGE_ITEMS: usize = 10_000;
/// Bytes of records in one page of the log, above which the page ends early.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Longest wait for a stream's page.
const STREAM_PATIENCE: Duration = Duration::from_secs(5);
/// Wait for a page of the log at first: an answer that is lost alone is soon asked for again.
pub(crate) const FIRST_PATIENCE: Duration = Duration::from_secs(3);
/// Longest wait for a page of the log after that. The server says nothing while it passes over what is not ours, and the
/// tail, which asks every moment, finds out much sooner when it hangs.
pub(crate) const LOG_PATIENCE: Duration = Duration::from_secs(60);
/// Window of the filter. Only subscriptions look at it, but it has to be set.
const WINDOW: u32 = 1_000;
/// No stream comes as far.
const LAST_REVISION: u64 = i64::MAX.cast_unsigned() - 1;
/// Tries to hear the server say where a stream ends, each of two pages.
const LESSONS: u32 = 3;
/// Tries of a read that met no server.
const TRIES: u32 = 3;

/// An event as the server keeps it, out of the client's hands.
pub(crate) struct Raw {
    pub(crate) position: u64,
    pub(crate) stream: String,
    pub(crate) revision: u64,
    pub(crate) id: Uuid,
    pub(crate) event_type: String,
    pub(crate) metadata: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Raw {
    fn of(event: ResolvedEvent) -> Option<Self> {
        let commit = event.commit_position;
        let event = event.event?;
        Some(Self {
            position: commit.unwrap_or(event.position.commit),
            stream: event.stream_id().to_owned(),
            revision: event.revision,
            id: event.id,
            metadata: event.custom_metadata.to_vec(),
            payload: event.data.to_vec(),
            event_type: event.event_type,
        })
    }

    fn bytes(&self) -> usize {
        self.metadata.len() + self.payload.len()
    }
}

/// Takes what a read gives, at most so many events and, when `bytes` says so, not many more bytes.
async fn collect(mut events: ReadStream, limit: usize, bytes: usize) -> Result<Taken, kurrentdb::Error> {
    let mut taken = Taken {
        events: Vec::with_capacity(limit.min(1_024)),
        ended: true,
        last: None,
    };
    let mut total = 0;
    while let Some(event) = events.next_read_event().await? {
        let event = match event {
            ReadEvent::Event(event) => event,
            ReadEvent::LastStreamPosition(last) => {
                taken.last = Some(last);
                continue;
            }
            _ => continue,
        };
        let Some(raw) = Raw::of(event) else { continue };
        total += raw.bytes();
        taken.events.push(raw);
        if taken.events.len() >= limit || total > bytes {
            taken.ended = false;
            break;
        }
    }
    Ok(taken)
}

/// What a read gave.
pub(crate) struct Taken {
    pub(crate) events: Vec<Raw>,
    /// Whether no more came. A connection that ends well but early looks the same.
    pub(crate) ended: bool,
    /// Last revision of the stream, with which the server ends a page that reaches the end.
    last: Option<u64>,
}

/// Where a read of the whole log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Start,
    /// Inclusive.
    At(u64),
    /// Backwards from the end.
    End,
}

fn all_options(from: From, prefixes: &[String], count: usize) -> ReadAllOptions {
    let options = ReadAllOptions::default().max_count(count);
    let options = match from {
        From::Start => options.position(StreamPosition::Start).forwards(),
        From::At(number) => options
            .position(StreamPosition::Position(Position {
                commit: number,
                prepare: number,
            }))
            .forwards(),
        // Setting a position sets a direction too: this order.
        From::End => options.position(StreamPosition::End).backwards(),
    };
    if prefixes.is_empty() {
        return options;
    }
    let filter = prefixes
        .iter()
        .fold(SubscriptionFilter::on_stream_name(), |filter, prefix| {
            filter.add_prefix(prefix)
        });
    options.filter(filter.max(WINDOW))
}

/// Whether any stream begins with `prefix`.
pub(crate) async fn any(client: &Client, prefix: String) -> Result<bool, kurrentdb::Error> {
    let mut events = client.read_all(&all_options(From::Start, &[prefix], 1)).await?;
    Ok(events.next().await?.is_some())
}

impl Core {
    /// Reads events of the whole log whose stream begins with one of `prefixes`; all if there are none.
    pub(crate) async fn raw_all(
        &self,
        from: From,
        prefixes: Vec<String>,
        count: usize,
        patience: Duration,
    ) -> Result<Taken, Fault> {
        self.supervisor
            .call(patience, move |client: Client| async move {
                let options = all_options(from, &prefixes, count);
                let events = client.read_all(&options).await?;
                collect(events, count, PAGE_BYTES).await
            })
            .await
    }

    /// A page of the log, tried again while no server is met.
    pub(crate) async fn page_all(&self, from: From, prefix: &str, count: usize) -> Result<Taken, Fault> {
        let start = tokio::time::Instant::now();
        let mut tries = 0;
        let mut patience = FIRST_PATIENCE;
        loop {
            tries += 1;
            match self.raw_all(from, vec![prefix.to_owned()], count, patience).await {
                Err(Fault::NotDone(_) | Fault::Unclear(_)) if tries < TRIES && start.elapsed() < STREAM_PATIENCE => {
                    patience = LOG_PATIENCE;
                }
                outcome => return outcome,
            }
        }
    }

    /// Events of one stream.
    async fn raw_stream(
        &self,
        name: String,
        direction: Direction,
        from: Option<u64>,
        count: usize,
    ) -> Result<Taken, Fault> {
        // The server counts in 64 bits with a sign.
        let from = from.map(|from| from.min(LAST_REVISION));
        let until = tokio::time::Instant::now() + STREAM_PATIENCE;
        let says_ends = &self.says_ends[usize::from(direction == Direction::Backwards)];
        let mut before: Option<usize> = None;
        loop {
            let name = name.clone();
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            // A call that hangs leaves time for another one, on another client.
            let patience = left.min(STREAM_PATIENCE / 2);
            let read = self.supervisor.call(patience, move |client: Client| async move {
                let options = ReadStreamOptions::default().max_count(count);
                let options = match (direction, from) {
                    (Direction::Forwards, from) => {
                        options.position(StreamPosition::Position(from.unwrap_or(0))).forwards()
                    }
                    (Direction::Backwards, Some(from)) => options.position(StreamPosition::Position(from)).backwards(),
                    (Direction::Backwards, None) => options.position(StreamPosition::End).backwards(),
                };
                let events = client.read_stream(name, &options).await?;
                collect(events, count, usize::MAX).await
            });
            match read.await {
                Err(fault @ (Fault::NotDone(_) | Fault::Unclear(_))) => {
                    if tokio::time::Instant::now() >= until {
                        return Err(fault);
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                // The end of the stream, as far as this page tells: the server did not say so, and a connection that
                // ended early looks the same. Two pages that end alike are believed of a server that never says so.
                Ok(taken) if taken.ended && taken.last.is_none() => {
                    let says = says_ends.load(Ordering::Relaxed);
                    if !says && before == Some(taken.events.len()) {
                        return Ok(taken);
                    }
                    before = Some(taken.events.len());
                    if tokio::time::Instant::now() >= until {
                        return Err(Fault::Unclear(
                            "pages of the stream end before the stream does".to_owned(),
                        ));
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok(taken) => {
                    if taken.ended {
                        says_ends.store(true, Ordering::Relaxed);
                    }
                    return Ok(taken);
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Finds out on the header's stream whether the server says where a stream ends, before that is relied upon.
    pub(crate) async fn learn_ends(&self) {
        for (direction, says) in [Direction::Forwards, Direction::Backwards]
            .into_iter()
            .zip(&self.says_ends)
        {
            for _ in 0..LESSONS {
                // Not to know it is no fault: then two pages that end alike are believed.
                let read = self
                    .raw_stream(header::stream(&self.namespace), direction, None, PAGE_ITEMS)
                    .await;
                if read.is_err() || says.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
    }

    /// A page of a stream. Where the server does not show a record that must be there, it is named as damaged.
    /// `$tb`, `$maxCount` and `$maxAge` hide records at the beginning of a stream.
    pub(crate) async fn page_of_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let count = limit.clamp(1, PAGE_ITEMS);
        let taken = match self.raw_stream(self.server_name(stream), direction, from, count).await {
            Ok(taken) => taken,
            Err(Fault::NotFound) => return Err(LogError::StreamNotFound),
            Err(Fault::Deleted) => {
                return Err(LogError::Damaged(Box::new(self.gone(
                    stream,
                    None,
                    "the stream was deleted on the server",
                ))));
            }
            Err(fault) => return Err(self.unavailable(&fault)),
        };
        let mut items: Vec<Item> = Vec::with_capacity(taken.events.len());
        let hidden = |revision| {
            Item::Damaged(self.gone(
                stream,
                Some(revision),
                "the server does not show this record: the stream was truncated",
            ))
        };
        let mut due = match direction {
            Direction::Forwards => Some(from.unwrap_or(0)),
            Direction::Backwards => None,
        };
        let ended = taken.ended;
        for raw in taken.events.into_iter().take(limit) {
            if let Some(due) = due
                && due != raw.revision
            {
                items.push(hidden(due));
                return Ok(items);
            }
            due = match direction {
                Direction::Forwards => raw.revision.checked_add(1),
                Direction::Backwards => raw.revision.checked_sub(1),
            };
            items.push(self.item(raw));
        }
        if let (Direction::Backwards, Some(due)) = (direction, due)
            && ended
            && items.len() < limit
        {
            items.push(hidden(due));
        }
        Ok(items)
    }

    fn gone(&self, stream: &StreamName, revision: Option<u64>, problem: &str) -> Damage {
        Damage {
            position: *self.head.borrow(),
            stream: Some(stream.clone()),
            revision,
            problem: problem.to_owned(),
        }
    }

    /// Checks an event of ours.
    pub(crate) fn item(&self, raw: Raw) -> Item {
        let position = LogPosition {
            epoch: self.epoch,
            number: raw.position,
        };
        let name = raw
            .stream
            .strip_prefix(&self.prefix)
            .and_then(|name| StreamName::parse(name).ok());
        let damaged = |stream, problem: &str| {
            Item::Damaged(Damage {
                position,
                stream,
                revision: Some(raw.revision),
                problem: problem.to_owned(),
            })
        };
        let Some(stream) = name else {
            return damaged(None, "its stream has no name of ours");
        };
        let text = |bytes| std::str::from_utf8(bytes).is_ok();
        if !text(&raw.metadata) || !text(&raw.payload) {
            return damaged(Some(stream), "it is not UTF-8");
        }
        match record::check(
            stream.as_str(),
            raw.revision,
            raw.id,
            &raw.event_type,
            &raw.metadata,
            &raw.payload,
        ) {
            Err(problem) => damaged(Some(stream), problem),
            Ok(parsed) => Item::Record(Record {
                position,
                stream,
                revision: raw.revision,
                id: raw.id,
                event_type: raw.event_type,
                metadata: raw.metadata.into(),
                payload: raw.payload.into(),
                hash: parsed.hash,
                prev: parsed.prev,
                recorded_time: parsed.recorded_time,
            }),
        }
    }
}

/// When an item was recorded, if that can be told.
pub(crate) fn time_of(item: &Item) -> Option<Timestamp> {
    match item {
        Item::Record(record) => Some(record.recorded_time),
        Item::Damaged(_) => None,
    }
}
