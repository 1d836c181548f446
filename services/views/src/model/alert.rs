//! Alerts (预警): rows, figures, and how precise the rules are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::{AlertRule, AlertSeverity, DismissalReason, LinkTarget, Status};
use yujian_domain::envelope::FactRef;
use yujian_domain::time::day_of;

use super::{AsOf, Scope, TimelineRow};

/// Which alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertQuery {
    /// What the caller may see, by the institution concerned. Alerts are for the regulator: an operator sees none.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// One person.
    pub person: Option<Uuid>,
    /// One inspection.
    pub inspection: Option<Uuid>,
    /// Only these rules; empty: all.
    pub rules: Vec<AlertRule>,
    /// Only these states; empty: all.
    pub statuses: Vec<Status>,
    /// Only these severities; empty: all.
    pub severities: Vec<AlertSeverity>,
    /// Only alerts with which somebody still has to do something.
    pub open_only: bool,
    /// Keyset: rows after this key. Newest raised first.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Id.
    pub id: Uuid,
    /// Rule.
    pub rule: AlertRule,
    /// Policy that sets the rule, with its version; `None`: it did not say, or the rule has none.
    pub policy: Option<(String, u32)>,
    /// What the rule measures against, e.g. `days:30`.
    pub threshold: Option<String>,
    /// How it weighs.
    pub severity: AlertSeverity,
    /// Institution concerned.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Person concerned.
    pub person: Option<Uuid>,
    /// Inspection concerned.
    pub inspection: Option<Uuid>,
    /// Filing of the institution concerned, by its number.
    pub application: Option<u32>,
    /// What tells it from others of the same rule and subject.
    pub period: String,
    /// Legal day from which the fact held.
    pub since_date: Date,
    /// Last legal day that was missed or is about to be.
    pub due_date: Option<Date>,
    /// When it was raised (time basis: recorded).
    pub raised_time: Timestamp,
    /// Events that show it.
    pub evidence: Vec<FactRef>,
    /// Where it stands.
    pub status: Status,
    /// When an officer took note of it (time basis: recorded).
    pub acknowledged_time: Option<Timestamp>,
    /// Account and role of whoever acted on it last, after it was raised.
    pub handled_by: Option<(String, String)>,
    /// When that was (time basis: recorded).
    pub handled_time: Option<Timestamp>,
    /// Legal day on which it was confirmed, dismissed or lapsed.
    pub ended_date: Option<Date>,
    /// Where it is looked into.
    pub link: Option<LinkTarget>,
    /// Why it was dismissed.
    pub dismissal: Option<DismissalReason>,
    /// Whether a record of its stream is damaged.
    pub damaged: bool,
}

impl AlertRow {
    /// Days that it has been open at a day, or was until it ended: 0 on the day on which it was raised.
    #[must_use]
    pub fn days_open(&self, at: Date) -> u64 {
        let raised = day_of(self.raised_time);
        let until = self.ended_date.unwrap_or(at);
        let days = until.since(raised).map_or(0, |span| span.get_days());
        u64::try_from(days).unwrap_or(0)
    }
}

/// One alert with its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertDetail {
    /// The row.
    pub row: AlertRow,
    /// Its events, oldest first, at most 500.
    pub history: Vec<TimelineRow>,
    /// Freshness.
    pub as_of: AsOf,
}

/// Alerts of one region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFiguresRow {
    /// Division code; empty for the whole.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether it has parts.
    pub has_children: bool,
    /// Alerts by code of their state.
    pub by_status: BTreeMap<String, u64>,
    /// Open alerts by code of their rule and of their severity.
    pub open: BTreeMap<(String, String), u64>,
}

impl AlertFiguresRow {
    /// Open alerts.
    #[must_use]
    pub fn total_open(&self) -> u64 {
        self.open.values().sum()
    }

    /// Open alerts of a severity.
    #[must_use]
    pub fn open_of(&self, severity: AlertSeverity) -> u64 {
        let of = self.open.iter().filter(|((_, code), _)| code == severity.code());
        of.map(|(_, count)| count).sum()
    }
}

/// Alerts of a region and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFigures {
    /// The region.
    pub region: AlertFiguresRow,
    /// Its direct parts.
    pub parts: Vec<AlertFiguresRow>,
    /// Path from the top: (code, name).
    pub path: Vec<(String, String)>,
    /// Freshness.
    pub as_of: AsOf,
}

/// What became of the alerts of one version of a rule. `raised` is the sum of `open`, `dismissed`, `confirmed` and
/// `lapsed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPrecisionRow {
    /// Rule.
    pub rule: AlertRule,
    /// Policy that sets it, with its version; `None`: alerts that did not say.
    pub policy: Option<(String, u32)>,
    /// Raised.
    pub raised: u64,
    /// Of them those that an officer took note of, whatever became of them.
    pub acknowledged: u64,
    /// Not ended.
    pub open: u64,
    /// Dismissed.
    pub dismissed: u64,
    /// Confirmed.
    pub confirmed: u64,
    /// Lapsed: without a verdict, so in no share.
    pub lapsed: u64,
}

impl AlertPrecisionRow {
    /// Precision as a fraction: confirmed over confirmed and dismissed; a denominator of 0 means that there is no verdict
    /// yet.
    #[must_use]
    pub const fn precision(&self) -> (u64, u64) {
        (self.confirmed, self.confirmed + self.dismissed)
    }
}

/// How precise the rules are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPrecision {
    /// In order of rule, policy and version.
    pub rows: Vec<AlertPrecisionRow>,
    /// Freshness.
    pub as_of: AsOf,
}
