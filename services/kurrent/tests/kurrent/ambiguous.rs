//! Outcomes that are not known: whatever happens between commit and reply, no event is stored twice and none is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;
use yujian_double::{Call, Cluster, Fault};
use yujian_eventlog::{Direction, EventLog, Expected, Head, Item, LogError};
use yujian_kurrent::KurrentLog;

use crate::support::{address, cluster, event, open_now, stream};

/// Writers at once, each with a stream of its own.
const WRITERS: u128 = 64;
/// Ambiguous outcomes asked for when nothing else is said; `.ci/soak` asks for more.
const OUTCOMES: u64 = 20_000;
/// Named by `.ci/soak`.
const MORE: &str = "TEST_AMBIGUOUS_OUTCOMES";

fn outcomes_wanted() -> u64 {
    std::env::var(MORE)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(OUTCOMES)
}

/// Seed of the faults.
fn seed() -> u64 {
    std::env::var("TEST_AMBIGUOUS_SEED").map_or(7, |text| text.parse().unwrap())
}

/// What one writer knows: the ids that were acknowledged, in order, and perhaps one that was not.
#[derive(Default)]
struct Ledger {
    acknowledged: Vec<u128>,
    open: Option<u128>,
}

/// Appends to its own stream until enough outcomes were ambiguous. An append that was given up as pending is repeated
/// identically, as a caller with a request id would.
async fn write(log: Arc<KurrentLog>, writer: u128, wanted: u64, pending: Arc<AtomicU64>) -> (u128, Ledger) {
    let name = stream(&format!("w{writer}"));
    let mut ledger = Ledger::default();
    let mut head: Option<Head> = None;
    let mut number = writer << 64;
    while log.counted().ambiguous < wanted && ledger.acknowledged.len() < 9_000 {
        number += 1;
        ledger.open = Some(number);
        let expected = head.map_or(Expected::NoStream, Expected::At);
        let done = loop {
            match log.append(&name, expected, vec![event(number)]).await {
                Ok(done) => break done,
                Err(LogError::OutcomePending(_) | LogError::Unavailable(_)) => {
                    pending.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => panic!("{name}: {error}"),
            }
        };
        assert_eq!(done.records.len(), 1);
        head = Some(Head {
            revision: done.records[0].revision,
            hash: done.records[0].hash,
        });
        ledger.acknowledged.push(number);
        ledger.open = None;
    }
    (writer, ledger)
}

/// The log, read back through the port, agrees with what every writer knows.
async fn agrees(log: &KurrentLog, ledgers: &BTreeMap<u128, Ledger>) {
    for (writer, ledger) in ledgers {
        let items = log
            .read_stream(&stream(&format!("w{writer}")), Direction::Forwards, None, 10_000)
            .await
            .unwrap();
        let stored: Vec<_> = items
            .iter()
            .map(|item| match item {
                Item::Record(record) => record.id,
                Item::Damaged(damage) => panic!("{damage:?}"),
            })
            .collect();
        let known: Vec<_> = ledger.acknowledged.iter().map(|number| event(*number).id).collect();
        assert_eq!(stored, known, "writer {writer}");
        assert_eq!(ledger.open, None);
    }
}

async fn run(nodes: usize, faults: Vec<Fault>, permille: u32, wanted: u64) -> Cluster {
    let cluster = cluster(nodes).await;
    let log = open_now(&address(&cluster)).await;
    cluster.faults().random(Call::Append, seed(), permille, faults);
    let pending = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(Arc::clone(&log), writer, wanted, Arc::clone(&pending)));
    }
    let mut ledgers = BTreeMap::new();
    while let Some(done) = writers.join_next().await {
        let (writer, ledger) = done.unwrap();
        ledgers.insert(writer, ledger);
    }
    cluster.faults().clear();
    agrees(&log, &ledgers).await;
    // Once more by somebody who was not there.
    let fresh = open_now(&address(&cluster)).await;
    agrees(&fresh, &ledgers).await;
    let acknowledged: usize = ledgers.values().map(|ledger| ledger.acknowledged.len()).sum();
    let counted = log.counted();
    assert!(counted.ambiguous >= wanted, "{counted:?}");
    println!(
        "{acknowledged} events, {} ambiguous outcomes, {} clients, {} pending answers; struck: {:?}",
        counted.ambiguous,
        counted.clients,
        pending.load(Ordering::Relaxed),
        cluster.faults().counts()
    );
    cluster
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replies_lost_resets_and_timeouts_never_double_nor_lose_an_event() {
    let faults = vec![
        Fault::LoseReply,
        Fault::ResetBefore,
        Fault::TimeoutAfterCommit,
        Fault::TimeoutBefore,
        Fault::UnavailableAfterCommit,
        Fault::UnavailableBefore,
        Fault::EndCleanly,
    ];
    run(1, faults, 200, outcomes_wanted() / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_changes_never_doubles_nor_loses_an_event() {
    let faults = vec![
        Fault::LoseReply,
        Fault::ChangeLeaderBefore,
        Fault::ChangeLeaderAfterCommit,
        Fault::NotLeader,
        Fault::NoLeaderKnown,
        Fault::TimeoutAfterCommit,
    ];
    run(3, faults, 100, outcomes_wanted() / 2).await;
}
