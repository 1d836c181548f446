//! Commands of the incident family.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

use super::{Category, Channel, Injury, Outcome, Priority, RootCause, Severity};
use crate::personal::Sensitive;
use crate::time::Occurred;
use crate::values::{AgeMonths, ExternalId};

/// A child concerned, as told in a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChildInput {
    /// Name, when told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Sensitive>,
    /// Age in months at the time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_months: Option<AgeMonths>,
    /// Injury.
    pub injury: Injury,
    /// How grave.
    pub severity: Severity,
    /// Treatment in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub treatment: Option<Sensitive>,
}

/// Notifies an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotifyIncident {
    /// At which institution.
    pub institution: Uuid,
    /// Category.
    pub category: Category,
    /// When the institution became aware (UTC); its deadline runs from here.
    pub awareness_time: Timestamp,
    /// When it happened.
    pub occurred: Occurred,
    /// Where in the institution: a kind of place, at most 40 letters and digits of any script, which stays in clear.
    pub place: String,
    /// Children concerned, in the order by which later commands name them (from 1).
    pub children: Vec<ChildInput>,
    /// Children present at the time.
    pub children_present: u32,
    /// Staff present at the time.
    pub staff_present: u32,
    /// Whether emergency services came.
    pub emergency_services: bool,
    /// Whether the video of the time was preserved.
    pub video_preserved: bool,
    /// What happened.
    pub narrative: Sensitive,
    /// First actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_actions: Option<Sensitive>,
    /// Who reports, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<Sensitive>,
}

/// Adds to a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SupplementIncident {
    /// What is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Sensitive>,
    /// Further children.
    pub children: Vec<ChildInput>,
    /// New category, when it became graver or milder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Children whose harm is now known better: (number from 1, severity).
    pub severities: Vec<ChildSeverity>,
}

/// A child's harm as known later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildSeverity {
    /// Number of the child, from 1.
    pub child: u32,
    /// How grave.
    pub severity: Severity,
}

/// Records that a child's guardian was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TellGuardian {
    /// Number of the child, from 1.
    pub child: u32,
    /// When (UTC).
    pub told_time: Timestamp,
    /// How.
    pub channel: Channel,
}

/// Triages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TriageIncident {
    /// Priority.
    pub priority: Priority,
    /// Whether it is a matter for this authority.
    pub regulatory: bool,
    /// Reason.
    pub reason: Sensitive,
}

/// Opens an investigation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenInvestigation {
    /// Account of the lead investigator.
    pub lead: String,
    /// Plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Sensitive>,
}

/// Completes the investigation with proposed findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompleteInvestigation {
    /// Proposed outcome.
    pub outcome: Outcome,
    /// Root causes.
    pub root_causes: Vec<RootCause>,
    /// Findings in words.
    pub findings: Sensitive,
}

/// Concludes the case. Another person than the one who completed the investigation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConcludeIncident {
    /// Outcome.
    pub outcome: Outcome,
    /// Actions ordered.
    pub actions: Vec<Sensitive>,
    /// Prevention advice for others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Sensitive>,
}

/// Reopens a concluded case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReopenIncident {
    /// New facts that justify it.
    pub reason: Sensitive,
}

/// One row of a foreign register about one harm within one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordImportedIncident {
    /// At which institution.
    pub institution: Uuid,
    /// The case's number in the register.
    pub external: ExternalId,
    /// Ordinal of this row among the equal rows of its case, from 1.
    pub ordinal: u32,
    /// Category in our terms.
    pub category: Category,
    /// Day on which the register took it in, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intake_date: Option<Date>,
    /// Day on which the case was completed, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_date: Option<Date>,
    /// Injury in our terms.
    pub injury: Injury,
    /// How grave in our terms.
    pub severity: Severity,
    /// Outcome in our terms.
    pub outcome: Outcome,
    /// Further columns in the register's own words, by name. They stay in clear: a column that may name people belongs
    /// into `narrative`.
    pub details: std::collections::BTreeMap<String, String>,
    /// Text that may hold personal data, when the register has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrative: Option<Sensitive>,
}

/// Commands of the incident family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum IncidentCommand {
    /// See [`NotifyIncident`].
    Notify(NotifyIncident),
    /// See [`SupplementIncident`].
    Supplement(SupplementIncident),
    /// See [`TellGuardian`].
    TellGuardian(TellGuardian),
    /// See [`TriageIncident`].
    Triage(TriageIncident),
    /// See [`OpenInvestigation`].
    OpenInvestigation(OpenInvestigation),
    /// See [`CompleteInvestigation`].
    CompleteInvestigation(CompleteInvestigation),
    /// See [`ConcludeIncident`].
    Conclude(ConcludeIncident),
    /// See [`ReopenIncident`].
    Reopen(ReopenIncident),
    /// See [`RecordImportedIncident`].
    RecordImported(RecordImportedIncident),
}

macro_rules! from_parts {
    ($( $variant:ident($part:ty), )*) => {
        $( impl From<$part> for IncidentCommand {
            fn from(command: $part) -> Self {
                Self::$variant(command)
            }
        } )*
    };
}

from_parts! {
    Notify(NotifyIncident),
    Supplement(SupplementIncident),
    TellGuardian(TellGuardian),
    Triage(TriageIncident),
    OpenInvestigation(OpenInvestigation),
    CompleteInvestigation(CompleteInvestigation),
    Conclude(ConcludeIncident),
    Reopen(ReopenIncident),
    RecordImported(RecordImportedIncident),
}
