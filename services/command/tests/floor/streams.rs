//! Races, foreign targets, streams that can't be decided on, reference data.

use uuid::Uuid;
use yujian_domain::envelope::Role;
use yujian_domain::rejection::Reason;
use yujian_eventlog::{EventLog, Expected, NewEvent, StreamName};

use crate::house::{House, change, officer, operator, reason, refusal, row};

const REQUEST: Uuid = Uuid::from_u128(0xa);

#[tokio::test]
async fn an_etag_tells_of_a_race() {
    let house = House::new().await;
    let id = house.registered(1).await;
    let mut seen = change(1, id, REQUEST, "文一路1号");
    seen.etag = Some(0);
    assert_eq!(house.execute(seen.clone()).await.unwrap().revision, 1);
    let mut late = change(1, id, Uuid::from_u128(0xb), "文一路2号");
    late.etag = Some(0);
    assert_eq!(reason(house.execute(late).await), Reason::EtagMismatch);
    // The repetition of what went through carries its old etag and is answered.
    assert!(house.execute(seen).await.unwrap().repeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_floors_over_one_log_lose_no_command_in_a_race() {
    let house = House::new().await;
    let id = house.registered(1).await;
    let other = house.another_floor().await;
    let mut work = tokio::task::JoinSet::new();
    for number in 0..80_u32 {
        let floor = if number % 2 == 0 {
            house.commands.clone()
        } else {
            other.clone()
        };
        let request = Uuid::from_u128(0x1000 + u128::from(number));
        work.spawn(async move {
            floor
                .execute(change(1, id, request, &format!("文一路{number}号")))
                .await
        });
    }
    let mut revisions: Vec<u64> = work
        .join_all()
        .await
        .into_iter()
        .map(|outcome| outcome.unwrap().revision)
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, (1..=80).collect::<Vec<u64>>());
}

#[tokio::test]
async fn what_is_foreign_looks_as_if_it_were_absent() {
    let house = House::new().await;
    let id = house.registered(1).await;
    let nowhere = Uuid::from_u128(0xdead);
    let mut auditor = officer("3302");
    auditor.role = Role::Auditor;
    for stranger in [operator(2), officer("330105"), officer("34"), auditor] {
        let mut foreign = change(1, id, REQUEST, "文一路1号");
        foreign.actor = stranger.clone();
        let mut absent = change(1, nowhere, REQUEST, "文一路1号");
        absent.actor = stranger;
        let foreign = refusal(house.execute(foreign).await);
        assert_eq!(foreign.reason, Reason::NotFound);
        assert_eq!(foreign, refusal(house.execute(absent).await));
    }
    // Also for the repetition of a request that went through.
    house.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
    let mut spying = change(1, id, REQUEST, "文一路1号");
    spying.actor = operator(2);
    assert_eq!(reason(house.execute(spying).await), Reason::NotFound);
    for within in ["33", "3301", "330106", "CN"] {
        let mut near = change(
            1,
            id,
            Uuid::new_v5(&REQUEST, within.as_bytes()),
            &format!("文一路{within}号"),
        );
        near.actor = officer(within);
        house.execute(near).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_with_an_event_of_a_newer_version_takes_no_commands() {
    let house = House::new().await;
    let id = house.registered(1).await;
    house.execute(change(1, id, REQUEST, "文一路1号")).await.unwrap();
    let stream = StreamName::parse(&format!("institution-{id}")).unwrap();
    let head = house.log.stream_head(&stream).await.unwrap().unwrap();
    // The envelope of a record that is there already, without what the log fills in.
    let record = house
        .log
        .records()
        .await
        .into_iter()
        .rev()
        .find(|record| record.stream == stream)
        .unwrap();
    let mut metadata: serde_json::Value = serde_json::from_slice(&record.metadata).unwrap();
    for filled_in in ["format", "hash", "prev", "recorded_time", "request"] {
        metadata.as_object_mut().unwrap().remove(filled_in);
    }
    let newer = NewEvent {
        id: Uuid::from_u128(0xe),
        event_type: "licensing.InstitutionGraded.v1".to_owned(),
        metadata: serde_json::to_vec(&metadata).unwrap(),
        payload: b"{\"grade\":\"A\"}".to_vec(),
    };
    house
        .log
        .append(&stream, Expected::At(head), vec![newer])
        .await
        .unwrap();

    for floor in [house.commands.clone(), house.another_floor().await] {
        let refused = refusal(floor.execute(change(1, id, Uuid::from_u128(0xb), "文一路2号")).await);
        assert_eq!(refused.reason, Reason::NewerEvent);
        assert_eq!(refused.metadata["event_type"], "licensing.InstitutionGraded.v1");
        assert!(
            floor
                .execute(change(1, id, REQUEST, "文一路1号"))
                .await
                .unwrap()
                .repeated,
            "known requests are known"
        );
    }
}

#[tokio::test]
async fn a_damaged_stream_takes_no_commands_and_its_neighbours_do() {
    for revision in [0, 1, 2] {
        let house = House::new().await;
        let (id, neighbour) = (house.registered(1).await, house.registered(2).await);
        for number in 0..2 {
            let request = Uuid::from_u128(0x10 + number);
            house
                .execute(change(1, id, request, &format!("文一路{number}号")))
                .await
                .unwrap();
        }
        house.log.damage(&format!("institution-{id}"), revision);
        let floor = house.another_floor().await;
        let refused = refusal(floor.execute(change(1, id, REQUEST, "文一路9号")).await);
        assert_eq!(refused.reason, Reason::RecordDamaged, "revision {revision}");
        assert!(refused.metadata.contains_key("position"));
        floor.execute(change(2, neighbour, REQUEST, "文一路9号")).await.unwrap();
    }
}

#[tokio::test]
async fn shipped_reference_data_is_activated_once() {
    let house = House::new().await;
    let first = house.log.types("policy-").await;
    assert!(first.iter().any(|name| name == "reference.PolicyActivated.v1"));
    assert_eq!(
        first
            .iter()
            .filter(|name| *name == "reference.HolidaysActivated.v1")
            .count(),
        1
    );
    let checklists = house.log.types("checklist-").await;
    assert_eq!(checklists, ["reference.ChecklistPublished.v1"]);
    house.another_floor().await;
    assert_eq!(house.log.types("policy-").await, first);
    assert_eq!(house.log.types("checklist-").await, checklists);
}

#[tokio::test]
async fn another_text_under_the_version_of_a_published_checklist_refuses_the_start() {
    let house = House::new().await;
    let records = house.log.records().await;
    let published = records
        .into_iter()
        .find(|record| record.event_type == "reference.ChecklistPublished.v1")
        .unwrap();
    let mut payload: serde_json::Value = serde_json::from_slice(&published.payload).unwrap();
    payload["document"] = "id = \"wst-821\"".into();
    payload["sha256"] = "0".repeat(64).into();
    let altered = NewEvent {
        id: Uuid::from_u128(0xc),
        event_type: published.event_type.clone(),
        metadata: caller_members(&published.metadata),
        payload: serde_json::to_vec(&payload).unwrap(),
    };
    let head = house.log.stream_head(&published.stream).await.unwrap().unwrap();
    house
        .log
        .append(&published.stream, Expected::At(head), vec![altered])
        .await
        .unwrap();
    let refused = house.start().await.err().unwrap();
    assert!(refused.to_string().contains("published with another text"), "{refused}");
}

/// Metadata as a caller hands it in: without the members that the log fills in.
fn caller_members(metadata: &[u8]) -> Vec<u8> {
    let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(metadata).unwrap();
    for filled_in in ["format", "hash", "prev", "recorded_time"] {
        members.remove(filled_in);
    }
    serde_json::to_vec(&members).unwrap()
}

#[tokio::test]
async fn the_institutions_of_a_register_are_found_in_the_log() {
    let house = House::new().await;
    house.registered(1).await;
    for number in ["1", "2"] {
        house.execute(row("city", number)).await.unwrap();
    }
    house.execute(row("other", "1")).await.unwrap();
    let numbers = |found: Vec<(Uuid, std::sync::Arc<yujian_domain::institution::Institution>)>| {
        let rows = found
            .into_iter()
            .map(|(_, held)| held.imported.as_ref().unwrap().external.number.clone());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(house.commands.0.imported_from("city").await.unwrap()),
        ["1", "2"]
    );
    assert_eq!(numbers(house.commands.0.imported_from("other").await.unwrap()), ["1"]);
    assert!(house.commands.0.imported_from("nobody").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_that_would_not_be_whole_is_refused() {
    let house = House::new().await;
    let id = house.execute(row("city", "1")).await.unwrap().id;
    house.log.damage(&format!("institution-{id}"), 0);
    let other_floor = house.another_floor().await;
    let refused = other_floor.0.imported_from("city").await.map(|found| found.len());
    assert!(
        matches!(&refused, Err(yujian_command::CommandError::Rejected(why)) if why.reason == Reason::RecordDamaged),
        "{refused:?}"
    );
}
