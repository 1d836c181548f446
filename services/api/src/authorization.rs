//! AuthorizationService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_proto::licensing::v1 as pb;

use crate::Api;
use crate::command::run;
use crate::convert::{authorization, institution, standing};
use crate::gate::principal;

pub(crate) struct Authorizations(pub Arc<Api>);

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $room:ident::$parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::authorization_service_server::AuthorizationService for Authorizations {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::InstitutionReply>, Status> {
                    let (actor, _) = principal(&request)?;
                    let method = concat!("yujian.licensing.v1.AuthorizationService/", $method);
                    let outcome = run(&self.0, request, method, $room::$parse).await?;
                    Ok(Response::new(institution::reply(&outcome, &actor)))
                }
            )*
        }
    };
}

commands! {
    submit_application(SubmitApplicationRequest) = "SubmitApplication" / authorization::submit;
    return_application(ReturnApplicationRequest) = "ReturnApplication" / authorization::return_once;
    accept_application(AcceptApplicationRequest) = "AcceptApplication" / authorization::accept;
    dismiss_application(DismissApplicationRequest) = "DismissApplication" / authorization::dismiss;
    withdraw_application(WithdrawApplicationRequest) = "WithdrawApplication" / authorization::withdraw;
    request_information(RequestInformationRequest) = "RequestInformation" / authorization::request_information;
    provide_information(ProvideInformationRequest) = "ProvideInformation" / authorization::provide_information;
    record_registry_check(RecordRegistryCheckRequest) = "RecordRegistryCheck" / authorization::record_registry_check;
    record_site_verification(RecordSiteVerificationRequest) = "RecordSiteVerification" / authorization::record_site_verification;
    propose_decision(ProposeDecisionRequest) = "ProposeDecision" / authorization::propose_decision;
    return_proposal(ReturnProposalRequest) = "ReturnProposal" / authorization::return_proposal;
    decide_application(DecideApplicationRequest) = "DecideApplication" / authorization::decide;
    lodge_objection(LodgeObjectionRequest) = "LodgeObjection" / authorization::lodge_objection;
    decide_objection(DecideObjectionRequest) = "DecideObjection" / authorization::decide_objection;
    refuse_application(RefuseApplicationRequest) = "RefuseApplication" / authorization::refuse;
    issue_certificate(IssueCertificateRequest) = "IssueCertificate" / authorization::issue_certificate;
    pause_clock(PauseClockRequest) = "PauseClock" / standing::pause_clock;
    resume_clock(ResumeClockRequest) = "ResumeClock" / standing::resume_clock;
    extend_clock(ExtendClockRequest) = "ExtendClock" / standing::extend_clock;
    impose_condition(ImposeConditionRequest) = "ImposeCondition" / standing::impose_condition;
    record_condition_met(RecordConditionMetRequest) = "RecordConditionMet" / standing::record_condition_met;
    lift_condition(LiftConditionRequest) = "LiftCondition" / standing::lift_condition;
    make_provisional(MakeProvisionalRequest) = "MakeProvisional" / standing::make_provisional;
    restore_standing(RestoreStandingRequest) = "RestoreStanding" / standing::restore_standing;
    revoke_authorization(RevokeAuthorizationRequest) = "RevokeAuthorization" / standing::revoke;
    open_cessation(OpenCessationRequest) = "OpenCessation" / standing::open_cessation;
    record_placement(RecordPlacementRequest) = "RecordPlacement" / standing::record_placement;
    close_cessation(CloseCessationRequest) = "CloseCessation" / standing::close_cessation;
}
