//! Two ways to one answer: the live dossier from view rows, the replay from the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;
use tonic::transport::Channel;
use uuid::Uuid;
use yujian_proto::audit::v1 as audit;
use yujian_proto::audit::v1::audit_service_client::AuditServiceClient;
use yujian_proto::audit::v1::replay_institution_reply::Part;
use yujian_proto::common::v1::Date;
use yujian_proto::incident::v1::incident_service_client::IncidentServiceClient;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1 as supervision;
use yujian_proto::supervision::v1::supervision_service_client::SupervisionServiceClient;

use crate::small;
use crate::support::{AUDITOR, PROVINCE, Server, by, credit_code, day, filing, header, operator, papers, registration};

/// The canonical bytes of a replay up to a position, and the position that it resolved to.
async fn replayed(
    channel: &Channel,
    query: audit::ReplayInstitutionRequest,
) -> Result<(Vec<u8>, String), tonic::Status> {
    let mut client = AuditServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20);
    let mut parts = client.replay_institution(by(AUDITOR, query)).await?.into_inner();
    let mut position = String::new();
    while let Some(reply) = parts.message().await? {
        match reply.part.unwrap() {
            Part::Start(start) => position = start.position,
            Part::Page(_) => {}
            Part::Dossier(dossier) => {
                assert!(dossier.damaged.is_empty(), "{:?}", dossier.damaged);
                return Ok((dossier.canonical, position));
            }
        }
    }
    panic!("a replay ended without its dossier");
}

/// The live dossier and the position up to which its rows were folded.
async fn live(channel: &Channel, name: &str, min_position: &str) -> (Vec<u8>, String) {
    let query = supervision::GetDossierRequest {
        name: name.to_owned(),
        min_position: min_position.to_owned(),
        ..supervision::GetDossierRequest::default()
    };
    let mut client = SupervisionServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20);
    let reply = client.get_dossier(by(PROVINCE, query)).await.unwrap().into_inner();
    (reply.canonical, reply.as_of.unwrap().position)
}

