//! Records that another log has written, on their way into this one.

use jiff::SignedDuration;
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::record::Checked;
use yujian_eventlog::{
    Direction, EventLog, Expected, LogError, LogPosition, MAX_APPEND_BYTES, MAX_EVENT_BYTES, NewEvent, Record,
    STREAM_MAX_LENGTH,
};

use super::{Rig, TestClock, at, event, records_of, stream};

/// Five records of three streams that take turns: a0 a1 b0 a2 c0.
async fn written_elsewhere() -> Vec<Record> {
    let source = MemoryLog::new(TestClock::new());
    let append = async |name: &str, expected, numbers: &[u128]| {
        let events = numbers.iter().copied().map(event).collect();
        source.append(&stream(name), expected, events).await.unwrap().records
    };
    let first = append("a", Expected::NoStream, &[1, 2]).await;
    append("b", Expected::NoStream, &[3]).await;
    append("a", at(&first), &[4]).await;
    append("c", Expected::NoStream, &[5]).await;
    records_of(source.read_all(source.origin(), 10).await.unwrap().items)
}

/// The same records, wherever they stand.
fn without_position(records: Vec<Record>) -> Vec<Record> {
    let position = LogPosition { epoch: 0, number: 0 };
    let unplaced = |record| Record { position, ..record };
    records.into_iter().map(unplaced).collect()
}

pub async fn sealed_records_move_to_another_log_unchanged(mut rig: Rig) {
    let records = written_elsewhere().await;
    let end = rig.log.append_sealed(records.clone()).await.unwrap();
    assert_eq!(end, *rig.log.head().borrow());
    let moved = records_of(rig.everything().await);
    assert_eq!(moved.last().unwrap().position, end);
    if rig.log.gapless() {
        // The source counts from 1 too.
        assert_eq!(moved, records);
    }
    assert_eq!(without_position(moved), without_position(records));
    // And it goes on from there.
    rig.reopen().await;
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    let next = rig.append("a", Expected::At(head), vec![event(6)]).await.unwrap();
    assert_eq!(next.records[0].revision, 3);
    assert_eq!(rig.count().await, 6);
}

pub async fn sealed_records_that_do_not_fit_are_refused(rig: Rig) {
    let records = written_elsewhere().await;
    let mut altered = records.clone();
    altered[1].payload = b"{\"n\":3}".as_slice().into();
    let mut elsewhere = records.clone();
    elsewhere[0].stream = stream("z");
    let mut other_prev = records.clone();
    other_prev[1].prev = records[2].hash;
    for wrong in [altered, elsewhere, other_prev] {
        let refused = rig.log.append_sealed(wrong).await;
        assert!(matches!(refused, Err(LogError::Invalid(_))), "{refused:?}");
    }
    let gap = rig.log.append_sealed(vec![records[1].clone()]).await;
    assert_eq!(gap, Err(LogError::Conflict { current: None }));
    let empty = rig.log.append_sealed(Vec::new()).await;
    assert!(matches!(empty, Err(LogError::Invalid(_))));
    assert_eq!(rig.count().await, 0);
    rig.log.append_sealed(records).await.unwrap();
}

pub async fn sealed_records_that_are_there_already_are_a_conflict(mut rig: Rig) {
    let records = written_elsewhere().await;
    rig.log.append_sealed(records.clone()).await.unwrap();
    for _ in 0..2 {
        let head = rig.log.stream_head(&stream("a")).await.unwrap();
        assert_eq!(head.map(Expected::At), Some(at(&records[3..4])));
        let again = rig.log.append_sealed(records.clone()).await;
        assert_eq!(again, Err(LogError::Conflict { current: head }));
        let first = rig.log.append_sealed(records[..1].to_vec()).await;
        assert_eq!(first, Err(LogError::Conflict { current: head }));
        assert_eq!(rig.count().await, 5);
        rig.reopen().await;
    }
}

