//! Legal days and instants. A legal day is [00:00, 24:00) in Asia/Shanghai; stored instants are UTC.
//!
//! Asia/Shanghai has kept UTC+8 without summer time since 1991-09-15, before any date that a childcare register can
//! hold, so the domain uses the fixed offset and drags in no time-zone database.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The legal time zone, UTC+8.
#[must_use]
pub fn shanghai() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// The legal day on which `instant` falls.
#[must_use]
pub fn day_of(instant: Timestamp) -> Date {
    instant.to_zoned_datetime(shanghai()).date()
}

/// The first instant of a legal day; the ends of the representable range saturate.
#[must_use]
pub fn start_of(day: Date) -> Timestamp {
    day.to_zoned_datetime(shanghai())
        .map_or(Timestamp::MIN, |zoned| zoned.timestamp())
}

/// The last instant of a legal day, a nanosecond before the next one begins.
#[must_use]
pub fn end_of(day: Date) -> Timestamp {
    day.tomorrow()
        .ok()
        .and_then(|next| start_of(next).checked_sub(1.nanosecond()).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The end of a period in minutes: days off do not matter to it. Saturates at the end of the representable range.
#[must_use]
pub fn after_minutes(start: Timestamp, minutes: u32) -> Timestamp {
    // rule: CLK-09
    start
        .saturating_add(i64::from(minutes).minutes())
        .unwrap_or(Timestamp::MAX)
}

/// When something happened in the world (time basis: occurred), as exactly as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "precision", rename_all = "snake_case", deny_unknown_fields)]
pub enum Occurred {
    /// Known to the instant.
    Instant {
        /// UTC instant.
        time: Timestamp,
    },
    /// Known to the legal day.
    Day {
        /// Day in Asia/Shanghai, or in the local calendar of a foreign register.
        date: Date,
    },
    /// Not known, as in many imported registers. It stays unknown.
    Unknown,
}

impl Occurred {
    /// The legal day, when known.
    #[must_use]
    pub fn day(self) -> Option<Date> {
        match self {
            Self::Instant { time } => Some(day_of(time)),
            Self::Day { date } => Some(date),
            Self::Unknown => None,
        }
    }

    /// The earliest instant that it may mean, when known.
    #[must_use]
    pub fn earliest(self) -> Option<Timestamp> {
        match self {
            Self::Instant { time } => Some(time),
            Self::Day { date } => Some(start_of(date)),
            Self::Unknown => None,
        }
    }
}
