//! Institutions with their filings, and incidents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use yujian_domain::time::day_of;

use super::Told;

/// Something said of an institution that may be said otherwise later, or taken back.
#[derive(Debug)]
struct Said {
    key: &'static str,
    value: Value,
    from: Option<Timestamp>,
    order: u64,
    revision: u64,
    withdrawn: bool,
}

/// An institution.
#[derive(Debug, Default)]
pub struct Institution {
    pub status: String,
    pub filings: BTreeMap<u64, Filing>,
    /// Children to be placed, and placed, of each cessation (停办).
    pub cessations: Vec<[u64; 2]>,
    said: Vec<Said>,
}

/// A filing (备案).
#[derive(Debug, Default)]
pub struct Filing {
    /// Accepted and neither withdrawn nor answered by a receipt.
    pub waiting: bool,
    pub due: Option<Date>,
    pub receipt: Option<Date>,
    pub late: bool,
}

/// An incident.
#[derive(Debug, Default)]
pub struct Incident {
    pub institution: String,
    pub category: String,
    pub status: String,
    pub late: bool,
    pub day: Option<Date>,
    pub children_present: u64,
    pub staff_present: u64,
    pub imported_rows: u64,
    /// Events in all.
    pub events: u64,
    /// Age in months of each child whose age is known.
    pub ages: BTreeMap<u64, u64>,
    children: BTreeSet<u64>,
    told: BTreeSet<u64>,
    /// Whether a child was harmed as far as is known, or a category asks for it: guardians are told.
    guardians_due: bool,
}

impl Institution {
    pub(super) fn take(&mut self, kind: &str, told: &Told<'_>) {
        let status = match kind {
            "InstitutionRegistered" => Some("registered".to_owned()),
            "FilingReturned" => Some("returned".to_owned()),
            "FilingAccepted" => Some("accepted".to_owned()),
            "FilingReceiptIssued" => Some("filed".to_owned()),
            "NonconformityNotified" => Some("nonconforming".to_owned()),
            "InstitutionSuspended" => Some("suspended".to_owned()),
            "InstitutionClosed" => Some("closed".to_owned()),
            "LicenceGranted" => Some("licensed".to_owned()),
            "AuthorizationRevoked" => Some("revoked".to_owned()),
            "AuthorizationExpired" => Some("expired".to_owned()),
            // Back to where it stood before, which the event names.
            "FilingWithdrawn" | "ConformityConfirmed" | "InstitutionResumed" => Some(told.sure("status")),
            "RecordImported" if changed(told).is_none() => Some("imported".to_owned()),
            _ => None,
        };
        self.status = status.unwrap_or_else(|| std::mem::take(&mut self.status));
        self.take_filing(kind, told);
        match kind {
            "InstitutionRegistered" => {
                self.say("region", told.payload["region"].clone(), told);
                self.say("classes", told.payload["classes"].clone(), told);
            }
            "DetailsChanged" => {
                if let Some(region) = told.payload.get("region") {
                    self.say("region", region.clone(), told);
                }
            }
            "ClassesChanged" => self.say("classes", told.payload["classes"].clone(), told),
            "FactCorrected" => self.correct(told),
            "CessationOpened" => self.cessations.push([told.number("children_to_place"), 0]),
            "PlacementRecorded" => {
                if let Some([_, placed]) = self.cessations.last_mut() {
                    *placed += told.number("children");
                }
            }
            "RecordImported" => {
                let changed = changed(told);
                let says = |what: &str| changed.as_ref().is_none_or(|keys| keys.iter().any(|key| key == what));
                let classes = told.payload.get("classes").cloned().unwrap_or(Value::Array(Vec::new()));
                if says("region") {
                    self.say("region", told.payload["region"].clone(), told);
                }
                // A first row without classes does not say that there are none.
                if says("classes") && (changed.is_some() || classes.as_array().is_some_and(|list| !list.is_empty())) {
                    self.say("classes", classes, told);
                }
            }
            _ => {}
        }
    }

    fn take_filing(&mut self, kind: &str, told: &Told<'_>) {
        if !kind.starts_with("Filing") {
            return;
        }
        let filing = self.filings.entry(told.number("application")).or_default();
        match kind {
            "FilingAccepted" => {
                filing.waiting = true;
                filing.due = told.due("receipt_due");
            }
            "FilingReceiptIssued" => {
                filing.waiting = false;
                filing.receipt = told.day("issue_date");
                filing.late = told.yes("late");
            }
            _ => filing.waiting = false,
        }
    }

    fn say(&mut self, key: &'static str, value: Value, told: &Told<'_>) {
        self.said.push(Said {
            key,
            value,
            from: told.holds_from(),
            order: told.order,
            revision: told.revision,
            withdrawn: false,
        });
    }

