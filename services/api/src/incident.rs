//! IncidentService: each command is parsed, run, and answered in the same way.

use std::sync::Arc;

use tonic::{Request, Response, Status};
use yujian_domain::incident::{Incident, IncidentCommand};
use yujian_domain::rejection::Rejection;
use yujian_proto::incident::v1 as pb;

use crate::Api;
use crate::convert::incident as convert;
use crate::error;
use crate::gate::principal;
use crate::parse::{Ground, Parsed};

pub(crate) struct Incidents(pub Arc<Api>);

type Reply = Result<Response<pb::IncidentReply>, Status>;
type Parse<R> = fn(R, Ground<'_>) -> Result<Parsed<IncidentCommand>, Rejection>;

impl Incidents {
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
            .execute::<Incident>(command)
            .await
            .map_err(|failed| error::command(&failed))?;
        Ok(Response::new(convert::reply(&outcome)))
    }
}

macro_rules! commands {
    ($( $name:ident($request:ident) = $method:literal / $parse:ident; )*) => {
        #[tonic::async_trait]
        impl pb::incident_service_server::IncidentService for Incidents {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Reply {
                    self.run(request, concat!("yujian.incident.v1.IncidentService/", $method), convert::$parse).await
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
