//! Badges and shares of staff and inspections, and the path above pages of figures.

use std::collections::BTreeMap;

use jiff::civil::Date;
use yujian_domain::inspection::{self, FindingState, Weight};
use yujian_domain::person::{CredentialState, EngagementState};
use yujian_views::{FindingRow, Health, RecordQuery};

use super::everywhere;
use super::overview::is_division;
use crate::charts::scale;
use crate::html::{Markup, Tone, badge, bdi, figure, number, percent, rate, text, url};
use crate::lang::Lang;
use crate::shell::Crumb;
use crate::terms::Terms;
use crate::terms::codes::Coded;

/// Days within which the end of a paper counts as near.
const NEAR_DAYS: i32 = 30;
/// Length of a bar that is full.
pub(crate) const BAR: u64 = 200;

/// A part of a whole: percent, and a bar of [`BAR`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    /// `63.2%`.
    pub(crate) figure: Markup,
    /// Length of the bar.
    pub(crate) bar: u64,
}

impl Share {
    /// The figure `name` of `of`; `None` for nothing of nothing.
    pub(crate) fn new(name: &str, of: &str, part: u64, whole: u64) -> Option<Self> {
        Some(Self {
            figure: rate(name, of, &percent(part, whole)?),
            bar: scale(part, whole, BAR),
        })
    }
}

/// A count with the list that it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Count {
    /// The figure itself, for what depends on it.
    pub(crate) value: u64,
    /// As shown.
    pub(crate) figure: Markup,
    /// Address of its list.
    pub(crate) href: String,
}

impl Count {
    /// The figure `name` of `of`, whose list is at `href`.
    pub(crate) fn new(name: &str, of: &str, value: u64, href: String) -> Self {
        Self {
            value,
            figure: figure(name, of, value),
            href,
        }
    }
}

/// A value of a closed list with its count, and a bar on the scale of the greatest.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) word: String,
    pub(crate) href: String,
    pub(crate) count: Markup,
    pub(crate) bar: u64,
}

/// Counts by the values of a closed list, in the order of the list whatever they are: the figure of that name of a
/// division.
pub(crate) fn by_code<T: Coded>(
    lang: Lang,
    (name, of): (&str, &str),
    all: &[T],
    counts: &BTreeMap<String, u64>,
    href: impl Fn(&str) -> String,
) -> Vec<Part> {
    let greatest = counts.values().copied().max().unwrap_or(0).max(1);
    all.iter()
        .filter_map(|value| {
            let count = counts.get(value.code()).copied().filter(|count| *count > 0)?;
            Some(Part {
                word: lang.term(*value),
                href: href(value.code()),
                count: figure(name, format!("{of}/{}", value.code()), count),
                bar: scale(count, greatest, BAR),
            })
        })
        .collect()
}

/// The state of an inspection.
pub(crate) fn inspection_badge(lang: Lang, status: inspection::Status) -> Markup {
    use inspection::Status;
    let tone = match status {
        Status::Finalized | Status::Published => Tone::Ok,
        Status::Planned | Status::Approved | Status::Assigned => Tone::Info,
        Status::CheckedIn | Status::FieldworkCompleted | Status::DraftIssued | Status::Commented => Tone::Warn,
        Status::Aborted => Tone::Hold,
        Status::None | Status::Cancelled | Status::Imported => Tone::Off,
    };
    badge(tone, &lang.term(status))
}

/// How grave a finding is.
pub(crate) fn weight_badge(lang: Lang, weight: Weight) -> Markup {
    let tone = match weight {
        Weight::Veto | Weight::Grave => Tone::Bad,
        Weight::General => Tone::Warn,
        Weight::Minor => Tone::Info,
        Weight::Unknown => Tone::Off,
    };
    badge(tone, &lang.term(weight))
}

/// Where a finding stands on a day: overdue is told by its last day, not by whether somebody has noted it.
pub(crate) fn finding_badge(lang: Lang, row: &FindingRow, at: Date) -> Markup {
    if row.overdue_on(at) {
        return badge(Tone::Bad, &lang.term(FindingState::Overdue));
    }
    let tone = match row.state {
        FindingState::Verified | FindingState::CorrectedOnSite => Tone::Ok,
        FindingState::Overdue => Tone::Bad,
        FindingState::Cited | FindingState::CorrectionDue => Tone::Warn,
        FindingState::CorrectionClaimed => Tone::Info,
        FindingState::Imported => Tone::Off,
    };
    badge(tone, &lang.term(row.state))
}

