//! Applications of the licence regime, from the proposal to the certificate: two persons, the applicant heard.

use jiff::ToSpan;
use yujian_command::Request;
use yujian_domain::clock::{ClockKind, ClockState};
use yujian_domain::inspection::Purpose;
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, ConditionTerms, Deceit, DecideApplication, DecideObjection, DeemedOutcome,
    Institution, IssueCertificate, LicenceApplication, LodgeObjection, NonconformityReason, ProposeDecision,
    ProposedOutcome, RefuseApplication, ReturnProposal, Status, SuspensionKind,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::Occurred;

use crate::agenda::{Licence, Step, Task, Visit};
use crate::applying::{Matter, method};
use crate::story::{DemoError, Story};
use crate::ways::Way;

impl Story<'_> {
    pub(crate) async fn verdict_step(&mut self, matter: usize, step: Step) -> Result<(), DemoError> {
        match step {
            Step::Propose => self.propose(matter).await,
            Step::SendBack => self.send_back(matter).await,
            Step::DecideLater => self.decide_later(matter).await,
            Step::Object => self.object(matter).await,
            Step::Hear => self.hear(matter).await,
            Step::Refuse => self.refuse(matter).await,
            Step::Certificate => self.hand_over(matter).await,
            _ => self.decide(matter).await,
        }
    }

    async fn propose(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((_, application)) = self.stands(matter, &[ApplicationState::Accepted]).await? else {
            return Ok(());
        };
        let today = self.today();
        let Matter {
            institution,
            number,
            way,
            turned,
            ..
        } = self.matters[matter];
        let against = way.is_against() && !turned;
        let conditions = if way == Way::LateCertificate {
            vec![ConditionTerms {
                item: "papers.fire_safety".to_owned(),
                text: "二层疏散指示标志按期补装".to_owned(),
                due_date: today.saturating_add(40.days()),
                until_date: None,
            }]
        } else {
            Vec::new()
        };
        let reasons = if against {
            vec![NonconformityReason {
                item: "outdoor".to_owned(),
                description: "室外活动场地面积不足".to_owned(),
            }]
        } else {
            Vec::new()
        };
        let command = ProposeDecision {
            application: number,
            outcome: if against {
                ProposedOutcome::Refuse
            } else {
                ProposedOutcome::Grant
            },
            conditions,
            reasons,
            deceit: (way == Way::Deceit).then_some(Deceit::FalsePapers),
        };
        let officer = self.members[institution].officer(1);
        self.act(matter, officer, method!("ProposeDecision"), command).await?;
        match way {
            Way::SentBack if !turned => self.follows(matter, 1, 3, Step::SendBack),
            Way::DecidedInTime => self.follows(matter, 5, 9, Step::DecideLater),
            _ => match &application.applied.closing {
                // Decided on the last day of service, so that nobody is there afterwards.
                Some(closing) => {
                    let wait = u64::try_from((closing.closing_date - today).get_days()).unwrap_or(0);
                    self.follows(matter, wait, wait, Step::Decide);
                }
                None => self.follows(matter, 1, 3, Step::Decide),
            },
        }
        Ok(())
    }

    async fn send_back(&mut self, matter: usize) -> Result<(), DemoError> {
        let proposed = self.stands(matter, &[ApplicationState::DecisionProposed]).await?;
        if proposed.is_none() {
            return Ok(());
        }
        self.matters[matter].turned = true;
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let command = ReturnProposal {
            application: number,
            reason: Sensitive::new("请补充说明核查情况"),
        };
        let officer = self.members[institution].officer(2);
        self.act(matter, officer, method!("ReturnProposal"), command).await?;
        self.follows(matter, 1, 4, Step::Propose);
        Ok(())
    }

    async fn decide(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((state, application)) = self.stands(matter, &[ApplicationState::DecisionProposed]).await? else {
            return Ok(());
        };
        let Matter {
            institution,
            number,
            kind,
            way,
            turned,
            ..
        } = self.matters[matter];
        let against = way.is_against() && !turned;
        if !against && must_wait(&state, kind) {
            self.follows(matter, 4, 9, Step::Decide);
            return Ok(());
        }
        let licence_number = (kind == ApplicationKind::Licence && !against).then(|| {
            let county = &self.members[institution].county;
            format!("浙托许{county}{}{institution:05}-{number}", self.today().year())
        });
        let command = DecideApplication {
            application: number,
            licence_number,
            effective_date: None,
        };
        let officer = self.members[institution].officer(2);
        let state = self.act(matter, officer, method!("DecideApplication"), command).await?;
        if !against {
            self.granted(matter, &state, &application);
        } else if matches!(way, Way::Refused | Way::Deceit) {
            self.follows(matter, 9, 14, Step::Refuse);
        } else {
            self.follows(matter, 1, 3, Step::Object);
        }
        Ok(())
    }

    /// The renewal was granted before the licence ran out, which is recorded after the law has supplied it.
    async fn decide_later(&mut self, matter: usize) -> Result<(), DemoError> {
        let states = [ApplicationState::DecisionProposed, ApplicationState::Granted];
        let Some((state, application)) = self.stands(matter, &states).await? else {
            return Ok(());
        };
        if application.state == ApplicationState::DecisionProposed {
            self.follows(matter, 3, 6, Step::DecideLater);
            return Ok(());
        }
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let deemed = application.deemed.as_ref();
        let renewed = deemed.filter(|deemed| deemed.outcome == DeemedOutcome::Renewed);
        let last_day = renewed.and_then(|deemed| deemed.term_before?.1);
        let held = state.authorization.as_ref().filter(|held| held.ended.is_none());
        let Some(last_day) =
            last_day.filter(|last| held.is_some_and(|held| Some(held.valid_from_date) == last.tomorrow().ok()))
        else {
            return Ok(());
        };
        let proposed = application.proposal.as_ref().and_then(|proposal| proposal.date);
        let decided = last_day.saturating_sub(2.days()).max(proposed.unwrap_or(last_day));
        let command = DecideApplication {
            application: number,
            licence_number: None,
            effective_date: None,
        };
        let mut request = Request::new(
            self.members[institution].officer(2),
            self.dice.uuid(),
            method!("DecideApplication"),
            self.members[institution].id,
            command.into(),
        );
        request.occurred = Some(Occurred::Day { date: decided });
        self.execute::<Institution>(method!("DecideApplication"), request)
            .await?;
        self.follows(matter, 1, 8, Step::Certificate);
        Ok(())
    }

    /// What a grant means for the story.
    fn granted(&mut self, matter: usize, state: &Institution, application: &LicenceApplication) {
        let Matter {
            institution, kind, way, ..
        } = self.matters[matter];
        let member = &mut self.members[institution];
        member.name.clone_from(&state.name);
        member.classes.clone_from(&state.classes);
        match kind {
            ApplicationKind::Licence => self.licensed(institution, state, way),
            ApplicationKind::Transfer => {
                if let Some(code) = state.credit_code.clone() {
                    let before = std::mem::replace(&mut self.members[institution].credit_code, code.clone());
                    self.succeeds.insert(code.to_string(), before.to_string());
                }
            }
            ApplicationKind::Closing => {
                self.closed(institution);
                let children = application
                    .applied
                    .closing
                    .as_ref()
                    .map(|asked| asked.children_to_place);
                if children.is_some_and(|children| children > 0) {
                    self.plan(1, 6, Task::Licence(Licence::Place(institution)));
                }
            }
            _ => {}
        }
        let (low, high) = if way == Way::LateCertificate { (22, 35) } else { (1, 8) };
        if !matches!(kind, ApplicationKind::Waiver | ApplicationKind::Closing) {
            self.follows(matter, low, high, Step::Certificate);
        }
    }

    /// An institution may run by its licence.
    fn licensed(&mut self, index: usize, state: &Institution, way: Way) {
        let first = !self.members[index].visited;
        let was_open = std::mem::replace(&mut self.members[index].open, true);
        if first {
            self.begin_visits(index);
        }
        if !was_open {
            self.plan(1, 20, Task::Incident(index));
        }
        if way == Way::LateCertificate {
            self.plan(8, 35, Task::Licence(Licence::Meet(index)));
        }
        self.plan(4, 18, Task::Licence(Licence::Lot(index)));
        if let Some(last_day) = state.authorization.as_ref().and_then(|held| held.valid_to_date) {
            self.term(index, last_day);
        }
    }

    /// The institution is closed for good.
    pub(crate) fn closed(&mut self, index: usize) {
        self.members[index].open = false;
        self.members[index].closed = true;
        self.close_posts(index);
        let purpose = Purpose::ClosureCheck;
        self.plan(
            3,
            20,
            Task::Visit(Visit::Plan {
                institution: index,
                purpose,
            }),
        );
    }

    async fn object(&mut self, matter: usize) -> Result<(), DemoError> {
        let intended = self.stands(matter, &[ApplicationState::RefusalIntended]).await?;
        if intended.is_none() {
            return Ok(());
        }
        let Matter {
            institution,
            number,
            way,
            ..
        } = self.matters[matter];
        let command = LodgeObjection {
            application: number,
            grounds: Sensitive::new("场地改造已经完成，请求复核"),
            hearing: way.is_heard(),
        };
        let operator = self.members[institution].operator();
        self.act(matter, operator, method!("LodgeObjection"), command).await?;
        let (low, high) = match way {
            // Every other hearing comes after its last day.
            _ if way.is_heard() && matter % 2 == 1 => (32, 40),
            _ if way.is_heard() => (13, 18),
            _ => (2, 5),
        };
        self.follows(matter, low, high, Step::Hear);
        Ok(())
    }

    async fn hear(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((_, application)) = self.stands(matter, &[ApplicationState::Objected]).await? else {
            return Ok(());
        };
        let Matter {
            institution,
            number,
            way,
            ..
        } = self.matters[matter];
        let today = self.today();
        let reference = self.commands.reference();
        let earliest = reference
            .licence(&self.members[institution].region, today)
            .ok()
            .zip(application.since)
            .map(|((rules, _), lodged)| {
                let notice = rules.hearing_notice_working_days;
                reference.calendar.add_working_days(lodged, notice).date
            });
        if way.is_heard() && earliest.is_some_and(|earliest| today < earliest) {
            self.follows(matter, 2, 4, Step::Hear);
            return Ok(());
        }
        let upheld = way == Way::Upheld;
        let command = DecideObjection {
            application: number,
            upheld,
            hearing_date: way.is_heard().then_some(today),
            statement: Sensitive::new(if upheld {
                "申辩理由成立"
            } else {
                "申辩理由不成立"
            }),
        };
        let officer = self.members[institution].officer(2);
        self.act(matter, officer, method!("DecideObjection"), command).await?;
        if upheld {
            self.matters[matter].turned = true;
            self.follows(matter, 1, 4, Step::Verify);
        } else {
            self.follows(matter, 1, 4, Step::Refuse);
        }
        Ok(())
    }

    /// Refused once the applicant was heard, or has let the time for it pass.
    async fn refuse(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((state, _)) = self.stands(matter, &[ApplicationState::RefusalIntended]).await? else {
            return Ok(());
        };
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let today = self.today();
        let mut asking = state
            .clocks
            .iter()
            .filter(|(name, clock)| name.kind == ClockKind::HearingRequest && clock.application == Some(number));
        let heard = asking.any(|(_, clock)| clock.state == ClockState::Met || clock.due.missed(today));
        if !heard {
            self.follows(matter, 2, 4, Step::Refuse);
            return Ok(());
        }
        let command = RefuseApplication { application: number };
        let officer = self.members[institution].officer(2);
        self.act(matter, officer, method!("RefuseApplication"), command).await?;
        self.tries_again(matter);
        Ok(())
    }

    async fn hand_over(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((state, application)) = self.stands(matter, &[ApplicationState::Granted]).await? else {
            return Ok(());
        };
        if application.certificate_issued || !matches!(state.status, Status::Licensed | Status::Suspended) {
            return Ok(());
        }
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let command = IssueCertificate {
            application: number,
            issue_date: self.today(),
        };
        let officer = self.members[institution].officer(1);
        self.act(matter, officer, method!("IssueCertificate"), command)
            .await
            .map(|_| ())
    }
}

/// Whether where the institution stands now goes with no grant of that kind, though it may later.
fn must_wait(state: &Institution, kind: ApplicationKind) -> bool {
    match kind {
        ApplicationKind::Licence => state.status == Status::Suspended,
        ApplicationKind::Renewal | ApplicationKind::Transfer => state
            .suspension
            .as_ref()
            .is_some_and(|suspension| suspension.kind != SuspensionKind::Voluntary),
        _ => false,
    }
}
