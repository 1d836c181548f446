//! What each event of a person's stream says: to the dossier of the institution that it names, and to the person's own.

use serde_json::{Value, json};

use crate::person::{CredentialState, EngagementState, PersonEvent, Status};

/// Keys (without the prefix `staff.<person>.`) and values that an event asserts of its engagement; nothing for events
/// that name no institution.
pub(super) fn of_institution(event: &PersonEvent) -> Vec<(String, Value)> {
    let mut facts = Vec::new();
    let mut say = |engagement: u32, key: &str, value: Value| facts.push((format!("{engagement}.{key}"), value));
    match event {
        PersonEvent::EngagementStarted(event) => {
            say(event.engagement, "state", json!(EngagementState::Active));
            say(event.engagement, "post", json!(event.post));
            say(event.engagement, "employment", json!(event.employment));
            say(event.engagement, "share_permille", json!(event.share_permille));
            say(event.engagement, "start_date", json!(event.start_date));
            say(event.engagement, "qualified", json!(event.qualified));
        }
        PersonEvent::PostChanged(event) => {
            say(event.engagement, "post", json!(event.post));
            say(event.engagement, "share_permille", json!(event.share_permille));
            say(event.engagement, "qualified", json!(event.qualified));
        }
        PersonEvent::TakenOffDuty(event) => {
            say(event.engagement, "state", json!(EngagementState::OffDuty));
            say(event.engagement, "off_duty", json!(event.ground));
        }
        PersonEvent::ReturnedToDuty(event) => {
            say(event.engagement, "state", json!(EngagementState::Active));
            say(event.engagement, "off_duty", Value::Null);
        }
        PersonEvent::EngagementEnded(event) => {
            say(event.engagement, "state", json!(EngagementState::Ended));
            say(event.engagement, "off_duty", Value::Null);
            say(event.engagement, "end_date", json!(event.end_date));
            say(event.engagement, "end_ground", json!(event.ground));
        }
        _ => {}
    }
    facts
}

/// Keys and values that an event asserts of the person. Personal values stay as they are in the event: sealed, once
/// stored.
pub(super) fn of_person(event: &PersonEvent, revision: u64) -> Vec<(String, Value)> {
    let mut facts: Vec<(String, Value)> = of_institution(event)
        .into_iter()
        .map(|(key, value)| (format!("engagement.{key}"), value))
        .collect();
    let mut say = |key: &str, value: Value| facts.push((key.to_owned(), value));
    let credential = |number: u32, key: &str| format!("credential.{number}.{key}");
    match event {
        PersonEvent::PersonRegistered(event) => {
            say("status", json!(Status::Registered));
            say("region", json!(event.region));
            say("identity_kind", json!(event.identity_kind));
            say("proofing", json!(event.proofing));
            say("name", json!(event.name));
            say_some(&mut say, "organisation", event.organisation.as_ref());
            say_some(&mut say, "phone", event.phone.as_ref());
            say_some(&mut say, "birth_year", event.birth_year.as_ref());
            say_some(&mut say, "account", event.account.as_ref());
        }
        PersonEvent::PersonDetailsChanged(event) => {
            say_some(&mut say, "name", event.name.as_ref());
            say_some(&mut say, "phone", event.phone.as_ref());
            say_some(&mut say, "account", event.account.as_ref());
        }
        PersonEvent::CredentialClaimed(event) => {
            let number = event.credential;
            say(&credential(number, "state"), json!(CredentialState::Claimed));
            say(&credential(number, "kind"), json!(event.kind));
            say(&credential(number, "issuer"), json!(event.issuer));
            say(&credential(number, "number"), json!(event.number));
            say(&credential(number, "issue_date"), json!(event.issue_date));
            say_some(&mut say, &credential(number, "expiry_date"), event.expiry_date.as_ref());
            say_some(&mut say, &credential(number, "level"), event.level.as_ref());
        }
        PersonEvent::CredentialVerified(event) => {
            say(&credential(event.credential, "state"), json!(CredentialState::Verified));
            say(&credential(event.credential, "method"), json!(event.method));
        }
        PersonEvent::CredentialRejected(event) => {
            say(&credential(event.credential, "state"), json!(CredentialState::Rejected));
            say(&credential(event.credential, "ground"), json!(event.ground));
        }
        PersonEvent::CredentialRevoked(event) => {
            say(&credential(event.credential, "state"), json!(CredentialState::Revoked));
            say(&credential(event.credential, "ground"), json!(event.ground));
        }
        PersonEvent::CredentialExpired(event) => {
            say(&credential(event.credential, "state"), json!(CredentialState::Expired));
        }
        PersonEvent::HealthCertificateRecorded(event) => say("health", json!(event)),
        PersonEvent::RecordQueried(event) => say("query", json!(event)),
        // Trainings stand side by side, told apart by their revision.
        PersonEvent::TrainingRecorded(event) => say(&format!("training.{revision}"), json!(event)),
        PersonEvent::EngagementStarted(event) => {
            say(
                &format!("engagement.{}.institution", event.engagement),
                json!(event.institution),
            );
        }
        PersonEvent::PersonBarred(event) => {
            say("status", json!(Status::Barred));
            say("bar", json!(event));
        }
        PersonEvent::BarLifted(_) => {
            say("status", json!(Status::Registered));
            say("bar", Value::Null);
        }
        PersonEvent::PostChanged(_)
        | PersonEvent::TakenOffDuty(_)
        | PersonEvent::ReturnedToDuty(_)
        | PersonEvent::EngagementEnded(_) => {}
    }
    facts
}

fn say_some<T: serde::Serialize>(say: &mut impl FnMut(&str, Value), key: &str, value: Option<&T>) {
    if let Some(value) = value {
        say(key, json!(value));
    }
}
