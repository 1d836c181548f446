//! Names that try to be something else are shown as the names that they are.

use serde_json::json;
use uuid::Uuid;

use super::LIVE;
use super::chromium::{Browser, text};
use crate::support::{Server, by, credit_code, directory, operator, registration};

/// Names that would act if anything took them for markup, script, template or address.
fn names() -> Vec<String> {
    vec![
        "<script>window.struck=1</script>".to_owned(),
        "\"><img src=x onerror=\"window.struck=1\">".to_owned(),
        "javascript:window.struck=1//".to_owned(),
        "\u{202e}园育托\u{202d}倒写".to_owned(),
        "&amp;&lt;b&gt;甲&lt;/b&gt;".to_owned(),
        "{{7*7}}{% raw %}${7*7}".to_owned(),
        "托".repeat(100),
        "👶🏽👨‍👩‍👧🏳️‍🌈 e\u{301}\u{200b}".to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_shown_and_do_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let data = directory();
    let server = Server::start(data.path());
    let mut client = server.licensing().await;
    let mut registered = Vec::new();
    for (name, number) in names().into_iter().zip(1..) {
        let mut request = registration(number, Uuid::new_v4());
        request.display_name.clone_from(&name);
        request.address = format!("浙江省杭州市{name}").chars().take(100).collect();
        let me = operator(&credit_code(number));
        let reply = client
            .register_institution(by(&me, request))
            .await
            .unwrap()
            .into_inner();
        registered.push((name, reply.institution.unwrap().name));
    }
    let mut broken = registration(99, Uuid::new_v4());
    broken.display_name = "甲\n乙".to_owned();
    let refused = client
        .register_institution(by(&operator(&credit_code(99)), broken))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);

    let origin = server.url();
    for (width, height) in [(1366, 900), (390, 844)] {
        let tab = browser.open(width, height);
        let harmless = "window.struck === undefined && document.title.endsWith(' · 育鉴')
            && document.querySelector('main script, main img, main iframe, main b, [onerror]') === null
            && [...document.links].every((one) => one.origin === location.origin)
            && document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        browser.go(&tab, &format!("{origin}/institutions"));
        browser.wait(&tab, LIVE);
        let listed = browser.value(
            &tab,
            "[...document.querySelectorAll('main tbody th a')].map((one) => one.textContent)",
        );
        let mut listed: Vec<_> = listed.as_array().unwrap().iter().map(text).collect();
        let mut expected = names();
        listed.sort();
        expected.sort();
        assert_eq!(listed, expected);
        assert_eq!(browser.value(&tab, harmless), json!(true), "the list at {width}");
        assert_eq!(browser.complaints(&tab, &origin), Vec::<String>::new());

        for (name, resource) in &registered {
            browser.go(&tab, &format!("{origin}/{resource}"));
            browser.wait(&tab, LIVE);
            assert_eq!(
                text(&browser.value(&tab, "document.querySelector('h1').textContent")),
                *name
            );
            // A name that turns the direction of writing must not turn the words after it.
            let turned = browser.value(
                &tab,
                "[...document.querySelectorAll('h1, .crumbs span, .crumbs a')]
                .filter((one) => getComputedStyle(one).unicodeBidi !== 'isolate').length",
            );
            assert_eq!(turned, json!(0), "{name:?} stands in words of ours");
            assert_eq!(browser.value(&tab, harmless), json!(true), "{name:?} at {width}");
            assert_eq!(
                browser.complaints(&tab, &origin),
                Vec::<String>::new(),
                "{name:?} at {width}"
            );
        }
    }
}
