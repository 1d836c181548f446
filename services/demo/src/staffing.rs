//! The staff of the story: hiring with papers and queries, trainings, yearly renewals, leaving.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::envelope::Actor;
use yujian_domain::person::{
    Bar, BarGround, CredentialState, EndEngagement, EndGround, Engage, EngagementState, Offence, Person, PersonCommand,
    Post, QueryOccasion, RejectCredential, RejectionGround, TrainingKind, VerificationMethod, VerifyCredential,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::day_of;

use crate::agenda::{Staff, Task, office, soon};
use crate::papers;
use crate::staff::{self, Fate, Worker};
use crate::story::{DemoError, Story};
use crate::world::Course;

impl Story<'_> {
    pub(crate) async fn staff_step(&mut self, step: Staff) -> Result<(), DemoError> {
        match step {
            Staff::Hire { institution, post } => self.hire(institution, post).await,
            Staff::Health(worker) => self.health(worker).await,
            Staff::Query { worker, occasion } => self.query(worker, occasion).await,
            Staff::Claim { worker, further } => self.certificate(worker, further).await,
            Staff::Verify { worker, credential } => self.verify(worker, credential).await,
            Staff::Engage(worker) => self.engage(worker).await,
            Staff::Train { worker, kind } => self.train(worker, kind).await,
            Staff::Fate(worker) => self.fate(worker).await,
            Staff::Return(worker) => self.return_to_duty(worker).await,
            Staff::Dismiss { worker, ground } => self.end(worker, ground).await,
            Staff::Leave(worker) => self.leave(worker).await,
            Staff::Bar(worker) => self.bar(worker).await,
            Staff::Lift(worker) => self.lift(worker).await,
            Staff::Appoint(county) => self.appoint(county).await,
            Staff::Renew { county, inspector } => self.renew(county, inspector).await,
        }
    }

    /// Opens posts when an institution has registered.
    pub(crate) fn open_posts(&mut self, index: usize) {
        let posts = match self.members[index].course {
            Course::OnlyRegisters | Course::Imported => vec![Post::PersonInCharge],
            _ => staff::posts(&self.members[index]),
        };
        for post in posts {
            self.plan(
                0,
                10,
                Task::Staff(Staff::Hire {
                    institution: index,
                    post,
                }),
            );
        }
    }

    /// The institution has closed: everybody leaves within days.
    pub(crate) fn close_posts(&mut self, index: usize) {
        for worker in 0..self.workers.len() {
            if self.workers[worker].institution == index && !self.workers[worker].gone {
                let ground = EndGround::InstitutionClosed;
                self.plan(0, 8, Task::Staff(Staff::Dismiss { worker, ground }));
            }
        }
    }

    /// Runs a command about a worker who is registered.
    pub(crate) async fn person(
        &mut self,
        worker: usize,
        actor: Actor,
        method: &'static str,
        command: impl Into<PersonCommand>,
    ) -> Result<Person, DemoError> {
        let target = self.workers[worker].id;
        Ok(self.run::<Person>(actor, method, target, command.into()).await?.state)
    }

    /// What the log says of a worker; `None` before registration and after leaving for good.
    pub(crate) async fn known(&self, worker: usize) -> Result<Option<Person>, DemoError> {
        match self.workers[worker].id.filter(|_| !self.workers[worker].gone) {
            Some(id) => self.state::<Person>(id).await,
            None => Ok(None),
        }
    }

    /// Who acts for the worker's institution.
    pub(crate) fn employer(&self, worker: usize) -> Actor {
        self.members[self.workers[worker].institution].operator()
    }

    pub(crate) fn authority(&self, worker: usize, which: u32) -> Actor {
        self.members[self.workers[worker].institution].officer(which)
    }

    async fn hire(&mut self, institution: usize, post: Post) -> Result<(), DemoError> {
        let member = &self.members[institution];
        let Some(id) = member.id.filter(|_| !member.closed) else {
            return Ok(());
        };
        let (county, actor) = (member.county.clone(), member.operator());
        let register = papers::at_institution(&mut self.dice, &county, id);
        let method = "yujian.staffing.v1.StaffingService/RegisterPerson";
        let outcome = self
            .run::<Person>(actor, method, None, PersonCommand::from(register))
            .await?;
        let worker = self.workers.len();
        let fate = staff::fate(worker);
        self.workers.push(Worker {
            id: Some(outcome.id),
            institution,
            post,
            fate,
            second: None,
            told_again: false,
            gone: false,
        });
        let occasion = QueryOccasion::Hiring;
        self.soon(5, 90, Task::Staff(Staff::Query { worker, occasion }));
        self.soon(5, 90, Task::Staff(Staff::Health(worker)));
        if post == Post::PersonInCharge {
            let kind = TrainingKind::Management;
            self.soon(5, 90, Task::Staff(Staff::Train { worker, kind }));
        }
        let claim = Task::Staff(Staff::Claim { worker, further: false });
        match fate {
            Fate::NoPapers => {}
            Fate::LatePapers => self.plan(20, 60, claim),
            _ => self.soon(5, 90, claim),
        }
        if fate == Fate::RecordOnHiring {
            self.plan(2, 8, Task::Staff(Staff::Bar(worker)));
        } else {
            let kind = TrainingKind::PreService;
            self.plan(1, 2, Task::Staff(Staff::Train { worker, kind }));
            self.plan(2, 8, Task::Staff(Staff::Engage(worker)));
        }
        Ok(())
    }

    /// An examination that is passed; the next one is due in a year.
    async fn health(&mut self, worker: usize) -> Result<(), DemoError> {
        if self.left(worker).await? {
            return Ok(());
        }
        let day = self.day_of_paper(worker, Fate::LateHealth).await?;
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
    async fn query(&mut self, worker: usize, occasion: QueryOccasion) -> Result<(), DemoError> {
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

    /// Whether somebody who worked has no engagement any more: nobody renews anything then.
    async fn left(&self, worker: usize) -> Result<bool, DemoError> {
        Ok(self
            .known(worker)
            .await?
            .is_none_or(|person| !person.engagements.is_empty() && person.standing().next().is_none()))
    }

    async fn certificate(&mut self, worker: usize, further: bool) -> Result<(), DemoError> {
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
            let expiry = today.saturating_add(papers::days(&mut self.dice, low.max(12), high));
            return (expiry.saturating_sub(3.years()), Some(expiry));
        }
        papers::validity(&mut self.dice, today, years)
    }

    async fn verify(&mut self, worker: usize, credential: u32) -> Result<(), DemoError> {
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

    async fn train(&mut self, worker: usize, kind: TrainingKind) -> Result<(), DemoError> {
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
            self.plan(70, 200, Task::Staff(Staff::Train { worker, kind }));
        }
        Ok(())
    }

    async fn engage(&mut self, worker: usize) -> Result<(), DemoError> {
        let institution = self.workers[worker].institution;
        let Some(id) = self.members[institution]
            .id
            .filter(|_| !self.members[institution].closed)
        else {
            return Ok(());
        };
        let Some(person) = self.known(worker).await? else {
            return Ok(());
        };
        if !self.eligible(&person, id) {
            return Ok(());
        }
        let post = self.workers[worker].post;
        let engage = self.engagement(id, post);
        let first = person.engagements.is_empty();
        let method = "yujian.staffing.v1.StaffingService/Engage";
        self.person(worker, self.employer(worker), method, engage).await?;
        if first {
            let (low, high) = self.span();
            // Those who are late are late when their paper has run out.
            if !matches!(
                self.workers[worker].fate,
                Fate::Ordinary | Fate::LateHealth | Fate::LateQuery
            ) {
                self.plan(low, high, Task::Staff(Staff::Fate(worker)));
            }
        }
        if self.dice.percent(45) {
            self.plan(45, 900, Task::Staff(Staff::Leave(worker)));
        }
        Ok(())
    }

    /// Whether somebody may begin today, and is not there already.
    pub(crate) fn eligible(&self, person: &Person, institution: Uuid) -> bool {
        person.hindrances(self.today()).is_empty()
            && !person
                .standing()
                .any(|(_, engagement)| engagement.institution == institution)
    }

    pub(crate) fn engagement(&mut self, institution: Uuid, post: Post) -> Engage {
        Engage {
            institution,
            post,
            employment: staff::employment(&mut self.dice, post),
            share_permille: staff::share(&mut self.dice, post),
            start_date: self.today(),
        }
    }

    /// Ends what stands at the worker's institution; another one is sought where the post stays open.
    pub(crate) async fn end(&mut self, worker: usize, ground: EndGround) -> Result<(), DemoError> {
        let Some(person) = self.known(worker).await? else {
            return Ok(());
        };
        let institution = self.workers[worker].institution;
        let here = self.members[institution].id;
        let standing: Vec<u32> = person
            .engagements
            .iter()
            .filter(|(_, engagement)| {
                Some(engagement.institution) == here && engagement.state != EngagementState::Ended
            })
            .map(|(number, _)| *number)
            .collect();
        let method = "yujian.staffing.v1.StaffingService/EndEngagement";
        for engagement in &standing {
            let end = EndEngagement {
                engagement: *engagement,
                end_date: self.today(),
                ground,
            };
            self.person(worker, self.employer(worker), method, end).await?;
        }
        if !standing.is_empty() && !self.members[institution].closed {
            let post = self.workers[worker].post;
            self.plan(2, 25, Task::Staff(Staff::Hire { institution, post }));
        }
        Ok(())
    }

    async fn leave(&mut self, worker: usize) -> Result<(), DemoError> {
        let ground = match self.dice.below(100) {
            0..60 => EndGround::Resigned,
            60..85 => EndGround::ContractEnded,
            85..98 => EndGround::Dismissed,
            _ => EndGround::Error,
        };
        self.end(worker, ground).await?;
        // Some are taken on by another institution of the county.
        if ground != EndGround::Error && self.dice.percent(35) {
            let old = self.workers[worker].institution;
            if let Some(next) = self.neighbour(old) {
                self.workers[worker].institution = next;
                self.plan(3, 40, Task::Staff(Staff::Engage(worker)));
            }
        }
        Ok(())
    }

    /// Another institution that operates, in the same county where there is one.
    pub(crate) fn neighbour(&mut self, index: usize) -> Option<usize> {
        let county = self.members[index].county.clone();
        let open: Vec<usize> = (0..self.members.len())
            .filter(|other| *other != index && self.members[*other].open)
            .collect();
        let near: Vec<usize> = open
            .iter()
            .copied()
            .filter(|other| self.members[*other].county == county)
            .collect();
        let choice = if near.is_empty() { open } else { near };
        (!choice.is_empty()).then(|| *self.dice.pick(&choice))
    }

    /// Schedules something some minutes from now.
    pub(crate) fn soon(&mut self, low: u64, high: u64, task: Task) {
        let at = soon(&mut self.dice, self.at, low, high);
        self.agenda.add(at, task);
    }

    /// Bars somebody: for what was found, for abuse, by an order, or for some months.
    async fn bar(&mut self, worker: usize) -> Result<(), DemoError> {
        let Some(person) = self.known(worker).await?.filter(|person| person.bar.is_none()) else {
            return Ok(());
        };
        let fate = self.workers[worker].fate;
        let today = self.today();
        let (ground, until_date) = match fate {
            Fate::Abuses => (BarGround::ChildAbuse, None),
            Fate::Cleared => (BarGround::Order, None),
            Fate::BarredForATime => (BarGround::Health, Some(today.saturating_add(90.days()))),
            _ => (BarGround::Record, None),
        };
        let bar = Bar {
            ground,
            from_date: today,
            until_date,
            decision_number: format!("浙卫禁〔{}〕{}号", today.year(), worker + 1),
            reason: Sensitive::new("依据查明事实作出从业禁止决定"),
        };
        let method = "yujian.staffing.v1.StaffingService/Bar";
        self.person(worker, self.authority(worker, 1), method, bar).await?;
        if fate == Fate::Cleared {
            self.plan(10, 30, Task::Staff(Staff::Lift(worker)));
        } else if !person.engagements.is_empty() {
            let ground = EndGround::Barred;
            self.plan(1, 2, Task::Staff(Staff::Dismiss { worker, ground }));
        }
        Ok(())
    }

    /// A few of those who work at each institution that operates, for live traffic.
    pub(crate) fn some_staff(&self) -> BTreeMap<Uuid, Vec<Uuid>> {
        let mut staff: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for worker in self.workers.iter().filter(|worker| worker.fate == Fate::Ordinary) {
            let member = &self.members[worker.institution];
            if let (Some(institution), Some(person), true) = (member.id, worker.id, member.open) {
                let known = staff.entry(institution).or_default();
                if known.len() < 3 {
                    known.push(person);
                }
            }
        }
        staff
    }

    /// Inspectors whose certificates hold for a year at least after the story.
    pub(crate) fn lasting_inspectors(&self) -> BTreeMap<String, Vec<(Uuid, String)>> {
        let end = day_of(self.last);
        let days = [end, end.saturating_add(1.year())];
        self.teams
            .iter()
            .map(|team| {
                let lasting = team.inspectors.iter().filter(|one| one.certified(days));
                let known = lasting.map(|one| (one.id, one.account.clone())).collect();
                (team.region.code().to_owned(), known)
            })
            .collect()
    }
}
