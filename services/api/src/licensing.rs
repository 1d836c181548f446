//! LicensingService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_domain::institution::{Institution, InstitutionCommand};
use yujian_domain::rejection::Rejection;
use yujian_proto::licensing::v1 as pb;

use crate::Api;
use crate::convert::licensing as convert;
use crate::error;
use crate::gate::principal;
use crate::parse::{Ground, Parsed};

pub(crate) struct Licensing(pub Arc<Api>);

type Reply = Result<Response<pb::InstitutionReply>, Status>;
type Parse<R> = fn(R, Ground<'_>) -> Result<Parsed<InstitutionCommand>, Rejection>;

impl Licensing {
    async fn run<R>(&self, request: Request<R>, method: &'static str, parse: Parse<R>) -> Reply {
        let (actor, _) = principal(&request)?;
        let reference = self.0.commands.reference();
        let ground = Ground {
            divisions: &reference.divisions,
            actor: &actor,
        };
        let parsed = parse(request.into_inner(), ground).map_err(|refused| error::rejection(&refused))?;
        let command = parsed.into_request(actor, method);
        tracing::debug!(request_id = %command.request_id, "command");
        let outcome = self
            .0
            .commands
            .execute::<Institution>(command)
            .await
            .map_err(|failed| error::command(&failed))?;
        Ok(Response::new(convert::reply(&outcome)))
    }
}

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::licensing_service_server::LicensingService for Licensing {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Reply {
                    self.run(request, concat!("yujian.licensing.v1.LicensingService/", $method), convert::$parse).await
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
