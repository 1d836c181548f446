//! Geometry of the charts, in integers. The templates place it; each chart has a title and a table beside it.

/// One bar of a chart over months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Left edge.
    pub(crate) x: u64,
    /// Upper edge.
    pub(crate) y: u64,
    /// Width.
    pub(crate) width: u64,
    /// Height.
    pub(crate) height: u64,
    /// Middle, for the labels.
    pub(crate) middle: u64,
    /// Baseline of the figure above the bar.
    pub(crate) above: u64,
    /// Month, `2026-11`.
    pub(crate) month: String,
    /// Label below the bar; empty where there is no room.
    pub(crate) label: String,
    /// Figure.
    pub(crate) value: String,
    /// The plain number.
    pub(crate) plain: u64,
    /// What the figure is of: division and month.
    pub(crate) of: String,
}

/// A chart over months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Months {
    /// Bars, oldest first.
    pub(crate) bars: Vec<Bar>,
    /// Name of the figure in each bar.
    pub(crate) name: &'static str,
    /// Sum of all.
    pub(crate) total: u64,
}

/// Width of a chart over months in its own units.
pub(crate) const CHART_WIDTH: u64 = 480;
/// Height of the bars' field.
const FIELD: u64 = 110;
/// Upper edge of the field: room for the figures.
const TOP: u64 = 20;

impl Months {
    /// Bars of the last `most` months on one scale from 0: the figure `name` of the division `region`.
    pub(crate) fn new(name: &'static str, region: &str, months: &[(String, u64)], most: usize) -> Self {
        let shown = &months[months.len().saturating_sub(most)..];
        let count = u64::try_from(shown.len()).unwrap_or(1).max(1);
        let greatest = shown.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
        let step = CHART_WIDTH / count;
        let bars = shown
            .iter()
            .enumerate()
            .map(|(index, (month, value))| {
                let left = u64::try_from(index).unwrap_or(0) * step;
                let height = scale(*value, greatest, FIELD);
                let number = month.get(5..7).unwrap_or(month).trim_start_matches('0');
                let label = if index == 0 || number == "1" {
                    format!("{}-{number}", month.get(2..4).unwrap_or(""))
                } else {
                    number.to_owned()
                };
                Bar {
                    x: left + step / 8,
                    y: TOP + FIELD - height,
                    width: step - step / 4,
                    height,
                    middle: left + step / 2,
                    above: (TOP + FIELD - height).saturating_sub(4),
                    month: month.clone(),
                    label,
                    value: crate::html::number(*value),
                    plain: *value,
                    of: format!("{region}/{month}"),
                }
            })
            .collect();
        Self {
            bars,
            name,
            total: shown.iter().map(|(_, value)| value).sum(),
        }
    }
}

/// A small line without axes, as the points of a polyline; `None` for fewer than two values.
pub(crate) fn spark(values: &[u64]) -> Option<(String, u64, u64)> {
    if values.len() < 2 {
        return None;
    }
    let greatest = values.iter().copied().max().unwrap_or(0).max(1);
    let steps = u64::try_from(values.len() - 1).unwrap_or(1);
    let points: Vec<(u64, u64)> = values
        .iter()
        .zip(0..)
        .map(|(value, index): (&u64, u64)| (4 + index * 80 / steps, 21 - scale(*value, greatest, 18)))
        .collect();
    let (x, y) = *points.last()?;
    Some((
        points
            .iter()
            .map(|(x, y)| format!("{x},{y}"))
            .collect::<Vec<_>>()
            .join(" "),
        x,
        y,
    ))
}

/// `value` of `greatest` on a length, rounded; never beyond it.
pub(crate) fn scale(value: u64, greatest: u64, length: u64) -> u64 {
    crate::html::scaled(value.min(greatest), greatest, length).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_share_one_scale_and_stay_inside() {
        let months: Vec<(String, u64)> = (1..=24)
            .map(|n: u64| (format!("{}-{:02}", 2025 + (n - 1) / 12, (n - 1) % 12 + 1), n * 10))
            .collect();
        let chart = Months::new("visits", "33", &months, 12);
        assert_eq!(chart.bars.len(), 12);
        assert_eq!(chart.total, (13..=24).map(|n| n * 10).sum::<u64>());
        assert!(
            chart
                .bars
                .windows(2)
                .all(|pair| pair[0].height <= pair[1].height && pair[0].x < pair[1].x)
        );
        assert_eq!(chart.bars[11].height, FIELD);
        assert!(
            chart
                .bars
                .iter()
                .all(|bar| bar.x + bar.width <= CHART_WIDTH && bar.y >= TOP)
        );
        assert_eq!(chart.bars[0].label, "26-1");
    }

    #[test]
    fn nothing_is_a_flat_field() {
        let chart = Months::new("visits", "33", &[("2026-01".to_owned(), 0)], 12);
        assert_eq!((chart.bars[0].height, chart.total), (0, 0));
        assert!(Months::new("visits", "33", &[], 12).bars.is_empty());
        assert_eq!(spark(&[1]), None);
        assert_eq!(spark(&[0, 2]).unwrap().0, "4,21 84,3");
    }
}
