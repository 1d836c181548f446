//! Counting: the end of a period with its pauses and its extension, and what of it is used on a day.
//!
//! How the statutes are read where they leave it open is our design, in `docs/rules.md` under Clocks: the day from which
//! a clock stands still is not counted, the day on which it is resumed is; an extension lengthens the one period, whose
//! end moves off a day off once.

use jiff::civil::Date;

use super::{Clock, ClockState, Unit};
use crate::calendar::{Calendar, Due};

/// Days that are not counted: the first of them, and the first that is counted again.
type Span = (Date, Date);

/// How a clock stands at the end of a day, in units of the clock; a fixed day is told in calendar days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockDays {
    /// Units that were counted up to and with the day, at most the whole period.
    pub used: u32,
    /// Units after the day up to and with the last day; 0 on the last day, which may still be used to its end. While the
    /// clock stands still, what will be left when it is resumed.
    pub left: u32,
    /// Units after the last day up to and with the day. 0 while the clock stands still or its end is provisional.
    pub overdue: u32,
}

impl Unit {
    /// The end of a period of `count` units that begins with an act on `from`, without pauses. `None` for a fixed day,
    /// which is set and not counted.
    #[must_use]
    pub fn due_after(self, from: Date, count: u32, calendar: &Calendar) -> Option<Due> {
        // rule: CLK-01, CLK-02, CLK-03
        match self {
            Self::WorkingDays => Some(calendar.add_working_days(from, count)),
            Self::CalendarDays => Some(calendar.add_calendar_days(from, count)),
            Self::FixedDay => None,
        }
    }

    /// Units after `from` up to and with `to`; 0 when `to` is not after `from`.
    fn between(self, from: Date, to: Date, calendar: &Calendar) -> u32 {
        match self {
            Self::WorkingDays => calendar.working_days_between(from, to),
            Self::CalendarDays | Self::FixedDay => {
                let days = to.duration_since(from).as_hours() / 24;
                u32::try_from(days.max(0)).unwrap_or(u32::MAX)
            }
        }
    }
}

impl Clock {
    /// Its last day by `calendar`, with its pauses and its extension. `None` while it stands still: then it has none.
    ///
    /// A fixed day is as it was set, on a day off too, and never provisional.
    #[must_use]
    pub fn recount(&self, calendar: &Calendar) -> Option<Due> {
        self.end(self.total(), &self.spans(None)?, calendar)
    }

    /// Its last day when it is resumed on `on`, which is counted again. `None` when it does not stand still.
    #[must_use]
    pub fn due_when_resumed(&self, on: Date, calendar: &Calendar) -> Option<Due> {
        self.open_pause()?;
        self.end(self.total(), &self.spans(Some(on))?, calendar)
    }

    /// Its last day with `count` more of its units. `None` while it stands still. A fixed day has no units to add.
    #[must_use]
    pub fn due_when_extended(&self, count: u32, calendar: &Calendar) -> Option<Due> {
        // rule: CLK-06
        self.end(self.total().saturating_add(count), &self.spans(None)?, calendar)
    }

    /// Its last day by a holiday table that has changed, when that is news: it runs, its end was provisional, and the day
    /// is another one or has become firm. A firm end stands, whatever the table says later.
    #[must_use]
    pub fn due_when_recomputed(&self, calendar: &Calendar) -> Option<Due> {
        // rule: CLK-07
        if self.state != ClockState::Running || !self.due.provisional {
            return None;
        }
        let due = self.recount(calendar)?;
        (due.date != self.due.due_date || !due.provisional).then_some(due)
    }

    /// How it stands at the end of `on`; when it was met or cancelled before, at the end of that day.
    #[must_use]
    pub fn days(&self, on: Date, calendar: &Calendar) -> ClockDays {
        let closed = matches!(self.state, ClockState::Met | ClockState::Cancelled);
        let on = match self.ended {
            Some(ended) if closed => on.min(ended),
            _ => on,
        };
        let due = self.due.due_date;
        let spans = disjoint(self.pauses.iter().map(|pause| {
            let to = pause.to_date.unwrap_or(Date::MAX);
            (pause.from_date, to)
        }));
        let used = match self.unit {
            Unit::FixedDay => self.counted(self.from_date, on.min(due), &spans, calendar),
            Unit::WorkingDays | Unit::CalendarDays => {
                self.counted(self.from_date, on, &spans, calendar).min(self.total())
            }
        };
        if self.open_pause().is_some() {
            // rule: CLK-08
            return ClockDays {
                used,
                left: self.total().saturating_sub(used),
                overdue: 0,
            };
        }
        let overdue = if self.due.missed(on) {
            self.unit.between(due, on, calendar)
        } else {
            0
        };
        ClockDays {
            used,
            left: self.counted(on.max(self.from_date), due, &spans, calendar),
            overdue,
        }
    }

    /// Units of the whole period.
    fn total(&self) -> u32 {
        self.count.saturating_add(self.extension)
    }

    /// Its pauses as days that are not counted; one that lasts ends on `resumed`, and without that there is no answer.
    fn spans(&self, resumed: Option<Date>) -> Option<Vec<Span>> {
        let closed: Option<Vec<Span>> = self
            .pauses
            .iter()
            .map(|pause| Some((pause.from_date, pause.to_date.or(resumed)?)))
            .collect();
        closed.map(disjoint)
    }

    /// The last day of a period of `total` units with the days of `spans` left out.
    ///
    /// It goes from pause to pause and not from day to day: what lies between two pauses is counted by the calendar.
    fn end(&self, total: u32, spans: &[Span], calendar: &Calendar) -> Option<Due> {
        // rule: CLK-04
        let mut due = match self.unit {
            // rule: CLK-11
            Unit::FixedDay => {
                return Some(Due {
                    date: self.due.due_date,
                    provisional: false,
                });
            }
            unit => unit.due_after(self.from_date, total, calendar)?,
        };
        if total == 0 {
            return Some(due);
        }
        // The last day that was dealt with, and the units that are left after it.
        let (mut done, mut left) = (self.from_date, total);
        for (from, to) in spans {
            if due.date < *from {
                break;
            }
            let (Ok(before), Ok(last)) = (from.yesterday(), to.yesterday()) else {
                continue;
            };
            left = left.saturating_sub(self.unit.between(done, before, calendar));
            done = done.max(last);
            due = if left > 0 {
                self.unit.due_after(done, left, calendar)?
            } else {
                // A period in calendar days that was over before the pause, on a day off: the working day that its end
                // moved to is not counted now, so it moves on to the first one that is.
                calendar.next_working_day(*to)
            };
        }
        Some(due)
    }

    /// Units after `from` up to and with `to` that no day of `spans` takes away.
    fn counted(&self, from: Date, to: Date, spans: &[Span], calendar: &Calendar) -> u32 {
        let lost = spans.iter().filter_map(|(first, next)| {
            let (before, last) = (first.yesterday().ok()?, next.yesterday().ok()?);
            Some(self.unit.between(from.max(before), to.min(last), calendar))
        });
        let lost = lost.fold(0_u32, u32::saturating_add);
        self.unit.between(from, to, calendar).saturating_sub(lost)
    }
}

/// The same days as spans in order that do not overlap. Events in order give such spans; the fold takes others too.
fn disjoint(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.into_iter().filter(|(from, to)| from < to).collect();
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}
