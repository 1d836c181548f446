//! A desk at which inspections are handled: state, clock, actor and facts, as the command floor would hold them.

mod commands;
mod leads;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts};
use yujian_domain::dossier::{Dossier, Seen, facts};
use yujian_domain::envelope::{Actor, Metadata, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::*;
use yujian_domain::institution::{Institution, Status as InstitutionStatus};
use yujian_domain::person::{self, Credential, CredentialKind, CredentialState, Engagement, EngagementState, Person};
use yujian_domain::personal::{Digester, KeyedDigest};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::{Occurred, day_of};
use yujian_domain::values::RegionId;
use yujian_domain::visits::Visit;

pub use commands::*;
pub use leads::*;

pub use crate::support::{at, day};

pub const INSTITUTION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
pub const INSPECTION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003);

/// An item that asks for no evidence, minor, with 20 points.
pub const PLAIN: &str = "5.1";
/// A veto item that asks for no evidence, with 40 points.
pub const VETO: &str = "3.2";
/// An item that asks for evidence, with 15 points.
pub const WITH_EVIDENCE: &str = "1.2";

/// Digests nothing: inspections compare no secrets.
struct NoDigester;

impl Digester for NoDigester {
    fn digest(&self, _kind: &str, _value: &str) -> KeyedDigest {
        digest()
    }
}

fn digest() -> KeyedDigest {
    KeyedDigest {
        epoch: 1,
        hex: "0".repeat(64),
    }
}

pub fn sha256() -> String {
    "ab".repeat(32)
}

/// An actor whose role stands in the first part of its account: `officer-1`, `inspector-2`, `operator-1`, `yujian`.
pub fn actor(id: &str) -> Actor {
    let role = match id.split('-').next() {
        Some("officer") => Role::Officer,
        Some("inspector") => Role::Inspector,
        Some("operator") => Role::Operator,
        Some("yujian") => Role::System,
        other => panic!("{other:?}"),
    };
    Actor {
        id: id.to_owned(),
        role,
        organisation: None,
        jurisdiction: Some("330106".to_owned()),
    }
}

/// Id of the inspector whose account is `inspector-<number>`.
pub fn inspector(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_1000 + number)
}

/// An inspector with a verified certificate for 2024 to 2027.
pub fn certified(number: u128) -> Person {
    let certificate = Credential {
        kind: CredentialKind::Enforcement,
        state: CredentialState::Verified,
        issue_date: day("2024-01-01"),
        expiry_date: Some(day("2027-12-31")),
        certificate: digest(),
        claimed_by: "officer-9".to_owned(),
        status_from: None,
    };
    Person {
        status: person::Status::Registered,
        account: Some(format!("inspector-{number}")),
        credentials: BTreeMap::from([(1, certificate)]),
        ..Person::default()
    }
}

/// An engagement at an institution.
pub fn engaged(institution: Uuid, state: EngagementState) -> Engagement {
    Engagement {
        institution,
        region: RegionId::parse("330106", 2020).unwrap(),
        organisation: None,
        post: person::Post::Other,
        share_permille: 1000,
        state,
        start_date: day("2025-01-01"),
        since: day("2025-01-01"),
        end_date: None,
        off_duty: None,
        ordered_off: false,
        qualified: true,
        status_from: None,
    }
}

pub struct Desk {
    pub state: Inspection,
    pub facts: Facts,
    pub now: Timestamp,
    /// When the caller says that its acts happened; default: now.
    pub said: Option<Occurred>,
    pub actor: Actor,
    pub reference: Reference,
    pub revision: u64,
    pub events: Vec<Decided<InspectionEvent>>,
    /// What was folded, with its envelope, as the log would hold it.
    pub log: Vec<(InspectionEvent, Metadata)>,
}

impl Desk {
    /// A filed institution in Hangzhou's Xihu district, Monday 2026-03-02 10:00 in Shanghai, three certified inspectors.
    pub fn new() -> Self {
        let mut desk = Self {
            state: Inspection::default(),
            facts: Facts::default(),
            now: at("2026-03-02T02:00:00Z"),
            said: None,
            actor: actor("officer-1"),
            reference: Reference::shipped(),
            revision: 0,
            events: Vec::new(),
            log: Vec::new(),
        };
        desk.institution(InstitutionStatus::Filed);
        for number in 1..=3 {
            desk.person(number, |_| {});
        }
        desk
    }

    pub fn institution(&mut self, status: InstitutionStatus) {
        self.facts.institution = Some(Arc::new(Institution {
            status,
            region: Some(RegionId::parse("330106", 2020).unwrap()),
            ..Institution::default()
        }));
    }

