//! What the port promises beside the numbered cases: bounds, times, limits, refusals, records of another log.

use jiff::SignedDuration;
use yujian_eventlog::{Direction, Expected, Head, Item, LogError, NewEvent, STREAM_MAX_LENGTH};

use crate::conformance::{at, conflict};
use crate::support::{Rig, event, over_every_engine, revision_of, stream};

over_every_engine!(
    a_head_with_another_hash_is_a_conflict,
    reads_are_bounded_and_chained,
    recorded_time_strictly_increases_and_resolves_to_positions,
    a_clock_that_runs_back_or_away_refuses_writes,
    a_stream_takes_ten_thousand_events_and_no_more,
    clear_personal_data_is_refused_wherever_it_hides,
    metadata_that_the_log_fills_in_may_not_be_brought,
    sealed_records_move_to_another_log_unchanged,
    sealed_records_that_do_not_fit_are_refused,
);

async fn a_head_with_another_hash_is_a_conflict(rig: Rig) {
    let done = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    let wrong = |revision| {
        Expected::At(Head {
            revision,
            hash: yujian_eventlog::Hash([7; 32]),
        })
    };
    assert_eq!(
        conflict(rig.log.append(&stream("a"), wrong(1), vec![event(3)]).await),
        Some(1)
    );
    // Also for a repetition: the caller must have read the very record before it.
    assert_eq!(
        conflict(rig.log.append(&stream("a"), wrong(0), vec![event(2)]).await),
        Some(1)
    );
    let right = Expected::At(Head {
        revision: 0,
        hash: done.records[0].hash,
    });
    assert!(
        rig.log
            .append(&stream("a"), right, vec![event(2)])
            .await
            .unwrap()
            .repeated
    );
}

async fn reads_are_bounded_and_chained(rig: Rig) {
    // Interleaved with another stream, so that positions and revisions differ.
    let mut expected = (Expected::NoStream, Expected::NoStream);
    for number in 0..10 {
        let done = rig
            .log
            .append(&stream("a"), expected.0, vec![event(number)])
            .await
            .unwrap();
        expected.0 = at(&done.records);
        let done = rig
            .log
            .append(&stream("b"), expected.1, vec![event(number + 100)])
            .await
            .unwrap();
        expected.1 = at(&done.records);
    }
    let read = async |direction, from, limit| {
        let items = rig.log.read_stream(&stream("a"), direction, from, limit).await.unwrap();
        items.iter().map(revision_of).collect::<Vec<_>>()
    };
    use Direction::{Backwards, Forwards};
    assert_eq!(read(Forwards, None, 3).await, [0, 1, 2]);
    assert_eq!(read(Forwards, Some(8), 5).await, [8, 9]);
    assert_eq!(read(Forwards, Some(10), 5).await, [0; 0]);
    assert_eq!(read(Forwards, None, usize::MAX).await, (0..10).collect::<Vec<_>>());
    assert_eq!(read(Backwards, None, 3).await, [9, 8, 7]);
    assert_eq!(read(Backwards, Some(1), 5).await, [1, 0]);
    assert_eq!(read(Backwards, Some(99), 1).await, [9]);
    assert_eq!(read(Forwards, None, 0).await, [0; 0]);
    let items = rig.log.read_stream(&stream("a"), Forwards, None, 10).await.unwrap();
    let mut prev = yujian_eventlog::Hash::ZERO;
    for item in items {
        let Item::Record(record) = item else { panic!("damaged") };
        assert_eq!(record.prev, prev);
        prev = record.hash;
    }
}

async fn recorded_time_strictly_increases_and_resolves_to_positions(rig: Rig) {
    let done = rig
        .log
        .append(&stream("a"), Expected::NoStream, (0..3).map(event).collect())
        .await
        .unwrap();
    let times: Vec<_> = done.records.iter().map(|record| record.recorded_time).collect();
    assert!(times.is_sorted_by(|left, right| left < right));
    rig.clock.advance(SignedDuration::from_hours(1));
    let later = rig
        .log
        .append(&stream("a"), at(&done.records), vec![event(9)])
        .await
        .unwrap();
    let before = times[0] - SignedDuration::from_nanos(1);
    for (instant, number) in [(before, 0), (times[0], 1), (times[1], 2), (times[2], 3)] {
        assert_eq!(rig.log.position_at(instant).await.unwrap().number, number);
    }
    let half_hour = times[0] + SignedDuration::from_mins(30);
    assert_eq!(rig.log.position_at(half_hour).await.unwrap().number, 3);
    assert_eq!(
        rig.log
            .position_at(later.records[0].recorded_time)
            .await
            .unwrap()
            .number,
        4
    );
}

async fn a_clock_that_runs_back_or_away_refuses_writes(rig: Rig) {
    let done = rig
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    rig.clock.advance(SignedDuration::from_mins(-4));
    let second = rig
        .log
        .append(&stream("a"), at(&done.records), vec![event(2)])
        .await
        .unwrap();
    assert!(second.records[0].recorded_time > done.records[0].recorded_time);
    rig.clock.advance(SignedDuration::from_mins(-2));
    let refused = rig.log.append(&stream("a"), at(&second.records), vec![event(3)]).await;
    assert!(matches!(refused, Err(LogError::ClockSuspect(_))), "{refused:?}");
    // What is stored already can still be told.
    assert!(
        rig.log
            .append(&stream("a"), at(&done.records), vec![event(2)])
            .await
            .unwrap()
            .repeated
    );
    rig.clock.advance(SignedDuration::from_mins(6));
    rig.clock.drift(SignedDuration::from_mins(6));
    let refused = rig.log.append(&stream("a"), at(&second.records), vec![event(3)]).await;
    assert!(matches!(refused, Err(LogError::ClockSuspect(_))), "{refused:?}");
}

