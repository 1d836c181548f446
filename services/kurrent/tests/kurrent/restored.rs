//! An older backup restored under a running log.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use yujian_double::{Cluster, ClusterOptions};
use yujian_eventlog::verify::{Options, verify_log};
use yujian_eventlog::{EventLog, Expected, LogError, LogPosition, Record};
use yujian_kurrent::KurrentLog;

use crate::support::{address, answered, at, cluster, event, open_now, read, stream, within};

/// A log of ten records in two streams.
async fn ten() -> (Cluster, Arc<KurrentLog>, Vec<Record>) {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    let mut written: Vec<Record> = Vec::new();
    for part in ["a", "b"] {
        let events = (0..5).map(event).collect();
        written.extend(
            log.append(&stream(part), Expected::NoStream, events)
                .await
                .unwrap()
                .records,
        );
    }
    (cluster, log, written)
}

async fn refuses_writes(log: &Arc<KurrentLog>, expected: Expected) {
    // At once; for good only when no server that was cut off from the others can be the reason.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let refused = answered(log.append(&stream("b"), expected, vec![event(100)])).await;
    assert!(
        matches!(
            refused,
            Err(LogError::Unavailable(_) | LogError::Stopped(_) | LogError::Conflict { .. })
        ),
        "{refused:?}"
    );
    within(20, || log.check_writable().is_err()).await;
    let Err(LogError::Stopped(reason)) = log.check_writable() else {
        panic!("{:?}", log.check_writable())
    };
    assert!(
        reason.contains("restored from a backup") && reason.contains("new-epoch"),
        "{reason}"
    );
    let refused = answered(log.append(&stream("b"), expected, vec![event(100)])).await;
    assert!(
        matches!(refused, Err(LogError::Stopped(_) | LogError::Conflict { .. })),
        "{refused:?}"
    );
}

async fn refuses_position(log: &Arc<KurrentLog>, position: LogPosition) {
    let page = answered(log.read_all(position, 10)).await;
    assert!(matches!(page, Err(LogError::BeyondHead { .. })), "{page:?}");
}

#[tokio::test]
async fn after_a_restore_writes_are_refused_until_a_new_epoch_begins() {
    let (cluster, log, written) = ten().await;
    cluster.store().cut_tail(written[6].position.number);
    refuses_writes(&log, at(&written[..7])).await;
    for record in &written[7..] {
        refuses_position(&log, record.position).await;
    }
    // What is still there can be read on.
    assert_eq!(read(&log, &stream("b")).await, written[5..7]);

    let note = KurrentLog::begin_epoch(&address(&cluster), Timestamp::now())
        .await
        .unwrap();
    assert_eq!(note.header.epoch, 2);
    let fresh = open_now(&address(&cluster)).await;
    for record in &written {
        let page = fresh.read_all(record.position, 10).await;
        assert!(matches!(page, Err(LogError::OtherEpoch { current: 2, .. })), "{page:?}");
    }
    let done = fresh
        .append(&stream("b"), at(&written[..7]), vec![event(200)])
        .await
        .unwrap();
    assert_eq!(done.records[0].position.epoch, 2);
    let report = verify_log(&*fresh, fresh.header(), &Options::default()).await.unwrap();
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.records, 8);
}

#[tokio::test]
async fn a_restored_log_that_has_grown_beyond_the_old_end_is_still_told() {
    let (cluster, log, written) = ten().await;
    cluster.store().cut_tail(written[6].position.number);
    for _ in 0..100 {
        cluster.store().append_foreign("orders-3", "OrderPlaced");
    }
    refuses_writes(&log, at(&written[..7])).await;
    refuses_position(&log, written[9].position).await;
}

#[tokio::test]
async fn a_restored_log_is_told_by_a_node_that_was_quiet() {
    let (cluster, log, written) = ten().await;
    for _ in 0..20 {
        cluster.store().append_foreign("orders-3", "OrderPlaced");
    }
    // The node looks past them.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    cluster.store().cut_tail(written[6].position.number);
    for _ in 0..100 {
        cluster.store().append_foreign("orders-4", "OrderPlaced");
    }
    refuses_writes(&log, at(&written[..7])).await;
    refuses_position(&log, written[9].position).await;
}

#[tokio::test]
async fn a_restored_log_is_told_where_others_have_filled_it_to_the_byte() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let log = open_now(&address(&cluster)).await;
    let done = log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let done = log
        .append(&stream("a"), at(&done.records), vec![event(2)])
        .await
        .unwrap();
    // An event of somebody else that takes as much room as our last record.
    let ours = cluster.store().stream("yujian.test-a").pop().unwrap();
    let room = ours.stream.len() + ours.event_type.len() + ours.metadata.len() + ours.data.len();
    let foreign = "x".repeat(room - "{}".len() - "T".len());
    for _ in 0..5 {
        cluster.store().append_foreign(&foreign, "T");
    }
    // The node looks past them.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let old: Vec<u64> = cluster.store().events().iter().map(|event| event.position).collect();
    cluster.store().cut_tail(done.records[0].position.number - 1);
    for _ in 0..8 {
        cluster.store().append_foreign(&foreign, "T");
    }
    let new = cluster.store().events();
    assert!(
        old.iter()
            .all(|position| new.iter().any(|event| event.position == *position))
    );
    refuses_writes(&log, at(&done.records)).await;
    refuses_position(&log, done.records[0].position).await;
}
