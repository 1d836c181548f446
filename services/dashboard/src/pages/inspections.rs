//! `/inspections`: the list of inspections (检查), newest day first, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::inspection::{Purpose, Status};
use yujian_domain::time::day_of;
use yujian_views::{InspectionQuery, InspectionRow};

use super::marks::inspection_badge;
use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices, deadline};
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{self, Markup, Tone, badge, badge_around, bdi, text, url};
use crate::lang::Lang;
use crate::query::{BadField, Fields};
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that the page knows.
const KNOWN: [&str; 9] = [
    "region",
    "institution",
    "inspector",
    "status",
    "purpose",
    "from",
    "to",
    "open",
    "after",
];

#[derive(Debug)]
struct Row {
    href: String,
    purpose: String,
    marks: Vec<Markup>,
    institution: Markup,
    institution_href: String,
    region: Markup,
    day: Markup,
    status: Markup,
    findings: Markup,
    open: Option<Markup>,
    points: Markup,
    next: Markup,
    damaged: bool,
}

#[derive(Template)]
#[template(path = "inspections.html")]
struct InspectionsPage {
    shell: Shell,
    region: String,
    kept: Vec<(&'static str, String)>,
    statuses: Vec<Choice>,
    purposes: Vec<Choice>,
    from: String,
    to: String,
    open: bool,
    list: Listing,
    rows: Vec<Row>,
}

/// `GET /inspections`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

fn read(fields: &Fields) -> Result<InspectionQuery, Failure> {
    let (from, to) = (fields.day("from")?, fields.day("to")?);
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let (zh, en) = ("不能早于 from", "must not lie before from");
        return Err(BadField::new("to", zh, en).into());
    }
    let between = (from.is_some() || to.is_some()).then(|| {
        (
            from.unwrap_or(Date::constant(1900, 1, 1)),
            to.unwrap_or(Date::constant(9999, 12, 31)),
        )
    });
    Ok(InspectionQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        inspector: fields.id("inspector")?,
        statuses: fields.codes("status", Status::from_code)?,
        purposes: fields.codes("purpose", Purpose::from_code)?,
        visited_between: between,
        open_only: fields.tick("open")?,
        after: fields.words("after", 4096)?,
        limit: ROWS,
        ..InspectionQuery::default()
    })
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let (lang, now) = (visit.lang, shared.clock.now());
    let at = day_of(now);
    let fields = visit.fields(&KNOWN)?;
    let query = read(&fields)?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let found = shared.views.inspections(query.clone()).await?;
    let day = |name: &str| fields.day(name).ok().flatten();
    let mut narrow = Narrow::new("/inspections", lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution.as_deref());
    if let Some(id) = query.inspector.map(|id| id.to_string()) {
        let shown = html::code(&crate::terms::short(&id));
        narrow.one("inspector", id, ("检查人员", "Inspector"), &shown);
    }
    narrow.codes("status", ("状态", "Status"), &query.statuses);
    narrow.codes("purpose", ("目的", "Purpose"), &query.purposes);
    for (name, what) in [
        ("from", ("检查日不早于", "Visited from")),
        ("to", ("检查日不晚于", "Visited until")),
    ] {
        if let Some(day) = day(name) {
            narrow.one(name, day.to_string(), what, &lang.day(day));
        }
    }
    narrow.tick("open", query.open_only, ("只看未办结", "Open only"));
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    crumbs.push(Crumb::to(
        text(lang.say("执业规范", "Conduct")),
        url("/conduct", &[("region", query.region.as_deref())]),
    ));
    let title = lang.say("检查", "Inspections");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let here = narrow.address(query.after.as_deref());
    let day_text = |name: &str| day(name).map_or_else(String::new, |day| day.to_string());
    let page = InspectionsPage {
        shell: Shell::new(shared, visit, title, "/conduct", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        kept: [("institution", query.institution), ("inspector", query.inspector)]
            .into_iter()
            .filter_map(|(name, id)| Some((name, id?.to_string())))
            .collect(),
        statuses: choices(
            lang,
            Status::ALL.iter().copied().filter(|status| *status != Status::None),
            only(&query.statuses),
        ),
        purposes: choices(lang, Purpose::ALL.iter().copied(), only(&query.purposes)),
        from: day_text("from"),
        to: day_text("to"),
        open: query.open_only,
        list: narrow.listing(&found, query.after.as_deref()),
        rows: found
            .rows
            .iter()
            .map(|row| line(&terms, &reference.calendar, row, at))
            .collect(),
    };
    Ok(page.render()?)
}

