//! The bulk of the demo's builder.

use std::sync::Arc;

use yujian_eventlog::sqlite::{LogKind, OpenOptions, SqliteLog};
use yujian_eventlog::{Direction, EventLog, Expected, Head, LogError};

use crate::support::{TestClock, event, open, stream};

fn demo(directory: &std::path::Path, clock: &Arc<TestClock>) -> Arc<SqliteLog> {
    let until = "2026-03-01T00:00:00Z".parse().unwrap();
    let options = OpenOptions {
        kind: LogKind::Demo { seed: 1, until },
        ..OpenOptions::new(clock.clone())
    };
    SqliteLog::open(directory, options).unwrap()
}

#[tokio::test]
async fn streams_show_what_is_not_committed_and_the_log_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let log = demo(directory.path(), &TestClock::new());
    log.append(&stream("a"), Expected::NoStream, vec![event(0)])
        .await
        .unwrap();
    log.begin_bulk().await.unwrap();
    let head = log.stream_head(&stream("a")).await.unwrap().unwrap();
    let done = log
        .append(&stream("a"), Expected::At(head), vec![event(1)])
        .await
        .unwrap();
    log.append(&stream("b"), Expected::NoStream, vec![event(2)])
        .await
        .unwrap();

    let head = log.stream_head(&stream("a")).await.unwrap().unwrap();
    assert_eq!((head.revision, head.hash), (1, done.records[0].hash));
    assert_eq!(
        log.read_stream(&stream("a"), Direction::Forwards, None, 9)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        log.read_stream(&stream("b"), Direction::Backwards, None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        log.append(&stream("b"), Expected::NoStream, vec![event(2)])
            .await
            .unwrap()
            .repeated
    );
    assert_eq!(log.head().borrow().number, 1);
    assert_eq!(log.read_all(log.origin(), 10).await.unwrap().items.len(), 1);

    assert_eq!(log.commit_bulk().await.unwrap().number, 3);
    assert_eq!(log.head().borrow().number, 3);
    assert_eq!(log.read_all(log.origin(), 10).await.unwrap().items.len(), 3);
    let head = Head {
        revision: 1,
        hash: done.records[0].hash,
    };
    log.append(&stream("a"), Expected::At(head), vec![event(3)])
        .await
        .unwrap();
    assert_eq!(log.head().borrow().number, 4);
}

#[tokio::test]
async fn a_bulk_that_was_not_committed_is_gone_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let log = demo(directory.path(), &clock);
    log.append(&stream("a"), Expected::NoStream, vec![event(0)])
        .await
        .unwrap();
    log.begin_bulk().await.unwrap();
    log.append(&stream("b"), Expected::NoStream, vec![event(1)])
        .await
        .unwrap();
    drop(log);
    let log = demo(directory.path(), &clock);
    assert_eq!(log.head().borrow().number, 1);
    assert_eq!(log.stream_head(&stream("b")).await, Ok(None));
    log.append(&stream("c"), Expected::NoStream, vec![event(2)])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_real_log_takes_no_bulk() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), &TestClock::new());
    assert!(matches!(log.begin_bulk().await, Err(LogError::Invalid(_))));
    assert!(matches!(log.commit_bulk().await, Err(LogError::Invalid(_))));
}

#[tokio::test]
async fn a_bulk_begins_with_what_ordinary_appends_left() {
    let directory = tempfile::tempdir().unwrap();
    let log = demo(directory.path(), &TestClock::new());
    log.begin_bulk().await.unwrap();
    log.append(&stream("a"), Expected::NoStream, vec![event(0)])
        .await
        .unwrap();
    log.commit_bulk().await.unwrap();
    let head = log.stream_head(&stream("a")).await.unwrap().unwrap();
    let between = log
        .append(&stream("a"), Expected::At(head), vec![event(1)])
        .await
        .unwrap();
    log.begin_bulk().await.unwrap();
    let head = log.stream_head(&stream("a")).await.unwrap().unwrap();
    assert_eq!((head.revision, head.hash), (1, between.records[0].hash));
}
