//! Queries of admission: applications, clocks, authorizations and figures, with who sees them.

use tonic::Code;
use yujian_proto::licensing::v1 as licensing;
use yujian_proto::supervision::v1 as pb;

use crate::house::*;
use crate::walk::*;

/// One licence with its certificate, one application that is proposed; answers institutions and the last position.
async fn house() -> (Walk, [String; 2], String) {
    let mut walk = Walk::under_licences().await;
    let first = walk.house.register("总部").await.institution.unwrap().name;
    let application = reviewed(&mut walk, &first).await;
    granted(&mut walk, &first, application).await;
    let second = walk.house.register("分部").await.institution.unwrap().name;
    let number = last(&accepted(&mut walk, &second).await).number;
    let request = verification(&mut walk, &second, number);
    let _: licensing::InstitutionReply = walk.act(OFFICER, &authorize("RecordSiteVerification"), &request).await;
    let request = proposal(&mut walk, &second, number);
    let reply: licensing::InstitutionReply = walk.act(OFFICER, &authorize("ProposeDecision"), &request).await;
    (walk, [first, second], reply.command.unwrap().position)
}

#[tokio::test]
async fn applications_are_listed_by_state_and_clock_and_an_operator_is_told_of_no_proposal() {
    let (walk, [_, second], position) = house().await;
    let request = pb::ListApplicationsRequest {
        min_position: position,
        open_only: true,
        ..Default::default()
    };
    let mut client = walk.house.supervision();
    let reply = client
        .list_applications(by(OFFICER, request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((reply.total_size, reply.at_date), (1, day(2026, 3, 2)));
    let row = &reply.applications[0];
    assert_eq!(row.institution, second);
    assert_eq!(row.state(), licensing::ApplicationState::DecisionProposed);
    assert_eq!(row.proposed(), licensing::ProposedOutcome::Grant);
    let clock = row.clock.as_ref().unwrap();
    assert_eq!(
        (clock.kind(), clock.bucket()),
        (licensing::ClockKind::Decision, pb::ClockBucket::Ample)
    );
    assert_eq!(clock.days_left, Some(20));

    let reply = client
        .list_applications(by(&operator(), request.clone()))
        .await
        .unwrap()
        .into_inner();
    let row = &reply.applications[0];
    assert_eq!(row.state(), licensing::ApplicationState::Accepted);
    assert_eq!(row.proposed(), licensing::ProposedOutcome::Unspecified);
    let reply = client
        .list_applications(by(ELSEWHERE, request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.total_size, 0);
}

#[tokio::test]
async fn an_application_is_told_with_papers_returns_clocks_and_steps() {
    let (walk, [first, second], position) = house().await;
    let mut client = walk.house.supervision();
    let mut request = pb::GetApplicationRequest {
        institution: first,
        number: 1,
        min_position: position,
        ..Default::default()
    };
    let reply = client
        .get_application(by(&operator(), request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.application.unwrap().state(), licensing::ApplicationState::Granted);
    assert_eq!(reply.papers.len(), 8);
    assert_eq!(
        reply.returned_items[0].item.as_ref().unwrap().item,
        "papers.premises_proof"
    );
    assert_eq!(reply.verifications.len(), 1);
    assert_eq!(reply.proposal, None, "it is the authority's draft");
    let decision = reply
        .clocks
        .iter()
        .find(|one| one.clock.as_ref().unwrap().kind() == licensing::ClockKind::Decision);
    let steps: Vec<_> = decision.unwrap().steps.iter().map(pb::ClockStep::kind).collect();
    assert_eq!(steps.first(), Some(&pb::ClockStepKind::Started));
    assert_eq!(steps.last(), Some(&pb::ClockStepKind::Met));
    assert!(steps.contains(&pb::ClockStepKind::Extended));
    assert!(!reply.steps.is_empty());

    let refused = client
        .get_application(by(ELSEWHERE, request.clone()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
    request.number = 9;
    let refused = client.get_application(by(OFFICER, request.clone())).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
    request.institution = second;
    request.number = 1;
    let reply = client.get_application(by(OFFICER, request)).await.unwrap().into_inner();
    assert_eq!(reply.proposal.unwrap().conditions.len(), 1);
}

#[tokio::test]
async fn clocks_are_listed_and_each_has_its_history() {
    let (walk, [first, _], position) = house().await;
    let mut client = walk.house.supervision();
    let request = pb::ListClocksRequest {
        min_position: position,
        waiting_only: true,
        institution: first.clone(),
        ..Default::default()
    };
    let reply = client
        .list_clocks(by(OFFICER, request.clone()))
        .await
        .unwrap()
        .into_inner();
    let kinds: Vec<_> = reply.clocks.iter().map(pb::ClockView::kind).collect();
    assert!(kinds.contains(&licensing::ClockKind::Condition), "{kinds:?}");
    assert!(kinds.contains(&licensing::ClockKind::RenewalAsk), "{kinds:?}");
    let condition = reply
        .clocks
        .iter()
        .find(|clock| clock.kind() == licensing::ClockKind::Condition)
        .unwrap();
    let request = pb::GetClockHistoryRequest {
        institution: first,
        clock: condition.clock.clone(),
        at_date: day(2026, 5, 1),
        ..Default::default()
    };
    let reply = client
        .get_clock_history(by(OFFICER, request.clone()))
        .await
        .unwrap()
        .into_inner();
    let history = reply.history.unwrap();
    assert_eq!(history.steps.len(), 1);
    let told = history.clock.unwrap();
    assert_eq!((told.bucket(), told.days_left), (pb::ClockBucket::Overdue, Some(-1)));
    let refused = client.get_clock_history(by(ELSEWHERE, request)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn what_authorizes_an_institution_and_the_figures_agree_with_the_list() {
    let (walk, [first, _], position) = house().await;
    let mut client = walk.house.supervision();
    let request = pb::ListAuthorizationsRequest {
        institution: first,
        min_position: position,
        ..Default::default()
    };
    let reply = client
        .list_authorizations(by(&operator(), request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.authorizations.len(), 1);
    let held = &reply.authorizations[0];
    assert_eq!(
        (held.basis(), held.state()),
        (pb::AuthorizationBasis::Grant, pb::AuthorizationState::Active)
    );
    assert_eq!(
        reply.conditions[0].condition.as_ref().unwrap().state(),
        licensing::ConditionState::Open
    );
    let refused = client.list_authorizations(by(ELSEWHERE, request)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));

    let request = pb::GetAdmissionFiguresRequest::default();
    let reply = client
        .get_admission_figures(by(OFFICER, request.clone()))
        .await
        .unwrap()
        .into_inner();
    let region = reply.region.unwrap();
    assert_eq!(region.region_code, "330106");
    assert_eq!(region.open.unwrap().ample, 1);
    assert_eq!((region.conditions_open, region.decided_late), (1, 0));
    let licences = region
        .by_kind
        .iter()
        .find(|one| one.kind() == licensing::ApplicationKind::Licence)
        .unwrap();
    assert_eq!((licences.open, licences.granted, licences.granted_at_once), (1, 1, 0));
    let state = &reply.states[0];
    assert_eq!(state.state(), licensing::ApplicationState::DecisionProposed);
    assert_eq!(
        (state.longest_working_days, state.median_working_days),
        (Some(0), Some(0))
    );
    let reply = client
        .get_admission_figures(by(ELSEWHERE, request))
        .await
        .unwrap()
        .into_inner();
    assert!(reply.states.is_empty());
}
