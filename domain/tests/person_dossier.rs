//! What a person's stream says to the dossiers of institutions and to the person's own.

use crate::person_support::*;
use serde_json::{Value, json};
use uuid::Uuid;
use yujian_domain::dossier::{Dossier, Seen, facts, person_facts};
use yujian_domain::envelope::Role;
use yujian_domain::event::EventFamily;
use yujian_domain::person::*;
use yujian_domain::time::end_of;

/// Value of a key as of the end of a day; empty: at the end of time.
fn value(dossier: &Dossier, as_of: &str, key: &str) -> Option<Value> {
    let as_of = (!as_of.is_empty()).then(|| end_of(day(as_of)));
    dossier
        .resolve(as_of, None)
        .into_iter()
        .find(|fact| fact.key == key)
        .map(|fact| fact.value)
}

/// A carer since 2 March at one institution and from 12 March at another; off duty from the 7th to the 9th at the first,
/// another post there from the 10th, ended with the 20th.
fn history() -> Desk {
    let mut desk = Desk::engaged();
    desk.one(engage(2, Post::Cook, day("2026-03-12")));
    desk.on("2026-03-07").one(off(1, OffDutyGround::Investigation));
    desk.on("2026-03-10").one(back(1));
    desk.one(change_post(1, Post::Guard, day("2026-03-10")));
    desk.on("2026-03-20").one(end(1, day("2026-03-20")));
    desk
}

#[test]
fn an_institution_learns_of_its_engagements_day_by_day() {
    let desk = history();
    let shown = desk.dossier(false);
    let of = |as_of: &str, key: &str| value(&shown, as_of, &format!("staff.{PERSON}.1.{key}"));
    assert_eq!(of("2026-03-01", "state"), None);
    assert_eq!(of("2026-03-02", "state"), Some(json!("active")));
    assert_eq!(of("2026-03-02", "post"), Some(json!("carer")));
    assert_eq!(of("2026-03-02", "share_permille"), Some(json!(1000)));
    assert_eq!(of("2026-03-02", "qualified"), Some(json!(false)));
    assert_eq!(of("2026-03-08", "state"), Some(json!("off_duty")));
    assert_eq!(of("2026-03-08", "off_duty"), Some(json!("investigation")));
    assert_eq!(of("2026-03-10", "state"), Some(json!("active")));
    assert_eq!(of("2026-03-10", "off_duty"), None);
    assert_eq!(of("2026-03-10", "post"), Some(json!("guard")));
    assert_eq!(of("2026-03-20", "state"), Some(json!("active")), "its last day");
    assert_eq!(of("2026-03-21", "state"), Some(json!("ended")));
    assert_eq!(of("", "end_date"), Some(json!("2026-03-20")));
    let second = value(&shown, "2026-03-11", &format!("staff.{PERSON}.2.state"));
    assert_eq!(second, None, "it has not begun");
}

#[test]
fn an_event_that_names_no_institution_says_nothing_to_one() {
    let desk = history();
    let stream = format!("person-{PERSON}");
    for (revision, (event_type, metadata, payload)) in desk.stream.iter().enumerate() {
        let seen = Seen {
            stream: &stream,
            revision: revision as u64,
            event_id: Uuid::nil(),
            event_type,
            metadata,
            payload,
            recorded_time: desk.now,
        };
        let named = PersonEvent::decode(event_type, payload).unwrap().unwrap().institution();
        assert_eq!(facts(&seen).unwrap().is_some(), named.is_some(), "{event_type}");
        assert!(person_facts(&seen).unwrap().is_some(), "{event_type}");
    }
    let incident = Seen {
        stream: "incident-x",
        revision: 0,
        event_id: Uuid::nil(),
        event_type: "incident.IncidentReopened.v1",
        metadata: b"{}",
        payload: b"{}",
        recorded_time: desk.now,
    };
    assert!(person_facts(&incident).unwrap().is_none());
}

#[test]
fn a_persons_own_dossier_holds_identity_checks_credentials_and_bars() {
    let mut desk = Desk::engaged();
    desk.one(claim(CredentialKind::InfantCare, "A-1"));
    desk.one(training(TrainingKind::FirstAid, 8, day("2026-01-20")));
    desk.by_officer();
    desk.on("2026-03-05").one(verify(1));
    desk.one(bar(BarGround::Order, day("2026-03-10"), None));
    desk.on("2026-03-15").by("officer-2", Role::Officer).one(lift());
    let own = desk.dossier(true);
    let of = |as_of: &str, key: &str| value(&own, as_of, key);
    assert_eq!(of("", "identity_kind"), Some(json!("resident_id")));
    assert_eq!(of("", "birth_year"), Some(json!(1949)));
    assert_eq!(
        of("", "name").unwrap()["$personal"]["subject"],
        json!(format!("person-{PERSON}"))
    );
    assert_eq!(of("", "identity"), None, "the number is looked up, not listed");
    assert_eq!(of("2026-03-02", "credential.1.state"), Some(json!("claimed")));
    assert_eq!(of("2026-03-05", "credential.1.state"), Some(json!("verified")));
    assert_eq!(of("", "credential.1.method"), Some(json!("registry")));
    assert_eq!(of("", "health").unwrap()["expiry_date"], json!("2027-03-01"));
    assert_eq!(of("", "query").unwrap()["clear"], json!(true));
    assert_eq!(of("", "training.5").unwrap()["hours"], json!(8));
    assert_eq!(of("", "engagement.1.institution"), Some(json!(institution(1))));
    assert_eq!(of("", "engagement.1.state"), Some(json!("active")));
    assert_eq!(of("2026-03-09", "status"), Some(json!("registered")));
    assert_eq!(of("2026-03-10", "status"), Some(json!("barred")));
    assert_eq!(of("2026-03-10", "bar").unwrap()["ground"], json!("order"));
    assert_eq!(of("2026-03-15", "status"), Some(json!("registered")));
    assert_eq!(of("", "bar"), None);
}
