//! The open page follows the log, says when it can't, and gives its connection back while nobody looks.

use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;
use yujian_proto::licensing::v1::licensing_service_client::LicensingServiceClient;

use super::chromium::{Browser, Tab};
use super::{LIVE, LOST};
use crate::support::{Server, by, credit_code, directory, filing, operator, papers, registration, yujian};

/// How soon after the reply an event must be on the open page.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Attempts that a machine busy with other things has for that.
const ATTEMPTS: u32 = 3;

type Licensing = LicensingServiceClient<tonic::transport::Channel>;

/// Registers an institution; answers its resource name.
async fn register(client: &mut Licensing, number: u32) -> String {
    let request = by(&operator(&credit_code(number)), registration(number, Uuid::new_v4()));
    client
        .register_institution(request)
        .await
        .unwrap()
        .into_inner()
        .institution
        .unwrap()
        .name
}

/// Whether a text is shown.
fn shows(words: &str) -> String {
    format!("document.body.innerText.includes({})", json!(words))
}

/// Fails if the tab was loaded again since its page was opened.
fn not_reloaded(browser: &mut Browser, tab: &Tab) {
    assert_eq!(browser.heard(tab, "Page.loadEventFired").len(), 1);
    assert_eq!(browser.heard(tab, "Page.frameNavigated").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_shows_on_the_open_page_within_a_second_and_moves_neither_focus_nor_scroll() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    for number in 1..=40 {
        register(&mut client, number).await;
    }
    let tab = browser.open(1366, 500);
    browser.go(&tab, &format!("{}/institutions", server.url()));
    browser.wait(&tab, LIVE);
    // A reader stands on a row far down the part that will be replaced.
    let stand = "(() => {
        const links = [...document.querySelectorAll('main tbody th a')];
        links[10].focus();
        window.scrollTo(0, 333);
        return [document.activeElement.href, window.scrollY];
    })()";
    let stood = browser.value(&tab, stand);
    assert_eq!(stood[1], json!(333));

    let mut times = Vec::new();
    for attempt in 0..ATTEMPTS {
        let number = 900 + attempt;
        register(&mut client, number).await;
        times.push(browser.wait(&tab, &shows(&format!("西湖测试托育园{number}"))));
        if times.last().is_some_and(|time| *time <= AT_ONCE) {
            break;
        }
    }
    println!("shown after the reply: {times:?}");
    assert!(times.last().is_some_and(|time| *time <= AT_ONCE), "{times:?}");
    assert_eq!(
        browser.value(&tab, "[document.activeElement.href, window.scrollY]"),
        stood
    );
    not_reloaded(&mut browser, &tab);
    assert_eq!(browser.complaints(&tab, &server.url()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_is_said_and_a_started_one_is_found_again() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let mut server = Server::start(data.path());
    let name = register(&mut server.licensing().await, 1).await;
    let id = name.strip_prefix("institutions/").unwrap();
    let tab = browser.open(390, 844);
    browser.go(&tab, &format!("{}/institutions/{id}", server.url()));
    browser.wait(&tab, LIVE);

    let (took, well) = server.interrupt();
    assert!(
        well && took < Duration::from_secs(2),
        "an open page held the server for {took:?}"
    );
    browser.wait(&tab, LOST);
    assert_eq!(
        browser.value(&tab, &shows("西湖测试托育园1")),
        json!(true),
        "what was read stays readable"
    );

    let port = server.address.rsplit_once(':').unwrap().1;
    let mut again = yujian(&["serve", "--port", port, "--log-level", "warn", "--data-dir"]);
    again.arg(data.path());
    let server = Server::spawn(again);
    browser.wait(&tab, LIVE);
    assert_eq!(browser.value(&tab, &shows("已受理")), json!(false));
    let file = by(&operator(&credit_code(1)), filing(&name, papers(), Uuid::new_v4()));
    server.licensing().await.submit_filing(file).await.unwrap();
    browser.wait(&tab, &shows("已受理"));
    not_reloaded(&mut browser, &tab);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_tab_holds_no_connection_and_catches_up_when_shown() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    register(&mut client, 1).await;
    let address = format!("{}/institutions", server.url());

    // A browser keeps six connections to an origin: with seven streams the seventh page would never load.
    let mut tabs = Vec::new();
    for _ in 0..8 {
        let tab = browser.open(1366, 900);
        browser.go(&tab, &address);
        let took = browser.wait(&tab, LIVE);
        println!("tab {} live after {took:?}", tabs.len() + 1);
        tabs.push(tab);
    }
    assert_eq!(browser.value(&tabs[0], "document.visibilityState"), json!("hidden"));
    register(&mut client, 2).await;
    browser.wait(&tabs[7], &shows("西湖测试托育园2"));
    assert_eq!(
        browser.value(&tabs[0], &shows("西湖测试托育园2")),
        json!(false),
        "a hidden tab listens"
    );

    browser.front(&tabs[0]);
    let began = Instant::now();
    browser.wait(&tabs[0], &shows("西湖测试托育园2"));
    println!("a tab shown again has caught up after {:?}", began.elapsed());
    not_reloaded(&mut browser, &tabs[0]);
}
