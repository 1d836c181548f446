//! What becomes of an institution that runs: standards, changes, pauses, closing, corrections.

use jiff::ToSpan;
use yujian_domain::institution::{
    ApplicationKind, ChangeClasses, ChangeDetails, CloseInstitution, ConfirmConformity, CorrectFact,
    InstitutionCommand, NonconformityReason, NotifyNonconformity, ResumeInstitution, Status, SuspendInstitution,
    SuspensionKind,
};
use yujian_domain::personal::Sensitive;

use crate::agenda::{Licence, Task};
use crate::applying::may_ask;
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
    /// Where an institution stands now: the law may have moved it since a step was planned.
    pub(crate) async fn status(&self, index: usize) -> Result<Status, DemoError> {
        Ok(self
            .standing_of(index)
            .await?
            .map_or(Status::None, |state| state.status))
    }

    pub(crate) async fn nonconformity(&mut self, index: usize) -> Result<(), DemoError> {
        // Under a licence the authority makes it provisional instead.
        if !self.members[index].open || self.status(index).await? != Status::Filed {
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

    pub(crate) async fn conformity(&mut self, index: usize) -> Result<(), DemoError> {
        if self.status(index).await? != Status::Nonconforming {
            return Ok(());
        }
        let command = InstitutionCommand::ConfirmConformity(ConfirmConformity {
            statement: Sensitive::new("复查合格，问题已整改"),
        });
        let actor = self.members[index].officer(2);
        let method = "yujian.licensing.v1.LicensingService/ConfirmConformity";
        self.institution(index, actor, method, command).await.map(|_| ())
    }

    pub(crate) async fn details(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        let county = self.members[index].county.clone();
        // The name of a licence changes by an application.
        let licensed = self.status(index).await? == Status::Licensed;
        let change = if self.dice.percent(50) || licensed {
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
        self.members[index].name = state.name.clone();
        Ok(())
    }

    pub(crate) async fn classes(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        // Those of a licence change by an application, and those that one is asked for stay as the papers say.
        let state = self.standing_of(index).await?;
        let free =
            state.is_some_and(|state| state.status != Status::Licensed && may_ask(&state, ApplicationKind::Licence));
        if !free {
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

    pub(crate) async fn suspend(&mut self, index: usize) -> Result<(), DemoError> {
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

    pub(crate) async fn resume(&mut self, index: usize) -> Result<(), DemoError> {
        if self.status(index).await? != Status::Suspended {
            return Ok(());
        }
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

    pub(crate) async fn close(&mut self, index: usize) -> Result<(), DemoError> {
        if !self.members[index].open {
            return Ok(());
        }
        if self.status(index).await? == Status::Licensed {
            return self.closes(index).await;
        }
        let children_to_place = u32::try_from(self.dice.below(12)).unwrap_or(0);
        let command = InstitutionCommand::Close(CloseInstitution {
            reason: Sensitive::new("举办者决定终止办托"),
            closing_date: self.today(),
            children_to_place,
        });
        let actor = self.members[index].operator();
        let method = "yujian.licensing.v1.LicensingService/CloseInstitution";
        self.institution(index, actor, method, command).await?;
        self.closed(index);
        if children_to_place > 0 {
            self.plan(1, 8, Task::Licence(Licence::Place(index)));
        }
        Ok(())
    }

    /// The name was mistyped at registration: the right one holds from the beginning.
    pub(crate) async fn correct(&mut self, index: usize) -> Result<(), DemoError> {
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
