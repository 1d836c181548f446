//! One suite over all engines: the cases that the port promises, named by what they prove.
use std::sync::Arc;

use crate::support::{Rig, event, over_every_engine, revision_of, stream};
use futures::StreamExt;
use jiff::SignedDuration;
use yujian_eventlog::follow::{Followed, follow};
use yujian_eventlog::{
    Direction, Expected, Head, Item, LogError, LogPosition, MAX_APPEND_BYTES, MAX_EVENT_BYTES, NewEvent,
};

over_every_engine!(
    c01_no_stream_on_a_new_stream_is_stored_from_revision_0,
    c02_repeating_it_gives_the_same_records_and_stores_nothing,
    c03_no_stream_with_other_ids_is_a_conflict,
    c04_the_exact_head_is_stored_after_it,
    c05_a_repetition_after_later_appends_gives_the_first_records,
    c06_a_prefix_at_the_old_expectation_is_a_repetition,
    c07_a_superset_at_the_old_expectation_is_a_conflict,
    c08_shuffled_ids_at_the_old_expectation_are_a_conflict,
    c09_an_expectation_beyond_the_head_is_a_conflict,
    c10_an_id_already_in_the_stream_is_stored_again_at_the_head,
    c11_one_id_in_two_streams_is_stored_in_both,
    c12_two_equal_ids_in_one_append_are_two_records,
    c16_a_stream_that_is_not_there_is_not_found,
    c18_backwards_from_the_end_one_record_is_the_last,
    c21_concurrent_writers_leave_no_gap_and_no_disorder,
    c23_resuming_from_a_checkpoint_neither_repeats_nor_loses,
    c24_following_from_the_head_says_caught_up_first,
    c25_what_is_too_large_is_refused_and_nothing_of_it_stored,
    c26_an_empty_append_is_refused,
    c27_a_caller_that_goes_away_and_retries_has_written_once,
    c28_a_position_beyond_the_head_or_of_another_epoch_is_refused,
);

pub fn at(records: &[yujian_eventlog::Record]) -> Expected {
    let last = records.last().unwrap();
    Expected::At(Head {
        revision: last.revision,
        hash: last.hash,
    })
}

pub fn conflict(result: Result<yujian_eventlog::Appended, LogError>) -> Option<u64> {
    match result {
        Err(LogError::Conflict { current }) => current.map(|head| head.revision),
        other => panic!("not a conflict: {other:?}"),
    }
}

async fn c01_no_stream_on_a_new_stream_is_stored_from_revision_0(rig: Rig) {
    let done = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(!done.repeated);
    assert_eq!(
        done.records.iter().map(|record| record.revision).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(
        done.records
            .iter()
            .map(|record| record.position.number)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    assert_eq!((head.revision, head.hash), (1, done.records[1].hash));
    assert_eq!(rig.log.head().borrow().number, 2);
}

async fn c02_repeating_it_gives_the_same_records_and_stores_nothing(rig: Rig) {
    let first = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    rig.clock.advance(SignedDuration::from_secs(60));
    let again = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, first.records);
    assert_eq!(rig.log.head().borrow().number, 2);
}

async fn c03_no_stream_with_other_ids_is_a_conflict(rig: Rig) {
    rig.log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    assert_eq!(
        conflict(rig.log.append(&stream("a"), Expected::NoStream, vec![event(9)]).await),
        Some(0)
    );
}

async fn c04_the_exact_head_is_stored_after_it(rig: Rig) {
    let first = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let second = rig
        .log
        .append(&stream("a"), at(&first.records), vec![event(2)])
        .await
        .unwrap();
    assert_eq!(second.records[0].revision, 1);
    assert_eq!(second.records[0].prev, first.records[0].hash);
}

async fn c05_a_repetition_after_later_appends_gives_the_first_records(rig: Rig) {
    let first = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let second = rig
        .log
        .append(&stream("a"), at(&first.records), vec![event(2)])
        .await
        .unwrap();
    let mut last = second.records.clone();
    for number in 3..6 {
        last = rig
            .log
            .append(&stream("a"), at(&last), vec![event(number)])
            .await
            .unwrap()
            .records;
    }
    let again = rig
        .log
        .append(&stream("a"), at(&first.records), vec![event(2)])
        .await
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, second.records);
}

async fn c06_a_prefix_at_the_old_expectation_is_a_repetition(rig: Rig) {
    let first = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2), event(3)])
        .await
        .unwrap();
    let again = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, first.records[..2]);
}

async fn c07_a_superset_at_the_old_expectation_is_a_conflict(rig: Rig) {
    rig.log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let more = vec![event(1), event(2)];
    assert_eq!(
        conflict(rig.log.append(&stream("a"), Expected::NoStream, more).await),
        Some(0)
    );
}

