//! The incident half of the story.

use uuid::Uuid;
use yujian_domain::incident::{
    Category, Channel, ChildInput, CompleteInvestigation, ConcludeIncident, Incident, IncidentCommand, Injury,
    NotifyIncident, OpenInvestigation, Outcome, Priority, ReopenIncident, RootCause, Severity, SupplementIncident,
    TellGuardian, TriageIncident,
};
use yujian_domain::personal::Sensitive;
use yujian_domain::time::Occurred;
use yujian_domain::values::AgeMonths;

use crate::agenda::{Task, soon};
use crate::people::Dice;
use crate::story::{Case, DemoError, Story};

/// Every so many cases, one is reopened: in turn, so that a short story has some.
const REOPENED: usize = 45;
const PLACES: &[&str] = &["活动室", "户外场地", "盥洗室", "走廊", "睡眠室", "楼梯", "餐厅"];

/// Category, injury, severity, weight in a thousand.
const KINDS: &[(Category, Injury, Severity, u64)] = &[
    (Category::MinorInjury, Injury::Fall, Severity::Minor, 420),
    (Category::MinorInjury, Injury::Bite, Severity::Minor, 200),
    (Category::MinorInjury, Injury::Wound, Severity::Medical, 90),
    (Category::InfectiousCase, Injury::Illness, Severity::Medical, 130),
    (Category::ClusteredIllness, Injury::Illness, Severity::Medical, 30),
    (Category::SeriousInjury, Injury::Fracture, Severity::Hospital, 35),
    (Category::SeriousInjury, Injury::ForeignBody, Severity::Hospital, 20),
    (Category::SeriousInjury, Injury::Scald, Severity::Hospital, 15),
    (Category::AllergicShock, Injury::Illness, Severity::LifeThreatening, 6),
    (Category::FoodSafety, Injury::Poisoning, Severity::Medical, 10),
    (Category::SuspectedAbuse, Injury::Wound, Severity::Medical, 8),
    (Category::MissingChild, Injury::None, Severity::None, 4),
    (Category::Disruption, Injury::None, Severity::None, 32),
];

pub(crate) fn kind(dice: &mut Dice) -> (Category, Injury, Severity) {
    let mut roll = dice.below(KINDS.iter().map(|kind| kind.3).sum());
    for (category, injury, severity, weight) in KINDS {
        if roll < *weight {
            return (*category, *injury, *severity);
        }
        roll -= weight;
    }
    (Category::Other, Injury::None, Severity::None)
}

/// A notification as an operator would make it.
pub(crate) fn notification(dice: &mut Dice, institution: Uuid, now: jiff::Timestamp) -> NotifyIncident {
    let (category, injury, severity) = kind(dice);
    let count = match category {
        Category::Disruption => 0,
        Category::ClusteredIllness | Category::FoodSafety => dice.between(3, 6),
        _ => 1,
    };
    let mut children = Vec::new();
    for _ in 0..count {
        children.push(ChildInput {
            name: Some(Sensitive::new(dice.name())),
            age_months: u32::try_from(dice.between(8, 35))
                .ok()
                .and_then(|months| AgeMonths::new(months).ok()),
            injury,
            severity,
            treatment: (severity > Severity::Minor).then(|| Sensitive::new("送医院就诊，家长陪同")),
        });
    }
    let before = i64::try_from(if dice.percent(4) {
        dice.between(300, 4000)
    } else {
        dice.between(3, 50)
    });
    let awareness = now - jiff::SignedDuration::from_mins(before.unwrap_or(5));
    let occurred = awareness - jiff::SignedDuration::from_mins(10);
    NotifyIncident {
        institution,
        category,
        awareness_time: awareness,
        occurred: Occurred::Instant { time: occurred },
        place: (*dice.pick(PLACES)).to_owned(),
        children,
        children_present: u32::try_from(dice.between(8, 20)).unwrap_or(8),
        staff_present: u32::try_from(dice.between(2, 4)).unwrap_or(2),
        emergency_services: severity >= Severity::Hospital && severity <= Severity::Fatal,
        video_preserved: dice.percent(90),
        narrative: Sensitive::new(format!("{}发生{}，已处置并记录。", category.zh(), injury.zh())),
        first_actions: Some(Sensitive::new("保健人员现场处理，通知负责人")),
        reporter: Some(Sensitive::new(dice.name())),
    }
}

