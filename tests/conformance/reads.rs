//! What reads show: streams from both ends, pages of the log, single items, names.

use yujian_eventlog::{Direction, Expected, Hash, Item, LogError, LogPosition, NewEvent, StreamName};

use super::{Rig, at, event, records_of, revision_of, stream};

pub async fn c16_a_stream_that_is_not_there_is_not_found(rig: Rig) {
    for direction in [Direction::Forwards, Direction::Backwards] {
        let read = rig.log.read_stream(&stream("none"), direction, None, 10).await;
        assert_eq!(read, Err(LogError::StreamNotFound));
    }
    assert_eq!(rig.log.stream_head(&stream("none")).await, Ok(None));
    // Nor does it come to be by being asked for, or by a refused append.
    let refused = rig.append("none", Expected::NoStream, Vec::new()).await;
    assert!(refused.is_err());
    assert_eq!(rig.log.streams("test").await, Ok(Vec::new()));
}

pub async fn c17_reading_on_from_beyond_the_end_is_empty(rig: Rig) {
    let events = (0..3).map(event).collect();
    let done = rig.append("a", Expected::NoStream, events).await.unwrap();
    for beyond in [3, 4, 1_000_000] {
        assert_eq!(rig.read("a", Direction::Forwards, Some(beyond), 10).await, []);
        let back = rig.read("a", Direction::Backwards, Some(beyond), 1).await;
        assert_eq!(back, [Item::Record(done.records[2].clone())]);
    }
}

pub async fn c18_backwards_from_the_end_one_record_is_the_last(rig: Rig) {
    let events = (0..5).map(event).collect();
    let done = rig.append("a", Expected::NoStream, events).await.unwrap();
    let read = rig.read("a", Direction::Backwards, None, 1).await;
    assert_eq!(read, [Item::Record(done.records[4].clone())]);
}

pub async fn reads_of_a_stream_are_bounded_and_chained(rig: Rig) {
    // Interleaved with another stream, so that positions and revisions differ.
    let mut expected = (Expected::NoStream, Expected::NoStream);
    for number in 0..10 {
        let done = rig.append("a", expected.0, vec![event(number)]).await.unwrap();
        expected.0 = at(&done.records);
        let done = rig.append("b", expected.1, vec![event(number + 100)]).await.unwrap();
        expected.1 = at(&done.records);
    }
    let read = async |direction, from, limit| {
        let items = rig.read("a", direction, from, limit).await;
        items.iter().map(revision_of).collect::<Vec<_>>()
    };
    use Direction::{Backwards, Forwards};
    assert_eq!(read(Forwards, None, 3).await, [0, 1, 2]);
    assert_eq!(read(Forwards, Some(8), 5).await, [8, 9]);
    assert_eq!(read(Forwards, Some(10), 5).await, [0; 0]);
    assert_eq!(read(Forwards, None, usize::MAX).await, (0..10).collect::<Vec<_>>());
    assert_eq!(read(Backwards, None, 3).await, [9, 8, 7]);
    assert_eq!(read(Backwards, Some(1), 5).await, [1, 0]);
    assert_eq!(read(Backwards, Some(0), 5).await, [0]);
    assert_eq!(read(Backwards, Some(99), 1).await, [9]);
    assert_eq!(
        read(Backwards, None, usize::MAX).await,
        (0..10).rev().collect::<Vec<_>>()
    );
    assert_eq!(read(Forwards, None, 0).await, [0; 0]);
    assert_eq!(read(Backwards, None, 0).await, [0; 0]);
    let mut prev = Hash::ZERO;
    for record in records_of(rig.read("a", Forwards, None, 10).await) {
        assert_eq!(record.stream, stream("a"));
        assert_eq!(record.prev, prev);
        prev = record.hash;
    }
}

pub async fn pages_of_a_stream_fit_together_from_the_first_record_to_the_last(rig: Rig) {
    let events = (0..7).map(event).collect();
    let done = rig.append("a", Expected::NoStream, events).await.unwrap();
    let all: Vec<Item> = done.records.into_iter().map(Item::Record).collect();
    for limit in 1..=8 {
        let mut forwards = Vec::new();
        loop {
            let page = rig
                .read(
                    "a",
                    Direction::Forwards,
                    forwards.last().map(|it| revision_of(it) + 1),
                    limit,
                )
                .await;
            assert_eq!(page.len(), limit.min(all.len() - forwards.len()));
            if page.is_empty() {
                break;
            }
            forwards.extend(page);
        }
        assert_eq!(forwards, all);
        let mut backwards = rig.read("a", Direction::Backwards, None, limit).await;
        while let Some(next) = revision_of(backwards.last().unwrap()).checked_sub(1) {
            let page = rig.read("a", Direction::Backwards, Some(next), limit).await;
            assert_eq!(page.len(), limit.min(all.len() - backwards.len()));
            backwards.extend(page);
        }
        backwards.reverse();
        assert_eq!(backwards, all);
    }
}