async fn a_stream_takes_ten_thousand_events_and_no_more(rig: Rig) {
    let mut expected = Expected::NoStream;
    for round in 0..20 {
        let events = (0..500).map(|number| event(round * 500 + number)).collect();
        expected = at(&rig.log.append(&stream("a"), expected, events).await.unwrap().records);
    }
    let refused = rig.log.append(&stream("a"), expected, vec![event(1)]).await;
    assert_eq!(
        refused,
        Err(LogError::StreamTooLong {
            length: STREAM_MAX_LENGTH
        })
    );
    assert_eq!(rig.log.head().borrow().number, STREAM_MAX_LENGTH);
}

async fn clear_personal_data_is_refused_wherever_it_hides(rig: Rig) {
    let append = async |payload: &str| {
        let event = NewEvent {
            payload: payload.as_bytes().to_vec(),
            ..event(1)
        };
        rig.log
            .append(&stream("a"), Expected::NoStream, vec![event])
            .await
            .map(drop)
    };
    for hidden in [
        r#"{"$personal":{"subject":"s","clear":"x"}}"#,
        r#"{"a":[1,{"b":{"$personal":1}}]}"#,
        r#"{"a":{"\u0024personal":1}}"#,
        r#"{"a":{"$personal":1},"a":1}"#,
    ] {
        assert_eq!(append(hidden).await, Err(LogError::ClearPersonalData), "{hidden}");
    }
    assert!(matches!(append("{").await, Err(LogError::Invalid(_))));
    assert!(matches!(append("{} {}").await, Err(LogError::Invalid(_))));
    append(r#"{"text":"he wrote \"$personal\": 1","n":1.5e300,"$personal ":0}"#)
        .await
        .unwrap();
}

async fn metadata_that_the_log_fills_in_may_not_be_brought(rig: Rig) {
    let append = async |metadata: &str| {
        let event = NewEvent {
            metadata: metadata.as_bytes().to_vec(),
            ..event(1)
        };
        rig.log.append(&stream("a"), Expected::NoStream, vec![event]).await
    };
    for wrong in [
        "",
        "[]",
        "null",
        "{",
        r#" {"a":1}"#,
        r#"{"hash":"x"}"#,
        r#"{"a":1,"recorded_time":"x"}"#,
        r#"{"\u0070rev":1}"#,
        r#"{"format":1}"#,
        r#"{"a":1,"a":2}"#,
    ] {
        assert!(matches!(append(wrong).await, Err(LogError::Invalid(_))), "{wrong}");
    }
    let bare = append("{}").await.unwrap();
    let text = std::str::from_utf8(&bare.records[0].metadata).unwrap();
    assert!(text.ends_with("Z\"}"), "{text}");
    let read = rig
        .log
        .read_stream(&stream("a"), Direction::Forwards, None, 1)
        .await
        .unwrap();
    assert_eq!(read, [Item::Record(bare.records[0].clone())]);
}

async fn sealed_records_move_to_another_log_unchanged(rig: Rig) {
    let source = Rig::memory();
    let done = source
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    source
        .log
        .append(&stream("b"), Expected::NoStream, vec![event(3)])
        .await
        .unwrap();
    source
        .log
        .append(&stream("a"), at(&done.records), vec![event(4)])
        .await
        .unwrap();
    let page = source.log.read_all(source.log.origin(), 10).await.unwrap();
    let records: Vec<_> = page
        .items
        .iter()
        .map(|item| match item {
            Item::Record(record) => record.clone(),
            Item::Damaged(damage) => panic!("{damage:?}"),
        })
        .collect();
    assert_eq!(rig.log.append_sealed(records).await.unwrap().number, 4);
    let moved = rig.log.read_all(rig.log.origin(), 10).await.unwrap();
    assert_eq!(moved.items, page.items);
    // And it goes on from there.
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    rig.log
        .append(&stream("a"), Expected::At(head), vec![event(5)])
        .await
        .unwrap();
}

async fn sealed_records_that_do_not_fit_are_refused(rig: Rig) {
    let source = Rig::memory();
    let records = source
        .log
        .append(&stream("a"), Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap()
        .records;
    let mut altered = records.clone();
    altered[1].payload = b"{\"n\":3}".as_slice().into();
    assert!(matches!(
        rig.log.append_sealed(altered).await,
        Err(LogError::Invalid(_))
    ));
    let gap = vec![records[1].clone()];
    assert!(matches!(
        rig.log.append_sealed(gap).await,
        Err(LogError::Conflict { current: None })
    ));
    let mut elsewhere = records.clone();
    elsewhere[0].stream = stream("b");
    assert!(matches!(
        rig.log.append_sealed(elsewhere).await,
        Err(LogError::Invalid(_))
    ));
    assert_eq!(rig.log.head().borrow().number, 0);
    rig.log.append_sealed(records.clone()).await.unwrap();
    assert!(matches!(
        rig.log.append_sealed(records).await,
        Err(LogError::Conflict { .. })
    ));
}
