//! What every source of figures is brought to: plain counts of a division, and the figures of a page made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::divisions::{Divisions, Level};

/// Counts by name, and by what they are counted by; empty for plain ones.
pub type Counts = BTreeMap<(&'static str, String), u64>;

/// Figures as they stand on a page: name and what it is of, and the figure as text. Those that are zero are left out.
pub type Figures = BTreeMap<(String, String), String>;

/// Adds to a count.
pub fn add(counts: &mut Counts, name: &'static str, by: impl Into<String>, count: u64) {
    *counts.entry((name, by.into())).or_default() += count;
}

/// Puts a figure, unless it is zero.
pub fn put(figures: &mut Figures, name: &str, of: impl Into<String>, value: u64) {
    if value > 0 {
        figures.insert((name.to_owned(), of.into()), value.to_string());
    }
}

/// Puts the children to a carer in tenths, half up, where there is a carer.
pub fn put_ratio(figures: &mut Figures, of: impl Into<String>, children: u64, carers: u64) {
    if let Some(tenths) = (children * 20 + carers).checked_div(2 * carers) {
        let shown = format!("1:{}.{}", tenths / 10, tenths % 10);
        figures.insert(("children_to_a_carer".to_owned(), of.into()), shown);
    }
}

/// Somebody's engagement that stands: who, in which division, and whether barred at the day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AtWork {
    pub person: String,
    pub region: String,
    pub barred: bool,
}

/// Everything counted at a day, by division of the institution.
#[derive(Debug, Default)]
pub struct Counted {
    pub by_region: BTreeMap<String, Counts>,
    pub at_work: Vec<AtWork>,
}

/// Whether a division lies in another; everything lies in the empty one.
pub fn lies_in(code: &str, region: &str) -> bool {
    if region.bytes().all(|byte| byte.is_ascii_digit()) {
        return code.starts_with(region);
    }
    code == region || code.starts_with(&format!("{region}/"))
}

/// The direct parts of a division: those of the tables, and whatever else institutions name; of everything only those
/// with institutions.
pub fn parts(divisions: &Divisions, region: &str, named: &BTreeSet<String>) -> BTreeSet<String> {
    let mut parts = BTreeSet::new();
    if !region.is_empty() {
        parts.extend(divisions.children(region).iter().map(|part| part.id.code().to_owned()));
    }
    for code in named.iter().filter(|code| lies_in(code, region) && *code != region) {
        if parts.iter().any(|part| lies_in(code, part)) {
            continue;
        }
        if code.starts_with(|first: char| first.is_ascii_digit()) {
            let length = [2, 4, 6, 9].into_iter().find(|length| *length > region.len()).unwrap();
            parts.insert(code[..length.min(code.len())].to_owned());
        } else {
            let depth = if region.is_empty() {
                0
            } else {
                region.split('/').count()
            };
            let steps: Vec<&str> = code.split('/').take(depth + 1).collect();
            parts.insert(steps.join("/"));
        }
    }
    parts
}

impl Counted {
    /// Divisions that institutions name.
    pub fn named(&self) -> BTreeSet<String> {
        self.by_region.keys().cloned().collect()
    }

    /// Counts of everything that lies in a division.
    pub fn within(&self, divisions: &Divisions, region: &str) -> Counts {
        let mut sum = Counts::new();
        add(&mut sum, "townships", "", townships(divisions, region));
        for (code, counts) in self.by_region.iter().filter(|(code, _)| lies_in(code, region)) {
            for ((name, by), count) in counts {
                add(&mut sum, name, by.clone(), *count);
            }
            let open = operating(counts) > 0;
            add(&mut sum, "townships_covered", "", u64::from(open && code.len() == 9));
        }
        let mut posts: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
        for one in self.at_work.iter().filter(|one| lies_in(&one.region, region)) {
            let entry = posts.entry(&one.person).or_default();
            entry.0 += 1;
            entry.1 |= one.barred;
        }
        let count = |fits: fn(&(u64, bool)) -> bool| posts.values().filter(|one| fits(one)).count() as u64;
        add(&mut sum, "barred_persons", "", count(|(_, barred)| *barred));
        add(&mut sum, "engaged_twice", "", count(|(posts, _)| *posts > 1));
        let inhabitants = if region.is_empty() {
            divisions
                .provinces()
                .iter()
                .filter_map(|province| province.inhabitants)
                .sum()
        } else {
            divisions
                .get(region)
                .and_then(|division| division.inhabitants)
                .unwrap_or(0)
        };
        add(&mut sum, "inhabitants", "", inhabitants);
        sum
    }
}

