//! Following the log, checkpoints, and positions that come from elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;
use yujian_eventlog::follow::{Followed, follow};
use yujian_eventlog::rules::WRITERS_APART;
use yujian_eventlog::{Expected, Item, LogError, LogPosition};

use super::{Rig, event, records_of, stream};

pub async fn c21_concurrent_writers_leave_no_gap_and_no_disorder(rig: Rig) {
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
    assert_eq!(items, rig.everything().await);
    let mut next = HashMap::new();
    let mut last_of_stream: HashMap<_, Timestamp> = HashMap::new();
    let mut latest = None;
    for record in records_of(items) {
        let due = next.entry(record.stream.clone()).or_insert(0);
        assert_eq!(record.revision, *due);
        *due += 1;
        let time = record.recorded_time;
        if rig.log.gapless() {
            assert!(Some(time) > latest);
        } else {
            assert!(latest.is_none_or(|latest: Timestamp| latest.duration_since(time) <= WRITERS_APART));
        }
        latest = latest.max(Some(time));
        let before = last_of_stream.insert(record.stream, time);
        assert!(before.is_none_or(|before| before < time));
    }
    assert_eq!(next.values().copied().collect::<Vec<_>>(), [50; 4]);
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

pub async fn c23_resuming_from_a_checkpoint_neither_repeats_nor_loses(mut rig: Rig) {
    let events = (0..7).map(event).collect();
    let done = rig.append("a", Expected::NoStream, events).await.unwrap();
    let mut seen = Vec::new();
    let mut checkpoint = rig.log.origin();
    loop {
        let page = rig.log.read_all(checkpoint, 3).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items);
        checkpoint = page.next;
        if page.caught_up {
            break;
        }
    }
    assert_eq!(records_of(seen), done.records);
    // A checkpoint is good after a restart too, and so is the position of any item.
    rig.reopen().await;
    let head = rig.log.stream_head(&stream("a")).await.unwrap().unwrap();
    let later = rig.append("a", Expected::At(head), vec![event(70)]).await.unwrap();
    let resumed = take(follow(Arc::clone(&rig.log), checkpoint), 1).await;
    assert_eq!(records_of(resumed), later.records);
    let resumed = take(follow(Arc::clone(&rig.log), done.records[4].position), 3).await;
    let expected = [&done.records[5..], &later.records].concat();
    assert_eq!(records_of(resumed), expected);
}

pub async fn c24_following_from_the_head_says_caught_up_first(rig: Rig) {
    rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
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

pub async fn c28_a_position_beyond_the_head_or_of_another_epoch_is_refused(rig: Rig) {
    rig.append("a", Expected::NoStream, vec![event(1)]).await.unwrap();
    let head = *rig.log.head().borrow();
    let beyond = LogPosition {
        number: head.number + 1,
        ..head
    };
    let other = LogPosition {
        epoch: head.epoch + 1,
        number: 0,
    };
    let refusals = [
        (beyond, LogError::BeyondHead { position: beyond, head }),
        (
            other,
            LogError::OtherEpoch {
                position: other,
                current: head.epoch,
            },
        ),
    ];
    for (position, error) in refusals {
        assert_eq!(rig.log.read_all(position, 10).await, Err(error.clone()));
        assert_eq!(rig.log.item_at(position).await, Err(error.clone()));
        assert_eq!(rig.log.reach(position).await, Err(error.clone()));
        let mut followed = Box::pin(follow(Arc::clone(&rig.log), position));
        assert_eq!(followed.next().await, Some(Err(error)));
        assert_eq!(followed.next().await, None);
    }
}

pub async fn every_position_that_was_given_out_is_reached(rig: Rig) {
    rig.log.reach(rig.log.origin()).await.unwrap();
    let events = (0..3).map(event).collect();
    let done = rig.append("a", Expected::NoStream, events).await.unwrap();
    for record in done.records {
        rig.log.reach(record.position).await.unwrap();
        assert!(*rig.log.head().borrow() >= record.position);
    }
    rig.log.reach(rig.log.origin()).await.unwrap();
    let head = *rig.log.head().borrow();
    rig.log.reach(head).await.unwrap();
}
