//! Applications of the licence regime under review: information, experts, more time, other bureaus' registers, the site.

use yujian_domain::clock::{ApproverOffice, ClockKind, ClockRef, ExtensionReason, PauseReason};
use yujian_domain::institution::{
    ApplicationKind, ApplicationState, ExtendClock, Institution, ItemProblem, PaperKind, PauseClock,
    ProvideInformation, QuestionInput, RecordRegistryCheck, RecordSiteVerification, RegistryOutcome, RegistrySource,
    RequestInformation, ResumeClock, ReturnedItem, VerificationOutcome, Verifier,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::Step;
use crate::applying::{Matter, bureau, method};
use crate::story::{DemoError, Story};
use crate::ways::Way;

impl Story<'_> {
    /// The review begins: information, experts, more time, or straight on to the site.
    pub(crate) async fn review(&mut self, matter: usize) -> Result<(), DemoError> {
        let states = [ApplicationState::Submitted, ApplicationState::Accepted];
        let Some((state, application)) = self.stands(matter, &states).await? else {
            return Ok(());
        };
        let way = self.matters[matter].way;
        if application.state == ApplicationState::Submitted {
            // The law has not supplied the acceptance yet. Beyond the holiday table it never will: an officer accepts.
            let provisional = state.clocks.open().any(|(name, clock)| {
                name.kind == ClockKind::Completeness
                    && clock.application == Some(application.number)
                    && clock.due.provisional
            });
            let step = if way.is_silent() && !provisional {
                Step::Review
            } else {
                Step::Look
            };
            self.follows(matter, 2, 4, step);
            return Ok(());
        }
        let begun = std::mem::replace(&mut self.matters[matter].reviewed, true);
        let clock = decision_clock(&state, application.number);
        match way {
            _ if begun => self.follows(matter, 1, 5, Step::Verify),
            Way::Withdraws => self.follows(matter, 1, 6, Step::Withdraw),
            Way::Asked | Way::NotAnswered | Way::Differs => self.inquire(matter).await?,
            Way::Experts => self.experts(matter, clock).await?,
            Way::Extended | Way::Joint => self.more_time(matter, clock).await?,
            _ => self.follows(matter, 1, 5, Step::Verify),
        }
        Ok(())
    }

    async fn inquire(&mut self, matter: usize) -> Result<(), DemoError> {
        let (number, way) = (self.matters[matter].number, self.matters[matter].way);
        if way == Way::Differs {
            self.registry(matter, RegistryOutcome::Differs).await?;
        }
        let command = RequestInformation {
            application: number,
            questions: vec![QuestionInput {
                item: PaperKind::FireSafety.code().to_owned(),
                question: Sensitive::new("消防安全检查合格证明与登记信息不一致，请说明或者更换"),
            }],
        };
        let officer = self.officer_of(matter, 1);
        self.act(matter, officer, method!("RequestInformation"), command)
            .await?;
        if way != Way::NotAnswered {
            self.follows(matter, 3, 8, Step::Reply);
        }
        Ok(())
    }

    pub(crate) async fn reply(&mut self, matter: usize) -> Result<(), DemoError> {
        let waits = self.stands(matter, &[ApplicationState::AwaitingInformation]).await?;
        if waits.is_none() {
            return Ok(());
        }
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let mut papers = self.papers(institution, true);
        papers.retain(|paper| paper.kind == PaperKind::FireSafety);
        let command = ProvideInformation {
            application: number,
            papers,
            statement: Some(Sensitive::new("已更换证明，详见附件")),
        };
        let operator = self.members[institution].operator();
        self.act(matter, operator, method!("ProvideInformation"), command)
            .await?;
        self.follows(matter, 1, 4, Step::Verify);
        Ok(())
    }

    async fn experts(&mut self, matter: usize, clock: Option<ClockRef>) -> Result<(), DemoError> {
        let today = self.today();
        if let Some(clock) = clock {
            let command = PauseClock {
                clock,
                reason: *self.dice.pick(&[PauseReason::ExpertReview, PauseReason::Test]),
                from_date: today,
                told_date: today,
            };
            let officer = self.officer_of(matter, 1);
            self.act(matter, officer, method!("PauseClock"), command).await?;
        }
        self.follows(matter, 6, 15, Step::RunOn);
        Ok(())
    }

    pub(crate) async fn run_on(&mut self, matter: usize) -> Result<(), DemoError> {
        let Some((state, application)) = self.stands(matter, &[ApplicationState::Accepted]).await? else {
            return Ok(());
        };
        if let Some(clock) = decision_clock(&state, application.number) {
            let command = ResumeClock {
                clock,
                on_date: self.today(),
            };
            let officer = self.officer_of(matter, 1);
            self.act(matter, officer, method!("ResumeClock"), command).await?;
        }
        self.follows(matter, 1, 4, Step::Verify);
        Ok(())
    }

    /// More time, as much as the rules of the application allow.
    async fn more_time(&mut self, matter: usize, clock: Option<ClockRef>) -> Result<(), DemoError> {
        let institution = self.matters[matter].institution;
        let reference = self.commands.reference();
        let rules = reference.licence(&self.members[institution].region, self.today()).ok();
        if let Some((clock, (rules, _))) = clock.zip(rules) {
            let (count, approver_office) = match clock.kind {
                ClockKind::JointDecision => (rules.joint_extension_working_days, ApproverOffice::PeoplesGovernment),
                _ => (rules.decision_extension_working_days, ApproverOffice::HeadOfAuthority),
            };
            let command = ExtendClock {
                clock,
                reason: ExtensionReason::ThirdPartyInput,
                count,
                approver: format!("head-{}", self.members[institution].county),
                approver_office,
                told_date: self.today(),
            };
            let officer = self.officer_of(matter, 1);
            self.act(matter, officer, method!("ExtendClock"), command).await?;
        }
        self.follows(matter, 8, 20, Step::Verify);
        Ok(())
    }

    /// Other bureaus tell what their registers say, and two inspectors go to the site where the rules ask for it.
    pub(crate) async fn check_site(&mut self, matter: usize) -> Result<(), DemoError> {
        if self.stands(matter, &[ApplicationState::Accepted]).await?.is_none() {
            return Ok(());
        }
        let Matter { kind, way, turned, .. } = self.matters[matter];
        let at_the_site = matches!(
            kind,
            ApplicationKind::Licence | ApplicationKind::Transfer | ApplicationKind::Change
        );
        if at_the_site {
            self.registry(matter, RegistryOutcome::Matches).await?;
            self.at_the_site(matter, way.is_against() && !turned).await?;
        }
        match way {
            // Nobody gets to it.
            Way::Undecided => {}
            Way::Late => self.follows(matter, 35, 50, Step::Propose),
            Way::JointLate => self.follows(matter, 70, 90, Step::Propose),
            _ => self.follows(matter, 1, 4, Step::Propose),
        }
        Ok(())
    }

    async fn registry(&mut self, matter: usize, outcome: RegistryOutcome) -> Result<(), DemoError> {
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let county = self.members[institution].county.clone();
        let told = RecordRegistryCheck {
            application: Some(number),
            source: RegistrySource::Fire,
            item: format!("papers.{}", PaperKind::FireSafety.code()),
            number: Some(format!("消安检字{:06}", self.dice.below(1_000_000))),
            outcome,
            valid_to_date: None,
            record_date: self.today(),
            response_sha256: self.dice.sha256(),
        };
        self.act(matter, bureau(&county, "fire"), method!("RecordRegistryCheck"), told)
            .await
            .map(|_| ())
    }

    async fn at_the_site(&mut self, matter: usize, falls_short: bool) -> Result<(), DemoError> {
        let Matter {
            institution, number, ..
        } = self.matters[matter];
        let county = self.members[institution].county.clone();
        let verifiers = (1..=2)
            .map(|which| Verifier {
                account: format!("inspector-{county}-{which}"),
                certificate: format!("浙执法{county}{which:03}"),
            })
            .collect();
        let command = RecordSiteVerification {
            application: number,
            visit_date: self.today(),
            verifiers,
            outcome: if falls_short {
                VerificationOutcome::FallsShort
            } else {
                VerificationOutcome::Meets
            },
            items: if falls_short {
                vec![ReturnedItem {
                    item: "outdoor".to_owned(),
                    rule: "ADM-13".to_owned(),
                    problem: ItemProblem::BelowStandard,
                }]
            } else {
                Vec::new()
            },
            inspection: None,
        };
        let officer = self.officer_of(matter, 1);
        self.act(matter, officer, method!("RecordSiteVerification"), command)
            .await
            .map(|_| ())
    }
}

/// The clock of a decision that runs or stands still.
fn decision_clock(state: &Institution, application: u32) -> Option<ClockRef> {
    let kinds = [ClockKind::Decision, ClockKind::JointDecision];
    let mut found = kinds
        .into_iter()
        .filter_map(|kind| state.clocks.open_of(kind, Some(application)));
    found.next().map(|(name, _)| name)
}
