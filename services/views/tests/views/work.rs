//! Random histories of persons, inspections, counters and alerts, beside those of institutions and incidents. Events are
//! built directly: no rule of any state machine is kept, folds take what was recorded.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use uuid::Uuid;
use yujian_domain::alert::{AlertEvent, AlertRaised, AlertRule, alert_id};
use yujian_domain::envelope::{Classification, FactRef};
use yujian_domain::inspection::{self, Answer, ChecklistRef, Extent, InspectionEvent, Purpose, Weight};
use yujian_domain::person::{self, CredentialKind, PersonEvent, Post};
use yujian_domain::personal::KeyedDigest;
use yujian_domain::reference::Reference;
use yujian_domain::system::{ChecklistPublished, SystemEvent};
use yujian_domain::time::start_of;
use yujian_domain::values::{ClassType, ExternalId};
use yujian_domain::visits::{VisitCounted, VisitReleased, VisitsEvent, visits_stream};

use crate::steps::{self, Step};
use crate::support::{World, credit_code, day, deadline, institution, region, sealed};

/// The id of the `n`th person.
pub fn person(n: u8) -> Uuid {
    Uuid::from_u128(0x3000 + u128::from(n))
}

/// The id of the `n`th inspection.
pub fn inspection(n: u8) -> Uuid {
    Uuid::from_u128(0x4000 + u128::from(n))
}

pub fn of_person(n: u8) -> String {
    format!("person-{}", person(n))
}

pub fn of_inspection(n: u8) -> String {
    format!("inspection-{}", inspection(n))
}

/// A history in which every family meets the others.
pub async fn worked(steps: &[Step]) -> World {
    let mut world = World::new();
    publish_checklist(&mut world).await;
    for n in 0..7 {
        steps::write(&mut world, (0, n, 1 + n, n), 0).await;
    }
    for (step, at) in steps.iter().zip(1..) {
        write(&mut world, *step, at).await;
    }
    world
}

/// The checklist that comes with the program.
pub async fn publish_checklist(world: &mut World) {
    let shipped = Reference::shipped_checklists().remove(0);
    let event = ChecklistPublished {
        checklist: shipped.checklist.reference.id.clone(),
        version: shipped.checklist.reference.version,
        sha256: shipped.checklist.sha256.clone(),
        effective_date: shipped.checklist.effective_date,
        document: shipped.document.to_owned(),
    };
    let stream = format!("checklist-{}", Uuid::from_u128(0x6000));
    world.event(&stream, &SystemEvent::from(event), 0, None).await;
}

