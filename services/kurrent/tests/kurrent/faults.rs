//! A server that hangs, refuses, is cut off, changes its leader: calls end in time, and the log works again by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use yujian_double::{Call, Cluster, Fault};
use yujian_eventlog::{Direction, EventLog, Expected, Item, LogError};
use yujian_kurrent::KurrentLog;

use crate::support::{
    address, answered, append_at_last, at, cluster, event, follow_until, open_now, read, stream, within,
};

/// Nodes, and a log that holds one event.
async fn served(nodes: usize) -> (Cluster, Arc<KurrentLog>) {
    let cluster = cluster(nodes).await;
    let log = open_now(&address(&cluster)).await;
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    (cluster, log)
}

/// Appends and reads that must succeed, after a while in which the log finds its server again.
async fn works(log: &Arc<KurrentLog>, number: u128) {
    let name = stream(&format!("works{number}"));
    let done = append_at_last(log, &name, Expected::NoStream, &[event(number)]).await;
    assert_eq!(read(log, &name).await, done.records);
    let items = follow_until(log, log.origin(), 2).await;
    assert!(items.iter().all(|item| matches!(item, Item::Record(_))));
    within(10, || log.check_writable().is_ok()).await;
}

async fn hangs(calls: &[Call], fault: Fault) {
    let (cluster, log) = served(1).await;
    for call in calls {
        cluster.faults().always(*call, Some(fault));
    }
    let name = stream("b");
    let events = vec![event(2)];
    let appended = answered(log.append(&name, Expected::NoStream, events.clone()));
    let begun = (log.origin(), stream("a"));
    let read_all = answered(log.read_all(begun.0, 100));
    let read_stream = answered(log.read_stream(&begun.1, Direction::Forwards, None, 100));
    let (appended, read_all, read_stream) = tokio::join!(appended, read_all, read_stream);
    assert!(
        matches!(appended, Err(LogError::OutcomePending(_) | LogError::Unavailable(_))),
        "{appended:?}"
    );
    if calls.contains(&Call::Read) {
        assert!(matches!(read_all, Err(LogError::Unavailable(_))), "{read_all:?}");
        assert!(matches!(read_stream, Err(LogError::Unavailable(_))), "{read_stream:?}");
        within(10, || matches!(log.check_writable(), Err(LogError::Unavailable(_)))).await;
    } else {
        assert!(read_all.is_ok() && read_stream.is_ok());
        assert_eq!(log.check_writable(), Ok(()));
    }
    cluster.faults().clear();
    cluster.faults().release();
    append_at_last(&log, &name, Expected::NoStream, &events).await;
    assert_eq!(read(&log, &name).await.len(), 1);
    works(&log, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_is_told_in_time_and_found_again() {
    tokio::join!(
        hangs(&[Call::Append], Fault::Hang),
        hangs(&[Call::Append], Fault::HangAfterCommit),
        hangs(&[Call::Read], Fault::Hang),
        hangs(&[Call::Append, Call::Read], Fault::Hang),
        hangs(&[Call::Append, Call::Read], Fault::HangAfterCommit),
    );
}

#[tokio::test]
async fn a_server_that_hangs_just_after_an_append_is_told_in_time() {
    let (cluster, log) = served(1).await;
    let done = read(&log, &stream("a")).await;
    cluster.faults().always(Call::Read, Some(Fault::Hang));
    // The server stores it, and can't be asked what it stored.
    let outcome = answered(log.append(&stream("a"), at(&done), vec![event(2)])).await;
    assert!(matches!(outcome, Err(LogError::OutcomePending(_))), "{outcome:?}");
    cluster.faults().clear();
    cluster.faults().release();
    let again = append_at_last(&log, &stream("a"), at(&done), &[event(2)]).await;
    assert!(again.repeated);
    assert_eq!(read(&log, &stream("a")).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_costs_few_clients_and_passes() {
    let (cluster, log) = served(1).await;
    cluster.stop_node(0).await;
    let clients = log.counted().clients;
    let outcome = answered(log.append(&stream("b"), Expected::NoStream, vec![event(2)])).await;
    assert!(
        matches!(outcome, Err(LogError::OutcomePending(_) | LogError::Unavailable(_))),
        "{outcome:?}"
    );
    within(10, || matches!(log.check_writable(), Err(LogError::Unavailable(_)))).await;
    sleep(Duration::from_secs(4)).await;
    let made = log.counted().clients - clients;
    assert!(made <= 12, "{made} clients");
    cluster.start_node(0).await;
    within(10, || log.check_writable().is_ok()).await;
    works(&log, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_cut_off_are_made_again() {
    let (cluster, log) = served(1).await;
    cluster.faults().always(Call::Append, Some(Fault::HangAfterCommit));
    let (name, events) = (stream("b"), vec![event(2)]);
    let writer = {
        let (log, name, events) = (Arc::clone(&log), name.clone(), events.clone());
        tokio::spawn(async move { log.append(&name, Expected::NoStream, events).await })
    };
    within(5, || cluster.store().stream("yujian.test-b").len() == 1).await;
    cluster.faults().clear();
    cluster.cut_connections();
    let done = answered(writer).await.unwrap().unwrap();
    assert!(!done.repeated);
    assert_eq!(read(&log, &name).await, done.records);
    // And once more with nothing under way.
    cluster.cut_connections();
    works(&log, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_stops_the_next_one_serves_within_seconds() {
    let (cluster, log) = served(3).await;
    for (number, node) in (2_u128..).zip([1, 2, 0]) {
        let old = cluster.leader();
        cluster.stop_node(old).await;
        cluster.lead(node);
        let start = Instant::now();
        works(&log, number).await;
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        cluster.start_node(old).await;
    }
}

/// One read after the other hangs for ever, while the server answers all others.
async fn reads_hang_alone(steps_ms: u64) {
    let (cluster, log) = served(1).await;
    let other = open_now(&address(&cluster)).await;
    let mut written = read(&other, &stream("a")).await;
    for number in 2..4 {
        let done = append_at_last(&other, &stream("a"), at(&written), &[event(number)]).await;
        written.extend(done.records);
        let end = written.last().unwrap().position;
        // Whether it strikes a look at the end, the page up to it, or what is read here depends on the moment.
        sleep(Duration::from_millis(steps_ms)).await;
        cluster.faults().next(Call::Read, Fault::Hang);
        within(10, || *log.head().borrow() >= end).await;
        let page = answered(log.read_all(log.origin(), 100)).await;
        assert_eq!(page.unwrap().items.len(), written.len());
    }
    assert_eq!(log.check_writable(), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_hangs_alone_is_made_again_within_seconds() {
    tokio::join!(
        reads_hang_alone(12),
        reads_hang_alone(24),
        reads_hang_alone(36),
        reads_hang_alone(48),
        reads_hang_alone(60),
        reads_hang_alone(72),
    );
}

async fn fails_to_discover(nodes: usize, call: Call, fault: Fault) {
    let (cluster, log) = served(nodes).await;
    cluster.faults().always(call, Some(fault));
    cluster.cut_connections();
    let outcome = answered(log.append(&stream("b"), Expected::NoStream, vec![event(2)])).await;
    assert!(!matches!(outcome, Err(LogError::Conflict { .. })));
    sleep(Duration::from_secs(1)).await;
    cluster.faults().clear();
    cluster.faults().release();
    works(&log, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_discovery_is_not_the_end() {
    tokio::join!(
        fails_to_discover(1, Call::Features, Fault::UnavailableBefore),
        fails_to_discover(1, Call::Features, Fault::ResetBefore),
        fails_to_discover(1, Call::Features, Fault::Hang),
        fails_to_discover(3, Call::Gossip, Fault::UnavailableBefore),
        fails_to_discover(3, Call::Gossip, Fault::Hang),
        fails_to_discover(3, Call::Gossip, Fault::EndCleanly),
        fails_to_discover(3, Call::Features, Fault::AccessDenied),
    );
}

#[tokio::test]
async fn denied_access_is_said_in_words_and_is_no_outage() {
    let (cluster, log) = served(1).await;
    let clients = log.counted().clients;
    cluster.faults().always(Call::Append, Some(Fault::AccessDenied));
    cluster.faults().always(Call::Read, Some(Fault::AccessDenied));
    let appended = answered(log.append(&stream("b"), Expected::NoStream, vec![event(2)])).await;
    let page = answered(log.read_all(log.origin(), 10)).await;
    let items = answered(log.read_stream(&stream("a"), Direction::Forwards, None, 10)).await;
    for error in [appended.unwrap_err(), page.unwrap_err(), items.unwrap_err()] {
        assert!(error.to_string().contains("denies access"), "{error}");
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!((log.check_writable(), log.counted().clients), (Ok(()), clients));
    cluster.faults().clear();
    works(&log, 3).await;
}

#[tokio::test]
async fn what_the_server_finds_too_large_is_refused_and_not_tried_again() {
    let (cluster, log) = served(1).await;
    cluster.faults().always(Call::Append, Some(Fault::TooLarge));
    let before = cluster.faults().calls(Call::Append);
    let error = answered(log.append(&stream("b"), Expected::NoStream, vec![event(2)]))
        .await
        .unwrap_err();
    assert!(matches!(error, LogError::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains("Maximum Append Size"), "{error}");
    assert_eq!(cluster.faults().calls(Call::Append), before + 1);
    cluster.faults().clear();
    assert_eq!(log.stream_head(&stream("b")).await, Ok(None));
    works(&log, 3).await;
}

#[tokio::test]
async fn a_slow_server_is_waited_for() {
    let (cluster, log) = served(1).await;
    let slow = Some(Duration::from_millis(500));
    cluster.faults().delay(Call::Append, slow);
    cluster.faults().delay(Call::Read, slow);
    let mut written = read(&log, &stream("a")).await;
    for number in 2..5 {
        let done = answered(log.append(&stream("a"), at(&written), vec![event(number)]))
            .await
            .unwrap();
        assert!(!done.repeated);
        written.extend(done.records);
    }
    let items = follow_until(&log, log.origin(), 4).await;
    assert_eq!(items, written.into_iter().map(Item::Record).collect::<Vec<_>>());
    assert_eq!((log.check_writable(), log.counted().clients), (Ok(()), 1));
}
