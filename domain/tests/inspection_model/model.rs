//! The model: what the rules say about one inspection, in few words and without the code under test.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use yujian_domain::calendar::Calendar;
use yujian_domain::inspection::Weight;
use yujian_domain::rejection::Reason;
use yujian_domain::time::day_of;

use super::steps::{ITEMS, LAST_DAY_OF_FOURTH, Step, WEIGHTS};
use crate::inspection_support::VETO;

/// A finding as the rules see it.
#[derive(Debug, Clone)]
pub struct Cited {
    pub item: usize,
    pub weight: usize,
    pub at: &'static str,
    pub due: Option<Date>,
    pub rejected: u32,
    pub extended: u32,
    pub claimant: String,
}

/// What the rules say about one inspection, in few words and without the code under test.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub at: &'static str,
    pub since: Option<Date>,
    pub emergency: bool,
    pub planner: String,
    pub window: Option<(Date, Date)>,
    pub approved: bool,
    pub arrived: bool,
    pub team: Vec<u128>,
    pub open: BTreeMap<u128, String>,
    pub aside: BTreeSet<u128>,
    pub answers: BTreeMap<usize, usize>,
    /// By number: a finding, or nothing for advice.
    pub numbered: BTreeMap<u32, Option<Cited>>,
    pub drafted: Option<Date>,
    pub rows: u32,
}

pub const CORRECTING: &[&str] = &[
    "checked_in",
    "fieldwork_completed",
    "draft_issued",
    "commented",
    "finalized",
    "published",
    "aborted",
];
pub const REPORTING: &[&str] = &[
    "checked_in",
    "fieldwork_completed",
    "draft_issued",
    "commented",
    "aborted",
];

pub fn plus(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap()
}

/// Days that a correction of a weight may take.
pub fn most(weight: usize) -> i64 {
    [60, 30, 3][weight]
}

impl Model {
    pub fn in_states(&self, states: &[&str]) -> Result<(), Reason> {
        match self.at {
            "" => Err(Reason::NotFound),
            at if states.contains(&at) => Ok(()),
            _ => Err(Reason::IllegalTransition),
        }
    }

    pub fn goes(&mut self, at: &'static str, day: Date) {
        if self.at != at {
            self.at = at;
            self.since = Some(day);
        }
    }

    pub fn at_work(&self, actor: &str) -> Result<(), Reason> {
        self.of_team(actor)?;
        require(self.team.len() >= 2, Reason::NotCertifiedInspector)
    }

    pub fn of_team(&self, actor: &str) -> Result<(), Reason> {
        let ours = self.team.iter().any(|number| actor == format!("inspector-{number}"));
        require(ours, Reason::NotCertifiedInspector)
    }

    pub fn cited(&self, item: usize) -> bool {
        self.numbered.values().flatten().any(|finding| finding.item == item)
    }

    pub fn next_number(&self) -> u32 {
        self.numbered.keys().max().copied().unwrap_or(0) + 1
    }

    pub fn finding(&mut self, number: u32, states: &[&str], at: &[&str]) -> Result<&mut Cited, Reason> {
        self.in_states(states)?;
        let found = self.numbered.get_mut(&number).and_then(Option::as_mut);
        let finding = found.ok_or(Reason::InvalidField)?;
        require(at.contains(&finding.at), Reason::IllegalTransition)?;
        Ok(finding)
    }

