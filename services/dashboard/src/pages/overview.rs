//! `/`: the overview of a region (监管总览).

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::incident;
use yujian_domain::institution::Status;
use yujian_domain::time::day_of;
use yujian_views::{InstitutionQuery, InstitutionRow, Pipeline, RegionRow, RollUp, Scope};

use super::marks::{Count, Part, Share, by_code};
use super::staff::standing_list;
use super::{SOON_WORKING_DAYS, deadline, everywhere, status_badge};
use crate::Shared;
use crate::charts::{Months, scale, spark};
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, bdi, figure, percent, two_decimals, url};
use crate::lang::Lang;
use crate::shell::{Crumb, Shell};
use crate::visit::Visit;

/// Plan target T1, 4.5 places per 1,000 inhabitants, in hundredths (浙江省"十四五"规划 三(三)).
const TARGET_HUNDREDTHS: u64 = 450;
/// Right end of the bars of places per 1,000 inhabitants, in hundredths.
const BAR_END_HUNDREDTHS: u64 = 600;
/// Running clocks listed on the page.
const DUE_SHOWN: usize = 8;
/// Institutions listed for a region without parts.
const INSTITUTIONS_SHOWN: u32 = 100;
/// Lines of the table on a wall, where nobody scrolls: the cities of a province.
const WALL_LINES: usize = 11;

/// Places per 1,000 inhabitants of a region.
#[derive(Debug, Clone)]
pub(crate) struct PerThousand {
    /// Two decimals.
    pub(crate) figure: Markup,
    /// Length of the bar, of 200.
    pub(crate) bar: u64,
    /// Position of the target's mark, of 200.
    pub(crate) goal: u64,
    /// Whether the target is met.
    pub(crate) met: bool,
}

impl PerThousand {
    fn new(code: &str, ratio: (u64, u64)) -> Option<Self> {
        let shown = two_decimals(ratio.0, ratio.1)?;
        let hundredths = html::scaled(ratio.0, ratio.1, 100)?;
        Some(Self {
            figure: html::rate("places_per_thousand", code, &shown),
            bar: scale(hundredths, BAR_END_HUNDREDTHS, 200),
            goal: scale(TARGET_HUNDREDTHS, BAR_END_HUNDREDTHS, 200) - 1,
            // What is shown is what is judged.
            met: hundredths >= TARGET_HUNDREDTHS,
        })
    }
}

/// One line of the region table.
#[derive(Debug)]
struct Line {
    code: String,
    name: Markup,
    href: String,
    list: String,
    institutions: Markup,
    operating: Markup,
    places: Markup,
    per_thousand: Option<PerThousand>,
    uncovered: Option<(Markup, Markup)>,
    uncovered_any: bool,
    open_incidents: Count,
    late: Count,
    staff: Count,
    staff_share: Option<Share>,
    unqualified: Count,
    inspections: Count,
    coverage: Option<Share>,
    inspected: Markup,
    open_findings: Count,
    overdue: Count,
    alerts: Count,
    staff_href: String,
    conduct_href: String,
    damaged: Count,
}

impl Line {
    /// The line of a region; without one, of everything.
    fn new(row: &RegionRow, region: Option<&str>) -> Self {
        let list_of = |path: &str, more: (&str, Option<&str>)| url(path, &[("region", region), more]);
        let list = url("/institutions", &[("region", region)]);
        let code = row.code.as_str();
        let count = |name: &str, value: u64, href: String| Count::new(name, code, value, href);
        Self {
            code: row.code.clone(),
            name: bdi(&row.name),
            href: url("/", &[("region", region)]),
            list,
            institutions: figure("institutions", code, row.institutions),
            operating: figure("operating", code, row.operating),
            places: figure("places", code, row.places),
            per_thousand: row.places_per_thousand.and_then(|ratio| PerThousand::new(code, ratio)),
            uncovered: (row.townships > 0).then(|| {
                (
                    figure(
                        "unserved_townships",
                        code,
                        row.townships.saturating_sub(row.townships_covered),
                    ),
                    figure("townships", code, row.townships),
                )
            }),
            uncovered_any: row.townships > row.townships_covered,
            open_incidents: count(
                "open_incidents",
                row.open_incidents,
                list_of("/incidents", ("open", Some("1"))),
            ),
            late: count(
                "late_incidents",
                row.late_notifications,
                list_of("/incidents", ("late", Some("1"))),
            ),
            staff: count("engaged", row.staff, standing_list(region, &[])),
            staff_share: Share::new("qualified_share", code, row.qualified_staff, row.staff),
            unqualified: count(
                "unqualified",
                row.staff.saturating_sub(row.qualified_staff),
                standing_list(region, &[("unqualified", Some("1"))]),
            ),
            inspections: count("inspections", row.inspections, list_of("/inspections", ("open", None))),
            coverage: Share::new("coverage", code, row.inspected_institutions, row.operating),
            inspected: figure("inspected", code, row.inspected_institutions),
            open_findings: count(
                "open_findings",
                row.open_findings,
                list_of("/findings", ("open", Some("1"))),
            ),
            overdue: count(
                "overdue_corrections",
                row.overdue_corrections,
                list_of("/findings", ("overdue", Some("1"))),
            ),
            alerts: count("alerts", row.alerts, list_of("/alerts", ("rule", None))),
            staff_href: list_of("/staff", ("region", None)),
            conduct_href: list_of("/conduct", ("region", None)),
            damaged: count(
                "damaged_institutions",
                row.damaged,
                list_of("/institutions", ("damaged", Some("1"))),
            ),
        }
    }
}

