//! The demonstration: the same again from the same seed, views that can be lost, figures that anyone can count again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use yujian_proto::licensing::v1::InstitutionState as State;
use yujian_proto::supervision::v1 as supervision;

use crate::small;
use crate::support::{AUDITOR, Server, by, directory, yujian};

/// A smaller one, for tests that build more than once.
const TINY: [&str; 8] = [
    "--institutions",
    "12",
    "--months",
    "1",
    "--until",
    "2026-06-30",
    "--seed",
    "8",
];

fn remove(data: &Path, names: &[&str]) {
    for name in names {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(data.join(format!("{name}{suffix}")));
        }
    }
}

fn total(digests: &[(String, String)]) -> &str {
    &digests.iter().find(|(table, _)| table == "total").unwrap().1
}

#[test]
fn a_seed_and_a_day_give_the_same_views_and_another_seed_gives_others() {
    let home = directory();
    let first = small::build(&home.path().join("first"), &TINY);
    // A view that told no digest would not be compared here.
    for table in [
        "institution",
        "incident",
        "person",
        "engagement",
        "inspection",
        "finding",
        "alert",
        "fact",
    ] {
        assert!(first.iter().any(|(name, _)| name == table), "{table}: {first:?}");
    }
    assert_eq!(small::build(&home.path().join("second"), &TINY), first);
    let mut other = TINY;
    other[7] = "9";
    assert_ne!(total(&small::build(&home.path().join("third"), &other)), total(&first));
}

#[test]
fn a_build_that_was_killed_is_begun_anew_and_ends_the_same() {
    let home = directory();
    let data = home.path().join("data");
    let mut child = yujian(&["demo", "--build-only", "--data-dir", data.to_str().unwrap()])
        .args(small::PLAN)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let written = || std::fs::metadata(data.join("log.db-wal")).map_or(0, |file| file.len());
    while written() < 200_000 {
        assert!(
            Instant::now() < deadline && child.try_wait().unwrap().is_none(),
            "nothing to kill"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!data.join("demo.json").exists(), "the build was not finished");

    let (_home, whole) = small::copy();
    let again = small::demo(&data, &small::PLAN, &["--build-only", "--digest"]);
    assert!(
        small::said(&again).contains("an unfinished build is removed"),
        "{}",
        small::said(&again)
    );
    assert_eq!(small::digests(&data), small::digests(&whole));
}

#[test]
fn a_second_start_reuses_the_data_and_refuses_another_plan() {
    let (_home, data) = small::copy();
    // What commands and reactors brought about: claims, counted visits and reference data come besides.
    let events_of_cases = || -> (i64, i64) {
        let sql = "SELECT count(*), sum(type NOT IN ('key.Claimed.v1', 'visits.VisitCounted.v1') AND
                   type NOT LIKE 'reference.%') FROM record";
        small::log(&data)
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    };
    let mark = std::fs::read(data.join("demo.json")).unwrap();
    let events = serde_json::from_slice::<Value>(&mark).unwrap()["events"].clone();
    let count = events_of_cases();
    assert!(count.1 > 1_000 && events == count.1, "{events} {count:?}");
    for plan in [&[][..], &small::PLAN[..]] {
        let again = small::demo(&data, plan, &["--build-only"]);
        assert!(
            again.status.success()
                && small::said(&again).contains(&format!("{events} events until 2026-06-30 are here"))
        );
    }
    for other in [
        ["--seed", "6"],
        ["--until", "2026-06-29"],
        ["--institutions", "61"],
        ["--months", "4"],
    ] {
        let refused = small::demo(&data, &other, &["--build-only"]);
        assert!(!refused.status.success() && small::said(&refused).contains("holds another demo (seed 5"));
    }
    assert_eq!(
        (events_of_cases(), std::fs::read(data.join("demo.json")).unwrap()),
        (count, mark)
    );

    let refused = small::run("serve", &data, &["--port", "0"]);
    assert!(
        !refused.status.success() && small::said(&refused).contains("demo"),
        "{}",
        small::said(&refused)
    );
}

#[test]
fn views_that_were_deleted_come_back_the_same_later_elsewhere_and_without_keys() {
    let (_home, data) = small::copy();
    let before = small::digests(&data);
    remove(&data, &["views.db"]);
    assert_eq!(small::digests(&data), before);

    // Another process, later, in another time zone, without keys: no row holds the machine's time or a clear value.
    remove(&data, &["views.db", "keys.db", "keys.kek"]);
    let without = yujian(&["demo", "--build-only", "--digest", "--data-dir", data.to_str().unwrap()])
        .env("TZ", "America/Los_Angeles")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert!(without.status.success(), "{}", small::said(&without));
    assert!(String::from_utf8(without.stdout).unwrap().contains(total(&before)));
    assert!(
        !data.join("keys.db").exists(),
        "no keys are made for a log that has some"
    );
}

