//! A house with reactors, and staff for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::SignedDuration;
use jiff::civil::Date;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;
use yujian_command::{CommandError, Counts, Outcome, Reactors, Request};
use yujian_domain::aggregate::Aggregate;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{Actor, Metadata, parse_metadata};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::{CloseInstitution, Institution};
use yujian_domain::person::{
    Bar, BarGround, ClaimCredential, CredentialKind, Employment, Engage, IdentityKind, Person, PersonCommand, Post,
    Proofing, QueriedOf, QueryOccasion, RecordHealthCertificate, RecordQuery, RegisterPerson, RejectCredential,
    RejectionGround, RevocationGround, RevokeCredential, VerificationMethod, VerifyCredential,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::Occurred;
use yujian_eventlog::checkpoint::StateFile;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::keys::KeyProvider;
use yujian_eventlog::{EventLog, Expected, NewEvent, Record, StreamName};

use crate::house::{House, officer};

pub struct Bench {
    pub house: House,
    pub directory: TempDir,
    requests: AtomicU32,
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn payload(record: &Record) -> Value {
    serde_json::from_slice(&record.payload).unwrap()
}

pub fn metadata(record: &Record) -> Metadata {
    parse_metadata(&record.metadata).unwrap()
}

/// Opens the reactors of a directory over the house.
pub async fn reactors(house: &House, directory: &Path) -> Reactors {
    let state = Arc::new(StateFile::open(directory).unwrap());
    Reactors::open(house.commands.all().clone(), state).await.unwrap()
}

impl Bench {
    pub async fn new() -> Self {
        Self {
            house: House::new().await,
            directory: tempfile::tempdir().unwrap(),
            requests: AtomicU32::new(0x10_0000),
        }
    }

    /// The same log once more, with reactors that have not begun. The clock is shared.
    pub async fn copy(&self) -> Self {
        Self {
            house: self.house.copied_without("no record says this").await,
            directory: tempfile::tempdir().unwrap(),
            requests: AtomicU32::new(self.requests.load(Ordering::Relaxed)),
        }
    }

    /// Lets freshly opened reactors do everything there is to do.
    pub async fn react(&self) -> Counts {
        let mut reactors = reactors(&self.house, self.directory.path()).await;
        reactors.run_until_idle().await.unwrap();
        reactors.counts()
    }

    /// Forgets how far the reactors have come.
    pub fn forget(&self) {
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = std::fs::remove_file(self.directory.path().join(file));
        }
    }

    pub fn request(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.requests.fetch_add(1, Ordering::Relaxed)))
    }

    pub async fn ask<A: Aggregate>(
        &self,
        actor: Actor,
        target: Option<Uuid>,
        command: A::Command,
    ) -> Result<Outcome<A>, CommandError> {
        let request = Request::new(actor, self.request(), "test/Ask", target, command);
        self.house.commands.all().execute::<A>(request).await
    }

    /// A command on a person by an officer.
    pub async fn on(&self, person: Uuid, command: impl Into<PersonCommand>) -> Result<Outcome<Person>, CommandError> {
        self.ask::<Person>(officer("33"), Some(person), command.into()).await
    }

    /// Registers a person of the authority.
    pub async fn registered(&self, number: u32) -> Uuid {
        self.try_registered(number).await.unwrap().id
    }

    pub async fn try_registered(&self, number: u32) -> Result<Outcome<Person>, CommandError> {
        let command = RegisterPerson {
            institution: None,
            region: Some(Divisions::shipped().get("330106").unwrap().id.clone()),
            identity_kind: IdentityKind::Passport,
            identity: Sensitive::new(format!("E{number:08}")),
            name: Sensitive::new("欧阳小满"),
            phone: None,
            proofing: Proofing::Counter,
            birth_date: None,
            account: None,
        };
        self.ask::<Person>(officer("33"), None, command.into()).await
    }

    /// A person who may work with children.
    pub async fn person(&self, number: u32) -> Uuid {
        let person = self.registered(number).await;
        let health = RecordHealthCertificate {
            issuer: "西湖区妇幼保健院".to_owned(),
            issue_date: date("2026-02-20"),
            passed: true,
            sha256: None,
        };
        self.on(person, health).await.unwrap();
        self.queried(person, false).await;
        person
    }

    pub async fn queried(&self, person: Uuid, found: bool) {
        let query = RecordQuery {
            occasion: QueryOccasion::Hiring,
            queried_of: QueriedOf::Police,
            query_date: date("2026-02-25"),
            found: if found {
                vec![yujian_domain::person::Offence::Abuse]
            } else {
                Vec::new()
            },
        };
        self.on(person, query).await.unwrap();
    }

    pub async fn engage(&self, person: Uuid, institution: Uuid, post: Post, share_permille: u32) {
        let engage = Engage {
            institution,
            post,
            employment: Employment::Direct,
            share_permille,
            start_date: date("2026-03-01"),
        };
        self.on(person, engage).await.unwrap();
    }

    pub async fn bar(&self, person: Uuid) {
        let bar = Bar {
            ground: BarGround::Order,
            from_date: date("2026-03-02"),
            until_date: None,
            decision_number: "杭卫禁〔2026〕1号".to_owned(),
            reason: Sensitive::new("依裁判"),
        };
        self.on(person, bar).await.unwrap();
    }

    /// Tells of certificate `number`, valid until `expiry`.
    pub async fn told(&self, person: Uuid, number: u32, expiry: Option<&str>) -> Result<Outcome<Person>, CommandError> {
        self.on(person, certificate(number, expiry)).await
    }

    /// Tells of a certificate and has it verified; answers its number within the person.
    pub async fn verified(&self, person: Uuid, number: u32, expiry: Option<&str>) -> u32 {
        let told = self.told(person, number, expiry).await.unwrap();
        let credential = *told.state.credentials.last_key_value().unwrap().0;
        let verify = VerifyCredential {
            credential,
            method: VerificationMethod::Registry,
        };
        let verified = self.ask::<Person>(officer("3301"), Some(person), verify.into()).await;
        verified.unwrap();
        credential
    }

    pub async fn rejected(&self, person: Uuid, credential: u32) {
        let reject = RejectCredential {
            credential,
            ground: RejectionGround::NotFound,
            note: None,
        };
        let rejected = self.ask::<Person>(officer("3301"), Some(person), reject.into()).await;
        rejected.unwrap();
    }

    pub async fn revoked(&self, person: Uuid, credential: u32) {
        let revoke = RevokeCredential {
            credential,
            ground: RevocationGround::Lent,
            note: None,
        };
        self.on(person, revoke).await.unwrap();
    }

    pub async fn closed(&self, institution: Uuid) {
        let close = CloseInstitution {
            reason: Sensitive::new("停办"),
            closing_date: date("2026-03-02"),
            children_to_place: 0,
        };
        let closed = self
            .ask::<Institution>(officer("33"), Some(institution), close.into())
            .await;
        closed.unwrap();
    }

    pub async fn person_now(&self, person: Uuid) -> std::sync::Arc<Person> {
        self.house.commands.all().load(person).await.unwrap().unwrap().0
    }

    /// Appends an event as if it had been decided by an officer of the county at `occurred`.
    pub async fn append<E: EventFamily>(&self, stream: &str, event: impl Into<E>, occurred: Occurred) {
        let event: E = event.into();
        let stream = StreamName::parse(stream).unwrap();
        let log = &self.house.log;
        let head = log.stream_head(&stream).await.unwrap();
        let metadata = serde_json::json!({
            "occurred": occurred,
            "received_time": self.house.clock.now(),
            "actor": officer("330106"),
            "classification": "regulator",
        });
        let id = Uuid::now_v7();
        let mut payload = event.payload();
        self.house.keys.seal(id, &mut payload).await.unwrap();
        let new = NewEvent {
            id,
            event_type: event.event_type().to_owned(),
            metadata: metadata.to_string().into_bytes(),
            payload: payload.to_string().into_bytes(),
        };
        let expected = head.map_or(Expected::NoStream, Expected::At);
        log.append(&stream, expected, vec![new]).await.unwrap();
    }

    pub async fn records(&self, event_type: &str) -> Vec<Record> {
        let records = self.house.log.records().await;
        records
            .into_iter()
            .filter(|record| record.event_type == event_type)
            .collect()
    }

    pub async fn length(&self) -> usize {
        self.house.log.records().await.len()
    }

    /// Alerts of a rule as (institution, period).
    pub async fn alerts(&self, rule: &str) -> Vec<(Uuid, String)> {
        let raised = self.records("alert.AlertRaised.v1").await;
        let alerts = raised.iter().map(payload).filter(|alert| alert["rule"] == rule);
        let mut alerts: Vec<_> = alerts
            .map(|alert| {
                let institution = alert["institution"].as_str().unwrap().parse().unwrap();
                (institution, alert["period"].as_str().unwrap().to_owned())
            })
            .collect();
        alerts.sort();
        alerts
    }

    pub fn days(&self, days: i64) {
        self.house.pass(SignedDuration::from_hours(24 * days));
    }
}

pub fn certificate(number: u32, expiry: Option<&str>) -> ClaimCredential {
    ClaimCredential {
        kind: CredentialKind::ChildcareWorker,
        issuer: "浙江省人力资源和社会保障厅".to_owned(),
        number: Sensitive::new(format!("ZJ{number:08}")),
        level: None,
        issue_date: date("2025-01-10"),
        expiry_date: expiry.map(date),
        sha256: None,
    }
}
