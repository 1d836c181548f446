//! A history of the licence regime, written by hand: every event of it at least once, running, overdue, paused, extended,
//! deemed, taken back, refused, revoked and ceased; and the page over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use yujian_dashboard::Page;
use yujian_domain::envelope::{Actor, Classification, Metadata, PolicyRef, Role};
use yujian_domain::event::EventFamily as _;
use yujian_domain::institution::InstitutionEvent;
use yujian_domain::reference::Reference;
use yujian_domain::time::{Occurred, end_of, start_of};
use yujian_domain::values::CreditCode;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::MemoryKeys;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{EventLog, Expected, Head, NewEvent, StreamName};
use yujian_views::Views;

/// The day on which the pages are read: a Friday.
pub const TODAY: Date = date(2026, 6, 12);

/// The page over the history.
pub struct Licensed {
    pub router: Router,
    pub views: Views,
}

/// The `n`th institution.
pub fn institution(n: u128) -> Uuid {
    Uuid::from_u128(0x1000 + n)
}

/// A credit code that checks.
fn credit_code() -> String {
    let body = "91330100000000001";
    let check = CreditCode::check_character(body.as_bytes()).unwrap();
    format!("{body}{}", char::from(check))
}

struct Writer {
    log: Arc<MemoryLog>,
    clock: Arc<SimulatedClock>,
    heads: BTreeMap<u128, Head>,
    written: u128,
}

impl Writer {
    /// Writes an event that happened on a day; answers its revision.
    async fn event(&mut self, n: u128, day: Date, name: &str, payload: Value) -> u64 {
        let event_type = format!("licensing.{name}.v1");
        let payload = serde_json::to_vec(&payload).unwrap();
        let read = InstitutionEvent::decode(&event_type, &payload);
        assert!(matches!(read, Ok(Some(_))), "{event_type}: {read:?}");
        let now = start_of(day).checked_add(9.hours()).unwrap();
        if now > yujian_eventlog::clock::Clock::now(self.clock.as_ref()) {
            self.clock.set(now);
        }
        self.written += 1;
        let event = NewEvent {
            id: Uuid::from_u128(self.written),
            event_type,
            metadata: serde_json::to_vec(&metadata(now)).unwrap(),
            payload,
        };
        let stream = StreamName::parse(&format!("institution-{}", institution(n))).unwrap();
        let expected = self
            .heads
            .get(&n)
            .map_or(Expected::NoStream, |head| Expected::At(*head));
        let appended = self.log.append(&stream, expected, vec![event]).await.unwrap();
        let record = &appended.records[0];
        let head = Head {
            revision: record.revision,
            hash: record.hash,
        };
        self.heads.insert(n, head);
        record.revision
    }

    async fn registered(&mut self, n: u128, name: &str, region: &str) {
        let sealed = |ordinal: u32| {
            json!({"$sealed": {"key": "key-1", "nonce": "AAAAAAAAAAAAAAAA", "event": Uuid::from_u128(1), "ordinal": ordinal,
                               "data": "c2VhbGVk"}})
        };
        let payload = json!({
            "name": name, "credit_code": credit_code(), "site": "1", "address": "文三路 1 号",
            "region": {"code": region, "entered": 2020}, "institution_type": "comprehensive", "mode": "private",
            "ownership": "private", "registrar": "market_supervision", "registration_date": "2025-01-02",
            "representative": {"name": sealed(0), "phone": sealed(1)},
            "classes": [{"name": "一班", "class_type": "mixed", "places": 12}],
        });
        self.event(n, date(2026, 1, 5), "InstitutionRegistered", payload).await;
    }

    async fn start(
        &mut self,
        n: u128,
        application: Option<u32>,
        kind: &str,
        from: Date,
        due: Date,
        count: u32,
    ) -> Value {
        let payload = json!({"application": application, "kind": kind, "from_date": from, "unit": "working_days",
                             "count": count, "due": deadline(due)});
        let revision = self.event(n, from, "ClockStarted", payload).await;
        json!({"kind": kind, "revision": revision})
    }
}

