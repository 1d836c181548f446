//! `/conduct`: the conduct of a region's institutions (执业规范): inspections, findings, corrections, visits.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::inspection::{FindingState, Purpose, Status, Weight};
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_views::{ConductFigures, ConductFiguresRow, FindingQuery, FindingRow, Page, Scope};

use super::marks::{Count, Part, Share, by_code, figures_crumbs, only_province, weight_badge};
use super::{deadline, findings};
use crate::Shared;
use crate::charts::{Months, scale};
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, bdi, figure, url};
use crate::lang::Lang;
use crate::shell::Shell;
use crate::visit::Visit;

/// Rows of a section that has a list of its own.
const SHOWN: u32 = 8;
/// Length of the longest bar of the findings by dimension.
const FINDINGS_BAR: u64 = 200;

/// States in which a finding still waits for its correction.
const OPEN: [FindingState; 4] = [
    FindingState::Cited,
    FindingState::CorrectionDue,
    FindingState::Overdue,
    FindingState::CorrectionClaimed,
];

/// Findings of a dimension by weight.
#[derive(Debug)]
struct DimensionLine {
    word: Markup,
    href: Option<String>,
    counts: Vec<(String, Count)>,
    total: Markup,
    /// Left edge, width and class of each part of the bar.
    bars: Vec<(u64, u64, &'static str)>,
}

/// A figure in words, and whether it stands out.
type Said = (&'static str, Markup, bool);

/// A correction that is overdue.
#[derive(Debug)]
struct OverdueLine {
    href: String,
    item: Markup,
    weight: Markup,
    institution: Markup,
    institution_href: String,
    due: Markup,
    late: Markup,
}

#[derive(Debug)]
struct RegionLine {
    code: String,
    name: Markup,
    href: String,
    inspected: Markup,
    operating: Markup,
    share: Option<Share>,
    inspections: Count,
    open: Count,
    overdue: Count,
    at_cap: Markup,
    damaged: Count,
}

#[derive(Template)]
#[template(path = "conduct.html")]
struct ConductPage {
    shell: Shell,
    name: Markup,
    at: Markup,
    year: i16,
    region: String,
    whole: RegionLine,
    recent_href: String,
    findings_total: Count,
    statuses: Vec<Part>,
    purposes: Vec<Part>,
    weights: Vec<String>,
    dimensions: Vec<DimensionLine>,
    corrections: Vec<(&'static str, Count, &'static str)>,
    rejected: Markup,
    extended: Markup,
    assistance: Markup,
    overdue: Vec<OverdueLine>,
    visits: Vec<Said>,
    procedure: Vec<Said>,
    months: Months,
    lines: Vec<RegionLine>,
}

/// `GET /conduct?region=…`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let mut region = visit.fields(&["region"])?.region("region")?;
    let (lang, now, scope) = (visit.lang, shared.clock.now(), Scope::default());
    let at = day_of(now);
    let reference = (shared.reference)();
    let mut figures = shared.views.conduct_figures(&scope, region.as_deref(), at).await?;
    if region.is_none() {
        region = only_province(figures.parts.iter().map(|part| part.code.as_str()));
        if region.is_some() {
            figures = shared.views.conduct_figures(&scope, region.as_deref(), at).await?;
        }
    }
    if let Some(code) = region.as_deref()
        && reference.divisions.get(code).is_none()
        && figures.parts.is_empty()
        && figures.region.by_status.is_empty()
    {
        return Err(Failure::NoThing(Thing::Region));
    }
    let overdue = FindingQuery {
        region: region.clone(),
        overdue_at: Some(at),
        limit: SHOWN,
        ..FindingQuery::default()
    };
    let overdue = shared.views.findings(overdue).await?;
    let title = lang.say("执业规范", "Conduct");
    let here = url("/conduct", &[("region", region.as_deref())]);
    let events = url("/events", &[("region", region.as_deref())]);
    let shell = Shell::new(shared, visit, title, "/conduct", here)
        .under(figures_crumbs(lang, "/conduct", &figures.path, region.as_deref()))
        .live(&figures.as_of, now, events);
    Ok(build(shell, &reference, region.as_deref(), at, &figures, &overdue).render()?)
}

fn build(
    shell: Shell,
    reference: &Reference,
    region: Option<&str>,
    at: Date,
    figures: &ConductFigures,
    overdue: &Page<FindingRow>,
) -> ConductPage {
    let lang = shell.lang;
    let row = &figures.region;
    let inspections =
        |name: &'static str| move |code: &str| url("/inspections", &[("region", region), (name, Some(code))]);
    let code = row.code.as_str();
    let year_ago = at.saturating_sub(1.year());
    ConductPage {
        name: match region {
            Some(_) => bdi(&row.name),
            None => super::everywhere(lang),
        },
        at: lang.day(at),
        year: at.year(),
        region: region.unwrap_or_default().to_owned(),
        whole: region_line(row, region),
        recent_href: url(
            "/inspections",
            &[
                ("region", region),
                ("from", Some(&year_ago.to_string())),
                ("to", Some(&at.to_string())),
            ],
        ),
        findings_total: Count::new(
            "findings",
            code,
            row.findings_by_state.values().sum(),
            url("/findings", &[("region", region)]),
        ),
        statuses: by_code(
            lang,
            ("inspections_by_status", code),
            Status::ALL,
            &row.by_status,
            inspections("status"),
        ),
        purposes: by_code(
            lang,
            ("inspections_by_purpose", code),
            Purpose::ALL,
            &row.by_purpose,
            inspections("purpose"),
        ),
        weights: Weight::ALL.iter().map(|weight| lang.term(*weight)).collect(),
        dimensions: dimensions(lang, reference, region, row),
        corrections: corrections(lang, region, row),
        rejected: figure("rejections", code, row.corrections.rejected),
        extended: figure("findings_extended", code, row.corrections.extended),
        assistance: figure("assistance", code, row.assistance),
        overdue: overdue
            .rows
            .iter()
            .map(|row| overdue_line(lang, reference, row, at))
            .collect(),
        visits: vec![
            (
                lang.say("计入上限", "Counted against the cap"),
                figure("visits_counted", code, row.visits.counted),
                false,
            ),
            (
                lang.say("只记录，不计入", "Noted only"),
                figure("visits_noted", code, row.visits.noted),
                false,
            ),
            (
                lang.say("已达年度上限的机构", "Institutions at their cap"),
                figure("at_cap", code, row.visits.at_cap),
                row.visits.at_cap > 0,
            ),
        ],
        procedure: procedure(lang, row),
        months: Months::new("visits_by_month", code, &figures.visits_by_month, 12),
        lines: figures
            .parts
            .iter()
            .map(|part| region_line(part, Some(part.code.as_str())))
            .collect(),
        shell,
    }
}

fn region_line(row: &ConductFiguresRow, region: Option<&str>) -> RegionLine {
    let list = |path: &str, more: (&str, Option<&str>)| url(path, &[("region", region), more]);
    let open: u64 = OPEN
        .iter()
        .filter_map(|state| row.findings_by_state.get(state.code()))
        .sum();
    let code = row.code.as_str();
    RegionLine {
        code: row.code.clone(),
        name: bdi(&row.name),
        href: list("/conduct", ("region", None)),
        inspected: figure("inspected", code, row.inspected),
        operating: figure("operating", code, row.operating),
        share: Share::new("coverage", code, row.inspected, row.operating),
        inspections: Count::new(
            "inspections",
            code,
            row.by_status.values().sum(),
            list("/inspections", ("open", None)),
        ),
        open: Count::new("open_findings", code, open, list("/findings", ("open", Some("1")))),
        overdue: Count::new(
            "overdue_corrections",
            code,
            row.corrections.overdue,
            list("/findings", ("overdue", Some("1"))),
        ),
        at_cap: figure("at_cap", code, row.visits.at_cap),
        damaged: Count::new("damaged_inspections", code, row.damaged, String::new()),
    }
}

/// Findings by dimension and weight, in the order of the newest checklist; dimensions that it does not know follow, then
/// those of foreign registers, which have none.
fn dimensions(lang: Lang, reference: &Reference, region: Option<&str>, row: &ConductFiguresRow) -> Vec<DimensionLine> {
    let by_dimension = row.findings_by_dimension();
    let greatest = by_dimension.values().copied().max().unwrap_or(0).max(1);
    let mut codes: Vec<&str> = findings::dimensions(reference).map(|one| one.code.as_str()).collect();
    for code in by_dimension.keys().filter(|code| !code.is_empty()) {
        if !codes.contains(&code.as_str()) {
            codes.push(code);
        }
    }
    if by_dimension.contains_key("") {
        codes.push("");
    }
    codes
        .into_iter()
        .map(|code| {
            let mut left = 0;
            let mut bars = Vec::new();
            let counts = Weight::ALL
                .iter()
                .map(|weight| {
                    let key = (code.to_owned(), weight.code().to_owned());
                    let count = row.findings.get(&key).copied().unwrap_or(0);
                    let width = scale(count, greatest, FINDINGS_BAR);
                    if width > 0 {
                        bars.push((left, width, weight_class(*weight)));
                        left += width;
                    }
                    let fields = [
                        ("region", region),
                        ("dimension", Some(code)),
                        ("weight", Some(weight.code())),
                    ];
                    let of = format!("{}/{code}/{}", row.code, weight.code());
                    (
                        lang.term(*weight),
                        Count::new(
                            "findings_by_dimension_and_weight",
                            &of,
                            count,
                            url("/findings", &fields),
                        ),
                    )
                })
                .collect();
            DimensionLine {
                word: findings::dimension_word(lang, reference, code),
                href: (!code.is_empty()).then(|| url("/findings", &[("region", region), ("dimension", Some(code))])),
                counts,
                total: figure(
                    "findings_by_dimension",
                    format!("{}/{code}", row.code),
                    by_dimension.get(code).copied().unwrap_or(0),
                ),
                bars,
            }
        })
        .collect()
}

/// Colour of a weight in a bar; the words stand in the heads of the table.
fn weight_class(weight: Weight) -> &'static str {
    match weight {
        Weight::Veto | Weight::Grave => "fbad",
        Weight::General => "fwarn",
        Weight::Minor => "f1",
        Weight::Unknown => "fend",
    }
}

