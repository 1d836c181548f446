//! A log under the test's control, hand-made events, and a reference model that folds them with the domain alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use tokio::sync::watch;
use uuid::Uuid;
use yujian_domain::clock::{ClockRef, ClockStarted};
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{Actor, Classification, Metadata, PolicyRef, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::incident::{self, Category, Child, IncidentEvent, Injury, Severity};
use yujian_domain::institution::{
    self, Class, Deadline, InstitutionEvent, InstitutionType, Mode, Ownership, Registrar, Representative,
};
use yujian_domain::personal::{Personal, Sealed};
use yujian_domain::time::{Occurred, end_of, start_of};
use yujian_domain::values::{ClassType, CreditCode, Datum, ExternalId, Places, Point, RegionId};
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{
    Appended, Damage, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record,
    StreamName,
};
use yujian_views::{Rebuild, ViewError, Views};

/// Divisions in which test institutions lie: townships, counties, a municipality, foreign trees, and codes that are
/// prefixes of each other as texts without lying in each other.
pub const REGIONS: &[&str] = &[
    "330106001",
    "330106002",
    "330106",
    "330203001",
    "3301",
    "110101001",
    "US-48/HARRIS",
    "US-48/HARRISON",
    "US-4",
];
/// Names, hostile ones among them.
pub const NAMES: &[&str] = &[
    "云朵托育",
    "Little Stars",
    "100%_star'\"",
    "阳光\\托育",
    "彩虹桥",
    "little bear",
    "\u{202e}evil",
];

/// Day zero of every history.
pub fn day(offset: i64) -> Date {
    Date::constant(2025, 3, 1).checked_add(offset.days()).unwrap()
}

/// The id of the `n`th institution.
pub fn institution(n: u8) -> Uuid {
    Uuid::from_u128(0x1000 + u128::from(n))
}

/// The id of the `n`th incident.
pub fn incident(n: u8) -> Uuid {
    Uuid::from_u128(0x2000 + u128::from(n))
}

/// A credit code that checks, by number.
pub fn credit_code(n: u8) -> CreditCode {
    let body = format!("9133010000000{n:04}");
    let check = CreditCode::check_character(body.as_bytes()).unwrap();
    CreditCode::parse(&format!("{body}{}", char::from(check))).unwrap()
}

/// A region by index.
pub fn region(n: u8) -> RegionId {
    RegionId::parse(REGIONS[usize::from(n) % REGIONS.len()], 2020).unwrap()
}

/// A log whose end the test moves and in which it damages records.
pub struct Window {
    inner: Arc<MemoryLog>,
    head: watch::Sender<LogPosition>,
    damaged: Mutex<BTreeMap<u64, Damage>>,
}

impl Window {
    pub fn new(inner: Arc<MemoryLog>) -> Arc<Self> {
        let origin = inner.origin();
        Arc::new(Self {
            inner,
            head: watch::Sender::new(origin),
            damaged: Mutex::default(),
        })
    }

    pub fn at(inner: &Arc<MemoryLog>, number: u64) -> Arc<Self> {
        let window = Self::new(Arc::clone(inner));
        window.show(number);
        window
    }

    pub fn show(&self, number: u64) -> LogPosition {
        let position = LogPosition { epoch: 1, number };
        self.head.send_replace(position);
        position
    }

    pub fn repair(&self) {
        self.damaged.lock().unwrap().clear();
    }

    pub fn damage(&self, number: u64, stream: Option<&str>, revision: Option<u64>) {
        let damage = Damage {
            position: LogPosition { epoch: 1, number },
            stream: stream.map(|name| StreamName::parse(name).unwrap()),
            revision,
            problem: "hash does not fit".to_owned(),
        };
        self.damaged.lock().unwrap().insert(number, damage);
    }
}

#[async_trait]
impl EventLog for Window {
    async fn append(&self, _: &StreamName, _: Expected, _: Vec<NewEvent>) -> Result<Appended, LogError> {
        Err(LogError::ReadOnly("a window".to_owned()))
    }
    async fn append_sealed(&self, _: Vec<Record>) -> Result<LogPosition, LogError> {
        Err(LogError::ReadOnly("a window".to_owned()))
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
        let head = *self.head.borrow();
        let mut page = self.inner.read_all(after, limit).await?;
        page.items.retain(|item| item.position() <= head);
        page.next = page.items.last().map_or(after, Item::position);
        page.caught_up = page.next >= head;
        let damaged = self.damaged.lock().unwrap();
        for item in &mut page.items {
            if let Some(damage) = damaged.get(&item.position().number) {
                *item = Item::Damaged(damage.clone());
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
        self.head.subscribe()
    }
    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.inner.position_at(instant).await
    }
}

/// A log that is being written, with the reference model beside it.
pub struct World {
    pub log: Arc<MemoryLog>,
    clock: Arc<SimulatedClock>,
    heads: BTreeMap<String, Head>,
    ids: u128,
    pub written: u64,
    /// Clocks started so far, by number of the institution.
    pub clocks: Vec<(u8, ClockRef)>,
    /// Applications of the licence regime handed in so far, by number of the institution.
    pub applied: BTreeSet<(u8, u32)>,
}

impl World {
    pub fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new(start_of(day(0))));
        Self {
            log: MemoryLog::new(clock.clone()),
            clock,
            heads: BTreeMap::new(),
            ids: 0,
            written: 0,
            clocks: Vec::new(),
            applied: BTreeSet::new(),
        }
    }

    /// Appends raw bytes as one event.
    pub async fn raw(&mut self, stream: &str, event_type: &str, metadata: Vec<u8>, payload: Vec<u8>) {
        let expected = self
            .heads
            .get(stream)
            .map_or(Expected::NoStream, |head| Expected::At(*head));
        let id = self.next_id();
        let event = NewEvent {
            id,
            event_type: event_type.to_owned(),
            metadata,
            payload,
        };
        let appended = self
            .log
            .append(&StreamName::parse(stream).unwrap(), expected, vec![event])
            .await
            .unwrap();
        let record = &appended.records[0];
        self.heads.insert(
            stream.to_owned(),
            Head {
                revision: record.revision,
                hash: record.hash,
            },
        );
        self.written += 1;
    }

    pub fn next_id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Appends an event that happens and is recorded on the day `at`, in effect from the day `effective`.
    pub async fn event<E: EventFamily>(&mut self, stream: &str, event: &E, at: i64, effective: Option<i64>) {
        self.event_for(stream, event, at, effective, Classification::default())
            .await;
    }

    /// The same, for those who may see it.
    pub async fn event_for<E: EventFamily>(
        &mut self,
        stream: &str,
        event: &E,
        at: i64,
        effective: Option<i64>,
        classification: Classification,
    ) {
        let now = start_of(day(at)).checked_add(9.hours()).unwrap();
        if now > yujian_eventlog::clock::Clock::now(self.clock.as_ref()) {
            self.clock.set(now);
        }
        let metadata = Metadata {
            classification,
            ..metadata(now, effective)
        };
        let metadata = serde_json::to_vec(&metadata).unwrap();
        let payload = serde_json::to_vec(&event.payload()).unwrap();
        self.raw(stream, event.event_type(), metadata, payload).await;
    }

    pub async fn of_institution(&mut self, n: u8, event: impl Into<InstitutionEvent>, at: i64, effective: Option<i64>) {
        self.event(&format!("institution-{}", institution(n)), &event.into(), at, effective)
            .await;
    }

    /// Starts a clock and answers its name.
    pub async fn start_clock(&mut self, n: u8, event: ClockStarted, at: i64) -> ClockRef {
        let kind = event.kind;
        self.of_institution(n, event, at, None).await;
        let revision = self.heads[&format!("institution-{}", institution(n))].revision;
        let clock = ClockRef { kind, revision };
        self.clocks.push((n, clock));
        clock
    }

    pub async fn of_incident(&mut self, n: u8, event: impl Into<IncidentEvent>, at: i64) {
        self.event(&format!("incident-{}", incident(n)), &event.into(), at, None)
            .await;
    }

    /// Whether a stream has an event.
    pub fn begun(&self, stream: &str) -> bool {
        self.heads.contains_key(stream)
    }

    /// Views over the whole log.
    pub async fn views(&self) -> Views {
        open(self.log.clone()).await
    }
}

