//! Alerts, their figures, and how precise their rules are.

use tonic::{Request, Response, Status};
use yujian_proto::supervision::v1 as pb;
use yujian_views::AlertQuery;

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::as_of;
use crate::convert::inspection::INSPECTIONS;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::supervision::ALERTS;
use crate::convert::supervision::alert as convert;
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

pub(crate) async fn get_alert(
    api: &Api,
    request: Request<pb::GetAlertRequest>,
) -> Result<Response<pb::GetAlertReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let id = f.name("name", ALERTS, &request.name);
    let position = f.position("min_position", &request.min_position);
    let id = f.finish(|| id).map_err(refused)?;
    api.wait_for(position).await?;
    let detail = api.views.alert(&scope, id).await.map_err(failed)?;
    let detail = detail.ok_or_else(|| error::not_found(&request.name))?;
    Ok(Response::new(convert::detail(api.keys.as_ref(), detail)))
}

pub(crate) async fn list_alerts(
    api: &Api,
    request: Request<pb::ListAlertsRequest>,
) -> Result<Response<pb::ListAlertsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListAlerts", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let person = optional_text(request.person).and_then(|name| f.name("person", PERSONS, &name));
    let inspection = optional_text(request.inspection).and_then(|name| f.name("inspection", INSPECTIONS, &name));
    let rules = f.filter("rules", &request.rules);
    let statuses = f.filter("states", &request.states);
    let severities = f.filter("severities", &request.severities);
    let mut query = f
        .finish(|| {
            Some(AlertQuery {
                scope,
                region,
                institution,
                person,
                inspection,
                rules,
                statuses,
                severities,
                open_only: request.open_only,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.alerts(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListAlertsReply {
        alerts: page.rows.iter().map(convert::row).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(crate) async fn get_alert_figures(
    api: &Api,
    request: Request<pb::GetAlertFiguresRequest>,
) -> Result<Response<pb::GetAlertFiguresReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let region = f.region_code("region_code", &request.region_code);
    let position = f.position("min_position", &request.min_position);
    f.finish(|| Some(())).map_err(refused)?;
    api.wait_for(position).await?;
    let figures = api.views.alert_figures(&scope, region.as_deref()).await;
    Ok(Response::new(convert::figures(&figures.map_err(failed)?)))
}

pub(crate) async fn get_alert_precision(
    api: &Api,
    request: Request<pb::GetAlertPrecisionRequest>,
) -> Result<Response<pb::GetAlertPrecisionReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let region = f.region_code("region_code", &request.region_code);
    let from = f.optional_date("raised_from_date", request.raised_from_date);
    let position = f.position("min_position", &request.min_position);
    f.finish(|| Some(())).map_err(refused)?;
    api.wait_for(position).await?;
    let found = api.views.alert_precision(&scope, region.as_deref(), from).await;
    let found = found.map_err(failed)?;
    Ok(Response::new(pb::GetAlertPrecisionReply {
        rules: found.rows.iter().map(convert::precision).collect(),
        as_of: Some(as_of(&found.as_of)),
    }))
}