/// Corrections by state, with their lists.
fn corrections(lang: Lang, region: Option<&str>, row: &ConductFiguresRow) -> Vec<(&'static str, Count, &'static str)> {
    let figures = &row.corrections;
    let list = |name: &'static str, value: &'static str| url("/findings", &[("region", region), (name, Some(value))]);
    let count =
        |what: &str, value: u64, href: String| Count::new("corrections", &format!("{}/{what}", row.code), value, href);
    let state = |state: FindingState, value: u64| count(state.code(), value, list("state", state.code()));
    let cited = row
        .findings_by_state
        .get(FindingState::Cited.code())
        .copied()
        .unwrap_or(0);
    vec![
        (
            lang.say("已认定，未责令", "Cited, not ordered yet"),
            state(FindingState::Cited, cited),
            "",
        ),
        (
            lang.say("整改中，未到期", "Ordered, in time"),
            count("due", figures.due, list("open", "1")),
            "",
        ),
        (
            lang.say("逾期", "Overdue"),
            count("overdue", figures.overdue, list("overdue", "1")),
            "t-bad",
        ),
        (
            lang.say("机构已报，待复查", "Reported, to be looked at"),
            state(FindingState::CorrectionClaimed, figures.claimed),
            "t-warn",
        ),
        (
            lang.say("已核实整改", "Verified"),
            state(FindingState::Verified, figures.verified),
            "",
        ),
        (
            lang.say("当场改正", "Corrected on the spot"),
            state(FindingState::CorrectedOnSite, figures.on_site),
            "",
        ),
    ]
}

