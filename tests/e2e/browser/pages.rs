//! Every page at three widths, in both languages, light and dark: quiet, accessible, within the window, complete without
//! scripts.

use serde_json::{Value, json};

use super::LIVE;
use super::chromium::{Browser, Tab, text};
use crate::support::{Server, directory, has, yujian};

const WIDTHS: [(u32, u32); 3] = [(1366, 900), (1920, 1080), (390, 844)];
const LANGUAGES: [&str; 2] = ["zh", "en"];
const THEMES: [&str; 2] = ["light", "dark"];

/// What a reader finds on a page, whatever drew it: headings, tables, links.
const OUTLINE: &str = "({
  headings: [...document.querySelectorAll('h1, h2, h3')].map((one) => one.textContent.trim()),
  tables: [...document.querySelectorAll('table')].map((one) => [one.caption?.textContent.trim(), one.rows.length]),
  links: [...document.querySelectorAll('main a, nav a')].map((one) => one.getAttribute('href')),
})";

/// What lies wider than the window.
const OVERFLOW: &str = "document.documentElement.scrollWidth > document.documentElement.clientWidth
  ? [...document.querySelectorAll('body *')].filter((one) => !one.closest('.scroll, .vh, svg')
      && one.getBoundingClientRect().right > document.documentElement.clientWidth + .5)
      .map((one) => one.outerHTML.slice(0, 120)) : []";

/// In which language and which colours a page stands: those of its ground, not of its words.
const FORM: &str = "[document.documentElement.lang.slice(0, 2),
  getComputedStyle(document.documentElement).colorScheme]";

