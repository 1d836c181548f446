//! Each fault, as a client meets it.

use std::time::Duration;

use tonic::{Code, Status};

use super::client::{Client, NO_STREAM, Said, id, of_all, trailer};
use crate::messages::{Empty, FromPosition};
use crate::{Call, Cluster, ClusterOptions, Fault};

/// Longer than anything here takes that does not hang.
const SOON: Duration = Duration::from_secs(10);
/// Long enough for an answer that would come.
const A_WHILE: Duration = Duration::from_millis(200);

async fn one_node() -> (Cluster, Client) {
    let cluster = Cluster::start(ClusterOptions::default()).await;
    let client = Client::of(&cluster, 0);
    (cluster, client)
}

/// The answer to an append that a fault struck, and how many events are stored after it.
async fn struck(fault: Fault) -> (Result<Option<Said>, Status>, usize) {
    let (cluster, mut client) = one_node().await;
    cluster.faults().next(Call::Append, fault);
    let ids = [id(1)];
    let answer = tokio::time::timeout(SOON, client.try_append("a-1", NO_STREAM, &ids));
    let answer = answer.await.unwrap();
    let stored = cluster.store().len();
    assert_eq!(cluster.faults().counts()[&format!("Append {fault:?}")], 1);
    // The next call is as if nothing had been, and a repetition is found to be one.
    client.append("a-1", NO_STREAM, &[id(1)]).await.unwrap();
    assert_eq!((cluster.store().len(), cluster.faults().count()), (1, 1));
    assert_eq!(cluster.faults().calls(Call::Append), 2);
    (answer, stored)
}

