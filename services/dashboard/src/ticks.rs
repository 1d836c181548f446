//! A legal clock drawn: one cell a working day, in integers. Used, standing still, left, given by an extension, or over;
//! today is a line. The table of its events stands beside it.

use jiff::civil::Date;
use yujian_domain::calendar::Calendar;
use yujian_domain::clock::ClockState;
use yujian_views::{ClockHistory, ClockStepKind};

use crate::lang::Lang;

/// Width of the field of cells, in units of the drawing.
const WIDTH: u64 = 624;
/// Left edge of the field.
const LEFT: u64 = 8;
/// Most cells that are drawn one by one: beyond, only where one kind ends and the next begins.
const SEPARATED: usize = 45;
/// Most working days that are drawn; more are cut off at the right, which the words beside it tell.
const MOST: usize = 600;

/// What a working day is to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Counted and gone.
    Used,
    /// Not counted: it stood still.
    Paused,
    /// Still to come.
    Left,
    /// Still to come, given by an extension.
    Extended,
    /// After the last day.
    Over,
}

impl Cell {
    const fn class(self) -> &'static str {
        match self {
            Self::Used => "f1",
            Self::Paused => "fpause",
            Self::Left => "f0",
            Self::Extended => "fext",
            Self::Over => "fbad",
        }
    }

    const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Used => lang.say("已用", "used"),
            Self::Paused => lang.say("暂停", "paused"),
            Self::Left => lang.say("剩余", "left"),
            Self::Extended => lang.say("延长", "extended"),
            Self::Over => lang.say("逾期", "over"),
        }
    }
}

/// Cells of one kind beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// Left edge.
    pub(crate) x: u64,
    /// Width.
    pub(crate) width: u64,
    /// Middle, for the words.
    pub(crate) middle: u64,
    /// Class of the cells.
    pub(crate) class: &'static str,
    /// `已用 4`; empty where there is no room.
    pub(crate) words: String,
}

/// The drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticks {
    /// Runs of cells, from the left.
    pub(crate) runs: Vec<Run>,
    /// Edges between cells, when there are few enough.
    pub(crate) edges: Vec<u64>,
    /// Where today is; `None` when the clock has ended.
    pub(crate) today: Option<u64>,
    /// Anchor of the word of today, so that it stays inside.
    pub(crate) today_anchor: &'static str,
    /// First day, as shown.
    pub(crate) first: String,
    /// Last day drawn, as shown.
    pub(crate) last: String,
    /// The drawing in words, for who does not see it.
    pub(crate) words: String,
}

/// What each working day after the first day is, at the end of the day `at`.
pub(crate) fn cells(history: &ClockHistory, at: Date, calendar: &Calendar) -> Vec<(Date, Cell)> {
    let row = &history.row;
    let pauses = pauses(history);
    // Up to when time has gone by: it ended, or today.
    let seen = match row.ended_date {
        Some(ended) if row.state != ClockState::Expired || !row.waiting => ended,
        _ => at,
    };
    // Before an extension it ended here.
    let before_extension = history
        .steps
        .iter()
        .take_while(|step| step.kind != ClockStepKind::Extended)
        .filter_map(|step| step.due_date)
        .last()
        .filter(|_| row.extension > 0);
    // Where it stands still, its end lies as far ahead as days are left.
    let due = match (row.state, row.days_left(at, calendar)) {
        (ClockState::Paused, Some(left)) => {
            let left = u32::try_from(left.max(0)).unwrap_or(u32::MAX);
            calendar.add_working_days(at, left.min(366)).date
        }
        _ => row.due_date,
    };
    let last = if row.waiting { due.max(seen) } else { seen };
    let mut cells = Vec::new();
    let mut day = row.from_date;
    while day < last && cells.len() < MOST {
        let Ok(next) = day.tomorrow() else { break };
        day = next;
        if !calendar.is_working_day(day) {
            continue;
        }
        let paused = pauses
            .iter()
            .any(|(from, to)| *from <= day && to.map_or(day <= seen, |to| day < to));
        cells.push((
            day,
            if paused {
                Cell::Paused
            } else if day > due {
                Cell::Over
            } else if day <= seen {
                Cell::Used
            } else if before_extension.is_some_and(|before| day > before) {
                Cell::Extended
            } else {
                Cell::Left
            },
        ));
    }
    cells
}

