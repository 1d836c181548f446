//! Figures of regions, and how fresh and how equal the views are.

use tonic::{Request, Response, Status};
use yujian_proto::supervision::v1 as pb;

use super::{failed, refused};
use crate::Api;
use crate::convert::{as_of, date, supervision as convert};
use crate::gate::principal;
use crate::parse::Fields;

pub(super) async fn get_roll_up(
    api: &Api,
    request: Request<pb::GetRollUpRequest>,
) -> Result<Response<pb::GetRollUpReply>, Status> {
    let (_, scope) = principal(&request)?;
    let request = request.into_inner();
    let (region, at) = api
        .asked_figures(&scope, &request.region_code, request.at_date, &request.min_position)
        .await?;
    let roll_up = api.views.roll_up(&scope, region.as_deref(), at).await.map_err(failed)?;
    let mut reply = convert::roll_up(&roll_up);
    reply.at_date = Some(date(at));
    Ok(Response::new(reply))
}

pub(super) async fn get_freshness(
    api: &Api,
    request: Request<pb::GetFreshnessRequest>,
) -> Result<Response<pb::GetFreshnessReply>, Status> {
    let mut f = Fields::default();
    let position = f.position("min_position", &request.into_inner().min_position);
    f.finish(|| Some(())).map_err(refused)?;
    api.wait_for(position).await?;
    let fresh = api.views.as_of().await.map_err(failed)?;
    Ok(Response::new(pb::GetFreshnessReply {
        as_of: Some(as_of(&fresh)),
    }))
}

pub(super) async fn get_view_digest(
    api: &Api,
    request: Request<pb::GetViewDigestRequest>,
) -> Result<Response<pb::GetViewDigestReply>, Status> {
    let mut f = Fields::default();
    let position = f.position("min_position", &request.into_inner().min_position);
    f.finish(|| Some(())).map_err(refused)?;
    api.wait_for(position).await?;
    let _turn = api.heavy.acquire().await;
    Ok(Response::new(convert::digest(
        api.views.digest().await.map_err(failed)?,
    )))
}
