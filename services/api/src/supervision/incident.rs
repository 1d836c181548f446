//! Incidents: list, one.

use tonic::{Request, Response, Status};
use yujian_proto::supervision::v1 as pb;
use yujian_views::IncidentQuery;

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::incident::INCIDENTS;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::{as_of, supervision as convert};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

pub(super) async fn list_incidents(
    api: &Api,
    request: Request<pb::ListIncidentsRequest>,
) -> Result<Response<pb::ListIncidentsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListIncidents", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
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
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.incidents(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListIncidentsReply {
        incidents: page.rows.iter().map(convert::incident).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_incident(
    api: &Api,
    request: Request<pb::GetIncidentRequest>,
) -> Result<Response<pb::GetIncidentReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let id = api.asked(INCIDENTS, &request.name, &request.min_position).await?;
    // Read before the row, so that the row is never older than the answer says.
    let fresh = api.views.as_of().await.map_err(failed)?;
    let row = api.views.incident(&scope, id).await.map_err(failed)?;
    let row = row.ok_or_else(|| error::not_found(&request.name))?;
    Ok(Response::new(pb::GetIncidentReply {
        incident: Some(convert::incident(&row)),
        as_of: Some(as_of(&fresh)),
    }))
}
