//! What each step does to the model, as the rules say it.

use jiff::ToSpan;
use jiff::civil::Date;

use super::days::plus;
use super::model::{Answer, Case, Model, Plan, Silent, Term, Who};
use super::{KINDS, Step};

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
            Step::RunOut { kind, number } => self.run_out(super::CLOCKS[kind].code(), number),
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

    fn submit(&mut self, kind: &'static str, lacks: u8, days: i64) -> Answer {
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

    fn returned(&mut self, index: usize, items: &[&'static str]) {
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
    fn before_acceptance(&mut self, index: usize) -> Result<bool, &'static str> {
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

    fn answered(&mut self, index: usize, silent: bool) {
        let number = number_of(index);
        self.done("completeness", number, self.day());
        if silent {
            self.cases[index].silent = None;
            self.cases[index].accepted = None;
            self.cancel(self.day(), |watch| watch.of == number);
        }
    }

    fn give_back(&mut self, number: u32, item: &'static str) -> Answer {
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

    fn accept(&mut self, number: u32, joint: bool) -> Answer {
        let index = self.named(number, &["submitted", "accepted"])?;
        let silent = self.before_acceptance(index)?;
        self.answered(index, silent);
        self.goes(index, "accepted");
        let day = self.day();
        self.cases[index].accepted = Some(day);
        self.start_decision(index, joint, day);
        Ok(())
    }

    fn start_decision(&mut self, index: usize, joint: bool, from: Date) {
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

    fn dismiss(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["submitted"])?;
        self.follows(index)?;
        let silent = self.before_acceptance(index)?;
        self.answered(index, silent);
        self.goes(index, "not_required");
        Ok(())
    }

    fn withdraw(&mut self, number: u32) -> Answer {
        let index = self.named(number, UNDECIDED)?;
        self.follows(index)?;
        self.goes(index, "withdrawn");
        self.cancel(self.day(), |watch| watch.of == number);
        Ok(())
    }

    fn ask(&mut self, number: u32) -> Answer {
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

    fn answer(&mut self, number: u32) -> Answer {
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

    fn register(&mut self, number: Option<u32>, matches: bool, as_of: Date) -> Answer {
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

    fn visit(&mut self, number: u32, day: Date, meets: bool) -> Answer {
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

    fn propose(&mut self, number: u32, grant: bool, deceit: bool) -> Answer {
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

    fn nothing_against(&self, index: usize) -> Answer {
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

    fn send_back(&mut self, number: u32) -> Answer {
        let index = self.named(number, &["decision_proposed"])?;
        self.follows(index)?;
        self.another_person(index)?;
        self.goes(index, "accepted");
        self.cases[index].plan = None;
        Ok(())
    }

    fn another_person(&self, index: usize) -> Answer {
        let proposer = self.cases[index].plan.as_ref().map(|plan| plan.by);
        if proposer == Some(self.by) {
            Err("TWO_PERSON_RULE")
        } else {
            Ok(())
        }
    }

    /// A decision in time on what silence renewed: the term before, and the clock that ran out.
    fn silently_renewed(&self, index: usize, plan: &Plan) -> Result<(Term, usize), &'static str> {
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

    fn decide(&mut self, number: u32) -> Answer {
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

    fn grant(&mut self, index: usize, was_silent: bool) {
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

    fn object(&mut self, number: u32, hearing: bool) -> Answer {
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

    fn hear(&mut self, number: u32, upheld: bool, held: Option<Date>) -> Answer {
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

    fn refuse(&mut self, number: u32) -> Answer {
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

    fn hand_over(&mut self, number: u32, on: Date) -> Answer {
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

    /// The system finds that the latest clock of a kind has run out.
    fn run_out(&mut self, kind: &'static str, number: u32) -> Answer {
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
    fn term_is_over(&mut self, clock: usize, last: Date) {
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

    fn suspend(&mut self, ordered: bool) -> Answer {
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

    fn resume(&mut self) -> Answer {
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
    fn orders(&self, ordered: bool) -> Answer {
        if ordered && self.who == Who::Operator {
            Err("ROLE_NOT_ALLOWED")
        } else {
            Ok(())
        }
    }

    fn revoke(&mut self) -> Answer {
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
