//! A protocol double of KurrentDB for tests.
//!
//! It speaks, in this process and over real sockets, as much of the gRPC protocol as the official client needs for appending
//! and reading: Streams (no subscriptions, no batches), Gossip and ServerFeatures. Events are kept in memory; nodes can
//! be stopped, connections cut, and calls made to fail in scripted ways.
//!
//! It knows the decisions of the server (which append is written, repeated, refused; what a read shows) but nothing of
//! its storage, its access control or its clients, and it must stay free of the client's crate.
//!
//! Start reading at [`Cluster`], then `server.rs` (how a call is served and struck by a fault) and `log.rs` (the decisions).

mod cluster;
mod connection;
mod faults;
mod log;
#[allow(missing_docs, reason = "names of the protocol's fields")]
mod messages;
mod read;
mod server;
mod status;
mod store;
mod streams;
#[cfg(test)]
mod tests;

pub use cluster::{Cluster, ClusterOptions};
pub use faults::{Call, Fault, Faults};
pub use store::{Store, Stored};
