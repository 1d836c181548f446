//! Every event type that ever shipped has a golden file, and it is read for ever.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use yujian_domain::alert::AlertEvent;
use yujian_domain::event::{EventFamily, Upcaster};
use yujian_domain::event_family;
use yujian_domain::incident::IncidentEvent;
use yujian_domain::inspection::InspectionEvent;
use yujian_domain::institution::InstitutionEvent;
use yujian_domain::person::PersonEvent;
use yujian_domain::personal::{Personal, Sealed};
use yujian_domain::system::SystemEvent;
use yujian_domain::visits::VisitsEvent;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events")
}

/// Event types that have a golden file.
fn stored_types() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files
        .map(|name| name.strip_suffix(".json").expect("golden files are JSON").to_owned())
        .collect()
}

fn golden(event_type: &str) -> Vec<u8> {
    let file = folder().join(format!("{event_type}.json"));
    std::fs::read(&file).unwrap_or_else(|_| panic!("{event_type} has no golden file"))
}

/// The newest versions read and write their golden file without loss.
fn reads_and_writes<F: EventFamily>() {
    for event_type in F::TYPES {
        let bytes = golden(event_type);
        let event = match F::decode(event_type, &bytes) {
            Ok(Some(event)) => event,
            Ok(None) => panic!("{event_type} is unknown to its own family"),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(event.event_type(), *event_type);
        let stored: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            event.payload(),
            stored,
            "{event_type} changes on its way through this version"
        );
        assert!(
            !stored.to_string().contains("$personal"),
            "{event_type}: a golden file is as stored, sealed"
        );
    }
}

#[test]
fn institution_events_read_and_write_their_golden_files() {
    reads_and_writes::<InstitutionEvent>();
}

#[test]
fn incident_events_read_and_write_their_golden_files() {
    reads_and_writes::<IncidentEvent>();
}

#[test]
fn inspection_events_read_and_write_their_golden_files() {
    reads_and_writes::<InspectionEvent>();
}

#[test]
fn person_events_read_and_write_their_golden_files() {
    reads_and_writes::<PersonEvent>();
}

#[test]
fn alert_events_read_and_write_their_golden_files() {
    reads_and_writes::<AlertEvent>();
}

#[test]
fn visits_events_read_and_write_their_golden_files() {
    reads_and_writes::<VisitsEvent>();
}

#[test]
fn system_events_read_and_write_their_golden_files() {
    reads_and_writes::<SystemEvent>();
}

#[test]
fn every_golden_file_is_read_by_exactly_one_family() {
    for event_type in stored_types() {
        let bytes = golden(&event_type);
        let families = [
            InstitutionEvent::decode(&event_type, &bytes).unwrap().is_some(),
            IncidentEvent::decode(&event_type, &bytes).unwrap().is_some(),
            SystemEvent::decode(&event_type, &bytes).unwrap().is_some(),
            InspectionEvent::decode(&event_type, &bytes).unwrap().is_some(),
            VisitsEvent::decode(&event_type, &bytes).unwrap().is_some(),
            PersonEvent::decode(&event_type, &bytes).unwrap().is_some(),
            AlertEvent::decode(&event_type, &bytes).unwrap().is_some(),
        ];
        assert_eq!(families.iter().filter(|known| **known).count(), 1, "{event_type}");
    }
}

/// Members that came later are optional: the first form of a type stays in `golden/events`, a fuller one stands in
/// `golden/forms`, and both are read for ever.
#[test]
fn a_fuller_form_of_an_event_is_read_and_written_like_the_first() {
    fuller_form::<InstitutionEvent>("licensing.RecordImported.v1");
    fuller_form::<AlertEvent>("alert.AlertRaised.v1");
    fuller_form::<InstitutionEvent>("licensing.InstitutionRegistered.v1");
    fuller_form::<InstitutionEvent>("licensing.FilingSubmitted.v1");
    fuller_form::<SystemEvent>("reference.PolicyActivated.v1");
    fuller_form::<SystemEvent>("reference.HolidaysActivated.v1");
}

fn fuller_form<F: EventFamily>(event_type: &str) {
    let fuller = folder().with_file_name("forms").join(format!("{event_type}.json"));
    let bytes = std::fs::read(fuller).unwrap();
    let event = F::decode(event_type, &bytes)
        .unwrap_or_else(|error| panic!("{error}"))
        .unwrap();
    let stored: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(event.payload(), stored);
    let first: Value = serde_json::from_slice(&golden(event_type)).unwrap();
    assert!(paths("", &stored).is_superset(&paths("", &first)), "{event_type}");
    assert_ne!(paths("", &stored), paths("", &first), "{event_type}");
}

/// Paths of all members, of nested objects too.
fn paths(at: &str, value: &Value) -> BTreeSet<String> {
    let members = value.as_object().into_iter().flatten();
    members
        .flat_map(|(name, value)| {
            let path = format!("{at}.{name}");
            let mut found = paths(&path, value);
            found.insert(path);
            found
        })
        .collect()
}

