//! Working days and legal periods (`regulation.md` section 9): the first day is not counted.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// A dated holiday table: statutory days off and make-up working days (调休) by the State Council's yearly notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Exceptions from the ordinary week: true = day off, false = make-up working day.
    exceptions: BTreeMap<Date, bool>,
    /// Last day that the table covers.
    covered_until: Option<Date>,
}

/// A last day, and whether it rests on days beyond the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Last day.
    pub date: Date,
    /// Whether the table does not cover it yet.
    pub provisional: bool,
}

impl Calendar {
    /// Whether `day` is a working day by the table, else by the week.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        match self.exceptions.get(&day) {
            Some(off) => !off,
            None => !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// The last day of a period of `count` working days that begins with an act on `from`, which is not counted.
    #[must_use]
    pub fn add_working_days(&self, from: Date, count: u32) -> Due {
        let mut date = from;
        let mut left = count;
        while left > 0 {
            date = date.saturating_add(1.day());
            if date == Date::MAX {
                break;
            }
            if self.is_working_day(date) {
                left -= 1;
            }
        }
        Due { date, provisional: self.covered_until.is_none_or(|covered| date > covered) }
    }
}
