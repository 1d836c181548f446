//! The reference model: the log folded with the domain alone, and questions answered by plain loops.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Recorded};
use yujian_domain::dossier::{Dossier, Seen, facts};
use yujian_domain::envelope::parse_metadata;
use yujian_domain::event::EventFamily;
use yujian_domain::incident::{self, Incident, IncidentEvent};
use yujian_domain::institution::{self, Institution, InstitutionEvent};
use yujian_domain::time::{day_of, end_of, start_of};
use yujian_eventlog::memory::MemoryLog;
use yujian_eventlog::{EventLog, Item, Record};

use crate::work_model::Work;

/// An institution as the model knows it.
#[derive(Default)]
pub struct Known {
    pub state: Institution,
    pub dossier: Dossier,
    pub revision: u64,
    pub receipts: BTreeMap<u32, (Date, bool)>,
}

/// An incident as the model knows it.
#[derive(Default)]
pub struct Case {
    pub state: Incident,
    pub aware: Option<Timestamp>,
    pub revision: u64,
}

/// Everything.
#[derive(Default)]
pub struct Model {
    pub institutions: BTreeMap<Uuid, Known>,
    pub incidents: BTreeMap<Uuid, Case>,
    pub work: Work,
}

impl Model {
    pub async fn of(log: &Arc<MemoryLog>) -> Self {
        let mut model = Self::default();
        let mut at = log.origin();
        loop {
            let page = log.read_all(at, 1_000).await.unwrap();
            for item in &page.items {
                let Item::Record(record) = item else {
                    panic!("the memory log has no damage")
                };
                model.take(record);
            }
            at = page.next;
            if page.caught_up {
                return model;
            }
        }
    }

    fn take(&mut self, record: &Record) {
        let metadata = parse_metadata(&record.metadata).unwrap();
        let recorded = Recorded {
            event_id: record.id,
            revision: record.revision,
            metadata: &metadata,
        };
        if !matches!(record.stream.category(), "institution" | "incident") {
            if let Some(institution) = self.work.take(record, &recorded)
                && let Some(change) = facts(&seen(record)).unwrap()
            {
                self.institutions.get_mut(&institution).unwrap().dossier.apply(change);
            }
            return;
        }
        let id = Uuid::parse_str(record.stream.id()).unwrap();
        let home = if let Some(event) = InstitutionEvent::decode(&record.event_type, &record.payload).unwrap() {
            let known = self.institutions.entry(id).or_default();
            known.state.evolve(&event, &recorded);
            known.revision = record.revision;
            if let InstitutionEvent::FilingReceiptIssued(issued) = &event {
                known
                    .receipts
                    .insert(issued.application, (issued.issue_date, issued.late));
            }
            id
        } else {
            let event = IncidentEvent::decode(&record.event_type, &record.payload)
                .unwrap()
                .unwrap();
            let case = self.incidents.entry(id).or_default();
            case.state.evolve(&event, &recorded);
            case.revision = record.revision;
            if let IncidentEvent::RecordImported(row) = &event {
                case.aware = case.aware.or(row.intake_date.map(start_of));
            }
            if let IncidentEvent::IncidentNotified(notified) = &event {
                case.aware = Some(notified.awareness_time);
            }
            case.state.institution.unwrap()
        };
        if let Some(change) = facts(&seen(record)).unwrap() {
            self.institutions.get_mut(&home).unwrap().dossier.apply(change);
        }
    }

    /// Institutions in order of name, then id.
    pub fn ordered(&self) -> Vec<(Uuid, &Known)> {
        let mut all: Vec<_> = self.institutions.iter().map(|(id, known)| (*id, known)).collect();
        all.sort_by_key(|(id, known)| (known.name(*id), id.to_string()));
        all
    }

    /// Incidents of institutions that pass, newest awareness first.
    pub fn cases(&self, passes: impl Fn(&Known) -> bool) -> Vec<(Uuid, &Case)> {
        let mut all: Vec<_> = self
            .incidents
            .iter()
            .filter(|(_, case)| passes(&self.institutions[&case.state.institution.unwrap()]))
            .map(|(id, case)| (*id, case))
            .collect();
        all.sort_by_key(|(id, case)| std::cmp::Reverse((case.aware, id.to_string())));
        all
    }
}

/// A record as the dossier sees it.
pub fn seen(record: &Record) -> Seen<'_> {
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

impl Known {
    fn text(&self, key: &str) -> Option<String> {
        let fact = self
            .dossier
            .resolve(None, None)
            .into_iter()
            .find(|fact| fact.key == key)?;
        fact.value.as_str().map(str::to_owned)
    }

    pub fn name(&self, id: Uuid) -> String {
        self.text("name").unwrap_or_else(|| format!("institution-{id}"))
    }

    pub fn credit_code(&self) -> Option<String> {
        self.text("credit_code")
    }

    pub fn address(&self) -> Option<String> {
        self.text("address")
    }

    pub fn region(&self) -> String {
        let found = self
            .dossier
            .resolve(None, None)
            .into_iter()
            .find(|fact| fact.key == "region");
        found.map_or(String::new(), |fact| fact.value["code"].as_str().unwrap().to_owned())
    }

    pub fn within(&self, code: &str) -> bool {
        let region = self.region();
        !region.is_empty()
            && yujian_domain::values::RegionId::parse(&region, 2020).is_ok_and(|region| region.is_within_code(code))
    }

    pub fn status(&self) -> institution::Status {
        self.state.status
    }

    pub fn status_since(&self) -> Option<Date> {
        self.state.status_from.map(day_of)
    }

    pub fn operating(&self) -> bool {
        matches!(
            self.status(),
            institution::Status::Filed | institution::Status::Nonconforming | institution::Status::Licensed
        )
    }

    /// Places at the end of a day; `None`: at the end of what is known.
    pub fn places(&self, at: Option<Date>) -> u64 {
        let resolved = self.dossier.resolve(at.map(end_of), None);
        resolved
            .iter()
            .find(|fact| fact.key == "places")
            .map_or(0, |fact| fact.value.as_u64().unwrap())
    }
}

impl Case {
    pub fn open(&self) -> bool {
        !matches!(
            self.state.status,
            incident::Status::Concluded | incident::Status::Imported
        )
    }
}
