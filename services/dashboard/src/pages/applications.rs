//! `/applications`: applications, filings included, latest submitted first, page by page; and the same list as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::calendar::Calendar;
use yujian_domain::institution::{ApplicationKind, ApplicationState, DeemedOutcome};
use yujian_domain::time::day_of;
use yujian_views::{ApplicationQuery, ApplicationRow, ClockBucket};

use super::clocks::{left, soon};
use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices};
use crate::Shared;
use crate::csv::{self, Cell, Lines};
use crate::failure::{Failure, answer};
use crate::html::{self, Markup, Tone, badge, bdi, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::{self, Terms};
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Rows read at once for a file.
const AT_ONCE: u32 = 500;
/// Returns from which a list of what was returned again begins.
const AGAIN: u32 = 2;
/// Fields that list and file know.
const KNOWN: [&str; 10] = [
    "region",
    "institution",
    "state",
    "kind",
    "left",
    "open",
    "deemed",
    "item",
    "again",
    "after",
];

/// An application as a line of a list.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) institution: Markup,
    pub(crate) region: Markup,
    pub(crate) kind: String,
    pub(crate) number: u32,
    pub(crate) state: Markup,
    pub(crate) since: Markup,
    pub(crate) days: Markup,
    pub(crate) clock: String,
    pub(crate) left: Markup,
    pub(crate) submitted: Markup,
    pub(crate) returned: Markup,
    pub(crate) marks: Vec<Markup>,
    pub(crate) damaged: bool,
}

#[derive(Template)]
#[template(path = "applications.html")]
struct ApplicationsPage {
    shell: Shell,
    region: String,
    institution: String,
    item: String,
    states: Vec<Choice>,
    kinds: Vec<Choice>,
    lefts: Vec<Choice>,
    deemed: Vec<Choice>,
    open: bool,
    again: bool,
    list: Listing,
    file: String,
    rows: Vec<Row>,
}

/// The page of an application.
pub(crate) fn application_href(institution: Uuid, number: u32) -> String {
    format!("/applications/{institution}/{number}")
}

/// What a kind is called; while a damaged record hides it, that.
pub(crate) fn kind(lang: Lang, kind: Option<ApplicationKind>) -> String {
    kind.map_or_else(
        || lang.say("种类不详", "Kind unknown").to_owned(),
        |kind| lang.term(kind),
    )
}

/// Where an application stands.
pub(crate) fn state_badge(lang: Lang, state: ApplicationState) -> Markup {
    let tone = match state {
        ApplicationState::Granted => Tone::Ok,
        ApplicationState::Refused => Tone::Bad,
        ApplicationState::RefusalIntended | ApplicationState::Objected => Tone::Warn,
        ApplicationState::Returned | ApplicationState::AwaitingInformation => Tone::Hold,
        ApplicationState::Submitted | ApplicationState::Accepted | ApplicationState::DecisionProposed => Tone::Info,
        ApplicationState::Withdrawn
        | ApplicationState::Lapsed
        | ApplicationState::NotRequired
        | ApplicationState::OutOfJurisdiction
        | ApplicationState::Terminated => Tone::Off,
    };
    badge(tone, &lang.term(state))
}

/// What a deemed outcome is called: in English a word of its own, since states have the same.
pub(crate) fn deemed_word(lang: Lang, outcome: DeemedOutcome) -> String {
    match outcome {
        DeemedOutcome::Accepted => lang.say(outcome.zh(), "Deemed accepted"),
        DeemedOutcome::Renewed => lang.say(outcome.zh(), "Deemed renewed"),
    }
    .to_owned()
}

/// A deemed outcome, and whether it was taken back.
pub(crate) fn deemed(lang: Lang, deemed: Option<(DeemedOutcome, bool)>) -> Markup {
    match deemed {
        None => html::dash(),
        Some((outcome, false)) => badge(Tone::Hold, &deemed_word(lang, outcome)),
        Some((outcome, true)) => badge(
            Tone::Off,
            &format!("{}{}", deemed_word(lang, outcome), lang.say("，已撤回", ", taken back")),
        ),
    }
}

