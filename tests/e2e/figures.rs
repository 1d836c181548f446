//! Every figure of a page equals the gRPC reply, plain SQL over the views, and a naive fold over the log: for the whole,
//! every division in which something lies, and single institutions and persons, at two days.
//!
//! A figure of a page is an element with `data-figure`. `pages` names those of each page; one that is not named there, and
//! a number that stands outside of a figure, fails.

mod admission;
// The fold of admission that the tests of the views are written against: no code of the views is in it.
#[path = "../../services/views/tests/views/admission_model.rs"]
#[expect(
    dead_code,
    reason = "what an operator is told is asked by the tests of the views alone"
)]
mod admission_model;
mod alerts;
mod compare;
mod counts;
mod grpc;
mod histories;
mod house;
mod naive;
mod page;
mod pages;
mod sql;
mod walk;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use yujian_domain::time::day_of;
use yujian_eventlog::{Direction, EventLog, Expected, Head, Item, NewEvent, StreamName};

use crate::figures::compare::History;
use crate::figures::house::House;
use crate::figures::naive::World;
use crate::small;
use crate::support::knob;

/// Lengths of codes of divisions.
const PROVINCE: usize = 2;
const CITY: usize = 4;
const TOWNSHIP: usize = 9;
/// The last day of the small demonstration's story, and its seed.
const STORY_ENDS: Date = date(2026, 6, 30);
const STORY_SEED: u64 = 5;
/// First seed of random histories, and how many walks there are.
const FIRST: u64 = 1;
const WALKS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_demo_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    let (_home, data) = small::copy();
    let house = House::of_demo(&data, STORY_SEED, STORY_ENDS).await;
    let world = World::of(house.log.as_ref()).await;
    let mut history = History::new("demo".to_owned(), &house.address, house.channel().await, &data, world);
    for (at, longest) in [(STORY_ENDS, TOWNSHIP), (STORY_ENDS.saturating_add(70.days()), CITY)] {
        house.show(at);
        history.all(at, longest).await;
    }
    history.lists_row_by_row().await;
    history.single().await;
    history.cases().await;
    history.status().await;
    assert!(history.seen.len() > 60, "{:?}", history.seen);
    // Nothing is damaged here, and at the end of this story no application stands still or returned for the second time.
    let elsewhere = ["applications_paused", "damaged_admissions", "returned_again"];
    let demanded = pages::OF_INSPECTION.iter().chain(&pages::OF_INSTITUTION);
    let demanded = demanded.chain(pages::OF_ADMISSION.iter().filter(|name| !elsewhere.contains(name)));
    let missing: Vec<&&str> = demanded.filter(|name| !history.seen.contains(**name)).collect();
    assert!(missing.is_empty(), "never more than zero: {missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_serves_the_same_figures() {
    let (_home, data) = small::copy();
    // One process a directory: the log is read in another copy.
    let (_other, log) = small::copy();
    let house = House::of_demo(&log, STORY_SEED, STORY_ENDS).await;
    let world = World::of(house.log.as_ref()).await;
    let server = small::serve(&data, &["--quiet"]);
    let today = day_of(jiff::Timestamp::now());
    let mut history = History::new(
        "binary".to_owned(),
        &server.address,
        server.channel().await,
        &data,
        world,
    );
    history.all(today, CITY).await;
}

