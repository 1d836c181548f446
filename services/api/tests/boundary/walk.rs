//! One life of a person and three of inspections through every command of their services. Each step is tried first with
//! `validate_only`, then done, then repeated.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::Timestamp;
use yujian_proto::common::v1::{CommandReply, Region};
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::licensing::v1::ClassType;
use yujian_proto::staffing::v1 as staffing;

use crate::house::*;
use crate::raw;

/// Another officer of 西湖区.
pub const SECOND: &str = "role=officer; id=sun-08; jurisdiction=330106";
pub const LEAD: &str = "role=inspector; id=li-01; jurisdiction=330106";
/// SHA-256 of a file.
pub const DIGEST: &str = "3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a";
/// An identity number whose check character is right.
pub const IDENTITY: &str = "11010519491231002X";

/// The operator of the institutions that [`House::register`] registers.
pub fn operator() -> String {
    format!("role=operator; id=op-01; organisation={}", credit_code(1))
}

/// Replies to commands.
pub trait Reply: Message + Default + PartialEq {
    fn command(&self) -> &CommandReply;
}

impl Reply for staffing::PersonReply {
    fn command(&self) -> &CommandReply {
        self.command.as_ref().unwrap()
    }
}

impl Reply for inspection::InspectionReply {
    fn command(&self) -> &CommandReply {
        self.command.as_ref().unwrap()
    }
}

/// A house with what was called in it.
pub struct Walk {
    pub house: House,
    /// Each accepted request by path: who called, and what.
    pub done: Vec<(String, String, Vec<u8>)>,
    requests: u128,
}

impl Walk {
    pub async fn start() -> Self {
        Self {
            house: House::start().await,
            done: Vec::new(),
            requests: 1_000,
        }
    }

    /// A header with a request id of its own.
    pub fn header(&mut self) -> Option<yujian_proto::common::v1::CommandHeader> {
        self.requests += 1;
        header(self.requests)
    }

    /// One command: tried, done, repeated.
    pub async fn act<R: Reply>(&mut self, actor: &str, path: &str, request: &impl Message) -> R {
        let before = self.house.head();
        let tried = raw::call(&self.house, actor, path, raw::dry(path, request)).await;
        let tried = R::decode(tried.unwrap_or_else(|refused| panic!("{path}: {refused:?}")).as_slice()).unwrap();
        assert_eq!(tried.command().position, "", "{path}: nothing was stored");
        assert_eq!(self.house.head(), before, "{path}: validate_only appends nothing");

        let bytes = request.encode_to_vec();
        let first = raw::call(&self.house, actor, path, bytes.clone()).await.unwrap();
        let again = raw::call(&self.house, actor, path, bytes.clone()).await.unwrap();
        assert_eq!(first, again, "{path}: a repetition gets the first answer");
        let reply = R::decode(first.as_slice()).unwrap();
        assert_eq!(reply.command().position, self.house.head(), "{path}");
        assert_eq!(reply.command().event_types, tried.command().event_types, "{path}");
        assert!(!reply.command().event_types.is_empty(), "{path}");
        self.done.push((path.to_owned(), actor.to_owned(), bytes));
        reply
    }

    /// One command that is refused, with its code and reason.
    pub async fn refused(&self, actor: &str, path: &str, request: &impl Message) -> (tonic::Code, String) {
        let refused = raw::call(&self.house, actor, path, request.encode_to_vec()).await;
        why(&refused.expect_err(path))
    }

    /// Paths that were called.
    pub fn paths(&self) -> BTreeSet<String> {
        self.done.iter().map(|(path, _, _)| path.clone()).collect()
    }
}

pub fn staff(method: &str) -> String {
    format!("/yujian.staffing.v1.StaffingService/{method}")
}

pub fn inspect(method: &str) -> String {
    format!("/yujian.inspection.v1.InspectionService/{method}")
}