async fn c08_shuffled_ids_at_the_old_expectation_are_a_conflict(rig: Rig) {
    rig.log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    let shuffled = vec![event(2), event(1)];
    assert_eq!(
        conflict(rig.log.append(&stream("a"), Expected::NoStream, shuffled).await),
        Some(1)
    );
}

async fn c09_an_expectation_beyond_the_head_is_a_conflict(rig: Rig) {
    let first = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let beyond = Expected::At(Head {
        revision: 7,
        hash: first.records[0].hash,
    });
    assert_eq!(
        conflict(rig.log.append(&stream("a"), beyond, vec![event(2)]).await),
        Some(0)
    );
    assert_eq!(
        conflict(rig.log.append(&stream("b"), beyond, vec![event(2)]).await),
        None
    );
}

async fn c10_an_id_already_in_the_stream_is_stored_again_at_the_head(rig: Rig) {
    let first = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let second = rig
        .log
        .append(&stream("a"), at(&first.records), vec![event(1)])
        .await
        .unwrap();
    assert!(!second.repeated);
    assert_eq!(second.records[0].revision, 1);
}

async fn c11_one_id_in_two_streams_is_stored_in_both(rig: Rig) {
    for _ in 0..2 {
        for name in ["a", "b"] {
            let done = rig
                .log
                .append(&stream(name), Expected::NoStream, vec![event(1)])
                .await
                .unwrap();
            assert_eq!(done.records[0].stream, stream(name));
        }
    }
    assert_eq!(rig.log.head().borrow().number, 2);
}

async fn c12_two_equal_ids_in_one_append_are_two_records(rig: Rig) {
    let done = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(1)])
        .await
        .unwrap();
    assert_eq!(done.records.len(), 2);
    assert_eq!(
        rig.log
            .read_stream(&stream("a"), Direction::Forwards, None, 10)
            .await
            .unwrap()
            .len(),
        2
    );
}

async fn c16_a_stream_that_is_not_there_is_not_found(rig: Rig) {
    let read = rig
        .log
        .read_stream(&stream("none"), Direction::Forwards, None, 10)
        .await;
    assert_eq!(read, Err(LogError::StreamNotFound));
    assert_eq!(rig.log.stream_head(&stream("none")).await, Ok(None));
}

async fn c18_backwards_from_the_end_one_record_is_the_last(rig: Rig) {
    let done = rig
        .log
        .append(&stream("a"), Expected::NoStream, (0..5).map(event).collect())
        .await
        .unwrap();
    let read = rig
        .log
        .read_stream(&stream("a"), Direction::Backwards, None, 1)
        .await
        .unwrap();
    assert_eq!(read, [Item::Record(done.records[4].clone())]);
}

