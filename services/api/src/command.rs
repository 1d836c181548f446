//! The one way of a command through the boundary: find the principal, parse, run, map what went wrong.

use tonic::{Request, Status};
use yujian_command::{CommandError, Outcome};
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
        .map_err(|failed| error::command(&on_the_wire(failed)))
}

/// Fields of the domain that stand under another path in requests, where `name` is the resource's own.
const ON_THE_WIRE: &[(&str, &str)] = &[("name", "display_name"), ("change.name", "change.display_name")];

/// A refusal names fields by their paths in the request. They are those of the domain, but for a name.
pub(crate) fn on_the_wire(failed: CommandError) -> CommandError {
    let CommandError::Rejected(mut refused) = failed else {
        return failed;
    };
    let mut renamed = false;
    for violation in &mut refused.violations {
        if let Some((_, path)) = ON_THE_WIRE.iter().find(|(field, _)| *field == violation.field) {
            (*path).clone_into(&mut violation.field);
            renamed = true;
        }
    }
    if renamed {
        let named = Rejection::fields(refused.violations.clone());
        refused.message = named.message;
        refused.message_zh = named.message_zh;
        refused.metadata.extend(named.metadata);
    }
    CommandError::Rejected(refused)
}
