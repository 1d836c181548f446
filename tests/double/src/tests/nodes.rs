//! Nodes that stop, start, lead and follow.

use std::time::Duration;

use super::client::{Client, NO_STREAM, id, trailer};
use crate::messages::NodeState;
use crate::{Call, Cluster, ClusterOptions, Fault};

async fn three() -> Cluster {
    let options = ClusterOptions {
        nodes: 3,
        ..ClusterOptions::default()
    };
    Cluster::start(options).await
}

#[tokio::test]
async fn a_stopped_node_refuses_and_comes_back_on_its_port() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut client = Client::of(&cluster, 0);
    for round in 0..5 {
        client.append(&format!("a-{round}"), NO_STREAM, &[id(1)]).await.unwrap();
        cluster.stop_node(0).await;
        cluster.stop_node(0).await;
        let refused = tokio::net::TcpStream::connect(("127.0.0.1", cluster.ports()[0])).await;
        assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
        assert!(client.gossip().await.is_err());
        cluster.start_node(0).await;
        cluster.start_node(0).await;
    }
    client.append("a-9", NO_STREAM, &[id(1)]).await.unwrap();
    assert_eq!(cluster.store().len(), 6);
}

#[tokio::test]
async fn gossip_tells_who_leads_and_who_lives() {
    let cluster = three().await;
    cluster.lead(2);
    cluster.stop_node(0).await;
    let info = Client::of(&cluster, 1).gossip().await.unwrap();
    let seen: Vec<_> = info
        .members
        .iter()
        .map(|member| (member.state(), member.is_alive))
        .collect();
    assert_eq!(
        seen,
        [
            (NodeState::Follower, false),
            (NodeState::Follower, true),
            (NodeState::Leader, true)
        ]
    );
    let ports: Vec<_> = info
        .members
        .iter()
        .map(|member| member.endpoint.as_ref().unwrap().port)
        .collect();
    assert_eq!(ports, cluster.ports().into_iter().map(u32::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn followers_turn_away_what_requires_the_leader() {
    let cluster = three().await;
    cluster.lead(1);
    cluster.faults().next(Call::Append, Fault::AccessDenied);
    let mut strict = Client::of(&cluster, 0).leader_only();
    let status = strict.append("a-1", NO_STREAM, &[id(1)]).await.unwrap_err();
    assert_eq!(
        trailer(&status, "leader-endpoint-port"),
        Some(&*cluster.ports()[1].to_string())
    );
    assert_eq!(
        cluster.faults().count(),
        0,
        "the fault waits for a call that reaches the leader"
    );
    cluster.faults().clear();
    let mut lenient = Client::of(&cluster, 0);
    lenient.append("a-1", NO_STREAM, &[id(1)]).await.unwrap();
    let mut leader = Client::of(&cluster, 1).leader_only();
    leader.append("a-2", NO_STREAM, &[id(1)]).await.unwrap();
}

#[tokio::test]
async fn the_leader_changes_in_the_middle_of_a_call() {
    let cluster = three().await;
    cluster.stop_node(1).await;
    let mut client = Client::of(&cluster, 0).leader_only();
    cluster.faults().next(Call::Append, Fault::ChangeLeaderBefore);
    let status = client.append("a-1", NO_STREAM, &[id(1)]).await.unwrap_err();
    assert_eq!(
        trailer(&status, "leader-endpoint-port"),
        Some(&*cluster.ports()[2].to_string())
    );
    assert_eq!((cluster.leader(), cluster.store().len()), (2, 0));
    cluster.faults().next(Call::Append, Fault::ChangeLeaderAfterCommit);
    let mut client = Client::of(&cluster, 2).leader_only();
    client.append("a-1", NO_STREAM, &[id(1)]).await.unwrap_err();
    assert_eq!((cluster.leader(), cluster.store().len()), (0, 1));
}

#[tokio::test]
async fn a_cut_is_a_reset() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut raw = tokio::net::TcpStream::connect(("127.0.0.1", cluster.ports()[0]))
        .await
        .unwrap();
    raw.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    cluster.cut_connections();
    let end = loop {
        let mut bytes = [0; 256];
        match raw.read(&mut bytes).await {
            Ok(0) => break None,
            Ok(_) => {}
            Err(error) => break Some(error.kind()),
        }
    };
    assert_eq!(end, Some(std::io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_dropped_cluster_leaves_its_ports() {
    let cluster = three().await;
    let ports = cluster.ports();
    let mut client = Client::of(&cluster, 0);
    client.gossip().await.unwrap();
    drop(cluster);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(client.gossip().await.is_err());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", ports[1])).await.is_err());
}

#[tokio::test]
async fn many_write_at_once() {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let mut writers = Vec::new();
    for writer in 0..64_u128 {
        let mut client = Client::of(&cluster, 0);
        writers.push(tokio::spawn(async move {
            for round in 0..50 {
                client
                    .append(&format!("a-{writer}-{round}"), NO_STREAM, &[id(round)])
                    .await
                    .unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(cluster.store().len(), 3200);
    assert!(
        cluster
            .store()
            .events()
            .is_sorted_by(|one, two| one.position < two.position)
    );
}