/// When it stood still: first day not counted, and first day counted again.
fn pauses(history: &ClockHistory) -> Vec<(Date, Option<Date>)> {
    let mut pauses: Vec<(Date, Option<Date>)> = Vec::new();
    for step in &history.steps {
        match (step.kind, step.date) {
            (ClockStepKind::Paused, Some(from)) => pauses.push((from, None)),
            (
                ClockStepKind::Paused | ClockStepKind::Started | ClockStepKind::Extended | ClockStepKind::Recomputed,
                _,
            ) => {}
            // Whatever else happens ends a pause.
            (_, to) => {
                if let Some(last) = pauses.last_mut().filter(|(_, end)| end.is_none()) {
                    last.1 = to;
                }
            }
        }
    }
    pauses
}

impl Ticks {
    /// Draws a clock as it stands at the end of a day; `None` when there is no working day to draw.
    pub(crate) fn new(lang: Lang, history: &ClockHistory, at: Date, calendar: &Calendar) -> Option<Self> {
        let cells = cells(history, at, calendar);
        let count = u64::try_from(cells.len()).ok().filter(|count| *count > 0)?;
        let edge = |index: usize| LEFT + u64::try_from(index).unwrap_or(count) * WIDTH / count;
        let mut runs: Vec<(Cell, usize, usize)> = Vec::new();
        for (index, (_, cell)) in cells.iter().enumerate() {
            match runs.last_mut() {
                Some((kind, _, end)) if kind == cell => *end = index + 1,
                _ => runs.push((*cell, index, index + 1)),
            }
        }
        let said = |cell: Cell, days: usize| format!("{} {days}", cell.word(lang));
        let words: Vec<String> = runs.iter().map(|(cell, from, to)| said(*cell, to - from)).collect();
        let passed = cells.iter().filter(|(day, _)| *day <= at).count();
        Some(Self {
            edges: if cells.len() <= SEPARATED {
                (1..cells.len()).map(edge).collect()
            } else {
                Vec::new()
            },
            runs: runs
                .iter()
                .map(|(cell, from, to)| {
                    let (x, end) = (edge(*from), edge(*to));
                    Run {
                        x,
                        width: end - x,
                        middle: x.midpoint(end),
                        class: cell.class(),
                        words: if end - x >= 64 {
                            said(*cell, to - from)
                        } else {
                            String::new()
                        },
                    }
                })
                .collect(),
            today: history.row.waiting.then(|| edge(passed)),
            today_anchor: match passed * 10 / cells.len() {
                0 => "start",
                9.. => "end",
                _ => "middle",
            },
            first: lang.date(history.row.from_date),
            last: cells.last().map(|(day, _)| lang.date(*day)).unwrap_or_default(),
            words: words.join(lang.comma()),
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use yujian_domain::clock::{ClockKind, ClockOwner, ClockRef, Unit};
    use yujian_views::{ClockRow, ClockStep};

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn step(kind: ClockStepKind, date: &str, due: Option<&str>) -> ClockStep {
        ClockStep {
            revision: 0,
            kind,
            date: Some(day(date)),
            reason: None,
            count: None,
            due_date: due.map(day),
            provisional: false,
        }
    }

    /// Ten working days from Monday, 2 March 2026: the last one is Monday, 16 March.
    fn clock(state: ClockState, due: &str, more: Vec<ClockStep>) -> ClockHistory {
        let mut steps = vec![step(ClockStepKind::Started, "2026-03-02", Some("2026-03-16"))];
        steps.extend(more);
        ClockHistory {
            row: ClockRow {
                institution: Uuid::nil(),
                institution_name: String::new(),
                region: String::new(),
                clock: ClockRef {
                    kind: ClockKind::Decision,
                    revision: 0,
                },
                application: Some(1),
                application_kind: None,
                owner: ClockOwner::Authority,
                from_date: day("2026-03-02"),
                unit: Unit::WorkingDays,
                count: 10,
                extension: 0,
                due_date: day(due),
                provisional: false,
                state,
                waiting: true,
                paused_from: None,
                ended_date: None,
                late: false,
                policy: (String::new(), 1),
                implied: false,
                damaged: false,
            },
            steps,
        }
    }

    fn counts(history: &ClockHistory, at: &str) -> Vec<(Cell, usize)> {
        let mut counts: Vec<(Cell, usize)> = Vec::new();
        for (_, cell) in cells(history, day(at), &Calendar::default()) {
            match counts.last_mut() {
                Some((kind, count)) if *kind == cell => *count += 1,
                _ => counts.push((cell, 1)),
            }
        }
        counts
    }

    #[test]
    fn a_running_clock_has_as_many_cells_as_days_and_is_over_after_its_last() {
        let running = clock(ClockState::Running, "2026-03-16", vec![]);
        assert_eq!(counts(&running, "2026-03-05"), [(Cell::Used, 3), (Cell::Left, 7)]);
        assert_eq!(counts(&running, "2026-03-02"), [(Cell::Left, 10)]);
        assert_eq!(counts(&running, "2026-03-18"), [(Cell::Used, 10), (Cell::Over, 2)]);
    }

    #[test]
    fn a_pause_is_not_counted_and_pushes_the_rest_ahead() {
        let pause = step(ClockStepKind::Paused, "2026-03-05", None);
        let mut paused = clock(ClockState::Paused, "2026-03-16", vec![pause.clone()]);
        paused.row.paused_from = Some(day("2026-03-05"));
        assert_eq!(
            counts(&paused, "2026-03-06"),
            [(Cell::Used, 2), (Cell::Paused, 2), (Cell::Left, 8)]
        );
        let resumed = step(ClockStepKind::Resumed, "2026-03-09", Some("2026-03-18"));
        let resumed = clock(ClockState::Running, "2026-03-18", vec![pause, resumed]);
        assert_eq!(
            counts(&resumed, "2026-03-09"),
            [(Cell::Used, 2), (Cell::Paused, 2), (Cell::Used, 1), (Cell::Left, 7)]
        );
    }

    #[test]
    fn what_an_extension_gave_is_told_apart() {
        let extended = step(ClockStepKind::Extended, "2026-03-10", Some("2026-03-23"));
        let mut extended = clock(ClockState::Running, "2026-03-23", vec![extended]);
        extended.row.extension = 5;
        assert_eq!(
            counts(&extended, "2026-03-10"),
            [(Cell::Used, 6), (Cell::Left, 4), (Cell::Extended, 5)]
        );
    }

    #[test]
    fn a_clock_that_was_met_ends_with_the_day_of_the_act() {
        let mut met = clock(
            ClockState::Met,
            "2026-03-16",
            vec![step(ClockStepKind::Met, "2026-03-06", None)],
        );
        (met.row.waiting, met.row.ended_date) = (false, Some(day("2026-03-06")));
        assert_eq!(counts(&met, "2026-05-01"), [(Cell::Used, 4)]);
        let drawn = Ticks::new(Lang::Zh, &met, day("2026-05-01"), &Calendar::default()).unwrap();
        assert_eq!((drawn.today, drawn.words.as_str()), (None, "已用 4"));
        met.row.ended_date = Some(day("2026-03-02"));
        assert_eq!(
            Ticks::new(Lang::Zh, &met, day("2026-05-01"), &Calendar::default()),
            None
        );
    }

    #[test]
    fn cells_fill_the_field_and_long_clocks_have_no_edges() {
        let running = clock(ClockState::Running, "2026-03-16", vec![]);
        let drawn = Ticks::new(Lang::En, &running, day("2026-03-05"), &Calendar::default()).unwrap();
        assert_eq!((drawn.edges.len(), drawn.runs[0].x), (9, LEFT));
        assert_eq!(drawn.runs.iter().map(|run| run.width).sum::<u64>(), WIDTH);
        assert_eq!(drawn.today, Some(drawn.runs[1].x));
        let long = clock(ClockState::Running, "2028-03-16", vec![]);
        let drawn = Ticks::new(Lang::En, &long, day("2026-03-05"), &Calendar::default()).unwrap();
        assert!(drawn.edges.is_empty());
    }
}
