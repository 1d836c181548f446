//! Steps of random histories, and the commands that they stand for.

use jiff::SignedDuration;
use jiff::civil::Date;
use proptest::prelude::*;
use yujian_domain::inspection::*;

use super::model::{Cited, Model, plus};
use crate::inspection_support::*;

/// The items that histories play with; all of one row of numbers, none asks for evidence.
pub const ITEMS: [&str; 3] = [PLAIN, "5.2", VETO];
pub const WEIGHTS: [Weight; 3] = [Weight::Minor, Weight::General, Weight::Veto];
pub const ANSWERS: [Answer; 3] = [Answer::Noncompliant, Answer::Compliant, Answer::NotChecked];
pub const PEOPLE: [&str; 7] = [
    "officer-1",
    "officer-2",
    "inspector-1",
    "inspector-2",
    "inspector-3",
    "operator-1",
    "yujian",
];
/// The fourth inspector's certificate ends on this day.
pub const LAST_DAY_OF_FOURTH: &str = "2026-03-05";

/// One step; numbers pick among what may be right or wrong.
#[derive(Debug, Clone)]
pub enum Step {
    /// Whatever an orderly house would do next.
    Next(u8),
    Plan {
        emergency: bool,
    },
    Approve,
    Assign(Vec<u128>),
    Recuse(u128),
    Decide {
        person: u128,
        granted: bool,
    },
    CheckIn,
    Backfill {
        hours: i64,
    },
    Answer {
        item: usize,
        answer: usize,
    },
    Cite {
        item: usize,
        weight: usize,
    },
    Assist {
        item: usize,
    },
    OnSite(u32),
    Order {
        finding: u32,
        days: i64,
    },
    Complete {
        witnessed: bool,
    },
    Abort,
    Cancel,
    Draft,
    Comment,
    Finalize,
    Publish,
    Claim(u32),
    Verify(u32),
    Reject {
        finding: u32,
        days: i64,
    },
    Extend {
        finding: u32,
        days: i64,
    },
    Overdue(u32),
    Row {
        foreign: bool,
    },
}

pub fn steps() -> impl Strategy<Value = Vec<(Step, usize, i64)>> {
    let finding = 0..5_u32;
    let days = -1..70_i64;
    let step = prop_oneof![
        40 => any::<u8>().prop_map(Step::Next),
        1 => any::<bool>().prop_map(|emergency| Step::Plan { emergency }),
        2 => Just(Step::Approve),
        3 => prop::sample::subsequence(vec![1_u128, 2, 3, 4], 0..4).prop_map(Step::Assign),
        2 => (1..5_u128).prop_map(Step::Recuse),
        2 => (1..5_u128, any::<bool>()).prop_map(|(person, granted)| Step::Decide { person, granted }),
        2 => Just(Step::CheckIn),
        2 => (0..80_i64).prop_map(|hours| Step::Backfill { hours }),
        3 => (0..3_usize, 0..3_usize).prop_map(|(item, answer)| Step::Answer { item, answer }),
        3 => (0..3_usize, 0..3_usize).prop_map(|(item, weight)| Step::Cite { item, weight }),
        2 => (0..3_usize).prop_map(|item| Step::Assist { item }),
        2 => finding.clone().prop_map(Step::OnSite),
        2 => (finding.clone(), days.clone()).prop_map(|(finding, days)| Step::Order { finding, days }),
        1 => any::<bool>().prop_map(|witnessed| Step::Complete { witnessed }),
        1 => Just(Step::Abort),
        1 => Just(Step::Cancel),
        1 => Just(Step::Draft),
        1 => Just(Step::Comment),
        2 => Just(Step::Finalize),
        1 => Just(Step::Publish),
        2 => finding.clone().prop_map(Step::Claim),
        2 => finding.clone().prop_map(Step::Verify),
        2 => (finding.clone(), days.clone()).prop_map(|(finding, days)| Step::Reject { finding, days }),
        2 => (finding.clone(), days).prop_map(|(finding, days)| Step::Extend { finding, days }),
        2 => finding.prop_map(Step::Overdue),
        1 => prop::bool::weighted(0.2).prop_map(|foreign| Step::Row { foreign }),
    ];
    let hours = prop_oneof![5 => Just(0_i64), 3 => 1..12_i64, 1 => 12..200_i64];
    proptest::collection::vec((step, 0..PEOPLE.len(), hours), 50)
}

