//! Claims: uniqueness across streams. A stream named after a keyed digest is claimed first, then the events that need it
//! are appended to the owner's.
//!
//! A retry finds its own claim. A claim that stands idle is taken over at its exact revision: at once when its owner has
//! released it, or was created with it and holds it no more; after ten minutes when the owner never appeared, or exists
//! and does not hold what it claimed, since a command that died half way leaves that behind. An owner that never appeared
//! is closed first with `CreationAbandoned` under "no stream", so that it can't appear late. An owner that exists claims
//! anew with every command, so that a release that is on its way meets another head and gives way.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Claim};
use yujian_domain::event::EventFamily;
use yujian_domain::institution::Institution;
use yujian_domain::person::{CERTIFICATE_CLAIM, IDENTITY_CLAIM, Person};
use yujian_domain::personal::KeyedDigest;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::system::{Claimed, CreationAbandoned, Released, SystemEvent, claim_stream};
use yujian_eventlog::{Direction, Expected, Head, Item, LogError, LogPosition, Record, StreamName};

use crate::api::CommandError;
use crate::floor::Inner;
use crate::system::By;

/// How long an owner may take to appear, or to hold what it claimed.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
/// How often a lost race on a claim is looked at again.
const TRIES: u32 = 16;

/// The last event of a claim's stream.
struct Held {
    stream: StreamName,
    head: Head,
    position: LogPosition,
    /// `None`: released.
    owner: Option<StreamName>,
    since: Timestamp,
}

/// Who claims what.
pub(crate) struct Claiming<'a> {
    /// What.
    pub claim: &'a Claim,
    /// For which stream.
    pub owner: &'a StreamName,
    /// Whether that stream exists: then it claims something more, and not itself.
    pub exists: bool,
    /// On whose word.
    pub by: By<'a>,
}

/// How a claim can be made.
enum Way {
    /// Nobody holds it.
    Free(StreamName, Expected),
    /// It is the owner's already.
    Own(StreamName, Head),
    /// Its owner never appeared and must be kept from it first.
    Abandon(StreamName, Head, StreamName),
}

