//! The reference model of persons, inspections, counters and alerts: states folded with the domain, the rest with plain
//! loops over what was recorded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Recorded};
use yujian_domain::alert::{Alert, AlertEvent, AlertRaised};
use yujian_domain::dossier::{Dossier, person_facts};
use yujian_domain::envelope::Classification;
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::{FindingState, ImportedKind, Inspection, InspectionEvent, Status};
use yujian_domain::person::{
    BarLifted, CredentialState, Engagement, EngagementState, HealthCertificateRecorded, Person, PersonBarred,
    PersonEvent, RecordQueried, TrainingRecorded,
};
use yujian_domain::time::day_of;
use yujian_domain::visits::{VisitCounted, VisitsEvent};
use yujian_eventlog::Record;
use yujian_views::Scope;

use crate::lists::sees;
use crate::model::{Known, Model, seen};

/// A person as the model knows it.
#[derive(Default)]
pub struct Worker {
    pub state: Person,
    pub dossier: Dossier,
    pub revision: u64,
    pub registered: Option<Date>,
    pub health: Vec<HealthCertificateRecorded>,
    pub queries: Vec<RecordQueried>,
    pub trainings: Vec<TrainingRecorded>,
    pub bars: Vec<(PersonBarred, Option<BarLifted>)>,
    /// Events, with the institution that each names, and whether an operator may see it.
    pub events: Vec<(Option<Uuid>, bool)>,
}

impl Worker {
    pub fn standing(&self) -> impl Iterator<Item = (&u32, &Engagement)> {
        let standing = |(_, engagement): &(&u32, &Engagement)| engagement.state != EngagementState::Ended;
        self.state.engagements.iter().filter(standing)
    }

    pub fn barred_on(&self, day: Date) -> bool {
        let bar = self.state.bar.as_ref();
        bar.is_some_and(|bar| bar.from_date <= day && bar.until_date.is_none_or(|until| until >= day))
    }

    pub fn next_expiry(&self) -> Option<Date> {
        let verified = self
            .state
            .credentials
            .values()
            .filter(|c| c.state == CredentialState::Verified);
        verified.filter_map(|credential| credential.expiry_date).min()
    }

    /// Whether something ends on or before a day.
    pub fn ends_by(&self, day: Date) -> bool {
        let health = self.state.health.as_ref().map(|health| health.expiry_date);
        let query = self.state.query.as_ref().map(|query| query.valid_until);
        [health, query, self.next_expiry()]
            .into_iter()
            .flatten()
            .any(|end| end <= day)
    }
}

/// An alert as the model knows it.
pub struct Told {
    pub state: Alert,
    pub raised_time: jiff::Timestamp,
    pub raised: AlertRaised,
    /// Whether an officer ever took note of it.
    pub noted: bool,
    /// When something was last done about it, and on which legal day.
    pub last: Option<(jiff::Timestamp, Option<Date>)>,
    pub events: usize,
}

impl Told {
    fn new(raised_time: jiff::Timestamp, raised: AlertRaised) -> Self {
        Self {
            state: Alert::default(),
            raised_time,
            raised,
            noted: false,
            last: None,
            events: 0,
        }
    }
}

/// An inspection as the model knows it.
#[derive(Default)]
pub struct Visited {
    pub state: Inspection,
    pub revision: u64,
    pub day: Option<Date>,
    pub told: bool,
    pub backfilled: Option<bool>,
    pub approved_late: bool,
    pub ratio_exceeded: bool,
    pub cited: BTreeMap<u32, (Option<Date>, String)>,
}

impl Visited {
    pub fn done(&self) -> bool {
        !matches!(self.state.status, Status::Aborted | Status::Cancelled)
    }

    pub fn open_findings(&self) -> usize {
        let open = |state: &FindingState| {
            !matches!(
                state,
                FindingState::CorrectedOnSite | FindingState::Verified | FindingState::Imported
            )
        };
        self.state
            .findings
            .values()
            .filter(|finding| open(&finding.state))
            .count()
    }

    pub fn overdue(&self, day: Date) -> usize {
        let findings = self.state.findings.values();
        findings
            .filter(|finding| matches!(finding.state, FindingState::CorrectionDue | FindingState::Overdue))
            .filter(|finding| finding.due_date.is_some_and(|due| due < day))
            .count()
    }

    pub fn ordered_by(&self) -> String {
        let first = self.state.window.map(|(from, _)| from);
        self.day.or(first).map(|day| day.to_string()).unwrap_or_default()
    }
}

/// Everything about work.
#[derive(Default)]
pub struct Work {
    pub persons: BTreeMap<Uuid, Worker>,
    pub inspections: BTreeMap<Uuid, Visited>,
    /// By institution and year: inspections with what was counted, in the order counted.
    pub visits: BTreeMap<(Uuid, i16), Vec<VisitCounted>>,
    pub alerts: BTreeMap<Uuid, Told>,
}

