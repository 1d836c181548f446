//! One node's services, by path, and how faults strike them.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tonic::body::Body;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::server::Grpc;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use crate::connection::Cut;
use crate::faults::{Call, Fault, Faults};
use crate::messages::{ClusterInfo, EndPoint, MemberInfo, NodeState, SupportedMethod, SupportedMethods, WireUuid};
use crate::store::Store;
use crate::{status, streams};

/// The largest message that the server takes.
const LARGEST_MESSAGE: usize = 16_767_216;
/// How long the events before a reset in mid-stream have for reaching the client.
const ON_THE_WAY: Duration = Duration::from_millis(30);

/// The messages of an answer.
pub type Answer<M> = BoxStream<'static, Result<M, Status>>;
/// What a handler makes of a request.
pub type Outcome<M> = Result<Answer<M>, Status>;

/// What all nodes share.
pub struct Shared {
    pub store: Store,
    pub faults: Faults,
    pub version: String,
    pub ports: Vec<u16>,
    pub alive: Vec<AtomicBool>,
    pub leader: AtomicUsize,
}

impl Shared {
    pub fn leader(&self) -> usize {
        self.leader.load(Ordering::SeqCst)
    }

    /// The leadership moves to the next node that is alive, if there is one.
    fn change_leader(&self) {
        let old = self.leader();
        let count = self.ports.len();
        let next = (1..count)
            .map(|step| (old + step) % count)
            .find(|node| self.alive[*node].load(Ordering::SeqCst));
        if let Some(next) = next {
            self.leader.store(next, Ordering::SeqCst);
        }
    }

    fn not_leader(&self) -> Status {
        status::not_leader("127.0.0.1", self.ports[self.leader()])
    }

    fn gossip(&self) -> ClusterInfo {
        let leader = self.leader();
        let members = self.ports.iter().zip(&self.alive).enumerate();
        ClusterInfo {
            members: members
                .map(|(node, (port, alive))| MemberInfo {
                    instance: Some(WireUuid::structured(uuid::Uuid::from_u128(u128::from(*port)))),
                    time_stamp: 0,
                    state: if node == leader {
                        NodeState::Leader
                    } else {
                        NodeState::Follower
                    }
                    .into(),
                    is_alive: alive.load(Ordering::SeqCst),
                    endpoint: Some(EndPoint {
                        address: "127.0.0.1".to_owned(),
                        port: (*port).into(),
                    }),
                })
                .collect(),
        }
    }

    fn features(&self) -> SupportedMethods {
        const STREAMS: &str = "event_store.client.streams.streams";
        let methods = ["append", "batchappend", "read", "delete", "tombstone"];
        SupportedMethods {
            methods: methods
                .map(|method| SupportedMethod {
                    method: method.to_owned(),
                    service: STREAMS.to_owned(),
                    features: Vec::new(),
                })
                .to_vec(),
            version: self.version.clone(),
        }
    }
}

/// One node.
#[derive(Clone)]
pub struct Node {
    pub shared: Arc<Shared>,
    pub number: usize,
}

impl Service<HttpRequest<Body>> for Node {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let node = self.clone();
        Box::pin(async move { Ok(node.route(request).await) })
    }
}

impl Node {
    async fn route(self, request: HttpRequest<Body>) -> HttpResponse<Body> {
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/event_store.client.streams.Streams/Append" => {
                grpc(request, |mut request| async move {
                    let visit = self.visit(Call::Append, &request).await?;
                    let (options, events) = streams::receive(request.get_mut()).await?;
                    let shared = self.shared;
                    visit
                        .answer(async move { streams::append(&shared.store, &options, events) })
                        .await
                })
                .await
            }
            "/event_store.client.streams.Streams/Read" => {
                grpc(request, |mut request| async move {
                    let visit = self.visit(Call::Read, &request).await?;
                    let message = only(request.get_mut()).await?;
                    let shared = self.shared;
                    visit.answer(async move { streams::read(&shared.store, message) }).await
                })
                .await
            }
            "/event_store.client.streams.Streams/Delete" | "/event_store.client.streams.Streams/Tombstone" => {
                let forever = path.ends_with("Tombstone");
                grpc(request, |mut request| async move {
                    self.must_lead(&request)?;
                    let message = only(request.get_mut()).await?;
                    streams::delete(&self.shared.store, message, forever)
                })
                .await
            }
            "/event_store.client.gossip.Gossip/Read" => {
                grpc(
                    request,
                    |request: Request<Streaming<crate::messages::Empty>>| async move {
                        let visit = self.visit(Call::Gossip, &request).await?;
                        visit.answer(async move { Ok(one(self.shared.gossip())) }).await
                    },
                )
                .await
            }
            "/event_store.client.server_features.ServerFeatures/GetSupportedMethods" => {
                grpc(
                    request,
                    |request: Request<Streaming<crate::messages::Empty>>| async move {
                        let visit = self.visit(Call::Features, &request).await?;
                        visit.answer(async move { Ok(one(self.shared.features())) }).await
                    },
                )
                .await
            }
            _ => Status::unimplemented(format!("the double does not speak {path}")).into_http(),
        }
    }

    /// Turns away a call that needs the leader, on another node.
    fn must_lead<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let needs = request
            .metadata()
            .get("requires-leader")
            .is_some_and(|value| value == "true");
        if needs && self.shared.leader() != self.number {
            return Err(self.shared.not_leader());
        }
        Ok(())
    }

    /// Counts the call, delays it, and settles which fault it gets.
    async fn visit<T>(&self, call: Call, request: &Request<T>) -> Result<Visit, Status> {
        if let Some(delay) = self.shared.faults.arrive(call) {
            tokio::time::sleep(delay).await;
        }
        if matches!(call, Call::Append | Call::Read) {
            self.must_lead(request)?;
        }
        Ok(Visit {
            shared: Arc::clone(&self.shared),
            reads: call == Call::Read,
            cut: request.extensions().get::<Cut>().cloned(),
            has_deadline: request.metadata().contains_key("grpc-timeout"),
            fault: self.shared.faults.strike(call),
        })
    }
}

