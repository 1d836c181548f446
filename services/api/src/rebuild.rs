//! The views built anew on request of an administrator: a task that tells its caller how far it has come, and stops when
//! nobody listens any more.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tonic::Status;
use yujian_proto::audit::v1 as pb;
use yujian_proto::audit::v1::rebuild_views_reply::Part;
use yujian_views::Rebuild;

use crate::Api;
use crate::error;

/// Rebuilds the views; ends when `out` has no receiver any more or the server stops, and leaves the live views then.
pub(crate) async fn run(api: Arc<Api>, out: mpsc::Sender<Result<pb::RebuildViewsReply, Status>>) {
    let began = Instant::now();
    let progress = |Rebuild { done, total }| {
        if api.stop.is_cancelled() {
            return ControlFlow::Break(());
        }
        match out.try_send(Ok(reply(Part::Progress(pb::RebuildProgress { done, total })))) {
            // Who reads slowly learns of the next step.
            Ok(()) | Err(TrySendError::Full(_)) => ControlFlow::Continue(()),
            Err(TrySendError::Closed(_)) => ControlFlow::Break(()),
        }
    };
    let outcome = match api.views.rebuild(progress).await {
        Ok(rebuilt) => Ok(reply(Part::Rebuilt(pb::RebuiltViews {
            sha256_before: rebuilt.before,
            sha256_after: rebuilt.after,
            position: rebuilt.position.to_string(),
            // No rebuild takes longer than a duration holds.
            elapsed: began.elapsed().try_into().ok(),
        }))),
        Err(failed) => Err(error::view(&failed)),
    };
    // A caller that is gone hears nothing.
    let _ = out.send(outcome).await;
}

fn reply(part: Part) -> pb::RebuildViewsReply {
    pb::RebuildViewsReply { part: Some(part) }
}
