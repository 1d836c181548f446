//! Small streams and events, and what is asked of an answer again and again.

use uuid::Uuid;
use yujian_eventlog::{Appended, Expected, Head, Item, LogError, NewEvent, Record, StreamName};

pub fn stream(id: &str) -> StreamName {
    StreamName::parse(&format!("test-{id}")).unwrap()
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 | number)
}

pub fn event(number: u128) -> NewEvent {
    NewEvent {
        id: id(number),
        event_type: "test.Happened.v1".to_owned(),
        metadata: br#"{"actor":"t"}"#.to_vec(),
        payload: format!("{{\"n\":{number}}}").into_bytes(),
    }
}

/// The expectation that the last of these records is the head.
pub fn at(records: &[Record]) -> Expected {
    let last = records.last().unwrap();
    Expected::At(Head {
        revision: last.revision,
        hash: last.hash,
    })
}

/// Where the stream is, as a conflict says.
pub fn conflict(result: Result<Appended, LogError>) -> Option<u64> {
    match result {
        Err(LogError::Conflict { current }) => current.map(|head| head.revision),
        other => panic!("not a conflict: {other:?}"),
    }
}

pub fn revision_of(item: &Item) -> u64 {
    match item {
        Item::Record(record) => record.revision,
        Item::Damaged(damage) => panic!("{damage:?}"),
    }
}

/// The records of items that are all sound.
pub fn records_of(items: Vec<Item>) -> Vec<Record> {
    let sound = |item| match item {
        Item::Record(record) => record,
        Item::Damaged(damage) => panic!("{damage:?}"),
    };
    items.into_iter().map(sound).collect()
}
