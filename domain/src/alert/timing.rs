//! In which order the states of an alert follow one another.

use jiff::Timestamp;

use super::Alert;
use crate::aggregate::Context;
use crate::rejection::Rejection;
use crate::time::day_of;

impl Alert {
    /// From when a new state holds, where that is not simply when the act happened. A day before the present state is
    /// refused; on the same day the new one begins right after it.
    // rule: GEN-08
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
