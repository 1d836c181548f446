//! Activating policy documents and holiday tables by command, and following what other nodes activate.

use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;
use yujian_domain::activation::{self, Activating};
use yujian_domain::envelope::{Actor, RequestRef};
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::system::{HolidaysActivated, PolicyActivated, SystemEvent, reference_stream};
use yujian_domain::time::day_of;
use yujian_eventlog::{Expected, Item, LogError, LogPosition, StreamName};

use crate::api::CommandError;
use crate::floor::Commands;
use crate::reference::{Activation, ActiveReference, HOLIDAYS, TRIES};
use crate::request::{fingerprint, same, scope_of};
use crate::system::By;

/// Records read at once while following.
const PAGE: usize = 1_000;
/// Wait before the log is read again after an error.
const PAUSE: Duration = Duration::from_secs(1);

/// Who asks for an activation, and under which request.
#[derive(Debug, Clone)]
pub struct ActivationRequest {
    /// Who asks, already authenticated and allowed to call the method.
    pub actor: Actor,
    /// The caller's request id.
    pub request_id: Uuid,
    /// Full method name, part of the fingerprint.
    pub method: &'static str,
    /// Account of the second person, where one approves.
    pub approver: Option<String>,
    /// Check only; nothing is appended.
    pub validate_only: bool,
}

/// What an activation brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated<E> {
    /// The event.
    pub event: E,
    /// Its position; `None` for validate-only.
    pub position: Option<LogPosition>,
}

/// One kind of reference data that a command activates.
trait Activatable: Clone + Into<SystemEvent> {
    /// The stream of the event.
    fn stream(&self) -> String;
    /// What is known of its kind.
    fn known(active: &ActiveReference) -> &[Activation<Self>];
}

impl Activatable for PolicyActivated {
    fn stream(&self) -> String {
        reference_stream(&self.policy)
    }

    fn known(active: &ActiveReference) -> &[Activation<Self>] {
        &active.policies
    }
}

impl Activatable for HolidaysActivated {
    fn stream(&self) -> String {
        reference_stream(HOLIDAYS)
    }

    fn known(active: &ActiveReference) -> &[Activation<Self>] {
        &active.holidays
    }
}

impl Commands {
    /// Activates a policy document: what is decided from now on rests on it, for acts from its first day on. Decisions that
    /// were made stay as they are. A repeated request is answered as it was the first time.
    ///
    /// # Errors
    /// A refusal of [`activation::policy`], `REQUEST_ID_REUSED`, or what the log says.
    pub async fn activate_policy(
        &self,
        request: ActivationRequest,
        document: &str,
    ) -> Result<Activated<PolicyActivated>, CommandError> {
        let body = json!({ "document": document });
        self.activate(&request, &body, |active, by| {
            activation::policy(&active.reference, document, by)
        })
        .await
    }

    /// Activates a holiday table in the place of the active one. Deadlines that were computed stay as they are; provisional
    /// ones are counted again by the rules that ask.
    ///
    /// # Errors
    /// A refusal of [`activation::holidays`], `REQUEST_ID_REUSED`, or what the log says.
    pub async fn activate_holidays(
        &self,
        request: ActivationRequest,
        table: &str,
        source: Option<&str>,
    ) -> Result<Activated<HolidaysActivated>, CommandError> {
        let body = json!({ "table": table, "source": source });
        self.activate(&request, &body, |active, by| {
            activation::holidays(&active.reference, table, source, by)
        })
        .await
    }