#[tokio::test]
async fn an_append_fails_as_scripted() {
    let lost = [Code::Unknown, Code::Unavailable, Code::Internal, Code::Cancelled];
    let cases = [
        (Fault::LoseReply, &lost[..], 1),
        (Fault::ResetBefore, &lost[..], 0),
        (Fault::TimeoutAfterCommit, &[Code::Aborted], 1),
        (Fault::TimeoutBefore, &[Code::Aborted], 0),
        (Fault::UnavailableBefore, &[Code::Unavailable], 0),
        (Fault::UnavailableAfterCommit, &[Code::Unavailable], 1),
        (Fault::NotLeader, &[Code::NotFound], 0),
        (Fault::NoLeaderKnown, &[Code::Unknown], 0),
        (Fault::ResetMidStream, &lost[..], 1),
        (Fault::ChangeLeaderBefore, &[Code::NotFound], 0),
        (Fault::ChangeLeaderAfterCommit, &lost[..], 1),
        (Fault::TooLarge, &[Code::InvalidArgument], 0),
        (Fault::AccessDenied, &[Code::PermissionDenied], 0),
    ];
    for (fault, codes, expected) in cases {
        let (answer, stored) = struck(fault).await;
        let status = answer.unwrap_err();
        assert!(codes.contains(&status.code()), "{fault:?}: {status:?}");
        assert_eq!(stored, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn an_append_ends_cleanly_without_a_message() {
    let (answer, stored) = struck(Fault::EndCleanly).await;
    assert_eq!((answer.unwrap(), stored), (None, 1));
}

#[tokio::test]
async fn a_hanging_call_is_carried_out_when_released() {
    for (fault, hanging) in [(Fault::Hang, 0), (Fault::HangAfterCommit, 1)] {
        let (cluster, mut client) = one_node().await;
        cluster.faults().next(Call::Append, fault);
        let call = tokio::spawn(async move { client.append("a-1", NO_STREAM, &[id(1)]).await });
        tokio::time::sleep(A_WHILE).await;
        assert!(!call.is_finished());
        assert_eq!(cluster.store().len(), hanging, "{fault:?}");
        cluster.faults().release();
        let said = tokio::time::timeout(SOON, call).await.unwrap().unwrap().unwrap();
        assert_eq!(said, Said::Done(Some(0), Some(cluster.store().events()[0].position)));
    }
}

#[tokio::test]
async fn a_hanging_call_ends_with_its_connection() {
    let (cluster, mut client) = one_node().await;
    cluster.faults().next(Call::Append, Fault::Hang);
    let call = tokio::spawn(async move { client.append("a-1", NO_STREAM, &[id(1)]).await });
    tokio::time::sleep(A_WHILE).await;
    cluster.cut_connections();
    assert!(tokio::time::timeout(SOON, call).await.unwrap().unwrap().is_err());
    cluster.faults().release();
    tokio::time::sleep(A_WHILE).await;
    assert!(cluster.store().is_empty());
}

#[tokio::test]
async fn reads_break_off_after_a_part() {
    let (cluster, mut client) = one_node().await;
    let ids: Vec<_> = (0..10).map(id).collect();
    client.append("a-1", NO_STREAM, &ids).await.unwrap();
    let all = || of_all(FromPosition::Start(Empty {}), false, 100);
    cluster.faults().next(Call::Read, Fault::EndCleanly);
    assert_eq!(client.read(all()).await.unwrap().len(), 5);
    cluster.faults().next(Call::Read, Fault::ResetMidStream);
    let (seen, _) = client.read(all()).await.unwrap_err();
    assert_eq!(seen, 5);
    cluster.faults().next(Call::Read, Fault::ResetBefore);
    let (seen, _) = client.read(all()).await.unwrap_err();
    assert_eq!(seen, 0);
    assert_eq!(client.read(all()).await.unwrap().len(), 10);
}

#[tokio::test]
async fn queued_faults_go_before_the_constant_one() {
    let (cluster, mut client) = one_node().await;
    cluster.faults().always(Call::Gossip, Some(Fault::UnavailableBefore));
    cluster.faults().next(Call::Gossip, Fault::AccessDenied);
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(client.gossip().await.unwrap_err().code());
    }
    assert_eq!(codes, [Code::PermissionDenied, Code::Unavailable, Code::Unavailable]);
    cluster.faults().always(Call::Gossip, None);
    client.gossip().await.unwrap();
    cluster.faults().always(Call::Features, Some(Fault::TimeoutBefore));
    assert_eq!(client.features().await.unwrap_err().code(), Code::Aborted);
    cluster.faults().clear();
    assert_eq!(client.features().await.unwrap().version, "26.1.0");
    assert_eq!(cluster.faults().count(), 4);
}

#[tokio::test]
async fn random_faults_follow_their_seed() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let (cluster, mut client) = one_node().await;
        let choices = vec![Fault::UnavailableBefore, Fault::TimeoutBefore];
        cluster.faults().random(Call::Features, seed, 400, choices);
        let mut run = Vec::new();
        for _ in 0..60 {
            run.push(client.features().await.err().map(|status| status.code()));
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let struck = runs[0].iter().flatten().count();
    assert!((10..40).contains(&struck), "{struck}");
}

#[tokio::test]
async fn a_slow_server_answers_late() {
    let (cluster, mut client) = one_node().await;
    cluster.faults().delay(Call::Append, Some(A_WHILE));
    let began = std::time::Instant::now();
    client.append("a-1", NO_STREAM, &[id(1)]).await.unwrap();
    assert!(began.elapsed() >= A_WHILE);
}

#[tokio::test]
async fn not_leader_names_the_leader() {
    let (cluster, mut client) = one_node().await;
    cluster.faults().next(Call::Read, Fault::NotLeader);
    let all = of_all(FromPosition::Start(Empty {}), false, 1);
    let (_, status) = client.read(all).await.unwrap_err();
    assert_eq!(trailer(&status, "exception"), Some("not-leader"));
    assert_eq!(trailer(&status, "leader-endpoint-host"), Some("127.0.0.1"));
    assert_eq!(
        trailer(&status, "leader-endpoint-port"),
        Some(&*cluster.ports()[0].to_string())
    );
}