/// What a person finds who counts the log by hand.
#[derive(Default)]
struct Counted {
    states: BTreeMap<String, State>,
    places: BTreeMap<String, u64>,
    incidents: u64,
    late: u64,
    concluded: BTreeMap<String, bool>,
}

fn places(payload: &Value) -> u64 {
    payload["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|class| class["places"].as_u64().unwrap())
        .sum()
}

/// The state that an act says it leads back to.
fn said(payload: &Value) -> State {
    let code = payload["status"].as_str().unwrap().to_uppercase();
    State::from_str_name(&format!("INSTITUTION_STATE_{code}")).unwrap()
}

/// Folds the log without any of our code. Changes are legally valid by the end of the story.
fn count(data: &Path) -> Counted {
    let log = small::log(data);
    let mut statement = log
        .prepare("SELECT name, type, payload FROM record JOIN stream ON number = stream ORDER BY position")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut counted = Counted::default();
    while let Some(row) = rows.next().unwrap() {
        let (stream, kind, payload): (String, String, String) =
            (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let state = match kind.as_str() {
            "licensing.InstitutionRegistered.v1" => {
                counted.places.insert(stream.clone(), places(&payload));
                State::Registered
            }
            "licensing.ClassesChanged.v1" => {
                counted.places.insert(stream, places(&payload));
                continue;
            }
            "licensing.FilingReturned.v1" => State::Returned,
            "licensing.FilingAccepted.v1" => State::Accepted,
            "licensing.FilingReceiptIssued.v1" => State::Filed,
            "licensing.NonconformityNotified.v1" => State::Nonconforming,
            "licensing.InstitutionSuspended.v1" => State::Suspended,
            "licensing.LicenceGranted.v1" => State::Licensed,
            "licensing.AuthorizationRevoked.v1" => State::Revoked,
            "licensing.AuthorizationExpired.v1" => State::Expired,
            "licensing.FilingWithdrawn.v1" | "licensing.ConformityConfirmed.v1" | "licensing.InstitutionResumed.v1" => {
                said(&payload)
            }
            "licensing.InstitutionClosed.v1" => State::Closed,
            "licensing.RecordImported.v1" => State::Imported,
            "incident.IncidentNotified.v1" => {
                counted.incidents += 1;
                counted.late += u64::from(payload["late"].as_bool().unwrap());
                counted.concluded.insert(stream, false);
                continue;
            }
            "incident.RecordImported.v1" => {
                counted.incidents += u64::from(counted.concluded.insert(stream, true).is_none());
                continue;
            }
            "incident.IncidentConcluded.v1" | "incident.IncidentReopened.v1" => {
                counted.concluded.insert(stream, kind.contains("Concluded"));
                continue;
            }
            _ => continue,
        };
        counted.states.insert(stream, state);
    }
    counted
}

async fn roll_up(server: &Server) -> supervision::RegionFigures {
    let query = supervision::GetRollUpRequest::default();
    server
        .supervision()
        .await
        .get_roll_up(by(AUDITOR, query))
        .await
        .unwrap()
        .into_inner()
        .region
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_what_a_naive_count_of_the_log_gives() {
    let (_home, data) = small::copy();
    let counted = count(&data);
    let server = small::serve(&data, &["--quiet"]);
    let figures = roll_up(&server).await;
    let mut states: BTreeMap<i32, u64> = BTreeMap::new();
    for state in counted.states.values() {
        *states.entry(i32::from(*state)).or_default() += 1;
    }
    let shown: BTreeMap<i32, u64> = figures
        .by_state
        .iter()
        .filter(|one| one.count > 0)
        .map(|one| (one.state, one.count))
        .collect();
    assert_eq!(shown, states);
    assert!(states.len() >= 4, "{states:?}");
    let open = u64::try_from(counted.concluded.values().filter(|concluded| !**concluded).count()).unwrap();
    assert_eq!(
        (figures.incidents, figures.late_notifications),
        (counted.incidents, counted.late)
    );
    assert_eq!(figures.open_incidents, open);
    let operating = counted
        .states
        .iter()
        .filter(|(_, state)| matches!(state, State::Filed | State::Nonconforming | State::Licensed));
    assert_eq!(
        figures.places,
        operating.map(|(stream, _)| counted.places[stream]).sum::<u64>()
    );

    let page = small::page(&server, "/");
    for figure in [figures.places, figures.operating, figures.open_incidents] {
        assert!(
            page.contains(&figure.to_string()) || page.contains(&grouped(figure)),
            "{figure}"
        );
    }
}

/// A number in groups of three, as the page writes it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