/// How many rules a page kept with all that unfolds unfolded, and each that it broke with its weight and the places where.
const AXE: &str = "document.querySelectorAll('details').forEach((one) => { one.open = true; });
  axe.run(document, { resultTypes: ['violations'],
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } })
  .then((found) => ({ kept: found.passes.length, broken: found.violations.map((one) => [one.impact,
    one.id + ': ' + one.help + ' ' + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')]) }))";

pub(super) fn demo(data: &tempfile::TempDir, institutions: &str, months: &str) -> Server {
    let directory = data.path().to_str().unwrap();
    let common = ["--until", "2026-06-30", "--quiet", "--port", "0", "--log-level", "warn"];
    let mut command = yujian(&["demo", "--institutions", institutions, "--months", months]);
    command.args(common).args(["--data-dir", directory]);
    Server::spawn(command)
}

/// The hrefs of all links that a selector finds on a page.
fn links(browser: &mut Browser, tab: &Tab, page: &str, selector: &str) -> Vec<String> {
    browser.go(tab, page);
    let all = browser.value(
        tab,
        &format!("[...document.querySelectorAll('{selector}')].map((one) => one.href)"),
    );
    all.as_array().unwrap().iter().map(text).collect()
}

/// One page of every kind that the house shows: its name, its address, the status that it answers.
fn every_page(browser: &mut Browser, tab: &Tab, origin: &str) -> Vec<(&'static str, String, u16)> {
    let all_dossiers = links(
        browser,
        tab,
        &format!("{origin}/institutions"),
        "main tbody a[href^=\"/institutions/\"]",
    );
    let incidents = links(
        browser,
        tab,
        &format!("{origin}/incidents"),
        "main tbody a[href^=\"/incidents/\"]",
    );
    let mut first = |list: &str, kind: &str| {
        let selector = format!("main tbody th a[href^=\"/{kind}/\"]");
        links(browser, tab, &format!("{origin}{list}"), &selector)[0].clone()
    };
    let person = first("/staff/list?state=active", "persons");
    let inspection = first("/inspections?status=published", "inspections");
    let imported = first("/inspections?status=imported", "inspections");
    let alert = first("/alerts", "alerts");
    let application = first("/applications?state=granted", "applications");
    let (dossier, incident) = (all_dossiers[0].clone(), incidents[0].clone());
    let past = format!("{dossier}?as_of=2026-05-15&known_at=2026-05-20");
    vec![
        ("overview", format!("{origin}/"), 200),
        ("county", format!("{origin}/?region=330106"), 200),
        ("institutions", format!("{origin}/institutions"), 200),
        ("dossier", dossier, 200),
        ("dossier of the past", past, 200),
        ("admission", format!("{origin}/admission"), 200),
        ("applications", format!("{origin}/applications"), 200),
        ("application", application, 200),
        ("deadlines", format!("{origin}/deadlines?ended=1"), 200),
        ("incidents", format!("{origin}/incidents"), 200),
        ("incident", incident, 200),
        ("staff", format!("{origin}/staff"), 200),
        ("list of staff", format!("{origin}/staff/list?within=90"), 200),
        ("credentials", format!("{origin}/credentials"), 200),
        ("person", person, 200),
        ("conduct", format!("{origin}/conduct"), 200),
        ("inspections", format!("{origin}/inspections"), 200),
        ("inspection", inspection, 200),
        ("imported inspection", imported, 200),
        ("findings", format!("{origin}/findings"), 200),
        ("alerts", format!("{origin}/alerts"), 200),
        ("open alerts", format!("{origin}/alerts?open=1&region=33"), 200),
        ("alert", alert, 200),
        (
            "nothing in a list",
            format!("{origin}/findings?state=imported&dimension=safety&open=1"),
            200,
        ),
        ("status", format!("{origin}/status"), 200),
        ("no such page", format!("{origin}/nothing"), 404),
        ("bad field", format!("{origin}/institutions?limit=many"), 400),
    ]
}

/// The complaints of a page, without the one that belongs to a status that is an error.
fn complaints(browser: &mut Browser, tab: &Tab, origin: &str, address: &str, status: u16) -> Vec<String> {
    let mut all = browser.complaints(tab, origin);
    if status >= 400 {
        let expected = format!("the server responded with a status of {status}");
        let before = all.len();
        all.retain(|one| !(one.contains(&expected) && one.contains(address)));
        if before - all.len() != 1 {
            all.push(format!("the status {status} was named {} times", before - all.len()));
        }
    }
    all
}

/// What is wrong with a page as it is shown now; axe must have been given to it.
fn wrong(browser: &mut Browser, tab: &Tab, with_axe: bool) -> Vec<String> {
    let mut all = Vec::new();
    if with_axe {
        let found = browser.value(tab, AXE);
        assert!(found["kept"].as_u64() > Some(10), "axe looked at {found}");
        all.extend(found["broken"].as_array().unwrap().iter().map(Value::to_string));
    }
    // After axe, which unfolds what unfolds.
    for wide in browser.value(tab, OVERFLOW).as_array().unwrap() {
        all.push(format!("wider than the window: {wide}"));
    }
    all
}

#[test]
fn every_page_is_quiet_accessible_and_within_the_window_in_every_form() {
    let Some(mut browser) = Browser::start() else { return };
    let axe = std::env::var_os("AXE_JS").map(|file| std::fs::read_to_string(file).unwrap());
    has("axe-core (AXE_JS)", axe.is_some());
    let data = directory();
    let server = demo(&data, "60", "3");
    let origin = server.url();
    let tab = browser.open(1366, 900);
    let pages = every_page(&mut browser, &tab, &origin);
    let mut found = Vec::new();
    for language in LANGUAGES {
        browser.cookie(&tab, &origin, "yujian-lang", language);
        for theme in THEMES {
            browser.cookie(&tab, &origin, "yujian-theme", theme);
            for (name, address, status) in &pages {
                browser.go(&tab, address);
                if *status < 400 {
                    browser.wait(&tab, LIVE);
                }
                let form = json!([language, theme]);
                assert_eq!(browser.value(&tab, FORM), form, "{name}");
                found.extend(
                    complaints(&mut browser, &tab, &origin, address, *status)
                        .into_iter()
                        .map(|one| format!("{name} in {form}: {one}")),
                );
                if let Some(axe) = &axe {
                    browser.value(&tab, &format!("{axe}; 0"));
                }
                for (width, height) in WIDTHS {
                    browser.resize(&tab, width, height);
                    let here = wrong(&mut browser, &tab, axe.is_some());
                    found.extend(
                        here.into_iter()
                            .map(|one| format!("{name} in {form} at {width}: {one}")),
                    );
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// All that the pages from `address` on list, following the link to the next page.
fn walk(browser: &mut Browser, tab: &Tab, address: &str) -> Vec<String> {
    const NEXT: &str = "document.querySelector('.pager a[rel=next]')";
    let mut listed = Vec::new();
    browser.go(tab, address);
    loop {
        let rows = browser.value(
            tab,
            "[...document.querySelectorAll('main tbody th a')].map((one) => one.href)",
        );
        listed.extend(rows.as_array().unwrap().iter().map(text));
        if browser.value(tab, &format!("{NEXT} === null")) == json!(true) {
            return listed;
        }
        browser.forget(tab);
        browser.value(tab, &format!("{NEXT}.click()"));
        browser.loaded(tab);
    }
}

#[test]
fn without_scripts_every_page_is_as_complete_and_lists_are_walked_and_searched() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = demo(&data, "60", "2");
    let origin = server.url();
    let with = browser.open(1366, 900);
    let pages = every_page(&mut browser, &with, &origin);
    let drawn: Vec<Value> = pages
        .iter()
        .map(|(_, address, _)| {
            browser.go(&with, address);
            browser.value(&with, OUTLINE)
        })
        .collect();

    let without = browser.open(390, 844);
    browser.ask(
        &without,
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    for ((name, address, status), drawn) in pages.iter().zip(drawn) {
        browser.go(&without, address);
        assert_eq!(browser.value(&without, OUTLINE), drawn, "{name}");
        let complaints = complaints(&mut browser, &without, &origin, address, *status);
        assert!(
            complaints.iter().all(|one| one.contains("scripting is disabled")),
            "{name}: {complaints:?}"
        );
        assert_eq!(
            browser.value(&without, LIVE),
            json!(false),
            "{name} says that it is live"
        );
    }

    let listed = walk(&mut browser, &without, &format!("{origin}/institutions"));
    let distinct: std::collections::BTreeSet<_> = listed.iter().collect();
    assert!(listed.len() > 50, "{} institutions are one page", listed.len());
    assert_eq!(distinct.len(), listed.len());

    browser.go(&without, &format!("{origin}/institutions"));
    let name = text(&browser.value(&without, "document.querySelector('main tbody th a').textContent.trim()"));
    browser.forget(&without);
    let search = format!(
        "document.querySelector('form input[type=search], form input[name=q]').value = {};
         document.querySelector('form button[type=submit]').click()",
        json!(name)
    );
    browser.value(&without, &search);
    browser.loaded(&without);
    let found = browser.value(
        &without,
        "[...document.querySelectorAll('main tbody th a')].map((one) => one.textContent.trim())",
    );
    let found: Vec<_> = found.as_array().unwrap().iter().map(text).collect();
    assert!(
        !found.is_empty() && found.len() < 50 && found.iter().all(|one| one.contains(&name)),
        "{found:?}"
    );
}
