//! The replay of persons and inspections, and of what they say of institutions, over a log in memory.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;
use yujian_audit::{AuditError, PersonReplayQuery, Replay, ReplayQuery, replay, replay_all, replay_person};
use yujian_domain::envelope::{Actor, Classification, Metadata, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::{self, ImportedKind, InspectionEvent, Weight};
use yujian_domain::institution::{self, InstitutionEvent, InstitutionType, Mode, Ownership};
use yujian_domain::person::{self, Employment, EndGround, IdentityKind, PersonEvent, Post, Proofing};
use yujian_domain::personal::{KeyedDigest, Personal, Sealed};
use yujian_domain::time::{Occurred, start_of};
use yujian_domain::values::{ExternalId, RegionId};
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{EventLog, Expected, NewEvent, StreamName};

const SUNNY: Uuid = Uuid::from_u128(1);
const RAINY: Uuid = Uuid::from_u128(2);
const ANNA: Uuid = Uuid::from_u128(3);
const VISIT: Uuid = Uuid::from_u128(4);

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn metadata(at: Date) -> Metadata {
    Metadata {
        occurred: Occurred::Day { date: at },
        effective_from: None,
        effective_to: None,
        received_time: start_of(at),
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
    }
}

struct Book {
    clock: Arc<SimulatedClock>,
    log: Arc<MemoryLog>,
}

impl Book {
    async fn raw(&self, at: &str, stream: &str, event_type: &str, metadata: Vec<u8>, payload: Vec<u8>) {
        self.clock.set(start_of(day(at)));
        let stream = StreamName::parse(stream).unwrap();
        let head = self.log.stream_head(&stream).await.unwrap();
        let event = NewEvent {
            id: Uuid::from_u128(1_000 + u128::from(self.log.head().borrow().number)),
            event_type: event_type.to_owned(),
            metadata,
            payload,
        };
        self.log
            .append(&stream, head.map_or(Expected::NoStream, Expected::At), vec![event])
            .await
            .unwrap();
    }

    async fn write<E: EventFamily>(&self, at: &str, stream: &str, event: E) {
        let payload = serde_json::to_vec(&event.payload()).unwrap();
        let metadata = serde_json::to_vec(&metadata(day(at))).unwrap();
        self.raw(at, stream, event.event_type(), metadata, payload).await;
    }

    async fn person(&self, at: &str, event: impl Into<PersonEvent>) {
        self.write(at, &format!("person-{ANNA}"), event.into()).await;
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

fn region() -> RegionId {
    RegionId::parse("330106", 2020).unwrap()
}

fn external(number: &str) -> ExternalId {
    ExternalId {
        register: "r".to_owned(),
        number: number.to_owned(),
    }
}

fn known(name: &str) -> InstitutionEvent {
    InstitutionEvent::from(institution::RecordImported {
        external: external(name),
        name: name.to_owned(),
        address: None,
        region: region(),
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
    })
}

fn started(engagement: u32, institution: Uuid, at: &str) -> person::EngagementStarted {
    person::EngagementStarted {
        engagement,
        institution,
        region: region(),
        organisation: None,
        post: Post::Carer,
        employment: Employment::Direct,
        share_permille: 500,
        start_date: day(at),
        qualified: true,
    }
}

/// Positions: 1 sunny, 2 rainy, 3 registered, 4 health, 5 engaged at sunny, 6 engaged at rainy, 7 left sunny.
async fn book() -> Book {
    let clock = Arc::new(SimulatedClock::new(start_of(day("2026-01-01"))));
    let book = Book {
        log: MemoryLog::new(clock.clone()),
        clock,
    };
    for (id, name) in [(SUNNY, "sunny"), (RAINY, "rainy")] {
        book.write("2026-01-02", &format!("institution-{id}"), known(name))
            .await;
    }
    let registered = person::PersonRegistered {
        region: region(),
        organisation: None,
        identity_kind: IdentityKind::ResidentId,
        identity: sealed(),
        identity_digest: KeyedDigest {
            epoch: 1,
            hex: "0".repeat(64),
        },
        name: sealed(),
        phone: None,
        proofing: Proofing::Counter,
        birth_year: None,
        account: None,
    };
    book.person("2026-01-03", registered).await;
    let health = person::HealthCertificateRecorded {
        issuer: "医院".to_owned(),
        issue_date: day("2026-01-03"),
        expiry_date: day("2027-01-02"),
        passed: true,
        sha256: None,
    };
    book.person("2026-01-03", health).await;
    book.person("2026-01-04", started(1, SUNNY, "2026-01-04")).await;
    book.person("2026-01-05", started(2, RAINY, "2026-01-05")).await;
    let left = person::EngagementEnded {
        engagement: 1,
        institution: SUNNY,
        end_date: day("2026-02-01"),
        ground: EndGround::Resigned,
    };
    book.person("2026-02-01", left).await;
    book
}

fn of(institution: Uuid) -> ReplayQuery {
    ReplayQuery {
        institution,
        as_of: None,
        known_at: None,
        until: None,
    }
}

fn anna() -> PersonReplayQuery {
    PersonReplayQuery {
        person: ANNA,
        as_of: None,
        known_at: None,
        until: None,
    }
}

fn positions(replay: &Replay) -> Vec<u64> {
    replay.records.iter().map(|record| record.position.number).collect()
}

fn value(replay: &Replay, key: &str) -> Option<serde_json::Value> {
    let fact = replay.facts.iter().find(|fact| fact.key == key)?;
    Some(fact.value.clone())
}

#[tokio::test]
async fn a_person_has_a_history_and_each_institution_what_concerns_it() {
    let book = book().await;
    let person = replay_person(&*book.log, anna()).await.unwrap();
    assert_eq!(positions(&person), [3, 4, 5, 6, 7]);
    assert_eq!(value(&person, "health").unwrap()["expiry_date"], "2027-01-02");
    assert_eq!(value(&person, "engagement.1.state"), Some(json!("ended")));
    assert_eq!(value(&person, "engagement.2.institution"), Some(json!(RAINY)));
    let sunny = replay(&*book.log, of(SUNNY)).await.unwrap();
    assert_eq!(positions(&sunny), [1, 5, 7]);
    assert_eq!(value(&sunny, &format!("staff.{ANNA}.1.state")), Some(json!("ended")));
    assert!(
        sunny
            .facts
            .iter()
            .all(|fact| !fact.key.contains("health") && !fact.key.contains(&format!("{ANNA}.2")))
    );
    assert_eq!(positions(&replay(&*book.log, of(RAINY)).await.unwrap()), [2, 6]);
    let then = ReplayQuery {
        as_of: Some(day("2026-01-20")),
        ..of(SUNNY)
    };
    let then = replay(&*book.log, then).await.unwrap();
    assert_eq!(value(&then, &format!("staff.{ANNA}.1.state")), Some(json!("active")));
    let before = PersonReplayQuery {
        known_at: Some(day("2026-01-02")),
        ..anna()
    };
    assert_eq!(
        replay_person(&*book.log, before).await.unwrap_err(),
        AuditError::NotFound
    );
    let all = replay_all(&*book.log, None, None, None).await.unwrap();
    assert_eq!(all.persons.keys().collect::<Vec<_>>(), [&ANNA]);
    assert_eq!(all.persons[&ANNA].dossier, person.dossier);
    assert_eq!(all.institutions[&SUNNY].dossier, sunny.dossier);
}

#[tokio::test]
async fn what_cannot_be_read_of_a_person_is_named_where_the_person_worked_and_shown_to_nobody_else() {
    let book = book().await;
    let stream = format!("person-{ANNA}");
    let sound = serde_json::to_vec(&metadata(day("2026-02-02"))).unwrap();
    let payload = br#"{"secret":"13800000000"}"#.to_vec();
    book.raw("2026-02-02", &stream, "staffing.EngagementEnded.v1", sound, payload)
        .await;
    book.raw(
        "2026-02-03",
        &stream,
        "staffing.Novelty.v9",
        b"{}".to_vec(),
        b"{}".to_vec(),
    )
    .await;
    for institution in [SUNNY, RAINY] {
        let replayed = replay(&*book.log, of(institution)).await.unwrap();
        let damaged: Vec<u64> = replayed.damaged.iter().map(|damage| damage.position.number).collect();
        assert_eq!(damaged, [8, 9]);
        assert!(
            replayed.records.iter().all(|record| record.position.number < 8),
            "a person's record was handed out"
        );
    }
    let person = replay_person(&*book.log, anna()).await.unwrap();
    assert_eq!((person.damaged.len(), person.records.len()), (2, 7));
    assert!(person.damaged.iter().all(|damage| !damage.problem.contains("138")));
}

#[tokio::test]
async fn an_inspection_stands_in_the_history_of_its_institution() {
    let book = book().await;
    let row = |number| inspection::InspectionImported {
        number,
        institution: RAINY,
        external: external("V-1"),
        ordinal: number,
        visit_date: None,
        kind: ImportedKind::Finding,
        standard: "746.1".to_owned(),
        weight: Weight::General,
        corrected_date: None,
        details: Default::default(),
        narrative: None,
    };
    let stream = format!("inspection-{VISIT}");
    let cancelled = inspection::InspectionCancelled {
        reason: inspection::CancelReason::Duplicate,
    };
    book.write("2026-02-02", &stream, InspectionEvent::from(row(1))).await;
    book.write("2026-02-03", &stream, InspectionEvent::from(cancelled))
        .await;
    assert_eq!(positions(&replay(&*book.log, of(RAINY)).await.unwrap()), [2, 6, 8, 9]);
    assert_eq!(positions(&replay(&*book.log, of(SUNNY)).await.unwrap()), [1, 5, 7]);
}
