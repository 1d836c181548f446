//! A desk at which incidents are handled: state, clock, actor and facts, as the command floor would hold them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts};
use yujian_domain::envelope::{Actor, Role};
use yujian_domain::incident::*;
use yujian_domain::institution::{Institution, Status as InstitutionStatus};
use yujian_domain::personal::{Digester, KeyedDigest, Sensitive};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::Occurred;
use yujian_domain::values::{ExternalId, RegionId};

pub use crate::support::{at, day};

pub const INSTITUTION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
pub const INCIDENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);

/// Digests nothing: incidents compare no secrets.
struct NoDigester;

impl Digester for NoDigester {
    fn digest(&self, _kind: &str, _value: &str) -> KeyedDigest {
        KeyedDigest {
            epoch: 1,
            hex: "0".repeat(64),
        }
    }
}

pub fn officer(id: &str) -> Actor {
    Actor {
        id: id.to_owned(),
        role: Role::Officer,
        organisation: None,
        jurisdiction: Some("330106".to_owned()),
    }
}

pub struct Desk {
    pub state: Incident,
    pub facts: Facts,
    pub now: Timestamp,
    /// When the caller says that its acts happened; default: now.
    pub said: Option<Occurred>,
    pub actor: Actor,
    pub reference: Reference,
    pub revision: u64,
    pub events: Vec<Decided<IncidentEvent>>,
}

impl Desk {
    /// A filed institution in Hangzhou's Xihu district, 2026-03-02 10:00 in Shanghai.
    pub fn new() -> Self {
        let institution = Institution {
            status: InstitutionStatus::Filed,
            region: Some(RegionId::parse("330106", 2020).unwrap()),
            ..Institution::default()
        };
        Self {
            state: Incident::default(),
            facts: Facts {
                institution: Some(Arc::new(institution)),
                ..Facts::default()
            },
            now: at("2026-03-02T02:00:00Z"),
            said: None,
            actor: officer("officer-1"),
            reference: Reference::shipped(),
            revision: 0,
            events: Vec::new(),
        }
    }

    pub fn later(&mut self, minutes: i64) -> &mut Self {
        self.now = self.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        self
    }

    pub fn by(&mut self, actor: &str) -> &mut Self {
        self.actor = officer(actor);
        self
    }

    pub fn decide(&self, command: impl Into<IncidentCommand>) -> Result<Vec<Decided<IncidentEvent>>, Rejection> {
        let context = Context {
            id: INCIDENT,
            now: self.now,
            occurred: self.occurred(),
            actor: &self.actor,
            reference: &self.reference,
            digester: &NoDigester,
        };
        self.state.decide(&self.facts, &command.into(), &context)
    }

    /// Decides and folds what was decided, after a round through its stored form.
    pub fn run(&mut self, command: impl Into<IncidentCommand>) -> Result<Vec<Decided<IncidentEvent>>, Rejection> {
        let decided = self.decide(command)?;
        assert!(!decided.is_empty(), "a decision without events");
        for one in &decided {
            self.fold(one);
        }
        self.events.extend(decided.clone());
        Ok(decided)
    }

    fn occurred(&self) -> Occurred {
        self.said.unwrap_or(Occurred::Instant { time: self.now })
    }

    pub fn fold(&mut self, decided: &Decided<IncidentEvent>) {
        let metadata = crate::support::metadata(decided, self.occurred(), self.now, &self.actor);
        crate::support::fold(&mut self.state, &decided.event, self.revision, &metadata);
        self.revision += 1;
    }

    /// The one event of an accepted command.
    pub fn one(&mut self, command: impl Into<IncidentCommand>) -> IncidentEvent {
        let mut decided = self.run(command).unwrap();
        assert_eq!(decided.len(), 1);
        decided.remove(0).event
    }

    pub fn refused(&self, command: impl Into<IncidentCommand>) -> Rejection {
        self.decide(command).expect_err("the command was accepted")
    }

    /// Rules and fields that a command breaks.
    pub fn violations(&self, command: impl Into<IncidentCommand>) -> Vec<(String, String)> {
        let rejection = self.refused(command);
        assert_eq!(rejection.reason, Reason::InvalidField);
        rejection
            .violations
            .into_iter()
            .map(|violation| (violation.rule, violation.field))
            .collect()
    }
}

