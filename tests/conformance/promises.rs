//! What the port promises of every record, whoever appends it: times, lengths, and what may not be brought.

use jiff::SignedDuration;
use yujian_eventlog::{Direction, Expected, Item, LogError, NewEvent, STREAM_MAX_LENGTH};

use super::{Rig, at, event, stream};

pub async fn recorded_time_strictly_increases_and_resolves_to_positions(rig: Rig) {
    let events = (0..3).map(event).collect();
    let done = rig.append("a", Expected::NoStream, events).await.unwrap();
    let times: Vec<_> = done.records.iter().map(|record| record.recorded_time).collect();
    assert!(times.is_sorted_by(|left, right| left < right));
    rig.clock.advance(SignedDuration::from_hours(1));
    let later = rig.append("a", at(&done.records), vec![event(9)]).await.unwrap();
    assert!(later.records[0].recorded_time > times[2]);
    let nanosecond = SignedDuration::from_nanos(1);
    let position = |index: usize| done.records[index].position;
    let last = later.records[0].clone();
    for (instant, expected) in [
        (times[0] - nanosecond, rig.log.origin()),
        (times[0], position(0)),
        (times[1], position(1)),
        (times[2], position(2)),
        (times[0] + SignedDuration::from_mins(30), position(2)),
        (last.recorded_time - nanosecond, position(2)),
        (last.recorded_time, last.position),
        (last.recorded_time + SignedDuration::from_hours(1), last.position),
    ] {
        assert_eq!(rig.log.position_at(instant).await, Ok(expected), "{instant}");
    }
    // The positions themselves are checked as the log is read.
    assert_eq!(rig.count().await, 4);
}

pub async fn a_clock_that_runs_back_or_away_refuses_writes(rig: Rig) {
    let first = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    if rig.log.gapless() {
        // Nobody else writes the log: five minutes are a clock that was set right.
        rig.clock.advance(SignedDuration::from_mins(-4));
    }
    let second = rig.append("a", at(&first.records), vec![event(2)]).await.unwrap();
    assert!(second.records[0].recorded_time > first.records[0].recorded_time);
    let back = if rig.log.gapless() { -2 } else { -6 };
    rig.clock.advance(SignedDuration::from_mins(back));
    let refused = rig.append("a", at(&second.records), vec![event(3)]).await;
    assert!(matches!(refused, Err(LogError::ClockSuspect(_))), "{refused:?}");
    // What is stored already can still be told.
    let again = rig.append("a", at(&first.records), vec![event(2)]).await.unwrap();
    assert!(again.repeated);
    rig.clock.advance(SignedDuration::from_mins(6));
    rig.clock.drift(SignedDuration::from_mins(6));
    let refused = rig.append("a", at(&second.records), vec![event(3)]).await;
    assert!(matches!(refused, Err(LogError::ClockSuspect(_))), "{refused:?}");
    assert_eq!(rig.count().await, 2);
}

pub async fn a_stream_takes_ten_thousand_events_and_no_more(rig: Rig) {
    let mut expected = Expected::NoStream;
    for round in 0..20 {
        let events = (0..500).map(|number| event(round * 500 + number)).collect();
        expected = at(&rig.append("a", expected, events).await.unwrap().records);
    }
    assert_eq!(
        rig.append("a", expected, vec![event(1)]).await,
        Err(LogError::StreamTooLong {
            length: STREAM_MAX_LENGTH
        })
    );
    assert_eq!(u64::try_from(rig.count().await).unwrap(), STREAM_MAX_LENGTH);
}

pub async fn clear_personal_data_is_refused_wherever_it_hides(rig: Rig) {
    let append = async |payload: &str| {
        let event = NewEvent {
            payload: payload.as_bytes().to_vec(),
            ..event(1)
        };
        rig.append("a", Expected::NoStream, vec![event]).await.map(drop)
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
    assert_eq!(rig.count().await, 0);
    append(r#"{"text":"he wrote \"$personal\": 1","n":1.5e300,"$personal ":0}"#)
        .await
        .unwrap();
}

pub async fn metadata_that_the_log_fills_in_may_not_be_brought(rig: Rig) {
    let append = async |metadata: &str| {
        let event = NewEvent {
            metadata: metadata.as_bytes().to_vec(),
            ..event(1)
        };
        rig.append("a", Expected::NoStream, vec![event]).await
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
    let read = rig.read("a", Direction::Forwards, None, 1).await;
    assert_eq!(read, [Item::Record(bare.records[0].clone())]);
}

pub async fn what_was_refused_leaves_the_log_writable(rig: Rig) {
    let done = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let sealed = done.records.clone();
    let clear = NewEvent {
        payload: br#"{"$personal":1}"#.to_vec(),
        ..event(2)
    };
    assert!(rig.append("a", Expected::NoStream, vec![event(2)]).await.is_err());
    assert!(rig.append("a", at(&done.records), vec![clear]).await.is_err());
    assert!(rig.append("a", at(&done.records), Vec::new()).await.is_err());
    assert!(rig.log.append_sealed(sealed).await.is_err());
    assert!(rig.log.append_sealed(Vec::new()).await.is_err());
    rig.clock.advance(SignedDuration::from_mins(-6));
    assert!(rig.append("a", at(&done.records), vec![event(2)]).await.is_err());
    rig.clock.advance(SignedDuration::from_mins(6));
    assert_eq!(rig.log.check_writable(), Ok(()));
    let second = rig.append("a", at(&done.records), vec![event(2)]).await.unwrap();
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    assert_eq!(Expected::At(head), at(&second.records));
    assert_eq!(rig.count().await, 2);
}