/// Townships of a division, counted once for all.
fn townships(divisions: &Divisions, region: &str) -> u64 {
    static COUNTED: OnceLock<BTreeMap<String, u64>> = OnceLock::new();
    let counted = COUNTED.get_or_init(|| {
        let mut counted = BTreeMap::new();
        for division in divisions.iter().filter(|division| division.level == Level::Township) {
            let code = division.id.code();
            for length in [0, 2, 4, 6, 9] {
                *counted.entry(code[..length].to_owned()).or_default() += 1;
            }
        }
        counted
    });
    counted.get(region).copied().unwrap_or(0)
}

fn operating(counts: &Counts) -> u64 {
    ["filed", "nonconforming", "licensed"]
        .iter()
        .filter_map(|status| counts.get(&("institutions_by_status", (*status).to_owned())))
        .sum()
}

/// A part of a whole in tenths of a percent, half up.
pub fn percent(part: u64, whole: u64) -> Option<String> {
    let tenths = (part * 2000 + whole).checked_div(2 * whole)?;
    Some(format!("{}.{}%", tenths / 10, tenths % 10))
}

/// The last twelve months up to a day.
fn last_months(at: Date) -> BTreeSet<String> {
    (0..12)
        .map(|back: i32| at.first_of_month().checked_sub(back.months()).unwrap().to_string()[..7].to_owned())
        .collect()
}

/// Counts that a page shows as they are, by what they are counted by.
const LISTED: [&str; 15] = [
    "institutions_by_status",
    "incidents_by_category",
    "inspections_by_status",
    "inspections_by_purpose",
    "findings_by_dimension_and_weight",
    "engaged",
    "off_duty",
    "barred",
    "papers",
    "corrections",
    "findings_by_dimension",
    "incidents_by_month",
    "receipts_by_month",
    "visits_by_month",
    "unqualified",
];
/// Counts that a page shows as they are.
const PLAIN: [&str; 30] = [
    "places",
    "open_incidents",
    "late_incidents",
    "receipts_issued",
    "receipts_late",
    "receipts_overdue",
    "receipts_due_soon",
    "on_the_clock",
    "inspected",
    "overdue_corrections",
    "open_findings",
    "townships",
    "barred_persons",
    "engaged_twice",
    "assistance",
    "rejections",
    "findings_extended",
    "visits_counted",
    "visits_noted",
    "at_cap",
    "ratio_exceeded",
    "backfilled",
    "backfilled_late",
    "approvals_due",
    "approvals_overdue",
    "approvals_late",
    "damaged_institutions",
    "damaged_engagements",
    "damaged_inspections",
    "alerts",
];

