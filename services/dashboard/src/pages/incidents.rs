//! `/incidents`: the list of incidents (安全事件), newest awareness first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use yujian_domain::calendar::Calendar;
use yujian_domain::incident::{Category, Status};
use yujian_domain::time::day_of;
use yujian_views::{IncidentQuery, IncidentRow};

use super::{Choice, Removable, Set, case_badge, choices, deadline, set, severity_badge};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, Tone, badge, badge_around, bdi, number, seconds_between, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that the page knows.
const KNOWN: [&str; 7] = ["region", "institution", "status", "category", "late", "open", "after"];

/// One incident in a list.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) category: String,
    pub(crate) severity: Markup,
    pub(crate) institution: Markup,
    pub(crate) institution_href: String,
    pub(crate) region: Markup,
    pub(crate) aware: Markup,
    pub(crate) notified: Markup,
    pub(crate) status: Markup,
    pub(crate) next: Markup,
    pub(crate) damaged: bool,
}

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    shell: Shell,
    region: String,
    institution: String,
    statuses: Vec<Choice>,
    categories: Vec<Choice>,
    late: bool,
    open: bool,
    used: Vec<Removable>,
    total: Markup,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    position: String,
}

/// `GET /incidents`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

fn read(fields: &Fields) -> Result<IncidentQuery, Failure> {
    Ok(IncidentQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        statuses: fields.codes("status", Status::from_code)?,
        categories: fields.codes("category", Category::from_code)?,
        late_only: fields.tick("late")?,
        open_only: fields.tick("open")?,
        after: fields.words("after", 4096)?,
        limit: ROWS,
        ..IncidentQuery::default()
    })
}

