//! `/incidents/{id}`: one incident with its deadlines, children and timeline.

mod case;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::{IncidentEvent, Status};
use yujian_views::{IncidentRow, Scope, TimelineRow};

use super::incidents::{guardians_untold, punctuality};
use super::timeline::{self, Line, Moments};
use super::{case_badge, severity_badge};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, bdi, text, url};
use crate::lang::Lang;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;
use case::Case;

/// A step of the case.
#[derive(Debug)]
struct Step {
    word: &'static str,
    time: Markup,
    done: bool,
    current: bool,
}

/// A legal clock of the case.
#[derive(Debug)]
struct Clock {
    what: Markup,
    due: Markup,
    provisional: bool,
    actual: Markup,
    verdict: Markup,
    policy: Option<Markup>,
}

/// A child concerned.
#[derive(Debug)]
struct ChildLine {
    number: u32,
    name: Markup,
    age: Markup,
    injury: String,
    severity: Markup,
    treatment: Markup,
    told: Markup,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    shell: Shell,
    category: String,
    status: Markup,
    severity: Markup,
    punctual: Markup,
    institution: Markup,
    institution_href: String,
    region: Markup,
    occurred: Markup,
    external: Option<Markup>,
    imported_rows: Markup,
    total: Markup,
    damaged: bool,
    steps: Vec<Step>,
    clocks: Vec<Clock>,
    children: Vec<ChildLine>,
    guardians_untold: Option<Markup>,
    about: Vec<(&'static str, Markup)>,
    texts: Vec<(&'static str, Markup, Markup)>,
    lines: Vec<Line>,
}

/// `GET /incidents/{id}`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, visit: Visit) -> Response {
    let made = load(&shared, &id, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, id: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Incident);
    let id: Uuid = id.parse().map_err(|_| absent())?;
    visit.fields(&[])?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let scope = Scope::default();
    let row = shared.views.incident(&scope, id).await?.ok_or_else(absent)?;
    let stream = format!("incident-{id}");
    let (events, as_of) = timeline::own(shared, &scope, row.institution, &stream)
        .await?
        .ok_or_else(absent)?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, Some(&row.region));
    crumbs.push(Crumb::to(
        bdi(&row.institution_name),
        format!("/institutions/{}", row.institution),
    ));
    crumbs.push(Crumb::here(text(&lang.term(row.category))));
    let title = format!("{} · {}", lang.term(row.category), row.institution_name);
    let shell = Shell::new(shared, visit, title, "/incidents", format!("/incidents/{id}"))
        .under(crumbs)
        .live(
            &as_of,
            now,
            url("/events", &[("institution", Some(&row.institution.to_string()))]),
        );
    Ok(build(shell, &terms, &reference.calendar, &row, &events, &stream, now).render()?)
}

fn build(
    shell: Shell,
    terms: &Terms,
    calendar: &Calendar,
    row: &IncidentRow,
    events: &[TimelineRow],
    stream: &str,
    now: Timestamp,
) -> IncidentPage {
    let lang = terms.lang;
    let own = row.id.to_string();
    let figure = |name, value: u64| html::figure(name, &own, value);
    let mut case = Case::default();
    for line in events.iter().filter(|line| line.damaged.is_none()) {
        let payload = line.payload.to_string();
        if let Ok(Some(event)) = IncidentEvent::decode(&line.event_type, payload.as_bytes()) {
            case.fold(terms, &event, line, &own);
        }
    }
    IncidentPage {
        category: lang.term(row.category),
        status: case_badge(lang, row.status),
        severity: severity_badge(lang, row.severity),
        punctual: punctuality(lang, row),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        occurred: lang.day_or_dash(row.occurred_date),
        external: row
            .external
            .as_ref()
            .map(|(register, number)| bdi(&format!("{register} {number}"))),
        imported_rows: figure("incident_imported_rows", row.imported_rows),
        total: figure("incident_events", events.len() as u64),
        damaged: row.damaged,
        steps: steps(lang, row, &case),
        clocks: case.clocks(lang, calendar, row, now),
        children: case.children(terms, &own),
        guardians_untold: (row.guardians_open > 0).then(|| guardians_untold(lang, row)),
        about: case.about,
        texts: case.texts,
        lines: events
            .iter()
            .rev()
            .map(|line| timeline::line(terms, line, stream, Moments::default()))
            .collect(),
        shell,
    }
}

fn steps(lang: Lang, row: &IncidentRow, case: &Case) -> Vec<Step> {
    if row.status == Status::Imported {
        return Vec::new();
    }
    // A concluded case may have skipped steps: triage can end it.
    let missing = if row.status == Status::Concluded {
        lang.say("未进行", "not taken")
    } else {
        lang.say("未到", "not yet")
    };
    let time = |time: Option<Timestamp>| time.map_or_else(|| text(missing), |time| lang.moment(time));
    let step = |word, at: Option<Timestamp>, current| Step {
        word,
        time: time(at),
        done: at.is_some(),
        current,
    };
    vec![
        step(lang.say("知悉", "Aware"), row.awareness_time, false),
        step(
            lang.say("报告", "Notified"),
            row.notified_time,
            row.status == Status::Notified,
        ),
        step(lang.say("研判", "Triaged"), case.triaged, row.status == Status::Triaged),
        step(
            lang.say("开始调查", "Investigation"),
            case.opened,
            matches!(row.status, Status::UnderInvestigation | Status::Reopened),
        ),
        step(
            lang.say("提出结论", "Conclusion proposed"),
            case.investigated.map(|(time, _)| time),
            row.status == Status::FindingsProposed,
        ),
        step(
            lang.say("办结", "Concluded"),
            case.concluded,
            row.status == Status::Concluded,
        ),
    ]
}
