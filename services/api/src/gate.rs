//! The one gate in front of every service: who calls, and may they. Default deny. What comes out without an `ErrorInfo`
//! (tonic's own refusals) gets one here.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Status};
use tracing::Instrument;
use yujian_domain::envelope::Actor;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_views::Scope;

use crate::error::{self, ApiReason, refuse, refuse_with, rejection};
use crate::principal::{ACTOR_HEADER, Principal, parse_actor};
use crate::rules::{MethodRule, RuleTable};

/// Decides about a call, and leaves the principal in the request's extensions for the service.
pub(crate) async fn gate(State(rules): State<Arc<RuleTable>>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let principal = match admit(&rules, &path, &request) {
        Ok(principal) => principal,
        Err(refused) => {
            tracing::info!(method = %path, code = ?refused.code(), "call refused");
            return refused.into_http();
        }
    };
    let role = principal.as_ref().map_or("", |principal| principal.actor.role.as_str());
    let span = tracing::info_span!("call", method = %path, role);
    if let Some(principal) = principal {
        request.extensions_mut().insert(principal);
    }
    with_reason(next.run(request).instrument(span).await)
}

/// Who calls, when the method asks for that and the caller may.
fn admit(rules: &RuleTable, path: &str, request: &Request) -> Result<Option<Principal>, Status> {
    let roles = match rules.get(path) {
        None => return Err(refuse(ApiReason::MethodUnknown)),
        Some(MethodRule::Public) => return Ok(None),
        Some(MethodRule::Roles(roles)) => roles,
    };
    let peer = request
        .extensions()
        .get::<TcpConnectInfo>()
        .and_then(TcpConnectInfo::remote_addr);
    if !peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
        return Err(refuse(ApiReason::ActorRequired));
    }
    let header = actor_header(request.headers())?;
    let principal = parse_actor(header).map_err(|problem| {
        refuse_with(
            ApiReason::ActorInvalid,
            ApiReason::ActorInvalid.code(),
            &[("problem", problem)],
        )
    })?;
    if !roles.contains(&principal.actor.role) {
        let role = principal.actor.role.as_str();
        let message = format!("the role {role} may not call this method");
        let refused =
            Rejection::new(Reason::RoleNotAllowed, message, format!("角色{role}无权调用该方法")).with("role", role);
        return Err(rejection(&refused));
    }
    Ok(Some(principal))
}

fn actor_header(headers: &HeaderMap) -> Result<&str, Status> {
    let mut values = headers.get_all(ACTOR_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(refuse(ApiReason::ActorRequired)),
        (Some(value), None) => value.to_str().map_err(|_| refuse(ApiReason::ActorInvalid)),
        _ => Err(refuse(ApiReason::ActorInvalid)),
    }
}

/// Gives an error that tonic made by itself a reason: a message that does not decode or is too large.
fn with_reason(response: Response) -> Response {
    let Some(status) = Status::from_header_map(response.headers()) else {
        return response;
    };
    if status.code() == Code::Ok || !status.details().is_empty() {
        return response;
    }
    match status.code() {
        Code::Unimplemented => refuse(ApiReason::MethodUnknown),
        // Tonic calls an undecodable message INTERNAL, and one above the limit OUT_OF_RANGE.
        Code::Internal | Code::OutOfRange | Code::InvalidArgument => refuse(ApiReason::MessageInvalid),
        code => refuse_with(ApiReason::Internal, code, &[]),
    }
    .into_http()
}

/// Actor and scope of a call.
///
/// # Errors
/// When the gate let it pass without an actor: the method is public.
pub(crate) fn principal<T>(request: &tonic::Request<T>) -> Result<(Actor, Scope), Status> {
    let principal = request
        .extensions()
        .get::<Principal>()
        .ok_or_else(|| error::refuse(ApiReason::ActorRequired))?;
    Ok((principal.actor.clone(), principal.scope.clone()))
}
