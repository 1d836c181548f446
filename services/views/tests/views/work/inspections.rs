//! Steps of inspections.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use uuid::Uuid;
use yujian_domain::envelope::Classification;
use yujian_domain::inspection::{self, Answer, ChecklistRef, Extent, InspectionEvent, Purpose, Weight};
use yujian_domain::reference::Reference;
use yujian_domain::time::start_of;
use yujian_domain::values::{ClassType, ExternalId};

use super::{of_inspection, person};
use crate::steps::Step;
use crate::support::{World, day, deadline, institution, sealed};

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
        visit_date: (b.is_multiple_of(3)).then(|| day(i64::from(b))),
        kind: inspection::ImportedKind::ALL[usize::from(b) % 2],
        standard: format!("746.{b}"),
        weight: Weight::ALL[usize::from(b) % Weight::ALL.len()],
        corrected_date: None,
        details: BTreeMap::new(),
        narrative: None,
    }
}

pub async fn inspection_step(world: &mut World, (kind, who, a, b): Step, at: i64) {
    let n = who % 6;
    let home = institution(n % 7);
    let stream = of_inspection(n);
    let purpose = Purpose::ALL[usize::from(b) % 6];
    if !world.begun(&stream) {
        if n.is_multiple_of(4) {
            let event = InspectionEvent::from(imported(home, n, 1, b));
            return world.event(&stream, &event, at, None).await;
        }
        let announced = b.is_multiple_of(2);
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
    let finding = u32::from(a % 3) + 1;
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
                late: b.is_multiple_of(3),
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
            after_check_in: b.is_multiple_of(5),
            late: b.is_multiple_of(3),
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
            granted: b.is_multiple_of(2),
        }
        .into(),
        4 | 5 => inspection::InspectorCheckedIn {
            method: inspection::CheckInMethod::InstitutionCode,
            point: None,
            approval_due: (b.is_multiple_of(4)).then(|| deadline(at + 2)),
        }
        .into(),
        6 => inspection::CheckInBackfilled {
            arrived_time: start_of(day(at - i64::from(b % 30))).checked_add(10.hours()).unwrap(),
            reason: inspection::BackfillReason::Network,
            late: b.is_multiple_of(2),
            approval_due: None,
        }
        .into(),
        7 => inspection::PresenceCounted {
            children: BTreeMap::from([(ClassType::Mixed, 12)]),
            carers: BTreeMap::from([(ClassType::Mixed, 2)]),
            staff: BTreeMap::new(),
            ratio_exceeded: if b.is_multiple_of(2) {
                vec![ClassType::Mixed]
            } else {
                vec![]
            },
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
        11 if b.is_multiple_of(3) => inspection::InspectionAborted {
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
            late: b.is_multiple_of(2),
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
