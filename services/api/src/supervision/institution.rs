//! Institutions: list, one, dossier, timeline, admission.

use jiff::civil::Date;
use tonic::{Request, Response, Status};
use yujian_domain::dossier::{Dossier, Fact, canonical};
use yujian_domain::time::end_of;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{InstitutionQuery, StoredFact};

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::supervision::damaged_records;
use crate::convert::{as_of, date, supervision as convert};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

/// Working days ahead that count as due soon, beside today.
pub(super) const DUE_SOON_WORKING_DAYS: u32 = 2;

/// The facts that hold as of a day with the knowledge of a day, and their canonical bytes.
pub(super) fn resolved(
    stored: Vec<StoredFact>,
    as_of_date: Option<Date>,
    known_at_date: Option<Date>,
) -> (Vec<Fact>, Vec<u8>) {
    let mut dossier = Dossier::new();
    for row in stored {
        dossier.insert(row.fact, row.withdrawn);
    }
    let facts = dossier.resolve(as_of_date.map(end_of), known_at_date.map(end_of));
    let canonical = canonical(&facts);
    (facts, canonical)
}

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
    let mut f = Fields::default();
    let id = f.name("name", INSTITUTIONS, &request.name);
    let position = f.position("min_position", &request.min_position);
    let id = f.finish(|| id).map_err(refused)?;
    api.wait_for(position).await?;
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
    let mut f = Fields::default();
    let id = f.name("name", INSTITUTIONS, &request.name);
    let as_of_date = f.optional_date("as_of_date", request.as_of_date);
    let known_at_date = f.optional_date("known_at_date", request.known_at_date);
    let position = f.position("min_position", &request.min_position);
    let id = f.finish(|| id).map_err(refused)?;
    api.wait_for(position).await?;
    let stored = api.views.dossier(&scope, id).await.map_err(failed)?;
    let stored = stored.ok_or_else(|| error::not_found(&request.name))?;
    let (facts, canonical) = resolved(stored.facts, as_of_date, known_at_date);
    Ok(Response::new(pb::GetDossierReply {
        name: request.name,
        facts: facts
            .iter()
            .map(|fact| convert::fact(api.keys.as_ref(), fact))
            .collect(),
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
    let id = f.name("institution", INSTITUTIONS, &request.institution);
    let id = f.finish(|| id).map_err(refused)?;
    let after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    api.must_see(&scope, id).await?;
    let page = api.views.timeline(&scope, id, after, limit).await.map_err(failed)?;
    Ok(Response::new(pb::ListTimelineReply {
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        events: page
            .rows
            .into_iter()
            .map(|row| convert::timeline(api.keys.as_ref(), row))
            .collect(),
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
    let mut f = Fields::default();
    let region = f.region_code("region_code", &request.region_code);
    let at = f.optional_date("at_date", request.at_date);
    let position = f.position("min_position", &request.min_position);
    f.finish(|| Some(())).map_err(refused)?;
    api.wait_for(position).await?;
    let at = api.day(at);
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
