//! Append, read and delete, between the messages and the log.

use std::sync::Arc;

use futures::{StreamExt, stream};
use prost::bytes::Bytes;
use tonic::{Code, Status, Streaming};

use crate::log::{Outcome, StreamState};
use crate::messages::{
    AppendContent, AppendReq, AppendResp, AppendResult, CommitOption, CountOption, CurrentOption, DeleteReq,
    DeleteResp, Empty, Entry, Expected, ExpectedOption, Position, PositionOption, ProposedEvent, ReadContent,
    ReadEvent, ReadOptions, ReadReq, ReadResp, RecordedEvent, RevisionOption, StreamIdentifier, StreamNotFound,
    Success, UuidForm, What, WireUuid, WriteOptions, WrongExpectedVersion,
};
use crate::read::{Cursor, Direction, Filter};
use crate::server::{Answer, Outcome as Reply, one};
use crate::status;
use crate::store::{Proposed, Record, Store};

/// Messages of an answer that a fault looks at before it cuts the answer short.
pub const PART: usize = 256;

/// All messages of an append: what it says of the stream, then its events.
pub async fn receive(messages: &mut Streaming<AppendReq>) -> Result<(WriteOptions, Vec<Proposed>), Status> {
    let Some(AppendContent::Options(options)) = messages.message().await?.and_then(|message| message.content) else {
        return Err(Status::invalid_argument("an append begins with its options"));
    };
    let mut events = Vec::new();
    while let Some(message) = messages.message().await.map_err(size)? {
        let Some(AppendContent::Event(event)) = message.content else {
            return Err(Status::invalid_argument("after the options come events"));
        };
        events.push(proposed(event)?);
    }
    Ok((options, events))
}

/// A message beyond the limit is what Tonic calls out of range and the server an exhausted resource.
fn size(status: Status) -> Status {
    match status.code() {
        Code::OutOfRange => Status::resource_exhausted("Received message exceeds the maximum configured message size."),
        _ => status,
    }
}

fn proposed(event: ProposedEvent) -> Result<Proposed, Status> {
    let value = |key: &str| {
        let entry = event.metadata.iter().find(|entry| entry.key == key);
        entry
            .map(|entry| entry.value.clone())
            .ok_or_else(|| Status::invalid_argument(format!("Required metadata key '{key}' not found.")))
    };
    Ok(Proposed {
        id: event
            .id
            .as_ref()
            .and_then(WireUuid::read)
            .ok_or_else(|| Status::invalid_argument("an event without an id"))?,
        event_type: value("type")?,
        content_type: value("content-type")?,
        metadata: event.custom_metadata,
        data: event.data,
    })
}

fn target(options: &WriteOptions) -> Result<(&Bytes, Expected), Status> {
    let name = options.stream.as_ref().map(|stream| &stream.name);
    let name = name.filter(|name| !name.is_empty() && *name != "$$");
    let name = name.ok_or_else(|| Status::invalid_argument("a write without a stream"))?;
    let expected = options
        .expected
        .ok_or_else(|| Status::invalid_argument("a write without an expectation"))?;
    Ok((name, expected))
}

/// Appends, atomically.
pub fn append(store: &Store, options: &WriteOptions, events: Vec<Proposed>) -> Reply<AppendResp> {
    let (stream, expected) = target(options)?;
    let result = match store.append(stream, expected, events) {
        Outcome::Deleted => return Err(status::stream_deleted(stream)),
        Outcome::Done { revision, position } => AppendResult::Success(Success {
            revision: Some(revision.map_or(RevisionOption::NoStream(Empty {}), RevisionOption::Revision)),
            position: Some(position.map_or(PositionOption::NoPosition(Empty {}), |position| {
                PositionOption::Position(both(position))
            })),
        }),
        Outcome::Conflict { current } => AppendResult::WrongExpectedVersion(WrongExpectedVersion {
            current: Some(current.map_or(CurrentOption::NoStream(Empty {}), CurrentOption::Revision)),
            expected: Some(match expected {
                Expected::Revision(revision) => ExpectedOption::Revision(revision),
                Expected::NoStream(empty) => ExpectedOption::NoStream(empty),
                Expected::Any(empty) => ExpectedOption::Any(empty),
                Expected::StreamExists(empty) => ExpectedOption::StreamExists(empty),
            }),
        }),
    };
    Ok(one(AppendResp { result: Some(result) }))
}

fn both(position: u64) -> Position {
    Position {
        commit: position,
        prepare: position,
    }
}