/// Asserts that each institution's dossier and its replay up to that dossier's position are the same bytes; answers how
/// many different positions were seen.
async fn all_agree(server: &Server, names: Vec<String>, min_position: &str) -> usize {
    let mut positions = std::collections::BTreeSet::new();
    let mut checks = JoinSet::new();
    for share in names.chunks(names.len().div_ceil(4)) {
        let (share, channel, min_position) = (share.to_vec(), server.channel().await, min_position.to_owned());
        checks.spawn(async move {
            let mut seen = Vec::new();
            for name in share {
                let (dossier, position) = live(&channel, &name, &min_position).await;
                let query = audit::ReplayInstitutionRequest {
                    name: name.clone(),
                    until: position.clone(),
                    ..audit::ReplayInstitutionRequest::default()
                };
                let (replay, at) = replayed(&channel, query).await.unwrap();
                assert_eq!(at, position);
                assert!(dossier.len() > 2, "{name} has facts");
                assert!(
                    dossier == replay,
                    "{name} at {position}\nviews {}\nlog   {}",
                    text(&dossier),
                    text(&replay)
                );
                seen.push(position);
            }
            seen
        });
    }
    for seen in checks.join_all().await {
        positions.extend(seen);
    }
    positions.len()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Sends commands until told to stop: new institutions with their filings, and incidents of those that are there.
fn traffic(
    channel: Channel,
    first: u32,
    names: Vec<String>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut licensing = licensing::licensing_service_client::LicensingServiceClient::new(channel.clone());
        let mut incidents = IncidentServiceClient::new(channel);
        for (number, name) in (first..).zip(names.iter().cycle()) {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            if number % 3 == 0 {
                let me = operator(&credit_code(number));
                let reply = licensing
                    .register_institution(by(&me, registration(number, Uuid::new_v4())))
                    .await
                    .unwrap();
                let name = reply.into_inner().institution.unwrap().name;
                licensing
                    .submit_filing(by(&me, filing(&name, papers(), Uuid::new_v4())))
                    .await
                    .unwrap();
            } else {
                incidents
                    .notify_incident(by(PROVINCE, small::notification(name)))
                    .await
                    .unwrap();
            }
            sent.fetch_add(1, Ordering::SeqCst);
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_institutions_replay_equals_its_live_dossier_while_commands_come_in() {
    let (_home, data) = small::copy();
    let server = small::serve(&data, &[]);
    let there = small::institutions(&server).await;
    let filed: Vec<_> = filed(&there).into_iter().map(|row| row.name.clone()).collect();
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut running = Vec::new();
    for (first, half) in [(1, 0), (1_000, 1)] {
        let part = filed.iter().skip(half).step_by(2).cloned().collect();
        running.push(traffic(server.channel().await, first, part, stop.clone(), sent.clone()));
    }
    let positions = all_agree(&server, there.iter().map(|row| row.name.clone()).collect(), "").await;
    stop.store(true, Ordering::SeqCst);
    for sender in running {
        sender.await.unwrap();
    }
    assert!(
        sent.load(Ordering::SeqCst) > 5 && positions > 5,
        "{sent:?} commands, {positions} positions"
    );

    // And once more with all that came in meanwhile, new institutions among them.
    let now = small::institutions(&server).await;
    assert!(now.len() > there.len());
    all_agree(&server, now.into_iter().map(|row| row.name).collect(), "").await;
}

/// A backdated change, a late one, a correction and a withdrawal on one institution; answers the position of the last.
async fn meddle(server: &Server, row: &supervision::InstitutionView) -> String {
    let mut client = server.licensing().await;
    let name = row.name.clone();
    let change = |display_name: &str, effective_date| licensing::ChangeDetailsRequest {
        header: header(),
        name: name.clone(),
        display_name: Some(display_name.to_owned()),
        effective_date,
        ..licensing::ChangeDetailsRequest::default()
    };
    client
        .change_details(by(PROVINCE, change("后来的名字", day(2026, 6, 20))))
        .await
        .unwrap();
    let late = client
        .change_details(by(PROVINCE, change("迟报的名字", day(2026, 5, 10))))
        .await
        .unwrap()
        .into_inner();
    let correction = licensing::CorrectFactRequest {
        header: header(),
        name: name.clone(),
        revision: Some(late.command.unwrap().revision),
        key: "name".to_owned(),
        value_json: Some("\"更正的名字\"".to_owned()),
        valid_from_date: day(2026, 5, 12),
        reason: "登记错误".to_owned(),
        approver: "approver-1".to_owned(),
    };
    let corrected = client
        .correct_fact(by(PROVINCE, correction.clone()))
        .await
        .unwrap()
        .into_inner();
    let withdrawal = licensing::CorrectFactRequest {
        header: header(),
        revision: Some(corrected.command.as_ref().unwrap().revision),
        value_json: None,
        ..correction
    };
    let last = match client.correct_fact(by(PROVINCE, withdrawal)).await {
        Ok(withdrawn) => withdrawn.into_inner(),
        Err(refused) => {
            // A correction may be no fact itself; then it can't be withdrawn, and the grid holds without it.
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
            corrected
        }
    };
    last.command.unwrap().position
}

/// Institutions with a receipt, the longest there first.
fn filed(institutions: &[supervision::InstitutionView]) -> Vec<&supervision::InstitutionView> {
    let mut filed: Vec<_> = institutions
        .iter()
        .filter(|row| row.state() == licensing::InstitutionState::Filed)
        .collect();
    filed.sort_by_key(|row| row.receipt_date.map(|date| (date.year, date.month, date.day)));
    filed
}

fn option(name: &str, date: Option<Date>) -> Option<String> {
    date.map(|date| format!("--{name}={:04}-{:02}-{:02}", date.year, date.month, date.day))
}

#[tokio::test(flavor = "multi_thread")]
async fn views_grpc_replay_and_command_line_agree_on_both_axes_of_time() {
    let (_home, data) = small::copy();
    let server = small::serve(&data, &["--quiet"]);
    let there = small::institutions(&server).await;
    let filed = filed(&there);
    let position = meddle(&server, filed[0]).await;
    let imported = there.iter().find(|row| row.imported).unwrap();
    let channel = server.channel().await;
    let mut supervision = SupervisionServiceClient::new(channel.clone());
    let mut different = std::collections::BTreeSet::new();
    let mut unknown = 0;
    for row in [filed[0], filed[filed.len() - 1], imported] {
        for as_of_date in [None, day(2026, 4, 20), day(2026, 5, 11), day(2026, 6, 30)] {
            for known_at_date in [None, day(2026, 3, 31), day(2026, 5, 20), day(2026, 6, 30)] {
                let query = supervision::GetDossierRequest {
                    name: row.name.clone(),
                    as_of_date,
                    known_at_date,
                    min_position: position.clone(),
                };
                let views = supervision
                    .get_dossier(by(PROVINCE, query))
                    .await
                    .map(|reply| reply.into_inner().canonical);
                let query = audit::ReplayInstitutionRequest {
                    name: row.name.clone(),
                    as_of_date,
                    known_at_date,
                    ..audit::ReplayInstitutionRequest::default()
                };
                let log = replayed(&channel, query).await.map(|(canonical, _)| canonical);
                let mut arguments = vec![
                    row.name.trim_start_matches("institutions/").to_owned(),
                    "--json".to_owned(),
                ];
                arguments.extend(option("as-of", as_of_date));
                arguments.extend(option("known-at", known_at_date));
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                let line = small::run("replay", &data, &arguments);
                let place = format!("{} {as_of_date:?} {known_at_date:?}", row.name);
                match (views, log) {
                    (Ok(views), Ok(log)) => {
                        assert!(views == log, "{place}\nviews {}\nlog   {}", text(&views), text(&log));
                        assert!(line.status.success(), "{}", small::said(&line));
                        assert_eq!(text(line.stdout.trim_ascii_end()), text(&log), "{place}");
                        different.insert(log);
                    }
                    // Nothing was known of it then: the views have no facts to show, the log no history to replay.
                    (Ok(views), Err(log)) => {
                        assert_eq!(
                            (text(&views).as_str(), log.code()),
                            ("[]", tonic::Code::NotFound),
                            "{place}"
                        );
                        assert!(!line.status.success(), "{place}");
                        assert!(small::said(&line).contains("no such institution"), "{place}");
                        unknown += 1;
                    }
                    (views, log) => panic!("{place}: views {views:?}, log {log:?}"),
                }
            }
        }
    }
    assert!(
        different.len() > 6 && unknown > 0,
        "{} different dossiers, {unknown} not known then",
        different.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn at_one_position_every_dossier_is_that_of_its_replay() {
    let (_home, data) = small::copy();
    let server = small::serve(&data, &["--quiet"]);
    let there = small::institutions(&server).await;
    let position = meddle(&server, filed(&there)[0]).await;
    let positions = all_agree(&server, there.into_iter().map(|row| row.name).collect(), &position).await;
    assert_eq!(positions, 1);
}
