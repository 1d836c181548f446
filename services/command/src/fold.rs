//! Loading an aggregate: its stream folded into state, with what must be remembered of its requests.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Recorded};
use yujian_domain::envelope::parse_metadata;
use yujian_domain::event::EventFamily;
use yujian_domain::personal::KeyedDigest;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::system::SystemEvent;
use yujian_eventlog::{Damage, Direction, Head, Item, LogError, LogPosition, Record, StreamName};

use crate::floor::Inner;
use crate::request::scope_of;

/// Records of a stream read at once.
const PAGE: usize = 500;

/// An accepted request, as its events tell.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub fingerprint: KeyedDigest,
    pub last_revision: u64,
    pub position: LogPosition,
    pub event_types: Vec<String>,
}

/// A stream folded up to its head.
#[derive(Debug, Clone)]
pub(crate) struct Loaded<A> {
    /// Shared: what was answered keeps its state while the fold goes on.
    pub state: Arc<A>,
    pub head: Option<Head>,
    pub requests: BTreeMap<(String, Uuid), Accepted>,
    /// The creation was given up and taken over.
    pub abandoned: bool,
    /// Type of an event that this version does not know.
    pub newer: Option<String>,
    /// First record that can't be served.
    pub damaged: Option<Damage>,
}

impl<A: Default> Default for Loaded<A> {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            head: None,
            requests: BTreeMap::new(),
            abandoned: false,
            newer: None,
            damaged: None,
        }
    }
}

impl<A: Aggregate> Loaded<A> {
    /// Folds one item. Total: what can't be understood is remembered and stops later decisions.
    pub(crate) fn fold(&mut self, item: &Item) {
        match item {
            Item::Record(record) => self.fold_record(record),
            Item::Damaged(damage) => {
                self.damaged.get_or_insert_with(|| damage.clone());
            }
        }
    }

    fn fold_record(&mut self, record: &Record) {
        self.head = Some(Head {
            revision: record.revision,
            hash: record.hash,
        });
        let Ok(metadata) = parse_metadata(&record.metadata) else {
            self.newer.get_or_insert_with(|| record.event_type.clone());
            return;
        };
        match A::Event::decode(&record.event_type, &record.payload) {
            Ok(Some(event)) => {
                let recorded = Recorded {
                    event_id: record.id,
                    revision: record.revision,
                    metadata: &metadata,
                };
                Arc::make_mut(&mut self.state).evolve(&event, &recorded);
            }
            Ok(None) => match SystemEvent::decode(&record.event_type, &record.payload) {
                Ok(Some(SystemEvent::CreationAbandoned(_))) => self.abandoned = true,
                _ => {
                    self.newer.get_or_insert_with(|| record.event_type.clone());
                }
            },
            Err(_) => {
                self.newer.get_or_insert_with(|| record.event_type.clone());
            }
        }
        if let Some(request) = metadata.request {
            let accepted = self
                .requests
                .entry((scope_of(&metadata.actor), request.id))
                .or_insert_with(|| Accepted {
                    fingerprint: request.fingerprint,
                    last_revision: record.revision,
                    position: record.position,
                    event_types: Vec::new(),
                });
            accepted.last_revision = record.revision;
            accepted.position = record.position;
            accepted.event_types.push(record.event_type.clone());
        }
    }

    fn ends_at(&self, revision: u64) -> bool {
        self.head.is_some_and(|head| head.revision == revision)
    }

    /// Whether decisions may rest on this fold.
    pub(crate) fn sound(&self) -> Result<(), Rejection> {
        if let Some(damage) = &self.damaged {
            return Err(Rejection::new(
                Reason::RecordDamaged,
                format!(
                    "record {} of the stream is damaged: {}",
                    damage.position, damage.problem
                ),
                "该档案有损坏的记录，修复前不接受写入",
            )
            .with("position", damage.position.to_string()));
        }
        if let Some(event_type) = &self.newer {
            return Err(Rejection::new(
                Reason::NewerEvent,
                format!("the stream holds {event_type}, which this version can't read"),
                "该档案含有本版本不能识别的事件，请升级后再写入",
            )
            .with("event_type", event_type.clone()));
        }
        Ok(())
    }
}

