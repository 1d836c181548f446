//! An alert as the command floor would hold it: state, clock, actor and facts.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts};
use yujian_domain::alert::*;
use yujian_domain::envelope::{Actor, FactRef, PolicyRef, Role};
use yujian_domain::incident::{self, Incident};
use yujian_domain::inspection::{self, Inspection};
use yujian_domain::institution::{Institution, Status as InstitutionStatus};
use yujian_domain::personal::{Digester, KeyedDigest, Sensitive};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::{Occurred, day_of, start_of};
use yujian_domain::values::RegionId;

pub const ALERT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0009);
pub const INSTITUTION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
/// Of the alert's institution.
pub const INSPECTION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0004);
/// Of the alert's institution.
pub const INCIDENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);
/// Filings of the alert's institution.
pub const APPLICATIONS: u32 = 2;

/// No decision about an alert asks for a digest.
struct NoDigester;

impl Digester for NoDigester {
    fn digest(&self, _kind: &str, _value: &str) -> KeyedDigest {
        panic!("an alert claims nothing")
    }
}

pub struct Desk {
    pub state: Alert,
    pub facts: Facts,
    pub now: Timestamp,
    /// When the caller says that its acts happened; default: now.
    pub said: Option<Occurred>,
    pub actor: Actor,
    pub reference: Reference,
    pub events: Vec<Decided<AlertEvent>>,
}

impl Desk {
    /// An institution with two filings, an inspection and an incident, on 2026-03-02 at 10:00 in Shanghai; Yujian at work.
    pub fn new() -> Self {
        Self {
            state: Alert::default(),
            facts: Facts {
                institution: Some(Arc::new(Institution {
                    status: InstitutionStatus::Filed,
                    region: Some(RegionId::parse("330106", 2020).unwrap()),
                    applications: APPLICATIONS,
                    ..Institution::default()
                })),
                ..Facts::default()
            },
            now: "2026-03-02T02:00:00Z".parse().unwrap(),
            said: None,
            actor: actor("yujian", Role::System),
            reference: Reference::shipped(),
            events: Vec::new(),
        }
    }

    /// An alert in a state, reached by commands alone; an officer at work.
    pub fn in_state(status: Status) -> Self {
        let mut desk = Self::new();
        if status == Status::None {
            return desk.by_officer();
        }
        desk.run(raise()).unwrap();
        let desk = match status {
            Status::None | Status::Raised => desk,
            Status::Lapsed => desk.after(clear()),
            Status::Acknowledged => desk.by_officer().after(acknowledge()),
            Status::Linked => desk
                .by_officer()
                .after(acknowledge())
                .after(link(LinkTarget::Inspection(INSPECTION))),
            Status::Dismissed => desk.by_officer().after(acknowledge()).after(dismiss()),
            Status::Confirmed => desk.by_officer().after(acknowledge()).after(confirm()),
        };
        assert_eq!(desk.state.status, status);
        desk.by_officer()
    }

    fn by_officer(mut self) -> Self {
        self.actor = actor("officer-1", Role::Officer);
        self
    }

    fn after(mut self, command: impl Into<AlertCommand>) -> Self {
        self.run(command).unwrap();
        self
    }

    pub fn days(&self, days: i64) -> Date {
        day_of(self.now).saturating_add(days.days())
    }

    pub fn days_later(&mut self, days: i64) -> &mut Self {
        self.now = start_of(self.days(days)).checked_add(10.hours()).unwrap();
        self
    }

    fn occurred(&self) -> Occurred {
        self.said.unwrap_or(Occurred::Instant { time: self.now })
    }

    /// What the floor would load for a command: the inspection and the incident that exist, and no other.
    fn facts_for(&self, command: &AlertCommand) -> Facts {
        let mut facts = self.facts.clone();
        if let AlertCommand::Link(link) = command {
            match link.target {
                LinkTarget::Inspection(INSPECTION) => {
                    facts.inspection = Some(Arc::new(Inspection {
                        status: inspection::Status::Planned,
                        institution: Some(INSTITUTION),
                        ..Inspection::default()
                    }));
                }
                LinkTarget::Incident(INCIDENT) => {
                    facts.incident = Some(Arc::new(Incident {
                        status: incident::Status::Notified,
                        institution: Some(INSTITUTION),
                        ..Incident::default()
                    }));
                }
                _ => {}
            }
        }
        facts
    }