    /// What must come out: nothing, or the reason of the refusal.
    #[allow(clippy::too_many_lines, reason = "one arm a command, read from top to bottom")]
    pub fn step(&mut self, step: &Step, actor: &str, now: jiff::Timestamp, calendar: &Calendar) -> Result<(), Reason> {
        use Reason::{ClockExpired, IllegalTransition, InvalidField, NothingToDo, RoleNotAllowed, TwoPersonRule};
        let today = day_of(now);
        let fits = |number: u128, day: Date| number < 4 || day <= LAST_DAY_OF_FOURTH.parse().unwrap();
        match step {
            Step::Next(_) => unreachable!("chosen before"),
            Step::Plan { emergency } => {
                require(self.at.is_empty(), IllegalTransition)?;
                self.emergency = *emergency;
                actor.clone_into(&mut self.planner);
                self.window = Some((today, plus(today, 4)));
                self.goes("planned", today);
            }
            Step::Approve => {
                self.in_states(&[
                    "planned",
                    "assigned",
                    "checked_in",
                    "fieldwork_completed",
                    "draft_issued",
                    "commented",
                    "aborted",
                ])?;
                require(!self.approved, IllegalTransition)?;
                require(self.planner != actor, TwoPersonRule)?;
                self.approved = true;
                if !self.arrived {
                    self.goes(if self.team.is_empty() { "approved" } else { "assigned" }, today);
                }
            }
            Step::Assign(numbers) => {
                self.in_states(&["planned", "approved", "assigned", "checked_in"])?;
                require(self.at != "planned" || self.emergency, IllegalTransition)?;
                let day = today.max(self.window.unwrap().0);
                let fit = |number: &u128| {
                    fits(*number, day) && !self.aside.contains(number) && !self.open.contains_key(number)
                };
                require(
                    numbers.len() >= 2 && numbers.iter().all(fit),
                    Reason::NotCertifiedInspector,
                )?;
                require(self.team != *numbers, NothingToDo)?;
                self.team.clone_from(numbers);
                self.open.clear();
                if self.at != "checked_in" {
                    self.goes("assigned", today);
                }
            }
            Step::Recuse(person) => {
                self.in_states(&["assigned", "checked_in"])?;
                require(
                    actor.starts_with("operator") || actor.starts_with("inspector"),
                    RoleNotAllowed,
                )?;
                require(self.team.contains(person), InvalidField)?;
                require(!self.open.contains_key(person), NothingToDo)?;
                self.open.insert(*person, actor.to_owned());
            }
            Step::Decide { person, granted } => {
                self.in_states(&[
                    "assigned",
                    "checked_in",
                    "fieldwork_completed",
                    "draft_issued",
                    "commented",
                    "aborted",
                ])?;
                let asker = self.open.get(person).ok_or(InvalidField)?;
                require(asker != actor && actor != format!("inspector-{person}"), TwoPersonRule)?;
                self.open.remove(person);
                if *granted {
                    self.team.retain(|other| other != person);
                    self.aside.insert(*person);
                }
            }
            Step::CheckIn | Step::Backfill { .. } => {
                self.in_states(&["assigned"])?;
                let arrival = match step {
                    Step::Backfill { hours } => day_of(now.checked_sub(SignedDuration::from_hours(*hours)).unwrap()),
                    _ => today,
                };
                let (from, to) = self.window.unwrap();
                require(
                    from <= arrival && arrival <= to && self.since.unwrap() <= arrival,
                    InvalidField,
                )?;
                self.at_work(actor)?;
                let ready = self.open.is_empty() && self.team.iter().all(|number| fits(*number, arrival));
                require(ready, Reason::NotCertifiedInspector)?;
                self.arrived = true;
                self.goes("checked_in", arrival);
            }
            Step::Answer { item, answer } => {
                self.in_states(&["checked_in"])?;
                self.at_work(actor)?;
                require(!self.cited(*item) || *answer == 0, InvalidField)?;
                self.answers.insert(*item, *answer);
            }
            Step::Cite { item, weight } => {
                self.in_states(&["checked_in"])?;
                self.at_work(actor)?;
                let not_met = self.answers.get(item) == Some(&0);
                let fits = (ITEMS[*item] == VETO) == (WEIGHTS[*weight] == Weight::Veto);
                require(not_met && !self.cited(*item) && fits, InvalidField)?;
                let finding = Cited {
                    item: *item,
                    weight: *weight,
                    at: "cited",
                    due: None,
                    rejected: 0,
                    extended: 0,
                    claimant: String::new(),
                };
                self.numbered.insert(self.next_number(), Some(finding));
            }
            Step::Assist { item } => {
                self.in_states(&["checked_in"])?;
                self.at_work(actor)?;
                let must_be_cited = ITEMS[*item] == VETO && self.answers.get(item) == Some(&0);
                require(!self.cited(*item) && !must_be_cited, InvalidField)?;
                self.numbered.insert(self.next_number(), None);
            }
            Step::OnSite(number) => {
                self.finding(*number, &["checked_in"], &["cited"])?;
                self.at_work(actor)?;
                self.finding(*number, &["checked_in"], &["cited"])?.at = "corrected_on_site";
            }
            Step::Order { finding, days } => {
                let finding = self.finding(*finding, REPORTING, &["cited"])?;
                require((0..=most(finding.weight)).contains(days), InvalidField)?;
                finding.at = "correction_due";
                finding.due = Some(plus(today, *days));
            }
            Step::Complete { witnessed } => {
                require(*witnessed, InvalidField)?;
                self.in_states(&["checked_in"])?;
                self.at_work(actor)?;
                require(self.answers.get(&2) != Some(&0) || self.cited(2), IllegalTransition)?;
                self.goes("fieldwork_completed", today);
            }
            Step::Abort => {
                self.in_states(&["checked_in"])?;
                self.of_team(actor)?;
                self.goes("aborted", today);
            }
            Step::Cancel => {
                self.in_states(&["planned", "approved", "assigned"])?;
                self.goes("cancelled", today);
            }
            Step::Draft => {
                self.in_states(&["fieldwork_completed"])?;
                self.drafted = Some(today);
                self.goes("draft_issued", today);
            }
            Step::Comment => {
                self.in_states(&["draft_issued"])?;
                self.goes("commented", today);
            }
            Step::Finalize => {
                self.in_states(&["draft_issued", "commented"])?;
                if self.at == "draft_issued" {
                    let mut last = self.drafted.unwrap();
                    for _ in 0..10 {
                        last = plus(last, 1);
                        while !calendar.is_working_day(last) {
                            last = plus(last, 1);
                        }
                    }
                    require(today > last, IllegalTransition)?;
                }
                let settled = self.numbered.values().flatten().all(|finding| finding.at != "cited");
                require(self.approved && self.open.is_empty() && settled, IllegalTransition)?;
                self.goes("finalized", today);
            }
            Step::Publish => {
                self.in_states(&["finalized"])?;
                self.goes("published", today);
            }
            Step::Claim(number) => {
                let finding = self.finding(*number, CORRECTING, &["correction_due", "overdue"])?;
                finding.at = "correction_claimed";
                actor.clone_into(&mut finding.claimant);
            }
            Step::Verify(number) => {
                let finding = self.finding(*number, CORRECTING, &["correction_claimed"])?;
                require(finding.claimant != actor, TwoPersonRule)?;
                finding.at = "verified";
            }
            Step::Reject { finding, days } => {
                let finding = self.finding(*finding, CORRECTING, &["correction_claimed"])?;
                require(finding.claimant != actor, TwoPersonRule)?;
                require((0..=most(finding.weight)).contains(days), InvalidField)?;
                finding.at = "correction_due";
                finding.due = Some(plus(today, *days));
                finding.rejected += 1;
            }
            Step::Extend { finding, days } => {
                let finding = self.finding(*finding, CORRECTING, &["correction_due"])?;
                require(actor != "officer-2", TwoPersonRule)?;
                let due = finding.due.unwrap();
                require(today <= due, ClockExpired)?;
                require(finding.extended < 2, IllegalTransition)?;
                require((1..=most(finding.weight)).contains(days), InvalidField)?;
                finding.due = Some(plus(due, *days));
                finding.extended += 1;
            }
            Step::Overdue(number) => {
                let finding = self.finding(*number, CORRECTING, &["correction_due"])?;
                require(actor == "yujian", RoleNotAllowed)?;
                require(today > finding.due.unwrap(), InvalidField)?;
                finding.at = "overdue";
            }
            Step::Row { foreign } => {
                require(self.at.is_empty() || self.at == "imported", IllegalTransition)?;
                require(self.at.is_empty() || !foreign, InvalidField)?;
                self.rows += 1;
                self.goes("imported", today);
            }
        }
        Ok(())
    }

    /// Where the dossier says that it stands: approved or not until somebody arrives.
    pub fn shown(&self) -> &'static str {
        match self.at {
            "planned" | "approved" | "assigned" if self.approved => "approved",
            "planned" | "approved" | "assigned" => "planned",
            at => at,
        }
    }
}

pub fn require(right: bool, reason: Reason) -> Result<(), Reason> {
    if right { Ok(()) } else { Err(reason) }
}
