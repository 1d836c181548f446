//! Lives of inspections.

use prost_types::Timestamp;
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::licensing::v1::ClassType;
use yujian_proto::staffing::v1 as staffing;

use super::{DIGEST, LEAD, SECOND, Walk, inspect, operator};
use crate::house::*;

/// A plan of an inspection.
pub fn plan(walk: &mut Walk, institution: &str, emergency: bool) -> inspection::PlanInspectionRequest {
    inspection::PlanInspectionRequest {
        header: walk.header(),
        institution: institution.to_owned(),
        purpose: inspection::Purpose::Routine.into(),
        emergency,
        checklist: Some(inspection::ChecklistVersion {
            id: "wst-821".to_owned(),
            version: 1,
        }),
        from_date: day(2026, 3, 2),
        to_date: day(2026, 3, 10),
        joint_bodies: vec!["消防救援大队".to_owned()],
        ..Default::default()
    }
}

/// Plans, approves and assigns; answers the name.
pub async fn assigned(walk: &mut Walk, institution: &str, team: &[String]) -> String {
    let request = plan(walk, institution, false);
    let reply: inspection::InspectionReply = walk.act(OFFICER, &inspect("PlanInspection"), &request).await;
    let name = reply.inspection.unwrap().name;
    let request = inspection::ApproveInspectionRequest {
        header: walk.header(),
        name: name.clone(),
        approval_number: "西卫检〔2026〕1号".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(SECOND, &inspect("ApproveInspection"), &request).await;
    let request = assignment(walk, &name, team);
    let _: inspection::InspectionReply = walk.act(OFFICER, &inspect("AssignInspectors"), &request).await;
    name
}

pub fn assignment(walk: &mut Walk, name: &str, team: &[String]) -> inspection::AssignInspectorsRequest {
    inspection::AssignInspectorsRequest {
        header: walk.header(),
        name: name.to_owned(),
        inspectors: team
            .iter()
            .map(|person| inspection::InspectorInput {
                person: person.clone(),
                no_conflict: true,
            })
            .collect(),
    }
}

/// The three items that are cited.
pub async fn items(walk: &Walk) -> Vec<yujian_proto::supervision::v1::ChecklistItem> {
    use yujian_proto::supervision::v1 as pb;
    let request = pb::GetChecklistRequest {
        checklist: Some(inspection::ChecklistVersion {
            id: "wst-821".to_owned(),
            version: 1,
        }),
    };
    let reply = walk
        .house
        .supervision()
        .get_checklist(by(OFFICER, request))
        .await
        .unwrap();
    reply.into_inner().checklist.unwrap().items
}

/// The visit, from a recusal that is not granted to the signed record.
async fn visit(walk: &mut Walk, name: &str, team: &[String]) -> Vec<String> {
    let other = "role=inspector; id=wang-02; jurisdiction=330106";
    let request = inspection::RequestRecusalRequest {
        header: walk.header(),
        name: name.to_owned(),
        person: team[0].clone(),
        ground: inspection::RecusalGround::Interest.into(),
        note: "曾有合作".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(other, &inspect("RequestRecusal"), &request).await;
    let request = inspection::DecideRecusalRequest {
        header: walk.header(),
        name: name.to_owned(),
        person: team[0].clone(),
        granted: Some(false),
    };
    let _: inspection::InspectionReply = walk.act(OFFICER, &inspect("DecideRecusal"), &request).await;
    let request = inspection::CheckInRequest {
        header: walk.header(),
        name: name.to_owned(),
        method: inspection::CheckInMethod::WrittenNotice.into(),
        point: None,
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("CheckIn"), &request).await;
    let classes = |count| {
        vec![inspection::ClassCount {
            class_type: ClassType::YoungerToddler.into(),
            count,
        }]
    };
    let request = inspection::CountPresenceRequest {
        header: walk.header(),
        name: name.to_owned(),
        children: classes(12),
        carers: classes(2),
        staff: vec![inspection::PostCount {
            post: staffing::Post::Cook.into(),
            count: 1,
        }],
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("CountPresence"), &request).await;

    let items = items(walk).await;
    let ordinary: Vec<_> = items.iter().filter(|item| !item.veto).take(4).collect();
    let codes: Vec<String> = ordinary.iter().map(|item| item.code.clone()).collect();
    let answer = |code: &String, answer: inspection::Answer| inspection::ItemAnswer {
        item: code.clone(),
        answer: answer.into(),
        observation: "现场查看".to_owned(),
        evidence: vec![DIGEST.to_owned()],
    };
    let mut answers: Vec<_> = codes[..3]
        .iter()
        .map(|code| answer(code, inspection::Answer::Noncompliant))
        .collect();
    answers.push(answer(&codes[3], inspection::Answer::Compliant));
    let request = inspection::AnswerItemsRequest {
        header: walk.header(),
        name: name.to_owned(),
        answers,
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("AnswerItems"), &request).await;
    for item in &ordinary[..3] {
        let request = inspection::CiteFindingRequest {
            header: walk.header(),
            name: name.to_owned(),
            item: item.code.clone(),
            weight: inspection::Weight::General.into(),
            extent: inspection::Extent::Isolated.into(),
            children_at_risk: 3,
            measure: None,
            description: "防护缺失".to_owned(),
        };
        let _: inspection::InspectionReply = walk.act(LEAD, &inspect("CiteFinding"), &request).await;
    }
    let request = inspection::GiveTechnicalAssistanceRequest {
        header: walk.header(),
        name: name.to_owned(),
        item: codes[3].clone(),
        advice: "建议完善台账".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("GiveTechnicalAssistance"), &request).await;
    let request = inspection::RecordCorrectedOnSiteRequest {
        header: walk.header(),
        name: name.to_owned(),
        finding: 1,
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("RecordCorrectedOnSite"), &request).await;
    for finding in [2, 3] {
        let request = inspection::OrderCorrectionRequest {
            header: walk.header(),
            name: name.to_owned(),
            finding,
            due_date: day(2026, 3, 20),
        };
        let _: inspection::InspectionReply = walk.act(LEAD, &inspect("OrderCorrection"), &request).await;
    }
    let request = inspection::CompleteFieldworkRequest {
        header: walk.header(),
        name: name.to_owned(),
        record_sha256: DIGEST.to_owned(),
        signature: inspection::Signature::Signed.into(),
        witness: String::new(),
        statement: "无异议".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("CompleteFieldwork"), &request).await;
    codes
}

/// Corrections: one rejected, claimed again and verified, one extended.
async fn correct(walk: &mut Walk, name: &str) -> inspection::InspectionReply {
    let me = operator();
    for again in [true, false] {
        let request = inspection::ClaimCorrectionRequest {
            header: walk.header(),
            name: name.to_owned(),
            finding: 2,
            description: "已安装防护栏".to_owned(),
            evidence: vec![DIGEST.to_owned()],
        };
        let _: inspection::InspectionReply = walk.act(&me, &inspect("ClaimCorrection"), &request).await;
        if again {
            let request = inspection::RejectCorrectionRequest {
                header: walk.header(),
                name: name.to_owned(),
                finding: 2,
                check: inspection::CorrectionCheck::Visit.into(),
                reason: "高度不足".to_owned(),
                due_date: day(2026, 3, 25),
            };
            let _: inspection::InspectionReply = walk.act(LEAD, &inspect("RejectCorrection"), &request).await;
        }
    }
    let request = inspection::VerifyCorrectionRequest {
        header: walk.header(),
        name: name.to_owned(),
        finding: 2,
        check: inspection::CorrectionCheck::Documents.into(),
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("VerifyCorrection"), &request).await;
    let request = inspection::ExtendCorrectionRequest {
        header: walk.header(),
        name: name.to_owned(),
        finding: 3,
        due_date: day(2026, 3, 27),
        reason: "材料未到".to_owned(),
        approver: "sun-08".to_owned(),
    };
    walk.act(OFFICER, &inspect("ExtendCorrection"), &request).await
}

/// Draft, comment, final report, publication.
async fn report(walk: &mut Walk, name: &str) -> inspection::InspectionReply {
    let request = inspection::IssueDraftRequest {
        header: walk.header(),
        name: name.to_owned(),
        draft_sha256: DIGEST.to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("IssueDraft"), &request).await;
    let request = inspection::CommentOnDraftRequest {
        header: walk.header(),
        name: name.to_owned(),
        comments: "第二项已购料".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(&operator(), &inspect("CommentOnDraft"), &request).await;
    let request = inspection::FinalizeInspectionRequest {
        header: walk.header(),
        name: name.to_owned(),
        conclusion: "基本符合".to_owned(),
        report_sha256: DIGEST.to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(OFFICER, &inspect("FinalizeInspection"), &request).await;
    let request = inspection::PublishInspectionRequest {
        header: walk.header(),
        name: name.to_owned(),
        place: "西湖区人民政府网站".to_owned(),
    };
    walk.act(OFFICER, &inspect("PublishInspection"), &request).await
}

/// A whole inspection; answers its name and its last state.
pub async fn inspected(walk: &mut Walk, institution: &str, team: &[String]) -> (String, inspection::Inspection) {
    let name = assigned(walk, institution, team).await;
    visit(walk, &name, team).await;
    report(walk, &name).await;
    let last = correct(walk, &name).await;
    (name, last.inspection.unwrap())
}

/// An emergency that is filled in afterwards and broken off, and an inspection that is cancelled.
pub async fn broken_off(walk: &mut Walk, institution: &str, team: &[String]) {
    let request = plan(walk, institution, true);
    let reply: inspection::InspectionReply = walk.act(OFFICER, &inspect("PlanInspection"), &request).await;
    let name = reply.inspection.unwrap().name;
    let request = assignment(walk, &name, team);
    let _: inspection::InspectionReply = walk.act(OFFICER, &inspect("AssignInspectors"), &request).await;
    let request = inspection::BackfillCheckInRequest {
        header: walk.header(),
        name: name.clone(),
        // The clock of the house stands at 2026-03-02T01:00:00Z.
        arrived_time: Some(Timestamp {
            seconds: 1_772_413_200,
            nanos: 0,
        }),
        reason: inspection::BackfillReason::Network.into(),
    };
    let reply: inspection::InspectionReply = walk.act(LEAD, &inspect("BackfillCheckIn"), &request).await;
    assert!(reply.inspection.unwrap().approval_due.is_some());
    let request = inspection::AbortInspectionRequest {
        header: walk.header(),
        name: name.clone(),
        reason: inspection::AbortReason::NoChildren.into(),
        note: String::new(),
    };
    let _: inspection::InspectionReply = walk.act(LEAD, &inspect("AbortInspection"), &request).await;

    let request = plan(walk, institution, false);
    let reply: inspection::InspectionReply = walk.act(OFFICER, &inspect("PlanInspection"), &request).await;
    let request = inspection::CancelInspectionRequest {
        header: walk.header(),
        name: reply.inspection.unwrap().name,
        reason: inspection::CancelReason::Merged.into(),
    };
    let _: inspection::InspectionReply = walk.act(OFFICER, &inspect("CancelInspection"), &request).await;
}
