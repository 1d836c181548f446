//! One command, from the request to the log.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Context, Decided, Facts, Need, Recorded};
use yujian_domain::envelope::{FactRef, Metadata, RequestRef};
use yujian_domain::event::EventFamily;
use yujian_domain::incident::Incident;
use yujian_domain::inspection::Inspection;
use yujian_domain::institution::Institution;
use yujian_domain::person::Person;
use yujian_domain::rejection::{Reason, Rejection};
use yujian_domain::time::Occurred;
use yujian_eventlog::{Appended, Expected, Head, Item, LogError, NewEvent, StreamName};

use crate::api::{CommandError, Outcome, Request};
use crate::authorize::{authorize, authorize_creation, not_found};
use crate::claim::Claiming;
use crate::floor::{Commands, Inner, KeysDigester, stream_of};
use crate::fold::{Accepted, Loaded};
use crate::request::{canonical, derived_id, fingerprint, same, scope_of};
use crate::system::By;

/// How often a lost race is decided again before the caller is asked to. Each is lost to a command of another node that went
/// through, and the slower of two nodes can lose many in a row: more than commands ever wait for one stream at once.
const TRIES: u32 = 256;

impl Commands {
    /// Runs one command on an aggregate.
    ///
    /// Order: authorize, look for the same request, etag, decide, claim, count, seal, append. A repeated request is answered
    /// as it was the first time, whatever has happened since; a refusal is decided anew.
    ///
    /// # Errors
    /// A typed refusal, or what the log says.
    pub async fn execute<A: Aggregate>(&self, request: Request<A::Command>) -> Result<Outcome<A>, CommandError> {
        let inner = &self.inner;
        let scope = scope_of(&request.actor);
        let creates = A::creates(&request.command);
        let id = match request.target {
            Some(id) => id,
            None if creates => derived_id(&scope, request.request_id, 0),
            None => return Err(LogError::Invalid("a command that creates nothing needs a target".to_owned()).into()),
        };
        let stream = stream_of::<A>(id)?;
        let canonical = canonical(&request)?;
        let _serial = inner.lock(&stream).await;
        let mut claimed = None;
        let mut tries = 0;
        loop {
            tries += 1;
            let call = Call {
                inner,
                request: &request,
                scope: &scope,
                stream: &stream,
                id,
                creates,
            };
            match call.attempt::<A>(&canonical, &self.reference(), &mut claimed).await {
                Err(CommandError::Log(LogError::Conflict { .. })) if request.etag.is_some() => {
                    return Err(etag_mismatch().into());
                }
                Err(CommandError::Log(LogError::Conflict { .. })) if tries < TRIES => {}
                outcome => return outcome,
            }
        }
    }
}

fn etag_mismatch() -> Rejection {
    Rejection::new(
        Reason::EtagMismatch,
        "the etag is not the current revision",
        "数据已被更新，请重新读取后再提交",
    )
}

/// One request against one stream.
struct Call<'a, C> {
    inner: &'a Arc<Inner>,
    request: &'a Request<C>,
    scope: &'a str,
    stream: &'a StreamName,
    id: Uuid,
    creates: bool,
}

