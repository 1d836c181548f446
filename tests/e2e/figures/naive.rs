//! A deliberately simple fold over the log, written from what the events mean. It knows neither the views nor the folds
//! of the domain: it reads JSON, keeps everything in maps, and counts anew for each question.

mod admission;
mod count;
mod inspections;
mod institutions;
mod single;
mod staff;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use uuid::Uuid;
use yujian_domain::time::{day_of, start_of};
use yujian_eventlog::{EventLog, Item, StreamName};

use super::admission_model::{Admitted, admitted};
use super::alerts::Alert;
use inspections::{Finding, Inspection, Visit};
use institutions::Incident;
pub use institutions::Institution;
use staff::Person;

/// An item of a checklist.
#[derive(Debug, serde::Deserialize)]
pub struct ChecklistItem {
    code: String,
    dimension: String,
    points: u64,
    #[serde(default)]
    veto: bool,
}

/// Items of each published version of a checklist.
type Checklists = BTreeMap<(String, u64), Vec<ChecklistItem>>;

/// An alert, with its institution and person.
#[derive(Debug, Default)]
pub struct ToldAlert {
    pub institution: String,
    pub person: Option<String>,
    rule: String,
    severity: String,
    policy: String,
    status: &'static str,
    acknowledged: bool,
}

/// Everything that the log tells.
#[derive(Debug, Default)]
pub struct World {
    pub institutions: BTreeMap<String, Institution>,
    pub incidents: BTreeMap<String, Incident>,
    pub persons: BTreeMap<String, Person>,
    pub inspections: BTreeMap<String, Inspection>,
    pub findings: BTreeMap<(String, u64), Finding>,
    /// Institutions of technical assistance, once for each.
    pub assistance: Vec<String>,
    /// By institution, year and inspection.
    pub visits: BTreeMap<(String, String, String), Visit>,
    /// Each alert, by its id.
    pub alerts: BTreeMap<String, ToldAlert>,
    /// Admission of each institution.
    pub admitted: BTreeMap<Uuid, Admitted>,
    /// Events in the history of each institution.
    pub history: BTreeMap<String, u64>,
    /// Stream of each damaged record, when that could be read.
    pub damaged: Vec<Option<String>>,
    /// Events of types that this fold does not know.
    pub unknown: u64,
    checklists: Checklists,
    /// Types of events met.
    pub kinds: BTreeSet<String>,
    /// Events folded.
    pub events: u64,
}

/// An event as the fold reads it.
pub struct Told<'a> {
    kind: &'a str,
    id: &'a str,
    order: u64,
    revision: u64,
    payload: &'a Map<String, Value>,
    metadata: &'a Map<String, Value>,
}

impl Told<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.payload.get(key)?.as_str()
    }

    fn sure(&self, key: &str) -> String {
        self.text(key)
            .unwrap_or_else(|| panic!("{} has no {key}", self.kind))
            .to_owned()
    }

    fn number(&self, key: &str) -> u64 {
        self.payload[key].as_u64().unwrap()
    }

    fn yes(&self, key: &str) -> bool {
        self.payload.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    fn day(&self, key: &str) -> Option<Date> {
        Some(self.text(key)?.parse().unwrap())
    }

    /// The last day of a deadline.
    fn due(&self, key: &str) -> Option<Date> {
        Some(self.payload.get(key)?.get("due_date")?.as_str()?.parse().unwrap())
    }

    /// The first instant at which it may have happened.
    fn occurred(&self) -> Option<Timestamp> {
        let occurred = &self.metadata["occurred"];
        match occurred["precision"].as_str().unwrap() {
            "instant" => Some(occurred["time"].as_str().unwrap().parse().unwrap()),
            "day" => Some(start_of(occurred["date"].as_str().unwrap().parse().unwrap())),
            _ => None,
        }
    }

    fn occurred_day(&self) -> Option<Date> {
        self.occurred().map(day_of)
    }

    /// From when what it says holds.
    fn holds_from(&self) -> Option<Timestamp> {
        let stated = self.metadata.get("effective_from").and_then(Value::as_str);
        stated.map(|time| time.parse().unwrap()).or_else(|| self.occurred())
    }
}

/// Whether events of a type can be read: each such type has its golden file.
fn known(event_type: &str) -> bool {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../domain/tests/golden/events");
    std::path::Path::new(golden).join(format!("{event_type}.json")).exists()
}

impl ToldAlert {
    fn take(&mut self, kind: &str, told: &Told<'_>) {
        self.status = match kind {
            "AlertRaised" => {
                let policy = told.payload.get("rule_policy").and_then(Value::as_object);
                *self = Self {
                    institution: told.sure("institution"),
                    person: told.text("person").map(str::to_owned),
                    rule: told.sure("rule"),
                    severity: told.sure("severity"),
                    policy: policy.map_or_else(
                        || "-".to_owned(),
                        |policy| format!("{}@{}", policy["id"].as_str().unwrap(), policy["version"]),
                    ),
                    ..Self::default()
                };
                "raised"
            }
            "AlertAcknowledged" => {
                self.acknowledged = true;
                "acknowledged"
            }
            "AlertLinked" => "linked",
            "AlertDismissed" => "dismissed",
            "AlertConfirmed" => "confirmed",
            "AlertLapsed" => "lapsed",
            other => panic!("{other} of an alert"),
        };
    }
}