/// Histories of seeds in steps of two, so that two tests share the work.
async fn random_histories(first: u64) {
    let mut seen = BTreeSet::new();
    let first = knob("YUJIAN_TEST_SEED", FIRST) + first;
    for seed in (first..)
        .step_by(2)
        .take(usize::try_from(knob("YUJIAN_TEST_HISTORIES", 10)).unwrap())
    {
        let (house, data) = histories::random(seed).await;
        let world = World::of(house.log.as_ref()).await;
        assert!(world.events > 300, "{} events by seed {seed}", world.events);
        let mut history = History::new(
            format!("seed {seed}"),
            &house.address,
            house.channel().await,
            &data,
            world,
        );
        for (at, longest) in [
            (histories::UNTIL, TOWNSHIP),
            (histories::UNTIL.saturating_add(45.days()), CITY),
        ] {
            house.show(at);
            history.all(at, longest).await;
        }
        history.lists_row_by_row().await;
        history.single().await;
        history.cases().await;
        history.status().await;
        seen.append(&mut history.seen);
    }
    assert!(seen.len() > 60, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_random_histories_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    random_histories(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_more_random_histories_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    random_histories(1).await;
}

/// Types of events that a history can hold beside the reference data: those with a golden file.
fn types_of_events() -> BTreeSet<String> {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../domain/tests/golden/events");
    let files = std::fs::read_dir(golden).unwrap();
    let types = files.map(|file| file.unwrap().file_name().into_string().unwrap().replace(".json", ""));
    let families = [
        "alert.",
        "incident.",
        "inspection.",
        "licensing.",
        "staffing.",
        "visits.",
    ];
    // A walk files. The licence regime comes about in the stories, whose figures are compared in the tests above.
    const FILED: [&str; 17] = [
        "ClassesChanged",
        "ClockMet",
        "ClockStarted",
        "ConformityConfirmed",
        "DetailsChanged",
        "FactCorrected",
        "FilingAccepted",
        "FilingReceiptIssued",
        "FilingReturned",
        "FilingSubmitted",
        "FilingWithdrawn",
        "InstitutionClosed",
        "InstitutionRegistered",
        "InstitutionResumed",
        "InstitutionSuspended",
        "NonconformityNotified",
        "RecordImported",
    ];
    let walked = |one: &str| match one.split('.').collect::<Vec<_>>()[..] {
        ["licensing", name, _] => FILED.contains(&name),
        _ => true,
    };
    types
        .filter(|one| families.iter().any(|family| one.starts_with(family)) && walked(one))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_free_walks_is_the_same_by_page_grpc_sql_and_a_naive_fold() {
    let (mut kinds, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let (first, walks) = (knob("YUJIAN_TEST_SEED", FIRST), knob("YUJIAN_TEST_WALKS", WALKS));
    for seed in first..first + walks {
        let (house, data, [accepted, refused]) = walk::walked(seed).await;
        let world = World::of(house.log.as_ref()).await;
        assert!(
            accepted > 400,
            "{accepted} accepted and {refused} refused by seed {seed}"
        );
        kinds.extend(world.kinds.iter().cloned());
        let what = format!("walk {seed}");
        let mut history = History::new(what, &house.address, house.channel().await, &data, world);
        house.show(histories::UNTIL);
        history.all(histories::UNTIL, CITY).await;
        history.lists_row_by_row().await;
        history.single().await;
        history.cases().await;
        seen.append(&mut history.seen);
    }
    // Other seeds are for looking, and need not come upon everything.
    if (first, walks) == (FIRST, WALKS) {
        let missing: Vec<String> = types_of_events().difference(&kinds).cloned().collect();
        assert!(missing.is_empty(), "no walk comes upon {missing:?}");
        for name in pages::OF_INCIDENT {
            assert!(seen.contains(name), "{name} is never more than zero");
        }
    }
}

/// Another digit for the first digit in the payload of some records of these types.
fn alter(data: &Path, types: &[&str]) {
    let log = small::log(data);
    for event_type in types {
        let records = small::records(&log, event_type);
        let (position, _, _) = &records[records.len() / 2];
        let payload: String = log
            .query_row("SELECT payload FROM record WHERE position = ?1", [position], |row| {
                row.get(0)
            })
            .unwrap();
        let digit = payload.find(|letter: char| letter.is_ascii_digit()).unwrap();
        let mut bytes = payload.into_bytes();
        bytes[digit] = if bytes[digit] == b'9' { b'8' } else { b'9' };
        let altered = String::from_utf8(bytes).unwrap();
        log.execute(
            "UPDATE record SET payload = ?2 WHERE position = ?1",
            (position, altered),
        )
        .unwrap();
    }
}

/// Appends an event of a type that nobody knows to the stream of an institution.
async fn append_unknown(log: &dyn EventLog, institution: &str) {
    let stream = StreamName::parse(&format!("institution-{institution}")).unwrap();
    let last = log.read_stream(&stream, Direction::Backwards, None, 1).await.unwrap();
    let [Item::Record(last)] = &last[..] else {
        panic!("{last:?}")
    };
    // The writer's own members of the metadata, without those that the log fills in.
    let mut metadata: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&last.metadata).unwrap();
    metadata.retain(|name, _| !["format", "hash", "prev", "recorded_time"].contains(&name.as_str()));
    let event = NewEvent {
        id: uuid::Uuid::now_v7(),
        event_type: "licensing.InstitutionPraised.v1".to_owned(),
        metadata: serde_json::to_vec(&metadata).unwrap(),
        payload: b"{}".to_vec(),
    };
    log.append(
        &stream,
        Expected::At(Head {
            revision: last.revision,
            hash: last.hash,
        }),
        vec![event],
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_taken_in_is_counted_the_same() {
    let (_home, data) = small::copy();
    let damaged = [
        "licensing.FilingReceiptIssued.v1",
        "incident.IncidentTriaged.v1",
        "inspection.PresenceCounted.v1",
        "staffing.TrainingRecorded.v1",
    ];
    alter(&data, &damaged);
    for file in ["views.db", "views.db-wal"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let house = House::of_demo(&data, STORY_SEED, STORY_ENDS).await;
    let before = World::of(house.log.as_ref()).await;
    append_unknown(house.log.as_ref(), before.sound_institution()).await;
    let world = World::of(house.log.as_ref()).await;
    let what = "damaged".to_owned();
    let mut history = History::new(what, &house.address, house.channel().await, &data, world);
    history.caught_up().await;
    house.show(STORY_ENDS);
    history.all(STORY_ENDS, PROVINCE).await;
    history.single().await;
    history.cases().await;
    history.status().await;
    for name in [
        "damaged_records",
        "unknown_events",
        "damaged_admissions",
        "damaged_institutions",
        "damaged_inspections",
    ] {
        assert!(history.seen.contains(name), "{name} is never more than zero");
    }
}