/// A call with what is to befall it.
struct Visit {
    shared: Arc<Shared>,
    reads: bool,
    cut: Option<Cut>,
    has_deadline: bool,
    fault: Option<(Fault, crate::faults::Release)>,
}

impl Visit {
    /// Does the work, or not, and answers as the fault has it.
    async fn answer<M: Send + 'static>(self, work: impl Future<Output = Outcome<M>> + Send + 'static) -> Outcome<M> {
        let Some((fault, release)) = self.fault else {
            return work.await;
        };
        let reset = || async {
            if let Some(cut) = &self.cut {
                cut.cut();
            }
            std::future::pending::<()>().await;
        };
        match fault {
            Fault::ResetBefore => reset().await,
            Fault::TimeoutBefore => return Err(status::timed_out()),
            Fault::UnavailableBefore => return Err(status::not_ready()),
            Fault::NotLeader => return Err(self.shared.not_leader()),
            Fault::NoLeaderKnown => return Err(status::no_leader()),
            Fault::TooLarge => return Err(status::too_large()),
            Fault::AccessDenied => return Err(status::access_denied()),
            Fault::ChangeLeaderBefore => {
                self.shared.change_leader();
                return Err(self.shared.not_leader());
            }
            Fault::Hang => {
                return hang(self.has_deadline, async move {
                    release.wait().await;
                    work.await
                })
                .await;
            }
            _ => {}
        }
        // What is left strikes after the work is done, unless that itself was refused.
        let answer = work.await?;
        match fault {
            Fault::TimeoutAfterCommit => Err(status::timed_out()),
            Fault::UnavailableAfterCommit => Err(status::not_ready()),
            Fault::EndCleanly => Ok(part(answer).await),
            Fault::ResetMidStream if self.reads => {
                let cut = self.cut;
                let end = stream::once(async move {
                    tokio::time::sleep(ON_THE_WAY).await;
                    if let Some(cut) = cut {
                        cut.cut();
                    }
                    std::future::pending().await
                });
                Ok(part(answer).await.chain(end).boxed())
            }
            Fault::HangAfterCommit => {
                hang(self.has_deadline, async move {
                    release.wait().await;
                    Ok(answer)
                })
                .await
            }
            Fault::ChangeLeaderAfterCommit => {
                self.shared.change_leader();
                reset().await;
                Ok(answer)
            }
            // LoseReply, and the reset in mid-stream of what is no stream.
            _ => {
                reset().await;
                Ok(answer)
            }
        }
    }
}

/// A hanging call sends nothing, whatever deadline the client named. Tonic enforces deadlines until the headers are sent,
/// so the headers of a call with a deadline go out and its messages hang; the client cannot tell one from the other
/// while it waits for a message.
async fn hang<M: Send + 'static>(
    has_deadline: bool,
    work: impl Future<Output = Outcome<M>> + Send + 'static,
) -> Outcome<M> {
    if has_deadline {
        Ok(stream::once(work).try_flatten().boxed())
    } else {
        work.await
    }
}

/// The first half of what an answer begins with, without its end.
async fn part<M: Send + 'static>(answer: Answer<M>) -> Answer<M> {
    let begin: Vec<_> = answer.take(streams::PART).collect().await;
    let half = begin.len() / 2;
    stream::iter(begin.into_iter().take(half)).boxed()
}

/// An answer of one message.
pub fn one<M: Send + 'static>(message: M) -> Answer<M> {
    stream::once(async { Ok(message) }).boxed()
}

/// The message of a request that has one.
async fn only<M>(messages: &mut Streaming<M>) -> Result<M, Status> {
    messages
        .message()
        .await?
        .ok_or_else(|| Status::invalid_argument("a request without a message"))
}

/// Serves one call. Every call is served as a stream in both directions: on the wire there is no difference, and an
/// answer without any message can be given.
async fn grpc<Q, M, F>(
    request: HttpRequest<Body>,
    handler: impl FnOnce(Request<Streaming<Q>>) -> F + Send,
) -> HttpResponse<Body>
where
    Q: Message + Default + Send + 'static,
    M: Message + Default + Send + 'static,
    F: Future<Output = Outcome<M>> + Send,
{
    let mut handler = Some(handler);
    let service = service_fn(move |request| {
        let answer = handler.take().expect("a service made for one call")(request);
        async move { answer.await.map(Response::new) }
    });
    Grpc::new(ProstCodec::<M, Q>::default())
        .max_decoding_message_size(LARGEST_MESSAGE)
        .streaming(service, request)
        .await
}
