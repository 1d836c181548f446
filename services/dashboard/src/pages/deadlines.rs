//! `/deadlines`: legal clocks (时限) that somebody must still act in, earliest last day first, with what happened to each;
//! and the same list as a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::{ClockKind, ClockOwner, ClockState};
use yujian_domain::time::day_of;
use yujian_views::{ClockBucket, ClockQuery, ClockRow};

use super::applications::application_href;
use super::clocks::{self, ClockBlock, soon};
use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices};
use crate::Shared;
use crate::csv::{self, Cell, Lines};
use crate::failure::{Failure, answer};
use crate::html::{Markup, bdi, text, url};
use crate::lang::Lang;
use crate::query::{BadField, Fields};
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Rows read at once for a file.
const AT_ONCE: u32 = 500;
/// Fields that list and file know.
const KNOWN: [&str; 8] = [
    "region",
    "institution",
    "owner",
    "kind",
    "state",
    "left",
    "ended",
    "after",
];

#[derive(Debug)]
struct Row {
    key: String,
    href: String,
    institution: Markup,
    region: Markup,
    application: String,
    clock: ClockBlock,
    damaged: bool,
}

#[derive(Template)]
#[template(path = "deadlines.html")]
struct DeadlinesPage {
    shell: Shell,
    region: String,
    institution: String,
    owners: Vec<Choice>,
    kinds: Vec<Choice>,
    states: Vec<Choice>,
    lefts: Vec<Choice>,
    ended: bool,
    list: Listing,
    file: String,
    rows: Vec<Row>,
}

fn read(fields: &Fields, at: Date, soon: Date, limit: u32) -> Result<ClockQuery, Failure> {
    let mut owners = fields.codes("owner", ClockOwner::from_code)?.into_iter();
    let owner = owners.next();
    if owners.next().is_some() {
        return Err(BadField::new("owner", "只能出现一次", "may stand only once").into());
    }
    Ok(ClockQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        owner,
        kinds: fields.codes("kind", ClockKind::from_code)?,
        states: fields.codes("state", ClockState::from_code)?,
        waiting_only: !fields.tick("ended")?,
        buckets: fields.codes("left", ClockBucket::from_code)?,
        at,
        soon,
        after: fields.words("after", 4096)?,
        limit,
        ..ClockQuery::default()
    })
}

fn narrow(lang: Lang, query: &ClockQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new("/deadlines", lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution);
    narrow.codes("owner", ("由谁办", "Who must act"), query.owner.as_slice());
    narrow.codes("kind", ("时限", "Clock"), &query.kinds);
    narrow.codes("state", ("状态", "State"), &query.states);
    narrow.codes("left", ("剩余", "Left"), &query.buckets);
    narrow.tick("ended", !query.waiting_only, ("含已结束的", "Ended ones too"));
    narrow
}

