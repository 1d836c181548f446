//! Reference data: the shipped policies, checklists and holiday table are activated by events on the first start, and
//! what counts from then on is what the log says, not what this binary ships.

use std::sync::{Arc, PoisonError};

use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::event::EventFamily;
use yujian_domain::reference::Reference;
use yujian_domain::system::{
    ChecklistPublished, HolidaysActivated, PolicyActivated, SystemEvent, checklist_stream, reference_stream,
};
use yujian_eventlog::{Direction, Expected, Head, Item, LogError, StreamName};

use crate::api::CommandError;
use crate::floor::{Commands, Inner};
use crate::system::{By, yujian};

/// Name of the holiday table's stream.
const HOLIDAYS: &str = "cn-holidays";
/// Reference streams are short: a version a year.
const LIMIT: usize = 2_000;
/// How often a start gives way to other nodes that activate the same.
const TRIES: u32 = 16;

impl Commands {
    /// Activates what is shipped and not yet active, and loads what is active. A log that takes no writes is served
    /// with what it has.
    pub(crate) async fn activate_reference(&self) -> Result<(), CommandError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.activate_missing().await {
                // Another node is starting too and was faster: what it activated is read with the rest.
                Err(CommandError::Log(LogError::Conflict { .. })) if tries < TRIES => {}
                outcome => return outcome,
            }
        }
    }

    async fn activate_missing(&self) -> Result<(), CommandError> {
        let inner = &self.inner;
        let mut policies: Vec<PolicyActivated> = Vec::new();
        for shipped in Reference::shipped_policies() {
            if !shipped.at_first_start {
                continue;
            }
            let (head, events) = inner.reference_events(&reference_stream(&shipped.id)).await?;
            let mut active: Vec<PolicyActivated> = events
                .into_iter()
                .filter_map(|event| match event {
                    SystemEvent::PolicyActivated(activated) => Some(activated),
                    _ => None,
                })
                .collect();
            if !active.iter().any(|policy| policy.version == shipped.version) {
                let activated = PolicyActivated {
                    policy: shipped.id.clone(),
                    version: shipped.version,
                    sha256: shipped.sha256.clone(),
                    effective_date: shipped.effective_date,
                    document: shipped.document.to_owned(),
                };
                if inner
                    .activate(
                        &reference_stream(&shipped.id),
                        head,
                        SystemEvent::from(activated.clone()),
                    )
                    .await?
                {
                    active.push(activated);
                }
            }
            for policy in active {
                if !policies.contains(&policy) {
                    policies.push(policy);
                }
            }
        }
        let (head, events) = inner.reference_events(&reference_stream(HOLIDAYS)).await?;
        let mut holidays: Vec<HolidaysActivated> = events
            .into_iter()
            .filter_map(|event| match event {
                SystemEvent::HolidaysActivated(activated) => Some(activated),
                _ => None,
            })
            .collect();
        let shipped = Reference::shipped_holidays();
        let shipped = HolidaysActivated {
            sha256: shipped.sha256,
            last_year: shipped.last_year,
            document: shipped.document.to_owned(),
        };
        if !holidays.iter().any(|table| table.sha256 == shipped.sha256)
            && inner
                .activate(&reference_stream(HOLIDAYS), head, SystemEvent::from(shipped.clone()))
                .await?
        {
            holidays.push(shipped);
        }
        let checklists = inner.publish_missing_checklists().await?;
        let reference = Reference::from_activations(&policies, holidays.last(), Divisions::shipped().clone())
            .and_then(|reference| reference.with_checklists(&checklists))
            .map_err(|error| LogError::Invalid(format!("activated reference data: {error}")))?;
        *inner.reference.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(reference);
        Ok(())
    }
}

impl Inner {
    /// Publishes the shipped checklists that the log does not hold, and answers with all that it holds. A published
    /// version is never altered: findings rest on its text, so another text under its id and version refuses the start.
    async fn publish_missing_checklists(&self) -> Result<Vec<ChecklistPublished>, LogError> {
        let mut known: Vec<ChecklistPublished> = Vec::new();
        for shipped in Reference::shipped_checklists() {
            let shipped = ChecklistPublished::from(shipped);
            let stream = checklist_stream(&shipped.checklist);
            let (head, events) = self.reference_events(&stream).await?;
            let mut published: Vec<ChecklistPublished> = events
                .into_iter()
                .filter_map(|event| match event {
                    SystemEvent::ChecklistPublished(published) => Some(published),
                    _ => None,
                })
                .collect();
            let same_version = || published.iter().filter(|other| other.version == shipped.version);
            if same_version().any(|other| other.sha256 != shipped.sha256) {
                let (checklist, version) = (&shipped.checklist, shipped.version);
                return Err(LogError::Invalid(format!(
                    "checklist {checklist} version {version} was published with another text; a change is a new version"
                )));
            }
            if same_version().next().is_none()
                && self.activate(&stream, head, SystemEvent::from(shipped.clone())).await?
            {
                published.push(shipped);
            }
            for publication in published {
                if !known.contains(&publication) {
                    known.push(publication);
                }
            }
        }
        Ok(known)
    }

    async fn reference_events(&self, stream: &str) -> Result<(Option<Head>, Vec<SystemEvent>), LogError> {
        let stream = StreamName::parse(stream)?;
        let items = match self.log.read_stream(&stream, Direction::Forwards, Some(0), LIMIT).await {
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
                    events.extend(event);
                }
                // A rule that can't be read must not be guessed: decisions would rest on another one.
                Item::Damaged(damage) => return Err(LogError::Damaged(Box::new(damage))),
            }
        }
        Ok((head, events))
    }

    /// Appends an activation; `false` when the log takes no writes now.
    async fn activate(&self, stream: &str, head: Option<Head>, event: SystemEvent) -> Result<bool, LogError> {
        let stream = StreamName::parse(stream)?;
        let expected = head.map_or(Expected::NoStream, Expected::At);
        let by = By {
            actor: &yujian(),
            now: self.clock.now(),
            correlation: Some(Uuid::parse_str(stream.id()).unwrap_or_default()),
            causation: None,
        };
        match self.append_system(&stream, expected, &event, &by).await {
            Ok(_) => Ok(true),
            Err(error @ (LogError::ReadOnly(_) | LogError::ClockSuspect(_) | LogError::DiskFull)) => {
                tracing::warn!(%error, stream = %stream, "reference data not activated");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
