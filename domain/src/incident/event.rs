//! Events of the incident family, `incident.….v1`. Free text is personal, under the case's subject
//! `incident-<id>.text`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Category, Channel, ChildSeverity, Injury, Outcome, Priority, RootCause, Severity};
use crate::event_family;
use crate::institution::Deadline;
use crate::personal::Personal;
use crate::time::Occurred;
use crate::values::{AgeMonths, ExternalId};

/// A child concerned, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// Number within the incident, from 1.
    pub number: u32,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal>,
    /// Age in months at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_months: Option<AgeMonths>,
    /// Injury.
    pub injury: Injury,
    /// How grave.
    pub severity: Severity,
    /// Treatment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treatment: Option<Personal>,
}

/// The institution notified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentNotified {
    /// Institution.
    pub institution: Uuid,
    /// Category.
    pub category: Category,
    /// When the institution became aware.
    pub awareness_time: Timestamp,
    /// When it happened.
    pub occurred: Occurred,
    /// Kind of place, in clear: at most 40 letters and digits that can't be a telephone number.
    pub place: String,
    /// Children.
    pub children: Vec<Child>,
    /// Children present.
    pub children_present: u32,
    /// Staff present.
    pub staff_present: u32,
    /// Whether emergency services came.
    pub emergency_services: bool,
    /// Whether video was preserved.
    pub video_preserved: bool,
    /// What happened.
    pub narrative: Personal,
    /// First actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_actions: Option<Personal>,
    /// Reporter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Personal>,
    /// Deadline of the notification.
    pub notification_due: Deadline,
    /// Whether it came after its deadline (迟报).
    pub late: bool,
    /// Whether guardians must be told (children were harmed or in danger).
    pub guardians_due: bool,
}

/// Something was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentSupplemented {
    /// What is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Personal>,
    /// Further children.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Child>,
    /// New category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Harm as known now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<ChildSeverity>,
}

/// A guardian was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardianNotified {
    /// Number of the child.
    pub child: u32,
    /// When.
    pub told_time: Timestamp,
    /// How.
    pub channel: Channel,
    /// Whether it was after the time that policy allows.
    pub late: bool,
}

/// Triaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentTriaged {
    /// Priority.
    pub priority: Priority,
    /// Whether it is a matter for this authority.
    pub regulatory: bool,
    /// Reason.
    pub reason: Personal,
}

/// An investigation was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvestigationOpened {
    /// Lead's account.
    pub lead: String,
    /// Plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Personal>,
    /// To be completed by.
    pub due: Deadline,
}

/// The investigation is complete; findings are proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvestigationCompleted {
    /// Proposed outcome.
    pub outcome: Outcome,
    /// Root causes.
    pub root_causes: Vec<RootCause>,
    /// Findings.
    pub findings: Personal,
    /// Whether it came after its deadline.
    pub late: bool,
}

/// The case is concluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentConcluded {
    /// Outcome.
    pub outcome: Outcome,
    /// Actions.
    pub actions: Vec<Personal>,
    /// Advice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Personal>,
}

/// The case was reopened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentReopened {
    /// New facts.
    pub reason: Personal,
}

/// A row of a foreign register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordImported {
    /// Institution.
    pub institution: Uuid,
    /// Case number in the register.
    pub external: ExternalId,
    /// Ordinal among equals within its case.
    pub ordinal: u32,
    /// Category.
    pub category: Category,
    /// Intake day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake_date: Option<Date>,
    /// Completion day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_date: Option<Date>,
    /// Injury.
    pub injury: Injury,
    /// How grave.
    pub severity: Severity,
    /// Outcome.
    pub outcome: Outcome,
    /// Further columns, in clear, so that an import can be compared with its source: a mapping puts a column that may
    /// name people into `narrative`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Personal>,
}

event_family! {
    /// Events of an incident's stream.
    pub enum IncidentEvent, upcasters &[], {
        /// See [`IncidentNotified`].
        IncidentNotified = "incident.IncidentNotified.v1",
        /// See [`IncidentSupplemented`].
        IncidentSupplemented = "incident.IncidentSupplemented.v1",
        /// See [`GuardianNotified`].
        GuardianNotified = "incident.GuardianNotified.v1",
        /// See [`IncidentTriaged`].
        IncidentTriaged = "incident.IncidentTriaged.v1",
        /// See [`InvestigationOpened`].
        InvestigationOpened = "incident.InvestigationOpened.v1",
        /// See [`InvestigationCompleted`].
        InvestigationCompleted = "incident.InvestigationCompleted.v1",
        /// See [`IncidentConcluded`].
        IncidentConcluded = "incident.IncidentConcluded.v1",
        /// See [`IncidentReopened`].
        IncidentReopened = "incident.IncidentReopened.v1",
        /// See [`RecordImported`].
        RecordImported = "incident.RecordImported.v1",
    }
}
