//! SupervisionService: queries over the views within the caller's scope, and the stream of changes.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use yujian_domain::rejection::Rejection;
use yujian_domain::time::day_of;
use yujian_eventlog::LogPosition;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{Scope, ViewError};

use crate::Api;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::error::{self, ApiReason, refuse};
use crate::gate::principal;
use crate::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MIN_POSITION_WAIT, WATCH_BUFFER};
use crate::page_token::{self, Arguments};
use crate::parse::{Fields, optional_text};
use crate::watch::Filter;

mod admission;
pub(crate) mod alert;
mod asked;
mod incident;
mod inspection;
mod institution;
mod region;
mod staff;

pub(crate) struct Supervision(pub Arc<Api>);

fn refused(rejection: Rejection) -> Status {
    error::rejection(&rejection)
}

fn failed(failure: ViewError) -> Status {
    error::view(&failure)
}

/// Pulls a page size into the range.
fn page_size(asked: i32) -> u32 {
    match u32::try_from(asked) {
        Ok(0) | Err(_) => DEFAULT_PAGE_SIZE,
        Ok(size) => size.min(MAX_PAGE_SIZE),
    }
}

impl Api {
    /// Waits until the views hold the position, when one was asked for.
    pub(crate) async fn wait_for(&self, position: Option<LogPosition>) -> Result<(), Status> {
        match position {
            Some(position) => self.views.wait_for(position, MIN_POSITION_WAIT).await.map_err(failed),
            None => Ok(()),
        }
    }

    /// Whether the institution exists for the caller.
    ///
    /// # Errors
    /// NOT_FOUND, the same for what is absent and what is foreign.
    pub(crate) async fn must_see(&self, scope: &Scope, id: Uuid) -> Result<(), Status> {
        let seen = self.views.institution(scope, id).await.map_err(failed)?;
        seen.map(|_| ())
            .ok_or_else(|| error::not_found(&format!("{INSTITUTIONS}/{id}")))
    }

    /// Whether the person exists for the caller.
    ///
    /// # Errors
    /// NOT_FOUND, as [`Api::must_see`].
    pub(crate) async fn must_see_person(&self, scope: &Scope, id: Uuid) -> Result<(), Status> {
        let seen = self.views.person(scope, id, self.day(None)).await.map_err(failed)?;
        seen.map(|_| ())
            .ok_or_else(|| error::not_found(&format!("{PERSONS}/{id}")))
    }

    fn redeem(&self, arguments: &Arguments, token: &str) -> Result<Option<String>, Status> {
        page_token::redeem(self.keys.as_ref(), arguments, token).map_err(|_| refuse(ApiReason::PageTokenInvalid))
    }

    fn issue(&self, arguments: &Arguments, next: Option<&str>) -> String {
        page_token::issue(self.keys.as_ref(), arguments, next)
    }

    /// The day asked for, or today.
    fn day(&self, asked: Option<Date>) -> Date {
        asked.unwrap_or_else(|| day_of(self.clock.now()))
    }
}

/// Opens a list: reads position and token, and fingerprints what must stay the same from page to page.
macro_rules! open_list {
    ($api:expr, $method:literal, $request:ident, $fields:ident) => {{
        let position = $fields.position("min_position", &$request.min_position);
        let size = $crate::supervision::page_size($request.page_size);
        let token = std::mem::take(&mut $request.page_token);
        $request.page_size = 0;
        $request.min_position.clear();
        let arguments = $crate::page_token::Arguments::of($method, &$request);
        (position, size, token, arguments)
    }};
}
use open_list;

/// Each query is answered in the room of its subject.
macro_rules! queries {
    ($( $name:ident($request:ident) -> $reply:ident = $room:ident; )*) => {
        #[tonic::async_trait]
        impl pb::supervision_service_server::SupervisionService for Supervision {
            $(
                async fn $name(&self, request: Request<pb::$request>) -> Result<Response<pb::$reply>, Status> {
                    $room::$name(&self.0, request).await
                }
            )*

            type WatchStream = Pin<Box<dyn Stream<Item = Result<pb::WatchReply, Status>> + Send>>;

            async fn watch(&self, request: Request<pb::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
                let (_, scope) = principal(&request)?;
                let request = request.into_inner();
                let mut f = Fields::default();
                let after = f.position("after", &request.after);
                let region = f.region_code("region_code", &request.region_code);
                let institution =
                    optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
                f.finish(|| Some(())).map_err(refused)?;
                // Refuses positions of another log before anything is sent.
                self.0.wait_for(after).await?;
                let (out, stream) = mpsc::channel(WATCH_BUFFER);
                let filter = Filter {
                    scope,
                    region,
                    institution,
                };
                let hub = self.0.hub.clone();
                tokio::spawn(hub.serve(after, filter, out, self.0.heartbeat, self.0.stop.clone()));
                Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
            }
        }
    };
}

queries! {
    list_institutions(ListInstitutionsRequest) -> ListInstitutionsReply = institution;
    get_institution(GetInstitutionRequest) -> GetInstitutionReply = institution;
    get_dossier(GetDossierRequest) -> GetDossierReply = institution;
    list_timeline(ListTimelineRequest) -> ListTimelineReply = institution;
    get_pipeline(GetPipelineRequest) -> GetPipelineReply = institution;
    list_applications(ListApplicationsRequest) -> ListApplicationsReply = admission;
    get_application(GetApplicationRequest) -> GetApplicationReply = admission;
    get_admission_figures(GetAdmissionFiguresRequest) -> GetAdmissionFiguresReply = admission;
    list_clocks(ListClocksRequest) -> ListClocksReply = admission;
    get_clock_history(GetClockHistoryRequest) -> GetClockHistoryReply = admission;
    list_authorizations(ListAuthorizationsRequest) -> ListAuthorizationsReply = admission;
    list_incidents(ListIncidentsRequest) -> ListIncidentsReply = incident;
    get_incident(GetIncidentRequest) -> GetIncidentReply = incident;
    list_persons(ListPersonsRequest) -> ListPersonsReply = staff;
    get_person(GetPersonRequest) -> GetPersonReply = staff;
    list_staff(ListStaffRequest) -> ListStaffReply = staff;
    list_credentials(ListCredentialsRequest) -> ListCredentialsReply = staff;
    get_staff_figures(GetStaffFiguresRequest) -> GetStaffFiguresReply = staff;
    get_person_dossier(GetPersonDossierRequest) -> GetPersonDossierReply = staff;
    list_person_timeline(ListPersonTimelineRequest) -> ListPersonTimelineReply = staff;
    list_inspections(ListInspectionsRequest) -> ListInspectionsReply = inspection;
    get_inspection(GetInspectionRequest) -> GetInspectionReply = inspection;
    list_findings(ListFindingsRequest) -> ListFindingsReply = inspection;
    get_conduct_figures(GetConductFiguresRequest) -> GetConductFiguresReply = inspection;
    list_alerts(ListAlertsRequest) -> ListAlertsReply = alert;
    list_checklists(ListChecklistsRequest) -> ListChecklistsReply = inspection;
    get_checklist(GetChecklistRequest) -> GetChecklistReply = inspection;
    get_roll_up(GetRollUpRequest) -> GetRollUpReply = region;
    get_freshness(GetFreshnessRequest) -> GetFreshnessReply = region;
    get_view_digest(GetViewDigestRequest) -> GetViewDigestReply = region;
}
