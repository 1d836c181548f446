//! One pass over the log in order of position. Memory grows with the number of streams, not of records.

use std::collections::HashMap;

use jiff::SignedDuration;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::chain::Chain;
use super::contents::{ALTERED, Contents, first_place};
use super::heads::{Heads, Snapshot};
use super::notes::Notes;
use super::report::{HeadsState, Place, ProblemKind, Report};
use super::swaps::{Break, Order};
use super::{Expectation, Progress};
use crate::header::Header;
use crate::rules::WRITERS_APART;
use crate::sqlite::schema::{RECORD_COLUMNS, is_corrupt, to_sql};
use crate::{Hash, StreamName};

/// Positions read in one go: a longer read would keep the served log's WAL from being emptied.
const PAGE: u64 = 2_000;
/// Altered records that are tried against each other for swapped contents.
const TRIED: usize = 64;
/// Full scans spent on finding where a record out of order stands first.
const SEARCHES: u32 = 20;

/// What is known of a stream so far.
#[derive(Default)]
struct Stream {
    name: Option<StreamName>,
    chain: Chain,
}

/// A row with what could be read of it.
struct Links {
    position: u64,
    stream: Option<i64>,
    revision: Option<u64>,
    prev_position: Option<u64>,
    id: Option<Uuid>,
}

pub(super) struct Scan<'a> {
    report: Report,
    end: u64,
    streams: HashMap<i64, Stream>,
    order: Order,
    /// Several nodes wrote the log: how far its times may step back.
    apart: Option<SignedDuration>,
    notes: Notes,
    heads: Option<&'a Snapshot>,
    /// Records that do not fit their hash.
    altered: Vec<Place>,
    searches: u32,
}

impl<'a> Scan<'a> {
    pub(super) fn new(header: &Header, end: u64, heads: &'a Heads, expected: &[Expectation]) -> Self {
        let (state, heads) = match heads {
            Heads::Absent => (HeadsState::Absent, None),
            Heads::Unreadable => (HeadsState::Unreadable, None),
            Heads::Read(snapshot) if snapshot.log == format!("{} {}", header.created, header.epoch) => (
                HeadsState::Compared {
                    position: snapshot.position,
                },
                Some(snapshot),
            ),
            Heads::Read(_) => (HeadsState::OtherLog, None),
        };
        let mut report = Report::new(header.epoch, end, state, expected.len());
        let noted = heads.map(|it| Expectation {
            source: "heads.db".to_owned(),
            position: it.position,
            hash: it.hash,
        });
        let notes = Notes::new(expected.iter().cloned().chain(noted), end, &mut report);
        Self {
            report,
            end,
            streams: HashMap::new(),
            order: Order::default(),
            apart: header.several_writers.then_some(WRITERS_APART),
            notes,
            heads,
            altered: Vec::new(),
            searches: SEARCHES,
        }
    }

    /// Reads the names of all streams.
    pub(super) fn read_names(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let mut seen = HashMap::new();
        let mut statement = conn.prepare("SELECT number, name FROM stream ORDER BY number")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            let text = row.get_ref(1)?.as_str().ok().map(str::to_owned);
            let place = Place {
                stream: text.clone(),
                ..Place::default()
            };
            let name = text.as_deref().and_then(|text| StreamName::parse(text).ok());
            match &name {
                None => self.report.add(place, ProblemKind::NameInvalid),
                Some(name) if seen.insert(name.clone(), number).is_some() => {
                    self.report.add(place, ProblemKind::NameTwice);
                }
                Some(_) => {}
            }
            self.streams.insert(
                number,
                Stream {
                    name,
                    ..Stream::default()
                },
            );
        }
        self.report.streams = u64::try_from(self.streams.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Reads all records.
    pub(super) fn run(&mut self, conn: &Connection, progress: Option<Progress<'_>>) -> rusqlite::Result<()> {
        let mut at = 0;
        while at < self.end {
            let to = self.end.min(at + PAGE);
            match self.page(conn, at, to) {
                Ok(()) => {}
                // From here on one by one, up to the end of the page; what was checked of it stays checked.
                Err((error, reached)) if is_corrupt(&error) => self.one_by_one(conn, reached, to)?,
                Err((error, _)) => return Err(error),
            }
            at = to;
            if let Some(progress) = progress {
                progress(at, self.end);
            }
        }
        Ok(())
    }

    /// Checks the records after `from` up to `to`. An error comes with the position that was reached.
    fn page(&mut self, conn: &Connection, from: u64, to: u64) -> Result<(), (rusqlite::Error, u64)> {
        let mut reached = from;
        let mut read = || {
            let sql =
                format!("SELECT {RECORD_COLUMNS} FROM record WHERE position>?1 AND position<=?2 ORDER BY position");
            let mut statement = conn.prepare_cached(&sql)?;
            let mut rows = statement.query((to_sql(from), to_sql(to)))?;
            while let Some(row) = rows.next()? {
                let position = u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0);
                if position <= reached {
                    // Only a damaged tree gives its rows out of order.
                    return Err(corrupt());
                }
                self.missing(reached + 1, position - 1);
                self.check(conn, position, row)?;
                reached = position;
            }
            Ok(())
        };
        let result = read();
        match result {
            Ok(()) => {
                self.missing(reached + 1, to);
                Ok(())
            }
            Err(error) => Err((error, reached)),
        }
    }

