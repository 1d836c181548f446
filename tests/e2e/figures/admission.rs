//! Figures of admission: applications, legal clocks and authorizations of a division and its parts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use yujian_domain::calendar::Calendar;

use super::counts::{Figures, lies_in, percent, put};

/// Buckets that the page has a column for.
const BUCKETS: [&str; 5] = ["overdue", "due_soon", "paused", "ample", "none"];

/// An application as the log or a row tells of it.
#[derive(Debug)]
pub struct Application {
    /// Division of the institution.
    pub region: String,
    /// Empty when a damaged record hides it.
    pub kind: String,
    pub state: String,
    pub since: Option<Date>,
    pub open: bool,
    /// What the clock that it waits for first leaves.
    pub bucket: String,
    pub returned: u64,
    /// What its latest return names.
    pub items: BTreeSet<String>,
    /// A deemed outcome, and whether it was taken back.
    pub deemed: Option<(String, bool)>,
    pub late: bool,
}

/// A clock that waits.
#[derive(Debug)]
pub struct Clock {
    /// Division of the institution.
    pub region: String,
    /// `<institution>/<clock>`.
    pub id: String,
    /// Whether it counts working days.
    pub working: bool,
    pub due: Date,
    /// The day from which it stands still, when it does.
    pub paused_from: Option<Date>,
    pub bucket: String,
}

/// Admission as a source tells it; each place is the division of an institution.
#[derive(Debug, Default)]
pub struct Admissions {
    pub applications: Vec<Application>,
    pub clocks: Vec<Clock>,
    /// Place and state of the latest term of each institution.
    pub authorizations: Vec<(String, String)>,
    /// Place of each condition that is to be met.
    pub conditions: Vec<String>,
    /// Place of each cessation that is not closed.
    pub cessations: Vec<String>,
    /// Place of each institution with applications and damaged records.
    pub damaged: Vec<String>,
}

/// Counts one more.
fn count(figures: &mut Figures, name: &str, of: impl Into<String>) {
    let count = figures.entry((name.to_owned(), of.into()));
    let count = count.or_insert_with(|| "0".to_owned());
    *count = (count.parse::<u64>().unwrap() + 1).to_string();
}

fn value(figures: &Figures, name: &str, of: &str) -> u64 {
    let value = figures.get(&(name.to_owned(), of.to_owned()));
    value.map_or(0, |value| value.parse().unwrap())
}

/// Working days from a day to another, counted one by one.
pub fn working_days(calendar: &Calendar, since: Date, at: Date) -> u64 {
    let days = since.series(jiff::Span::new().days(1)).skip(1);
    days.take_while(|day| *day <= at)
        .filter(|day| calendar.is_working_day(*day))
        .count() as u64
}

impl Admissions {
    /// The figures of the page of admission of a division with its parts.
    pub fn figures(&self, region: &str, parts: &BTreeSet<String>, at: Date, calendar: &Calendar) -> Figures {
        let mut figures = Figures::new();
        let places = |code: &str| -> Vec<String> {
            let part = parts.iter().filter(|part| lies_in(code, part));
            std::iter::once(region.to_owned()).chain(part.cloned()).collect()
        };
        let within = |code: &str| lies_in(code, region);
        for one in self.applications.iter().filter(|one| within(&one.region)) {
            one.count(&mut figures, region, &places(&one.region));
        }
        for clock in self.clocks.iter().filter(|clock| within(&clock.region)) {
            count(&mut figures, "clocks_by_bucket", format!("{region}/{}", clock.bucket));
        }
        for (_, state) in self.authorizations.iter().filter(|(code, _)| within(code)) {
            count(&mut figures, "authorizations_by_state", format!("{region}/{state}"));
        }
        for (name, codes) in [
            ("conditions_open", &self.conditions),
            ("cessations_open", &self.cessations),
            ("damaged_admissions", &self.damaged),
        ] {
            for code in codes.iter().filter(|code| within(code)) {
                for place in places(code) {
                    count(&mut figures, name, place);
                }
            }
        }
        self.days_in_state(&mut figures, region, at, calendar);
        shares(&mut figures, region);
        figures
    }

    fn days_in_state(&self, figures: &mut Figures, region: &str, at: Date, calendar: &Calendar) {
        let mut days: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for one in self
            .applications
            .iter()
            .filter(|one| one.open && lies_in(&one.region, region))
        {
            let since = one.since.map(|since| working_days(calendar, since, at));
            days.entry(&one.state).or_default().extend(since);
        }
        for (state, mut days) in days {
            days.sort_unstable();
            let of = format!("{region}/{state}");
            // Of two in the middle the longer.
            put(
                figures,
                "days_in_state_median",
                &of,
                days.get(days.len() / 2).copied().unwrap_or(0),
            );
            put(figures, "days_in_state_longest", &of, days.last().copied().unwrap_or(0));
        }
    }

    /// How many rows the lists of applications and of clocks that wait have for a division.
    pub fn listed(&self, path: &str, region: &str) -> u64 {
        let count = if path == "/applications" {
            self.applications
                .iter()
                .filter(|one| lies_in(&one.region, region))
                .count()
        } else {
            self.clocks
                .iter()
                .filter(|clock| lies_in(&clock.region, region))
                .count()
        };
        count as u64
    }

