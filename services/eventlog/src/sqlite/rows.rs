//! Reading records: by position, by page, and back along a stream. Everything that is read is checked here.

use std::ops::RangeInclusive;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::schema::{RECORD_COLUMNS, is_corrupt, to_sql};
use super::streams::Streams;
use crate::rules::WRITERS_APART;
use crate::{Damage, Hash, Item, LogError, LogPage, LogPosition, Record, StreamName, record};

/// Bytes of records in one page, above which the page ends early.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Items in one page at most, whatever was asked for.
const PAGE_ITEMS: usize = 10_000;
/// Records walked at once behind the end of a bisection.
const WALKED: usize = 1_000;

/// Where records are read from.
pub struct Source<'a> {
    /// Connection to `log.db`.
    pub conn: &'a Connection,
    /// Names.
    pub streams: &'a RwLock<Streams>,
    /// Epoch of the log.
    pub epoch: u32,
}

/// The columns that say where a record belongs; `None`: not a number that can stand there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Links {
    /// Stream number.
    pub number: Option<u32>,
    /// Revision.
    pub revision: Option<u64>,
    /// Position of the stream's previous record; 0: none.
    pub prev_position: Option<u64>,
}

fn unavailable(error: &rusqlite::Error) -> LogError {
    LogError::Unavailable(format!("reading log.db: {error}"))
}

