//! Streams: watch and replay.

use std::time::Duration;

use tokio::time::timeout;
use tonic::{Code, Streaming};
use yujian_proto::audit::v1::replay_institution_reply::Part;
use yujian_proto::audit::v1::{ReplayInstitutionReply, ReplayInstitutionRequest};
use yujian_proto::supervision::v1::watch_reply::Event;
use yujian_proto::supervision::v1::{GetDossierRequest, WatchReply, WatchRequest};

use crate::house::*;

async fn next(stream: &mut Streaming<WatchReply>) -> WatchReply {
    timeout(Duration::from_secs(5), stream.message())
        .await
        .unwrap()
        .unwrap()
        .unwrap()
}

/// The next message that is no heartbeat.
async fn next_news(stream: &mut Streaming<WatchReply>) -> WatchReply {
    loop {
        let reply = next(stream).await;
        if !matches!(reply.event, Some(Event::Heartbeat(_))) {
            return reply;
        }
    }
}

#[tokio::test]
async fn a_watcher_sees_its_own_region_resumes_and_ends_with_the_server() {
    let house = House::start().await;
    let mut stream = house
        .supervision()
        .watch(by(OFFICER, WatchRequest::default()))
        .await
        .unwrap()
        .into_inner();
    let mut elsewhere = house
        .supervision()
        .watch(by(ELSEWHERE, WatchRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert!(matches!(next(&mut stream).await.event, Some(Event::Snapshot(_))));
    let begun = next(&mut elsewhere).await;
    assert!(matches!(begun.event, Some(Event::Snapshot(_))));

    let registered = house.register("甲").await;
    let reply = next_news(&mut stream).await;
    let position = registered.command.unwrap().position;
    assert_eq!(reply.position, position);
    let Some(Event::Changes(changes)) = reply.event else {
        panic!("no changes")
    };
    assert_eq!(changes.changes[0].institution, registered.institution.unwrap().name);

    // The other one sees only that its resume point moves.
    loop {
        let reply = next(&mut elsewhere).await;
        assert!(matches!(reply.event, Some(Event::Heartbeat(_))));
        if reply.position == position {
            break;
        }
    }

    let again = WatchRequest {
        after: begun.position,
        ..WatchRequest::default()
    };
    let mut again = house
        .supervision()
        .watch(by(OFFICER, again))
        .await
        .unwrap()
        .into_inner();
    assert!(
        matches!(next(&mut again).await.event, Some(Event::Changes(_))),
        "resumed without a snapshot"
    );

    house.stop.cancel();
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

#[tokio::test]
async fn a_watch_after_a_foreign_position_is_refused() {
    let house = House::start().await;
    let request = WatchRequest {
        after: "4.2".to_owned(),
        ..WatchRequest::default()
    };
    let refused = house.supervision().watch(by(OFFICER, request)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "POSITION_FOREIGN"));
}

async fn parts(mut stream: Streaming<ReplayInstitutionReply>) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(reply) = stream.message().await.unwrap() {
        parts.push(reply.part.unwrap());
    }
    parts
}

#[tokio::test]
async fn the_replay_equals_the_live_dossier_and_carries_the_records_as_stored() {
    let house = House::start().await;
    let registered = house.register("甲").await;
    let name = registered.institution.unwrap().name;
    let min_position = registered.command.unwrap().position;
    let replay = ReplayInstitutionRequest {
        name: name.clone(),
        min_position,
        ..Default::default()
    };
    let parts = parts(
        house
            .audit()
            .replay_institution(by(AUDITOR, replay))
            .await
            .unwrap()
            .into_inner(),
    )
    .await;
    let [Part::Start(start), Part::Page(page), Part::Dossier(dossier)] = parts.as_slice() else {
        panic!("start, one page, dossier")
    };
    assert_eq!((start.records, dossier.records, page.records.len()), (1, 1, 1));
    let record = &page.records[0];
    assert_eq!(record.prev, "0".repeat(64));
    let metadata = String::from_utf8(record.metadata.clone()).unwrap();
    assert!(metadata.contains(&record.hash), "the envelope as stored holds the hash");
    assert!(String::from_utf8(record.payload.clone()).unwrap().contains("$sealed"));

    let live = GetDossierRequest {
        name: name.clone(),
        ..Default::default()
    };
    let live = house
        .supervision()
        .get_dossier(by(AUDITOR, live))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(live.canonical, dossier.canonical);
    assert_eq!(live.facts, dossier.facts);

    let before = ReplayInstitutionRequest {
        name,
        known_at_date: day(2026, 2, 1),
        ..Default::default()
    };
    let refused = house.audit().replay_institution(by(AUDITOR, before)).await.unwrap_err();
    assert_eq!(why(&refused), is(Code::NotFound, "NOT_FOUND"), "not known then");
}
