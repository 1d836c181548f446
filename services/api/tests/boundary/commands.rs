//! Commands: filing, idempotency, refusals.

use tonic::Code;
use tonic_types::StatusExt;
use yujian_proto::common::v1::PersonalState;
use yujian_proto::incident::v1 as incident;
use yujian_proto::licensing::v1::{self as licensing, InstitutionState};
use yujian_proto::{audit::v1 as audit, supervision::v1 as supervision};

use crate::house::*;

fn filing(name: &str, id: u128, papers: Vec<licensing::Paper>) -> licensing::SubmitFilingRequest {
    licensing::SubmitFilingRequest {
        header: header(id),
        name: name.to_owned(),
        papers,
        makes_meals: false,
        premises: Some(licensing::Premises {
            tenure: licensing::Tenure::Owned.into(),
            highest_floor: Some(2),
            lowest_floor: Some(1),
            ..licensing::Premises::default()
        }),
    }
}

/// The paper that a returned item asks for.
fn paper(item: &str) -> licensing::Paper {
    let kind = item.strip_prefix("papers.").unwrap().split('.').next().unwrap();
    licensing::Paper {
        kind: licensing::PaperKind::from_str_name(&format!("PAPER_KIND_{}", kind.to_ascii_uppercase()))
            .unwrap()
            .into(),
        issuer: "西湖区".to_owned(),
        number: "2026-001".to_owned(),
        issue_date: day(2026, 1, 5),
        expiry_date: day(2030, 1, 5),
        sha256: "0".repeat(64),
        passed: Some(true),
    }
}

#[tokio::test]
async fn a_filing_is_returned_with_all_that_is_missing_then_accepted_and_read_by_its_writer() {
    let house = House::start().await;
    let registered = house.register("总部").await;
    let name = registered.institution.unwrap().name;

    let returned = house
        .licensing()
        .submit_filing(by(OFFICER, filing(&name, 2, vec![])))
        .await
        .unwrap()
        .into_inner();
    let institution = returned.institution.unwrap();
    assert_eq!(institution.state(), InstitutionState::Returned);
    let items = institution.application.unwrap().returned_items;
    assert!(items.len() >= 5, "everything at once: {items:?}");
    assert!(items.iter().all(|item| item.label_zh.contains("缺少")), "{items:?}");

    let papers = items.iter().map(|item| paper(&item.item)).collect();
    let accepted = house
        .licensing()
        .submit_filing(by(OFFICER, filing(&name, 3, papers)))
        .await
        .unwrap()
        .into_inner();
    let institution = accepted.institution.unwrap();
    assert_eq!(
        institution.state(),
        InstitutionState::Accepted,
        "{:?}",
        institution.application
    );
    assert_eq!(
        institution.application.unwrap().receipt_due.unwrap().due_date,
        day(2026, 3, 9)
    );
    let command = accepted.command.unwrap();
    assert_eq!(
        command.event_types[1..],
        ["licensing.FilingAccepted.v1", "licensing.ClockStarted.v1"]
    );

    let get = supervision::GetInstitutionRequest {
        name,
        min_position: command.position,
    };
    let read = house
        .supervision()
        .get_institution(by(OFFICER, get))
        .await
        .unwrap()
        .into_inner();
    let view = read.institution.unwrap();
    assert_eq!(view.state(), InstitutionState::Accepted);
    assert_eq!(view.receipt_due_date, day(2026, 3, 9));
    assert_eq!(view.etag, command.etag);
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_another_body_is_refused() {
    let house = House::start().await;
    let first = house.register("总部").await;
    assert_eq!(house.register("总部").await, first);

    let mut other = registration("总部");
    other.address = "文三路101号".to_owned();
    let refused = house
        .licensing()
        .register_institution(by(OFFICER, other))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "REQUEST_ID_REUSED"));

    let mut again = registration("总部");
    again.header = header(99);
    let refused = house
        .licensing()
        .register_institution(by(OFFICER, again))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::AlreadyExists, "DUPLICATE_CLAIM"));
}