/// Where an engagement stands.
pub(crate) fn engagement_badge(lang: Lang, state: EngagementState) -> Markup {
    let tone = match state {
        EngagementState::Active => Tone::Ok,
        EngagementState::OffDuty => Tone::Hold,
        EngagementState::Ended => Tone::Off,
    };
    badge(tone, &lang.term(state))
}

/// Where a credential stands on a day.
pub(crate) fn credential_badge(lang: Lang, state: CredentialState, expiry: Option<Date>, at: Date) -> Markup {
    match state {
        CredentialState::Verified => match expiry {
            Some(day) if day < at => badge(Tone::Bad, &lang.term(CredentialState::Expired)),
            _ => badge(Tone::Ok, &lang.term(state)),
        },
        CredentialState::Claimed => badge(Tone::Info, &lang.term(state)),
        CredentialState::Rejected | CredentialState::Revoked | CredentialState::Expired => {
            badge(Tone::Bad, &lang.term(state))
        }
    }
}

/// How far the last day of a paper lies from a day: `剩 12 天`, `已过 3 天`.
pub(crate) fn days_left(lang: Lang, expiry: Date, at: Date) -> Markup {
    let days = (expiry - at).get_days();
    let shown = number(u64::from(days.unsigned_abs()));
    match days {
        ..0 => badge(
            Tone::Bad,
            lang.say(&format!("已过 {shown} 天"), &format!("ended {shown} d ago")),
        ),
        0 => badge(Tone::Warn, lang.say("今日到期", "ends today")),
        1..=NEAR_DAYS => badge(
            Tone::Warn,
            lang.say(&format!("剩 {shown} 天"), &format!("{shown} d left")),
        ),
        _ => badge(
            Tone::Ok,
            lang.say(&format!("剩 {shown} 天"), &format!("{shown} d left")),
        ),
    }
}

/// The latest health certificate on a day.
pub(crate) fn health_badge(lang: Lang, health: Option<Health>, at: Date) -> Markup {
    match health {
        None => badge(Tone::Bad, lang.say("无健康证明", "no certificate")),
        Some(health) if !health.passed => badge(Tone::Bad, lang.say("体检不合格", "not passed")),
        Some(health) => days_left(lang, health.expiry_date, at),
    }
}

/// The latest record query on a day.
pub(crate) fn query_badge(lang: Lang, query: Option<RecordQuery>, at: Date) -> Markup {
    match query {
        None => badge(Tone::Bad, lang.say("未查询", "not queried")),
        Some(query) if !query.clear => badge(Tone::Bad, lang.say("查询有记录", "record found")),
        Some(query) => days_left(lang, query.valid_until, at),
    }
}

/// A name that is stored sealed, masked; what a damaged record hides says so.
pub(crate) fn name(terms: &Terms, name: Option<&yujian_domain::personal::Personal>) -> Markup {
    match name {
        Some(name) => terms.value("name", &serde_json::json!(name)),
        None => text(terms.lang.say("姓名不详", "name unknown")),
    }
}

/// Path from the whole down to the region of a page of figures, whose steps lead to the same page.
pub(crate) fn figures_crumbs(lang: Lang, base: &str, path: &[(String, String)], region: Option<&str>) -> Vec<Crumb> {
    let Some(region) = region else {
        return vec![Crumb::here(everywhere(lang))];
    };
    let mut crumbs = vec![Crumb::to(everywhere(lang), base)];
    crumbs.extend(
        path.iter()
            .filter(|(code, _)| is_division(code) && code != region)
            .map(|(code, name)| Crumb::to(bdi(name), url(base, &[("region", Some(code))]))),
    );
    let name = path
        .iter()
        .find(|(code, _)| code == region)
        .map(|(_, name)| name.as_str());
    crumbs.push(Crumb::here(bdi(name.unwrap_or(region))));
    crumbs
}

/// The province, where everything lies in one.
pub(crate) fn only_province<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = parts.next()?;
    (parts.next().is_none() && first.len() == 2 && is_division(first)).then(|| first.to_owned())
}
