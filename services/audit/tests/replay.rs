//! The replay on two axes of time, over a log in memory.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tokio::sync::watch;
use uuid::Uuid;
use yujian_audit::{AuditError, Replay, ReplayQuery, replay, replay_all};
use yujian_domain::envelope::{Actor, Classification, Metadata, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::incident::{self, Category, IncidentEvent, Injury, Outcome, Priority, Severity};
use yujian_domain::institution::{
    self, DetailsChanged, FactCorrected, InstitutionEvent, InstitutionType, Mode, Ownership,
};
use yujian_domain::personal::{Personal, Sealed};
use yujian_domain::system::{CreationAbandoned, SystemEvent};
use yujian_domain::time::{Occurred, start_of};
use yujian_domain::values::{ExternalId, RegionId};
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{
    Appended, Damage, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record,
    StreamName,
};

const SUNNY: Uuid = Uuid::from_u128(1);
const RAINY: Uuid = Uuid::from_u128(2);
const FALL: Uuid = Uuid::from_u128(3);

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn institution_stream(id: Uuid) -> String {
    format!("institution-{id}")
}

fn incident_stream(id: Uuid) -> String {
    format!("incident-{id}")
}

/// A log whose clock stands at noon (UTC) of the day that is being written.
struct Book {
    clock: Arc<SimulatedClock>,
    log: Arc<MemoryLog>,
    ids: u128,
}

impl Book {
    fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new("2026-01-01T04:00:00Z".parse().unwrap()));
        Self {
            log: MemoryLog::new(clock.clone()),
            clock,
            ids: 1_000,
        }
    }

    /// Records on a day what holds from a day.
    async fn write<E: EventFamily>(&mut self, recorded: &str, from: &str, stream: &str, event: impl Into<E>) {
        let event: E = event.into();
        let now = start_of(day(recorded))
            .checked_add(jiff::SignedDuration::from_hours(12))
            .unwrap();
        self.clock.set(now);
        let metadata = Metadata {
            occurred: Occurred::Day { date: day(from) },
            effective_from: None,
            effective_to: None,
            received_time: now,
            device: None,
            actor: Actor {
                id: "officer-1".to_owned(),
                role: Role::Officer,
                organisation: None,
                jurisdiction: None,
            },
            on_behalf_of: None,
            request: None,
            causation: None,
            correlation: None,
            policies: Vec::new(),
            legal_basis: Vec::new(),
            facts: Vec::new(),
            provenance: None,
            classification: Classification::Operator,
            subjects: Vec::new(),
            simulated: false,
        };
        self.ids += 1;
        let new = NewEvent {
            id: Uuid::from_u128(self.ids),
            event_type: event.event_type().to_owned(),
            metadata: serde_json::to_vec(&metadata).unwrap(),
            payload: serde_json::to_vec(&event.payload()).unwrap(),
        };
        let stream = StreamName::parse(stream).unwrap();
        let head = self.log.stream_head(&stream).await.unwrap();
        self.log
            .append(&stream, head.map_or(Expected::NoStream, Expected::At), vec![new])
            .await
            .unwrap();
    }

    async fn institution(&mut self, recorded: &str, from: &str, id: Uuid, event: impl Into<InstitutionEvent>) {
        self.write::<InstitutionEvent>(recorded, from, &institution_stream(id), event)
            .await;
    }

    async fn incident(&mut self, recorded: &str, from: &str, event: impl Into<IncidentEvent>) {
        self.write::<IncidentEvent>(recorded, from, &incident_stream(FALL), event)
            .await;
    }
}

fn known(name: &str) -> institution::RecordImported {
    institution::RecordImported {
        external: ExternalId {
            register: "r".to_owned(),
            number: name.to_owned(),
        },
        name: name.to_owned(),
        address: None,
        region: RegionId::parse("330106", 2020).unwrap(),
        credit_code: None,
        institution_type: InstitutionType::Unknown,
        register_type: None,
        register_status: None,
        mode: Mode::Unknown,
        ownership: Ownership::Unknown,
        classes: Vec::new(),
        valid_from_date: None,
        edition_date: None,
        changed: Vec::new(),
    }
}

fn renamed(name: &str) -> DetailsChanged {
    DetailsChanged {
        name: Some(name.to_owned()),
        address: None,
        region: None,
        point: None,
        mode: None,
        ownership: None,
        representative: None,
    }
}

