//! Counting with pauses against the plainest model: walk day by day, leave out what is paused, count the rest.

use crate::clock_support::{deadline, shipped, started};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use yujian_domain::calendar::{Calendar, Due};
use yujian_domain::clock::{
    ApproverOffice, Clock, ClockDays, ClockExtended, ClockKind, ClockPaused, ClockRef, ClockResumed, Clocks,
    ExtensionReason, PauseReason, Unit,
};

const NAME: ClockRef = ClockRef {
    kind: ClockKind::Decision,
    revision: 0,
};

/// A period: first day, unit, units, units of its extension, pauses (first day left out, first day counted again).
#[derive(Debug, Clone)]
struct Period {
    from: Date,
    unit: Unit,
    count: u32,
    extension: u32,
    pauses: Vec<(Date, Date)>,
}

/// Around the end of the table as well; a pause may begin on the first day and lose no day at all.
fn a_period() -> impl Strategy<Value = Period> {
    (
        0_i32..3_600,
        prop_oneof![Just(Unit::WorkingDays), Just(Unit::CalendarDays)],
        1_u32..60,
        0_u32..20,
        prop::collection::vec((0_i32..25, 0_i32..25), 0..4),
    )
        .prop_map(|(start, unit, count, extension, steps)| {
            let from = date(2018, 1, 1).saturating_add(start.days());
            let mut day = from;
            let pauses = steps
                .into_iter()
                .map(|(gap, length)| {
                    let first = day.saturating_add(gap.days());
                    day = first.saturating_add(length.days());
                    (first, day)
                })
                .collect();
            Period {
                from,
                unit,
                count,
                extension,
                pauses,
            }
        })
}

impl Period {
    fn is_paused(&self, day: Date) -> bool {
        self.pauses.iter().any(|(first, next)| *first <= day && day < *next)
    }

    /// Whether `day` is one of the days that the period counts.
    fn counts(&self, day: Date, calendar: &Calendar) -> bool {
        !self.is_paused(day) && (self.unit == Unit::CalendarDays || calendar.is_working_day(day))
    }

    /// The last day, by a walk.
    fn walked(&self, calendar: &Calendar) -> Due {
        let mut day = self.from;
        let mut left = self.count + self.extension;
        while left > 0 {
            day = day.tomorrow().unwrap();
            left -= u32::from(self.counts(day, calendar));
        }
        while self.is_paused(day) || !calendar.is_working_day(day) {
            day = day.tomorrow().unwrap();
        }
        Due {
            date: day,
            provisional: day > date(2026, 12, 31),
        }
    }

    /// The clock, by its events.
    fn clock(&self, calendar: &Calendar) -> Clock {
        let mut clocks = Clocks::default();
        clocks.start(NAME, &started(NAME.kind, self.from, self.unit, self.count, calendar));
        for (from_date, on_date) in &self.pauses {
            clocks.apply(&ClockPaused {
                clock: NAME,
                reason: PauseReason::Test,
                from_date: *from_date,
                told_date: None,
            });
            let due = clocks.get(NAME).unwrap().due_when_resumed(*on_date, calendar);
            clocks.apply(&ClockResumed {
                clock: NAME,
                on_date: *on_date,
                due: deadline(due.unwrap()),
            });
        }
        if self.extension > 0 {
            let due = clocks.get(NAME).unwrap().due_when_extended(self.extension, calendar);
            clocks.apply(&ClockExtended {
                clock: NAME,
                reason: ExtensionReason::ComplexMatter,
                count: self.extension,
                approver: "head-1".to_owned(),
                approver_office: ApproverOffice::HeadOfAuthority,
                told_date: self.from,
                due: deadline(due.unwrap()),
            });
        }
        clocks.get(NAME).unwrap().clone()
    }
}

