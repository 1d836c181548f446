//! `/findings`: findings (问题) with their corrections, newest cited first, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::checklist::Dimension;
use yujian_domain::inspection::{FindingState, Weight};
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_views::{FindingQuery, FindingRow};

use super::marks::{finding_badge, weight_badge};
use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices, deadline};
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{self, Markup, Tone, badge, bdi, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that the page knows.
const KNOWN: [&str; 8] = [
    "region",
    "institution",
    "state",
    "weight",
    "dimension",
    "open",
    "overdue",
    "after",
];

#[derive(Debug)]
struct Row {
    href: String,
    item: Markup,
    dimension: Markup,
    weight: Markup,
    institution: Markup,
    institution_href: String,
    region: Markup,
    cited: Markup,
    due: Markup,
    state: Markup,
    damaged: bool,
}

/// A dimension to choose.
#[derive(Debug)]
struct DimensionChoice {
    code: String,
    word: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsPage {
    shell: Shell,
    region: String,
    institution: String,
    states: Vec<Choice>,
    weights: Vec<Choice>,
    dimensions: Vec<DimensionChoice>,
    open: bool,
    overdue: bool,
    list: Listing,
    rows: Vec<Row>,
}

/// `GET /findings`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

/// Dimensions of the newest version of each checklist, in its order.
pub(crate) fn dimensions(reference: &Reference) -> impl Iterator<Item = &Dimension> {
    let mut newest = std::collections::BTreeMap::new();
    for checklist in reference.checklists() {
        let known = newest.entry(checklist.reference.id.as_str()).or_insert(checklist);
        if known.reference.version < checklist.reference.version {
            *known = checklist;
        }
    }
    newest.into_values().flat_map(|checklist| &checklist.dimensions)
}

/// What a dimension is called; the code itself when no checklist knows it, and for foreign registers that they have none.
pub(crate) fn dimension_word(lang: Lang, reference: &Reference, code: &str) -> Markup {
    if code.is_empty() {
        return text(lang.say("外部登记，无维度", "Foreign register, none"));
    }
    match dimensions(reference).find(|dimension| dimension.code == code) {
        Some(dimension) => text(lang.say(&dimension.zh, &dimension.en)),
        None => bdi(code),
    }
}

/// Where a finding stands on the page of its inspection.
pub(crate) fn href(row: &FindingRow) -> String {
    format!("/inspections/{}#f-{}", row.inspection, row.finding)
}

/// What was asked for, in the words of the newest checklist that has the item; imported standards as they were written.
pub(crate) fn item(lang: Lang, reference: &Reference, row: &FindingRow) -> Markup {
    if row.imported {
        return bdi(&row.item);
    }
    let known = reference
        .checklists()
        .filter_map(|checklist| Some((checklist.reference.version, checklist.item(&row.item)?)))
        .filter(|(_, item)| item.dimension == row.dimension)
        .max_by_key(|(version, _)| *version);
    match known {
        Some((_, item)) => text(&format!("{} {}", item.code, lang.say(&item.zh, &item.en))),
        None => bdi(&row.item),
    }
}

fn read(fields: &Fields, reference: &Reference, at: Date) -> Result<FindingQuery, Failure> {
    let known = |code: &str| {
        dimensions(reference)
            .map(|dimension| dimension.code.as_str())
            .find(|known| *known == code)
    };
    Ok(FindingQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        states: fields.codes("state", FindingState::from_code)?,
        weights: fields.codes("weight", Weight::from_code)?,
        dimensions: fields
            .codes("dimension", known)?
            .into_iter()
            .map(str::to_owned)
            .collect(),
        overdue_at: fields.tick("overdue")?.then_some(at),
        open_only: fields.tick("open")?,
        after: fields.words("after", 4096)?,
        limit: ROWS,
        ..FindingQuery::default()
    })
}

fn narrow(lang: Lang, reference: &Reference, query: &FindingQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new("/findings", lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution);
    for code in &query.dimensions {
        let word = dimension_word(lang, reference, code);
        narrow.one("dimension", code.clone(), ("维度", "Dimension"), &word);
    }
    narrow.codes("weight", ("轻重", "Weight"), &query.weights);
    narrow.codes("state", ("状态", "Status"), &query.states);
    narrow.tick("open", query.open_only, ("只看未整改", "Open only"));
    narrow.tick("overdue", query.overdue_at.is_some(), ("只看逾期", "Overdue only"));
    narrow
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let (lang, now) = (visit.lang, shared.clock.now());
    let at = day_of(now);
    let reference = (shared.reference)();
    let query = read(&visit.fields(&KNOWN)?, &reference, at)?;
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let found = shared.views.findings(query.clone()).await?;
    let narrow = narrow(lang, &reference, &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    crumbs.push(Crumb::to(
        text(lang.say("执业规范", "Conduct")),
        url("/conduct", &[("region", query.region.as_deref())]),
    ));
    let title = lang.say("问题与整改", "Findings and corrections");
    crumbs.push(Crumb::here(text(title)));
    let own = query.institution.map(|id| id.to_string());
    let events = url(
        "/events",
        &[("region", query.region.as_deref()), ("institution", own.as_deref())],
    );
    let here = narrow.address(query.after.as_deref());
    let page = FindingsPage {
        shell: Shell::new(shared, visit, title, "/conduct", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        institution: own.unwrap_or_default(),
        states: choices(lang, FindingState::ALL.iter().copied(), only(&query.states)),
        weights: choices(lang, Weight::ALL.iter().copied(), only(&query.weights)),
        dimensions: dimensions(&reference)
            .map(|dimension| DimensionChoice {
                code: dimension.code.clone(),
                word: lang.say(&dimension.zh, &dimension.en).to_owned(),
                chosen: query.dimensions == [dimension.code.clone()],
            })
            .collect(),
        open: query.open_only,
        overdue: query.overdue_at.is_some(),
        list: narrow.listing(&found, query.after.as_deref()),
        rows: found.rows.iter().map(|row| line(&terms, &reference, row, at)).collect(),
    };
    Ok(page.render()?)
}

/// The last day of a correction and how it stands to that.
pub(crate) fn due(lang: Lang, reference: &Reference, row: &FindingRow, at: Date) -> Markup {
    let Some(due) = row.due_date else {
        return match row.corrected_date {
            Some(day) => text(lang.say("改正于 ", "corrected ")).then(&lang.day(day)),
            None => html::dash(),
        };
    };
    let verdict = match row.state {
        FindingState::CorrectionDue | FindingState::Overdue => deadline(lang, &reference.calendar, due, at),
        FindingState::CorrectionClaimed if row.claimed_late => badge(Tone::Warn, lang.say("迟报", "reported late")),
        FindingState::Verified => text(lang.say("改正于 ", "corrected ")).then(&lang.day_or_dash(row.corrected_date)),
        _ => Markup::default(),
    };
    lang.day(due).then(&text(" ")).then(&verdict)
}

fn line(terms: &Terms, reference: &Reference, row: &FindingRow, at: Date) -> Row {
    let lang = terms.lang;
    Row {
        href: href(row),
        item: item(lang, reference, row),
        dimension: dimension_word(lang, reference, &row.dimension),
        weight: weight_badge(lang, row.weight),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        cited: lang.day_or_dash(row.cited_date),
        due: due(lang, reference, row, at),
        state: finding_badge(lang, row, at),
        damaged: row.damaged,
    }
}
