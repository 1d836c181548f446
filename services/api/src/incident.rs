//! IncidentService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_proto::incident::v1 as pb;

use crate::Api;
use crate::command::run;
use crate::convert::incident as convert;

pub(crate) struct Incidents(pub Arc<Api>);

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::incident_service_server::IncidentService for Incidents {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::IncidentReply>, Status> {
                    let method = concat!("yujian.incident.v1.IncidentService/", $method);
                    let outcome = run(&self.0, request, method, convert::$parse).await?;
                    Ok(Response::new(convert::reply(&outcome)))
                }
            )*
        }
    };
}

commands! {
    notify_incident(NotifyIncidentRequest) = "NotifyIncident" / notify;
    supplement_incident(SupplementIncidentRequest) = "SupplementIncident" / supplement;
    tell_guardian(TellGuardianRequest) = "TellGuardian" / tell_guardian;
    triage_incident(TriageIncidentRequest) = "TriageIncident" / triage;
    open_investigation(OpenInvestigationRequest) = "OpenInvestigation" / open_investigation;
    complete_investigation(CompleteInvestigationRequest) = "CompleteInvestigation" / complete_investigation;
    conclude_incident(ConcludeIncidentRequest) = "ConcludeIncident" / conclude;
    reopen_incident(ReopenIncidentRequest) = "ReopenIncident" / reopen;
}