/// Whether the inspections themselves kept to the rules.
fn procedure(lang: Lang, row: &ConductFiguresRow) -> Vec<Said> {
    let said = |name: &str, value: u64| figure(name, &row.code, value);
    vec![
        (
            lang.say("现场超过师幼比的检查", "Visits that found the ratio exceeded"),
            said("ratio_exceeded", row.ratio_exceeded),
            row.ratio_exceeded > 0,
        ),
        (
            lang.say("补录到场", "Arrivals filled in afterwards"),
            said("backfilled", row.backfilled),
            false,
        ),
        (
            lang.say("其中超过补录期限", "of them after the days allowed"),
            said("backfilled_late", row.backfilled_late),
            row.backfilled_late > 0,
        ),
        (
            lang.say("应急检查，尚待补批", "Emergency visits without approval yet"),
            said("approvals_due", row.approvals_due),
            false,
        ),
        (
            lang.say("其中补批逾期", "of them overdue"),
            said("approvals_overdue", row.approvals_overdue),
            row.approvals_overdue > 0,
        ),
        (
            lang.say("迟到的补批", "Approvals given late"),
            said("approvals_late", row.approvals_late),
            row.approvals_late > 0,
        ),
    ]
}

fn overdue_line(lang: Lang, reference: &Reference, row: &FindingRow, at: Date) -> OverdueLine {
    OverdueLine {
        href: findings::href(row),
        item: findings::item(lang, reference, row),
        weight: weight_badge(lang, row.weight),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        due: lang.day_or_dash(row.due_date),
        late: row
            .due_date
            .map_or_else(html::dash, |due| deadline(lang, &reference.calendar, due, at)),
    }
}
