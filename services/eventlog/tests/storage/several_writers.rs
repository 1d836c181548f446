//! A log that several nodes wrote, copied into the embedded one: its times may step back a little, and a copy that was
//! broken off goes on.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tempfile::TempDir;
use yujian_eventlog::header::FORMAT;
use yujian_eventlog::record::Checked;
use yujian_eventlog::rules::WRITERS_APART;
use yujian_eventlog::sqlite::header::finish_migration;
use yujian_eventlog::sqlite::{Header, LogKind, OpenError, OpenOptions, ReadOnlyLog, SqliteLog, schema};
use yujian_eventlog::verify::{Options, Problem, ProblemKind, verify};
use yujian_eventlog::{EventLog, Expected, Hash, Item, LogError, LogPosition, Record};

use crate::support::{TestClock, at, event, open, stream};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

fn start() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

fn header_of_copy(source: &str) -> Header {
    Header {
        format: FORMAT,
        created: start(),
        epoch: 2,
        kind: LogKind::Real,
        check_values: [(1, "one".to_owned())].into(),
        several_writers: true,
        migrating_from: Some(source.to_owned()),
    }
}

fn try_copy(directory: &Path, source: &str, clock: &Arc<TestClock>) -> Result<Arc<SqliteLog>, OpenError> {
    let options = OpenOptions {
        copy: Some(header_of_copy(source)),
        ..OpenOptions::new(clock.clone())
    };
    SqliteLog::open(directory, options)
}

/// Opens a log that another one, `source`, is being copied into.
fn copy(directory: &TempDir) -> Arc<SqliteLog> {
    try_copy(directory.path(), "source", &TestClock::new()).unwrap()
}

fn finish(directory: &TempDir, several_writers: bool) {
    finish_migration(&directory.path().join(schema::LOG_FILE), several_writers).unwrap();
}

/// Opens what was copied and finished, as a server does.
fn serve(directory: &TempDir, clock: &Arc<TestClock>) -> Arc<SqliteLog> {
    let options = OpenOptions {
        check_values: vec![(1, "one".to_owned())],
        ..OpenOptions::new(clock.clone())
    };
    SqliteLog::open(directory.path(), options).unwrap()
}

/// Records of a log in which three streams take turns, written at these times.
fn written(times: impl IntoIterator<Item = Timestamp>) -> Vec<Record> {
    let mut heads = [None; 3];
    let mut records = Vec::new();
    for (index, time) in times.into_iter().enumerate() {
        let number = u64::try_from(index).unwrap();
        let (revision, prev) = heads[index % 3].unwrap_or((0, Hash::ZERO));
        let position = LogPosition {
            epoch: 1,
            number: number + 1,
        };
        let name = stream(&format!("s{}", index % 3));
        let event = Checked::new(event(u128::from(number))).unwrap();
        let record = event.seal(position, &name, revision, prev, time).unwrap();
        heads[index % 3] = Some((revision + 1, record.hash));
        records.push(record);
    }
    records
}

/// Times so many seconds after the start.
fn seconds<const N: usize>(after: [i64; N]) -> [Timestamp; N] {
    after.map(|seconds| start() + SignedDuration::from_secs(seconds))
}

fn is_refused(answer: &Result<LogPosition, LogError>) -> bool {
    matches!(answer, Err(LogError::Invalid(problem)) if problem.contains("recorded_time does not follow"))
}

#[tokio::test]
async fn times_step_back_by_59_s_and_not_by_61_while_a_log_is_copied() {
    let directory = tempfile::tempdir().unwrap();
    let log = copy(&directory);
    let sound = written(seconds([0, 100, 41, 120, 61, 61]));
    assert_eq!(log.append_sealed(sound.clone()).await.unwrap().number, 6);
    // 120 s is the latest so far, whatever came since; the edge is a minute and belongs to what is taken.
    let next = |time| written(seconds([0, 100, 41, 120, 61, 61]).into_iter().chain([time])).split_off(6);
    let latest = sound[3].recorded_time;
    for late in [SECOND * 61, WRITERS_APART + NANOSECOND] {
        assert!(is_refused(&log.append_sealed(next(latest - late)).await));
    }
    assert_eq!(log.head().borrow().number, 6);
    assert_eq!(log.append_sealed(next(latest - WRITERS_APART)).await.unwrap().number, 7);
}

