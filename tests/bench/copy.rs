//! Copies the admission half of a demonstration many times into a log of its own, event by event in the order of time:
//! each copy has ids, names and credit codes of its own, and personal data sealed under its own keys.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use yujian_domain::envelope::{Metadata, parse_metadata};
use yujian_domain::values::CreditCode;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{FileKeys, KeyProvider, Opened, SealedValue};
use yujian_eventlog::sqlite::{LogKind, OpenOptions, ReadOnlyLog, SqliteLog};
use yujian_eventlog::{EventLog, Expected, Head, Item, NewEvent, Record, StreamName};

/// Records read at once.
const PAGE: usize = 5_000;
/// Appends in one commit.
const BULK: usize = 5_000;

/// What was loaded.
#[derive(Default)]
pub struct Loaded {
    pub institutions: u64,
    pub admission: u64,
    pub alerts: u64,
}

/// Texts of the story that every copy has its own of.
enum Own {
    /// An id, which may stand behind a category as the name of a stream.
    Id(Uuid),
    CreditCode(String),
    Name(String),
    /// A division: each copy lies in another one of the story's.
    Region(usize),
}

/// The story's records of admission, in order, and what differs in each copy.
struct Story {
    /// Policies, calendars, checklists: once.
    reference: Vec<Record>,
    records: Vec<Record>,
    own: HashMap<String, Own>,
    regions: Vec<String>,
    institutions: u64,
}

/// Loads so many institutions.
pub async fn load(from: &Path, to: &Path, institutions: u64) -> Loaded {
    let source = ReadOnlyLog::open(from).unwrap();
    let system: Arc<dyn yujian_eventlog::clock::Clock> = Arc::new(yujian_eventlog::clock::SystemClock::default());
    let opening = FileKeys::open(from, None, false, Arc::new(Entropy::Os), system).unwrap();
    let LogKind::Demo { seed, until } = source.header().kind else {
        panic!("a demonstration is what can be copied");
    };
    let story = Story::read(&source).await;
    let clock = Arc::new(SimulatedClock::new(story.records[0].recorded_time));
    std::fs::create_dir_all(to).unwrap();
    let keys = FileKeys::open(to, None, true, Arc::new(Entropy::seeded(seed)), clock.clone()).unwrap();
    let options = OpenOptions {
        kind: LogKind::Demo { seed, until },
        check_values: keys.check_values(),
        ..OpenOptions::new(clock.clone())
    };
    let mut loader = Loader {
        log: SqliteLog::open(to, options).unwrap(),
        keys,
        opening,
        entropy: Entropy::seeded(seed + 1),
        heads: HashMap::new(),
        waiting: 0,
    };
    loader.begin().await;
    for record in &story.reference {
        clock.set(record.recorded_time);
        loader.append(record.stream.clone(), loader.unchanged(record)).await;
    }
    let copies = institutions.div_ceil(story.institutions.max(1));
    let mut loaded = Loaded::default();
    for record in &story.records {
        clock.set(record.recorded_time);
        let of_institution = record.stream.category() == "institution";
        let read = Readable::of(record, &loader.opening);
        // The last ones have no further copy when the numbers do not divide.
        for copy in 0..copies {
            loader.append_copy(&story, record, &read, copy).await;
            if of_institution {
                loaded.admission += 1;
                loaded.institutions += u64::from(record.revision == 0);
            } else {
                loaded.alerts += 1;
            }
        }
    }
    loader.commit().await;
    let end = *loader.log.head().borrow();
    let last = loader.log.item_at(end).await.unwrap();
    drop(loader);
    let Some(Item::Record(last)) = last else {
        panic!("the log has an end")
    };
    reactors_are_done(from, to, &last);
    loaded
}

/// The copies come with what reactors made of the story: they have nothing left to do, and no timers.
fn reactors_are_done(from: &Path, to: &Path, last: &Record) {
    let file = to.join("state.db");
    std::fs::copy(from.join("state.db"), &file).unwrap();
    let state = Connection::open(&file).unwrap();
    state.execute("DELETE FROM timer", []).unwrap();
    state
        .execute(
            "UPDATE reactor SET epoch = ?, number = ?, mark = ?",
            (
                last.position.epoch,
                i64::try_from(last.position.number).unwrap(),
                last.hash.to_hex(),
            ),
        )
        .unwrap();
}

