//! A floor with a clock that tests move and a log that fails where they say.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;
use yujian_command::{CommandError, Commands, Outcome, Request};
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{
    ChangeDetails, Class, Institution, InstitutionCommand, InstitutionType, Mode, Ownership, RecordImportedInstitution,
    RegisterInstitution, Registrar, RepresentativeInput,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::values::{ClassType, CreditCode, ExternalId, Places};
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::MemoryKeys;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{
    Appended, Damage, Direction, EventLog, Expected, Head, Item, LogError, LogPage, LogPosition, NewEvent, Record,
    StreamName,
};

pub type Outcomes = Result<Outcome<Institution>, CommandError>;

/// A log in memory that fails on demand.
pub struct FaultyLog {
    inner: Arc<MemoryLog>,
    fail_next: Mutex<Option<&'static str>>,
    appends_left: Mutex<Option<usize>>,
    damaged: Mutex<Option<(StreamName, u64)>>,
}

/// What reads see in place of a record.
fn shown(damage: Option<Damage>, record: Record) -> Item {
    damage.map_or(Item::Record(record), Item::Damaged)
}

impl FaultyLog {
    /// The next append to a stream of this category fails, as if the process had died before it.
    pub fn fail_next(&self, category: &'static str) {
        *self.fail_next.lock().unwrap() = Some(category);
    }

    /// After so many more appends the next one fails, as if the process had died before it.
    pub fn fail_after(&self, appends: usize) {
        *self.appends_left.lock().unwrap() = Some(appends);
    }

    /// Whether this append is the one that fails.
    fn dies(&self, stream: &StreamName) -> bool {
        let mut left = self.appends_left.lock().unwrap();
        let counted_down = left.take_if(|left| *left == 0).is_some();
        if let Some(left) = left.as_mut() {
            *left -= 1;
        }
        let mut fail_next = self.fail_next.lock().unwrap();
        counted_down || fail_next.take_if(|category| stream.category() == *category).is_some()
    }

    /// From now on this record does not read.
    pub fn damage(&self, stream: &str, revision: u64) {
        *self.damaged.lock().unwrap() = Some((StreamName::parse(stream).unwrap(), revision));
    }

    /// Every record, in order.
    pub async fn records(&self) -> Vec<Record> {
        let page = self.inner.read_all(self.inner.origin(), usize::MAX).await.unwrap();
        let record = |item| match item {
            Item::Record(record) => record,
            Item::Damaged(damage) => panic!("{damage:?}"),
        };
        page.items.into_iter().map(record).collect()
    }

    /// Types of the events in streams whose name begins so.
    pub async fn types(&self, prefix: &str) -> Vec<String> {
        let records = self.records().await;
        let ours = records
            .into_iter()
            .filter(|record| record.stream.as_str().starts_with(prefix));
        ours.map(|record| record.event_type).collect()
    }

    fn damage_of(&self, stream: &StreamName, revision: u64) -> Option<Damage> {
        let damaged = self.damaged.lock().unwrap();
        damaged
            .as_ref()
            .filter(|damaged| (&damaged.0, damaged.1) == (stream, revision))
            .map(|_| Damage {
                position: LogPosition {
                    epoch: 1,
                    number: revision + 1,
                },
                stream: Some(stream.clone()),
                revision: Some(revision),
                problem: "hash does not fit".to_owned(),
            })
    }
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, LogError> {
        if self.dies(stream) {
            return Err(LogError::Unavailable("the process died here".to_owned()));
        }
        self.inner.append(stream, expected, events).await
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
        let items = self.inner.read_stream(stream, direction, from, limit).await?;
        let items = items.into_iter().map(|item| match item {
            Item::Record(record) => shown(self.damage_of(stream, record.revision), record),
            damaged @ Item::Damaged(_) => damaged,
        });
        Ok(items.collect())
    }

    async fn read_all(&self, after: LogPosition, limit: usize) -> Result<LogPage, LogError> {
        let mut page = self.inner.read_all(after, limit).await?;
        let items = page.items.into_iter().map(|item| match item {
            Item::Record(record) => {
                let damage = self.damage_of(&record.stream, record.revision);
                let damage = damage.map(|damage| Damage {
                    position: record.position,
                    ..damage
                });
                shown(damage, record)
            }
            damaged @ Item::Damaged(_) => damaged,
        });
        page.items = items.collect();
        Ok(page)
    }

    async fn stream_head(&self, stream: &StreamName) -> Result<Option<Head>, LogError> {
        let head = self.inner.stream_head(stream).await?;
        match head.and_then(|head| self.damage_of(stream, head.revision)) {
            Some(damage) => Err(LogError::Damaged(Box::new(damage))),
            None => Ok(head),
        }
    }

    async fn item_at(&self, position: LogPosition) -> Result<Option<Item>, LogError> {
        self.inner.item_at(position).await
    }

    async fn streams(&self, category: &str) -> Result<Vec<StreamName>, LogError> {
        self.inner.streams(category).await
    }

    fn check_writable(&self) -> Result<(), LogError> {
        self.inner.check_writable()
    }

    fn head(&self) -> watch::Receiver<LogPosition> {
        self.inner.head()
    }

    async fn position_at(&self, instant: Timestamp) -> Result<LogPosition, LogError> {
        self.inner.position_at(instant).await
    }
}

/// The command floor, for institutions.
#[derive(Clone)]
pub struct Floor(pub Commands);

impl Floor {
    /// The floor itself, for every aggregate.
    pub fn all(&self) -> &Commands {
        &self.0
    }

    pub async fn execute(&self, request: Request<InstitutionCommand>) -> Outcomes {
        self.0.execute::<Institution>(request).await
    }
}

/// Everything under one floor.
pub struct House {
    pub clock: Arc<SimulatedClock>,
    pub log: Arc<FaultyLog>,
    pub keys: Arc<MemoryKeys>,
    entropy: Arc<Entropy>,
    pub commands: Floor,
}

impl House {
    pub async fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new("2026-03-02T02:00:00Z".parse().unwrap()));
        let entropy = Arc::new(Entropy::seeded(7));
        let keys = Arc::new(MemoryKeys::new(entropy.clone()));
        let log = Arc::new(FaultyLog {
            inner: MemoryLog::new(clock.clone()),
            fail_next: Mutex::default(),
            appends_left: Mutex::default(),
            damaged: Mutex::default(),
        });
        let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy.clone(), false)
            .await
            .unwrap();
        Self {
            clock,
            log,
            keys,
            entropy,
            commands: Floor(commands),
        }
    }

    /// A house over a copy of this log that lacks the streams in which `left_out` is told of: the log of a program that did
    /// not ship it.
    pub async fn copied_without(&self, left_out: &str) -> Self {
        let records = self.log.records().await;
        let told = |record: &&Record| String::from_utf8_lossy(&record.payload).contains(left_out);
        let streams: Vec<StreamName> = records.iter().filter(told).map(|r| r.stream.clone()).collect();
        let kept = records.into_iter().filter(|record| !streams.contains(&record.stream));
        let inner = MemoryLog::new(self.clock.clone());
        inner.append_sealed(kept.collect()).await.unwrap();
        let log = Arc::new(FaultyLog {
            inner,
            fail_next: Mutex::default(),
            appends_left: Mutex::default(),
            damaged: Mutex::default(),
        });
        let (clock, keys, entropy) = (self.clock.clone(), self.keys.clone(), self.entropy.clone());
        let commands = Commands::open(log.clone(), keys.clone(), clock.clone(), entropy.clone(), false)
            .await
            .unwrap();
        Self {
            clock,
            log,
            keys,
            entropy,
            commands: Floor(commands),
        }
    }

    /// Another floor over the same log, with nothing in its cache: a second node, or this one after a restart.
    pub async fn another_floor(&self) -> Floor {
        Floor(self.start().await.unwrap())
    }

    /// A start over the same log, which may be refused.
    pub async fn start(&self) -> Result<Commands, CommandError> {
        let (log, keys, clock) = (self.log.clone(), self.keys.clone(), self.clock.clone());
        Commands::open(log, keys, clock, self.entropy.clone(), false).await
    }

    pub fn pass(&self, time: SignedDuration) {
        use yujian_eventlog::clock::Clock;
        self.clock.set(self.clock.now().checked_add(time).unwrap());
    }

    pub async fn execute(&self, request: Request<InstitutionCommand>) -> Outcomes {
        self.commands.execute(request).await
    }

    /// Registers institution `number`; answers its id.
    pub async fn registered(&self, number: u32) -> Uuid {
        self.execute(register(number, Uuid::from_u128(u128::from(number))))
            .await
            .unwrap()
            .id
    }
}

