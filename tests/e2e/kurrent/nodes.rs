//! Two command nodes on one host, one killed at random under load: what was acknowledged and what the server holds agree.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic_types::StatusExt;
use yujian_double::{Call, Cluster, Fault};

use super::{NAMESPACE, address, cluster, run, start, text};
use crate::crash::Dice;
use crate::crash::ledger::{Client, gone};
use crate::crash::records::Records;
use crate::support::{Server, directory, knob};

/// Commands in flight at a time, one a client.
const CLIENTS: u32 = 32;

/// What a client waits between two commands: a node that starts checks the whole log again, and a long run is to spend
/// its time on kills.
const PAUSE: Duration = Duration::from_millis(100);

/// What the server holds, read from the double's memory without any code of the client: what came of the commands of
/// clients, and what the reactors of both nodes made of it.
fn records_of(cluster: &Cluster) -> (Records, Records) {
    let (mut records, mut reactions) = (Records::default(), Records::default());
    let prefix = format!("{NAMESPACE}.");
    for event in cluster.store().events() {
        let Some(stream) = event.stream.strip_prefix(&prefix) else {
            continue;
        };
        let metadata: Value = serde_json::from_slice(&event.metadata).unwrap();
        let owner = stream.starts_with("key-").then(|| {
            let payload: Value = serde_json::from_slice(&event.data).unwrap();
            payload["owner"].as_str().unwrap().to_owned()
        });
        let revision = i64::try_from(event.revision).unwrap();
        let request = metadata["request"]["id"].as_str();
        let reacted = metadata["actor"]["role"] == "system";
        let asked = request.filter(|_| !reacted);
        records.take(stream.to_owned(), revision, event.event_type.clone(), asked, owner);
        if reacted {
            reactions.take(stream.to_owned(), revision, event.event_type.clone(), request, None);
        }
    }
    (records, reactions)
}

/// Channels to both nodes, as they are at the moment.
type Nodes = Arc<RwLock<[Option<Channel>; 2]>>;

/// Works on both nodes in turn until told to stop. What is left unanswered is repeated on whichever node is there.
async fn work(mut client: Client, index: u64, nodes: Nodes, stop: Arc<AtomicBool>) -> Client {
    let mut dice = Dice(index);
    while !stop.load(Ordering::SeqCst) {
        let node = usize::try_from(dice.roll(2)).unwrap();
        let channel = nodes.read().await[node].clone();
        let Some(channel) = channel else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        if let Err(status) = client.step(&channel, index.is_multiple_of(4)).await {
            let reason = status.get_details_error_info().map(|info| info.reason);
            match reason.as_deref() {
                // The engine was out of reach for a while: the same request again.
                Some("OUTCOME_PENDING" | "LOG_UNAVAILABLE") => {}
                _ => gone(&status),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_of_which_one_is_killed_at_random_lose_and_double_nothing() {
    let rounds = knob("NODE_KILLS", 10);
    let seed = knob("NODE_SEED", 1);
    let mut dice = Dice(seed);
    let cluster = cluster(3).await;
    let log = address(&cluster);
    let (keys, data) = (directory(), [directory(), directory()]);
    let mut servers: [Option<Server>; 2] = [None, None];
    let nodes: Nodes = Arc::new(RwLock::new([None, None]));
    // Both at once: one makes log and keys, the other finds them.
    let (first, second) = tokio::join!(
        start(&log, data[0].path(), keys.path()),
        start(&log, data[1].path(), keys.path())
    );
    *nodes.write().await = [Some(first.channel().await), Some(second.channel().await)];
    servers[0] = Some(first);
    servers[1] = Some(second);
    let faults = vec![
        Fault::LoseReply,
        Fault::ResetBefore,
        Fault::TimeoutAfterCommit,
        Fault::ChangeLeaderAfterCommit,
        Fault::ChangeLeaderBefore,
    ];
    cluster.faults().random(Call::Append, seed, 5, faults);

    let stop = Arc::new(AtomicBool::new(false));
    let mut working = JoinSet::new();
    for index in 0..CLIENTS {
        working.spawn(work(Client::new(index), u64::from(index), nodes.clone(), stop.clone()));
    }
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(100 + dice.roll(900))).await;
        let victim = usize::try_from(dice.roll(2)).unwrap();
        servers[victim].take().unwrap().kill();
        nodes.write().await[victim] = None;
        tokio::time::sleep(Duration::from_millis(dice.roll(300))).await;
        let server = start(&log, data[victim].path(), keys.path()).await;
        nodes.write().await[victim] = Some(server.channel().await);
        servers[victim] = Some(server);
    }
    stop.store(true, Ordering::SeqCst);
    let mut clients = working.join_all().await;
    cluster.faults().clear();

    let channels = [
        servers[0].as_ref().unwrap().channel().await,
        servers[1].as_ref().unwrap().channel().await,
    ];
    for client in &mut clients {
        client.settle(&channels[0]).await;
    }
    let (records, reactions) = records_of(&cluster);
    records.none_torn();
    reactions.none_torn();
    for (request, group) in &reactions.requests {
        let types: BTreeSet<&String> = group.types.iter().collect();
        assert_eq!(
            types.len(),
            group.types.len(),
            "a reaction came twice: {request} {group:?}"
        );
    }
    assert_eq!(records.claims_without_owner(), 0, "a claim is stuck");
    let mut acknowledged = 0;
    for (index, client) in clients.iter().enumerate() {
        for (sent, answer) in &client.acknowledged {
            acknowledged += 1;
            let stored = records.requests.get(&sent.request);
            let stored = stored.unwrap_or_else(|| panic!("acknowledged and lost: {} {:?}", sent.request, sent.ask));
            assert_eq!(stored.types, answer.command().event_types, "{:?}", sent.ask);
            // Asked again, of the node that may not have answered it: the first answer.
            if acknowledged % 10 == 0 {
                let again = sent.send(&channels[index % 2]).await.unwrap();
                assert_eq!(again, *answer, "{:?}", sent.ask);
            }
        }
    }
    assert_eq!(
        records.requests.len(),
        acknowledged,
        "a command that nobody asked for, or one stored twice"
    );
    let (sound, report) = run(&["verify", "--log", &log, "--data-dir", text(data[0].path())]).await;
    assert!(sound, "{report}");
    println!(
        "nodes: seed {seed}, {rounds} kills, {acknowledged} commands acknowledged, {} reactions, faults struck {:?}",
        reactions.requests.len(),
        cluster.faults().counts()
    );
    assert!(acknowledged > usize::try_from(rounds).unwrap() * 10, "{acknowledged}");
}
