//! Persons with their engagements and papers.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::Told;

/// A person.
#[derive(Debug, Default)]
pub struct Person {
    /// Division where registered; empty while that is not known.
    pub region: String,
    pub engagements: BTreeMap<u64, Engagement>,
    /// Kind, state and last day of each credential.
    pub credentials: BTreeMap<u64, (String, String, Option<Date>)>,
    /// The latest health certificate: its last day, and whether it was passed.
    pub health: Option<(Date, bool)>,
    /// The latest record query: the last day on which it counts, and whether it was clear.
    pub query: Option<(Date, bool)>,
    /// The bar that stands.
    pub bar: Option<(Date, Option<Date>)>,
    /// Hours of training in all.
    pub hours: u64,
    /// Events in all.
    pub events: u64,
}

/// A post at an institution.
#[derive(Debug, Default)]
pub struct Engagement {
    pub institution: String,
    pub post: String,
    pub qualified: bool,
    pub off_duty: bool,
    pub ended: bool,
}

impl Person {
    pub(super) fn take(&mut self, kind: &str, told: &Told<'_>) {
        self.events += 1;
        if let Some(state) = match kind {
            "CredentialVerified" => Some("verified"),
            "CredentialRejected" => Some("rejected"),
            "CredentialRevoked" => Some("revoked"),
            "CredentialExpired" => Some("expired"),
            _ => None,
        } {
            let credential = self.credentials.get_mut(&told.number("credential")).unwrap();
            state.clone_into(&mut credential.1);
            return;
        }
        match kind {
            "CredentialClaimed" => {
                let credential = (told.sure("kind"), "claimed".to_owned(), told.day("expiry_date"));
                self.credentials.insert(told.number("credential"), credential);
            }
            "HealthCertificateRecorded" => self.health = told.day("expiry_date").map(|day| (day, told.yes("passed"))),
            "RecordQueried" => self.query = told.day("valid_until").map(|day| (day, told.yes("clear"))),
            "TrainingRecorded" => self.hours += told.number("hours"),
            "PersonBarred" => self.bar = told.day("from_date").map(|from| (from, told.day("until_date"))),
            "BarLifted" => self.bar = None,
            "EngagementStarted" | "PostChanged" => {
                let engagement = self.engagements.entry(told.number("engagement")).or_default();
                engagement.institution = told.sure("institution");
                engagement.post = told.sure("post");
                engagement.qualified = told.yes("qualified");
            }
            "TakenOffDuty" | "ReturnedToDuty" | "EngagementEnded" => {
                let engagement = self.engagements.get_mut(&told.number("engagement")).unwrap();
                engagement.off_duty = kind == "TakenOffDuty";
                engagement.ended |= kind == "EngagementEnded";
            }
            "PersonRegistered" => told.payload["region"]["code"]
                .as_str()
                .unwrap()
                .clone_into(&mut self.region),
            "PersonDetailsChanged" => {}
            other => panic!("an event of persons that this fold does not know: {other}"),
        }
    }

    /// Engagements that have not ended.
    pub fn standing(&self) -> impl Iterator<Item = &Engagement> {
        self.engagements.values().filter(|engagement| !engagement.ended)
    }

    pub fn healthy(&self, at: Date) -> bool {
        self.health.is_some_and(|(until, passed)| passed && until >= at)
    }

    pub fn queried(&self, at: Date) -> bool {
        self.query.is_some_and(|(until, clear)| clear && until >= at)
    }

    pub fn barred(&self, at: Date) -> bool {
        self.bar
            .is_some_and(|(from, until)| from <= at && until.is_none_or(|until| at <= until))
    }

    /// Papers that count in the table of days left: kind and bucket of each.
    pub fn papers(&self, at: Date) -> Vec<(String, &'static str)> {
        let passed = self.health.filter(|(_, passed)| *passed).map(|(until, _)| until);
        let mut papers = vec![
            ("health".to_owned(), bucket(passed, at)),
            ("query".to_owned(), bucket(self.query.map(|(until, _)| until), at)),
        ];
        for (kind, state, expiry) in self.credentials.values() {
            if state == "verified" || state == "expired" {
                papers.push((kind.clone(), bucket(*expiry, at)));
            }
        }
        papers
    }
}

/// How many days are left, in steps.
fn bucket(last: Option<Date>, at: Date) -> &'static str {
    let Some(last) = last else { return "none" };
    let within = |days: i64| last <= at.checked_add(days.days()).unwrap();
    if last < at {
        "expired"
    } else if within(7) {
        "7"
    } else if within(30) {
        "30"
    } else if within(90) {
        "90"
    } else {
        "more"
    }
}
