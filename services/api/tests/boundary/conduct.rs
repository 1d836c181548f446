//! Queries of staff, inspections, findings and figures.

use tonic::Code;
use yujian_proto::common::v1::{PersonalState, PersonalValue};
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::staffing::v1 as staffing;
use yujian_proto::supervision::v1 as pb;
use yujian_proto::supervision::v1::watch_reply::Event;

use crate::house::*;
use crate::walk::*;

fn shown(value: Option<&PersonalValue>) -> String {
    let value = value.expect("a personal value");
    assert_eq!(value.state(), PersonalState::Masked);
    value.masked.clone()
}

/// A walk with an engaged carer; answers institution, person and the last position.
async fn engaged() -> (Walk, String, String, String) {
    let mut walk = Walk::start().await;
    let institution = walk.house.register("总部").await.institution.unwrap().name;
    let person = prepare_carer(&mut walk, &institution).await;
    let request = engagement(&mut walk, &person, &institution);
    let reply: staffing::PersonReply = walk.act(&operator(), &staff("EngagePerson"), &request).await;
    let position = reply.command.unwrap().position;
    (walk, institution, person, position)
}

async fn team(walk: &mut Walk) -> [String; 2] {
    [
        inspector(walk, "li-01", "E1234567").await,
        inspector(walk, "wang-02", "E7654321").await,
    ]
}

#[tokio::test]
async fn staff_is_listed_masked_and_within_scope() {
    let (walk, institution, person, position) = engaged().await;
    let list = pb::ListStaffRequest {
        min_position: position,
        posts: vec![staffing::Post::Carer.into()],
        ..Default::default()
    };
    for (actor, count) in [(OFFICER, 1), (ELSEWHERE, 0), (operator().as_str(), 1)] {
        let page = walk
            .house
            .supervision()
            .list_staff(by(actor, list.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (page.engagements.len(), page.total_size),
            (count, count as u64),
            "{actor}"
        );
        if let Some(row) = page.engagements.first() {
            assert_eq!((&row.person, &row.institution), (&person, &institution));
            assert_eq!(shown(row.person_name.as_ref()), "欧***");
            assert!(row.qualified && row.query.unwrap().clear && row.health.unwrap().passed);
            assert_eq!(row.next_expiry_date, day(2028, 5, 31));
        }
    }
    let refused = pb::ListStaffRequest {
        expiring_within_days: Some(4_000),
        institution: "x".to_owned(),
        ..Default::default()
    };
    let refused = walk
        .house
        .supervision()
        .list_staff(by(OFFICER, refused))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));

    let within = |days| pb::ListStaffRequest {
        expiring_within_days: Some(days),
        ..list.clone()
    };
    let count = async |days| {
        let page = walk
            .house
            .supervision()
            .list_staff(by(OFFICER, within(days)))
            .await
            .unwrap();
        page.into_inner().total_size
    };
    assert_eq!(
        (count(7).await, count(400).await),
        (0, 1),
        "health certificate and query end within the year"
    );
}

#[tokio::test]
async fn a_person_is_found_by_identity_and_shown_masked() {
    let (walk, institution, person, min_position) = engaged().await;
    let find = |identity: &str| pb::ListPersonsRequest {
        min_position: min_position.clone(),
        identity_kind: staffing::IdentityKind::ResidentId.into(),
        identity: identity.to_owned(),
        ..Default::default()
    };
    let found = walk
        .house
        .supervision()
        .list_persons(by(OFFICER, find("11010519491231002x")))
        .await
        .unwrap();
    let found: Vec<String> = found.into_inner().persons.into_iter().map(|row| row.name).collect();
    assert_eq!(found, [person.clone()]);
    let none = walk
        .house
        .supervision()
        .list_persons(by(OFFICER, find("110105194912310038")))
        .await
        .unwrap();
    assert_eq!(none.into_inner().total_size, 0);
    let mut unclear = find(IDENTITY);
    unclear.identity_kind = 0;
    let refused = walk
        .house
        .supervision()
        .list_persons(by(OFFICER, unclear))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));

    let get = pb::GetPersonRequest {
        name: person,
        ..Default::default()
    };
    let shown_person = walk
        .house
        .supervision()
        .get_person(by(&operator(), get.clone()))
        .await
        .unwrap()
        .into_inner();
    let row = shown_person.person.unwrap();
    assert_eq!(shown(row.display_name.as_ref()), "欧***");
    assert_eq!(shown(row.phone.as_ref()), "139****5678");
    assert_eq!(shown(row.identity.as_ref()), "1101**********002X");
    assert_eq!(row.birth_year, Some(1949));
    let states: Vec<_> = shown_person.credentials.iter().map(|one| one.state()).collect();
    use staffing::CredentialState as State;
    assert_eq!(states, [State::Verified, State::Rejected, State::Revoked]);
    assert_eq!(shown_person.engagements[0].institution, institution);
    assert_eq!(
        (
            shown_person.health.len(),
            shown_person.queries.len(),
            shown_person.trainings.len()
        ),
        (1, 1, 1)
    );
    assert_eq!(shown_person.at_date, day(2026, 3, 2));
    let refused = walk
        .house
        .supervision()
        .get_person(by(ELSEWHERE, get))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
}

