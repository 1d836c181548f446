//! A server that hangs, refuses or vanishes: commands are answered in time and safe to repeat, reading goes on, and
//! everything recovers by itself.

use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_double::{Call, Cluster, Fault};
use yujian_proto::licensing::v1::InstitutionReply;
use yujian_proto::supervision::v1 as supervision;

use super::{address, cluster, serve, start};
use crate::support::{PROVINCE, Server, by, credit_code, directory, eventually, operator, registration};

/// A command is answered within this time whatever the engine does; the boundary's own limit is 30 s.
const IN_TIME: Duration = Duration::from_secs(20);

async fn register(server: &Server, number: u32, request: Uuid) -> Result<InstitutionReply, Status> {
    server
        .licensing()
        .await
        .register_institution(by(&operator(&credit_code(number)), registration(number, request)))
        .await
        .map(tonic::Response::into_inner)
}

/// Institutions that the views show.
async fn shown(server: &Server) -> usize {
    let query = supervision::ListInstitutionsRequest {
        region_code: "33".to_owned(),
        page_size: 100,
        ..supervision::ListInstitutionsRequest::default()
    };
    let reply = server.supervision().await.list_institutions(by(PROVINCE, query)).await;
    reply.unwrap().into_inner().institutions.len()
}

async fn writing(server: &Server) -> ServingStatus {
    HealthClient::new(server.channel().await)
        .check(HealthCheckRequest {
            service: "yujian.write".to_owned(),
        })
        .await
        .unwrap()
        .into_inner()
        .status()
}

/// UNAVAILABLE with a time after which to come again, in time.
fn come_again(refused: &Status, took: Duration) {
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let details = refused.get_error_details();
    assert!(
        details.retry_info().is_some_and(|info| info.retry_delay.is_some()),
        "{refused:?}"
    );
    let reason = &details.error_info().unwrap().reason;
    assert!(
        ["OUTCOME_PENDING", "LOG_UNAVAILABLE"].contains(&reason.as_str()),
        "{reason}"
    );
    assert!(took < IN_TIME, "{took:?}");
}

/// Breaks the cluster, sees that the service stays what it can be, mends it, sees that all is well by itself.
async fn through(cluster: &Cluster, break_it: impl AsyncFn(&Cluster), mend_it: impl AsyncFn(&Cluster)) {
    let (data, keys) = (directory(), directory());
    let server = start(&address(cluster), data.path(), keys.path()).await;
    register(&server, 1, Uuid::new_v4()).await.unwrap();
    eventually("the first institution is shown", async || shown(&server).await == 1).await;

    break_it(cluster).await;
    let request = Uuid::new_v4();
    let began = Instant::now();
    let refused = register(&server, 2, request).await.unwrap_err();
    come_again(&refused, began.elapsed());
    // Reading does not need the engine.
    let began = Instant::now();
    assert_eq!(shown(&server).await, 1);
    let page = reqwest(&server, "/institutions").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{}", &page[..80.min(page.len())]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    eventually("the health of writing tells the outage", async || {
        writing(&server).await == ServingStatus::NotServing
    })
    .await;

    mend_it(cluster).await;
    let began = Instant::now();
    eventually("the same request is answered", async || {
        register(&server, 2, request).await.is_ok()
    })
    .await;
    eventually("writing is well again", async || {
        writing(&server).await == ServingStatus::Serving
    })
    .await;
    eventually("the second institution is shown", async || shown(&server).await == 2).await;
    println!("outage: back after {:?}", began.elapsed());
    // Once, however often it was sent.
    let registered = |event: &&yujian_double::Stored| event.event_type == "licensing.InstitutionRegistered.v1";
    assert_eq!(cluster.store().events().iter().filter(registered).count(), 2);
}

/// A page, over a socket of its own.
async fn reqwest(server: &Server, path: &str) -> String {
    use std::io::{Read, Write};
    let (address, path) = (server.address.clone(), path.to_owned());
    tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        write!(
            socket,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut reply = Vec::new();
        socket.read_to_end(&mut reply).unwrap();
        String::from_utf8_lossy(&reply).into_owned()
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_told_in_time_and_waited_for() {
    let cluster = cluster(1).await;
    let hang = async |cluster: &Cluster| {
        for call in [Call::Append, Call::Read] {
            cluster.faults().always(call, Some(Fault::Hang));
        }
    };
    let release = async |cluster: &Cluster| {
        for call in [Call::Append, Call::Read] {
            cluster.faults().always(call, None);
        }
        cluster.faults().release();
    };
    through(&cluster, hang, release).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_commits_and_says_nothing_is_found_out_later() {
    let cluster = cluster(1).await;
    let hang = async |cluster: &Cluster| {
        cluster.faults().always(Call::Append, Some(Fault::HangAfterCommit));
        cluster.faults().always(Call::Read, Some(Fault::Hang));
    };
    let release = async |cluster: &Cluster| {
        cluster.faults().clear();
        cluster.faults().always(Call::Append, None);
        cluster.faults().always(Call::Read, None);
        cluster.faults().release();
    };
    through(&cluster, hang, release).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_is_told_in_time_and_waited_for() {
    let cluster = cluster(1).await;
    let refuse = async |cluster: &Cluster| {
        for call in [Call::Append, Call::Read, Call::Features] {
            cluster.faults().always(call, Some(Fault::UnavailableBefore));
        }
    };
    let relent = async |cluster: &Cluster| {
        for call in [Call::Append, Call::Read, Call::Features] {
            cluster.faults().always(call, None);
        }
    };
    through(&cluster, refuse, relent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_vanishes_is_told_in_time_and_waited_for() {
    let cluster = cluster(3).await;
    let stop = async |cluster: &Cluster| {
        for node in 0..3 {
            cluster.stop_node(node).await;
        }
    };
    let start = async |cluster: &Cluster| {
        for node in 0..3 {
            cluster.start_node(node).await;
        }
    };
    through(&cluster, stop, start).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_server_that_starts_later() {
    let cluster = cluster(1).await;
    cluster.stop_node(0).await;
    let (data, keys) = (directory(), directory());
    let command = serve(&address(&cluster), data.path(), keys.path());
    let starting = tokio::task::spawn_blocking(move || Server::spawn(command));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!starting.is_finished());
    cluster.start_node(0).await;
    let server = starting.await.unwrap();
    register(&server, 1, Uuid::new_v4()).await.unwrap();
}
