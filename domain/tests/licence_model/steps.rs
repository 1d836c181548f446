//! What each step does to the model, as the rules say it.

mod clocks;
mod intake;
mod review;
mod standing;
mod verdict;

use jiff::civil::Date;

use super::days::plus;
use super::histories::{KINDS, Step};
use super::model::{Answer, Case, Model, Silent};

const ILLEGAL: &str = "ILLEGAL_TRANSITION";
const INVALID: &str = "INVALID_FIELD";
const NOTHING: &str = "NOTHING_TO_DO";
const PASSED: &str = "CLOCK_EXPIRED";
const INCOMPLETE: &str = "REVIEW_INCOMPLETE";

impl Model<'_> {
    pub fn step(&mut self, step: &Step) -> Answer {
        let latest = u32::try_from(self.cases.len()).unwrap();
        match step.clone().with_numbers(latest) {
            Step::Submit { kind, lacks, days } => self.submit(KINDS[kind].code(), lacks, days),
            Step::Return { number, fire } => self.give_back(number, if fire { "fire" } else { "proof" }),
            Step::Accept { number, joint } => self.accept(number, joint),
            Step::Dismiss(number) => self.dismiss(number),
            Step::Withdraw(number) => self.withdraw(number),
            Step::Ask(number) => self.ask(number),
            Step::Answer(number) => self.answer(number),
            Step::Register { number, matches, days } => self.register(number, matches, plus(self.today, -days)),
            Step::Visit { number, days, meets } => self.visit(number, plus(self.today, -days), meets),
            Step::Propose { number, grant, deceit } => self.propose(number, grant, deceit),
            Step::SendBack(number) => self.send_back(number),
            Step::Decide(number) => self.decide(number),
            Step::Object { number, hearing } => self.object(number, hearing),
            Step::Hear { number, upheld, days } => {
                let held = days.map(|days| plus(self.today, -days));
                self.hear(number, upheld, held)
            }
            Step::Refuse(number) => self.refuse(number),
            Step::HandOver { number, days } => self.hand_over(number, plus(self.today, -days)),
            Step::RunOut { kind, number } => self.run_out(super::histories::CLOCKS[kind].code(), number),
            Step::Stop { number, joint, days } => self.stop(number, joint, plus(self.today, -days)),
            Step::RunOn { number, joint, days } => self.run_on(number, joint, plus(self.today, -days)),
            Step::Extend {
                number,
                joint,
                count,
                days,
            } => self.extend(number, joint, count, plus(self.today, -days)),
            Step::Suspend { ordered } => self.suspend(ordered),
            Step::Resume => self.resume(),
            Step::Revoke => self.revoke(),
        }
    }

    /// An application that the state of the institution lets be handled, and that stands in one of `states`.
    fn named(&mut self, number: u32, states: &[&str]) -> Result<usize, &'static str> {
        if self.at == "closed" {
            return Err(ILLEGAL);
        }
        let index = usize::try_from(number).unwrap().wrapping_sub(1);
        let case = self.cases.get(index).ok_or(INVALID)?;
        if !states.contains(&case.at) {
            return Err(ILLEGAL);
        }
        self.past()?;
        Ok(index)
    }

    fn past(&self) -> Answer {
        if self.act > self.today { Err(INVALID) } else { Ok(()) }
    }

    /// What follows does not lie before where the application stands.
    fn follows(&self, index: usize) -> Answer {
        if self.day() < self.cases[index].since {
            Err(INVALID)
        } else {
            Ok(())
        }
    }

    fn goes(&mut self, index: usize, at: &'static str) {
        let day = self.day();
        let case = &mut self.cases[index];
        case.at = at;
        case.since = day;
    }

    fn stands_for(&self, kind: &str, day: Date) -> Answer {
        if kind == "licence" {
            let free = matches!(self.at, "registered" | "revoked" | "expired");
            return if free { Ok(()) } else { Err(ILLEGAL) };
        }
        if !matches!(self.at, "licensed" | "suspended") || !self.holds_licence() {
            return Err(ILLEGAL);
        }
        let ordered = self.stopped.is_some_and(|(_, ordered)| ordered);
        if ordered && matches!(kind, "renewal" | "transfer") {
            return Err(ILLEGAL);
        }
        if kind == "renewal" && self.term.is_some_and(|term| day > term.last) {
            return Err(PASSED);
        }
        Ok(())
    }
}

const UNDECIDED: &[&str] = &[
    "submitted",
    "returned",
    "accepted",
    "awaiting_information",
    "decision_proposed",
    "refusal_intended",
    "objected",
];

fn number_of(index: usize) -> u32 {
    u32::try_from(index).unwrap() + 1
}

fn case_is_silent(case: &Case) -> bool {
    case.silent == Some(Silent::Accepted)
}