/// Soft-deletes a stream, or ends it for ever.
pub fn delete(store: &Store, request: DeleteReq, forever: bool) -> Reply<DeleteResp> {
    let options = request.options.unwrap_or_default();
    let (stream, expected) = target(&options)?;
    let mut log = store.log();
    match log.may_delete(stream, expected, forever) {
        Ok(()) => {}
        Err(Outcome::Conflict { current }) => return Err(status::delete_conflict(stream, current)),
        Err(_) => return Err(status::stream_deleted(stream)),
    }
    let position = if forever {
        log.tombstone(stream)
    } else {
        log.soft_delete(stream)
    };
    Ok(one(DeleteResp {
        position: Some(both(position)),
    }))
}

/// Reads a stream or all.
pub fn read(store: &Store, request: ReadReq) -> Reply<ReadResp> {
    let options = request.options.unwrap_or_default();
    let count = match options.count {
        Some(CountOption::Count(count)) => count,
        Some(CountOption::Subscription(_)) => {
            return Err(Status::unimplemented("the double knows no subscriptions"));
        }
        None => return Err(Status::invalid_argument("a read without a count")),
    };
    let direction = match options.direction {
        0 => Direction::Forwards,
        1 => Direction::Backwards,
        _ => return Err(Status::invalid_argument("a read in no direction")),
    };
    let structured = matches!(options.uuid.and_then(|uuid| uuid.form), Some(UuidForm::Structured(_)));
    match &options.what {
        Some(What::All(all)) => {
            let from = all
                .from
                .ok_or_else(|| Status::invalid_argument("a read from nowhere"))?;
            let filter = Filter::parse(options.filter.as_ref())?;
            Ok(events(Cursor::all(store, from, direction, count, filter)?, structured))
        }
        Some(What::Stream(stream)) => {
            let name = stream
                .stream
                .as_ref()
                .map(|stream| stream.name.clone())
                .unwrap_or_default();
            let from = stream
                .from
                .ok_or_else(|| Status::invalid_argument("a read from nowhere"))?;
            let Some(cursor) = Cursor::stream(store, &name, from, direction, count)? else {
                return Ok(one(ReadResp {
                    content: Some(ReadContent::StreamNotFound(StreamNotFound {
                        stream: Some(StreamIdentifier { name }),
                    })),
                }));
            };
            let events = events(cursor, structured);
            Ok(if is_compatible(&options) {
                events.chain(last_position(store.clone(), name)).boxed()
            } else {
                events
            })
        }
        None => Err(Status::invalid_argument("a read of nothing")),
    }
}

fn is_compatible(options: &ReadOptions) -> bool {
    options.control.is_some_and(|control| control.compatibility == 1)
}

/// The last revision of a stream, looked up when everything before it is sent.
fn last_position(store: Store, name: Bytes) -> Answer<ReadResp> {
    stream::once(async move {
        let log = store.log();
        let last = log.streams.get(&name).and_then(StreamState::current).unwrap_or(0);
        Ok(ReadResp {
            content: Some(ReadContent::LastStreamPosition(last)),
        })
    })
    .boxed()
}

fn events(cursor: Cursor, structured: bool) -> Answer<ReadResp> {
    stream::unfold(cursor, |mut cursor| async move {
        let page = cursor.page();
        (!page.is_empty()).then(|| (stream::iter(page), cursor))
    })
    .flatten()
    .map(move |record: Arc<Record>| Ok(event(&record, structured)))
    .boxed()
}

fn event(record: &Record, structured: bool) -> ReadResp {
    let entry = |key: &'static str, value: &Bytes| Entry {
        key: Bytes::from_static(key.as_bytes()),
        value: value.clone(),
    };
    let id = record.event.id;
    ReadResp {
        content: Some(ReadContent::Event(ReadEvent {
            event: Some(RecordedEvent {
                id: Some(if structured {
                    WireUuid::structured(id)
                } else {
                    WireUuid::text(id)
                }),
                stream: Some(StreamIdentifier {
                    name: record.stream.clone(),
                }),
                revision: record.revision,
                prepare: record.position,
                commit: record.position,
                metadata: vec![
                    entry("type", &record.event.event_type),
                    entry("created", &record.created),
                    entry("content-type", &record.event.content_type),
                ],
                custom_metadata: record.event.metadata.clone(),
                data: record.event.data.clone(),
            }),
            position: Some(CommitOption::Commit(record.position)),
        })),
    }
}