impl Source<'_> {
    fn position(&self, number: u64) -> LogPosition {
        LogPosition {
            epoch: self.epoch,
            number,
        }
    }

    fn name(&self, number: u32) -> Option<StreamName> {
        self.streams
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .name(number)
            .cloned()
    }

    fn damaged(&self, position: u64, links: Links, problem: impl Into<String>) -> Item {
        Item::Damaged(Damage {
            position: self.position(position),
            stream: links.number.and_then(|number| self.name(number)),
            revision: links.revision,
            problem: problem.into(),
        })
    }

    /// The record at a position. A page that SQLite can't read makes it a damaged one; its links are unknown then.
    pub fn at(&self, position: u64) -> Result<(Links, Item), LogError> {
        let (links, item) = self.at_if(position, |_| true)?;
        Ok((
            links,
            item.unwrap_or_else(|| self.damaged(position, links, "record was not read")),
        ))
    }

    /// The record at a position, checked and decoded only if `wanted` says so of its links.
    fn at_if(&self, position: u64, wanted: impl Fn(Links) -> bool) -> Result<(Links, Option<Item>), LogError> {
        let sql = format!("SELECT {RECORD_COLUMNS} FROM record WHERE position=?1");
        let found = self.conn.prepare_cached(&sql).and_then(|mut statement| {
            statement
                .query_row([to_sql(position)], |row| {
                    let links = links(row);
                    Ok((links, wanted(links).then(|| self.decode(row, position, links))))
                })
                .optional()
        });
        match found {
            Ok(Some(found)) => Ok(found),
            Ok(None) => {
                let links = Links::default();
                Ok((links, Some(self.damaged(position, links, "record is missing"))))
            }
            Err(error) if is_corrupt(&error) => {
                let links = Links::default();
                Ok((
                    links,
                    Some(self.damaged(position, links, "its page in log.db is corrupt")),
                ))
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn decode(&self, row: &Row<'_>, position: u64, links: Links) -> Item {
        match self.try_decode(row, position, links) {
            Ok(record) => Item::Record(record),
            Err(problem) => self.damaged(position, links, problem),
        }
    }

    fn try_decode(&self, row: &Row<'_>, position: u64, links: Links) -> Result<Record, &'static str> {
        let stream = links
            .number
            .and_then(|number| self.name(number))
            .ok_or("stream has no name")?;
        let revision = links.revision.ok_or("revision is not a number")?;
        let id = match row.get_ref(4) {
            Ok(ValueRef::Blob(bytes)) => Uuid::from_slice(bytes).map_err(|_| "event id has not 16 bytes")?,
            _ => return Err("event id has not 16 bytes"),
        };
        let text = |column, problem| match row.get_ref(column) {
            Ok(ValueRef::Text(bytes)) => Ok(bytes),
            _ => Err(problem),
        };
        let event_type = std::str::from_utf8(text(5, "type is not text")?).map_err(|_| "type is not UTF-8")?;
        let metadata = text(6, "metadata is not text")?;
        let payload = text(7, "payload is not text")?;
        let parsed = record::check(stream.as_str(), revision, id, event_type, metadata, payload)?;
        Ok(Record {
            position: self.position(position),
            stream,
            revision,
            id,
            event_type: event_type.to_owned(),
            metadata: metadata.into(),
            payload: payload.into(),
            hash: parsed.hash,
            prev: parsed.prev,
            recorded_time: parsed.recorded_time,
        })
    }

    /// A page of the log after a position, up to `head`.
    pub fn page(&self, after: u64, head: u64, limit: usize) -> Result<LogPage, LogError> {
        let limit = limit.min(PAGE_ITEMS);
        let items = match self.scan(after, head, limit) {
            Err(error) if is_corrupt(&error) => self.one_by_one(after, head, limit)?,
            scanned => scanned.map_err(|error| unavailable(&error))?,
        };
        let next = items.last().map_or(self.position(after), Item::position);
        Ok(LogPage {
            items,
            next,
            caught_up: next.number >= head,
        })
    }

    fn scan(&self, after: u64, head: u64, limit: usize) -> rusqlite::Result<Vec<Item>> {
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record WHERE position>?1 AND position<=?2 ORDER BY position LIMIT ?3"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query((to_sql(after), to_sql(head), i64::try_from(limit).unwrap_or(i64::MAX)))?;
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut due = after + 1;
        while let Some(row) = rows.next()? {
            let position = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
            while due < position && items.len() < limit {
                items.push(self.damaged(due, Links::default(), "record is missing"));
                due += 1;
            }
            if items.len() >= limit {
                return Ok(items);
            }
            let item = self.decode(row, position, links(row));
            if let Item::Record(record) = &item {
                bytes += record.metadata.len() + record.payload.len();
            }
            items.push(item);
            due = position + 1;
            if bytes > PAGE_BYTES {
                return Ok(items);
            }
        }
        while due <= head && items.len() < limit {
            items.push(self.damaged(due, Links::default(), "record is missing"));
            due += 1;
        }
        Ok(items)
    }

    /// The slow way around pages that SQLite can't read.
    fn one_by_one(&self, after: u64, head: u64, limit: usize) -> Result<Vec<Item>, LogError> {
        let mut items = Vec::new();
        let mut bytes = 0;
        for position in (after + 1..=head).take(limit) {
            let (_, item) = self.at(position)?;
            if let Item::Record(record) = &item {
                bytes += record.metadata.len() + record.payload.len();
            }
            items.push(item);
            if bytes > PAGE_BYTES {
                break;
            }
        }
        Ok(items)
    }

    /// Records of a stream with revisions within `wanted`, newest first, at most `limit`. Starts at the stream's last
    /// position and follows `prev_position`; where that leads nowhere, the log is searched, so that damage hides nothing
    /// but itself.
    pub fn back(
        &self,
        number: u32,
        last: u64,
        wanted: &RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        let mut items = Vec::new();
        let mut at = last;
        // Revision that must stand at `at`, and the hash that it must have, as the next newer record says.
        let mut due: Option<u64> = None;
        let mut due_hash: Option<Hash> = None;
        let mut newer: Option<u64> = None;
        while items.len() < limit {
            let in_range =
                |due: Option<u64>| move |links: Links| due.or(links.revision).is_none_or(|it| wanted.contains(&it));
            let (mut links, mut item) = self.at_if(at, in_range(due))?;
            if let Some(newer) = newer.filter(|_| (links.number, links.revision) != (Some(number), due)) {
                // The link leads elsewhere: look for the record itself.
                let found = self.search(number, newer)?;
                let linked = at;
                if let Some(found) = found.filter(|found| *found != linked) {
                    (links, item) = self.at_if(found, in_range(due))?;
                    at = found;
                }
                if found.is_none() || (found != Some(linked) && links.revision != due) {
                    if let Some(missing) = due.filter(|missing| wanted.contains(missing)) {
                        let place = Links {
                            number: Some(number),
                            revision: Some(missing),
                            prev_position: None,
                        };
                        let near = if linked == 0 { newer } else { linked };
                        items.push(self.damaged(near, place, "the stream's record is not where it should be"));
                    }
                    if found.is_none() {
                        break;
                    }
                    (links, item) = self.at_if(at, in_range(None))?;
                    (due, due_hash) = (links.revision.filter(|it| due.is_none_or(|due| *it < due)), None);
                }
            }
            let revision = due.or(links.revision);
            due_hash = match item {
                Some(Item::Record(record)) if due_hash.is_some_and(|hash| hash != record.hash) => {
                    items.push(self.damaged(at, links, "hash is not what the stream's next record holds as prev"));
                    None
                }
                Some(Item::Record(record)) => {
                    let prev = record.prev;
                    items.push(Item::Record(record));
                    Some(prev)
                }
                Some(Item::Damaged(mut damage)) => {
                    damage.stream = self.name(number);
                    damage.revision = revision;
                    items.push(Item::Damaged(damage));
                    None
                }
                None => None,
            };
            if revision.is_some_and(|revision| revision <= *wanted.start()) {
                break;
            }
            newer = Some(at);
            due = revision.map(|revision| revision - 1);
            // A link that leads forward can't be followed; position 0 holds nothing, so that the search begins.
            at = links.prev_position.filter(|linked| *linked < at).unwrap_or(0);
        }
        items.truncate(limit);
        Ok(items)
    }

    /// Position of the stream's newest record before `newer`, found without its links.
    fn search(&self, number: u32, newer: u64) -> Result<Option<u64>, LogError> {
        let sql = "SELECT position FROM record WHERE stream=?1 AND position<?2 ORDER BY position DESC LIMIT 1";
        match self
            .conn
            .query_row(sql, (number, to_sql(newer)), |row| row.get::<_, i64>(0))
            .optional()
        {
            Ok(found) => Ok(found.and_then(|position| u64::try_from(position).ok())),
            Err(error) if is_corrupt(&error) => Ok(None),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Last position up to `head` at which nothing later than `instant` had been recorded. Damaged records have no time
    /// and count with their predecessor.
    ///
    /// Times may step back by up to [`WRITERS_APART`] where several nodes wrote the log: the search ends that much before
    /// the instant, and the rest is walked.
    pub fn position_at(&self, instant: Timestamp, head: u64) -> Result<LogPosition, LogError> {
        let surely = instant.checked_sub(WRITERS_APART).unwrap_or(Timestamp::MIN);
        let mut known = self.bisect(surely, head)?;
        while known < head {
            let page = self.page(known, head, WALKED)?;
            for item in &page.items {
                if matches!(item, Item::Record(record) if record.recorded_time > instant) {
                    return Ok(self.position(known));
                }
                known = item.position().number;
            }
            if page.items.is_empty() {
                break;
            }
        }
        Ok(self.position(known))
    }

    /// A position up to which every sound record is surely at or before [`WRITERS_APART`] after the instant.
    fn bisect(&self, instant: Timestamp, head: u64) -> Result<u64, LogError> {
        // Invariant: the record at `known` is at or before the instant, that at `later` is after it.
        let (mut known, mut open, mut later) = (0, head + 1, head + 1);
        while open - known > 1 {
            let middle = known + (open - known) / 2;
            let mut probe = middle;
            let time = loop {
                if probe >= open {
                    break None;
                }
                if let (_, Item::Record(record)) = self.at(probe)? {
                    break Some(record.recorded_time);
                }
                probe += 1;
            };
            match time {
                Some(time) if time <= instant => known = probe,
                Some(_) => (open, later) = (middle, probe),
                None => open = middle,
            }
        }
        Ok(later - 1)
    }
}

fn links(row: &Row<'_>) -> Links {
    let number = |column| match row.get_ref(column) {
        Ok(ValueRef::Integer(number)) => u64::try_from(number).ok(),
        _ => None,
    };
    Links {
        number: number(1).and_then(|number| u32::try_from(number).ok()),
        revision: number(2),
        prev_position: number(3),
    }
}
