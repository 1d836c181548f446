//! Applications of the licence regime, from the papers to the acceptance; taken back, and made again.

use std::sync::Arc;

use yujian_command::Request;
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::institution::{
    AcceptApplication, ApplicationKind, ApplicationState, DeemedOutcome, DismissApplication, DismissalGround,
    Institution, InstitutionCommand, ItemProblem, LicenceApplication, PaperKind, ReturnApplication, ReturnedItem,
    Status, SubmitApplication, WithdrawApplication, WithdrawFiling,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::Occurred;

use crate::agenda::{Licence, Step, Task};
use crate::story::{DemoError, Story};
use crate::ways::Way;
use crate::world::officer;

/// Full name of a method of the service of licences.
macro_rules! method {
    ($name:literal) => {
        concat!("yujian.licensing.v1.AuthorizationService/", $name)
    };
}
pub(crate) use method;

/// An application of the story.
pub(crate) struct Matter {
    /// Whose.
    pub institution: usize,
    /// Number of the application.
    pub number: u32,
    /// What is applied for.
    pub kind: ApplicationKind,
    /// How it goes.
    pub way: Way,
    /// Whether what is particular to the review has been done.
    pub reviewed: bool,
    /// Whether the first proposal was taken back, by the second person or after a hearing.
    pub turned: bool,
}

impl Story<'_> {
    /// What the log says of an institution.
    pub(crate) async fn standing_of(&self, index: usize) -> Result<Option<Arc<Institution>>, DemoError> {
        match self.members[index].id {
            Some(id) => self.state::<Institution>(id).await,
            None => Ok(None),
        }
    }

    /// The institution and the application of a matter, when it stands in one of these states.
    pub(crate) async fn stands(
        &self,
        matter: usize,
        states: &[ApplicationState],
    ) -> Result<Option<(Arc<Institution>, LicenceApplication)>, DemoError> {
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let Some(state) = self.standing_of(institution).await? else {
            return Ok(None);
        };
        let application = state.licence_applications.get(&number).cloned();
        Ok(application
            .filter(|found| states.contains(&found.state))
            .map(|found| (state, found)))
    }

    /// An officer's or the operator's act about a matter.
    pub(crate) async fn act(
        &mut self,
        matter: usize,
        actor: Actor,
        method: &'static str,
        command: impl Into<InstitutionCommand>,
    ) -> Result<Arc<Institution>, DemoError> {
        let institution = self.matters[matter].institution;
        self.institution(institution, actor, method, command.into()).await
    }

    /// Schedules a step of a matter some days from now.
    pub(crate) fn follows(&mut self, matter: usize, low: u64, high: u64, step: Step) {
        self.plan(low, high, Task::Licence(Licence::Matter { matter, step }));
    }

    /// Schedules the first application of somebody in the pilot: within half of the time that the rules leave.
    pub(crate) fn will_apply(&mut self, index: usize) {
        let Some(wait) = self.days_to_pilot(index) else { return };
        let within = self.migration_days / 2;
        // One in twelve does nothing, and its receipt runs out.
        if index % 12 != 6 {
            self.plan(wait + 1, wait + within, Task::Licence(Licence::Apply(index)));
        }
    }

    /// Applies for a licence, once nothing stands against it.
    pub(crate) async fn apply(&mut self, index: usize) -> Result<(), DemoError> {
        let Some(state) = self.standing_of(index).await? else {
            return Ok(());
        };
        let kind = ApplicationKind::Licence;
        match state.status {
            Status::Returned => {
                let command = InstitutionCommand::WithdrawFiling(WithdrawFiling {
                    reason: Sensitive::new("改为申请托育服务许可"),
                });
                let method = "yujian.licensing.v1.LicensingService/WithdrawFiling";
                let operator = self.members[index].operator();
                self.institution(index, operator, method, command).await?;
                self.plan(1, 3, Task::Licence(Licence::Apply(index)));
                return Ok(());
            }
            Status::Accepted | Status::Suspended => {
                self.plan(5, 12, Task::Licence(Licence::Apply(index)));
                return Ok(());
            }
            Status::Registered | Status::Filed | Status::Nonconforming | Status::Revoked | Status::Expired => {}
            _ => return Ok(()),
        }
        let barred = state.barred_until.is_some_and(|until| self.today() <= until);
        if barred || !may_ask(&state, kind) {
            return Ok(());
        }
        let way = Way::of_licence(self.applied);
        self.applied += 1;
        let command = self.application(index, kind, !way.is_incomplete());
        self.hand_in(index, way, command).await
    }

    /// An application with the papers that its kind asks for.
    pub(crate) fn application(&mut self, index: usize, kind: ApplicationKind, complete: bool) -> SubmitApplication {
        let with_papers = !matches!(kind, ApplicationKind::Waiver | ApplicationKind::Closing);
        let papers = if with_papers {
            self.papers(index, complete)
        } else {
            Vec::new()
        };
        SubmitApplication {
            kind,
            papers,
            makes_meals: with_papers && self.members[index].makes_meals,
            premises: with_papers.then(|| self.premises(index)),
            change: None,
            transfer: None,
            waiver: None,
            closing: None,
        }
    }

    /// Hands an application in and schedules what follows.
    pub(crate) async fn hand_in(
        &mut self,
        index: usize,
        way: Way,
        command: SubmitApplication,
    ) -> Result<(), DemoError> {
        let kind = command.kind;
        let operator = self.members[index].operator();
        let state = self
            .institution(index, operator, method!("SubmitApplication"), command.into())
            .await?;
        let matter = self.matters.len();
        self.matters.push(Matter {
            institution: index,
            number: state.applications,
            kind,
            way,
            reviewed: false,
            turned: false,
        });
        self.looked_at(matter);
        Ok(())
    }

    fn looked_at(&mut self, matter: usize) {
        match self.matters[matter].way {
            Way::NotMended => {}
            Way::Incomplete => self.follows(matter, 2, 8, Step::Mend),
            Way::Silent => self.follows(matter, 9, 13, Step::Review),
            Way::Recalled => self.follows(matter, 9, 13, Step::Remember),
            _ => self.follows(matter, 1, 3, Step::Look),
        }
    }

    pub(crate) async fn matter_step(&mut self, matter: usize, step: Step) -> Result<(), DemoError> {
        match step {
            Step::Look => self.look(matter).await,
            Step::Mend => self.mend(matter).await,
            Step::Remember => self.remember(matter).await,
            Step::Review => self.review(matter).await,
            Step::Reply => self.reply(matter).await,
            Step::RunOn => self.run_on(matter).await,
            Step::Verify => self.check_site(matter).await,
            Step::Withdraw => self.take_back(matter).await,
            step => self.verdict_step(matter, step).await,
        }
    }

    pub(crate) fn officer_of(&self, matter: usize, which: u32) -> Actor {
        self.members[self.matters[matter].institution].officer(which)
    }

    /// The officer who looks whether it is complete: accepted, returned or dismissed.
    async fn look(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((_, application)) = self.stands(matter, &[ApplicationState::Submitted]).await? else {
            return Ok(());
        };
        let (number, way) = (self.matters[matter].number, self.matters[matter].way);
        let officer = self.officer_of(matter, 1);
        let ground = match way {
            Way::NotRequired => Some((DismissalGround::NotRequired, None)),
            Way::Elsewhere => Some((DismissalGround::OutOfJurisdiction, Some("县级教育部门".to_owned()))),
            _ => None,
        };
        if let Some((ground, competent_authority)) = ground {
            let command = DismissApplication {
                application: number,
                ground,
                competent_authority,
            };
            self.act(matter, officer, method!("DismissApplication"), command)
                .await?;
            self.tries_again(matter);
            return Ok(());
        }
        if way == Way::Returned && application.returned == 0 {
            let command = ReturnApplication {
                application: number,
                items: vec![unclear()],
            };
            self.act(matter, officer, method!("ReturnApplication"), command).await?;
            self.follows(matter, 2, 8, Step::Mend);
            return Ok(());
        }
        let command = AcceptApplication {
            application: number,
            joint: matches!(way, Way::Joint | Way::JointLate),
        };
        self.act(matter, officer, method!("AcceptApplication"), command).await?;
        self.follows(matter, 1, 5, Step::Review);
        Ok(())
    }

    /// The papers come anew, complete.
    async fn mend(&mut self, matter: usize) -> Result<(), DemoError> {
        if self.stands(matter, &[ApplicationState::Returned]).await?.is_none() {
            return Ok(());
        }
        let Matter { institution, kind, .. } = self.matters[matter];
        let command = self.application(institution, kind, true);
        let operator = self.members[institution].operator();
        self.act(matter, operator, method!("SubmitApplication"), command)
            .await?;
        self.follows(matter, 1, 3, Step::Look);
        Ok(())
    }

    /// It had been accepted on the day after the papers came, which is recorded only now.
    async fn remember(&mut self, matter: usize) -> Result<(), DemoError> {
        let states = [ApplicationState::Submitted, ApplicationState::Accepted];
        let Some((_, application)) = self.stands(matter, &states).await? else {
            return Ok(());
        };
        let deemed = application.deemed.as_ref();
        if deemed.is_none_or(|deemed| deemed.outcome != DeemedOutcome::Accepted) {
            self.follows(matter, 2, 4, Step::Review);
            return Ok(());
        }
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let command = AcceptApplication {
            application: number,
            joint: false,
        };
        let mut request = Request::new(
            self.officer_of(matter, 1),
            self.dice.uuid(),
            method!("AcceptApplication"),
            self.members[institution].id,
            command.into(),
        );
        let came = application.submitted.date.unwrap_or(self.today());
        request.occurred = Some(Occurred::Day {
            date: came.tomorrow().unwrap_or(came),
        });
        self.execute::<Institution>(method!("AcceptApplication"), request)
            .await?;
        self.follows(matter, 1, 4, Step::Review);
        Ok(())
    }

    async fn take_back(&mut self, matter: usize) -> Result<(), DemoError> {
        if self.stands(matter, &[ApplicationState::Accepted]).await?.is_none() {
            return Ok(());
        }
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let command = WithdrawApplication {
            application: number,
            reason: Sensitive::new("场地租赁发生变化"),
        };
        let operator = self.members[institution].operator();
        self.act(matter, operator, method!("WithdrawApplication"), command)
            .await?;
        self.tries_again(matter);
        Ok(())
    }

    /// Whoever was left without a licence, most apply again.
    pub(crate) fn tries_again(&mut self, matter: usize) {
        let Matter { institution, kind, .. } = self.matters[matter];
        if kind == ApplicationKind::Licence && self.dice.percent(70) {
            self.plan(12, 40, Task::Licence(Licence::Apply(institution)));
        }
    }
}

/// Whether nothing that is open stands against an application of that kind: closing stands alone.
pub(crate) fn may_ask(state: &Institution, kind: ApplicationKind) -> bool {
    let mut open = state
        .licence_applications
        .values()
        .filter(|application| !application.state.is_final());
    !open.any(|application| {
        application.kind == kind || kind == ApplicationKind::Closing || application.kind == ApplicationKind::Closing
    })
}

/// Somebody of another bureau of the county.
pub(crate) fn bureau(county: &str, name: &str) -> Actor {
    Actor {
        id: format!("{name}-{county}"),
        role: Role::Bureau,
        organisation: Some(format!("{name}-{county}")),
        ..officer(county, 1)
    }
}

/// What no rule can see.
fn unclear() -> ReturnedItem {
    ReturnedItem {
        item: format!("papers.{}", PaperKind::PremisesProof.code()),
        rule: "ADM-48".to_owned(),
        problem: ItemProblem::Incomplete,
    }
}
