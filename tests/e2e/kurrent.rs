//! The binary over a KurrentDB cluster, for which the protocol double stands in this process.

mod keys;
mod migration;
mod nodes;
mod outage;
mod reading;

use std::path::Path;
use std::process::Command;

use yujian_double::{Cluster, ClusterOptions};

use crate::support::{Server, yujian};

/// Where streams of the log begin on the server.
const NAMESPACE: &str = "yujian";

/// Nodes of the double, with records of others and gaps between positions.
async fn cluster(nodes: usize) -> Cluster {
    let cluster = Cluster::start(ClusterOptions {
        nodes,
        largest_gap: 300,
        ..ClusterOptions::default()
    })
    .await;
    cluster
        .store()
        .append_foreign("$stats-127.0.0.1:2113", "$statsCollected");
    cluster.store().append_foreign("orders-1", "OrderPlaced");
    cluster
}

fn address(cluster: &Cluster) -> String {
    format!("{}&discoveryInterval=10&gossipTimeout=500", cluster.connection_string())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `serve` over the cluster.
fn serve(address: &str, data: &Path, keys: &Path) -> Command {
    yujian(&[
        "serve",
        "--port",
        "0",
        "--log",
        address,
        "--data-dir",
        text(data),
        "--keys-dir",
        text(keys),
        "--log-level",
        "warn",
    ])
}

/// The same, ready. The double runs in this process: waiting for the line must not keep it from answering.
async fn start(address: &str, data: &Path, keys: &Path) -> Server {
    let command = serve(address, data, keys);
    tokio::task::spawn_blocking(move || Server::spawn(command))
        .await
        .unwrap()
}

/// Runs a command to its end; answers whether it went well, and what it said.
async fn run(arguments: &[&str]) -> (bool, String) {
    let mut command = yujian(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), said)
}
