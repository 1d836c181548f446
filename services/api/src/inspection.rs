//! InspectionService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_proto::inspection::v1 as pb;

use crate::Api;
use crate::command::run;
use crate::convert::inspection as convert;

pub(crate) struct Inspections(pub Arc<Api>);

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::inspection_service_server::InspectionService for Inspections {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::InspectionReply>, Status> {
                    let method = concat!("yujian.inspection.v1.InspectionService/", $method);
                    let outcome = run(&self.0, request, method, convert::$parse).await?;
                    Ok(Response::new(convert::reply(&outcome)))
                }
            )*
        }
    };
}

commands! {
    plan_inspection(PlanInspectionRequest) = "PlanInspection" / plan;
    approve_inspection(ApproveInspectionRequest) = "ApproveInspection" / approve;
    assign_inspectors(AssignInspectorsRequest) = "AssignInspectors" / assign_inspectors;
    request_recusal(RequestRecusalRequest) = "RequestRecusal" / request_recusal;
    decide_recusal(DecideRecusalRequest) = "DecideRecusal" / decide_recusal;
    check_in(CheckInRequest) = "CheckIn" / check_in;
    backfill_check_in(BackfillCheckInRequest) = "BackfillCheckIn" / backfill_check_in;
    count_presence(CountPresenceRequest) = "CountPresence" / count_presence;
    answer_items(AnswerItemsRequest) = "AnswerItems" / answer_items;
    cite_finding(CiteFindingRequest) = "CiteFinding" / cite_finding;
    give_technical_assistance(GiveTechnicalAssistanceRequest) = "GiveTechnicalAssistance" / give_technical_assistance;
    record_corrected_on_site(RecordCorrectedOnSiteRequest) = "RecordCorrectedOnSite" / record_corrected_on_site;
    order_correction(OrderCorrectionRequest) = "OrderCorrection" / order_correction;
    complete_fieldwork(CompleteFieldworkRequest) = "CompleteFieldwork" / complete_fieldwork;
    abort_inspection(AbortInspectionRequest) = "AbortInspection" / abort;
    cancel_inspection(CancelInspectionRequest) = "CancelInspection" / cancel;
    issue_draft(IssueDraftRequest) = "IssueDraft" / issue_draft;
    comment_on_draft(CommentOnDraftRequest) = "CommentOnDraft" / comment_on_draft;
    finalize_inspection(FinalizeInspectionRequest) = "FinalizeInspection" / finalize;
    publish_inspection(PublishInspectionRequest) = "PublishInspection" / publish;
    claim_correction(ClaimCorrectionRequest) = "ClaimCorrection" / claim_correction;
    verify_correction(VerifyCorrectionRequest) = "VerifyCorrection" / verify_correction;
    reject_correction(RejectCorrectionRequest) = "RejectCorrection" / reject_correction;
    extend_correction(ExtendCorrectionRequest) = "ExtendCorrection" / extend_correction;
}
