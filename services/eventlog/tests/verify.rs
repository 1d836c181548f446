//! Each way of tampering with a real log file is named with its place.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;
use yujian_eventlog::clock::SimulatedClock;
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};
use yujian_eventlog::verify::{Expectation, HeadsState, Options, Place, Problem, ProblemKind, Report, verify};
use yujian_eventlog::{EventLog, Expected, Hash, Head, NewEvent, StreamName};

const STREAMS: [&str; 3] = ["institution-a", "institution-b", "incident-c"];
/// Eight records a stream; they take turns, so that position p (from 1) holds stream (p-1)%3, revision (p-1)/3.
const END: u64 = 24;

fn place(position: u64) -> (usize, u64) {
    (usize::try_from((position - 1) % 3).unwrap(), (position - 1) / 3)
}

fn event_id(position: u64) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(position))
}

async fn grow(directory: &Path, from: u64, to: u64) -> Vec<Hash> {
    let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let clock = Arc::new(SimulatedClock::new(start));
    clock.set(start + SignedDuration::from_secs(i64::try_from(from).unwrap()));
    let log = SqliteLog::open(directory, OpenOptions::new(clock.clone())).unwrap();
    let mut hashes = Vec::new();
    for position in from..=to {
        let (stream, revision) = place(position);
        let stream = StreamName::parse(STREAMS[stream]).unwrap();
        clock.set(start + SignedDuration::from_secs(i64::try_from(position).unwrap()));
        let expected = match log.stream_head(&stream).await.unwrap() {
            None => Expected::NoStream,
            Some(Head { revision: found, hash }) => {
                assert_eq!(found + 1, revision);
                Expected::At(Head { revision: found, hash })
            }
        };
        let event = NewEvent {
            id: event_id(position),
            event_type: "test.Happened.v1".to_owned(),
            metadata: br#"{"actor":"x"}"#.to_vec(),
            payload: format!("{{\"n\":{position}}}").into_bytes(),
        };
        hashes.push(log.append(&stream, expected, vec![event]).await.unwrap().records[0].hash);
    }
    hashes
}

async fn log() -> (TempDir, Vec<Hash>) {
    let directory = tempfile::tempdir().unwrap();
    let hashes = grow(directory.path(), 1, END).await;
    (directory, hashes)
}

fn tamper(directory: &TempDir, sql: &str) {
    Connection::open(directory.path().join("log.db"))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

fn delete_heads(directory: &TempDir) {
    for name in ["heads.db", "heads.db-wal", "heads.db-shm"] {
        drop(std::fs::remove_file(directory.path().join(name)));
    }
}

fn check(directory: &TempDir) -> Report {
    verify(directory.path(), &Options::default()).unwrap()
}

fn problem(position: u64, kind: ProblemKind) -> Problem {
    let (stream, revision) = place(position);
    Problem {
        place: Place {
            position: Some(position),
            stream: Some(STREAMS[stream].to_owned()),
            revision: Some(revision),
            event_id: Some(event_id(position)),
        },
        kind,
    }
}

fn at(position: u64) -> Place {
    Place {
        position: Some(position),
        ..Place::default()
    }
}

#[track_caller]
fn assert_named(report: &Report, expected: &Problem) {
    assert!(!report.is_sound());
    assert!(report.problems.contains(expected), "{expected:?} is not in {report:#?}");
}

#[tokio::test]
async fn a_sound_log_is_sound_also_while_it_is_served() {
    let (directory, hashes) = log().await;
    let report = check(&directory);
    assert_eq!(report.problems, []);
    assert_eq!(
        (report.end, report.records, report.streams, report.epoch),
        (END, END, 3, 1)
    );
    assert_eq!(report.end_hash, Some(hashes.last().unwrap().to_hex()));
    assert_eq!(report.heads, HeadsState::Compared { position: END });
    assert!(report.to_string().ends_with("sound / 完好"), "{report}");

    let clock = Arc::new(SimulatedClock::new("2026-03-02T00:00:00Z".parse().unwrap()));
    let served = SqliteLog::open(directory.path(), OpenOptions::new(clock)).unwrap();
    assert!(check(&directory).is_sound());
    drop(served);
}

#[tokio::test]
async fn an_empty_log_and_no_log() {
    let directory = tempfile::tempdir().unwrap();
    assert!(verify(directory.path(), &Options::default()).is_err());
    let clock = Arc::new(SimulatedClock::new("2026-03-02T00:00:00Z".parse().unwrap()));
    drop(SqliteLog::open(directory.path(), OpenOptions::new(clock)).unwrap());
    let report = check(&directory);
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.end, report.end_hash), (0, None));
}

