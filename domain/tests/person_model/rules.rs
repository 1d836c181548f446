//! The model: what the rules say about one person, in few words and without the code under test.

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::envelope::Role;
use yujian_domain::person::OffDutyGround;
use yujian_domain::rejection::Reason;

use super::{ACCOUNTS, GROUNDS, Step};

#[derive(Debug, Clone)]
pub struct Paper {
    pub certificate: usize,
    pub at: &'static str,
    pub expiry: Option<Date>,
    pub teller: usize,
    pub since: Date,
}

#[derive(Debug, Clone)]
pub struct Job {
    pub house: u8,
    pub post: usize,
    pub share: u32,
    /// `active`, `off_duty` or `ended`.
    pub at: &'static str,
    pub ground: Option<OffDutyGround>,
    pub by_officer: bool,
    pub first: Date,
    pub since: Date,
    pub fit_for_it: bool,
}

#[derive(Debug, Clone)]
pub struct Ban {
    pub first: Date,
    pub last: Option<Date>,
    pub author: usize,
}

/// The model: what the rules say about one person.
#[derive(Debug, Clone)]
pub struct Model {
    pub today: Date,
    /// Legal day of the act that is being judged, and who does it.
    pub act: Date,
    pub by: usize,
    /// Empty until registered.
    pub at: &'static str,
    pub since: Date,
    pub account: bool,
    pub papers: Vec<Paper>,
    /// Day, passed.
    pub examined: Option<(Date, bool)>,
    /// Day, nothing found.
    pub asked: Option<(Date, bool)>,
    pub hours: u32,
    pub jobs: Vec<Job>,
    pub ban: Option<Ban>,
}

pub type Verdict = Result<(), Reason>;

pub fn plus(day: Date, days: i64) -> Date {
    day.saturating_add(days.days())
}

pub fn a_year_after(day: Date) -> Date {
    day.saturating_add(1.year())
}

impl Model {
    pub fn new(today: Date) -> Self {
        Self {
            today,
            act: today,
            by: 0,
            at: "",
            since: today,
            account: false,
            papers: Vec::new(),
            examined: None,
            asked: None,
            hours: 0,
            jobs: Vec::new(),
            ban: None,
        }
    }

    pub fn banned(&self, day: Date) -> bool {
        self.ban
            .as_ref()
            .is_some_and(|ban| ban.first <= day && ban.last.is_none_or(|last| last >= day))
    }

    pub fn convicted(&self) -> bool {
        self.asked.is_some_and(|(_, clear)| !clear)
    }

    pub fn unexamined(&self, day: Date) -> bool {
        !self
            .examined
            .is_some_and(|(on, passed)| passed && a_year_after(on) >= day)
    }

    pub fn unasked(&self, day: Date) -> bool {
        !self.convicted() && self.asked.is_none_or(|(on, _)| a_year_after(on) < day)
    }

    fn may_work(&self, first: Date) -> bool {
        let day = if first > self.today { first } else { self.today };
        !(self.banned(first) || self.banned(day) || self.convicted() || self.unexamined(day) || self.unasked(day))
    }

    fn fit_for(&self, post: usize, day: Date) -> bool {
        let wanted: &[usize] = match post {
            0 => &[2],
            1 => &[0, 1],
            2 => &[3],
            _ => return true,
        };
        let paper = self.papers.iter().any(|paper| {
            paper.at == "verified" && wanted.contains(&paper.certificate) && paper.expiry.is_none_or(|last| last >= day)
        });
        paper && (post != 0 || self.hours >= 60)
    }

    fn off_everywhere(&mut self, ground: OffDutyGround) {
        let (act, by_officer) = (self.act, ACCOUNTS[self.by].1 == Role::Officer);
        for job in self.jobs.iter_mut().filter(|job| job.at == "active") {
            job.at = "off_duty";
            job.ground = Some(ground);
            job.by_officer = by_officer;
            job.since = job.since.max(act);
        }
    }

    /// A day before the present state is refused, unless that is still to come: then the next state waits for it.
    fn in_order(&self, since: Date) -> Result<Date, Reason> {
        if since > self.today {
            Ok(since)
        } else if self.act < since {
            Err(Reason::InvalidField)
        } else {
            Ok(self.act)
        }
    }

    fn job(&self, number: u32, allowed: &[&str], already: &str) -> Result<usize, Reason> {
        let index = usize::try_from(number).unwrap().checked_sub(1);
        let index = index
            .filter(|index| *index < self.jobs.len())
            .ok_or(Reason::InvalidField)?;
        match self.jobs[index].at {
            at if allowed.contains(&at) => Ok(index),
            at if at == already => Err(Reason::NothingToDo),
            _ => Err(Reason::IllegalTransition),
        }
    }

