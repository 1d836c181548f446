//! A register that comes in editions: what a later one changes, and what it must not undo. Rule GEN-10.

use crate::institution_support::*;
use serde_json::{Value, json};
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::time::{Occurred, end_of, start_of};
use yujian_domain::values::{ClassType, Places};

fn places(count: u32) -> Vec<Class> {
    vec![Class {
        name: "托大班".to_owned(),
        class_type: ClassType::OlderToddler,
        places: Places::new(count).unwrap(),
    }]
}

/// A row of an edition: places above what a class may have, since a register counts all classes of a type at once.
fn edition(date: &str, count: u32) -> RecordImportedInstitution {
    RecordImportedInstitution {
        region: region("330106"),
        address: Some("阳光路1号".to_owned()),
        register_status: Some("正常".to_owned()),
        classes: places(count),
        edition_date: Some(day(date)),
        ..row()
    }
}

fn first() -> Desk {
    let mut desk = Desk::new();
    desk.on("2026-03-02").by("importer", Role::Administrator);
    desk.run(edition("2025-12-31", 60)).unwrap();
    desk.on("2026-09-01");
    desk
}

fn fact(desk: &Desk, key: &str, as_of: &str) -> Value {
    let facts = desk.dossier().resolve(Some(end_of(day(as_of))), None);
    let found = facts.into_iter().find(|fact| fact.key == key);
    found.map_or(Value::Null, |fact| fact.value)
}

#[test]
fn a_later_edition_asserts_only_what_it_changes_from_its_day() {
    let mut desk = first();
    let decided = desk.decide(edition("2026-06-30", 80)).unwrap();
    assert_eq!(decided[0].effective_from, Some(start_of(day("2026-06-30"))));
    assert_eq!(decided[0].occurred, Some(Occurred::Unknown), "between the editions");
    assert!(decided[0].policies.is_empty(), "no rule of process or size is asked");
    let InstitutionEvent::RecordImported(event) = &decided[0].event else {
        panic!("{decided:?}")
    };
    assert_eq!(event.changed, [RegisterFact::Classes]);

    desk.run(edition("2026-06-30", 80)).unwrap();
    assert_eq!(desk.state.places(), 80);
    assert_eq!(fact(&desk, "places", "2026-06-29"), json!(60));
    assert_eq!(fact(&desk, "places", "2026-06-30"), json!(80));
    let facts = desk.dossier().resolve(None, None);
    let source = |key: &str| facts.iter().find(|fact| fact.key == key).unwrap().source.revision;
    assert_eq!((source("places"), source("classes")), (1, 1));
    for untouched in ["name", "address", "status", "external", "register_status"] {
        assert_eq!(source(untouched), 0, "{untouched}");
    }
}

#[test]
fn an_edition_that_tells_nothing_new_is_nothing_to_do() {
    let desk = first();
    assert_eq!(desk.reason(edition("2026-06-30", 60)), Reason::NothingToDo);
    // What it no longer tells is no news either: silence takes nothing back.
    let silent = RecordImportedInstitution {
        address: None,
        register_status: None,
        classes: Vec::new(),
        ..edition("2026-06-30", 60)
    };
    assert_eq!(desk.reason(silent), Reason::NothingToDo);
}

#[test]
fn an_older_edition_changes_nothing() {
    let mut desk = first();
    desk.run(edition("2026-06-30", 80)).unwrap();
    let refusal = desk.refusal(edition("2026-06-29", 60));
    assert_eq!(refusal.reason, Reason::OlderEdition);
    assert_eq!(refusal.metadata["edition_date"], "2026-06-30");
    // A row without edition can't say that it is newer.
    let undated = RecordImportedInstitution {
        edition_date: None,
        ..edition("2026-06-30", 60)
    };
    assert_eq!(desk.reason(undated), Reason::OlderEdition);
    assert_eq!(desk.state.places(), 80);
    desk.run(edition("2026-06-30", 90)).unwrap();
    assert_eq!(desk.state.places(), 90, "the same edition, corrected by its publisher");
}

#[test]
fn an_edition_is_not_from_the_future() {
    let desk = first();
    assert_eq!(
        desk.violations(edition("2026-09-02", 80)),
        [("edition_date".to_owned(), "GEN-02".to_owned())]
    );
}

#[test]
fn what_was_changed_here_outranks_the_register() {
    let mut desk = first();
    desk.by("officer-1", Role::Officer);
    desk.run(ChangeDetails {
        name: Some("向日葵托育园".to_owned()),
        ..ChangeDetails::default()
    })
    .unwrap();
    desk.by("importer", Role::Administrator);
    let told = RecordImportedInstitution {
        name: "Sunflower II".to_owned(),
        ..edition("2026-06-30", 80)
    };
    let events = desk.run(told).unwrap();
    let [InstitutionEvent::RecordImported(event)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event.changed, [RegisterFact::Classes], "the places, not the name");
    assert_eq!(desk.state.name, "向日葵托育园");
    assert_eq!(event.held_otherwise(&desk.state), [RegisterFact::Name]);
    assert_eq!(fact(&desk, "name", "2026-09-01"), json!("向日葵托育园"));

    // Once the register says the same as is held here, it may go on from there.
    let agreed = RecordImportedInstitution {
        name: "向日葵托育园".to_owned(),
        ..edition("2026-07-31", 80)
    };
    desk.run(agreed).unwrap();
    let renamed = RecordImportedInstitution {
        name: "向日葵".to_owned(),
        ..edition("2026-08-31", 80)
    };
    desk.run(renamed).unwrap();
    assert_eq!(desk.state.name, "向日葵");
}

#[test]
fn an_institution_that_has_filed_takes_no_more_rows() {
    let mut desk = first();
    desk.by("officer-1", Role::Officer);
    desk.run(filing()).unwrap();
    desk.by("importer", Role::Administrator);
    assert_eq!(desk.reason(edition("2026-06-30", 80)), Reason::IllegalTransition);
}

#[test]
fn a_change_does_not_hold_before_what_it_changes() {
    let mut desk = Desk::new();
    desk.by("importer", Role::Administrator);
    let planned = RecordImportedInstitution {
        valid_from_date: Some(day("2026-02-01")),
        ..edition("2025-12-31", 60)
    };
    desk.run(planned).unwrap();
    let decided = desk.decide(edition("2026-01-15", 80)).unwrap();
    assert_eq!(decided[0].effective_from, Some(start_of(day("2026-02-01"))));
}