fn harm(institution: Uuid) -> incident::RecordImported {
    incident::RecordImported {
        institution,
        external: ExternalId {
            register: "r".to_owned(),
            number: "7".to_owned(),
        },
        ordinal: 1,
        category: Category::SeriousInjury,
        intake_date: None,
        completed_date: None,
        injury: Injury::Fall,
        severity: Severity::Hospital,
        outcome: Outcome::Unknown,
        details: BTreeMap::new(),
        narrative: None,
    }
}

fn sealed() -> Personal {
    Personal::Sealed(Sealed {
        key: "key-1".to_owned(),
        nonce: "AAAAAAAAAAAAAAAA".to_owned(),
        event: Uuid::from_u128(1),
        ordinal: 0,
        data: "c2VhbGVk".to_owned(),
    })
}

fn triaged() -> incident::IncidentTriaged {
    incident::IncidentTriaged {
        priority: Priority::P2,
        regulatory: true,
        reason: sealed(),
    }
}

fn query(institution: Uuid) -> ReplayQuery {
    ReplayQuery {
        institution,
        as_of: None,
        known_at: None,
        until: None,
    }
}

fn value(replay: &Replay, key: &str) -> Option<Value> {
    replay
        .facts
        .iter()
        .find(|fact| fact.key == key)
        .map(|fact| fact.value.clone())
}

async fn name(book: &Book, as_of: &str, known_at: &str) -> Option<Value> {
    let query = ReplayQuery {
        as_of: Some(day(as_of)),
        known_at: Some(day(known_at)),
        ..query(SUNNY)
    };
    value(&replay(&*book.log, query).await.unwrap(), "name")
}

#[tokio::test]
async fn a_fact_that_arrives_late_holds_from_its_day_and_is_known_from_its_arrival() {
    let mut book = Book::new();
    book.institution("2026-01-10", "2026-01-10", SUNNY, known("old")).await;
    // Renamed on 1 February, told on 1 March.
    book.institution("2026-03-01", "2026-02-01", SUNNY, renamed("new"))
        .await;
    assert_eq!(name(&book, "2026-02-10", "2026-02-28").await, Some("old".into()));
    assert_eq!(name(&book, "2026-02-10", "2026-03-01").await, Some("new".into()));
    assert_eq!(name(&book, "2026-01-31", "2026-03-01").await, Some("old".into()));
}

#[tokio::test]
async fn a_backdated_correction_withdraws_what_was_wrong_from_when_it_is_known() {
    let mut book = Book::new();
    book.institution("2026-01-10", "2026-01-10", SUNNY, known("old")).await;
    book.institution("2026-02-01", "2026-02-01", SUNNY, renamed("wrong"))
        .await;
    let correction = FactCorrected {
        revision: 1,
        key: "name".to_owned(),
        value: Some("right".into()),
        valid_from_date: day("2026-02-15"),
        reason: sealed(),
        approver: "officer-2".to_owned(),
    };
    book.institution("2026-04-01", "2026-02-15", SUNNY, correction).await;
    assert_eq!(name(&book, "2026-02-20", "2026-03-31").await, Some("wrong".into()));
    assert_eq!(name(&book, "2026-02-20", "2026-04-01").await, Some("right".into()));
    assert_eq!(
        name(&book, "2026-02-10", "2026-04-01").await,
        Some("old".into()),
        "the wrong name never was"
    );
}

#[tokio::test]
async fn an_institutions_history_holds_its_incidents_and_nothing_of_others() {
    let mut book = Book::new();
    book.institution("2026-01-10", "2026-01-10", SUNNY, known("sunny"))
        .await;
    book.institution("2026-01-10", "2026-01-10", RAINY, known("rainy"))
        .await;
    book.incident("2026-01-11", "2026-01-11", harm(RAINY)).await;
    book.incident("2026-01-12", "2026-01-12", triaged()).await;
    let rainy = replay(&*book.log, query(RAINY)).await.unwrap();
    let places: Vec<_> = rainy.records.iter().map(|record| record.position.number).collect();
    assert_eq!(places, [2, 3, 4]);
    assert_eq!(
        value(&rainy, &format!("incident.{FALL}.status")),
        Some("triaged".into())
    );
    let sunny = replay(&*book.log, query(SUNNY)).await.unwrap();
    assert_eq!(sunny.records.len(), 1);
    assert!(sunny.facts.iter().all(|fact| !fact.key.starts_with("incident.")));
}

