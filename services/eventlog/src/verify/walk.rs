//! One pass over a log of any engine in order of position. Memory grows with the number of streams, not of records.

use std::collections::HashMap;

use jiff::SignedDuration;

use super::chain::Chain;
use super::contents::ALTERED;
use super::notes::Notes;
use super::report::{HeadsState, Place, ProblemKind, Report};
use super::swaps::{Break, Order};
use super::{Expectation, Progress};
use crate::header::Header;
use crate::migrate::patiently;
use crate::record::{self, Parsed};
use crate::rules::WRITERS_APART;
use crate::{Damage, Direction, EventLog, Item, LogError, LogPosition, Record, StreamName};

/// Items asked for at once.
const PAGE: usize = 2_000;
/// Reads spent on finding where a record out of order stands first.
const SEARCHES: u32 = 1_000;
/// What a gapless engine says of a position without a record.
const MISSING: &str = "record is missing";

pub(super) struct Walk<'a> {
    log: &'a dyn EventLog,
    report: Report,
    end: LogPosition,
    /// Position of the newest item read.
    at: LogPosition,
    streams: HashMap<StreamName, Chain>,
    order: Order,
    /// Several nodes wrote the log: how far its times may step back.
    apart: Option<SignedDuration>,
    notes: Notes,
    /// Positions without a record, not reported yet: more may follow.
    gap: Option<(u64, u64)>,
    searches: u32,
}

impl<'a> Walk<'a> {
    pub(super) fn new(log: &'a dyn EventLog, header: &Header, expected: &[Expectation]) -> Self {
        let end = *log.head().borrow();
        let mut report = Report::new(header.epoch, end.number, HeadsState::NotKept, expected.len());
        let notes = Notes::new(expected.iter().cloned(), end.number, &mut report);
        Self {
            log,
            report,
            end,
            at: log.origin(),
            streams: HashMap::new(),
            order: Order::default(),
            apart: header.several_writers.then_some(WRITERS_APART),
            notes,
            gap: None,
            searches: SEARCHES,
        }
    }

    /// Reads all items up to the end.
    pub(super) async fn run(&mut self, progress: Option<Progress<'_>>) -> Result<(), LogError> {
        let (mut after, end) = (self.at, self.end);
        while after < end {
            let page = patiently(|| self.log.read_all(after, PAGE)).await?;
            if page.next <= after && !page.caught_up {
                return Err(LogError::Unavailable(format!("reading does not get beyond {after}")));
            }
            for item in page.items.iter().filter(|item| item.position() <= end) {
                self.check(item).await?;
            }
            after = page.next;
            if let Some(progress) = progress {
                progress(after.min(end).number, end.number);
            }
            if page.caught_up {
                break;
            }
        }
        if self.log.gapless() {
            self.missing(self.at.number + 1, end.number);
        } else if after < end {
            let kind = ProblemKind::TailCut {
                end: self.at.number,
                seen: end.number,
                source: "the engine itself / 引擎自身".to_owned(),
            };
            self.report.add(Place::at(self.at.number + 1), kind);
        }
        self.close_gap();
        Ok(())
    }

