//! The admission half of the story: registering, filing, standards, changes, pauses, closing.

use jiff::ToSpan;
use yujian_domain::envelope::Actor;
use yujian_domain::inspection::Purpose;
use yujian_domain::institution::{
    ChangeClasses, ChangeDetails, CloseInstitution, ConfirmConformity, CorrectFact, IdentityInput, Institution,
    InstitutionCommand, InstitutionType, IssueReceipt, NonconformityReason, NotifyNonconformity, Paper, PaperKind,
    Premises, RegisterInstitution, RepresentativeInput, ResumeInstitution, SubmitFiling, SuspendInstitution,
    SuspensionKind, Tenure, WithdrawFiling,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Task, Visit};
use crate::story::{DemoError, Story};
use crate::world::{Course, classes};

/// Standards that the story finds breached, with words for publication.
const BREACHES: &[(&str, &str)] = &[
    ("staff.ratio", "保育人员配备未达到班级最低要求"),
    ("video.retention", "监控录像保存不足90日"),
    ("fire_safety", "疏散通道被杂物占用"),
    ("hygiene.morning_check", "晨午检记录不完整"),
    ("outdoor", "户外活动时间不足"),
];

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
            _ => self.incident_step(task).await,
        }
    }

    async fn institution(
        &mut self,
        index: usize,
        actor: Actor,
        method: &'static str,
        command: InstitutionCommand,
    ) -> Result<Institution, DemoError> {
        let target = self.members[index].id;
        Ok(self.run::<Institution>(actor, method, target, command).await?.state)
    }

    fn representative(&mut self, county: &str) -> RepresentativeInput {
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
            also_types: Vec::new(),
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

    fn papers(&mut self, index: usize, complete: bool) -> Vec<Paper> {
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
        if !complete {
            for _ in 0..self.dice.between(1, 3) {
                let gone = usize::try_from(self.dice.below(kinds.len() as u64)).unwrap_or(0);
                kinds.remove(gone);
            }
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

    async fn file(&mut self, index: usize, complete: bool) -> Result<(), DemoError> {
        let papers = self.papers(index, complete);
        let today = self.today();
        let command = InstitutionCommand::SubmitFiling(SubmitFiling {
            papers,
            makes_meals: self.members[index].makes_meals,
            premises: Some(Premises {
                tenure: Tenure::Leased,
                lease_start_date: Some(today.saturating_sub(60.days())),
                lease_end_date: Some(today.saturating_add(5.years())),
                highest_floor: 2,
                lowest_floor: 1,
                area_cm2: Some(4_500_000),
                built_area_cm2: None,
                outdoor_area_cm2: None,
            }),
        });
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/SubmitFiling";
        self.institution(index, actor, method, command).await?;
        match (complete, self.members[index].course) {
            (false, Course::StaysReturned) => {}
            (false, _) => self.plan(
                3,
                14,
                Task::File {
                    institution: index,
                    complete: true,
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

    async fn nonconformity(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        let (item, description) = *self.dice.pick(BREACHES);
        let back = i64::try_from(self.dice.between(2, 12)).unwrap_or(2);
        let command = InstitutionCommand::NotifyNonconformity(NotifyNonconformity {
            reasons: vec![NonconformityReason {
                item: item.to_owned(),
                description: description.to_owned(),
            }],
            finding_date: self.today().saturating_sub(back.days()),
        });
        let actor = self.members[index].officer(2);
        let method = "yujian.licensing.v1.LicensingService/NotifyNonconformity";
        self.institution(index, actor, method, command).await?;
        if self.members[index].course == Course::Corrects {
            self.plan(10, 45, Task::Conformity(index));
        }
        Ok(())
    }

    async fn conformity(&mut self, index: usize) -> Result<(), DemoError> {
        let command = InstitutionCommand::ConfirmConformity(ConfirmConformity {
            statement: Sensitive::new("复查合格，问题已整改"),
        });
        let actor = self.members[index].officer(2);
        let method = "yujian.licensing.v1.LicensingService/ConfirmConformity";
        self.institution(index, actor, method, command).await.map(|_| ())
    }

    async fn details(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        let county = self.members[index].county.clone();
        let change = if self.dice.percent(50) {
            ChangeDetails {
                representative: Some(self.representative(&county)),
                ..ChangeDetails::default()
            }
        } else {
            let name = format!("{}（{}分园）", self.members[index].name, self.dice.brand());
            ChangeDetails {
                name: Some(name),
                ..ChangeDetails::default()
            }
        };
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/ChangeDetails";
        let state = self
            .institution(index, actor, method, InstitutionCommand::ChangeDetails(change))
            .await?;
        self.members[index].name = state.name;
        Ok(())
    }

    async fn classes(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        let classes = classes(&mut self.dice, self.members[index].institution_type);
        if classes == self.members[index].classes {
            return Ok(());
        }
        self.members[index].classes.clone_from(&classes);
        let command = InstitutionCommand::ChangeClasses(ChangeClasses {
            classes,
            effective_date: self.today(),
        });
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/ChangeClasses";
        self.institution(index, actor, method, command).await.map(|_| ())
    }

    async fn suspend(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        let kind = match self.dice.below(10) {
            0 => SuspensionKind::Emergency,
            1..=3 => SuspensionKind::Ordered,
            _ => SuspensionKind::Voluntary,
        };
        let command = InstitutionCommand::Suspend(SuspendInstitution {
            kind,
            reason: Sensitive::new("园舍维修改造"),
            from_date: self.today(),
            until_date: None,
        });
        let voluntary = kind == SuspensionKind::Voluntary;
        let actor = if voluntary {
            self.members[index].operator()
        } else {
            self.members[index].officer(1)
        };
        let method = "yujian.licensing.v1.LicensingService/SuspendInstitution";
        self.institution(index, actor, method, command).await?;
        self.members[index].open = false;
        if self.members[index].course == Course::Pauses {
            self.plan(10, 60, Task::Resume(index));
        }
        Ok(())
    }

    async fn resume(&mut self, index: usize) -> Result<(), DemoError> {
        let command = InstitutionCommand::Resume(ResumeInstitution {
            from_date: self.today(),
            statement: Sensitive::new("整修完成，具备开园条件"),
        });
        let actor = self.members[index].officer(1);
        let method = "yujian.licensing.v1.LicensingService/ResumeInstitution";
        self.institution(index, actor, method, command).await?;
        self.members[index].open = true;
        self.plan(1, 20, Task::Incident(index));
        Ok(())
    }

    async fn close(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        let command = InstitutionCommand::Close(CloseInstitution {
            reason: Sensitive::new("举办者决定终止办托"),
            closing_date: self.today(),
            children_to_place: u32::try_from(self.dice.below(12)).unwrap_or(0),
        });
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/CloseInstitution";
        self.institution(index, actor, method, command).await?;
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
        Ok(())
    }

    /// The name was mistyped at registration: the right one holds from the beginning.
    async fn correct(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open || self.members[index].name.contains('（') {
            return Ok(());
        }
        let right = self.members[index].name.replace("托育园", "婴幼儿托育园");
        if right == self.members[index].name {
            return Ok(());
        }
        let command = InstitutionCommand::CorrectFact(CorrectFact {
            revision: 0,
            key: "name".to_owned(),
            value: Some(serde_json::Value::String(right.clone())),
            valid_from_date: self.today().saturating_sub(30.days()),
            reason: Sensitive::new("登记时名称录入有误"),
            approver: self.members[index].officer(2).id,
        });
        let actor = self.members[index].officer(1);
        let method = "yujian.licensing.v1.LicensingService/CorrectFact";
        self.institution(index, actor, method, command).await?;
        self.members[index].name = right;
        Ok(())
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
