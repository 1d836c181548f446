//! Logs on the double and on a real server, each in a namespace of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;
use yujian_double::{Cluster, ClusterOptions};
use yujian_eventlog::EventLog;
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::header::LogKind;
use yujian_kurrent::{Address, KurrentLog, OpenOptions};

use crate::conformance::{Engine, Rig};
pub use crate::conformance::{TestClock, at, event, stream};

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
    // The shortest waits that the client takes: a test makes many clients.
    format!("{}&discoveryInterval=5&gossipTimeout=500", cluster.connection_string())
        .parse()
        .unwrap()
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
