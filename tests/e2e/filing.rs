//! An operator files, over gRPC, with our client and with one that is not ours.

use uuid::Uuid;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::licensing::v1::InstitutionState as State;
use yujian_proto::supervision::v1 as supervision;

use crate::support::{PROVINCE, Server, by, credit_code, directory, filing, operator, papers, python, registration};

#[tokio::test(flavor = "multi_thread")]
async fn a_filing_is_returned_with_everything_missing_then_accepted_and_read_back() {
    let data = directory();
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    let me = operator(&credit_code(1));
    let reply = client
        .register_institution(by(&me, registration(1, Uuid::new_v4())))
        .await
        .unwrap()
        .into_inner();
    let name = reply.institution.unwrap().name;

    let mut incomplete = papers();
    incomplete.retain(|paper| {
        paper.kind() != licensing::PaperKind::FireSafety && paper.kind() != licensing::PaperKind::Commitment
    });
    let reply = client
        .submit_filing(by(&me, filing(&name, incomplete, Uuid::new_v4())))
        .await
        .unwrap()
        .into_inner();
    let returned = reply.institution.unwrap();
    assert_eq!(returned.state(), State::Returned);
    let items: Vec<_> = returned
        .application
        .unwrap()
        .returned_items
        .into_iter()
        .map(|item| item.item)
        .collect();
    assert_eq!(items, ["papers.commitment", "papers.fire_safety"]);

    let reply = client
        .submit_filing(by(&me, filing(&name, papers(), Uuid::new_v4())))
        .await
        .unwrap()
        .into_inner();
    let accepted = reply.institution.unwrap();
    assert_eq!(accepted.state(), State::Accepted);
    assert!(accepted.application.unwrap().receipt_due.is_some());

    let mut supervision = server.supervision().await;
    let query = supervision::GetInstitutionRequest {
        name,
        min_position: reply.command.unwrap().position,
    };
    let view = supervision
        .get_institution(by(PROVINCE, query))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(view.institution.unwrap().state(), State::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_a_hundred_times_at_once_and_after_a_restart_gives_one_event_and_one_answer() {
    let data = directory();
    let request = Uuid::new_v4();
    let me = operator(&credit_code(2));
    let server = Server::start(data.path());
    let client = server.licensing().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (mut client, me) = (client.clone(), me.clone());
        calls.spawn(async move {
            client
                .register_institution(by(&me, registration(2, request)))
                .await
                .unwrap()
                .into_inner()
        });
    }
    let answers = calls.join_all().await;
    server.kill();

    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    let again = client
        .register_institution(by(&me, registration(2, request)))
        .await
        .unwrap()
        .into_inner();
    assert!(answers.iter().all(|answer| *answer == again), "{again:?}");

    let mut other = registration(2, request);
    other.address.push('甲');
    let refused = client.register_institution(by(&me, other)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    let details = tonic_types::StatusExt::get_details_error_info(&refused).unwrap();
    assert_eq!(details.reason, "REQUEST_ID_REUSED");

    let timeline = supervision::ListTimelineRequest {
        institution: again.institution.unwrap().name,
        min_position: again.command.unwrap().position,
        ..supervision::ListTimelineRequest::default()
    };
    let mut supervision = server.supervision().await;
    let events = supervision
        .list_timeline(by(PROVINCE, timeline))
        .await
        .unwrap()
        .into_inner()
        .events;
    assert_eq!(events.len(), 1);
}

#[test]
fn a_client_that_is_not_ours_files_by_reflection() {
    let Some(python) = python() else { return };
    let data = directory();
    let server = Server::start(data.path());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/filing.py");
    let done = std::process::Command::new(python)
        .args([script, &server.address, &credit_code(3)])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{printed}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(printed.ends_with("filed and read back\n"), "{printed}");
}
