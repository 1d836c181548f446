//! Conduct, inspections and findings: what the pages show is what the views answer.

use std::collections::BTreeSet;

use yujian_domain::inspection::{FindingState, Weight};
use yujian_domain::time::day_of;
use yujian_eventlog::clock::Clock;
use yujian_views::{FindingQuery, InspectionQuery, Scope};

use crate::house::{get, plain, shared};
use crate::staff::{cells, walk};

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_conduct_are_those_of_the_views_and_of_the_lists() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    let figures = house
        .views
        .conduct_figures(&Scope::default(), Some("33"), at)
        .await
        .unwrap();
    let row = &figures.region;
    assert!(row.by_status.values().sum::<u64>() > 20, "the history has inspections");
    let (_, _, html) = get(&house.router, "/conduct?region=33").await;
    assert!(plain(&html).contains(&format!("<span>{} / {}</span>", row.inspected, row.operating)));
    for (code, zh) in [("safety", "安全保障"), ("team", "托育队伍"), ("management", "机构管理")] {
        let shown = cells(&html, zh);
        for (index, weight) in Weight::ALL.iter().enumerate() {
            let key = (code.to_owned(), weight.code().to_owned());
            let count = row.findings.get(&key).copied().unwrap_or(0);
            assert_eq!(shown[index], count.to_string(), "{code} {weight:?}");
            let list = FindingQuery {
                region: Some("33".to_owned()),
                dimensions: vec![code.to_owned()],
                weights: vec![*weight],
                limit: 1,
                ..Default::default()
            };
            assert_eq!(house.views.findings(list).await.unwrap().total, count);
        }
    }
    for (word, count) in [
        ("整改中，未到期", row.corrections.due),
        ("逾期", row.corrections.overdue),
        ("机构已报，待复查", row.corrections.claimed),
        ("已核实整改", row.corrections.verified),
        ("当场改正", row.corrections.on_site),
        ("复查不合格", row.corrections.rejected),
        ("延过期的问题", row.corrections.extended),
    ] {
        let table = html.split("data-live=\"corrections\"").nth(1).unwrap();
        assert_eq!(cells(table, &format!(">{word}")), [count.to_string()], "{word}");
    }
    let overdue = walk(house, "/findings?region=33&overdue=1").await;
    assert_eq!(overdue.len() as u64, row.corrections.overdue);
    for part in &figures.parts {
        let shown = cells(&html, &format!("<bdi>{}</bdi>", part.name));
        assert_eq!(
            shown[0],
            format!("{} / {}", part.inspected, part.operating),
            "{}",
            part.name
        );
        assert_eq!(shown[2], part.by_status.values().sum::<u64>().to_string());
        assert_eq!(shown[4], part.corrections.overdue.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_and_the_dossier_tell_of_staff_and_inspections() {
    let house = shared().await;
    let at = day_of(house.clock.now());
    let figures = house.views.roll_up(&Scope::default(), Some("33"), at).await.unwrap();
    let row = &figures.region;
    let (_, _, html) = get(&house.router, "/?region=33").await;
    let html = plain(&html);
    assert!(html.contains(&format!("{}</a> <small>人次任职", row.staff)));
    assert!(html.contains(&format!(
        "检查过的运营机构 {} / {}",
        row.inspected_institutions, row.operating
    )));
    assert!(!html.contains("尚未接入"));
    let visited = house.views.inspections(InspectionQuery {
        region: Some("33".to_owned()),
        limit: 5,
        ..Default::default()
    });
    for visit in visited.await.unwrap().rows {
        let (_, _, html) = get(&house.router, &format!("/institutions/{}", visit.institution)).await;
        for list in ["/inspections?", "/findings?", "/staff/list?"] {
            assert!(html.contains(&format!("{list}institution={}", visit.institution)) || html.contains(list));
        }
        let now = "所示为现状";
        assert!(!html.contains(now));
        let past = format!("/institutions/{}?as_of=2026-04-15", visit.institution);
        assert!(get(&house.router, &past).await.2.contains(now));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_inspections_and_findings_are_walked_without_gaps() {
    let house = shared().await;
    let inspections = house.views.inspections(InspectionQuery {
        limit: 1,
        ..Default::default()
    });
    let findings = house.views.findings(FindingQuery {
        limit: 1,
        ..Default::default()
    });
    for (path, total) in [
        ("/inspections", inspections.await.unwrap().total),
        ("/findings", findings.await.unwrap().total),
    ] {
        let keys = walk(house, path).await;
        assert_eq!(keys.len() as u64, total, "{path}");
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{path}");
    }
    let (_, _, html) = get(
        &house.router,
        "/inspections?purpose=special&status=cancelled&from=2001-01-01&to=2001-01-02",
    )
    .await;
    assert!(html.contains("没有符合条件的检查") && html.contains("去掉"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_shows_its_result_and_what_became_of_its_findings() {
    let house = shared().await;
    let rows = house.views.inspections(InspectionQuery {
        limit: 200,
        ..Default::default()
    });
    let (mut clocks, mut seen) = (0, BTreeSet::new());
    for row in rows.await.unwrap().rows {
        let found = house
            .views
            .inspection(&Scope::default(), row.id)
            .await
            .unwrap()
            .unwrap();
        let (_, _, html) = get(&house.router, &format!("/inspections/{}", row.id)).await;
        assert!(!html.contains("$sealed"));
        for inspector in &found.inspectors {
            let listed = html
                .split("id=\"h-i\"")
                .nth(1)
                .unwrap()
                .split("</section>")
                .next()
                .unwrap();
            assert!(!listed.contains(&inspector.account), "an account is masked");
        }
        for finding in &found.findings {
            assert!(html.contains(&format!("id=\"f-{}\"", finding.finding)));
            seen.insert(finding.state);
            let ordered = finding.due_date.is_some();
            clocks += usize::from(ordered);
        }
        let drawn = html.matches("<svg class=\"clock\"").count();
        let due = found
            .findings
            .iter()
            .filter(|finding| finding.due_date.is_some())
            .count();
        assert_eq!(drawn, due, "a clock for each correction that was ordered");
        if let Some((met, of)) = row.points {
            for (name, value) in [("inspection_points", met), ("inspection_points_of", of)] {
                let shown = format!("<data value=\"{value}\" data-figure=\"{name}\" data-of=\"{}\">", row.id);
                assert!(html.contains(&shown), "{shown}");
            }
        }
    }
    assert!(clocks > 5);
    for state in [
        FindingState::CorrectedOnSite,
        FindingState::Verified,
        FindingState::Imported,
    ] {
        assert!(seen.contains(&state), "{state:?}");
    }
}