fn metadata(now: Timestamp) -> Metadata {
    Metadata {
        occurred: Occurred::Instant { time: now },
        effective_from: None,
        effective_to: None,
        received_time: now,
        device: None,
        actor: Actor {
            id: "officer-7".to_owned(),
            role: Role::Officer,
            organisation: Some("health-330106".to_owned()),
            jurisdiction: Some("33".to_owned()),
        },
        on_behalf_of: None,
        request: None,
        causation: None,
        correlation: None,
        policies: vec![policy()],
        legal_basis: vec![],
        facts: vec![],
        provenance: None,
        classification: Classification::default(),
        subjects: vec![],
        simulated: false,
    }
}

fn policy() -> PolicyRef {
    PolicyRef {
        id: "cn-licence".to_owned(),
        version: 1,
        sha256: "0".repeat(64),
    }
}

fn deadline(due: Date) -> Value {
    json!({"due_date": due, "due_time": end_of(due), "provisional": false, "policy": policy()})
}

fn sealed() -> Value {
    json!({"$sealed": {"key": "key-1", "nonce": "AAAAAAAAAAAAAAAA", "event": Uuid::from_u128(1), "ordinal": 3,
                       "data": "c2VhbGVk"}})
}

fn submitted(application: u32, kind: &str) -> Value {
    json!({"application": application, "kind": kind, "makes_meals": true, "policy": policy(),
           "papers": [{"kind": "fire_safety", "issuer": "<消防>大队", "number": "消〔2026〕7", "issue_date": "2026-01-02",
                       "expiry_date": "2026-05-01", "sha256": "ab".repeat(32), "passed": true}],
           "change": {"name": "新名称"}, "waiver": {"item": "premises.highest_floor", "until_date": "2026-12-31"},
           "closing": {"closing_date": "2026-07-31", "children_to_place": 12}})
}

fn items(item: &str) -> Value {
    json!([{"item": item, "rule": "APP-06", "problem": "missing"}])
}

fn reasons() -> Value {
    json!([{"item": "papers.fire_safety", "description": "无消防合格证明"}])
}

