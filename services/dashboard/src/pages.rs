//! One module a page: reads the views, makes a plain struct, renders its template.

pub(crate) mod admission;
pub(crate) mod alert;
pub(crate) mod alerts;
pub(crate) mod application;
pub(crate) mod applications;
mod clocks;
pub(crate) mod conduct;
pub(crate) mod credentials;
pub(crate) mod deadlines;
pub(crate) mod dossier;
pub(crate) mod findings;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod inspection;
pub(crate) mod inspections;
pub(crate) mod institutions;
mod marks;
mod narrow;
pub(crate) mod overview;
pub(crate) mod person;
mod plane;
pub(crate) mod staff;
pub(crate) mod staff_list;
pub(crate) mod status;
mod timeline;

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::divisions::Divisions;
use yujian_domain::incident as case;
use yujian_domain::institution::Status;

use crate::html::{Markup, Tone, badge, bdi, number, text, url};
use crate::lang::Lang;
use crate::shell::Crumb;
use crate::terms::codes::Coded;

/// Working days within which a running clock counts as due soon.
pub(crate) const SOON_WORKING_DAYS: u32 = 2;

/// The state of an institution: shape, word, tint.
pub(crate) fn status_badge(lang: Lang, status: Status) -> Markup {
    let tone = match status {
        Status::Filed | Status::Licensed => Tone::Ok,
        Status::Accepted | Status::Registered => Tone::Info,
        Status::Returned => Tone::Hold,
        Status::Nonconforming | Status::Revoked => Tone::Bad,
        Status::Suspended | Status::Expired => Tone::Warn,
        Status::None | Status::Closed | Status::Imported => Tone::Off,
    };
    badge(tone, &lang.term(status))
}

/// The state of an incident.
pub(crate) fn case_badge(lang: Lang, status: case::Status) -> Markup {
    let tone = match status {
        case::Status::Concluded => Tone::Ok,
        case::Status::Notified => Tone::Warn,
        case::Status::Triaged | case::Status::UnderInvestigation | case::Status::FindingsProposed => Tone::Info,
        case::Status::Reopened => Tone::Hold,
        case::Status::None | case::Status::Imported => Tone::Off,
    };
    badge(tone, &lang.term(status))
}

/// How grave a harm is.
pub(crate) fn severity_badge(lang: Lang, severity: case::Severity) -> Markup {
    let tone = match severity {
        case::Severity::Fatal | case::Severity::LifeThreatening | case::Severity::Hospital => Tone::Bad,
        case::Severity::Medical => Tone::Warn,
        case::Severity::Minor => Tone::Info,
        case::Severity::None | case::Severity::Unknown => Tone::Off,
    };
    badge(tone, &lang.term(severity))
}

/// How far a last day is from `at`, in working days, as a badge.
pub(crate) fn deadline(lang: Lang, calendar: &Calendar, due: Date, at: Date) -> Markup {
    if due < at {
        let days = number(working_days(calendar, due, at));
        let said = lang
            .say(&format!("逾期 {days} 个工作日"), &format!("{days} wd overdue"))
            .to_owned();
        return badge(Tone::Bad, &said);
    }
    let days = working_days(calendar, at, due);
    let tone = if days <= u64::from(SOON_WORKING_DAYS) {
        Tone::Warn
    } else {
        Tone::Info
    };
    match days {
        0 => badge(tone, lang.say("今日到期", "due today")),
        days => {
            let days = number(days);
            badge(
                tone,
                lang.say(&format!("剩 {days} 个工作日"), &format!("{days} wd left")),
            )
        }
    }
}

/// Working days after `from`, up to and including `to`; counted over at most some eleven years.
fn working_days(calendar: &Calendar, from: Date, to: Date) -> u64 {
    let mut count = 0;
    let mut date = from;
    for _ in 0..4000 {
        if date >= to {
            break;
        }
        date = date.saturating_add(1.day());
        count += u64::from(calendar.is_working_day(date));
    }
    count
}

/// One entry of a select.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) code: &'static str,
    pub(crate) word: String,
    pub(crate) chosen: bool,
}

/// Entries of a closed list.
pub(crate) fn choices<T: Coded>(lang: Lang, all: impl Iterator<Item = T>, chosen: Option<&str>) -> Vec<Choice> {
    all.map(|value| Choice {
        code: value.code(),
        word: lang.term(value),
        chosen: chosen == Some(value.code()),
    })
    .collect()
}

/// A field of the address that narrows a list: its name, its value, and how that reads.
pub(crate) type Set = (&'static str, String, Markup);

/// A field with what is set, in words: `Status: Filed`.
pub(crate) fn set(lang: Lang, name: &'static str, value: String, what: &str, shown: &Markup) -> Set {
    (name, value, text(&format!("{what}{}", lang.colon())).then(shown))
}

/// A filter that is set, with the address without it.
#[derive(Debug)]
pub(crate) struct Removable {
    pub(crate) word: Markup,
    pub(crate) without: String,
}

impl Removable {
    /// Each set field with the address of the others.
    pub(crate) fn all(path: &str, set: &[Set]) -> Vec<Self> {
        (0..set.len())
            .map(|dropped| {
                let others: Vec<(&str, Option<&str>)> = set
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != dropped)
                    .map(|(_, (name, value, _))| (*name, Some(value.as_str())))
                    .collect();
                Self {
                    word: set[dropped].2.clone(),
                    without: url(path, &others),
                }
            })
            .collect()
    }
}

/// What the whole is called.
pub(crate) fn everywhere(lang: Lang) -> Markup {
    text(lang.say("全部地区", "All regions"))
}

/// Path from the whole down to a region, each step leading to its overview.
pub(crate) fn region_crumbs(lang: Lang, divisions: &Divisions, region: Option<&str>) -> Vec<Crumb> {
    let mut crumbs = vec![Crumb::to(everywhere(lang), "/")];
    let Some(region) = region else { return crumbs };
    let mut steps = Vec::new();
    let mut at = divisions.get(region);
    while let Some(division) = at {
        steps.push((division.id.code().to_owned(), division.name.clone()));
        at = division.parent.as_ref().and_then(|parent| divisions.get(parent.code()));
    }
    if steps.is_empty() {
        steps.push((region.to_owned(), region.to_owned()));
    }
    crumbs.extend(
        steps
            .iter()
            .rev()
            .map(|(code, name)| Crumb::to(bdi(name), url("/", &[("region", Some(code.as_str()))]))),
    );
    crumbs
}
