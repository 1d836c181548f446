//! Persons, engagements, credentials and their figures.

use tonic::{Request, Response, Status};
use yujian_domain::person::{IDENTITY_CLAIM, IdentityKind, canonical_identity};
use yujian_domain::personal::KeyedDigest;
use yujian_eventlog::keys::KeyProvider;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{CredentialQuery, PersonQuery, StaffQuery};

use super::{failed, open_list, refused};
use crate::Api;
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::supervision::damaged_records;
use crate::convert::supervision::staff::{Audience, figures};
use crate::convert::{as_of, date};
use crate::error;
use crate::gate::principal;
use crate::parse::{Fields, optional_text};

/// Longest look ahead at certificates that end, in days.
const LONGEST_LOOK_AHEAD_DAYS: u32 = 3_650;

/// Digests of an identity under every epoch of the key, as its claim may have been made. Never empty, since that would ask
/// for everybody: without keys nobody is found.
fn identity_digests(keys: &dyn KeyProvider, kind: IdentityKind, number: &str) -> Vec<KeyedDigest> {
    let identity = canonical_identity(kind, number);
    let mut digests = keys.digest_all(IDENTITY_CLAIM, identity.as_bytes());
    if digests.is_empty() {
        digests.push(keys.digest(IDENTITY_CLAIM, identity.as_bytes()));
    }
    digests
        .into_iter()
        .map(|digest| KeyedDigest {
            epoch: digest.epoch,
            hex: digest.hex,
        })
        .collect()
}

