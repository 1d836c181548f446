//! `/alerts`: alerts (预警) of staff and inspections, newest first, page by page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use yujian_domain::alert::AlertRule;
use yujian_views::{AlertQuery, AlertRow};

use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices};
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{Markup, Tone, badge, bdi, code, link, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::{Terms, short};
use crate::visit::Visit;

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that the page knows.
const KNOWN: [&str; 6] = ["region", "institution", "person", "inspection", "rule", "after"];

/// One alert.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) anchor: String,
    pub(crate) rule: Markup,
    pub(crate) institution: Markup,
    pub(crate) institution_href: String,
    pub(crate) region: Markup,
    pub(crate) about: Vec<Markup>,
    pub(crate) since: Markup,
    pub(crate) raised: Markup,
    pub(crate) evidence: Markup,
    pub(crate) damaged: bool,
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    shell: Shell,
    region: String,
    kept: Vec<(&'static str, String)>,
    rules: Vec<Choice>,
    list: Listing,
    rows: Vec<Row>,
}

/// `GET /alerts`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

fn read(fields: &Fields) -> Result<AlertQuery, Failure> {
    Ok(AlertQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        person: fields.id("person")?,
        inspection: fields.id("inspection")?,
        rules: fields.codes("rule", AlertRule::from_code)?,
        after: fields.words("after", 4096)?,
        limit: ROWS,
        ..AlertQuery::default()
    })
}

fn narrow(lang: Lang, query: &AlertQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new("/alerts", lang);
    narrow.region(query.region.as_deref());
    narrow.institution(query.institution, institution);
    for (name, id, what) in [
        ("person", query.person, ("人员", "Person")),
        ("inspection", query.inspection, ("检查", "Inspection")),
    ] {
        if let Some(id) = id.map(|id| id.to_string()) {
            let shown = code(&short(&id));
            narrow.one(name, id, what, &shown);
        }
    }
    narrow.codes("rule", ("规则", "Rule"), &query.rules);
    narrow
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let query = read(&visit.fields(&KNOWN)?)?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let found = shared.views.alerts(query.clone()).await?;
    let narrow = narrow(lang, &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, query.region.as_deref());
    if let (Some(id), Some(name)) = (query.institution, &institution) {
        crumbs.push(Crumb::to(bdi(name), format!("/institutions/{id}")));
    }
    let title = lang.say("预警", "Alerts");
    crumbs.push(Crumb::here(text(title)));
    let kept: Vec<(&'static str, String)> = [
        ("institution", query.institution),
        ("person", query.person),
        ("inspection", query.inspection),
    ]
    .into_iter()
    .filter_map(|(name, id)| Some((name, id?.to_string())))
    .collect();
    let of = |wanted: &str| kept.iter().find(|(name, _)| *name == wanted).map(|(_, id)| id.as_str());
    let events = url(
        "/events",
        &[
            ("region", query.region.as_deref()),
            ("institution", of("institution")),
            ("person", of("person")),
        ],
    );
    let here = narrow.address(query.after.as_deref());
    let page = AlertsPage {
        shell: Shell::new(shared, visit, title, "/alerts", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        rules: choices(lang, AlertRule::ALL.iter().copied(), only(&query.rules)),
        list: narrow.listing(&found, query.after.as_deref()),
        rows: found.rows.iter().map(|row| line(&terms, row)).collect(),
        kept,
    };
    Ok(page.render()?)
}

/// How an alert weighs.
fn tone(rule: AlertRule) -> Tone {
    match rule {
        AlertRule::BarredEngaged | AlertRule::CorrectionOverdue => Tone::Bad,
        AlertRule::DoubleEngagement | AlertRule::CredentialEnded | AlertRule::ApprovalOverdue => Tone::Warn,
    }
}

/// A line, with the way to whom and what it concerns and to the events that show it.
pub(crate) fn line(terms: &Terms, row: &AlertRow) -> Row {
    let lang = terms.lang;
    let to = |path: &str, id: Option<uuid::Uuid>, word: &str| {
        id.map(|id| {
            link(
                &format!("/{path}/{id}"),
                &text(word).then(&text(" ")).then(&code(&short(&id.to_string()))),
            )
        })
    };
    let evidence = row
        .evidence
        .iter()
        .map(|fact| code(&format!("{}@{}", stream(&fact.stream), fact.revision)));
    Row {
        anchor: format!("a-{}", row.id),
        rule: badge(tone(row.rule), &lang.term(row.rule)),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        region: terms.region(&row.region),
        about: [
            to("persons", row.person, lang.say("人员", "person")),
            to("inspections", row.inspection, lang.say("检查", "inspection")),
        ]
        .into_iter()
        .flatten()
        .collect(),
        since: lang.day(row.since_date),
        raised: lang.moment(row.raised_time),
        evidence: Markup::join(evidence, lang.comma()),
        damaged: row.damaged,
    }
}

/// A stream's name with its id shortened.
fn stream(name: &str) -> String {
    match name.split_once('-') {
        Some((kind, id)) => format!("{kind}-{}", short(id)),
        None => name.to_owned(),
    }
}