/// From the papers to the certificate, with a return, a pause, an extension, and a second application that runs.
async fn granted(w: &mut Writer) {
    let day = |month, of| date(2026, month, of);
    w.registered(1, "云朵托育", "330106001").await;
    w.event(1, day(1, 6), "ApplicationSubmitted", submitted(1, "licence"))
        .await;
    let complete = w.start(1, Some(1), "completeness", day(1, 6), day(1, 13), 5).await;
    let payload = json!({"application": 1, "items": items("papers.fire_safety")});
    w.event(1, day(1, 8), "ApplicationReturned", payload).await;
    w.event(
        1,
        day(1, 8),
        "ClockMet",
        json!({"clock": complete, "on_date": "2026-01-08", "late": false}),
    )
    .await;
    w.event(1, day(1, 12), "ApplicationSubmitted", submitted(1, "licence"))
        .await;
    w.event(
        1,
        day(1, 13),
        "ApplicationAccepted",
        json!({"application": 1, "joint": true}),
    )
    .await;
    let clock = w.start(1, Some(1), "decision", day(1, 13), day(2, 10), 20).await;
    let check = json!({"application": 1, "source": "fire", "item": "papers.fire_safety", "number": "7", "outcome": "matches",
                       "valid_to_date": "2026-05-01", "record_date": "2026-01-14", "response_sha256": "cd".repeat(32)});
    w.event(1, day(1, 14), "RegistryChecked", check).await;
    let payload = json!({"application": 1, "questions": [{"item": "papers.fire_safety", "question": sealed()}]});
    w.event(1, day(1, 15), "InformationRequested", payload).await;
    let payload = json!({"clock": clock, "reason": "information_awaited", "from_date": "2026-01-16"});
    w.event(1, day(1, 15), "ClockPaused", payload).await;
    w.event(1, day(1, 20), "InformationProvided", json!({"application": 1}))
        .await;
    let payload = json!({"clock": clock, "on_date": "2026-01-21", "due": deadline(day(2, 13))});
    w.event(1, day(1, 20), "ClockResumed", payload).await;
    let payload = json!({"clock": clock, "due": deadline(day(2, 13)), "holidays_sha256": "0".repeat(64)});
    w.event(1, day(1, 21), "ClockRecomputed", payload).await;
    let payload = json!({"clock": clock, "reason": "complex_matter", "count": 10, "approver": "head-1",
                         "approver_office": "head_of_authority", "told_date": "2026-02-03", "due": deadline(day(3, 6))});
    w.event(1, day(2, 3), "ClockExtended", payload).await;
    let payload = json!({"application": 1, "visit_date": "2026-02-04", "outcome": "falls_short",
        "verifiers": [{"account": "inspector-1", "certificate": "3301"}, {"account": "inspector-2", "certificate": "3302"}],
        "items": items("premises.lowest_floor")});
    w.event(1, day(2, 4), "SiteVerified", payload).await;
    let terms = json!({"item": "papers.fire_safety", "text": "补办<b>消防</b>", "due_date": "2026-06-30"});
    let proposed = json!({"application": 1, "outcome": "grant", "conditions": [terms], "reasons": reasons()});
    w.event(1, day(2, 5), "DecisionProposed", proposed.clone()).await;
    w.event(
        1,
        day(2, 6),
        "ProposalReturned",
        json!({"application": 1, "reason": sealed()}),
    )
    .await;
    w.event(1, day(2, 9), "DecisionProposed", proposed).await;
    let payload = json!({"application": 1, "decision_date": "2026-02-10", "late": false});
    w.event(1, day(2, 10), "ApplicationGranted", payload).await;
    w.event(
        1,
        day(2, 10),
        "ClockMet",
        json!({"clock": clock, "on_date": "2026-02-10", "late": false}),
    )
    .await;
    let payload = json!({"application": 1, "number": "浙托许〔2026〕1", "valid_from_date": "2026-02-10",
                         "valid_to_date": "2029-02-09"});
    w.event(1, day(2, 10), "LicenceGranted", payload).await;
    let payload = json!({"application": 1, "issue_date": "2026-02-12", "late": false});
    w.event(1, day(2, 12), "CertificateIssued", payload).await;
    for (condition, due) in [(1, "2026-06-30"), (2, "2026-04-01"), (3, "2026-05-01")] {
        let terms = json!({"item": "papers.fire_safety", "text": "补办消防手续", "due_date": due});
        let payload = json!({"condition": condition, "terms": terms, "application": 1});
        w.event(1, day(2, 12), "ConditionImposed", payload).await;
    }
    w.start(1, None, "condition", day(2, 12), day(6, 30), 0).await;
    let payload = json!({"condition": 2, "on_date": "2026-04-03", "late": true, "statement": sealed()});
    w.event(1, day(4, 3), "ConditionMet", payload).await;
    w.event(
        1,
        day(4, 4),
        "ConditionLifted",
        json!({"condition": 3, "reason": sealed()}),
    )
    .await;
    w.event(1, day(6, 1), "ApplicationSubmitted", submitted(2, "waiver"))
        .await;
    w.event(
        1,
        day(6, 2),
        "ApplicationAccepted",
        json!({"application": 2, "joint": false}),
    )
    .await;
    let clock = w.start(1, Some(2), "decision", day(6, 2), day(7, 1), 20).await;
    let payload = json!({"clock": clock, "reason": "expert_review", "from_date": "2026-06-08"});
    w.event(1, day(6, 5), "ClockPaused", payload).await;
}

