//! `/admission`: institution admission (机构准入) of a region: what is open by state and by time left, what returned
//! applications lack, deemed outcomes, kinds, regions.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::Unit;
use yujian_domain::institution::{ApplicationKind, DeemedOutcome};
use yujian_domain::reference::Reference;
use yujian_domain::time::day_of;
use yujian_views::{
    Admission, AdmissionRow, ApplicationQuery, ApplicationRow, AuthorizationState, BucketFigures, ClockBucket,
    ClockRow, Scope, StateFigures,
};

use super::applications::{self, application_href};
use super::clocks::{bucket_word, class, length, soon};
use super::marks::{Count, Part, Share, by_code, figures_crumbs, only_province};
use crate::Shared;
use crate::charts::scale;
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, bdi, figure, number, url};
use crate::lang::Lang;
use crate::shell::Shell;
use crate::terms::{self, Terms};
use crate::visit::Visit;

/// Rows of a section that has a list of its own.
const SHOWN: u32 = 10;
/// Open applications that are shown.
const CASES: u32 = 12;
/// Length of a bar that shows how far a clock has come.
const CASE_BAR: u64 = 200;
/// Length of the longest bar of the states.
const STATES_BAR: u64 = 400;
/// Buckets that stand in a column of their own.
const COLUMNS: [ClockBucket; 5] = [
    ClockBucket::Overdue,
    ClockBucket::DueSoon,
    ClockBucket::Paused,
    ClockBucket::Ample,
    ClockBucket::None,
];

/// Open applications of one state.
#[derive(Debug)]
struct StateLine {
    word: String,
    total: Count,
    buckets: Vec<(String, Count, bool)>,
    /// Left edge, width and class of each part of the bar.
    bars: Vec<(u64, u64, &'static str)>,
    said: String,
    median: Markup,
    longest: Markup,
}

/// An open application with the clock that it waits for.
#[derive(Debug)]
struct CaseLine {
    row: applications::Row,
    due: Markup,
    /// How long its clock is, as its drawing says it.
    length: String,
    /// How far its clock has come: left edge, width and class of each part.
    bars: Vec<(u64, u64, &'static str)>,
}

#[derive(Debug)]
struct ItemLine {
    word: String,
    count: Count,
    share: Option<Share>,
    again: Markup,
    again_any: bool,
}

#[derive(Debug)]
struct DeemedLine {
    href: String,
    institution: Markup,
    region: Markup,
    kind: String,
    outcome: Markup,
    since: Markup,
}

#[derive(Debug)]
struct KindLine {
    word: String,
    open: Count,
    granted: Markup,
    refused: Markup,
    at_once: Option<Share>,
}

#[derive(Debug)]
struct RegionLine {
    code: String,
    name: Markup,
    href: String,
    open: Count,
    overdue: Count,
    due_soon: Count,
    paused: Count,
    late: Markup,
    conditions: Markup,
    cessations: Markup,
    damaged: Count,
}

#[derive(Template)]
#[template(path = "admission.html")]
struct AdmissionPage {
    shell: Shell,
    name: Markup,
    at: Markup,
    region: String,
    whole: RegionLine,
    list_href: String,
    deadlines_href: String,
    heads: Vec<String>,
    states: Vec<StateLine>,
    cases: Vec<CaseLine>,
    chips: Vec<(String, Option<Markup>, String)>,
    clocks: Vec<(String, Count, bool)>,
    returned: Count,
    items: Vec<ItemLine>,
    deemed_counts: Vec<(String, Markup)>,
    deemed: Vec<DeemedLine>,
    kinds: Vec<KindLine>,
    authorizations: Vec<Part>,
    lines: Vec<RegionLine>,
}

/// `GET /admission?region=…`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let mut region = visit.fields(&["region"])?.region("region")?;
    let (lang, now, scope) = (visit.lang, shared.clock.now(), Scope::default());
    let at = day_of(now);
    let reference = (shared.reference)();
    let soon = soon(&reference.calendar, at);
    let mut found = shared.views.admission(&scope, region.as_deref(), at, soon).await?;
    if region.is_none() {
        region = only_province(found.parts.iter().map(|part| part.code.as_str()));
        if region.is_some() {
            found = shared.views.admission(&scope, region.as_deref(), at, soon).await?;
        }
    }
    if let Some(code) = region.as_deref()
        && reference.divisions.get(code).is_none()
        && found.parts.is_empty()
        && found.region.by_state.is_empty()
    {
        return Err(Failure::NoThing(Thing::Region));
    }
    let urgent = shared
        .views
        .urgent_applications(&scope, region.as_deref(), CASES)
        .await?;
    let deemed = ApplicationQuery {
        region: region.clone(),
        deemed: DeemedOutcome::ALL.to_vec(),
        limit: SHOWN,
        ..ApplicationQuery::default()
    };
    let deemed = shared.views.applications(deemed).await?;
    let title = lang.say("机构准入", "Admission");
    let here = url("/admission", &[("region", region.as_deref())]);
    let events = url("/events", &[("region", region.as_deref())]);
    let shell = Shell::new(shared, visit, title, "/admission", here)
        .under(figures_crumbs(lang, "/admission", &found.path, region.as_deref()))
        .live(&found.as_of, now, events);
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let builder = Builder {
        terms: &terms,
        reference: &reference,
        region: region.as_deref(),
        at,
    };
    Ok(builder.build(shell, &found, &urgent, &deemed.rows).render()?)
}

struct Builder<'a> {
    terms: &'a Terms,
    reference: &'a Reference,
    region: Option<&'a str>,
    at: Date,
}

