//! What is submitted, returned, accepted and asked for.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::days::plus;
use super::super::model::{Answer, Case, Model, Silent};
use super::{ILLEGAL, INVALID, NOTHING, PASSED, UNDECIDED, case_is_silent, number_of};

impl Model<'_> {
    pub(super) fn submit(&mut self, kind: &'static str, lacks: u8, days: i64) -> Answer {
        if self.at == "closed" {
            return Err(ILLEGAL);
        }
        self.past()?;
        let day = self.day();
        let asked = plus(self.today, days);
        if kind == "waiver" && asked <= day {
            return Err(INVALID);
        }
        let open = self.cases.iter().position(|case| case.open() && case.kind == kind);
        if open.is_some_and(|index| self.cases[index].at != "returned") {
            return Err("ALREADY_EXISTS");
        }
        match kind {
            "waiver" if asked > day.checked_add(12.months()).unwrap() => return Err(INVALID),
            "transfer" if self.code == 1 => return Err(INVALID),
            "change" if self.classes == 1 => return Err(NOTHING),
            _ => {}
        }
        self.stands_for(kind, day)?;
        if kind == "closing" && plus(asked, 1) < self.since {
            return Err(INVALID);
        }
        if let Some(index) = open {
            self.follows(index)?;
            if self.over("correction_reply", number_of(index), day) {
                return Err(PASSED);
            }
        } else {
            if day < self.since {
                return Err(INVALID);
            }
            let closing = |case: &Case| case.open() && (kind == "closing" || case.kind == "closing");
            if self.cases.iter().any(closing) {
                return Err("ALREADY_EXISTS");
            }
            if kind == "licence" && self.barred.is_some_and(|until| day <= until) {
                return Err("APPLICANT_BARRED");
            }
        }
        let missing: Vec<&'static str> = match lacks {
            _ if matches!(kind, "waiver" | "closing") => Vec::new(),
            1 => vec!["fire"],
            2 => vec!["commitment"],
            3 => vec!["fire", "commitment"],
            _ => Vec::new(),
        };
        let mut named = missing.clone();
        if let Some(index) = open {
            let before = &self.cases[index];
            let known = |item: &&str| before.named.contains(item);
            let same = before.missing == missing && before.asked_day.is_none_or(|before| before == asked);
            if !missing.is_empty() && same && missing.iter().all(known) {
                return Err("RETURNED_ONCE");
            }
            named.retain(|item| known(item) || !before.missing.contains(item));
        }
        let index = open.unwrap_or(self.cases.len());
        let number = number_of(index);
        if open.is_none() {
            self.cases.push(Case {
                kind,
                at: "submitted",
                since: day,
                came: day,
                first: day,
                missing: Vec::new(),
                seen: None,
                named: Vec::new(),
                accepted: None,
                register: None,
                visit: None,
                plan: None,
                heard: false,
                silent: None,
                handed_over: false,
                asked_day: None,
            });
            if kind == "renewal" {
                self.done("renewal_ask", 0, day);
            }
        } else {
            self.done("correction_reply", number, day);
        }
        let case = &mut self.cases[index];
        case.came = day;
        case.missing = missing;
        case.asked_day = matches!(kind, "waiver" | "closing").then_some(asked);
        if named.is_empty() {
            self.goes(index, "submitted");
            self.start("completeness", number, day, 5);
        } else {
            self.returned(index, &named);
        }
        Ok(())
    }

    pub(super) fn returned(&mut self, index: usize, items: &[&'static str]) {
        self.goes(index, "returned");
        let day = self.day();
        let case = &mut self.cases[index];
        case.seen = Some(case.missing.clone());
        for item in items {
            if !case.named.contains(item) {
                case.named.push(item);
            }
        }
        self.start("correction_reply", number_of(index), day, 10);
    }

    /// The look at completeness may still be answered; tells whether silence had accepted.
    pub(super) fn before_acceptance(&mut self, index: usize) -> Result<bool, &'static str> {
        let day = self.day();
        let case = &self.cases[index];
        let silent = case.silent == Some(Silent::Accepted);
        if case.at == "accepted" && !silent {
            return Err(ILLEGAL);
        }
        if day < case.came {
            return Err(INVALID);
        }
        if self.over("completeness", number_of(index), day) {
            return Err(PASSED);
        }
        Ok(case_is_silent(&self.cases[index]))
    }

    pub(super) fn answered(&mut self, index: usize, silent: bool) {
        let number = number_of(index);
        self.done("completeness", number, self.day());
        if silent {
            self.cases[index].silent = None;
            self.cases[index].accepted = None;
            self.cancel(self.day(), |watch| watch.of == number);
        }
    }

    pub(super) fn give_back(&mut self, number: u32, item: &'static str) -> Answer {
        let index = self.named(number, &["submitted", "accepted"])?;
        let silent = self.before_acceptance(index)?;
        let case = &self.cases[index];
        if let Some(seen) = &case.seen {
            let news = item == "fire" && seen.contains(&"fire") != case.missing.contains(&"fire");
            if !case.named.contains(&item) && !news {
                return Err("RETURNED_ONCE");
            }
        }
        self.answered(index, silent);
        self.returned(index, &[item]);
        Ok(())
    }

    pub(super) fn accept(&mut self, number: u32, joint: bool) -> Answer {
        let index = self.named(number, &["submitted", "accepted"])?;
        let silent = self.before_acceptance(index)?;
        self.answered(index, silent);
        self.goes(index, "accepted");
        let day = self.day();
        self.cases[index].accepted = Some(day);
        self.start_decision(index, joint, day);
        Ok(())
    }

    pub(super) fn start_decision(&mut self, index: usize, joint: bool, from: Date) {
        let case = &self.cases[index];
        let service = case.asked_day.filter(|_| case.kind == "closing");
        let from = from.max(service.unwrap_or(from));
        let (kind, count) = if joint {
            ("joint_decision", 45)
        } else {
            ("decision", 20)
        };
        self.start(kind, number_of(index), from, count);
    }

    pub(super) fn dismiss(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["submitted"])?;
        self.follows(index)?;
        let silent = self.before_acceptance(index)?;
        self.answered(index, silent);
        self.goes(index, "not_required");
        Ok(())
    }

    pub(super) fn withdraw(&mut self, number: u32) -> Answer {
        let index = self.named(number, UNDECIDED)?;
        self.follows(index)?;
        self.goes(index, "withdrawn");
        self.cancel(self.day(), |watch| watch.of == number);
        Ok(())
    }

    pub(super) fn ask(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["accepted"])?;
        self.follows(index)?;
        self.goes(index, "awaiting_information");
        let day = self.day();
        if let Some(decision) = self.decision(number) {
            decision.stop(day, "answer");
        }
        self.start("information_reply", number, day, 10);
        Ok(())
    }

    pub(super) fn answer(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["awaiting_information"])?;
        self.follows(index)?;
        let day = self.day();
        if self.over("information_reply", number, day) {
            return Err(PASSED);
        }
        self.goes(index, "accepted");
        self.done("information_reply", number, day);
        let notices = self.notices;
        if let Some(decision) = self.decision(number) {
            decision.run_on(day, "answer", notices);
        }
        Ok(())
    }
}
