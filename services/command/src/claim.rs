//! Claims: uniqueness across streams. A stream named after a keyed digest is claimed first, then its owner is created.
//!
//! A retry finds its own claim. A claim whose owner has not appeared within ten minutes is taken over: the owner's
//! stream is closed first with `CreationAbandoned` under "no stream", so that a late owner can't appear any more, and
//! only then does the claim change hands, at its exact revision.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Claim};
use yujian_domain::envelope::{Actor, Classification, Metadata};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::{Institution, Status};
use yujian_domain::personal::KeyedDigest;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::system::{Claimed, CreationAbandoned, SystemEvent, claim_stream};
use yujian_domain::time::Occurred;
use yujian_eventlog::{Direction, Expected, Head, Item, LogError, NewEvent, Record, StreamName};

use crate::api::CommandError;
use crate::execute::to_bytes;
use crate::floor::Inner;

/// How long an owner may take to appear.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// The last claim on something.
struct Held {
    stream: StreamName,
    head: Head,
    owner: StreamName,
    since: Timestamp,
}

impl Inner {
    /// Claims `claim` for the aggregate in `owner`. On success the owner may be created.
    pub(crate) async fn claim(
        &self,
        claim: &Claim,
        owner: &StreamName,
        owner_id: Uuid,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let digests = self.keys.digest_all(claim.kind, claim.value.as_bytes());
        let mut free = None;
        for digest in digests {
            let name = claim_stream(
                claim.kind,
                &KeyedDigest {
                    epoch: digest.epoch,
                    hex: digest.hex,
                },
            );
            let stream = StreamName::parse(&name)?;
            match self.held(&stream).await? {
                Some(held) if held.owner == *owner => return Ok(()),
                Some(held) => {
                    self.make_way(claim, &held, owner, actor, now).await?;
                    let taken = claimed(claim.kind, owner);
                    self.append_system(&held.stream, Expected::At(held.head), &taken, owner_id, actor, now)
                        .await?;
                    return Ok(());
                }
                // Newest epoch first: new claims are made under it.
                None => free = free.or(Some(stream)),
            }
        }
        let stream = free.ok_or_else(|| LogError::ReadOnly("no HMAC key is here".to_owned()))?;
        let taken = claimed(claim.kind, owner);
        self.append_system(&stream, Expected::NoStream, &taken, owner_id, actor, now)
            .await?;
        Ok(())
    }

    /// Returns when the claim may be taken over; refuses when it is in good hands.
    async fn make_way(
        &self,
        claim: &Claim,
        held: &Held,
        owner: &StreamName,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), CommandError> {
        let first = match self.log.read_stream(&held.owner, Direction::Forwards, Some(0), 1).await {
            Err(LogError::StreamNotFound) => None,
            items => items?.into_iter().next(),
        };
        match first {
            Some(Item::Record(record)) if is_abandoned(&record) => return Ok(()),
            Some(_) if self.has_ended(&held.owner).await? => return Ok(()),
            Some(_) => return Err(taken(claim).into()),
            None => {}
        }
        if now.duration_since(held.since) < PATIENCE {
            return Err(pending(claim).into());
        }
        let abandoned = SystemEvent::from(CreationAbandoned {
            claim: held.stream.to_string(),
            new_owner: owner.to_string(),
        });
        let id = owner_uuid(&held.owner);
        match self
            .append_system(&held.owner, Expected::NoStream, &abandoned, id, actor, now)
            .await
        {
            // It lives after all.
            Err(LogError::Conflict { .. }) => Err(pending(claim).into()),
            outcome => Ok(outcome?),
        }
    }

    /// Whether the owner has ended for good, so that what it held may be claimed again.
    async fn has_ended(&self, owner: &StreamName) -> Result<bool, LogError> {
        if owner.category() != Institution::CATEGORY {
            return Ok(false);
        }
        let loaded = self.load_stream::<Institution>(owner).await?;
        Ok(loaded.sound().is_ok() && loaded.state.status == Status::Closed)
    }

    async fn held(&self, stream: &StreamName) -> Result<Option<Held>, LogError> {
        let last = match self.log.read_stream(stream, Direction::Backwards, None, 1).await {
            Err(LogError::StreamNotFound) => return Ok(None),
            items => items?.into_iter().next(),
        };
        let record = match last {
            None => return Ok(None),
            Some(Item::Damaged(damage)) => return Err(LogError::Damaged(Box::new(damage))),
            Some(Item::Record(record)) => record,
        };
        match SystemEvent::decode(&record.event_type, &record.payload) {
            Ok(Some(SystemEvent::Claimed(claimed))) => Ok(Some(Held {
                stream: stream.clone(),
                head: Head {
                    revision: record.revision,
                    hash: record.hash,
                },
                owner: StreamName::parse(&claimed.owner)?,
                since: record.recorded_time,
            })),
            _ => Err(LogError::Invalid(format!(
                "{stream} holds {}, which is no claim",
                record.event_type
            ))),
        }
    }

    /// Appends one event of Yujian's own streams.
    pub(crate) async fn append_system(
        &self,
        stream: &StreamName,
        expected: Expected,
        event: &SystemEvent,
        correlation: Uuid,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), LogError> {
        let metadata = Metadata {
            occurred: Occurred::Instant { time: now },
            effective_from: None,
            effective_to: None,
            received_time: now,
            device: None,
            actor: actor.clone(),
            on_behalf_of: None,
            request: None,
            causation: None,
            correlation: Some(correlation),
            policies: Vec::new(),
            legal_basis: Vec::new(),
            facts: Vec::new(),
            provenance: None,
            classification: Classification::Regulator,
            subjects: Vec::new(),
            simulated: self.simulated,
        };
        let new = NewEvent {
            id: self.entropy.event_id(now),
            event_type: event.event_type().to_owned(),
            metadata: to_bytes(&metadata)?,
            payload: to_bytes(&event.payload())?,
        };
        self.log.append(stream, expected, vec![new]).await.map(|_| ())
    }
}

fn claimed(kind: &str, owner: &StreamName) -> SystemEvent {
    SystemEvent::from(Claimed {
        kind: kind.to_owned(),
        owner: owner.to_string(),
    })
}

fn is_abandoned(record: &Record) -> bool {
    matches!(
        SystemEvent::decode(&record.event_type, &record.payload),
        Ok(Some(SystemEvent::CreationAbandoned(_)))
    )
}

fn owner_uuid(stream: &StreamName) -> Uuid {
    Uuid::parse_str(stream.id()).unwrap_or_default()
}

fn taken(claim: &Claim) -> Rejection {
    Rejection::new(
        Reason::DuplicateClaim,
        format!("another one already holds this {}", claim.kind),
        "相同的统一社会信用代码和服务点已登记",
    )
    .with("kind", claim.kind)
}

fn pending(claim: &Claim) -> Rejection {
    Rejection::new(
        Reason::ClaimPending,
        format!("another request is creating this {}; try again", claim.kind),
        "另一请求正在登记同一服务点，请稍后重试",
    )
    .with("kind", claim.kind)
}