impl Story<'_> {
    pub(crate) async fn incident_step(&mut self, task: Task) -> Result<(), DemoError> {
        match task {
            Task::Incident(institution) => self.notify(institution).await,
            Task::Guardian { incident, child } => self.guardian(incident, child).await,
            Task::Supplement(incident) => self.supplement(incident).await,
            Task::Triage(incident) => self.triage(incident).await,
            Task::Investigate(incident) => self.investigate(incident).await,
            Task::Findings(incident) => self.findings(incident).await,
            Task::Conclude(incident) => self.conclude(incident).await,
            Task::Reopen(incident) => self.reopen(incident).await,
            _ => Ok(()),
        }
    }

    async fn case(
        &mut self,
        incident: usize,
        by_operator: Option<u32>,
        method: &'static str,
        command: IncidentCommand,
    ) -> Result<(), DemoError> {
        let (id, institution) = (self.cases[incident].id, self.cases[incident].institution);
        let member = &self.members[institution];
        let actor = by_operator.map_or_else(|| member.operator(), |which| member.officer(which));
        self.run::<Incident>(actor, method, Some(id), command).await.map(|_| ())
    }

    async fn notify(&mut self, institution: usize) -> Result<(), DemoError> {
        let Some(id) = self.members[institution].id.filter(|_| self.members[institution].open) else {
            return Ok(());
        };
        // The next one, about every eight days: whatever must be written down counts, bites and bruises included.
        self.plan(2, 15, Task::Incident(institution));
        let notification = notification(&mut self.dice, id, self.at);
        let children = u32::try_from(notification.children.len()).unwrap_or(0);
        let actor = self.members[institution].operator();
        let method = "yujian.incident.v1.IncidentService/NotifyIncident";
        let command = IncidentCommand::Notify(notification);
        let outcome = self.run::<Incident>(actor, method, None, command).await?;
        let incident = self.cases.len();
        self.cases.push(Case {
            id: outcome.id,
            institution,
            children,
            told: 0,
            regulatory: true,
            reopened: false,
        });
        for child in 1..=children {
            let at = soon(&mut self.dice, self.at, 1, 50);
            self.agenda.add(at, Task::Guardian { incident, child });
        }
        if self.dice.percent(45) {
            self.plan(0, 1, Task::Supplement(incident));
        }
        if !self.dice.percent(2) {
            self.plan(1, 4, Task::Triage(incident));
        }
        Ok(())
    }

    async fn guardian(&mut self, incident: usize, child: u32) -> Result<(), DemoError> {
        let channels = [Channel::Phone, Channel::InPerson, Channel::Message];
        let command = IncidentCommand::TellGuardian(TellGuardian {
            child,
            told_time: self.at,
            channel: *self.dice.pick(&channels),
        });
        let method = "yujian.incident.v1.IncidentService/TellGuardian";
        self.case(incident, None, method, command).await?;
        self.cases[incident].told += 1;
        Ok(())
    }

    async fn supplement(&mut self, incident: usize) -> Result<(), DemoError> {
        let command = IncidentCommand::Supplement(SupplementIncident {
            narrative: Some(Sensitive::new("补充：已复核监控录像，儿童情况稳定。")),
            children: Vec::new(),
            category: None,
            severities: Vec::new(),
        });
        let method = "yujian.incident.v1.IncidentService/SupplementIncident";
        self.case(incident, None, method, command).await
    }

    async fn triage(&mut self, incident: usize) -> Result<(), DemoError> {
        let regulatory = self.dice.percent(88);
        let priority = *self
            .dice
            .pick(&[Priority::P1, Priority::P2, Priority::P3, Priority::P3, Priority::P4]);
        let reason = if regulatory {
            "需核实看护责任"
        } else {
            "属日常轻微情况，无需调查"
        };
        let command = IncidentCommand::Triage(TriageIncident {
            priority,
            regulatory,
            reason: Sensitive::new(reason),
        });
        self.cases[incident].regulatory = regulatory;
        self.case(
            incident,
            Some(1),
            "yujian.incident.v1.IncidentService/TriageIncident",
            command,
        )
        .await?;
        if !regulatory {
            self.plan(1, 3, Task::Conclude(incident));
        } else if !self.dice.percent(1) {
            self.plan(0, 3, Task::Investigate(incident));
        }
        Ok(())
    }

    async fn investigate(&mut self, incident: usize) -> Result<(), DemoError> {
        let institution = self.cases[incident].institution;
        let lead = self.members[institution].officer(1).id;
        let command = IncidentCommand::OpenInvestigation(OpenInvestigation { lead, plan: None });
        self.case(
            incident,
            Some(1),
            "yujian.incident.v1.IncidentService/OpenInvestigation",
            command,
        )
        .await?;
        if !self.dice.percent(1) {
            self.plan(3, 25, Task::Findings(incident));
        }
        Ok(())
    }

    async fn findings(&mut self, incident: usize) -> Result<(), DemoError> {
        let causes = [
            RootCause::Supervision,
            RootCause::Training,
            RootCause::Premises,
            RootCause::ChildCondition,
        ];
        let outcome = *self
            .dice
            .pick(&[Outcome::Responsible, Outcome::NotPreventable, Outcome::Inconclusive]);
        let command = IncidentCommand::CompleteInvestigation(CompleteInvestigation {
            outcome,
            root_causes: vec![*self.dice.pick(&causes)],
            findings: Sensitive::new("经调查，当班人员按规程处置，已提出改进意见。"),
        });
        let method = "yujian.incident.v1.IncidentService/CompleteInvestigation";
        self.case(incident, Some(1), method, command).await?;
        if !self.dice.percent(1) {
            self.plan(1, 6, Task::Conclude(incident));
        }
        Ok(())
    }

    async fn conclude(&mut self, incident: usize) -> Result<(), DemoError> {
        if self.cases[incident].told < self.cases[incident].children {
            self.plan(1, 2, Task::Conclude(incident));
            return Ok(());
        }
        let regulatory = self.cases[incident].regulatory;
        let outcome = if regulatory {
            Outcome::Responsible
        } else {
            Outcome::NonRegulatory
        };
        let actions = if regulatory {
            vec![Sensitive::new("加强活动环节看护")]
        } else {
            Vec::new()
        };
        let command = IncidentCommand::Conclude(ConcludeIncident {
            outcome,
            actions,
            advice: None,
        });
        self.case(
            incident,
            Some(2),
            "yujian.incident.v1.IncidentService/ConcludeIncident",
            command,
        )
        .await?;
        if regulatory && !self.cases[incident].reopened && incident % REOPENED == 7 {
            self.plan_within(10, 60, Task::Reopen(incident));
        }
        Ok(())
    }

    async fn reopen(&mut self, incident: usize) -> Result<(), DemoError> {
        self.cases[incident].reopened = true;
        let command = IncidentCommand::Reopen(ReopenIncident {
            reason: Sensitive::new("家长提供了新的就诊材料"),
        });
        self.case(
            incident,
            Some(2),
            "yujian.incident.v1.IncidentService/ReopenIncident",
            command,
        )
        .await?;
        if self.dice.percent(60) {
            self.plan(2, 5, Task::Investigate(incident));
        }
        Ok(())
    }
}
