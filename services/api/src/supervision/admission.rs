//! Admission: applications, legal clocks, authorizations, figures.

use std::sync::Arc;

use jiff::civil::Date;
use tonic::{Request, Response, Status};
use yujian_domain::reference::Reference;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{ApplicationQuery, CLOCK_SOON_WORKING_DAYS, ClockQuery};

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::standing::clock as clock_name;
use crate::convert::supervision::admission::{self as convert, Days};
use crate::convert::{as_of, date};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

/// A day with what days are counted by.
struct At {
    day: Date,
    soon: Date,
    reference: Arc<Reference>,
}

impl At {
    fn of(api: &Api, asked: Option<Date>) -> Self {
        let reference = api.commands.reference();
        let day = api.day(asked);
        let soon = reference.calendar.add_working_days(day, CLOCK_SOON_WORKING_DAYS).date;
        Self { day, soon, reference }
    }

    fn days(&self) -> Days<'_> {
        Days {
            at: self.day,
            soon: self.soon,
            calendar: &self.reference.calendar,
        }
    }
}

pub(super) async fn list_applications(
    api: &Api,
    request: Request<pb::ListApplicationsRequest>,
) -> Result<Response<pb::ListApplicationsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListApplications", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let states = f.filter("states", &request.states);
    let kinds = f.filter("kinds", &request.kinds);
    let buckets = f.filter("buckets", &request.buckets);
    let deemed = f.filter("deemed", &request.deemed);
    let at = At::of(api, f.optional_date("at_date", request.at_date));
    let mut query = f
        .finish(|| {
            Some(ApplicationQuery {
                scope,
                region,
                institution,
                states,
                kinds,
                open_only: request.open_only,
                buckets,
                at: at.day,
                soon: at.soon,
                deemed,
                returned_item: optional_text(request.returned_item),
                returned_at_least: request.returned_at_least,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.applications(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListApplicationsReply {
        applications: page
            .rows
            .iter()
            .map(|row| convert::application(row, at.days()))
            .collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        at_date: Some(date(at.day)),
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_application(
    api: &Api,
    request: Request<pb::GetApplicationRequest>,
) -> Result<Response<pb::GetApplicationReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let id = f.name("institution", INSTITUTIONS, &request.institution);
    let number = f.ordinal("number", request.number);
    let at = At::of(api, f.optional_date("at_date", request.at_date));
    let position = f.position("min_position", &request.min_position);
    let (id, number) = f.finish(|| Some((id?, number?))).map_err(refused)?;
    api.wait_for(position).await?;
    let found = api.views.application(&scope, id, number).await.map_err(failed)?;
    let found = found.ok_or_else(|| error::not_found(&format!("{} application {number}", request.institution)))?;
    Ok(Response::new(convert::detail(api.keys.as_ref(), found, at.days())))
}

pub(super) async fn get_admission_figures(
    api: &Api,
    request: Request<pb::GetAdmissionFiguresRequest>,
) -> Result<Response<pb::GetAdmissionFiguresReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let region = f.region_code("region_code", &request.region_code);
    let at = At::of(api, f.optional_date("at_date", request.at_date));
    let position = f.position("min_position", &request.min_position);
    f.finish(|| Some(())).map_err(refused)?;
    api.wait_for(position).await?;
    let region = region.or_else(|| scope.jurisdiction.clone());
    let found = api
        .views
        .admission(&scope, region.as_deref(), at.day, at.soon)
        .await
        .map_err(failed)?;
    Ok(Response::new(convert::figures(&found, at.days())))
}

pub(super) async fn list_clocks(
    api: &Api,
    request: Request<pb::ListClocksRequest>,
) -> Result<Response<pb::ListClocksReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListClocks", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let owner = f.optional_code("owner", Some(request.owner).filter(|owner| *owner != 0));
    let kinds = f.filter("kinds", &request.kinds);
    let states = f.filter("states", &request.states);
    let buckets = f.filter("buckets", &request.buckets);
    let at = At::of(api, f.optional_date("at_date", request.at_date));
    let mut query = f
        .finish(|| {
            Some(ClockQuery {
                scope,
                region,
                institution,
                application: request.application,
                owner,
                kinds,
                states,
                waiting_only: request.waiting_only,
                buckets,
                at: at.day,
                soon: at.soon,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.clocks(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListClocksReply {
        clocks: page.rows.iter().map(|row| convert::clock(row, at.days())).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        at_date: Some(date(at.day)),
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_clock_history(
    api: &Api,
    request: Request<pb::GetClockHistoryRequest>,
) -> Result<Response<pb::GetClockHistoryReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let id = f.name("institution", INSTITUTIONS, &request.institution);
    let clock = clock_name(&mut f, request.clock);
    let at = At::of(api, f.optional_date("at_date", request.at_date));
    let position = f.position("min_position", &request.min_position);
    let (id, clock) = f.finish(|| Some((id?, clock?))).map_err(refused)?;
    api.wait_for(position).await?;
    let found = api.views.clock_history(&scope, id, clock).await.map_err(failed)?;
    let (history, fresh) = found.ok_or_else(|| error::not_found(&format!("{} clock {clock}", request.institution)))?;
    Ok(Response::new(pb::GetClockHistoryReply {
        history: Some(convert::history(&history, at.days())),
        at_date: Some(date(at.day)),
        as_of: Some(as_of(&fresh)),
    }))
}

pub(super) async fn list_authorizations(
    api: &Api,
    request: Request<pb::ListAuthorizationsRequest>,
) -> Result<Response<pb::ListAuthorizationsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let mut f = Fields::default();
    let id = f.name("institution", INSTITUTIONS, &request.institution);
    let at = At::of(api, f.optional_date("at_date", request.at_date));
    let position = f.position("min_position", &request.min_position);
    let id = f.finish(|| id).map_err(refused)?;
    api.wait_for(position).await?;
    let found = api.views.authorizations(&scope, id).await.map_err(failed)?;
    let found = found.ok_or_else(|| error::not_found(&request.institution))?;
    Ok(Response::new(convert::authorizations(&found, at.days())))
}
