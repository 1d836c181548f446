//! Replay from the log alone: the history of one institution or person on two axes of time, or every dossier at once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::dossier::{Dossier, Fact, Seen, canonical, facts, person_facts};
use yujian_domain::envelope::parse_metadata;
use yujian_domain::time::end_of;
use yujian_eventlog::{Damage, EventLog, Item, LogError, LogPosition, Record};

use crate::walk::{Place, Subject, walk};

/// Which institution's history to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayQuery {
    /// Institution.
    pub institution: Uuid,
    /// As of the last instant of this legal day; `None`: open end (what holds now and later is shown as stored).
    pub as_of: Option<Date>,
    /// With the knowledge of the end of this legal day (time basis: recorded); `None`: everything recorded.
    pub known_at: Option<Date>,
    /// Replay up to this position; `None`: the end of the log.
    pub until: Option<LogPosition>,
}

/// Which person's history to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonReplayQuery {
    /// Person.
    pub person: Uuid,
    /// As in [`ReplayQuery`].
    pub as_of: Option<Date>,
    /// As in [`ReplayQuery`].
    pub known_at: Option<Date>,
    /// As in [`ReplayQuery`].
    pub until: Option<LogPosition>,
}

/// Why a replay failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// No such institution or person (known then).
    #[error(
        "no such institution or person, or nothing was recorded about it by then / 该机构或人员不存在，或当时尚无记录"
    )]
    NotFound,
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A replayed history.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The institution's events, those of its incidents and inspections, and those of persons that name it; or the
    /// person's events. In order of position, as known.
    pub records: Vec<Record>,
    /// Damaged records of these streams, and those of which nobody can tell whose they are: the history may lack them.
    pub damaged: Vec<Damage>,
    /// Facts that hold.
    pub facts: Vec<Fact>,
    /// The dossier as canonical JSON bytes: equal to the live dossier's.
    pub dossier: Vec<u8>,
    /// Position that "known at" resolved to.
    pub position: LogPosition,
    /// Instant that "as of" resolved to.
    pub as_of: Option<Timestamp>,
}

/// One dossier within [`Dossiers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedDossier {
    /// Canonical JSON bytes.
    pub dossier: Vec<u8>,
    /// Damaged records of its streams.
    pub damaged: Vec<Damage>,
}

/// The dossiers of every institution and person, from one pass over the log.
#[derive(Debug, Clone)]
pub struct Dossiers {
    /// By institution; those that were known then.
    pub institutions: BTreeMap<Uuid, ReplayedDossier>,
    /// By person; those that were known then.
    pub persons: BTreeMap<Uuid, ReplayedDossier>,
    /// Damaged records of which nobody can tell whose they are.
    pub unattributed: Vec<Damage>,
    /// Position up to which the log was read.
    pub position: LogPosition,
}

/// A history while it is being replayed.
#[derive(Default)]
struct History {
    dossier: Dossier,
    damaged: Vec<Damage>,
    /// Whether the subject's own stream says anything: a stream that only gave up its creation is none.
    known: bool,
}

impl History {
    /// Takes an item of a subject.
    fn take(&mut self, subject: Subject, item: &Item, place: Place) {
        let own = place == Place::Own;
        match item {
            Item::Damaged(damage) => {
                self.known |= own;
                self.damaged.push(damage.clone());
            }
            Item::Record(record) => {
                let said = match subject {
                    Subject::Institution(_) => facts(&seen(record)),
                    Subject::Person(_) => person_facts(&seen(record)),
                };
                match said {
                    Ok(Some(change)) => {
                        self.known |= own;
                        self.dossier.apply(change);
                    }
                    // Of a type that says nothing here, perhaps, but nobody can tell.
                    Ok(None) if parse_metadata(&record.metadata).is_err() => {
                        self.known |= own;
                        self.damaged.push(unreadable(record));
                    }
                    Ok(None) => {}
                    // Its bytes are as they were written, and still it can't be read: the reader must know.
                    Err(_) => {
                        self.known |= own;
                        self.damaged.push(unreadable(record));
                    }
                }
            }
        }
    }

    fn resolved(mut self, as_of: Option<Timestamp>) -> ReplayedDossier {
        self.damaged.sort_by_key(|damage| damage.position);
        ReplayedDossier {
            dossier: canonical(&self.dossier.resolve(as_of, None)),
            damaged: self.damaged,
        }
    }
}