/// The `n`th step of a walk that is the same in every run and goes everywhere.
pub fn walk(n: u32) -> Step {
    let mixed = (u64::from(n) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let [a, b, c, d, ..] = (mixed ^ (mixed >> 32)).to_le_bytes();
    (a, b, c, d)
}

pub async fn write(world: &mut World, step: Step, at: i64) {
    let (kind, who, a, b) = step;
    match kind % 5 {
        0 => steps::write(world, (a, who, kind / 5, b), at).await,
        1 | 2 => person_step(world, (kind / 5, who, a, b), at).await,
        3 => inspection_step(world, (kind / 5, who, a, b), at).await,
        _ if b % 3 == 0 => alert(world, who, a, at).await,
        _ => visit(world, who, a, b, at).await,
    }
}

pub fn registered(n: u8, region_index: u8) -> person::PersonRegistered {
    person::PersonRegistered {
        region: region(region_index),
        organisation: n.is_multiple_of(2).then(|| credit_code(n % 4).to_string()),
        identity_kind: person::IdentityKind::ResidentId,
        identity: sealed(n.into()),
        identity_digest: digest(n),
        name: sealed(u128::from(n) + 100),
        phone: None,
        proofing: person::Proofing::Registry,
        birth_year: Some(1980 + i16::from(n)),
        account: None,
    }
}

pub fn digest(n: u8) -> KeyedDigest {
    KeyedDigest {
        epoch: 1,
        hex: format!("{n:064x}"),
    }
}

pub fn started(engagement: u32, at: Uuid, post: Post, from: i64, qualified: bool) -> person::EngagementStarted {
    person::EngagementStarted {
        engagement,
        institution: at,
        region: region(0),
        organisation: None,
        post,
        employment: person::Employment::Direct,
        share_permille: 500,
        start_date: day(from),
        qualified,
    }
}

pub fn claimed(credential: u32, kind: CredentialKind, expiry: Option<i64>) -> person::CredentialClaimed {
    person::CredentialClaimed {
        credential,
        kind,
        issuer: "人社局".to_owned(),
        number: sealed(7),
        certificate: digest(9),
        level: None,
        issue_date: day(-400),
        expiry_date: expiry.map(day),
        sha256: None,
    }
}

async fn person_step(world: &mut World, (kind, who, a, b): Step, at: i64) {
    let n = who % 6;
    let stream = of_person(n);
    let mut classification = Classification::Operator;
    if !world.begun(&stream) {
        let event = PersonEvent::from(registered(n, b));
        return world.event(&stream, &event, at, None).await;
    }
    let (number, home) = (u32::from(a % 3) + 1, institution(a % 3 + n % 4));
    let days = i64::from(b) - 60;
    let event: PersonEvent = match kind % 16 {
        0 => claimed(
            number,
            CredentialKind::ALL[usize::from(b) % 4],
            (b % 7 != 0).then_some(at + days),
        )
        .into(),
        1 | 2 => person::CredentialVerified {
            credential: number,
            method: person::VerificationMethod::Registry,
        }
        .into(),
        3 if b % 2 == 0 => person::CredentialExpired {
            credential: number,
            expiry_date: day(at),
        }
        .into(),
        3 => person::CredentialRevoked {
            credential: number,
            ground: person::RevocationGround::Lent,
            note: None,
        }
        .into(),
        4 | 5 => person::HealthCertificateRecorded {
            issuer: "市中心医院".to_owned(),
            issue_date: day(at - 3),
            expiry_date: day(at + days),
            passed: b % 5 != 0,
            sha256: None,
        }
        .into(),
        6 | 7 => {
            let clear = b % 4 != 0;
            if !clear {
                classification = Classification::Regulator;
            }
            person::RecordQueried {
                occasion: person::QueryOccasion::Yearly,
                queried_of: person::QueriedOf::Police,
                query_date: day(at),
                valid_until: day(at + days),
                clear,
                found: if clear { vec![] } else { vec![person::Offence::Abuse] },
            }
            .into()
        }
        8 => person::TrainingRecorded {
            kind: person::TrainingKind::InService,
            hours: b.into(),
            provider: "妇幼保健院".to_owned(),
            completed_date: day(at),
        }
        .into(),
        9 | 10 => started(
            number,
            home,
            Post::ALL[usize::from(b) % Post::ALL.len()],
            at,
            b % 3 != 0,
        )
        .into(),
        11 => person::PostChanged {
            engagement: number,
            institution: home,
            post: Post::ALL[usize::from(b) % Post::ALL.len()],
            share_permille: 1_000,
            from_date: day(at),
            qualified: b % 2 == 0,
        }
        .into(),
        12 if b % 2 == 0 => person::TakenOffDuty {
            engagement: number,
            institution: home,
            ground: person::OffDutyGround::Infectious,
        }
        .into(),
        12 => person::ReturnedToDuty {
            engagement: number,
            institution: home,
        }
        .into(),
        13 => person::EngagementEnded {
            engagement: number,
            institution: home,
            end_date: day(at),
            ground: person::EndGround::Resigned,
        }
        .into(),
        14 => person::PersonBarred {
            ground: person::BarGround::Record,
            from_date: day(at + i64::from(b % 9) - 4),
            until_date: (b % 2 == 0).then(|| day(at + days)),
            decision_number: format!("禁〔2025〕{b}"),
            reason: sealed(4),
        }
        .into(),
        _ if b % 2 == 0 => person::BarLifted {
            decision_number: format!("解〔2025〕{b}"),
            reason: sealed(5),
        }
        .into(),
        _ => person::PersonDetailsChanged {
            name: None,
            phone: Some(sealed(6)),
            account: Some(format!("account-{b}")),
        }
        .into(),
    };
    world.event_for(&stream, &event, at, None, classification).await;
}

pub fn planned(home: Uuid, purpose: Purpose, from: i64, announced: bool) -> inspection::InspectionPlanned {
    inspection::InspectionPlanned {
        institution: home,
        purpose,
        emergency: false,
        ordered_from_above: false,
        checklist: ChecklistRef {
            id: "wst-821".to_owned(),
            version: 1,
        },
        checklist_sha256: "0".repeat(64),
        dimensions: vec![],
        from_date: day(from),
        to_date: day(from + 10),
        announced,
        joint_bodies: vec![],
    }
}

pub fn cited(finding: u32, dimension: &str, weight: Weight) -> inspection::FindingCited {
    inspection::FindingCited {
        finding,
        item: format!("{dimension}-1"),
        dimension: dimension.to_owned(),
        weight,
        extent: Extent::Isolated,
        children_at_risk: 0,
        measure: None,
        description: sealed(8),
    }
}

pub fn imported(home: Uuid, n: u8, number: u32, b: u8) -> inspection::InspectionImported {
    inspection::InspectionImported {
        number,
        institution: home,
        external: ExternalId {
            register: "texas".to_owned(),
            number: format!("V-{n}"),
        },
        ordinal: 0,
        visit_date: (b % 3 == 0).then(|| day(i64::from(b))),
        kind: inspection::ImportedKind::ALL[usize::from(b) % 2],
        standard: format!("746.{b}"),
        weight: Weight::ALL[usize::from(b) % Weight::ALL.len()],
        corrected_date: None,
        details: BTreeMap::new(),
        narrative: None,
    }
}

async fn inspection_step(world: &mut World, (kind, who, a, b): Step, at: i64) {
    let n = who % 8;
    let home = institution(n % 7);
    let stream = of_inspection(n);
    let purpose = Purpose::ALL[usize::from(b) % 6];
    if !world.begun(&stream) {
        if n.is_multiple_of(4) {
            let event = InspectionEvent::from(imported(home, n, 1, b));
            return world.event(&stream, &event, at, None).await;
        }
        let announced = b % 2 == 0;
        let classification = if announced {
            Classification::Operator
        } else {
            Classification::Regulator
        };
        let event = InspectionEvent::from(planned(home, purpose, at - i64::from(a), announced));
        return world.event_for(&stream, &event, at, None, classification).await;
    }
    if n.is_multiple_of(4) {
        let event = InspectionEvent::from(imported(home, n, u32::from(a % 5) + 1, b));
        return world.event(&stream, &event, at, None).await;
    }
    let finding = u32::from(a % 4) + 1;
    let due = at + i64::from(b % 20) - 10;
    let event = visit_event(kind, a, b, at)
        .or_else(|| report_event(kind, b, at))
        .unwrap_or_else(|| match kind % 26 {
            16 => inspection::CorrectedOnSite { finding }.into(),
            17 | 18 => inspection::CorrectionOrdered {
                finding,
                due_date: day(due),
            }
            .into(),
            19 => inspection::CorrectionClaimed {
                finding,
                description: sealed(1),
                evidence: vec![],
                late: b % 3 == 0,
            }
            .into(),
            20 => inspection::CorrectionVerified {
                finding,
                check: inspection::CorrectionCheck::Documents,
            }
            .into(),
            21 => inspection::CorrectionRejected {
                finding,
                check: inspection::CorrectionCheck::Visit,
                reason: sealed(1),
                due_date: day(due),
                times: u32::from(b % 3) + 1,
            }
            .into(),
            22 => inspection::CorrectionExtended {
                finding,
                due_date: day(due),
                reason: sealed(1),
                approver: "officer-8".to_owned(),
            }
            .into(),
            23 => inspection::CorrectionOverdue {
                finding,
                due_date: day(due),
            }
            .into(),
            24 => inspection::TechnicalAssistanceGiven {
                number: finding + 10,
                item: "care-1".to_owned(),
                dimension: "care".to_owned(),
                advice: sealed(1),
            }
            .into(),
            _ => cited(finding, "safety", Weight::ALL[usize::from(b) % 4]).into(),
        });
    world.event(&stream, &event, at, None).await;
}

/// What happens before and at the visit.
fn visit_event(kind: u8, a: u8, b: u8, at: i64) -> Option<InspectionEvent> {
    Some(match kind % 26 {
        0 => inspection::InspectionApproved {
            approval_number: format!("批{b}"),
            after_check_in: b % 5 == 0,
            late: b % 3 == 0,
        }
        .into(),
        1 => {
            let inspector = |n: u8| inspection::Inspector {
                person: person(n),
                account: format!("inspector-{n}"),
                credential: 1,
                expiry_date: None,
            };
            let inspectors = vec![inspector(a % 6), inspector((a % 6 + 1) % 6)];
            inspection::InspectorsAssigned { inspectors }.into()
        }
        2 => inspection::RecusalRequested {
            person: person(a % 6),
            ground: inspection::RecusalGround::Kinship,
            note: None,
        }
        .into(),
        3 => inspection::RecusalDecided {
            person: person(a % 6),
            granted: b % 2 == 0,
        }
        .into(),
        4 | 5 => inspection::InspectorCheckedIn {
            method: inspection::CheckInMethod::InstitutionCode,
            point: None,
            approval_due: (b % 4 == 0).then(|| deadline(at + 2)),
        }
        .into(),
        6 => inspection::CheckInBackfilled {
            arrived_time: start_of(day(at - i64::from(b % 30))).checked_add(10.hours()).unwrap(),
            reason: inspection::BackfillReason::Network,
            late: b % 2 == 0,
            approval_due: None,
        }
        .into(),
        7 => inspection::PresenceCounted {
            children: BTreeMap::from([(ClassType::Mixed, 12)]),
            carers: BTreeMap::from([(ClassType::Mixed, 2)]),
            staff: BTreeMap::new(),
            ratio_exceeded: if b % 2 == 0 { vec![ClassType::Mixed] } else { vec![] },
        }
        .into(),
        8 | 9 => {
            let shipped = Reference::shipped_checklists().remove(0);
            let items = &shipped.checklist.items;
            let answers = (0..3).map(|n: usize| inspection::StoredAnswer {
                item: items[(usize::from(a) * 3 + n * 17) % items.len()].code.clone(),
                answer: Answer::ALL[(usize::from(b) + n) % Answer::ALL.len()],
                observation: None,
                evidence: vec![],
            });
            inspection::ItemsAnswered {
                answers: answers.collect(),
            }
            .into()
        }
        _ => return None,
    })
}

/// What happens to the visit as a whole.
fn report_event(kind: u8, b: u8, at: i64) -> Option<InspectionEvent> {
    Some(match kind % 26 {
        10 => inspection::FieldworkCompleted {
            record_sha256: "0".repeat(64),
            signature: inspection::Signature::Signed,
            witness: None,
            statement: None,
            items: 10,
            not_checked: 1,
        }
        .into(),
        11 if b % 3 == 0 => inspection::InspectionAborted {
            reason: inspection::AbortReason::DeniedEntry,
            note: None,
        }
        .into(),
        11 if b % 3 == 1 => inspection::InspectionCancelled {
            reason: inspection::CancelReason::Duplicate,
        }
        .into(),
        12 => inspection::DraftReportIssued {
            draft_sha256: "1".repeat(64),
            comments_due: deadline(at + 10),
        }
        .into(),
        13 => inspection::DraftCommented {
            comments: None,
            late: b % 2 == 0,
        }
        .into(),
        14 => inspection::InspectionFinalized {
            conclusion: sealed(2),
            report_sha256: "2".repeat(64),
            points: b.into(),
            points_of: 300,
            vetoes: 0,
            findings: 1,
        }
        .into(),
        15 => inspection::InspectionPublished {
            place: "官网".to_owned(),
            late: false,
        }
        .into(),
        _ => return None,
    })
}

async fn visit(world: &mut World, who: u8, a: u8, b: u8, at: i64) {
    let n = who % 8;
    let stream = visits_stream(institution(n % 7), 2025);
    let event: VisitsEvent = if b % 4 == 1 {
        VisitReleased {
            inspection: inspection(n),
        }
        .into()
    } else {
        let counts = a % 3 != 0;
        VisitCounted {
            inspection: inspection(n),
            purpose: Purpose::Routine,
            counts,
            cap: counts.then_some(1 + u32::from(a % 2)),
        }
        .into()
    };
    world
        .event_for(&stream, &event, at, None, Classification::Regulator)
        .await;
}

pub fn raised(rule: AlertRule, home: Uuid, concerned: Option<Uuid>, period: &str, since: i64) -> AlertRaised {
    AlertRaised {
        rule,
        institution: home,
        person: concerned,
        inspection: None,
        period: period.to_owned(),
        since_date: day(since),
        evidence: vec![FactRef {
            stream: "person-1".to_owned(),
            revision: 3,
        }],
    }
}

async fn alert(world: &mut World, who: u8, a: u8, at: i64) {
    let rule = AlertRule::ALL[usize::from(a) % AlertRule::ALL.len()];
    let (n, period) = (who % 6, a.to_string());
    let stream = format!("alert-{}", alert_id(rule, person(n), &period));
    if !world.begun(&stream) {
        let event = AlertEvent::from(raised(rule, institution(n), Some(person(n)), &period, at));
        world
            .event_for(&stream, &event, at, None, Classification::Regulator)
            .await;
    }
}
