//! A desk at which one institution is handled: state, clock, actor and stream, as the command floor would hold them.

pub mod applications;
pub mod every;
pub mod licence;

use std::sync::OnceLock;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts, Recorded};
use yujian_domain::dossier::{Dossier, FactChange, Seen, facts};
use yujian_domain::envelope::{Actor, Role, parse_metadata};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::*;
use yujian_domain::personal::{Digester, KeyedDigest, Sensitive};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::Occurred;
use yujian_domain::values::*;

pub use crate::support::{at, day};

pub const ID: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

pub struct TestDigester;

impl Digester for TestDigester {
    fn digest(&self, kind: &str, value: &str) -> KeyedDigest {
        KeyedDigest {
            epoch: 1,
            hex: format!("{kind}:{}", value.len()),
        }
    }
}

pub fn reference() -> &'static Reference {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    REFERENCE.get_or_init(Reference::shipped)
}

/// A division of the shipped tables by its code.
pub fn region(code: &str) -> RegionId {
    reference()
        .divisions
        .get(code)
        .unwrap_or_else(|| panic!("{code} is in the tables"))
        .id
        .clone()
}

pub fn actor(id: &str, role: Role) -> Actor {
    Actor {
        id: id.to_owned(),
        role,
        organisation: None,
        jurisdiction: Some("330106".to_owned()),
    }
}

/// A record as a log would hold it, without hash and position.
#[derive(Clone)]
pub struct Stored {
    pub revision: u64,
    pub event_type: &'static str,
    pub metadata: Vec<u8>,
    pub payload: Vec<u8>,
    pub recorded: Timestamp,
}

#[derive(Clone)]
pub struct Desk {
    pub state: Institution,
    /// When the request comes in.
    pub now: Timestamp,
    /// When it happened, if not now.
    pub occurred: Option<Occurred>,
    pub actor: Actor,
    pub reference: &'static Reference,
    pub facts: Facts,
    pub stream: Vec<Stored>,
}

impl Desk {
    /// 2026-03-02, a Monday, 10:00 in Shanghai.
    pub fn new() -> Self {
        Self {
            state: Institution::default(),
            now: at("2026-03-02T02:00:00Z"),
            occurred: None,
            actor: actor("officer-1", Role::Officer),
            reference: reference(),
            facts: Facts::default(),
            stream: Vec::new(),
        }
    }

    pub fn registered() -> Self {
        let mut desk = Self::new();
        desk.run(register()).unwrap();
        desk
    }

    pub fn returned() -> Self {
        let mut desk = Self::registered();
        desk.run(SubmitFiling {
            papers: Vec::new(),
            ..filing()
        })
        .unwrap();
        desk
    }

    pub fn accepted() -> Self {
        let mut desk = Self::registered();
        desk.run(filing()).unwrap();
        desk
    }

    pub fn filed() -> Self {
        let mut desk = Self::accepted();
        desk.run(receipt(desk.today())).unwrap();
        desk
    }

    pub fn nonconforming() -> Self {
        let mut desk = Self::filed();
        desk.run(nonconformity(desk.today())).unwrap();
        desk
    }

    pub fn suspended() -> Self {
        let mut desk = Self::filed();
        desk.run(suspension(SuspensionKind::Voluntary, desk.today())).unwrap();
        desk
    }

    pub fn closed() -> Self {
        let mut desk = Self::filed();
        desk.run(closing(desk.today())).unwrap();
        desk
    }

    pub fn imported() -> Self {
        let mut desk = Self::new();
        desk.run(row()).unwrap();
        desk
    }

    /// A desk in each state of the machine.
    pub fn in_state(status: Status) -> Self {
        let desk = match status {
            Status::None => Self::new(),
            Status::Registered => Self::registered(),
            Status::Returned => Self::returned(),
            Status::Accepted => Self::accepted(),
            Status::Filed => Self::filed(),
            Status::Nonconforming => Self::nonconforming(),
            Status::Licensed => Self::licensed(),
            Status::Suspended => Self::suspended(),
            Status::Revoked => Self::revoked(),
            Status::Expired => Self::expired(),
            Status::Closed => Self::closed(),
            Status::Imported => Self::imported(),
        };
        assert_eq!(desk.state.status, status);
        desk
    }

    pub fn today(&self) -> Date {
        yujian_domain::time::day_of(self.now)
    }

    pub fn on(&mut self, date: &str) -> &mut Self {
        self.now = at(&format!("{date}T02:00:00Z"));
        self
    }

    pub fn days_later(&mut self, days: i64) -> &mut Self {
        self.now = self.now.checked_add((days * 24).hours()).unwrap();
        self
    }

    pub fn by(&mut self, id: &str, role: Role) -> &mut Self {
        self.actor = actor(id, role);
        self
    }

    pub fn occurred(&mut self, occurred: Occurred) -> &mut Self {
        self.occurred = Some(occurred);
        self
    }

