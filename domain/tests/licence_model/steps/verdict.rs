//! Decisions, objections and what is handed over.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::days::plus;
use super::super::model::{Answer, Model, Plan, Silent, Term};
use super::{ILLEGAL, INCOMPLETE, INVALID, NOTHING, PASSED, number_of};

impl Model<'_> {
    /// A decision in time on what silence renewed: the term before, and the clock that ran out.
    pub(super) fn silently_renewed(&self, index: usize, plan: &Plan) -> Result<(Term, usize), &'static str> {
        let Some(Silent::Renewed(term, clock)) = self.cases[index].silent else {
            return Err(ILLEGAL);
        };
        // What has been decided about the licence since stands.
        if !self.holds_licence() || self.term.is_none_or(|now| now.first != plus(term.last, 1)) {
            return Err(ILLEGAL);
        }
        if self.day() > term.last {
            return Err(PASSED);
        }
        if self.day() < plan.day {
            return Err(INVALID);
        }
        Ok((term, clock))
    }

    pub(super) fn decide(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["decision_proposed", "granted"])?;
        let plan = self.cases[index].plan.clone().ok_or(ILLEGAL)?;
        let silent = if self.cases[index].at == "granted" {
            if !plan.grant {
                return Err(ILLEGAL);
            }
            Some(self.silently_renewed(index, &plan)?)
        } else {
            self.follows(index)?;
            None
        };
        self.another_person(index)?;
        let day = self.day();
        if !plan.grant {
            self.goes(index, "refusal_intended");
            self.start("hearing_request", number, day, 5);
            return Ok(());
        }
        let kind = self.cases[index].kind;
        if silent.is_none() {
            self.stands_for(kind, day)?;
        }
        self.nothing_against(index)?;
        let last_service = self.cases[index].asked_day;
        match kind {
            "licence" if day < self.since => return Err(INVALID),
            "closing" if last_service.is_some_and(|last| last > day) => return Err(INCOMPLETE),
            "closing" if last_service.is_some_and(|last| plus(last, 1) < self.since) => return Err(INVALID),
            _ => {}
        }
        if let Some((term, clock)) = silent {
            self.cases[index].silent = None;
            self.term = Some(term);
            self.watches[clock].done(day);
        }
        self.goes(index, "granted");
        if let Some(decision) = self.decision(number) {
            decision.done(day);
        }
        self.grant(index, silent.is_some());
        Ok(())
    }

    pub(super) fn grant(&mut self, index: usize, was_silent: bool) {
        let (number, day) = (number_of(index), self.day());
        let handed = |model: &mut Self| {
            let runs = model.latest("certificate", number).is_some_and(|watch| watch.waits());
            if !runs && !model.cases[index].handed_over {
                model.start("certificate", number, day, 10);
            }
        };
        match self.cases[index].kind {
            "licence" => {
                let term = Term::from(day);
                self.term = Some(term);
                (self.at, self.since) = ("licensed", day);
                handed(self);
                self.start_term(term, day);
            }
            "renewal" => {
                let before = self.term.unwrap();
                let term = Term::from(plus(before.last, 1));
                self.term = Some(term);
                handed(self);
                if !was_silent {
                    self.done("renewal", 0, day);
                    self.cancel(day, |watch| watch.kind == "renewal_ask");
                    self.start_term(term, day);
                }
            }
            "change" => {
                self.classes = 1;
                handed(self);
            }
            "transfer" => {
                self.code = 1;
                handed(self);
            }
            "waiver" => {
                let until = self.cases[index].asked_day.unwrap();
                self.set("waiver", number, day, until);
            }
            _ => {
                let last = self.cases[index].asked_day.unwrap();
                self.cancel(last, |_| true);
                self.at = "closed";
                self.since = plus(last, 1);
                self.stopped = None;
                if let Some(term) = &mut self.term {
                    term.holds = false;
                }
            }
        }
    }

    pub(super) fn object(&mut self, number: u32, hearing: bool) -> Answer {
        let index = self.named(number, &["refusal_intended"])?;
        self.follows(index)?;
        let day = self.day();
        if hearing {
            if self.cases[index].heard {
                return Err(INVALID);
            }
            if self.over("hearing_request", number, day) {
                return Err(PASSED);
            }
        }
        self.goes(index, "objected");
        if hearing {
            self.cases[index].heard = true;
            self.done("hearing_request", number, day);
            self.start("hearing", number, day, 20);
            if let Some(decision) = self.decision(number) {
                decision.stop(day, "hearing");
            }
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, number: u32, upheld: bool, held: Option<Date>) -> Answer {
        let index = self.named(number, &["objected"])?;
        self.follows(index)?;
        let asked = self
            .latest("hearing", number)
            .is_some_and(|watch| watch.waits() || watch.at == "expired");
        if held.is_some() != asked {
            return Err(INVALID);
        }
        if let Some(held) = held {
            let earliest = self.notices.last_of(self.cases[index].since, 7, &[]).day;
            if held > self.today || held > self.act || held < earliest {
                return Err(INVALID);
            }
        }
        self.another_person(index)?;
        if let Some(held) = held {
            self.done("hearing", number, held);
            let notices = self.notices;
            if let Some(decision) = self.decision(number) {
                decision.run_on(plus(held, 1), "hearing", notices);
            }
        }
        if upheld {
            self.cancel(self.day(), |watch| {
                watch.kind == "hearing_request" && watch.of == number
            });
            self.cases[index].plan = None;
            self.cases[index].heard = false;
            self.goes(index, "accepted");
        } else {
            self.goes(index, "refusal_intended");
        }
        Ok(())
    }

    pub(super) fn refuse(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["refusal_intended", "granted"])?;
        let plan = self.cases[index].plan.clone().ok_or(ILLEGAL)?;
        let silent = if self.cases[index].at == "granted" {
            if plan.grant {
                return Err(ILLEGAL);
            }
            Some(self.silently_renewed(index, &plan)?)
        } else {
            self.follows(index)?;
            None
        };
        let day = self.day();
        let heard = self
            .latest("hearing_request", number)
            .is_some_and(|watch| watch.at == "met" || watch.is_over(day));
        if !heard {
            return Err(INCOMPLETE);
        }
        self.another_person(index)?;
        self.goes(index, "refused");
        if plan.deceit {
            let until = day.checked_add(12.months()).unwrap();
            self.barred = self.barred.max(Some(until));
        }
        if let Some(decision) = self.decision(number) {
            decision.done(day);
        }
        if let Some((term, clock)) = silent {
            self.cases[index].silent = None;
            self.term = Some(term);
            self.watches[clock].done(day);
            let after = plus(term.last, 1);
            self.ends("expired", after.max(self.since), after);
            // What is dismissed with it is so by this act.
            for case in self
                .cases
                .iter_mut()
                .filter(|case| case.at == "terminated" && case.since == after)
            {
                case.since = day;
            }
        } else {
            self.cancel(day, |watch| watch.of == number);
        }
        Ok(())
    }

    pub(super) fn hand_over(&mut self, number: u32, on: Date) -> Answer {
        if !matches!(self.at, "licensed" | "suspended") {
            return Err(ILLEGAL);
        }
        let index = self.named(number, &["granted"])?;
        let case = &mut self.cases[index];
        let leads_to_none = matches!(case.kind, "waiver" | "closing");
        if on > self.today || on < case.since || leads_to_none {
            return Err(INVALID);
        }
        if case.handed_over {
            return Err(NOTHING);
        }
        case.handed_over = true;
        self.done("certificate", number, on);
        Ok(())
    }
}