impl World {
    /// Alerts with the division of their institution.
    pub fn told_alerts(&self) -> Vec<Alert> {
        let alert = |told: &ToldAlert| Alert {
            region: self.institutions[&told.institution].region(),
            rule: told.rule.clone(),
            severity: told.severity.clone(),
            policy: told.policy.clone(),
            status: told.status.to_owned(),
            acknowledged: told.acknowledged,
        };
        self.alerts.values().map(alert).collect()
    }

    /// Reads a log from its beginning to its end.
    pub async fn of(log: &dyn EventLog) -> Self {
        let mut world = Self {
            admitted: admitted(&log).await,
            ..Self::default()
        };
        let mut after = log.origin();
        loop {
            let page = log.read_all(after, 1000).await.unwrap();
            for item in &page.items {
                let record = match item {
                    Item::Record(record) => record,
                    Item::Damaged(damage) => {
                        world.damage(damage.stream.as_ref().map(StreamName::as_str));
                        continue;
                    }
                };
                world.events += 1;
                world.kinds.insert(record.event_type.clone());
                let payload: Value = serde_json::from_slice(&record.payload).unwrap();
                let metadata: Value = serde_json::from_slice(&record.metadata).unwrap();
                let stream = record.stream.as_str();
                let Some((home, id)) = stream.split_once('-') else {
                    continue;
                };
                let (Some(payload), Some(metadata)) = (payload.as_object(), metadata.as_object()) else {
                    continue;
                };
                let told = Told {
                    kind: &record.event_type,
                    id,
                    order: world.events,
                    revision: record.revision,
                    payload,
                    metadata,
                };
                world.take(home, &told);
            }
            if page.caught_up {
                return world;
            }
            after = page.next;
        }
    }

    /// A checklist that came first under its version stands.
    fn publish(&mut self, told: &Told<'_>) {
        #[derive(serde::Deserialize)]
        struct Document {
            items: Vec<ChecklistItem>,
        }
        let document: Document = toml::from_str(&told.sure("document")).unwrap();
        let version = (told.sure("checklist"), told.number("version"));
        self.checklists.entry(version).or_insert(document.items);
    }

    /// A damaged record stands in the history of what it belongs to, and tells nothing.
    fn damage(&mut self, stream: Option<&str>) {
        self.damaged.push(stream.map(str::to_owned));
        if let Some(institution) = self.institution_of(stream) {
            *self.history.entry(institution).or_default() += 1;
        }
        match stream.and_then(|stream| stream.split_once('-')) {
            Some(("incident", id)) => self.incidents.get_mut(id).unwrap().events += 1,
            Some(("inspection", id)) => self.inspections.get_mut(id).unwrap().events += 1,
            Some(("person", id)) => self.persons.entry(id.to_owned()).or_default().events += 1,
            _ => {}
        }
    }

    /// The institution that a stream tells of, when it tells of one alone.
    fn institution_of(&self, stream: Option<&str>) -> Option<String> {
        match stream?.split_once('-')? {
            ("institution", id) => Some(id.to_owned()),
            ("incident", id) => Some(self.incidents.get(id)?.institution.clone()),
            ("inspection", id) => Some(self.inspections.get(id)?.institution.clone()),
            _ => None,
        }
    }

    /// An institution whose own stream has no damaged record.
    pub fn sound_institution(&self) -> &str {
        let mut sound = self.institutions.keys();
        sound.find(|id| !self.is_damaged(&format!("institution-{id}"))).unwrap()
    }

    /// Whether a record of a stream is damaged.
    fn is_damaged(&self, stream: &str) -> bool {
        self.damaged.iter().flatten().any(|damaged| damaged == stream)
    }

    fn take(&mut self, home: &str, told: &Told<'_>) {
        let (family, kind) = told.kind.split_once('.').unwrap();
        let kind = kind.split('.').next().unwrap();
        if family == "system" {
            return;
        }
        if kind == "ChecklistPublished" {
            self.publish(told);
            return;
        }
        self.unknown += u64::from(!known(told.kind));
        match home {
            "institution" => {
                self.institutions
                    .entry(told.id.to_owned())
                    .or_default()
                    .take(kind, told);
                *self.history.entry(told.id.to_owned()).or_default() += 1;
            }
            "incident" => {
                let incident = self.incidents.entry(told.id.to_owned()).or_default();
                incident.take(kind, told);
                *self.history.entry(incident.institution.clone()).or_default() += 1;
            }
            "person" => {
                self.persons.entry(told.id.to_owned()).or_default().take(kind, told);
                if let Some(institution) = told.text("institution") {
                    *self.history.entry(institution.to_owned()).or_default() += 1;
                }
            }
            "inspection" => {
                let inspection = self.inspections.entry(told.id.to_owned()).or_default();
                inspection.take(kind, told, &self.checklists);
                *self.history.entry(inspection.institution.clone()).or_default() += 1;
                let institution = inspection.institution.clone();
                self.take_finding(kind, told, &institution);
            }
            "visits" => self.take_visit(kind, told),
            "alert" => self.alerts.entry(told.id.to_owned()).or_default().take(kind, told),
            _ => {}
        }
    }
}
