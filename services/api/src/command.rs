//! The one way of a command through the boundary: find the principal, parse, run, map what went wrong.

use tonic::{Request, Status};
use yujian_command::Outcome;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::rejection::Rejection;

use crate::Api;
use crate::error;
use crate::gate::principal;
use crate::parse::{Ground, Parsed};

/// Reads a request message; every field that does not parse is named at once.
pub(crate) type Parse<R, C> = fn(R, Ground<'_>) -> Result<Parsed<C>, Rejection>;

/// Runs the command of a call.
pub(crate) async fn run<A: Aggregate, R>(
    api: &Api,
    request: Request<R>,
    method: &'static str,
    parse: Parse<R, A::Command>,
) -> Result<Outcome<A>, Status> {
    let (actor, _) = principal(&request)?;
    let reference = api.commands.reference();
    let ground = Ground {
        divisions: &reference.divisions,
        actor: &actor,
    };
    let parsed = parse(request.into_inner(), ground).map_err(|refused| error::rejection(&refused))?;
    let command = parsed.into_request(actor, method);
    tracing::debug!(request_id = %command.request_id, "command");
    api.commands
        .execute::<A>(command)
        .await
        .map_err(|failed| error::command(&failed))
}
