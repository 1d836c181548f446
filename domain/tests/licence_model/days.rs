//! Days and clocks in the model's own counting: day by day, from the published notices.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use yujian_domain::reference::Reference;

pub fn plus(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap()
}

/// The notices, and the last day that they cover.
pub struct Notices {
    told: BTreeMap<Date, bool>,
    last: Date,
}

impl Notices {
    pub fn read() -> Self {
        let mut told = BTreeMap::new();
        let mut years = Vec::new();
        for row in Reference::shipped_holidays().document.lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            told.insert(cells[0].parse().unwrap(), cells[2] == "work");
            years.push(cells[3].parse::<i16>().unwrap());
        }
        let last = jiff::civil::date(*years.iter().max().unwrap(), 12, 31);
        Self { told, last }
    }

    pub fn works(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.told.get(&day).copied().unwrap_or(!weekend)
    }

    /// The last of `count` working days after `from`, leaving out what lies in a pause.
    pub fn last_of(&self, from: Date, count: u32, pauses: &[(Date, Option<Date>)]) -> Last {
        let mut day = from;
        let mut left = count;
        while left > 0 {
            day = plus(day, 1);
            let rests = pauses
                .iter()
                .any(|(first, again)| *first <= day && again.is_none_or(|again| day < again));
            if self.works(day) && !rests {
                left -= 1;
            }
        }
        Last {
            day,
            certain: day <= self.last,
        }
    }
}

/// A last day, and whether the notices reach so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    pub day: Date,
    pub certain: bool,
}

impl Last {
    pub fn set(day: Date) -> Self {
        Self { day, certain: true }
    }

    pub fn is_over(self, on: Date) -> bool {
        self.certain && on > self.day
    }
}

/// A clock as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub kind: &'static str,
    /// Number of its application; 0 for the institution's own.
    pub of: u32,
    pub from: Date,
    /// Working days; none for a day that is set.
    pub count: Option<u32>,
    /// Working days that were added.
    pub more: u32,
    pub last: Last,
    pub at: &'static str,
    pub late: bool,
    pub pauses: Vec<(Date, Option<Date>)>,
    /// Why it stands still.
    pub waits_for: &'static str,
}

impl Watch {
    pub fn waits(&self) -> bool {
        matches!(self.at, "running" | "paused")
    }

    /// An act on `on` comes too late.
    pub fn is_over(&self, on: Date) -> bool {
        self.at != "paused" && self.last.is_over(on)
    }

    /// What it asks for is done; what has ended otherwise stays as it is.
    pub fn done(&mut self, on: Date) {
        if matches!(self.at, "met" | "cancelled") || on < self.from {
            return;
        }
        self.late = self.is_over(on);
        self.at = "met";
    }

    pub fn stop(&mut self, on: Date, why: &'static str) {
        let again = self.pauses.last().and_then(|pause| pause.1);
        let first = on.max(again.unwrap_or(on));
        let pausable = matches!(self.kind, "decision" | "joint_decision");
        // Told in time and known late: then it has not run out.
        let goes_on = matches!(self.at, "running" | "expired");
        if pausable && goes_on && first >= self.from && !self.last.is_over(first) {
            self.pauses.push((first, None));
            self.at = "paused";
            self.late = false;
            self.waits_for = why;
        }
    }

    pub fn run_on(&mut self, on: Date, why: &'static str, notices: &Notices) {
        if self.at != "paused" || self.waits_for != why {
            return;
        }
        if let Some(pause) = self.pauses.last_mut() {
            pause.1 = Some(on.max(pause.0));
        }
        self.runs(notices);
    }

    /// It runs, to an end that is counted anew.
    pub fn runs(&mut self, notices: &Notices) {
        self.at = "running";
        if let Some(count) = self.count {
            self.last = notices.last_of(self.from, count + self.more, &self.pauses);
        }
    }

    pub fn cancel(&mut self) {
        if self.waits() {
            self.at = "cancelled";
        }
    }
}
