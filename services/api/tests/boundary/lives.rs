//! Every command of staffing and inspection, in the order of life.

use std::collections::BTreeSet;

use prost::Message as _;
use tonic::Code;
use yujian_proto::inspection::v1::{FindingStanding, FindingState, InspectionState};
use yujian_proto::staffing::v1 as staffing;

use crate::house::*;
use crate::raw;
use crate::walk::*;

async fn whole() -> (Walk, String, String, String) {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let person = prepare_carer(&mut walk, &institution).await;
    engage_and_bar(&mut walk, &person, &institution).await;
    let team = [
        inspector(&mut walk, "li-01", "E1234567").await,
        inspector(&mut walk, "wang-02", "E7654321").await,
    ];
    let (inspection, last) = inspected(&mut walk, &institution, &team).await;
    assert_eq!(last.state(), InspectionState::Published);
    let states: Vec<_> = last.findings.iter().map(FindingStanding::state).collect();
    assert_eq!(
        states,
        [
            FindingState::CorrectedOnSite,
            FindingState::Verified,
            FindingState::CorrectionDue
        ]
    );
    assert_eq!(
        (last.findings[1].times_rejected, last.findings[2].times_extended),
        (1, 1)
    );
    broken_off(&mut walk, &institution, &team).await;
    (walk, institution, person, inspection)
}

#[tokio::test]
async fn every_command_is_tried_done_and_repeated() {
    let (walk, ..) = whole().await;
    let every: BTreeSet<String> = raw::methods()
        .iter()
        .filter(|method| raw::is_command(method))
        .map(raw::path)
        .filter(|path| path.contains(".staffing.") || path.contains(".inspection."))
        .collect();
    assert_eq!(walk.paths(), every);
}

#[tokio::test]
async fn the_target_of_a_command_is_absent_for_strangers() {
    let (walk, ..) = whole().await;
    let stranger = format!("role=operator; id=xu; organisation={}", credit_code(2));
    for (path, actor, request) in &walk.done {
        let method = raw::method(path);
        if method.input().get_field_by_name("name").is_none() {
            continue;
        }
        let collection = if path.contains(".staffing.") {
            "persons"
        } else {
            "inspections"
        };
        let absent = format!("{collection}/00000000-0000-0000-0000-00000000abcd");
        let role = actor.split(';').next().unwrap();
        let foreign = if role == "role=operator" {
            stranger.clone()
        } else {
            format!("{role}; id=zhao-02; jurisdiction=330200")
        };
        let nobody = raw::call(&walk.house, actor, path, raw::renamed(path, request, &absent)).await;
        assert_eq!(
            why(&nobody.expect_err(path)),
            is(Code::NotFound, "NOT_FOUND"),
            "{path}: absent"
        );
        let refused = raw::call(&walk.house, &foreign, path, request.clone()).await;
        assert_eq!(
            why(&refused.expect_err(path)),
            is(Code::NotFound, "NOT_FOUND"),
            "{path}: foreign"
        );
    }
}

#[tokio::test]
async fn the_same_request_id_with_another_body_is_refused() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let mut request = carer(&mut walk, &institution);
    let _: staffing::PersonReply = walk.act(&operator(), &staff("RegisterPerson"), &request).await;
    request.display_name = "欧阳明".to_owned();
    let refused = walk.refused(&operator(), &staff("RegisterPerson"), &request).await;
    assert_eq!(refused, is(Code::InvalidArgument, "REQUEST_ID_REUSED"));
}

#[tokio::test]
async fn one_identity_is_one_person_and_one_certificate_one_persons() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let request = carer(&mut walk, &institution);
    let first: staffing::PersonReply = walk.act(&operator(), &staff("RegisterPerson"), &request).await;
    let again = carer(&mut walk, &institution);
    let refused = walk.refused(&operator(), &staff("RegisterPerson"), &again).await;
    assert_eq!(refused, is(Code::AlreadyExists, "DUPLICATE_CLAIM"));

    let kind = staffing::CredentialKind::ChildcareWorker;
    let request = claim(&mut walk, &first.person.unwrap().name, kind, "A-1");
    let _: staffing::PersonReply = walk.act(&operator(), &staff("ClaimCredential"), &request).await;
    let mut other = carer(&mut walk, &institution);
    other.identity_kind = staffing::IdentityKind::Passport.into();
    other.identity = "E5555555".to_owned();
    other.birth_date = day(1990, 1, 1);
    let other: staffing::PersonReply = walk.act(&operator(), &staff("RegisterPerson"), &other).await;
    let request = claim(&mut walk, &other.person.unwrap().name, kind, "a-1");
    let refused = walk.refused(&operator(), &staff("ClaimCredential"), &request).await;
    assert_eq!(refused, is(Code::AlreadyExists, "DUPLICATE_CLAIM"));
}

