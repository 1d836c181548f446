//! SupervisionService: queries over the views within the caller's scope, and the stream of changes.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use uuid::Uuid;
use yujian_domain::dossier::{Dossier, canonical};
use yujian_domain::rejection::Rejection;
use yujian_domain::time::{day_of, end_of};
use yujian_eventlog::LogPosition;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{IncidentQuery, InstitutionQuery, Scope, ViewError};

use crate::Api;
use crate::convert::incident::INCIDENTS;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::{as_of, date, supervision as convert};
use crate::error::{self, ApiReason, refuse};
use crate::gate::principal;
use crate::limits::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, MIN_POSITION_WAIT, WATCH_BUFFER};
use crate::page_token::{self, Arguments};
use crate::parse::{Fields, optional_text};
use crate::watch::Filter;

pub(crate) struct Supervision(pub Arc<Api>);

/// Working days ahead that count as due soon, beside today.
const DUE_SOON_WORKING_DAYS: u32 = 2;

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
        let size = page_size($request.page_size);
        let token = std::mem::take(&mut $request.page_token);
        $request.page_size = 0;
        $request.min_position.clear();
        let arguments = Arguments::of($method, &$request);
        (position, size, token, arguments)
    }};
}

#[tonic::async_trait]
impl pb::supervision_service_server::SupervisionService for Supervision {
    async fn list_institutions(
        &self,
        request: Request<pb::ListInstitutionsRequest>,
    ) -> Result<Response<pb::ListInstitutionsReply>, Status> {
        let (_, scope) = principal(&request)?;
        let mut request = request.into_inner();
        let mut f = Fields::default();
        let (position, limit, token, arguments) = open_list!(self.0, "ListInstitutions", request, f);
        let statuses = f.filter("states", &request.states);
        let types = f.filter("types", &request.types);
        let region = f.region_code("region_code", &request.region_code);
        let search = optional_text(request.search);
        let mut query = f
            .finish(|| {
                let damaged_only = request.damaged_only;
                Some(InstitutionQuery {
                    scope,
                    search,
                    region,
                    statuses,
                    types,
                    damaged_only,
                    after: None,
                    limit,
                })
            })
            .map_err(refused)?;
        query.after = self.0.redeem(&arguments, &token)?;
        self.0.wait_for(position).await?;
        let page = self.0.views.institutions(query).await.map_err(failed)?;
        Ok(Response::new(pb::ListInstitutionsReply {
            institutions: page.rows.iter().map(convert::institution).collect(),
            next_page_token: self.0.issue(&arguments, page.next.as_deref()),
            total_size: page.total,
            as_of: Some(as_of(&page.as_of)),
        }))
    }