#[tokio::test]
async fn an_institution_is_unknown_before_its_first_event_and_after_none() {
    let mut book = Book::new();
    book.institution("2026-01-10", "2026-01-01", SUNNY, known("sunny"))
        .await;
    let before = ReplayQuery {
        known_at: Some(day("2026-01-09")),
        ..query(SUNNY)
    };
    assert_eq!(replay(&*book.log, before).await.unwrap_err(), AuditError::NotFound);
    assert_eq!(
        replay(&*book.log, query(RAINY)).await.unwrap_err(),
        AuditError::NotFound
    );
    // A creation that was given up is no institution.
    let abandoned = CreationAbandoned {
        claim: "key-site.e1.00".to_owned(),
        new_owner: institution_stream(SUNNY),
    };
    book.write::<SystemEvent>("2026-01-11", "2026-01-11", &institution_stream(RAINY), abandoned)
        .await;
    assert_eq!(
        replay(&*book.log, query(RAINY)).await.unwrap_err(),
        AuditError::NotFound
    );
}

#[tokio::test]
async fn a_replay_stops_at_its_position_and_refuses_foreign_ones() {
    let mut book = Book::new();
    book.institution("2026-01-10", "2026-01-10", SUNNY, known("old")).await;
    book.institution("2026-01-11", "2026-01-11", SUNNY, renamed("new"))
        .await;
    let until = |epoch, number| ReplayQuery {
        until: Some(LogPosition { epoch, number }),
        ..query(SUNNY)
    };
    let first = replay(&*book.log, until(1, 1)).await.unwrap();
    assert_eq!((value(&first, "name"), first.records.len()), (Some("old".into()), 1));
    assert_eq!(first.position, LogPosition { epoch: 1, number: 1 });
    assert!(matches!(
        replay(&*book.log, until(1, 3)).await.unwrap_err(),
        AuditError::Log(LogError::BeyondHead { .. })
    ));
    assert!(matches!(
        replay(&*book.log, until(2, 1)).await.unwrap_err(),
        AuditError::Log(LogError::OtherEpoch { .. })
    ));
}

#[tokio::test]
async fn one_pass_over_all_says_the_same_as_one_replay_each() {
    let mut book = Book::new();
    // More than a page.
    let id = |number: u128| Uuid::from_u128(10_000 + number);
    for number in 0..400 {
        let event = known(&format!("old {number}"));
        book.institution("2026-01-10", "2026-01-10", id(number), event).await;
    }
    for number in 0..400 {
        let event = renamed(&format!("new {number}"));
        book.institution("2026-02-10", "2026-02-10", id(number), event).await;
    }
    book.incident("2026-02-11", "2026-02-11", harm(Uuid::from_u128(10_399)))
        .await;
    book.incident("2026-02-12", "2026-02-12", triaged()).await;
    for (as_of, known_at) in [
        (None, None),
        (Some(day("2026-01-20")), None),
        (None, Some(day("2026-01-20"))),
    ] {
        let all = replay_all(&*book.log, as_of, known_at, None).await.unwrap();
        assert_eq!(all.institutions.len(), 400);
        for number in [0, 199, 399] {
            let id = id(number);
            let one = replay(
                &*book.log,
                ReplayQuery {
                    as_of,
                    known_at,
                    ..query(id)
                },
            )
            .await
            .unwrap();
            assert_eq!(all.institutions[&id].dossier, one.dossier);
            assert_eq!(all.position, one.position);
        }
    }
}

/// A log some of whose records can't be served.
struct Torn {
    inner: Arc<MemoryLog>,
    torn: BTreeSet<u64>,
    /// Whether the stream of a torn record can still be read.
    named: bool,
}

