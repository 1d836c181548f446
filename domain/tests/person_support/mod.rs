//! A desk at which staff are registered: state, clock, actor and facts, as the command floor would hold them.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts};
use yujian_domain::dossier::{Dossier, Seen, facts, person_facts};
use yujian_domain::envelope::{Actor, Classification, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::{Institution, Status as InstitutionStatus};
use yujian_domain::person::*;
use yujian_domain::personal::{Digester, KeyedDigest, Sensitive};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::{Occurred, day_of, start_of};
use yujian_domain::values::{CreditCode, RegionId};

pub use crate::support::{at, day};

pub const PERSON: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003);

/// A keyed digest without a key: equal for equal values, which is all that decisions ask for.
struct PlainDigester;

impl Digester for PlainDigester {
    fn digest(&self, kind: &str, value: &str) -> KeyedDigest {
        let mut hex = String::new();
        for byte in Sha256::digest(format!("{kind}|{value}")) {
            write!(hex, "{byte:02x}").unwrap();
        }
        KeyedDigest { epoch: 1, hex }
    }
}

pub fn actor(id: &str, role: Role) -> Actor {
    Actor {
        id: id.to_owned(),
        role,
        organisation: None,
        jurisdiction: None,
    }
}

/// Id of the institution with a number.
pub fn institution(number: u8) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_1000 + u128::from(number))
}

pub struct Desk {
    pub state: Person,
    pub facts: Facts,
    pub now: Timestamp,
    /// When the caller says that its acts happened; default: now.
    pub said: Option<Occurred>,
    pub actor: Actor,
    pub reference: Reference,
    pub events: Vec<Decided<PersonEvent>>,
    /// What a log would hold: type, metadata, payload.
    pub stream: Vec<(String, Vec<u8>, Vec<u8>)>,
}

impl Desk {
    /// A filed institution in Hangzhou's Xihu district, 2026-03-02 10:00 in Shanghai; the employer's account at work.
    pub fn new() -> Self {
        let mut desk = Self {
            state: Person::default(),
            facts: Facts::default(),
            now: at("2026-03-02T02:00:00Z"),
            said: None,
            actor: actor("employer-1", Role::Operator),
            reference: Reference::shipped(),
            events: Vec::new(),
            stream: Vec::new(),
        };
        desk.institution_is(InstitutionStatus::Filed);
        desk
    }

    pub fn institution_is(&mut self, status: InstitutionStatus) -> &mut Self {
        self.facts.institution = Some(Arc::new(Institution {
            status,
            region: Some(RegionId::parse("330106", 2020).unwrap()),
            credit_code: Some(CreditCode::parse("91350100M000100Y43").unwrap()),
            ..Institution::default()
        }));
        self
    }

    pub fn today(&self) -> Date {
        day_of(self.now)
    }

    /// A day as many days from today.
    pub fn days(&self, days: i64) -> Date {
        self.today().saturating_add(days.days())
    }

    pub fn days_later(&mut self, days: i64) -> &mut Self {
        self.now = start_of(self.days(days)).checked_add(10.hours()).unwrap();
        self
    }

    pub fn on(&mut self, date: &str) -> &mut Self {
        self.now = start_of(day(date)).checked_add(10.hours()).unwrap();
        self
    }

    pub fn by(&mut self, id: &str, role: Role) -> &mut Self {
        self.actor = actor(id, role);
        self
    }

    pub fn by_employer(&mut self) -> &mut Self {
        self.by("employer-1", Role::Operator)
    }

    pub fn by_officer(&mut self) -> &mut Self {
        self.by("officer-1", Role::Officer)
    }

    /// The caller says that its acts happened on a day.
    pub fn occurred_on(&mut self, date: &str) -> &mut Self {
        self.said = Some(Occurred::Day { date: day(date) });
        self
    }

    fn occurred(&self) -> Occurred {
        self.said.unwrap_or(Occurred::Instant { time: self.now })
    }

    pub fn decide(&self, command: impl Into<PersonCommand>) -> Result<Vec<Decided<PersonEvent>>, Rejection> {
        let context = Context {
            id: PERSON,
            now: self.now,
            occurred: self.occurred(),
            actor: &self.actor,
            reference: &self.reference,
            digester: &PlainDigester,
        };
        self.state.decide(&self.facts, &command.into(), &context)
    }