/// A running clock.
#[derive(Debug)]
struct Due {
    name: Markup,
    href: String,
    day: Markup,
    state: Markup,
    provisional: bool,
}

/// An institution of a region without parts.
#[derive(Debug)]
struct Small {
    name: Markup,
    href: String,
    kind: String,
    status: Markup,
    places: Markup,
    open_incidents: Markup,
    damaged: bool,
}

/// A small line: points and the last of them.
type Spark = Option<(String, u64, u64)>;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    shell: Shell,
    name: Markup,
    wall: String,
    whole: Line,
    status_parts: Vec<Part>,
    in_process: Count,
    returned: Count,
    receipt_overdue: Count,
    receipt_due_soon: Count,
    receipts_issued: Markup,
    receipts_late: Option<Markup>,
    receipts_on_time: Option<Markup>,
    receipts_spark: Spark,
    incidents: Markup,
    incidents_spark: Spark,
    lines: Vec<Line>,
    institutions: Vec<Small>,
    institutions_more: bool,
    unlisted: u64,
    due: Vec<Due>,
    due_total: Markup,
    months: Months,
    receipts: Months,
    categories: Vec<Part>,
    at: Markup,
}

/// `GET /?region=…`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let fields = visit.fields(&["region"])?;
    let mut region = fields.region("region")?;
    let (lang, now) = (visit.lang, shared.clock.now());
    let at = day_of(now);
    let reference = (shared.reference)();
    let soon = reference.calendar.add_working_days(at, SOON_WORKING_DAYS).date;
    let scope = Scope::default();
    if region.is_none() {
        region = only_province(&shared.views.roll_up(&scope, None, at).await?);
    }
    let (mut roll_up, mut pipeline) = (None, None);
    // Two readings at one position, so that figures beside each other agree; under heavy writing the third try stands.
    for _ in 0..3 {
        let figures = shared.views.roll_up(&scope, region.as_deref(), at).await?;
        let (filings, as_of) = shared.views.pipeline(&scope, region.as_deref(), at, soon).await?;
        let agree = figures.as_of.position == as_of.position;
        (roll_up, pipeline) = (Some(figures), Some(filings));
        if agree {
            break;
        }
    }
    let (Some(roll_up), Some(pipeline)) = (roll_up, pipeline) else {
        return Err(Failure::Unavailable);
    };
    if let Some(code) = region.as_deref()
        && reference.divisions.get(code).is_none()
        && roll_up.region.by_status.is_empty()
    {
        return Err(Failure::NoThing(Thing::Region));
    }
    let institutions = if roll_up.parts.is_empty() && region.is_some() {
        let query = InstitutionQuery {
            region: region.clone(),
            limit: INSTITUTIONS_SHOWN,
            ..InstitutionQuery::default()
        };
        let page = shared.views.institutions(query).await?;
        (page.rows, page.next.is_some())
    } else {
        (Vec::new(), false)
    };
    let here = url("/", &[("region", region.as_deref())]);
    let shell = Shell::new(shared, visit, lang.say("监管总览", "Overview"), "/", here)
        .under(crumbs(lang, &roll_up, region.is_some()))
        .live(&roll_up.as_of, now, url("/events", &[("region", region.as_deref())]));
    Ok(build(shell, roll_up, pipeline, institutions, &reference.calendar, now).render()?)
}

/// The province, where everything lies in one: a share of the whole country's inhabitants would say nothing there.
fn only_province(whole: &RollUp) -> Option<String> {
    match whole.parts.as_slice() {
        [only] if only.level == "province" => Some(only.code.clone()),
        _ => None,
    }
}

/// Path from the whole country down to the region.
fn crumbs(lang: Lang, roll_up: &RollUp, inside: bool) -> Vec<Crumb> {
    if !inside {
        return vec![Crumb::here(everywhere(lang))];
    }
    let mut crumbs = vec![Crumb::to(everywhere(lang), "/")];
    let top = roll_up
        .path
        .iter()
        .filter(|(code, _)| *code != roll_up.region.code && is_division(code));
    crumbs.extend(top.map(|(code, name)| Crumb::to(bdi(name), url("/", &[("region", Some(code))]))));
    crumbs.push(Crumb::here(bdi(&roll_up.region.name)));
    crumbs
}

/// Whether a code names a division, and not the whole.
pub(crate) fn is_division(code: &str) -> bool {
    yujian_domain::values::RegionId::parse(code, 2020).is_ok()
}

