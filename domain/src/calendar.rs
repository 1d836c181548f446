//! Working days and legal periods: the day of the act is not counted, and a period ends with the end of its last day.
//!
//! Which unit a period has is policy: working days skip days off, calendar days run through and only their end moves to
//! the next working day. Periods in hours and minutes know no days off: they are sums of instants
//! ([`crate::time::after_minutes`]).
//!
//! The table ends with the last published notice. A period that runs beyond it counts by the ordinary week and is
//! provisional. (A notice has twice moved days of the last week of December before it, in 2018 and 2022: a period that
//! ends there is as sure as the notices published until now.)

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::{Date, Weekday};

/// First line of a holiday table.
const HEADER: &str = "date,name,kind,notice_year";

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
    /// What is wrong, in English.
    pub message: String,
    /// What is wrong, in Chinese.
    pub message_zh: String,
}

impl CalendarError {
    fn new(line: usize, (message, message_zh): (&str, &str)) -> Self {
        Self {
            line,
            message: message.to_owned(),
            message_zh: message_zh.to_owned(),
        }
    }
}

/// One row of a holiday table: a day that is not what the ordinary week says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// Name of the holiday, in Chinese.
    pub name: String,
    /// A day off; else a make-up working day (调休上班).
    pub off: bool,
    /// Year whose notice tells of it.
    pub notice_year: i16,
}

impl Holiday {
    /// Reads the rows of a table `date,name,kind,notice_year`, in its order.
    ///
    /// # Errors
    /// With the line, when the header or a row has another form.
    pub fn read(table: &str) -> Result<Vec<Self>, CalendarError> {
        let mut rows = table.lines().enumerate().map(|(index, row)| (index + 1, row));
        let header = rows.next().map(|(_, row)| row.trim_start_matches('\u{feff}'));
        if header.is_some_and(|header| header != HEADER) {
            return Err(CalendarError::new(
                1,
                (
                    "the header must be date,name,kind,notice_year",
                    "表头须为date,name,kind,notice_year",
                ),
            ));
        }
        rows.map(|(line, row)| Self::row(row).map_err(|message| CalendarError::new(line, message)))
            .collect()
    }

    fn row(row: &str) -> Result<Self, (&'static str, &'static str)> {
        let cells: Vec<&str> = row.split(',').collect();
        let [date, name, kind, year] = cells[..] else {
            return Err(("a row has four cells", "每行须有四列"));
        };
        let date = date
            .parse()
            .map_err(|_| ("the date is not a day like 2026-02-17", "日期须形如2026-02-17"))?;
        let off = match kind {
            "off" => true,
            "work" => false,
            _ => return Err(("the kind must be off or work", "类别须为off或work")),
        };
        let notice_year = year
            .parse()
            .map_err(|_| ("the year of the notice is not a year", "通知年份不是年份"))?;
        if !(1949..=2999).contains(&notice_year) {
            return Err((
                "the year of the notice must lie between 1949 and 2999",
                "通知年份须在1949至2999之间",
            ));
        }
        Ok(Self {
            date,
            name: name.to_owned(),
            off,
            notice_year,
        })
    }
}

/// What is wrong with a table that parses: each with the line, so that all of it can be told at once.
///
/// A notice tells of days of its own year and of the last days of the year before; notices come for one year after the
/// other; a day stands in the table once.
#[must_use]
// rule: CAL-01
pub fn implausible(rows: &[Holiday]) -> Vec<CalendarError> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let mut years = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        // The header is line 1.
        let mut tell = |message| wrong.push(CalendarError::new(index + 2, message));
        if row.name.trim().is_empty() {
            tell(("the holiday has no name", "缺少节日名称"));
        }
        if row.date.year() != row.notice_year && row.date.year().saturating_add(1) != row.notice_year {
            tell((
                "a notice tells of days of its year and of the year before",
                "日期须在通知年份或其上一年之内",
            ));
        }
        if !seen.insert(row.date) {
            tell(("the day stands here twice", "同一日期出现两次"));
        }
        years.insert(row.notice_year);
    }
    let all = years.first().zip(years.last()).map(|(first, last)| *first..=*last);
    match all {
        None => wrong.push(CalendarError::new(1, ("the table holds no day", "表中没有任何日期"))),
        Some(mut all) => {
            if let Some(missing) = all.find(|year| !years.contains(year)) {
                wrong.push(CalendarError {
                    line: 1,
                    message: format!("the years must follow one another: there is no notice for {missing}"),
                    message_zh: format!("年份须连续：缺少{missing}年的通知"),
                });
            }
        }
    }
    wrong
}

impl Calendar {
    /// Reads a table `date,name,kind,notice_year` with kind `off` or `work`. It covers everything up to the last day of
    /// the last year for which a notice was published.
    ///
    /// # Errors
    /// With the line, when the header or a row has another form, or a day stands there twice with different kinds.
    pub fn from_csv(table: &str) -> Result<Self, CalendarError> {
        let mut calendar = Self::default();
        for (index, holiday) in Holiday::read(table)?.iter().enumerate() {
            let before = calendar.exceptions.insert(holiday.date, holiday.off);
            if before.is_some_and(|before| before != holiday.off) {
                // The header is line 1.
                return Err(CalendarError::new(
                    index + 2,
                    (
                        "the day stands here twice with different kinds",
                        "同一日期出现两次且类别不同",
                    ),
                ));
            }
            let end = jiff::civil::date(holiday.notice_year, 12, 31);
            calendar.covered_until = calendar.covered_until.max(Some(end));
        }
        Ok(calendar)
    }

    /// Days up to and with `until` that are working days by one of the tables and not by the other, in order.
    #[must_use]
    pub fn differs_until(&self, other: &Self, until: Date) -> Vec<Date> {
        let told = self.exceptions.keys().chain(other.exceptions.keys());
        let days: BTreeSet<Date> = told.copied().filter(|day| *day <= until).collect();
        let differs = |day: &Date| self.is_working_day(*day) != other.is_working_day(*day);
        days.into_iter().filter(differs).collect()
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