impl Work {
    /// Takes a record; answers the institution whose dossier it may change.
    pub fn take(&mut self, record: &Record, recorded: &Recorded<'_>) -> Option<Uuid> {
        let (stream, id) = (record.stream.category(), record.stream.id());
        match stream {
            "person" => self.person(Uuid::parse_str(id).unwrap(), record, recorded),
            "inspection" => self.inspection(Uuid::parse_str(id).unwrap(), record, recorded),
            "visits" => {
                let (institution, year) = id.rsplit_once('.').unwrap();
                let key = (Uuid::parse_str(institution).unwrap(), year.parse().unwrap());
                let held = self.visits.entry(key).or_default();
                match VisitsEvent::decode(&record.event_type, &record.payload)
                    .unwrap()
                    .unwrap()
                {
                    VisitsEvent::VisitCounted(event) => {
                        held.retain(|visit| visit.inspection != event.inspection);
                        held.push(event);
                    }
                    VisitsEvent::VisitReleased(event) => held.retain(|visit| visit.inspection != event.inspection),
                }
                None
            }
            "alert" => {
                let event = AlertEvent::decode(&record.event_type, &record.payload)
                    .unwrap()
                    .unwrap();
                let id = Uuid::parse_str(id).unwrap();
                if let AlertEvent::AlertRaised(raised) = &event {
                    self.alerts.insert(id, Told::new(record.recorded_time, raised.clone()));
                }
                let told = self.alerts.get_mut(&id).unwrap();
                told.state.evolve(&event, recorded);
                told.noted |= matches!(event, AlertEvent::AlertAcknowledged(_));
                if !matches!(event, AlertEvent::AlertRaised(_)) {
                    told.last = Some((record.recorded_time, recorded.metadata.occurred.day()));
                }
                told.events += 1;
                None
            }
            _ => None,
        }
    }

    fn person(&mut self, id: Uuid, record: &Record, recorded: &Recorded<'_>) -> Option<Uuid> {
        let event = PersonEvent::decode(&record.event_type, &record.payload)
            .unwrap()
            .unwrap();
        let worker = self.persons.entry(id).or_default();
        worker.state.evolve(&event, recorded);
        worker.revision = record.revision;
        worker.dossier.apply(person_facts(&seen(record)).unwrap().unwrap());
        let shown = recorded.metadata.classification != Classification::Regulator;
        worker.events.push((event.institution(), shown));
        match &event {
            PersonEvent::PersonRegistered(_) => worker.registered = recorded.metadata.occurred.day(),
            PersonEvent::HealthCertificateRecorded(event) => worker.health.insert(0, event.clone()),
            PersonEvent::RecordQueried(event) => worker.queries.insert(0, event.clone()),
            PersonEvent::TrainingRecorded(event) => worker.trainings.insert(0, event.clone()),
            PersonEvent::PersonBarred(event) => worker.bars.insert(0, (event.clone(), None)),
            PersonEvent::BarLifted(lifted) => {
                if let Some((_, by)) = worker.bars.first_mut() {
                    by.get_or_insert_with(|| lifted.clone());
                }
            }
            _ => {}
        }
        event.institution()
    }

    fn inspection(&mut self, id: Uuid, record: &Record, recorded: &Recorded<'_>) -> Option<Uuid> {
        let event = InspectionEvent::decode(&record.event_type, &record.payload)
            .unwrap()
            .unwrap();
        let visited = self.inspections.entry(id).or_default();
        visited.state.evolve(&event, recorded);
        visited.revision = record.revision;
        let day = recorded.metadata.occurred.day();
        match &event {
            InspectionEvent::InspectionPlanned(event) => visited.told |= event.announced,
            InspectionEvent::InspectionApproved(event) => visited.approved_late = event.late,
            InspectionEvent::InspectorCheckedIn(_) => {
                (visited.told, visited.day) = (true, day);
            }
            InspectionEvent::CheckInBackfilled(event) => {
                (visited.told, visited.day) = (true, Some(day_of(event.arrived_time)));
                visited.backfilled = Some(event.late);
            }
            InspectionEvent::PresenceCounted(event) => visited.ratio_exceeded = !event.ratio_exceeded.is_empty(),
            InspectionEvent::FindingCited(event) => {
                visited.cited.insert(event.finding, (day, event.dimension.clone()));
            }
            InspectionEvent::InspectionImported(event) => {
                visited.told = true;
                visited.day = visited.day.or(event.visit_date);
                if event.kind == ImportedKind::Finding {
                    visited.cited.insert(event.number, (event.visit_date, String::new()));
                }
            }
            _ => {}
        }
        visited.state.institution
    }
}

impl Model {
    /// Whether a caller sees a person: registered within its reach, which for an operator ends with the first engagement, or
    /// standing engaged there.
    pub fn sees_person(&self, scope: &Scope, worker: &Worker) -> bool {
        let registered = scope.jurisdiction.as_deref().is_none_or(|code| {
            worker
                .state
                .region
                .as_ref()
                .is_some_and(|region| region.is_within_code(code))
        }) && (scope.organisation.is_none()
            || (worker.state.organisation == scope.organisation && worker.state.engagements.is_empty()));
        registered || worker.standing().any(|(_, at)| sees(scope, self.home(at.institution)))
    }

    pub fn home(&self, institution: Uuid) -> &Known {
        &self.institutions[&institution]
    }

    /// Engagements that stand within a region, with their persons.
    pub fn at_work(&self, code: Option<&str>) -> Vec<(Uuid, &Worker, &Engagement)> {
        let mut found = Vec::new();
        for (id, worker) in &self.work.persons {
            for (_, engagement) in worker.standing() {
                if code.is_none_or(|code| self.home(engagement.institution).within(code)) {
                    found.push((*id, worker, engagement));
                }
            }
        }
        found
    }

    /// Inspections within a region.
    pub fn visited(&self, code: Option<&str>) -> Vec<&Visited> {
        let all = self.work.inspections.values();
        all.filter(|visited| code.is_none_or(|code| self.home(visited.state.institution.unwrap()).within(code)))
            .collect()
    }

    /// Institutions in operation within a region that were visited in the 12 months up to a day.
    pub fn inspected(&self, code: Option<&str>, day: Date) -> BTreeSet<Uuid> {
        let first = day.checked_sub(jiff::Span::new().months(12)).unwrap();
        self.visited(code)
            .into_iter()
            .filter(|visited| visited.done() && visited.day.is_some_and(|of| first < of && of <= day))
            .map(|visited| visited.state.institution.unwrap())
            .filter(|id| self.home(*id).operating())
            .collect()
    }
}
