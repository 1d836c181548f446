//! Inspections, findings, the figures of conduct, and checklists.

use tonic::{Request, Response, Status};
use yujian_domain::inspection::ChecklistRef;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{FindingQuery, InspectionQuery};

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::inspection::{INSPECTIONS, checklist};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::supervision::checklist::{head, whole};
use crate::convert::supervision::inspection as convert;
use crate::convert::supervision::staff::Audience;
use crate::convert::{as_of, date};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

pub(super) async fn list_inspections(
    api: &Api,
    request: Request<pb::ListInspectionsRequest>,
) -> Result<Response<pb::ListInspectionsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListInspections", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let inspector = optional_text(request.inspector).and_then(|name| f.name("inspector", PERSONS, &name));
    let statuses = f.filter("states", &request.states);
    let purposes = f.filter("purposes", &request.purposes);
    let from = f.optional_date("visited_from_date", request.visited_from_date);
    let to = f.optional_date("visited_to_date", request.visited_to_date);
    if from.is_some() != to.is_some() {
        let absent = if from.is_none() {
            "visited_from_date"
        } else {
            "visited_to_date"
        };
        f.wrong(
            absent,
            "REQUIRED",
            "is required with the other end",
            "起止日期须同时填写",
        );
    }
    let mut query = f
        .finish(|| {
            Some(InspectionQuery {
                scope,
                region,
                institution,
                inspector,
                statuses,
                purposes,
                visited_between: from.zip(to),
                open_only: request.open_only,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.inspections(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListInspectionsReply {
        inspections: page.rows.iter().map(convert::row).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_inspection(
    api: &Api,
    request: Request<pb::GetInspectionRequest>,
) -> Result<Response<pb::GetInspectionReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let (id, at) = api
        .asked_at(INSPECTIONS, &request.name, request.at_date, &request.min_position)
        .await?;
    let detail = api.views.inspection(&scope, id).await.map_err(failed)?;
    let detail = detail.ok_or_else(|| error::not_found(&request.name))?;
    let mut reply = convert::detail(Audience::new(api.keys.as_ref(), &scope), &detail, at);
    reply.at_date = Some(date(at));
    Ok(Response::new(reply))
}

pub(super) async fn list_findings(
    api: &Api,
    request: Request<pb::ListFindingsRequest>,
) -> Result<Response<pb::ListFindingsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListFindings", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let inspection = optional_text(request.inspection).and_then(|name| f.name("inspection", INSPECTIONS, &name));
    let states = f.filter("states", &request.states);
    let weights = f.filter("weights", &request.weights);
    let dimensions = f.list("dimensions", request.dimensions, Fields::text);
    let at = f.optional_date("at_date", request.at_date);
    let at = api.day(at);
    let audience = Audience::new(api.keys.as_ref(), &scope);
    let mut query = f
        .finish(|| {
            Some(FindingQuery {
                scope,
                region,
                institution,
                inspection,
                states,
                weights,
                dimensions: dimensions?,
                overdue_at: request.overdue_only.then_some(at),
                imported: request.imported,
                open_only: request.open_only,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.findings(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListFindingsReply {
        findings: page
            .rows
            .iter()
            .map(|row| convert::finding(audience, row, at))
            .collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
        at_date: Some(date(at)),
    }))
}

pub(super) async fn get_conduct_figures(
    api: &Api,
    request: Request<pb::GetConductFiguresRequest>,
) -> Result<Response<pb::GetConductFiguresReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let (region, at) = api
        .asked_figures(&scope, &request.region_code, request.at_date, &request.min_position)
        .await?;
    let found = api
        .views
        .conduct_figures(&scope, region.as_deref(), at)
        .await
        .map_err(failed)?;
    let mut reply = convert::figures(&found);
    reply.at_date = Some(date(at));
    Ok(Response::new(reply))
}

pub(super) async fn list_checklists(
    api: &Api,
    _request: Request<pb::ListChecklistsRequest>,
) -> Result<Response<pb::ListChecklistsReply>, Status> {
    let reference = api.commands.reference();
    Ok(Response::new(pb::ListChecklistsReply {
        checklists: reference.checklists().map(head).collect(),
    }))
}

pub(super) async fn get_checklist(
    api: &Api,
    request: Request<pb::GetChecklistRequest>,
) -> Result<Response<pb::GetChecklistReply>, Status> {
    let mut f = Fields::default();
    let told = f.some("checklist", request.into_inner().checklist);
    let version: Option<ChecklistRef> = told.and_then(|told| checklist(&mut f, told));
    let version = f.finish(|| version).map_err(refused)?;
    let reference = api.commands.reference();
    let found = reference
        .checklist(&version)
        .map_err(|_| error::not_found(&format!("checklist {} version {}", version.id, version.version)))?;
    Ok(Response::new(pb::GetChecklistReply {
        checklist: Some(whole(found)),
    }))
}