/// Deemed accepted, and then nothing: overdue.
async fn overdue(w: &mut Writer) {
    let day = |month, of| date(2026, month, of);
    w.registered(2, "彩虹<i>桥</i>", "330203001").await;
    w.event(2, day(5, 6), "ApplicationSubmitted", submitted(1, "change"))
        .await;
    let clock = w.start(2, Some(1), "completeness", day(5, 6), day(5, 13), 5).await;
    w.event(
        2,
        day(5, 14),
        "ClockExpired",
        json!({"clock": clock, "due_date": "2026-05-13"}),
    )
    .await;
    let payload = json!({"application": 1, "outcome": "accepted", "clock": clock, "effective_date": "2026-05-06"});
    w.event(2, day(5, 14), "DeemedOutcomeApplied", payload).await;
    w.start(2, Some(1), "decision", day(5, 6), day(6, 3), 20).await;
    w.event(2, day(6, 9), "ApplicationSubmitted", submitted(2, "waiver"))
        .await;
    w.start(2, Some(2), "completeness", day(6, 9), day(6, 16), 5).await;
    w.event(2, day(6, 10), "ApplicationSubmitted", submitted(3, "closing"))
        .await;
    let payload = json!({"application": 3, "items": items("papers.hygiene_evaluation")});
    w.event(2, day(6, 10), "ApplicationReturned", payload).await;
}