    /// A correction takes back what one event said, and may say it right.
    fn correct(&mut self, told: &Told<'_>) {
        let (key, wrong) = (told.sure("key"), told.number("revision"));
        for said in self
            .said
            .iter_mut()
            .filter(|said| said.key == key && said.revision == wrong)
        {
            said.withdrawn = true;
        }
        let Some(right) = told.payload.get("value").filter(|value| !value.is_null()) else {
            return;
        };
        for known in ["region", "classes"] {
            if key == known {
                self.say(known, right.clone(), told);
            }
        }
    }

    /// What holds of a key at an instant: what began to hold last, and of that what was said last. Without an instant
    /// everything that was said is in the running, also what begins later.
    fn holds(&self, key: &str, at: Option<Timestamp>) -> Option<&Value> {
        self.said
            .iter()
            .filter(|said| said.key == key && !said.withdrawn)
            .filter(|said| at.is_none_or(|at| said.from.is_none_or(|from| from <= at)))
            .max_by_key(|said| (said.from, said.order))
            .map(|said| &said.value)
    }

    /// Code of the division.
    pub fn region(&self) -> String {
        let region = self.holds("region", None);
        region.map_or_else(String::new, |region| region["code"].as_str().unwrap().to_owned())
    }

    /// Places of all classes.
    pub fn places(&self, at: Option<Timestamp>) -> u64 {
        let classes = self.holds("classes", at).and_then(Value::as_array);
        classes.map_or(0, |list| {
            list.iter().map(|class| class["places"].as_u64().unwrap()).sum()
        })
    }

    /// Whether children may be cared for.
    pub fn operates(&self) -> bool {
        matches!(self.status.as_str(), "filed" | "nonconforming" | "licensed")
    }
}

/// Facts that a later row of a register changed; nothing for a first row, which tells all of them.
fn changed(told: &Told<'_>) -> Option<Vec<String>> {
    let list = told.payload.get("changed")?.as_array()?;
    (!list.is_empty()).then(|| list.iter().map(|key| key.as_str().unwrap().to_owned()).collect())
}

impl Incident {
    pub(super) fn take(&mut self, kind: &str, told: &Told<'_>) {
        if self.institution.is_empty() {
            self.institution = told.sure("institution");
        }
        self.events += 1;
        self.take_children(told);
        match kind {
            "IncidentNotified" => {
                self.children_present = told.number("children_present");
                self.staff_present = told.number("staff_present");
                self.guardians_due |= told.yes("guardians_due");
                self.status = "notified".to_owned();
                self.category = told.sure("category");
                self.late = told.yes("late");
                self.day = Some(day_of(told.sure("awareness_time").parse().unwrap()));
            }
            "IncidentSupplemented" => {
                if let Some(category) = told.text("category") {
                    category.clone_into(&mut self.category);
                }
            }
            "IncidentTriaged" => self.status = "triaged".to_owned(),
            "InvestigationOpened" => self.status = "under_investigation".to_owned(),
            "InvestigationCompleted" => self.status = "findings_proposed".to_owned(),
            "IncidentConcluded" => self.status = "concluded".to_owned(),
            "IncidentReopened" => self.status = "reopened".to_owned(),
            "RecordImported" => {
                self.imported_rows += 1;
                if self.status.is_empty() {
                    self.status = "imported".to_owned();
                    self.category = told.sure("category");
                }
                self.day = self.day.or(told.day("intake_date"));
            }
            "GuardianNotified" => {
                self.told.insert(told.number("child"));
            }
            other => panic!("an event of incidents that this fold does not know: {other}"),
        }
    }

    fn take_children(&mut self, told: &Told<'_>) {
        let list = |key: &str| told.payload.get(key).and_then(Value::as_array).into_iter().flatten();
        for child in list("children") {
            let number = child["number"].as_u64().unwrap();
            self.children.insert(number);
            if let Some(months) = child.get("age_months").and_then(Value::as_u64) {
                self.ages.insert(number, months);
            }
        }
        for child in list("children").chain(list("severities")) {
            let severity = child["severity"].as_str().unwrap();
            self.guardians_due |= severity != "none" && severity != "unknown";
        }
    }

    /// Children whose guardians must still be told.
    pub fn guardians_untold(&self) -> u64 {
        let untold = self.children.difference(&self.told).count() as u64;
        if self.guardians_due { untold } else { 0 }
    }

    /// Neither concluded nor only known from a register.
    pub fn open(&self) -> bool {
        self.status != "concluded" && self.status != "imported"
    }
}
