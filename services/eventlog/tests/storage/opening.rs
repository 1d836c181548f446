//! How the embedded log opens, and what it refuses.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use rusqlite::Connection;
use yujian_eventlog::checkpoint::{Change, Checkpoint, StateFile, Timer};
use yujian_eventlog::sqlite::header::{HeaderError, bump_epoch};
use yujian_eventlog::sqlite::{LogKind, OpenError, OpenOptions, SqliteLog, schema};
use yujian_eventlog::{Direction, EventLog, Expected, Hash, LogError, LogPosition};

use crate::support::{TestClock, event, open, stream};

#[test]
fn a_second_opening_is_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let first = open(directory.path(), &clock);
    let second = SqliteLog::open(directory.path(), OpenOptions::new(clock.clone()));
    let error = second.err().unwrap();
    assert!(matches!(error, OpenError::Locked));
    assert!(error.to_string().contains("正被另一个进程使用"));
    drop(first);
    open(directory.path(), &clock);
}

#[test]
fn real_and_demo_logs_are_not_taken_for_each_other() {
    let until = "2026-03-01T00:00:00Z".parse().unwrap();
    let demo = |seed| LogKind::Demo { seed, until };
    let clock = TestClock::new();
    let open_as = |directory: &tempfile::TempDir, kind| {
        let options = OpenOptions {
            kind,
            ..OpenOptions::new(clock.clone())
        };
        SqliteLog::open(directory.path(), options).map(|log| log.header().kind.clone())
    };
    let real = tempfile::tempdir().unwrap();
    assert_eq!(open_as(&real, LogKind::Real).unwrap(), LogKind::Real);
    assert!(matches!(open_as(&real, demo(1)), Err(OpenError::NotDemo)));
    let play = tempfile::tempdir().unwrap();
    assert_eq!(open_as(&play, demo(1)).unwrap(), demo(1));
    assert!(matches!(open_as(&play, LogKind::Real), Err(OpenError::IsDemo)));
    assert!(matches!(
        open_as(&play, demo(2)),
        Err(OpenError::OtherDemo { seed: 1, .. })
    ));
    assert_eq!(open_as(&play, demo(1)).unwrap(), demo(1));
}

#[tokio::test]
async fn without_the_key_it_was_written_with_a_log_reads_and_takes_no_writes() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let open_with = |check_values: &[(u32, &str)]| {
        let check_values = check_values
            .iter()
            .map(|(epoch, value)| (*epoch, (*value).to_owned()))
            .collect();
        SqliteLog::open(
            directory.path(),
            OpenOptions {
                check_values,
                ..OpenOptions::new(clock.clone())
            },
        )
        .unwrap()
    };
    let log = open_with(&[(1, "one")]);
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    drop(log);
    drop(open_with(&[(1, "one"), (2, "two")]));
    for (keys, epoch) in [
        (&[][..], "1"),
        (&[(1, "one")][..], "2"),
        (&[(1, "one"), (2, "other")][..], "2"),
    ] {
        let log = open_with(keys);
        let refused = log.append(&stream("b"), Expected::NoStream, vec![event(2)]).await;
        let LogError::ReadOnly(reason) = refused.unwrap_err() else {
            panic!("another error")
        };
        assert!(reason.contains(&format!("epoch {epoch}")), "{reason}");
        assert!(log.check_writable().is_err());
        assert_eq!(
            log.read_stream(&stream("a"), Direction::Forwards, None, 9)
                .await
                .unwrap()
                .len(),
            1
        );
        assert!(
            log.append(&stream("a"), Expected::NoStream, vec![event(1)])
                .await
                .unwrap()
                .repeated
        );
    }
    let log = open_with(&[(1, "one"), (2, "two")]);
    log.append(&stream("b"), Expected::NoStream, vec![event(2)])
        .await
        .unwrap();
}

#[tokio::test]
async fn heads_are_rebuilt_when_deleted_damaged_or_of_another_log() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let heads = directory.path().join(schema::HEADS_FILE);
    let log = open(directory.path(), &clock);
    for number in 0..50 {
        let name = stream(&format!("s{number}"));
        log.append(&name, Expected::NoStream, vec![event(number), event(number + 100)])
            .await
            .unwrap();
    }
    let before = log.stream_head(&stream("s7")).await.unwrap();
    drop(log);
    let foreign = tempfile::tempdir().unwrap();
    clock.advance(SignedDuration::from_secs(1));
    let other = open(foreign.path(), &clock);
    other
        .append(&stream("x"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    drop(other);
    let spoil: [&dyn Fn(); 4] = [
        &|| std::fs::remove_file(&heads).unwrap(),
        &|| std::fs::write(&heads, vec![0x5a; 20_000]).unwrap(),
        &|| assert!(std::fs::copy(foreign.path().join(schema::HEADS_FILE), &heads).unwrap() > 0),
        // Of the same log, and wrong.
        &|| {
            let conn = Connection::open(&heads).unwrap();
            conn.execute_batch("UPDATE mark SET position = 40; UPDATE head SET position = 1000 WHERE stream = 8")
                .unwrap();
        },
    ];
    for spoil in spoil {
        spoil();
        let scanned = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&scanned);
        let options = OpenOptions {
            progress: Some(Arc::new(move |done, all| told.lock().unwrap().push((done, all)))),
            ..OpenOptions::new(clock.clone())
        };
        let log = SqliteLog::open(directory.path(), options).unwrap();
        assert_eq!(*scanned.lock().unwrap(), [(0, 100), (100, 100)]);
        assert_eq!(log.stream_head(&stream("s7")).await.unwrap(), before);
        let conflict = log.append(&stream("s7"), Expected::NoStream, vec![event(999)]).await;
        assert_eq!(conflict, Err(LogError::Conflict { current: before }));
    }
}

