//! The views built anew over gRPC.

use futures::future::join_all;
use tonic::{Code, Streaming};
use yujian_proto::audit::v1::rebuild_views_reply::Part;
use yujian_proto::audit::v1::{RebuildViewsReply, RebuildViewsRequest};
use yujian_proto::supervision::v1::{GetViewDigestReply, GetViewDigestRequest};

use crate::house::*;

async fn parts(mut stream: Streaming<RebuildViewsReply>) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(reply) = stream.message().await.unwrap() {
        parts.push(reply.part.unwrap());
    }
    parts
}

async fn digest(house: &House, min_position: String) -> GetViewDigestReply {
    let request = by(ADMINISTRATOR, GetViewDigestRequest { min_position });
    house.supervision().get_view_digest(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_rebuild_tells_how_far_it_is_and_ends_with_the_digests_of_the_same_rows() {
    let house = House::start().await;
    house.register("甲").await;
    let position = house.register("乙").await.command.unwrap().position;
    let live = digest(&house, position).await;
    let stream = house
        .audit()
        .rebuild_views(by(ADMINISTRATOR, RebuildViewsRequest {}))
        .await
        .unwrap()
        .into_inner();
    let parts = parts(stream).await;
    let [Part::Progress(first), .., Part::Rebuilt(rebuilt)] = parts.as_slice() else {
        panic!("progress first, the outcome last: {parts:?}")
    };
    assert_eq!(first.done, 0);
    assert!(first.total > 0);
    assert_eq!(rebuilt.position, house.head());
    assert_eq!(
        (&rebuilt.sha256_before, &rebuilt.sha256_after),
        (&live.sha256, &live.sha256)
    );
    assert!(rebuilt.elapsed.is_some());
    assert_eq!(digest(&house, String::new()).await, live);
    // It goes on following, and another one may run.
    let position = house.register("丙").await.command.unwrap().position;
    let live = digest(&house, position).await;
    assert_ne!(live.sha256, rebuilt.sha256_after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_at_once_one_runs_and_the_others_are_refused() {
    let house = House::start().await;
    house.register("甲").await;
    let mut refused = 0;
    for _ in 0..50 {
        let calls = (0..8).map(|_| async {
            let request = by(ADMINISTRATOR, RebuildViewsRequest {});
            match house.audit().rebuild_views(request).await {
                Ok(stream) => {
                    assert!(matches!(
                        parts(stream.into_inner()).await.last(),
                        Some(Part::Rebuilt(_))
                    ));
                    true
                }
                Err(refusal) => {
                    assert_eq!(why(&refusal), is(Code::FailedPrecondition, "REBUILD_RUNNING"));
                    false
                }
            }
        });
        let ran = join_all(calls).await;
        assert!(ran.contains(&true), "one of them must run");
        refused += ran.iter().filter(|ran| !**ran).count();
        if refused > 0 {
            return;
        }
    }
    panic!("400 calls, eight at a time, and never were two of them at once");
}