/// A whole registration of a carer.
pub fn carer(walk: &mut Walk, institution: &str) -> staffing::RegisterPersonRequest {
    staffing::RegisterPersonRequest {
        header: walk.header(),
        institution: institution.to_owned(),
        identity_kind: staffing::IdentityKind::ResidentId.into(),
        identity: IDENTITY.to_owned(),
        display_name: "欧阳明月".to_owned(),
        phone: "13812345678".to_owned(),
        proofing: staffing::Proofing::Counter.into(),
        ..staffing::RegisterPersonRequest::default()
    }
}

/// A claim of a credential.
pub fn claim(
    walk: &mut Walk,
    name: &str,
    kind: staffing::CredentialKind,
    number: &str,
) -> staffing::ClaimCredentialRequest {
    staffing::ClaimCredentialRequest {
        header: walk.header(),
        name: name.to_owned(),
        kind: kind.into(),
        issuer: "浙江省人力资源和社会保障厅".to_owned(),
        number: number.to_owned(),
        level: "三级".to_owned(),
        issue_date: day(2025, 6, 1),
        expiry_date: day(2028, 5, 31),
        sha256: DIGEST.to_owned(),
    }
}

fn verification(walk: &mut Walk, name: &str, credential: u32) -> staffing::VerifyCredentialRequest {
    staffing::VerifyCredentialRequest {
        header: walk.header(),
        name: name.to_owned(),
        credential,
        method: staffing::VerificationMethod::Registry.into(),
    }
}

/// Registers a carer with three credentials (verified, rejected, revoked), health certificate, query and training.
pub async fn prepare_carer(walk: &mut Walk, institution: &str) -> String {
    use staffing::CredentialKind as Kind;
    let me = operator();
    let request = carer(walk, institution);
    let reply: staffing::PersonReply = walk.act(&me, &staff("RegisterPerson"), &request).await;
    let name = reply.person.unwrap().name;
    let request = staffing::ChangePersonDetailsRequest {
        header: walk.header(),
        name: name.clone(),
        phone: Some("13912345678".to_owned()),
        ..Default::default()
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("ChangePersonDetails"), &request).await;
    for (kind, number) in [
        (Kind::ChildcareWorker, "A-1"),
        (Kind::FirstAid, "A-2"),
        (Kind::InfantCare, "A-3"),
    ] {
        let request = claim(walk, &name, kind, number);
        let _: staffing::PersonReply = walk.act(&me, &staff("ClaimCredential"), &request).await;
    }
    for credential in [1, 3] {
        let request = verification(walk, &name, credential);
        let _: staffing::PersonReply = walk.act(OFFICER, &staff("VerifyCredential"), &request).await;
    }
    let request = staffing::RejectCredentialRequest {
        header: walk.header(),
        name: name.clone(),
        credential: 2,
        ground: staffing::RejectionGround::Mismatch.into(),
        note: "姓名不符".to_owned(),
    };
    let _: staffing::PersonReply = walk.act(OFFICER, &staff("RejectCredential"), &request).await;
    let request = staffing::RevokeCredentialRequest {
        header: walk.header(),
        name: name.clone(),
        credential: 3,
        ground: staffing::RevocationGround::Lent.into(),
        note: String::new(),
    };
    let _: staffing::PersonReply = walk.act(OFFICER, &staff("RevokeCredential"), &request).await;
    let request = staffing::RecordHealthCertificateRequest {
        header: walk.header(),
        name: name.clone(),
        issuer: "西湖区疾病预防控制中心".to_owned(),
        issue_date: day(2026, 1, 10),
        passed: Some(true),
        sha256: DIGEST.to_owned(),
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("RecordHealthCertificate"), &request).await;
    let request = staffing::RecordQueryRequest {
        header: walk.header(),
        name: name.clone(),
        occasion: staffing::QueryOccasion::Hiring.into(),
        queried_of: staffing::QueriedOf::Police.into(),
        query_date: day(2026, 2, 1),
        found: Vec::new(),
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("RecordQuery"), &request).await;
    let request = staffing::RecordTrainingRequest {
        header: walk.header(),
        name: name.clone(),
        kind: staffing::TrainingKind::PreService.into(),
        hours: 40,
        provider: "西湖区妇幼保健院".to_owned(),
        completed_date: day(2026, 2, 10),
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("RecordTraining"), &request).await;
    name
}