impl Story {
    async fn read(source: &ReadOnlyLog) -> Self {
        let mut story = Self {
            reference: Vec::new(),
            records: Vec::new(),
            own: HashMap::new(),
            regions: Vec::new(),
            institutions: 0,
        };
        let mut at = source.origin();
        loop {
            let page = source.read_all(at, PAGE).await.unwrap();
            if page.items.is_empty() {
                return story;
            }
            at = page.next;
            for item in page.items {
                let Item::Record(record) = item else { continue };
                match record.stream.category() {
                    "policy" | "checklist" => story.reference.push(record),
                    "institution" => {
                        story.institutions += u64::from(record.revision == 0);
                        story.take(record);
                    }
                    // Alerts of staff and inspections belong to other dimensions.
                    "alert" if record.revision == 0 => {
                        let raised: Value = serde_json::from_slice(&record.payload).unwrap();
                        if raised.get("person").is_none() && raised.get("inspection").is_none() {
                            story.take(record);
                        }
                    }
                    "alert" if story.own.contains_key(record.stream.id()) => story.take(record),
                    _ => {}
                }
            }
        }
    }

    fn take(&mut self, record: Record) {
        if record.revision == 0 {
            let id = record.stream.id().to_owned();
            self.own.insert(id.clone(), Own::Id(Uuid::parse_str(&id).unwrap()));
        }
        let payload: Value = serde_json::from_slice(&record.payload).unwrap();
        let text = |name: &str| payload.get(name).and_then(Value::as_str).map(str::to_owned);
        if record.stream.category() == "institution" {
            if let Some(code) = text("credit_code") {
                self.own.insert(code.clone(), Own::CreditCode(code));
            }
            if let Some(name) = text("name") {
                self.own.insert(name.clone(), Own::Name(name));
            }
            if let Some(code) = payload.pointer("/region/code").and_then(Value::as_str)
                && !self.own.contains_key(code)
            {
                self.own.insert(code.to_owned(), Own::Region(self.regions.len()));
                self.regions.push(code.to_owned());
            }
        }
        self.records.push(record);
    }

    /// A text as the copy has it.
    fn text(&self, text: &str, copy: u64) -> Option<String> {
        let (category, rest) = match text.split_once('-') {
            Some((category @ ("institution" | "alert"), rest)) => (Some(category), rest),
            _ => (None, text),
        };
        Some(match self.own.get(rest)? {
            Own::Id(id) => {
                let id = copied_id(*id, copy);
                category.map_or_else(|| id.to_string(), |category| format!("{category}-{id}"))
            }
            Own::CreditCode(code) => credit_code(code, copy),
            Own::Name(name) => format!("{name}{}号", copy + 1),
            Own::Region(index) => {
                let turned = *index + usize::try_from(copy).unwrap();
                self.regions[turned % self.regions.len()].clone()
            }
        })
    }

    fn rewrite(&self, value: &mut Value, copy: u64) {
        match value {
            Value::String(text) => {
                if let Some(own) = self.text(text, copy) {
                    *text = own;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item, copy)),
            Value::Object(members) => members.values_mut().for_each(|member| self.rewrite(member, copy)),
            _ => {}
        }
    }
}

fn copied_id(id: Uuid, copy: u64) -> Uuid {
    Uuid::new_v5(&id, &copy.to_be_bytes())
}

/// Another valid code of the same registrar and division.
fn credit_code(code: &str, copy: u64) -> String {
    const DIGITS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut body: Vec<u8> = code.as_bytes()[..17].to_vec();
    let mut left = copy + 1;
    for place in body[8..14].iter_mut().rev() {
        let at = DIGITS.iter().position(|digit| digit == place).unwrap() as u64 + left;
        *place = DIGITS[usize::try_from(at % 31).unwrap()];
        left = at / 31;
    }
    let check = CreditCode::check_character(&body).unwrap();
    body.push(check);
    String::from_utf8(body).unwrap()
}

