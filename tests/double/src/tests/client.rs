//! A small client of the double's own messages.

use prost::Message;
use prost::bytes::Bytes;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;
use uuid::Uuid;

use crate::messages::*;
use crate::{Cluster, Stored};

pub const ANY: Expected = Expected::Any(Empty {});
pub const NO_STREAM: Expected = Expected::NoStream(Empty {});
pub const EXISTS: Expected = Expected::StreamExists(Empty {});

/// An identifier by number.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    Done(Option<u64>, Option<u64>),
    Conflict(Option<u64>),
}

pub struct Client {
    grpc: Grpc<Channel>,
    leader_only: bool,
}

impl Client {
    /// Connects on first use to a node, and again when the connection is lost.
    pub fn of(cluster: &Cluster, node: usize) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{}", cluster.ports()[node])).unwrap();
        Self {
            grpc: Grpc::new(endpoint.connect_lazy()).max_decoding_message_size(17 << 20),
            leader_only: false,
        }
    }

    pub fn leader_only(mut self) -> Self {
        self.leader_only = true;
        self
    }

    async fn call<Q, M>(&mut self, path: &'static str, messages: Vec<Q>) -> Result<Vec<M>, (Vec<M>, Status)>
    where
        Q: Message + Send + Sync + 'static,
        M: Message + Default + Send + Sync + 'static,
    {
        let mut request = Request::new(tokio_stream(messages));
        if self.leader_only {
            request
                .metadata_mut()
                .insert("requires-leader", "true".parse().unwrap());
        }
        let early = |status| (Vec::new(), status);
        self.grpc
            .ready()
            .await
            .map_err(|error| early(Status::from_error(error.into())))?;
        let codec: ProstCodec<Q, M> = ProstCodec::default();
        let path = PathAndQuery::from_static(path);
        let mut answer = self
            .grpc
            .streaming(request, path, codec)
            .await
            .map_err(early)?
            .into_inner();
        let mut seen = Vec::new();
        loop {
            match answer.message().await {
                Ok(Some(message)) => seen.push(message),
                Ok(None) => return Ok(seen),
                Err(status) => return Err((seen, status)),
            }
        }
    }

    /// Appends events of these identifiers; `None` is an answer without a message.
    pub async fn try_append(&mut self, stream: &str, expected: Expected, ids: &[Uuid]) -> Result<Option<Said>, Status> {
        let options = AppendContent::Options(WriteOptions {
            stream: Some(name(stream)),
            expected: Some(expected),
        });
        let events = ids.iter().map(|id| {
            AppendContent::Event(ProposedEvent {
                id: Some(WireUuid::structured(*id)),
                metadata: vec![entry("content-type", "application/json"), entry("type", "happened.v1")],
                custom_metadata: Bytes::from_static(b"{\"by\":\"test\"}"),
                data: Bytes::from_static(b"{}"),
            })
        });
        let messages = std::iter::once(options)
            .chain(events)
            .map(|content| AppendReq { content: Some(content) })
            .collect();
        let answer: Vec<AppendResp> = self
            .call("/event_store.client.streams.Streams/Append", messages)
            .await
            .map_err(|(_, status)| status)?;
        Ok(answer.first().map(|answer| match answer.result.unwrap() {
            AppendResult::Success(success) => Said::Done(
                match success.revision.unwrap() {
                    RevisionOption::Revision(revision) => Some(revision),
                    RevisionOption::NoStream(_) => None,
                },
                match success.position.unwrap() {
                    PositionOption::Position(position) => Some(position.commit),
                    PositionOption::NoPosition(_) => None,
                },
            ),
            AppendResult::WrongExpectedVersion(wrong) => {
                assert!(wrong.expected.is_some(), "the client unwraps it");
                Said::Conflict(match wrong.current.unwrap() {
                    CurrentOption::Revision(revision) => Some(revision),
                    CurrentOption::NoStream(_) => None,
                })
            }
        }))
    }

    /// Appends one event with a body of so many bytes to a new stream.
    pub async fn append_bytes(&mut self, stream: &str, size: usize) -> Result<(), Status> {
        let options = AppendContent::Options(WriteOptions {
            stream: Some(name(stream)),
            expected: Some(NO_STREAM),
        });
        let event = AppendContent::Event(ProposedEvent {
            id: Some(WireUuid::text(id(1))),
            metadata: vec![
                entry("content-type", "application/octet-stream"),
                entry("type", "happened.v1"),
            ],
            data: Bytes::from(vec![0; size]),
            ..ProposedEvent::default()
        });
        let messages = [options, event]
            .map(|content| AppendReq { content: Some(content) })
            .to_vec();
        let answer: Result<Vec<AppendResp>, _> =
            self.call("/event_store.client.streams.Streams/Append", messages).await;
        answer.map(|_| ()).map_err(|(_, status)| status)
    }

    pub async fn append(&mut self, stream: &str, expected: Expected, ids: &[Uuid]) -> Result<Said, Status> {
        Ok(self.try_append(stream, expected, ids).await?.expect("a message"))
    }

    pub async fn read(&mut self, options: ReadOptions) -> Result<Vec<ReadContent>, (usize, Status)> {
        let request = ReadReq { options: Some(options) };
        let answer: Result<Vec<ReadResp>, _> = self
            .call("/event_store.client.streams.Streams/Read", vec![request])
            .await;
        let answer = answer.map_err(|(seen, status)| (seen.len(), status))?;
        Ok(answer.into_iter().map(|message| message.content.unwrap()).collect())
    }

    pub async fn gossip(&mut self) -> Result<ClusterInfo, Status> {
        let answer = self
            .call("/event_store.client.gossip.Gossip/Read", vec![Empty {}])
            .await;
        Ok(answer.map_err(|(_, status)| status)?.remove(0))
    }

    pub async fn features(&mut self) -> Result<SupportedMethods, Status> {
        let path = "/event_store.client.server_features.ServerFeatures/GetSupportedMethods";
        let answer = self.call(path, vec![Empty {}]).await;
        Ok(answer.map_err(|(_, status)| status)?.remove(0))
    }

    pub async fn delete(&mut self, stream: &str, expected: Expected, forever: bool) -> Result<(), Status> {
        let path = if forever {
            "/event_store.client.streams.Streams/Tombstone"
        } else {
            "/event_store.client.streams.Streams/Delete"
        };
        let request = DeleteReq {
            options: Some(WriteOptions {
                stream: Some(name(stream)),
                expected: Some(expected),
            }),
        };
        let answer: Result<Vec<DeleteResp>, _> = self.call(path, vec![request]).await;
        answer.map(|_| ()).map_err(|(_, status)| status)
    }
}

