//! Events of the alert family, `alert.….v1`. What officers write is personal, under the subject `alert-<id>.text`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AlertRule, AlertSeverity, DismissalReason, LinkTarget};
use crate::envelope::{FactRef, PolicyRef};
use crate::event_family;
use crate::personal::Personal;

/// An alert was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRaised {
    /// Rule.
    pub rule: AlertRule,
    /// Institution concerned.
    pub institution: Uuid,
    /// Person concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// Inspection concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Uuid>,
    /// Filing of the institution concerned, by its number from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<u32>,
    /// What tells it from others of the same rule and subject.
    pub period: String,
    /// Legal day from which the fact held.
    pub since_date: Date,
    /// Events that show it.
    pub evidence: Vec<FactRef>,
    /// How it weighs; absent in the first events: as its rule weighs ([`AlertRule::severity`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<AlertSeverity>,
    /// Policy, with its version, that sets the rule; absent where the rule has no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_policy: Option<PolicyRef>,
    /// What the rule measures against: the code of a unit, a colon and a whole number, e.g. `days:30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// Last legal day that was missed or is about to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
}

impl AlertRaised {
    /// How it weighs.
    #[must_use]
    pub fn weighs(&self) -> AlertSeverity {
        self.severity.unwrap_or(self.rule.severity())
    }
}

/// An officer took note of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertAcknowledged {
    /// What the officer noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal>,
}

/// An alert is looked into in an inspection, a filing or an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertLinked {
    /// In which.
    pub target: LinkTarget,
}

/// An alert was dismissed: it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertDismissed {
    /// Why.
    pub reason: DismissalReason,
    /// The same in words.
    pub note: Personal,
}

/// An alert was confirmed: what it says is so. It ends; what follows is ordered where it was looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertConfirmed {
    /// What was found.
    pub statement: Personal,
}

/// The fact behind an alert no longer holds, and nobody was looking into it: it ends without a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertLapsed {
    /// Legal day from which it no longer holds.
    pub lapsed_date: Date,
    /// Events that show it.
    pub evidence: Vec<FactRef>,
}

event_family! {
    /// Events of an alert's stream.
    pub enum AlertEvent, upcasters &[], {
        /// See [`AlertRaised`].
        AlertRaised = "alert.AlertRaised.v1",
        /// See [`AlertAcknowledged`].
        AlertAcknowledged = "alert.AlertAcknowledged.v1",
        /// See [`AlertLinked`].
        AlertLinked = "alert.AlertLinked.v1",
        /// See [`AlertDismissed`].
        AlertDismissed = "alert.AlertDismissed.v1",
        /// See [`AlertConfirmed`].
        AlertConfirmed = "alert.AlertConfirmed.v1",
        /// See [`AlertLapsed`].
        AlertLapsed = "alert.AlertLapsed.v1",
    }
}
