//! What an append does: expectations, repetitions, conflicts, sizes.

use std::sync::Arc;

use jiff::SignedDuration;
use yujian_eventlog::{
    Direction, Expected, Hash, Head, LogError, LogPosition, MAX_APPEND_BYTES, MAX_EVENT_BYTES, NewEvent,
};

use super::{Rig, at, conflict, event, records_of, revision_of, stream};

pub async fn c01_no_stream_on_a_new_stream_is_stored_from_revision_0(rig: Rig) {
    let done = rig
        .append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(!done.repeated);
    let revisions: Vec<u64> = done.records.iter().map(|record| record.revision).collect();
    assert_eq!(revisions, [0, 1]);
    let positions: Vec<LogPosition> = done.records.iter().map(|record| record.position).collect();
    assert!(rig.log.origin() < positions[0] && positions[0] < positions[1]);
    if rig.log.gapless() {
        assert_eq!((positions[0].number, positions[1].number), (1, 2));
    }
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    assert_eq!((head.revision, head.hash), (1, done.records[1].hash));
    assert_eq!(*rig.log.head().borrow(), positions[1]);
    assert_eq!(records_of(rig.everything().await), done.records);
}

pub async fn c02_repeating_it_gives_the_same_records_and_stores_nothing(rig: Rig) {
    let events = || vec![event(1), event(2)];
    let first = rig.append("a", Expected::NoStream, events()).await.unwrap();
    let head = *rig.log.head().borrow();
    rig.clock.advance(SignedDuration::from_secs(60));
    let again = rig.append("a", Expected::NoStream, events()).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, first.records);
    assert_eq!(*rig.log.head().borrow(), head);
    assert_eq!(rig.count().await, 2);
}

pub async fn c03_no_stream_with_other_ids_is_a_conflict(rig: Rig) {
    rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let other = rig.append("a", Expected::NoStream, vec![event(9)]).await;
    assert_eq!(conflict(other), Some(0));
    assert_eq!(rig.count().await, 1);
}

pub async fn c04_the_exact_head_is_stored_after_it(rig: Rig) {
    let first = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let second = rig.append("a", at(&first.records), vec![event(2)]).await.unwrap();
    assert!(!second.repeated);
    assert_eq!(second.records[0].revision, 1);
    assert_eq!(second.records[0].prev, first.records[0].hash);
}

pub async fn c05_a_repetition_after_later_appends_gives_the_first_records(rig: Rig) {
    let first = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let second = rig.append("a", at(&first.records), vec![event(2)]).await.unwrap();
    let mut last = second.records.clone();
    for number in 3..6 {
        last = rig.append("a", at(&last), vec![event(number)]).await.unwrap().records;
    }
    let again = rig.append("a", at(&first.records), vec![event(2)]).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, second.records);
    assert_eq!(rig.count().await, 5);
}

pub async fn c06_a_prefix_at_the_old_expectation_is_a_repetition(rig: Rig) {
    let whole = vec![event(1), event(2), event(3)];
    let first = rig.append("a", Expected::NoStream, whole).await.unwrap();
    let again = rig
        .append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, first.records[..2]);
}

pub async fn c07_a_superset_at_the_old_expectation_is_a_conflict(rig: Rig) {
    rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let more = rig.append("a", Expected::NoStream, vec![event(1), event(2)]).await;
    assert_eq!(conflict(more), Some(0));
    assert_eq!(rig.count().await, 1);
}

pub async fn c08_shuffled_ids_at_the_old_expectation_are_a_conflict(rig: Rig) {
    rig.append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    let shuffled = rig.append("a", Expected::NoStream, vec![event(2), event(1)]).await;
    assert_eq!(conflict(shuffled), Some(1));
    assert_eq!(rig.count().await, 2);
}

pub async fn c09_an_expectation_beyond_the_head_is_a_conflict(rig: Rig) {
    let first = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let beyond = Expected::At(Head {
        revision: 7,
        hash: first.records[0].hash,
    });
    assert_eq!(conflict(rig.append("a", beyond, vec![event(2)]).await), Some(0));
    assert_eq!(conflict(rig.append("b", beyond, vec![event(2)]).await), None);
    assert_eq!(rig.count().await, 1);
}

pub async fn c10_an_id_already_in_the_stream_is_stored_again_at_the_head(rig: Rig) {
    let first = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let second = rig.append("a", at(&first.records), vec![event(1)]).await.unwrap();
    assert!(!second.repeated);
    assert_eq!(second.records[0].revision, 1);
    assert_eq!(rig.count().await, 2);
}

pub async fn c11_one_id_in_two_streams_is_stored_in_both(rig: Rig) {
    for repeated in [false, true] {
        for name in ["a", "b"] {
            let done = rig.append(name, Expected::NoStream, vec![event(1)]).await.unwrap();
            assert_eq!(done.repeated, repeated);
            assert_eq!(done.records[0].stream, stream(name));
        }
    }
    assert_eq!(rig.count().await, 2);
}

pub async fn c12_two_equal_ids_in_one_append_are_two_records(rig: Rig) {
    let done = rig
        .append("a", Expected::NoStream, vec![event(1), event(1)])
        .await
        .unwrap();
    assert_eq!(done.records.len(), 2);
    let stored = rig.read("a", Direction::Forwards, None, 10).await;
    assert_eq!(records_of(stored), done.records);
}

