//! The page over a demonstration history: complete without a script, escaped, masked, with strict headers, live, and
//! all of this in both languages.
#![allow(clippy::unwrap_used)]

mod admission;
mod alerts;
mod conduct;
mod house;
mod licensed;
mod looks;
mod staff;

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode, header};
use futures::StreamExt;
use tower::ServiceExt;
use yujian_domain::time::day_of;
use yujian_eventlog::clock::Clock;
use yujian_views::{InstitutionQuery, Scope};

use crate::house::{NASTY, every_page, get, house, import, plain, shared};

/// Elements that are opened must be closed, in order.
fn assert_well_formed(path: &str, html: &str) {
    const VOID: [&str; 6] = ["meta", "link", "br", "input", "!doctype", "img"];
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let end = start
            + rest[start..]
                .find('>')
                .unwrap_or_else(|| panic!("{path}: a tag does not end"));
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '/')
            .collect();
        if tag.starts_with('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name.as_str()),
                "{path}: </{name}> closes nothing"
            );
        } else if !tag.ends_with('/') && !VOID.contains(&name.to_lowercase().as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{path}: left open: {open:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_whole_closed_to_the_outside_and_free_of_inline_code() {
    let house = shared().await;
    for path in every_page(house).await {
        let (status, headers, html) = get(&house.router, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_well_formed(&path, &html);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        for outside in [
            "http://",
            "https://",
            "src=\"//",
            "href=\"//",
            " style=",
            "<style",
            "<iframe",
            " onload",
            " onclick",
        ] {
            let found = html.contains(outside) && !NASTY.iter().any(|name| name.contains(outside.trim()));
            assert!(!found, "{path} holds {outside}");
        }
        assert_eq!(html.matches("<script").count(), 1, "{path}");
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        assert!(
            html.contains("<html lang=\"zh-CN\"") && html.contains("href=\"#main\"") && html.contains("id=\"main\"")
        );
        assert_eq!(headers[header::VARY], "Cookie, Accept-Language");
        assert!(html.contains("截至位置"), "{path} says how fresh it is");
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(
            ids.len(),
            ids.iter().collect::<BTreeSet<_>>().len(),
            "{path}: an id stands twice: {ids:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_within_lists_and_files_of_the_page_lead_somewhere() {
    let house = shared().await;
    for path in [
        "/",
        "/?region=33",
        "/institutions",
        "/incidents",
        "/staff",
        "/staff/list",
        "/credentials",
        "/conduct",
        "/inspections",
        "/findings",
        "/alerts",
        "/admission",
        "/applications",
        "/deadlines",
        "/deadlines?ended=1",
    ] {
        let (_, _, html) = get(&house.router, path).await;
        let links: BTreeSet<String> = ["href=\"", "src=\""]
            .iter()
            .flat_map(|mark| html.split(mark).skip(1))
            .filter_map(|rest| rest.split('"').next())
            .filter(|link| link.starts_with('/'))
            .map(|link| link.replace("&#38;", "&"))
            .collect();
        assert!(links.len() > 10);
        for link in links {
            let (status, headers, _) = get(&house.router, &link).await;
            let place = headers.get(header::LOCATION).map(|place| place.to_str().unwrap());
            match place {
                Some(back) if link.starts_with("/settings?") => assert!(back.starts_with('/'), "{link}"),
                _ => assert_eq!(status, StatusCode::OK, "{path} links to {link}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_text() {
    let house = shared().await;
    assert!(
        house.nasty.len() >= 6,
        "the domain takes most of them: {}",
        house.nasty.len()
    );
    let mut pages = vec![
        "/institutions?region=330106".to_owned(),
        "/institutions?q=%3Cscript%3E".to_owned(),
    ];
    pages.extend(house.nasty.iter().map(|id| format!("/institutions/{id}")));
    assert!(
        house.nasty_pages.len() >= 12,
        "persons and visits: {}",
        house.nasty_pages.len()
    );
    pages.extend(house.nasty_pages.iter().cloned());
    pages.extend(
        [
            "/findings?region=330106",
            "/credentials?kind=other",
            "/inspections?region=330106",
        ]
        .map(str::to_owned),
    );
    for path in pages {
        let (status, _, html) = get(&house.router, &path).await;
        assert_eq!(status, StatusCode::OK);
        for raw in ["<script>alert", "<img", "<body onload", "<!--"] {
            assert!(!html.contains(raw), "{path} holds {raw}");
        }
        assert_well_formed(&path, &html);
        // A direction mark may only stand inside an isolated element, the title or an attribute.
        for (at, _) in html.match_indices('\u{202E}') {
            let before = &html[..at];
            let isolated = before.rfind("<bdi>") > before.rfind("</bdi>");
            let title = before.rfind("<title>") > before.rfind("</title>");
            assert!(isolated || title, "{path}: a direction mark outside of <bdi>");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_shows_the_figures_of_the_views() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    let figures = house.views.roll_up(&Scope::default(), Some("33"), at).await.unwrap();
    let (_, _, html) = get(&house.router, "/?region=33").await;
    let html = plain(&html);
    assert!(html.contains(&format!(
        "<a href=\"/institutions?region=33\">{}</a> <small>个托位",
        figures.region.places
    )));
    assert!(html.contains(&format!(
        "运营机构 {} 所，未注销 {} 所",
        figures.region.operating, figures.region.institutions
    )));
    for part in &figures.parts {
        assert!(html.contains(&format!("<bdi>{}</bdi>", part.name)), "{}", part.name);
    }
    let all = house
        .views
        .institutions(InstitutionQuery {
            limit: 1,
            ..Default::default()
        })
        .await
        .unwrap();
    let (_, _, html) = get(&house.router, "/institutions").await;
    assert!(plain(&html).contains(&format!("<strong>{}</strong> 所", all.total)));
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_is_masked() {
    let house = shared().await;
    let filed = house.views.institutions(InstitutionQuery {
        search: Some("托".to_owned()),
        limit: 5,
        ..Default::default()
    });
    let mut masked = 0;
    for row in filed.await.unwrap().rows {
        let (_, _, html) = get(&house.router, &format!("/institutions/{}", row.id)).await;
        assert!(!html.contains("$sealed"));
        // Ids and digests hold such runs too, between letters.
        let digits: Vec<&str> = html
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|run| run.len() == 11 && run.starts_with('1') && run.bytes().all(|byte| byte.is_ascii_digit()))
            .collect();
        assert!(digits.is_empty(), "a phone in clear: {digits:?}");
        masked += html.matches("****").count();
    }
    assert!(masked > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_says_why() {
    let house = shared().await;
    for (path, status, says) in [
        (
            "/institutions?status=sleeping",
            StatusCode::BAD_REQUEST,
            "<code>status</code>",
        ),
        (
            "/institutions?colour=red",
            StatusCode::BAD_REQUEST,
            "<code>colour</code>",
        ),
        ("/institutions?after=%25", StatusCode::BAD_REQUEST, "<code>after</code>"),
        ("/?region=33x", StatusCode::BAD_REQUEST, "<code>region</code>"),
        ("/?region=99", StatusCode::NOT_FOUND, "没有找到"),
        ("/incidents?late=maybe", StatusCode::BAD_REQUEST, "<code>late</code>"),
        (
            "/events?institution=7",
            StatusCode::BAD_REQUEST,
            "<code>institution</code>",
        ),
        ("/institutions/7", StatusCode::NOT_FOUND, "没有找到"),
        (
            "/institutions/00000000-0000-0000-0000-000000000000",
            StatusCode::NOT_FOUND,
            "没有找到",
        ),
        (
            "/incidents/00000000-0000-0000-0000-000000000000",
            StatusCode::NOT_FOUND,
            "没有找到",
        ),
        ("/staff?region=99", StatusCode::NOT_FOUND, "没有找到"),
        ("/conduct?region=99", StatusCode::NOT_FOUND, "没有找到"),
        ("/staff/list?within=8", StatusCode::BAD_REQUEST, "<code>within</code>"),
        ("/staff/list?post=king", StatusCode::BAD_REQUEST, "<code>post</code>"),
        ("/staff/list?after=%25", StatusCode::BAD_REQUEST, "<code>after</code>"),
        ("/credentials?left=8", StatusCode::BAD_REQUEST, "<code>left</code>"),
        (
            "/inspections?from=2026-02-30",
            StatusCode::BAD_REQUEST,
            "<code>from</code>",
        ),
        (
            "/inspections?from=2026-02-02&to=2026-02-01",
            StatusCode::BAD_REQUEST,
            "<code>to</code>",
        ),
        (
            "/findings?dimension=colour",
            StatusCode::BAD_REQUEST,
            "<code>dimension</code>",
        ),
        ("/alerts?person=7", StatusCode::BAD_REQUEST, "<code>person</code>"),
        (
            "/alerts?severity=loud",
            StatusCode::BAD_REQUEST,
            "<code>severity</code>",
        ),
        ("/alerts.csv?rule=colour", StatusCode::BAD_REQUEST, "<code>rule</code>"),
        ("/alerts.csv?after=1", StatusCode::BAD_REQUEST, "<code>after</code>"),
        ("/alerts/7", StatusCode::NOT_FOUND, "没有找到"),
        (
            "/alerts/00000000-0000-0000-0000-000000000000",
            StatusCode::NOT_FOUND,
            "没有找到",
        ),
        ("/persons/7", StatusCode::NOT_FOUND, "没有找到"),
        (
            "/persons/00000000-0000-0000-0000-000000000000",
            StatusCode::NOT_FOUND,
            "没有找到",
        ),
        (
            "/inspections/00000000-0000-0000-0000-000000000000",
            StatusCode::NOT_FOUND,
            "没有找到",
        ),
        ("/nothing", StatusCode::NOT_FOUND, "没有这个页面"),
    ] {
        let (found, headers, html) = get(&house.router, path).await;
        assert_eq!(found, status, "{path}");
        assert!(html.contains(says), "{path}");
        assert!(headers.contains_key(header::CONTENT_SECURITY_POLICY));
        assert_well_formed(path, &html);
    }
    let (id, day) = (house.nasty[0], "2999-01-01");
    let (found, _, html) = get(&house.router, &format!("/institutions/{id}?known_at={day}")).await;
    assert_eq!(found, StatusCode::BAD_REQUEST);
    assert!(html.contains("<code>known_at</code>"));
    let post = HttpRequest::post("/institutions").body(Body::empty()).unwrap();
    assert_eq!(
        house.router.clone().oneshot(post).await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_is_told_within_a_second_and_the_stream_ends_on_stop() {
    let house = house().await;
    let request = HttpRequest::get("/events?region=33").body(Body::empty()).unwrap();
    let response = house.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let soon = Duration::from_secs(1);
    let greeting = tokio::time::timeout(soon, stream.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(std::str::from_utf8(&greeting).unwrap().contains("event: beat"));
    import(&house.commands, "新园", 100).await.unwrap();
    let news = tokio::time::timeout(soon, stream.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let news = std::str::from_utf8(&news).unwrap().to_owned();
    assert!(news.contains("event: delta") && news.contains("\"count\":1"), "{news}");
    assert!(!news.contains("新园"), "the stream carries no names");
    let (_, _, html) = get(&house.router, "/institutions?q=%E6%96%B0%E5%9B%AD").await;
    assert!(html.contains("<bdi>新园</bdi>"));
    // A page made before that position is told at once to read itself again.
    let behind = HttpRequest::get("/events?since=1.1").body(Body::empty()).unwrap();
    let mut other = house
        .router
        .clone()
        .oneshot(behind)
        .await
        .unwrap()
        .into_body()
        .into_data_stream();
    let first = tokio::time::timeout(soon, other.next())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(std::str::from_utf8(&first).unwrap().contains("event: delta"));
    house.stop.cancel();
    let end = tokio::time::timeout(soon, async { while stream.next().await.is_some() {} }).await;
    assert!(end.is_ok(), "the stream ends on stop");
}
