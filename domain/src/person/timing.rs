//! In which order states follow one another.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::aggregate::Context;
use crate::rejection::Rejection;
use crate::time::day_of;

/// The legal day on which the request came in.
pub(super) fn today(context: &Context<'_>) -> Date {
    day_of(context.now)
}

/// The legal day on which the caller says that it happened.
pub(super) fn act_day(context: &Context<'_>) -> Date {
    context.occurred.day().unwrap_or_else(|| today(context))
}

/// The first instant after a legal day.
pub(super) fn after(day: Date) -> Timestamp {
    day.tomorrow().map_or(Timestamp::MAX, crate::time::start_of)
}

/// From when a new state holds, where that is not simply when the act happened. States follow one another in legal time
/// too: a day before the present state is refused, and on the same day the new one begins right after it. A present
/// state that is still to begin (an engagement told ahead) is followed on its first day.
// rule: GEN-08
pub(super) fn begins(
    since: Option<Timestamp>,
    state: &'static str,
    context: &Context<'_>,
) -> Result<Option<Timestamp>, Rejection> {
    let Some(since) = since else {
        return Ok(None);
    };
    let since_day = day_of(since);
    if act_day(context) < since_day && since_day <= today(context) {
        return Err(Rejection::field(
            "occurred",
            "GEN-08",
            format!("the present state holds since {since_day}; the next one can't begin before that day"),
            format!("现状态自{since_day}起生效，新状态不能早于该日"),
        )
        .with("state", state)
        .with("since", since_day.to_string()));
    }
    Ok(not_before(since, context))
}

/// From when a new state holds that must not begin before `since`, where that is not simply when the act happened.
pub(super) fn not_before(since: Timestamp, context: &Context<'_>) -> Option<Timestamp> {
    context
        .occurred
        .earliest()
        .is_none_or(|from| from < since)
        .then_some(since)
}
