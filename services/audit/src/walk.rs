//! One pass over the log that hands each item to the institution that it is about.

use std::collections::BTreeMap;

use uuid::Uuid;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::IncidentEvent;
use yujian_eventlog::{Damage, EventLog, Item, LogError, LogPosition, Record, StreamName};

/// Items a page.
const PAGE: usize = 500;

/// Whose incident streams are.
#[derive(Default)]
struct Incidents {
    /// Institution of each incident stream, known from the first event that names it.
    owner: BTreeMap<StreamName, Uuid>,
    /// Items of streams whose institution is not known yet: their first record is damaged. A later imported row may
    /// still name it.
    waiting: BTreeMap<StreamName, Vec<Item>>,
}

impl Incidents {
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

/// Walks the log up to a position (inclusive) and hands every item of an institution or of one of its incidents to
/// `visit`, with whether it stands in the institution's own stream. Items of one stream come in order of revision.
/// Answers the damaged records of which nobody can tell whose they are. Only payloads that may name an incident's
/// institution are decoded here.
pub(crate) async fn walk(
    log: &dyn EventLog,
    until: LogPosition,
    mut visit: impl FnMut(Uuid, Item, bool),
) -> Result<Vec<Damage>, LogError> {
    let mut incidents = Incidents::default();
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
            match stream.category() {
                "institution" => {
                    if let Ok(institution) = Uuid::try_parse(stream.id()) {
                        visit(institution, item, true);
                    }
                }
                "incident" => {
                    if let Some((institution, items)) = incidents.assign(&stream, item) {
                        for item in items {
                            visit(institution, item, false);
                        }
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
    unattributed.extend(incidents.waiting.into_values().flatten().filter_map(damage_of));
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
    match IncidentEvent::decode(&record.event_type, &record.payload).ok()?? {
        IncidentEvent::IncidentNotified(event) => Some(event.institution),
        IncidentEvent::RecordImported(event) => Some(event.institution),
        _ => None,
    }
}
