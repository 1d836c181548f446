//! `/alerts`: alerts (预警), newest first, page by page; open ones by severity, rule and region; and how precise the rules
//! are.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use yujian_domain::alert::{AlertRule, AlertSeverity, Status};
use yujian_domain::time::day_of;
use yujian_views::{AlertQuery, Scope};

use self::figures::{Figure, OpenLine, PrecisionLine, RegionLine};
use super::narrow::{Listing, Narrow, institution_name, only};
use super::{Choice, choices};
use crate::Shared;
use crate::failure::{Failure, answer};
use crate::html::{bdi, code, text, url};
use crate::lang::Lang;
use crate::query::Fields;
use crate::shell::{Crumb, Shell};
use crate::terms::{Terms, short};
use crate::visit::Visit;

mod export;
pub(crate) mod figures;
pub(crate) mod line;

pub(crate) use export::export;
pub(crate) use line::{Row, line};

/// Rows on one page.
const ROWS: u32 = 50;
/// Fields that narrow the list.
const FIELDS: [&str; 8] = [
    "region",
    "institution",
    "person",
    "inspection",
    "rule",
    "state",
    "severity",
    "open",
];

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    shell: Shell,
    region: String,
    kept: Vec<(&'static str, String)>,
    rules: Vec<Choice>,
    states: Vec<Choice>,
    severities: Vec<Choice>,
    open: bool,
    file: String,
    tiles: Vec<Figure>,
    severity_words: Vec<String>,
    open_lines: Vec<OpenLine>,
    region_lines: Vec<RegionLine>,
    precision: Vec<PrecisionLine>,
    list: Listing,
    rows: Vec<Row>,
}

/// `GET /alerts`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

/// The list asked for, from its beginning.
fn read(fields: &Fields) -> Result<AlertQuery, Failure> {
    Ok(AlertQuery {
        region: fields.region("region")?,
        institution: fields.id("institution")?,
        person: fields.id("person")?,
        inspection: fields.id("inspection")?,
        rules: fields.codes("rule", AlertRule::from_code)?,
        statuses: fields.codes("state", Status::from_code)?,
        severities: fields.codes("severity", AlertSeverity::from_code)?,
        open_only: fields.tick("open")?,
        limit: ROWS,
        ..AlertQuery::default()
    })
}

fn narrow(path: &'static str, lang: Lang, query: &AlertQuery, institution: Option<&str>) -> Narrow {
    let mut narrow = Narrow::new(path, lang);
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
    narrow.codes("state", ("状态", "Status"), &query.statuses);
    narrow.codes("severity", ("等级", "Severity"), &query.severities);
    narrow.tick("open", query.open_only, ("只看未办结", "Open only"));
    narrow
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let mut known = FIELDS.to_vec();
    known.push("after");
    let fields = visit.fields(&known)?;
    let query = AlertQuery {
        after: fields.words("after", 4096)?,
        ..read(&fields)?
    };
    let (lang, now) = (visit.lang, shared.clock.now());
    let reference = (shared.reference)();
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let institution = institution_name(shared, query.institution).await?;
    let region = query.region.as_deref();
    let found = shared.views.alerts(query.clone()).await?;
    let counted = shared.views.alert_figures(&Scope::default(), region).await?;
    let precision = shared.views.alert_precision(&Scope::default(), region, None).await?;
    let narrowed = narrow("/alerts", lang, &query, institution.as_deref());
    let mut crumbs = super::region_crumbs(lang, &reference.divisions, region);
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
    // Figures are of the whole region, also while the list is narrowed to an institution or person.
    let events = match (of("institution"), of("person")) {
        (None, None) => url("/events", &[("region", region)]),
        (institution, person) => url("/events", &[("institution", institution), ("person", person)]),
    };
    let here = narrowed.address(query.after.as_deref());
    let states = Status::ALL.iter().copied().filter(|status| *status != Status::None);
    let page = AlertsPage {
        shell: Shell::new(shared, visit, title, "/alerts", here)
            .under(crumbs)
            .live(&found.as_of, now, events),
        region: query.region.clone().unwrap_or_default(),
        rules: choices(lang, AlertRule::ALL.iter().copied(), only(&query.rules)),
        states: choices(lang, states, only(&query.statuses)),
        severities: choices(lang, AlertSeverity::ALL.iter().copied(), only(&query.severities)),
        open: query.open_only,
        file: narrow("/alerts.csv", lang, &query, institution.as_deref()).address(None),
        tiles: figures::tiles(lang, &counted.region, region),
        severity_words: AlertSeverity::ALL.iter().map(|severity| lang.term(*severity)).collect(),
        open_lines: figures::open_lines(lang, &counted.region, region),
        region_lines: figures::region_lines(lang, &counted.parts),
        precision: figures::precision_lines(lang, &precision.rows, region),
        list: narrowed.listing(&found, query.after.as_deref()),
        rows: found.rows.iter().map(|row| line(&terms, row, day_of(now))).collect(),
        kept,
    };
    Ok(page.render()?)
}