/// The refusal of an outcome.
pub fn refusal(outcome: Outcomes) -> Rejection {
    match outcome {
        Err(CommandError::Rejected(rejection)) => *rejection,
        other => panic!("not refused: {other:?}"),
    }
}

/// Its reason.
pub fn reason(outcome: Outcomes) -> Reason {
    refusal(outcome).reason
}

/// A valid credit code for a number.
pub fn credit_code(number: u32) -> CreditCode {
    let body = format!("91330106{number:09}");
    let check = CreditCode::check_character(body.as_bytes()).unwrap();
    CreditCode::parse(&format!("{body}{}", char::from(check))).unwrap()
}

/// Who runs institution `number`.
pub fn operator(number: u32) -> Actor {
    Actor {
        id: format!("operator-{number}"),
        role: Role::Operator,
        organisation: Some(credit_code(number).to_string()),
        jurisdiction: None,
    }
}

/// An officer of a division.
pub fn officer(jurisdiction: &str) -> Actor {
    Actor {
        id: format!("officer-{jurisdiction}"),
        role: Role::Officer,
        organisation: Some(format!("health-{jurisdiction}")),
        jurisdiction: Some(jurisdiction.to_owned()),
    }
}

/// Registers institution `number` at its one site, asked by its operator.
pub fn register(number: u32, request: Uuid) -> Request<InstitutionCommand> {
    let command = RegisterInstitution {
        name: format!("西湖测试托育园{number}"),
        credit_code: credit_code(number),
        site: "总部".to_owned(),
        address: "浙江省杭州市西湖区文三路1号".to_owned(),
        region: Divisions::shipped().get("330106").unwrap().id.clone(),
        point: None,
        institution_type: InstitutionType::Comprehensive,
        also_types: Vec::new(),
        mode: Mode::Private,
        ownership: Ownership::Private,
        registrar: Registrar::MarketSupervision,
        registration_date: "2026-01-05".parse().unwrap(),
        representative: RepresentativeInput {
            name: Sensitive::new("诸葛明远"),
            identity: None,
            phone: Sensitive::new("13812345678"),
        },
        classes: vec![Class {
            name: "托大一班".to_owned(),
            class_type: ClassType::OlderToddler,
            places: Places::new(20).unwrap(),
        }],
    };
    Request::new(operator(number), request, "test/Register", None, command.into())
}