    /// Sets an inspector as known from now on.
    pub fn person(&mut self, number: u128, change: impl FnOnce(&mut Person)) -> &mut Self {
        let mut person = certified(number);
        change(&mut person);
        self.facts.persons.insert(inspector(number), Arc::new(person));
        self
    }

    pub fn later(&mut self, minutes: i64) -> &mut Self {
        self.now = self.now.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        self
    }

    /// Ten o'clock of a day.
    pub fn on(&mut self, date: &str) -> &mut Self {
        self.now = at(&format!("{date}T02:00:00Z"));
        self
    }

    pub fn today(&self) -> Date {
        day_of(self.now)
    }

    pub fn by(&mut self, id: &str) -> &mut Self {
        self.actor = actor(id);
        self
    }

    fn context(&self) -> Context<'_> {
        Context {
            id: INSPECTION,
            now: self.now,
            occurred: self.occurred(),
            actor: &self.actor,
            reference: &self.reference,
            digester: &NoDigester,
        }
    }

    pub fn decide(&self, command: impl Into<InspectionCommand>) -> Result<Vec<Decided<InspectionEvent>>, Rejection> {
        self.state.decide(&self.facts, &command.into(), &self.context())
    }

    pub fn visit(&self, command: impl Into<InspectionCommand>) -> Option<Visit> {
        self.state.visit(&command.into(), &self.facts, &self.context()).unwrap()
    }

    /// Decides and folds what was decided, after a round through its stored form.
    pub fn run(&mut self, command: impl Into<InspectionCommand>) -> Result<Vec<Decided<InspectionEvent>>, Rejection> {
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

    pub fn fold(&mut self, decided: &Decided<InspectionEvent>) {
        let metadata = crate::support::metadata(decided, self.occurred(), self.now, &self.actor);
        crate::support::fold(&mut self.state, &decided.event, self.revision, &metadata);
        self.revision += 1;
        self.log.push((decided.event.clone(), metadata));
    }

    /// The dossier that the stream makes, without the prefix of its keys.
    pub fn dossier(&self) -> BTreeMap<String, serde_json::Value> {
        let mut dossier = Dossier::new();
        for (revision, (event, metadata)) in (0..).zip(&self.log) {
            let (metadata_bytes, payload) = (serde_json::to_vec(metadata), serde_json::to_vec(&event.payload()));
            let seen = Seen {
                stream: &format!("inspection-{INSPECTION}"),
                revision,
                event_id: Uuid::nil(),
                event_type: event.event_type(),
                metadata: &metadata_bytes.unwrap(),
                payload: &payload.unwrap(),
                recorded_time: metadata.received_time,
            };
            dossier.apply(facts(&seen).unwrap().unwrap());
        }
        let prefix = format!("inspection.{INSPECTION}.");
        let resolved = dossier.resolve(None, None);
        resolved
            .iter()
            .map(|fact| (fact.key.strip_prefix(&prefix).unwrap().to_owned(), fact.value.clone()))
            .collect()
    }

    /// The one event of an accepted command.
    pub fn one(&mut self, command: impl Into<InspectionCommand>) -> InspectionEvent {
        let mut decided = self.run(command).unwrap();
        assert_eq!(decided.len(), 1);
        decided.remove(0).event
    }

    /// An accepted command by somebody.
    pub fn done(&mut self, id: &str, command: impl Into<InspectionCommand>) -> InspectionEvent {
        self.by(id).one(command)
    }

    pub fn refused(&self, command: impl Into<InspectionCommand>) -> Rejection {
        self.decide(command).expect_err("the command was accepted")
    }

    pub fn reason(&self, command: impl Into<InspectionCommand>) -> Reason {
        self.refused(command).reason
    }

    /// Rules and fields that a command breaks.
    pub fn violations(&self, command: impl Into<InspectionCommand>) -> Vec<(String, String)> {
        let rejection = self.refused(command);
        assert_eq!(rejection.reason, Reason::InvalidField, "{rejection}");
        pairs(rejection)
    }

    /// Rules and fields that keep a team from inspecting.
    pub fn unfit(&self, command: impl Into<InspectionCommand>) -> Vec<(String, String)> {
        let rejection = self.refused(command);
        assert_eq!(rejection.reason, Reason::NotCertifiedInspector, "{rejection}");
        pairs(rejection)
    }
}

fn pairs(rejection: Rejection) -> Vec<(String, String)> {
    rejection
        .violations
        .into_iter()
        .map(|violation| (violation.rule, violation.field))
        .collect()
}

pub fn violation(rule: &str, field: &str) -> (String, String) {
    (rule.to_owned(), field.to_owned())
}
