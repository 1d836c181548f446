//! Any command to an incident.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use uuid::Uuid;
use yujian_domain::envelope::Role;
use yujian_domain::incident::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::time::Occurred;
use yujian_domain::values::{AgeMonths, ExternalId};

use super::{INCIDENTS, Walk, actor, officer};

impl Walk {
    pub(super) async fn incident(&mut self) -> bool {
        let Some((institution, credit_code)) = self.site() else {
            return false;
        };
        if self.incidents.len() < INCIDENTS && self.dice.percent(20) {
            return self.new_incident(institution).await;
        }
        let Some(index) = self.dice.index(self.incidents.len()) else {
            return false;
        };
        let id = self.incidents[index];
        let (state, _) = self.state::<Incident>(id).await;
        if state.status == Status::Imported && self.dice.percent(30) {
            return self
                .import_incident(id, state.institution.unwrap(), state.imported_rows + 1)
                .await;
        }
        let command = self.about_incident(&state);
        let supplements = matches!(
            command,
            IncidentCommand::Supplement(_) | IncidentCommand::TellGuardian(_)
        );
        let actor = match supplements && state.institution == Some(institution) {
            true => self.somebody(credit_code.as_ref()),
            false => officer(&mut self.dice),
        };
        self.send::<Incident>(actor, Some(id), command).await.is_some()
    }

    async fn new_incident(&mut self, institution: Uuid) -> bool {
        if self.dice.percent(10) {
            let id = self.dice.uuid();
            return self.import_incident(id, institution, 1).await;
        }
        let aware = self.now - SignedDuration::from_mins(self.dice.signed(1, 3_000));
        let happened = aware - SignedDuration::from_mins(self.dice.signed(0, 600));
        let command = IncidentCommand::Notify(NotifyIncident {
            institution,
            category: self.dice.one(Category::ALL),
            awareness_time: aware,
            occurred: Occurred::Instant { time: happened },
            place: "户外活动场地".to_owned(),
            children: self.children(3),
            children_present: self.dice.count(0, 40),
            staff_present: self.dice.count(0, 9),
            emergency_services: self.dice.percent(50),
            video_preserved: self.dice.percent(90),
            narrative: Sensitive::new("从滑梯跌落"),
            first_actions: None,
            reporter: None,
        });
        let actor = officer(&mut self.dice);
        let outcome = self.send::<Incident>(actor, None, command).await;
        self.incidents.extend(outcome.as_ref().map(|outcome| outcome.id));
        outcome.is_some()
    }

    async fn import_incident(&mut self, id: Uuid, institution: Uuid, ordinal: u32) -> bool {
        let command = IncidentCommand::RecordImported(RecordImportedIncident {
            institution,
            external: ExternalId {
                register: "walk".to_owned(),
                number: id.to_string(),
            },
            ordinal,
            category: self.dice.one(Category::ALL),
            intake_date: self.dice.percent(60).then(|| self.day(-400, -1)),
            completed_date: None,
            injury: self.dice.one(Injury::ALL),
            severity: self.dice.one(Severity::ALL),
            outcome: Outcome::Unknown,
            details: BTreeMap::new(),
            narrative: None,
        });
        let importer = actor("importer".to_owned(), Role::Administrator);
        let done = self.send::<Incident>(importer, Some(id), command).await.is_some();
        if done && ordinal == 1 {
            self.incidents.push(id);
        }
        done
    }

    fn children(&mut self, most: u32) -> Vec<ChildInput> {
        (0..self.dice.count(0, most))
            .map(|_| ChildInput {
                name: Some(Sensitive::new("王小明")),
                age_months: self
                    .dice
                    .percent(70)
                    .then(|| AgeMonths::new(self.dice.count(3, 35)).unwrap()),
                injury: self.dice.one(Injury::ALL),
                severity: self.dice.one(Severity::ALL),
                treatment: None,
            })
            .collect()
    }

    fn about_incident(&mut self, state: &Incident) -> IncidentCommand {
        let words = || Sensitive::new("说明");
        let kind = match state.status {
            Status::Notified if self.dice.percent(30) => 2,
            Status::Triaged | Status::Reopened if self.dice.percent(30) => 3,
            Status::UnderInvestigation if self.dice.percent(30) => 4,
            Status::FindingsProposed if self.dice.percent(30) => 5,
            Status::Concluded if self.dice.percent(30) => 6,
            _ => self.dice.between(0, 6),
        };
        match kind {
            0 => {
                let children: Vec<u32> = state.children.keys().copied().collect();
                let known = self.dice.some(&children, 30);
                SupplementIncident {
                    narrative: self.dice.percent(60).then(words),
                    children: self.children(1),
                    category: self.dice.percent(20).then(|| self.dice.one(Category::ALL)),
                    severities: known
                        .into_iter()
                        .map(|child| ChildSeverity {
                            child,
                            severity: self.dice.one(Severity::ALL),
                        })
                        .collect(),
                }
                .into()
            }
            1 => TellGuardian {
                child: self.dice.count(1, 4),
                told_time: self.now - SignedDuration::from_mins(self.dice.signed(0, 60)),
                channel: self.dice.one(Channel::ALL),
            }
            .into(),
            2 => TriageIncident {
                priority: self.dice.one(Priority::ALL),
                regulatory: self.dice.percent(75),
                reason: words(),
            }
            .into(),
            3 => OpenInvestigation {
                lead: "inspector-1".to_owned(),
                plan: None,
            }
            .into(),
            4 => CompleteInvestigation {
                outcome: self.dice.one(Outcome::ALL),
                root_causes: vec![self.dice.one(RootCause::ALL)],
                findings: words(),
            }
            .into(),
            5 => ConcludeIncident {
                outcome: self.dice.one(Outcome::ALL),
                actions: vec![words()],
                advice: None,
            }
            .into(),
            _ => ReopenIncident { reason: words() }.into(),
        }
    }
}
