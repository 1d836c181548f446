//! Every command of the licence regime, in the order of life, and what it answers to whom.

use std::collections::BTreeSet;

use prost::Message as _;
use tonic::Code;
use tonic_types::StatusExt;
use yujian_proto::licensing::v1 as pb;

use crate::house::*;
use crate::raw;
use crate::walk::*;

async fn whole() -> Walk {
    let mut walk = Walk::under_licences().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let application = reviewed(&mut walk, &name).await;
    let reply = granted(&mut walk, &name, application).await;
    let institution = reply.institution.unwrap();
    assert_eq!(institution.state(), pb::InstitutionState::Licensed);
    let held = institution.authorization.unwrap();
    assert_eq!(held.kind(), pb::AuthorizationKind::Licence);
    assert_eq!(
        (held.number.as_str(), held.valid_from_date, held.valid_to_date),
        ("浙托许330106-0001", day(2026, 3, 2), day(2029, 3, 1))
    );
    let reply = taken_away(&mut walk, &name).await;
    let cessation = reply.institution.unwrap().cessation.unwrap();
    assert_eq!((cessation.children_placed, cessation.closed_date), (3, day(2026, 3, 2)));
    let name = walk.house.register("分部").await.institution.unwrap().name;
    let reply = dropped(&mut walk, &name).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::Withdrawn);
    let name = walk.house.register("三部").await.institution.unwrap().name;
    let reply = refused(&mut walk, &name).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::Refused);
    walk
}

#[tokio::test]
async fn every_command_of_the_licence_regime_is_tried_done_and_repeated() {
    let walk = whole().await;
    let every: BTreeSet<String> = raw::methods()
        .iter()
        .filter(|method| raw::is_command(method))
        .map(raw::path)
        .filter(|path| path.contains(".AuthorizationService/"))
        .collect();
    assert_eq!(walk.paths(), every);
}

#[tokio::test]
async fn the_institution_of_a_command_is_absent_for_strangers() {
    let walk = whole().await;
    let absent = "institutions/00000000-0000-0000-0000-00000000abcd";
    for (path, actor, request) in &walk.done {
        let role = actor.split(';').next().unwrap();
        let foreign = match role {
            "role=operator" => format!("role=operator; id=xu; organisation={}", credit_code(2)),
            "role=bureau" => "role=bureau; id=fire-02; organisation=fire-brigade; jurisdiction=330200".to_owned(),
            _ => format!("{role}; id=zhao-02; jurisdiction=330200"),
        };
        let nobody = raw::call(&walk.house, actor, path, raw::renamed(path, request, absent)).await;
        assert_eq!(why(&nobody.expect_err(path)), is(Code::NotFound, "NOT_FOUND"), "{path}");
        let refused = raw::call(&walk.house, &foreign, path, request.clone()).await;
        assert_eq!(
            why(&refused.expect_err(path)),
            is(Code::NotFound, "NOT_FOUND"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn incomplete_papers_are_an_answer_with_everything_in_both_languages() {
    let mut walk = Walk::under_licences().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let mut request = application(&mut walk, &name);
    request.papers.truncate(6);
    request.premises = None;
    let reply: pb::InstitutionReply = walk.act(&operator(), &authorize("SubmitApplication"), &request).await;
    let returned = last(&reply);
    assert_eq!(returned.state(), pb::ApplicationState::Returned);
    let told: Vec<(&str, &str)> = returned
        .returned_items
        .iter()
        .map(|item| (item.label_zh.as_str(), item.label_en.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("卫生评价报告：缺少", "Hygiene evaluation: missing"),
            ("消防安全检查合格证明：缺少", "Fire-safety pass: missing"),
            ("场地：缺少", "Premises: missing"),
        ]
    );
    let clock = running(&reply, pb::ClockKind::CorrectionReply);
    assert_eq!(clock.owner(), pb::ClockOwner::Applicant);
}

#[tokio::test]
async fn nobody_decides_its_own_proposal_and_the_applicant_is_not_told_of_it() {
    let mut walk = Walk::under_licences().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let application = last(&accepted(&mut walk, &name).await).number;
    let request = proposal(&mut walk, &name, application);
    let refused = walk.refused(OFFICER, &authorize("ProposeDecision"), &request).await;
    assert_eq!(refused.0, Code::FailedPrecondition, "the site was not verified");
    let request = verification(&mut walk, &name, application);
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("RecordSiteVerification"), &request).await;
    let request = proposal(&mut walk, &name, application);
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("ProposeDecision"), &request).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::DecisionProposed);
    let request = decision(&mut walk, &name, application);
    let refused = walk.refused(OFFICER, &authorize("DecideApplication"), &request).await;
    assert_eq!(refused, is(Code::FailedPrecondition, "TWO_PERSON_RULE"));

    let request = pb::ChangeDetailsRequest {
        header: walk.header(),
        name: name.clone(),
        address: Some("文三路100号二楼".to_owned()),
        ..Default::default()
    };
    let path = "/yujian.licensing.v1.LicensingService/ChangeDetails";
    let reply: pb::InstitutionReply = walk.act(&operator(), path, &request).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::Accepted);
    assert_eq!(last(&reply).proposal, None);
}

#[tokio::test]
async fn what_does_not_parse_is_told_at_once_under_its_path() {
    let mut walk = Walk::under_licences().await;
    let name = walk.house.register("总部").await.institution.unwrap().name;
    let request = pb::SubmitApplicationRequest {
        header: walk.header(),
        name: name.clone(),
        kind: pb::ApplicationKind::Filing.into(),
        change: Some(pb::ChangeAsked {
            display_name: Some("  ".to_owned()),
            classes: vec![pb::Class::default()],
            without_classes: true,
        }),
        transfer: Some(pb::TransferAsked::default()),
        waiver: Some(pb::WaiverAsked::default()),
        closing: Some(pb::ClosingAsked::default()),
        ..Default::default()
    };
    let path = authorize("SubmitApplication");
    let refused = raw::call(&walk.house, &operator(), &path, request.encode_to_vec()).await;
    let told = fields(&refused.unwrap_err());
    for field in [
        "kind",
        "change.display_name",
        "change.without_classes",
        "change.classes[0].name",
        "transfer.credit_code",
        "transfer.representative",
        "waiver.item",
        "waiver.until_date",
        "closing.closing_date",
    ] {
        assert!(told.iter().any(|one| one == field), "{field}: {told:?}");
    }

    let request = pb::ResumeClockRequest {
        header: walk.header(),
        name,
        clock: "decision@012".to_owned(),
        on_date: day(2026, 3, 2),
    };
    let path = authorize("ResumeClock");
    let refused = raw::call(&walk.house, OFFICER, &path, request.encode_to_vec()).await;
    let details = refused.unwrap_err().get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!(violation.field, "clock");
    assert!(violation.description.starts_with("CLK-10"), "{}", violation.description);
}
