//! A person's life.

use yujian_proto::common::v1::Region;
use yujian_proto::staffing::v1 as staffing;

use super::{DIGEST, IDENTITY, SECOND, Walk, operator, staff};
use crate::house::*;

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
