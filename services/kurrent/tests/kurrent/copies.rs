//! A log that moves from one engine to another and to the next keeps its bytes.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use yujian_double::{Call, Cluster, Fault};
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::header::{FORMAT, Header, LogKind};
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::migrate::{copy, digest, header_for};
use yujian_eventlog::sqlite::{self, SqliteLog};
use yujian_eventlog::{EventLog, Expected, Head, Record};
use yujian_kurrent::{KurrentLog, OpenError, OpenOptions};

use crate::support::{TestClock, address, cluster, event, open_now, options, records_of, stream};

const RECORDS: u128 = 300;

/// A log in memory with records in several streams.
async fn source() -> (Arc<MemoryLog>, Header) {
    let clock = TestClock::new();
    let log = MemoryLog::new(clock.clone());
    let mut heads: Vec<Option<Head>> = vec![None; 7];
    for number in 0..RECORDS {
        let place = usize::try_from(number * number % 7).unwrap();
        clock.advance(SignedDuration::from_secs(1));
        let expected = heads[place].map_or(Expected::NoStream, Expected::At);
        let events = vec![event(number)];
        let done = log
            .append(&stream(&format!("s{place}")), expected, events)
            .await
            .unwrap();
        heads[place] = done.records.last().map(|last| Head {
            revision: last.revision,
            hash: last.hash,
        });
    }
    let header = Header {
        format: FORMAT,
        created: "2026-03-01T00:00:00Z".parse().unwrap(),
        epoch: 1,
        kind: LogKind::Real,
        check_values: std::collections::BTreeMap::new(),
        several_writers: false,
        migrating_from: None,
    };
    (log, header)
}

async fn open_copy(cluster: &Cluster, header: &Header) -> Arc<KurrentLog> {
    let options = OpenOptions {
        copy: Some(header_for(header)),
        ..options(Arc::new(SystemClock::default()))
    };
    KurrentLog::open(&address(cluster), options).await.unwrap()
}

async fn contents(log: &dyn EventLog) -> Vec<Record> {
    let mut after = log.origin();
    let mut records = Vec::new();
    loop {
        let page = log.read_all(after, 1_000).await.unwrap();
        records.extend(records_of(page.items));
        if page.caught_up {
            return records;
        }
        after = page.next;
    }
}

/// Whether both hold the same bytes in the same order; positions are each engine's own.
fn same(one: &[Record], other: &[Record]) -> bool {
    let at_one_place = |record: &Record| Record {
        position: "1.0".parse().unwrap(),
        ..record.clone()
    };
    one.iter().map(at_one_place).eq(other.iter().map(at_one_place))
}

fn faults(cluster: &Cluster) {
    let faults = [
        Fault::LoseReply,
        Fault::ResetBefore,
        Fault::TimeoutAfterCommit,
        Fault::TimeoutBefore,
        Fault::UnavailableAfterCommit,
        Fault::EndCleanly,
    ];
    cluster.faults().random(Call::Append, 5, 100, faults.to_vec());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_through_faults_and_interruptions_keeps_every_byte() {
    let (memory, header) = source().await;
    let cluster = cluster(1).await;
    faults(&cluster);
    let target = open_copy(&cluster, &header).await;
    // Dropped in the middle, somewhere else each time; the copy goes on after what has arrived.
    for round in 1..4_usize {
        let copying = copy(&*memory, &*target, &|_, _, _| {});
        tokio::select! {
            _ = copying => panic!("the copy was not interrupted"),
            () = async {
                while cluster.store().len() < round * 60 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            } => {}
        }
    }
    let refused = KurrentLog::open(&address(&cluster), options(Arc::new(SystemClock::default()))).await;
    assert!(matches!(refused, Err(OpenError::Migrating)));
    drop(target);
    let target = open_copy(&cluster, &header).await;
    let copied = copy(&*memory, &*target, &|_, _, _| {}).await.unwrap();
    assert!(copied.already_there > 0 && copied.already_there < copied.records);
    assert_eq!(copied.digest, digest(&*memory, &|_, _| {}).await.unwrap().digest);
    cluster.faults().clear();
    KurrentLog::finish_migration(&address(&cluster), Timestamp::now())
        .await
        .unwrap();
    let served = open_now(&address(&cluster)).await;
    let there = contents(&*served).await;
    assert!(same(&there, &contents(&*memory).await));
    assert_eq!(there.len(), usize::try_from(RECORDS).unwrap());

    let directory = tempfile::tempdir().unwrap();
    let embedded = sqlite::OpenOptions {
        copy: Some(header_for(served.header())),
        ..sqlite::OpenOptions::new(Arc::new(SystemClock::default()))
    };
    let embedded = SqliteLog::open(directory.path(), embedded).unwrap();
    copy(&*served, &*embedded, &|_, _, _| {}).await.unwrap();
    assert!(same(&contents(&*embedded).await, &there));
    assert_eq!((served.header().epoch, embedded.header().epoch), (2, 3));
}

#[tokio::test]
async fn a_copy_goes_into_no_log_that_is_another() {
    let (_, header) = source().await;
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let options = OpenOptions {
        copy: Some(header_for(&header)),
        ..options(Arc::new(SystemClock::default()))
    };
    let refused = KurrentLog::open(&address(&cluster), options).await;
    assert!(matches!(refused, Err(OpenError::Occupied)));
}