    /// Decides and folds what was decided, after a round through its stored form.
    pub fn run(&mut self, command: impl Into<PersonCommand>) -> Result<Vec<Decided<PersonEvent>>, Rejection> {
        let decided = self.decide(command)?;
        assert!(!decided.is_empty(), "a decision without events");
        for one in &decided {
            self.fold(one);
        }
        self.events.extend(decided.clone());
        Ok(decided)
    }

    pub fn fold(&mut self, decided: &Decided<PersonEvent>) {
        let metadata = crate::support::metadata(decided, self.occurred(), self.now, &self.actor);
        crate::support::fold(&mut self.state, &decided.event, self.stream.len() as u64, &metadata);
        self.stream.push((
            decided.event.event_type().to_owned(),
            serde_json::to_vec(&metadata).unwrap(),
            crate::support::payload(&decided.event),
        ));
    }

    /// The one event of an accepted command, with its envelope.
    pub fn one(&mut self, command: impl Into<PersonCommand>) -> Decided<PersonEvent> {
        let mut decided = self.run(command).unwrap();
        assert_eq!(decided.len(), 1, "{decided:?}");
        decided.remove(0)
    }

    pub fn refused(&self, command: impl Into<PersonCommand>) -> Rejection {
        self.decide(command).expect_err("the command was accepted")
    }

    pub fn reason(&self, command: impl Into<PersonCommand>) -> Reason {
        self.refused(command).reason
    }

    /// Rules and fields that a command breaks.
    pub fn violations(&self, command: impl Into<PersonCommand>) -> Vec<(String, String)> {
        let rejection = self.refused(command);
        assert_eq!(rejection.reason, Reason::InvalidField, "{rejection}");
        rejection
            .violations
            .into_iter()
            .map(|violation| (violation.rule, violation.field))
            .collect()
    }

    /// The person's own dossier, or the part of an institution's that speaks of the person.
    pub fn dossier(&self, own: bool) -> Dossier {
        let mut dossier = Dossier::new();
        let stream = format!("person-{PERSON}");
        for (revision, (event_type, metadata, payload)) in self.stream.iter().enumerate() {
            let revision = revision as u64;
            let seen = Seen {
                stream: &stream,
                revision,
                event_id: Uuid::nil(),
                event_type,
                metadata,
                payload,
                recorded_time: self
                    .now
                    .checked_add((i64::try_from(revision).unwrap()).nanoseconds())
                    .unwrap(),
            };
            let change = if own { person_facts(&seen) } else { facts(&seen) }.unwrap();
            if let Some(change) = change {
                dossier.apply(change);
            }
        }
        dossier
    }

    /// A registered person.
    pub fn registered() -> Self {
        let mut desk = Self::new();
        desk.run(register()).unwrap();
        desk
    }

    /// A registered person who may work with children: examined and asked after yesterday.
    pub fn eligible() -> Self {
        let mut desk = Self::registered();
        let yesterday = desk.days(-1);
        desk.run(health(yesterday, true)).unwrap();
        desk.run(query(yesterday, &[])).unwrap();
        desk
    }

    /// A carer at the first institution since today.
    pub fn engaged() -> Self {
        let mut desk = Self::eligible();
        let today = desk.today();
        desk.run(engage(1, Post::Carer, today)).unwrap();
        desk
    }

    /// A person with one credential in a state, reached by commands alone. It runs out in 90 days.
    pub fn with_credential(state: CredentialState) -> Self {
        let mut desk = Self::registered();
        let expiry = desk.days(90);
        desk.run(ClaimCredential {
            expiry_date: Some(expiry),
            ..claim(CredentialKind::InfantCare, "育婴-1")
        })
        .unwrap();
        desk.by_officer();
        match state {
            CredentialState::Claimed => {}
            CredentialState::Verified => {
                desk.run(verify(1)).unwrap();
            }
            CredentialState::Rejected => {
                desk.run(reject(1)).unwrap();
            }
            CredentialState::Revoked => {
                desk.run(verify(1)).unwrap();
                desk.run(revoke(1)).unwrap();
            }
            CredentialState::Expired => {
                desk.run(verify(1)).unwrap();
                desk.days_later(91).run(ExpireCredential { credential: 1 }).unwrap();
            }
        }
        assert_eq!(desk.state.credentials[&1].state, state);
        desk
    }
}

