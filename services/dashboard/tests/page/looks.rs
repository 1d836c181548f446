//! Language, colours and wall: who chooses them, how they are remembered, and that no word is left in the other language.

use std::fmt::Write;

use axum::http::{StatusCode, header};
use yujian_views::InstitutionQuery;

use crate::house::{ask, every_page, get, shared};

const CHINESE: &str = "<html lang=\"zh-CN\"";
const ENGLISH: &str = "<html lang=\"en\"";

/// Whether a character is Chinese: an ideograph, or punctuation of full width.
fn is_chinese(letter: char) -> bool {
    matches!(letter, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}' | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// The texts of all elements whose tag begins with `start`, and the page without them.
fn without(html: &str, start: &str, end: &str) -> (Vec<String>, String) {
    let (mut texts, mut left, mut rest) = (Vec::new(), String::new(), html);
    while let Some(at) = rest.find(start) {
        let text = at + rest[at..].find('>').unwrap() + 1;
        let close = text
            + rest[text..]
                .find(end)
                .unwrap_or_else(|| panic!("{start} is not closed"));
        left.push_str(&rest[..at]);
        texts.push(rest[text..close].to_owned());
        rest = &rest[close + end.len()..];
    }
    left.push_str(rest);
    (texts, left)
}

/// What stands in Chinese on a page outside of what somebody wrote, and of what is marked as Chinese. Title and values
/// of fields can't be marked: there, what stands in `<bdi>` or was typed is taken out.
pub fn chinese(html: &str, typed: &str) -> Vec<String> {
    let (mut names, mut left) = without(html, "<bdi", "</bdi>");
    left = without(
        &left,
        "<svg viewBox=\"0 0 28 28\" aria-hidden=\"true\" focusable=\"false\" lang=\"zh-CN\"",
        "</svg>",
    )
    .1;
    // A link to the Chinese pages says so in Chinese.
    while let Some(mark) = left.find(" lang=\"zh-CN\" hreflang=") {
        let open = left[..mark].rfind('<').unwrap();
        let close = mark + left[mark..].find("</a>").unwrap();
        left.replace_range(open..close, "");
    }
    names.push(typed.to_owned());
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names.iter().filter(|name| !name.trim().is_empty()) {
        for place in ["<title>", "value=\""] {
            left = left.replace(&format!("{place}{name}"), place);
        }
        left = left.replace(&format!(" · {name} ·"), " ·");
    }
    left.split(['<', '>', '"'])
        .filter(|piece| piece.chars().any(is_chinese))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_every_page_is_english_for_who_reads_english() {
    let house = shared().await;
    let mut left = String::new();
    for path in every_page(house).await {
        let (status, _, html) = ask(&house.router, &path, &[(header::ACCEPT_LANGUAGE, "en")]).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(html.contains(ENGLISH) && html.contains("as of position"), "{path}");
        for piece in chinese(&html, "园") {
            writeln!(left, "{path}: {piece}").unwrap();
        }
    }
    assert!(left.is_empty(), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_english_for_who_reads_english() {
    let house = shared().await;
    let id = house.nasty[0];
    let future = format!("/institutions/{id}?known_at=2999-01-01");
    let mut left = String::new();
    for path in [
        "/institutions?status=sleeping",
        "/institutions?colour=red",
        "/institutions?after=%25",
        "/institutions?damaged=2",
        "/institutions?region=3301&region=3302",
        "/institutions?wall=yes",
        "/institutions?lang=fr",
        "/?region=33x",
        "/?region=99",
        "/incidents?late=maybe",
        "/incidents?institution=7",
        "/events?institution=7",
        "/institutions/7",
        "/incidents/00000000-0000-0000-0000-000000000000",
        "/settings?theme=pink",
        "/settings?back=//example.org",
        "/nothing",
        future.as_str(),
    ] {
        let (status, _, html) = ask(&house.router, path, &[(header::ACCEPT_LANGUAGE, "en")]).await;
        assert!(status.is_client_error(), "{path}");
        assert!(html.contains(ENGLISH), "{path}");
        for piece in chinese(&html, "") {
            writeln!(left, "{path}: {piece}").unwrap();
        }
        let (_, _, html) = get(&house.router, path).await;
        assert!(html.contains(CHINESE) && !chinese(&html, "").is_empty(), "{path}");
    }
    assert!(left.is_empty(), "{left}");
}

/// Pages that no history leads to, of damaged records for example, are made of the same templates.
#[test]
fn every_chinese_word_of_a_template_stands_beside_an_english_one() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let (mut pairs, mut left) = (0, String::new());
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let template = std::fs::read_to_string(&path).unwrap();
        for line in template.lines() {
            let mut pieces = line.split("say(\"");
            let mut other = pieces.next().unwrap().to_owned();
            for piece in pieces {
                let (_, second) = piece.split_once("\", \"").unwrap();
                let (english, rest) = second.split_once('"').unwrap();
                pairs += 1;
                other.push_str(english);
                other.push_str(rest);
            }
            for piece in chinese(&other, "") {
                writeln!(left, "{}: {piece}", path.display()).unwrap();
            }
        }
    }
    assert!(pairs > 200, "{pairs} words");
    assert!(left.is_empty(), "{left}");
}

#[test]
fn the_search_for_chinese_words_finds_them() {
    for (html, found) in [
        ("<p>机构</p>", 1),
        ("<p title=\"机构\">A</p>", 1),
        ("<p>a，b</p>", 1),
        ("<p><bdi>机构</bdi> A</p>", 0),
        ("<title>机构 · Yujian</title><h1><bdi>机构</bdi></h1>", 0),
        ("<title>机构 · Yujian</title>", 1),
    ] {
        assert_eq!(chinese(html, "").len(), found, "{html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_that_of_the_address_else_the_cookie_else_the_browser_else_chinese() {
    let house = shared().await;
    let cookie = |value: &'static str| (header::COOKIE, value);
    let browser = |value: &'static str| (header::ACCEPT_LANGUAGE, value);
    let asked = [
        ("/status", vec![], CHINESE),
        ("/status", vec![browser("fr, de;q=0.5")], CHINESE),
        ("/status", vec![browser("en-GB,en;q=0.9,zh;q=0.8")], ENGLISH),
        ("/status", vec![browser("en"), cookie("a=b; yujian-lang=zh")], CHINESE),
        ("/status", vec![browser("zh"), cookie("yujian-lang=en")], ENGLISH),
        ("/status", vec![browser("en"), cookie("yujian-lang=fr")], ENGLISH),
        (
            "/status?lang=zh",
            vec![browser("en"), cookie("yujian-lang=en")],
            CHINESE,
        ),
    ];
    for (path, headers, language) in asked {
        let (status, _, html) = ask(&house.router, path, &headers).await;
        assert_eq!(status, StatusCode::OK);
        assert!(html.contains(language), "{path} {headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_the_page_changes_the_language_and_leads_back_to_it() {
    let house = shared().await;
    let (_, _, html) = get(&house.router, "/incidents?open=1&region=33").await;
    let link = html
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|link| link.starts_with("/settings?lang="))
        .unwrap()
        .replace("&#38;", "&");
    assert!(link.starts_with("/settings?lang=en&back="), "{link}");
    let (status, headers, _) = get(&house.router, &link).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers[header::LOCATION], "/incidents?region=33&open=1");
    let cookie = headers[header::SET_COOKIE].to_str().unwrap();
    assert_eq!(
        cookie,
        "yujian-lang=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"
    );
    let kept = cookie.split(';').next().unwrap();
    let back = headers[header::LOCATION].to_str().unwrap();
    let (_, _, html) = ask(&house.router, back, &[(header::COOKIE, kept)]).await;
    assert!(html.contains(ENGLISH) && html.contains("hreflang=\"zh-CN\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_leads_to_no_other_place() {
    let house = shared().await;
    for back in [
        "//example.org",
        "https://example.org/",
        "%2F%2Fexample.org",
        "/%5Cexample.org",
        "/%09/example.org",
        "/%0D%0ASet-Cookie:%20a=b",
        "javascript:alert(1)",
        "institutions",
    ] {
        let (status, headers, html) = get(&house.router, &format!("/settings?lang=en&back={back}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{back}");
        assert!(
            !headers.contains_key(header::LOCATION) && !headers.contains_key(header::SET_COOKIE),
            "{back}"
        );
        assert!(html.contains("<code>back</code>"), "{back}");
    }
    let (_, headers, _) = get(&house.router, "/settings?lang=en").await;
    assert_eq!(headers[header::LOCATION], "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_those_of_the_machine_until_somebody_chooses() {
    let house = shared().await;
    let dark = |html: &str| {
        html.split("<link ")
            .find(|link| link.contains("/assets/dark."))
            .map(|link| {
                link.split("media=\"")
                    .nth(1)
                    .unwrap()
                    .split('"')
                    .next()
                    .unwrap()
                    .to_owned()
            })
    };
    let (_, _, html) = get(&house.router, "/status").await;
    assert_eq!(dark(&html).as_deref(), Some("screen and (prefers-color-scheme: dark)"));
    assert!(!html.contains("data-theme"));
    for (theme, forgotten, screens) in [
        ("dark", false, Some("screen")),
        ("light", false, None),
        ("system", true, Some("screen and (prefers-color-scheme: dark)")),
    ] {
        let (status, headers, _) = get(&house.router, &format!("/settings?theme={theme}&back=/status")).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let cookie = headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie.contains("Max-Age=0"), forgotten, "{cookie}");
        let kept = cookie.split(';').next().unwrap();
        let (_, _, html) = ask(&house.router, "/status", &[(header::COOKIE, kept)]).await;
        assert_eq!(dark(&html).as_deref(), screens, "{theme}");
        assert_eq!(html.contains(&format!("data-theme=\"{theme}\"")), !forgotten, "{theme}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_shows_the_figures_live_and_nothing_to_choose() {
    let house = shared().await;
    let (status, _, html) = get(&house.router, "/?region=33&wall=1").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains(" data-wall>") && html.contains("data-events=\"/events?region=33\""));
    for chosen in ["<nav class=\"nav\"", "<details", "/settings?", "<form"] {
        assert!(!html.contains(chosen), "a wall has {chosen}");
    }
    let (_, _, desk) = get(&house.router, "/?region=33").await;
    assert!(!desk.contains("data-wall") && desk.contains("href=\"/?region=33&#38;wall=1\""));
    let places = |html: &str| html.split("<p class=\"fig\">").nth(1).unwrap()[..80].to_owned();
    assert_eq!(places(&html), places(&desk));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_reads_alike_in_both_languages() {
    let house = shared().await;
    let found = house.views.institutions(InstitutionQuery {
        limit: 3,
        ..Default::default()
    });
    for row in found.await.unwrap().rows {
        let path = format!("/institutions/{}", row.id);
        let names = |html: &str| {
            let (names, _) = without(html, "<h1><bdi", "</bdi>");
            names
        };
        let (_, _, zh) = get(&house.router, &path).await;
        let (_, _, en) = ask(&house.router, &path, &[(header::ACCEPT_LANGUAGE, "en")]).await;
        assert_eq!(names(&zh).len(), 1);
        assert_eq!(names(&zh), names(&en));
    }
}