#[tokio::test]
async fn an_operator_is_told_of_its_own_engagements_and_of_no_ground() {
    let mut walk = Walk::start().await;
    let own = walk.house.register("总部").await.institution.unwrap().name;
    let mut elsewhere = registration("别处");
    elsewhere.credit_code = credit_code(2);
    let elsewhere = walk
        .house
        .licensing()
        .register_institution(by(OFFICER, elsewhere))
        .await
        .unwrap();
    let elsewhere = elsewhere.into_inner().institution.unwrap().name;
    let person = prepare_carer(&mut walk, &own).await;
    let request = engagement(&mut walk, &person, &own);
    let _: staffing::PersonReply = walk.act(&operator(), &staff("EngagePerson"), &request).await;
    let mut request = engagement(&mut walk, &person, &elsewhere);
    request.share_permille = 200;
    let stranger = format!("role=operator; id=xu; organisation={}", credit_code(2));
    let reply: staffing::PersonReply = walk.act(&stranger, &staff("EngagePerson"), &request).await;
    let told: Vec<String> = reply
        .person
        .unwrap()
        .engagements
        .into_iter()
        .map(|one| one.institution)
        .collect();
    assert_eq!(told, [elsewhere]);

    let request = staffing::BarPersonRequest {
        header: walk.header(),
        name: person.clone(),
        ground: staffing::BarGround::Record.into(),
        from_date: day(2026, 3, 2),
        decision_number: "西卫禁〔2026〕1号".to_owned(),
        reason: "查询有记录".to_owned(),
        ..Default::default()
    };
    let reply: staffing::PersonReply = walk.act(OFFICER, &staff("BarPerson"), &request).await;
    let barred = reply.person.unwrap();
    assert_eq!(barred.engagements.len(), 2);
    assert_eq!(barred.bar.unwrap().ground(), staffing::BarGround::Record);
    let request = staffing::ChangePersonDetailsRequest {
        header: walk.header(),
        name: person,
        phone: Some("13900000000".to_owned()),
        ..Default::default()
    };
    let reply: staffing::PersonReply = walk.act(&operator(), &staff("ChangePersonDetails"), &request).await;
    let bar = reply.person.unwrap().bar.unwrap();
    assert_eq!(bar.ground(), staffing::BarGround::Unspecified);
}

#[tokio::test]
async fn an_employer_that_let_a_person_go_hears_its_answer_again() {
    let mut walk = Walk::start().await;
    let own = walk.house.register("总部").await.institution.unwrap().name;
    let mut elsewhere = registration("别处");
    elsewhere.credit_code = credit_code(2);
    let elsewhere = walk
        .house
        .licensing()
        .register_institution(by(OFFICER, elsewhere))
        .await
        .unwrap();
    let elsewhere = elsewhere.into_inner().institution.unwrap().name;
    let person = prepare_carer(&mut walk, &own).await;
    let employer = format!("role=operator; id=xu; organisation={}", credit_code(2));
    let request = engagement(&mut walk, &person, &elsewhere);
    let path = staff("EngagePerson");
    let tried = raw::call(&walk.house, &employer, &path, raw::dry(&path, &request)).await;
    let tried = staffing::PersonReply::decode(tried.unwrap().as_slice()).unwrap();
    let tried = tried.person.unwrap();
    assert_eq!(tried.engagements.len(), 1, "what it would be");
    assert_eq!(
        (tried.credentials.len(), tried.training.len(), tried.health, tried.query),
        (0, 0, None, None),
        "trying leaves no trace, and shows nothing of a person who is not the employer's"
    );
    let reply: staffing::PersonReply = walk.act(&employer, &staff("EngagePerson"), &request).await;
    let number = reply.person.unwrap().engagements[0].engagement;
    let mut request = staffing::EndEngagementRequest {
        header: walk.header(),
        name: person,
        engagement: number,
        end_date: day(2026, 3, 2),
        ground: staffing::EndGround::Resigned.into(),
    };
    // Repeats it, although the person is not the employer's any more.
    let _: staffing::PersonReply = walk.act(&employer, &staff("EndEngagement"), &request).await;
    request.ground = staffing::EndGround::Dismissed.into();
    let other = walk.refused(&employer, &staff("EndEngagement"), &request).await;
    assert_eq!(other, is(Code::InvalidArgument, "REQUEST_ID_REUSED"));
}