impl<C> Call<'_, C> {
    async fn attempt<A: Aggregate<Command = C>>(
        &self,
        canonical: &[u8],
        reference: &yujian_domain::reference::Reference,
        claimed: &mut Option<Head>,
    ) -> Result<Outcome<A>, CommandError> {
        let (inner, request) = (self.inner, self.request);
        let loaded = inner.load_stream::<A>(self.stream).await?;
        let exists = loaded.state.exists();
        if !exists && (!self.creates || loaded.abandoned || loaded.damaged.is_some()) {
            return Err(self.absent(&loaded).into());
        }
        let facts = inner.facts(loaded.state.as_ref(), &request.command).await?;
        let access = loaded.state.access(&request.command, &facts);
        let accepted = loaded.requests.get(&(self.scope.to_owned(), request.request_id));
        if !exists {
            authorize_creation(&request.actor, &access, A::CATEGORY)?;
        } else if let Err(refused) = authorize(&request.actor, &access, A::CATEGORY) {
            // What was accepted may have taken the caller's access away, as the end of the last engagement does to the
            // employer: whoever asks the same again hears the first answer all the same.
            return match accepted {
                Some(accepted) if same(inner.keys.as_ref(), &accepted.fingerprint, canonical)? => {
                    self.answer_again(&loaded, accepted, canonical).await
                }
                _ => Err(refused.into()),
            };
        }

        if let Some(accepted) = accepted {
            return self.answer_again(&loaded, accepted, canonical).await;
        }
        if request
            .etag
            .is_some_and(|etag| loaded.head.map(|head| head.revision) != Some(etag))
        {
            return Err(etag_mismatch().into());
        }
        loaded.sound()?;

        let received = request.received_time.unwrap_or_else(|| inner.clock.now());
        let occurred = request.occurred.unwrap_or(Occurred::Instant { time: received });
        let digester = KeysDigester(inner.keys.as_ref());
        let context = Context {
            id: self.id,
            now: received,
            occurred,
            actor: &request.actor,
            reference,
            digester: &digester,
        };
        let decided = loaded.state.decide(&facts, &request.command, &context)?;
        if decided.is_empty() {
            return Err(nothing_to_do().into());
        }
        let times = Times { received, occurred };
        let visit = loaded.state.visit(&request.command, &facts, &context)?;
        let claim = A::claim(&request.command);
        let by = By {
            actor: &request.actor,
            now: received,
            correlation: Some(self.id),
            causation: request.causation,
        };
        let claiming = claim.as_ref().map(|claim| Claiming {
            claim,
            owner: self.stream,
            exists,
            by,
        });
        if request.validate_only {
            if let Some(claiming) = &claiming {
                inner.claimable(claiming).await?;
            }
            if let Some(visit) = &visit {
                inner.visit_allowed(visit).await?;
            }
            return Ok(self.preview(&loaded, &decided, &facts, times));
        }
        // What other streams own comes first: what is left behind by a death from here on is found by the retry.
        if let Some(claiming) = &claiming {
            inner.claim(claiming, claimed).await?;
        }
        if let Some(visit) = &visit {
            inner.count_visit(visit, &by).await?;
        }
        let appended = self.append(&loaded, decided, &facts, canonical, times).await?;
        self.outcome(loaded, appended)
    }

    /// Why nothing is there to act on.
    fn absent<A: Aggregate>(&self, loaded: &Loaded<A>) -> Rejection {
        if let Err(damaged) = loaded.sound()
            && loaded.head.is_some()
            && !loaded.abandoned
        {
            return damaged;
        }
        if self.creates && loaded.abandoned {
            return Rejection::new(
                Reason::RequestAbandoned,
                "this creation was not finished in time and was taken over by another request",
                "该创建请求未及时完成，已被其他请求接替，请以新的请求编号重新提交",
            );
        }
        not_found(A::CATEGORY)
    }

    async fn answer_again<A: Aggregate>(
        &self,
        loaded: &Loaded<A>,
        accepted: &Accepted,
        canonical: &[u8],
    ) -> Result<Outcome<A>, CommandError> {
        if !same(self.inner.keys.as_ref(), &accepted.fingerprint, canonical)? {
            return Err(Rejection::new(
                Reason::RequestIdReused,
                "this request id was used for another request",
                "该请求编号已用于内容不同的请求",
            )
            .with("request_id", self.request.request_id.to_string())
            .into());
        }
        let newest = loaded.head.is_some_and(|head| head.revision == accepted.last_revision);
        let state = if newest {
            loaded.state.clone()
        } else {
            self.inner.state_at::<A>(self.stream, accepted.last_revision).await?
        };
        Ok(Outcome {
            id: self.id,
            revision: accepted.last_revision,
            position: Some(accepted.position),
            state,
            event_types: accepted.event_types.clone(),
            repeated: true,
        })
    }

    fn metadata<E>(&self, decided: &Decided<E>, facts: &Facts, times: Times) -> Metadata {
        let request = self.request;
        Metadata {
            occurred: decided.occurred.unwrap_or(times.occurred),
            effective_from: decided.effective_from,
            effective_to: decided.effective_to,
            received_time: times.received,
            device: request.device.clone(),
            actor: request.actor.clone(),
            on_behalf_of: request.on_behalf_of.clone(),
            request: None,
            causation: request.causation,
            correlation: None,
            policies: decided.policies.clone(),
            legal_basis: decided.legal_basis.clone(),
            facts: facts.used.clone(),
            provenance: request.provenance.clone(),
            classification: decided.classification,
            subjects: Vec::new(),
            simulated: self.inner.simulated,
        }
    }

    /// What would come about, without appending.
    fn preview<A: Aggregate>(
        &self,
        loaded: &Loaded<A>,
        decided: &[Decided<A::Event>],
        facts: &Facts,
        times: Times,
    ) -> Outcome<A> {
        let mut state = A::clone(&loaded.state);
        let first = loaded.head.map_or(0, |head| head.revision + 1);
        let mut revision = first;
        for one in decided {
            let metadata = self.metadata(one, facts, times);
            state.evolve(
                &one.event,
                &Recorded {
                    event_id: Uuid::nil(),
                    revision,
                    metadata: &metadata,
                },
            );
            revision += 1;
        }
        Outcome {
            id: self.id,
            revision: revision.saturating_sub(1),
            position: None,
            state: Arc::new(state),
            event_types: decided.iter().map(|one| one.event.event_type().to_owned()).collect(),
            repeated: false,
        }
    }

    async fn append<A: Aggregate>(
        &self,
        loaded: &Loaded<A>,
        decided: Vec<Decided<A::Event>>,
        facts: &Facts,
        canonical: &[u8],
        times: Times,
    ) -> Result<Appended, CommandError> {
        let inner = self.inner;
        let fingerprint = fingerprint(inner.keys.as_ref(), canonical);
        let mut events = Vec::with_capacity(decided.len());
        for one in decided {
            // The id comes first: sealed values are bound to it, and every try carries it.
            let id = inner.entropy.event_id(times.received);
            let mut payload = one.event.payload();
            let subjects = inner.keys.seal(id, &mut payload).await?;
            let mut metadata = self.metadata(&one, facts, times);
            metadata.request = Some(RequestRef {
                id: self.request.request_id,
                fingerprint: fingerprint.clone(),
            });
            metadata.subjects = subjects;
            events.push(NewEvent {
                id,
                event_type: one.event.event_type().to_owned(),
                metadata: to_bytes(&metadata)?,
                payload: to_bytes(&payload)?,
            });
        }
        let expected = loaded.head.map_or(Expected::NoStream, Expected::At);
        Ok(inner.log.append(self.stream, expected, events).await?)
    }

    fn outcome<A: Aggregate>(&self, loaded: Arc<Loaded<A>>, appended: Appended) -> Result<Outcome<A>, CommandError> {
        // Given up by the cache, the fold goes on in place: a copy of a long history costs more than the decision did.
        self.inner.forget(self.stream);
        let mut after = Arc::unwrap_or_clone(loaded);
        let mut event_types = Vec::with_capacity(appended.records.len());
        let mut position = None;
        for record in appended.records {
            position = Some(record.position);
            event_types.push(record.event_type.clone());
            after.fold(&Item::Record(record));
        }
        let revision = after.head.map(|head| head.revision).ok_or_else(nothing_to_do)?;
        let after = Arc::new(after);
        self.inner.remember(self.stream, &after);
        Ok(Outcome {
            id: self.id,
            revision,
            position,
            state: after.state.clone(),
            event_types,
            repeated: false,
        })
    }
}

