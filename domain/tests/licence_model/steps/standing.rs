//! Clocks that run out, and what befalls the authorization.

use jiff::civil::Date;

use super::super::days::plus;
use super::super::model::{Answer, Case, Model, Silent, Term, Who};
use super::{ILLEGAL, INVALID, NOTHING, number_of};

impl Model<'_> {
    /// The system finds that the latest clock of a kind has run out.
    pub(super) fn run_out(&mut self, kind: &'static str, number: u32) -> Answer {
        self.past()?;
        if self.who != Who::System {
            return Err("ROLE_NOT_ALLOWED");
        }
        let of = if matches!(kind, "renewal" | "renewal_ask") {
            0
        } else {
            number
        };
        let place = self
            .watches
            .iter()
            .rposition(|watch| watch.kind == kind && watch.of == of)
            .ok_or(INVALID)?;
        let watch = &mut self.watches[place];
        if watch.at != "running" {
            return Err(NOTHING);
        }
        if !watch.last.is_over(self.today) {
            return Err(INVALID);
        }
        watch.at = "expired";
        watch.late = true;
        let (from, last) = (watch.from, watch.last.day);
        let after = plus(last, 1);
        let index = usize::try_from(of).unwrap().wrapping_sub(1);
        let at = self.cases.get(index).map(|case| case.at);
        match (kind, at) {
            ("completeness", Some("submitted")) => {
                let case = &mut self.cases[index];
                (case.at, case.since) = ("accepted", after);
                case.silent = Some(Silent::Accepted);
                case.accepted = Some(from);
                self.start_decision(index, false, from);
            }
            ("correction_reply", Some("returned")) | ("information_reply", Some("awaiting_information")) => {
                let case = &mut self.cases[index];
                (case.at, case.since) = ("lapsed", after);
                self.cancel(after, |watch| watch.of == of);
            }
            ("renewal", _) if self.term.is_some_and(|term| term.holds && term.last == last) => {
                self.term_is_over(place, last);
            }
            _ => {}
        }
        Ok(())
    }

    /// Renewed where it was asked for in time and nobody decided; else the licence ran out.
    pub(super) fn term_is_over(&mut self, clock: usize, last: Date) {
        let after = plus(last, 1);
        let in_time = |case: &Case| case.kind == "renewal" && case.undecided() && case.first <= plus(last, -30);
        let Some(index) = self.cases.iter().position(in_time) else {
            let since = after.max(self.since);
            self.ends("expired", since, after);
            return;
        };
        let before = self.term.unwrap();
        let term = Term::from(after);
        let case = &mut self.cases[index];
        (case.at, case.since) = ("granted", after);
        case.silent = Some(Silent::Renewed(before, clock));
        self.term = Some(term);
        let number = number_of(index);
        self.cancel(after, |watch| watch.of == number);
        self.start_term(term, after);
    }

    pub(super) fn suspend(&mut self, ordered: bool) -> Answer {
        if !matches!(self.at, "registered" | "licensed") {
            return Err(ILLEGAL);
        }
        self.past()?;
        self.orders(ordered)?;
        if self.today < self.since {
            return Err(INVALID);
        }
        self.stopped = Some((self.at, ordered));
        (self.at, self.since) = ("suspended", self.today);
        Ok(())
    }

    pub(super) fn resume(&mut self) -> Answer {
        let Some((before, ordered)) = self.stopped else {
            return Err(ILLEGAL);
        };
        self.past()?;
        self.orders(ordered)?;
        if self.today < self.since {
            return Err(INVALID);
        }
        self.stopped = None;
        (self.at, self.since) = (before, self.today);
        Ok(())
    }

    /// Only the authority orders, and ends what it ordered.
    pub(super) fn orders(&self, ordered: bool) -> Answer {
        if ordered && self.who == Who::Operator {
            Err("ROLE_NOT_ALLOWED")
        } else {
            Ok(())
        }
    }

    pub(super) fn revoke(&mut self) -> Answer {
        if !matches!(self.at, "licensed" | "suspended") {
            return Err(ILLEGAL);
        }
        self.past()?;
        if !self.holds_licence() {
            return Err(ILLEGAL);
        }
        if self.term.is_some_and(|term| self.today > term.last) || self.today < self.since {
            return Err(INVALID);
        }
        let (today, act) = (self.today, self.act);
        self.ends("revoked", today, act);
        Ok(())
    }
}
