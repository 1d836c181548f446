//! The admission half of the story: registering, filing, the receipt.

use std::sync::Arc;

use jiff::ToSpan;
use yujian_domain::envelope::Actor;
use yujian_domain::inspection::Purpose;
use yujian_domain::institution::{
    IdentityInput, Institution, InstitutionCommand, InstitutionType, IssueReceipt, Paper, PaperKind, Premises,
    RegisterInstitution, RepresentativeInput, SubmitFiling, Tenure, WithdrawFiling,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Task, Visit};
use crate::story::{DemoError, Story};
use crate::world::Course;

impl Story<'_> {
    /// Does one thing of the agenda and schedules what follows from it.
    pub(crate) async fn step(&mut self, task: Task) -> Result<(), DemoError> {
        match task {
            Task::Register(institution) => self.register(institution).await,
            Task::File { institution, complete } => self.file(institution, complete).await,
            Task::Receipt(institution) => self.receipt(institution).await,
            Task::Withdraw(institution) => self.withdraw(institution).await,
            Task::Nonconformity(institution) => self.nonconformity(institution).await,
            Task::Conformity(institution) => self.conformity(institution).await,
            Task::Details(institution) => self.details(institution).await,
            Task::Classes(institution) => self.classes(institution).await,
            Task::Suspend(institution) => self.suspend(institution).await,
            Task::Resume(institution) => self.resume(institution).await,
            Task::Close(institution) => self.close(institution).await,
            Task::Correct(institution) => self.correct(institution).await,
            Task::Import(institution) => self.import(institution).await,
            Task::Staff(step) => self.staff_step(step).await,
            Task::Visit(step) => self.visit_step(step).await,
            Task::Alert(step) => self.alert_step(step).await,
            Task::Licence(step) => self.licence_step(step).await,
            _ => self.incident_step(task).await,
        }
    }

    pub(crate) async fn institution(
        &mut self,
        index: usize,
        actor: Actor,
        method: &'static str,
        command: InstitutionCommand,
    ) -> Result<Arc<Institution>, DemoError> {
        let target = self.members[index].id;
        Ok(self.run::<Institution>(actor, method, target, command).await?.state)
    }

    pub(crate) fn representative(&mut self, county: &str) -> RepresentativeInput {
        RepresentativeInput {
            name: Sensitive::new(self.dice.name()),
            identity: Some(IdentityInput(self.dice.identity(county))),
            phone: Sensitive::new(self.dice.phone()),
        }
    }

    async fn register(&mut self, index: usize) -> Result<(), DemoError> {
        let county = self.members[index].county.clone();
        let representative = self.representative(&county);
        let member = &self.members[index];
        let command = InstitutionCommand::Register(RegisterInstitution {
            name: member.name.clone(),
            credit_code: member.credit_code.clone(),
            site: "总部".to_owned(),
            address: member.address.clone(),
            region: member.region.clone(),
            point: None,
            institution_type: member.institution_type,
            also_types: member.also_types.clone(),
            mode: member.mode,
            ownership: member.ownership,
            registrar: member.registrar,
            registration_date: self.today().saturating_sub(10.days()),
            representative,
            classes: member.classes.clone(),
        });
        let actor = member.operator();
        let course = member.course;
        let method = "yujian.licensing.v1.LicensingService/RegisterInstitution";
        let outcome = self.run::<Institution>(actor, method, None, command).await?;
        self.members[index].id = Some(outcome.id);
        self.open_posts(index);
        if course != Course::OnlyRegisters {
            let complete = match course {
                Course::StaysReturned => false,
                Course::WaitsForReceipt | Course::Withdraws => true,
                _ => self.dice.percent(60),
            };
            self.plan(
                1,
                9,
                Task::File {
                    institution: index,
                    complete,
                },
            );
        }
        Ok(())
    }

    pub(crate) fn papers(&mut self, index: usize, complete: bool) -> Vec<Paper> {
        let member = &self.members[index];
        let mut kinds = vec![
            PaperKind::FilingForm,
            PaperKind::Commitment,
            PaperKind::RegistrationCertificate,
            PaperKind::PremisesProof,
            PaperKind::StaffQualifications,
            PaperKind::StaffHealthCertificates,
            PaperKind::HygieneEvaluation,
            PaperKind::FireSafety,
        ];
        if member.makes_meals {
            kinds.push(PaperKind::FoodLicence);
        }
        if member.institution_type == InstitutionType::FamilyPoint {
            kinds.push(PaperKind::OwnersConsent);
        }
        if complete {
            self.members[index].missing.clear();
        } else if self.members[index].missing.is_empty() {
            for _ in 0..self.dice.between(1, 3) {
                let gone = usize::try_from(self.dice.below(kinds.len() as u64)).unwrap_or(0);
                let gone = kinds.remove(gone);
                self.members[index].missing.push(gone);
            }
        } else {
            // Returned for the same once more.
            kinds.retain(|kind| !self.members[index].missing.contains(kind));
        }
        let today = self.today();
        let mut papers = Vec::with_capacity(kinds.len());
        for kind in kinds {
            let age = i64::try_from(self.dice.between(5, 90)).unwrap_or(5);
            papers.push(Paper {
                kind,
                issuer: Some(issuer(kind).to_owned()),
                number: Some(format!(
                    "{}-{:06}",
                    kind.code().to_uppercase(),
                    self.dice.below(1_000_000)
                )),
                issue_date: Some(today.saturating_sub(age.days())),
                expiry_date: expires(kind).then(|| today.saturating_add(1.year()).saturating_sub(age.days())),
                sha256: None,
                passed: matches!(kind, PaperKind::HygieneEvaluation | PaperKind::FireSafety).then_some(true),
            });
        }
        papers
    }

    /// Premises as they are handed in. Every sixth lease ends within the months to come.
    pub(crate) fn premises(&mut self, index: usize) -> Premises {
        let today = self.today();
        let (start, end) = if index % 6 == 1 {
            let left = i64::try_from(self.dice.between(60, 500)).unwrap_or(60);
            let end = today.saturating_add(left.days());
            (end.saturating_sub(4.years()), end)
        } else {
            (today.saturating_sub(60.days()), today.saturating_add(5.years()))
        };
        Premises {
            tenure: Tenure::Leased,
            lease_start_date: Some(start),
            lease_end_date: Some(end),
            highest_floor: 2,
            lowest_floor: 1,
            area_cm2: Some(4_500_000),
            built_area_cm2: None,
            outdoor_area_cm2: None,
        }
    }

    async fn file(&mut self, index: usize, complete: bool) -> Result<(), DemoError> {
        if self.licences_hold(index) {
            return self.apply(index).await;
        }
        let papers = self.papers(index, complete);
        let command = InstitutionCommand::SubmitFiling(SubmitFiling {
            papers,
            makes_meals: self.members[index].makes_meals,
            premises: Some(self.premises(index)),
        });
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/SubmitFiling";
        let state = self.institution(index, actor, method, command).await?;
        let returned = state.application.as_ref().map_or(0, |filing| filing.returned);
        match (complete, self.members[index].course) {
            (false, Course::StaysReturned) => {}
            (false, _) => self.plan(
                3,
                14,
                Task::File {
                    institution: index,
                    // Every third does not read what it was told.
                    complete: !index.is_multiple_of(3) || returned > 1,
                },
            ),
            (true, Course::WaitsForReceipt) => {}
            (true, Course::Withdraws) => self.plan(1, 3, Task::Withdraw(index)),
            (true, _) => {
                let (low, high) = if self.dice.percent(8) { (9, 16) } else { (1, 5) };
                if self.dice.percent(60) {
                    let purpose = Purpose::PreAuthorization;
                    self.soon(
                        30,
                        200,
                        Task::Visit(Visit::Plan {
                            institution: index,
                            purpose,
                        }),
                    );
                }
                self.plan(low, high, Task::Receipt(index));
            }
        }
        Ok(())
    }

    async fn receipt(&mut self, index: usize) -> Result<(), DemoError> {
        let county = self.members[index].county.clone();
        let command = InstitutionCommand::IssueReceipt(IssueReceipt {
            receipt_number: format!("{county}{}{index:05}", self.today().year()),
            issue_date: self.today(),
        });
        let actor = self.members[index].officer(1);
        let method = "yujian.licensing.v1.LicensingService/IssueReceipt";
        self.institution(index, actor, method, command).await?;
        self.members[index].open = true;
        match self.members[index].course {
            Course::StaysNonconforming | Course::Corrects => self.plan_within(20, 120, Task::Nonconformity(index)),
            Course::StaysSuspended | Course::Pauses => self.plan_within(30, 150, Task::Suspend(index)),
            Course::Closes => self.plan_within(60, 200, Task::Close(index)),
            _ => {}
        }
        if self.dice.percent(50) {
            self.plan(40, 300, Task::Details(index));
        }
        if self.dice.percent(50) {
            self.plan(60, 360, Task::Classes(index));
        }
        if self.dice.percent(6) {
            self.plan(30, 90, Task::Correct(index));
        }
        self.plan(1, 20, Task::Incident(index));
        self.begin_visits(index);
        self.will_apply(index);
        Ok(())
    }

    async fn withdraw(&mut self, index: usize) -> Result<(), DemoError> {
        let command = InstitutionCommand::WithdrawFiling(WithdrawFiling {
            reason: Sensitive::new("场地租赁发生变化"),
        });
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/WithdrawFiling";
        self.institution(index, actor, method, command).await.map(|_| ())
    }
}

fn issuer(kind: PaperKind) -> &'static str {
    match kind {
        PaperKind::FilingForm | PaperKind::Commitment | PaperKind::Other | PaperKind::OwnersConsent => "举办者",
        PaperKind::RegistrationCertificate => "登记机关",
        PaperKind::PremisesProof => "不动产登记中心",
        PaperKind::StaffQualifications => "人力资源和社会保障局",
        PaperKind::StaffHealthCertificates | PaperKind::HygieneEvaluation => "妇幼保健院",
        PaperKind::FireSafety => "消防救援大队",
        PaperKind::FoodLicence => "市场监督管理局",
    }
}

fn expires(kind: PaperKind) -> bool {
    matches!(kind, PaperKind::StaffHealthCertificates | PaperKind::FoodLicence)
}
