//! What other bureaus, visits and proposals say.

use jiff::civil::Date;

use super::super::model::{Answer, Model, Plan};
use super::{ILLEGAL, INCOMPLETE, INVALID, NOTHING, UNDECIDED};

impl Model<'_> {
    pub(super) fn register(&mut self, number: Option<u32>, matches: bool, as_of: Date) -> Answer {
        let known = match number {
            Some(number) => {
                let index = self.named(number, UNDECIDED)?;
                self.cases[index].register
            }
            None if self.at == "closed" => return Err(ILLEGAL),
            None => {
                self.past()?;
                self.register
            }
        };
        if as_of > self.today {
            return Err(INVALID);
        }
        if known == Some((as_of, matches)) {
            return Err(NOTHING);
        }
        let hears = |held: &mut Option<(Date, bool)>| {
            if held.is_none_or(|held| held.0 <= as_of) {
                *held = Some((as_of, matches));
            }
        };
        hears(&mut self.register);
        for (place, case) in (1..).zip(&mut self.cases) {
            if number.map_or(case.open(), |number| number == place) {
                hears(&mut case.register);
            }
        }
        Ok(())
    }

    pub(super) fn visit(&mut self, number: u32, day: Date, meets: bool) -> Answer {
        let index = self.named(number, &["accepted", "awaiting_information"])?;
        let told = self.day();
        let case = &mut self.cases[index];
        if day > self.today || day > told || case.accepted.is_some_and(|accepted| day < accepted) {
            return Err(INVALID);
        }
        if case.visit == Some((day, meets)) {
            return Err(NOTHING);
        }
        case.visit = Some((day, meets));
        Ok(())
    }

    pub(super) fn propose(&mut self, number: u32, grant: bool, deceit: bool) -> Answer {
        let index = self.named(number, &["accepted"])?;
        self.follows(index)?;
        if grant {
            self.nothing_against(index)?;
        }
        self.goes(index, "decision_proposed");
        self.cases[index].plan = Some(Plan {
            grant,
            by: self.by,
            day: self.day(),
            deceit: deceit && !grant,
        });
        Ok(())
    }

    pub(super) fn nothing_against(&self, index: usize) -> Answer {
        let case = &self.cases[index];
        let unseen =
            matches!(case.kind, "licence" | "change" | "transfer") && case.visit.is_none_or(|(_, meets)| !meets);
        let contradicted = case.register.is_some_and(|(_, matches)| !matches);
        let over = case.kind == "waiver" && case.asked_day.is_some_and(|until| until < self.day());
        if unseen || contradicted || over {
            Err(INCOMPLETE)
        } else {
            Ok(())
        }
    }

    pub(super) fn send_back(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["decision_proposed"])?;
        self.follows(index)?;
        self.another_person(index)?;
        self.goes(index, "accepted");
        self.cases[index].plan = None;
        Ok(())
    }

    pub(super) fn another_person(&self, index: usize) -> Answer {
        let proposer = self.cases[index].plan.as_ref().map(|plan| plan.by);
        if proposer == Some(self.by) {
            Err("TWO_PERSON_RULE")
        } else {
            Ok(())
        }
    }
}
