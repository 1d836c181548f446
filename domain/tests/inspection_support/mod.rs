//! A desk at which inspections are handled: state, clock, actor and facts, as the command floor would hold them.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts, Recorded};
use yujian_domain::dossier::{Dossier, Seen, facts};
use yujian_domain::envelope::{Actor, Classification, Metadata, Role};
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::*;
use yujian_domain::institution::{Institution, Status as InstitutionStatus};
use yujian_domain::person::{self, Credential, CredentialKind, CredentialState, Engagement, EngagementState, Person};
use yujian_domain::personal::{Digester, KeyedDigest, Sensitive};
use yujian_domain::reference::Reference;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::{Occurred, day_of};
use yujian_domain::values::{ClassType, ExternalId, RegionId};
use yujian_domain::visits::Visit;

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

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
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
            self.fold_from(&one.event, one.occurred.unwrap_or(self.occurred()), one.effective_from);
        }
        self.events.extend(decided.clone());
        Ok(decided)
    }

    fn occurred(&self) -> Occurred {
        self.said.unwrap_or(Occurred::Instant { time: self.now })
    }

    pub fn fold(&mut self, event: &InspectionEvent) {
        self.fold_from(event, self.occurred(), None);
    }

    fn fold_from(&mut self, event: &InspectionEvent, occurred: Occurred, effective_from: Option<Timestamp>) {
        let bytes = serde_json::to_vec(&event.payload()).unwrap();
        let stored = InspectionEvent::decode(event.event_type(), &bytes).unwrap().unwrap();
        assert_eq!(&stored, event, "an event changes on its way through JSON");
        let metadata = Metadata {
            occurred,
            effective_from,
            effective_to: None,
            received_time: self.now,
            device: None,
            actor: self.actor.clone(),
            on_behalf_of: None,
            request: None,
            causation: None,
            correlation: None,
            policies: Vec::new(),
            legal_basis: Vec::new(),
            facts: Vec::new(),
            provenance: None,
            classification: Classification::default(),
            subjects: Vec::new(),
            simulated: false,
        };
        let recorded = Recorded {
            event_id: Uuid::nil(),
            revision: self.revision,
            metadata: &metadata,
        };
        self.state.evolve(&stored, &recorded);
        self.revision += 1;
        self.log.push((stored, metadata));
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

/// A routine visit in the week of the desk's time.
pub fn plan() -> PlanInspection {
    PlanInspection {
        institution: INSTITUTION,
        purpose: Purpose::Routine,
        emergency: false,
        ordered_from_above: false,
        checklist: ChecklistRef {
            id: "wst-821".to_owned(),
            version: 1,
        },
        dimensions: Vec::new(),
        from_date: day("2026-03-02"),
        to_date: day("2026-03-06"),
        announced: false,
        joint_bodies: Vec::new(),
    }
}

pub fn emergency() -> PlanInspection {
    PlanInspection {
        purpose: Purpose::Complaint,
        emergency: true,
        ..plan()
    }
}

pub fn approve() -> ApproveInspection {
    ApproveInspection {
        approval_number: "西湖卫检〔2026〕7号".to_owned(),
    }
}

pub fn assign(numbers: &[u128]) -> AssignInspectors {
    AssignInspectors {
        inspectors: numbers
            .iter()
            .map(|number| InspectorInput {
                person: inspector(*number),
                no_conflict: true,
            })
            .collect(),
    }
}

pub fn recusal(number: u128) -> RequestRecusal {
    RequestRecusal {
        person: inspector(number),
        ground: RecusalGround::Kinship,
        note: Some(Sensitive::new("是负责人的表姐")),
    }
}

pub fn decision(number: u128, granted: bool) -> DecideRecusal {
    DecideRecusal {
        person: inspector(number),
        granted,
    }
}

pub fn check_in() -> CheckIn {
    CheckIn {
        method: CheckInMethod::InstitutionCode,
        point: None,
    }
}

pub fn backfill(arrived_time: Timestamp) -> BackfillCheckIn {
    BackfillCheckIn {
        arrived_time,
        reason: BackfillReason::Network,
    }
}

pub fn presence(class_type: ClassType, children: u32, carers: u32) -> CountPresence {
    CountPresence {
        children: BTreeMap::from([(class_type, children)]),
        carers: BTreeMap::from([(class_type, carers)]),
        staff: BTreeMap::new(),
    }
}

pub fn answer(item: &str, answer: Answer) -> AnswerItems {
    AnswerItems {
        answers: vec![ItemAnswer {
            item: item.to_owned(),
            answer,
            observation: None,
            evidence: Vec::new(),
        }],
    }
}

pub fn cite(item: &str, weight: Weight) -> CiteFinding {
    CiteFinding {
        item: item.to_owned(),
        weight,
        extent: Extent::Isolated,
        children_at_risk: 3,
        measure: None,
        description: Sensitive::new("张三未按规定指导"),
    }
}

pub fn assist(item: &str) -> GiveTechnicalAssistance {
    GiveTechnicalAssistance {
        item: item.to_owned(),
        advice: Sensitive::new("建议每周开展一次"),
    }
}

pub fn on_site(finding: u32) -> RecordCorrectedOnSite {
    RecordCorrectedOnSite { finding }
}

pub fn order(finding: u32, due_date: Date) -> OrderCorrection {
    OrderCorrection { finding, due_date }
}

pub fn complete() -> CompleteFieldwork {
    CompleteFieldwork {
        record_sha256: sha256(),
        signature: Signature::Signed,
        witness: None,
        statement: None,
    }
}

pub fn abort() -> AbortInspection {
    AbortInspection {
        reason: AbortReason::NoChildren,
        note: None,
    }
}

pub fn cancel() -> CancelInspection {
    CancelInspection {
        reason: CancelReason::Duplicate,
    }
}

pub fn draft() -> IssueDraft {
    IssueDraft { draft_sha256: sha256() }
}

pub fn comment() -> CommentOnDraft {
    CommentOnDraft { comments: None }
}

pub fn finalize() -> FinalizeInspection {
    FinalizeInspection {
        conclusion: Sensitive::new("限期整改"),
        report_sha256: sha256(),
    }
}

pub fn publish() -> PublishInspection {
    PublishInspection {
        place: "https://example.gov.cn/7".to_owned(),
    }
}

pub fn claim(finding: u32) -> ClaimCorrection {
    ClaimCorrection {
        finding,
        description: Sensitive::new("已整改"),
        evidence: vec![sha256()],
    }
}

pub fn verify(finding: u32) -> VerifyCorrection {
    VerifyCorrection {
        finding,
        check: CorrectionCheck::Visit,
    }
}

pub fn reject(finding: u32, due_date: Date) -> RejectCorrection {
    RejectCorrection {
        finding,
        check: CorrectionCheck::Documents,
        reason: Sensitive::new("仍未开展"),
        due_date,
    }
}

pub fn extend(finding: u32, due_date: Date) -> ExtendCorrection {
    ExtendCorrection {
        finding,
        due_date,
        reason: Sensitive::new("等待到货"),
        approver: "officer-2".to_owned(),
    }
}

pub fn overdue(finding: u32, due_date: Date) -> MarkCorrectionOverdue {
    MarkCorrectionOverdue { finding, due_date }
}

pub fn row(ordinal: u32) -> RecordImportedInspection {
    RecordImportedInspection {
        institution: INSTITUTION,
        external: ExternalId {
            register: "us-tx-ccl".to_owned(),
            number: "1543412".to_owned(),
        },
        ordinal,
        visit_date: None,
        kind: ImportedKind::Finding,
        standard: "746.1201(1)".to_owned(),
        weight: Weight::Unknown,
        corrected_date: None,
        details: BTreeMap::from([("Standard Risk Level".to_owned(), "High".to_owned())]),
        narrative: None,
    }
}

/// A desk whose inspection stands in `status`, reached by commands alone, all on the first day.
pub fn desk_at(status: Status) -> Desk {
    desk_with(status, &plan(), &|_| {})
}

/// The same for another plan, with something done at the site. An emergency is not approved.
pub fn desk_with(status: Status, plan: &PlanInspection, at_site: &dyn Fn(&mut Desk)) -> Desk {
    let before = |status| desk_with(status, plan, at_site);
    let desk = match status {
        Status::None => Desk::new(),
        Status::Planned => {
            let mut desk = before(Status::None);
            desk.done("officer-1", plan.clone());
            desk
        }
        Status::Approved => {
            let mut desk = before(Status::Planned);
            desk.done("officer-2", approve());
            desk
        }
        Status::Assigned => {
            let mut desk = before(if plan.emergency {
                Status::Planned
            } else {
                Status::Approved
            });
            desk.done("officer-1", assign(&[1, 2]));
            desk
        }
        Status::CheckedIn => {
            let mut desk = before(Status::Assigned);
            desk.done("inspector-1", check_in());
            at_site(&mut desk);
            desk
        }
        Status::FieldworkCompleted => {
            let mut desk = before(Status::CheckedIn);
            desk.done("inspector-1", complete());
            desk
        }
        Status::DraftIssued => {
            let mut desk = before(Status::FieldworkCompleted);
            desk.done("officer-1", draft());
            desk
        }
        Status::Commented => {
            let mut desk = before(Status::DraftIssued);
            desk.done("operator-1", comment());
            desk
        }
        Status::Finalized => {
            let mut desk = before(Status::Commented);
            desk.done("officer-1", finalize());
            desk
        }
        Status::Published => {
            let mut desk = before(Status::Finalized);
            desk.done("officer-1", publish());
            desk
        }
        Status::Cancelled => {
            let mut desk = before(Status::Planned);
            desk.done("officer-1", cancel());
            desk
        }
        Status::Aborted => {
            let mut desk = before(Status::CheckedIn);
            desk.done("inspector-1", abort());
            desk
        }
        Status::Imported => {
            let mut desk = before(Status::None);
            desk.done("officer-1", row(1));
            desk
        }
    };
    assert_eq!(desk.state.status, status);
    desk
}

/// Cites finding 1, a minor one, at the site and leads it to `state`; an ordered correction is due on that very day.
pub fn lead_finding_to(desk: &mut Desk, state: FindingState) {
    desk.done("inspector-1", answer(PLAIN, Answer::Noncompliant));
    desk.done("inspector-1", cite(PLAIN, Weight::Minor));
    let due = desk.today();
    let ordered = |desk: &mut Desk| {
        desk.done("inspector-1", order(1, due));
    };
    match state {
        FindingState::Cited => {}
        FindingState::CorrectedOnSite => {
            desk.done("inspector-1", on_site(1));
        }
        FindingState::CorrectionDue => ordered(desk),
        FindingState::CorrectionClaimed => {
            ordered(desk);
            desk.done("operator-1", claim(1));
        }
        FindingState::Verified => {
            ordered(desk);
            desk.done("operator-1", claim(1));
            desk.done("officer-1", verify(1));
        }
        FindingState::Overdue => {
            ordered(desk);
            desk.later(24 * 60).done("yujian", overdue(1, due));
        }
        FindingState::Imported => panic!("nothing leads there from a visit"),
    }
    assert_eq!(desk.state.findings[&1].state, state);
}
