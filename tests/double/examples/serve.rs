//! One node of the double on a port, for trying things by hand: `cargo run -p yujian-double --example serve -- --port 2113`.

use yujian_double::{Cluster, ClusterOptions};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(0),
        ["--port", port] => port.parse(),
        _ => {
            eprintln!("usage: serve [--port N]");
            std::process::exit(2);
        }
    };
    let Ok(port) = port else {
        eprintln!("a port is a number up to 65535");
        std::process::exit(2);
    };
    let cluster = Cluster::start_on(ClusterOptions::default(), port).await;
    println!("{}", cluster.connection_string());
    println!("A double of KurrentDB for tests. It forgets everything when it ends: Ctrl-C.");
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("no signal can be waited for: {error}");
    }
}