impl Model {
    /// What an orderly house would do next, and who does it.
    pub fn natural(&self, pick: u8, today: Date) -> (Step, String) {
        let pick = usize::from(pick);
        let by = |step, who: &str| (step, who.to_owned());
        let inspector = format!("inspector-{}", self.team.first().unwrap_or(&1));
        let fresh: Vec<u128> = (1..=3).filter(|number| !self.aside.contains(number)).take(2).collect();
        let finding = self
            .numbered
            .iter()
            .filter_map(|(number, finding)| Some((*number, finding.as_ref()?)));
        let findings: Vec<(u32, &Cited)> = finding.collect();
        if let (Some(person), false) = (self.open.keys().next(), matches!(self.at, "cancelled")) {
            return by(
                Step::Decide {
                    person: *person,
                    granted: pick % 2 == 0,
                },
                "officer-2",
            );
        }
        match self.at {
            "" if pick % 16 == 0 => by(Step::Row { foreign: false }, "officer-1"),
            "" => by(
                Step::Plan {
                    emergency: pick % 3 == 0,
                },
                "officer-1",
            ),
            "planned" if self.emergency && pick % 2 == 0 => by(Step::Assign(fresh), "officer-1"),
            "planned" => by(Step::Approve, "officer-2"),
            "approved" => by(Step::Assign(fresh), "officer-1"),
            "assigned" if self.window.is_some_and(|(_, to)| today > to) => by(Step::Cancel, "officer-1"),
            "assigned" | "checked_in" if self.team.len() < 2 => by(Step::Assign(fresh), "officer-1"),
            "assigned" => by(Step::CheckIn, &inspector),
            "checked_in" => match pick % 8 {
                0..=2 => by(
                    Step::Answer {
                        item: pick / 8 % 3,
                        answer: 0,
                    },
                    &inspector,
                ),
                3 | 4 => {
                    let item = pick / 8 % 3;
                    by(
                        Step::Cite {
                            item,
                            weight: if item == 2 { 2 } else { pick % 2 },
                        },
                        &inspector,
                    )
                }
                5 => by(
                    Step::Order {
                        finding: findings.first().map_or(1, |(n, _)| *n),
                        days: 2,
                    },
                    "officer-1",
                ),
                6 => by(Step::OnSite(findings.first().map_or(1, |(n, _)| *n)), &inspector),
                _ => by(Step::Complete { witnessed: true }, &inspector),
            },
            "fieldwork_completed" => by(Step::Draft, "officer-1"),
            "draft_issued" if pick % 4 == 0 => by(Step::Finalize, "officer-1"),
            "draft_issued" => by(Step::Comment, "operator-1"),
            "commented" if !self.approved => by(Step::Approve, "officer-2"),
            "commented" => match findings.iter().find(|(_, finding)| finding.at == "cited") {
                Some((number, _)) => by(
                    Step::Order {
                        finding: *number,
                        days: 3,
                    },
                    "officer-1",
                ),
                None => by(Step::Finalize, "officer-1"),
            },
            "finalized" => by(Step::Publish, "officer-1"),
            "imported" => by(Step::Row { foreign: false }, "officer-1"),
            _ => {
                let chosen = findings.get(pick % findings.len().max(1));
                let (number, finding) = chosen.map_or((1, None), |(number, finding)| (*number, Some(finding)));
                match finding.map(|finding| (finding.at, finding.due)) {
                    Some(("correction_due", due)) if due.is_some_and(|due| today > due) => {
                        by(Step::Overdue(number), "yujian")
                    }
                    Some(("correction_due", _)) if pick % 3 == 0 => by(
                        Step::Extend {
                            finding: number,
                            days: 2,
                        },
                        "officer-1",
                    ),
                    Some(("correction_claimed", _)) if pick % 2 == 0 => by(
                        Step::Reject {
                            finding: number,
                            days: 1,
                        },
                        "officer-1",
                    ),
                    Some(("correction_claimed", _)) => by(Step::Verify(number), "officer-1"),
                    _ => by(Step::Claim(number), "operator-1"),
                }
            }
        }
    }
}

/// The command of a step, at the desk's time.
pub fn command_of(step: &Step, desk: &Desk) -> InspectionCommand {
    let today = desk.today();
    let due = |number: &u32| desk.state.findings.get(number).and_then(|finding| finding.due_date);
    match step {
        Step::Next(_) => unreachable!("chosen before"),
        Step::Plan {
            emergency: is_emergency,
        } => PlanInspection {
            emergency: *is_emergency,
            from_date: today,
            to_date: plus(today, 4),
            ..plan()
        }
        .into(),
        Step::Approve => approve().into(),
        Step::Assign(numbers) => assign(numbers).into(),
        Step::Recuse(person) => recusal(*person).into(),
        Step::Decide { person, granted } => decision(*person, *granted).into(),
        Step::CheckIn => check_in().into(),
        Step::Backfill { hours } => backfill(desk.now.checked_sub(SignedDuration::from_hours(*hours)).unwrap()).into(),
        Step::Answer { item, answer: result } => answer(ITEMS[*item], ANSWERS[*result]).into(),
        Step::Cite { item, weight } => cite(ITEMS[*item], WEIGHTS[*weight]).into(),
        Step::Assist { item } => assist(ITEMS[*item]).into(),
        Step::OnSite(number) => on_site(*number).into(),
        Step::Order { finding, days } => order(*finding, plus(today, *days)).into(),
        Step::Complete { witnessed } => CompleteFieldwork {
            signature: Signature::Refused,
            witness: witnessed.then(|| yujian_domain::personal::Sensitive::new("李四")),
            ..complete()
        }
        .into(),
        Step::Abort => abort().into(),
        Step::Cancel => cancel().into(),
        Step::Draft => draft().into(),
        Step::Comment => comment().into(),
        Step::Finalize => finalize().into(),
        Step::Publish => publish().into(),
        Step::Claim(number) => claim(*number).into(),
        Step::Verify(number) => verify(*number).into(),
        Step::Reject { finding, days } => reject(*finding, plus(today, *days)).into(),
        Step::Extend { finding, days } => extend(*finding, plus(due(finding).unwrap_or(today), *days)).into(),
        Step::Overdue(number) => overdue(*number, due(number).unwrap_or(today)).into(),
        Step::Row { foreign } => {
            let mut row = row(1);
            // The first row may be of any visit; a later one of another visit does not belong here.
            if *foreign && desk.state.status != Status::None {
                row.external.number.push('9');
            }
            row.into()
        }
    }
}