    async fn get_institution(
        &self,
        request: Request<pb::GetInstitutionRequest>,
    ) -> Result<Response<pb::GetInstitutionReply>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.name("name", INSTITUTIONS, &request.name);
        let position = f.position("min_position", &request.min_position);
        let id = f.finish(|| id).map_err(refused)?;
        self.0.wait_for(position).await?;
        // Read before the row, so that the row is never older than the answer says.
        let fresh = self.0.views.as_of().await.map_err(failed)?;
        let row = self.0.views.institution(&scope, id).await.map_err(failed)?;
        let row = row.ok_or_else(|| error::not_found(&request.name))?;
        Ok(Response::new(pb::GetInstitutionReply {
            institution: Some(convert::institution(&row)),
            as_of: Some(as_of(&fresh)),
        }))
    }

    async fn get_dossier(
        &self,
        request: Request<pb::GetDossierRequest>,
    ) -> Result<Response<pb::GetDossierReply>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.name("name", INSTITUTIONS, &request.name);
        let as_of_date = f.optional_date("as_of_date", request.as_of_date);
        let known_at_date = f.optional_date("known_at_date", request.known_at_date);
        let position = f.position("min_position", &request.min_position);
        let id = f.finish(|| id).map_err(refused)?;
        self.0.wait_for(position).await?;
        let stored = self.0.views.dossier(&scope, id).await.map_err(failed)?;
        let stored = stored.ok_or_else(|| error::not_found(&request.name))?;
        let mut dossier = Dossier::new();
        for row in stored.facts {
            dossier.insert(row.fact, row.withdrawn);
        }
        let facts = dossier.resolve(as_of_date.map(end_of), known_at_date.map(end_of));
        Ok(Response::new(pb::GetDossierReply {
            name: request.name,
            facts: facts
                .iter()
                .map(|fact| convert::fact(self.0.keys.as_ref(), fact))
                .collect(),
            canonical: canonical(&facts),
            damaged: stored
                .damaged
                .into_iter()
                .map(|(stream, problem)| pb::DamagedRecord { stream, problem })
                .collect(),
            as_of: Some(as_of(&stored.as_of)),
        }))
    }

    async fn list_timeline(
        &self,
        request: Request<pb::ListTimelineRequest>,
    ) -> Result<Response<pb::ListTimelineReply>, Status> {
        let (_, scope) = principal(&request)?;
        let mut request = request.into_inner();
        let mut f = Fields::default();
        let (position, limit, token, arguments) = open_list!(self.0, "ListTimeline", request, f);
        let id = f.name("institution", INSTITUTIONS, &request.institution);
        let id = f.finish(|| id).map_err(refused)?;
        let after = self.0.redeem(&arguments, &token)?;
        self.0.wait_for(position).await?;
        self.0.must_see(&scope, id).await?;
        let page = self.0.views.timeline(&scope, id, after, limit).await.map_err(failed)?;
        Ok(Response::new(pb::ListTimelineReply {
            next_page_token: self.0.issue(&arguments, page.next.as_deref()),
            events: page
                .rows
                .into_iter()
                .map(|row| convert::timeline(self.0.keys.as_ref(), row))
                .collect(),
            total_size: page.total,
            as_of: Some(as_of(&page.as_of)),
        }))
    }

    async fn get_pipeline(
        &self,
        request: Request<pb::GetPipelineRequest>,
    ) -> Result<Response<pb::GetPipelineReply>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let region = f.region_code("region_code", &request.region_code);
        let at = f.optional_date("at_date", request.at_date);
        let position = f.position("min_position", &request.min_position);
        f.finish(|| Some(())).map_err(refused)?;
        self.0.wait_for(position).await?;
        let at = self.0.day(at);
        let soon = self
            .0
            .commands
            .reference()
            .calendar
            .add_working_days(at, DUE_SOON_WORKING_DAYS)
            .date;
        let (pipeline, fresh) = self
            .0
            .views
            .pipeline(&scope, region.as_deref(), at, soon)
            .await
            .map_err(failed)?;
        let mut reply = convert::pipeline(pipeline);
        reply.at_date = Some(date(at));
        reply.as_of = Some(as_of(&fresh));
        Ok(Response::new(reply))
    }

    async fn list_incidents(
        &self,
        request: Request<pb::ListIncidentsRequest>,
    ) -> Result<Response<pb::ListIncidentsReply>, Status> {
        let (_, scope) = principal(&request)?;
        let mut request = request.into_inner();
        let mut f = Fields::default();
        let (position, limit, token, arguments) = open_list!(self.0, "ListIncidents", request, f);
        let region = f.region_code("region_code", &request.region_code);
        let institution =
            optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
        let statuses = f.filter("states", &request.states);
        let categories = f.filter("categories", &request.categories);
        let (late_only, open_only) = (request.late_only, request.open_only);
        let mut query = f
            .finish(|| {
                Some(IncidentQuery {
                    scope,
                    region,
                    institution,
                    statuses,
                    categories,
                    late_only,
                    open_only,
                    after: None,
                    limit,
                })
            })
            .map_err(refused)?;
        query.after = self.0.redeem(&arguments, &token)?;
        self.0.wait_for(position).await?;
        let page = self.0.views.incidents(query).await.map_err(failed)?;
        Ok(Response::new(pb::ListIncidentsReply {
            incidents: page.rows.iter().map(convert::incident).collect(),
            next_page_token: self.0.issue(&arguments, page.next.as_deref()),
            total_size: page.total,
            as_of: Some(as_of(&page.as_of)),
        }))
    }

    async fn get_incident(
        &self,
        request: Request<pb::GetIncidentRequest>,
    ) -> Result<Response<pb::GetIncidentReply>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let id = f.name("name", INCIDENTS, &request.name);
        let position = f.position("min_position", &request.min_position);
        let id = f.finish(|| id).map_err(refused)?;
        self.0.wait_for(position).await?;
        // Read before the row, so that the row is never older than the answer says.
        let fresh = self.0.views.as_of().await.map_err(failed)?;
        let row = self.0.views.incident(&scope, id).await.map_err(failed)?;
        let row = row.ok_or_else(|| error::not_found(&request.name))?;
        Ok(Response::new(pb::GetIncidentReply {
            incident: Some(convert::incident(&row)),
            as_of: Some(as_of(&fresh)),
        }))
    }

    async fn get_roll_up(
        &self,
        request: Request<pb::GetRollUpRequest>,
    ) -> Result<Response<pb::GetRollUpReply>, Status> {
        let (_, scope) = principal(&request)?;
        let request = request.into_inner();
        let mut f = Fields::default();
        let region = f.region_code("region_code", &request.region_code);
        let at = f.optional_date("at_date", request.at_date);
        let position = f.position("min_position", &request.min_position);
        f.finish(|| Some(())).map_err(refused)?;
        self.0.wait_for(position).await?;
        let at = self.0.day(at);
        let region = region.or_else(|| scope.jurisdiction.clone());
        let roll_up = self
            .0
            .views
            .roll_up(&scope, region.as_deref(), at)
            .await
            .map_err(failed)?;
        let mut reply = convert::roll_up(&roll_up);
        reply.at_date = Some(date(at));
        Ok(Response::new(reply))
    }

    async fn get_freshness(
        &self,
        request: Request<pb::GetFreshnessRequest>,
    ) -> Result<Response<pb::GetFreshnessReply>, Status> {
        let mut f = Fields::default();
        let position = f.position("min_position", &request.into_inner().min_position);
        f.finish(|| Some(())).map_err(refused)?;
        self.0.wait_for(position).await?;
        let fresh = self.0.views.as_of().await.map_err(failed)?;
        Ok(Response::new(pb::GetFreshnessReply {
            as_of: Some(as_of(&fresh)),
        }))
    }

    async fn get_view_digest(
        &self,
        request: Request<pb::GetViewDigestRequest>,
    ) -> Result<Response<pb::GetViewDigestReply>, Status> {
        let mut f = Fields::default();
        let position = f.position("min_position", &request.into_inner().min_position);
        f.finish(|| Some(())).map_err(refused)?;
        self.0.wait_for(position).await?;
        let _turn = self.0.heavy.acquire().await;
        Ok(Response::new(convert::digest(
            self.0.views.digest().await.map_err(failed)?,
        )))
    }

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