impl Inner {
    /// Folds a stream up to its head, from the cache where that is still right.
    pub(crate) async fn load_stream<A: Aggregate>(&self, stream: &StreamName) -> Result<Arc<Loaded<A>>, LogError> {
        let head = match self.log.stream_head(stream).await {
            // A damaged head still has a history to show and a refusal to give.
            Err(LogError::Damaged(damage)) => {
                let mut loaded = Loaded::<A>::default();
                self.read_on(stream, &mut loaded).await?;
                loaded.damaged.get_or_insert(*damage);
                return Ok(Arc::new(loaded));
            }
            head => head?,
        };
        let cached = self.cached::<A>(stream);
        if let Some(cached) = &cached
            && cached.head == head
        {
            return Ok(cached.clone());
        }
        // A cached fold may be behind (another writer of this process) and is read on; it is never ahead.
        let mut loaded = cached.map_or_else(Loaded::default, |cached| (*cached).clone());
        if head.is_some() {
            self.read_on(stream, &mut loaded).await?;
        }
        let loaded = Arc::new(loaded);
        self.remember(stream, &loaded);
        Ok(loaded)
    }

    async fn read_on<A: Aggregate>(&self, stream: &StreamName, loaded: &mut Loaded<A>) -> Result<(), LogError> {
        let mut from = loaded.head.map_or(0, |head| head.revision + 1);
        loop {
            let items = match self
                .log
                .read_stream(stream, Direction::Forwards, Some(from), PAGE)
                .await
            {
                Err(LogError::StreamNotFound) => return Ok(()),
                items => items?,
            };
            for item in &items {
                loaded.fold(item);
            }
            from += items.len() as u64;
            if items.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// The state right after a revision: for the answer to a repeated request, and for reactors, which meet the events of
    /// a stream in order and go on from where they looked last.
    pub(crate) async fn state_at<A: Aggregate>(&self, stream: &StreamName, revision: u64) -> Result<Arc<A>, LogError> {
        let newest = self.cached::<A>(stream).filter(|cached| cached.ends_at(revision));
        if let Some(newest) = newest {
            return Ok(newest.state.clone());
        }
        let mut loaded = self
            .take_past::<A>(stream)
            .filter(|past| past.head.is_some_and(|head| head.revision <= revision))
            .map_or_else(Loaded::default, Arc::unwrap_or_clone);
        let mut from = loaded.head.map_or(0, |head| head.revision + 1);
        while from <= revision {
            let wanted = usize::try_from(revision - from + 1).map_or(PAGE, |wanted| wanted.min(PAGE));
            let items = self
                .log
                .read_stream(stream, Direction::Forwards, Some(from), wanted)
                .await?;
            if items.is_empty() {
                break;
            }
            for item in &items {
                loaded.fold(item);
            }
            from += items.len() as u64;
        }
        let state = loaded.state.clone();
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.put(stream.clone(), Arc::new(loaded));
        Ok(state)
    }

    fn take_past<A: Aggregate>(&self, stream: &StreamName) -> Option<Arc<Loaded<A>>> {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.pop(stream).and_then(|any| any.downcast().ok())
    }

    fn cached<A: Aggregate>(&self, stream: &StreamName) -> Option<Arc<Loaded<A>>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache
            .get(stream)
            .cloned()
            .and_then(|any| any.downcast::<Loaded<A>>().ok())
    }

    /// Lets go of a stream's fold, so that its only holder may go on with it.
    pub(crate) fn forget(&self, stream: &StreamName) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.pop(stream);
    }

    pub(crate) fn remember<A: Aggregate>(&self, stream: &StreamName, loaded: &Arc<Loaded<A>>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.put(stream.clone(), loaded.clone());
    }
}