#[tokio::test]
async fn a_new_epoch_refuses_positions_of_the_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let log = open(directory.path(), &clock);
    log.append(&stream("a"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    let old = *log.head().borrow();
    drop(log);
    assert_eq!(bump_epoch(&directory.path().join(schema::LOG_FILE)).unwrap(), 2);
    let log = open(directory.path(), &clock);
    assert_eq!(*log.head().borrow(), LogPosition { epoch: 2, number: 1 });
    assert_eq!(
        log.read_all(old, 10).await,
        Err(LogError::OtherEpoch {
            position: old,
            current: 2
        })
    );
    let head = log.stream_head(&stream("a")).await.unwrap().unwrap();
    log.append(&stream("a"), Expected::At(head), vec![event(2)])
        .await
        .unwrap();
}

#[test]
fn what_is_not_a_log_of_this_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let path = directory.path().join(schema::LOG_FILE);
    std::fs::write(
        &path,
        "no database at all, but long enough to be looked at as one. ".repeat(100),
    )
    .unwrap();
    let opened = SqliteLog::open(directory.path(), OpenOptions::new(clock.clone()));
    assert!(matches!(opened, Err(OpenError::Corrupt(_))));
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let opened = SqliteLog::open(directory.path(), OpenOptions::new(clock.clone()));
    assert!(matches!(opened, Err(OpenError::Header(HeaderError::NotALog))));
    std::fs::remove_file(&path).unwrap();
    drop(open(directory.path(), &clock));
    Connection::open(&path)
        .unwrap()
        .execute_batch("UPDATE header SET value='2' WHERE key='format'")
        .unwrap();
    let opened = SqliteLog::open(directory.path(), OpenOptions::new(clock));
    assert!(matches!(opened, Err(OpenError::Header(HeaderError::Format(2)))));
}

fn timer(number: u32, due: &str) -> Timer {
    Timer {
        kind: "expire".to_owned(),
        stream: "person-a".to_owned(),
        number,
        day: "2026-03-01".parse().unwrap(),
        due: due.parse().unwrap(),
        revision: 4,
        cause: uuid::Uuid::from_u128(u128::from(number)),
    }
}

#[test]
fn checkpoints_and_timers_are_kept_together() {
    let directory = tempfile::tempdir().unwrap();
    let state = StateFile::open(directory.path()).unwrap();
    assert_eq!(state.load("r").unwrap(), None);
    assert_eq!(state.next_due().unwrap(), None);
    let at = |number| Checkpoint {
        position: LogPosition { epoch: 3, number },
        mark: Hash([7; 32]),
    };
    let (early, late) = (
        timer(1, "2026-03-02T00:00:00Z"),
        timer(2, "2026-03-03T00:00:00.000000001Z"),
    );
    let change = Change {
        checkpoints: vec![("r", at(11))],
        set: vec![late.clone(), early.clone(), early.clone()],
        done: Vec::new(),
    };
    state.save(&change).unwrap();
    assert_eq!(state.next_due().unwrap(), Some(early.due));
    assert_eq!(state.due(early.due).unwrap(), [early.clone()]);
    assert_eq!(
        state.due("2026-03-03T00:00:00Z".parse().unwrap()).unwrap(),
        [early.clone()]
    );
    assert_eq!(state.due(late.due).unwrap(), [early.clone(), late.clone()]);
    let change = Change {
        checkpoints: vec![("r", at(12))],
        set: Vec::new(),
        done: vec![early],
    };
    state.save(&change).unwrap();
    drop(state);
    let state = StateFile::open(directory.path()).unwrap();
    assert_eq!(state.load("r").unwrap(), Some(at(12)));
    assert_eq!(state.load("other").unwrap(), None);
    assert_eq!(state.next_due().unwrap(), Some(late.due));
}

#[test]
fn a_state_file_of_a_newer_version_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    drop(StateFile::open(directory.path()).unwrap());
    let conn = rusqlite::Connection::open(directory.path().join("state.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    assert!(matches!(StateFile::open(directory.path()), Err(LogError::Invalid(_))));
}