    /// Checks one item.
    async fn check(&mut self, item: &Item) -> Result<(), LogError> {
        let position = item.position();
        if position <= self.at {
            let after = self.at.number;
            self.report.add(place_of(item), ProblemKind::Position { after });
        } else {
            if self.log.gapless() {
                self.missing(self.at.number + 1, position.number - 1);
            }
            self.at = position;
        }
        let sound = match item {
            Item::Damaged(damage) if damage.problem == MISSING => {
                self.missing(position.number, position.number);
                return Ok(());
            }
            Item::Damaged(damage) => Err(damage.problem.as_str()),
            Item::Record(record) => examine(record),
        };
        self.report.records += 1;
        if let Item::Record(record) = item {
            let bytes = record.metadata.len() + record.payload.len();
            self.report.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
        match sound {
            Ok(_) => {}
            Err(ALTERED) => self.report.add(place_of(item), ProblemKind::Altered),
            Err(problem) => {
                let detail = problem.to_owned();
                self.report.add(place_of(item), ProblemKind::Unreadable { detail });
            }
        }
        let sound = sound.ok();
        if !self.chain(item, sound).await?
            && let Some(parsed) = sound
        {
            self.order
                .take_within(position.number, parsed.recorded_time, self.apart);
            self.report.note_time(parsed.recorded_time);
        }
        let hash = sound.map(|parsed| parsed.hash);
        self.report.end_hash = hash.map(crate::Hash::to_hex);
        self.notes.pass(position.number, hash, &mut self.report);
        Ok(())
    }

    /// Checks an item's place in its stream. Answers whether it is a copy of another record.
    async fn chain(&mut self, item: &Item, sound: Option<Parsed>) -> Result<bool, LogError> {
        let (stream, revision) = match item {
            Item::Record(record) => (Some(&record.stream), Some(record.revision)),
            Item::Damaged(damage) => (damage.stream.as_ref(), damage.revision),
        };
        let Some(stream) = stream else { return Ok(false) };
        let next = self.streams.entry(stream.clone()).or_default().next;
        if let Item::Record(record) = item
            && sound.is_some()
            && record.revision < next
            && self.searches > 0
        {
            self.searches -= 1;
            if let Some(of) = self.first_place(record).await? {
                self.report.add(place_of(item), ProblemKind::Duplicate { of });
                return Ok(true);
            }
        }
        // An unsound record may have been moved here from elsewhere: it counts if it says that it belongs here.
        if sound.is_none() && revision.is_some_and(|revision| revision != next) {
            return Ok(false);
        }
        let chain = self.streams.entry(stream.clone()).or_default();
        let sound = sound.map(|parsed| (parsed.hash, parsed.prev));
        if let Some(kind) = chain.take(item.position().number, revision, sound) {
            self.report.add(place_of(item), kind);
        }
        Ok(false)
    }

    /// Where a record equal to this one stands before it.
    async fn first_place(&self, record: &Record) -> Result<Option<u64>, LogError> {
        let read = || {
            self.log
                .read_stream(&record.stream, Direction::Forwards, Some(record.revision), 1)
        };
        let items = match patiently(read).await {
            Ok(items) => items,
            Err(LogError::StreamNotFound | LogError::Damaged(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let same = |first: &Record| {
            (first.id, &first.metadata, &first.payload) == (record.id, &record.metadata, &record.payload)
        };
        Ok(match items.first() {
            Some(Item::Record(first)) if first.position < record.position && same(first) => Some(first.position.number),
            _ => None,
        })
    }

    /// Notes positions without a record.
    fn missing(&mut self, from: u64, to: u64) {
        if from > to {
            return;
        }
        let first = match self.gap {
            Some((first, last)) if last + 1 == from => first,
            _ => {
                self.close_gap();
                from
            }
        };
        self.gap = Some((first, to));
        self.notes.skip(to);
    }

    fn close_gap(&mut self) {
        if let Some((from, to)) = self.gap.take() {
            self.report.add(Place::at(from), ProblemKind::Missing { from, to });
        }
    }

    /// What shows only after the last record.
    pub(super) async fn finish(mut self) -> Result<Report, LogError> {
        for found in std::mem::take(&mut self.order).breaks() {
            match found {
                Break::Swap(first, second) => {
                    for (it, with) in [(first, second), (second, first)] {
                        let place = self.place_at(it).await?;
                        self.report.add(place, ProblemKind::PositionsSwapped { with });
                    }
                }
                Break::Descent { at, after } => {
                    let place = self.place_at(at).await?;
                    self.report.add(place, ProblemKind::Time { after });
                }
            }
        }
        self.report.streams = u64::try_from(self.streams.len()).unwrap_or(u64::MAX);
        Ok(self.report)
    }

    /// What stands at a position, read anew.
    async fn place_at(&self, number: u64) -> Result<Place, LogError> {
        let position = LogPosition {
            epoch: self.end.epoch,
            number,
        };
        let item = patiently(|| self.log.item_at(position)).await?;
        Ok(item.as_ref().map_or_else(|| Place::at(number), place_of))
    }
}

/// Checks a record against its hash, whether or not the engine has, and its fields against its bytes.
fn examine(record: &Record) -> Result<Parsed, &'static str> {
    let parsed = record::check(
        record.stream.as_str(),
        record.revision,
        record.id,
        &record.event_type,
        &record.metadata,
        &record.payload,
    )?;
    if (parsed.hash, parsed.prev, parsed.recorded_time) == (record.hash, record.prev, record.recorded_time) {
        Ok(parsed)
    } else {
        Err("its fields differ from its metadata")
    }
}

fn place_of(item: &Item) -> Place {
    match item {
        Item::Record(record) => Place {
            position: Some(record.position.number),
            stream: Some(record.stream.to_string()),
            revision: Some(record.revision),
            event_id: Some(record.id),
        },
        Item::Damaged(Damage {
            position,
            stream,
            revision,
            ..
        }) => Place {
            position: Some(position.number),
            stream: stream.as_ref().map(ToString::to_string),
            revision: *revision,
            event_id: None,
        },
    }
}