/// Every field that is set, but the place in the list.
fn filters(lang: Lang, query: &IncidentQuery, institution: Option<&str>) -> Vec<Set> {
    let mut all = Vec::new();
    if let Some(region) = &query.region {
        let what = lang.say("地区", "Region");
        all.push(set(lang, "region", region.clone(), what, &bdi(region)));
    }
    if let Some(id) = &query.institution {
        let what = lang.say("机构", "Institution");
        let name = institution.map_or_else(|| text(lang.say("不详", "unknown")), bdi);
        all.push(set(lang, "institution", id.to_string(), what, &name));
    }
    for status in &query.statuses {
        let (what, word) = (lang.say("状态", "Status"), text(&lang.term(*status)));
        all.push(set(lang, "status", status.code().to_owned(), what, &word));
    }
    for category in &query.categories {
        let (what, word) = (lang.say("类别", "Category"), text(&lang.term(*category)));
        all.push(set(lang, "category", category.code().to_owned(), what, &word));
    }
    if query.late_only {
        let word = text(lang.say("只看迟报", "Notified late only"));
        all.push(("late", "1".to_owned(), word));
    }
    if query.open_only {
        let word = text(lang.say("只看未结", "Open only"));
        all.push(("open", "1".to_owned(), word));
    }
    all
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let query = read(&visit.fields(&KNOWN)?)?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = match query.institution {
        Some(id) => {
            let found = shared.views.institution(&query.scope, id).await?;
            Some(found.ok_or(Failure::NoThing(Thing::Institution))?.name)
        }
        None => None,
    };
    let found = shared.views.incidents(query.clone()).await?;
    let set = filters(lang, &query, institution.as_deref());
    let fields: Vec<(&str, Option<&str>)> = set
        .iter()
        .map(|(name, value, _)| (*name, Some(value.as_str())))
        .collect();
    let with_after = |after: &str| url("/incidents", &[fields.as_slice(), &[("after", Some(after))]].concat());
    let here = match &query.after {
        Some(after) => with_after(after),
        None => url("/incidents", &fields),
    };
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    let title = lang.say("安全事件", "Incidents");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let only = |codes: Vec<&'static str>| if codes.len() == 1 { codes.first().copied() } else { None };
    let page = IncidentsPage {
        shell: Shell::new(shared, visit, title, "/incidents", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        statuses: choices(
            lang,
            Status::ALL.iter().copied().filter(|status| *status != Status::None),
            only(query.statuses.iter().map(|s| s.code()).collect()),
        ),
        categories: choices(
            lang,
            Category::ALL.iter().copied(),
            only(query.categories.iter().map(|c| c.code()).collect()),
        ),
        late: query.late_only,
        open: query.open_only,
        used: Removable::all("/incidents", &set),
        total: html::figure("listed", "/incidents", found.total),
        first: query.after.is_some().then(|| url("/incidents", &fields)),
        next: found.next.as_deref().map(with_after),
        position: number(found.as_of.position.number),
        rows: found
            .rows
            .iter()
            .map(|row| line(&terms, &reference.calendar, row, now))
            .collect(),
    };
    Ok(page.render()?)
}

/// How the notification stands to its deadline.
pub(crate) fn punctuality(lang: Lang, row: &IncidentRow) -> Markup {
    match (row.notification_due, row.notified_time) {
        (Some(due), Some(notified)) if row.late => {
            let words = match seconds_between(due, notified) {
                0 => lang.say("迟报不足 1 秒", "late by less than 1 s").to_owned(),
                late => format!("{} {}", lang.say("迟报", "late by"), lang.span(late)),
            };
            badge(Tone::Bad, &words)
        }
        (_, Some(_)) if row.late => badge(Tone::Bad, lang.say("迟报", "late")),
        (Some(_), Some(_)) => badge(Tone::Ok, lang.say("及时", "in time")),
        _ => html::dash(),
    }
}

/// What is to be done next, and by when.
fn next(lang: Lang, calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Markup {
    match (row.status, row.investigation_due, row.outcome) {
        (Status::Concluded | Status::Imported, _, Some(outcome)) => text(&format!(
            "{}{}{}",
            lang.say("结论", "Conclusion"),
            lang.colon(),
            lang.term(outcome)
        )),
        (Status::UnderInvestigation | Status::Reopened, Some(due), _) => text(lang.say("调查至 ", "investigate by "))
            .then(&lang.day(due))
            .then(&text(" "))
            .then(&deadline(lang, calendar, due, day_of(now))),
        (Status::Notified, ..) => text(lang.say("待研判", "to be triaged")),
        (Status::Triaged | Status::Reopened, ..) => text(lang.say("待调查", "to be investigated")),
        (Status::UnderInvestigation, ..) => text(lang.say("调查中", "under investigation")),
        (Status::FindingsProposed, ..) => text(lang.say("待办结", "to be concluded")),
        _ => html::dash(),
    }
}

/// Guardians whom nobody has told yet.
pub(crate) fn guardians_untold(lang: Lang, row: &IncidentRow) -> Markup {
    let count = html::figure("incident_guardians_untold", row.id.to_string(), row.guardians_open);
    text(lang.say("", "guardians not told: "))
        .then(&count)
        .then(&text(lang.say(" 名监护人未告知", "")))
}

fn line(terms: &Terms, calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Row {
    let lang = terms.lang;
    let mut next = next(lang, calendar, row, now);
    if row.guardians_open > 0 {
        let open = badge_around(Tone::Bad, &guardians_untold(lang, row));
        next = next.then(&text(" ")).then(&open);
    }
    Row {
        href: format!("/incidents/{}", row.id),
        category: lang.term(row.category),
        severity: severity_badge(lang, row.severity),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        aware: match row.awareness_time {
            Some(time) => lang.moment(time),
            None => lang.day_or_dash(row.occurred_date),
        },
        notified: lang
            .moment_or_dash(row.notified_time)
            .then(&text(" "))
            .then(&punctuality(lang, row)),
        status: case_badge(lang, row.status),
        next,
        damaged: row.damaged,
    }
}
