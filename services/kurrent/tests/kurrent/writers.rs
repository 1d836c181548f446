//! Several nodes that write one log.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use yujian_eventlog::rules::WRITERS_APART;
use yujian_eventlog::{EventLog, Expected, Hash, Item, LogError, Record, StreamName};
use yujian_kurrent::KurrentLog;

use crate::support::{
    TestClock, address, at, cluster, event, follow_until, open, open_now, read, records_of, stream, within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_node_sees_what_the_other_appends() {
    let cluster = cluster(2).await;
    let one = open_now(&address(&cluster)).await;
    let two = open_now(&address(&cluster)).await;
    let first = one
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    // Before its tail can have seen it.
    two.reach(first.records[0].position).await.unwrap();
    assert!(*two.head().borrow() >= first.records[0].position);
    let item = two.item_at(first.records[0].position).await.unwrap();
    assert_eq!(item, Some(Item::Record(first.records[0].clone())));
    let second = two
        .append(&stream("b"), Expected::NoStream, vec![event(2)])
        .await
        .unwrap();
    let page = one.read_all(second.records[0].position, 1).await.unwrap();
    assert!(page.items.is_empty());
    let third = two
        .append(&stream("a"), at(&first.records), vec![event(3)])
        .await
        .unwrap();
    within(1, || *one.head().borrow() == third.records[0].position).await;
    let conflict = one.append(&stream("a"), at(&first.records), vec![event(4)]).await;
    let Err(LogError::Conflict { current: Some(head) }) = conflict else {
        panic!("{conflict:?}")
    };
    assert_eq!((head.revision, head.hash), (1, third.records[0].hash));
    let conflict = two.append(&stream("b"), Expected::NoStream, vec![event(5)]).await;
    assert!(
        matches!(conflict, Err(LogError::Conflict { current: Some(_) })),
        "{conflict:?}"
    );
    // What one has appended is a repetition for the other.
    let again = one
        .append(&stream("b"), Expected::NoStream, vec![event(2)])
        .await
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, second.records);
    let all = one.read_all(one.origin(), 100).await.unwrap();
    assert_eq!(two.read_all(two.origin(), 100).await.unwrap(), all);
    assert_eq!(records_of(all.items).len(), 3);
}

