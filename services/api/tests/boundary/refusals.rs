//! What staffing and inspection refuse, as it reaches the caller.

use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use yujian_proto::common::v1::Point;
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::licensing::v1::ClassType;
use yujian_proto::staffing::v1 as staffing;

use crate::house::*;
use crate::raw;
use crate::walk::*;

async fn refusal(walk: &Walk, actor: &str, path: &str, request: &impl Message) -> Status {
    raw::call(&walk.house, actor, path, request.encode_to_vec())
        .await
        .expect_err(path)
}

fn articles(refused: &Status) -> String {
    let details = refused.get_error_details();
    let metadata = &details.error_info().unwrap().metadata;
    metadata.get("legal_basis").cloned().unwrap_or_default()
}

const NOBODY: &str = "persons/00000000-0000-0000-0000-00000000abcd";
const NOTHING: &str = "inspections/00000000-0000-0000-0000-00000000abcd";

#[tokio::test]
async fn malformed_fields_of_staffing_are_named_all_at_once() {
    let mut walk = Walk::start().await;
    let request = staffing::RegisterPersonRequest {
        header: None,
        institution: "houses/1".to_owned(),
        identity_kind: staffing::IdentityKind::ResidentId.into(),
        identity: "110105194912310021".to_owned(),
        display_name: " ".to_owned(),
        phone: "call me".to_owned(),
        proofing: 77,
        birth_date: day(2025, 2, 30),
        ..Default::default()
    };
    let refused = refusal(&walk, &operator(), &staff("RegisterPerson"), &request).await;
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(
        fields(&refused),
        [
            "header.request_id",
            "institution",
            "identity",
            "display_name",
            "phone",
            "proofing",
            "birth_date"
        ]
    );
    let told = format!("{refused:?}");
    assert!(
        !told.contains("call me") && !told.contains("11010519491231"),
        "a refusal quotes no personal data"
    );

    let mut request = claim(&mut walk, NOBODY, staffing::CredentialKind::FirstAid, " ");
    request.sha256 = "A".repeat(64);
    request.issue_date = None;
    request.expiry_date = day(2025, 13, 1);
    let refused = refusal(&walk, &operator(), &staff("ClaimCredential"), &request).await;
    assert_eq!(fields(&refused), ["number", "issue_date", "expiry_date", "sha256"]);

    let request = staffing::RecordQueryRequest {
        header: walk.header(),
        name: NOBODY.to_owned(),
        found: vec![1, 99, 0],
        ..Default::default()
    };
    let refused = refusal(&walk, &operator(), &staff("RecordQuery"), &request).await;
    assert_eq!(
        fields(&refused),
        ["occasion", "queried_of", "query_date", "found[1]", "found[2]"]
    );
}

#[tokio::test]
async fn malformed_fields_of_inspection_are_named_all_at_once() {
    let mut walk = Walk::start().await;
    let request = inspection::PlanInspectionRequest {
        header: walk.header(),
        institution: NOTHING.to_owned(),
        purpose: inspection::Purpose::Unknown.into(),
        checklist: Some(inspection::ChecklistVersion::default()),
        dimensions: vec!["care".to_owned(), String::new()],
        ..Default::default()
    };
    let refused = refusal(&walk, OFFICER, &inspect("PlanInspection"), &request).await;
    assert_eq!(
        fields(&refused),
        [
            "institution",
            "purpose",
            "checklist.id",
            "checklist.version",
            "dimensions[1]",
            "from_date",
            "to_date"
        ]
    );

    let count = |class_type: ClassType| inspection::ClassCount {
        class_type: class_type.into(),
        count: 3,
    };
    let request = inspection::CountPresenceRequest {
        header: walk.header(),
        name: NOTHING.to_owned(),
        children: vec![count(ClassType::Infant), count(ClassType::Infant)],
        carers: vec![count(ClassType::Unknown)],
        staff: vec![inspection::PostCount { post: 0, count: 1 }],
    };
    let refused = refusal(&walk, LEAD, &inspect("CountPresence"), &request).await;
    assert_eq!(
        fields(&refused),
        ["children[1].class_type", "carers[0].class_type", "staff[0].post"]
    );

    let request = inspection::AnswerItemsRequest {
        header: walk.header(),
        name: NOTHING.to_owned(),
        answers: vec![inspection::ItemAnswer {
            evidence: vec![DIGEST.to_owned(), "photo.jpg".to_owned()],
            ..Default::default()
        }],
    };
    let refused = refusal(&walk, LEAD, &inspect("AnswerItems"), &request).await;
    assert_eq!(
        fields(&refused),
        ["answers[0].item", "answers[0].answer", "answers[0].evidence[1]"]
    );

    let request = inspection::CheckInRequest {
        header: walk.header(),
        name: NOTHING.to_owned(),
        method: 0,
        point: Some(Point {
            longitude_e7: 1,
            latitude_e7: 1,
            datum: 0,
        }),
    };
    let refused = refusal(&walk, LEAD, &inspect("CheckIn"), &request).await;
    assert_eq!(fields(&refused), ["method", "point.datum"]);
}

