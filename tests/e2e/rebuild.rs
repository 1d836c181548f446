//! Views built anew by the real binary: while others read and write, and with a death in the middle.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use tonic::{Code, Streaming};
use tonic_types::StatusExt;
use uuid::Uuid;
use yujian_proto::audit::v1 as audit;
use yujian_proto::audit::v1::audit_service_client::AuditServiceClient;
use yujian_proto::audit::v1::rebuild_views_reply::Part;
use yujian_proto::supervision::v1 as supervision;

use crate::small;
use crate::support::{ADMINISTRATOR, PROVINCE, Server, by, credit_code, eventually, operator, registration};

/// What a spoilt row says.
const SPOILT: &str = "spoilt";

async fn rebuild(server: &Server) -> Result<Streaming<audit::RebuildViewsReply>, tonic::Status> {
    let mut client = AuditServiceClient::new(server.channel().await);
    let request = by(ADMINISTRATOR, audit::RebuildViewsRequest {});
    Ok(client.rebuild_views(request).await?.into_inner())
}

/// Reads until the rebuild has folded something and is not at its end.
async fn in_the_middle(stream: &mut Streaming<audit::RebuildViewsReply>) {
    loop {
        match stream.message().await.unwrap().unwrap().part.unwrap() {
            Part::Progress(progress) if progress.done == 0 => {}
            Part::Progress(progress) => {
                assert!(
                    progress.done < progress.total,
                    "{progress:?}: the log is too short for this test"
                );
                return;
            }
            Part::Rebuilt(_) => panic!("it ended unseen"),
        }
    }
}

async fn outcome(mut stream: Streaming<audit::RebuildViewsReply>) -> audit::RebuiltViews {
    let mut last = (0, 0);
    loop {
        match stream.message().await.unwrap().unwrap().part.unwrap() {
            Part::Progress(progress) => {
                assert!(
                    progress.done >= last.0 && progress.total >= last.1,
                    "it went back: {last:?} {progress:?}"
                );
                assert!(progress.done <= progress.total, "{progress:?}");
                last = (progress.done, progress.total);
            }
            Part::Rebuilt(rebuilt) => {
                assert!(
                    stream.message().await.unwrap().is_none(),
                    "something came after the end"
                );
                return rebuilt;
            }
        }
    }
}

async fn digest(server: &Server) -> String {
    let request = by(ADMINISTRATOR, supervision::GetViewDigestRequest::default());
    let reply = server.supervision().await.get_view_digest(request).await.unwrap();
    reply.into_inner().sha256
}

/// Alters a row of the views behind the server's back.
fn spoil(data: &Path) {
    let views = Connection::open(data.join("views.db")).unwrap();
    views.busy_timeout(Duration::from_secs(20)).unwrap();
    let sql = "UPDATE institution SET name = ?1 WHERE id = (SELECT min(id) FROM institution)";
    assert_eq!(views.execute(sql, [SPOILT]).unwrap(), 1);
}

fn half_built(data: &Path) -> Vec<String> {
    std::fs::read_dir(data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("views.new"))
        .collect()
}

/// Institutions of the province, counted by the roll-up and by the list.
async fn counted(server: &Server, min_position: &str) -> (u64, u64) {
    let mut client = server.supervision().await;
    let roll_up = supervision::GetRollUpRequest {
        region_code: "33".to_owned(),
        min_position: min_position.to_owned(),
        ..supervision::GetRollUpRequest::default()
    };
    let figures = client.get_roll_up(by(PROVINCE, roll_up)).await.unwrap().into_inner();
    let by_state = figures.region.unwrap().by_state;
    let list = supervision::ListInstitutionsRequest {
        min_position: min_position.to_owned(),
        page_size: 1,
        ..supervision::ListInstitutionsRequest::default()
    };
    let page = client.list_institutions(by(PROVINCE, list)).await.unwrap().into_inner();
    (by_state.iter().map(|one| one.count).sum(), page.total_size)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_traffic_heals_a_spoilt_row_and_no_figure_is_wrong_meanwhile() {
    let (_home, data) = small::copy();
    let server = Arc::new(small::serve(&data, &["--quiet"]));
    let right = digest(&server).await;
    let (began_with, _) = counted(&server, "").await;
    spoil(&data);
    let spoilt = digest(&server).await;
    assert_ne!(spoilt, right);

    let stream = rebuild(&server).await.unwrap();
    let refused = rebuild(&server).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(
        refused.get_error_details().error_info().unwrap().reason,
        "REBUILD_RUNNING"
    );

    let (running, begun) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let writer = tokio::spawn({
        let (server, running, begun) = (server.clone(), running.clone(), begun.clone());
        async move {
            let mut asked = 0;
            let mut client = server.licensing().await;
            for number in 1.. {
                if !running.load(Ordering::SeqCst) {
                    break;
                }
                begun.fetch_add(1, Ordering::SeqCst);
                let me = operator(&credit_code(number));
                let request = by(&me, registration(number, Uuid::new_v4()));
                let reply = client.register_institution(request).await.unwrap().into_inner();
                // What was acknowledged is counted, whichever rows answer.
                let written = began_with + u64::from(number);
                let (figures, listed) = counted(&server, &reply.command.unwrap().position).await;
                assert_eq!((figures, listed), (written, written));
                asked += 1;
            }
            asked
        }
    });
    let rebuilt = outcome(stream).await;
    running.store(false, Ordering::SeqCst);
    let asked = writer.await.unwrap();
    assert!(
        asked > 0 && begun.load(Ordering::SeqCst) == asked,
        "nobody wrote and asked meanwhile"
    );
    assert_ne!(rebuilt.sha256_before, rebuilt.sha256_after);

    // From the log alone, at the position of the last write: the live rows and a second rebuild say the same.
    let live = digest(&server).await;
    let again = outcome(rebuild(&server).await.unwrap()).await;
    assert_eq!((&again.sha256_before, &again.sha256_after), (&live, &live));
    assert!(half_built(&data).is_empty());
    drop(server);
    std::fs::remove_file(data.join("views.db")).unwrap();
    for left in ["views.db-wal", "views.db-shm"] {
        let _ = std::fs::remove_file(data.join(left));
    }
    let from_nothing = small::digests(&data);
    assert!(from_nothing.contains(&("total".to_owned(), live)), "{from_nothing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_killed_or_cancelled_leaves_the_old_views_and_no_litter() {
    let (_home, data) = small::copy();
    let server = small::serve(&data, &["--quiet"]);
    let right = digest(&server).await;
    // The old rows are told from new ones by this.
    spoil(&data);
    let old = digest(&server).await;

    let mut stream = rebuild(&server).await.unwrap();
    in_the_middle(&mut stream).await;
    drop(stream);
    eventually("the cancelled rebuild is cleared away", async || {
        half_built(&data).is_empty()
    })
    .await;
    assert_eq!(digest(&server).await, old);

    let mut stream = rebuild(&server).await.unwrap();
    in_the_middle(&mut stream).await;
    assert!(!half_built(&data).is_empty(), "nothing is being built");
    server.kill();
    assert!(!half_built(&data).is_empty(), "it did not die in the middle");

    let server = small::serve(&data, &["--quiet"]);
    assert!(
        half_built(&data).is_empty(),
        "the start left litter: {:?}",
        half_built(&data)
    );
    assert_eq!(digest(&server).await, old);
    let rebuilt = outcome(rebuild(&server).await.unwrap()).await;
    assert_eq!((rebuilt.sha256_before, rebuilt.sha256_after), (old, right));
}
