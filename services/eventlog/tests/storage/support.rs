//! What the tests of the log share: engines on a clock of their own, and small events.

use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};
use yujian_eventlog::{EventLog, Item, NewEvent, StreamName};

/// Runs each case over each engine.
macro_rules! over_every_engine {
    ($($case:ident),* $(,)?) => {
        mod memory { $( #[tokio::test] async fn $case() { super::$case(crate::support::Rig::memory()).await; } )* }
        mod sqlite { $( #[tokio::test] async fn $case() { super::$case(crate::support::Rig::sqlite()).await; } )* }
    };
}

pub(crate) use over_every_engine;

/// A clock that moves only when told, and whose two hands can be moved apart.
pub struct TestClock {
    hands: Mutex<(Timestamp, i128)>,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            hands: Mutex::new(("2026-03-01T00:00:00Z".parse().unwrap(), 0)),
        })
    }

    /// Moves both hands.
    pub fn advance(&self, by: SignedDuration) {
        let mut hands = self.hands.lock().unwrap();
        *hands = (hands.0 + by, hands.1 + by.as_nanos());
    }

    /// Moves the wall clock alone.
    pub fn drift(&self, by: SignedDuration) {
        self.hands.lock().unwrap().0 += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.hands.lock().unwrap().0
    }

    fn monotonic_nanos(&self) -> i128 {
        self.hands.lock().unwrap().1
    }
}

/// An engine with its clock and, for the embedded one, its directory.
pub struct Rig {
    pub log: Arc<dyn EventLog>,
    pub clock: Arc<TestClock>,
    directory: Option<tempfile::TempDir>,
}

impl Rig {
    pub fn memory() -> Self {
        let clock = TestClock::new();
        Self {
            log: MemoryLog::new(clock.clone()),
            clock,
            directory: None,
        }
    }

    pub fn sqlite() -> Self {
        let clock = TestClock::new();
        let directory = tempfile::tempdir().unwrap();
        Self {
            log: open(directory.path(), &clock),
            clock,
            directory: Some(directory),
        }
    }

    /// Closes and opens the embedded log; the memory log stays, since it would forget.
    pub fn reopen(&mut self) {
        if let Some(directory) = &self.directory {
            self.log = MemoryLog::new(self.clock.clone());
            self.log = open(directory.path(), &self.clock);
        }
    }
}

pub fn open(directory: &Path, clock: &Arc<TestClock>) -> Arc<SqliteLog> {
    SqliteLog::open(directory, OpenOptions::new(clock.clone())).unwrap()
}

pub fn stream(id: &str) -> StreamName {
    StreamName::parse(&format!("test-{id}")).unwrap()
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 | number)
}

pub fn event(number: u128) -> NewEvent {
    NewEvent {
        id: id(number),
        event_type: "test.Happened.v1".to_owned(),
        metadata: br#"{"actor":"t"}"#.to_vec(),
        payload: format!("{{\"n\":{number}}}").into_bytes(),
    }
}

pub fn revision_of(item: &Item) -> u64 {
    match item {
        Item::Record(record) => record.revision,
        Item::Damaged(damage) => panic!("{damage:?}"),
    }
}
