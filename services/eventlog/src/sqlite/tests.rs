//! Faults that must be put under the writer itself: a full disk, a commit whose outcome is unknown, a full bulk.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::writer::Job;
use super::{LogKind, OpenOptions, SqliteLog};
use crate::clock::SimulatedClock;
use crate::{Direction, EventLog, Expected, Head, LogError, NewEvent, StreamName};

fn open(directory: &std::path::Path, kind: LogKind) -> Arc<SqliteLog> {
    let clock = Arc::new(SimulatedClock::new("2026-03-01T00:00:00Z".parse().unwrap()));
    SqliteLog::open(
        directory,
        OpenOptions {
            kind,
            ..OpenOptions::new(clock)
        },
    )
    .unwrap()
}

fn stream(id: &str) -> StreamName {
    StreamName::parse(&format!("test-{id}")).unwrap()
}

fn event(number: u128, bytes: usize) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(number),
        event_type: "test.Happened.v1".to_owned(),
        metadata: b"{}".to_vec(),
        payload: format!("\"{}\"", "x".repeat(bytes)).into_bytes(),
    }
}

/// Does something to the writer's own connection.
async fn meddle(log: &SqliteLog, sql: &'static str) {
    log.ask(|reply| {
        Job::Read(Box::new(move |writer| {
            let conn: &Connection = writer.source().conn;
            conn.execute_batch(sql).unwrap();
            drop(reply.send(Ok(())));
        }))
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_writes_serves_reads_and_recovers_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), LogKind::Real);
    let first = log
        .append(&stream("a"), Expected::NoStream, vec![event(1, 10)])
        .await
        .unwrap();
    // SQLite answers SQLITE_FULL at this limit just as it does when the file system has no space.
    meddle(&log, "PRAGMA max_page_count=1").await;
    for _ in 0..3 {
        let refused = log
            .append(&stream("b"), Expected::NoStream, vec![event(2, 50_000)])
            .await;
        assert_eq!(refused, Err(LogError::DiskFull));
    }
    assert_eq!(
        log.read_stream(&stream("a"), Direction::Forwards, None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(log.stream_head(&stream("b")).await, Ok(None));
    meddle(&log, "PRAGMA max_page_count=1000000").await;
    let done = log
        .append(&stream("b"), Expected::NoStream, vec![event(2, 50_000)])
        .await
        .unwrap();
    assert!(!done.repeated);
    assert_eq!(done.records[0].position.number, first.records[0].position.number + 1);
    log.append(&stream("c"), Expected::NoStream, vec![event(3, 10)])
        .await
        .unwrap();
    let page = log.read_all(log.origin(), 10).await.unwrap();
    assert!(page.items.iter().all(|item| matches!(item, crate::Item::Record(_))));
    assert_eq!(page.items.len(), 3);
}

#[tokio::test]
async fn a_full_disk_within_a_group_fails_the_group_and_nothing_of_it_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), LogKind::Real);
    meddle(&log, "PRAGMA max_page_count=1").await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..20 {
        let log = Arc::clone(&log);
        calls.spawn(async move {
            log.append(
                &stream(&format!("s{number}")),
                Expected::NoStream,
                vec![event(number, 20_000)],
            )
            .await
        });
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap(), Err(LogError::DiskFull));
    }
    meddle(&log, "PRAGMA max_page_count=1000000").await;
    for number in 0..20 {
        let name = stream(&format!("s{number}"));
        let done = log
            .append(&name, Expected::NoStream, vec![event(number, 20_000)])
            .await
            .unwrap();
        assert!(!done.repeated);
    }
    assert_eq!(log.head().borrow().number, 20);
}

/// Makes each COMMIT that holds a record fail, by a foreign key that is checked only then.
const FAIL_AT_COMMIT: &str = "
    PRAGMA foreign_keys=ON;
    CREATE TEMP TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE child (id INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TEMP TRIGGER fail AFTER INSERT ON main.record BEGIN INSERT INTO child VALUES (1); END;
";

#[tokio::test]
async fn after_a_failed_commit_the_outcome_is_unknown_and_writes_wait_for_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), LogKind::Real);
    let first = log
        .append(&stream("a"), Expected::NoStream, vec![event(1, 10)])
        .await
        .unwrap();
    meddle(&log, FAIL_AT_COMMIT).await;
    let failed = log.append(&stream("b"), Expected::NoStream, vec![event(2, 10)]).await;
    assert!(matches!(failed, Err(LogError::OutcomeUnknown(_))), "{failed:?}");
    // Neither new events nor repetitions are answered: what is on disk is not known.
    for (name, number) in [("c", 3), ("b", 2), ("a", 1)] {
        let refused = log
            .append(&stream(name), Expected::NoStream, vec![event(number, 10)])
            .await;
        assert!(matches!(refused, Err(LogError::Stopped(_))), "{refused:?}");
    }
    assert!(log.check_writable().is_err());
    assert_eq!(
        log.read_stream(&stream("a"), Direction::Forwards, None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(log.head().borrow().number, 1);
    drop(log);
    let log = open(directory.path(), LogKind::Real);
    log.append(&stream("b"), Expected::NoStream, vec![event(2, 10)])
        .await
        .unwrap();
    let head = Head {
        revision: 0,
        hash: first.records[0].hash,
    };
    log.append(&stream("a"), Expected::At(head), vec![event(4, 10)])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_bulk_that_fails_is_lost_as_a_whole_and_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let kind = LogKind::Demo {
        seed: 1,
        until: Timestamp::UNIX_EPOCH,
    };
    let log = open(directory.path(), kind.clone());
    log.append(&stream("a"), Expected::NoStream, vec![event(1, 10)])
        .await
        .unwrap();
    log.begin_bulk().await.unwrap();
    log.append(&stream("b"), Expected::NoStream, vec![event(2, 10)])
        .await
        .unwrap();
    meddle(&log, "PRAGMA max_page_count=1").await;
    let failed = log
        .append(&stream("c"), Expected::NoStream, vec![event(3, 100_000)])
        .await;
    assert_eq!(failed, Err(LogError::DiskFull));
    assert!(matches!(log.commit_bulk().await, Err(LogError::Stopped(_))));
    assert_eq!(log.stream_head(&stream("b")).await, Ok(None));
    drop(log);
    assert_eq!(open(directory.path(), kind).head().borrow().number, 1);
}
