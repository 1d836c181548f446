//! The web page: rendered on the server, read-only, live by server-sent events.
//!
//! Every page is complete without JavaScript: links, GET forms, paging by links. The script only reads the page again
//! when the server says that something changed, and puts the changed parts in place. Nothing leaves the origin: a strict
//! content security policy, no inline style or script, no foreign address. Personal data is unsealed only to be masked.
//!
//! # How to write a page in two languages
//!
//! A page is a module under `pages` and a template. Its handler takes a `Visit`, which knows the language, and reads its
//! fields with `visit.fields(&["region", …])`; its template extends `base.html` and holds a `shell: Shell`.
//!
//! * **Own words** stand in both languages side by side: `lang.say("机构", "Institution")` in Rust,
//!   `{{ shell.say("机构", "Institution") }}` in templates and their macros. What is kept until the language is known (the
//!   reason of a refusal) is a `Both`. Avoid plurals: `Institutions: 24`.
//! * **Values of closed lists** are called `lang.term(status)`. A new list is one line in `terms::codes`; its English
//!   word is made from the code (`under_investigation`: *Under investigation*) unless that reads badly: then an entry of the
//!   table there.
//! * **Keys, members of payloads, event types, roles** have both words in `terms::labels`; `terms.value(name, json)` shows
//!   any stored value.
//! * **Days, instants, spans**: `lang.day`, `lang.moment`, `lang.span`, `lang.ago`. Numbers are alike: `html::number`.
//! * **What somebody wrote**, names of institutions and divisions: `html::bdi`; laws: `html::law`; both stay as they are.
//!
//! `tests/page.rs` walks the addresses of its list `every_page` in English and fails when a Chinese character stands
//! outside of `<bdi>` and of elements with `lang="zh-CN"`; the browser tests walk theirs. A new page is one line in each.
//!
//! Until there is authentication the page shows everything, so whoever serves it must listen on loopback only.

mod assets;
mod charts;
mod csv;
mod failure;
mod html;
mod lanes;
mod lang;
mod live;
mod pages;
mod query;
mod shell;
mod terms;
mod ticks;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use yujian_domain::reference::Reference;
use yujian_eventlog::clock::Clock;
use yujian_eventlog::keys::KeyProvider;
use yujian_views::Views;

use crate::assets::ASSETS;
use crate::failure::Failure;
use crate::visit::Visit;

/// Hands out the reference data (calendar, divisions) that is active now.
pub type ReferenceSource = Arc<dyn Fn() -> Arc<Reference> + Send + Sync>;

/// Most event streams open at once; one more is refused with 503 and the page works on without live updates.
const MOST_STREAMS: usize = 512;

/// What the browser may do with our pages: load our own files, and nothing else. Markup can't be made from strings by a
/// script at all (`trusted-types 'none'`).
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// What every handler needs.
pub(crate) struct Shared {
    pub(crate) views: Views,
    pub(crate) keys: Arc<dyn KeyProvider>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reference: ReferenceSource,
    pub(crate) stop: CancellationToken,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) demo: bool,
}

/// The page over views. Turn it into a router with [`Page::router`].
pub struct Page {
    shared: Arc<Shared>,
}

impl Page {
    /// A page that reads `views`, opens personal values with `keys` only to mask them, and computes whatever depends on
    /// "now" from `clock`. When `stop` is cancelled, open event streams end. `demo` puts a line on every page that says
    /// that the data is invented.
    #[must_use]
    pub fn new(
        views: Views,
        keys: Arc<dyn KeyProvider>,
        clock: Arc<dyn Clock>,
        reference: ReferenceSource,
        stop: CancellationToken,
        demo: bool,
    ) -> Self {
        let streams = Arc::new(Semaphore::new(MOST_STREAMS));
        Self {
            shared: Arc::new(Shared {
                views,
                keys,
                clock,
                reference,
                stop,
                streams,
                demo,
            }),
        }
    }

    /// The routes: `/`, `/institutions`, `/institutions/{id}`, `/admission`, `/applications`,
    /// `/applications/{institution}/{number}`, `/deadlines`, `/staff`, `/staff/list`, `/credentials`, `/persons/{id}`,
    /// `/conduct`, `/inspections`, `/inspections/{id}`, `/findings`, `/incidents`, `/incidents/{id}`, `/alerts`,
    /// `/alerts/{id}`, `/status`, `/settings`, `/events` and the files under `/assets`; the lists of institutions,
    /// applications, deadlines and alerts also as `….csv`. GET and HEAD only; anything unknown is a page that says so.
    pub fn router(self) -> Router {
        let mut router = Router::new()
            .route("/", get(pages::overview::page))
            .route("/institutions", get(pages::institutions::page))
            .route("/institutions/{id}", get(pages::dossier::page))
            .route("/institutions.csv", get(pages::institutions::file))
            .route("/admission", get(pages::admission::page))
            .route("/applications", get(pages::applications::page))
            .route("/applications.csv", get(pages::applications::file))
            .route("/applications/{institution}/{number}", get(pages::application::page))
            .route("/deadlines", get(pages::deadlines::page))
            .route("/deadlines.csv", get(pages::deadlines::file))
            .route("/incidents", get(pages::incidents::page))
            .route("/incidents/{id}", get(pages::incident::page))
            .route("/staff", get(pages::staff::page))
            .route("/staff/list", get(pages::staff_list::page))
            .route("/credentials", get(pages::credentials::page))
            .route("/persons/{id}", get(pages::person::page))
            .route("/alerts", get(pages::alerts::page))
            .route("/alerts.csv", get(pages::alerts::export))
            .route("/alerts/{id}", get(pages::alert::page))
            .route("/conduct", get(pages::conduct::page))
            .route("/inspections", get(pages::inspections::page))
            .route("/inspections/{id}", get(pages::inspection::page))
            .route("/findings", get(pages::findings::page))
            .route("/status", get(pages::status::page))
            .route("/settings", get(settings))
            .route("/events", get(live::events));
        for asset in ASSETS.all() {
            router = router.route(&asset.path, get(move || async move { asset.answer() }));
        }
        router
            .fallback(unknown)
            .with_state(self.shared)
            .layer(map_response(with_headers))
    }
}

async fn settings(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    visit::settle(&visit).unwrap_or_else(|failure| failure.answer(&shared, &visit))
}

async fn unknown(State(shared): State<Arc<Shared>>, visit: Visit, request: Request) -> Response {
    let reading = matches!(*request.method(), axum::http::Method::GET | axum::http::Method::HEAD);
    let failure = if reading { Failure::NoPage } else { Failure::NotReading };
    failure.answer(&shared, &visit)
}

/// The headers of every answer. Pages hold data and are not stored, and read as language and theme of the visitor say;
/// files carry their own rule.
async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            header::HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Language"));
    }
    response
}