/// The figures of a division, made of its counts as a page makes them: sums, differences, shares.
pub fn figures(counts: &Counts, region: &str, at: Date) -> Figures {
    let mut figures = Figures::new();
    let sum = |name: &str| -> u64 { counts.iter().filter(|((one, _), _)| *one == name).map(|(_, n)| n).sum() };
    let status = |code: &str| {
        counts
            .get(&("institutions_by_status", code.to_owned()))
            .copied()
            .unwrap_or(0)
    };
    let months = last_months(at);
    // Findings of foreign registers have no dimension.
    let listed = |name: &str, by: &str| !by.is_empty() || name == "findings_by_dimension";
    for ((name, by), count) in counts.iter().filter(|((name, by), _)| listed(name, by)) {
        if LISTED.contains(name) && (!name.ends_with("_month") || months.contains(by)) {
            put(&mut figures, name, format!("{region}/{by}"), *count);
        }
    }
    for name in PLAIN {
        put(&mut figures, name, region, sum(name));
    }
    for (name, of) in [
        ("engaged", "engaged"),
        ("off_duty", "off_duty"),
        ("barred", "barred"),
        ("incidents", "incidents_by_category"),
        ("inspections", "inspections_by_status"),
        ("findings", "findings_by_state"),
    ] {
        put(&mut figures, name, region, sum(of));
    }
    for (name, of) in [
        ("incidents_of_12_months", "incidents_by_month"),
        ("receipts_of_12_months", "receipts_by_month"),
    ] {
        let shown = counts.iter().filter(|((one, by), _)| *one == of && months.contains(by));
        put(&mut figures, name, region, shown.map(|(_, count)| count).sum());
    }
    let operating = operating(counts);
    let doubles = counts.get(&("alerts_by_rule", "double_engagement".to_owned()));
    put(
        &mut figures,
        "double_engagement_alerts",
        region,
        doubles.copied().unwrap_or(0),
    );
    put(&mut figures, "operating", region, operating);
    put(
        &mut figures,
        "institutions",
        region,
        sum("institutions_by_status") - status("closed"),
    );
    put(
        &mut figures,
        "in_process",
        region,
        status("accepted") + status("returned"),
    );
    put(&mut figures, "returned", region, status("returned"));
    put(
        &mut figures,
        "unserved_townships",
        region,
        sum("townships") - sum("townships_covered"),
    );
    let mut say = |name: &str, of: String, shown: Option<String>| {
        if let Some(shown) = shown {
            figures.insert((name.to_owned(), of), shown);
        }
    };
    say("coverage", region.to_owned(), percent(sum("inspected"), operating));
    say(
        "receipts_in_time",
        region.to_owned(),
        percent(
            sum("receipts_issued") - sum("receipts_late"),
            sum("receipts_issued") + sum("receipts_overdue"),
        ),
    );
    say(
        "places_per_thousand",
        region.to_owned(),
        (sum("places") * 200_000 + sum("inhabitants"))
            .checked_div(2 * sum("inhabitants"))
            .map(|hundredths| format!("{}.{:02}", hundredths / 100, hundredths % 100)),
    );
    let posts: BTreeSet<&str> = counts
        .keys()
        .filter(|(name, _)| *name == "engaged")
        .map(|(_, post)| post.as_str())
        .collect();
    let of_post = |name: &'static str, post: Option<&str>| match post {
        Some(post) => counts.get(&(name, post.to_owned())).copied().unwrap_or(0),
        None => sum(name),
    };
    for post in posts
        .into_iter()
        .map(Some)
        .chain([None])
        .filter(|post| *post != Some(""))
    {
        let of = post.map_or_else(|| region.to_owned(), |post| format!("{region}/{post}"));
        let engaged = of_post("engaged", post);
        let qualified = of_post("qualified", post);
        if let Some(share) = percent(qualified, engaged) {
            figures.insert(("qualified_share".to_owned(), of.clone()), share);
        }
        put(&mut figures, "unqualified", of.clone(), engaged - qualified);
        put(
            &mut figures,
            "without_health",
            of.clone(),
            engaged - of_post("healthy", post),
        );
        put(&mut figures, "without_query", of, engaged - of_post("queried", post));
    }
    let papers = |buckets: &[&str]| -> u64 {
        let ends = |by: &str| by.rsplit('/').next().is_some_and(|bucket| buckets.contains(&bucket));
        counts
            .iter()
            .filter(|((name, by), _)| *name == "papers" && ends(by))
            .map(|(_, count)| count)
            .sum()
    };
    put(&mut figures, "papers_ended", region, papers(&["expired"]));
    put(&mut figures, "papers_ending_soon", region, papers(&["7", "30"]));
    figures
}
