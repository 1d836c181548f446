//! The picture of the two axes of time: to the right when it holds from, upwards when it was recorded. What lies below
//! and left of the cross was known and in force.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use yujian_domain::time::{day_of, end_of};
use yujian_views::StoredFact;

use super::timeline::Moments;
use crate::lang::Lang;

/// Left edge of the field.
const LEFT: i64 = 66;
/// Right edge.
const RIGHT: i64 = 386;
/// Upper edge.
const TOP: i64 = 22;
/// Lower edge.
const BOTTOM: i64 = 224;
/// Seconds from which something counts as recorded late: more than a day after it began to hold.
const LATE: i64 = 86_400;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) late: bool,
}

/// The picture.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) points: Vec<Point>,
    pub(crate) cross_x: i64,
    pub(crate) cross_y: i64,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) x_text: i64,
    pub(crate) start: String,
    /// Whether the first day can stand under the axis beside the day asked for.
    pub(crate) start_fits: bool,
    pub(crate) late: usize,
    pub(crate) seen_width: i64,
    pub(crate) seen_height: i64,
}

impl Plane {
    /// One point an event; `None` when there is nothing to draw.
    pub(crate) fn new(lang: Lang, facts: &[StoredFact], moments: Moments, now: Timestamp) -> Option<Self> {
        let events: BTreeSet<(Timestamp, Timestamp)> = facts
            .iter()
            .filter_map(|stored| Some((stored.fact.valid_from?, stored.fact.source.recorded_time)))
            .collect();
        let start = events.iter().map(|(_, recorded)| *recorded).min()?;
        let as_of = moments.as_of.map_or(now, end_of);
        let known = moments.known_at.map_or(now, end_of);
        let end = events
            .iter()
            .flat_map(|(from, recorded)| [*from, *recorded])
            .chain([now, as_of.min(now), known.min(now)])
            .max()?;
        let place = |time: Timestamp, low: i64, high: i64| {
            let whole = (end.as_second() - start.as_second()).max(1);
            let at = (time.as_second() - start.as_second()).clamp(0, whole);
            low + (high - low) * at / whole
        };
        let points: BTreeSet<Point> = events
            .iter()
            .map(|(from, recorded)| Point {
                x: place(*from, LEFT, RIGHT),
                y: place(*recorded, BOTTOM, TOP),
                late: recorded.as_second() - from.as_second() > LATE,
            })
            .collect();
        let (cross_x, cross_y) = (place(as_of, LEFT, RIGHT), place(known, BOTTOM, TOP));
        let x_text = cross_x.clamp(LEFT + 64, RIGHT - 30);
        let label =
            |asked: Option<Date>| asked.map_or_else(|| lang.say("今日", "today").to_owned(), |day| lang.date(day));
        Some(Self {
            late: points.iter().filter(|point| point.late).count(),
            points: points.into_iter().collect(),
            cross_x,
            cross_y,
            x_label: label(moments.as_of),
            y_label: label(moments.known_at),
            x_text,
            start: lang.date(day_of(start)),
            start_fits: x_text >= LEFT + 124,
            seen_width: cross_x - LEFT,
            seen_height: BOTTOM - cross_y,
        })
    }
}