#[tokio::test]
async fn one_byte_changed_in_any_column_is_named() {
    for (column, sql) in [
        (
            "payload",
            "UPDATE record SET payload = replace(payload, '5', '6') WHERE position = 5",
        ),
        (
            "metadata",
            "UPDATE record SET metadata = replace(metadata, '\"x\"', '\"y\"') WHERE position = 5",
        ),
        ("type", "UPDATE record SET type = 'test.Happened.v2' WHERE position = 5"),
        (
            "recorded_time",
            "UPDATE record SET metadata = replace(metadata, '00:00:05', '00:00:04') WHERE position = 5",
        ),
    ] {
        let (directory, _) = log().await;
        tamper(&directory, sql);
        let report = check(&directory);
        assert_eq!(report.problems, [problem(5, ProblemKind::Altered)], "{column}");
    }
}

#[tokio::test]
async fn every_single_byte_of_a_record_counts() {
    let (directory, _) = log().await;
    // The newest record of its stream: no later one vouches for it. Nor do the heads.
    delete_heads(&directory);
    let position = i64::try_from(END).unwrap();
    let connection = Connection::open(directory.path().join("log.db")).unwrap();
    for (column, kind) in [
        ("event_id", "BLOB"),
        ("type", "TEXT"),
        ("metadata", "TEXT"),
        ("payload", "TEXT"),
    ] {
        let select = format!("SELECT CAST({column} AS BLOB) FROM record WHERE position = ?1");
        let genuine: Vec<u8> = connection.query_row(&select, [position], |row| row.get(0)).unwrap();
        let update = format!("UPDATE record SET {column} = CAST(?1 AS {kind}) WHERE position = ?2");
        for at in 0..genuine.len() {
            let mut changed = genuine.clone();
            changed[at] ^= 1;
            connection.execute(&update, (&changed, position)).unwrap();
            let report = check(&directory);
            assert_eq!(report.problems.len(), 1, "byte {at} of {column}: {report}");
            assert_eq!(report.problems[0].place.position, Some(END));
        }
        connection.execute(&update, (&genuine, position)).unwrap();
    }
    assert!(check(&directory).is_sound());
}

#[tokio::test]
async fn a_changed_revision_stream_or_id_is_named_at_its_position() {
    for sql in [
        "UPDATE record SET revision = 2 WHERE position = 5",
        "UPDATE record SET stream = 1 WHERE position = 5",
        "UPDATE record SET event_id = zeroblob(16) WHERE position = 5",
    ] {
        let (directory, _) = log().await;
        tamper(&directory, sql);
        let report = check(&directory);
        let named = |problem: &Problem| problem.place.position == Some(5) && problem.kind == ProblemKind::Altered;
        assert!(report.problems.iter().any(named), "{sql}: {report}");
    }
}

#[tokio::test]
async fn a_changed_link_is_named() {
    let (directory, _) = log().await;
    tamper(&directory, "UPDATE record SET prev_position = 4 WHERE position = 8");
    let kind = ProblemKind::Link {
        found: Some(4),
        expected: 5,
    };
    assert_eq!(check(&directory).problems, [problem(8, kind)]);
}

#[tokio::test]
async fn rows_that_are_no_records_are_named() {
    let (directory, _) = log().await;
    tamper(
        &directory,
        "UPDATE record SET payload = x'00' WHERE position = 2;
         UPDATE record SET metadata = '{}' WHERE position = 3;
         UPDATE record SET event_id = 'short' WHERE position = 4;",
    );
    let report = check(&directory);
    let places: Vec<_> = report.problems.iter().map(|problem| problem.place.position).collect();
    assert_eq!(places, [Some(2), Some(3), Some(4)]);
    assert!(
        report
            .problems
            .iter()
            .all(|problem| matches!(problem.kind, ProblemKind::Unreadable { .. }))
    );
}