#[tokio::test]
async fn a_hundred_repetitions_at_once_give_one_event_and_one_answer() {
    let house = House::start().await;
    let calls = (0..100).map(|_| {
        let mut client = house.licensing();
        async move {
            client
                .register_institution(by(OFFICER, registration("总部")))
                .await
                .unwrap()
                .into_inner()
        }
    });
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let command = answers[0].command.clone().unwrap();
    assert_eq!((command.revision, command.event_types.len()), (0, 1));
}

#[tokio::test]
async fn validate_only_changes_nothing_and_leaves_the_request_id_unused() {
    let house = House::start().await;
    let mut dry = registration("总部");
    dry.header.as_mut().unwrap().validate_only = true;
    let reply = house
        .licensing()
        .register_institution(by(OFFICER, dry))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.command.unwrap().position, "");
    let name = reply.institution.unwrap().name;
    let get = supervision::GetInstitutionRequest {
        name,
        min_position: String::new(),
    };
    let refused = house.supervision().get_institution(by(OFFICER, get)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
    house.register("总部").await;
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_under_its_path() {
    let house = House::start().await;
    let mut request = registration("总部");
    request.header.as_mut().unwrap().request_id = "no".to_owned();
    request.credit_code = "913301".to_owned();
    request.display_name = "  ".to_owned();
    request.mode = 77;
    request.ownership = licensing::Ownership::Unknown.into();
    request.registration_date = day(2025, 2, 30);
    request.region.as_mut().unwrap().code = "999999".to_owned();
    request.classes[0].places = 0;
    request.representative.as_mut().unwrap().identity_number = "33010619900101123".to_owned();
    request.representative.as_mut().unwrap().phone = "call me".to_owned();
    let refused = house
        .licensing()
        .register_institution(by(OFFICER, request))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
    let fields = fields(&refused);
    assert_eq!(
        fields,
        [
            "header.request_id",
            "display_name",
            "credit_code",
            "region.code",
            "mode",
            "ownership",
            "registration_date",
            "representative.phone",
            "representative.identity_number",
            "classes[0].places",
        ]
    );
    assert!(
        !format!("{refused:?}").contains("call me"),
        "a refusal quotes no personal data"
    );
}

#[tokio::test]
async fn a_missing_request_id_has_a_reason_of_its_own() {
    let house = House::start().await;
    let mut request = registration("总部");
    request.header = None;
    let refused = house
        .licensing()
        .register_institution(by(OFFICER, request))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "REQUEST_ID_REQUIRED"));
}

#[tokio::test]
async fn an_old_etag_is_told_and_a_forbidden_move_is_a_failed_precondition() {
    let house = House::start().await;
    let name = house.register("总部").await.institution.unwrap().name;
    let mut request = filing(&name, 2, vec![]);
    request.header.as_mut().unwrap().etag = "7".to_owned();
    let refused = house.licensing().submit_filing(by(OFFICER, request)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::Aborted, "ETAG_MISMATCH"));

    let receipt = licensing::IssueReceiptRequest {
        header: header(3),
        name,
        receipt_number: "2026-1".to_owned(),
        issue_date: day(2026, 3, 2),
    };
    let refused = house.licensing().issue_receipt(by(OFFICER, receipt)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "ILLEGAL_TRANSITION"));
    assert!(refused.get_error_details().precondition_failure().is_some());
}

