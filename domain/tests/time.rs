//! Legal days and instants.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use yujian_domain::time::{Occurred, after_minutes, day_of, end_of, start_of};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_legal_day_is_a_day_in_shanghai() {
    assert_eq!(day_of(at("2026-03-01T15:59:59.999999999Z")), date(2026, 3, 1));
    assert_eq!(day_of(at("2026-03-01T16:00:00Z")), date(2026, 3, 2));
    assert_eq!(start_of(date(2026, 3, 2)), at("2026-03-01T16:00:00Z"));
    assert_eq!(end_of(date(2026, 3, 2)), at("2026-03-02T15:59:59.999999999Z"));
    assert_eq!(day_of(at("2024-02-28T16:00:00Z")), date(2024, 2, 29), "a leap day");
    assert_eq!(end_of(date(2025, 12, 31)), at("2025-12-31T15:59:59.999999999Z"));
}

#[test]
fn the_ends_of_the_range_saturate() {
    assert_eq!(end_of(Date::MAX), Timestamp::MAX);
    assert!(start_of(Date::MIN) <= at("-009998-01-01T00:00:00Z"));
    assert_eq!(after_minutes(Timestamp::MAX, u32::MAX), Timestamp::MAX);
}

#[test]
fn occurred_is_as_exact_as_it_is_known() {
    let instant = Occurred::Instant {
        time: at("2026-03-01T16:30:00Z"),
    };
    assert_eq!(
        (instant.day(), instant.earliest()),
        (Some(date(2026, 3, 2)), Some(at("2026-03-01T16:30:00Z")))
    );
    let day = Occurred::Day { date: date(2026, 3, 2) };
    assert_eq!(
        (day.day(), day.earliest()),
        (Some(date(2026, 3, 2)), Some(at("2026-03-01T16:00:00Z")))
    );
    assert_eq!((Occurred::Unknown.day(), Occurred::Unknown.earliest()), (None, None));
}

#[test]
fn occurred_has_one_written_form() {
    for (value, written) in [
        (
            Occurred::Instant {
                time: at("2026-03-01T16:30:00Z"),
            },
            r#"{"precision":"instant","time":"2026-03-01T16:30:00Z"}"#,
        ),
        (
            Occurred::Day { date: date(2026, 3, 2) },
            r#"{"precision":"day","date":"2026-03-02"}"#,
        ),
        (Occurred::Unknown, r#"{"precision":"unknown"}"#),
    ] {
        assert_eq!(serde_json::to_string(&value).unwrap(), written);
        assert_eq!(serde_json::from_str::<Occurred>(written).unwrap(), value);
    }
    for wrong in [
        r#"{"precision":"hour"}"#,
        r#"{"precision":"day"}"#,
        r#"{"precision":"day","date":"2026-02-30"}"#,
    ] {
        assert!(serde_json::from_str::<Occurred>(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn each_instant_lies_in_exactly_one_day(seconds in -2_000_000_000_i64..4_000_000_000, nanos in 0_i32..1_000_000_000) {
        let instant = Timestamp::new(seconds, nanos).unwrap_or(Timestamp::UNIX_EPOCH);
        let day = day_of(instant);
        prop_assert!(start_of(day) <= instant && instant <= end_of(day));
        prop_assert_eq!(day_of(start_of(day)), day);
        prop_assert_eq!(day_of(end_of(day)), day);
        prop_assert_eq!(end_of(day).checked_add(1.nanosecond()).unwrap(), start_of(day.tomorrow().unwrap()));
    }

    #[test]
    fn minutes_add_up(seconds in 0_i64..4_000_000_000, one in 0_u32..100_000, other in 0_u32..100_000) {
        let start = Timestamp::from_second(seconds).unwrap();
        prop_assert_eq!(after_minutes(after_minutes(start, one), other), after_minutes(start, one + other));
        prop_assert_eq!(after_minutes(start, one).as_second() - seconds, i64::from(one) * 60);
    }
}
