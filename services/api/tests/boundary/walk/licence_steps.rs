//! Licences: one that is granted and taken away, one that is refused, and what else may become of an application.

use yujian_proto::licensing::v1 as pb;

use super::{DIGEST, SECOND, Walk, authorize, operator};
use crate::house::*;

/// The fire brigade, which pushes its own records.
pub const FIRE: &str = "role=bureau; id=fire-01; organisation=fire; jurisdiction=330106";

/// A paper that passes and holds.
pub fn paper(kind: pb::PaperKind) -> pb::Paper {
    pb::Paper {
        kind: kind.into(),
        issuer: "西湖区".to_owned(),
        number: "2026-001".to_owned(),
        issue_date: day(2026, 1, 5),
        expiry_date: day(2030, 1, 5),
        sha256: DIGEST.to_owned(),
        passed: Some(true),
    }
}

/// Every paper that an institution without meals needs.
pub fn papers() -> Vec<pb::Paper> {
    use pb::PaperKind as Kind;
    [
        Kind::FilingForm,
        Kind::Commitment,
        Kind::RegistrationCertificate,
        Kind::PremisesProof,
        Kind::StaffQualifications,
        Kind::StaffHealthCertificates,
        Kind::HygieneEvaluation,
        Kind::FireSafety,
    ]
    .map(paper)
    .to_vec()
}

pub fn premises() -> Option<pb::Premises> {
    Some(pb::Premises {
        tenure: pb::Tenure::Owned.into(),
        highest_floor: Some(2),
        lowest_floor: Some(1),
        ..pb::Premises::default()
    })
}

/// A complete application for a licence.
pub fn application(walk: &mut Walk, name: &str) -> pb::SubmitApplicationRequest {
    pb::SubmitApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        kind: pb::ApplicationKind::Licence.into(),
        papers: papers(),
        premises: premises(),
        ..Default::default()
    }
}

/// The last application of an answer.
pub fn last(reply: &pb::InstitutionReply) -> &pb::LicenceApplication {
    reply
        .institution
        .as_ref()
        .unwrap()
        .licence_applications
        .last()
        .expect("an application")
}

/// The running clock of a kind.
pub fn running(reply: &pb::InstitutionReply, kind: pb::ClockKind) -> pb::Clock {
    let clocks = &reply.institution.as_ref().unwrap().clocks;
    let found = clocks
        .iter()
        .find(|clock| clock.kind() == kind && clock.state() == pb::ClockState::Running);
    found.unwrap_or_else(|| panic!("no {kind:?} runs: {clocks:?}")).clone()
}

pub fn terms(item: &str) -> pb::ConditionTerms {
    pb::ConditionTerms {
        item: item.to_owned(),
        text: "按期补办".to_owned(),
        due_date: day(2026, 4, 30),
        until_date: None,
    }
}

fn reason() -> pb::NonconformityReason {
    pb::NonconformityReason {
        item: "premises.highest_floor".to_owned(),
        description: "活动用房位于四层".to_owned(),
    }
}

/// Submits and accepts an application; answers the reply.
pub async fn accepted(walk: &mut Walk, name: &str) -> pb::InstitutionReply {
    let request = application(walk, name);
    let reply: pb::InstitutionReply = walk.act(&operator(), &authorize("SubmitApplication"), &request).await;
    let number = last(&reply).number;
    let request = pb::AcceptApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: number,
        joint: false,
    };
    walk.act(OFFICER, &authorize("AcceptApplication"), &request).await
}

/// Two persons were on site and found it up to standard.
pub fn verification(walk: &mut Walk, name: &str, application: u32) -> pb::RecordSiteVerificationRequest {
    let verifier = |account: &str, certificate: &str| pb::Verifier {
        account: account.to_owned(),
        certificate: certificate.to_owned(),
    };
    pb::RecordSiteVerificationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        visit_date: day(2026, 3, 2),
        verifiers: vec![verifier("li-01", "E1234567"), verifier("wang-02", "E7654321")],
        outcome: pb::VerificationOutcome::Meets.into(),
        items: Vec::new(),
        inspection: String::new(),
    }
}

/// A proposal to grant with one condition.
pub fn proposal(walk: &mut Walk, name: &str, application: u32) -> pb::ProposeDecisionRequest {
    pb::ProposeDecisionRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        outcome: pb::ProposedOutcome::Grant.into(),
        conditions: vec![terms("papers.fire_safety")],
        reasons: Vec::new(),
        deceit: 0,
    }
}

pub fn decision(walk: &mut Walk, name: &str, application: u32) -> pb::DecideApplicationRequest {
    pb::DecideApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        licence_number: "浙托许330106-0001".to_owned(),
        effective_date: None,
    }
}

