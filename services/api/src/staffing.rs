//! StaffingService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_proto::staffing::v1 as pb;

use crate::Api;
use crate::command::run;
use crate::convert::staffing as convert;
use crate::gate::principal;

pub(crate) struct Staffing(pub Arc<Api>);

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::staffing_service_server::StaffingService for Staffing {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::PersonReply>, Status> {
                    let (actor, _) = principal(&request)?;
                    let method = concat!("yujian.staffing.v1.StaffingService/", $method);
                    let outcome = run(&self.0, request, method, convert::$parse).await?;
                    Ok(Response::new(convert::reply(&outcome, &actor)))
                }
            )*
        }
    };
}

commands! {
    register_person(RegisterPersonRequest) = "RegisterPerson" / register;
    change_person_details(ChangePersonDetailsRequest) = "ChangePersonDetails" / change_details;
    claim_credential(ClaimCredentialRequest) = "ClaimCredential" / claim_credential;
    verify_credential(VerifyCredentialRequest) = "VerifyCredential" / verify_credential;
    reject_credential(RejectCredentialRequest) = "RejectCredential" / reject_credential;
    revoke_credential(RevokeCredentialRequest) = "RevokeCredential" / revoke_credential;
    record_health_certificate(RecordHealthCertificateRequest) = "RecordHealthCertificate" / record_health_certificate;
    record_query(RecordQueryRequest) = "RecordQuery" / record_query;
    record_training(RecordTrainingRequest) = "RecordTraining" / record_training;
    engage_person(EngagePersonRequest) = "EngagePerson" / engage;
    change_post(ChangePostRequest) = "ChangePost" / change_post;
    take_off_duty(TakeOffDutyRequest) = "TakeOffDuty" / take_off_duty;
    return_to_duty(ReturnToDutyRequest) = "ReturnToDuty" / return_to_duty;
    end_engagement(EndEngagementRequest) = "EndEngagement" / end_engagement;
    bar_person(BarPersonRequest) = "BarPerson" / bar;
    lift_bar(LiftBarRequest) = "LiftBar" / lift_bar;
}
