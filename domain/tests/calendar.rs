//! Working days and legal periods over the shipped holiday table.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use yujian_domain::calendar::Calendar;
use yujian_domain::reference::Reference;
use yujian_domain::time::after_minutes;

fn shipped() -> Calendar {
    Reference::shipped().calendar
}

/// Each case was counted by hand; its reasoning stands beside it.
#[test]
fn hand_counted_cases() {
    let calendar = shipped();
    let mut cases = 0;
    for row in include_str!("calendar-cases.csv").lines().skip(1) {
        let cells: Vec<&str> = row.splitn(6, ',').collect();
        let [unit, from, days, due, provisional, reasoning] = cells[..] else {
            panic!("{row}")
        };
        let (from, days): (Date, u32) = (from.parse().unwrap(), days.parse().unwrap());
        let found = match unit {
            "working" => calendar.add_working_days(from, days),
            "calendar" => calendar.add_calendar_days(from, days),
            _ => panic!("{row}"),
        };
        let expected: (Date, bool) = (due.parse().unwrap(), provisional == "yes");
        assert_eq!(
            (found.date, found.provisional),
            expected,
            "{unit} {from} + {days}: {reasoning}"
        );
        cases += 1;
    }
    assert!(cases >= 30);
}

#[test]
fn the_table_ends_with_its_last_notice() {
    assert_eq!(shipped().covered_until(), Some(date(2026, 12, 31)));
    let empty = Calendar::default();
    assert_eq!(empty.covered_until(), None);
    assert!(
        empty.add_working_days(date(2026, 3, 2), 1).provisional,
        "without a table everything is provisional"
    );
}

#[test]
fn minutes_know_no_days_off() {
    let noon: Timestamp = "2026-02-16T04:00:00Z".parse().unwrap();
    assert_eq!(after_minutes(noon, 120), "2026-02-16T06:00:00Z".parse().unwrap());
    assert_eq!(after_minutes(Timestamp::MAX, 1), Timestamp::MAX);
}

#[test]
fn damaged_tables_are_refused_with_their_line() {
    let header = "date,name,kind,notice_year\n";
    let refused = |rows: &str| Calendar::from_csv(&format!("{header}{rows}")).unwrap_err().line;
    assert_eq!(Calendar::from_csv("day,kind\n").unwrap_err().line, 1);
    assert_eq!(refused("2026-01-01,元旦,off,2026\n2026-13-01,元旦,off,2026\n"), 3);
    assert_eq!(refused("2026-01-01,元旦,free,2026\n"), 2);
    assert_eq!(refused("2026-01-01,元旦,off\n"), 2);
    assert_eq!(refused("2026-01-01,元旦,off,next\n"), 2);
    assert_eq!(refused("2026-01-01,元旦,off,26\n"), 2);
    assert_eq!(refused("2026-01-01,元旦,off,2026\n2026-01-01,元旦,work,2026\n"), 3);
    assert_eq!(Calendar::from_csv(header).unwrap().covered_until(), None);
    // The same row twice says nothing new, with either line end.
    let twice = Calendar::from_csv(&format!(
        "{header}2026-01-01,元旦,off,2026\r\n2026-01-01,元旦,off,2026\r\n"
    ))
    .unwrap();
    assert!(!twice.is_working_day(date(2026, 1, 1)));
}

fn a_day() -> impl Strategy<Value = Date> {
    (0_i32..4_400).prop_map(|days| date(2018, 1, 1).saturating_add(days.days()))
}

proptest! {
    /// Against the plainest model: walk day by day and count.
    #[test]
    fn working_days_are_what_a_walk_counts(from in a_day(), count in 0_u32..60) {
        let calendar = shipped();
        let due = calendar.add_working_days(from, count);
        let walked = std::iter::successors(from.tomorrow().ok(), |day| day.tomorrow().ok())
            .filter(|day| calendar.is_working_day(*day))
            .take(count as usize)
            .last();
        prop_assert_eq!(due.date, walked.unwrap_or(from));
        prop_assert_eq!(calendar.working_days_between(from, due.date), count);
        prop_assert!(count == 0 || calendar.is_working_day(due.date));
        prop_assert_eq!(due.provisional, due.date > date(2026, 12, 31));
    }

    #[test]
    fn periods_add_up(from in a_day(), one in 0_u32..40, other in 0_u32..40) {
        let calendar = shipped();
        let at_once = calendar.add_working_days(from, one + other);
        let in_two = calendar.add_working_days(calendar.add_working_days(from, one).date, other);
        prop_assert_eq!(at_once, in_two);
    }

    #[test]
    fn calendar_periods_end_on_the_first_working_day_not_before_their_end(from in a_day(), count in 0_u32..400) {
        let calendar = shipped();
        let due = calendar.add_calendar_days(from, count);
        let end = from.saturating_add(i64::from(count).days());
        prop_assert!(due.date >= end && calendar.is_working_day(due.date));
        if end < due.date {
            prop_assert!(!calendar.is_working_day(end));
            prop_assert_eq!(calendar.working_days_between(end, due.date), 1, "no working day is skipped");
        }
        prop_assert_eq!(calendar.next_working_day(due.date), due);
    }

    #[test]
    fn a_longer_period_never_ends_earlier(from in a_day(), count in 0_u32..60) {
        let calendar = shipped();
        prop_assert!(calendar.add_working_days(from, count).date < calendar.add_working_days(from, count + 1).date);
        prop_assert!(calendar.add_calendar_days(from, count).date <= calendar.add_calendar_days(from, count + 1).date);
    }
}