/// From the papers to the proposal that the second person sends back.
pub async fn reviewed(walk: &mut Walk, name: &str) -> u32 {
    let me = operator();
    let request = application(walk, name);
    let reply: pb::InstitutionReply = walk.act(&me, &authorize("SubmitApplication"), &request).await;
    let number = last(&reply).number;
    assert_eq!(last(&reply).state(), pb::ApplicationState::Submitted);
    let request = pb::ReturnApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: number,
        items: vec![pb::ReturnedItem {
            item: "papers.premises_proof".to_owned(),
            rule: "ADM-13".to_owned(),
            problem: pb::ItemProblem::Incomplete.into(),
            ..Default::default()
        }],
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("ReturnApplication"), &request).await;
    assert_eq!(last(&reply).returned_items[0].label_en, "Premises proof: incomplete");
    let mut request = application(walk, name);
    request.papers[3].number = "2026-002".to_owned();
    let _: pb::InstitutionReply = walk.act(&me, &authorize("SubmitApplication"), &request).await;
    let request = pb::AcceptApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: number,
        joint: false,
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("AcceptApplication"), &request).await;
    let decision = running(&reply, pb::ClockKind::Decision);
    assert_eq!((decision.count, decision.unit()), (20, pb::ClockUnit::WorkingDays));
    asked_and_checked(walk, name, number).await;
    stopped_and_extended(walk, name, &decision.clock).await;
    let request = verification(walk, name, number);
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("RecordSiteVerification"), &request).await;
    let request = proposal(walk, name, number);
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("ProposeDecision"), &request).await;
    assert_eq!(last(&reply).proposal.as_ref().unwrap().proposer, "zhang-07");
    let request = pb::ReturnProposalRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: number,
        reason: "请补充论证".to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(SECOND, &authorize("ReturnProposal"), &request).await;
    number
}

async fn asked_and_checked(walk: &mut Walk, name: &str, application: u32) {
    let request = pb::RequestInformationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        questions: vec![pb::Question {
            item: "papers.fire_safety".to_owned(),
            question: "请说明疏散通道".to_owned(),
        }],
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("RequestInformation"), &request).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::AwaitingInformation);
    let request = pb::ProvideInformationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        papers: vec![paper(pb::PaperKind::FireSafety)],
        statement: "见平面图".to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(&operator(), &authorize("ProvideInformation"), &request).await;
    let request = pb::RecordRegistryCheckRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: None,
        source: pb::RegistrySource::Fire.into(),
        item: "papers.fire_safety".to_owned(),
        number: "浙消2026-1".to_owned(),
        outcome: pb::RegistryOutcome::Matches.into(),
        valid_to_date: None,
        record_date: day(2026, 3, 2),
        response_sha256: DIGEST.to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(FIRE, &authorize("RecordRegistryCheck"), &request).await;
}

async fn stopped_and_extended(walk: &mut Walk, name: &str, clock: &str) {
    let request = pb::PauseClockRequest {
        header: walk.header(),
        name: name.to_owned(),
        clock: clock.to_owned(),
        reason: pb::PauseReason::ExpertReview.into(),
        from_date: day(2026, 3, 2),
        told_date: day(2026, 3, 2),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("PauseClock"), &request).await;
    let request = pb::ResumeClockRequest {
        header: walk.header(),
        name: name.to_owned(),
        clock: clock.to_owned(),
        on_date: day(2026, 3, 2),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("ResumeClock"), &request).await;
    let request = pb::ExtendClockRequest {
        header: walk.header(),
        name: name.to_owned(),
        clock: clock.to_owned(),
        reason: pb::ExtensionReason::ComplexMatter.into(),
        count: 10,
        approver: "head-01".to_owned(),
        approver_office: pb::ApproverOffice::HeadOfAuthority.into(),
        told_date: day(2026, 3, 2),
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("ExtendClock"), &request).await;
    assert_eq!(running(&reply, pb::ClockKind::Decision).extension, 10);
}

/// From the second proposal to the licence with its certificate.
pub async fn granted(walk: &mut Walk, name: &str, application: u32) -> pb::InstitutionReply {
    let request = proposal(walk, name, application);
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("ProposeDecision"), &request).await;
    let request = decision(walk, name, application);
    let _: pb::InstitutionReply = walk.act(SECOND, &authorize("DecideApplication"), &request).await;
    let request = pb::IssueCertificateRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        issue_date: day(2026, 3, 2),
    };
    walk.act(OFFICER, &authorize("IssueCertificate"), &request).await
}

async fn met(walk: &mut Walk, name: &str, condition: u32) {
    let request = pb::RecordConditionMetRequest {
        header: walk.header(),
        name: name.to_owned(),
        condition,
        on_date: day(2026, 3, 2),
        statement: "已核查".to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("RecordConditionMet"), &request).await;
}

