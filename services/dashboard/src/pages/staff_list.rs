//! `/staff/list`: engagements, searched by institution, post, state and papers, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::person::{EngagementState, Post};
use yujian_domain::time::day_of;
use yujian_views::{EngagementRow, StaffQuery};

use super::marks::{self, engagement_badge, health_badge, query_badge};
use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices};
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{Markup, Tone, badge, bdi, text, url};
use crate::lang::Lang;
use crate::query::{BadField, Fields};
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Days ahead that can be asked for.
const AHEAD: [&str; 4] = ["0", "7", "30", "90"];
/// Fields that the page knows.
const KNOWN: [&str; 8] = [
    "region",
    "institution",
    "post",
    "state",
    "unqualified",
    "barred",
    "within",
    "after",
];

#[derive(Debug)]
struct Row {
    key: String,
    href: String,
    name: Markup,
    post: String,
    employment: String,
    institution: Markup,
    institution_href: String,
    region: Markup,
    period: Markup,
    state: Markup,
    qualified: Markup,
    health: Markup,
    query: Markup,
    credential: Markup,
    damaged: bool,
}

#[derive(Template)]
#[template(path = "staff_list.html")]
struct StaffListPage {
    shell: Shell,
    region: String,
    institution: String,
    posts: Vec<Choice>,
    states: Vec<Choice>,
    within: Vec<Choice>,
    unqualified: bool,
    barred: bool,
    list: Listing,
    rows: Vec<Row>,
}

/// `GET /staff/list`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

/// The query, whether only the barred are asked for, and within how many days papers must end.
fn read(fields: &Fields, at: Date) -> Result<StaffQuery, Failure> {
    let within = match fields.one("within")? {
        None => None,
        Some(days) if AHEAD.contains(&days) => days.parse().ok().map(|days| (at, days)),
        Some(_) => {
            let (zh, en) = ("只能为 0、7、30 或 90", "must be 0, 7, 30 or 90");
            return Err(BadField::new("within", zh, en).into());
        }
    };
    Ok(StaffQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        posts: fields.codes("post", Post::from_code)?,
        states: fields.codes("state", EngagementState::from_code)?,
        unqualified_only: fields.tick("unqualified")?,
        barred_at: fields.tick("barred")?.then_some(at),
        expiring_within: within,
        after: fields.words("after", 4096)?,
        limit: ROWS,
        ..StaffQuery::default()
    })
}

/// `within` in words.
fn within_word(lang: Lang, days: &str) -> String {
    lang.say(
        &format!("{days} 天内到期或已过期"),
        &format!("ended or ends within {days} d"),
    )
    .to_owned()
}

fn narrow(lang: Lang, query: &StaffQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new("/staff/list", lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution);
    narrow.codes("post", ("岗位", "Post"), &query.posts);
    narrow.codes("state", ("状态", "Status"), &query.states);
    if let Some((_, days)) = query.expiring_within {
        let days = days.to_string();
        let word = text(&within_word(lang, &days));
        narrow.one("within", days, ("证件", "Papers"), &word);
    }
    narrow.tick("unqualified", query.unqualified_only, ("资质不符", "Not qualified"));
    narrow.tick("barred", query.barred_at.is_some(), ("从业禁止", "Barred"));
    narrow
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let (lang, now) = (visit.lang, shared.clock.now());
    let at = day_of(now);
    let query = read(&visit.fields(&KNOWN)?, at)?;
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let found = shared.views.staff(query.clone()).await?;
    let narrow = narrow(lang, &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    crumbs.push(Crumb::to(
        text(lang.say("人员资质", "Staff")),
        url("/staff", &[("region", query.region.as_deref())]),
    ));
    let title = lang.say("人员名单", "List of staff");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let here = narrow.address(query.after.as_deref());
    let asked = query.expiring_within.map(|(_, days)| days.to_string());
    let page = StaffListPage {
        shell: Shell::new(shared, visit, title, "/staff", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        posts: choices(lang, Post::ALL.iter().copied(), only(&query.posts)),
        states: choices(lang, EngagementState::ALL.iter().copied(), only(&query.states)),
        within: AHEAD
            .iter()
            .map(|days| Choice {
                code: days,
                word: within_word(lang, days),
                chosen: asked.as_deref() == Some(*days),
            })
            .collect(),
        unqualified: query.unqualified_only,
        barred: query.barred_at.is_some(),
        list: narrow.listing(&found, query.after.as_deref()),
        rows: found.rows.iter().map(|row| line(&terms, row, at)).collect(),
    };
    Ok(page.render()?)
}

/// From when until when somebody is engaged.
pub(crate) fn period(lang: Lang, row: &EngagementRow) -> Markup {
    let from = lang.day(row.start_date);
    match row.end_date {
        Some(end) => from.then(&text(lang.say(" 至 ", " to "))).then(&lang.day(end)),
        None => text(lang.say("", "since "))
            .then(&from)
            .then(&text(lang.say(" 起", ""))),
    }
}

/// Whether somebody was qualified for the post, and whether barred on a day.
pub(crate) fn qualified(lang: Lang, row: &EngagementRow, at: Date) -> Markup {
    let fit = if row.qualified {
        badge(Tone::Ok, lang.say("符合", "qualified"))
    } else {
        badge(Tone::Warn, lang.say("不符", "not qualified"))
    };
    match row.bar {
        Some(bar) if bar.bars_on(at) => badge(Tone::Bad, lang.say("从业禁止", "barred"))
            .then(&text(" "))
            .then(&fit),
        _ => fit,
    }
}

fn line(terms: &Terms, row: &EngagementRow, at: Date) -> Row {
    let lang = terms.lang;
    Row {
        key: format!("{}.{}", row.person, row.engagement),
        href: format!("/persons/{}", row.person),
        name: marks::name(terms, row.name.as_ref()),
        post: lang.term(row.post),
        employment: lang.term(row.employment),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        period: period(lang, row),
        state: match row.off_duty {
            Some(ground) => engagement_badge(lang, row.state).then(&text(&lang.term(ground)).within("span", "under")),
            None => engagement_badge(lang, row.state),
        },
        qualified: qualified(lang, row, at),
        health: health_badge(lang, row.health, at),
        query: query_badge(lang, row.query, at),
        credential: row
            .next_expiry
            .map_or_else(crate::html::dash, |day| marks::days_left(lang, day, at)),
        damaged: row.damaged,
    }
}
