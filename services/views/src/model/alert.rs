//! Alerts (预警).

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::alert::AlertRule;
use yujian_domain::envelope::FactRef;

use super::Scope;

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
    /// What tells it from others of the same rule and subject.
    pub period: String,
    /// Legal day from which the fact held.
    pub since_date: Date,
    /// When it was raised (time basis: recorded).
    pub raised_time: Timestamp,
    /// Events that show it.
    pub evidence: Vec<FactRef>,
    /// Whether a record of its stream is damaged.
    pub damaged: bool,
}