/// An event of exactly so many bytes, as the limits count them.
fn sized(number: u128, bytes: usize) -> NewEvent {
    let mut event = event(number);
    let frame = event.event_type.len() + event.metadata.len() + 2;
    event.payload = format!("\"{}\"", "x".repeat(bytes - frame)).into_bytes();
    event
}

pub async fn c25_what_is_too_large_is_refused_and_nothing_of_it_stored(rig: Rig) {
    let one = vec![sized(1, MAX_EVENT_BYTES + 1)];
    assert_eq!(
        rig.append("a", Expected::NoStream, one).await,
        Err(LogError::TooLarge {
            what: "event",
            bytes: MAX_EVENT_BYTES + 1,
            limit: MAX_EVENT_BYTES
        })
    );
    let five: Vec<NewEvent> = (0..5).map(|number| sized(number, MAX_EVENT_BYTES - 8)).collect();
    let bytes = 5 * (MAX_EVENT_BYTES - 8);
    assert_eq!(
        rig.append("a", Expected::NoStream, five).await,
        Err(LogError::TooLarge {
            what: "append",
            bytes,
            limit: MAX_APPEND_BYTES
        })
    );
    assert_eq!(rig.log.stream_head(&stream("a")).await, Ok(None));
    assert_eq!(rig.count().await, 0);
    let four = (0..4).map(|number| sized(number, MAX_EVENT_BYTES)).collect();
    let done = rig.append("a", Expected::NoStream, four).await.unwrap();
    assert_eq!(done.records.len(), 4);
}

pub async fn c26_an_empty_append_is_refused(rig: Rig) {
    let empty = rig.append("a", Expected::NoStream, Vec::new()).await;
    assert!(matches!(empty, Err(LogError::Invalid(_))));
    assert_eq!(rig.log.stream_head(&stream("a")).await, Ok(None));
}

pub async fn c27_a_caller_that_goes_away_and_retries_has_written_once(mut rig: Rig) {
    for round in 0..20_u128 {
        let log = Arc::clone(&rig.log);
        let name = stream(&format!("r{round}"));
        let call = tokio::spawn(async move {
            let events = vec![event(round), event(round + 100)];
            log.append(&name, Expected::NoStream, events).await
        });
        // Broken off somewhere between hand-over, commit and reply.
        for _ in 0..round % 4 {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
    }
    rig.reopen().await;
    for round in 0..20_u128 {
        let name = format!("r{round}");
        let events = vec![event(round), event(round + 100)];
        rig.append(&name, Expected::NoStream, events).await.unwrap();
        let items = rig.read(&name, Direction::Forwards, None, 10).await;
        assert_eq!(items.iter().map(revision_of).collect::<Vec<_>>(), [0, 1]);
    }
    assert_eq!(rig.count().await, 40);
}

pub async fn a_head_with_another_hash_is_a_conflict(rig: Rig) {
    let done = rig
        .append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    let wrong = |revision| {
        Expected::At(Head {
            revision,
            hash: Hash([7; 32]),
        })
    };
    assert_eq!(conflict(rig.append("a", wrong(1), vec![event(3)]).await), Some(1));
    // Also for a repetition: the caller must have read the very record before it.
    assert_eq!(conflict(rig.append("a", wrong(0), vec![event(2)]).await), Some(1));
    let right = at(&done.records[..1]);
    assert!(rig.append("a", right, vec![event(2)]).await.unwrap().repeated);
    assert_eq!(rig.count().await, 2);
}

pub async fn two_who_append_the_same_at_once_store_it_once_and_get_the_same_records(rig: Rig) {
    let mut stored = 0;
    for round in 0..20_u128 {
        let name = stream(&format!("s{}", round % 2));
        let head = rig.log.stream_head(&name).await.unwrap();
        let expected = head.map_or(Expected::NoStream, Expected::At);
        let both = [(); 2].map(|()| {
            let (log, name) = (Arc::clone(&rig.log), name.clone());
            let events = vec![event(2 * round), event(2 * round + 1)];
            tokio::spawn(async move { log.append(&name, expected, events).await.unwrap() })
        });
        let [one, other] = both;
        let (one, other) = (one.await.unwrap(), other.await.unwrap());
        assert_eq!(one.records, other.records);
        assert!(!(one.repeated && other.repeated));
        if rig.log.gapless() {
            assert!(one.repeated || other.repeated);
        }
        stored += 2;
        assert_eq!(rig.count().await, stored);
    }
}

pub async fn a_repetition_after_a_restart_gives_the_first_records(mut rig: Rig) {
    let first = rig
        .append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    let second = rig.append("a", at(&first.records), vec![event(3)]).await.unwrap();
    rig.reopen().await;
    let again = rig
        .append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    assert!(again.repeated);
    assert_eq!(again.records, first.records);
    let third = rig.append("a", at(&second.records), vec![event(4)]).await.unwrap();
    assert_eq!(third.records[0].prev, second.records[0].hash);
    assert_eq!(rig.count().await, 4);
}