/// A row of a foreign register about an institution of its own.
pub fn row(register: &str, number: &str) -> Request<InstitutionCommand> {
    let command = RecordImportedInstitution {
        external: ExternalId {
            register: register.to_owned(),
            number: number.to_owned(),
        },
        name: format!("{register} {number}"),
        address: None,
        region: Divisions::shipped().get("330106").unwrap().id.clone(),
        credit_code: None,
        institution_type: InstitutionType::Unknown,
        register_type: None,
        register_status: None,
        mode: Mode::Unknown,
        ownership: Ownership::Unknown,
        classes: Vec::new(),
        valid_from_date: None,
        edition_date: None,
    };
    let importer = Actor {
        id: "import".to_owned(),
        role: Role::Administrator,
        organisation: None,
        jurisdiction: None,
    };
    let request = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{register}|{number}").as_bytes());
    Request::new(importer, request, "test/Import", None, command.into())
}

/// Gives the institution another address, asked by its operator.
pub fn change(number: u32, target: Uuid, request: Uuid, address: &str) -> Request<InstitutionCommand> {
    let command = ChangeDetails {
        address: Some(address.to_owned()),
        ..ChangeDetails::default()
    };
    Request::new(
        operator(number),
        request,
        "test/ChangeDetails",
        Some(target),
        command.into(),
    )
}
