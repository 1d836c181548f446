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
        Due {
            date,
            provisional: self.covered_until.is_none_or(|covered| date > covered),
        }
    }
}
