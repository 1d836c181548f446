//! The staff of the story: hiring with papers and queries, trainings, yearly renewals, leaving.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::envelope::Actor;
use yujian_domain::person::{
    Bar, BarGround, EndEngagement, EndGround, Engage, EngagementState, Person, PersonCommand, Post, QueryOccasion,
    TrainingKind,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Staff, Task, soon};
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
            if self.workers[worker].institution == index {
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
    ) -> Result<Arc<Person>, DemoError> {
        let target = self.workers[worker].id;
        let command = command.into();
        let actor = if matches!(command, PersonCommand::Engage(_)) {
            actor
        } else {
            self.still_employing(worker, actor).await?
        };
        Ok(self.run::<Person>(actor, method, target, command).await?.state)
    }

    /// Who was engaged before a licence changed hands is still the former operator's: an engagement names the one that
    /// began it.
    async fn still_employing(&self, worker: usize, actor: Actor) -> Result<Actor, DemoError> {
        let now = actor.organisation.as_deref();
        let Some((now, before)) = now.and_then(|now| Some((now, self.succeeds.get(now)?))) else {
            return Ok(actor);
        };
        let Some(person) = self.known(worker).await? else {
            return Ok(actor);
        };
        let is_of = |organisation: &str| {
            let mut engaged = person.standing().map(|(_, one)| one.organisation.as_deref());
            engaged.any(|one| one == Some(organisation))
                || (person.engagements.is_empty() && person.organisation.as_deref() == Some(organisation))
        };
        if is_of(now) || !is_of(before) {
            return Ok(actor);
        }
        Ok(Actor {
            organisation: Some(before.clone()),
            ..actor
        })
    }

    /// What the log says of a worker; `None` before registration.
    pub(crate) async fn known(&self, worker: usize) -> Result<Option<Arc<Person>>, DemoError> {
        match self.workers[worker].id {
            Some(id) => self.state::<Person>(id).await,
            None => Ok(None),
        }
    }

    /// Who acts for the worker's institution.
    pub(crate) fn employer(&self, worker: usize) -> Actor {
        self.members[self.workers[worker].institution].operator()
    }

    /// An officer of the county where the worker was registered.
    pub(crate) fn authority(&self, worker: usize, which: u32) -> Actor {
        self.members[self.workers[worker].home].officer(which)
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
            home: institution,
            institution,
            post,
            fate,
            second: None,
            told_again: false,
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
            // Most begin when their certificate is verified; some do not wait for it.
            let (low, high) = match fate {
                Fate::NoPapers | Fate::LatePapers | Fate::TellsAgain | Fate::Forged => (2, 8),
                _ => (10, 15),
            };
            self.plan(low, high, Task::Staff(Staff::Engage(worker)));
        }
        Ok(())
    }

    /// Whether somebody who worked has no engagement here any more: nobody renews anything then.
    pub(crate) async fn left(&self, worker: usize) -> Result<bool, DemoError> {
        let here = self.members[self.workers[worker].institution].id;
        Ok(self.known(worker).await?.is_none_or(|person| {
            !person.engagements.is_empty() && !person.standing().any(|(_, one)| Some(one.institution) == here)
        }))
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
        if !first {
            self.renew_here(worker, &person);
        }
        if self.dice.percent(55) {
            self.plan(45, 800, Task::Staff(Staff::Leave(worker)));
        }
        Ok(())
    }

    /// The next employer sees to what will run out.
    fn renew_here(&mut self, worker: usize, person: &Person) {
        let today = self.today();
        let left =
            |until: Option<Date>| until.map_or(0, |until| u64::try_from((until - today).get_days()).unwrap_or(0));
        let health = left(person.health.as_ref().map(|health| health.expiry_date));
        self.plan(health / 2, health, Task::Staff(Staff::Health(worker)));
        let query = left(person.query.as_ref().map(|query| query.valid_until));
        let occasion = QueryOccasion::Yearly;
        self.plan(query / 2, query, Task::Staff(Staff::Query { worker, occasion }));
        let kind = TrainingKind::InService;
        self.plan(20, 90, Task::Staff(Staff::Train { worker, kind }));
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
}
