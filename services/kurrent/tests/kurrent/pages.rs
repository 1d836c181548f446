//! Pages that end well but early, or are cut off: nothing is taken for an end that is none.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use yujian_double::{Call, Cluster, Fault};
use yujian_eventlog::{Direction, EventLog, Expected, Head, Item, LogError, Record};
use yujian_kurrent::KurrentLog;

use crate::support::{address, append_at_last, at, cluster, event, follow_until, open_now, records_of, stream, within};

const STREAMS: u128 = 4;

/// Writes one event after the other over a few streams, records of others in between.
async fn write(cluster: &Cluster, log: &KurrentLog, events: u128) -> Vec<Record> {
    let mut written: Vec<Record> = Vec::new();
    for number in 0..events {
        let name = stream(&format!("s{}", number % STREAMS));
        let last = written.iter().rev().find(|record| record.stream == name);
        let expected = last.map_or(Expected::NoStream, |last| {
            Expected::At(Head {
                revision: last.revision,
                hash: last.hash,
            })
        });
        written.extend(append_at_last(log, &name, expected, &[event(number)]).await.records);
        cluster.store().append_foreign("orders-2", "OrderPlaced");
        if number % 10 == 0 {
            // Time for others to look at the end.
            sleep(Duration::from_millis(130)).await;
        }
    }
    written
}

/// A page, again while the log is out of reach.
async fn page_at_last(log: &KurrentLog, after: yujian_eventlog::LogPosition) -> yujian_eventlog::LogPage {
    for _ in 0..100 {
        match log.read_all(after, 16).await {
            Err(LogError::Unavailable(_)) => sleep(Duration::from_millis(10)).await,
            page => return page.unwrap(),
        }
    }
    panic!("no page after {after}")
}

async fn breaks(fault: Fault, permille: u32, seed: u64) {
    let cluster = cluster(1).await;
    let writer = open_now(&address(&cluster)).await;
    let reader = open_now(&address(&cluster)).await;
    cluster.faults().random(Call::Read, seed, permille, vec![fault]);
    let follower = {
        let reader = Arc::clone(&reader);
        tokio::spawn(async move { follow_until(&reader, reader.origin(), 100).await })
    };
    let written = write(&cluster, &writer, 100).await;
    let expected: Vec<Item> = written.iter().cloned().map(Item::Record).collect();
    assert_eq!(follower.await.unwrap(), expected, "followed");
    // A follower that begins later sees the same, and so do pages.
    assert_eq!(follow_until(&reader, written[49].position, 50).await, expected[50..]);
    let (mut after, mut read) = (reader.origin(), Vec::new());
    while read.len() < written.len() {
        let page = page_at_last(&reader, after).await;
        after = page.next;
        read.extend(page.items);
    }
    assert_eq!(read, expected, "read");
    for number in 0..STREAMS {
        let name = stream(&format!("s{number}"));
        let of_stream: Vec<Record> = written.iter().filter(|record| record.stream == name).cloned().collect();
        for _ in 0..20 {
            match reader.read_stream(&name, Direction::Forwards, None, 1_000).await {
                Err(LogError::Unavailable(_)) => {}
                items => assert_eq!(records_of(items.unwrap()), of_stream),
            }
            match reader.stream_head(&name).await {
                Err(LogError::Unavailable(_)) => {}
                head => assert_eq!(head.unwrap().map(Expected::At), Some(at(&of_stream))),
            }
        }
    }
    for record in &written {
        match reader.item_at(record.position).await {
            Err(LogError::Unavailable(_)) => {}
            item => assert_eq!(item, Ok(Some(Item::Record(record.clone())))),
        }
    }
    for log in [&reader, &writer] {
        within(10, || log.check_writable().is_ok()).await;
    }
    println!("{:?}", cluster.faults().counts());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_ends_early_is_no_end() {
    breaks(Fault::EndCleanly, 300, 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_cut_off_is_read_again() {
    breaks(Fault::ResetMidStream, 100, 12).await;
}

#[tokio::test]
async fn the_first_page_that_a_log_reads_of_a_stream_is_not_short_either() {
    let cluster = cluster(1).await;
    let events = (0..10).map(event).collect();
    let written = open_now(&address(&cluster)).await;
    written.append(&stream("a"), Expected::NoStream, events).await.unwrap();
    for direction in [Direction::Forwards, Direction::Backwards] {
        let fresh = open_now(&address(&cluster)).await;
        cluster.faults().always(Call::Read, Some(Fault::EndCleanly));
        let read = fresh.read_stream(&stream("a"), direction, None, 100).await;
        assert!(matches!(read, Err(LogError::Unavailable(_))), "{direction:?}: {read:?}");
        cluster.faults().always(Call::Read, None);
        let read = fresh.read_stream(&stream("a"), direction, None, 100).await.unwrap();
        assert_eq!(read.len(), 10, "{direction:?}");
    }
}

#[tokio::test]
async fn pages_that_all_end_early_are_an_outage_and_neither_an_end_nor_another_log() {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    let events = (0..10).map(event).collect();
    let done = log.append(&stream("a"), Expected::NoStream, events).await.unwrap();
    // The server has once said how it ends a stream.
    log.read_stream(&stream("a"), Direction::Forwards, None, 100)
        .await
        .unwrap();
    cluster.faults().always(Call::Read, Some(Fault::EndCleanly));
    let read = log.read_stream(&stream("a"), Direction::Forwards, None, 100).await;
    assert!(matches!(read, Err(LogError::Unavailable(_))), "{read:?}");
    let item = log.item_at(done.records[0].position).await;
    assert!(matches!(item, Err(LogError::Unavailable(_))), "{item:?}");
    sleep(Duration::from_secs(1)).await;
    assert!(!matches!(
        log.check_writable(),
        Err(LogError::Stopped(_) | LogError::ReadOnly(_))
    ));
    cluster.faults().clear();
    within(10, || log.check_writable().is_ok()).await;
    let page = log.read_all(log.origin(), 100).await.unwrap();
    assert_eq!(records_of(page.items), done.records);
}
