//! A valid command of each kind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use yujian_domain::inspection::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::values::{ClassType, ExternalId};

use super::{INSTITUTION, day, inspector, sha256};

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
