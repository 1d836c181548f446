//! Working days and legal periods: the day of the act is not counted, and a period ends with the end of its last day.
//!
//! Which unit a period has is policy: working days skip days off, calendar days run through and only their end moves to
//! the next working day. Periods in hours and minutes know no days off: they are sums of instants
//! ([`crate::time::after_minutes`]).
//!
//! The table ends with the last published notice. A period that runs beyond it counts by the ordinary week and is
//! provisional. (A notice has twice moved days of the last week of December before it, in 2018 and 2022: a period that
//! ends there is as sure as the notices published until now.)

use std::collections::BTreeMap;

use jiff::Span;
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
    /// Last day, by the legal calendar of Asia/Shanghai.
    pub date: Date,
    /// Whether the table does not cover it yet.
    pub provisional: bool,
}

/// Why a holiday table is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("holiday table, line {line}: {message}")]
pub struct CalendarError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Calendar {
    /// Reads a table `date,name,kind,notice_year` with kind `off` or `work`. It covers everything up to the last day of
    /// the last year for which a notice was published.
    ///
    /// # Errors
    /// With the line, when the header or a row has another form, or a day stands there twice with different kinds.
    pub fn from_csv(table: &str) -> Result<Self, CalendarError> {
        let mut calendar = Self::default();
        let mut last_year = None;
        for (index, row) in table.lines().enumerate() {
            let wrong = |message: &str| CalendarError {
                line: index + 1,
                message: message.to_owned(),
            };
            if index == 0 {
                if row.trim_start_matches('\u{feff}') != "date,name,kind,notice_year" {
                    return Err(wrong("the header must be date,name,kind,notice_year"));
                }
                continue;
            }
            let cells: Vec<&str> = row.split(',').collect();
            let [date, _name, kind, year] = cells[..] else {
                return Err(wrong("a row has four cells"));
            };
            let date: Date = date
                .parse()
                .map_err(|_| wrong("the date is not a day like 2026-02-17"))?;
            let off = match kind {
                "off" => true,
                "work" => false,
                _ => return Err(wrong("the kind must be off or work")),
            };
            let year: i16 = year
                .parse()
                .map_err(|_| wrong("the year of the notice is not a year"))?;
            if !(1949..=2999).contains(&year) {
                return Err(wrong("the year of the notice must lie between 1949 and 2999"));
            }
            if calendar
                .exceptions
                .insert(date, off)
                .is_some_and(|before| before != off)
            {
                return Err(wrong("the day stands here twice with different kinds"));
            }
            last_year = last_year.max(Some(year));
        }
        calendar.covered_until = last_year.map(|year| jiff::civil::date(year, 12, 31));
        Ok(calendar)
    }

    /// The last day that the table covers: the last of the last year with a published notice.
    #[must_use]
    pub fn covered_until(&self) -> Option<Date> {
        self.covered_until
    }

    /// Whether `day` is a working day by the table, else by the week.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        match self.exceptions.get(&day) {
            Some(off) => !off,
            None => !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// The last day of a period of `count` working days that begins with an act on `from`, which is not counted. With
    /// `count` 0 it is `from` itself.
    #[must_use]
    pub fn add_working_days(&self, from: Date, count: u32) -> Due {
        let mut date = from;
        let mut left = count;
        while left > 0 {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            if self.is_working_day(date) {
                left -= 1;
            }
        }
        self.due(date)
    }

    /// The last day of a period of `count` calendar days that begins with an act on `from`, which is not counted; an
    /// end on a day off moves to the next working day (民诉法 §85, 复议法 §88).
    #[must_use]
    pub fn add_calendar_days(&self, from: Date, count: u32) -> Due {
        // A span holds fewer days than `count` can: more of them than any calendar has end with the calendar.
        let span = Span::new().try_days(count).ok();
        let end = span.and_then(|span| from.checked_add(span).ok()).unwrap_or(Date::MAX);
        self.next_working_day(end)
    }

    /// `day` itself when it is a working day, else the first one after it.
    #[must_use]
    pub fn next_working_day(&self, day: Date) -> Due {
        let mut date = day;
        while !self.is_working_day(date) {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        self.due(date)
    }

    /// Working days after `from` up to and with `to`: what of a period in working days has passed at the end of `to`. 0
    /// when `to` is not after `from`.
    #[must_use]
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        let mut days = 0;
        let mut date = from;
        while date < to {
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            days += u32::from(self.is_working_day(date));
        }
        days
    }

    fn due(&self, date: Date) -> Due {
        Due {
            date,
            provisional: self.covered_until.is_none_or(|covered| date > covered),
        }
    }
}