/// Replays an institution's history.
///
/// # Errors
/// [`AuditError::NotFound`] when it does not exist as known; [`AuditError::Log`] when the log fails or `until` lies
/// beyond its end or in another epoch.
pub async fn replay(log: &dyn EventLog, query: ReplayQuery) -> Result<Replay, AuditError> {
    let subject = Subject::Institution(query.institution);
    let found = replay_subject(log, subject, query.as_of, query.known_at, query.until).await?;
    found.ok_or(AuditError::NotFound)
}

/// Replays a person's history.
///
/// # Errors
/// [`AuditError::NotFound`] when the person does not exist as known; [`AuditError::Log`] as for [`replay`].
pub async fn replay_person(log: &dyn EventLog, query: PersonReplayQuery) -> Result<Replay, AuditError> {
    let subject = Subject::Person(query.person);
    let found = replay_subject(log, subject, query.as_of, query.known_at, query.until).await?;
    found.ok_or(AuditError::NotFound)
}

async fn replay_subject(
    log: &dyn EventLog,
    wanted: Subject,
    as_of: Option<Date>,
    known_at: Option<Date>,
    until: Option<LogPosition>,
) -> Result<Option<Replay>, LogError> {
    let position = resolve_position(log, known_at, until).await?;
    let mut history = History::default();
    let mut records = Vec::new();
    let unattributed = walk(log, position, |subject, item, place| {
        if subject == wanted {
            history.take(subject, item, place);
            if let (Item::Record(record), Place::Own | Place::Part) = (item, place) {
                records.push(record.clone());
            }
        }
    })
    .await?;
    if !history.known {
        return Ok(None);
    }
    records.sort_by_key(|record| record.position);
    history.damaged.extend(unattributed);
    history.damaged.sort_by_key(|damage| damage.position);
    let as_of = as_of.map(end_of);
    // What is known is decided by position, so no record beyond it was applied.
    let facts = history.dossier.resolve(as_of, None);
    let dossier = canonical(&facts);
    Ok(Some(Replay {
        records,
        damaged: history.damaged,
        facts,
        dossier,
        position,
        as_of,
    }))
}

/// Replays the dossiers of every institution and person in one pass. `as_of`, `known_at` and `until` as in
/// [`ReplayQuery`].
///
/// # Errors
/// When the log fails or `until` lies beyond its end or in another epoch.
pub async fn replay_all(
    log: &dyn EventLog,
    as_of: Option<Date>,
    known_at: Option<Date>,
    until: Option<LogPosition>,
) -> Result<Dossiers, AuditError> {
    let position = resolve_position(log, known_at, until).await?;
    let mut institutions: BTreeMap<Uuid, History> = BTreeMap::new();
    let mut persons: BTreeMap<Uuid, History> = BTreeMap::new();
    let unattributed = walk(log, position, |subject, item, place| {
        let history = match subject {
            Subject::Institution(id) => institutions.entry(id).or_default(),
            Subject::Person(id) => persons.entry(id).or_default(),
        };
        history.take(subject, item, place);
    })
    .await?;
    let as_of = as_of.map(end_of);
    let resolved = |histories: BTreeMap<Uuid, History>| {
        histories
            .into_iter()
            .filter(|(_, history)| history.known)
            .map(|(id, history)| (id, history.resolved(as_of)))
            .collect()
    };
    Ok(Dossiers {
        institutions: resolved(institutions),
        persons: resolved(persons),
        unattributed,
        position,
    })
}

/// The last position that both "known at" and `until` allow.
async fn resolve_position(
    log: &dyn EventLog,
    known_at: Option<Date>,
    until: Option<LogPosition>,
) -> Result<LogPosition, LogError> {
    let until = match until {
        None => *log.head().borrow(),
        Some(position) => {
            log.reach(position).await?;
            position
        }
    };
    match known_at {
        None => Ok(until),
        Some(day) => Ok(log.position_at(end_of(day)).await?.min(until)),
    }
}

/// A record as the dossier sees it.
pub(crate) fn seen(record: &Record) -> Seen<'_> {
    Seen {
        stream: record.stream.as_str(),
        revision: record.revision,
        event_id: record.id,
        event_type: &record.event_type,
        metadata: &record.metadata,
        payload: &record.payload,
        recorded_time: record.recorded_time,
    }
}

fn unreadable(record: &Record) -> Damage {
    Damage {
        position: record.position,
        stream: Some(record.stream.clone()),
        revision: Some(record.revision),
        problem: format!("its bytes are not those of a {}", record.event_type),
    }
}
