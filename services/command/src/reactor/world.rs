//! What reactors may look at: streams as they were at an event, and as they are now.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Claim};
use yujian_domain::personal::KeyedDigest;
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_eventlog::{Direction, Item, LogError, LogPosition, Record, StreamName};

use super::unreadable;
use crate::api::CommandError;
use crate::floor::{Commands, stream_of};

/// Records read at once on the way back through a stream, whose end is nearly always what is looked for.
const BACK: usize = 8;
/// Records read at once in a scan.
const SCAN: usize = 10_000;

/// The log as reactors read it.
pub(crate) struct World<'a> {
    commands: &'a Commands,
}

impl<'a> World<'a> {
    pub(crate) fn new(commands: &'a Commands) -> Self {
        Self { commands }
    }

    /// Reference data as active.
    pub(crate) fn reference(&self) -> Arc<Reference> {
        self.commands.reference()
    }

    /// The legal day by the clock.
    pub(crate) fn today(&self) -> Date {
        day_of(self.commands.inner.clock.now())
    }

    /// The aggregate right after a revision of its stream.
    pub(crate) async fn at<A: Aggregate>(&self, stream: &StreamName, revision: u64) -> Result<Arc<A>, CommandError> {
        Ok(self.commands.inner.state_at::<A>(stream, revision).await?)
    }

    /// The aggregate as of the end of its stream; its default where there is none.
    pub(crate) async fn now<A: Aggregate>(&self, id: Uuid) -> Result<Arc<A>, CommandError> {
        let stream = stream_of::<A>(id)?;
        Ok(self.commands.inner.load_stream::<A>(&stream).await?.state.clone())
    }

    /// The records of a stream that can be read.
    pub(crate) async fn records(&self, stream: &StreamName) -> Result<Vec<Record>, CommandError> {
        let limit = usize::try_from(yujian_eventlog::STREAM_MAX_LENGTH).unwrap_or(usize::MAX);
        let log = &self.commands.inner.log;
        let items = match log.read_stream(stream, Direction::Forwards, Some(0), limit).await {
            Err(LogError::StreamNotFound) => Vec::new(),
            items => items?,
        };
        let sound = items.into_iter().filter_map(|item| match item {
            Item::Record(record) => Some(record),
            Item::Damaged(_) => None,
        });
        Ok(sound.collect())
    }

    /// The aggregate as its stream stood when the log came to `position`: what whoever reacts to a record of another stream
    /// must look at, so that it says the same however late it runs.
    pub(crate) async fn known_at<A: Aggregate>(&self, id: Uuid, position: LogPosition) -> Result<Arc<A>, CommandError> {
        let stream = stream_of::<A>(id)?;
        let log = &self.commands.inner.log;
        let mut from = None;
        loop {
            let items = match log.read_stream(&stream, Direction::Backwards, from, BACK).await {
                Err(LogError::StreamNotFound) => return Ok(Arc::default()),
                items => items?,
            };
            let Some(earliest) = items.iter().filter_map(revision_of).min() else {
                return Ok(Arc::default());
            };
            let known = |item: &&Item| match item {
                Item::Record(record) => record.position <= position,
                Item::Damaged(damage) => damage.position <= position,
            };
            match items.iter().position(|item| known(&item)) {
                // Nothing came after it: the state at hand, which is cached.
                Some(0) if from.is_none() => return self.now(id).await,
                Some(index) => {
                    let revision = revision_of(&items[index]).unwrap_or(earliest);
                    return self.at(&stream, revision).await;
                }
                None if earliest == 0 => return Ok(Arc::default()),
                None => from = Some(earliest - 1),
            }
        }
    }

    /// Whether a stream has a first event.
    pub(crate) async fn exists(&self, stream: &StreamName) -> Result<bool, CommandError> {
        let log = &self.commands.inner.log;
        match log.read_stream(stream, Direction::Forwards, Some(0), 1).await {
            Err(LogError::StreamNotFound) => Ok(false),
            items => Ok(!items?.is_empty()),
        }
    }

    /// Streams that hold an event of a type, each once. Reads the whole log: for what happens once in years.
    pub(crate) async fn streams_with(&self, event_type: &str) -> Result<BTreeSet<StreamName>, CommandError> {
        let log = &self.commands.inner.log;
        let mut after = log.origin();
        let mut streams = BTreeSet::new();
        loop {
            let page = log.read_all(after, SCAN).await?;
            if page.items.is_empty() {
                return Ok(streams);
            }
            let records = page.items.into_iter().filter_map(|item| match item {
                Item::Record(record) => Some(record),
                Item::Damaged(_) => None,
            });
            let of_type = records.filter(|record| record.event_type == event_type);
            streams.extend(of_type.map(|record| record.stream));
            after = page.next;
        }
    }

    /// Digests of a claim under every epoch.
    pub(crate) fn digests(&self, claim: &Claim) -> Vec<KeyedDigest> {
        self.commands.inner.digests(claim)
    }
}

/// Revision of a record, also of one that does not read, where it is known.
fn revision_of(item: &Item) -> Option<u64> {
    match item {
        Item::Record(record) => Some(record.revision),
        Item::Damaged(damage) => damage.revision,
    }
}

/// The aggregate's id in its stream's name.
pub(crate) fn id_of(stream: &StreamName) -> Result<Uuid, CommandError> {
    Uuid::parse_str(stream.id()).map_err(|_| unreadable(format!("{stream} is no aggregate's stream")))
}