pub async fn sealed_records_of_several_streams_are_taken_in_their_order(rig: Rig) {
    // In two parts, so that the second goes on with a stream of the first.
    let records = written_elsewhere().await;
    let middle = rig.log.append_sealed(records[..3].to_vec()).await.unwrap();
    let end = rig.log.append_sealed(records[3..].to_vec()).await.unwrap();
    let moved = records_of(rig.everything().await);
    assert_eq!((moved[2].position, moved[4].position), (middle, end));
    assert_eq!(without_position(moved), without_position(records.clone()));
    for name in ["a", "b", "c"] {
        let of_stream = records.iter().filter(|record| record.stream == stream(name)).cloned();
        let expected: Vec<Record> = of_stream.collect();
        let head = rig.log.stream_head(&stream(name)).await.unwrap().unwrap();
        assert_eq!(Expected::At(head), at(&expected));
        let read = rig.read(name, Direction::Forwards, None, 10).await;
        assert_eq!(without_position(records_of(read)), without_position(expected));
    }
    assert_eq!(
        rig.log.streams("test").await,
        Ok(vec![stream("a"), stream("b"), stream("c")])
    );
}

pub async fn a_batch_of_which_one_record_does_not_fit_leaves_nothing_behind(rig: Rig) {
    let records = written_elsewhere().await;
    let last = |wrong: &dyn Fn(&mut Record)| {
        let mut records = records.clone();
        wrong(records.last_mut().unwrap());
        records
    };
    for wrong in [
        last(&|record| record.payload = b"{}".as_slice().into()),
        last(&|record| record.revision = 1),
        last(&|record| *record = records[0].clone()),
    ] {
        assert!(rig.log.append_sealed(wrong).await.is_err());
        // All were looked at before the first was stored.
        assert_eq!(rig.log.streams("test").await, Ok(Vec::new()));
        assert_eq!(rig.count().await, 0);
    }
    assert_eq!(rig.log.stream_head(&stream("c")).await, Ok(None));
    assert_eq!(rig.log.check_writable(), Ok(()));
}

pub async fn sealed_records_above_the_limits_are_refused(rig: Rig) {
    let source = MemoryLog::new(TestClock::new());
    let sized = |number, bytes| {
        let event = event(number);
        let frame = event.event_type.len() + event.metadata.len() + 2;
        let payload = format!("\"{}\"", "x".repeat(bytes - frame)).into_bytes();
        NewEvent { payload, ..event }
    };
    let mut records = Vec::new();
    for number in 0..5 {
        let name = stream(&format!("s{number}"));
        let events = vec![sized(number, MAX_EVENT_BYTES)];
        let done = source.append(&name, Expected::NoStream, events).await.unwrap();
        records.extend(done.records);
    }
    let refused = rig.log.append_sealed(records.clone()).await;
    let limit = MAX_APPEND_BYTES;
    assert!(
        matches!(refused, Err(LogError::TooLarge { what: "append", limit: told, .. }) if told == limit),
        "{refused:?}"
    );
    assert_eq!(rig.count().await, 0);
    // What an append could hold, sealed records can hold too.
    rig.log.append_sealed(records[..4].to_vec()).await.unwrap();

    let mut expected = Expected::NoStream;
    let mut source_end = records[4].recorded_time;
    for round in 0..20 {
        let events = (0..500).map(|number| event(round * 500 + number)).collect();
        let done = source.append(&stream("long"), expected, events).await.unwrap();
        expected = at(&done.records);
        source_end = source_end.max(done.records[499].recorded_time);
        rig.log.append_sealed(done.records).await.unwrap();
    }
    let head = rig.log.stream_head(&stream("long")).await.unwrap().unwrap();
    assert_eq!(head.revision, STREAM_MAX_LENGTH - 1);
    let time = source_end + SignedDuration::from_hours(1);
    let more = Checked::new(event(10_000)).unwrap();
    let position = *source.head().borrow();
    let more = more.seal(position, &stream("long"), STREAM_MAX_LENGTH, head.hash, time);
    assert_eq!(
        rig.log.append_sealed(vec![more.unwrap()]).await,
        Err(LogError::StreamTooLong {
            length: STREAM_MAX_LENGTH
        })
    );
}
