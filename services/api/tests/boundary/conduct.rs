//! Queries of inspections, findings and checklists; what an institution does not learn; changes.

use tonic::Code;
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::staffing::v1 as staffing;
use yujian_proto::supervision::v1 as pb;
use yujian_proto::supervision::v1::watch_reply::Event;

use crate::house::*;
use crate::walk::*;

#[tokio::test]
async fn an_inspection_is_shown_with_its_findings_and_counted() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let team = team(&mut walk).await;
    let (name, _) = inspected(&mut walk, &institution, &team).await;
    let min_position = walk.house.head();
    let get = pb::GetInspectionRequest {
        name: name.clone(),
        min_position: min_position.clone(),
        at_date: day(2026, 4, 1),
    };
    let shown_one = walk
        .house
        .supervision()
        .get_inspection(by(&operator(), get))
        .await
        .unwrap()
        .into_inner();
    let row = shown_one.inspection.unwrap();
    assert_eq!(row.state(), inspection::InspectionState::Published);
    assert_eq!(
        (row.findings, row.open_findings, row.assistance, row.inspectors),
        (3, 1, 1, 2)
    );
    assert_eq!(row.visited_date, day(2026, 3, 2));
    assert!(row.points.is_some_and(|points| points.numerator < points.denominator));
    assert_eq!(shown(shown_one.inspectors[0].display_name.as_ref()), "李**");
    assert_eq!(shown(shown_one.conclusion.as_ref()), "＊＊＊（4字）");
    assert_eq!(shown_one.results.len(), 7);
    assert_eq!(shown_one.answers.len(), 4);
    assert_eq!(shown_one.presence.unwrap().children[0].count, 12);
    assert!(shown_one.draft.unwrap().commented);
    let overdue: Vec<bool> = shown_one.findings.iter().map(|finding| finding.overdue).collect();
    assert_eq!(overdue, [false, false, true]);

    let list = |at_date, overdue_only| pb::ListFindingsRequest {
        min_position: min_position.clone(),
        overdue_only,
        at_date,
        ..Default::default()
    };
    let total = async |request| {
        let page = walk
            .house
            .supervision()
            .list_findings(by(OFFICER, request))
            .await
            .unwrap();
        page.into_inner().total_size
    };
    assert_eq!(total(list(None, false)).await, 3);
    assert_eq!(total(list(None, true)).await, 0);
    assert_eq!(
        total(list(day(2026, 3, 27), true)).await,
        0,
        "due on the day is not overdue"
    );
    assert_eq!(total(list(day(2026, 3, 28), true)).await, 1);

    let figures = pb::GetConductFiguresRequest {
        min_position: min_position.clone(),
        at_date: day(2026, 4, 1),
        ..Default::default()
    };
    let figures = walk
        .house
        .supervision()
        .get_conduct_figures(by(OFFICER, figures))
        .await
        .unwrap()
        .into_inner();
    let region = figures.region.unwrap();
    let corrections = region.corrections.unwrap();
    assert_eq!(
        (
            corrections.overdue,
            corrections.verified,
            corrections.on_site,
            corrections.rejected
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(region.findings.iter().map(|cell| cell.count).sum::<u64>(), 3);
    let inspections = pb::ListInspectionsRequest {
        inspector: team[0].clone(),
        visited_from_date: day(2026, 3, 1),
        ..Default::default()
    };
    let refused = walk
        .house
        .supervision()
        .list_inspections(by(OFFICER, inspections.clone()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
    let whole = pb::ListInspectionsRequest {
        visited_to_date: day(2026, 3, 31),
        ..inspections
    };
    let page = walk
        .house
        .supervision()
        .list_inspections(by(OFFICER, whole))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        page.inspections.iter().map(|row| &row.name).collect::<Vec<_>>(),
        [&name]
    );
    let alerts = pb::ListAlertsRequest::default();
    let alerts = walk
        .house
        .supervision()
        .list_alerts(by(OFFICER, alerts))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(alerts.total_size, 0);
}

#[tokio::test]
async fn an_institution_does_not_learn_of_a_visit_that_is_not_announced() {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let team = team(&mut walk).await;
    let name = assigned(&mut walk, &institution, &team).await;
    let told = async |walk: &Walk| {
        let me = operator();
        let min_position = walk.house.head();
        let list = pb::ListInspectionsRequest {
            min_position: min_position.clone(),
            ..Default::default()
        };
        let page = walk
            .house
            .supervision()
            .list_inspections(by(&me, list))
            .await
            .unwrap()
            .into_inner();
        let get = pb::GetInspectionRequest {
            name: name.clone(),
            ..Default::default()
        };
        let seen = walk.house.supervision().get_inspection(by(&me, get)).await.is_ok();
        let timeline = pb::ListTimelineRequest {
            institution: institution.clone(),
            ..Default::default()
        };
        let events = walk
            .house
            .supervision()
            .list_timeline(by(&me, timeline))
            .await
            .unwrap()
            .into_inner();
        let inspected = events
            .events
            .iter()
            .any(|event| event.event_type.starts_with("inspection."));
        let dossier = pb::GetDossierRequest {
            name: institution.clone(),
            ..Default::default()
        };
        let dossier = walk
            .house
            .supervision()
            .get_dossier(by(&me, dossier))
            .await
            .unwrap()
            .into_inner();
        let facts = dossier.facts.iter().any(|fact| fact.key.starts_with("inspection."));
        (page.total_size, seen, inspected, facts)
    };
    assert_eq!(told(&walk).await, (0, false, false, false));
    let request = inspection::RequestRecusalRequest {
        header: walk.header(),
        name: name.clone(),
        person: team[0].clone(),
        ground: inspection::RecusalGround::Interest.into(),
        note: String::new(),
    };
    let guessed = walk.refused(&operator(), &inspect("RequestRecusal"), &request).await;
    assert_eq!(guessed, is(Code::NotFound, "NOT_FOUND"));
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("RequestRecusal"), &request).await;
    let request = inspection::DecideRecusalRequest {
        header: walk.header(),
        name: name.clone(),
        person: team[0].clone(),
        granted: Some(false),
    };
    let _: inspection::InspectionReply = walk.act(OFFICER, &inspect("DecideRecusal"), &request).await;
    assert_eq!(told(&walk).await, (0, false, false, false), "a recusal tells of it");
    same_dossier_by_replay(&walk, &institution, &operator(), false).await;
    same_dossier_by_replay(&walk, &institution, OFFICER, true).await;
    let request = inspection::CheckInRequest {
        header: walk.header(),
        name: name.clone(),
        method: inspection::CheckInMethod::WrittenNotice.into(),
        point: None,
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("CheckIn"), &request).await;
    assert_eq!(told(&walk).await, (1, true, true, true));
    same_dossier_by_replay(&walk, &institution, &operator(), true).await;
}

/// The caller's replay and live dossier are the same bytes; whether records of an inspection are in it.
async fn same_dossier_by_replay(walk: &Walk, institution: &str, actor: &str, inspected: bool) {
    use yujian_proto::audit::v1::ReplayInstitutionRequest;
    use yujian_proto::audit::v1::replay_institution_reply::Part;
    let replay = ReplayInstitutionRequest {
        name: institution.to_owned(),
        min_position: walk.house.head(),
        ..Default::default()
    };
    let mut stream = walk
        .house
        .audit()
        .replay_institution(by(actor, replay))
        .await
        .unwrap()
        .into_inner();
    let (mut seen, mut canonical) = (false, Vec::new());
    while let Some(reply) = stream.message().await.unwrap() {
        match reply.part.unwrap() {
            Part::Page(page) => {
                seen |= page
                    .records
                    .iter()
                    .any(|record| record.stream.starts_with("inspection-"));
            }
            Part::Dossier(dossier) => canonical = dossier.canonical,
            Part::Start(_) => {}
        }
    }
    let live = pb::GetDossierRequest {
        name: institution.to_owned(),
        ..Default::default()
    };
    let live = walk
        .house
        .supervision()
        .get_dossier(by(actor, live))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((seen, canonical), (inspected, live.canonical), "{actor}");
}

#[tokio::test]
async fn checklists_are_shown_whole_in_both_languages() {
    let house = House::start().await;
    let list = house
        .supervision()
        .list_checklists(by(AUDITOR, pb::ListChecklistsRequest {}))
        .await
        .unwrap();
    let list = list.into_inner().checklists;
    assert!(list.iter().all(|one| one.items.is_empty() && one.sha256.len() == 64));
    let get = pb::GetChecklistRequest {
        checklist: list[0].checklist.clone(),
    };
    let whole = house
        .supervision()
        .get_checklist(by(AUDITOR, get))
        .await
        .unwrap()
        .into_inner();
    let whole = whole.checklist.unwrap();
    assert_eq!(whole.dimensions.len(), 7);
    assert_eq!(whole.dimensions.iter().map(|one| one.points).sum::<u32>(), 1_000);
    assert_eq!(whole.items.iter().map(|one| one.points).sum::<u32>(), 1_000);
    assert_eq!(whole.items.iter().filter(|one| one.veto).count(), 16);
    assert!(
        whole
            .items
            .iter()
            .all(|one| !one.text_zh.is_empty() && !one.text_en.is_empty())
    );
    assert!(whole.items.iter().all(|one| one.source() != pb::Source::Unspecified));

    let unknown = pb::GetChecklistRequest {
        checklist: Some(inspection::ChecklistVersion {
            id: "wst-821".to_owned(),
            version: 99,
        }),
    };
    let refused = house
        .supervision()
        .get_checklist(by(AUDITOR, unknown))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
    let refused = house
        .supervision()
        .get_checklist(by(AUDITOR, pb::GetChecklistRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
}

#[tokio::test]
async fn a_change_names_the_person_or_the_inspection() {
    let (mut walk, institution, person, position) = engaged().await;
    let watch = pb::WatchRequest {
        after: position,
        ..Default::default()
    };
    let mut stream = walk
        .house
        .supervision()
        .watch(by(OFFICER, watch))
        .await
        .unwrap()
        .into_inner();
    let request = staffing::TakeOffDutyRequest {
        header: walk.header(),
        name: person.clone(),
        engagement: 1,
        ground: staffing::OffDutyGround::Infectious.into(),
    };
    let _: staffing::PersonReply = walk.act(&operator(), &staff("TakeOffDuty"), &request).await;
    let request = plan(&mut walk, &institution, false);
    let reply: inspection::InspectionReply = walk.act(OFFICER, &inspect("PlanInspection"), &request).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if let Some(Event::Changes(changes)) = stream.message().await.unwrap().unwrap().event {
            seen.extend(changes.changes);
        }
    }
    assert_eq!((&seen[0].person, &seen[0].institution), (&person, &institution));
    assert_eq!(seen[0].event_type, "staffing.TakenOffDuty.v1");
    assert_eq!(
        (&seen[1].inspection, &seen[1].institution),
        (&reply.inspection.unwrap().name, &institution)
    );
}
