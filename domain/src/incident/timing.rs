//! When acts happened: not in the future, and in the order of the states that they bring about.

use jiff::Timestamp;

use super::{Incident, IncidentCommand};
use crate::aggregate::Context;
use crate::check;
use crate::rejection::Rejection;
use crate::time::day_of;

/// GEN-01: an act has happened, at a known time. A notification, the telling of a guardian and an imported row say in
/// their own fields when what they record happened.
pub(super) fn act_is_past(command: &IncidentCommand, context: &Context<'_>) -> Result<(), Rejection> {
    if matches!(
        command,
        IncidentCommand::Notify(_) | IncidentCommand::TellGuardian(_) | IncidentCommand::RecordImported(_)
    ) {
        return Ok(());
    }
    check::act_is_past(context)
}

impl Incident {
    /// GEN-08: from when a new state holds. States follow one another in legal time too: a day before the present state
    /// is refused, and on the same day the new one begins right after it.
    pub(super) fn begins(&self, context: &Context<'_>) -> Result<Option<Timestamp>, Rejection> {
        let (Some(since), Some(from), Some(day)) =
            (self.status_from, context.occurred.earliest(), context.occurred.day())
        else {
            return Ok(None);
        };
        let since_day = day_of(since);
        if day < since_day {
            return Err(Rejection::field(
                "occurred",
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