fn build(
    shell: Shell,
    roll_up: RollUp,
    pipeline: Pipeline,
    (institutions, institutions_more): (Vec<InstitutionRow>, bool),
    calendar: &Calendar,
    now: Timestamp,
) -> OverviewPage {
    let (lang, at) = (shell.lang, day_of(now));
    let row = &roll_up.region;
    let region = is_division(&row.code).then_some(row.code.as_str());
    let count = |status: Status| row.by_status.get(status.code()).copied().unwrap_or(0);
    let on_time = row.receipts_issued.saturating_sub(row.receipts_late);
    let code = row.code.as_str();
    let on_the_clock = pipeline.running;
    let most = if shell.wall { WALL_LINES } else { usize::MAX };
    let lines: Vec<Line> = roll_up
        .parts
        .iter()
        .take(most)
        .map(|part| Line::new(part, Some(part.code.as_str())))
        .collect();
    let shown: Vec<Small> = institutions.iter().take(most).map(|row| small(lang, row)).collect();
    OverviewPage {
        unlisted: u64::try_from(roll_up.parts.len() - lines.len() + institutions.len() - shown.len())
            .unwrap_or(u64::MAX),
        name: if region.is_some() {
            bdi(&row.name)
        } else {
            everywhere(lang)
        },
        wall: url("/", &[("region", region), ("wall", Some("1"))]),
        whole: Line::new(row, region),
        status_parts: by_code(
            lang,
            ("institutions_by_status", code),
            Status::ALL,
            &row.by_status,
            |code| url("/institutions", &[("region", region), ("status", Some(code))]),
        ),
        in_process: Count::new(
            "in_process",
            code,
            count(Status::Accepted) + count(Status::Returned),
            url(
                "/institutions",
                &[
                    ("region", region),
                    ("status", Some(Status::Accepted.code())),
                    ("status", Some(Status::Returned.code())),
                ],
            ),
        ),
        returned: Count::new(
            "returned",
            code,
            count(Status::Returned),
            url(
                "/institutions",
                &[("region", region), ("status", Some(Status::Returned.code()))],
            ),
        ),
        receipt_overdue: Count::new("receipts_overdue", code, pipeline.receipt_overdue, "#due".to_owned()),
        receipt_due_soon: Count::new("receipts_due_soon", code, pipeline.receipt_due_soon, "#due".to_owned()),
        receipts_issued: figure("receipts_issued", code, row.receipts_issued),
        receipts_late: (row.receipts_late > 0).then(|| figure("receipts_late", code, row.receipts_late)),
        // A receipt that is overdue and not issued counts against the rate like one that came late.
        receipts_on_time: percent(on_time, row.receipts_issued + pipeline.receipt_overdue)
            .map(|share| html::rate("receipts_in_time", code, &share)),
        receipts_spark: last_year(&roll_up.receipts_by_month),
        incidents: figure("incidents", code, row.incidents),
        incidents_spark: last_year(&roll_up.incidents_by_month),
        lines,
        institutions: shown,
        institutions_more,
        due_total: figure("on_the_clock", code, on_the_clock),
        due: due(lang, pipeline, calendar, at),
        months: Months::new("incidents_by_month", code, &roll_up.incidents_by_month, 12),
        receipts: Months::new("receipts_by_month", code, &roll_up.receipts_by_month, 12),
        categories: by_code(
            lang,
            ("incidents_by_category", code),
            incident::Category::ALL,
            &roll_up.incidents_by_category,
            |code| url("/incidents", &[("region", region), ("category", Some(code))]),
        ),
        at: lang.day(at),
        shell,
    }
}

fn last_year(months: &[(String, u64)]) -> Spark {
    let values: Vec<u64> = months.iter().map(|(_, value)| *value).collect();
    spark(&values[values.len().saturating_sub(12)..])
}

/// Clocks that end first, with how far they are from `at`.
fn due(lang: Lang, pipeline: Pipeline, calendar: &Calendar, at: Date) -> Vec<Due> {
    let mut running = pipeline.due;
    running.sort_by(|a, b| (a.due_date, &a.name, a.institution).cmp(&(b.due_date, &b.name, b.institution)));
    running
        .into_iter()
        .take(DUE_SHOWN)
        .map(|clock| Due {
            name: bdi(&clock.name),
            href: format!("/institutions/{}", clock.institution),
            day: lang.near(clock.due_date, at),
            state: deadline(lang, calendar, clock.due_date, at),
            provisional: clock.provisional,
        })
        .collect()
}

fn small(lang: Lang, row: &InstitutionRow) -> Small {
    let id = row.id.to_string();
    Small {
        name: bdi(&row.name),
        href: format!("/institutions/{id}"),
        kind: lang.term(row.institution_type),
        status: status_badge(lang, row.status),
        places: figure("institution_places", &id, row.places),
        open_incidents: figure("institution_open_incidents", &id, row.open_incidents),
        damaged: row.damaged,
    }
}
