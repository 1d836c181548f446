//! `/staff`: the staff of a region (从业人员资质): who stands engaged, with which papers.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use yujian_domain::alert::AlertRule;
use yujian_domain::person::{CredentialKind, EngagementState, Post};
use yujian_domain::time::day_of;
use yujian_views::{
    AlertQuery, AlertRow, Bucket, EngagementRow, Page, PostFigures, Scope, StaffFigures, StaffFiguresRow, StaffQuery,
};

use super::marks::{self, Count, Share, figures_crumbs, name, only_province};
use crate::Shared;
use crate::failure::{Failure, Thing, answer};
use crate::html::{self, Markup, bdi, figure, url};
use crate::lang::Lang;
use crate::shell::Shell;
use crate::terms::Terms;
use crate::visit::Visit;

/// Rows of a section that has a list of its own.
const SHOWN: u32 = 8;

/// Those at work, off duty or not.
pub(crate) const STANDING: [EngagementState; 2] = [EngagementState::Active, EngagementState::OffDuty];

/// Address of the list of those who stand engaged, with more fields.
pub(crate) fn standing_list(region: Option<&str>, more: &[(&str, Option<&str>)]) -> String {
    let states = STANDING.map(|state| ("state", Some(state.code())));
    url(
        "/staff/list",
        &[&[("region", region)], states.as_slice(), more].concat(),
    )
}

/// Staff of a post, or of all.
#[derive(Debug)]
struct PostLine {
    word: String,
    engaged: Count,
    off_duty: Markup,
    share: Option<Share>,
    unqualified: Count,
    no_health: Markup,
    no_query: Markup,
    barred: Count,
}