pub async fn pages_of_the_log_are_bounded_in_items_and_bytes(rig: Rig) {
    // Nine megabytes: more than any page holds.
    let large = |number| NewEvent {
        payload: format!("\"{}\"", "x".repeat(225 * 1024)).into_bytes(),
        ..event(number)
    };
    for name in 0..10 {
        let events = (0..4).map(large).collect();
        let name = format!("s{name}");
        rig.append(&name, Expected::NoStream, events).await.unwrap();
    }
    let all = rig.everything().await;
    assert_eq!(all.len(), 40);
    let origin = rig.log.origin();
    for limit in 1..4 {
        let page = rig.log.read_all(origin, limit).await.unwrap();
        assert_eq!(page.items, all[..limit]);
        assert!(!page.caught_up);
    }
    let page = rig.log.read_all(origin, 1_000).await.unwrap();
    assert!(!page.caught_up);
    assert!((1..40).contains(&page.items.len()));
    assert_eq!(page.items, all[..page.items.len()]);
    let rest = rig.log.read_all(page.next, 1).await.unwrap();
    assert_eq!(rest.items, all[page.items.len()..=page.items.len()]);
    let last = rig.log.read_all(all[38].position(), 1_000).await.unwrap();
    assert_eq!(last.items, all[39..]);
    assert!(last.caught_up);
}

pub async fn an_item_stands_at_its_position_and_nowhere_else(rig: Rig) {
    let first = rig
        .append("a", Expected::NoStream, vec![event(1), event(2)])
        .await
        .unwrap();
    rig.append("b", Expected::NoStream, vec![event(3)]).await.unwrap();
    rig.append("a", at(&first.records), vec![event(4)]).await.unwrap();
    let all = rig.everything().await;
    assert_eq!(all.len(), 4);
    let mut before = rig.log.origin();
    for item in &all {
        let position = item.position();
        assert_eq!(rig.log.item_at(position).await, Ok(Some(item.clone())));
        // What lies between two records, where there is anything.
        for number in [before.number, before.number + 1, position.number - 1] {
            let between = LogPosition { number, ..position };
            if before < between && between < position {
                assert_eq!(rig.log.item_at(between).await, Ok(None));
            }
        }
        before = position;
    }
    assert_eq!(rig.log.item_at(rig.log.origin()).await, Ok(None));
}

pub async fn streams_of_a_category_come_in_order_of_creation(mut rig: Rig) {
    let name = |name: &str| StreamName::parse(name).unwrap();
    let names = ["test-z", "tests-a", "other-test-b", "test-a", "other-a", "test-m"].map(name);
    for (number, name) in names.iter().enumerate() {
        let events = vec![event(u128::try_from(number).unwrap())];
        rig.log.append(name, Expected::NoStream, events).await.unwrap();
    }
    // A later record does not create its stream again.
    let head = rig.log.stream_head(&names[0]).await.unwrap().unwrap();
    rig.append("z", Expected::At(head), vec![event(100)]).await.unwrap();
    for _ in 0..2 {
        for (category, expected) in [
            ("test", &["test-z", "test-a", "test-m"][..]),
            ("tests", &["tests-a"]),
            ("other", &["other-test-b", "other-a"]),
            ("tes", &[]),
            ("none", &[]),
        ] {
            let expected: Vec<StreamName> = expected.iter().copied().map(name).collect();
            assert_eq!(rig.log.streams(category).await, Ok(expected));
        }
        rig.reopen().await;
    }
}

pub async fn a_new_log_is_empty_and_takes_writes(rig: Rig) {
    let origin = rig.log.origin();
    assert_eq!(*rig.log.head().borrow(), origin);
    assert_eq!(rig.everything().await, []);
    assert_eq!(rig.log.check_writable(), Ok(()));
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    assert_eq!(rig.log.position_at(now).await, Ok(origin));
    let done = rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    assert_eq!(rig.log.origin(), origin);
    let page = rig.log.read_all(origin, 10).await.unwrap();
    assert_eq!(records_of(page.items), done.records);
    assert!(page.caught_up);
}
