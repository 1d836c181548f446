//! Legal clocks (时限): a period that somebody must act in, with its pauses, its extension and its end, as events.
//!
//! A clock is started by one event of a stream and named by it ([`ClockRef`]). Its days are counted by
//! [`Clock::recount`]; the count that was made stands in the event, so that what was told to an applicant is what the
//! log holds. Only a provisional count is made anew, visibly, when the holiday table reaches further
//! ([`ClockRecomputed`]).
//!
//! Nothing here knows a number of days: they are policy values and come in with [`ClockStarted`]. Nothing here decides
//! what follows from an end either: a deemed outcome is the matter of the family whose clock it is.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::Due;
use crate::envelope::PolicyRef;
use crate::time::end_of;
use crate::values::ValueError;

mod check;
mod count;
mod event;
mod kinds;
mod state;

pub use check::ClockProblem;
pub use count::ClockDays;
pub use event::*;
pub use kinds::*;
pub use state::{Clock, ClockChange, ClockState, Clocks, Pause};

/// A legal deadline as computed at the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Last day.
    pub due_date: Date,
    /// Last instant of that day, or the exact instant for clocks in hours (UTC).
    pub due_time: Timestamp,
    /// Whether it runs beyond the holiday table and may still move.
    pub provisional: bool,
    /// Policy that sets it.
    pub policy: PolicyRef,
}

impl Deadline {
    /// The end of the last day `due` of a period in days that `policy` sets.
    #[must_use]
    pub fn of(due: Due, policy: PolicyRef) -> Self {
        Self {
            due_date: due.date,
            due_time: end_of(due.date),
            provisional: due.provisional,
            policy,
        }
    }

    /// Whether `day` lies after it. One beyond the holiday table may still move: nothing is late by it.
    #[must_use]
    pub fn missed(&self, day: Date) -> bool {
        // rule: CLK-08
        !self.provisional && day > self.due_date
    }
}

/// Names a clock within its stream: by its kind and the event that started it. Written `completeness@12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRef {
    /// Kind.
    pub kind: ClockKind,
    /// Revision in the stream of the [`ClockStarted`] event, from 0.
    pub revision: u64,
}

impl fmt::Display for ClockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.kind.code(), self.revision)
    }
}

impl FromStr for ClockRef {
    type Err = ValueError;

    /// Reads `kind@revision`, the revision in plain decimal digits: one clock is written in one way only.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let parsed = text.split_once('@').and_then(|(kind, revision)| {
            Some(Self {
                kind: ClockKind::from_code(kind)?,
                revision: revision.parse().ok()?,
            })
        });
        // "+1" and "01" parse as numbers too.
        parsed.filter(|clock| clock.to_string() == text).ok_or_else(|| {
            ValueError::new(
                "CLK-10",
                "a clock is named by its kind and the revision of the event that started it, like completeness@12",
                "时限以种类和启动事件的序号标识，如completeness@12",
            )
        })
    }
}
