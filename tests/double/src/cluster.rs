//! Nodes that listen, stop and start again on their ports, over one log.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tonic::transport::Server;

use crate::connection::{Connections, accept};
use crate::faults::Faults;
use crate::server::{Node, Shared};
use crate::store::Store;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// Bytes that may be on the way before the receiver takes them, per call and per connection.
const CALL_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// Calls that a client may give up before they are looked at, without its connection being ended for it.
const GIVEN_UP: usize = 1000;

/// How a cluster is made.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// How many nodes; a client of one node asks for no gossip.
    pub nodes: usize,
    /// The seed of the gaps between positions.
    pub seed: u64,
    /// Up to so many bytes are skipped at random before each record. Positions grow by the size of the record anyway.
    pub largest_gap: u64,
    /// The version that the server claims.
    pub version: String,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            nodes: 1,
            seed: 1,
            largest_gap: 0,
            version: "26.1.0".to_owned(),
        }
    }
}

/// Several nodes over one log in memory. They stop when the last clone is dropped.
#[derive(Clone)]
pub struct Cluster(Arc<Running>);

struct Running {
    shared: Arc<Shared>,
    nodes: Vec<Mutex<Place>>,
    connections: Vec<Connections>,
}

/// A node's port, in use or kept.
enum Place {
    Serving(JoinHandle<()>),
    /// Bound but not listening: connections are refused, and nobody else is given the port.
    Kept(TcpSocket),
    /// In between, while a node stops or starts.
    Moving,
}

impl Cluster {
    /// Starts the nodes on free ports of this machine, the first as leader.
    ///
    /// # Panics
    /// If there are to be no nodes, or no port is free.
    pub async fn start(options: ClusterOptions) -> Self {
        Self::start_on(options, 0).await
    }

    /// As [`Cluster::start`], with the first node on this port.
    ///
    /// # Panics
    /// If there are to be no nodes, or the port is taken.
    #[expect(clippy::unused_async, reason = "says that it needs a runtime")]
    pub async fn start_on(options: ClusterOptions, port: u16) -> Self {
        assert!(options.nodes > 0, "a cluster has nodes");
        let sockets: Vec<TcpSocket> = (0..options.nodes)
            .map(|node| bind(if node == 0 { port } else { 0 }))
            .collect();
        let ports = sockets
            .iter()
            .map(|socket| socket.local_addr().expect("a bound socket has an address").port())
            .collect();
        let shared = Arc::new(Shared {
            store: Store::new(options.seed, options.largest_gap),
            faults: Faults::new(),
            version: options.version,
            ports,
            alive: sockets.iter().map(|_| AtomicBool::new(true)).collect(),
            leader: AtomicUsize::new(0),
        });
        let connections: Vec<Connections> = sockets.iter().map(|_| Connections::default()).collect();
        let nodes = sockets
            .into_iter()
            .zip(&connections)
            .enumerate()
            .map(|(number, (socket, connections))| Mutex::new(serve(&shared, number, socket, connections)))
            .collect();
        Self(Arc::new(Running {
            shared,
            nodes,
            connections,
        }))
    }

    /// What a client connects to: `kurrentdb://127.0.0.1:2113,127.0.0.1:2114?tls=false`.
    #[must_use]
    pub fn connection_string(&self) -> String {
        let hosts: Vec<String> = self.ports().iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("kurrentdb://{}?tls=false", hosts.join(","))
    }

    /// The nodes' ports.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.0.shared.ports.clone()
    }

    /// The script of faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.0.shared.faults
    }

    /// The log.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.shared.store
    }

    /// The node that leads. It stays so even when it is stopped, until [`Cluster::lead`]: there are no elections.
    #[must_use]
    pub fn leader(&self) -> usize {
        self.0.shared.leader()
    }

    /// Makes a node the leader. The others answer not-leader, with its endpoint, to calls that require the leader.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn lead(&self, node: usize) {
        assert!(node < self.0.nodes.len(), "the cluster has no node {node}");
        self.0.shared.leader.store(node, Ordering::SeqCst);
    }

    /// Stops a node: its connections are reset, new ones are refused, and gossip says that it is not alive.
    pub async fn stop_node(&self, node: usize) {
        self.0.shared.alive[node].store(false, Ordering::SeqCst);
        let place = std::mem::replace(&mut *self.0.place(node), Place::Moving);
        match place {
            Place::Serving(task) => {
                task.abort();
                // It was aborted; that is its only error.
                let _ = task.await;
                for cut in self.0.connections[node].cut() {
                    cut.closed().await;
                }
                let port = self.0.shared.ports[node];
                *self.0.place(node) = Place::Kept(bind(port));
            }
            other => *self.0.place(node) = other,
        }
    }

    /// Starts a stopped node again, on its port.
    #[expect(clippy::unused_async, reason = "pairs with stop_node, and needs a runtime")]
    pub async fn start_node(&self, node: usize) {
        let mut place = self.0.place(node);
        match std::mem::replace(&mut *place, Place::Moving) {
            Place::Kept(socket) => {
                *place = serve(&self.0.shared, node, socket, &self.0.connections[node]);
                self.0.shared.alive[node].store(true, Ordering::SeqCst);
            }
            other => *place = other,
        }
    }

    /// Resets every open connection of every node.
    pub fn cut_connections(&self) {
        for connections in &self.0.connections {
            connections.cut();
        }
    }
}

impl Running {
    fn place(&self, node: usize) -> MutexGuard<'_, Place> {
        self.nodes[node].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for node in 0..self.nodes.len() {
            if let Place::Serving(task) = &*self.place(node) {
                task.abort();
            }
            self.connections[node].cut();
        }
    }
}

/// A socket on a port of this machine, even if connections of it linger.
fn bind(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a socket that reuses its address");
    socket
        .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .expect("a port that nobody else has");
    socket
}

fn serve(shared: &Arc<Shared>, number: usize, socket: TcpSocket, connections: &Connections) -> Place {
    let listener: TcpListener = socket.listen(BACKLOG).expect("a bound socket listens");
    let node = Node {
        shared: Arc::clone(shared),
        number,
    };
    let incoming = accept(listener, connections.clone());
    Place::Serving(tokio::spawn(async move {
        let served = Server::builder()
            .initial_stream_window_size(CALL_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_pending_accept_reset_streams(Some(GIVEN_UP))
            .serve_with_incoming(node, incoming)
            .await;
        if let Err(error) = served {
            // Nobody waits for this task; a test must not go on as if the node were there.
            eprintln!("node {number} of the double ended: {error}");
        }
    }))
}