#[test]
fn names_are_area_past_tense_and_version() {
    for event_type in stored_types() {
        let parts: Vec<&str> = event_type.split('.').collect();
        let [area, name, version] = parts[..] else {
            panic!("{event_type} has another form")
        };
        assert!(area.bytes().all(|byte| byte.is_ascii_lowercase()), "{event_type}");
        assert!(
            name.starts_with(|letter: char| letter.is_ascii_uppercase()),
            "{event_type}"
        );
        assert!(
            version
                .strip_prefix('v')
                .is_some_and(|number| number.parse::<u32>().is_ok()),
            "{event_type}"
        );
    }
}

#[test]
fn a_member_that_this_version_does_not_know_is_an_error_not_a_loss() {
    fn refuses_news<F: EventFamily + std::fmt::Debug>() {
        for event_type in F::TYPES {
            let mut stored: Value = serde_json::from_slice(&golden(event_type)).unwrap();
            stored["from_the_future"] = json!(1);
            let error = F::decode(event_type, &serde_json::to_vec(&stored).unwrap()).unwrap_err();
            assert_eq!(error.event_type, *event_type);
        }
    }
    refuses_news::<InstitutionEvent>();
    refuses_news::<IncidentEvent>();
    refuses_news::<PersonEvent>();
    refuses_news::<InspectionEvent>();
    refuses_news::<AlertEvent>();
    refuses_news::<VisitsEvent>();
}

#[test]
fn an_error_of_decoding_quotes_nothing_of_the_payload() {
    let name = "王小明";
    let planted = |event_type: &str, member: &str, value: Value| {
        let mut stored: Value = serde_json::from_slice(&golden(event_type)).unwrap();
        stored[member] = value;
        serde_json::to_vec(&stored).unwrap()
    };
    let withdrawn = "licensing.FilingWithdrawn.v1";
    let broken = [
        planted(withdrawn, "reason", json!(name)),
        planted(withdrawn, "application", json!(name)),
        planted(withdrawn, "status", json!(name)),
        planted(withdrawn, name, json!(1)),
        format!("{{\"reason\":\"{name}\"").into_bytes(),
        format!("{{\"reason\":\"{name}\" {name}").into_bytes(),
    ];
    for payload in broken {
        let error = InstitutionEvent::decode(withdrawn, &payload).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(name), "{error}");
        assert!(error.message.contains("line 1"), "{error}");
    }
    let old = json!({"room": "hall/2", "guest": name});
    let error = VisitEvent::decode("visit.VisitNoted.v1", old.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.message, "has another form than its type");
}

/// A family whose event has been through three versions: renamed a member, then split one and moved a sealed value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitNoted {
    place: String,
    floor: i32,
    guest: Guest,
}

/// The sealed value's new home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    name: Personal,
}

fn rename_room(mut old: Value) -> Value {
    let room = old.as_object_mut().unwrap().remove("room").unwrap();
    old["place"] = room;
    old
}

fn split_place(mut old: Value) -> Value {
    let place = old["place"].as_str().unwrap().to_owned();
    let (place, floor) = place
        .split_once('/')
        .map_or((place.as_str(), 1), |(p, f)| (p, f.parse().unwrap()));
    let guest = old["guest"].take();
    old["place"] = json!(place);
    old["floor"] = json!(floor);
    old["guest"] = json!({"name": guest});
    old
}

event_family! {
    /// A pretended family.
    pub enum VisitEvent, upcasters &[
        Upcaster { from: "visit.VisitNoted.v1", to: "visit.VisitNoted.v2", rewrite: rename_room },
        Upcaster { from: "visit.VisitNoted.v2", to: "visit.VisitNoted.v3", rewrite: split_place },
    ], {
        /// See [`VisitNoted`].
        VisitNoted = "visit.VisitNoted.v3",
    }
}

#[test]
fn old_versions_are_read_through_the_whole_chain_and_sealed_values_move_unopened() {
    let sealed = Sealed {
        key: "guest-1".to_owned(),
        nonce: "AAAAAAAAAAAAAAAA".to_owned(),
        event: uuid::Uuid::from_u128(7),
        ordinal: 0,
        data: "c2VhbGVk".to_owned(),
    };
    let newest = VisitEvent::VisitNoted(VisitNoted {
        place: "hall".to_owned(),
        floor: 2,
        guest: Guest {
            name: Personal::Sealed(sealed.clone()),
        },
    });
    let guest = json!({"$sealed": sealed});
    for (event_type, payload) in [
        ("visit.VisitNoted.v1", json!({"room": "hall/2", "guest": guest})),
        ("visit.VisitNoted.v2", json!({"place": "hall/2", "guest": guest})),
        (
            "visit.VisitNoted.v3",
            json!({"place": "hall", "floor": 2, "guest": {"name": guest}}),
        ),
    ] {
        let read = VisitEvent::decode(event_type, &serde_json::to_vec(&payload).unwrap()).unwrap();
        assert_eq!(read.as_ref(), Some(&newest), "{event_type}");
    }
    assert_eq!(
        newest.event_type(),
        "visit.VisitNoted.v3",
        "written as the newest version only"
    );
    assert_eq!(
        VisitEvent::decode("visit.VisitNoted.v4", b"{}").unwrap(),
        None,
        "unknown, not wrong"
    );
}