    fn paper(&self, number: u32, allowed: &[&str], already: &str) -> Result<usize, Reason> {
        let index = usize::try_from(number).unwrap().checked_sub(1);
        let index = index
            .filter(|index| *index < self.papers.len())
            .ok_or(Reason::InvalidField)?;
        match self.papers[index].at {
            at if allowed.contains(&at) => Ok(index),
            at if at == already => Err(Reason::NothingToDo),
            _ => Err(Reason::IllegalTransition),
        }
    }

    /// What must come out. On refusal the model may be half changed: the caller keeps the old one.
    pub fn step(&mut self, step: &Step) -> Verdict {
        if self.act > self.today {
            return Err(Reason::InvalidField);
        }
        self.right_in_itself(step)?;
        if self.at.is_empty() != matches!(step, Step::Register { .. }) {
            return Err(if self.at.is_empty() {
                Reason::NotFound
            } else {
                Reason::AlreadyExists
            });
        }
        match *step {
            Step::Register { .. } => {
                self.at = "registered";
                self.since = self.act;
                Ok(())
            }
            Step::Details { phone, account } => self.details(phone, account),
            Step::Claim { certificate, days } => self.claim(certificate, days),
            Step::Verify(number) | Step::Reject(number) => self.judge(number, matches!(step, Step::Verify(_))),
            Step::Revoke(number) => {
                let index = self.paper(number, &["verified", "expired"], "")?;
                self.papers[index].since = self.in_order(self.papers[index].since)?;
                self.papers[index].at = "revoked";
                Ok(())
            }
            Step::Expire(number) => {
                let index = self.paper(number, &["verified"], "expired")?;
                let last = self.papers[index].expiry.filter(|last| *last < self.today);
                self.papers[index].since = plus(last.ok_or(Reason::NothingToDo)?, 1);
                self.papers[index].at = "expired";
                Ok(())
            }
            Step::Health { days, passed } => {
                let on = plus(self.today, days);
                newer(self.examined, (on, passed))?;
                self.examined = Some((on, passed));
                if !passed {
                    self.off_everywhere(OffDutyGround::NoHealthCertificate);
                }
                Ok(())
            }
            Step::Query { days, found } => {
                let on = plus(self.today, days);
                if self.convicted() && !found && self.by == 0 {
                    return Err(Reason::RoleNotAllowed);
                }
                // What was found is news however late it comes.
                if !found || self.convicted() {
                    newer(self.asked, (on, !found))?;
                }
                self.asked = Some((on, !found));
                if found {
                    self.off_everywhere(OffDutyGround::Barred);
                }
                Ok(())
            }
            Step::Train { hours } => {
                self.hours += hours;
                Ok(())
            }
            Step::Engage { at, post, days } => self.engage(at, post, plus(self.today, days)),
            Step::Post { number, post, days } => self.post(number, post, plus(self.today, days)),
            Step::Off { number, ground } => self.off(number, GROUNDS[ground]),
            Step::Back(number) => self.back(number),
            Step::End { number, days, barred } => self.end(number, plus(self.today, days), barred),
            Step::Bar { days, length, .. } => self.ban(plus(self.today, days), length),
            Step::Lift => {
                if self.at != "barred" {
                    return Err(Reason::IllegalTransition);
                }
                if self.ban.as_ref().is_some_and(|ban| ban.author == self.by) {
                    return Err(Reason::TwoPersonRule);
                }
                self.since = self.in_order(self.since)?;
                self.at = "registered";
                self.ban = None;
                Ok(())
            }
        }
    }

    /// What is wrong whatever the state.
    fn right_in_itself(&self, step: &Step) -> Verdict {
        let wrong = match *step {
            Step::Register { blank } => blank,
            Step::Health { days, .. } | Step::Query { days, .. } | Step::Post { days, .. } => days > 0,
            Step::Train { hours } => hours == 0,
            Step::Bar { abuse, days, length } => length.is_some_and(|length| abuse || length < 0 || days + length < 0),
            _ => false,
        };
        if wrong { Err(Reason::InvalidField) } else { Ok(()) }
    }

    fn details(&mut self, phone: bool, account: bool) -> Verdict {
        if account && ACCOUNTS[self.by].1 != Role::Officer {
            return Err(Reason::RoleNotAllowed);
        }
        if !phone && (!account || self.account) {
            return Err(Reason::NothingToDo);
        }
        self.account |= account;
        Ok(())
    }

    fn claim(&mut self, certificate: usize, days: Option<i64>) -> Verdict {
        let held = |paper: &Paper| paper.certificate == certificate && matches!(paper.at, "claimed" | "verified");
        if self.papers.iter().any(held) {
            return Err(Reason::AlreadyExists);
        }
        self.papers.push(Paper {
            certificate,
            at: "claimed",
            expiry: days.map(|days| plus(self.today, days)),
            teller: self.by,
            since: self.act,
        });
        Ok(())
    }

