//! Reference data: what is shipped becomes active by events on the first start of a log, and what counts from then on is
//! what the log says, not what this binary ships.

use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::{PolicyRef, RequestRef, parse_metadata};
use yujian_domain::event::EventFamily;
use yujian_domain::reference::{ActivePolicy, Reference, ShippedPolicy};
use yujian_domain::system::{
    ChecklistPublished, HolidaysActivated, PolicyActivated, SystemEvent, checklist_stream, reference_stream,
};
use yujian_eventlog::{Direction, EventLog, Expected, Head, Item, LogError, LogPosition, Record, StreamName};

use crate::api::CommandError;
use crate::floor::{Commands, Inner};
use crate::request::scope_of;
use crate::system::{By, yujian};

/// Name of the holiday table's stream.
pub(crate) const HOLIDAYS: &str = "cn-holidays";
/// Reference streams are short: a version a year.
const LIMIT: usize = 2_000;
/// How often a start gives way to other nodes that activate the same.
pub(crate) const TRIES: u32 = 16;

/// One activation as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation<E> {
    /// What was activated.
    pub event: E,
    /// When (time basis: recorded).
    pub time: Timestamp,
    /// Account that activated it; `yujian` for the first start.
    pub by: String,
    /// Where it stands in the log.
    pub position: LogPosition,
    /// Scope and request, when a command activated it.
    pub(crate) request: Option<(String, RequestRef)>,
}

/// The reference data of a log, with the activations that it comes from.
#[derive(Debug, Clone, Default)]
pub struct ActiveReference {
    /// What decisions rest on.
    pub reference: Arc<Reference>,
    /// Policy documents, in the order in which they were activated.
    pub policies: Vec<Activation<PolicyActivated>>,
    /// Holiday tables, in the order in which they were activated: the last one counts.
    pub holidays: Vec<Activation<HolidaysActivated>>,
}

impl ActiveReference {
    /// Reads what is active out of a log, without appending.
    ///
    /// # Errors
    /// When the log can't be read, or holds reference data that does not parse: a rule that can't be read must not be
    /// guessed, since decisions would rest on another one.
    pub async fn read(log: &dyn EventLog) -> Result<Self, LogError> {
        let mut found = Self::default();
        let mut checklists: Vec<ChecklistPublished> = Vec::new();
        for category in ["policy", "checklist"] {
            for stream in log.streams(category).await? {
                for (record, event) in reference_events(log, &stream).await?.1 {
                    match event {
                        SystemEvent::PolicyActivated(event) => found.policies.push(activation(&record, event)?),
                        SystemEvent::HolidaysActivated(event) => found.holidays.push(activation(&record, event)?),
                        SystemEvent::ChecklistPublished(event) if !checklists.contains(&event) => {
                            checklists.push(event);
                        }
                        _ => {}
                    }
                }
            }
        }
        found.policies.sort_by_key(|activation| activation.position);
        found.holidays.sort_by_key(|activation| activation.position);
        let policies: Vec<PolicyActivated> = found.policies.iter().map(|known| known.event.clone()).collect();
        let holidays = found.holidays.last().map(|known| &known.event);
        let reference = Reference::from_activations(&policies, holidays, Divisions::shipped().clone())
            .and_then(|reference| reference.with_checklists(&checklists))
            .map_err(|error| LogError::Invalid(format!("activated reference data: {error}")))?;
        found.reference = Arc::new(reference);
        Ok(found)
    }
}

/// A document with how it became active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPolicy {
    /// The document.
    pub policy: ActivePolicy,
    /// How it became active; `None` when it ships with this program and is not active.
    pub activation: Option<Activation<PolicyActivated>>,
}

impl ActiveReference {
    /// Every document that is active and every one that ships and is not, by id and version.
    #[must_use]
    pub fn policies_listed(&self) -> Vec<ListedPolicy> {
        let activation = |reference: &PolicyRef| {
            let mut known = self.policies.iter();
            known.find(|known| known.event.policy == reference.id && known.event.version == reference.version)
        };
        let active = self.reference.active().iter();
        let mut listed: Vec<ListedPolicy> = active
            .map(|policy| ListedPolicy {
                policy: ActivePolicy::clone(policy),
                activation: activation(&policy.reference).cloned(),
            })
            .collect();
        let shipped = Reference::shipped_policies().into_iter();
        listed.extend(
            shipped
                .filter_map(ShippedPolicy::parsed)
                .filter(|policy| activation(&policy.reference).is_none())
                .map(|policy| ListedPolicy {
                    policy,
                    activation: None,
                }),
        );
        listed.sort_by(|one, other| {
            let key = |listed: &ListedPolicy| (listed.policy.reference.id.clone(), listed.policy.reference.version);
            key(one).cmp(&key(other))
        });
        listed
    }
}

fn activation<E>(record: &Record, event: E) -> Result<Activation<E>, LogError> {
    let metadata = parse_metadata(&record.metadata).map_err(|error| LogError::Invalid(error.to_string()))?;
    Ok(Activation {
        event,
        time: record.recorded_time,
        position: record.position,
        request: metadata.request.map(|request| (scope_of(&metadata.actor), request)),
        by: metadata.actor.id,
    })
}

