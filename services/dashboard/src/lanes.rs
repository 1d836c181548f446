//! Lanes: a line an engagement or a paper on one axis of years. Geometry in integers; the templates place it, and a
//! table beside it says the same.

use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Width of the chart in its own units.
pub(crate) const WIDTH: u64 = 480;
/// Left edge of the axis: room for the numbers of the lanes.
const LEFT: u64 = 28;
/// Height of the line of years.
const TOP: u64 = 22;
/// Height of a lane.
const STEP: u64 = 20;
/// Years shown at most before and after today; what lies farther begins or ends at the edge.
const YEARS: i16 = 8;
/// Years shown at most after today.
const YEARS_AHEAD: i16 = 3;

/// A span of days on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First day.
    pub(crate) from: Date,
    /// Last day; `None`: without an end.
    pub(crate) to: Option<Date>,
    /// Class of its colour.
    pub(crate) class: &'static str,
}

/// A bar as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) x: u64,
    pub(crate) width: u64,
    pub(crate) class: &'static str,
}

/// A lane as drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lane {
    /// Its number in the table.
    pub(crate) label: String,
    /// Upper edge of its bars.
    pub(crate) y: u64,
    /// Baseline of its number.
    pub(crate) base: u64,
    pub(crate) bars: Vec<Bar>,
}

/// Lanes on one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lanes {
    /// Where each year begins, with its label; empty where there is no room.
    pub(crate) years: Vec<(u64, String)>,
    pub(crate) lanes: Vec<Lane>,
    /// Where today lies.
    pub(crate) today: u64,
    pub(crate) height: u64,
}

struct Axis {
    from: Date,
    to: Date,
}

impl Axis {
    /// From the beginning of the first year to the end of the last that anything lies in, but not too far from today.
    fn new(lanes: &[(String, Vec<Span>)], today: Date) -> Self {
        let spans = || lanes.iter().flat_map(|(_, spans)| spans);
        let first = spans().map(|span| span.from).min().unwrap_or(today).min(today);
        let last = spans()
            .filter_map(|span| span.to)
            .max()
            .unwrap_or(today)
            .max(today.saturating_add(90.days()));
        let first_year = first.year().max(today.year() - YEARS);
        let last_year = last.year().min(today.year() + YEARS_AHEAD);
        Self {
            from: date(first_year, 1, 1),
            to: date(last_year, 12, 31),
        }
    }

    fn days(&self, day: Date) -> u64 {
        let day = day.clamp(self.from, self.to);
        u64::from((day - self.from).get_days().unsigned_abs())
    }

    fn x(&self, day: Date) -> u64 {
        LEFT + crate::charts::scale(self.days(day), self.days(self.to), WIDTH - LEFT)
    }
}

impl Lanes {
    /// Lanes with their numbers, oldest years on the left; `None` without any.
    pub(crate) fn new(lanes: &[(String, Vec<Span>)], today: Date) -> Option<Self> {
        if lanes.iter().all(|(_, spans)| spans.is_empty()) {
            return None;
        }
        let axis = Axis::new(lanes, today);
        let years: Vec<i16> = (axis.from.year()..=axis.to.year()).collect();
        let every = if years.len() > 8 { 2 } else { 1 };
        let count = u64::try_from(lanes.len()).unwrap_or(0);
        Some(Self {
            years: years
                .iter()
                .enumerate()
                .map(|(index, year)| {
                    let label = if index % every == 0 {
                        year.to_string()
                    } else {
                        String::new()
                    };
                    (axis.x(date(*year, 1, 1)), label)
                })
                .collect(),
            lanes: (0..)
                .zip(lanes)
                .map(|(index, (label, spans)): (u64, _)| Lane {
                    label: label.clone(),
                    y: TOP + index * STEP + 4,
                    base: TOP + index * STEP + 15,
                    bars: spans.iter().map(|span| bar(&axis, *span)).collect(),
                })
                .collect(),
            today: axis.x(today),
            height: TOP + count * STEP + 2,
        })
    }
}

/// At least two units wide, so that a day is seen.
fn bar(axis: &Axis, span: Span) -> Bar {
    let from = axis.x(span.from);
    let to = span.to.map_or(WIDTH, |day| axis.x(day.saturating_add(1.day())));
    let width = to.saturating_sub(from).max(2);
    Bar {
        x: from.min(WIDTH - width),
        width,
        class: span.class,
    }
}

/// The days of a span on which another of `others` holds too.
pub(crate) fn overlaps(from: Date, to: Date, others: &[(Date, Date)], class: &'static str) -> Vec<Span> {
    others
        .iter()
        .filter_map(|(other_from, other_to)| {
            let (first, last) = (from.max(*other_from), to.min(*other_to));
            (first <= last).then_some(Span {
                from: first,
                to: Some(last),
                class,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: Date, to: Option<Date>) -> Span {
        Span { from, to, class: "f1" }
    }

    #[test]
    fn bars_stand_in_order_of_time_and_inside() {
        let today = date(2026, 6, 30);
        let lanes = vec![
            ("1".to_owned(), vec![span(date(2024, 3, 1), Some(date(2025, 2, 28)))]),
            (
                "2".to_owned(),
                vec![span(date(2025, 3, 1), None), span(today, Some(today))],
            ),
            ("3".to_owned(), vec![span(date(1990, 1, 1), Some(date(2060, 1, 1)))]),
        ];
        let drawn = Lanes::new(&lanes, today).unwrap();
        let bars: Vec<&Bar> = drawn.lanes.iter().flat_map(|lane| &lane.bars).collect();
        assert!(
            bars.iter()
                .all(|bar| bar.x >= LEFT && bar.x + bar.width <= WIDTH && bar.width >= 2)
        );
        assert!(
            bars[0].x + bars[0].width <= bars[1].x,
            "one ends before the other begins"
        );
        assert_eq!(
            (bars[3].x, bars[3].width),
            (LEFT, WIDTH - LEFT),
            "clipped at both edges"
        );
        assert!(drawn.years.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(drawn.today > bars[1].x && drawn.today < WIDTH);
    }

    #[test]
    fn nothing_is_no_chart() {
        assert_eq!(Lanes::new(&[("1".to_owned(), Vec::new())], date(2026, 1, 1)), None);
    }

    #[test]
    fn what_holds_twice_at_once_is_found() {
        let (from, to) = (date(2026, 1, 1), date(2026, 3, 31));
        let others = [
            (date(2026, 3, 1), date(2026, 5, 1)),
            (date(2026, 4, 1), date(2026, 4, 2)),
        ];
        let found = overlaps(from, to, &others, "fwarn");
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].from, found[0].to),
            (date(2026, 3, 1), Some(date(2026, 3, 31)))
        );
    }
}
