//! Random histories against the simplest model: a list of ids for each stream.

use std::collections::BTreeMap;

use proptest::prelude::*;
use yujian_eventlog::sqlite::schema;
use yujian_eventlog::{Direction, EventLog, Expected, Head, Item, LogError};

use crate::support::{TestClock, event, id, open, stream};

#[derive(Debug, Clone)]
enum Step {
    /// Append new events at the head less `behind`, or with no stream when that is before the first.
    Append { stream: u8, behind: u8, count: u8 },
    /// Send an earlier append of the stream again, possibly only its first events.
    Repeat { stream: u8, which: u8, count: u8 },
    /// Close and open.
    Reopen,
    /// Close, delete heads.db, open.
    LoseHeads,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6_u8, prop_oneof![4 => Just(0_u8), 1 => 0..4_u8], 1..4_u8)
            .prop_map(|(stream, behind, count)| Step::Append { stream, behind, count }),
        2 => (0..6_u8, any::<u8>(), 1..4_u8).prop_map(|(stream, which, count)| Step::Repeat { stream, which, count }),
        1 => Just(Step::Reopen),
        1 => Just(Step::LoseHeads),
    ]
}

#[derive(Default)]
struct Model {
    /// Ids by revision.
    streams: BTreeMap<u8, Vec<u128>>,
    /// Order of the whole log.
    log: Vec<(u8, u128)>,
}

fn name(stream_number: u8) -> yujian_eventlog::StreamName {
    stream(&format!("s{stream_number}"))
}

async fn run(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let mut log = Some(open(directory.path(), &clock));
    let mut model = Model::default();
    let mut next_id = 0;
    for step in steps {
        let open_log = log.as_ref().unwrap();
        match step {
            Step::Append { stream, behind, count } => {
                let ids: Vec<u128> = (next_id..next_id + u128::from(count)).collect();
                next_id += u128::from(count);
                let known = model.streams.entry(stream).or_default();
                let at = known.len().checked_sub(1 + usize::from(behind));
                let expected = expectation(open_log.as_ref(), stream, at).await;
                let events = ids.iter().map(|id| event(*id)).collect();
                let answer = open_log.append(&name(stream), expected, events).await;
                if behind == 0 || known.is_empty() {
                    assert!(!answer.unwrap().repeated);
                    model.log.extend(ids.iter().map(|id| (stream, *id)));
                    known.extend(ids);
                } else {
                    assert!(
                        matches!(answer, Err(LogError::Conflict { current: Some(_) })),
                        "{answer:?}"
                    );
                }
            }
            Step::Repeat { stream, which, count } => {
                let known = model.streams.entry(stream).or_default();
                if known.is_empty() {
                    continue;
                }
                let first = usize::from(which) % known.len();
                let ids: Vec<u128> = known.iter().skip(first).take(usize::from(count)).copied().collect();
                let expected = expectation(open_log.as_ref(), stream, first.checked_sub(1)).await;
                let events = ids.iter().map(|id| event(*id)).collect();
                let answer = open_log.append(&name(stream), expected, events).await.unwrap();
                assert!(answer.repeated);
                assert_eq!(
                    answer.records.iter().map(|record| record.id).collect::<Vec<_>>(),
                    as_ids(&ids)
                );
            }
            Step::Reopen | Step::LoseHeads => {
                drop(log.take());
                if matches!(step, Step::LoseHeads) {
                    std::fs::remove_file(directory.path().join(schema::HEADS_FILE)).unwrap();
                }
                log = Some(open(directory.path(), &clock));
            }
        }
    }
    let log = log.unwrap();
    let page = log.read_all(log.origin(), 10_000).await.unwrap();
    assert!(page.caught_up);
    let order = page.items.iter().map(|item| match item {
        Item::Record(record) => (record.stream.clone(), record.id),
        Item::Damaged(damage) => panic!("{damage:?}"),
    });
    assert!(order.eq(model.log.iter().map(|(stream, number)| (name(*stream), id(*number)))));
    for (stream, ids) in model.streams.iter().filter(|(_, ids)| !ids.is_empty()) {
        let items = log
            .read_stream(&name(*stream), Direction::Forwards, None, 10_000)
            .await
            .unwrap();
        let read: Vec<_> = items
            .iter()
            .map(|item| match item {
                Item::Record(record) => record.id,
                Item::Damaged(damage) => panic!("{damage:?}"),
            })
            .collect();
        assert_eq!(read, as_ids(ids));
    }
}

fn as_ids(numbers: &[u128]) -> Vec<uuid::Uuid> {
    numbers.iter().map(|number| id(*number)).collect()
}

async fn expectation(log: &dyn EventLog, stream: u8, at: Option<usize>) -> Expected {
    let Some(at) = at else { return Expected::NoStream };
    let at = u64::try_from(at).unwrap();
    match &log
        .read_stream(&name(stream), Direction::Forwards, Some(at), 1)
        .await
        .unwrap()[0]
    {
        Item::Record(record) => Expected::At(Head {
            revision: record.revision,
            hash: record.hash,
        }),
        Item::Damaged(damage) => panic!("{damage:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_answers_as_a_list_of_ids_does(steps in proptest::collection::vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run(steps));
    }
}