/// Views over a log, in memory.
pub async fn open(log: Arc<dyn EventLog>) -> Views {
    Views::open(None, log, Divisions::shipped().clone(), |_: Rebuild| {})
        .await
        .unwrap()
}

/// Waits until followed views have reached a position.
pub async fn reached(views: &Views, position: LogPosition) -> Result<(), ViewError> {
    views.wait_for(position, Duration::from_secs(120)).await
}

pub fn metadata(now: Timestamp, effective: Option<i64>) -> Metadata {
    Metadata {
        occurred: Occurred::Instant { time: now },
        effective_from: effective.map(|offset| start_of(day(offset))),
        effective_to: None,
        received_time: now,
        device: None,
        actor: Actor {
            id: "officer-7".to_owned(),
            role: Role::Officer,
            organisation: Some("卫生健康局".to_owned()),
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
        classification: Default::default(),
        subjects: vec![],
        simulated: false,
    }
}

fn policy() -> PolicyRef {
    PolicyRef {
        id: "cn-admission".to_owned(),
        version: 1,
        sha256: "0".repeat(64),
    }
}

pub fn deadline(offset: i64) -> Deadline {
    Deadline {
        due_date: day(offset),
        due_time: end_of(day(offset)),
        provisional: offset % 2 == 0,
        policy: policy(),
    }
}

pub fn sealed(n: u128) -> Personal {
    Personal::Sealed(Sealed {
        key: format!("key-{n}"),
        nonce: "AAAAAAAAAAAAAAAA".to_owned(),
        event: Uuid::from_u128(n),
        ordinal: 0,
        data: "c2VhbGVk".to_owned(),
    })
}

pub fn classes(places: u8) -> Vec<Class> {
    (0..=places % 3)
        .map(|n| Class {
            name: format!("{n}班"),
            class_type: ClassType::Mixed,
            places: Places::new(u32::from(places) + 1).unwrap(),
        })
        .collect()
}

pub fn registered(n: u8, name: &str, region_index: u8, places: u8) -> institution::InstitutionRegistered {
    institution::InstitutionRegistered {
        name: name.to_owned(),
        credit_code: credit_code(n % 4),
        site: format!("site {n}"),
        address: "文三路 1 号".to_owned(),
        region: region(region_index),
        point: Some(Point::new(1_201_234_567, 302_345_678, Datum::Gcj02).unwrap()),
        institution_type: InstitutionType::ALL[usize::from(n) % 3],
        also_types: Vec::new(),
        mode: Mode::Private,
        ownership: Ownership::Private,
        registrar: Registrar::MarketSupervision,
        registration_date: day(-30),
        representative: Representative {
            name: sealed(1),
            phone: sealed(2),
            identity: None,
            identity_digest: None,
        },
        classes: classes(places),
    }
}

pub fn imported(n: u8, name: &str, region_index: u8) -> institution::RecordImported {
    institution::RecordImported {
        external: ExternalId {
            register: "texas".to_owned(),
            number: format!("T-{n}"),
        },
        name: name.to_owned(),
        address: None,
        region: region(region_index),
        credit_code: None,
        institution_type: InstitutionType::Unknown,
        register_type: None,
        register_status: None,
        mode: Mode::Unknown,
        ownership: Ownership::Unknown,
        classes: vec![],
        valid_from_date: None,
        edition_date: None,
        changed: Vec::new(),
    }
}

pub fn notified(institution: Uuid, category: Category, aware: i64, late: bool) -> incident::IncidentNotified {
    incident::IncidentNotified {
        institution,
        category,
        awareness_time: start_of(day(aware)),
        occurred: Occurred::Day { date: day(aware) },
        place: "playground".to_owned(),
        children: vec![child(1, Severity::Minor), child(2, Severity::None)],
        children_present: 12,
        staff_present: 3,
        emergency_services: false,
        video_preserved: true,
        narrative: sealed(3),
        first_actions: None,
        reporter: None,
        notification_due: deadline(aware),
        late,
        guardians_due: true,
    }
}

pub fn child(number: u32, severity: Severity) -> Child {
    Child {
        number,
        name: None,
        age_months: None,
        injury: Injury::Fall,
        severity,
        treatment: None,
    }
}

/// An event that changes no column but the revision.
pub fn harmless() -> institution::FilingSubmitted {
    institution::FilingSubmitted {
        application: 1,
        papers: vec![],
        makes_meals: false,
        premises: None,
    }
}