fn read(fields: &Fields, at: Date, soon: Date, limit: u32) -> Result<ApplicationQuery, Failure> {
    Ok(ApplicationQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        states: fields.codes("state", ApplicationState::from_code)?,
        kinds: fields.codes("kind", ApplicationKind::from_code)?,
        buckets: fields.codes("left", ClockBucket::from_code)?,
        at,
        soon,
        open_only: fields.tick("open")?,
        deemed: fields.codes("deemed", DeemedOutcome::from_code)?,
        returned_item: fields.words("item", 120)?,
        returned_at_least: if fields.tick("again")? { AGAIN } else { 0 },
        after: fields.words("after", 4096)?,
        limit,
        ..ApplicationQuery::default()
    })
}

fn narrow(lang: Lang, path: &'static str, query: &ApplicationQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new(path, lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution);
    narrow.codes("state", ("状态", "State"), &query.states);
    narrow.codes("kind", ("事项", "Kind"), &query.kinds);
    narrow.codes("left", ("时限", "Time left"), &query.buckets);
    narrow.codes("deemed", ("视为决定", "Deemed"), &query.deemed);
    if let Some(item) = &query.returned_item {
        let word = match terms::item(lang, item) {
            shown if shown == item.as_str() => bdi(item),
            shown => text(&shown),
        };
        narrow.one("item", item.clone(), ("退回缺", "Returned for"), &word);
    }
    narrow.tick(
        "again",
        query.returned_at_least > 0,
        ("只看退回两次以上", "Returned more than once"),
    );
    narrow.tick("open", query.open_only, ("只看在办", "Open only"));
    narrow
}