fn nothing_to_do() -> Rejection {
    Rejection::new(
        Reason::NothingToDo,
        "the command would change nothing",
        "该操作不会产生任何变更",
    )
}

/// The time bases of one command.
#[derive(Clone, Copy)]
struct Times {
    received: Timestamp,
    occurred: Occurred,
}

pub(crate) fn to_bytes<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, LogError> {
    serde_json::to_vec(value).map_err(|error| LogError::Invalid(format!("does not serialise: {error}")))
}

impl Inner {
    /// Loads what the decision must know of other streams. A fact's stream may be damaged: what happens to children must
    /// be notified all the same, and the event names the revision that was read.
    async fn facts<A: Aggregate>(&self, state: &A, command: &A::Command) -> Result<Facts, CommandError> {
        let mut facts = Facts::default();
        for need in state.needs(command) {
            match need {
                Need::Institution(id) => {
                    let stream = stream_of::<Institution>(id)?;
                    let loaded = self.load_stream::<Institution>(&stream).await?;
                    let Some(head) = loaded.head.filter(|_| loaded.state.exists()) else {
                        // What can't be read is not absent: a reactor would take its alert for settled.
                        loaded.sound()?;
                        return Err(not_found(Institution::CATEGORY).into());
                    };
                    facts.institution = Some(loaded.state.clone());
                    facts.used.push(FactRef {
                        stream: stream.to_string(),
                        revision: head.revision,
                    });
                }
                Need::Person(id) => {
                    if let Some(person) = self.fact::<Person>(id, &mut facts.used).await? {
                        facts.persons.insert(id, person);
                    }
                }
                Need::Inspection(id) => facts.inspection = self.fact::<Inspection>(id, &mut facts.used).await?,
                Need::Incident(id) => facts.incident = self.fact::<Incident>(id, &mut facts.used).await?,
            }
        }
        Ok(facts)
    }

    /// The state of something that a decision rests on, if it exists; notes the revision that was read.
    async fn fact<A: Aggregate>(&self, id: Uuid, used: &mut Vec<FactRef>) -> Result<Option<Arc<A>>, CommandError> {
        let stream = stream_of::<A>(id)?;
        let loaded = self.load_stream::<A>(&stream).await?;
        // A decision must not rest on half a history.
        loaded.sound()?;
        Ok(loaded.head.filter(|_| loaded.state.exists()).map(|head| {
            used.push(FactRef {
                stream: stream.to_string(),
                revision: head.revision,
            });
            loaded.state.clone()
        }))
    }
}