impl Builder<'_> {
    fn build(
        &self,
        shell: Shell,
        found: &Admission,
        urgent: &[ApplicationRow],
        deemed: &[ApplicationRow],
    ) -> AdmissionPage {
        let (lang, region, row) = (self.terms.lang, self.region, &found.region);
        let code = row.code.as_str();
        AdmissionPage {
            name: match region {
                Some(_) => bdi(&row.name),
                None => super::everywhere(lang),
            },
            at: lang.day(self.at),
            region: region.unwrap_or_default().to_owned(),
            whole: region_line(row, region),
            list_href: url("/applications", &[("region", region)]),
            deadlines_href: url("/deadlines", &[("region", region)]),
            heads: COLUMNS.iter().map(|bucket| bucket_word(lang, *bucket)).collect(),
            states: self.states(code, &found.states),
            cases: urgent.iter().map(|row| self.case(row)).collect(),
            chips: self.chips(row),
            clocks: buckets(lang, ("clocks_by_bucket", code), &row.clocks, |bucket| {
                url("/deadlines", &[("region", region), ("left", Some(bucket.code()))])
            }),
            returned: Count::new(
                "applications_returned",
                code,
                found.returned,
                url("/applications", &[("region", region), ("state", Some("returned"))]),
            ),
            items: self.items(found),
            deemed_counts: deemed_counts(lang, row),
            deemed: deemed.iter().map(|row| self.deemed(row)).collect(),
            kinds: kinds(lang, region, row),
            authorizations: by_code(
                lang,
                ("authorizations_by_state", code),
                AuthorizationState::ALL,
                &row.authorizations,
                |state| authorized_href(region, state),
            ),
            lines: found
                .parts
                .iter()
                .map(|part| region_line(part, Some(part.code.as_str())))
                .collect(),
            shell,
        }
    }

    fn states(&self, code: &str, states: &[StateFigures]) -> Vec<StateLine> {
        let (lang, region) = (self.terms.lang, self.region);
        let greatest = states
            .iter()
            .map(|state| state.buckets.total())
            .max()
            .unwrap_or(0)
            .max(1);
        let line = |figures: &StateFigures| {
            let of = format!("{code}/{}", figures.state.code());
            let list = |left: Option<&str>| {
                url(
                    "/applications",
                    &[
                        ("region", region),
                        ("state", Some(figures.state.code())),
                        ("left", left),
                    ],
                )
            };
            let (mut at, mut bars, mut said) = (0, Vec::new(), Vec::new());
            for bucket in COLUMNS {
                let count = figures.buckets.of(bucket);
                let width = scale(count, greatest, STATES_BAR);
                if width > 0 {
                    bars.push((at, width, class(bucket)));
                    at += width;
                }
                if count > 0 {
                    said.push(format!("{} {}", bucket_word(lang, bucket), number(count)));
                }
            }
            StateLine {
                word: lang.term(figures.state),
                total: Count::new("applications_open_by_state", &of, figures.buckets.total(), list(None)),
                buckets: buckets(
                    lang,
                    ("applications_by_state_and_bucket", &of),
                    &figures.buckets,
                    |bucket| list(Some(bucket.code())),
                ),
                bars,
                said: said.join(lang.comma()),
                median: self.days_since("days_in_state_median", &of, figures.median_since),
                longest: self.days_since("days_in_state_longest", &of, figures.oldest_since),
            }
        };
        states.iter().map(line).collect()
    }

    /// Working days since a day, as a figure.
    fn days_since(&self, name: &str, of: &str, since: Option<Date>) -> Markup {
        since.map_or_else(html::dash, |since| {
            figure(name, of, days_between(&self.reference.calendar, since, self.at))
        })
    }

    fn case(&self, row: &ApplicationRow) -> CaseLine {
        let (lang, calendar) = (self.terms.lang, &self.reference.calendar);
        let clock = row.clock.as_ref();
        CaseLine {
            row: applications::line(self.terms, calendar, row, self.at),
            due: lang.day_or_dash(clock.map(|clock| clock.due_date)),
            length: match clock.map(|clock| length(lang, clock)) {
                Some(length) if !length.is_empty() => lang.say("全长 ", "in all ").to_owned() + &length,
                _ => lang.say("到最后一日", "until its last day").to_owned(),
            },
            bars: clock.map(|clock| walked(clock, self.at, calendar)).unwrap_or_default(),
        }
    }

    /// What the list of open applications may be narrowed by, with how many are left.
    fn chips(&self, row: &AdmissionRow) -> Vec<(String, Option<Markup>, String)> {
        let (lang, code) = (self.terms.lang, row.code.as_str());
        let list = |field: Option<(&str, &str)>| {
            let mut fields = vec![("region", self.region), ("open", Some("1"))];
            fields.extend(field.map(|(name, value)| (name, Some(value))));
            url("/applications", &fields)
        };
        let bucket = |bucket: ClockBucket, name: &str| {
            let count = figure(name, code, row.open.of(bucket));
            (
                bucket_word(lang, bucket),
                Some(count),
                list(Some(("left", bucket.code()))),
            )
        };
        vec![
            (
                lang.say("全部", "All").to_owned(),
                Some(figure("applications_open", code, row.open.total())),
                list(None),
            ),
            bucket(ClockBucket::Overdue, "applications_overdue"),
            bucket(ClockBucket::Paused, "applications_paused"),
            (
                lang.say("退回两次以上", "Returned more than once").to_owned(),
                None,
                list(Some(("again", "1"))),
            ),
        ]
    }

    fn items(&self, found: &Admission) -> Vec<ItemLine> {
        let (lang, code) = (self.terms.lang, found.region.code.as_str());
        found
            .returned_items
            .iter()
            .map(|figures| {
                let of = format!("{code}/{}", figures.item);
                let href = url(
                    "/applications",
                    &[("region", self.region), ("item", Some(&figures.item))],
                );
                ItemLine {
                    word: terms::item(lang, &figures.item).into_owned(),
                    count: Count::new("returned_items", &of, figures.applications, href),
                    share: Share::new("returned_items_share", &of, figures.applications, found.returned),
                    again: figure("returned_again", &of, figures.again),
                    again_any: figures.again > 0,
                }
            })
            .collect()
    }

    fn deemed(&self, row: &ApplicationRow) -> DeemedLine {
        let lang = self.terms.lang;
        DeemedLine {
            href: application_href(row.institution, row.number),
            institution: bdi(&row.institution_name),
            region: self.terms.region(&row.region),
            kind: applications::kind(lang, row.kind),
            outcome: applications::deemed(lang, row.deemed),
            since: lang.day_or_dash(row.submitted_date),
        }
    }
}