impl Inner {
    /// Makes a claim; `mine` is the head of the claim that the same call made before, if it did. On success the events
    /// that need it may be appended.
    pub(crate) async fn claim(&self, claiming: &Claiming<'_>, mine: &mut Option<Head>) -> Result<(), CommandError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_claim(claiming, *mine).await {
                Ok(head) => {
                    *mine = Some(head);
                    return Ok(());
                }
                // Another one moved: whose it is now decides.
                Err(CommandError::Log(LogError::Conflict { .. })) if tries < TRIES => {}
                Err(CommandError::Log(LogError::Conflict { .. })) => return Err(pending(claiming.claim).into()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether the claim could be made now; appends nothing.
    pub(crate) async fn claimable(&self, claiming: &Claiming<'_>) -> Result<(), CommandError> {
        self.way(claiming).await.map(drop)
    }

    async fn try_claim(&self, claiming: &Claiming<'_>, mine: Option<Head>) -> Result<Head, CommandError> {
        let (stream, expected) = match self.way(claiming).await? {
            Way::Free(stream, expected) => (stream, expected),
            Way::Own(_, head) if !claiming.exists || mine == Some(head) => return Ok(head),
            Way::Own(stream, head) => (stream, Expected::At(head)),
            Way::Abandon(stream, head, owner) => {
                self.abandon(claiming, &stream, &owner).await?;
                (stream, Expected::At(head))
            }
        };
        let claimed = SystemEvent::from(Claimed {
            kind: claiming.claim.kind.to_owned(),
            owner: claiming.owner.to_string(),
        });
        Ok(self.append_system(&stream, expected, &claimed, &claiming.by).await?)
    }

    async fn way(&self, claiming: &Claiming<'_>) -> Result<Way, CommandError> {
        let claim = claiming.claim;
        let digests = self.digests(claim);
        let mut free = None;
        for digest in &digests {
            let stream = StreamName::parse(&claim_stream(claim.kind, digest))?;
            match self.held(&stream).await? {
                Some(Held {
                    owner: Some(owner),
                    head,
                    ..
                }) if owner == *claiming.owner => return Ok(Way::Own(stream, head)),
                Some(held) if held.owner.is_some() => return self.make_way(claim, held, &digests).await,
                // What was claimed once stays in its stream, whatever epoch that is of.
                Some(released) => free = Some((stream, Expected::At(released.head))),
                // Newest epoch first: new claims are made under it.
                None => free = free.or(Some((stream, Expected::NoStream))),
            }
        }
        let (stream, expected) = free.ok_or_else(|| LogError::ReadOnly("no HMAC key is here".to_owned()))?;
        Ok(Way::Free(stream, expected))
    }

    /// How a claim of another owner may be taken over; a refusal when it is in good hands.
    async fn make_way(&self, claim: &Claim, held: Held, digests: &[KeyedDigest]) -> Result<Way, CommandError> {
        let Held {
            stream,
            head,
            owner: Some(owner),
            since,
            ..
        } = held
        else {
            return Ok(Way::Free(held.stream, Expected::At(held.head)));
        };
        let idle = self.clock.now().duration_since(since) >= PATIENCE;
        let first = match self.log.read_stream(&owner, Direction::Forwards, Some(0), 1).await {
            Err(LogError::StreamNotFound) => None,
            items => items?.into_iter().next(),
        };
        let created_with_it = match first {
            None if idle => return Ok(Way::Abandon(stream, head, owner)),
            None => return Err(pending(claim).into()),
            Some(Item::Record(record)) if is_abandoned(&record) => {
                return Ok(Way::Free(stream, Expected::At(head)));
            }
            Some(Item::Record(record)) => record.recorded_time >= since,
            Some(Item::Damaged(_)) => false,
        };
        if self.holds(&owner, claim.kind, digests).await? {
            return Err(taken(claim, &owner).into());
        }
        // Who was created with the claim has come to its end. Who claimed something more may be about to append it.
        if created_with_it || idle {
            Ok(Way::Free(stream, Expected::At(head)))
        } else {
            Err(pending(claim).into())
        }
    }

    /// Keeps an owner that never appeared from appearing late.
    async fn abandon(
        &self,
        claiming: &Claiming<'_>,
        claim: &StreamName,
        owner: &StreamName,
    ) -> Result<(), CommandError> {
        let abandoned = SystemEvent::from(CreationAbandoned {
            claim: claim.to_string(),
            new_owner: claiming.owner.to_string(),
        });
        let by = By {
            correlation: Some(Uuid::parse_str(owner.id()).unwrap_or_default()),
            ..claiming.by
        };
        match self.append_system(owner, Expected::NoStream, &abandoned, &by).await {
            // It lives after all.
            Err(LogError::Conflict { .. }) => Err(pending(claiming.claim).into()),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    /// Whether the owner holds what it claimed. One that can't be read is taken to hold it.
    async fn holds(&self, owner: &StreamName, kind: &str, digests: &[KeyedDigest]) -> Result<bool, LogError> {
        match owner.category() {
            Institution::CATEGORY => self.holds_as::<Institution>(owner, kind, digests).await,
            Person::CATEGORY => self.holds_as::<Person>(owner, kind, digests).await,
            _ => Ok(true),
        }
    }

    async fn holds_as<A: Aggregate>(
        &self,
        owner: &StreamName,
        kind: &str,
        digests: &[KeyedDigest],
    ) -> Result<bool, LogError> {
        let loaded = self.load_stream::<A>(owner).await?;
        Ok(loaded.sound().is_err() || digests.iter().any(|digest| loaded.state.holds(kind, digest)))
    }

    /// Gives a claim back that `owner` made before the event at `before` and holds no more; answers whether it did. Of
    /// `digests` one is the claim's.
    pub(crate) async fn release(
        &self,
        kind: &str,
        digests: &[KeyedDigest],
        owner: &StreamName,
        before: LogPosition,
        by: &By<'_>,
    ) -> Result<bool, LogError> {
        for digest in digests {
            let stream = StreamName::parse(&claim_stream(kind, digest))?;
            let Some(held) = self.held(&stream).await? else {
                continue;
            };
            // A later claim of the same owner is for something that it is about to append.
            if held.owner.as_ref() != Some(owner) || held.position > before {
                continue;
            }
            if self.holds(owner, kind, digests).await? {
                continue;
            }
            let released = SystemEvent::from(Released {
                kind: kind.to_owned(),
                owner: owner.to_string(),
                cause: by.causation.unwrap_or_default(),
            });
            match self
                .append_system(&stream, Expected::At(held.head), &released, by)
                .await
            {
                // Somebody has taken it over, or another node has released it.
                Err(LogError::Conflict { .. }) => {}
                outcome => return outcome.map(|_| true),
            }
        }
        Ok(false)
    }

    /// Digests of a claim under every epoch, newest first.
    pub(crate) fn digests(&self, claim: &Claim) -> Vec<KeyedDigest> {
        let digests = self.keys.digest_all(claim.kind, claim.value.as_bytes());
        let keyed = digests.into_iter().map(|digest| KeyedDigest {
            epoch: digest.epoch,
            hex: digest.hex,
        });
        keyed.collect()
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
        let owner = match SystemEvent::decode(&record.event_type, &record.payload) {
            Ok(Some(SystemEvent::Claimed(claimed))) => Some(StreamName::parse(&claimed.owner)?),
            Ok(Some(SystemEvent::Released(_))) => None,
            _ => {
                return Err(LogError::Invalid(format!(
                    "{stream} holds {}, which is no claim",
                    record.event_type
                )));
            }
        };
        Ok(Some(Held {
            stream: stream.clone(),
            head: Head {
                revision: record.revision,
                hash: record.hash,
            },
            position: record.position,
            owner,
            since: record.recorded_time,
        }))
    }
}

fn is_abandoned(record: &Record) -> bool {
    matches!(
        SystemEvent::decode(&record.event_type, &record.payload),
        Ok(Some(SystemEvent::CreationAbandoned(_)))
    )
}

/// Refuses what another one holds. Who knows an identity number may know whose it is; of a site or certificate the holder
/// is not told.
fn taken(claim: &Claim, owner: &StreamName) -> Rejection {
    let (message, message_zh) = match claim.kind {
        IDENTITY_CLAIM => ("this identity is registered already", "该身份证件已登记"),
        CERTIFICATE_CLAIM => (
            "this certificate is registered for somebody already",
            "该证书已登记在他人名下或已登记",
        ),
        _ => (
            "this credit code is registered at this site already",
            "相同的统一社会信用代码和服务点已登记",
        ),
    };
    let refusal = Rejection::new(Reason::DuplicateClaim, message, message_zh).with("kind", claim.kind);
    if claim.kind == IDENTITY_CLAIM {
        refusal.with("resource", format!("persons/{}", owner.id()))
    } else {
        refusal
    }
}

fn pending(claim: &Claim) -> Rejection {
    let (what, what_zh) = match claim.kind {
        IDENTITY_CLAIM => ("identity", "身份证件"),
        CERTIFICATE_CLAIM => ("certificate", "证书"),
        _ => ("site", "服务点"),
    };
    Rejection::new(
        Reason::ClaimPending,
        format!("another request is registering this {what}; try again"),
        format!("另一请求正在登记同一{what_zh}，请稍后重试"),
    )
    .with("kind", claim.kind)
}