pub fn violation(rule: &str, field: &str) -> (String, String) {
    (rule.to_owned(), field.to_owned())
}

pub fn child(severity: Severity) -> ChildInput {
    ChildInput {
        name: Some(Sensitive::new("王小明")),
        age_months: None,
        injury: Injury::Fall,
        severity,
        treatment: None,
    }
}

/// A fall with a child in hospital, half an hour before the desk's time, known ten minutes later.
pub fn fall() -> NotifyIncident {
    NotifyIncident {
        institution: INSTITUTION,
        category: Category::SeriousInjury,
        awareness_time: at("2026-03-02T01:40:00Z"),
        occurred: Occurred::Instant {
            time: at("2026-03-02T01:30:00Z"),
        },
        place: "户外活动场地".to_owned(),
        children: vec![child(Severity::Hospital)],
        children_present: 12,
        staff_present: 3,
        emergency_services: true,
        video_preserved: true,
        narrative: Sensitive::new("从滑梯跌落"),
        first_actions: Some(Sensitive::new("呼叫120")),
        reporter: Some(Sensitive::new("李老师")),
    }
}

pub fn supplement() -> SupplementIncident {
    SupplementIncident {
        narrative: None,
        children: Vec::new(),
        category: None,
        severities: Vec::new(),
    }
}

pub fn told(child: u32, told_time: &str) -> TellGuardian {
    TellGuardian {
        child,
        told_time: at(told_time),
        channel: Channel::Phone,
    }
}

pub fn triage(regulatory: bool) -> TriageIncident {
    TriageIncident {
        priority: Priority::P2,
        regulatory,
        reason: Sensitive::new("儿童住院"),
    }
}

pub fn investigation() -> OpenInvestigation {
    OpenInvestigation {
        lead: "inspector-7".to_owned(),
        plan: Some(Sensitive::new("调取录像")),
    }
}

pub fn findings() -> CompleteInvestigation {
    CompleteInvestigation {
        outcome: Outcome::Responsible,
        root_causes: vec![RootCause::Supervision],
        findings: Sensitive::new("看护人员离岗"),
    }
}

pub fn conclusion(outcome: Outcome) -> ConcludeIncident {
    ConcludeIncident {
        outcome,
        actions: vec![Sensitive::new("限期整改")],
        advice: None,
    }
}

pub fn reopening() -> ReopenIncident {
    ReopenIncident {
        reason: Sensitive::new("家长提供新录像"),
    }
}

pub fn row(ordinal: u32) -> RecordImportedIncident {
    RecordImportedIncident {
        institution: INSTITUTION,
        external: ExternalId {
            register: "us-tx-ccl".to_owned(),
            number: "1543412".to_owned(),
        },
        ordinal,
        category: Category::SeriousInjury,
        intake_date: Some(day("2017-10-26")),
        completed_date: Some(day("2017-12-20")),
        injury: Injury::Fracture,
        severity: Severity::Unknown,
        outcome: Outcome::Unknown,
        details: BTreeMap::from([("Injury Caused By".to_owned(), "Other".to_owned())]),
        narrative: None,
    }
}

/// A desk whose incident stands in `status`, reached by commands alone.
pub fn desk_at(status: Status) -> Desk {
    let mut desk = Desk::new();
    match status {
        Status::None => {}
        Status::Notified => {
            desk.run(fall()).unwrap();
        }
        Status::Triaged => {
            desk = desk_at(Status::Notified);
            desk.run(triage(true)).unwrap();
        }
        Status::UnderInvestigation => {
            desk = desk_at(Status::Triaged);
            desk.run(investigation()).unwrap();
        }
        Status::FindingsProposed => {
            desk = desk_at(Status::UnderInvestigation);
            desk.run(findings()).unwrap();
        }
        Status::Concluded => {
            desk = desk_at(Status::FindingsProposed);
            desk.run(told(1, "2026-03-02T01:50:00Z")).unwrap();
            desk.by("officer-2").run(conclusion(Outcome::Responsible)).unwrap();
        }
        Status::Reopened => {
            desk = desk_at(Status::Concluded);
            desk.run(reopening()).unwrap();
        }
        Status::Imported => {
            desk.run(row(1)).unwrap();
        }
    }
    assert_eq!(desk.state.status, status);
    desk
}