/// How much of a clock has passed, and how much was passed over its end: left edge, width and class of each part.
fn walked(clock: &ClockRow, at: Date, calendar: &Calendar) -> Vec<(u64, u64, &'static str)> {
    let all = match clock.unit {
        Unit::WorkingDays => i64::from(calendar.working_days_between(clock.from_date, clock.due_date)),
        Unit::CalendarDays | Unit::FixedDay => (clock.due_date - clock.from_date).get_days().into(),
    };
    let (all, left) = (all.max(1), clock.days_left(at, calendar).unwrap_or(0));
    let part = |days: i64, of: i64| scale(days.max(0).unsigned_abs(), of.unsigned_abs(), CASE_BAR);
    if left < 0 {
        let own = part(all, all - left);
        vec![(0, own, "f1"), (own, CASE_BAR - own, "fbad")]
    } else {
        vec![(0, part(all - left, all), "f1")]
    }
}

/// The list of institutions whose last authorization stands so.
fn authorized_href(region: Option<&str>, state: &str) -> String {
    let statuses: &[&str] = match AuthorizationState::from_code(state) {
        Some(AuthorizationState::Active | AuthorizationState::Provisional) => &["filed", "nonconforming", "licensed"],
        Some(AuthorizationState::Suspended) => &["suspended"],
        Some(AuthorizationState::Expired) => &["expired"],
        Some(AuthorizationState::Revoked) => &["revoked"],
        Some(AuthorizationState::Closed) => &["closed"],
        Some(AuthorizationState::Superseded | AuthorizationState::Reversed) | None => &[],
    };
    let statuses = statuses.iter().map(|status| ("status", Some(*status)));
    let fields: Vec<(&str, Option<&str>)> = std::iter::once(("region", region)).chain(statuses).collect();
    url("/institutions", &fields)
}

