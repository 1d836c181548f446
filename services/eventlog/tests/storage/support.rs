//! The engines of this crate on a clock of their own, for the conformance suite and for what is theirs alone.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use yujian_eventlog::EventLog;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};

use crate::conformance::{Engine, Rig};
pub use crate::conformance::{TestClock, at, event, id, stream};

/// The log in memory, which is never closed.
struct Memory;

#[async_trait]
impl Engine for Memory {
    async fn reopen(&mut self, log: Arc<dyn EventLog>, _: &Arc<TestClock>) -> Arc<dyn EventLog> {
        log
    }
}

pub fn memory_rig() -> Rig {
    let clock = TestClock::new();
    Rig::new(MemoryLog::new(clock.clone()), clock, Box::new(Memory))
}

/// The embedded log and its directory.
struct Sqlite(TempDir);

#[async_trait]
impl Engine for Sqlite {
    async fn reopen(&mut self, log: Arc<dyn EventLog>, clock: &Arc<TestClock>) -> Arc<dyn EventLog> {
        drop(log);
        open(self.0.path(), clock)
    }
}

pub fn sqlite_rig() -> Rig {
    let clock = TestClock::new();
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), &clock);
    Rig::new(log, clock, Box::new(Sqlite(directory)))
}

pub fn open(directory: &Path, clock: &Arc<TestClock>) -> Arc<SqliteLog> {
    SqliteLog::open(directory, OpenOptions::new(clock.clone())).unwrap()
}