#[async_trait]
impl EventLog for Torn {
    async fn append(&self, stream: &StreamName, at: Expected, events: Vec<NewEvent>) -> Result<Appended, LogError> {
        self.inner.append(stream, at, events).await
    }
    async fn append_sealed(&self, records: Vec<Record>) -> Result<LogPosition, LogError> {
        self.inner.append_sealed(records).await
    }
    async fn read_stream(
        &self,
        stream: &StreamName,
        direction: Direction,
        from: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Item>, LogError> {
        self.inner.read_stream(stream, direction, from, limit).await
    }
    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let mut page = self.inner.read_all(after, limit).await?;
        for item in &mut page.items {
            if let Item::Record(record) = &item
                && self.torn.contains(&record.position.number)
            {
                *item = Item::Damaged(Damage {
                    position: record.position,
                    stream: self.named.then(|| record.stream.clone()),
                    revision: self.named.then_some(record.revision),
                    problem: "hash does not fit".to_owned(),
                });
            }
        }
        Ok(page)
    }
    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        self.inner.stream_head(stream).await
    }
    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        let Some(number) = position.number.checked_sub(1) else {
            return Ok(None);
        };
        let page = self.read_all(LogPosition { number, ..position }, 1).await?;
        Ok(page.items.into_iter().next())
    }
    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        self.inner.streams(category).await
    }
    fn check_writable(&self) -> Result<(), LogError> {
        Ok(())
    }
    fn head(&self) -> watch::Receiver<LogPosition> {
        self.inner.head()
    }
    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.inner.position_at(instant).await
    }
}

/// Positions: 1 sunny, 2 rainy, 3 harm at rainy, 4 triage, 5 another harm of the same case.
async fn two_institutions_and_a_case() -> Book {
    let mut book = Book::new();
    book.institution("2026-01-10", "2026-01-10", SUNNY, known("sunny"))
        .await;
    book.institution("2026-01-10", "2026-01-10", RAINY, known("rainy"))
        .await;
    book.incident("2026-01-11", "2026-01-11", harm(RAINY)).await;
    book.incident("2026-01-12", "2026-01-12", triaged()).await;
    book.incident("2026-01-13", "2026-01-13", harm(RAINY)).await;
    book
}

fn places(damaged: &[Damage]) -> Vec<u64> {
    damaged.iter().map(|damage| damage.position.number).collect()
}

#[tokio::test]
async fn a_damaged_record_is_named_by_the_history_that_lacks_it() {
    let book = two_institutions_and_a_case().await;
    let log = Torn {
        inner: book.log.clone(),
        torn: BTreeSet::from([2, 4]),
        named: true,
    };
    let rainy = replay(&log, query(RAINY)).await.unwrap();
    assert_eq!(places(&rainy.damaged), [2, 4]);
    assert_eq!(value(&rainy, "name"), None);
    assert_eq!(rainy.records.len(), 2);
    let sunny = replay(&log, query(SUNNY)).await.unwrap();
    assert!(sunny.damaged.is_empty());
}

#[tokio::test]
async fn a_later_row_of_the_case_tells_whose_a_damaged_first_record_is() {
    let book = two_institutions_and_a_case().await;
    let log = Torn {
        inner: book.log.clone(),
        torn: BTreeSet::from([3]),
        named: true,
    };
    let rainy = replay(&log, query(RAINY)).await.unwrap();
    assert_eq!(places(&rainy.damaged), [3]);
    let read: Vec<_> = rainy.records.iter().map(|record| record.position.number).collect();
    assert_eq!(read, [2, 4, 5], "what waited for its owner is there, in order");
    assert!(replay(&log, query(SUNNY)).await.unwrap().damaged.is_empty());
}

#[tokio::test]
async fn a_damaged_record_of_nobody_knows_whom_is_named_by_every_history() {
    let book = two_institutions_and_a_case().await;
    let unnamed = Torn {
        inner: book.log.clone(),
        torn: BTreeSet::from([4]),
        named: false,
    };
    assert_eq!(places(&replay(&unnamed, query(SUNNY)).await.unwrap().damaged), [4]);
    let ownerless = Torn {
        inner: book.log.clone(),
        torn: BTreeSet::from([3, 5]),
        named: true,
    };
    assert_eq!(places(&replay(&ownerless, query(SUNNY)).await.unwrap().damaged), [3, 5]);
    let all = replay_all(&ownerless, None, None, None).await.unwrap();
    assert_eq!(places(&all.unattributed), [3, 5]);
    assert!(
        all.institutions
            .values()
            .all(|institution| institution.damaged.is_empty())
    );
}