pub(super) async fn list_persons(
    api: &Api,
    request: Request<pb::ListPersonsRequest>,
) -> Result<Response<pb::ListPersonsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListPersons", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let number = optional_text(request.identity);
    let kind = number
        .as_ref()
        .and_then(|_| f.code::<IdentityKind>("identity_kind", request.identity_kind));
    let barred_at = f.optional_date("barred_at_date", request.barred_at_date);
    let identities = kind
        .zip(number)
        .map(|(kind, number)| identity_digests(api.keys.as_ref(), kind, &number))
        .unwrap_or_default();
    let audience = Audience::new(api.keys.as_ref(), &scope);
    let mut query = f
        .finish(|| {
            Some(PersonQuery {
                scope,
                region,
                institution,
                identities,
                barred_at,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.persons(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListPersonsReply {
        persons: page.rows.iter().map(|row| audience.person(row)).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}

pub(super) async fn get_person(
    api: &Api,
    request: Request<pb::GetPersonRequest>,
) -> Result<Response<pb::GetPersonReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let (id, at) = api
        .asked_at(PERSONS, &request.name, request.at_date, &request.min_position)
        .await?;
    let detail = api.views.person(&scope, id, at).await.map_err(failed)?;
    let detail = detail.ok_or_else(|| error::not_found(&request.name))?;
    let mut reply = Audience::new(api.keys.as_ref(), &scope).detail(detail);
    reply.at_date = Some(date(at));
    Ok(Response::new(reply))
}

pub(super) async fn list_staff(
    api: &Api,
    request: Request<pb::ListStaffRequest>,
) -> Result<Response<pb::ListStaffReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListStaff", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let posts = f.filter("posts", &request.posts);
    let states = f.filter("states", &request.states);
    let days = request.expiring_within_days;
    if days.is_some_and(|days| days > LONGEST_LOOK_AHEAD_DAYS) {
        f.wrong(
            "expiring_within_days",
            "RANGE",
            "must be at most 3,650",
            "不得超过3650天",
        );
    }
    let at = f.optional_date("at_date", request.at_date);
    let at = api.day(at);
    let audience = Audience::new(api.keys.as_ref(), &scope);
    let mut query = f
        .finish(|| {
            Some(StaffQuery {
                scope,
                region,
                institution,
                posts,
                states,
                unqualified_only: request.unqualified_only,
                barred_at: request.barred_only.then_some(at),
                expiring_within: days.map(|days| (at, days)),
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.staff(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListStaffReply {
        engagements: page.rows.iter().map(|row| audience.engagement(row)).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
        at_date: Some(date(at)),
    }))
}

pub(super) async fn list_credentials(
    api: &Api,
    request: Request<pb::ListCredentialsRequest>,
) -> Result<Response<pb::ListCredentialsReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListCredentials", request, f);
    let region = f.region_code("region_code", &request.region_code);
    let institution = optional_text(request.institution).and_then(|name| f.name("institution", INSTITUTIONS, &name));
    let person = optional_text(request.person).and_then(|name| f.name("person", PERSONS, &name));
    let kinds = f.filter("kinds", &request.kinds);
    let states = f.filter("states", &request.states);
    let buckets = f.filter("buckets", &request.buckets);
    let at = f.optional_date("at_date", request.at_date);
    let at = api.day(at);
    let audience = Audience::new(api.keys.as_ref(), &scope);
    let mut query = f
        .finish(|| {
            Some(CredentialQuery {
                scope,
                region,
                institution,
                person,
                kinds,
                states,
                at,
                buckets,
                engaged_only: request.engaged_only,
                after: None,
                limit,
            })
        })
        .map_err(refused)?;
    query.after = api.redeem(&arguments, &token)?;
    api.wait_for(position).await?;
    let page = api.views.credentials(query).await.map_err(failed)?;
    Ok(Response::new(pb::ListCredentialsReply {
        credentials: page.rows.iter().map(|row| audience.credential(row)).collect(),
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
        at_date: Some(date(at)),
    }))
}

pub(super) async fn get_staff_figures(
    api: &Api,
    request: Request<pb::GetStaffFiguresRequest>,
) -> Result<Response<pb::GetStaffFiguresReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let (region, at) = api
        .asked_figures(&scope, &request.region_code, request.at_date, &request.min_position)
        .await?;
    let found = api
        .views
        .staff_figures(&scope, region.as_deref(), at)
        .await
        .map_err(failed)?;
    let mut reply = figures(&found);
    reply.at_date = Some(date(at));
    Ok(Response::new(reply))
}

pub(super) async fn get_person_dossier(
    api: &Api,
    request: Request<pb::GetPersonDossierRequest>,
) -> Result<Response<pb::GetPersonDossierReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let days = [request.as_of_date, request.known_at_date];
    let asked = api
        .asked_dossier(PERSONS, &request.name, days, &request.min_position)
        .await?;
    let stored = api.views.person_dossier(&scope, asked.id).await.map_err(failed)?;
    let stored = stored.ok_or_else(|| error::not_found(&request.name))?;
    let (facts, canonical) = asked.resolve(stored.facts);
    Ok(Response::new(pb::GetPersonDossierReply {
        name: request.name,
        facts: api.facts(&facts),
        canonical,
        damaged: damaged_records(stored.damaged),
        as_of: Some(as_of(&stored.as_of)),
    }))
}

pub(super) async fn list_person_timeline(
    api: &Api,
    request: Request<pb::ListPersonTimelineRequest>,
) -> Result<Response<pb::ListPersonTimelineReply>, Status> {
    let (_, scope) = principal(&request)?;
    let mut request = request.into_inner();
    let mut f = Fields::default();
    let (position, limit, token, arguments) = open_list!(api, "ListPersonTimeline", request, f);
    let whose = ("person", PERSONS, request.person.as_str());
    let (id, after) = api.asked_timeline(f, whose, (&arguments, &token), position).await?;
    api.must_see_person(&scope, id).await?;
    let page = api
        .views
        .timeline_of_person(&scope, id, after, limit)
        .await
        .map_err(failed)?;
    Ok(Response::new(pb::ListPersonTimelineReply {
        next_page_token: api.issue(&arguments, page.next.as_deref()),
        events: api.events(page.rows),
        total_size: page.total,
        as_of: Some(as_of(&page.as_of)),
    }))
}
