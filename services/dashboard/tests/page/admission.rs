//! Admission, applications, deadlines and what authorizes an institution: what the pages show is what the views answer.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::http::{StatusCode, header};
use yujian_domain::institution::ApplicationState;
use yujian_views::{ApplicationQuery, ClockBucket, ClockQuery, InstitutionQuery, Scope};

use crate::house::{ask, get, plain, shared};
use crate::licensed::{Licensed, TODAY, institution, licensed};
use crate::looks::chinese;
use crate::{assert_well_formed, staff::cells};

/// The named figures of a page: name and what it is of, with the plain number.
fn figures(html: &str) -> BTreeMap<(String, String), String> {
    let attribute = |part: &str, name: &str| {
        let rest = part.split_once(&format!("{name}=\"")).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
            .to_owned()
    };
    html.split("<data ")
        .skip(1)
        .map(|part| {
            let key = (attribute(part, "data-figure"), attribute(part, "data-of"));
            (key, attribute(part, "value"))
        })
        .collect()
}

async fn pages(of: &Licensed) -> Vec<String> {
    let query = ApplicationQuery {
        limit: 500,
        ..Default::default()
    };
    let applied = of.views.applications(query).await.unwrap();
    assert_eq!(applied.rows.len(), 10);
    let mut pages: Vec<String> = [
        "/",
        "/admission",
        "/admission?region=33",
        "/admission?region=330106",
        "/applications",
        "/applications?open=1&left=overdue&kind=change",
        "/applications?deemed=accepted&deemed=renewed",
        "/applications?item=papers.hygiene_evaluation&again=1",
        "/deadlines",
        "/deadlines?left=overdue&owner=authority",
        "/deadlines?ended=1&state=met&kind=decision",
        "/institutions?region=33",
    ]
    .map(str::to_owned)
    .to_vec();
    pages.extend((1..=4).map(|n| format!("/institutions/{}", institution(n))));
    pages.extend(
        applied
            .rows
            .iter()
            .map(|row| format!("/applications/{}/{}", row.institution, row.number)),
    );
    pages
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_admission_is_whole_escaped_and_in_the_language_that_is_read() {
    let of = licensed().await;
    let as_of = of.views.as_of().await.unwrap();
    assert_eq!((as_of.damaged, as_of.unknown), (0, 0));
    let mut left = String::new();
    for path in pages(&of).await {
        let (status, _, html) = get(&of.router, &path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert_well_formed(&path, &html);
        assert!(
            !html.contains(" style=") && !html.contains("<i>桥") && !html.contains("<b>消防"),
            "{path}"
        );
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{path}: an id stands twice");
        let (_, _, english) = ask(&of.router, &path, &[(header::ACCEPT_LANGUAGE, "en")]).await;
        for piece in chinese(&english, "园") {
            writeln!(left, "{path}: {piece}").unwrap();
        }
        assert!(!english.contains("Newer event"), "{path}");
    }
    assert!(left.is_empty(), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_admission_are_those_of_the_views_and_of_the_lists() {
    let of = licensed().await;
    let soon = TODAY.checked_add(jiff::Span::new().days(5)).unwrap();
    let found = of
        .views
        .admission(&Scope::default(), Some("33"), TODAY, soon)
        .await
        .unwrap();
    let row = &found.region;
    assert_eq!((row.open.overdue, row.open.due_soon, row.open.paused), (1, 1, 1));
    let (_, _, html) = get(&of.router, "/admission?region=33").await;
    let shown = figures(&html);
    let figure = |name: &str, of: &str| shown[&(name.to_owned(), of.to_owned())].parse::<u64>().unwrap();
    assert_eq!(figure("applications_open", "33"), row.open.total());
    assert_eq!(figure("applications_overdue", "33"), row.open.overdue);
    assert_eq!(figure("applications_due_soon", "33"), row.open.due_soon);
    assert_eq!(figure("applications_paused", "33"), row.open.paused);
    assert_eq!(figure("deemed", "33/accepted"), 1);
    assert_eq!(figure("deemed_reversed", "33/renewed"), 1);
    assert_eq!(figure("conditions_open", "33"), 1);
    assert_eq!(figure("cessations_open", "33"), 1);
    assert_eq!(figure("decided_late", "33"), 1);
    assert_eq!(figure("returned_items", "33/papers.hygiene_evaluation"), 1);
    assert_eq!(figure("authorizations_by_state", "33/revoked"), 1);
    let accepted = found
        .states
        .iter()
        .find(|state| state.state == ApplicationState::Accepted)
        .unwrap();
    let calendar = yujian_domain::reference::Reference::shipped().calendar;
    let longest = calendar.working_days_between(accepted.oldest_since.unwrap(), TODAY);
    assert_eq!(figure("days_in_state_longest", "33/accepted"), u64::from(longest));
    for part in &found.parts {
        assert_eq!(figure("applications_open", &part.code), part.open.total());
    }
    for state in &found.states {
        let name = "applications_by_state_and_bucket";
        for bucket in ClockBucket::ALL {
            let of_bucket = format!("33/{}/{}", state.state.code(), bucket.code());
            assert_eq!(figure(name, &of_bucket), state.buckets.of(*bucket));
            let list = ApplicationQuery {
                region: Some("33".to_owned()),
                states: vec![state.state],
                buckets: vec![*bucket],
                at: TODAY,
                soon,
                limit: 1,
                ..Default::default()
            };
            assert_eq!(
                of.views.applications(list).await.unwrap().total,
                state.buckets.of(*bucket)
            );
        }
    }
    for (path, total) in [
        ("/applications?region=33&open=1", row.open.total()),
        ("/applications?region=33&left=overdue&open=1", row.open.overdue),
        ("/deadlines?region=33", row.clocks.total()),
        ("/deadlines?region=33&left=overdue", row.clocks.overdue),
    ] {
        let (_, _, html) = get(&of.router, path).await;
        let list = path.split('?').next().unwrap().to_owned();
        assert_eq!(
            figures(&html)[&("listed".to_owned(), list)],
            total.to_string(),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_shows_its_course_its_papers_its_checks_and_its_clocks() {
    let of = licensed().await;
    let (_, _, html) = get(&of.router, &format!("/applications/{}/1", institution(1))).await;
    for words in [
        "许可 第 1 号",
        "联合办理",
        "已用 2、暂停 3、已用 15",
        "消〔2026〕7",
        "inspector-1",
        "已重新提交",
        "拟准予",
        "20 个工作日 + 10 个工作日",
        "按时完成",
        "事项复杂",
    ] {
        assert!(plain(&html).contains(words), "{words} is missing");
    }
    let steps = html
        .split("<ol class=\"steps\"")
        .nth(1)
        .unwrap()
        .split("</ol>")
        .next()
        .unwrap();
    assert_eq!(steps.matches("class=\"todo\"").count(), 0, "every step was taken");
    // Its papers have expired since: that is told for the day on which the page is read.
    assert!(html.contains("已过期"));
    let (_, _, html) = get(&of.router, &format!("/applications/{}/1", institution(2))).await;
    assert!(
        html.contains("视为受理") && html.contains("class=\"fbad\""),
        "overdue is drawn"
    );
    assert!(plain(&html).contains("超 7 个工作日"));
    let (_, _, html) = get(&of.router, &format!("/applications/{}/2", institution(1))).await;
    assert!(html.contains("暂停，剩 17 个工作日") && html.contains("class=\"fpause\""));
    for absent in [
        format!("/applications/{}/99", institution(1)),
        "/applications/7/1".to_owned(),
    ] {
        assert_eq!(get(&of.router, &absent).await.0, StatusCode::NOT_FOUND, "{absent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_institution_shows_what_authorizes_it_and_what_did() {
    let of = licensed().await;
    let (_, _, html) = get(&of.router, &format!("/institutions/{}", institution(3))).await;
    let section = html.split("id=\"authorization\"").nth(1).unwrap();
    let section = section.split("data-live=\"present\"").next().unwrap();
    for words in [
        "撤销",
        "被替代",
        "视为决定已撤回",
        "违反标准或附加条件",
        "安置中",
        "有序停办期限",
        "浙托许〔2025〕9",
    ] {
        assert!(section.contains(words), "{words} is missing");
    }
    assert!(plain(section).contains("5 / 12"));
    let (_, _, html) = get(&of.router, &format!("/institutions/{}", institution(1))).await;
    let row = cells(&html, ">1 消防安全检查合格证明");
    assert!(row.iter().any(|cell| cell.contains("补办消防手续")), "{row:?}");
    assert!(html.contains("逾期履行") && html.contains("已解除"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_files_with_the_same_rows() {
    let of = licensed().await;
    let query = ClockQuery {
        waiting_only: true,
        limit: 500,
        ..Default::default()
    };
    let clocks = of.views.clocks(query).await.unwrap();
    let applied = of
        .views
        .applications(ApplicationQuery {
            limit: 500,
            ..Default::default()
        })
        .await
        .unwrap();
    for (path, rows) in [
        ("/deadlines.csv", clocks.total),
        ("/applications.csv", applied.total),
        ("/institutions.csv", 4),
    ] {
        let (status, headers, file) = get(&of.router, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(file.starts_with('\u{feff}') && file.ends_with("\r\n"), "{path}");
        assert_eq!(file.matches("\r\n").count() as u64, rows + 1, "{path}");
        let name = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
        assert!(name.contains("-2026-06-12.csv"), "{name}");
    }
    let (_, _, file) = get(&of.router, "/deadlines.csv?left=overdue&owner=authority").await;
    let row = file.lines().nth(1).unwrap();
    for cell in [
        "彩虹<i>桥</i>",
        "审批期限",
        "2026-06-03",
        ",-7,",
        "逾期",
        "cn-licence@1",
    ] {
        assert!(row.contains(cell), "{cell} is not in {row}");
    }
    let (_, _, english) = ask(
        &of.router,
        "/applications.csv?open=1",
        &[(header::ACCEPT_LANGUAGE, "en")],
    )
    .await;
    assert!(english.starts_with("\u{feff}Institution,Institution id,"));
    for path in [
        "/deadlines.csv?colour=red",
        "/applications.csv?after=x",
        "/institutions.csv?status=sleeping",
    ] {
        assert_eq!(get(&of.router, path).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filings_of_the_demonstration_stand_among_the_applications() {
    let house = shared().await;
    let query = InstitutionQuery {
        limit: 500,
        ..Default::default()
    };
    let institutions = house.views.institutions(query).await.unwrap();
    let with_receipt = institutions
        .rows
        .iter()
        .filter(|row| row.receipt_number.is_some())
        .count() as u64;
    let (_, _, html) = get(&house.router, "/applications?kind=filing&state=granted").await;
    let listed: u64 = figures(&html)[&("listed".to_owned(), "/applications".to_owned())]
        .parse()
        .unwrap();
    assert!(listed >= with_receipt && with_receipt > 5, "{listed} of {with_receipt}");
}
