//! `/status`: how the system is (系统状态).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::everywhere;
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{self, Markup, text};
use crate::shell::{Crumb, Shell, age_words, lag_words};
use crate::visit::Visit;

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
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let wanted = visit.fields(&["digest"])?.tick("digest")?;
    let (lang, now) = (visit.lang, shared.clock.now());
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
    let title = lang.say("系统状态", "System");
    let shell = Shell::new(shared, visit, title, "/status", here)
        .under(vec![Crumb::to(everywhere(lang), "/"), Crumb::here(text(title))])
        .live(&as_of, now, events);
    let page = StatusPage {
        shell,
        position: as_of.position.to_string(),
        recorded: lang.moment_or_dash(as_of.recorded_time),
        age: age_words(lang, &as_of, now),
        lag: as_of.lag,
        lag_words: lag_words(lang, &as_of),
        damaged: as_of.damaged,
        unknown: as_of.unknown,
        now: lang.moment(now),
        version: env!("CARGO_PKG_VERSION"),
        digest,
    };
    Ok(page.render()?)
}