    async fn activate<E: Activatable>(
        &self,
        request: &ActivationRequest,
        body: &serde_json::Value,
        decide: impl Fn(&ActiveReference, &Activating<'_>) -> Result<E, Rejection>,
    ) -> Result<Activated<E>, CommandError> {
        let inner = &self.inner;
        let canonical = yujian_domain::fingerprint::canonical(
            request.method,
            &json!({ "body": body, "approver": request.approver }),
        );
        let mut tries = 0;
        loop {
            tries += 1;
            // What another node has activated meanwhile counts: the log is asked, not the cache.
            let active = self.refresh_reference().await?;
            if let Some(before) = asked_before(E::known(&active), request) {
                let (_, reference) = before.request.as_ref().ok_or_else(reused)?;
                if !same(inner.keys.as_ref(), &reference.fingerprint, &canonical)? {
                    return Err(reused().into());
                }
                return Ok(Activated {
                    event: before.event.clone(),
                    position: Some(before.position),
                });
            }
            let now = inner.clock.now();
            let by = Activating {
                actor: &request.actor.id,
                approver: request.approver.as_deref(),
                today: day_of(now),
            };
            let event = decide(&active, &by)?;
            if request.validate_only {
                return Ok(Activated { event, position: None });
            }
            let stream = StreamName::parse(&event.stream())?;
            let _serial = inner.lock(&stream).await;
            let expected = inner
                .log
                .stream_head(&stream)
                .await?
                .map_or(Expected::NoStream, Expected::At);
            let seen = E::known(&active).len();
            // Between the decision and the head another activation may have come: the decision is made again.
            let again = self.refresh_reference().await?;
            if E::known(&again).len() != seen {
                continue;
            }
            let by = By {
                actor: &request.actor,
                now,
                correlation: Uuid::parse_str(stream.id()).ok(),
                causation: None,
            };
            let asked = RequestRef {
                id: request.request_id,
                fingerprint: fingerprint(inner.keys.as_ref(), &canonical),
            };
            match inner
                .append_requested(&stream, expected, &event.clone().into(), &by, Some(asked))
                .await
            {
                Err(LogError::Conflict { .. }) if tries < TRIES => continue,
                outcome => outcome?,
            };
            let active = self.refresh_reference().await?;
            let done = asked_before(E::known(&active), request)
                .ok_or_else(|| LogError::Unavailable("the activation can't be read back".to_owned()))?;
            return Ok(Activated {
                event: done.event.clone(),
                position: Some(done.position),
            });
        }
    }

    /// Loads reference data again whenever the log tells of an activation, until `ended` turns true: for a log that other
    /// nodes write, too. A node that lags decides by what it knows; since a document applies from the day after its
    /// activation at the earliest, unless a second person approved, a moment's lag changes no decision.
    pub async fn follow_reference(self, mut ended: watch::Receiver<bool>) {
        let log = self.inner.log.clone();
        let mut head = log.head();
        let mut after = *head.borrow_and_update();
        // What came between the start and here.
        let mut stale = true;
        loop {
            let step = async {
                loop {
                    let page = log.read_all(after, PAGE).await?;
                    let read = page.items.len();
                    stale |= page.items.iter().any(is_activation);
                    after = page.next;
                    if read < PAGE {
                        break;
                    }
                }
                if stale {
                    self.refresh_reference().await?;
                    stale = false;
                }
                Ok::<(), CommandError>(())
            };
            let outcome = tokio::select! {
                biased;
                _ = ended.wait_for(|ended| *ended) => return,
                outcome = step => outcome,
            };
            let failed = outcome.is_err();
            if let Err(error) = outcome {
                tracing::warn!(%error, again_in = ?PAUSE, "reference data can't be followed now");
            }
            tokio::select! {
                _ = ended.wait_for(|ended| *ended) => return,
                () = tokio::time::sleep(PAUSE), if failed => {}
                changed = head.changed(), if !failed => if changed.is_err() { return },
            }
        }
    }
}

/// Whether an item tells of reference data. What is damaged can't be loaded either.
fn is_activation(item: &Item) -> bool {
    match item {
        Item::Record(record) => matches!(record.stream.category(), "policy" | "checklist"),
        Item::Damaged(_) => false,
    }
}

/// The activation that this request brought about before.
fn asked_before<'a, E>(known: &'a [Activation<E>], request: &ActivationRequest) -> Option<&'a Activation<E>> {
    let scope = scope_of(&request.actor);
    known.iter().find(|activation| {
        let asked = activation.request.as_ref();
        asked.is_some_and(|(by, asked)| *by == scope && asked.id == request.request_id)
    })
}

fn reused() -> Rejection {
    Rejection::new(
        Reason::RequestIdReused,
        "this request id was used for another activation",
        "该请求编号已用于其他启用请求",
    )
}
