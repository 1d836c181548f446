//! Who may call what, and what never comes in.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Request};
use yujian_proto::audit::v1::ReplayInstitutionRequest;
use yujian_proto::incident::v1::TriageIncidentRequest;
use yujian_proto::licensing::v1::{SubmitFilingRequest, WithdrawFilingRequest};
use yujian_proto::supervision::v1 as pb;

use crate::house::*;

async fn http1(house: &House, request: &str) -> String {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_call_needs_an_actor_that_can_be_read_and_may_call() {
    let house = House::start().await;
    let list = pb::ListInstitutionsRequest::default;
    let refused = house
        .supervision()
        .list_institutions(Request::new(list()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::Unauthenticated, "ACTOR_REQUIRED"));
    let refused = house
        .supervision()
        .list_institutions(by("role=king; id=a", list()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::Unauthenticated, "ACTOR_INVALID"));
    let mut twice = by(OFFICER, list());
    twice
        .metadata_mut()
        .append("yujian-actor", ADMINISTRATOR.parse().unwrap());
    let refused = house.supervision().list_institutions(twice).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::Unauthenticated, "ACTOR_INVALID"));
    let refused = house
        .licensing()
        .register_institution(by(AUDITOR, registration("总部")))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::PermissionDenied, "ROLE_NOT_ALLOWED"));
    house
        .supervision()
        .list_institutions(by(OFFICER, list()))
        .await
        .unwrap();
}

#[tokio::test]
async fn only_the_freshness_is_public() {
    let house = House::start().await;
    let fresh = house
        .supervision()
        .get_freshness(Request::new(pb::GetFreshnessRequest::default()))
        .await
        .unwrap();
    assert!(fresh.into_inner().as_of.unwrap().position.starts_with("1."));
}

#[tokio::test]
async fn what_is_foreign_looks_as_if_it_were_not_there() {
    let house = House::start().await;
    let registered = house.register("总部").await;
    let name = registered.institution.unwrap().name;
    let position = registered.command.unwrap().position;
    let operator = format!("role=operator; id=li; organisation={}", credit_code(2));
    for actor in [ELSEWHERE, &operator] {
        for name in [&name, "institutions/00000000-0000-0000-0000-00000000abcd"] {
            let at =
                |refused: tonic::Status| assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"), "{actor} {name}");
            let (name, min_position) = (name.to_owned(), position.clone());
            let get = pb::GetInstitutionRequest {
                name: name.clone(),
                min_position: min_position.clone(),
            };
            at(house.supervision().get_institution(by(actor, get)).await.unwrap_err());
            let get = pb::GetDossierRequest {
                name: name.clone(),
                ..Default::default()
            };
            at(house.supervision().get_dossier(by(actor, get)).await.unwrap_err());
            let list = pb::ListTimelineRequest {
                institution: name.clone(),
                ..Default::default()
            };
            at(house.supervision().list_timeline(by(actor, list)).await.unwrap_err());
            let replay = ReplayInstitutionRequest {
                name: name.clone(),
                ..Default::default()
            };
            at(house.audit().replay_institution(by(actor, replay)).await.unwrap_err());
            let file = SubmitFilingRequest {
                header: header(50),
                name: name.clone(),
                ..Default::default()
            };
            at(house.licensing().submit_filing(by(actor, file)).await.unwrap_err());
            let withdraw = WithdrawFilingRequest {
                header: header(51),
                name,
                reason: "无".to_owned(),
            };
            at(house
                .licensing()
                .withdraw_filing(by(actor, withdraw))
                .await
                .unwrap_err());
        }
        let mut list = pb::ListInstitutionsRequest {
            min_position: position.clone(),
            ..Default::default()
        };
        let rows = house
            .supervision()
            .list_institutions(by(actor, list.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((rows.institutions.len(), rows.total_size), (0, 0), "{actor}");
        list.region_code = "330106".to_owned();
        let rows = house
            .supervision()
            .list_institutions(by(actor, list))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(rows.total_size, 0, "naming a region opens nothing: {actor}");
    }
    let triage = TriageIncidentRequest {
        header: header(52),
        name: "incidents/00000000-0000-0000-0000-00000000abcd".to_owned(),
        priority: 1,
        regulatory: Some(true),
        reason: "无".to_owned(),
    };
    let refused = house
        .incidents()
        .triage_incident(by(OFFICER, triage))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn an_operator_reaches_its_own_institution() {
    let house = House::start().await;
    let registered = house.register("总部").await;
    let operator = format!("role=operator; id=li; organisation={}", credit_code(1));
    let get = pb::GetInstitutionRequest {
        name: registered.institution.unwrap().name,
        min_position: registered.command.unwrap().position,
    };
    house.supervision().get_institution(by(&operator, get)).await.unwrap();
}

#[tokio::test]
async fn a_web_page_can_not_call() {
    let house = House::start().await;
    let call = "/yujian.supervision.v1.SupervisionService/GetFreshness";
    let post = |headers: &str| {
        format!("POST {call} HTTP/1.1\r\n{headers}content-length: 5\r\nconnection: close\r\n\r\n\0\0\0\0\0")
    };
    let host = format!("host: {}\r\n", house.address);
    let answer = http1(&house, &post(&format!("{host}content-type: text/plain\r\n"))).await;
    assert!(answer.contains("415"), "{answer}");
    let answer = http1(
        &house,
        &post(&format!(
            "{host}content-type: application/grpc\r\norigin: http://evil.example\r\n"
        )),
    )
    .await;
    assert!(answer.contains("403"), "{answer}");
    let answer = http1(
        &house,
        &post("host: evil.example\r\ncontent-type: application/grpc\r\n"),
    )
    .await;
    assert!(answer.contains("421"), "{answer}");
    let page = |headers: &str| format!("GET / HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
    assert!(http1(&house, &page(&host)).await.contains("200"));
    assert!(http1(&house, &page("host: evil.example\r\n")).await.contains("421"));
    let forwarded = http1(&house, &page(&format!("{host}x-forwarded-for: 10.0.0.1\r\n"))).await;
    assert!(forwarded.contains("403"), "{forwarded}");
}

#[tokio::test]
async fn errors_of_the_transport_have_a_reason_too() {
    let house = House::start().await;
    let mut request = registration("总部");
    request.address = "长".repeat(200_000);
    let refused = house
        .licensing()
        .register_institution(by(OFFICER, request))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "MESSAGE_INVALID"));

    let mut client = tonic::client::Grpc::new(house.channel.clone());
    client.ready().await.unwrap();
    let path = "/yujian.supervision.v1.SupervisionService/Nothing".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<pb::GetFreshnessRequest, pb::GetFreshnessReply>::default();
    let refused = client
        .unary(by(OFFICER, pb::GetFreshnessRequest::default()), path, codec)
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::Unimplemented, "METHOD_UNKNOWN"));
}
