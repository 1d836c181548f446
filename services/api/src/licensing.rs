//! LicensingService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_proto::licensing::v1 as pb;

use crate::Api;
use crate::command::run;
use crate::convert::{institution, licensing as convert};
use crate::gate::principal;

pub(crate) struct Licensing(pub Arc<Api>);

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::licensing_service_server::LicensingService for Licensing {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::InstitutionReply>, Status> {
                    let (actor, _) = principal(&request)?;
                    let method = concat!("yujian.licensing.v1.LicensingService/", $method);
                    let outcome = run(&self.0, request, method, convert::$parse).await?;
                    Ok(Response::new(institution::reply(&outcome, &actor)))
                }
            )*
        }
    };
}

commands! {
    register_institution(RegisterInstitutionRequest) = "RegisterInstitution" / register;
    submit_filing(SubmitFilingRequest) = "SubmitFiling" / submit_filing;
    withdraw_filing(WithdrawFilingRequest) = "WithdrawFiling" / withdraw_filing;
    issue_receipt(IssueReceiptRequest) = "IssueReceipt" / issue_receipt;
    notify_nonconformity(NotifyNonconformityRequest) = "NotifyNonconformity" / notify_nonconformity;
    confirm_conformity(ConfirmConformityRequest) = "ConfirmConformity" / confirm_conformity;
    change_details(ChangeDetailsRequest) = "ChangeDetails" / change_details;
    change_classes(ChangeClassesRequest) = "ChangeClasses" / change_classes;
    suspend_institution(SuspendInstitutionRequest) = "SuspendInstitution" / suspend;
    resume_institution(ResumeInstitutionRequest) = "ResumeInstitution" / resume;
    close_institution(CloseInstitutionRequest) = "CloseInstitution" / close;
    correct_fact(CorrectFactRequest) = "CorrectFact" / correct_fact;
}
