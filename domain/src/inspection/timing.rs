//! When acts happened: not in the future, and in the order of the states that they bring about. And legal deadlines.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Inspection, InspectionCommand};
use crate::aggregate::Context;
use crate::envelope::{PolicyRef, Role};
use crate::institution::Deadline;
use crate::rejection::Rejection;
use crate::time::{Occurred, day_of, end_of};

/// How far a caller's clock may be ahead of ours, in seconds, before "it happened" counts as the future.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

/// Whether an instant is later than a caller's clock may be.
pub(super) fn is_future(time: Timestamp, now: Timestamp) -> bool {
    time.as_second() > now.as_second().saturating_add(CLOCK_TOLERANCE_SECONDS)
}

/// GEN-01: an act has happened, at a known time. A check-in that is filled in, an overdue correction and an imported row
/// say in their own fields when what they record happened.
pub(super) fn act_is_past(command: &InspectionCommand, context: &Context<'_>) -> Result<(), Rejection> {
    if matches!(
        command,
        InspectionCommand::BackfillCheckIn(_)
            | InspectionCommand::MarkCorrectionOverdue(_)
            | InspectionCommand::RecordImported(_)
    ) {
        return Ok(());
    }
    let (message, message_zh) = match context.occurred {
        Occurred::Unknown => ("must say when it happened", "须说明发生时间"),
        Occurred::Day { date } if date > day_of(context.now) => ("must not lie in the future", "发生时间不能晚于现在"),
        Occurred::Instant { time } if is_future(time, context.now) => {
            ("must not lie in the future", "发生时间不能晚于现在")
        }
        Occurred::Day { .. } | Occurred::Instant { .. } => return Ok(()),
    };
    Err(Rejection::field("occurred", "GEN-01", message, message_zh))
}

/// The legal day of an act, as its caller says (time basis: occurred).
pub(super) fn act_day(context: &Context<'_>) -> Date {
    context.occurred.day().unwrap_or_else(|| day_of(context.now))
}

/// The day that counts for a term that the institution must keep: an operator's act counts when it comes in, paper
/// handed in at a counter when the officer says that it came in.
pub(super) fn term_day(context: &Context<'_>) -> Date {
    if context.actor.role == Role::Operator {
        day_of(context.now)
    } else {
        act_day(context)
    }
}

/// A deadline `days` working days after an act on `from`, which is not counted.
pub(super) fn working_days_after(from: Date, days: u32, policy: PolicyRef, context: &Context<'_>) -> Deadline {
    let due = context.reference.calendar.add_working_days(from, days);
    Deadline {
        due_date: due.date,
        due_time: end_of(due.date),
        provisional: due.provisional,
        policy,
    }
}

/// Whether `day` lies after a deadline. One beyond the holiday table may still move: nothing is late by it.
pub(super) fn missed(due: &Deadline, day: Date) -> bool {
    !due.provisional && day > due.due_date
}

impl Inspection {
    /// GEN-08: from when a new state holds. States follow one another in legal time too: a day before the present state
    /// is refused, and on the same day the new one begins right after it.
    pub(super) fn begins(&self, context: &Context<'_>) -> Result<Option<Timestamp>, Rejection> {
        self.begins_at(context.occurred, "occurred")
    }

    /// The same for an act whose time stands in a field of its own.
    pub(super) fn begins_at(&self, occurred: Occurred, field: &str) -> Result<Option<Timestamp>, Rejection> {
        let (Some(since), Some(from), Some(day)) = (self.status_from, occurred.earliest(), occurred.day()) else {
            return Ok(None);
        };
        let since_day = day_of(since);
        if day < since_day {
            return Err(Rejection::field(
                field,
                "GEN-08",
                format!("the present state holds since {since_day}; the next one can't begin before that day"),
                format!("现状态自{since_day}起生效，新状态不能早于该日"),
            )
            .with("state", self.status.code())
            .with("since", since_day.to_string()));
        }
        Ok((from < since).then_some(since))
    }
}