    /// Last day, what is left and how it stands of each clock that waits.
    pub fn deadlines(&self, region: &str, at: Date, calendar: &Calendar) -> Figures {
        let mut figures = Figures::new();
        for clock in self.clocks.iter().filter(|clock| lies_in(&clock.region, region)) {
            put_clock(
                &mut figures,
                &clock.id,
                clock.due,
                clock.left(at, calendar),
                &clock.bucket,
            );
        }
        figures
    }
}

/// Puts a clock that waits, as a line of the list of deadlines tells of it.
pub fn put_clock(figures: &mut Figures, id: &str, due: Date, left: i64, bucket: &str) {
    let told = format!("{due}, {left} left, {bucket}");
    figures.insert(("deadline".to_owned(), id.to_owned()), told);
}

/// What the list of deadlines says as a file.
pub fn in_file(file: &str) -> Figures {
    let words = [
        ("逾期", "overdue"),
        ("即将到期", "due_soon"),
        ("暂停", "paused"),
        ("时间充裕", "ample"),
    ];
    let mut figures = Figures::new();
    let mut rows = csv::Reader::from_reader(file.trim_start_matches('\u{feff}').as_bytes());
    let heads = rows.headers().unwrap().clone();
    let column = |name: &str| heads.iter().position(|head| head == name).unwrap();
    let [institution, clock, due, left, bucket] =
        ["机构编号", "时限编号", "最后一日", "剩余（时限的单位）", "判断"].map(column);
    for row in rows.records() {
        let row = row.unwrap();
        let (_, bucket) = words.iter().find(|(word, _)| *word == &row[bucket]).unwrap();
        let id = format!("{}/{}", &row[institution], &row[clock]);
        put_clock(
            &mut figures,
            &id,
            row[due].parse().unwrap(),
            row[left].parse().unwrap(),
            bucket,
        );
    }
    figures
}

impl Clock {
    /// Days left at the end of a day, in its unit; while it stands still, as many as at the end of the day before.
    fn left(&self, at: Date, calendar: &Calendar) -> i64 {
        let seen = self.paused_from.map_or(at, |from| from.yesterday().unwrap());
        if !self.working {
            return (self.due - seen).get_days().into();
        }
        let days = |from, to| i64::try_from(working_days(calendar, from, to)).unwrap();
        days(seen, self.due) - days(self.due, seen)
    }
}

impl Application {
    fn count(&self, figures: &mut Figures, region: &str, places: &[String]) {
        let of = |what: &str| format!("{region}/{what}");
        for place in places {
            if self.open {
                count(figures, "applications_open", place);
                if let "overdue" | "due_soon" | "paused" = self.bucket.as_str() {
                    count(figures, &format!("applications_{}", self.bucket), place);
                }
            }
            if self.late {
                count(figures, "decided_late", place);
            }
        }
        if self.open {
            count(figures, "applications_open_by_state", of(&self.state));
            let bucket = format!("{region}/{}/{}", self.state, self.bucket);
            count(figures, "applications_by_state_and_bucket", bucket);
            count(figures, "applications_open_by_kind", of(&self.kind));
        }
        match self.state.as_str() {
            "granted" => {
                count(figures, "applications_granted", of(&self.kind));
                if self.returned == 0 {
                    count(figures, "granted_at_once", of(&self.kind));
                }
            }
            "refused" => count(figures, "applications_refused", of(&self.kind)),
            "returned" => {
                count(figures, "applications_returned", region);
                for item in &self.items {
                    count(figures, "returned_items", of(item));
                    if self.returned > 1 {
                        count(figures, "returned_again", of(item));
                    }
                }
            }
            _ => {}
        }
        match &self.deemed {
            Some((outcome, false)) => count(figures, "deemed", of(outcome)),
            Some((outcome, true)) => count(figures, "deemed_reversed", of(outcome)),
            None => {}
        }
    }
}

/// Parts of a whole: of what was granted, by kind, what was never returned; of what is returned, what an item is named in.
pub fn shares(figures: &mut Figures, region: &str) {
    let of = |figures: &Figures, name: &str| -> Vec<String> {
        let named = figures.keys().filter(|(one, _)| one == name);
        named.map(|(_, of)| of.clone()).collect()
    };
    for kind in of(figures, "applications_granted") {
        let granted = value(figures, "applications_granted", &kind);
        let share = percent(value(figures, "granted_at_once", &kind), granted).unwrap();
        figures.insert(("granted_at_once".to_owned(), kind), share);
    }
    let returned = value(figures, "applications_returned", region);
    for item in of(figures, "returned_items") {
        let share = percent(value(figures, "returned_items", &item), returned).unwrap();
        figures.insert(("returned_items_share".to_owned(), item), share);
    }
}

/// Counts of each bucket, in the order of [`BUCKETS`].
pub fn put_buckets(figures: &mut Figures, name: &str, of: &str, counts: [u64; 5]) {
    for (bucket, count) in BUCKETS.iter().zip(counts) {
        put(figures, name, format!("{of}/{bucket}"), count);
    }
}