    pub fn decide(&self, command: impl Into<AlertCommand>) -> Result<Vec<Decided<AlertEvent>>, Rejection> {
        let command = command.into();
        self.decide_with(&self.facts_for(&command), command)
    }

    pub fn decide_with(
        &self,
        facts: &Facts,
        command: impl Into<AlertCommand>,
    ) -> Result<Vec<Decided<AlertEvent>>, Rejection> {
        let context = Context {
            id: ALERT,
            now: self.now,
            occurred: self.occurred(),
            actor: &self.actor,
            reference: &self.reference,
            digester: &NoDigester,
        };
        self.state.decide(facts, &command.into(), &context)
    }

    /// Decides and folds what was decided, after a round through its stored form.
    pub fn run(&mut self, command: impl Into<AlertCommand>) -> Result<Decided<AlertEvent>, Rejection> {
        let mut decided = self.decide(command)?;
        assert_eq!(decided.len(), 1, "one command, one event");
        let one = decided.remove(0);
        self.fold(&one);
        self.events.push(one.clone());
        Ok(one)
    }

    pub fn fold(&mut self, decided: &Decided<AlertEvent>) {
        let metadata = crate::support::metadata(decided, self.occurred(), self.now, &self.actor);
        crate::support::fold(&mut self.state, &decided.event, self.events.len() as u64, &metadata);
    }

    pub fn refused(&self, command: impl Into<AlertCommand>) -> Rejection {
        self.decide(command).expect_err("the command was accepted")
    }

    pub fn reason(&self, command: impl Into<AlertCommand>) -> Reason {
        self.refused(command).reason
    }

    /// Rules and fields that a command breaks.
    pub fn violations(&self, command: impl Into<AlertCommand>) -> Vec<(String, String)> {
        let rejection = self.refused(command);
        assert_eq!(rejection.reason, Reason::InvalidField, "{rejection}");
        let pairs = rejection.violations.into_iter();
        pairs.map(|violation| (violation.rule, violation.field)).collect()
    }
}

pub fn violation(rule: &str, field: &str) -> (String, String) {
    (rule.to_owned(), field.to_owned())
}

pub fn actor(id: &str, role: Role) -> Actor {
    Actor {
        id: id.to_owned(),
        role,
        organisation: None,
        jurisdiction: None,
    }
}

pub fn evidence() -> Vec<FactRef> {
    vec![FactRef {
        stream: format!("institution-{INSTITUTION}"),
        revision: 3,
    }]
}

pub fn policy() -> PolicyRef {
    PolicyRef {
        id: "cn-admission".to_owned(),
        version: 2,
        sha256: "ab".repeat(32),
    }
}

pub fn raise() -> RaiseAlert {
    let period = "fire_safety@2026-03-20".to_owned();
    let since = "2026-03-02".parse().unwrap();
    RaiseAlert {
        rule_policy: Some(policy()),
        threshold: Some("days:30".to_owned()),
        due_date: Some("2026-03-20".parse().unwrap()),
        ..RaiseAlert::new(AlertRule::PaperExpiring, INSTITUTION, period, since, evidence())
    }
}

pub fn acknowledge() -> AcknowledgeAlert {
    AcknowledgeAlert {
        note: Some(Sensitive::new("已电话联系负责人")),
    }
}

pub fn link(target: LinkTarget) -> LinkAlert {
    LinkAlert { target }
}

pub fn dismiss() -> DismissAlert {
    DismissAlert {
        reason: DismissalReason::HandledElsewhere,
        note: Sensitive::new("消防部门已办理"),
    }
}

pub fn confirm() -> ConfirmAlert {
    ConfirmAlert {
        statement: Sensitive::new("现场核实，证明已过期"),
    }
}

pub fn clear() -> ClearAlert {
    ClearAlert {
        lapsed_date: "2026-03-02".parse().unwrap(),
        evidence: evidence(),
    }
}

/// A right command of each kind, by its name in the machine.
pub fn command(name: &str) -> AlertCommand {
    match name {
        "raise" => raise().into(),
        "acknowledge" => acknowledge().into(),
        "link" => link(LinkTarget::Incident(INCIDENT)).into(),
        "dismiss" => dismiss().into(),
        "confirm" => confirm().into(),
        "clear" => clear().into(),
        other => panic!("{other}"),
    }
}
