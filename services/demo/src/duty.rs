//! What befalls those who work: illness, lateness, inquiries, lent certificates, bars, other posts; and the inspectors.

use yujian_domain::person::{
    ChangePersonDetails, ChangePost, CredentialState, EndEngagement, EndGround, EngagementState, LiftBar,
    OffDutyGround, Offence, Person, Post, QueryOccasion, ReturnToDuty, RevocationGround, RevokeCredential, TakeOffDuty,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Staff, Task};
use crate::papers;
use crate::staff::Fate;
use crate::story::{DemoError, Story};

impl Story<'_> {
    /// What is particular to somebody comes about.
    pub(crate) async fn fate(&mut self, worker: usize) -> Result<(), DemoError> {
        let Some(person) = self.known(worker).await? else {
            return Ok(());
        };
        let here = self.members[self.workers[worker].institution].id;
        let Some(engagement) = person
            .engagements
            .iter()
            .find(|(_, one)| Some(one.institution) == here && one.state == EngagementState::Active)
            .map(|(number, _)| *number)
        else {
            return Ok(());
        };
        match self.workers[worker].fate {
            Fate::LateHealth | Fate::LateQuery => {
                let today = self.today();
                match person.hindrances(today).first() {
                    Some(ground) => self.off_duty(worker, engagement, *ground).await,
                    None => Ok(()),
                }
            }
            Fate::Infectious => self.off_duty(worker, engagement, OffDutyGround::Infectious).await,
            Fate::Investigated => self.off_duty(worker, engagement, OffDutyGround::Investigation).await,
            Fate::Unfit => self.unfit(worker).await,
            Fate::RecordLater => self.record_found(worker).await,
            Fate::Abuses | Fate::Cleared | Fate::BarredForATime => {
                self.soon(1, 60, Task::Staff(Staff::Bar(worker)));
                Ok(())
            }
            Fate::Revoked => self.revoke(worker, &person, RevocationGround::ByIssuer).await,
            Fate::Lends | Fate::WorksTwice => self.second(worker, &person).await,
            Fate::ChangesPost => self.change_post(worker, engagement).await,
            Fate::ChangesName => self.change_details(worker).await,
            _ => Ok(()),
        }
    }

    async fn off_duty(&mut self, worker: usize, engagement: u32, ground: OffDutyGround) -> Result<(), DemoError> {
        let method = "yujian.staffing.v1.StaffingService/TakeOffDuty";
        let command = TakeOffDuty { engagement, ground };
        self.person(worker, self.employer(worker), method, command).await?;
        match ground {
            OffDutyGround::NoRecordQuery => {
                let occasion = QueryOccasion::Yearly;
                self.plan(2, 8, Task::Staff(Staff::Query { worker, occasion }));
            }
            OffDutyGround::Investigation | OffDutyGround::Barred => {}
            OffDutyGround::Infectious | OffDutyGround::NoHealthCertificate => {
                self.plan(2, 12, Task::Staff(Staff::Health(worker)));
            }
        }
        self.plan(13, 30, Task::Staff(Staff::Return(worker)));
        Ok(())
    }

    /// Does not pass the yearly examination: off duty with it, and back when the next one is passed.
    async fn unfit(&mut self, worker: usize) -> Result<(), DemoError> {
        let today = self.today();
        let examination = papers::examination(&mut self.dice, today, false);
        let method = "yujian.staffing.v1.StaffingService/RecordHealthCertificate";
        self.person(worker, self.employer(worker), method, examination).await?;
        self.plan(8, 20, Task::Staff(Staff::Health(worker)));
        self.plan(21, 30, Task::Staff(Staff::Return(worker)));
        Ok(())
    }

    /// The yearly query finds something: off duty with it, dismissed at once, then barred.
    async fn record_found(&mut self, worker: usize) -> Result<(), DemoError> {
        let found = vec![*self.dice.pick(&[Offence::ViolentInjury, Offence::SexualAssault])];
        let today = self.today();
        let answer = papers::answer(&mut self.dice, QueryOccasion::Yearly, today, found);
        let method = "yujian.staffing.v1.StaffingService/RecordQuery";
        self.person(worker, self.employer(worker), method, answer).await?;
        let ground = EndGround::Dismissed;
        self.soon(5, 120, Task::Staff(Staff::Dismiss { worker, ground }));
        self.plan(4, 12, Task::Staff(Staff::Bar(worker)));
        Ok(())
    }

    /// Lets those work again whose ground is gone.
    pub(crate) async fn return_to_duty(&mut self, worker: usize) -> Result<(), DemoError> {
        let Some(person) = self.known(worker).await? else {
            return Ok(());
        };
        let today = self.today();
        let fit = person.hindrances(today).is_empty();
        let here = self.members[self.workers[worker].institution].id;
        let away = person
            .engagements
            .iter()
            .find(|(_, one)| Some(one.institution) == here && one.state == EngagementState::OffDuty);
        let Some((engagement, _)) = away.filter(|_| fit) else {
            return Ok(());
        };
        let command = ReturnToDuty {
            engagement: *engagement,
        };
        let method = "yujian.staffing.v1.StaffingService/ReturnToDuty";
        self.person(worker, self.employer(worker), method, command)
            .await
            .map(|_| ())
    }

    async fn revoke(&mut self, worker: usize, person: &Person, ground: RevocationGround) -> Result<(), DemoError> {
        let verified = person
            .credentials
            .iter()
            .find(|(_, credential)| credential.state == CredentialState::Verified);
        let Some((credential, _)) = verified else {
            return Ok(());
        };
        let command = RevokeCredential {
            credential: *credential,
            ground,
            note: Some(Sensitive::new("经调查核实，予以撤销")),
        };
        let method = "yujian.staffing.v1.StaffingService/RevokeCredential";
        self.person(worker, self.authority(worker, 1), method, command)
            .await
            .map(|_| ())
    }

    /// A second engagement elsewhere; when it stands already, it comes to light and ends.
    async fn second(&mut self, worker: usize, person: &Person) -> Result<(), DemoError> {
        let lends = self.workers[worker].fate == Fate::Lends;
        if let Some(other) = self.workers[worker].second {
            if lends {
                self.revoke(worker, person, RevocationGround::Lent).await?;
            }
            let there = self.members[other].id;
            let standing = person
                .engagements
                .iter()
                .find(|(_, one)| Some(one.institution) == there && one.state != EngagementState::Ended);
            if let Some((engagement, _)) = standing {
                let end = EndEngagement {
                    engagement: *engagement,
                    end_date: self.today(),
                    ground: if lends {
                        EndGround::Dismissed
                    } else {
                        EndGround::Resigned
                    },
                };
                let method = "yujian.staffing.v1.StaffingService/EndEngagement";
                self.person(worker, self.members[other].operator(), method, end).await?;
            }
            return Ok(());
        }
        let institution = self.workers[worker].institution;
        let Some(other) = self.neighbour(institution) else {
            return Ok(());
        };
        let Some(id) = self.members[other].id.filter(|id| self.eligible(person, *id)) else {
            return Ok(());
        };
        let engage = self.engagement(id, self.workers[worker].post);
        let method = "yujian.staffing.v1.StaffingService/Engage";
        self.person(worker, self.members[other].operator(), method, engage)
            .await?;
        self.workers[worker].second = Some(other);
        let (low, high) = self.span();
        self.plan(low, high, Task::Staff(Staff::Fate(worker)));
        Ok(())
    }

    async fn change_post(&mut self, worker: usize, engagement: u32) -> Result<(), DemoError> {
        let old = self.workers[worker].post;
        let post = match old {
            // The head stays the head: somebody else would have to take over the same day.
            Post::PersonInCharge => return self.change_details(worker).await,
            Post::Carer => *self.dice.pick(&[Post::Other, Post::HealthWorker]),
            Post::HealthWorker | Post::Guard | Post::Cook | Post::Other => Post::Carer,
        };
        let command = ChangePost {
            engagement,
            post,
            share_permille: 1000,
            from_date: self.today(),
        };
        let method = "yujian.staffing.v1.StaffingService/ChangePost";
        self.person(worker, self.employer(worker), method, command).await?;
        self.workers[worker].post = post;
        let institution = self.workers[worker].institution;
        self.plan(2, 20, Task::Staff(Staff::Hire { institution, post: old }));
        Ok(())
    }

    async fn change_details(&mut self, worker: usize) -> Result<(), DemoError> {
        let command = ChangePersonDetails {
            name: self.dice.percent(20).then(|| Sensitive::new(self.dice.name())),
            phone: Some(Sensitive::new(self.dice.phone())),
            account: None,
        };
        let method = "yujian.staffing.v1.StaffingService/ChangePersonDetails";
        self.person(worker, self.employer(worker), method, command)
            .await
            .map(|_| ())
    }

    /// Another officer lifts a bar that should not have been imposed.
    pub(crate) async fn lift(&mut self, worker: usize) -> Result<(), DemoError> {
        if self.known(worker).await?.is_none_or(|person| person.bar.is_none()) {
            return Ok(());
        }
        let command = LiftBar {
            decision_number: format!("浙卫撤〔{}〕{}号", self.today().year(), worker + 1),
            reason: Sensitive::new("原认定事实不成立，予以撤销"),
        };
        let method = "yujian.staffing.v1.StaffingService/LiftBar";
        self.person(worker, self.authority(worker, 2), method, command).await?;
        self.plan(1, 4, Task::Staff(Staff::Return(worker)));
        Ok(())
    }
}
