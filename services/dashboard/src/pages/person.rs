//! `/persons/{id}`: one person of the staff: engagements, papers, bars, alerts, timeline. Names and numbers are masked.

mod record;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;
use yujian_domain::time::day_of;
use yujian_views::{AlertQuery, Scope};

use super::timeline::{self, Line, Moments};
use super::{alerts, marks};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{Markup, figure, message, text, url};
use crate::lanes::Lanes;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;
use record::{BarLine, EngagementLine, PaperLine, TrainingLine};

/// Events of the timeline on one page.
const EVENTS: u32 = 30;
/// Alerts listed; the rest stands in the list of alerts.
const ALERTS: u32 = 10;

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    shell: Shell,
    name: Markup,
    badges: Vec<Markup>,
    about: Vec<(&'static str, Markup)>,
    engagements: Vec<EngagementLine>,
    engagements_total: Markup,
    work: Option<Lanes>,
    papers: Vec<PaperLine>,
    validity: Option<Lanes>,
    trainings: Vec<TrainingLine>,
    hours: Markup,
    bars: Vec<BarLine>,
    alerts: Vec<alerts::Row>,
    alerts_total: Markup,
    alerts_href: String,
    damaged: Vec<(String, Markup)>,
    lines: Vec<Line>,
    total: Markup,
    newer: Option<String>,
    older: Option<String>,
}

/// `GET /persons/{id}`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, visit: Visit) -> Response {
    let made = load(&shared, &id, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, id: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Person);
    let id: Uuid = id.parse().map_err(|_| absent())?;
    let after = visit.fields(&["after"])?.words("after", 4096)?;
    let (lang, now, scope) = (visit.lang, shared.clock.now(), Scope::default());
    let at = day_of(now);
    let person = shared.views.person(&scope, id, at).await?.ok_or_else(absent)?;
    let events = shared
        .views
        .timeline_of_person(&scope, id, after.clone(), EVENTS)
        .await?;
    let raised = AlertQuery {
        person: Some(id),
        limit: ALERTS,
        ..AlertQuery::default()
    };
    // What was dismissed, or has ended otherwise, marks nobody.
    let open = AlertQuery {
        open_only: true,
        limit: 1,
        ..raised.clone()
    };
    let open = shared.views.alerts(open).await?.total;
    let raised = shared.views.alerts(raised).await?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let row = &person.row;
    let region = Some(row.region.as_str()).filter(|region| !region.is_empty());
    let own = id.to_string();
    let path = format!("/persons/{id}");
    let asked = |after: Option<&str>| url(&path, &[("after", after)]);
    let name = marks::name(&terms, row.name.as_ref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, region);
    crumbs.push(Crumb::to(
        text(lang.say("人员资质", "Staff")),
        url("/staff", &[("region", region)]),
    ));
    crumbs.push(Crumb::here(name.clone()));
    let title = lang.say("人员", "Person");
    let shell = Shell::new(shared, visit, title, "/staff", asked(after.as_deref()))
        .under(crumbs)
        .live(&person.as_of, now, url("/events", &[("person", Some(&own))]));
    let stream = format!("person-{id}");
    let page = PersonPage {
        badges: record::badges(lang, row, open, at),
        about: record::about(&terms, row),
        work: record::work(&person.engagements, at),
        engagements_total: figure(
            "person_engagements",
            &own,
            u64::try_from(person.engagements.len()).unwrap_or(u64::MAX),
        ),
        engagements: record::engagements(lang, &person.engagements, at),
        validity: record::validity(&person, at),
        papers: record::papers(&terms, &person, at),
        hours: figure(
            "person_training_hours",
            &own,
            person
                .trainings
                .iter()
                .map(|training| u64::from(training.hours))
                .sum::<u64>(),
        ),
        trainings: record::trainings(lang, &person.trainings),
        bars: record::bars(&terms, &person.bars, at),
        alerts: raised.rows.iter().map(|row| alerts::line(&terms, row, at)).collect(),
        alerts_total: figure("person_alerts", &own, raised.total),
        alerts_href: url("/alerts", &[("person", Some(&own))]),
        damaged: person
            .damaged
            .iter()
            .map(|(stream, problem)| (stream.clone(), message(problem)))
            .collect(),
        lines: events
            .rows
            .iter()
            .map(|line| timeline::line(&terms, line, &stream, Moments::default()))
            .collect(),
        total: figure("person_events", &own, events.total),
        newer: after.is_some().then(|| asked(None)),
        older: events.next.as_deref().map(|next| asked(Some(next))),
        name,
        shell,
    };
    Ok(page.render()?)
}