#[tokio::test]
async fn a_batch_in_which_times_step_back_too_far_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let log = copy(&directory);
    // Each step is below a minute, both together are not.
    let refused = log.append_sealed(written(seconds([100, 60, 20]))).await;
    assert!(is_refused(&refused), "{refused:?}");
    assert_eq!(log.head().borrow().number, 0);
    assert_eq!(log.streams("test").await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_log_that_is_not_being_copied_takes_no_time_that_does_not_follow() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), &TestClock::new());
    for late in [0, -1, -59] {
        let refused = log.append_sealed(written(seconds([100, 100 + late]))).await;
        assert!(is_refused(&refused), "{refused:?}");
    }
    assert_eq!(log.append_sealed(written(seconds([100, 101]))).await.unwrap().number, 2);
}

#[tokio::test]
async fn a_copy_that_was_broken_off_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let records = written(seconds([0, 100, 41, 99, 45, 130]));
    let log = copy(&directory);
    log.append_sealed(records[..3].to_vec()).await.unwrap();
    drop(log);
    let log = copy(&directory);
    assert_eq!(*log.head().borrow(), LogPosition { epoch: 2, number: 3 });
    assert_eq!(log.header(), &header_of_copy("source"));
    // It still knows that 100 s was the latest, though the last record is older.
    let early = written(seconds([0, 100, 41, 39])).split_off(3);
    assert!(is_refused(&log.append_sealed(early).await));
    log.append_sealed(records[3..].to_vec()).await.unwrap();
    let copied = log.read_all(log.origin(), 10).await.unwrap().items;
    assert!(copied.iter().zip(&records).all(
        |(item, record)| matches!(item, Item::Record(copied) if (copied.hash, &copied.metadata) == (record.hash, &record.metadata))
    ));
    assert_eq!(copied.len(), records.len());
}

#[tokio::test]
async fn an_unfinished_copy_is_not_served_and_a_finished_one_is() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let log = copy(&directory);
    log.append_sealed(written(seconds([0, 100, 41]))).await.unwrap();
    drop(log);
    let served = SqliteLog::open(directory.path(), OpenOptions::new(clock.clone()));
    assert!(matches!(served, Err(OpenError::Migrating)));
    finish(&directory, true);
    let log = serve(&directory, &clock);
    let header = Header {
        migrating_from: None,
        ..header_of_copy("source")
    };
    assert_eq!(log.header(), &header);
    assert_eq!(log.check_writable(), Ok(()));
    log.append(&stream("new"), Expected::NoStream, vec![event(9)])
        .await
        .unwrap();
    drop(log);
    // Its keys are asked for as those of any log.
    let log = open(directory.path(), &clock);
    assert!(matches!(log.check_writable(), Err(LogError::ReadOnly(_))));
}

#[tokio::test]
async fn a_copy_goes_into_an_empty_place_or_an_unfinished_copy_of_the_same_log_only() {
    let clock = TestClock::new();
    let ordinary = tempfile::tempdir().unwrap();
    drop(open(ordinary.path(), &clock));
    let unfinished = tempfile::tempdir().unwrap();
    drop(copy(&unfinished));
    let finished = tempfile::tempdir().unwrap();
    drop(copy(&finished));
    finish(&finished, true);
    for (directory, source) in [
        (&ordinary, "source"),
        (&unfinished, "another source"),
        (&finished, "source"),
    ] {
        let opened = try_copy(directory.path(), source, &clock);
        assert!(matches!(opened, Err(OpenError::Occupied)));
    }
    // None of them was touched.
    open(ordinary.path(), &clock);
    copy(&unfinished);
    serve(&finished, &clock);
}

#[tokio::test]
async fn what_is_written_after_a_copy_is_later_than_all_that_was_copied() {
    let directory = tempfile::tempdir().unwrap();
    let log = copy(&directory);
    // The latest time is half a minute ahead of the clock here, and the last record is older than both.
    let clock = TestClock::new();
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let times = [0, 30, -20].map(|after| now + SignedDuration::from_secs(after));
    log.append_sealed(written(times)).await.unwrap();
    drop(log);
    finish(&directory, true);
    let log = serve(&directory, &clock);
    let first = log
        .append(&stream("new"), Expected::NoStream, vec![event(9)])
        .await
        .unwrap();
    assert!(first.records[0].recorded_time > times[1]);
    let second = log
        .append(&stream("new"), at(&first.records), vec![event(10)])
        .await
        .unwrap();
    assert!(second.records[0].recorded_time > first.records[0].recorded_time);
}

#[tokio::test]
async fn verify_takes_a_step_of_59_s_for_sound_where_several_wrote_and_names_it_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let log = copy(&directory);
    log.append_sealed(written(seconds([0, 100, 41, 99, 40, 41, 42, 130])))
        .await
        .unwrap();
    drop(log);
    let check = || verify(directory.path(), &Options::default()).unwrap();
    finish(&directory, true);
    assert_eq!(check().problems, []);
    finish(&directory, false);
    let found: Vec<_> = check().problems.iter().map(time_problem).collect();
    assert_eq!(found, [(3, 2), (5, 4)]);
}

