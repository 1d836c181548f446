//! What befalls those who work: illness, lateness, inquiries, lent certificates, bars, other posts; and the inspectors.

use jiff::ToSpan;
use yujian_domain::person::{
    ChangePersonDetails, ChangePost, CredentialKind, CredentialState, EndEngagement, EndGround, EngagementState,
    LiftBar, OffDutyGround, Offence, Person, PersonCommand, Post, QueryOccasion, ReturnToDuty, RevocationGround,
    RevokeCredential, TakeOffDuty, VerificationMethod, VerifyCredential,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Staff, Task, office};
use crate::papers;
use crate::staff::{Fate, Surveyor};
use crate::story::{DemoError, Story};
use crate::world::officer;

/// Inspectors of a county: two make a visit, the third steps in.
const INSPECTORS: u32 = 3;

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

    /// A county's authority registers its inspectors, with enforcement certificates.
    pub(crate) async fn appoint(&mut self, county: usize) -> Result<(), DemoError> {
        let region = self.teams[county].region.clone();
        for number in 1..=INSPECTORS {
            let account = format!("inspector-{}-{number}", region.code());
            let register = papers::at_authority(&mut self.dice, &region, account.clone());
            let method = "yujian.staffing.v1.StaffingService/RegisterPerson";
            let actor = officer(region.code(), 1);
            let outcome = self
                .run::<Person>(actor, method, None, PersonCommand::from(register))
                .await?;
            self.teams[county].inspectors.push(Surveyor {
                id: outcome.id,
                account,
                certificates: Vec::new(),
            });
            let today = self.today();
            let inspector = (number - 1) as usize;
            // The third one's certificate ends within the story.
            let expiry = if number == INSPECTORS {
                let (low, high) = self.span();
                today.saturating_add(papers::days(&mut self.dice, low.max(12), high))
            } else {
                today.saturating_add(papers::days(&mut self.dice, 1200, 1700))
            };
            self.enforcement(county, inspector, expiry.saturating_sub(5.years()), expiry)
                .await?;
            if number == INSPECTORS {
                let next = expiry.saturating_add(papers::days(&mut self.dice, 3, 60));
                let at = office(&mut self.dice, next);
                self.agenda.add(at, Task::Staff(Staff::Renew { county, inspector }));
            }
        }
        Ok(())
    }

    pub(crate) async fn renew(&mut self, county: usize, inspector: usize) -> Result<(), DemoError> {
        let today = self.today();
        let expiry = today.saturating_add(5.years()).saturating_sub(1.day());
        self.enforcement(county, inspector, today, expiry).await
    }

    async fn enforcement(
        &mut self,
        county: usize,
        inspector: usize,
        issue: jiff::civil::Date,
        expiry: jiff::civil::Date,
    ) -> Result<(), DemoError> {
        let code = self.teams[county].region.code().to_owned();
        let id = self.teams[county].inspectors[inspector].id;
        let issuer = (CredentialKind::Enforcement, "浙江省司法厅");
        let claim = papers::certificate(&mut self.dice, issuer, issue, Some(expiry));
        let method = "yujian.staffing.v1.StaffingService/ClaimCredential";
        let person = self
            .run::<Person>(officer(&code, 1), method, Some(id), PersonCommand::from(claim))
            .await?
            .state;
        let verify = VerifyCredential {
            credential: person.credentials.keys().next_back().copied().unwrap_or(1),
            method: VerificationMethod::Registry,
        };
        let method = "yujian.staffing.v1.StaffingService/VerifyCredential";
        self.run::<Person>(officer(&code, 2), method, Some(id), PersonCommand::from(verify))
            .await?;
        self.teams[county].inspectors[inspector]
            .certificates
            .push((issue, expiry));
        Ok(())
    }
}
