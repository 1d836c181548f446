//! A command floor over memory, and ways to look at what an import left in the log.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod register;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use yujian_command::Commands;
use yujian_domain::envelope::{Actor, Role, parse_metadata};
use yujian_domain::personal::SEALED_MARKER;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{KeyProvider, MemoryKeys, Opened, SealedValue};
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{EventLog, Item, Record};
use yujian_import::{ImportError, Mapping, Options, Report, import};

pub struct Floor {
    pub log: Arc<MemoryLog>,
    pub keys: Arc<MemoryKeys>,
    pub commands: Commands,
}

impl Floor {
    pub async fn new() -> Self {
        let clock = Arc::new(SimulatedClock::new("2026-11-25T08:00:00Z".parse().unwrap()));
        let log = MemoryLog::new(clock.clone());
        let entropy = Arc::new(Entropy::seeded(7));
        let keys = Arc::new(MemoryKeys::new(entropy.clone()));
        let commands = Commands::open(log.clone(), keys.clone(), clock, entropy, false)
            .await
            .unwrap();
        Self { log, keys, commands }
    }

    pub async fn import(&self, mapping: &Mapping, file: &Path) -> Report {
        self.try_import(mapping, file, false, None).await.unwrap()
    }

    pub async fn try_import(
        &self,
        mapping: &Mapping,
        file: &Path,
        check: bool,
        rejects: Option<&Path>,
    ) -> Result<Report, ImportError> {
        import(&self.commands, mapping, file, options(check, rejects, &|_, _| {})).await
    }

    /// Begins an import and drops it right after the row `stop_at` was settled, with other rows on their way.
    pub async fn interrupt(&self, mapping: &Mapping, file: &Path, stop_at: u64) {
        let done = AtomicU64::new(0);
        let progress = |rows: u64, _: u64| done.store(rows, Ordering::Relaxed);
        let mut importing = Box::pin(import(&self.commands, mapping, file, options(false, None, &progress)));
        // Polled by hand, so that it is dropped at that row.
        std::future::poll_fn(|context| {
            let ready = importing.as_mut().poll(context).is_ready();
            assert!(!ready, "it ended before it was stopped");
            if done.load(Ordering::Relaxed) >= stop_at {
                std::task::Poll::Ready(())
            } else {
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            }
        })
        .await;
    }

    /// The sealed text of a record, opened with its subject's key.
    pub fn narrative(&self, record: &Record) -> Option<String> {
        let payload: Value = serde_json::from_slice(&record.payload).unwrap();
        let sealed = payload.get("narrative")?.get(SEALED_MARKER).unwrap().clone();
        match self.keys.open(&serde_json::from_value::<SealedValue>(sealed).unwrap()) {
            Opened::Clear(Value::String(text)) => Some(text),
            other => panic!("{other:?}"),
        }
    }

    /// Every record of institutions, incidents and inspections, in the order of the log.
    pub async fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        let mut after = self.log.origin();
        loop {
            let page = self.log.read_all(after, 1_000).await.unwrap();
            records.extend(page.items.into_iter().filter_map(|item| match item {
                Item::Record(record) => {
                    matches!(record.stream.category(), "institution" | "incident" | "inspection").then_some(record)
                }
                Item::Damaged(damage) => panic!("{damage:?}"),
            }));
            if page.caught_up {
                return records;
            }
            after = page.next;
        }
    }

    /// All that the streams tell, as one text.
    pub async fn told(&self) -> String {
        self.streams()
            .await
            .into_values()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// What each stream tells, without what must differ between two logs: ids of events, sealed values, times of
    /// recording.
    pub async fn streams(&self) -> BTreeMap<String, Vec<String>> {
        let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in self.records().await {
            let metadata = parse_metadata(&record.metadata).unwrap();
            let mut payload: Value = serde_json::from_slice(&record.payload).unwrap();
            if let Some(narrative) = payload.get_mut("narrative") {
                *narrative = Value::Null;
            }
            let told = format!(
                "{} {:?} {:?} {:?} {payload}",
                record.event_type,
                metadata.occurred,
                metadata.request.map(|request| request.id),
                metadata.provenance,
            );
            streams.entry(record.stream.to_string()).or_default().push(told);
        }
        streams
    }
}

pub fn options<'a>(check: bool, rejects: Option<&'a Path>, progress: &'a (dyn Fn(u64, u64) + Sync)) -> Options<'a> {
    Options {
        actor: Actor {
            id: "import".to_owned(),
            role: Role::Administrator,
            organisation: None,
            jurisdiction: None,
        },
        check,
        in_flight: 64,
        progress,
        rejects,
        edition_date: None,
        changes: None,
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Rows read are accounted for.
pub fn balanced(report: &Report) {
    assert_eq!(
        report.rows,
        report.accepted + report.duplicates + report.rejected,
        "{report}"
    );
    assert!(report.changed <= report.rejected);
    assert_eq!(report.reasons.values().sum::<u64>(), report.rejected);
}
