//! Queries of staff: lists, one person, certificates, figures, replay.

use tonic::Code;
use yujian_proto::staffing::v1 as staffing;
use yujian_proto::supervision::v1 as pb;

use crate::house::*;
use crate::walk::*;

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
    assert_eq!(found, std::slice::from_ref(&person));
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
    let states: Vec<_> = shown_person.credentials.iter().map(pb::CredentialView::state).collect();
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
