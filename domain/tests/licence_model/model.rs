//! What the model keeps of an institution, in its own words.

use jiff::ToSpan;
use jiff::civil::Date;

use super::days::{Last, Notices, Watch, plus};

/// Refusals, by the names of the boundary.
pub type Answer = Result<(), &'static str>;

/// Roles of who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Operator,
    Officer,
    System,
}

/// What the licence says of its term: six months from its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub first: Date,
    pub last: Date,
    pub holds: bool,
}

impl Term {
    pub fn from(first: Date) -> Self {
        let last = first.checked_add(6.months()).unwrap();
        Self {
            first,
            last: plus(last, -1),
            holds: true,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Plan {
    pub grant: bool,
    pub by: usize,
    pub day: Date,
    pub deceit: bool,
}

/// What the law supplied, and may be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {
    Accepted,
    /// With the term before, and the place of the clock that ran out.
    Renewed(Term, usize),
}

#[derive(Debug, Clone)]
pub struct Case {
    pub kind: &'static str,
    pub at: &'static str,
    pub since: Date,
    /// Day of the papers that came last, and first.
    pub came: Date,
    pub first: Date,
    /// Papers that are missing, of those that the histories leave out.
    pub missing: Vec<&'static str>,
    /// What was missing when it was last returned, and what returns have named.
    pub seen: Option<Vec<&'static str>>,
    pub named: Vec<&'static str>,
    pub accepted: Option<Date>,
    /// What registers say: day and whether it matches.
    pub register: Option<(Date, bool)>,
    pub visit: Option<(Date, bool)>,
    pub plan: Option<Plan>,
    pub heard: bool,
    pub silent: Option<Silent>,
    pub handed_over: bool,
    /// Of a waiver its last day, of a closing the last day of service.
    pub asked_day: Option<Date>,
}

impl Case {
    pub fn open(&self) -> bool {
        matches!(
            self.at,
            "submitted"
                | "returned"
                | "accepted"
                | "awaiting_information"
                | "decision_proposed"
                | "refusal_intended"
                | "objected"
        )
    }

    /// Waits for the authority's decision.
    pub fn undecided(&self) -> bool {
        self.open() && !matches!(self.at, "submitted" | "returned")
    }
}

pub struct Model<'a> {
    pub notices: &'a Notices,
    pub today: Date,
    /// The day on which it is said to have happened.
    pub act: Date,
    pub by: usize,
    pub who: Who,
    pub at: &'static str,
    pub since: Date,
    /// Where it stood before a suspension, and whether that was ordered.
    pub stopped: Option<(&'static str, bool)>,
    pub term: Option<Term>,
    pub code: u8,
    pub classes: u8,
    pub barred: Option<Date>,
    pub cases: Vec<Case>,
    pub register: Option<(Date, bool)>,
    pub watches: Vec<Watch>,
}

impl Clone for Model<'_> {
    fn clone(&self) -> Self {
        Self {
            cases: self.cases.clone(),
            watches: self.watches.clone(),
            ..*self
        }
    }
}

impl<'a> Model<'a> {
    /// Registered, nothing asked for.
    pub fn new(today: Date, since: Date, notices: &'a Notices) -> Self {
        Self {
            notices,
            today,
            act: today,
            by: 1,
            who: Who::Officer,
            at: "registered",
            since,
            stopped: None,
            term: None,
            code: 0,
            classes: 0,
            barred: None,
            cases: Vec::new(),
            register: None,
            watches: Vec::new(),
        }
    }

    /// The day that counts: what an operator hands in counts when it comes in.
    pub fn day(&self) -> Date {
        if self.who == Who::Operator {
            self.today
        } else {
            self.act
        }
    }

    pub fn start(&mut self, kind: &'static str, of: u32, from: Date, count: u32) {
        let last = self.notices.last_of(from, count, &[]);
        self.watch(kind, of, from, Some(count), last);
    }

    pub fn set(&mut self, kind: &'static str, of: u32, from: Date, last: Date) {
        self.watch(kind, of, from, None, Last::set(last));
    }

    fn watch(&mut self, kind: &'static str, of: u32, from: Date, count: Option<u32>, last: Last) {
        self.watches.push(Watch {
            kind,
            of,
            from,
            count,
            more: 0,
            last,
            at: "running",
            late: false,
            pauses: Vec::new(),
            waits_for: "",
        });
    }

    /// The latest clock of a kind.
    pub fn latest(&mut self, kind: &str, of: u32) -> Option<&mut Watch> {
        self.watches
            .iter_mut()
            .rev()
            .find(|watch| watch.kind == kind && watch.of == of)
    }

    /// The latest clock of a decision, whoever makes it.
    pub fn decision(&mut self, of: u32) -> Option<&mut Watch> {
        self.watches
            .iter_mut()
            .rev()
            .find(|watch| watch.of == of && matches!(watch.kind, "decision" | "joint_decision"))
    }

    pub fn over(&mut self, kind: &str, of: u32, on: Date) -> bool {
        self.latest(kind, of).is_some_and(|watch| watch.is_over(on))
    }

    pub fn done(&mut self, kind: &str, of: u32, on: Date) {
        if let Some(watch) = self.latest(kind, of) {
            watch.done(on);
        }
    }

    /// Clocks whose matter ends on a day; what had run out before is left to run out.
    pub fn cancel(&mut self, on: Date, which: impl Fn(&Watch) -> bool) {
        self.watches
            .iter_mut()
            .filter(|watch| which(watch) && !watch.is_over(on))
            .for_each(Watch::cancel);
    }

    /// The clocks of a term: thirty days before its end, and its end.
    pub fn start_term(&mut self, term: Term, from: Date) {
        self.set("renewal_ask", 0, from, plus(term.last, -30));
        self.set("renewal", 0, from, term.last);
    }

    pub fn holds_licence(&self) -> bool {
        self.term.is_some_and(|term| term.holds)
    }

    /// The licence holds no more, and what was asked for under it ends too.
    pub fn ends(&mut self, at: &'static str, since: Date, on: Date) {
        self.at = at;
        self.since = since;
        self.stopped = None;
        if let Some(term) = &mut self.term {
            term.holds = false;
        }
        let mut goes_on = Vec::new();
        for (number, case) in (1..).zip(&mut self.cases) {
            if !case.open() {
                continue;
            }
            if case.kind == "licence" {
                goes_on.push(number);
            } else {
                case.at = "terminated";
                case.since = on;
            }
        }
        self.cancel(on, |watch| !goes_on.contains(&watch.of));
    }
}