/// `GET /applications`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let (lang, now) = (visit.lang, shared.clock.now());
    let at = day_of(now);
    let reference = (shared.reference)();
    let query = read(&visit.fields(&KNOWN)?, at, soon(&reference.calendar, at), ROWS)?;
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let found = shared.views.applications(query.clone()).await?;
    let narrow = narrow(lang, "/applications", &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    crumbs.push(Crumb::to(
        text(lang.say("机构准入", "Admission")),
        url("/admission", &[("region", query.region.as_deref())]),
    ));
    let title = lang.say("申请名单", "Applications");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let here = narrow.address(query.after.as_deref());
    let page = ApplicationsPage {
        shell: Shell::new(shared, visit, title, "/admission", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        item: query.returned_item.clone().unwrap_or_default(),
        states: choices(lang, ApplicationState::ALL.iter().copied(), only(&query.states)),
        kinds: choices(lang, ApplicationKind::ALL.iter().copied(), only(&query.kinds)),
        lefts: choices(lang, ClockBucket::ALL.iter().copied(), only(&query.buckets)),
        deemed: choices(lang, DeemedOutcome::ALL.iter().copied(), only(&query.deemed)),
        open: query.open_only,
        again: query.returned_at_least > 0,
        list: narrow.listing(&found, query.after.as_deref()),
        file: narrow.address(None).replacen("/applications", "/applications.csv", 1),
        rows: found
            .rows
            .iter()
            .map(|row| line(&terms, &reference.calendar, row, at))
            .collect(),
    };
    Ok(page.render()?)
}

pub(crate) fn line(terms: &Terms, calendar: &Calendar, row: &ApplicationRow, at: Date) -> Row {
    let lang = terms.lang;
    let of = format!("{}/{}", row.institution, row.number);
    let mut marks = Vec::new();
    if row.deemed.is_some() {
        marks.push(deemed(lang, row.deemed));
    }
    if row.late {
        marks.push(badge(Tone::Warn, lang.say("决定超期", "decided late")));
    }
    if row.joint {
        marks.push(badge(Tone::Off, lang.say("联合办理", "handled jointly")));
    }
    let since = row.state_since.filter(|_| !row.state.is_final());
    Row {
        href: application_href(row.institution, row.number),
        institution: bdi(&row.institution_name),
        region: terms.region(&row.region),
        kind: kind(lang, row.kind),
        number: row.number,
        state: state_badge(lang, row.state),
        since: lang.day_or_dash(row.state_since),
        days: since.map_or_else(Markup::default, |since| {
            let days = super::admission::days_between(calendar, since, at);
            text(lang.say("，已 ", ", for "))
                .then(&html::figure("application_days_in_state", &of, days))
                .then(&text(lang.say(" 个工作日", " wd")))
        }),
        clock: row
            .clock
            .as_ref()
            .map(|clock| lang.term(clock.clock.kind))
            .unwrap_or_default(),
        left: row
            .clock
            .as_ref()
            .map_or_else(html::dash, |clock| left(lang, clock, at, calendar)),
        submitted: lang.day_or_dash(row.submitted_date),
        returned: html::figure("application_returned", &of, u64::from(row.returned)),
        marks,
        damaged: row.damaged,
    }
}

/// `GET /applications.csv`: the list with the same fields, to its end.
pub(crate) async fn file(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = export(&shared, &visit).await;
    made.unwrap_or_else(|failure| failure.answer(&shared, &visit).into_response())
}

async fn export(shared: &Arc<Shared>, visit: &Visit) -> Result<Response, Failure> {
    let (lang, at) = (visit.lang, day_of(shared.clock.now()));
    let reference = (shared.reference)();
    let query = read(&visit.fields(&KNOWN)?, at, soon(&reference.calendar, at), AT_ONCE)?;
    let header = [
        lang.say("机构", "Institution"),
        lang.say("机构编号", "Institution id"),
        lang.say("地区代码", "Region code"),
        lang.say("机构类型", "Institution type"),
        lang.say("第几号", "Number"),
        lang.say("事项", "Kind"),
        lang.say("状态", "State"),
        lang.say("状态自", "State since"),
        lang.say("收件日", "Received"),
        lang.say("退回次数", "Returned"),
        lang.say("视为决定", "Deemed"),
        lang.say("视为决定已撤回", "Deemed, taken back"),
        lang.say("决定日", "Decided"),
        lang.say("决定超期", "Decided late"),
        lang.say("政策", "Policy"),
        lang.say("时限", "Clock"),
        lang.say("最后一日", "Last day"),
        lang.say("暂定", "Provisional"),
        lang.say("剩余（时限的单位）", "Left, in the clock's unit"),
    ];
    let shared = Arc::clone(shared);
    let day = at;
    csv::answer("applications", day, &header, move |after| {
        let (shared, reference) = (Arc::clone(&shared), Arc::clone(&reference));
        let query = ApplicationQuery {
            after: after.or_else(|| query.after.clone()),
            ..query.clone()
        };
        async move {
            let found = shared.views.applications(query).await?;
            let rows = found
                .rows
                .iter()
                .map(|row| cells(lang, row, &reference.calendar, at))
                .collect();
            Ok::<Lines, Failure>((rows, found.next))
        }
    })
    .await
}

fn cells(lang: Lang, row: &ApplicationRow, calendar: &Calendar, at: Date) -> Vec<Cell> {
    let yes = |is: bool| {
        Cell::from(if is {
            lang.say("是", "yes")
        } else {
            lang.say("否", "no")
        })
    };
    let clock = row.clock.as_ref();
    vec![
        row.institution_name.as_str().into(),
        row.institution.to_string().into(),
        row.region.as_str().into(),
        lang.term(row.institution_type).into(),
        u64::from(row.number).into(),
        kind(lang, row.kind).into(),
        lang.term(row.state).into(),
        row.state_since.into(),
        row.submitted_date.into(),
        u64::from(row.returned).into(),
        row.deemed.map(|(outcome, _)| lang.term(outcome)).into(),
        row.deemed.map_or(Cell::Empty, |(_, taken_back)| yes(taken_back)),
        row.decided_date.into(),
        row.decided_date.map_or(Cell::Empty, |_| yes(row.late)),
        row.policy
            .as_ref()
            .map(|(id, version)| format!("{id}@{version}"))
            .into(),
        clock.map(|clock| lang.term(clock.clock.kind)).into(),
        clock.map(|clock| clock.due_date).into(),
        clock.map_or(Cell::Empty, |clock| yes(clock.provisional)),
        clock
            .and_then(|clock| clock.days_left(at, calendar))
            .map_or(Cell::Empty, csv::signed),
    ]
}