/// `GET /deadlines`
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
    let found = shared.views.clock_histories(query.clone()).await?;
    let narrow = narrow(lang, &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    let title = lang.say("时限", "Deadlines");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let here = narrow.address(query.after.as_deref());
    let row = |history: &yujian_views::ClockHistory| {
        let row = &history.row;
        let mut clock = clocks::block(&terms, history, at, &reference.calendar);
        // Two institutions may have a clock of one name.
        clock.id = format!("{}-{}", clock.id, row.institution);
        Row {
            key: clock.id.clone(),
            href: match row.application {
                Some(number) => application_href(row.institution, number),
                None => format!("/institutions/{}#authorization", row.institution),
            },
            institution: bdi(&row.institution_name),
            region: terms.region(&row.region),
            application: row.application.map_or_else(String::new, |number| {
                let kind = super::applications::kind(lang, row.application_kind);
                lang.say(&format!("{kind} 第 {number} 号"), &format!("{kind} no. {number}"))
                    .to_owned()
            }),
            damaged: row.damaged,
            clock,
        }
    };
    let page = DeadlinesPage {
        shell: Shell::new(shared, visit, title, "/deadlines", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        owners: choices(lang, ClockOwner::ALL.iter().copied(), only(query.owner.as_slice())),
        kinds: choices(lang, ClockKind::ALL.iter().copied(), only(&query.kinds)),
        states: choices(lang, ClockState::ALL.iter().copied(), only(&query.states)),
        lefts: choices(
            lang,
            ClockBucket::ALL
                .iter()
                .copied()
                .filter(|bucket| *bucket != ClockBucket::None),
            only(&query.buckets),
        ),
        ended: !query.waiting_only,
        list: narrow.listing(&found, query.after.as_deref()),
        file: narrow.address(None).replacen("/deadlines", "/deadlines.csv", 1),
        rows: found.rows.iter().map(row).collect(),
    };
    Ok(page.render()?)
}

/// `GET /deadlines.csv`: the list with the same fields, to its end.
pub(crate) async fn file(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = export(&shared, &visit).await;
    made.unwrap_or_else(|failure| failure.answer(&shared, &visit).into_response())
}

async fn export(shared: &Arc<Shared>, visit: &Visit) -> Result<Response, Failure> {
    let (lang, at) = (visit.lang, day_of(shared.clock.now()));
    let reference = (shared.reference)();
    let soon = soon(&reference.calendar, at);
    let query = read(&visit.fields(&KNOWN)?, at, soon, AT_ONCE)?;
    let header = [
        lang.say("机构", "Institution"),
        lang.say("机构编号", "Institution id"),
        lang.say("地区代码", "Region code"),
        lang.say("时限", "Clock"),
        lang.say("时限编号", "Name of the clock"),
        lang.say("第几号申请", "Application"),
        lang.say("申请种类", "Kind of application"),
        lang.say("由谁办", "Who must act"),
        lang.say("起算日", "From"),
        lang.say("计算单位", "Unit"),
        lang.say("数量", "Length"),
        lang.say("延长", "Extended by"),
        lang.say("最后一日", "Last day"),
        lang.say("暂定", "Provisional"),
        lang.say("状态", "State"),
        lang.say("剩余（时限的单位）", "Left, in the clock's unit"),
        lang.say("判断", "How it stands"),
        lang.say("暂停自", "Paused from"),
        lang.say("结束日", "Ended on"),
        lang.say("超期", "Late"),
        lang.say("政策", "Policy"),
    ];
    let shared = Arc::clone(shared);
    csv::answer("deadlines", at, &header, move |after| {
        let (shared, reference) = (Arc::clone(&shared), Arc::clone(&reference));
        let query = ClockQuery {
            after: after.or_else(|| query.after.clone()),
            ..query.clone()
        };
        async move {
            let found = shared.views.clocks(query).await?;
            let rows = found
                .rows
                .iter()
                .map(|row| cells(lang, row, &reference.calendar, at, soon))
                .collect();
            Ok::<Lines, Failure>((rows, found.next))
        }
    })
    .await
}

fn cells(lang: Lang, row: &ClockRow, calendar: &Calendar, at: Date, soon: Date) -> Vec<Cell> {
    let yes = |is: bool| {
        Cell::from(if is {
            lang.say("是", "yes")
        } else {
            lang.say("否", "no")
        })
    };
    vec![
        row.institution_name.as_str().into(),
        row.institution.to_string().into(),
        row.region.as_str().into(),
        lang.term(row.clock.kind).into(),
        row.clock.to_string().into(),
        row.application.map(u64::from).into(),
        row.application_kind.map(|kind| lang.term(kind)).into(),
        lang.term(row.owner).into(),
        row.from_date.into(),
        lang.term(row.unit).into(),
        u64::from(row.count).into(),
        u64::from(row.extension).into(),
        row.due_date.into(),
        yes(row.provisional),
        lang.term(row.state).into(),
        row.days_left(at, calendar).map_or(Cell::Empty, csv::signed),
        lang.term(row.bucket(at, soon)).into(),
        row.paused_from.into(),
        row.ended_date.into(),
        yes(row.late),
        format!("{}@{}", row.policy.0, row.policy.1).into(),
    ]
}