/// Working days after a day up to another.
pub(crate) fn days_between(calendar: &Calendar, from: Date, to: Date) -> u64 {
    calendar.working_days_between(from, to).into()
}

/// Each bucket with its count, and whether it stands out.
fn buckets(
    lang: Lang,
    (name, of): (&str, &str),
    figures: &BucketFigures,
    href: impl Fn(ClockBucket) -> String,
) -> Vec<(String, Count, bool)> {
    COLUMNS
        .iter()
        .map(|bucket| {
            let count = figures.of(*bucket);
            (
                bucket_word(lang, *bucket),
                Count::new(name, &format!("{of}/{}", bucket.code()), count, href(*bucket)),
                *bucket == ClockBucket::Overdue && count > 0,
            )
        })
        .collect()
}

fn deemed_counts(lang: Lang, row: &AdmissionRow) -> Vec<(String, Markup)> {
    let mut counts = Vec::new();
    for outcome in DeemedOutcome::ALL {
        let of = format!("{}/{}", row.code, outcome.code());
        let count = |counts: &std::collections::BTreeMap<String, u64>| counts.get(outcome.code()).copied().unwrap_or(0);
        counts.push((
            applications::deemed_word(lang, *outcome),
            figure("deemed", &of, count(&row.deemed)),
        ));
        counts.push((
            format!(
                "{}{}",
                applications::deemed_word(lang, *outcome),
                lang.say("，已撤回", ", taken back")
            ),
            figure("deemed_reversed", &of, count(&row.deemed_reversed)),
        ));
    }
    counts
}

fn kinds(lang: Lang, region: Option<&str>, row: &AdmissionRow) -> Vec<KindLine> {
    let codes = ApplicationKind::ALL.iter().map(|kind| (kind.code(), lang.term(*kind)));
    codes
        .chain([("", lang.say("种类不详", "Kind unknown").to_owned())])
        .filter_map(|(code, word)| {
            let figures = row.by_kind.get(code)?;
            let of = format!("{}/{code}", row.code);
            let fields = [
                ("region", region),
                ("kind", Some(code).filter(|code| !code.is_empty())),
                ("open", Some("1")),
            ];
            Some(KindLine {
                word,
                open: Count::new(
                    "applications_open_by_kind",
                    &of,
                    figures.open,
                    url("/applications", &fields),
                ),
                granted: figure("applications_granted", &of, figures.granted),
                refused: figure("applications_refused", &of, figures.refused),
                at_once: Share::new("granted_at_once", &of, figures.granted_at_once, figures.granted),
            })
        })
        .collect()
}

fn region_line(row: &AdmissionRow, region: Option<&str>) -> RegionLine {
    let code = row.code.as_str();
    let list = |left: Option<&str>| {
        url(
            "/applications",
            &[("region", region), ("open", Some("1")), ("left", left)],
        )
    };
    RegionLine {
        code: row.code.clone(),
        name: bdi(&row.name),
        href: url("/admission", &[("region", region)]),
        open: Count::new("applications_open", code, row.open.total(), list(None)),
        overdue: Count::new("applications_overdue", code, row.open.overdue, list(Some("overdue"))),
        due_soon: Count::new("applications_due_soon", code, row.open.due_soon, list(Some("due_soon"))),
        paused: Count::new("applications_paused", code, row.open.paused, list(Some("paused"))),
        late: figure("decided_late", code, row.decided_late),
        conditions: figure("conditions_open", code, row.conditions_open),
        cessations: figure("cessations_open", code, row.cessations_open),
        damaged: Count::new("damaged_admissions", code, row.damaged, String::new()),
    }
}
