//! Staff, credentials, persons and alerts: what the pages show is what the views answer.

use std::collections::BTreeSet;

use yujian_domain::person::{EngagementState, Post};
use yujian_domain::time::day_of;
use yujian_eventlog::clock::Clock;
use yujian_views::{AlertQuery, Bucket, CredentialQuery, Scope, StaffQuery};

use crate::house::{House, get, shared};

/// The texts of the cells of a row that begins with a head.
pub fn cells(html: &str, head: &str) -> Vec<String> {
    let row = html
        .split("<tr")
        .find(|row| row.split("</th>").next().is_some_and(|th| th.contains(head)))
        .unwrap_or_else(|| panic!("no row {head}"));
    row.split("<td")
        .skip(1)
        .map(|cell| {
            let inside = &cell[cell.find('>').unwrap() + 1..cell.find("</td>").unwrap()];
            inside
                .split('<')
                .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text))
                .collect::<String>()
                .trim()
                .to_owned()
        })
        .collect()
}

/// Keys of the rows of a list, page after page along the links to the next.
pub async fn walk(house: &House, path: &str) -> Vec<String> {
    let (mut keys, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let (_, _, html) = get(&house.router, &path).await;
        keys.extend(
            html.split("<tr ")
                .skip(1)
                .filter_map(|row| row.split("data-key=\"").nth(1)?.split('"').next())
                .map(str::to_owned),
        );
        next = html
            .split("rel=\"next\" href=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .map(|href| href.replace("&#38;", "&"));
    }
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_staff_are_those_of_the_views_and_of_the_lists() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    let figures = house
        .views
        .staff_figures(&Scope::default(), Some("33"), at)
        .await
        .unwrap();
    let total = figures.region.total();
    assert!(total.engaged > 50, "the history has staff: {}", total.engaged);
    let (_, _, html) = get(&house.router, "/staff?region=33").await;
    for post in Post::ALL {
        let Some(of) = figures.region.by_post.get(post.code()).filter(|of| of.engaged > 0) else {
            continue;
        };
        let shown = cells(&html, post.zh());
        assert_eq!(shown[0], of.engaged.to_string(), "{post:?}");
        assert_eq!(shown[1], of.off_duty.to_string());
        assert_eq!(shown[3], (of.engaged - of.qualified).to_string());
        assert_eq!(shown[4], (of.engaged - of.healthy).to_string());
        assert_eq!(shown[5], (of.engaged - of.queried).to_string());
        assert_eq!(shown[6], of.barred.to_string());
        let list = house
            .views
            .staff(StaffQuery {
                region: Some("33".to_owned()),
                posts: vec![*post],
                states: vec![EngagementState::Active, EngagementState::OffDuty],
                limit: 1,
                ..Default::default()
            })
            .await
            .unwrap();
        assert_eq!(list.total, of.engaged, "the list of {post:?} is what the figure counts");
    }
    for part in &figures.parts {
        let shown = cells(&html, &format!("<bdi>{}</bdi>", part.name));
        assert_eq!(shown[0], part.total().engaged.to_string(), "{}", part.name);
    }
    let health = cells(&html, "健康证明");
    let expected: Vec<String> = Bucket::ALL
        .iter()
        .map(|bucket| {
            let count = figures.region.health.get(bucket.code()).copied().unwrap_or(0);
            count.to_string()
        })
        .collect();
    assert_eq!(health, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_staff_is_walked_without_gaps_and_narrowed() {
    let house = shared().await;
    let all = house
        .views
        .staff(StaffQuery {
            limit: 1,
            ..Default::default()
        })
        .await
        .unwrap();
    let keys = walk(house, "/staff/list").await;
    assert!(all.total > 50, "more than a page");
    assert_eq!(keys.len() as u64, all.total);
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    let unqualified = house
        .views
        .staff(StaffQuery {
            unqualified_only: true,
            posts: vec![Post::Carer],
            limit: 1,
            ..Default::default()
        })
        .await
        .unwrap();
    let keys = walk(house, "/staff/list?unqualified=1&post=carer").await;
    assert_eq!(keys.len() as u64, unqualified.total);
    let (_, _, html) = get(&house.router, "/staff/list?barred=1&post=cook&within=0").await;
    assert!(html.contains("没有符合条件的任职") && html.contains("去掉"));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_listed_by_what_is_left() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    for (field, buckets) in [
        ("", Bucket::ALL),
        ("left=expired", &[Bucket::Expired]),
        ("left=more", &[Bucket::More]),
    ] {
        let found = house
            .views
            .credentials(CredentialQuery {
                at,
                buckets: if field.is_empty() { Vec::new() } else { buckets.to_vec() },
                limit: 1,
                ..Default::default()
            })
            .await
            .unwrap();
        let keys = walk(house, &format!("/credentials?{field}")).await;
        assert_eq!(keys.len() as u64, found.total, "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_masked_and_whole() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    let found = house.views.staff(StaffQuery {
        states: vec![EngagementState::Active],
        limit: 40,
        ..Default::default()
    });
    for row in found.await.unwrap().rows {
        let person = house
            .views
            .person(&Scope::default(), row.person, at)
            .await
            .unwrap()
            .unwrap();
        let (_, _, html) = get(&house.router, &format!("/persons/{}", row.person)).await;
        assert!(
            !html.contains("$sealed") && html.contains("****"),
            "the number is masked"
        );
        // Identity numbers of the history begin with the province; credit codes are as long and do not.
        let clear: Vec<&str> = html
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|run| run.len() == 18 && run[..17].bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|run| run.starts_with("33"))
            .collect();
        assert!(clear.is_empty(), "an identity number in clear: {clear:?}");
        for engagement in &person.engagements {
            assert!(html.contains(&format!("<bdi>{}</bdi>", engagement.institution_name)));
        }
        let rows = html.matches("data-l=\"有效期至\"").count();
        assert_eq!(
            rows,
            person.credentials.len() + person.health.len() + person.queries.len()
        );
        assert!(html.contains("<svg class=\"chart lanes\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_lead_to_whom_they_concern() {
    let house = shared().await;
    let all = house.views.alerts(AlertQuery {
        limit: 500,
        ..Default::default()
    });
    let all = all.await.unwrap();
    assert!(all.total > 0, "the history raises alerts");
    let keys = walk(house, "/alerts").await;
    let listed = keys.iter().filter(|key| key.starts_with("a-")).count();
    assert_eq!(listed as u64, all.total);
    for row in all.rows.iter().take(10) {
        let about = match (row.person, row.inspection) {
            (Some(person), _) => format!("/persons/{person}"),
            (None, Some(inspection)) => format!("/inspections/{inspection}"),
            (None, None) => format!("/institutions/{}", row.institution),
        };
        let (status, _, html) = get(&house.router, &about).await;
        assert!(status.is_success(), "{about}");
        assert!(html.contains(row.rule.zh()), "{about} tells of the alert");
    }
}
