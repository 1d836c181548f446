//! A deliberately simple fold over the log, written from what the events mean. It knows neither the views nor the folds
//! of the domain: it reads JSON, keeps everything in maps, and counts anew for each question.

mod count;
mod inspections;
mod institutions;
mod staff;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use yujian_domain::time::{day_of, start_of};
use yujian_eventlog::{EventLog, Item};

use inspections::{Finding, Inspection, Visit};
use institutions::Incident;
pub use institutions::Institution;
use staff::Person;

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
    /// Rule, institution and person of each alert.
    pub alerts: Vec<(String, String, Option<String>)>,
    /// Events in the history of each institution.
    pub history: BTreeMap<String, u64>,
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

impl World {
    /// Reads a log from its beginning to its end.
    pub async fn of(log: &dyn EventLog) -> Self {
        let mut world = Self::default();
        let mut after = log.origin();
        loop {
            let page = log.read_all(after, 1000).await.unwrap();
            for item in &page.items {
                let Item::Record(record) = item else {
                    panic!("a damaged record")
                };
                world.events += 1;
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

    fn take(&mut self, home: &str, told: &Told<'_>) {
        let (family, kind) = told.kind.split_once('.').unwrap();
        let kind = kind.split('.').next().unwrap();
        if family == "system" {
            return;
        }
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
                inspection.take(kind, told);
                *self.history.entry(inspection.institution.clone()).or_default() += 1;
                let institution = inspection.institution.clone();
                self.take_finding(kind, told, &institution);
            }
            "visits" => self.take_visit(kind, told),
            // What becomes of an alert changes none of these figures.
            "alert" if kind == "AlertRaised" => self.alerts.push((
                told.sure("rule"),
                told.sure("institution"),
                told.text("person").map(str::to_owned),
            )),
            _ => {}
        }
    }
}