    pub fn occurred_on(&mut self, date: &str) -> &mut Self {
        self.occurred(Occurred::Day { date: day(date) })
    }

    pub fn decide(&self, command: impl Into<InstitutionCommand>) -> Result<Vec<Decided<InstitutionEvent>>, Rejection> {
        let context = Context {
            id: ID,
            now: self.now,
            occurred: self.occurred.unwrap_or(Occurred::Instant { time: self.now }),
            actor: &self.actor,
            reference: self.reference,
            digester: &TestDigester,
        };
        self.state.decide(&self.facts, &command.into(), &context)
    }

    /// Decides, seals and folds what was decided. Answers the events.
    pub fn run(&mut self, command: impl Into<InstitutionCommand>) -> Result<Vec<InstitutionEvent>, Rejection> {
        let decided = self.decide(command)?;
        assert!(!decided.is_empty(), "a decision has at least one event");
        for one in &decided {
            self.record(one);
        }
        self.occurred = None;
        Ok(decided.into_iter().map(|one| one.event).collect())
    }

    pub fn record(&mut self, decided: &Decided<InstitutionEvent>) {
        let revision = u64::try_from(self.stream.len()).unwrap();
        let happened = self.occurred.unwrap_or(Occurred::Instant { time: self.now });
        let metadata = crate::support::metadata(decided, happened, self.now, &self.actor);
        let mut payload = decided.event.payload();
        let mut ordinal = 0;
        seal(&mut payload, revision, &mut ordinal);
        let stored = Stored {
            revision,
            event_type: decided.event.event_type(),
            metadata: serde_json::to_vec(&metadata).unwrap(),
            payload: serde_json::to_vec(&payload).unwrap(),
            recorded: self
                .now
                .checked_add(i64::try_from(revision).unwrap().nanoseconds())
                .unwrap(),
        };
        fold(&mut self.state, &stored);
        self.stream.push(stored);
    }

    pub fn refusal(&self, command: impl Into<InstitutionCommand>) -> Rejection {
        match self.decide(command) {
            Ok(events) => panic!("accepted: {events:?}"),
            Err(rejection) => rejection,
        }
    }

    pub fn reason(&self, command: impl Into<InstitutionCommand>) -> Reason {
        self.refusal(command).reason
    }

    /// Fields and rules of the violations, in order.
    pub fn violations(&self, command: impl Into<InstitutionCommand>) -> Vec<(String, String)> {
        self.refusal(command)
            .violations
            .into_iter()
            .map(|found| (found.field, found.rule))
            .collect()
    }

    pub fn changes(&self) -> Vec<FactChange> {
        self.stream.iter().map(change).collect()
    }

    pub fn dossier(&self) -> Dossier {
        let mut dossier = Dossier::new();
        for change in self.changes() {
            dossier.apply(change);
        }
        dossier
    }
}

pub fn change(stored: &Stored) -> FactChange {
    let stream = format!("institution-{ID}");
    let seen = Seen {
        stream: &stream,
        revision: stored.revision,
        event_id: Uuid::nil(),
        event_type: stored.event_type,
        metadata: &stored.metadata,
        payload: &stored.payload,
        recorded_time: stored.recorded,
    };
    facts(&seen).unwrap().unwrap()
}

pub fn fold(state: &mut Institution, stored: &Stored) {
    let event = InstitutionEvent::decode(stored.event_type, &stored.payload)
        .unwrap()
        .unwrap();
    let metadata = parse_metadata(&stored.metadata).unwrap();
    state.evolve(
        &event,
        &Recorded {
            event_id: Uuid::nil(),
            revision: stored.revision,
            metadata: &metadata,
        },
    );
}