fn tokio_stream<M: Send + 'static>(messages: Vec<M>) -> impl futures::Stream<Item = M> + Send + 'static {
    futures::stream::iter(messages)
}

fn name(stream: &str) -> StreamIdentifier {
    StreamIdentifier {
        name: Bytes::from(stream.to_owned()),
    }
}

fn entry(key: &'static str, value: &'static str) -> Entry {
    Entry {
        key: Bytes::from_static(key.as_bytes()),
        value: Bytes::from_static(value.as_bytes()),
    }
}

/// A read of a stream as the official client asks for it.
pub fn of_stream(stream: &str, from: FromRevision, backwards: bool, count: u64) -> ReadOptions {
    ReadOptions {
        what: Some(What::Stream(StreamOptions {
            stream: Some(name(stream)),
            from: Some(from),
        })),
        direction: backwards.into(),
        count: Some(CountOption::Count(count)),
        filter: Some(FilterOption::NoFilter(Empty {})),
        uuid: Some(UuidOption {
            form: Some(UuidForm::Text(Empty {})),
        }),
        control: Some(ControlOption { compatibility: 1 }),
        ..ReadOptions::default()
    }
}

/// A read of all.
pub fn of_all(from: FromPosition, backwards: bool, count: u64) -> ReadOptions {
    ReadOptions {
        what: Some(What::All(AllOptions { from: Some(from) })),
        direction: backwards.into(),
        count: Some(CountOption::Count(count)),
        filter: Some(FilterOption::NoFilter(Empty {})),
        ..ReadOptions::default()
    }
}

/// From a position of the log.
pub fn at(position: u64) -> FromPosition {
    FromPosition::Position(Position {
        commit: position,
        prepare: position,
    })
}

/// The events of an answer.
pub fn events(contents: &[ReadContent]) -> Vec<RecordedEvent> {
    contents
        .iter()
        .filter_map(|content| match content {
            ReadContent::Event(event) => event.event.clone(),
            _ => None,
        })
        .collect()
}

/// The positions of the events of an answer.
pub fn positions(contents: &[ReadContent]) -> Vec<u64> {
    events(contents).iter().map(|event| event.commit).collect()
}

/// The positions of what is stored.
pub fn places(stored: &[Stored]) -> Vec<u64> {
    stored.iter().map(|stored| stored.position).collect()
}

/// A trailer's text.
pub fn trailer<'a>(status: &'a Status, key: &str) -> Option<&'a str> {
    status.metadata().get(key)?.to_str().ok()
}