/// A record of the story with its personal data in clear, marked so that each copy seals it again.
struct Readable {
    metadata: Metadata,
    payload: Value,
}

impl Readable {
    fn of(record: &Record, keys: &FileKeys) -> Self {
        let mut payload: Value = serde_json::from_slice(&record.payload).unwrap();
        unseal(&mut payload, record.stream.as_str(), keys);
        Self {
            metadata: parse_metadata(&record.metadata).unwrap(),
            payload,
        }
    }
}

fn unseal(value: &mut Value, stream: &str, keys: &FileKeys) {
    match value {
        Value::Object(members) => {
            if let Some(sealed) = members.get("$sealed") {
                let sealed: SealedValue = serde_json::from_value(sealed.clone()).unwrap();
                if let Opened::Clear(clear) = keys.open(&sealed) {
                    let mut marked = Map::new();
                    marked.insert("$personal".to_owned(), json!({ "subject": stream, "clear": clear }));
                    *members = marked;
                }
                return;
            }
            members.values_mut().for_each(|member| unseal(member, stream, keys));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| unseal(item, stream, keys)),
        _ => {}
    }
}

struct Loader {
    log: Arc<SqliteLog>,
    keys: Arc<FileKeys>,
    opening: Arc<FileKeys>,
    entropy: Entropy,
    heads: HashMap<StreamName, Head>,
    waiting: usize,
}

impl Loader {
    async fn begin(&self) {
        self.keys.begin_bulk().unwrap();
        self.log.begin_bulk().await.unwrap();
    }

    /// Keys first, then the events that they seal.
    async fn commit(&self) {
        self.keys.commit_bulk().unwrap();
        self.log.commit_bulk().await.unwrap();
    }

    fn unchanged(&self, record: &Record) -> NewEvent {
        let metadata = parse_metadata(&record.metadata).unwrap();
        NewEvent {
            id: record.id,
            event_type: record.event_type.clone(),
            metadata: serde_json::to_vec(&metadata).unwrap(),
            payload: record.payload.to_vec(),
        }
    }

    async fn append_copy(&mut self, story: &Story, record: &Record, read: &Readable, copy: u64) {
        let stream = story.text(record.stream.as_str(), copy).unwrap();
        let id = self.entropy.event_id(record.recorded_time);
        let mut payload = read.payload.clone();
        story.rewrite(&mut payload, copy);
        let mut metadata = read.metadata.clone();
        metadata.subjects = self.keys.seal(id, &mut payload).await.unwrap();
        if let Some(own) = metadata
            .actor
            .organisation
            .as_deref()
            .and_then(|code| story.text(code, copy))
        {
            metadata.actor.organisation = Some(own);
        }
        if let Some(request) = &mut metadata.request {
            request.id = copied_id(request.id, copy);
        }
        for fact in &mut metadata.facts {
            if let Some(own) = story.text(&fact.stream, copy) {
                fact.stream = own;
            }
        }
        let event = NewEvent {
            id,
            event_type: record.event_type.clone(),
            metadata: serde_json::to_vec(&metadata).unwrap(),
            payload: serde_json::to_vec(&payload).unwrap(),
        };
        self.append(StreamName::parse(&stream).unwrap(), event).await;
    }

    async fn append(&mut self, stream: StreamName, event: NewEvent) {
        let expected = self
            .heads
            .get(&stream)
            .map_or(Expected::NoStream, |head| Expected::At(*head));
        let appended = self.log.append(&stream, expected, vec![event]).await.unwrap();
        let last = appended.records.last().unwrap();
        let head = Head {
            revision: last.revision,
            hash: last.hash,
        };
        self.heads.insert(stream, head);
        self.waiting += 1;
        if self.waiting == BULK {
            self.waiting = 0;
            self.commit().await;
            self.begin().await;
        }
    }
}