#[tokio::test]
async fn the_domain_names_fields_by_their_paths_in_the_request() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let mut request = carer(&mut walk, &institution);
    request.display_name = "长".repeat(500);
    let refused = refusal(&walk, &operator(), &staff("RegisterPerson"), &request).await;
    assert_eq!(fields(&refused), ["display_name"]);
    assert_eq!(
        refused.get_error_details().error_info().unwrap().metadata["fields"],
        "display_name"
    );

    let mut other = registration("别处");
    other.display_name = "长".repeat(500);
    let refused = walk
        .house
        .licensing()
        .register_institution(by(OFFICER, other))
        .await
        .unwrap_err();
    assert_eq!(fields(&refused), ["display_name"]);
}

#[tokio::test]
async fn who_may_not_work_with_children_is_not_engaged() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let request = carer(&mut walk, &institution);
    let reply: staffing::PersonReply = walk.act(&operator(), &staff("RegisterPerson"), &request).await;
    let name = reply.person.unwrap().name;
    let request = engagement(&mut walk, &name, &institution);
    let refused = refusal(&walk, &operator(), &staff("EngagePerson"), &request).await;
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "PERSON_INELIGIBLE"));
    assert!(
        articles(&refused).contains("未成年人保护法 §62"),
        "{}",
        articles(&refused)
    );
    assert!(refused.get_error_details().precondition_failure().is_some());
}

#[tokio::test]
async fn two_persons_are_asked_for_where_the_rules_say_so() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let mut request = carer(&mut walk, &institution);
    request.institution = institution.clone();
    let reply: staffing::PersonReply = walk.act(OFFICER, &staff("RegisterPerson"), &request).await;
    let name = reply.person.unwrap().name;
    let request = claim(&mut walk, &name, staffing::CredentialKind::FirstAid, "A-1");
    let _: staffing::PersonReply = walk.act(OFFICER, &staff("ClaimCredential"), &request).await;
    let request = staffing::VerifyCredentialRequest {
        header: walk.header(),
        name,
        credential: 1,
        method: staffing::VerificationMethod::OriginalSeen.into(),
    };
    let refused = refusal(&walk, OFFICER, &staff("VerifyCredential"), &request).await;
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "TWO_PERSON_RULE"));

    let request = plan(&mut walk, &institution, false);
    let reply: inspection::InspectionReply = walk.act(OFFICER, &inspect("PlanInspection"), &request).await;
    let request = inspection::ApproveInspectionRequest {
        header: walk.header(),
        name: reply.inspection.unwrap().name,
        approval_number: "1".to_owned(),
    };
    let refused = refusal(&walk, OFFICER, &inspect("ApproveInspection"), &request).await;
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "TWO_PERSON_RULE"));
}

#[tokio::test]
async fn an_inspection_needs_a_known_checklist_certified_inspectors_and_its_order() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let mut request = plan(&mut walk, &institution, false);
    request.checklist.as_mut().unwrap().version = 9;
    let refused = refusal(&walk, OFFICER, &inspect("PlanInspection"), &request).await;
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "CHECKLIST_VERSION_UNKNOWN"));

    let request = plan(&mut walk, &institution, false);
    let reply: inspection::InspectionReply = walk.act(OFFICER, &inspect("PlanInspection"), &request).await;
    let name = reply.inspection.unwrap().name;
    let check_in = inspection::CheckInRequest {
        header: walk.header(),
        name: name.clone(),
        method: inspection::CheckInMethod::VisitCode.into(),
        point: None,
    };
    let refused = refusal(&walk, LEAD, &inspect("CheckIn"), &check_in).await;
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "ILLEGAL_TRANSITION"));
    assert!(!articles(&refused).is_empty(), "an illegal move cites its article");

    let request = inspection::ApproveInspectionRequest {
        header: walk.header(),
        name: name.clone(),
        approval_number: "1".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(SECOND, &inspect("ApproveInspection"), &request).await;
    let team = [NOBODY.to_owned(), inspector(&mut walk, "li-01", "E1234567").await];
    let request = assignment(&mut walk, &name, &team);
    let refused = refusal(&walk, OFFICER, &inspect("AssignInspectors"), &request).await;
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "NOT_CERTIFIED_INSPECTOR"));
    assert!(articles(&refused).contains("行政处罚法 §42"), "{}", articles(&refused));
}

#[tokio::test]
async fn an_old_etag_is_told() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let request = carer(&mut walk, &institution);
    let reply: staffing::PersonReply = walk.act(&operator(), &staff("RegisterPerson"), &request).await;
    let mut request = claim(
        &mut walk,
        &reply.person.unwrap().name,
        staffing::CredentialKind::FirstAid,
        "A-1",
    );
    request.header.as_mut().unwrap().etag = "7".to_owned();
    let refused = refusal(&walk, &operator(), &staff("ClaimCredential"), &request).await;
    assert_eq!(why(&refused), is(Code::Aborted, "ETAG_MISMATCH"));
}
