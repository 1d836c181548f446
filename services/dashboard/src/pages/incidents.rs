//! `/incidents`: the list of incidents (安全事件), newest awareness first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use yujian_domain::calendar::Calendar;
use yujian_domain::incident::{Category, Status};
use yujian_domain::time::day_of;
use yujian_views::{IncidentQuery, IncidentRow};

use super::{Choice, Removable, case_badge, choices, deadline, severity_badge};
use crate::Shared;
use crate::failure::{Failure, answer, pairs};
use crate::html::{self, Markup, Tone, badge, bdi, moment_or_dash, number, seconds_between, span, url};
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that the page knows.
const KNOWN: [&str; 7] = ["region", "institution", "status", "category", "late", "open", "after"];

/// One incident in a list.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) category: &'static str,
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
    total: String,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
    position: String,
}

/// `GET /incidents`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let made = load(&shared, &uri).await;
    answer(&shared, &uri, made)
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
fn set(query: &IncidentQuery, institution: Option<&str>) -> Vec<(&'static str, String, String)> {
    let mut set = Vec::new();
    if let Some(region) = &query.region {
        set.push(("region", region.clone(), format!("地区：{region}")));
    }
    if let Some(id) = &query.institution {
        set.push((
            "institution",
            id.to_string(),
            format!("机构：{}", institution.unwrap_or("不详")),
        ));
    }
    for status in &query.statuses {
        set.push(("status", status.code().to_owned(), format!("状态：{}", status.zh())));
    }
    for category in &query.categories {
        set.push((
            "category",
            category.code().to_owned(),
            format!("类别：{}", category.zh()),
        ));
    }
    if query.late_only {
        set.push(("late", "1".to_owned(), "只看迟报".to_owned()));
    }
    if query.open_only {
        set.push(("open", "1".to_owned(), "只看未结".to_owned()));
    }
    set
}

async fn load(shared: &Shared, uri: &Uri) -> Result<String, Failure> {
    let query = read(&Fields::read(pairs(uri)?, &KNOWN)?)?;
    let now = shared.clock.now();
    let reference = (shared.reference)();
    let terms = Terms::new(Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = match query.institution {
        Some(id) => {
            let found = shared.views.institution(&query.scope, id).await?;
            Some(found.ok_or(Failure::NoThing("所机构"))?.name)
        }
        None => None,
    };
    let found = shared.views.incidents(query.clone()).await?;
    let set = set(&query, institution.as_deref());
    let fields: Vec<(&str, Option<&str>)> = set
        .iter()
        .map(|(name, value, _)| (*name, Some(value.as_str())))
        .collect();
    let with_after = |after: &str| url("/incidents", &[fields.as_slice(), &[("after", Some(after))]].concat());
    let here = match &query.after {
        Some(after) => with_after(after),
        None => url("/incidents", &fields),
    };
    let mut crumbs = super::region_crumbs(&reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    crumbs.push(Crumb::here(html::text("安全事件")));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let only = |codes: Vec<&'static str>| if codes.len() == 1 { codes.first().copied() } else { None };
    let page = IncidentsPage {
        shell: Shell::new(shared, "安全事件", "/incidents", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        statuses: choices(
            Status::ALL
                .iter()
                .filter(|status| **status != Status::None)
                .map(|s| (s.code(), s.zh())),
            only(query.statuses.iter().map(|s| s.code()).collect()),
        ),
        categories: choices(
            Category::ALL.iter().map(|c| (c.code(), c.zh())),
            only(query.categories.iter().map(|c| c.code()).collect()),
        ),
        late: query.late_only,
        open: query.open_only,
        used: Removable::all("/incidents", &set),
        total: number(found.total),
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
pub(crate) fn punctuality(row: &IncidentRow) -> Markup {
    match (row.notification_due, row.notified_time) {
        (Some(due), Some(notified)) if row.late => {
            let words = match seconds_between(due, notified) {
                0 => "迟报不足 1 秒".to_owned(),
                late => format!("迟报 {}", span(late)),
            };
            badge(Tone::Bad, &words)
        }
        (_, Some(_)) if row.late => badge(Tone::Bad, "迟报"),
        (Some(_), Some(_)) => badge(Tone::Ok, "及时"),
        _ => html::dash(),
    }
}

/// What is to be done next, and by when.
fn next(calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Markup {
    match (row.status, row.investigation_due, row.outcome) {
        (Status::Concluded | Status::Imported, _, Some(outcome)) => html::text(&format!("结论：{}", outcome.zh())),
        (Status::UnderInvestigation | Status::Reopened, Some(due), _) => html::text("调查至 ")
            .then(&html::day(due))
            .then(&html::text(" "))
            .then(&deadline(calendar, due, day_of(now))),
        (Status::Notified, ..) => html::text("待研判"),
        (Status::Triaged | Status::Reopened, ..) => html::text("待调查"),
        (Status::UnderInvestigation, ..) => html::text("调查中"),
        (Status::FindingsProposed, ..) => html::text("待办结"),
        _ => html::dash(),
    }
}

fn line(terms: &Terms, calendar: &Calendar, row: &IncidentRow, now: Timestamp) -> Row {
    let mut next = next(calendar, row, now);
    if row.guardians_open > 0 {
        let open = badge(Tone::Bad, &format!("{} 名监护人未告知", row.guardians_open));
        next = next.then(&html::text(" ")).then(&open);
    }
    Row {
        href: format!("/incidents/{}", row.id),
        category: row.category.zh(),
        severity: severity_badge(row.severity),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        aware: match row.awareness_time {
            Some(time) => html::moment(time),
            None => html::day_or_dash(row.occurred_date),
        },
        notified: moment_or_dash(row.notified_time)
            .then(&html::text(" "))
            .then(&punctuality(row)),
        status: case_badge(row.status),
        next,
        damaged: row.damaged,
    }
}
