//! Reads: where they start, what they leave out, page by page.

use std::sync::Arc;

use prost::bytes::Bytes;
use tonic::Status;

use crate::log::{Log, count};
use crate::messages::{Expression, FilterBy, FilterOption, FromPosition, FromRevision};
use crate::store::{Record, Store};

/// Records that are fetched under one lock.
const PAGE: usize = 256;
/// Records that are looked at under one lock when a filter leaves most of them out.
const SEARCH: usize = 16 * 1024;
/// How the client spells "not a system stream"; a filter by regular expression knows no other.
const NOT_SYSTEM: [&str; 3] = [r"^[^\$].*", "^[^$].*", r"^[^\$]"];

/// Which way a read goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Forwards,
    Backwards,
}

/// What a read of all shows.
pub enum Filter {
    Everything,
    NotSystem(Field),
    Prefixes(Field, Vec<String>),
}

/// What a filter looks at.
#[derive(Clone, Copy)]
pub enum Field {
    StreamName,
    EventType,
}

impl Field {
    fn of(self, record: &Record) -> &Bytes {
        match self {
            Self::StreamName => &record.stream,
            Self::EventType => &record.event.event_type,
        }
    }
}

impl Filter {
    /// A regular expression goes before prefixes, as the server has it.
    pub fn parse(option: Option<&FilterOption>) -> Result<Self, Status> {
        let by = match option {
            Some(FilterOption::Filter(options)) => options.by.as_ref(),
            Some(FilterOption::NoFilter(_)) | None => return Ok(Self::Everything),
        };
        let (field, Expression { regex, prefixes }) = match by {
            Some(FilterBy::StreamName(expression)) => (Field::StreamName, expression),
            Some(FilterBy::EventType(expression)) => (Field::EventType, expression),
            None => return Err(Status::invalid_argument("a filter by nothing")),
        };
        if NOT_SYSTEM.contains(&regex.as_str()) {
            Ok(Self::NotSystem(field))
        } else if !regex.is_empty() {
            Err(Status::unimplemented(format!(
                "the double does not know the expression {regex}"
            )))
        } else if prefixes.is_empty() {
            Ok(Self::Everything)
        } else {
            Ok(Self::Prefixes(field, prefixes.clone()))
        }
    }

    fn shows(&self, record: &Record) -> bool {
        match self {
            Self::Everything => true,
            Self::NotSystem(field) => field.of(record).first().is_some_and(|first| *first != b'$'),
            Self::Prefixes(field, prefixes) => {
                let text = field.of(record);
                prefixes.iter().any(|prefix| text.starts_with(prefix.as_bytes()))
            }
        }
    }
}

/// Where a read stands. It follows the tail that it finds, page by page.
pub struct Cursor {
    store: Store,
    direction: Direction,
    source: Source,
    left: u64,
}

enum Source {
    All { filter: Filter, place: usize },
    Stream { name: Bytes, place: usize },
}

impl Cursor {
    /// A read of all. Forwards it begins with the record at the position; backwards with the one before it.
    pub fn all(
        store: &Store,
        from: FromPosition,
        direction: Direction,
        count: u64,
        filter: Filter,
    ) -> Result<Self, Status> {
        let log = store.log();
        let place = match from {
            FromPosition::Start(_) => 0,
            FromPosition::End(_) => log.records.len(),
            FromPosition::Position(position) if position.commit == 0 && position.prepare == 0 => 0,
            FromPosition::Position(position) => {
                let beyond = log.records.last().is_none_or(|last| position.commit > last.position);
                match log.place(position.commit) {
                    Some(place) if position.prepare == position.commit => place,
                    None if beyond => log.records.len(),
                    _ => return Err(Status::invalid_argument("Trying to read from an invalid position.")),
                }
            }
        };
        drop(log);
        Ok(Self {
            store: store.clone(),
            direction,
            source: Source::All { filter, place },
            left: count,
        })
    }

    /// A read of one stream, beginning with the event of the revision. `None` if the stream is not there.
    pub fn stream(
        store: &Store,
        name: &Bytes,
        from: FromRevision,
        direction: Direction,
        count: u64,
    ) -> Result<Option<Self>, Status> {
        let log = store.log();
        let Some(state) = log.streams.get(name) else {
            return Ok(None);
        };
        if state.is_tombstoned() {
            return Err(crate::status::stream_deleted(name));
        }
        if state.is_soft_deleted() || state.places.is_empty() {
            return Ok(None);
        }
        let bound = usize::try_from(state.bound()).unwrap_or(usize::MAX);
        let place = match (from, direction) {
            (FromRevision::Start(_), Direction::Forwards) => bound,
            (FromRevision::Start(_), Direction::Backwards) => 1,
            (FromRevision::End(_), _) => state.places.len(),
            (FromRevision::Revision(revision), direction) => {
                let revision = usize::try_from(revision).unwrap_or(usize::MAX);
                match direction {
                    Direction::Forwards => revision.max(bound),
                    Direction::Backwards => revision.saturating_add(1).min(state.places.len()),
                }
            }
        };
        drop(log);
        Ok(Some(Self {
            store: store.clone(),
            direction,
            source: Source::Stream {
                name: name.clone(),
                place,
            },
            left: count,
        }))
    }

    /// The next records; none at the end.
    pub fn page(&mut self) -> Vec<Arc<Record>> {
        loop {
            let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(PAGE);
            if wanted == 0 {
                return Vec::new();
            }
            let log = self.store.log();
            let (found, more) = match &mut self.source {
                Source::All { filter, place } => all(&log, self.direction, place, filter, wanted),
                Source::Stream { name, place } => (stream(&log, self.direction, name, place, wanted), false),
            };
            if !found.is_empty() || !more {
                self.left -= count(found.len());
                return found;
            }
        }
    }
}

/// Shows some records of the log and moves the place on; also whether there is more to look at.
fn all(log: &Log, direction: Direction, place: &mut usize, filter: &Filter, wanted: usize) -> (Vec<Arc<Record>>, bool) {
    let mut found = Vec::new();
    for _ in 0..SEARCH {
        let Some(record) = step(log.records.len(), direction, place).map(|place| &log.records[place]) else {
            return (found, false);
        };
        if filter.shows(record) {
            found.push(Arc::clone(record));
            if found.len() == wanted {
                break;
            }
        }
    }
    (found, true)
}

fn stream(log: &Log, direction: Direction, name: &Bytes, place: &mut usize, wanted: usize) -> Vec<Arc<Record>> {
    let Some(state) = log.streams.get(name) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while found.len() < wanted {
        match step(state.places.len(), direction, place) {
            Some(revision) if count(revision) >= state.bound() => {
                found.push(Arc::clone(&log.records[state.places[revision]]));
            }
            _ => break,
        }
    }
    found
}

/// The next place in a list that may have grown or been cut since.
fn step(length: usize, direction: Direction, place: &mut usize) -> Option<usize> {
    match direction {
        Direction::Forwards if *place < length => {
            *place += 1;
            Some(*place - 1)
        }
        Direction::Backwards if *place > 0 => {
            *place = (*place).min(length).checked_sub(1)?;
            Some(*place)
        }
        Direction::Forwards | Direction::Backwards => None,
    }
}