#[tokio::test]
async fn what_was_found_about_a_person_stays_with_the_authority() {
    let (mut walk, institution, person, _) = engaged().await;
    let request = staffing::RecordQueryRequest {
        header: walk.header(),
        name: person.clone(),
        occasion: staffing::QueryOccasion::Yearly.into(),
        queried_of: staffing::QueriedOf::Police.into(),
        query_date: day(2026, 3, 2),
        found: vec![staffing::Offence::Abuse.into()],
    };
    let police = "role=bureau; id=police-1; organisation=police; jurisdiction=330106";
    let reply: staffing::PersonReply = walk.act(police, &staff("RecordQuery"), &request).await;
    let off_duty = &reply.person.unwrap().engagements[0];
    assert_eq!(off_duty.state(), staffing::EngagementState::OffDuty);
    let request = staffing::BarPersonRequest {
        header: walk.header(),
        name: person.clone(),
        ground: staffing::BarGround::Record.into(),
        from_date: day(2026, 3, 2),
        until_date: None,
        decision_number: "西卫禁〔2026〕1号".to_owned(),
        reason: "查询有记录".to_owned(),
    };
    let reply: staffing::PersonReply = walk.act(OFFICER, &staff("BarPerson"), &request).await;
    let min_position = reply.command.unwrap().position;
    let get = pb::GetPersonRequest {
        name: person.clone(),
        min_position: min_position.clone(),
        ..Default::default()
    };
    let officer = walk
        .house
        .supervision()
        .get_person(by(OFFICER, get.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(officer.queries[0].found, [staffing::Offence::Abuse as i32]);
    assert_eq!(officer.bars[0].bar.unwrap().ground(), staffing::BarGround::Record);
    assert!(officer.bars[0].reason.is_some());
    let told = walk
        .house
        .supervision()
        .get_person(by(&operator(), get))
        .await
        .unwrap()
        .into_inner();
    assert!(!told.queries[0].query.unwrap().clear && told.queries[0].found.is_empty());
    assert_eq!(told.bars[0].bar.unwrap().ground(), staffing::BarGround::Unspecified);
    assert_eq!(told.bars[0].reason, None);
    assert_eq!(
        told.person.unwrap().bar.unwrap().ground(),
        staffing::BarGround::Unspecified
    );

    let timeline = pb::ListPersonTimelineRequest {
        person: person.clone(),
        ..Default::default()
    };
    let events = walk
        .house
        .supervision()
        .list_person_timeline(by(OFFICER, timeline))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(events.events[0].event_type, "staffing.PersonBarred.v1");
    assert!(
        events
            .events
            .iter()
            .all(|event| !event.payload_json.contains("$sealed"))
    );
    let timeline = pb::ListTimelineRequest {
        institution,
        min_position,
        ..Default::default()
    };
    let told = walk
        .house
        .supervision()
        .list_timeline(by(&operator(), timeline))
        .await
        .unwrap()
        .into_inner();
    assert!(
        told.events
            .iter()
            .any(|event| event.event_type == "staffing.EngagementStarted.v1")
    );
    assert!(
        told.events
            .iter()
            .all(|event| event.event_type != "staffing.RecordQueried.v1")
    );

    let dossier = pb::GetPersonDossierRequest {
        name: person,
        ..Default::default()
    };
    let dossier = walk
        .house
        .supervision()
        .get_person_dossier(by(OFFICER, dossier))
        .await
        .unwrap()
        .into_inner();
    let keys: Vec<&str> = dossier.facts.iter().map(|fact| fact.key.as_str()).collect();
    assert!(keys.contains(&"status") && keys.contains(&"bar"), "{keys:?}");
}

#[tokio::test]
async fn certificates_are_counted_by_days_left_from_the_day_asked() {
    let (walk, _, person, min_position) = engaged().await;
    let list = |at_date, buckets: Vec<pb::Bucket>| pb::ListCredentialsRequest {
        min_position: min_position.clone(),
        person: person.clone(),
        states: vec![staffing::CredentialState::Verified.into()],
        buckets: buckets.into_iter().map(Into::into).collect(),
        at_date,
        ..Default::default()
    };
    let rows = async |request| {
        let page = walk
            .house
            .supervision()
            .list_credentials(by(OFFICER, request))
            .await
            .unwrap();
        page.into_inner().credentials
    };
    let today = rows(list(None, vec![])).await;
    assert_eq!((today.len(), today[0].days_left), (1, Some(821)));
    assert_eq!(shown(today[0].number.as_ref()), "＊＊＊（3字）");
    assert_eq!(today[0].institutions.len(), 1);
    assert_eq!(rows(list(None, vec![pb::Bucket::Within7])).await.len(), 0);
    assert_eq!(
        rows(list(day(2028, 5, 30), vec![pb::Bucket::Within7])).await[0].days_left,
        Some(1)
    );
    assert_eq!(
        rows(list(day(2028, 6, 2), vec![pb::Bucket::Expired])).await[0].days_left,
        Some(-2)
    );

    let figures = pb::GetStaffFiguresRequest {
        min_position: min_position.clone(),
        ..Default::default()
    };
    let figures = walk
        .house
        .supervision()
        .get_staff_figures(by(OFFICER, figures))
        .await
        .unwrap()
        .into_inner();
    let region = figures.region.unwrap();
    assert_eq!((region.code.as_str(), region.posts.len()), ("330106", 1));
    let post = region.posts[0];
    assert_eq!(
        (post.post(), post.engaged, post.qualified, post.healthy),
        (staffing::Post::Carer, 1, 1, 1)
    );
    assert_eq!(region.certificates[0].buckets[0].bucket(), pb::Bucket::More);

    let roll_up = pb::GetRollUpRequest {
        min_position: min_position.clone(),
        ..Default::default()
    };
    let roll_up = walk
        .house
        .supervision()
        .get_roll_up(by(OFFICER, roll_up))
        .await
        .unwrap()
        .into_inner();
    let region = roll_up.region.unwrap();
    assert_eq!((region.staff, region.qualified_staff), (1, 1));
}

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
                    .any(|record| record.stream.starts_with("inspection-"))
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
async fn a_persons_replay_equals_the_live_dossier() {
    use yujian_proto::audit::v1::ReplayPersonRequest;
    use yujian_proto::audit::v1::replay_person_reply::Part;
    let (walk, _, person, min_position) = engaged().await;
    let replay = ReplayPersonRequest {
        name: person.clone(),
        min_position,
        ..Default::default()
    };
    let mut stream = walk
        .house
        .audit()
        .replay_person(by(AUDITOR, replay.clone()))
        .await
        .unwrap()
        .into_inner();
    let mut parts = Vec::new();
    while let Some(reply) = stream.message().await.unwrap() {
        parts.push(reply.part.unwrap());
    }
    let [Part::Start(start), Part::Page(page), Part::Dossier(dossier)] = parts.as_slice() else {
        panic!("start, one page, dossier")
    };
    assert_eq!(start.records, page.records.len() as u64);
    assert!(page.records.iter().all(|record| record.stream.starts_with("person-")));
    let live = pb::GetPersonDossierRequest {
        name: person,
        ..Default::default()
    };
    let live = walk
        .house
        .supervision()
        .get_person_dossier(by(AUDITOR, live))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((&live.canonical, &live.facts), (&dossier.canonical, &dossier.facts));
    let refused = walk
        .house
        .audit()
        .replay_person(by(ELSEWHERE, replay))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"));
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