/// Conditions come and go, standing is lost and found, the licence is taken away and the children are placed.
pub async fn taken_away(walk: &mut Walk, name: &str) -> pb::InstitutionReply {
    met(walk, name, 1).await;
    let request = pb::ImposeConditionRequest {
        header: walk.header(),
        name: name.to_owned(),
        terms: Some(terms("papers.hygiene_evaluation")),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("ImposeCondition"), &request).await;
    let request = pb::LiftConditionRequest {
        header: walk.header(),
        name: name.to_owned(),
        condition: 2,
        reason: "已无必要".to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("LiftCondition"), &request).await;
    let request = pb::MakeProvisionalRequest {
        header: walk.header(),
        name: name.to_owned(),
        reasons: vec![reason()],
        conditions: vec![terms("premises.highest_floor")],
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("MakeProvisional"), &request).await;
    let held = reply.institution.unwrap().authorization.unwrap();
    assert!(held.provisional_until_date.is_some());
    met(walk, name, 3).await;
    let request = pb::RestoreStandingRequest {
        header: walk.header(),
        name: name.to_owned(),
        statement: "已整改".to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("RestoreStanding"), &request).await;
    let request = pb::RevokeAuthorizationRequest {
        header: walk.header(),
        name: name.to_owned(),
        ground: pb::RevocationGround::Breach.into(),
        reasons: vec![reason()],
        effective_date: day(2026, 3, 2),
        children_to_place: 0,
        approver: "head-01".to_owned(),
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("RevokeAuthorization"), &request).await;
    assert_eq!(reply.institution.unwrap().state(), pb::InstitutionState::Revoked);
    let request = pb::OpenCessationRequest {
        header: walk.header(),
        name: name.to_owned(),
        children_to_place: 3,
        enrolment_frozen_date: day(2026, 3, 2),
    };
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("OpenCessation"), &request).await;
    let request = pb::RecordPlacementRequest {
        header: walk.header(),
        name: name.to_owned(),
        children: 3,
        institution: String::new(),
        on_date: day(2026, 3, 2),
    };
    let _: pb::InstitutionReply = walk.act(&operator(), &authorize("RecordPlacement"), &request).await;
    let request = pb::CloseCessationRequest {
        header: walk.header(),
        name: name.to_owned(),
        on_date: day(2026, 3, 2),
    };
    walk.act(OFFICER, &authorize("CloseCessation"), &request).await
}

/// An application that is refused after an objection.
pub async fn refused(walk: &mut Walk, name: &str) -> pb::InstitutionReply {
    let reply = accepted(walk, name).await;
    let application = last(&reply).number;
    let mut request = proposal(walk, name, application);
    request.outcome = pb::ProposedOutcome::Refuse.into();
    request.conditions.clear();
    request.reasons = vec![reason()];
    let _: pb::InstitutionReply = walk.act(OFFICER, &authorize("ProposeDecision"), &request).await;
    let mut request = decision(walk, name, application);
    request.licence_number.clear();
    let reply: pb::InstitutionReply = walk.act(SECOND, &authorize("DecideApplication"), &request).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::RefusalIntended);
    let request = pb::LodgeObjectionRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        grounds: "活动用房实为三层".to_owned(),
        hearing: false,
    };
    let _: pb::InstitutionReply = walk.act(&operator(), &authorize("LodgeObjection"), &request).await;
    let request = pb::DecideObjectionRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
        upheld: Some(false),
        hearing_date: None,
        statement: "经复核，活动用房位于四层".to_owned(),
    };
    let _: pb::InstitutionReply = walk.act(SECOND, &authorize("DecideObjection"), &request).await;
    // The applicant may ask to be heard until the end of the clock; only then is it refused.
    walk.house.clock.set("2026-03-12T01:00:00Z".parse().unwrap());
    let request = pb::RefuseApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application,
    };
    walk.act(SECOND, &authorize("RefuseApplication"), &request).await
}

/// One application that is not looked at, one that is taken back.
pub async fn dropped(walk: &mut Walk, name: &str) -> pb::InstitutionReply {
    let request = application(walk, name);
    let reply: pb::InstitutionReply = walk.act(&operator(), &authorize("SubmitApplication"), &request).await;
    let request = pb::DismissApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: last(&reply).number,
        ground: pb::DismissalGround::OutOfJurisdiction.into(),
        competent_authority: "西湖区教育局".to_owned(),
    };
    let reply: pb::InstitutionReply = walk.act(OFFICER, &authorize("DismissApplication"), &request).await;
    assert_eq!(last(&reply).state(), pb::ApplicationState::OutOfJurisdiction);
    let request = application(walk, name);
    let reply: pb::InstitutionReply = walk.act(&operator(), &authorize("SubmitApplication"), &request).await;
    let request = pb::WithdrawApplicationRequest {
        header: walk.header(),
        name: name.to_owned(),
        application: last(&reply).number,
        reason: "暂不开办".to_owned(),
    };
    walk.act(&operator(), &authorize("WithdrawApplication"), &request).await
}