/// Stands in for the log's sealer: every clear value becomes a sealed one of the same shape.
pub fn seal(value: &mut Value, revision: u64, ordinal: &mut u32) {
    match value {
        Value::Object(members) => {
            if let Some(clear) = members.remove("$personal") {
                let sealed = json!({
                    "key": clear["subject"],
                    "nonce": "AAAAAAAAAAAAAAAA",
                    "event": Uuid::from_u128(u128::from(revision)),
                    "ordinal": *ordinal,
                    "data": "c2VhbGVk",
                });
                *ordinal += 1;
                members.insert("$sealed".to_owned(), sealed);
            } else {
                members.values_mut().for_each(|member| seal(member, revision, ordinal));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| seal(item, revision, ordinal)),
        _ => {}
    }
}

pub fn places(count: u32) -> Places {
    Places::new(count).unwrap()
}

pub fn class(name: &str, class_type: ClassType, count: u32) -> Class {
    Class {
        name: name.to_owned(),
        class_type,
        places: places(count),
    }
}

pub fn register() -> RegisterInstitution {
    RegisterInstitution {
        name: "西湖区向日葵托育中心".to_owned(),
        credit_code: CreditCode::parse("91350100M000100Y43").unwrap(),
        site: "总部".to_owned(),
        address: "文三路1号".to_owned(),
        region: region("330106"),
        point: Some(Point::new(1_201_300_000, 302_700_000, Datum::Gcj02).unwrap()),
        institution_type: InstitutionType::Comprehensive,
        also_types: Vec::new(),
        mode: Mode::Private,
        ownership: Ownership::Private,
        registrar: Registrar::MarketSupervision,
        registration_date: day("2026-02-02"),
        representative: representative("张三"),
        classes: vec![
            class("小一班", ClassType::YoungerToddler, 15),
            class("大一班", ClassType::OlderToddler, 20),
        ],
    }
}

pub fn representative(name: &str) -> RepresentativeInput {
    RepresentativeInput {
        name: Sensitive::new(name),
        identity: Some(IdentityInput(IdentityNumber::parse("11010519491231002X").unwrap())),
        phone: Sensitive::new("+86 139-1234-5678"),
    }
}

pub fn paper(kind: PaperKind) -> Paper {
    Paper {
        kind,
        issuer: Some("杭州市西湖区".to_owned()),
        number: Some(format!("{}-1", kind.code())),
        issue_date: Some(day("2026-01-05")),
        expiry_date: Some(day("2027-01-04")),
        sha256: None,
        passed: matches!(kind, PaperKind::HygieneEvaluation | PaperKind::FireSafety).then_some(true),
    }
}

pub fn filing() -> SubmitFiling {
    let kinds = [
        PaperKind::FilingForm,
        PaperKind::Commitment,
        PaperKind::RegistrationCertificate,
        PaperKind::PremisesProof,
        PaperKind::StaffQualifications,
        PaperKind::StaffHealthCertificates,
        PaperKind::HygieneEvaluation,
        PaperKind::FireSafety,
        PaperKind::FoodLicence,
    ];
    SubmitFiling {
        papers: kinds.into_iter().map(paper).collect(),
        makes_meals: true,
        premises: Some(Premises {
            tenure: Tenure::Leased,
            lease_start_date: Some(day("2026-01-01")),
            lease_end_date: Some(day("2028-12-31")),
            highest_floor: 2,
            lowest_floor: 1,
            area_cm2: Some(3_600_000),
            built_area_cm2: None,
            outdoor_area_cm2: None,
        }),
    }
}

/// A complete filing without some papers.
pub fn filing_without(kinds: &[PaperKind]) -> SubmitFiling {
    let mut filing = filing();
    filing.papers.retain(|paper| !kinds.contains(&paper.kind));
    filing
}

pub fn receipt(date: Date) -> IssueReceipt {
    IssueReceipt {
        receipt_number: "浙托备330106-0001".to_owned(),
        issue_date: date,
    }
}

pub fn nonconformity(date: Date) -> NotifyNonconformity {
    NotifyNonconformity {
        reasons: vec![NonconformityReason {
            item: "premises.floor".to_owned(),
            description: "活动用房位于四层".to_owned(),
        }],
        finding_date: date,
    }
}

pub fn conformity() -> ConfirmConformity {
    ConfirmConformity {
        statement: Sensitive::new("已整改"),
    }
}

pub fn suspension(kind: SuspensionKind, date: Date) -> SuspendInstitution {
    SuspendInstitution {
        kind,
        reason: Sensitive::new("设施检修"),
        from_date: date,
        until_date: None,
    }
}

pub fn resumption(date: Date) -> ResumeInstitution {
    ResumeInstitution {
        from_date: date,
        statement: Sensitive::new("检修完毕"),
    }
}

pub fn closing(date: Date) -> CloseInstitution {
    CloseInstitution {
        reason: Sensitive::new("停止办学"),
        closing_date: date,
        children_to_place: 3,
    }
}

pub fn rename(name: &str) -> ChangeDetails {
    ChangeDetails {
        name: Some(name.to_owned()),
        ..ChangeDetails::default()
    }
}

pub fn correction(revision: u64, key: &str, value: Value, from: &str) -> CorrectFact {
    CorrectFact {
        revision,
        key: key.to_owned(),
        value: (!value.is_null()).then_some(value),
        valid_from_date: day(from),
        reason: Sensitive::new("录入有误"),
        approver: "officer-2".to_owned(),
    }
}

pub fn row() -> RecordImportedInstitution {
    RecordImportedInstitution {
        external: ExternalId {
            register: "texas-injuries".to_owned(),
            number: "1234567".to_owned(),
        },
        name: "Sunflower Day Care".to_owned(),
        address: None,
        region: RegionId::parse("US-48/HARRIS", 1949).unwrap(),
        credit_code: None,
        institution_type: InstitutionType::Unknown,
        register_type: Some("Licensed Center".to_owned()),
        register_status: None,
        mode: Mode::Unknown,
        ownership: Ownership::Unknown,
        classes: Vec::new(),
        valid_from_date: None,
        edition_date: None,
    }
}