#[tokio::test]
async fn a_correction_may_not_smuggle_in_marks_of_sealed_values() {
    let house = House::start().await;
    let name = house.register("总部").await.institution.unwrap().name;
    let correct = licensing::CorrectFactRequest {
        header: header(2),
        name,
        revision: Some(0),
        key: "name".to_owned(),
        value_json: Some(r#"{"a":[{"$personal":{"subject":"x","clear":"y"}}]}"#.to_owned()),
        valid_from_date: day(2026, 1, 1),
        reason: "误录".to_owned(),
        approver: "wang-11".to_owned(),
    };
    let refused = house.licensing().correct_fact(by(OFFICER, correct)).await.unwrap_err();
    assert_eq!(fields(&refused)[0], "value_json");
}

#[tokio::test]
async fn an_incident_goes_from_notification_to_triage() {
    let house = House::start().await;
    let institution = house.register("总部").await.institution.unwrap().name;
    let mut notify = incident::NotifyIncidentRequest {
        header: header(2),
        institution: institution.clone(),
        category: incident::Category::MinorInjury.into(),
        awareness_time: Some(prost_types::Timestamp {
            seconds: 1_772_410_000,
            nanos: 0,
        }),
        place: "活动室".to_owned(),
        children: vec![incident::ChildInput {
            name: "小明".to_owned(),
            age_months: Some(26),
            injury: incident::Injury::Fall.into(),
            severity: incident::Severity::Minor.into(),
            treatment: "冰敷".to_owned(),
        }],
        children_present: 12,
        staff_present: 3,
        narrative: "户外活动时跌倒".to_owned(),
        ..incident::NotifyIncidentRequest::default()
    };
    let refused = house
        .incidents()
        .notify_incident(by(OFFICER, notify.clone()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));

    use yujian_proto::common::v1::command_header::Occurred;
    notify.header.as_mut().unwrap().occurred = Some(Occurred::OccurredTime(prost_types::Timestamp {
        seconds: 1_772_409_000,
        nanos: 0,
    }));
    let notified = house
        .incidents()
        .notify_incident(by(OFFICER, notify))
        .await
        .unwrap()
        .into_inner();
    let case = notified.incident.unwrap();
    assert_eq!(case.state(), incident::IncidentState::Notified);
    assert_eq!(case.institution, institution);
    assert_eq!(case.children.len(), 1);

    let triage = incident::TriageIncidentRequest {
        header: header(3),
        name: case.name.clone(),
        priority: incident::Priority::P3.into(),
        regulatory: Some(true),
        reason: "一般".to_owned(),
    };
    let triaged = house
        .incidents()
        .triage_incident(by(OFFICER, triage))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(triaged.incident.unwrap().state(), incident::IncidentState::Triaged);
    let min_position = triaged.command.unwrap().position;
    let get = supervision::GetIncidentRequest {
        name: case.name,
        min_position,
    };
    let view = house
        .supervision()
        .get_incident(by(OFFICER, get))
        .await
        .unwrap()
        .into_inner()
        .incident
        .unwrap();
    assert_eq!(view.priority(), incident::Priority::P3);
}

#[tokio::test]
async fn an_erased_subject_shows_as_erased_and_the_dossier_keeps_its_bytes() {
    let house = House::start().await;
    let registered = house.register("总部").await;
    let name = registered.institution.unwrap().name;
    let dossier = |min_position: String| {
        by(
            OFFICER,
            supervision::GetDossierRequest {
                name: name.clone(),
                min_position,
                ..Default::default()
            },
        )
    };
    let before = dossier(registered.command.unwrap().position);
    let before = house.supervision().get_dossier(before).await.unwrap().into_inner();
    let shown = |reply: &supervision::GetDossierReply, key: &str| {
        let fact = reply.facts.iter().find(|fact| fact.key == key).unwrap();
        assert_eq!(fact.value_json, "null");
        (fact.personal[0].state(), fact.personal[0].masked.clone())
    };
    assert_eq!(
        shown(&before, "representative.name"),
        (PersonalState::Masked, "欧***".to_owned())
    );
    assert_eq!(
        shown(&before, "representative.phone"),
        (PersonalState::Masked, "138****5678".to_owned())
    );

    let subject = format!(
        "institution-{}.representative-1",
        name.strip_prefix("institutions/").unwrap()
    );
    let erase = |actor: &str, approver: &str, id: u128| {
        by(
            actor,
            audit::EraseSubjectRequest {
                request_id: header(id).unwrap().request_id,
                subject: subject.clone(),
                ground: audit::ErasureGround::WithdrawnConsent.into(),
                approver: approver.to_owned(),
            },
        )
    };
    let refused = house
        .audit()
        .erase_subject(erase(OFFICER, "wang-11", 5))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::PermissionDenied, "ROLE_NOT_ALLOWED"));
    let refused = house
        .audit()
        .erase_subject(erase(ADMINISTRATOR, "root-01", 6))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::FailedPrecondition, "TWO_PERSON_RULE"));
    let erased = house
        .audit()
        .erase_subject(erase(ADMINISTRATOR, "root-02", 7))
        .await
        .unwrap()
        .into_inner();

    let after = house
        .supervision()
        .get_dossier(dossier(erased.position))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        shown(&after, "representative.name"),
        (PersonalState::Erased, String::new())
    );
    assert_eq!(after.canonical, before.canonical);
}