/// The day of the visit, else the window in which it is to be.
pub(crate) fn day(lang: Lang, row: &InspectionRow) -> Markup {
    match (row.arrived_time, row.visited_date, row.window) {
        (Some(time), ..) => lang.moment(time),
        (_, Some(day), _) => lang.day(day),
        (_, _, Some((from, to))) => text(lang.say("计划 ", "planned "))
            .then(&lang.day(from))
            .then(&text(lang.say(" 至 ", " to ")))
            .then(&lang.day(to)),
        _ => text(lang.say("日期不详", "day unknown")),
    }
}

/// What is particular about an inspection.
pub(crate) fn marks(lang: Lang, row: &InspectionRow) -> Vec<Markup> {
    [
        (row.emergency, Tone::Warn, lang.say("紧急", "emergency")),
        (row.announced, Tone::Off, lang.say("事先告知", "announced")),
        (
            row.ordered_from_above,
            Tone::Off,
            lang.say("上级部署", "ordered from above"),
        ),
        (
            row.backfilled,
            Tone::Warn,
            lang.say("补录到场", "arrival filled in afterwards"),
        ),
        (row.approved_late, Tone::Bad, lang.say("补批迟到", "approved late")),
        (
            !row.ratio_exceeded.is_empty(),
            Tone::Bad,
            lang.say("超过师幼比", "ratio exceeded"),
        ),
    ]
    .into_iter()
    .filter(|(holds, ..)| *holds)
    .map(|(_, tone, word)| badge(tone, word))
    .collect()
}

/// Points met of points looked at, with the veto items that were not met.
pub(crate) fn points(lang: Lang, row: &InspectionRow) -> Markup {
    let Some((met, of)) = row.points else {
        return html::dash();
    };
    let id = row.id.to_string();
    let said = |name, value: u32| html::figure(name, &id, u64::from(value));
    let shares = said("inspection_points", met)
        .then(&text(" / "))
        .then(&said("inspection_points_of", of));
    match row.vetoes {
        Some(vetoes) if vetoes > 0 => {
            let words = text(lang.say("否决项 ", "veto items: ")).then(&said("inspection_vetoes", vetoes));
            shares.then(&text(" ")).then(&badge_around(Tone::Bad, &words))
        }
        _ => shares,
    }
}

/// The deadline that runs, if one does.
fn next(lang: Lang, calendar: &Calendar, row: &InspectionRow, at: Date) -> Markup {
    if let Some(due) = &row.approval_due {
        return text(lang.say("补批 ", "approval "))
            .then(&lang.day(due.due_date))
            .then(&text(" "))
            .then(&deadline(lang, calendar, due.due_date, at));
    }
    match (&row.comments_due, row.status) {
        (Some(due), Status::DraftIssued) => text(lang.say("反馈意见 ", "comments "))
            .then(&lang.day(due.due_date))
            .then(&text(" "))
            .then(&deadline(lang, calendar, due.due_date, at)),
        _ => html::dash(),
    }
}

fn line(terms: &Terms, calendar: &Calendar, row: &InspectionRow, at: Date) -> Row {
    let lang = terms.lang;
    let id = row.id.to_string();
    Row {
        href: format!("/inspections/{id}"),
        purpose: lang.term(row.purpose),
        marks: marks(lang, row),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        day: day(lang, row),
        status: inspection_badge(lang, row.status),
        findings: html::figure("inspection_findings", &id, row.findings),
        open: (row.open_findings > 0).then(|| html::figure("inspection_open_findings", &id, row.open_findings)),
        points: points(lang, row),
        next: next(lang, calendar, row, at),
        damaged: row.damaged,
    }
}
