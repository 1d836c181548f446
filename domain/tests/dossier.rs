//! The dossier on two axes of time: golden histories, and any history against a plain model.

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use yujian_domain::dossier::{Dossier, Fact, FactChange, FactSource, Seen, canonical, facts};
use yujian_domain::time::end_of;

#[derive(Deserialize)]
struct Golden {
    title: String,
    events: Vec<Stored>,
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Stored {
    stream: String,
    revision: u64,
    event_type: String,
    recorded_time: Timestamp,
    metadata: Value,
    payload: Value,
}

/// One point of the grid. Days mean their last instant; absent: the end of time, everything known.
#[derive(Deserialize)]
struct Cell {
    as_of: Option<Date>,
    known_at: Option<Date>,
    dossier: Value,
}

const LATE: &str = include_str!("golden/dossier/late_fact.json");
const BACKDATED: &str = include_str!("golden/dossier/backdated_correction.json");

fn changes(golden: &Golden) -> Vec<FactChange> {
    let change = |event: &Stored| {
        let (metadata, payload) = (event.metadata.to_string(), event.payload.to_string());
        let seen = Seen {
            stream: &event.stream,
            revision: event.revision,
            event_id: Uuid::nil(),
            event_type: &event.event_type,
            metadata: metadata.as_bytes(),
            payload: payload.as_bytes(),
            recorded_time: event.recorded_time,
        };
        facts(&seen).unwrap().unwrap()
    };
    golden.events.iter().map(change).collect()
}

fn folded(changes: &[FactChange]) -> Dossier {
    let mut dossier = Dossier::new();
    changes.iter().cloned().for_each(|change| dossier.apply(change));
    dossier
}

fn holds(text: &str) {
    let golden: Golden = serde_json::from_str(text).unwrap();
    let changes = changes(&golden);
    let replay = folded(&changes);
    let mut live = Dossier::new();
    for (fact, withdrawn) in replay.iter() {
        let row = serde_json::to_vec(fact).unwrap();
        live.insert(serde_json::from_slice(&row).unwrap(), withdrawn);
    }
    for cell in &golden.cells {
        let (as_of, known) = (cell.as_of.map(end_of), cell.known_at.map(end_of));
        let place = format!("{} as of {:?} known at {:?}", golden.title, cell.as_of, cell.known_at);
        let expected = cell.dossier.to_string();
        let answer = String::from_utf8(canonical(&replay.resolve(as_of, known))).unwrap();
        assert_eq!(answer, expected, "{place}");
        assert_eq!(
            canonical(&live.resolve(as_of, known)),
            answer.as_bytes(),
            "from stored facts: {place}"
        );
        let then: Vec<FactChange> = changes
            .iter()
            .filter(|change| known.is_none_or(|known| change.recorded_time <= known))
            .cloned()
            .collect();
        assert_eq!(
            canonical(&folded(&then).resolve(as_of, None)),
            answer.as_bytes(),
            "from what was there: {place}"
        );
    }
}

/// Value of a key in the golden cell of these two days.
fn shown(text: &str, as_of: &str, known_at: &str, key: &str) -> Option<Value> {
    let golden: Golden = serde_json::from_str(text).unwrap();
    let day = |text: &str| (!text.is_empty()).then(|| text.parse::<Date>().unwrap());
    let cell = golden
        .cells
        .iter()
        .find(|cell| cell.as_of == day(as_of) && cell.known_at == day(known_at))
        .unwrap();
    let facts = cell.dossier.as_array().unwrap();
    facts
        .iter()
        .find(|fact| fact["key"] == key)
        .map(|fact| fact["value"].clone())
}

#[test]
fn a_fact_that_arrives_late_changes_the_past_but_not_what_was_known() {
    holds(LATE);
    let name = |as_of, known_at| shown(LATE, as_of, known_at, "name").unwrap();
    assert_eq!(name("2026-03-10", "2026-03-10"), "文一路托育点", "nobody knew");
    assert_eq!(
        name("2026-03-10", "2026-03-21"),
        "文一路阳光托育点",
        "known later, true then"
    );
    assert_eq!(
        name("2026-03-04", "2026-03-21"),
        "文一路托育点",
        "before it took effect"
    );
    let triage = "incident.01900000-0000-7000-8000-000000000002.priority";
    assert_eq!(shown(LATE, "2026-03-10", "2026-03-21", triage), None);
    assert_eq!(shown(LATE, "2026-03-10", "", triage), Some(json!("p2")));
}

#[test]
fn a_backdated_correction_withdraws_what_was_wrong_from_the_day_on_which_it_is_known() {
    holds(BACKDATED);
    let name = |as_of, known_at| shown(BACKDATED, as_of, known_at, "name").unwrap_or_default();
    let places = |as_of, known_at| shown(BACKDATED, as_of, known_at, "places").unwrap_or_default();
    assert_eq!(name("2026-01-31", "2026-03-15"), "文二路托儿所");
    assert_eq!(name("2026-01-31", "2026-03-20"), "文二路托育中心");
    assert_eq!(places("2026-03-05", "2026-03-20"), 8);
    assert_eq!(places("2026-03-05", ""), 12, "the right classes hold from 15 February");
    assert_eq!(places("", "2026-03-20"), 10);
    assert_eq!(places("", ""), 12);
}

#[test]
fn events_that_say_nothing_to_a_dossier_are_passed_over_and_broken_ones_are_named() {
    let seen = |event_type, payload| Seen {
        stream: "institution-x",
        revision: 0,
        event_id: Uuid::nil(),
        event_type,
        metadata: b"{}",
        payload,
        recorded_time: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(
        facts(&seen("key.Claimed.v1", br#"{"kind":"site","owner":"x"}"#)),
        Ok(None)
    );
    assert_eq!(facts(&seen("licensing.FromTheFuture.v7", b"{}")), Ok(None));
    let broken = facts(&seen("licensing.FilingWithdrawn.v1", br#"{"application":"x"}"#)).unwrap_err();
    assert_eq!(broken.event_type, "licensing.FilingWithdrawn.v1");
    let payload = include_bytes!("golden/events/licensing.FilingWithdrawn.v1.json");
    assert!(
        facts(&seen("licensing.FilingWithdrawn.v1", payload))
            .unwrap_err()
            .message
            .starts_with("metadata")
    );
}

#[test]
fn a_row_of_a_later_edition_leaves_a_reopened_case_open() {
    let mut metadata: Value = serde_json::from_str::<Value>(LATE).unwrap()["events"][0]["metadata"].take();
    metadata.as_object_mut().unwrap().remove("effective_from");
    let mut dossier = Dossier::new();
    let events = [
        (
            "incident.RecordImported.v1",
            "2019-05-06",
            include_str!("golden/events/incident.RecordImported.v1.json"),
        ),
        (
            "incident.IncidentReopened.v1",
            "2026-03-01",
            include_str!("golden/events/incident.IncidentReopened.v1.json"),
        ),
        (
            "incident.RecordImported.v1",
            "2026-03-02",
            include_str!("golden/events/incident.RecordImported.v1.json"),
        ),
    ];
    for (revision, (event_type, occurred, payload)) in events.into_iter().enumerate() {
        metadata["occurred"] = json!({"precision": "day", "date": occurred});
        let metadata = metadata.to_string();
        let seen = Seen {
            stream: "incident-1",
            revision: revision as u64,
            event_id: Uuid::nil(),
            event_type,
            metadata: metadata.as_bytes(),
            payload: payload.as_bytes(),
            recorded_time: at(2_000_000_000 + i64::try_from(revision).unwrap()),
        };
        dossier.apply(facts(&seen).unwrap().unwrap());
    }
    let facts = dossier.resolve(None, None);
    let value = |key: &str| facts.iter().find(|fact| fact.key == key).map(|fact| fact.value.clone());
    assert_eq!(value("incident.1.status"), Some(json!("reopened")));
    assert!(
        value("incident.1.harm.0").is_some() && value("incident.1.harm.2").is_some(),
        "rows stand side by side"
    );
}

#[derive(Debug, Clone)]
struct Step {
    key: u8,
    from: Option<i64>,
    to: Option<i64>,
    null: bool,
    withdraws: Option<(usize, u8)>,
}

fn step() -> impl Strategy<Value = Step> {
    let withdraws = proptest::option::weighted(0.3, (0usize..12, 0u8..3));
    (
        0u8..3,
        proptest::option::of(0i64..8),
        proptest::option::weighted(0.2, 0i64..9),
        prop::bool::weighted(0.1),
        withdraws,
    )
        .prop_map(|(key, from, to, null, withdraws)| Step {
            key,
            from,
            to,
            null,
            withdraws,
        })
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn change(index: usize, step: &Step) -> FactChange {
    let revision = u64::try_from(index).unwrap();
    let recorded_time = at(1000 + i64::try_from(index).unwrap());
    let source = FactSource {
        stream: "institution-x".to_owned(),
        revision,
        event_type: "t".to_owned(),
        recorded_time,
        received_time: recorded_time,
    };
    FactChange {
        recorded_time,
        asserted: vec![Fact {
            key: format!("k{}", step.key),
            value: if step.null { Value::Null } else { json!(revision) },
            valid_from: step.from.map(at),
            valid_to: step.to.map(at),
            order: (recorded_time, source.stream.clone(), revision),
            source,
        }],
        withdrawn: step
            .withdraws
            .iter()
            .map(|(target, key)| ("institution-x".to_owned(), *target as u64, format!("k{key}")))
            .collect(),
    }
}

/// The rule of the design, read literally: revision that each key shows.
fn model(steps: &[Step], as_of: Option<i64>, known: usize) -> Vec<(String, u64)> {
    let mut answer = Vec::new();
    for key in 0u8..3 {
        let mut winner: Option<(Option<i64>, usize)> = None;
        for (index, step) in steps.iter().enumerate().take(known).filter(|(_, step)| step.key == key) {
            let withdrawn = (index + 1..known).any(|later| steps[later].withdraws == Some((index, key)));
            let covers = match as_of {
                Some(at) => step.from.is_none_or(|from| from <= at) && step.to.is_none_or(|to| at < to),
                None => step.to.is_none(),
            };
            if covers && !withdrawn && winner.is_none_or(|(from, _)| step.from >= from) {
                winner = Some((step.from, index));
            }
        }
        if let Some((_, index)) = winner.filter(|(_, index)| !steps[*index].null) {
            answer.push((format!("k{key}"), index as u64));
        }
    }
    answer
}

proptest! {
    #[test]
    fn resolving_any_history_agrees_with_the_rule_read_literally(
        steps in proptest::collection::vec(step(), 0..12),
        as_of in proptest::option::of(0i64..9),
        known in 0usize..13,
    ) {
        let mut dossier = Dossier::new();
        for (index, step) in steps.iter().enumerate() {
            dossier.apply(change(index, step));
        }
        let known = known.min(steps.len());
        let known_time = (known < steps.len()).then(|| at(999 + i64::try_from(known).unwrap()));
        let resolved = dossier.resolve(as_of.map(at), known_time);
        let shown: Vec<(String, u64)> = resolved.iter().map(|fact| (fact.key.clone(), fact.source.revision)).collect();
        prop_assert_eq!(shown, model(&steps, as_of, known));
    }

    #[test]
    fn the_canonical_form_does_not_depend_on_the_order_of_facts(
        steps in proptest::collection::vec(step(), 0..12),
    ) {
        let mut dossier = Dossier::new();
        for (index, step) in steps.iter().enumerate() {
            dossier.apply(change(index, step));
        }
        let mut facts = dossier.resolve(None, None);
        let bytes = canonical(&facts);
        facts.reverse();
        prop_assert_eq!(canonical(&facts), bytes);
    }
}