#[tokio::test]
async fn verify_names_a_step_of_61_s_also_where_several_wrote() {
    let directory = tempfile::tempdir().unwrap();
    // The first is too late for the second and the fourth to have changed places.
    let records = written(seconds([90, 100, 41, 39, 130]));
    let log = copy(&directory);
    log.append_sealed(records[..3].to_vec()).await.unwrap();
    drop(log);
    // Past the log, which would not take it.
    let conn = rusqlite::Connection::open(directory.path().join(schema::LOG_FILE)).unwrap();
    for (record, number, prev_position) in [(&records[3], 1, 1), (&records[4], 2, 2)] {
        conn.execute(
            "INSERT INTO record (position, stream, revision, prev_position, event_id, type, metadata, payload)
             VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7)",
            (
                i64::try_from(record.position.number).unwrap(),
                number,
                prev_position,
                record.id.as_bytes(),
                &record.event_type,
                std::str::from_utf8(&record.metadata).unwrap(),
                std::str::from_utf8(&record.payload).unwrap(),
            ),
        )
        .unwrap();
    }
    drop(conn);
    finish(&directory, true);
    let report = verify(directory.path(), &Options::default()).unwrap();
    let found: Vec<_> = report.problems.iter().map(time_problem).collect();
    assert_eq!(found, [(4, 2)]);
}

/// Where time steps back, and after which record.
fn time_problem(problem: &Problem) -> (u64, u64) {
    match problem.kind {
        ProblemKind::Time { after } => (problem.place.position.unwrap(), after),
        _ => panic!("{problem:?}"),
    }
}

/// What [`EventLog::position_at`] promises, said naively.
fn known_at(instant: Timestamp, times: &[Timestamp]) -> u64 {
    let known = times.iter().take_while(|time| **time <= instant).count();
    u64::try_from(known).unwrap()
}

/// Copies a log of these times and asks for positions around `asked` of them, while it is copied, served, and read
/// beside.
async fn ask_for_positions(times: &[Timestamp], asked: usize) {
    let directory = tempfile::tempdir().unwrap();
    let log = copy(&directory);
    let records = written(times.iter().copied());
    for batch in records.chunks(1000) {
        log.append_sealed(batch.to_vec()).await.unwrap();
    }
    let mut instants: Vec<Timestamp> = vec![Timestamp::MIN, Timestamp::MAX];
    for time in times.iter().step_by(times.len().div_ceil(asked)) {
        for by in [
            SignedDuration::ZERO,
            NANOSECOND,
            -NANOSECOND,
            WRITERS_APART,
            -WRITERS_APART,
            SECOND * 30,
        ] {
            instants.push(*time + by);
        }
    }
    let check = async |log: &dyn EventLog| {
        for instant in &instants {
            let position = log.position_at(*instant).await.unwrap();
            assert_eq!(position.number, known_at(*instant, times), "{instant} of {times:?}");
        }
    };
    check(log.as_ref()).await;
    drop(log);
    finish(&directory, true);
    check(serve(&directory, &TestClock::new()).as_ref()).await;
    check(&ReadOnlyLog::open(directory.path()).unwrap()).await;
}

/// Adds up steps from the latest time so far: back by a minute at most, or forwards.
fn times_of(steps: &[i64]) -> Vec<Timestamp> {
    let mut latest = start();
    let mut times = Vec::with_capacity(steps.len());
    for step in steps {
        let time = latest + SignedDuration::from_millis(*step);
        latest = latest.max(time);
        times.push(time);
    }
    times
}

#[tokio::test]
async fn positions_of_instants_are_found_though_thousands_lie_within_a_minute() {
    // 50 ms forwards and up to a minute back, again and again: 2,400 records within each minute.
    let steps: Vec<i64> = (0..4000).map(|number| [50, -60_000, 50, -31_000][number % 4]).collect();
    ask_for_positions(&times_of(&steps), 4).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn positions_of_instants_are_those_of_a_naive_scan(
        steps in proptest::collection::vec(
            prop_oneof![
                4 => -60_000..=60_000_i64,
                2 => Just(-60_000_i64),
                1 => Just(0_i64),
                2 => 0..1_000_i64,
                1 => 60_000..400_000_i64,
            ],
            1..80,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(ask_for_positions(&times_of(&steps), 16));
    }
}
