//! Figures of alerts: open ones by division, rule and severity, and what became of those of each version of a rule.

use std::collections::BTreeSet;

use super::counts::{Figures, lies_in, percent, put};

/// An alert as the log or a row tells of it.
#[derive(Debug, Default)]
pub struct Alert {
    /// Division of the institution.
    pub region: String,
    pub rule: String,
    pub severity: String,
    /// `<id>@<version>` of the policy that sets the rule; `-` where it names none.
    pub policy: String,
    pub status: String,
    /// Whether an officer took note of it, whatever became of it.
    pub acknowledged: bool,
}

impl Alert {
    fn open(&self) -> bool {
        ["raised", "acknowledged", "linked"].contains(&self.status.as_str())
    }
}

fn add(figures: &mut Figures, name: &str, of: String) {
    let count = figures.entry((name.to_owned(), of)).or_insert_with(|| "0".to_owned());
    *count = (count.parse::<u64>().unwrap() + 1).to_string();
}

/// The figures of the page of alerts of a division with its parts.
pub fn figures(alerts: &[Alert], region: &str, parts: &BTreeSet<String>) -> Figures {
    let mut figures = Figures::new();
    for alert in alerts.iter().filter(|alert| lies_in(&alert.region, region)) {
        let (rule, severity) = (&alert.rule, &alert.severity);
        if alert.open() {
            let part = parts.iter().find(|part| lies_in(&alert.region, part));
            for code in std::iter::once(region).chain(part.map(String::as_str)) {
                add(&mut figures, "open_alerts", code.to_owned());
                add(&mut figures, "open_alerts", format!("{code}/{severity}"));
            }
            add(&mut figures, "open_alerts_of_rule", format!("{region}/{rule}"));
            add(
                &mut figures,
                "open_alerts_of_rule",
                format!("{region}/{rule}/{severity}"),
            );
        }
        let mut counted = vec!["alerts_raised"];
        counted.extend(alert.acknowledged.then_some("alerts_acknowledged"));
        counted.push(match alert.status.as_str() {
            "dismissed" => "alerts_dismissed",
            "confirmed" => "alerts_confirmed",
            "lapsed" => "alerts_lapsed",
            _ => "alerts_open",
        });
        for name in counted {
            add(&mut figures, name, format!("{region}/{rule}/{}", alert.policy));
        }
    }
    let versions: Vec<String> = figures
        .keys()
        .filter(|(name, _)| name == "alerts_raised")
        .map(|(_, of)| of.clone())
        .collect();
    for of in versions {
        let count = |name: &str| -> u64 {
            let value = figures.get(&(name.to_owned(), of.clone()));
            value.map_or(0, |value| value.parse().unwrap())
        };
        let (confirmed, dismissed) = (count("alerts_confirmed"), count("alerts_dismissed"));
        put_precision(&mut figures, of, confirmed, confirmed + dismissed);
    }
    figures
}

/// Confirmed over confirmed and dismissed, where there is a verdict.
pub fn put_precision(figures: &mut Figures, of: impl Into<String>, confirmed: u64, judged: u64) {
    if let Some(share) = percent(confirmed, judged) {
        figures.insert(("alert_precision".to_owned(), of.into()), share);
    }
}

/// Puts open alerts of a rule and severity, which is how a reply tells of them.
pub fn put_open(figures: &mut Figures, code: &str, own: bool, counts: &[(String, String, u64)]) {
    let sum = |fits: &dyn Fn(&(String, String, u64)) -> bool| -> u64 {
        counts.iter().filter(|one| fits(one)).map(|(_, _, count)| count).sum()
    };
    put(figures, "open_alerts", code, sum(&|_| true));
    for (rule, severity, count) in counts {
        let of_severity = sum(&|one| one.1 == *severity);
        put(figures, "open_alerts", format!("{code}/{severity}"), of_severity);
        if own {
            put(
                figures,
                "open_alerts_of_rule",
                format!("{code}/{rule}"),
                sum(&|one| one.0 == *rule),
            );
            put(
                figures,
                "open_alerts_of_rule",
                format!("{code}/{rule}/{severity}"),
                *count,
            );
        }
    }
}