    fn one_by_one(&mut self, conn: &Connection, from: u64, to: u64) -> rusqlite::Result<()> {
        for position in from + 1..=to {
            match self.page(conn, position - 1, position) {
                Ok(()) => {}
                Err((error, _)) if is_corrupt(&error) => {
                    let place = Place::at(position);
                    let detail = "its page in log.db is damaged".to_owned();
                    self.report.add(place, ProblemKind::Unreadable { detail });
                    self.pass(position, None);
                }
                Err((error, _)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Notes positions without a record.
    fn missing(&mut self, from: u64, to: u64) {
        if from > to {
            return;
        }
        self.report.add(Place::at(from), ProblemKind::Missing { from, to });
        self.notes.skip(to);
        self.pass_heads(to);
    }

    /// Compares what others have noted up to `position`, where a record of this hash stands.
    fn pass(&mut self, position: u64, hash: Option<Hash>) {
        self.notes.pass(position, hash, &mut self.report);
        self.pass_heads(position);
    }

    fn pass_heads(&mut self, position: u64) {
        if let Some(heads) = self.heads.take_if(|heads| heads.position <= position) {
            self.compare_heads(heads);
        }
    }

    fn compare_heads(&mut self, heads: &Snapshot) {
        let said = |number: &i64| heads.last.get(number).copied().unwrap_or(0);
        let mut wrong: Vec<_> = self
            .streams
            .iter()
            .filter(|(number, stream)| stream.chain.last != said(number))
            .map(|(number, stream)| {
                (
                    stream.chain.last,
                    said(number),
                    stream.name.as_ref().map(ToString::to_string),
                )
            })
            .chain(
                heads
                    .last
                    .iter()
                    .filter(|(number, _)| !self.streams.contains_key(number))
                    .map(|(_, says)| (0, *says, None)),
            )
            .collect();
        wrong.sort();
        for (expected, says, stream) in wrong {
            self.report.add(
                Place {
                    stream,
                    ..Place::default()
                },
                ProblemKind::Heads { says, expected },
            );
        }
    }

    /// Checks one row.
    fn check(&mut self, conn: &Connection, position: u64, row: &Row<'_>) -> rusqlite::Result<()> {
        let number = |column| match row.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Some(number),
            _ => None,
        };
        let links = Links {
            position,
            stream: number(1),
            revision: number(2).and_then(|number| u64::try_from(number).ok()),
            prev_position: number(3).and_then(|number| u64::try_from(number).ok()),
            id: row
                .get_ref(4)
                .ok()
                .and_then(|value| Uuid::from_slice(value.as_blob().ok()?).ok()),
        };
        self.report.records += 1;
        let name = links
            .stream
            .and_then(|number| self.streams.get(&number))
            .and_then(|stream| stream.name.clone());
        let place = Place {
            position: Some(position),
            stream: name.as_ref().map(ToString::to_string),
            revision: links.revision,
            event_id: links.id,
        };
        let contents = Contents::of(row);
        if let Ok(contents) = &contents {
            self.report.bytes += u64::try_from(contents.metadata.len() + contents.payload.len()).unwrap_or(u64::MAX);
        }
        let sound = match (&name, &contents) {
            (None, _) => Err("its stream has no name"),
            (Some(_), Err(problem)) => Err(*problem),
            (Some(name), Ok(contents)) => contents.check(name, links.revision, links.id),
        };
        let opening = match sound {
            Ok(parsed) => Some(parsed),
            Err(ALTERED) => {
                self.report.add(place.clone(), ProblemKind::Altered);
                if self.altered.len() < TRIED {
                    self.altered.push(place.clone());
                }
                None
            }
            Err(detail) => {
                self.report.add(
                    place.clone(),
                    ProblemKind::Unreadable {
                        detail: detail.to_owned(),
                    },
                );
                None
            }
        };
        let copy_of = self.chain(conn, &links, &place, opening.map(|parsed| (parsed.hash, parsed.prev)))?;
        if let Some(parsed) = opening.filter(|_| copy_of.is_none()) {
            self.order.take_within(position, parsed.recorded_time, self.apart);
            self.report.note_time(parsed.recorded_time);
        }
        if position == self.end {
            self.report.end_hash = opening.map(|parsed| parsed.hash.to_hex());
        }
        self.pass(position, opening.map(|parsed| parsed.hash));
        Ok(())
    }

    /// Checks a record's place in its stream. Answers of which record it is a copy, if so.
    fn chain(
        &mut self,
        conn: &Connection,
        row: &Links,
        place: &Place,
        sound: Option<(Hash, Hash)>,
    ) -> rusqlite::Result<Option<u64>> {
        let Some(number) = row.stream else { return Ok(None) };
        let expected = self.streams.entry(number).or_default().chain.next;
        if let (Some(revision), Some(_)) = (row.revision, sound)
            && revision < expected
            && self.searches > 0
        {
            self.searches -= 1;
            if let Some(first) = first_place(conn, number, revision, row.position)? {
                self.report.add(place.clone(), ProblemKind::Duplicate { of: first });
                return Ok(Some(first));
            }
        }
        let chain = &mut self.streams.entry(number).or_default().chain;
        let last = chain.last;
        // An unsound row may have been moved here from elsewhere: it counts if its place says that it belongs here.
        if sound.is_none() && row.revision != Some(expected) && row.prev_position != Some(last) {
            return Ok(None);
        }
        let out_of_place = chain.take(row.position, row.revision, sound);
        if row.prev_position != Some(last) {
            self.report.add(
                place.clone(),
                ProblemKind::Link {
                    found: row.prev_position,
                    expected: last,
                },
            );
        }
        if let Some(kind) = out_of_place {
            self.report.add(place.clone(), kind);
        }
        Ok(None)
    }

    /// What shows only after the last record.
    pub(super) fn finish(mut self, conn: &Connection) -> rusqlite::Result<Report> {
        self.notes.skip(self.end);
        self.pass_heads(self.end);
        let mut empty: Vec<_> = self
            .streams
            .values()
            .filter(|stream| stream.chain.last == 0)
            .filter_map(|stream| stream.name.as_ref().map(ToString::to_string))
            .collect();
        empty.sort();
        for stream in empty {
            self.report.add(
                Place {
                    stream: Some(stream),
                    ..Place::default()
                },
                ProblemKind::EmptyStream,
            );
        }
        for found in std::mem::take(&mut self.order).breaks() {
            match found {
                Break::Swap(first, second) => {
                    for (it, with) in [(first, second), (second, first)] {
                        let place = self.place_of(conn, it)?;
                        self.report.add(place, ProblemKind::PositionsSwapped { with });
                    }
                }
                Break::Descent { at, after } => {
                    let place = self.place_of(conn, at)?;
                    self.report.add(place, ProblemKind::Time { after });
                }
            }
        }
        self.name_swapped_contents(conn)?;
        Ok(self.report)
    }

    /// Where a record stands, read anew.
    fn place_of(&self, conn: &Connection, position: u64) -> rusqlite::Result<Place> {
        let mut place = Place::at(position);
        let found = conn
            .query_row(
                "SELECT stream, revision, event_id FROM record WHERE position=?1",
                [to_sql(position)],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?)),
            )
            .optional()?;
        if let Some((number, revision, id)) = found {
            place.stream = self
                .streams
                .get(&number)
                .and_then(|it| it.name.as_ref())
                .map(ToString::to_string);
            place.revision = u64::try_from(revision).ok();
            place.event_id = Uuid::from_slice(&id).ok();
        }
        Ok(place)
    }

    /// Tries the altered records against each other: if the contents of one fit the place of another, they changed
    /// places, which says more than that both were altered.
    fn name_swapped_contents(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        let altered = std::mem::take(&mut self.altered);
        let mut rows = Vec::new();
        for place in &altered {
            let contents = self.contents_at(conn, place.position.unwrap_or(0))?;
            rows.extend(contents.map(|contents| (place, contents)));
        }
        for (place, own) in &rows {
            let swapped = rows.iter().find(|(other, theirs)| {
                let whole = theirs.fits(place, None) && own.fits(other, None);
                let payloads = || own.fits(place, Some(theirs)) && theirs.fits(other, Some(own));
                other.position != place.position && (whole || payloads())
            });
            let Some((other, _)) = swapped else { continue };
            let with = other.position.unwrap_or(0);
            let listed = self
                .report
                .problems
                .iter_mut()
                .find(|problem| problem.place == **place && problem.kind == ProblemKind::Altered);
            if let Some(problem) = listed {
                problem.kind = ProblemKind::ContentsSwapped { with };
            }
        }
        Ok(())
    }

    fn contents_at(&self, conn: &Connection, position: u64) -> rusqlite::Result<Option<Contents>> {
        let sql = format!("SELECT {RECORD_COLUMNS} FROM record WHERE position=?1");
        conn.query_row(&sql, [to_sql(position)], |row| Ok(Contents::of(row).ok()))
            .optional()
            .map(Option::flatten)
    }
}

fn corrupt() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), None)
}
