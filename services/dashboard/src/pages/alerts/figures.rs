//! Open alerts by severity and rule, and how precise each version of a rule is.

use yujian_domain::alert::{AlertRule, AlertSeverity};
use yujian_views::{AlertFiguresRow, AlertPrecisionRow};

use super::line::severity_badge;
use crate::html::{self, Markup, figure, percent, rate, text, url};
use crate::lang::Lang;
use crate::terms;

/// A figure with the list behind it.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) word: Markup,
    pub(crate) count: Markup,
    pub(crate) href: String,
}

/// A line of the table of open alerts: a rule with its counts by severity.
#[derive(Debug)]
pub(crate) struct OpenLine {
    pub(crate) rule: String,
    pub(crate) href: String,
    pub(crate) total: Markup,
    /// In the order of the closed list.
    pub(crate) counts: Vec<(String, Markup)>,
}

/// Open alerts of a region or of one of its parts.
#[derive(Debug)]
pub(crate) struct RegionLine {
    pub(crate) code: String,
    pub(crate) name: Markup,
    pub(crate) href: String,
    pub(crate) total: Markup,
    pub(crate) counts: Vec<(String, Markup)>,
}

/// What became of the alerts of one version of a rule.
#[derive(Debug)]
pub(crate) struct PrecisionLine {
    pub(crate) key: String,
    pub(crate) rule: String,
    pub(crate) policy: Markup,
    pub(crate) href: String,
    pub(crate) raised: Markup,
    pub(crate) acknowledged: Markup,
    pub(crate) open: Markup,
    pub(crate) dismissed: Markup,
    pub(crate) confirmed: Markup,
    pub(crate) lapsed: Markup,
    pub(crate) precision: Markup,
}

/// The list of open alerts, narrowed.
fn list(region: Option<&str>, rule: Option<AlertRule>, severity: Option<AlertSeverity>) -> String {
    url(
        "/alerts",
        &[
            ("region", region),
            ("rule", rule.map(AlertRule::code)),
            ("severity", severity.map(AlertSeverity::code)),
            ("open", Some("1")),
        ],
    )
}

/// All open ones, then those of each severity.
pub(crate) fn tiles(lang: Lang, row: &AlertFiguresRow, region: Option<&str>) -> Vec<Figure> {
    let of = region.unwrap_or_default();
    let whole = Figure {
        word: text(lang.say("未办结", "Open")),
        count: figure("open_alerts", of, row.total_open()),
        href: list(region, None, None),
    };
    let each = AlertSeverity::ALL.iter().map(|severity| Figure {
        word: severity_badge(lang, *severity),
        count: figure(
            "open_alerts",
            format!("{of}/{}", severity.code()),
            row.open_of(*severity),
        ),
        href: list(region, None, Some(*severity)),
    });
    std::iter::once(whole).chain(each).collect()
}

/// Rules that have open alerts, in the order of the closed list.
pub(crate) fn open_lines(lang: Lang, row: &AlertFiguresRow, region: Option<&str>) -> Vec<OpenLine> {
    let of = region.unwrap_or_default();
    let line = |rule: &AlertRule| {
        let counts: Vec<(AlertSeverity, u64)> = AlertSeverity::ALL
            .iter()
            .map(|severity| {
                let key = (rule.code().to_owned(), severity.code().to_owned());
                (*severity, row.open.get(&key).copied().unwrap_or(0))
            })
            .collect();
        let total: u64 = counts.iter().map(|(_, count)| count).sum();
        (total > 0).then(|| OpenLine {
            rule: lang.term(*rule),
            href: list(region, Some(*rule), None),
            total: figure("open_alerts_of_rule", format!("{of}/{}", rule.code()), total),
            counts: counts
                .into_iter()
                .map(|(severity, count)| {
                    let key = format!("{of}/{}/{}", rule.code(), severity.code());
                    (lang.term(severity), figure("open_alerts_of_rule", key, count))
                })
                .collect(),
        })
    };
    AlertRule::ALL.iter().filter_map(line).collect()
}

/// The parts of a region.
pub(crate) fn region_lines(lang: Lang, parts: &[AlertFiguresRow]) -> Vec<RegionLine> {
    let line = |row: &AlertFiguresRow| RegionLine {
        code: row.code.clone(),
        name: html::bdi(&row.name),
        href: url("/alerts", &[("region", Some(&row.code))]),
        total: figure("open_alerts", &row.code, row.total_open()),
        counts: AlertSeverity::ALL
            .iter()
            .map(|severity| {
                let key = format!("{}/{}", row.code, severity.code());
                (lang.term(*severity), figure("open_alerts", key, row.open_of(*severity)))
            })
            .collect(),
    };
    parts.iter().map(line).collect()
}

/// What became of the alerts of each version of a rule.
pub(crate) fn precision_lines(lang: Lang, rows: &[AlertPrecisionRow], region: Option<&str>) -> Vec<PrecisionLine> {
    let line = |row: &AlertPrecisionRow| {
        let version = row
            .policy
            .as_ref()
            .map_or_else(|| "-".to_owned(), |(id, version)| format!("{id}@{version}"));
        let key = format!("{}/{}/{version}", region.unwrap_or_default(), row.rule.code());
        PrecisionLine {
            rule: lang.term(row.rule),
            policy: row.policy.as_ref().map_or_else(
                || text(lang.say("未注明", "not said")).within("span", "mute"),
                |(id, version)| terms::policy(lang, id, version),
            ),
            href: url("/alerts", &[("region", region), ("rule", Some(row.rule.code()))]),
            raised: figure("alerts_raised", &key, row.raised),
            acknowledged: figure("alerts_acknowledged", &key, row.acknowledged),
            open: figure("alerts_open", &key, row.open),
            dismissed: figure("alerts_dismissed", &key, row.dismissed),
            confirmed: figure("alerts_confirmed", &key, row.confirmed),
            lapsed: figure("alerts_lapsed", &key, row.lapsed),
            precision: precision(row, &key),
            key,
        }
    };
    rows.iter().map(line).collect()
}

/// Confirmed over confirmed and dismissed; a dash while there is no verdict.
pub(crate) fn precision(row: &AlertPrecisionRow, key: &str) -> Markup {
    let (part, whole) = row.precision();
    percent(part, whole).map_or_else(html::dash, |share| rate("alert_precision", key, &share))
}
