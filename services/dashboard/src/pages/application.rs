//! `/applications/{institution}/{number}`: one application with its course, papers, checks, clocks and events.

mod course;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::Unit;
use yujian_domain::time::day_of;
use yujian_views::{ApplicationDetail, Scope};

use super::applications::{application_href, deemed, kind, state_badge};
use super::clocks::{self, ClockBlock};
use super::timeline::{self, Line, Moments};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{Markup, Tone, badge, bdi, text, url};
use crate::lang::Lang;
use crate::shell::{Crumb, Shell};
use crate::terms::{self, Terms};
use crate::visit::Visit;
use course::{CheckLine, ItemLine, PaperLine, Step, VerificationLine};

#[derive(Template)]
#[template(path = "application.html")]
struct ApplicationPage {
    shell: Shell,
    title: String,
    state: Markup,
    marks: Vec<Markup>,
    institution: Markup,
    institution_href: String,
    region: Markup,
    kind: String,
    damaged: bool,
    steps: Vec<Step>,
    clocks: Vec<ClockBlock>,
    deadlines_href: String,
    items: Vec<ItemLine>,
    returned: Markup,
    papers: Vec<PaperLine>,
    checks: Vec<CheckLine>,
    verifications: Vec<VerificationLine>,
    about: Vec<(&'static str, Markup)>,
    asked: Vec<(String, Markup)>,
    proposal: Vec<(String, Markup)>,
    lines: Vec<Line>,
}

/// `GET /applications/{institution}/{number}`
pub(crate) async fn page(
    State(shared): State<Arc<Shared>>,
    Path((institution, number)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    let made = load(&shared, &institution, &number, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, institution: &str, number: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Application);
    let institution: Uuid = institution.parse().map_err(|_| absent())?;
    let number: u32 = number.parse().map_err(|_| absent())?;
    visit.fields(&[])?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let found = shared.views.application(&Scope::default(), institution, number).await?;
    let found = found.ok_or_else(absent)?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let row = &found.row;
    let title = title(lang, &found);
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, Some(&row.region));
    crumbs.push(Crumb::to(
        text(lang.say("机构准入", "Admission")),
        url("/admission", &[("region", Some(&row.region))]),
    ));
    crumbs.push(Crumb::to(
        bdi(&row.institution_name),
        format!("/institutions/{institution}"),
    ));
    crumbs.push(Crumb::here(text(&title)));
    let shell = Shell::new(
        shared,
        visit,
        format!("{title} · {}", row.institution_name),
        "/admission",
        application_href(institution, number),
    )
    .under(crumbs)
    .live(
        &found.as_of,
        now,
        url("/events", &[("institution", Some(&institution.to_string()))]),
    );
    Ok(build(shell, title, &terms, &reference.calendar, &found, day_of(now)).render()?)
}

/// `备案 第 1 号`.
fn title(lang: Lang, found: &ApplicationDetail) -> String {
    let (kind, number) = (kind(lang, found.row.kind), found.row.number);
    lang.say(&format!("{kind} 第 {number} 号"), &format!("{kind} no. {number}"))
        .to_owned()
}

fn build(
    shell: Shell,
    title: String,
    terms: &Terms,
    calendar: &Calendar,
    found: &ApplicationDetail,
    at: Date,
) -> ApplicationPage {
    let (lang, row) = (terms.lang, &found.row);
    let stream = format!("institution-{}", row.institution);
    let mut marks = Vec::new();
    if row.deemed.is_some() {
        marks.push(deemed(lang, row.deemed));
    }
    if row.joint {
        marks.push(badge(Tone::Off, lang.say("联合办理", "handled jointly")));
    }
    if row.late {
        marks.push(badge(Tone::Warn, lang.say("决定超期", "decided late")));
    }
    if row.certificate_late {
        marks.push(badge(Tone::Warn, lang.say("发证超期", "certificate late")));
    }
    ApplicationPage {
        title,
        state: state_badge(lang, row.state),
        marks,
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        kind: lang.term(row.institution_type),
        damaged: row.damaged,
        steps: course::steps(lang, found),
        clocks: found
            .clocks
            .iter()
            .map(|history| clocks::block(terms, history, at, calendar))
            .collect(),
        deadlines_href: url("/deadlines", &[("institution", Some(&row.institution.to_string()))]),
        items: found
            .items
            .iter()
            .map(|item| course::item(terms, found, item))
            .collect(),
        returned: crate::html::figure(
            "application_returned",
            format!("{}/{}", row.institution, row.number),
            u64::from(row.returned),
        ),
        papers: course::papers(terms, found, at),
        checks: found.checks.iter().map(|of| course::check(terms, of)).collect(),
        verifications: found
            .verifications
            .iter()
            .map(|(_, of)| course::verification(terms, of))
            .collect(),
        about: about(terms, calendar, found, at),
        asked: course::asked(terms, found),
        proposal: course::proposal(terms, found),
        lines: found
            .steps
            .iter()
            .rev()
            .map(|line| timeline::line(terms, line, &stream, Moments::default()))
            .collect(),
        shell,
    }
}

fn about(terms: &Terms, calendar: &Calendar, found: &ApplicationDetail, at: Date) -> Vec<(&'static str, Markup)> {
    let (lang, row) = (terms.lang, &found.row);
    let mut about = vec![(lang.say("收件", "Received"), lang.day_or_dash(row.submitted_date))];
    if let Some(since) = row.state_since {
        let mut shown = lang.day(since);
        if !row.state.is_final() {
            let days = super::admission::days_between(calendar, since, at);
            let shown_days = clocks::days(lang, Unit::WorkingDays, days);
            shown = shown.then(&text(lang.say("，已 ", ", for "))).then(&text(&shown_days));
        }
        about.push((lang.say("现状态自", "In this state since"), shown));
    }
    for (words, suffix) in [
        (lang.say("经办，拟定", "Proposed by"), "DecisionProposed.v1"),
        (lang.say("决定", "Decided by"), "ApplicationGranted.v1"),
        (lang.say("决定", "Decided by"), "ApplicationRefused.v1"),
        (lang.say("出具回执", "Receipt issued by"), "FilingReceiptIssued.v1"),
    ] {
        if let Some(step) = found.steps.iter().rev().find(|step| step.event_type.ends_with(suffix)) {
            about.push((words, timeline::actor(lang, step)));
        }
    }
    if let Some(day) = row.decided_date {
        about.push((lang.say("决定日", "Decided on"), lang.day(day)));
    }
    if let Some(day) = row.certificate_date {
        about.push((lang.say("发证日", "Certificate issued on"), lang.day(day)));
    }
    if let Some((id, version)) = &row.policy {
        about.push((lang.say("政策", "Policy"), terms::policy(lang, id, version)));
    }
    about
}
