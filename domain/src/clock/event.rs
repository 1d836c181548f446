//! What happens to a clock. These payloads become events of the family whose clocks they are.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{ApproverOffice, ClockKind, ClockRef, Deadline, ExtensionReason, PauseReason, Unit};

/// A clock began to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockStarted {
    /// Application that it belongs to; absent for clocks of the institution itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<u32>,
    /// What it measures.
    pub kind: ClockKind,
    /// Legal day of the act that it begins with (time basis: occurred). This day is not counted.
    pub from_date: Date,
    /// What it counts.
    pub unit: Unit,
    /// How many units, by the policy that `due` names; 0 for a fixed day.
    pub count: u32,
    /// Its end as counted at the start.
    pub due: Deadline,
}

/// A clock stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockPaused {
    /// Which clock.
    pub clock: ClockRef,
    /// Why.
    pub reason: PauseReason,
    /// First legal day that is not counted (time basis: occurred).
    pub from_date: Date,
    /// Legal day on which the applicant was told in writing how long it takes (行政许可法 §45), when it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_date: Option<Date>,
}

/// A clock runs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockResumed {
    /// Which clock.
    pub clock: ClockRef,
    /// First legal day that is counted again (time basis: occurred).
    pub on_date: Date,
    /// Its end, counted anew.
    pub due: Deadline,
}

/// A clock got more time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockExtended {
    /// Which clock.
    pub clock: ClockRef,
    /// Why.
    pub reason: ExtensionReason,
    /// Units that are added, of the clock's own unit.
    pub count: u32,
    /// Stable id of the account that approved, a pseudonym.
    pub approver: String,
    /// The office that approved.
    pub approver_office: ApproverOffice,
    /// Legal day on which the applicant was told the reason (行政许可法 §42; time basis: occurred).
    pub told_date: Date,
    /// Its end, counted anew.
    pub due: Deadline,
}

/// A provisional end was counted anew after the holiday table reached further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRecomputed {
    /// Which clock.
    pub clock: ClockRef,
    /// Its end, counted anew.
    pub due: Deadline,
    /// SHA-256 of the holiday table that it was counted by, hex.
    pub holidays_sha256: String,
}

/// What the clock asked for was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockMet {
    /// Which clock.
    pub clock: ClockRef,
    /// Legal day of the act (time basis: occurred).
    pub on_date: Date,
    /// Whether that day lies after the end.
    pub late: bool,
}

/// The last day passed and nothing was done. It takes effect with the end of that day, however late it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockExpired {
    /// Which clock.
    pub clock: ClockRef,
    /// The last day, which passed.
    pub due_date: Date,
}

/// The matter ended in another way (withdrawn, lapsed): nobody need act any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockCancelled {
    /// Which clock.
    pub clock: ClockRef,
    /// Legal day on which its matter ended (time basis: occurred).
    pub on_date: Date,
}
