//! The sixty deadlines of `data/deadlines.csv`, which were counted by hand over the shipped holiday table.

use crate::clock_support::{Run, deadline, shipped, started};
use jiff::civil::{Date, DateTime};
use yujian_domain::clock::{
    ApproverOffice, ClockExtended, ClockKind, ClockPaused, ClockResumed, ExtensionReason, PauseReason, Unit,
};
use yujian_domain::time::{after_minutes, shanghai};

/// One row. The reasoning stands last and in quotes: it may hold commas.
#[derive(Debug)]
struct Case {
    id: &'static str,
    title: &'static str,
    from_date: &'static str,
    unit: &'static str,
    count: u32,
    statute: &'static str,
    /// First day that is not counted, and the day on which the clock was resumed.
    pauses: Vec<(Date, Date)>,
    extension: u32,
    due_date: &'static str,
    provisional: bool,
    reasoning: &'static str,
}

fn cases() -> Vec<Case> {
    let (header, rows) = include_str!("data/deadlines.csv").split_once('\n').unwrap();
    let columns = "id,title,from_date,unit,count,statute,pauses,extension,expected_due_date,provisional,reasoning";
    assert_eq!(header, columns);
    rows.lines().map(case).collect()
}

fn case(row: &'static str) -> Case {
    let cells: Vec<&str> = row.splitn(11, ',').collect();
    let [
        id,
        title,
        from_date,
        unit,
        count,
        statute,
        pauses,
        extension,
        due_date,
        provisional,
        reasoning,
    ] = cells[..]
    else {
        panic!("{row}")
    };
    let pause = |pause: &str| {
        let (from, on) = pause.split_once("..").unwrap();
        (from.parse().unwrap(), on.parse().unwrap())
    };
    Case {
        id,
        title,
        from_date,
        unit,
        count: count.parse().unwrap(),
        statute,
        pauses: pauses.split(';').filter(|pause| !pause.is_empty()).map(pause).collect(),
        extension: if extension.is_empty() {
            0
        } else {
            extension.parse().unwrap()
        },
        due_date,
        provisional: match provisional {
            "yes" => true,
            "no" => false,
            _ => panic!("{row}"),
        },
        reasoning,
    }
}

impl Case {
    /// The clock with everything that happened to it; the extension before the pauses or after them. Periods of all
    /// statutes stand here: what may happen to which kind of clock is not asked.
    fn run(&self, unit: Unit, extended_first: bool) -> Run {
        let calendar = shipped();
        let from: Date = self.from_date.parse().unwrap();
        let mut run = Run::start(
            &started(ClockKind::Decision, from, unit, self.count, &calendar),
            &calendar,
        );
        if extended_first {
            self.extend(&mut run);
        }
        for (from_date, on_date) in &self.pauses {
            run.clocks.apply(&ClockPaused {
                clock: run.name,
                reason: PauseReason::Test,
                from_date: *from_date,
                told_date: None,
            });
            let due = run.clock().due_when_resumed(*on_date, &calendar).unwrap();
            run.clocks.apply(&ClockResumed {
                clock: run.name,
                on_date: *on_date,
                due: deadline(due),
            });
        }
        if !extended_first {
            self.extend(&mut run);
        }
        run
    }

    fn extend(&self, run: &mut Run) {
        if self.extension == 0 {
            return;
        }
        let due = run.clock().due_when_extended(self.extension, &run.calendar).unwrap();
        run.clocks.apply(&ClockExtended {
            clock: run.name,
            reason: ExtensionReason::ComplexMatter,
            count: self.extension,
            approver: "head-1".to_owned(),
            approver_office: ApproverOffice::HeadOfAuthority,
            told_date: run.clock().from_date,
            due: deadline(due),
        });
    }
}

#[test]
fn sixty_deadlines_end_on_the_days_that_were_counted_by_hand() {
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let expected = (case.due_date.to_owned(), case.provisional);
        for extended_first in [true, false] {
            let found = if case.unit == "minutes" {
                let local: DateTime = case.from_date.parse().unwrap();
                let start = local.to_zoned_datetime(shanghai()).unwrap().timestamp();
                let end = after_minutes(start, case.count).to_zoned_datetime(shanghai());
                (end.strftime("%Y-%m-%dT%H:%M").to_string(), false)
            } else {
                let run = case.run(Unit::from_code(case.unit).unwrap(), extended_first);
                let recount = run.clock().recount(&run.calendar).unwrap();
                let (due_date, provisional) = run.due();
                assert_eq!(
                    (recount.date, recount.provisional),
                    (due_date, provisional),
                    "{}: the events tell what a count of the whole finds",
                    case.id
                );
                (due_date.to_string(), provisional)
            };
            if found != expected {
                wrong.push(format!(
                    "{} {}: {found:?}, by hand {expected:?}: {}",
                    case.id, case.title, case.reasoning
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cases.len(), 60);
    assert!(
        cases
            .iter()
            .enumerate()
            .all(|(index, case)| case.id == format!("D{:02}", index + 1)),
        "each has its own id, in order"
    );
}

#[test]
fn each_statute_gives_its_periods_their_unit() {
    let mut seen = [0_u32; 4];
    for case in cases() {
        // The short periods of each statute, which are working days; §82 has them for every period of the authority.
        let (place, in_working_days) = match case.statute {
            statute if statute.contains("许可法") && statute.ends_with("§82") => (0, true),
            statute if statute.contains("处罚法") && statute.ends_with("§85") => {
                (1, matches!(case.count, 2 | 3 | 5 | 7))
            }
            statute if statute.contains("复议法") && statute.ends_with("§88") => {
                (2, matches!(case.count, 3 | 5 | 7 | 10))
            }
            statute if statute.contains("强制法") && statute.ends_with("§69") => (3, case.count <= 10),
            _ => continue,
        };
        let unit = if in_working_days {
            "working_days"
        } else {
            "calendar_days"
        };
        assert_eq!(case.unit, unit, "{} {}", case.id, case.title);
        seen[place] += 1;
    }
    assert!(seen.iter().all(|cases| *cases >= 3), "{seen:?}");
}