/// Appends `rounds` events to streams that others write too; answers which were acknowledged where.
async fn write(log: Arc<KurrentLog>, writer: u128, rounds: u128) -> Vec<Record> {
    let mut acknowledged = Vec::new();
    for round in 0..rounds {
        let name = stream(&format!("s{}", (writer + round) % 3));
        loop {
            let head = log.stream_head(&name).await.unwrap();
            let expected = head.map_or(Expected::NoStream, Expected::At);
            match log.append(&name, expected, vec![event(writer * 1_000 + round)]).await {
                Ok(done) => break acknowledged.extend(done.records),
                Err(LogError::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_over_two_nodes_leave_dense_chains_and_lose_nothing() {
    let cluster = cluster(2).await;
    let logs = [open_now(&address(&cluster)).await, open_now(&address(&cluster)).await];
    let mut writers = JoinSet::new();
    for (writer, log) in (0..8_u128).zip(logs.iter().cycle()) {
        writers.spawn(write(Arc::clone(log), writer, 15));
    }
    let mut acknowledged = Vec::new();
    while let Some(done) = writers.join_next().await {
        acknowledged.extend(done.unwrap());
    }
    acknowledged.sort_by_key(|record| record.position);
    let found = records_of(follow_until(&logs[0], logs[0].origin(), 120).await);
    assert!(found == acknowledged);
    let mut ends: HashMap<StreamName, (u64, Hash)> = HashMap::new();
    for record in &found {
        let (due, prev) = ends.get(&record.stream).copied().unwrap_or((0, Hash::ZERO));
        assert_eq!((record.revision, record.prev), (due, prev));
        ends.insert(record.stream.clone(), (due + 1, record.hash));
    }
    let everything = cluster.store().events().into_iter();
    assert_eq!(
        everything.filter(|event| event.stream.starts_with("yujian.")).count(),
        120
    );
}

#[tokio::test]
async fn clocks_may_be_apart_a_little_and_no_more() {
    let cluster = cluster(2).await;
    let (ahead, behind) = (TestClock::new(), TestClock::new());
    ahead.advance(SignedDuration::from_secs(20));
    let fast = open(&address(&cluster), &ahead).await;
    let slow = open(&address(&cluster), &behind).await;
    for round in 0..5 {
        fast.append(&stream(&format!("f{round}")), Expected::NoStream, vec![event(round)])
            .await
            .unwrap();
        slow.append(&stream(&format!("s{round}")), Expected::NoStream, vec![event(round)])
            .await
            .unwrap();
        ahead.advance(SignedDuration::from_secs(1));
        behind.advance(SignedDuration::from_secs(1));
    }
    let found = records_of(slow.read_all(slow.origin(), 100).await.unwrap().items);
    assert_eq!(found.len(), 10);
    let mut newest: Option<Timestamp> = None;
    for record in &found {
        let back = newest.map_or(SignedDuration::ZERO, |newest| {
            newest.duration_since(record.recorded_time)
        });
        assert!(back < WRITERS_APART, "{back}");
        newest = newest.max(Some(record.recorded_time));
    }
    // In one stream times go on, whoever writes.
    let done = fast
        .append(&stream("a"), Expected::NoStream, vec![event(50)])
        .await
        .unwrap();
    slow.reach(done.records[0].position).await.unwrap();
    let later = slow
        .append(&stream("a"), at(&done.records), vec![event(51)])
        .await
        .unwrap();
    assert!(later.records[0].recorded_time > done.records[0].recorded_time);

    ahead.advance(SignedDuration::from_secs(60));
    let done = fast
        .append(&stream("b"), Expected::NoStream, vec![event(60)])
        .await
        .unwrap();
    slow.reach(done.records[0].position).await.unwrap();
    let refused = slow.append(&stream("c"), Expected::NoStream, vec![event(61)]).await;
    assert!(matches!(refused, Err(LogError::ClockSuspect(_))), "{refused:?}");
    assert_eq!(slow.stream_head(&stream("c")).await, Ok(None));
    // What is stored is still answered, and a clock that was set right goes on.
    let repeated = slow
        .append(&stream("b"), Expected::NoStream, vec![event(60)])
        .await
        .unwrap();
    assert!(repeated.repeated);
    behind.advance(SignedDuration::from_secs(60));
    slow.append(&stream("c"), Expected::NoStream, vec![event(61)])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_node_answers_a_record_that_it_has_not_heard_of_with_a_time_after_it() {
    let cluster = cluster(1).await;
    let (ahead, behind) = (TestClock::new(), TestClock::new());
    ahead.advance(SignedDuration::from_secs(20));
    let fast = open(&address(&cluster), &ahead).await;
    let slow = open(&address(&cluster), &behind).await;
    for round in 0..20_u128 {
        let name = stream(&format!("a{round}"));
        ahead.advance(SignedDuration::from_millis(100));
        let done = fast
            .append(&name, Expected::NoStream, vec![event(round)])
            .await
            .unwrap();
        // As a caller does who has just read the stream: faster than the tail looks.
        let head = slow.stream_head(&name).await.unwrap().unwrap();
        let later = slow
            .append(&name, Expected::At(head), vec![event(100 + round)])
            .await
            .unwrap();
        assert!(
            later.records[0].recorded_time > done.records[0].recorded_time,
            "round {round}"
        );
        assert_eq!(read(&slow, &name).await.len(), 2);
    }
}

/// The last position whose running maximum of times is at or before an instant.
fn scanned(records: &[Record], instant: Timestamp) -> u64 {
    records
        .iter()
        .take_while(|record| record.recorded_time <= instant)
        .last()
        .map_or(0, |record| record.position.number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_position_at_an_instant_is_that_of_a_plain_scan() {
    let cluster = cluster(1).await;
    let clocks = [TestClock::new(), TestClock::new()];
    let logs = [
        open(&address(&cluster), &clocks[0]).await,
        open(&address(&cluster), &clocks[1]).await,
    ];
    let mut random: u64 = 42;
    let mut draw = move |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut records = Vec::new();
    for round in 0..40_u128 {
        // One clock runs ahead of the other by up to some seconds, then waits.
        clocks[usize::try_from(draw(2)).unwrap()]
            .advance(SignedDuration::from_millis(i64::try_from(draw(1_000)).unwrap()));
        let log = &logs[usize::try_from(draw(2)).unwrap()];
        let count = u128::from(1 + draw(100));
        let events = (0..count).map(|number| event(round * 1_000 + number)).collect();
        records.extend(
            log.append(&stream(&format!("s{round}")), Expected::NoStream, events)
                .await
                .unwrap()
                .records,
        );
        let last = records.last().map(|record: &Record| record.position).unwrap();
        let instant = records[usize::try_from(draw(records.len() as u64)).unwrap()].recorded_time;
        for log in &logs {
            log.reach(last).await.unwrap();
            assert_eq!(
                log.position_at(instant).await.unwrap().number,
                scanned(&records, instant)
            );
        }
    }
    for _ in 0..30 {
        let base = records[usize::try_from(draw(records.len() as u64)).unwrap()].recorded_time;
        let instant = base + SignedDuration::from_millis(i64::try_from(draw(2_000)).unwrap() - 1_000);
        for log in &logs {
            assert_eq!(
                log.position_at(instant).await.unwrap().number,
                scanned(&records, instant)
            );
        }
    }
}
