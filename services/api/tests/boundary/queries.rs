//! Queries: pages, positions, pipeline, figures.

use std::time::{Duration, Instant};

use tonic::Code;
use tonic_types::StatusExt;
use yujian_proto::supervision::v1 as pb;

use crate::house::*;

fn list(position: &str) -> pb::ListInstitutionsRequest {
    pb::ListInstitutionsRequest {
        page_size: 2,
        min_position: position.to_owned(),
        ..Default::default()
    }
}

async fn three(house: &House) -> String {
    let mut position = String::new();
    for site in ["甲", "乙", "丙"] {
        position = house.register(site).await.command.unwrap().position;
    }
    position
}

#[tokio::test]
async fn pages_follow_each_other_and_end_with_an_empty_token() {
    let house = House::start().await;
    let position = three(&house).await;
    let first = house
        .supervision()
        .list_institutions(by(OFFICER, list(&position)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.institutions.len(), first.total_size), (2, 3));
    let next = pb::ListInstitutionsRequest {
        page_token: first.next_page_token,
        page_size: 100,
        ..list("")
    };
    let second = house
        .supervision()
        .list_institutions(by(OFFICER, next))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((second.institutions.len(), second.next_page_token.as_str()), (1, ""));
    let mut names: Vec<String> = first
        .institutions
        .into_iter()
        .chain(second.institutions)
        .map(|row| row.name)
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[tokio::test]
async fn a_token_is_refused_with_other_arguments_or_when_altered() {
    let house = House::start().await;
    let position = three(&house).await;
    let first = house
        .supervision()
        .list_institutions(by(OFFICER, list(&position)))
        .await
        .unwrap()
        .into_inner();
    let token = first.next_page_token;
    let mut altered = token.clone().into_bytes();
    let at = altered.len() - 2;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    for request in [
        pb::ListInstitutionsRequest {
            page_token: token.clone(),
            damaged_only: true,
            ..list("")
        },
        pb::ListInstitutionsRequest {
            page_token: token.clone(),
            region_code: "3301".to_owned(),
            ..list("")
        },
        pb::ListInstitutionsRequest {
            page_token: String::from_utf8(altered).unwrap(),
            ..list("")
        },
        pb::ListInstitutionsRequest {
            page_token: "x".to_owned(),
            ..list("")
        },
    ] {
        let refused = house
            .supervision()
            .list_institutions(by(OFFICER, request))
            .await
            .unwrap_err();
        assert_eq!(why(&refused), is(Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
    }
    let incidents = pb::ListIncidentsRequest {
        page_token: token,
        ..Default::default()
    };
    let refused = house
        .supervision()
        .list_incidents(by(OFFICER, incidents))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
}

#[tokio::test]
async fn page_sizes_are_pulled_into_the_range() {
    let house = House::start().await;
    let position = three(&house).await;
    for page_size in [0, -5, 100_000] {
        let request = pb::ListInstitutionsRequest {
            page_size,
            ..list(&position)
        };
        let page = house
            .supervision()
            .list_institutions(by(OFFICER, request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(page.institutions.len(), 3, "{page_size}");
    }
}

#[tokio::test]
async fn a_view_that_stays_behind_answers_within_three_seconds_to_come_back() {
    let mut house = House::start().await;
    house.register("甲").await;
    house.hold_the_views().await;
    let position = house.register("乙").await.command.unwrap().position;
    let begun = Instant::now();
    let refused = house
        .supervision()
        .list_institutions(by(OFFICER, list(&position)))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::Unavailable, "VIEW_BEHIND"));
    assert!(refused.get_error_details().retry_info().is_some());
    assert!(
        (Duration::from_millis(1_900)..Duration::from_secs(3)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_position_of_another_log_is_refused_at_once() {
    let house = House::start().await;
    for position in ["9.1", "1.99999999"] {
        let refused = house
            .supervision()
            .list_institutions(by(OFFICER, list(position)))
            .await
            .unwrap_err();
        assert_eq!(
            why(&refused),
            is(Code::InvalidArgument, "POSITION_FOREIGN"),
            "{position}"
        );
    }
    let refused = house
        .supervision()
        .list_institutions(by(OFFICER, list("seven")))
        .await
        .unwrap_err();
    assert_eq!(why(&refused), is(Code::InvalidArgument, "INVALID_FIELD"));
}

#[tokio::test]
async fn pipeline_and_figures_count_what_the_caller_may_see() {
    let house = House::start().await;
    let min_position = three(&house).await;
    let request = pb::GetPipelineRequest {
        min_position: min_position.clone(),
        ..Default::default()
    };
    let pipeline = house
        .supervision()
        .get_pipeline(by(OFFICER, request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(pipeline.by_state.len(), 1);
    assert_eq!(pipeline.by_state[0].count, 3);
    assert_eq!(pipeline.at_date, day(2026, 3, 2));
    let pipeline = house
        .supervision()
        .get_pipeline(by(ELSEWHERE, request))
        .await
        .unwrap()
        .into_inner();
    assert!(pipeline.by_state.iter().all(|state| state.count == 0));

    let request = pb::GetRollUpRequest {
        min_position,
        ..Default::default()
    };
    let figures = house
        .supervision()
        .get_roll_up(by(OFFICER, request.clone()))
        .await
        .unwrap()
        .into_inner();
    let region = figures.region.unwrap();
    assert_eq!(
        (region.code.as_str(), region.display_name.as_str(), region.institutions),
        ("330106", "西湖区", 3)
    );
    let figures = house
        .supervision()
        .get_roll_up(by(AUDITOR, request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(figures.region.unwrap().institutions, 3);
}

#[tokio::test]
async fn the_timeline_masks_and_the_digest_answers() {
    let house = House::start().await;
    let registered = house.register("甲").await;
    let request = pb::ListTimelineRequest {
        institution: registered.institution.unwrap().name,
        min_position: registered.command.unwrap().position,
        ..Default::default()
    };
    let page = house
        .supervision()
        .list_timeline(by(AUDITOR, request))
        .await
        .unwrap()
        .into_inner();
    let event = &page.events[0];
    assert_eq!(event.event_type, "licensing.InstitutionRegistered.v1");
    assert!(!event.payload_json.contains("$sealed") && !event.payload_json.contains("欧阳明月"));
    let mut masks: Vec<&str> = event.personal.iter().map(|value| value.masked.as_str()).collect();
    masks.sort_unstable();
    assert_eq!(masks, ["138****5678", "欧***"]);

    let digest = pb::GetViewDigestRequest::default();
    let digest = house
        .supervision()
        .get_view_digest(by(AUDITOR, digest))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(digest.sha256.len(), 64);
    assert!(!digest.tables.is_empty());
}