pub fn violation(rule: &str, field: &str) -> (String, String) {
    (rule.to_owned(), field.to_owned())
}

pub fn register() -> RegisterPerson {
    RegisterPerson {
        institution: Some(institution(1)),
        region: None,
        identity_kind: IdentityKind::ResidentId,
        identity: Sensitive::new("11010519491231002X"),
        name: Sensitive::new("王小红"),
        phone: Some(Sensitive::new("13800000000")),
        proofing: Proofing::Registry,
        birth_date: None,
        account: None,
    }
}

pub fn details() -> ChangePersonDetails {
    ChangePersonDetails {
        name: None,
        phone: Some(Sensitive::new("13900000000")),
        account: None,
    }
}

pub fn claim(kind: CredentialKind, number: &str) -> ClaimCredential {
    ClaimCredential {
        kind,
        issuer: "浙江省人力资源和社会保障厅".to_owned(),
        number: Sensitive::new(number),
        level: Some("三级".to_owned()),
        issue_date: day("2024-05-06"),
        expiry_date: None,
        sha256: Some("ab".repeat(32)),
    }
}

pub fn verify(credential: u32) -> VerifyCredential {
    VerifyCredential {
        credential,
        method: VerificationMethod::Registry,
    }
}

pub fn reject(credential: u32) -> RejectCredential {
    RejectCredential {
        credential,
        ground: RejectionGround::NotFound,
        note: Some(Sensitive::new("登记系统查无此证")),
    }
}

pub fn revoke(credential: u32) -> RevokeCredential {
    RevokeCredential {
        credential,
        ground: RevocationGround::Lent,
        note: None,
    }
}

pub fn health(issue_date: Date, passed: bool) -> RecordHealthCertificate {
    RecordHealthCertificate {
        issuer: "西湖区疾病预防控制中心".to_owned(),
        issue_date,
        passed,
        sha256: None,
    }
}

pub fn query(query_date: Date, found: &[Offence]) -> RecordQuery {
    RecordQuery {
        occasion: QueryOccasion::Hiring,
        queried_of: QueriedOf::Police,
        query_date,
        found: found.to_vec(),
    }
}

pub fn training(kind: TrainingKind, hours: u32, completed_date: Date) -> RecordTraining {
    RecordTraining {
        kind,
        hours,
        provider: "浙江省托育培训中心".to_owned(),
        completed_date,
    }
}

pub fn engage(number: u8, post: Post, start_date: Date) -> Engage {
    Engage {
        institution: institution(number),
        post,
        employment: Employment::Direct,
        share_permille: 1000,
        start_date,
    }
}

pub fn change_post(engagement: u32, post: Post, from_date: Date) -> ChangePost {
    ChangePost {
        engagement,
        post,
        share_permille: 500,
        from_date,
    }
}

pub fn off(engagement: u32, ground: OffDutyGround) -> TakeOffDuty {
    TakeOffDuty { engagement, ground }
}

pub fn back(engagement: u32) -> ReturnToDuty {
    ReturnToDuty { engagement }
}

pub fn end(engagement: u32, end_date: Date) -> EndEngagement {
    EndEngagement {
        engagement,
        end_date,
        ground: EndGround::Resigned,
    }
}

pub fn bar(ground: BarGround, from_date: Date, until_date: Option<Date>) -> Bar {
    Bar {
        ground,
        from_date,
        until_date,
        decision_number: "杭西卫罚〔2026〕7号".to_owned(),
        reason: Sensitive::new("查实虐待"),
    }
}

pub fn lift() -> LiftBar {
    LiftBar {
        decision_number: "杭西卫撤〔2026〕1号".to_owned(),
        reason: Sensitive::new("复议撤销"),
    }
}

/// Whether an event may be shown to the employer.
pub fn shown_to_employer(decided: &Decided<PersonEvent>) -> bool {
    decided.classification != Classification::Regulator
}