/// An engagement as carer, full time.
pub fn engagement(walk: &mut Walk, name: &str, institution: &str) -> staffing::EngagePersonRequest {
    staffing::EngagePersonRequest {
        header: walk.header(),
        name: name.to_owned(),
        institution: institution.to_owned(),
        post: staffing::Post::Carer.into(),
        employment: staffing::Employment::Direct.into(),
        share_permille: 1_000,
        start_date: day(2026, 3, 1),
    }
}

/// From the engagement to the bar and its lifting.
pub async fn engage_and_bar(walk: &mut Walk, name: &str, institution: &str) -> staffing::PersonReply {
    let me = operator();
    let request = engagement(walk, name, institution);
    let _: staffing::PersonReply = walk.act(&me, &staff("EngagePerson"), &request).await;
    let request = staffing::ChangePostRequest {
        header: walk.header(),
        name: name.to_owned(),
        engagement: 1,
        post: staffing::Post::Other.into(),
        share_permille: 500,
        from_date: day(2026, 3, 2),
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("ChangePost"), &request).await;
    let request = staffing::TakeOffDutyRequest {
        header: walk.header(),
        name: name.to_owned(),
        engagement: 1,
        ground: staffing::OffDutyGround::Investigation.into(),
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("TakeOffDuty"), &request).await;
    let request = staffing::ReturnToDutyRequest {
        header: walk.header(),
        name: name.to_owned(),
        engagement: 1,
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("ReturnToDuty"), &request).await;
    let request = staffing::EndEngagementRequest {
        header: walk.header(),
        name: name.to_owned(),
        engagement: 1,
        end_date: day(2026, 3, 2),
        ground: staffing::EndGround::Resigned.into(),
    };
    let _: staffing::PersonReply = walk.act(&me, &staff("EndEngagement"), &request).await;
    let request = staffing::BarPersonRequest {
        header: walk.header(),
        name: name.to_owned(),
        ground: staffing::BarGround::Order.into(),
        from_date: day(2026, 3, 2),
        until_date: day(2029, 3, 1),
        decision_number: "西卫禁〔2026〕1号".to_owned(),
        reason: "裁判文书".to_owned(),
    };
    let _: staffing::PersonReply = walk.act(OFFICER, &staff("BarPerson"), &request).await;
    let request = staffing::LiftBarRequest {
        header: walk.header(),
        name: name.to_owned(),
        decision_number: "西卫禁〔2026〕2号".to_owned(),
        reason: "原决定撤销".to_owned(),
    };
    walk.act(SECOND, &staff("LiftBar"), &request).await
}

/// A certified inspector with an account.
pub async fn inspector(walk: &mut Walk, account: &str, passport: &str) -> String {
    let request = staffing::RegisterPersonRequest {
        header: walk.header(),
        region: Some(Region {
            code: "330106".to_owned(),
            entered_year: None,
        }),
        identity_kind: staffing::IdentityKind::Passport.into(),
        identity: passport.to_owned(),
        display_name: "李执法".to_owned(),
        proofing: staffing::Proofing::Counter.into(),
        birth_date: day(1985, 5, 5),
        account: account.to_owned(),
        ..Default::default()
    };
    let reply: staffing::PersonReply = walk.act(OFFICER, &staff("RegisterPerson"), &request).await;
    let name = reply.person.unwrap().name;
    let request = claim(walk, &name, staffing::CredentialKind::Enforcement, account);
    let _: staffing::PersonReply = walk.act(OFFICER, &staff("ClaimCredential"), &request).await;
    let request = verification(walk, &name, 1);
    let _: staffing::PersonReply = walk.act(SECOND, &staff("VerifyCredential"), &request).await;
    name
}

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
    let me = operator();
    let request = inspection::RequestRecusalRequest {
        header: walk.header(),
        name: name.to_owned(),
        person: team[0].clone(),
        ground: inspection::RecusalGround::Interest.into(),
        note: "曾有合作".to_owned(),
    };
    let _: inspection::InspectionReply = walk.act(&me, &inspect("RequestRecusal"), &request).await;
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
