//! One pass over the log that hands each item to those whom it is about.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use yujian_domain::dossier::person_facts;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::IncidentEvent;
use yujian_domain::inspection::InspectionEvent;
use yujian_domain::person::PersonEvent;
use yujian_eventlog::{Damage, EventLog, Item, LogError, LogPosition, Record, StreamName};

use crate::replay::seen;

/// Items a page.
const PAGE: usize = 500;

/// Whose history an item belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An institution's: its own stream, its incidents and inspections, and what persons' events say of it.
    Institution(Uuid),
    /// A person's: the person's own stream.
    Person(Uuid),
}

/// How an item belongs to a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It stands in the subject's own stream.
    Own,
    /// It stands in another stream and is about the subject.
    Part,
    /// It can't be read, and may have been about the subject.
    Perhaps,
}

/// Whose the streams of incidents and inspections are.
#[derive(Default)]
struct Cases {
    /// Institution of each stream, known from the first event that names it.
    owner: BTreeMap<StreamName, Uuid>,
    /// Items of streams whose institution is not known yet: their first record is damaged. A later imported row may
    /// still name it.
    waiting: BTreeMap<StreamName, Vec<Item>>,
}

impl Cases {
    /// The institution of an item with everything of its stream that waited for it.
    fn assign(&mut self, stream: &StreamName, item: Item) -> Option<(Uuid, Vec<Item>)> {
        if let Some(owner) = self.owner.get(stream) {
            return Some((*owner, vec![item]));
        }
        let named = match &item {
            Item::Record(record) => names_institution(record),
            Item::Damaged(_) => None,
        };
        let waiting = self.waiting.entry(stream.clone()).or_default();
        waiting.push(item);
        let owner = named?;
        self.owner.insert(stream.clone(), owner);
        Some((owner, self.waiting.remove(stream).unwrap_or_default()))
    }
}

/// Where persons were engaged, and what of their streams can't be read: it may have said something of these places.
#[derive(Default)]
struct Engaged {
    at: BTreeMap<Uuid, BTreeSet<Uuid>>,
    unreadable: BTreeMap<Uuid, Vec<Item>>,
}

impl Engaged {
    /// The institution that an item of a person's stream names.
    fn assign(&mut self, person: Uuid, item: &Item) -> Option<Uuid> {
        let event = match item {
            Item::Record(record) if person_facts(&seen(record)).is_ok() => {
                PersonEvent::decode(&record.event_type, &record.payload).ok()?
            }
            Item::Record(_) | Item::Damaged(_) => {
                self.unreadable.entry(person).or_default().push(item.clone());
                None
            }
        };
        let institution = event?.institution()?;
        self.at.entry(person).or_default().insert(institution);
        Some(institution)
    }
}

/// Walks the log up to a position (inclusive) and hands every item to `visit` for each history that it belongs to, with
/// how it does. Items of one stream come in order of revision; what can't be read of a
/// person comes last, to each institution where the person was ever engaged. Answers the damaged records of which nobody
/// can tell whose they are.
pub(crate) async fn walk(
    log: &dyn EventLog,
    until: LogPosition,
    mut visit: impl FnMut(Subject, &Item, Place),
) -> Result<Vec<Damage>, LogError> {
    let (mut cases, mut engaged) = (Cases::default(), Engaged::default());
    let mut unattributed = Vec::new();
    let mut after = log.origin();
    while after < until {
        let page = log.read_all(after, PAGE).await?;
        for item in page.items {
            if item.position() > until {
                break;
            }
            let stream = match &item {
                Item::Record(record) => Some(record.stream.clone()),
                Item::Damaged(damage) => damage.stream.clone(),
            };
            let Some(stream) = stream else {
                unattributed.extend(damage_of(item));
                continue;
            };
            match (stream.category(), Uuid::try_parse(stream.id())) {
                ("institution", Ok(institution)) => visit(Subject::Institution(institution), &item, Place::Own),
                ("incident" | "inspection", _) => {
                    if let Some((institution, items)) = cases.assign(&stream, item) {
                        for item in &items {
                            visit(Subject::Institution(institution), item, Place::Part);
                        }
                    }
                }
                ("person", Ok(person)) => {
                    visit(Subject::Person(person), &item, Place::Own);
                    if let Some(institution) = engaged.assign(person, &item) {
                        visit(Subject::Institution(institution), &item, Place::Part);
                    }
                }
                _ => {}
            }
        }
        if page.caught_up {
            break;
        }
        after = page.next;
    }
    for (person, items) in &engaged.unreadable {
        for institution in engaged.at.get(person).into_iter().flatten() {
            for item in items {
                visit(Subject::Institution(*institution), item, Place::Perhaps);
            }
        }
    }
    unattributed.extend(cases.waiting.into_values().flatten().filter_map(damage_of));
    unattributed.sort_by_key(|damage| damage.position);
    Ok(unattributed)
}

fn damage_of(item: Item) -> Option<Damage> {
    match item {
        Item::Damaged(damage) => Some(damage),
        Item::Record(_) => None,
    }
}

fn names_institution(record: &Record) -> Option<Uuid> {
    if record.stream.category() == "inspection" {
        return match InspectionEvent::decode(&record.event_type, &record.payload).ok()?? {
            InspectionEvent::InspectionPlanned(event) => Some(event.institution),
            InspectionEvent::InspectionImported(event) => Some(event.institution),
            _ => None,
        };
    }
    match IncidentEvent::decode(&record.event_type, &record.payload).ok()?? {
        IncidentEvent::IncidentNotified(event) => Some(event.institution),
        IncidentEvent::RecordImported(event) => Some(event.institution),
        _ => None,
    }
}
