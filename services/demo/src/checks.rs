//! What staff bring and bring again: examinations, queries, certificates with their verification, trainings.

use jiff::ToSpan;
use jiff::civil::Date;
use yujian_domain::person::{
    CredentialState, Offence, QueryOccasion, RejectCredential, RejectionGround, TrainingKind, VerificationMethod,
    VerifyCredential,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Staff, Task, office};
use crate::papers;
use crate::staff::{self, Fate};
use crate::story::{DemoError, Story};

impl Story<'_> {
    /// An examination that is passed; the next one is due in a year.
    pub(crate) async fn health(&mut self, worker: usize) -> Result<(), DemoError> {
        if self.left(worker).await? {
            return Ok(());
        }
        let day = self.day_of_paper(worker, Fate::LateHealth).await?;
        let known = self.known(worker).await?.and_then(|person| person.health.clone());
        if known.is_some_and(|known| known.passed && known.issue_date >= day) {
            return Ok(());
        }
        let examination = papers::examination(&mut self.dice, day, true);
        let method = "yujian.staffing.v1.StaffingService/RecordHealthCertificate";
        self.person(worker, self.employer(worker), method, examination).await?;
        let (low, high) = if self.dice.percent(5) { (366, 400) } else { (320, 360) };
        self.plan(low, high, Task::Staff(Staff::Health(worker)));
        Ok(())
    }

    /// Day of an examination or query: today, but those who will be late bring one from an earlier employer that runs out
    /// soon.
    async fn day_of_paper(&mut self, worker: usize, late: Fate) -> Result<Date, DemoError> {
        let today = self.today();
        let new = self
            .known(worker)
            .await?
            .is_some_and(|person| person.engagements.is_empty());
        if self.workers[worker].fate != late || !new {
            return Ok(today);
        }
        let (low, high) = self.span();
        let (low, high) = (low.max(12), high.clamp(15, 300));
        let left = papers::days(&mut self.dice, low, high);
        let day = today.saturating_sub(1.year()).saturating_add(left);
        // The first days on which it has run out.
        let at = office(&mut self.dice, today.saturating_add(left).saturating_add(2.days()));
        self.agenda.add(at, Task::Staff(Staff::Fate(worker)));
        Ok(day)
    }

    /// A record query; the next one is due in a year.
    pub(crate) async fn query(&mut self, worker: usize, occasion: QueryOccasion) -> Result<(), DemoError> {
        if self.left(worker).await? {
            return Ok(());
        }
        let found = if occasion == QueryOccasion::Hiring && self.workers[worker].fate == Fate::RecordOnHiring {
            vec![*self.dice.pick(&[Offence::ViolentInjury, Offence::Abuse])]
        } else {
            Vec::new()
        };
        let clear = found.is_empty();
        let day = self.day_of_paper(worker, Fate::LateQuery).await?;
        let known = self.known(worker).await?.and_then(|person| person.query.clone());
        if known.is_some_and(|known| known.query_date >= day) {
            return Ok(());
        }
        let answer = papers::answer(&mut self.dice, occasion, day, found);
        let method = "yujian.staffing.v1.StaffingService/RecordQuery";
        self.person(worker, self.employer(worker), method, answer).await?;
        if clear {
            let (low, high) = if self.dice.percent(4) { (366, 390) } else { (325, 362) };
            let occasion = QueryOccasion::Yearly;
            self.plan(low, high, Task::Staff(Staff::Query { worker, occasion }));
        }
        Ok(())
    }

    pub(crate) async fn certificate(&mut self, worker: usize, further: bool) -> Result<(), DemoError> {
        if self.left(worker).await? {
            return Ok(());
        }
        let post = self.workers[worker].post;
        let chosen = if further {
            staff::further_certificate(&mut self.dice, post)
        } else {
            staff::certificate(&mut self.dice, post)
        };
        let today = self.today();
        if !further {
            self.soon(5, 60, Task::Staff(Staff::Claim { worker, further: true }));
        }
        let Some((kind, issuer, years)) = chosen else {
            return Ok(());
        };
        let (issue, expiry) = self.validity(worker, today, years, further);
        let claim = papers::certificate(&mut self.dice, (kind, issuer), issue, expiry);
        let method = "yujian.staffing.v1.StaffingService/ClaimCredential";
        let person = self.person(worker, self.employer(worker), method, claim).await?;
        if let Some(credential) = person.credentials.keys().next_back().copied() {
            self.plan(1, 9, Task::Staff(Staff::Verify { worker, credential }));
        }
        if let Some(expiry) = expiry.filter(|_| !further) {
            // Most see to the next one in time, some after a gap.
            let next = expiry
                .saturating_sub(10.days())
                .saturating_add(papers::days(&mut self.dice, 0, 30));
            if next > today {
                let at = office(&mut self.dice, next);
                self.agenda
                    .add(at, Task::Staff(Staff::Claim { worker, further: false }));
            }
        }
        Ok(())
    }

    fn validity(&mut self, worker: usize, today: Date, years: Option<i64>, further: bool) -> (Date, Option<Date>) {
        if self.workers[worker].fate == Fate::Expires && !further && !self.workers[worker].told_again {
            self.workers[worker].told_again = true;
            let (low, high) = self.span();
            let expiry = today.saturating_add(papers::days(&mut self.dice, low.max(12), high.max(20)));
            return (expiry.saturating_sub(3.years()), Some(expiry));
        }
        papers::validity(&mut self.dice, today, years)
    }

    pub(crate) async fn verify(&mut self, worker: usize, credential: u32) -> Result<(), DemoError> {
        let Some(person) = self.known(worker).await? else {
            return Ok(());
        };
        let today = self.today();
        let waits = person.credentials.get(&credential).is_some_and(|known| {
            known.state == CredentialState::Claimed && known.expiry_date.is_none_or(|expiry| expiry >= today)
        });
        if !waits {
            return Ok(());
        }
        let ground = match self.workers[worker].fate {
            Fate::Forged if credential == 1 => Some(RejectionGround::Forged),
            Fate::TellsAgain if credential == 1 => Some(*self.dice.pick(&[
                RejectionGround::NotFound,
                RejectionGround::Mismatch,
                RejectionGround::Unreadable,
            ])),
            _ => None,
        };
        let actor = self.authority(worker, 2);
        if let Some(ground) = ground {
            let reject = RejectCredential {
                credential,
                ground,
                note: Some(Sensitive::new("经核对登记信息，与所报不一致")),
            };
            let method = "yujian.staffing.v1.StaffingService/RejectCredential";
            self.person(worker, actor, method, reject).await?;
            if ground != RejectionGround::Forged {
                self.plan(3, 15, Task::Staff(Staff::Claim { worker, further: false }));
            }
            return Ok(());
        }
        let verify = VerifyCredential {
            credential,
            method: *self.dice.pick(&[
                VerificationMethod::Registry,
                VerificationMethod::Registry,
                VerificationMethod::OriginalSeen,
                VerificationMethod::IssuerConfirmed,
            ]),
        };
        let method = "yujian.staffing.v1.StaffingService/VerifyCredential";
        self.person(worker, actor, method, verify).await.map(|_| ())
    }

    pub(crate) async fn train(&mut self, worker: usize, kind: TrainingKind) -> Result<(), DemoError> {
        if self.left(worker).await? {
            return Ok(());
        }
        let today = self.today();
        let training = papers::training(&mut self.dice, kind, today);
        let method = "yujian.staffing.v1.StaffingService/RecordTraining";
        self.person(worker, self.employer(worker), method, training).await?;
        // The chain of trainings in service begins with the one before starting.
        if kind != TrainingKind::Management {
            let kind = papers::training_kind(&mut self.dice, self.workers[worker].post);
            let kind = if kind == TrainingKind::Management {
                TrainingKind::InService
            } else {
                kind
            };
            self.plan(50, 140, Task::Staff(Staff::Train { worker, kind }));
        }
        Ok(())
    }
}
