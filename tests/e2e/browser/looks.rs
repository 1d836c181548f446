//! How a page looks by choice: the language and the colours that a link sets, the wall, the paper.

use serde_json::json;

use super::LIVE;
use super::chromium::{Browser, Tab};
use super::pages::demo;
use crate::support::directory;

/// Clicks what a selector finds, and waits for the page to which it leads.
fn click(browser: &mut Browser, tab: &Tab, selector: &str) {
    browser.forget(tab);
    browser.value(tab, &format!("document.querySelector({}).click()", json!(selector)));
    browser.loaded(tab);
}

#[test]
fn language_and_colours_are_chosen_by_links_without_a_script_and_kept() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = demo(&data, "20", "1");
    let tab = browser.open(1366, 900);
    browser.ask(&tab, "Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    let address = format!("{}/incidents?region=33&open=1", server.url());
    browser.go(&tab, &address);
    let shown =
        "[location.href, document.documentElement.lang, getComputedStyle(document.documentElement).colorScheme]";
    assert_eq!(browser.value(&tab, shown), json!([address, "zh-CN", "light"]));
    click(&mut browser, &tab, ".tools a[hreflang=en]");
    assert_eq!(browser.value(&tab, shown), json!([address, "en", "light"]));
    click(&mut browser, &tab, ".looks a[href*='theme=dark']");
    assert_eq!(browser.value(&tab, shown), json!([address, "en", "dark"]));
    let other = format!("{}/status", server.url());
    browser.go(&tab, &other);
    assert_eq!(browser.value(&tab, shown), json!([other, "en", "dark"]));
    click(&mut browser, &tab, ".looks a[href*='theme=system']");
    assert_eq!(browser.value(&tab, shown), json!([other, "en", "light"]));
    let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    browser.ask(&tab, "Emulation.setEmulatedMedia", dark);
    assert_eq!(browser.value(&tab, shown), json!([other, "en", "dark"]));
}

#[test]
fn the_wall_fits_its_screen_and_is_live() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = demo(&data, "60", "2");
    let tab = browser.open(1920, 1080);
    for language in ["zh", "en"] {
        browser.cookie(&tab, &server.url(), "yujian-lang", language);
        for region in ["33", "3301", "330106"] {
            for (width, height) in [(1920, 1080), (3840, 2160)] {
                browser.resize(&tab, width, height);
                browser.go(&tab, &format!("{}/?region={region}&wall=1", server.url()));
                browser.wait(&tab, LIVE);
                let size = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]";
                assert_eq!(
                    browser.value(&tab, size),
                    json!([width, height]),
                    "{region} in {language}"
                );
                assert_eq!(browser.complaints(&tab, &server.url()), Vec::<String>::new());
            }
        }
    }
}

#[test]
fn paper_is_light_and_whole_and_says_when_and_from_what_it_was_made() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = demo(&data, "60", "2");
    let tab = browser.open(720, 1000);
    browser.cookie(&tab, &server.url(), "yujian-theme", "dark");
    browser.go(&tab, &format!("{}/institutions", server.url()));
    browser.wait(&tab, LIVE);
    browser.ask(&tab, "Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let shown = "(() => {
        const style = (one) => getComputedStyle(document.querySelector(one));
        const hidden = (one) => document.querySelector(one).getClientRects().length === 0;
        return {
            scheme: style('html').colorScheme, ground: style('body').backgroundColor,
            head: style('thead').display, row: style('tbody tr').display,
            hidden: ['.bar', '.filters', '.pager', '.looks'].filter(hidden).length,
            foot: !hidden('[data-live=foot] time') && document.querySelector('[data-live=foot]').textContent.includes('截至位置'),
            addresses: getComputedStyle(document.querySelector('main a'), '::after').content,
        };
    })()";
    let expected = json!({
        "scheme": "light", "ground": "rgb(255, 255, 255)", "head": "table-header-group", "row": "table-row",
        "hidden": 4, "foot": true, "addresses": "none",
    });
    assert_eq!(browser.value(&tab, shown), expected);
}
