//! Effects: what is done, under which request id, and what its refusal means.

use uuid::Uuid;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::alert::{Alert, AlertCommand, ClearAlert, RaiseAlert};
use yujian_domain::inspection::{Inspection, InspectionCommand};
use yujian_domain::institution::{Institution, InstitutionCommand};
use yujian_domain::person::{Person, PersonCommand};
use yujian_domain::personal::KeyedDigest;
use yujian_domain::rejection::{Kind, Reason};
use yujian_domain::time::Occurred;
use yujian_eventlog::{LogError, LogPosition, StreamName};

use crate::api::{CommandError, Request};
use crate::floor::Commands;
use crate::system::{By, yujian};

/// Method in the fingerprint of every command of a reactor.
const METHOD: &str = "yujian.reactor/React";
/// Namespace of request ids that reactors derive.
const REACTION: Uuid = Uuid::from_u128(0x6b0d_93c4_2f57_4a8e_b1e6_0a94_7d3c_58f1);

/// One effect of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Number within the reaction: the same whenever the event is reacted to.
    pub ordinal: u32,
    /// When it happened, when that is not when it is done.
    pub occurred: Option<Occurred>,
    /// What is done.
    pub act: Act,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// A command on a person.
    Person(Uuid, Box<PersonCommand>),
    /// A command on an inspection.
    Inspection(Uuid, Box<InspectionCommand>),
    /// A command on an institution.
    Institution(Uuid, Box<InstitutionCommand>),
    /// An alert.
    Alert(Box<RaiseAlert>),
    /// The fact behind an alert no longer holds.
    ClearAlert(Uuid, Box<ClearAlert>),
    /// A claim is given back.
    Release {
        kind: &'static str,
        digests: Vec<KeyedDigest>,
        owner: StreamName,
    },
    /// A visit is given back.
    ReleaseVisit {
        institution: Uuid,
        year: i16,
        inspection: Uuid,
    },
}

impl Effect {
    pub(crate) fn new(ordinal: u32, act: Act) -> Self {
        Self {
            ordinal,
            occurred: None,
            act,
        }
    }

    pub(crate) fn alert(ordinal: u32, alert: RaiseAlert) -> Self {
        Self::new(ordinal, Act::Alert(Box::new(alert)))
    }
}

/// Why something is done.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// Reactor.
    pub reactor: &'static str,
    /// What tells this cause from every other one of the reactor: an event's id, or a timer's key.
    pub key: String,
    /// The event.
    pub event: Uuid,
    /// Where it stands; `None` for a timer.
    pub position: Option<LogPosition>,
}

impl Cause {
    /// Id of the request for one of its effects, the same on every node and at every repetition.
    fn request_id(&self, ordinal: u32) -> Uuid {
        Uuid::new_v5(&REACTION, format!("{}|{}|{ordinal}", self.reactor, self.key).as_bytes())
    }
}

/// What became of an effect.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It was done now.
    Done,
    /// It was done before, or there is nothing to do any more: why.
    Settled(&'static str),
    /// It can't be done, and an operator should know.
    Failed(CommandError),
    /// Not now.
    Later(CommandError),
}

impl Commands {
    /// Does one effect.
    pub(crate) async fn effect(&self, effect: &Effect, cause: &Cause) -> Verdict {
        let inner = &self.inner;
        let actor = yujian();
        let by = |correlation| By {
            actor: &actor,
            now: inner.clock.now(),
            correlation,
            causation: Some(cause.event),
        };
        match &effect.act {
            Act::Person(id, command) => self.command::<Person>(*id, command, effect, cause).await,
            Act::Inspection(id, command) => self.command::<Inspection>(*id, command, effect, cause).await,
            Act::Institution(id, command) => self.command::<Institution>(*id, command, effect, cause).await,
            Act::Alert(alert) => {
                let command = AlertCommand::from(alert.as_ref().clone());
                self.command::<Alert>(alert.id(), &command, effect, cause).await
            }
            Act::ClearAlert(id, clear) => {
                let command = AlertCommand::from(clear.as_ref().clone());
                self.command::<Alert>(*id, &command, effect, cause).await
            }
            Act::Release { kind, digests, owner } => {
                let before = cause.position.unwrap_or_else(|| *inner.log.head().borrow());
                let by = by(Uuid::parse_str(owner.id()).ok());
                verdict(
                    inner
                        .release(kind, digests, owner, before, &by)
                        .await
                        .map_err(Into::into),
                )
            }
            Act::ReleaseVisit {
                institution,
                year,
                inspection,
            } => {
                let by = by(Some(*inspection));
                let released = inner.release_visit(*institution, *year, *inspection, &by).await;
                verdict(released.map_err(Into::into))
            }
        }
    }

    async fn command<A: Aggregate>(&self, target: Uuid, command: &A::Command, effect: &Effect, cause: &Cause) -> Verdict
    where
        A::Command: Clone,
    {
        let request_id = cause.request_id(effect.ordinal);
        let request = Request {
            occurred: effect.occurred,
            causation: Some(cause.event),
            ..Request::new(yujian(), request_id, METHOD, Some(target), command.clone())
        };
        verdict(self.execute::<A>(request).await.map(|outcome| !outcome.repeated))
    }
}

/// What an answer means; `true`: something was appended now.
fn verdict(answer: Result<bool, CommandError>) -> Verdict {
    let error = match answer {
        Ok(true) => return Verdict::Done,
        Ok(false) => return Verdict::Settled("done before"),
        Err(error) => error,
    };
    match &error {
        CommandError::Rejected(refusal) => match (refusal.reason, refusal.reason.kind()) {
            (Reason::NewerEvent | Reason::SubjectErased, _) => Verdict::Failed(error),
            // An older version of Yujian said it in other words.
            (Reason::RequestIdReused, _) => Verdict::Settled(refusal.reason.as_str()),
            (reason, Kind::FailedPrecondition | Kind::AlreadyExists | Kind::NotFound) => {
                Verdict::Settled(reason.as_str())
            }
            (_, Kind::Unavailable | Kind::Aborted) => Verdict::Later(error),
            _ => Verdict::Failed(error),
        },
        CommandError::Log(log) => match log {
            LogError::StreamNotFound
            | LogError::TooLarge { .. }
            | LogError::StreamTooLong { .. }
            | LogError::Damaged(_)
            | LogError::ClearPersonalData
            | LogError::SubjectErased
            | LogError::Invalid(_) => Verdict::Failed(error),
            LogError::Conflict { .. }
            | LogError::DiskFull
            | LogError::OutcomeUnknown(_)
            | LogError::ClockSuspect(_)
            | LogError::BeyondHead { .. }
            | LogError::OtherEpoch { .. }
            | LogError::ReadOnly(_)
            | LogError::Stopped(_)
            | LogError::OutcomePending(_)
            | LogError::Unavailable(_) => Verdict::Later(error),
        },
    }
}