    fn judge(&mut self, number: u32, good: bool) -> Verdict {
        let index = self.paper(number, &["claimed"], "")?;
        if self.papers[index].teller == self.by {
            return Err(Reason::TwoPersonRule);
        }
        if good && self.papers[index].expiry.is_some_and(|last| last < self.today) {
            return Err(Reason::IllegalTransition);
        }
        self.papers[index].since = self.in_order(self.papers[index].since)?;
        self.papers[index].at = if good { "verified" } else { "rejected" };
        Ok(())
    }

    fn engage(&mut self, house: u8, post: usize, first: Date) -> Verdict {
        if first > plus(self.today, 31) {
            return Err(Reason::InvalidField);
        }
        if self.jobs.iter().any(|job| job.house == house && job.at != "ended") {
            return Err(Reason::AlreadyExists);
        }
        if !self.may_work(first) {
            return Err(Reason::PersonIneligible);
        }
        self.jobs.push(Job {
            house,
            post,
            share: 1000,
            at: "active",
            ground: None,
            by_officer: false,
            first,
            since: first,
            fit_for_it: self.fit_for(post, first.max(self.today)),
        });
        Ok(())
    }

    fn post(&mut self, number: u32, post: usize, first: Date) -> Verdict {
        let index = self.job(number, &["active"], "")?;
        if first < self.jobs[index].since {
            return Err(Reason::InvalidField);
        }
        if self.jobs[index].post == post && self.jobs[index].share == 500 {
            return Err(Reason::NothingToDo);
        }
        if !self.may_work(first) {
            return Err(Reason::PersonIneligible);
        }
        let fit_for_it = self.fit_for(post, self.today);
        let job = &mut self.jobs[index];
        (job.post, job.share, job.since, job.fit_for_it) = (post, 500, first, fit_for_it);
        Ok(())
    }

    fn off(&mut self, number: u32, ground: OffDutyGround) -> Verdict {
        let index = self.job(number, &["active"], "off_duty")?;
        let true_that_day = match ground {
            OffDutyGround::Infectious | OffDutyGround::Investigation => true,
            OffDutyGround::Barred => self.convicted() || self.ban_not_over(self.act),
            OffDutyGround::NoHealthCertificate => self.unexamined(self.act),
            OffDutyGround::NoRecordQuery => self.unasked(self.act),
        };
        if !true_that_day {
            return Err(Reason::InvalidField);
        }
        self.jobs[index].since = self.in_order(self.jobs[index].since)?;
        self.jobs[index].at = "off_duty";
        self.jobs[index].ground = Some(ground);
        self.jobs[index].by_officer = ACCOUNTS[self.by].1 == Role::Officer;
        Ok(())
    }

    fn ban_not_over(&self, day: Date) -> bool {
        self.ban
            .as_ref()
            .is_some_and(|ban| ban.last.is_none_or(|last| last >= day))
    }

    fn back(&mut self, number: u32) -> Verdict {
        let index = self.job(number, &["off_duty"], "active")?;
        let investigated = self.jobs[index].by_officer && self.jobs[index].ground == Some(OffDutyGround::Investigation);
        if investigated && ACCOUNTS[self.by].1 == Role::Operator {
            return Err(Reason::RoleNotAllowed);
        }
        let since = self.in_order(self.jobs[index].since)?;
        let ill = self.jobs[index].ground == Some(OffDutyGround::Infectious);
        let examined_since = self.examined.is_some_and(|(on, _)| on >= self.jobs[index].since);
        if !self.may_work(self.act) || (ill && !examined_since) {
            return Err(Reason::PersonIneligible);
        }
        let job = &mut self.jobs[index];
        (job.at, job.ground, job.since) = ("active", None, since);
        Ok(())
    }

    fn end(&mut self, number: u32, last: Date, barred: bool) -> Verdict {
        let index = self.job(number, &["active", "off_duty"], "")?;
        let job = &self.jobs[index];
        let too_early = last < job.since;
        let too_late = last > self.today && last != job.first;
        if too_early || too_late || (barred && !self.convicted() && !self.ban_not_over(self.today)) {
            return Err(Reason::InvalidField);
        }
        let job = &mut self.jobs[index];
        (job.at, job.ground, job.since) = ("ended", None, last);
        Ok(())
    }

    fn ban(&mut self, first: Date, length: Option<i64>) -> Verdict {
        if self.ban_not_over(first.min(self.today)) {
            return Err(Reason::IllegalTransition);
        }
        self.at = "barred";
        self.since = self.since.max(first);
        self.ban = Some(Ban {
            first,
            last: length.map(|length| plus(first, length)),
            author: self.by,
        });
        Ok(())
    }
}

/// The newest counts: an older one is refused, the same again changes nothing.
fn newer(known: Option<(Date, bool)>, news: (Date, bool)) -> Verdict {
    match known {
        Some((day, _)) if news.0 < day => Err(Reason::InvalidField),
        Some(same) if same == news => Err(Reason::NothingToDo),
        _ => Ok(()),
    }
}