/// The events of a stream of reference data with their records, and its head.
async fn reference_events(
    log: &dyn EventLog,
    stream: &StreamName,
) -> Result<(Option<Head>, Vec<(Record, SystemEvent)>), LogError> {
    let items = match log.read_stream(stream, Direction::Forwards, Some(0), LIMIT).await {
        Err(LogError::StreamNotFound) => return Ok((None, Vec::new())),
        items => items?,
    };
    let mut head = None;
    let mut events = Vec::new();
    for item in items {
        match item {
            Item::Record(record) => {
                head = Some(Head {
                    revision: record.revision,
                    hash: record.hash,
                });
                let event = SystemEvent::decode(&record.event_type, &record.payload)
                    .map_err(|error| LogError::Invalid(error.to_string()))?;
                events.extend(event.map(|event| (record, event)));
            }
            // A rule that can't be read must not be guessed: decisions would rest on another one.
            Item::Damaged(damage) => return Err(LogError::Damaged(Box::new(damage))),
        }
    }
    Ok((head, events))
}

impl Commands {
    /// On the first start activates what ships for it, and loads what is active. A log that takes no writes is served with
    /// what it has.
    pub(crate) async fn activate_reference(&self) -> Result<(), CommandError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.inner.activate_missing().await {
                // Another node is starting too and was faster: what it activated is read with the rest.
                Err(LogError::Conflict { .. }) if tries < TRIES => {}
                outcome => break outcome?,
            }
        }
        let active = self.refresh_reference().await?;
        for shipped in Reference::shipped_policies() {
            let known = |activation: &&Activation<PolicyActivated>| {
                (&activation.event.policy, activation.event.version) == (&shipped.id, shipped.version)
            };
            if shipped.at_first_start && !active.policies.iter().any(|activation| known(&activation)) {
                tracing::info!(
                    policy = %shipped.id,
                    version = shipped.version,
                    "ships with this program and is not active in this log: `yujian policy activate` activates it"
                );
            }
        }
        Ok(())
    }

    /// Loads what is active out of the log; decisions rest on it from here on.
    ///
    /// # Errors
    /// When the log can't be read, or holds reference data that does not parse: what was loaded before stays.
    pub async fn refresh_reference(&self) -> Result<Arc<ActiveReference>, CommandError> {
        let active = Arc::new(ActiveReference::read(self.inner.log.as_ref()).await?);
        *self.inner.reference.lock().unwrap_or_else(PoisonError::into_inner) = active.clone();
        Ok(active)
    }

    /// Reference data as active, with the activations that it comes from.
    #[must_use]
    pub fn active_reference(&self) -> Arc<ActiveReference> {
        self.inner
            .reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Inner {
    /// Activates what ships for the first start. The holiday table comes last and so tells that a first start is over: what
    /// a newer program ships waits for a command, since it would change decisions that nobody asked to change.
    async fn activate_missing(&self) -> Result<(), LogError> {
        let holidays = StreamName::parse(&reference_stream(HOLIDAYS))?;
        let (head, events) = reference_events(self.log.as_ref(), &holidays).await?;
        if events.is_empty() {
            let shipped = Reference::shipped_policies().into_iter();
            for policy in shipped.filter(|policy| policy.at_first_start) {
                self.activate_policy_if_absent(policy.into()).await?;
            }
            let table = HolidaysActivated::from(Reference::shipped_holidays());
            self.activate(&holidays, head, SystemEvent::from(table)).await?;
        }
        self.publish_missing_checklists().await
    }

    async fn activate_policy_if_absent(&self, policy: PolicyActivated) -> Result<(), LogError> {
        let stream = StreamName::parse(&reference_stream(&policy.policy))?;
        let (head, events) = reference_events(self.log.as_ref(), &stream).await?;
        let known = events.iter().any(|(_, event)| match event {
            SystemEvent::PolicyActivated(known) => known.version == policy.version,
            _ => false,
        });
        if !known {
            self.activate(&stream, head, SystemEvent::from(policy)).await?;
        }
        Ok(())
    }

    /// Publishes the shipped checklists that the log does not hold. A published version is never altered: findings rest on
    /// its text, so another text under its id and version refuses the start.
    async fn publish_missing_checklists(&self) -> Result<(), LogError> {
        for shipped in Reference::shipped_checklists() {
            let shipped = ChecklistPublished::from(shipped);
            let stream = StreamName::parse(&checklist_stream(&shipped.checklist))?;
            let (head, events) = reference_events(self.log.as_ref(), &stream).await?;
            let mut same_version = events.iter().filter_map(|(_, event)| match event {
                SystemEvent::ChecklistPublished(published) if published.version == shipped.version => Some(published),
                _ => None,
            });
            match same_version.next() {
                None => self.activate(&stream, head, SystemEvent::from(shipped)).await?,
                Some(first)
                    if [first]
                        .into_iter()
                        .chain(same_version)
                        .any(|p| p.sha256 != shipped.sha256) =>
                {
                    let (checklist, version) = (&shipped.checklist, shipped.version);
                    return Err(LogError::Invalid(format!(
                        "checklist {checklist} version {version} was published with another text; a change is a new version"
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Appends an activation of Yujian's own; nothing when the log takes no writes now.
    async fn activate(&self, stream: &StreamName, head: Option<Head>, event: SystemEvent) -> Result<(), LogError> {
        let expected = head.map_or(Expected::NoStream, Expected::At);
        let by = By {
            actor: &yujian(),
            now: self.clock.now(),
            correlation: Some(Uuid::parse_str(stream.id()).unwrap_or_default()),
            causation: None,
        };
        match self.append_system(stream, expected, &event, &by).await {
            Ok(_) => Ok(()),
            Err(error @ (LogError::ReadOnly(_) | LogError::ClockSuspect(_) | LogError::DiskFull)) => {
                tracing::warn!(%error, stream = %stream, "reference data not activated");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