#[tokio::test]
async fn two_rows_that_changed_positions_are_named_as_a_pair() {
    for (first, second) in [(5, 15), (7, 8), (1, END), (4, 7)] {
        let (directory, _) = log().await;
        tamper(
            &directory,
            &format!(
                "UPDATE record SET position = 1000 WHERE position = {first};
                 UPDATE record SET position = {first} WHERE position = {second};
                 UPDATE record SET position = {second} WHERE position = 1000;"
            ),
        );
        let report = check(&directory);
        for (at, with) in [(first, second), (second, first)] {
            // The record that stands at `at` now was written at `with`.
            let mut expected = problem(with, ProblemKind::PositionsSwapped { with });
            expected.place.position = Some(at);
            assert_named(&report, &expected);
        }
    }
}

#[tokio::test]
async fn two_rows_whose_contents_changed_places_are_named_as_a_pair() {
    let swap = |columns: &[&str]| {
        let set: Vec<_> = columns
            .iter()
            .map(|column| {
                format!("{column} = (SELECT {column} FROM before WHERE before.position = 20 - record.position)")
            })
            .collect();
        format!(
            "CREATE TEMP TABLE before AS SELECT * FROM record WHERE position IN (6, 14);
             UPDATE record SET {} WHERE position IN (6, 14);",
            set.join(", ")
        )
    };
    for columns in [&["payload"][..], &["event_id", "type", "metadata", "payload"]] {
        let (directory, _) = log().await;
        tamper(&directory, &swap(columns));
        let report = check(&directory);
        let named: Vec<_> = report
            .problems
            .iter()
            .map(|problem| (problem.place.position, problem.kind.clone()))
            .collect();
        let expected = [
            (Some(6), ProblemKind::ContentsSwapped { with: 14 }),
            (Some(14), ProblemKind::ContentsSwapped { with: 6 }),
        ];
        assert_eq!(named, expected, "{columns:?}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_named_by_the_heads() {
    let (directory, _) = log().await;
    tamper(&directory, "DELETE FROM record WHERE position > 20");
    let report = check(&directory);
    let kind = ProblemKind::TailCut {
        end: 20,
        seen: END,
        source: "heads.db".to_owned(),
    };
    assert_eq!(report.problems, [Problem { place: at(21), kind }]);
    assert!(
        report
            .to_string()
            .contains("the tail is cut: the log ends at 20, heads.db has seen 24"),
        "{report}"
    );
}

#[tokio::test]
async fn a_cut_tail_without_heads_needs_a_note_and_the_report_says_so() {
    let (directory, hashes) = log().await;
    tamper(&directory, "DELETE FROM record WHERE position > 20");
    delete_heads(&directory);
    let report = check(&directory);
    assert!(report.is_sound());
    assert!(report.to_string().contains("a cut tail could not be seen"), "{report}");

    let note = |position: u64, hash| Expectation {
        source: "backup of March".to_owned(),
        position,
        hash,
    };
    let with = |expected| {
        verify(
            directory.path(),
            &Options {
                expected,
                ..Options::default()
            },
        )
        .unwrap()
    };
    let report = with(vec![note(END, hashes.last().copied())]);
    let kind = ProblemKind::TailCut {
        end: 20,
        seen: END,
        source: "backup of March".to_owned(),
    };
    assert_eq!(report.problems, [Problem { place: at(21), kind }]);
    // A note that fits says nothing.
    assert!(with(vec![note(19, Some(hashes[18])), note(20, None)]).is_sound());
    let replaced = with(vec![note(19, Some(hashes[17]))]);
    let kind = ProblemKind::Replaced {
        source: "backup of March".to_owned(),
    };
    assert_eq!(replaced.problems, [Problem { place: at(19), kind }]);
}

#[tokio::test]
async fn a_tail_cut_and_grown_again_is_named() {
    let (directory, hashes) = log().await;
    tamper(&directory, "DELETE FROM record WHERE position > 20");
    delete_heads(&directory);
    // Other records take the places of those that were cut.
    let start = Timestamp::from_second(1_800_000_000).unwrap();
    let log = SqliteLog::open(directory.path(), OpenOptions::new(Arc::new(SimulatedClock::new(start)))).unwrap();
    let stream = StreamName::parse("other-x").unwrap();
    let events = (100..110)
        .map(|number| NewEvent {
            id: event_id(number),
            event_type: "test.Happened.v1".to_owned(),
            metadata: b"{}".to_vec(),
            payload: b"{}".to_vec(),
        })
        .collect();
    log.append(&stream, Expected::NoStream, events).await.unwrap();
    drop(log);
    assert!(check(&directory).is_sound(), "the log alone is consistent");
    let expected = vec![Expectation {
        source: "note".to_owned(),
        position: END,
        hash: hashes.last().copied(),
    }];
    let report = verify(
        directory.path(),
        &Options {
            expected,
            ..Options::default()
        },
    )
    .unwrap();
    assert_eq!(report.problems.len(), 1);
    assert_eq!(
        report.problems[0].kind,
        ProblemKind::Replaced {
            source: "note".to_owned()
        }
    );
}

#[tokio::test]
async fn a_record_deleted_in_the_middle_is_named() {
    let (directory, _) = log().await;
    tamper(&directory, "DELETE FROM record WHERE position IN (10, 11)");
    let report = check(&directory);
    let kind = ProblemKind::Missing { from: 10, to: 11 };
    assert_named(&report, &Problem { place: at(10), kind });
    // The streams name the hole too, at the records after it.
    assert_named(&report, &problem(13, ProblemKind::Revision { expected: 3 }));
    assert_named(&report, &problem(14, ProblemKind::Revision { expected: 3 }));
}

#[tokio::test]
async fn a_deleted_record_whose_hole_was_closed_is_named() {
    let (directory, _) = log().await;
    tamper(
        &directory,
        "DELETE FROM record WHERE position = 10;
         UPDATE record SET position = -position WHERE position > 10;
         UPDATE record SET position = -position - 1 WHERE position < 0;
         UPDATE record SET prev_position = prev_position - 1 WHERE prev_position > 10;",
    );
    let report = check(&directory);
    let mut expected = problem(13, ProblemKind::Revision { expected: 3 });
    expected.place.position = Some(12);
    assert_named(&report, &expected);
}

#[tokio::test]
async fn a_duplicated_record_is_named() {
    let (directory, _) = log().await;
    tamper(
        &directory,
        "INSERT INTO record SELECT 25, stream, revision, prev_position, event_id, type, metadata, payload
         FROM record WHERE position = 8",
    );
    let report = check(&directory);
    let mut expected = problem(8, ProblemKind::Duplicate { of: 8 });
    expected.place.position = Some(25);
    assert_eq!(report.problems, [expected]);
}

#[tokio::test]
async fn a_record_rewritten_with_a_fitting_hash_breaks_the_chain() {
    let (directory, _) = log().await;
    let genuine = Connection::open(directory.path().join("log.db")).unwrap();
    let metadata: String = genuine
        .query_row("SELECT metadata FROM record WHERE position = 5", [], |row| row.get(0))
        .unwrap();
    let payload = br#"{"n":5000}"#;
    let forged = forge(&metadata, payload);
    genuine
        .execute(
            "UPDATE record SET metadata = ?1, payload = ?2 WHERE position = 5",
            (&forged, std::str::from_utf8(payload).unwrap()),
        )
        .unwrap();
    let report = check(&directory);
    assert_eq!(report.problems, [problem(8, ProblemKind::Prev { previous: 5 })]);
}

/// Metadata with the hash that fits another payload: what a forger with the documentation at hand computes.
fn forge(metadata: &str, payload: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let (opening, _) = metadata.split_at(metadata.find("\"prev\"").unwrap());
    let hashed = &metadata[opening.len()..];
    let (stream, revision) = place(5);
    let mut sha = Sha256::new();
    for part in [
        b"yujian-record/1/sha256".as_slice(),
        STREAMS[stream].as_bytes(),
        &revision.to_be_bytes(),
        event_id(5).as_bytes(),
        b"test.Happened.v1",
        hashed.as_bytes(),
        payload,
    ] {
        sha.update(u64::try_from(part.len()).unwrap().to_be_bytes());
        sha.update(part);
    }
    let hash = Hash(sha.finalize().into()).to_hex();
    format!("{{\"format\":1,\"hash\":\"sha256:{hash}\",{hashed}")
}

#[tokio::test]
async fn streams_of_one_name_bad_names_and_empty_streams_are_named() {
    let (directory, _) = log().await;
    tamper(
        &directory,
        "INSERT INTO stream (number, name) VALUES (4, 'institution-a'), (5, 'No Name'), (6, 'region-x');",
    );
    let kinds: Vec<_> = check(&directory)
        .problems
        .into_iter()
        .map(|problem| (problem.place.stream.unwrap(), problem.kind))
        .collect();
    assert!(kinds.contains(&("institution-a".to_owned(), ProblemKind::NameTwice)));
    assert!(kinds.contains(&("No Name".to_owned(), ProblemKind::NameInvalid)));
    assert!(kinds.contains(&("region-x".to_owned(), ProblemKind::EmptyStream)));
}

#[tokio::test]
async fn heads_that_differ_are_named_and_foreign_ones_not_used() {
    let (directory, _) = log().await;
    let heads = Connection::open(directory.path().join("heads.db")).unwrap();
    heads
        .execute_batch("UPDATE head SET position = 4 WHERE stream = 2")
        .unwrap();
    let report = check(&directory);
    let kind = ProblemKind::Heads { says: 4, expected: 23 };
    let stream = Some("institution-b".to_owned());
    assert_eq!(
        report.problems,
        [Problem {
            place: Place {
                stream,
                ..Place::default()
            },
            kind
        }]
    );

    heads.execute_batch("UPDATE mark SET log = 'another'").unwrap();
    let report = check(&directory);
    assert_eq!((report.is_sound(), report.heads), (true, HeadsState::OtherLog));
}

#[tokio::test]
async fn a_damaged_page_is_located_and_the_rest_still_checked() {
    let directory = tempfile::tempdir().unwrap();
    grow(directory.path(), 1, 600).await;
    tamper(
        &directory,
        "PRAGMA wal_checkpoint(TRUNCATE); UPDATE record SET payload = '[]' WHERE position = 590;",
    );
    tamper(&directory, "PRAGMA wal_checkpoint(TRUNCATE);");
    let file = directory.path().join("log.db");
    let (page, page_size): (u64, u64) = {
        let connection = Connection::open(&file).unwrap();
        let size = connection
            .query_row("PRAGMA page_size", [], |row| row.get::<_, u32>(0))
            .unwrap();
        // The header of a leaf in the middle of the table.
        (20, u64::from(size))
    };
    let mut bytes = std::fs::read(&file).unwrap();
    let at = usize::try_from((page - 1) * page_size).unwrap();
    bytes[at..at + 8].copy_from_slice(&[0xFF; 8]);
    std::fs::write(&file, bytes).unwrap();
    let report = check(&directory);
    assert!(
        report
            .problems
            .iter()
            .any(|problem| matches!(&problem.kind, ProblemKind::Unreadable { detail } if detail.contains("damaged"))),
        "{report}"
    );
    assert!(
        report
            .problems
            .iter()
            .any(|problem| problem.place.position == Some(590) && problem.kind == ProblemKind::Altered),
        "{report}"
    );
}

#[tokio::test]
async fn progress_runs_to_the_end_and_the_report_is_json() {
    let (directory, _) = log().await;
    let seen = RefCell::new(Vec::new());
    let progress = |done, total| seen.borrow_mut().push((done, total));
    let report = verify(
        directory.path(),
        &Options {
            progress: Some(&progress),
            ..Options::default()
        },
    )
    .unwrap();
    assert_eq!(seen.into_inner().last(), Some(&(END, END)));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["records"], END);
    assert_eq!(json["heads"]["state"], "compared");

    tamper(&directory, "UPDATE record SET payload = '{}' WHERE position = 5");
    let json = serde_json::to_value(check(&directory)).unwrap();
    assert_eq!(json["problems"][0]["problem"], "altered");
    assert_eq!(json["problems"][0]["stream"], "institution-b");
    assert_eq!(json["problems"][0]["position"], 5);
}