impl PostLine {
    fn new(lang: Lang, region: Option<&str>, post: Option<Post>, figures: PostFigures) -> Self {
        let code = post.map(Post::code);
        let division = region.unwrap_or_default();
        let of = code.map_or_else(|| division.to_owned(), |code| format!("{division}/{code}"));
        let list = |more: (&'static str, Option<&str>)| standing_list(region, &[("post", code), more]);
        Self {
            word: post.map_or_else(|| lang.say("合计", "Total").to_owned(), |post| lang.term(post)),
            engaged: Count::new("engaged", &of, figures.engaged, list(("post", None))),
            off_duty: figure("off_duty", &of, figures.off_duty),
            share: Share::new("qualified_share", &of, figures.qualified, figures.engaged),
            unqualified: Count::new(
                "unqualified",
                &of,
                figures.engaged.saturating_sub(figures.qualified),
                list(("unqualified", Some("1"))),
            ),
            no_health: pressing(
                "without_health",
                &of,
                figures.engaged.saturating_sub(figures.healthy),
                "t-warn",
            ),
            no_query: pressing(
                "without_query",
                &of,
                figures.engaged.saturating_sub(figures.queried),
                "t-warn",
            ),
            barred: Count::new("barred", &of, figures.barred, list(("barred", Some("1")))),
        }
    }
}

/// Papers of a kind by what is left of them, in the order of [`Bucket::ALL`].
#[derive(Debug)]
struct PaperLine {
    word: String,
    href: Option<String>,
    /// What its figures are of: division and kind.
    of: String,
    counts: Vec<u64>,
}

/// A region in the table.
#[derive(Debug)]
struct RegionLine {
    code: String,
    name: Markup,
    href: String,
    all: PostLine,
    soon: Markup,
    damaged: u64,
}

/// Somebody barred who stands engaged.
#[derive(Debug)]
struct BarredLine {
    href: String,
    name: Markup,
    post: String,
    institution: Markup,
    institution_href: String,
    state: Markup,
    ground: String,
    from: Markup,
}

/// An alert about somebody.
#[derive(Debug)]
struct AlertLine {
    href: String,
    name: Markup,
    institution: Markup,
    institution_href: String,
    since: Markup,
    raised: Markup,
}

#[derive(Template)]
#[template(path = "staff.html")]
struct StaffPage {
    shell: Shell,
    name: Markup,
    at: Markup,
    region: String,
    all: PostLine,
    posts: Vec<PostLine>,
    buckets: Vec<&'static str>,
    papers: Vec<PaperLine>,
    barred_engaged: u64,
    barred_persons: Markup,
    engaged_twice: Markup,
    barred: Vec<BarredLine>,
    doubles: Vec<AlertLine>,
    doubles_total: Count,
    soon: Markup,
    expired: Count,
    lines: Vec<RegionLine>,
    damaged: u64,
}

/// `GET /staff?region=…`
pub(crate) async fn page(State(shared): State<Arc<Shared>>, visit: Visit) -> Response {
    let made = load(&shared, &visit).await;
    answer(&shared, &visit, made)
}

async fn load(shared: &Shared, visit: &Visit) -> Result<String, Failure> {
    let mut region = visit.fields(&["region"])?.region("region")?;
    let (lang, now, scope) = (visit.lang, shared.clock.now(), Scope::default());
    let at = day_of(now);
    let reference = (shared.reference)();
    let mut figures = shared.views.staff_figures(&scope, region.as_deref(), at).await?;
    if region.is_none() {
        region = only_province(figures.parts.iter().map(|part| part.code.as_str()));
        if region.is_some() {
            figures = shared.views.staff_figures(&scope, region.as_deref(), at).await?;
        }
    }
    if let Some(code) = region.as_deref()
        && reference.divisions.get(code).is_none()
        && figures.parts.is_empty()
        && figures.region.by_post.is_empty()
    {
        return Err(Failure::NoThing(Thing::Region));
    }
    let barred = StaffQuery {
        region: region.clone(),
        states: STANDING.to_vec(),
        barred_at: Some(at),
        limit: SHOWN,
        ..StaffQuery::default()
    };
    let barred = shared.views.staff(barred).await?;
    let doubles = AlertQuery {
        region: region.clone(),
        rules: vec![AlertRule::DoubleEngagement],
        limit: SHOWN,
        ..AlertQuery::default()
    };
    let doubles = shared.views.alerts(doubles).await?;
    let terms = Terms::new(lang, Arc::clone(&shared.keys), Arc::clone(&reference.divisions));
    let mut named = Vec::new();
    for row in &doubles.rows {
        named.push(alert_line(shared, &terms, row, at).await?);
    }
    let title = lang.say("从业人员资质", "Staff");
    let here = url("/staff", &[("region", region.as_deref())]);
    let events = url("/events", &[("region", region.as_deref())]);
    let shell = Shell::new(shared, visit, title, "/staff", here)
        .under(figures_crumbs(lang, "/staff", &figures.path, region.as_deref()))
        .live(&figures.as_of, now, events);
    let region = region.as_deref();
    Ok(build(shell, &terms, region, at, &figures, &barred, (named, doubles.total)).render()?)
}

/// An alert with the name of whom it is about.
async fn alert_line(shared: &Shared, terms: &Terms, row: &AlertRow, at: Date) -> Result<AlertLine, Failure> {
    let lang = terms.lang;
    let person = match row.person {
        Some(id) => shared.views.person(&Scope::default(), id, at).await?,
        None => None,
    };
    Ok(AlertLine {
        href: row
            .person
            .map_or_else(|| "/alerts".to_owned(), |id| format!("/persons/{id}")),
        name: name(terms, person.as_ref().and_then(|person| person.row.name.as_ref())),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        since: lang.day(row.since_date),
        raised: lang.moment(row.raised_time),
    })
}

fn build(
    shell: Shell,
    terms: &Terms,
    region: Option<&str>,
    at: Date,
    figures: &StaffFigures,
    barred: &Page<EngagementRow>,
    (doubles, doubles_total): (Vec<AlertLine>, u64),
) -> StaffPage {
    let lang = shell.lang;
    let row = &figures.region;
    let papers = papers(lang, region, row);
    let code = region.unwrap_or_default();
    let of = |bucket: usize| papers.iter().map(|line| line.counts[bucket]).sum();
    StaffPage {
        name: match region {
            Some(_) => bdi(&row.name),
            None => super::everywhere(lang),
        },
        at: lang.day(at),
        region: region.unwrap_or_default().to_owned(),
        all: PostLine::new(lang, region, None, row.total()),
        posts: Post::ALL
            .iter()
            .filter_map(|post| {
                let figures = row.by_post.get(post.code()).copied()?;
                (figures.engaged > 0).then(|| PostLine::new(lang, region, Some(*post), figures))
            })
            .collect(),
        buckets: Bucket::ALL.iter().map(|bucket| bucket_word(lang, *bucket)).collect(),
        barred_engaged: figures.barred_engaged,
        barred_persons: figure("barred_persons", code, figures.barred_engaged),
        engaged_twice: figure("engaged_twice", code, figures.engaged_twice),
        barred: barred.rows.iter().map(|row| barred_line(terms, row)).collect(),
        doubles,
        doubles_total: Count::new(
            "double_engagement_alerts",
            code,
            doubles_total,
            url(
                "/alerts",
                &[("region", region), ("rule", Some(AlertRule::DoubleEngagement.code()))],
            ),
        ),
        expired: Count::new("papers_ended", code, of(0), String::new()),
        soon: figure("papers_ending_soon", code, of(1) + of(2)),
        papers,
        lines: figures.parts.iter().map(|part| region_line(lang, part)).collect(),
        damaged: row.damaged,
        shell,
    }
}

fn region_line(lang: Lang, row: &StaffFiguresRow) -> RegionLine {
    let region = Some(row.code.as_str());
    let near: u64 = papers(lang, region, row)
        .iter()
        .map(|line| line.counts[1] + line.counts[2])
        .sum();
    RegionLine {
        code: row.code.clone(),
        name: bdi(&row.name),
        href: url("/staff", &[("region", region)]),
        all: PostLine::new(lang, region, None, row.total()),
        soon: figure("papers_ending_soon", &row.code, near),
        damaged: row.damaged,
    }
}

/// Health certificates, record queries, then credentials by kind, in the order of the list.
fn papers(lang: Lang, region: Option<&str>, row: &StaffFiguresRow) -> Vec<PaperLine> {
    let division = region.unwrap_or_default();
    let counts = |of: &BTreeMap<String, u64>| -> Vec<u64> {
        Bucket::ALL
            .iter()
            .map(|bucket| of.get(bucket.code()).copied().unwrap_or(0))
            .collect()
    };
    let mut lines = vec![
        PaperLine {
            word: lang.say("健康证明", "Health certificates").to_owned(),
            href: None,
            of: format!("{division}/health"),
            counts: counts(&row.health),
        },
        PaperLine {
            word: lang.say("违法犯罪记录查询", "Record queries").to_owned(),
            href: None,
            of: format!("{division}/query"),
            counts: counts(&row.queries),
        },
    ];
    lines.extend(CredentialKind::ALL.iter().filter_map(|kind| {
        let buckets = row.certificates.get(kind.code())?;
        Some(PaperLine {
            word: lang.term(*kind),
            href: Some(url("/credentials", &[("region", region), ("kind", Some(kind.code()))])),
            of: format!("{division}/{}", kind.code()),
            counts: counts(buckets),
        })
    }));
    lines.retain(|line| line.href.is_none() || line.counts.iter().any(|count| *count > 0));
    lines
}

fn barred_line(terms: &Terms, row: &EngagementRow) -> BarredLine {
    let lang = terms.lang;
    BarredLine {
        href: format!("/persons/{}", row.person),
        name: name(terms, row.name.as_ref()),
        post: lang.term(row.post),
        institution: bdi(&row.institution_name),
        institution_href: format!("/institutions/{}", row.institution),
        state: marks::engagement_badge(lang, row.state),
        ground: row.bar.map_or_else(String::new, |bar| lang.term(bar.ground)),
        from: lang.day_or_dash(row.bar.map(|bar| bar.from_date)),
    }
}

/// A bucket in words: how many days are left.
pub(crate) fn bucket_word(lang: Lang, bucket: Bucket) -> &'static str {
    match bucket {
        Bucket::Expired => lang.say("已过期", "Ended"),
        Bucket::Within7 => lang.say("0–7 天", "0–7 d"),
        Bucket::Within30 => lang.say("8–30 天", "8–30 d"),
        Bucket::Within90 => lang.say("31–90 天", "31–90 d"),
        Bucket::More => lang.say("90 天以上", "More"),
        Bucket::None => lang.say("长期或无", "No end, none"),
    }
}

/// A figure that stands out when it is not zero.
fn pressing(name: &str, of: &str, value: u64, tone: &'static str) -> Markup {
    let figure = figure(name, of, value);
    if value == 0 || tone.is_empty() {
        return figure;
    }
    figure.within("span", tone)
}

impl PaperLine {
    /// The counts under the words of their buckets; what has ended or ends within 30 days stands out.
    fn cells(&self, shell: &Shell) -> Vec<(&'static str, Markup)> {
        let cell = |(bucket, count): (&Bucket, &u64)| {
            let tone = match bucket {
                Bucket::Expired => "t-bad",
                Bucket::Within7 | Bucket::Within30 => "t-warn",
                Bucket::Within90 | Bucket::More | Bucket::None => "",
            };
            let of = format!("{}/{}", self.of, bucket.code());
            (bucket_word(shell.lang, *bucket), pressing("papers", &of, *count, tone))
        };
        Bucket::ALL.iter().zip(&self.counts).map(cell).collect()
    }
}
