//! What happens when: an agenda in simulated time, office hours, and the order of ties.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use yujian_domain::inspection::{AbortReason, CancelReason, Purpose};
use yujian_domain::person::{EndGround, Post, QueryOccasion, TrainingKind};
use yujian_domain::time::{day_of, start_of};

use crate::people::Dice;

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Register(usize),
    File { institution: usize, complete: bool },
    Receipt(usize),
    Withdraw(usize),
    Nonconformity(usize),
    Conformity(usize),
    Details(usize),
    Classes(usize),
    Suspend(usize),
    Resume(usize),
    Close(usize),
    Correct(usize),
    Import(usize),
    Incident(usize),
    Guardian { incident: usize, child: u32 },
    Supplement(usize),
    Triage(usize),
    Investigate(usize),
    Findings(usize),
    Conclude(usize),
    Reopen(usize),
    Staff(Staff),
    Visit(Visit),
    Alert(Alert),
    Licence(Licence),
}

/// What happens under the pilot: to an institution, or to one of its applications, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Licence {
    /// Applies for a licence.
    Apply(usize),
    Matter {
        matter: usize,
        step: Step,
    },
    /// What is particular to a holder.
    Lot(usize),
    Meet(usize),
    Lift(usize),
    Restore(usize),
    Renew {
        institution: usize,
        late: bool,
    },
    Revoke {
        institution: usize,
        in_disorder: bool,
    },
    /// A receipt or licence has run out.
    RanOut(usize),
    Place(usize),
    Deregister(usize),
}

/// The next thing that is done about an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Whether it is complete.
    Look,
    Mend,
    /// An acceptance in time is recorded late.
    Remember,
    Review,
    Reply,
    /// The clock runs on.
    RunOn,
    Verify,
    Withdraw,
    Propose,
    SendBack,
    Decide,
    /// A decision in time is recorded late.
    DecideLater,
    Object,
    Hear,
    Refuse,
    Certificate,
}

/// What officers do with an alert, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alert {
    Acknowledge(usize),
    Link(usize),
    Dismiss(usize),
    Confirm(usize),
}

/// What happens with a worker, by index, or with a county's inspectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staff {
    Hire {
        institution: usize,
        post: Post,
    },
    Health(usize),
    Query {
        worker: usize,
        occasion: QueryOccasion,
    },
    Claim {
        worker: usize,
        further: bool,
    },
    Verify {
        worker: usize,
        credential: u32,
    },
    Engage(usize),
    Train {
        worker: usize,
        kind: TrainingKind,
    },
    Fate(usize),
    Return(usize),
    Dismiss {
        worker: usize,
        ground: EndGround,
    },
    Leave(usize),
    Bar(usize),
    Lift(usize),
    Appoint(usize),
    /// The enforcement certificate of a county's inspector ends: the next one is told and verified.
    Renew {
        county: usize,
        inspector: usize,
    },
}

/// What happens with a visit, by index, or what brings one about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// The next ordinary visit of an institution.
    Routine(usize),
    /// The monthly draw at random.
    Draw,
    /// The yearly special action.
    Campaign,
    Plan {
        institution: usize,
        purpose: Purpose,
    },
    Approve(usize),
    Assign(usize),
    Recuse(usize),
    Decide(usize),
    Arrive(usize),
    Count(usize),
    Answer {
        visit: usize,
        part: usize,
    },
    Cite {
        visit: usize,
        number: usize,
    },
    Leave(usize),
    Draft(usize),
    Comment(usize),
    Finalize(usize),
    Publish(usize),
    Cancel {
        visit: usize,
        reason: CancelReason,
    },
    Abort {
        visit: usize,
        reason: AbortReason,
    },
    Claim {
        visit: usize,
        finding: u32,
    },
    Check {
        visit: usize,
        finding: u32,
    },
    Extend {
        visit: usize,
        finding: u32,
    },
}

/// Tasks in order of time, then of their making.
#[derive(Default)]
pub(crate) struct Agenda {
    tasks: BTreeMap<(Timestamp, u64), Task>,
    made: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Timestamp, task: Task) {
        self.made += 1;
        self.tasks.insert((at, self.made), task);
    }

    pub(crate) fn next(&mut self) -> Option<(Timestamp, Task)> {
        self.tasks.pop_first().map(|((at, _), task)| (at, task))
    }
}

/// A moment in office hours of a day: 08:00 to 17:59.
pub(crate) fn office(dice: &mut Dice, day: Date) -> Timestamp {
    let seconds = i64::try_from(dice.between(8 * 3600, 18 * 3600 - 1)).unwrap_or(0);
    start_of(day) + SignedDuration::from_secs(seconds)
}

/// A moment in office hours some days later.
pub(crate) fn later(dice: &mut Dice, from: Timestamp, low: u64, high: u64) -> Timestamp {
    let days = i64::try_from(dice.between(low, high)).unwrap_or(0);
    let day = day_of(from).saturating_add(days.days());
    office(dice, day).max(from + SignedDuration::from_mins(1))
}

/// Some minutes later.
pub(crate) fn soon(dice: &mut Dice, from: Timestamp, low: u64, high: u64) -> Timestamp {
    from + SignedDuration::from_mins(i64::try_from(dice.between(low, high)).unwrap_or(0))
}
