//! 办托一件事: what an operator asks, tries, files and follows, under both regimes.

use std::time::Duration;

use tokio::time::timeout;
use tonic::{Code, Streaming};
use yujian_proto::common::v1::Region;
use yujian_proto::licensing::v1 as pb;
use yujian_proto::licensing::v1::follow_filing_reply::Event;
use yujian_proto::supervision::v1::Source;

use crate::house::*;
use crate::raw;
use crate::walk::*;

const FILE: &str = "/yujian.licensing.v1.OperatorService/FileFiling";

fn question(institution_type: pb::InstitutionType) -> pb::AdviseFilingRequest {
    pb::AdviseFilingRequest {
        institution_type: institution_type.into(),
        region: Some(Region {
            code: "330106".to_owned(),
            entered_year: None,
        }),
        ..Default::default()
    }
}

async fn advise(house: &House, request: pb::AdviseFilingRequest) -> pb::AdviseFilingReply {
    let reply = house.operator().advise_filing(by(&operator(), request)).await;
    reply.unwrap().into_inner()
}

fn kinds(reply: &pb::AdviseFilingReply) -> Vec<pb::PaperKind> {
    reply.papers.iter().map(pb::PaperAdvice::kind).collect()
}

fn clock(reply: &pb::AdviseFilingReply, kind: pb::ClockKind) -> &pb::ClockAdvice {
    reply.clocks.iter().find(|clock| clock.kind() == kind).unwrap()
}

#[tokio::test]
async fn a_filing_is_advised_with_authority_papers_standards_days_and_steps() {
    let house = House::start().await;
    let mut request = question(pb::InstitutionType::Comprehensive);
    // The Friday before the days off of Spring Festival 2026, which begin on Sunday the 15th.
    request.date = day(2026, 2, 13);
    let reply = advise(&house, request).await;
    assert_eq!((reply.regime(), reply.date), (pb::Regime::Filing, day(2026, 2, 13)));
    assert_eq!(reply.competent_authority, "县级卫生健康部门");
    assert_eq!(reply.supervising_authority, reply.competent_authority);
    assert_eq!((reply.fee_fen, reply.conflicts.len()), (0, 0));
    assert_eq!(reply.papers.len(), 8, "{:?}", kinds(&reply));
    let fire = reply
        .papers
        .iter()
        .find(|paper| paper.kind() == pb::PaperKind::FireSafety)
        .unwrap();
    assert!(fire.must_pass && fire.must_be_valid);
    assert_eq!(
        (fire.title_zh.as_str(), fire.title_en.as_str()),
        ("消防安全检查合格证明", "Fire-safety pass")
    );
    let cited = fire.citation.as_ref().unwrap();
    assert_eq!((cited.article.as_str(), cited.source()), ("§8", Source::Ministry));
    let limit = |key: &str| reply.standards.iter().find(|one| one.key == key).unwrap().value;
    assert_eq!(limit("class_limits.infant"), 10);
    assert_eq!(limit("values.highest_floor"), 3);
    // Working days 14 (made up), 24, 25, 26, 27: the 28th is made up too, and not needed.
    let receipt = clock(&reply, pb::ClockKind::Receipt);
    assert_eq!(
        (receipt.count, receipt.due_date, receipt.provisional),
        (5, day(2026, 2, 27), false)
    );
    assert_eq!(receipt.begins_en, "the papers come in");
    // The county lies in Zhejiang, which has a document of its own.
    assert_eq!(reply.policies[0].id, "cn-zj-admission");
    assert_eq!(reply.policies[0].sha256.len(), 64);
    assert_eq!(reply.steps[0].method, "OperatorService/FileFiling");
    let methods: Vec<String> = raw::methods().iter().map(raw::path).collect();
    for step in &reply.steps {
        assert!(
            methods.iter().any(|path| path.ends_with(&format!(".{}", step.method))),
            "{step:?}"
        );
        assert!(!step.roles.is_empty() && !step.roles.contains(&0), "{step:?}");
    }
}

