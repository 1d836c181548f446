//! Institutions: list, one, dossier, timeline, admission.

use tonic::{Request, Response, Status};
use yujian_proto::supervision::v1 as pb;
use yujian_views::InstitutionQuery;

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::supervision::damaged_records;
use crate::convert::{as_of, date, supervision as convert};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

/// Working days ahead that count as due soon, beside today.
const DUE_SOON_WORKING_DAYS: u32 = 2;

pub(super) async fn list_institutions(
    api: &Api,
    request: Request<pb::ListInstitutionsRequest>,
) -> Result<Response<pb::ListInstitutionsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListInstitutions", request, f);
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
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.institutions(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListInstitutionsReply {
        institutions: page.rows.iter().map(convert::institution).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_institution(
    api: &Api,
    request: Request<pb::GetInstitutionRequest>,
) -> Result<Response<pb::GetInstitutionReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let id = api.asked(INSTITUTIONS, &request.name, &request.min_position).await?;
    // Read before the row, so that the row is never older than the answer says.
    let fresh = api.views.as_of().await.map_err(failed)?;
    let row = api.views.institution(&scope, id).await.map_err(failed)?;
    let row = row.ok_or_else(|| error::not_found(&request.name))?;
    Ok(Response::new(pb::GetInstitutionReply {
        institution: Some(convert::institution(&row)),
        as_of: Some(as_of(&fresh)),
    }))
}

pub(super) async fn get_dossier(
    api: &Api,
    request: Request<pb::GetDossierRequest>,
) -> Result<Response<pb::GetDossierReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let days = [request.as_of_date, request.known_at_date];
    let asked = api
        .asked_dossier(INSTITUTIONS, &request.name, days, &request.min_position)
        .await?;
    let stored = api.views.dossier(&scope, asked.id).await.map_err(failed)?;
    let stored = stored.ok_or_else(|| error::not_found(&request.name))?;
    let (facts, canonical) = asked.resolve(stored.facts);
    Ok(Response::new(pb::GetDossierReply {
        name: request.name,
        facts: api.facts(&facts),
        canonical,
        damaged: damaged_records(stored.damaged),
        as_of: Some(as_of(&stored.as_of)),
    }))
}

pub(super) async fn list_timeline(
    api: &Api,
    request: Request<pb::ListTimelineRequest>,
) -> Result<Response<pb::ListTimelineReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListTimeline", request, f);
    let whose = ("institution", INSTITUTIONS, request.institution.as_str());
    let (id, after) = api.asked_timeline(f, whose, (&arguments, &token), position).await?;
    api.must_see(&scope, id).await?;
    let page = api.views.timeline(&scope, id, after, limit).await.map_err(failed)?;
    Ok(Response::new(pb::ListTimelineReply {
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        events: api.events(page.rows),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_pipeline(
    api: &Api,
    request: Request<pb::GetPipelineRequest>,
) -> Result<Response<pb::GetPipelineReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let (region, at) = api
        .asked_region(&request.region_code, request.at_date, &request.min_position)
        .await?;
    let soon = api
        .commands
        .reference()
        .calendar
        .add_working_days(at, DUE_SOON_WORKING_DAYS)
        .date;
    let (pipeline, fresh) = api
        .views
        .pipeline(&scope, region.as_deref(), at, soon)
        .await
        .map_err(failed)?;
    let mut reply = convert::pipeline(pipeline);
    reply.at_date = Some(date(at));
    reply.as_of = Some(as_of(&fresh));
    Ok(Response::new(reply))
}
