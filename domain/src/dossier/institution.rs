//! What each event of an institution's stream says, as facts.

use serde_json::{Value, json};

use crate::clock::ClockKind;
use crate::institution::{
    AuthorizationKind, Class, DetailsChanged, FactCorrected, InstitutionEvent, InstitutionRegistered, Paper, PaperKind,
    RecordImported, RegisterFact, Representative, Status, standing,
};

/// Keys and values that an event asserts. Personal values stay as they are in the event: sealed, once stored.
pub(crate) fn assertions(event: &InstitutionEvent) -> Vec<(String, Value)> {
    let mut facts = Assertions::default();
    match event {
        InstitutionEvent::InstitutionRegistered(event) => registered(&mut facts, event),
        InstitutionEvent::FilingSubmitted(event) => {
            facts.say("makes_meals", json!(event.makes_meals));
            facts.say_some("premises", event.premises.as_ref());
            papers(&mut facts, &event.papers);
        }
        InstitutionEvent::FilingReturned(event) => {
            facts.status(Status::Returned);
            facts.say("filing.returned_items", json!(event.items));
        }
        InstitutionEvent::FilingAccepted(event) => {
            facts.status(Status::Accepted);
            facts.say("filing.returned_items", Value::Null);
            facts.say("filing.receipt_due", json!(event.receipt_due));
        }
        InstitutionEvent::FilingWithdrawn(event) => {
            facts.status(event.status);
            facts.say("filing.returned_items", Value::Null);
            facts.say("filing.receipt_due", Value::Null);
        }
        InstitutionEvent::FilingReceiptIssued(event) => {
            facts.status(Status::Filed);
            facts.say("receipt.number", json!(event.receipt_number));
            facts.say("receipt.date", json!(event.issue_date));
            facts.say("receipt.late", json!(event.late));
            facts.say("filing.receipt_due", Value::Null);
        }
        InstitutionEvent::NonconformityNotified(event) => {
            facts.status(Status::Nonconforming);
            facts.say("nonconformity.reasons", json!(event.reasons));
        }
        InstitutionEvent::ConformityConfirmed(event) => {
            facts.status(event.status);
            facts.say("nonconformity.reasons", Value::Null);
        }
        InstitutionEvent::DetailsChanged(event) => details(&mut facts, event),
        InstitutionEvent::ClassesChanged(event) => classes(&mut facts, &event.classes),
        InstitutionEvent::InstitutionSuspended(event) => {
            facts.status(Status::Suspended);
            facts.say("suspension", json!(event));
        }
        InstitutionEvent::InstitutionResumed(event) => {
            facts.status(event.status);
            facts.say("suspension", Value::Null);
        }
        InstitutionEvent::InstitutionClosed(event) => {
            facts.status(Status::Closed);
            facts.say("suspension", Value::Null);
            facts.say("closing", json!(event));
        }
        InstitutionEvent::FactCorrected(event) => corrected(&mut facts, event),
        InstitutionEvent::RecordImported(event) => imported(&mut facts, event),
        event => {
            filing_clock(&mut facts, event);
            application(&mut facts, event);
            authorization(&mut facts, event);
        }
    }
    facts.0
}

/// Keys that go when the fact `key` is withdrawn: what was derived from it goes with it.
pub(crate) fn withdrawn_with(key: &str) -> &'static [&'static str] {
    match key {
        "classes" => &["places"],
        _ => &[],
    }
}

/// The receipt's last day as last counted: the clock starts anew with a confirmed conformity, and is counted anew.
fn filing_clock(facts: &mut Assertions, event: &InstitutionEvent) {
    let (kind, due) = match event {
        InstitutionEvent::ClockStarted(event) => (event.kind, &event.due),
        InstitutionEvent::ClockRecomputed(event) => (event.clock.kind, &event.due),
        _ => return,
    };
    if kind == ClockKind::Receipt {
        facts.say("filing.receipt_due", json!(due));
    }
}

/// Where an application of the licence regime stands, under `application.<number>`.
fn application(facts: &mut Assertions, event: &InstitutionEvent) {
    if let InstitutionEvent::RegistryChecked(event) = event {
        facts.say(&format!("registry.{}", event.item), json!(event));
    }
    if let Some((number, state)) = standing(event) {
        facts.say(&format!("application.{number}"), json!(state));
    }
}