/// What ends: refused, withdrawn, lapsed, dismissed; revoked, ceased; deemed and taken back.
async fn ended(w: &mut Writer) {
    let day = |month, of| date(2026, month, of);
    w.registered(3, "阳光托育", "330106002").await;
    for (application, kind) in [
        (1, "licence"),
        (2, "change"),
        (3, "waiver"),
        (4, "transfer"),
        (5, "renewal"),
    ] {
        w.event(3, day(2, 2), "ApplicationSubmitted", submitted(application, kind))
            .await;
    }
    w.event(
        3,
        day(2, 3),
        "RefusalIntended",
        json!({"application": 1, "reasons": reasons()}),
    )
    .await;
    let payload = json!({"application": 1, "grounds": sealed(), "hearing": true});
    w.event(3, day(2, 4), "ObjectionLodged", payload).await;
    let payload = json!({"application": 1, "upheld": false, "hearing_date": "2026-02-20", "statement": sealed()});
    w.event(3, day(2, 21), "ObjectionDecided", payload).await;
    let payload = json!({"application": 1, "decision_date": "2026-02-22", "reasons": reasons(), "late": true,
                         "review_until_date": "2026-04-23", "suit_until_date": "2026-08-22",
                         "barred_until_date": "2027-02-22"});
    w.event(3, day(2, 22), "ApplicationRefused", payload).await;
    w.event(
        3,
        day(2, 23),
        "ApplicationWithdrawn",
        json!({"application": 2, "reason": sealed()}),
    )
    .await;
    let clock = w.start(3, Some(3), "correction_reply", day(2, 3), day(2, 24), 15).await;
    w.event(
        3,
        day(2, 25),
        "ClockExpired",
        json!({"clock": clock, "due_date": "2026-02-24"}),
    )
    .await;
    w.event(
        3,
        day(2, 25),
        "ApplicationLapsed",
        json!({"application": 3, "clock": clock}),
    )
    .await;
    let payload =
        json!({"application": 4, "ground": "out_of_jurisdiction", "competent_authority": "杭州市卫生健康委员会"});
    w.event(3, day(2, 26), "ApplicationDismissed", payload).await;
    let clock = w.start(3, Some(4), "hearing", day(2, 26), day(3, 26), 20).await;
    w.event(
        3,
        day(2, 26),
        "ClockCancelled",
        json!({"clock": clock, "on_date": "2026-02-26"}),
    )
    .await;
    let payload = json!({"application": 6, "number": "浙托许〔2025〕9", "valid_from_date": "2025-03-01",
                         "valid_to_date": "2026-02-28"});
    w.event(3, day(2, 27), "LicenceGranted", payload).await;
    let clock = w.start(3, Some(5), "renewal", day(2, 2), day(2, 28), 0).await;
    let payload = json!({"application": 5, "outcome": "renewed", "clock": clock, "effective_date": "2026-03-01"});
    w.event(3, day(3, 1), "DeemedOutcomeApplied", payload).await;
    let payload = json!({"application": 5, "valid_from_date": "2026-03-01", "valid_to_date": "2029-02-28"});
    w.event(3, day(3, 1), "LicenceRenewed", payload.clone()).await;
    let taken = json!({"application": 5, "outcome": "renewed", "revision": 20, "act_date": "2026-02-27"});
    w.event(3, day(3, 2), "DeemedOutcomeReversed", taken).await;
    let decided = json!({"application": 5, "decision_date": "2026-02-27", "late": false});
    w.event(3, day(3, 3), "ApplicationGranted", decided).await;
    let met = json!({"clock": clock, "on_date": "2026-02-27", "late": false});
    w.event(3, day(3, 3), "ClockMet", met).await;
    w.event(3, day(3, 3), "LicenceRenewed", payload).await;
    w.event(
        3,
        day(3, 4),
        "MadeProvisional",
        json!({"until_date": "2026-06-01", "reasons": reasons()}),
    )
    .await;
    w.event(3, day(3, 5), "StandingRestored", json!({"statement": sealed()}))
        .await;
    let payload = json!({"application": 7, "item": "premises.highest_floor", "from_date": "2026-03-05",
                         "until_date": "2026-12-31"});
    w.event(3, day(3, 5), "WaiverGranted", payload).await;
    let payload = json!({"application": 8, "from_credit_code": credit_code(), "credit_code": credit_code(),
                         "representative": {"name": sealed(), "phone": sealed()}, "effective_date": "2026-03-10"});
    w.event(3, day(3, 10), "AuthorizationTransferred", payload).await;
    let payload = json!({"ground": "breach", "reasons": reasons(), "effective_date": "2026-05-04", "approver": "officer-8",
                         "review_until_date": "2026-07-03", "suit_until_date": "2026-11-04"});
    w.event(3, day(5, 4), "AuthorizationRevoked", payload).await;
    let payload = json!({"cause": "revocation", "children_to_place": 12, "enrolment_frozen_date": "2026-05-04"});
    w.event(3, day(5, 4), "CessationOpened", payload).await;
    w.start(3, None, "cessation", day(5, 4), day(6, 15), 30).await;
    w.event(
        3,
        day(5, 11),
        "PlacementRecorded",
        json!({"children": 5, "on_date": "2026-05-11"}),
    )
    .await;
    w.registered(4, "小星星托育", "330106002").await;
    let payload = json!({"kind": "receipt", "valid_to_date": "2026-03-31"});
    w.event(4, day(4, 1), "AuthorizationExpired", payload).await;
    w.event(4, day(4, 2), "CessationClosed", json!({"on_date": "2026-04-02"}))
        .await;
    w.event(
        4,
        day(4, 3),
        "RegimeChanged",
        json!({"from": "filing", "to": "licence", "application": 1}),
    )
    .await;
}

/// The history and the page over it.
pub async fn licensed() -> Licensed {
    let clock = Arc::new(SimulatedClock::new(start_of(date(2026, 1, 5))));
    let log = MemoryLog::new(clock.clone());
    let mut writer = Writer {
        log: log.clone(),
        clock: clock.clone(),
        heads: BTreeMap::new(),
        written: 0,
    };
    granted(&mut writer).await;
    overdue(&mut writer).await;
    ended(&mut writer).await;
    clock.set(start_of(TODAY).checked_add(10.hours()).unwrap());
    let reference = Arc::new(Reference::shipped());
    let views = Views::open(None, log, reference.divisions.clone(), |_| {})
        .await
        .unwrap();
    let keys = Arc::new(MemoryKeys::new(Arc::new(Entropy::seeded(1))));
    let page = Page::new(
        views.clone(),
        keys,
        clock,
        Arc::new(move || Arc::clone(&reference)),
        CancellationToken::new(),
        false,
    );
    Licensed {
        router: page.router(),
        views,
    }
}
