//! A decision's clock that is stopped, runs on, is given more time.

use jiff::civil::Date;

use super::super::days::Watch;
use super::super::model::{Answer, Case, Model};
use super::INVALID;

impl Model<'_> {
    /// Experts are asked, told on a day of the clock's course: also when nobody knew of it before the clock ran out.
    pub(super) fn stop(&mut self, number: u32, joint: bool, told: Date) -> Answer {
        let place = self.running_to(number, joint, told)?;
        let watch = &mut self.watches[place];
        watch.stop(told, "experts");
        Ok(())
    }

    /// The experts have answered. What stands still for the applicant, or for a hearing, waits with its application.
    pub(super) fn run_on(&mut self, number: u32, joint: bool, on: Date) -> Answer {
        let place = self.clock_of_decision(number, joint)?;
        let waits = self
            .at_of(place)
            .is_some_and(|at| matches!(at, "awaiting_information" | "objected"));
        let watch = &mut self.watches[place];
        if on > self.today || waits || watch.at != "paused" || on < since(watch) {
            return Err(INVALID);
        }
        if let Some(pause) = watch.pauses.last_mut() {
            pause.1 = Some(on);
        }
        watch.runs(self.notices);
        Ok(())
    }

    /// Once, ten working days at most; fifteen when several authorities decide together.
    pub(super) fn extend(&mut self, number: u32, joint: bool, count: u32, told: Date) -> Answer {
        let place = self.running_to(number, joint, told)?;
        let watch = &mut self.watches[place];
        if !(1..=if joint { 15 } else { 10 }).contains(&count) || watch.more > 0 {
            return Err(INVALID);
        }
        watch.more = count;
        watch.late = false;
        watch.runs(self.notices);
        Ok(())
    }

    fn clock_of_decision(&self, number: u32, joint: bool) -> Result<usize, &'static str> {
        self.past()?;
        let kind = if joint { "joint_decision" } else { "decision" };
        let of = |watch: &Watch| watch.kind == kind && watch.of == number;
        self.watches.iter().rposition(of).ok_or(INVALID)
    }

    /// Where the application of a clock stands.
    fn at_of(&self, place: usize) -> Option<&'static str> {
        let index = usize::try_from(self.watches[place].of).unwrap().checked_sub(1)?;
        self.cases.get(index).map(|case| case.at)
    }

    /// The clock of a decision that ran on the day on which something was told, as far as is known now: one that was found
    /// to have run out later did not, while its application waits for a decision.
    fn running_to(&self, number: u32, joint: bool, told: Date) -> Result<usize, &'static str> {
        let place = self.clock_of_decision(number, joint)?;
        let watch = &self.watches[place];
        let index = usize::try_from(watch.of).unwrap().checked_sub(1);
        let undecided = index
            .and_then(|index| self.cases.get(index))
            .is_some_and(Case::undecided);
        let goes_on = watch.at == "running" || watch.at == "expired" && undecided;
        if goes_on && told <= self.today && told >= since(watch) && !watch.last.is_over(told) {
            Ok(place)
        } else {
            Err(INVALID)
        }
    }
}

/// The day from which a clock stands as it stands.
fn since(watch: &Watch) -> Date {
    let last = watch.pauses.last().map(|(first, again)| again.unwrap_or(*first));
    last.unwrap_or(watch.from).max(watch.from)
}
