//! `/institutions/{id}`: the dossier (一机一档) with its two axes of time, and the timeline.

mod authorization;
mod others;
mod present;
mod reader;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::time::day_of;
use yujian_views::Scope;

use super::plane::Plane;
use super::timeline::{self, Line, Moments};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{Markup, bdi, url};
use crate::query::BadField;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;
use authorization::Authorization;
use present::Present;
use reader::Reader;

/// Events of the timeline on one page.
const EVENTS: u32 = 30;
/// One fact that holds.
#[derive(Debug)]
struct Held {
    label: String,
    value: Markup,
    valid: Markup,
    source: Source,
    differs: Option<Markup>,
}

/// The event that says so.
#[derive(Debug)]
struct Source {
    title: &'static str,
    href: Option<String>,
    place: String,
    recorded: Markup,
}

#[derive(Debug)]
struct Group {
    id: usize,
    title: &'static str,
    facts: Vec<Held>,
}

/// A fact that no longer stands.
#[derive(Debug)]
struct Past {
    label: String,
    value: Markup,
    valid: Markup,
    source: Source,
    withdrawn: Option<(Markup, Option<String>)>,
}

/// A fact that differs between the times.
#[derive(Debug)]
struct Difference {
    label: Markup,
    then: Markup,
    then_known_now: Markup,
    now: Markup,
}

#[derive(Debug)]
struct ClassLine {
    name: Markup,
    kind: String,
    places: u32,
}

#[derive(Debug)]
struct PaperLine {
    label: String,
    issuer: Markup,
    issued: Markup,
    expiry: Markup,
    state: Markup,
    source: Source,
}

#[derive(Debug)]
struct Case {
    href: String,
    category: Markup,
    occurred: Markup,
    status: Markup,
    late: bool,
    outcome: Markup,
}

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage {
    shell: Shell,
    name: Markup,
    status: Markup,
    imported: bool,
    moments: Moments,
    as_of: Option<Markup>,
    known_at: Option<Markup>,
    today: Date,
    path: String,
    past: bool,
    plane: Option<Plane>,
    differences: Vec<Difference>,
    differences_more: usize,
    groups: Vec<Group>,
    classes: Vec<ClassLine>,
    class_places: Markup,
    classes_source: Option<Source>,
    papers: Vec<PaperLine>,
    cases: Vec<Case>,
    cases_total: Markup,
    cases_href: String,
    authorization: Option<Authorization>,
    present: Option<Present>,
    presets: Vec<(&'static str, String)>,
    retired: Vec<Past>,
    damaged: Vec<(String, Markup)>,
    lines: Vec<Line>,
    total: Markup,
    newer: Option<String>,
    older: Option<String>,
}

/// `GET /institutions/{id}?as_of=…&known_at=…`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, visit: Visit) -> Response {
    let made = load(&shared, &id, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, id: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Institution);
    let id: Uuid = id.parse().map_err(|_| absent())?;
    let fields = visit.fields(&["as_of", "known_at", "after"])?;
    let moments = Moments {
        as_of: fields.day("as_of")?,
        known_at: fields.day("known_at")?,
    };
    let after = fields.words("after", 4096)?;
    let (lang, now) = (visit.lang, shared.clock.now());
    if moments.known_at.is_some_and(|day| day > day_of(now)) {
        return Err(BadField::new(
            "known_at",
            "已知日不能晚于今天：还没有记录",
            "must not lie after today: nothing is recorded yet",
        )
        .into());
    }
    let scope = Scope::default();
    let row = shared.views.institution(&scope, id).await?.ok_or_else(absent)?;
    let stored = shared.views.dossier(&scope, id).await?.ok_or_else(absent)?;
    let events = shared.views.timeline(&scope, id, after.clone(), EVENTS).await?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let authorization = authorization::load(shared, &terms, &reference, id).await?;
    let present = present::load(shared, &terms, &reference, id).await?;
    let path = format!("/institutions/{id}");
    let asked = |after: Option<&str>| {
        let (x, y) = (
            moments.as_of.map(|day| day.to_string()),
            moments.known_at.map(|day| day.to_string()),
        );
        url(
            &path,
            &[("as_of", x.as_deref()), ("known_at", y.as_deref()), ("after", after)],
        )
    };
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, Some(&row.region));
    crumbs.push(Crumb::here(bdi(&row.name)));
    let shell = Shell::new(
        shared,
        visit,
        row.name.clone(),
        "/institutions",
        asked(after.as_deref()),
    )
    .under(crumbs)
    .live(
        &stored.as_of,
        now,
        url("/events", &[("institution", Some(&id.to_string()))]),
    );
    let newer = after.is_some().then(|| asked(None));
    let older = events.next.as_deref().map(|next| asked(Some(next)));
    let reader = Reader {
        terms: &terms,
        own: format!("institution-{id}"),
        moments,
        now,
    };
    let mut page = reader.build(shell, stored, events);
    page.imported = row.imported;
    page.name = bdi(&row.name);
    page.authorization = Some(authorization).filter(|section| !section.is_empty());
    page.present = Some(present);
    page.cases_href = url("/incidents", &[("institution", Some(&id.to_string()))]);
    page.presets = timeline::presets(lang, &path, day_of(now));
    page.path = path;
    (page.newer, page.older) = (newer, older);
    Ok(page.render()?)
}