#[tokio::test]
async fn advice_differs_by_type_meals_and_date() {
    let house = House::start().await;
    let mut point = question(pb::InstitutionType::FamilyPoint);
    point.makes_meals = true;
    let reply = advise(&house, point).await;
    assert!(kinds(&reply).contains(&pb::PaperKind::OwnersConsent));
    assert!(kinds(&reply).contains(&pb::PaperKind::FoodLicence));
    let most = reply
        .standards
        .iter()
        .find(|one| one.key == "values.family_point_places")
        .unwrap();
    assert_eq!((most.value, most.unit()), (5, pb::StandardUnit::Places));

    // The holiday table ends with 2026.
    let mut late = question(pb::InstitutionType::Comprehensive);
    late.date = day(2026, 12, 30);
    let reply = advise(&house, late).await;
    assert!(clock(&reply, pb::ClockKind::Receipt).provisional);
    assert_eq!(reply.holidays_until_date, day(2026, 12, 31));
}

#[tokio::test]
async fn a_licence_is_advised_where_and_from_when_it_is_in_force() {
    let house = House::start().await;
    house.activate_licences("330106", "2026-03-10").await;
    let mut request = question(pb::InstitutionType::KindergartenNurseryClass);
    request.mode = pb::Mode::Private.into();
    request.date = day(2026, 3, 9);
    assert_eq!(advise(&house, request.clone()).await.regime(), pb::Regime::Filing);
    request.date = day(2026, 3, 10);
    let reply = advise(&house, request.clone()).await;
    assert_eq!(reply.regime(), pb::Regime::Licence);
    assert_eq!(reply.supervising_authority, "县级教育部门");
    let conflict = &reply.conflicts[0];
    assert_eq!(conflict.field, "mode");
    assert!(conflict.citation.is_some() && !conflict.message_zh.is_empty());
    let allowed = reply.r#type.as_ref().unwrap();
    assert_eq!(allowed.modes().collect::<Vec<_>>(), [pb::Mode::KindergartenIntegrated]);
    let completeness = clock(&reply, pb::ClockKind::Completeness);
    assert_eq!(
        (completeness.due_date, completeness.deemed()),
        (day(2026, 3, 17), pb::DeemedOutcome::Accepted)
    );
    let decision = clock(&reply, pb::ClockKind::Decision);
    // Twenty working days from the 17th; 清明节 is off from Saturday the 4th to Monday the 6th of April.
    assert_eq!((decision.due_date, decision.extension), (day(2026, 4, 15), 10));
    assert_eq!(clock(&reply, pb::ClockKind::InformationReply).due_date, None);

    request.region.as_mut().unwrap().code = "330203".to_owned();
    assert_eq!(
        advise(&house, request).await.regime(),
        pb::Regime::Filing,
        "another district"
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told_at_once() {
    let house = House::start().await;
    let refused = house
        .operator()
        .advise_filing(by(&operator(), pb::AdviseFilingRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
    assert!(refused.message().contains("institution_type") && refused.message().contains("region"));
    let mut before = question(pb::InstitutionType::Comprehensive);
    before.date = day(2000, 1, 1);
    let refused = house
        .operator()
        .advise_filing(by(&operator(), before))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "POLICY_NOT_IN_FORCE"));
}

fn check(name: &str, papers: Vec<pb::Paper>) -> pb::CheckFilingRequest {
    pb::CheckFilingRequest {
        name: name.to_owned(),
        papers,
        makes_meals: false,
        premises: premises(),
    }
}

fn file(walk: &mut Walk, name: &str, papers: Vec<pb::Paper>) -> pb::FileFilingRequest {
    pb::FileFilingRequest {
        header: walk.header(),
        name: name.to_owned(),
        papers,
        makes_meals: false,
        premises: premises(),
    }
}

#[tokio::test]
async fn papers_are_tried_without_a_trace_until_nothing_is_missing() {
    for licences in [false, true] {
        let house = if licences {
            House::under_licences().await
        } else {
            House::start().await
        };
        let name = house.register("总部").await.institution.unwrap().name;
        let before = house.head();
        let tried = |request| {
            let mut client = house.operator();
            async move {
                client
                    .check_filing(by(&operator(), request))
                    .await
                    .unwrap()
                    .into_inner()
            }
        };
        let reply = tried(check(&name, papers().split_off(1))).await;
        assert_eq!(reply.regime() == pb::Regime::Licence, licences);
        assert!(!reply.complete && reply.due.is_none());
        assert_eq!(reply.missing.len(), 1);
        assert_eq!(
            (reply.missing[0].item.as_str(), reply.missing[0].label_en.as_str()),
            ("papers.filing_form", "Filing form: missing")
        );
        let reply = tried(check(&name, papers())).await;
        assert!(reply.complete && reply.missing.is_empty() && reply.problems.is_empty());
        assert_eq!(reply.due.unwrap().due_date, day(2026, 3, 9));

        let mut twice = papers();
        twice.push(paper(pb::PaperKind::FireSafety));
        let reply = tried(check(&name, twice)).await;
        assert!(!reply.complete && reply.institution.is_none());
        assert!(reply.problems[0].field.starts_with("papers[8]"), "{:?}", reply.problems);
        assert!(!reply.problems[0].message_zh.is_empty());
        assert_eq!(house.head(), before, "nothing is stored");

        let stranger = format!("role=operator; id=xu; organisation={}", credit_code(2));
        let refused = house
            .operator()
            .check_filing(by(&stranger, check(&name, papers())))
            .await;
        assert_eq!(why(&refused.unwrap_err()), is(Code::NotFound, "NOT_FOUND"));
    }
}

#[tokio::test]
async fn papers_are_filed_by_the_regime_in_force_and_a_repetition_outlives_it() {
    let mut walk = Walk::start().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let later = walk.house.register("分部").await.institution.unwrap().name;
    let request = file(&mut walk, &name, papers());
    let first: pb::InstitutionReply = walk.act(&operator(), FILE, &request).await;
    assert_eq!(
        first.institution.as_ref().unwrap().state(),
        pb::InstitutionState::Accepted
    );

    walk.house.activate_licences("330106", REGIME_DATE).await;
    let again = walk
        .house
        .operator()
        .file_filing(by(&operator(), request.clone()))
        .await;
    assert_eq!(again.unwrap().into_inner(), first, "filed before, answered as then");
    let mut other = request;
    other.makes_meals = true;
    let refused = walk.refused(&operator(), FILE, &other).await;
    assert_eq!(refused, is(Code::InvalidArgument, "REQUEST_ID_REUSED"));

    let request = file(&mut walk, &later, papers());
    let reply: pb::InstitutionReply = walk.act(&operator(), FILE, &request).await;
    assert_eq!(last(&reply).kind(), pb::ApplicationKind::Licence);
}

async fn next(stream: &mut Streaming<pb::FollowFilingReply>) -> Option<pb::FilingStanding> {
    loop {
        let message = timeout(Duration::from_secs(5), stream.message())
            .await
            .unwrap()
            .unwrap()?;
        match message.event.unwrap() {
            Event::Heartbeat(_) => {}
            Event::Standing(standing) => return Some(standing),
        }
    }
}

async fn follow(house: &House, name: &str, min_position: String) -> Streaming<pb::FollowFilingReply> {
    let request = pb::FollowFilingRequest {
        name: name.to_owned(),
        min_position,
    };
    house
        .operator()
        .follow_filing(by(&operator(), request))
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn a_filing_is_followed_until_its_receipt() {
    let mut walk = Walk::start().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let request = file(&mut walk, &name, papers().split_off(1));
    let reply: pb::InstitutionReply = walk.act(&operator(), FILE, &request).await;
    let mut stream = follow(&walk.house, &name, reply.command.unwrap().position).await;
    let standing = next(&mut stream).await.unwrap();
    assert_eq!(
        (standing.regime(), standing.number, standing.decided),
        (pb::Regime::Filing, 1, false)
    );
    assert_eq!(standing.returned_items[0].item, "papers.filing_form");

    let request = file(&mut walk, &name, papers());
    let _: pb::InstitutionReply = walk.act(&operator(), FILE, &request).await;
    let standing = next(&mut stream).await.unwrap();
    assert_eq!(standing.institution.unwrap().state(), pb::InstitutionState::Accepted);
    assert_eq!(standing.clocks[0].kind(), pb::ClockKind::Receipt);

    let request = pb::IssueReceiptRequest {
        header: walk.header(),
        name: name.clone(),
        receipt_number: "西托备2026001".to_owned(),
        issue_date: day(2026, 3, 2),
    };
    let path = "/yujian.licensing.v1.LicensingService/IssueReceipt";
    let _: pb::InstitutionReply = walk.act(OFFICER, path, &request).await;
    let standing = next(&mut stream).await.unwrap();
    assert!(standing.decided);
    assert_eq!(standing.institution.unwrap().receipt_number, "西托备2026001");
    assert!(next(&mut stream).await.is_none(), "the stream ends");

    let mut again = follow(&walk.house, &name, String::new()).await;
    assert!(next(&mut again).await.unwrap().decided);
    assert!(next(&mut again).await.is_none());
}

#[tokio::test]
async fn an_application_is_followed_until_it_is_granted_and_its_proposal_is_not_told() {
    let mut walk = Walk::under_licences().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let reply = accepted(&mut walk, &name).await;
    let number = last(&reply).number;
    let mut stream = follow(&walk.house, &name, reply.command.unwrap().position).await;
    let standing = next(&mut stream).await.unwrap();
    assert_eq!((standing.regime(), standing.number), (pb::Regime::Licence, number));
    assert_eq!(standing.application_state(), pb::ApplicationState::Accepted);

    let request = verification(&mut walk, &name, number);
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("RecordSiteVerification"), &request).await;
    assert!(!next(&mut stream).await.unwrap().decided);
    let request = proposal(&mut walk, &name, number);
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("ProposeDecision"), &request).await;
    let request = decision(&mut walk, &name, number);
    let _: pb::InstitutionReply = walk.act(SECOND, &authorize("DecideApplication"), &request).await;
    let mut told = Vec::new();
    while let Some(standing) = next(&mut stream).await {
        told.push((standing.application_state(), standing.decided));
    }
    assert_eq!(told.last(), Some(&(pb::ApplicationState::Granted, true)));
    assert!(
        told.iter()
            .all(|(state, _)| *state != pb::ApplicationState::DecisionProposed),
        "{told:?}"
    );
}

#[tokio::test]
async fn nothing_is_followed_that_was_never_filed_or_is_foreign_and_a_stream_ends_with_the_server() {
    let mut walk = Walk::start().await;
    let registered = walk.house.register("总部").await;
    let name = registered.institution.unwrap().name;
    let request = pb::FollowFilingRequest {
        name: name.clone(),
        min_position: registered.command.unwrap().position,
    };
    let refused = walk
        .house
        .operator()
        .follow_filing(by(&operator(), request.clone()))
        .await;
    assert_eq!(
        why(&refused.unwrap_err()),
        is(Code::FailedPrecondition, "NOTHING_TO_DO")
    );
    let refused = walk.house.operator().follow_filing(by(ELSEWHERE, request)).await;
    assert_eq!(why(&refused.unwrap_err()), is(Code::NotFound, "NOT_FOUND"));

    let request = file(&mut walk, &name, papers());
    let reply: pb::InstitutionReply = walk.act(&operator(), FILE, &request).await;
    let mut stream = follow(&walk.house, &name, reply.command.unwrap().position).await;
    assert!(next(&mut stream).await.is_some());
    walk.house.stop.cancel();
    let ended = timeout(Duration::from_secs(2), async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                other => return other,
            }
        }
    });
    assert_eq!(
        why(&ended.await.unwrap().unwrap_err()),
        is(Code::Unavailable, "SHUTTING_DOWN")
    );
}
