//! Alerts: the list, one alert, the figures and the file say what the views say, in both languages.

use axum::http::{StatusCode, header};
use yujian_domain::alert::{AlertSeverity, Status};
use yujian_domain::time::day_of;
use yujian_eventlog::clock::Clock;
use yujian_views::{AlertQuery, AlertRow, Scope};

use crate::house::{ask, get, shared};

/// The plain number of a figure by its name and what it is of.
fn figure(html: &str, name: &str, of: &str) -> Option<String> {
    let mark = format!("data-figure=\"{name}\" data-of=\"{of}\"");
    let before = html.find(&mark)?;
    let value = html[..before].rfind("value=\"")? + "value=\"".len();
    html[value..].split('"').next().map(str::to_owned)
}

async fn all() -> Vec<AlertRow> {
    let query = AlertQuery {
        limit: 500,
        ..AlertQuery::default()
    };
    shared().await.views.alerts(query).await.unwrap().rows
}

/// The lines of a file, without its mark.
async fn file(path: &str, lang: &str) -> Vec<String> {
    let (status, headers, body) = ask(&shared().await.router, path, &[(header::ACCEPT_LANGUAGE, lang)]).await;
    assert_eq!(status, StatusCode::OK, "{path}");
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
    let disposition = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"alerts-2026-"),
        "{disposition}"
    );
    let body = body.strip_prefix('\u{feff}').expect("the mark of UTF-8");
    assert!(body.ends_with("\r\n"));
    body.split("\r\n").map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn open_alerts_are_counted_by_severity_rule_and_region() {
    let house = shared().await;
    for region in [None, Some("33"), Some("3301")] {
        let path = region.map_or_else(|| "/alerts".to_owned(), |code| format!("/alerts?region={code}"));
        let (_, _, html) = get(&house.router, &path).await;
        let figures = house.views.alert_figures(&Scope::default(), region).await.unwrap();
        let of = region.unwrap_or_default();
        let open = figure(&html, "open_alerts", of);
        assert_eq!(open, Some(figures.region.total_open().to_string()), "{path}");
        for severity in AlertSeverity::ALL {
            let shown = figure(&html, "open_alerts", &format!("{of}/{}", severity.code()));
            assert_eq!(shown, Some(figures.region.open_of(*severity).to_string()), "{path}");
        }
        for ((rule, severity), count) in &figures.region.open {
            let shown = figure(&html, "open_alerts_of_rule", &format!("{of}/{rule}/{severity}"));
            assert_eq!(shown, Some(count.to_string()), "{path} {rule}");
        }
        for part in &figures.parts {
            let shown = figure(&html, "open_alerts", &part.code);
            assert_eq!(shown, Some(part.total_open().to_string()), "{path} {}", part.code);
        }
    }
    let open = house.views.alert_figures(&Scope::default(), None).await.unwrap().region;
    assert!(open.total_open() > 0, "the history has open alerts");
    // The number opens a list of as many.
    let (_, _, html) = get(&house.router, "/alerts?open=1").await;
    assert_eq!(figure(&html, "listed", "/alerts"), Some(open.total_open().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_a_rule_shows_its_precision() {
    let house = shared().await;
    let (_, _, html) = get(&house.router, "/alerts").await;
    let rows = house
        .views
        .alert_precision(&Scope::default(), None, None)
        .await
        .unwrap()
        .rows;
    assert!(
        rows.iter().any(|row| row.policy.is_some()),
        "some rule names its policy"
    );
    let mut verdicts = 0;
    for row in rows {
        let version = row
            .policy
            .as_ref()
            .map_or_else(|| "-".to_owned(), |(id, version)| format!("{id}@{version}"));
        let of = format!("/{}/{version}", row.rule.code());
        for (name, count) in [
            ("alerts_raised", row.raised),
            ("alerts_acknowledged", row.acknowledged),
            ("alerts_open", row.open),
            ("alerts_dismissed", row.dismissed),
            ("alerts_confirmed", row.confirmed),
            ("alerts_lapsed", row.lapsed),
        ] {
            assert_eq!(figure(&html, name, &of), Some(count.to_string()), "{name} of {of}");
        }
        let (part, whole) = row.precision();
        let shown = figure(&html, "alert_precision", &of);
        if whole == 0 {
            assert_eq!(shown, None, "{of} has no verdict");
        } else {
            // Tenths of a percent, rounded half up.
            let tenths = (part * 2_000 + whole) / (whole * 2);
            assert_eq!(shown, Some(format!("{}.{}%", tenths / 10, tenths % 10)), "{of}");
            verdicts += 1;
        }
    }
    assert!(verdicts > 0, "the history has verdicts");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_alert_shows_explanation_fate_and_history() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    let rows = all().await;
    let states: std::collections::BTreeSet<Status> = rows.iter().map(|row| row.status).collect();
    assert!(states.len() > 3, "the history has alerts in few states: {states:?}");
    for row in &rows {
        let path = format!("/alerts/{}", row.id);
        let (status, _, html) = get(&house.router, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        for part in [row.rule.zh(), row.severity.zh(), row.status.zh(), row.rule.code()] {
            assert!(html.contains(part), "{path} lacks {part}");
        }
        assert!(
            html.contains(&format!("{} 天", row.days_open(at))),
            "{path} tells of its days"
        );
        if let Some((id, version)) = &row.policy {
            assert!(
                html.contains(&format!("{id} 第 {version} 版")),
                "{path} names the version"
            );
        }
        if let Some(reason) = row.dismissal {
            assert!(html.contains(reason.zh()), "{path} says why");
        }
        if let Some((account, _)) = &row.handled_by {
            assert!(html.contains(account.as_str()), "{path} says who");
        }
        let detail = house.views.alert(&Scope::default(), row.id).await.unwrap().unwrap();
        let lines = html.matches("<li id=\"e-alert-").count();
        assert_eq!(lines, detail.history.len(), "{path}");
        // What officers write is sealed: neither note nor statement is on the page.
        for clear in ["已电话联系机构负责人", "经核实情况属实", "核对后与实际情况不符"] {
            assert!(!html.contains(clear), "{path} shows a sealed text");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_facts_of_an_alert_lead_to_events_that_are_there() {
    let house = shared().await;
    let mut followed = 0;
    for row in all().await.iter().take(12) {
        let (_, _, html) = get(&house.router, &format!("/alerts/{}", row.id)).await;
        for fact in &row.evidence {
            let anchor = format!("e-{}-{}", fact.stream, fact.revision);
            let link = html
                .split("href=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .find(|link| link.ends_with(&format!("#{anchor}")))
                .unwrap_or_else(|| panic!("no link to {anchor}"));
            let (page, _) = link.split_once('#').unwrap();
            let (status, _, html) = get(&house.router, page).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            followed += usize::from(html.contains(&format!("id=\"{anchor}\"")));
        }
    }
    assert!(followed > 0, "no event was found behind its link");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_the_list_with_the_same_filters() {
    let rows = all().await;
    let lines = file("/alerts.csv", "zh-CN").await;
    assert!(lines[0].starts_with("预警编号,规则,规则代码,"), "{}", lines[0]);
    assert_eq!(lines.len(), rows.len() + 2, "header, rows, the end of the last line");
    for (line, row) in lines[1..].iter().zip(&rows) {
        assert!(line.starts_with(&row.id.to_string()), "newest first, as on the page");
        assert!(line.contains(row.rule.code()) && line.contains(row.status.zh()));
    }
    for (filter, fits) in [
        (
            "state=dismissed",
            &(|row: &AlertRow| row.status == Status::Dismissed) as &dyn Fn(&AlertRow) -> bool,
        ),
        ("open=1", &|row| row.status.is_open()),
        ("severity=grave&open=1", &|row| {
            row.severity == AlertSeverity::Grave && row.status.is_open()
        }),
    ] {
        let lines = file(&format!("/alerts.csv?{filter}"), "zh-CN").await;
        let expected = rows.iter().filter(|row| fits(row)).count();
        assert_eq!(lines.len() - 2, expected, "{filter}");
    }
    let english = file("/alerts.csv", "en").await;
    assert!(english[0].starts_with("Alert,Rule,Rule code,"), "{}", english[0]);
    assert!(english[0].is_ascii() && english.len() == lines.len());
    // The page leads to the file with what is set.
    let (_, _, html) = get(&shared().await.router, "/alerts?open=1&severity=grave").await;
    assert!(html.contains("href=\"/alerts.csv?severity=grave&#38;open=1\""));
}
