//! What was tampered with on the server is found where it is, and nowhere else.

use std::sync::Arc;

use yujian_double::{Cluster, Stored};
use yujian_eventlog::verify::{Options, ProblemKind, verify_log};
use yujian_eventlog::{Direction, EventLog, Expected, Item, LogError, Record};
use yujian_kurrent::KurrentLog;

use crate::support::{address, answered, at, cluster, event, id, open_now, read, stream};

/// Three streams of three records.
async fn three() -> (Cluster, Arc<KurrentLog>, Vec<Vec<Record>>) {
    let cluster = cluster(1).await;
    let log = open_now(&address(&cluster)).await;
    let mut streams = Vec::new();
    for part in ["a", "b", "c"] {
        let events = (0..3).map(event).collect();
        streams.push(
            log.append(&stream(part), Expected::NoStream, events)
                .await
                .unwrap()
                .records,
        );
    }
    (cluster, log, streams)
}

fn is_damaged(item: &Item, of: &Record) -> bool {
    matches!(item, Item::Damaged(damage) if damage.position == of.position
        && damage.stream.as_ref() == Some(&of.stream) && damage.revision == Some(of.revision))
}

#[tokio::test]
async fn a_tampered_event_is_damaged_at_its_place_and_closes_its_stream_only() {
    let changes: [fn(&mut Stored); 6] = [
        |stored| stored.data = br#"{"n":9}"#.to_vec(),
        |stored| stored.metadata = b"{}".to_vec(),
        |stored| stored.metadata = Vec::new(),
        |stored| stored.id = id(9),
        |stored| stored.event_type = "test.Other.v1".to_owned(),
        |stored| stored.data = vec![0xff],
    ];
    for change in changes {
        let (cluster, log, streams) = three().await;
        let altered = &streams[1][1];
        cluster.store().alter(altered.position.number, change);
        let items = log
            .read_stream(&stream("b"), Direction::Forwards, None, 10)
            .await
            .unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(items[0], Item::Record(streams[1][0].clone()));
        assert!(is_damaged(&items[1], altered), "{:?}", items[1]);
        assert_eq!(items[2], Item::Record(streams[1][2].clone()));
        let page = log.read_all(log.origin(), 100).await.unwrap();
        for (item, record) in page.items.iter().zip(streams.iter().flatten()) {
            if record.position == altered.position {
                assert!(is_damaged(item, altered));
            } else {
                assert_eq!(*item, Item::Record(record.clone()));
            }
        }
        let item = log.item_at(altered.position).await.unwrap().unwrap();
        assert!(is_damaged(&item, altered));
        let refused = log.append(&stream("b"), at(&streams[1]), vec![event(7)]).await;
        assert!(
            matches!(&refused, Err(LogError::Damaged(damage)) if damage.position == altered.position),
            "{refused:?}"
        );
        log.append(&stream("a"), at(&streams[0]), vec![event(7)]).await.unwrap();
        log.append(&stream("d"), Expected::NoStream, vec![event(7)])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_was_truncated_or_ended_is_named_and_never_short_or_absent() {
    let (cluster, log, streams) = three().await;
    cluster.store().truncate_before("yujian.test-a", 2);
    cluster.store().tombstone("yujian.test-b");
    let fresh = open_now(&address(&cluster)).await;
    for log in [&log, &fresh] {
        let items = log
            .read_stream(&stream("a"), Direction::Forwards, None, 10)
            .await
            .unwrap();
        assert!(
            matches!(&items[0], Item::Damaged(damage) if damage.revision == Some(0) && damage.problem.contains("truncated")),
            "{items:?}"
        );
        let refused = answered(log.append(&stream("a"), at(&streams[0]), vec![event(7)])).await;
        assert!(matches!(refused, Err(LogError::Damaged(_))), "{refused:?}");
        let ended = log.read_stream(&stream("b"), Direction::Forwards, None, 10).await;
        assert!(matches!(ended, Err(LogError::Damaged(_))), "{ended:?}");
        let head = log.stream_head(&stream("b")).await;
        assert!(matches!(head, Err(LogError::Damaged(_))), "{head:?}");
        for expected in [Expected::NoStream, at(&streams[1])] {
            let refused = answered(log.append(&stream("b"), expected, vec![event(7)])).await;
            assert!(matches!(refused, Err(LogError::Damaged(_))), "{refused:?}");
        }
        // The log still shows the records, and where the stream was ended.
        let items = log.read_all(log.origin(), 100).await.unwrap().items;
        assert_eq!(items.iter().filter(|item| matches!(item, Item::Record(_))).count(), 9);
        assert!(matches!(&items[9], Item::Damaged(damage) if damage.stream == Some(stream("b"))));
        assert_eq!(read(log, &stream("c")).await, streams[2]);
    }
}

#[tokio::test]
async fn a_stream_that_reads_backwards_as_far_as_it_was_truncated_is_not_taken_for_whole() {
    let (cluster, log, streams) = three().await;
    cluster.store().truncate_before("yujian.test-a", 2);
    let items = log
        .read_stream(&stream("a"), Direction::Backwards, None, 10)
        .await
        .unwrap();
    assert_eq!(items[0], Item::Record(streams[0][2].clone()));
    assert!(
        matches!(&items[1], Item::Damaged(damage) if damage.revision == Some(1)),
        "{items:?}"
    );
    let whole = log
        .read_stream(&stream("c"), Direction::Backwards, None, 10)
        .await
        .unwrap();
    assert_eq!(whole.len(), 3);
}

#[tokio::test]
async fn an_append_to_a_stream_that_was_deleted_under_it_is_refused_in_time() {
    let (cluster, log, _) = three().await;
    cluster.store().soft_delete("yujian.test-a");
    let refused = answered(log.append(&stream("a"), Expected::NoStream, vec![event(7)])).await;
    assert!(matches!(refused, Err(LogError::Damaged(_))), "{refused:?}");
}

async fn problems(log: &KurrentLog) -> Vec<(u64, ProblemKind)> {
    let report = verify_log(log, log.header(), &Options::default()).await.unwrap();
    let place = |problem: &yujian_eventlog::verify::Problem| problem.place.position.unwrap_or(0);
    report
        .problems
        .iter()
        .map(|problem| (place(problem), problem.kind.clone()))
        .collect()
}

#[tokio::test]
async fn a_verification_finds_a_sound_log_sound_and_names_each_tampering() {
    let (_cluster, log, _) = three().await;
    assert_eq!(problems(&log).await, []);

    let (cluster, log, streams) = three().await;
    let number = streams[0][1].position.number;
    cluster
        .store()
        .alter(number, |stored| stored.data = br#"{"n":9}"#.to_vec());
    assert_eq!(problems(&log).await, [(number, ProblemKind::Altered)]);

    let (cluster, log, streams) = three().await;
    let number = streams[0][1].position.number;
    cluster.store().alter(number, |stored| stored.metadata = b"{}".to_vec());
    let found = problems(&log).await;
    assert!(
        matches!(found[..], [(at, ProblemKind::Unreadable { .. })] if at == number),
        "{found:?}"
    );

    // One that was taken out of its stream: renamed, so that it is somebody else's.
    let (cluster, log, streams) = three().await;
    let next = streams[1][2].position.number;
    cluster.store().alter(streams[1][1].position.number, |stored| {
        stored.stream = "orders-9".to_owned();
    });
    let found = problems(&log).await;
    assert!(
        found.contains(&(next, ProblemKind::Revision { expected: 1 })),
        "{found:?}"
    );

    // The same record twice.
    let (cluster, log, streams) = three().await;
    let (first, second) = (streams[2][0].position.number, streams[2][1].position.number);
    let copy = cluster.store().stream("yujian.test-c")[0].clone();
    cluster.store().alter(second, |stored| *stored = copy);
    let found = problems(&log).await;
    assert!(
        found.contains(&(second, ProblemKind::Duplicate { of: first })),
        "{found:?}"
    );

    let (cluster, log, streams) = three().await;
    let last = streams[2][2].position.number;
    cluster
        .store()
        .alter(last, |stored| stored.stream = "yujian.no_name".to_owned());
    let found = problems(&log).await;
    assert!(found.iter().any(|(at, _)| *at == last), "{found:?}");
}
