//! `/status`: how the system is (系统状态).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use crate::Shared;
use crate::failure::{Failure, answer, pairs};
use crate::html::{self, Markup};
use crate::query::Fields;
use crate::shell::{Crumb, Shell, lag_words};

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    shell: Shell,
    position: String,
    recorded: Markup,
    age: String,
    lag: u64,
    lag_words: String,
    damaged: u64,
    unknown: u64,
    now: Markup,
    version: &'static str,
    digest: Option<Digest>,
}

/// Digest of the views at a position.
struct Digest {
    position: String,
    total: String,
    tables: Vec<(String, String)>,
}

/// `GET /status`, with the digests when asked by `digest=1`: they read every row.
pub(crate) async fn page(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let made = load(&shared, &uri).await;
    answer(&shared, &uri, made)
}

async fn load(shared: &Shared, uri: &Uri) -> Result<String, Failure> {
    let wanted = Fields::read(pairs(uri)?, &["digest"])?.tick("digest")?;
    let now = shared.clock.now();
    let as_of = shared.views.as_of().await?;
    let digest = if wanted {
        let digest = shared.views.digest().await?;
        Some(Digest {
            position: digest.position.to_string(),
            total: digest.total,
            tables: digest.tables.into_iter().collect(),
        })
    } else {
        None
    };
    // A digest is of one position: such a page does not change by itself.
    let (here, events) = if wanted {
        ("/status?digest=1", String::new())
    } else {
        ("/status", "/events".to_owned())
    };
    let shell = Shell::new(shared, "系统状态", "/status", here)
        .under(vec![
            Crumb::to(html::text("全部地区"), "/"),
            Crumb::here(html::text("系统状态")),
        ])
        .live(&as_of, now, events);
    let page = StatusPage {
        shell,
        position: as_of.position.to_string(),
        recorded: html::moment_or_dash(as_of.recorded_time),
        age: as_of.recorded_time.map_or_else(
            || "尚无记录".to_owned(),
            |time| format!("{}前", html::span(html::seconds_between(time, now))),
        ),
        lag: as_of.lag,
        lag_words: lag_words(&as_of),
        damaged: as_of.damaged,
        unknown: as_of.unknown,
        now: html::moment(now),
        version: env!("CARGO_PKG_VERSION"),
        digest,
    };
    Ok(page.render()?)
}
