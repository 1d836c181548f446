//! Logs on the double and on a real server, each in a namespace of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;
use yujian_double::{Cluster, ClusterOptions};
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::follow::{Followed, follow};
use yujian_eventlog::header::LogKind;
use yujian_eventlog::{
    Appended, Direction, EventLog, Expected, Item, LogError, LogPosition, NewEvent, Record, StreamName,
};
use yujian_kurrent::{Address, KurrentLog, OpenOptions};

use crate::conformance::{Engine, Rig};
pub use crate::conformance::{TestClock, at, event, id, records_of, stream};

/// Names the real server.
pub const SERVER: &str = "YUJIAN_KURRENTDB";

/// A real log, waiting for the server no longer than a test may.
pub fn options(clock: Arc<dyn yujian_eventlog::clock::Clock>) -> OpenOptions {
    OpenOptions {
        kind: Some(LogKind::Real),
        patience: Duration::from_secs(10),
        ..OpenOptions::reading(clock)
    }
}

pub async fn open(address: &Address, clock: &Arc<TestClock>) -> Arc<KurrentLog> {
    KurrentLog::open(address, options(clock.clone())).await.unwrap()
}

/// A log on the machine's clock.
pub async fn open_now(address: &Address) -> Arc<KurrentLog> {
    KurrentLog::open(address, options(Arc::new(SystemClock::default())))
        .await
        .unwrap()
}

/// Nodes of the double, with gaps between positions and records of others in between.
pub async fn cluster(nodes: usize) -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        nodes,
        largest_gap: 500,
        ..ClusterOptions::default()
    })
    .await;
    cluster
        .store()
        .append_foreign("$stats-127.0.0.1:2113", "$statsCollected");
    cluster.store().append_foreign("orders-1", "OrderPlaced");
    cluster
}

pub fn address(cluster: &Cluster) -> Address {
    address_in(cluster, "yujian")
}

/// The address of another log on the same cluster.
pub fn address_in(cluster: &Cluster, namespace: &str) -> Address {
    // The shortest waits that the client takes: a test makes many clients.
    let place = cluster.connection_string();
    format!("{place}&discoveryInterval=5&gossipTimeout=500&namespace={namespace}")
        .parse()
        .unwrap()
}

/// The answer to a call, which is given in time whatever the server does.
pub async fn answered<T>(call: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), call)
        .await
        .expect("an answer within 10 s")
}

/// Waits until something holds, for at most so many seconds.
pub async fn within(seconds: u64, mut holds: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(seconds), "not within {seconds} s");
        sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

/// Appends, and repeats it while the log is out of reach or owes the answer.
pub async fn append_at_last(
    log: &KurrentLog,
    stream: &StreamName,
    expected: Expected,
    events: &[NewEvent],
) -> Appended {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match log.append(stream, expected, events.to_vec()).await {
            Err(LogError::OutcomePending(_) | LogError::Unavailable(_)) if Instant::now() < until => {
                sleep(Duration::from_millis(50)).await;
            }
            outcome => return outcome.unwrap(),
        }
    }
}

/// Follows the log until it has given so many items; goes on where it was whenever the log was out of reach.
pub async fn follow_until(log: &Arc<KurrentLog>, mut after: LogPosition, count: usize) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let follow_on = async {
        while items.len() < count {
            let mut followed = Box::pin(follow(Arc::clone(log) as Arc<dyn EventLog>, after));
            while items.len() < count
                && let Some(next) = followed.next().await
            {
                match next {
                    Ok(Followed::Items(more)) => items.extend(more),
                    Ok(Followed::CaughtUp(_)) => {}
                    Err(LogError::Unavailable(_)) => break,
                    Err(error) => panic!("{error}"),
                }
                after = items.last().map_or(after, Item::position);
            }
        }
    };
    if timeout(Duration::from_secs(30), follow_on).await.is_err() {
        panic!("{} of {count} items", items.len());
    }
    items
}

/// All records of a stream.
pub async fn read(log: &KurrentLog, stream: &StreamName) -> Vec<Record> {
    records_of(
        log.read_stream(stream, Direction::Forwards, None, 10_000)
            .await
            .unwrap(),
    )
}

/// What stands behind a log on the double.
struct Double {
    cluster: Cluster,
}

#[async_trait]
impl Engine for Double {
    async fn reopen(&mut self, log: Arc<dyn EventLog>, clock: &Arc<TestClock>) -> Arc<dyn EventLog> {
        drop(log);
        open(&address(&self.cluster), clock).await
    }
}

pub async fn rig(nodes: usize) -> Rig {
    let cluster = cluster(nodes).await;
    let clock = TestClock::new();
    let log = open(&address(&cluster), &clock).await;
    Rig::new(log, clock, Box::new(Double { cluster }))
}

/// What stands behind a log on a real server.
struct Server(Address);

#[async_trait]
impl Engine for Server {
    async fn reopen(&mut self, log: Arc<dyn EventLog>, clock: &Arc<TestClock>) -> Arc<dyn EventLog> {
        drop(log);
        open(&self.0, clock).await
    }
}

pub async fn server_rig() -> Rig {
    let address = std::env::var(SERVER).unwrap_or_else(|_| panic!("{SERVER} names no server"));
    let separator = if address.contains('?') { '&' } else { '?' };
    let namespace = format!("yt{}", &Uuid::now_v7().simple().to_string()[..24]);
    let address: Address = format!("{address}{separator}namespace={namespace}").parse().unwrap();
    let clock = TestClock::new();
    let log = open(&address, &clock).await;
    Rig::new(log, clock, Box::new(Server(address)))
}