/// What authorizes the institution, with its conditions and waivers, and how that ends.
fn authorization(facts: &mut Assertions, event: &InstitutionEvent) {
    match event {
        InstitutionEvent::LicenceGranted(event) => {
            facts.status(Status::Licensed);
            facts.say("licence.number", json!(event.number));
            facts.say("licence.valid_from_date", json!(event.valid_from_date));
            facts.say("licence.valid_to_date", json!(event.valid_to_date));
            // Who is granted a licence is up to standard, and what ended an earlier one is over.
            for key in ["nonconformity.reasons", "provisional", "revocation", "expiry"] {
                facts.say(key, Value::Null);
            }
        }
        InstitutionEvent::LicenceRenewed(event) => {
            facts.say("licence.valid_from_date", json!(event.valid_from_date));
            facts.say("licence.valid_to_date", json!(event.valid_to_date));
        }
        InstitutionEvent::AuthorizationTransferred(event) => {
            facts.say("credit_code", json!(event.credit_code));
            representative(facts, &event.representative);
        }
        InstitutionEvent::WaiverGranted(event) => facts.say(&format!("waiver.{}", event.application), json!(event)),
        InstitutionEvent::ConditionImposed(event) => {
            facts.say(&format!("condition.{}", event.condition), json!(event.terms));
        }
        InstitutionEvent::ConditionMet(event) => facts.say(&format!("condition.{}", event.condition), Value::Null),
        InstitutionEvent::ConditionLifted(event) => facts.say(&format!("condition.{}", event.condition), Value::Null),
        InstitutionEvent::MadeProvisional(event) => facts.say("provisional", json!(event)),
        InstitutionEvent::StandingRestored(_) => facts.say("provisional", Value::Null),
        InstitutionEvent::AuthorizationRevoked(event) => {
            facts.status(Status::Revoked);
            facts.say("provisional", Value::Null);
            facts.say("suspension", Value::Null);
            facts.say("revocation", json!(event));
        }
        InstitutionEvent::AuthorizationExpired(event) => {
            facts.status(Status::Expired);
            facts.say("provisional", Value::Null);
            facts.say("suspension", Value::Null);
            facts.say("expiry", json!(event));
            // A deemed renewal that was taken back had said another day.
            if event.kind == AuthorizationKind::Licence {
                facts.say("licence.valid_to_date", json!(event.valid_to_date));
            }
        }
        InstitutionEvent::CessationOpened(event) => facts.say("cessation", json!(event)),
        InstitutionEvent::CessationClosed(_) => facts.say("cessation", Value::Null),
        InstitutionEvent::RegimeChanged(event) => facts.say("regime", json!(event.to)),
        _ => {}
    }
}

#[derive(Default)]
struct Assertions(Vec<(String, Value)>);

impl Assertions {
    fn say(&mut self, key: &str, value: Value) {
        self.0.push((key.to_owned(), value));
    }

    fn say_some<T: serde::Serialize>(&mut self, key: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.say(key, json!(value));
        }
    }

    fn status(&mut self, status: Status) {
        self.say("status", json!(status));
    }
}

fn registered(facts: &mut Assertions, event: &InstitutionRegistered) {
    facts.status(Status::Registered);
    facts.say("name", json!(event.name));
    facts.say("credit_code", json!(event.credit_code));
    facts.say("site", json!(event.site));
    facts.say("address", json!(event.address));
    facts.say("region", json!(event.region));
    facts.say_some("point", event.point.as_ref());
    facts.say("institution_type", json!(event.institution_type));
    if !event.also_types.is_empty() {
        facts.say("also_types", json!(event.also_types));
    }
    facts.say("mode", json!(event.mode));
    facts.say("ownership", json!(event.ownership));
    facts.say("registrar", json!(event.registrar));
    facts.say("registration_date", json!(event.registration_date));
    representative(facts, &event.representative);
    classes(facts, &event.classes);
}

fn details(facts: &mut Assertions, event: &DetailsChanged) {
    facts.say_some("name", event.name.as_ref());
    facts.say_some("address", event.address.as_ref());
    facts.say_some("region", event.region.as_ref());
    facts.say_some("point", event.point.as_ref());
    facts.say_some("mode", event.mode.as_ref());
    facts.say_some("ownership", event.ownership.as_ref());
    if let Some(changed) = &event.representative {
        representative(facts, changed);
    }
}

fn representative(facts: &mut Assertions, event: &Representative) {
    facts.say("representative.name", json!(event.name));
    facts.say("representative.phone", json!(event.phone));
    // A new representative without a number must not inherit the number of the one before.
    facts.say(
        "representative.identity",
        event.identity.as_ref().map_or(Value::Null, |identity| json!(identity)),
    );
}

fn classes(facts: &mut Assertions, classes: &[Class]) {
    let places: u64 = classes.iter().map(|class| u64::from(class.places.count())).sum();
    facts.say("classes", json!(classes));
    facts.say("places", json!(places));
}

fn papers(facts: &mut Assertions, papers: &[Paper]) {
    for kind in PaperKind::ALL {
        let key = format!("paper.{}", kind.code());
        let mut of_kind = papers.iter().filter(|paper| paper.kind == *kind);
        if *kind == PaperKind::Other {
            // The only kind that may come more than once.
            let others: Vec<&Paper> = of_kind.collect();
            facts.say(&key, if others.is_empty() { Value::Null } else { json!(others) });
        } else {
            facts.say(&key, of_kind.next().map_or(Value::Null, |paper| json!(paper)));
        }
    }
}

fn corrected(facts: &mut Assertions, event: &FactCorrected) {
    let Some(value) = &event.value else { return };
    if event.key == "classes"
        && let Ok(right) = serde_json::from_value::<Vec<Class>>(value.clone())
    {
        classes(facts, &right);
    } else {
        facts.say(&event.key, value.clone());
    }
}

/// A first row tells how all things stand; a later one only what it changed.
fn imported(facts: &mut Assertions, event: &RecordImported) {
    if !event.changed.is_empty() {
        for fact in &event.changed {
            match (fact, event.told(*fact)) {
                (RegisterFact::Classes, _) => classes(facts, &event.classes),
                (fact, Some(value)) => facts.say(fact.code(), value),
                (_, None) => {}
            }
        }
        return;
    }
    facts.status(Status::Imported);
    facts.say("external", json!(event.external));
    facts.say("name", json!(event.name));
    facts.say_some("address", event.address.as_ref());
    facts.say("region", json!(event.region));
    facts.say_some("credit_code", event.credit_code.as_ref());
    facts.say("institution_type", json!(event.institution_type));
    facts.say_some("register_type", event.register_type.as_ref());
    facts.say_some("register_status", event.register_status.as_ref());
    facts.say("mode", json!(event.mode));
    facts.say("ownership", json!(event.ownership));
    if !event.classes.is_empty() {
        classes(facts, &event.classes);
    }
}
