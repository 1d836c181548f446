//! `/inspections/{id}`: one inspection with its checklist, findings, corrections and their clocks, and timeline.

mod course;
mod result;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;
use yujian_domain::time::day_of;
use yujian_views::{AlertQuery, Scope};

use super::marks::{BAR, inspection_badge};
use super::timeline::{self, Line, Moments};
use super::{alerts, inspections};
use crate::Shared;
use crate::charts::scale;
use crate::failure::{Failure, Thing, answer};
use crate::html::{Markup, bdi, figure, message, text, url};
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;
use course::{Course, FindingLine, Step};
use result::{DimensionLine, InspectorLine, ItemLine, RatioLine};

/// Alerts listed.
const ALERTS: u32 = 10;

#[derive(Template)]
#[template(path = "inspection.html")]
struct InspectionPage {
    shell: Shell,
    purpose: String,
    badges: Vec<Markup>,
    institution: Markup,
    institution_href: String,
    region: Markup,
    day: Markup,
    steps: Vec<Step>,
    dimensions: Vec<DimensionLine>,
    checklist: Option<Markup>,
    unmet: Vec<ItemLine>,
    points: Markup,
    points_bar: Option<u64>,
    presence: Vec<RatioLine>,
    others: Vec<(String, Markup)>,
    findings: Vec<FindingLine>,
    assistance: Vec<(Markup, Markup)>,
    draft: Vec<(&'static str, Markup)>,
    inspectors: Vec<InspectorLine>,
    recused: Option<Markup>,
    findings_total: Markup,
    unmet_total: Markup,
    total: Markup,
    about: Vec<(&'static str, Markup)>,
    visits: Vec<(&'static str, Markup)>,
    alerts: Vec<alerts::Row>,
    damaged: Vec<(String, Markup)>,
    imported_rows: Option<Markup>,
    lines: Vec<Line>,
}

/// `GET /inspections/{id}`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, Path(id): Path<String>, visit: Visit) -> Response {
    let made = load(&shared, &id, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, id: &str, visit: &Visit) -> Result<String, Failure> {
    let absent = || Failure::NoThing(Thing::Inspection);
    let id: Uuid = id.parse().map_err(|_| absent())?;
    visit.fields(&[])?;
    let (lang, now, scope) = (visit.lang, shared.clock.now(), Scope::default());
    let at = day_of(now);
    let found = shared.views.inspection(&scope, id).await?.ok_or_else(absent)?;
    let row = &found.row;
    let stream = format!("inspection-{id}");
    let (events, _) = timeline::own(shared, &scope, row.institution, &stream)
        .await?
        .ok_or_else(absent)?;
    let raised = AlertQuery {
        inspection: Some(id),
        limit: ALERTS,
        ..AlertQuery::default()
    };
    let raised = shared.views.alerts(raised).await?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let checklist = row
        .checklist
        .as_ref()
        .and_then(|version| reference.checklist(version).ok());
    let course = Course::fold(&events);
    let purpose = lang.term(row.purpose);
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, Some(&row.region));
    crumbs.push(Crumb::to(
        bdi(&row.institution_name),
        format!("/institutions/{}", row.institution),
    ));
    crumbs.push(Crumb::here(text(&purpose)));
    let title = format!("{purpose} · {}", row.institution_name);
    let events_of = url("/events", &[("institution", Some(&row.institution.to_string()))]);
    let shell = Shell::new(shared, visit, title, "/conduct", format!("/inspections/{id}"))
        .under(crumbs)
        .live(&found.as_of, now, events_of);
    let mut badges = vec![inspection_badge(lang, row.status)];
    badges.extend(inspections::marks(lang, row));
    let own = id.to_string();
    let said = |name, value: u64| figure(name, &own, value);
    let unmet = result::unmet(&terms, checklist, &own, &found.answers);
    let page = InspectionPage {
        badges,
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        day: inspections::day(lang, row),
        steps: course.steps(lang, row),
        dimensions: result::dimensions(lang, checklist, &own, &found.results),
        checklist: row
            .checklist
            .as_ref()
            .map(|version| result::title(lang, checklist, version)),
        unmet_total: said("inspection_unmet", unmet.len() as u64),
        unmet,
        points: inspections::points(lang, row),
        points_bar: row
            .points
            .filter(|(_, of)| *of > 0)
            .map(|(met, of)| scale(u64::from(met), u64::from(of), BAR)),
        presence: found
            .presence
            .as_ref()
            .map(|presence| result::ratios(lang, &own, presence))
            .unwrap_or_default(),
        others: found
            .presence
            .as_ref()
            .map(|presence| result::others(lang, &own, presence))
            .unwrap_or_default(),
        findings: course.findings(&terms, &reference, &found.findings, at),
        assistance: result::assistance(&terms, checklist, &found.assistance),
        draft: result::draft(&terms, &reference.calendar, &found, at),
        inspectors: result::inspectors(&terms, &found.inspectors, row, at),
        recused: (!found.recused.is_empty()).then(|| said("inspection_recused", found.recused.len() as u64)),
        findings_total: said("inspection_findings", found.findings.len() as u64),
        total: said("inspection_events", events.len() as u64),
        about: result::about(&terms, checklist, &reference.calendar, &found, at),
        visits: result::visits(lang, &own, &found.visits),
        alerts: raised.rows.iter().map(|row| alerts::line(&terms, row, at)).collect(),
        damaged: found
            .damaged
            .iter()
            .map(|(stream, problem)| (stream.clone(), message(problem)))
            .collect(),
        imported_rows: row
            .external
            .as_ref()
            .map(|_| said("inspection_imported_rows", row.imported_rows)),
        lines: events
            .iter()
            .rev()
            .map(|line| timeline::line(&terms, line, &stream, Moments::default()))
            .collect(),
        purpose,
        shell,
    };
    Ok(page.render()?)
}