async fn c21_concurrent_writers_leave_no_gap_and_no_disorder(rig: Rig) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8_u128 {
        let log = Arc::clone(&rig.log);
        writers.spawn(async move {
            for round in 0..25_u128 {
                // Two writers share each stream and fight for its head.
                let name = stream(&format!("s{}", writer / 2));
                loop {
                    let head = log.stream_head(&name).await.unwrap();
                    let expected = head.map_or(Expected::NoStream, Expected::At);
                    match log.append(&name, expected, vec![event(writer * 1000 + round)]).await {
                        Ok(done) => break assert!(!done.repeated),
                        Err(LogError::Conflict { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
    }
    let follower = tokio::spawn(take(follow(Arc::clone(&rig.log), rig.log.origin()), 200));
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let items = follower.await.unwrap();
    let positions: Vec<u64> = items.iter().map(|item| item.position().number).collect();
    assert_eq!(positions, (1..=200).collect::<Vec<_>>());
    let mut next = std::collections::HashMap::new();
    let mut last_time = None;
    for item in items {
        let Item::Record(record) = item else { panic!("damaged") };
        let due = next.entry(record.stream.clone()).or_insert(0);
        assert_eq!(record.revision, *due);
        *due += 1;
        assert!(Some(record.recorded_time) > last_time);
        last_time = Some(record.recorded_time);
    }
    let page = rig.log.read_all(rig.log.origin(), 1000).await.unwrap();
    assert!(page.caught_up);
    assert_eq!(page.items.len(), 200);
}

/// The first `count` items of a following.
async fn take(followed: impl futures::Stream<Item = Result<Followed, LogError>>, count: usize) -> Vec<Item> {
    let mut followed = std::pin::pin!(followed);
    let mut items = Vec::new();
    while items.len() < count {
        if let Followed::Items(more) = followed.next().await.unwrap().unwrap() {
            items.extend(more);
        }
    }
    items
}

async fn c23_resuming_from_a_checkpoint_neither_repeats_nor_loses(rig: Rig) {
    rig.log
        .append(&stream("a"), Expected::NoStream, (0..7).map(event).collect())
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut checkpoint = rig.log.origin();
    loop {
        let page = rig.log.read_all(checkpoint, 3).await.unwrap();
        seen.extend(page.items.iter().map(|item| item.position().number));
        checkpoint = page.next;
        if page.caught_up {
            break;
        }
    }
    assert_eq!(seen, (1..=7).collect::<Vec<_>>());
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    rig.log
        .append(&stream("a"), Expected::At(head), vec![event(70)])
        .await
        .unwrap();
    let resumed = take(follow(Arc::clone(&rig.log), checkpoint), 1).await;
    assert_eq!(resumed[0].position().number, 8);
}

async fn c24_following_from_the_head_says_caught_up_first(rig: Rig) {
    rig.log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let head = *rig.log.head().borrow();
    let mut followed = Box::pin(follow(Arc::clone(&rig.log), head));
    assert_eq!(followed.next().await.unwrap().unwrap(), Followed::CaughtUp(head));
    let log = Arc::clone(&rig.log);
    let appended = tokio::spawn(async move { log.append(&stream("b"), Expected::NoStream, vec![event(2)]).await });
    let Followed::Items(items) = followed.next().await.unwrap().unwrap() else {
        panic!("no items")
    };
    let done = appended.await.unwrap().unwrap();
    assert_eq!(items, [Item::Record(done.records[0].clone())]);
    assert_eq!(
        followed.next().await.unwrap().unwrap(),
        Followed::CaughtUp(done.records[0].position)
    );
}

async fn c25_what_is_too_large_is_refused_and_nothing_of_it_stored(rig: Rig) {
    let sized = |number: u128, bytes: usize| {
        let mut event = event(number);
        let frame = event.event_type.len() + event.metadata.len() + 2;
        event.payload = format!("\"{}\"", "x".repeat(bytes - frame)).into_bytes();
        event
    };
    let one = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![sized(1, MAX_EVENT_BYTES + 1)])
        .await;
    assert_eq!(
        one,
        Err(LogError::TooLarge {
            what: "event",
            bytes: MAX_EVENT_BYTES + 1,
            limit: MAX_EVENT_BYTES
        })
    );
    let five: Vec<NewEvent> = (0..5).map(|number| sized(number, MAX_EVENT_BYTES - 8)).collect();
    let bytes = 5 * (MAX_EVENT_BYTES - 8);
    let all = rig.log.append(&stream("a"), Expected::NoStream, five).await;
    assert_eq!(
        all,
        Err(LogError::TooLarge {
            what: "append",
            bytes,
            limit: MAX_APPEND_BYTES
        })
    );
    assert_eq!(rig.log.stream_head(&stream("a")).await, Ok(None));
    let four = (0..4).map(|number| sized(number, MAX_EVENT_BYTES)).collect();
    assert_eq!(
        rig.log
            .append(&stream("a"), Expected::NoStream, four)
            .await
            .unwrap()
            .records
            .len(),
        4
    );
}

async fn c26_an_empty_append_is_refused(rig: Rig) {
    let empty = rig.log.append(&stream("a"), Expected::NoStream, Vec::new()).await;
    assert!(matches!(empty, Err(LogError::Invalid(_))));
}

async fn c27_a_caller_that_goes_away_and_retries_has_written_once(mut rig: Rig) {
    for round in 0..20_u128 {
        let log = Arc::clone(&rig.log);
        let name = stream(&format!("r{round}"));
        let call = tokio::spawn({
            let name = name.clone();
            async move {
                log.append(&name, Expected::NoStream, vec![event(round), event(round + 100)])
                    .await
            }
        });
        // Broken off somewhere between hand-over, commit and reply.
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
    }
    rig.reopen();
    for round in 0..20_u128 {
        let name = stream(&format!("r{round}"));
        rig.log
            .append(&name, Expected::NoStream, vec![event(round), event(round + 100)])
            .await
            .unwrap();
        let items = rig.log.read_stream(&name, Direction::Forwards, None, 10).await.unwrap();
        assert_eq!(items.iter().map(revision_of).collect::<Vec<_>>(), [0, 1]);
    }
}

async fn c28_a_position_beyond_the_head_or_of_another_epoch_is_refused(rig: Rig) {
    rig.log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let head = *rig.log.head().borrow();
    let beyond = LogPosition {
        number: head.number + 1,
        ..head
    };
    let error = LogError::BeyondHead { position: beyond, head };
    assert_eq!(rig.log.read_all(beyond, 10).await, Err(error.clone()));
    let mut followed = Box::pin(follow(Arc::clone(&rig.log), beyond));
    assert_eq!(followed.next().await, Some(Err(error)));
    assert_eq!(followed.next().await, None);
    let other = LogPosition {
        epoch: head.epoch + 1,
        number: 0,
    };
    let error = LogError::OtherEpoch {
        position: other,
        current: head.epoch,
    };
    assert_eq!(rig.log.read_all(other, 10).await, Err(error));
}
