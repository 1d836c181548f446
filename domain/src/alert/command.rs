//! Commands of the alert family.

use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{AlertRule, AlertSeverity, DismissalReason, LinkTarget};
use crate::envelope::{FactRef, PolicyRef};
use crate::personal::Sensitive;

/// Raises an alert. Given by Yujian alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RaiseAlert {
    /// Rule.
    pub rule: AlertRule,
    /// Institution concerned.
    pub institution: Uuid,
    /// Person concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// Inspection concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Uuid>,
    /// Filing of the institution concerned, by its number from 1. It is no part of the alert's id: where two filings can
    /// meet the same rule, `period` tells them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<u32>,
    /// What tells this alert from others of the same rule and subject, e.g. a day or the number of a finding.
    pub period: String,
    /// Legal day from which the fact held.
    pub since_date: Date,
    /// Events that show it; at least one.
    pub evidence: Vec<FactRef>,
    /// How it weighs; `None`: as its rule weighs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    /// Policy, with its version, that sets the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_policy: Option<PolicyRef>,
    /// What the rule measures against: the code of a unit, a colon and a whole number, e.g. `days:30`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// Last legal day that was missed or is about to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
}

impl RaiseAlert {
    /// An alert with what every one has; the rest is set on it.
    #[must_use]
    pub const fn new(rule: AlertRule, institution: Uuid, period: String, since: Date, evidence: Vec<FactRef>) -> Self {
        Self {
            rule,
            institution,
            person: None,
            inspection: None,
            application: None,
            period,
            since_date: since,
            evidence,
            severity: None,
            rule_policy: None,
            threshold: None,
            due_date: None,
        }
    }
}

/// Takes note of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcknowledgeAlert {
    /// What the officer notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Sensitive>,
}

/// Says where an alert is looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkAlert {
    /// Inspection, filing or incident of the same institution.
    pub target: LinkTarget,
}

/// Dismisses an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DismissAlert {
    /// Why.
    pub reason: DismissalReason,
    /// The same in words.
    pub note: Sensitive,
}

/// Confirms an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfirmAlert {
    /// What was found.
    pub statement: Sensitive,
}

/// Clears an alert whose fact no longer holds. Given by Yujian alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClearAlert {
    /// Legal day from which the fact no longer holds.
    pub lapsed_date: Date,
    /// Events that show it; at least one.
    pub evidence: Vec<FactRef>,
}

macro_rules! commands {
    ($( $(#[$meta:meta])* $variant:ident($part:ident), )*) => {
        /// Commands of the alert family.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "command", rename_all = "snake_case")]
        pub enum AlertCommand { $( $(#[$meta])* $variant($part), )* }
        $( impl From<$part> for AlertCommand {
            fn from(command: $part) -> Self { Self::$variant(command) }
        } )*
    };
}

commands! {
    /// See [`AcknowledgeAlert`].
    Acknowledge(AcknowledgeAlert),
    /// See [`LinkAlert`].
    Link(LinkAlert),
    /// See [`DismissAlert`].
    Dismiss(DismissAlert),
    /// See [`ConfirmAlert`].
    Confirm(ConfirmAlert),
    /// See [`ClearAlert`].
    Clear(ClearAlert),
    /// See [`RaiseAlert`]. Alone when the family had no other command, it is written without a name, so that requests of
    /// that time keep their fingerprints.
    #[serde(untagged)]
    Raise(RaiseAlert),
}