/// Days from `from`, without it, to `to`.
fn days_after(from: Date, to: Date) -> impl Iterator<Item = Date> {
    std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok()).take_while(move |day| *day <= to)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_period_with_pauses_and_an_extension_ends_where_a_walk_ends(period in a_period()) {
        let calendar = shipped();
        let walked = period.walked(&calendar);
        let clock = period.clock(&calendar);
        prop_assert_eq!(clock.recount(&calendar), Some(walked));
        prop_assert_eq!((clock.due.due_date, clock.due.provisional), (walked.date, walked.provisional));
    }

    #[test]
    fn a_longer_period_never_ends_earlier(period in a_period(), more in 1_u32..20) {
        let calendar = shipped();
        let longer = Period { count: period.count + more, ..period.clone() };
        let (short, long) = (period.clock(&calendar).due.due_date, longer.clock(&calendar).due.due_date);
        prop_assert!(short <= long);
        if period.unit == Unit::WorkingDays {
            prop_assert!(short < long, "a working day more is a day more");
        }
    }

    #[test]
    fn an_extension_never_shortens_and_is_as_good_as_a_longer_period(period in a_period(), more in 0_u32..20) {
        let calendar = shipped();
        let clock = period.clock(&calendar);
        let extended = clock.due_when_extended(more, &calendar).unwrap();
        prop_assert!(extended.date >= clock.due.due_date);
        let longer = Period { count: period.count + more, ..period };
        prop_assert_eq!(Some(extended), longer.clock(&calendar).recount(&calendar));
    }

    #[test]
    fn a_pause_never_shortens_and_one_that_ends_on_its_day_loses_nothing(period in a_period()) {
        let calendar = shipped();
        let without = Period { pauses: Vec::new(), ..period.clone() };
        let instant = Period { pauses: period.pauses.iter().map(|(first, _)| (*first, *first)).collect(), ..period.clone() };
        let end = |period: &Period| period.clock(&calendar).due.due_date;
        prop_assert!(end(&period) >= end(&without));
        prop_assert_eq!(end(&instant), end(&without));
    }

    #[test]
    fn a_day_tells_what_a_walk_counts(period in a_period(), at in 0_i32..200) {
        let calendar = shipped();
        let clock = period.clock(&calendar);
        let (due, total) = (clock.due.due_date, period.count + period.extension);
        let on = period.from.saturating_add(at.days());
        let walk = |from, to| u32::try_from(
            days_after(from, to).filter(|day| period.counts(*day, &calendar)).count()
        ).unwrap();
        let days = clock.days(on, &calendar);
        prop_assert_eq!(days.used, walk(period.from, on).min(total));
        prop_assert_eq!(days.left, walk(on, due));
        prop_assert!(days.overdue == 0 || (on > due && !clock.due.provisional && days.left == 0));
        prop_assert_eq!(clock.days(due, &calendar), ClockDays { used: total, left: 0, overdue: 0 });
        if period.unit == Unit::WorkingDays && on <= due {
            prop_assert_eq!(days.used + days.left, total);
        }
    }
}

#[test]
fn a_period_of_no_days_ends_as_it_begins() {
    let calendar = shipped();
    let saturday = date(2026, 3, 7);
    let end = |unit: Unit| unit.due_after(saturday, 0, &calendar).unwrap().date;
    assert_eq!(end(Unit::WorkingDays), saturday);
    assert_eq!(end(Unit::CalendarDays), date(2026, 3, 9));
}

#[test]
fn periods_that_no_calendar_holds_end_with_the_calendar() {
    let calendar = shipped();
    for unit in [Unit::WorkingDays, Unit::CalendarDays] {
        let due = unit.due_after(date(9999, 12, 1), u32::MAX, &calendar).unwrap();
        assert_eq!((due.date, due.provisional), (Date::MAX, true));
    }
}

/// Pauses that overlap or lie out of order can't come about by commands; the fold of such a log counts each day once.
#[test]
fn pauses_that_overlap_take_a_day_away_once() {
    let calendar = shipped();
    let period = |pauses: &[(Date, Date)]| Period {
        from: date(2026, 3, 2),
        unit: Unit::WorkingDays,
        count: 20,
        extension: 0,
        pauses: pauses.to_vec(),
    };
    let march = |day| date(2026, 3, day);
    let one = period(&[(march(9), march(18))]).clock(&calendar);
    for pauses in [
        [(march(9), march(16)), (march(11), march(18))],
        [(march(12), march(18)), (march(9), march(16))],
        [(march(9), march(18)), (march(10), march(11))],
    ] {
        let clock = period(&pauses).clock(&calendar);
        assert_eq!(clock.due, one.due);
        assert_eq!(clock.days(march(20), &calendar), one.days(march(20), &calendar));
    }
}
