//! Backup while serving; restore with keys, without, and with older ones.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;
use yujian_eventlog::backup::{BackupError, KEYS_MANIFEST, MANIFEST, Manifest, backup, backup_keys, restore};
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{FileKeys, KEK_FILE, KEYS_FILE, KeyProvider, Opened, SealedValue, may_create};
use yujian_eventlog::sqlite::{OpenOptions, SqliteLog};
use yujian_eventlog::verify::{Options, verify};
use yujian_eventlog::{EventLog, Expected, Head, Item, LogError, LogPosition, NewEvent, StreamName};

fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn keys_of(directory: &Path, create: bool) -> Arc<FileKeys> {
    FileKeys::open(
        directory,
        None,
        create,
        Arc::new(Entropy::Os),
        Arc::new(SystemClock::default()),
    )
    .unwrap()
}

fn log_of(directory: &Path, keys: Option<&FileKeys>) -> Arc<SqliteLog> {
    let mut options = OpenOptions::new(Arc::new(SystemClock::default()));
    options.check_values = keys.map(FileKeys::check_values).unwrap_or_default();
    SqliteLog::open(directory, options).unwrap()
}

fn stream(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

fn event(payload: &serde_json::Value) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        event_type: "test.Happened.v1".to_owned(),
        metadata: b"{}".to_vec(),
        payload: payload.to_string().into_bytes(),
    }
}

async fn append(log: &dyn EventLog, name: &str, payload: &serde_json::Value) -> Result<(), LogError> {
    let stream = stream(name);
    let expected = log.stream_head(&stream).await?.map_or(Expected::NoStream, Expected::At);
    log.append(&stream, expected, vec![event(payload)]).await.map(|_| ())
}

/// Seals a name into an event of the stream.
async fn append_personal(log: &dyn EventLog, keys: &FileKeys, name: &str, subject: &str) {
    let stream = stream(name);
    let expected = log
        .stream_head(&stream)
        .await
        .unwrap()
        .map_or(Expected::NoStream, Expected::At);
    let mut payload = json!({"name": {"$personal": {"subject": subject, "clear": "王小明"}}});
    let mut event = event(&payload);
    keys.seal(event.id, &mut payload).await.unwrap();
    event.payload = payload.to_string().into_bytes();
    log.append(&stream, expected, vec![event]).await.unwrap();
}

/// Opens the name in the first event of a stream.
async fn name_in(log: &dyn EventLog, keys: &FileKeys, name: &str) -> Opened {
    let items = log
        .read_stream(&stream(name), yujian_eventlog::Direction::Forwards, None, 1)
        .await
        .unwrap();
    let Item::Record(record) = &items[0] else {
        panic!("damaged")
    };
    let payload: serde_json::Value = serde_json::from_slice(&record.payload).unwrap();
    keys.open(&serde_json::from_value::<SealedValue>(payload["name"]["$sealed"].clone()).unwrap())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_one_moment_and_restores_as_a_new_epoch() {
    let (data, target, into) = (
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
    );
    let log = log_of(data.path(), None);
    for _ in 0..50 {
        append(&*log, "institution-a", &json!({"filler": "x".repeat(2_000)}))
            .await
            .unwrap();
    }
    rusqlite::Connection::open(data.path().join("state.db"))
        .unwrap()
        .execute_batch(
            "PRAGMA journal_mode=WAL; CREATE TABLE checkpoint (position INTEGER); INSERT INTO checkpoint VALUES (7)",
        )
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (log, stop) = (Arc::clone(&log), Arc::clone(&stop));
        async move {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                append(&*log, "institution-b", &json!({"filler": "y".repeat(2_000)}))
                    .await
                    .unwrap();
                written += 1;
            }
            written
        }
    });
    // Some load is there before the copy begins.
    let mut head = log.head();
    head.wait_for(|head| head.number > 60).await.unwrap();
    let (from, to) = (data.path().to_owned(), target.path().to_owned());
    let manifest = tokio::task::spawn_blocking(move || backup(&from, &to, now(), None))
        .await
        .unwrap()
        .unwrap();
    let after = log.head().borrow().number;
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    drop(log);

    assert_eq!(names(target.path()), ["log.db", MANIFEST, "state.db"]);
    assert_eq!(
        manifest.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        ["state.db", "log.db"]
    );
    assert!(
        manifest.log.end > 60 && manifest.log.end <= after,
        "{} of {after}",
        manifest.log.end
    );
    let written: Manifest = serde_json::from_slice(&fs::read(target.path().join(MANIFEST)).unwrap()).unwrap();
    assert_eq!(written, manifest);
    let report = verify(target.path(), &Options::default()).unwrap();
    assert!(report.is_sound(), "{report}");
    assert_eq!(
        (report.end, report.end_hash),
        (manifest.log.end, manifest.log.hash.clone())
    );

    let restored = restore(target.path(), into.path(), None, None).unwrap();
    assert_eq!(
        restored.head,
        LogPosition {
            epoch: 2,
            number: manifest.log.end
        }
    );
    assert_eq!(names(into.path()), ["log.db", "state.db"]);
    let log = log_of(into.path(), None);
    assert_eq!(*log.head().borrow(), restored.head);
    let old = LogPosition { epoch: 1, number: 3 };
    assert!(matches!(log.read_all(old, 10).await, Err(LogError::OtherEpoch { .. })));
    append(&*log, "institution-b", &json!({})).await.unwrap();
    assert!(verify(into.path(), &Options::default()).unwrap().is_sound());
    let state = rusqlite::Connection::open(into.path().join("state.db")).unwrap();
    assert_eq!(
        state
            .query_row("SELECT position FROM checkpoint", [], |row| row.get::<_, i64>(0))
            .unwrap(),
        7
    );
}

#[tokio::test]
async fn progress_reaches_its_end_and_an_empty_log_can_be_backed_up() {
    let (data, target, into) = (
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
    );
    drop(log_of(data.path(), None));
    let seen = RefCell::new(Vec::new());
    let progress = |done, total| seen.borrow_mut().push((done, total));
    let manifest = backup(data.path(), target.path(), now(), Some(&progress)).unwrap();
    assert_eq!((manifest.log.end, manifest.log.hash), (0, None));
    restore(target.path(), into.path(), None, Some(&progress)).unwrap();
    let seen = seen.into_inner();
    assert!(seen.iter().all(|(done, total)| done <= total));
    assert!(
        seen.last().is_some_and(|(done, total)| done == total && *done > 0),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_target_with_something_in_it_is_refused() {
    let (data, target) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    drop(log_of(data.path(), None));
    assert!(matches!(
        backup(data.path(), data.path(), now(), None),
        Err(BackupError::NotEmpty(_))
    ));
    backup(data.path(), target.path(), now(), None).unwrap();
    assert!(matches!(
        backup(data.path(), target.path(), now(), None),
        Err(BackupError::NotEmpty(_))
    ));
    assert!(matches!(
        restore(target.path(), data.path(), None, None),
        Err(BackupError::NotEmpty(_))
    ));
    let nothing = TempDir::new().unwrap();
    assert!(matches!(
        backup(nothing.path(), target.path(), now(), None),
        Err(BackupError::Missing(_))
    ));
    assert!(matches!(
        restore(nothing.path(), &nothing.path().join("x"), None, None),
        Err(BackupError::Missing(_))
    ));
}

#[tokio::test]
async fn a_damaged_backup_is_refused_and_nothing_is_made() {
    let (data, target, into) = (
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
    );
    let log = log_of(data.path(), None);
    append(&*log, "institution-a", &json!({})).await.unwrap();
    backup(data.path(), target.path(), now(), None).unwrap();
    let (log_db, manifest) = (target.path().join("log.db"), target.path().join(MANIFEST));
    let (good, good_manifest) = (fs::read(&log_db).unwrap(), fs::read_to_string(&manifest).unwrap());

    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (bytes, problem) in [(&flipped[..], "SHA-256"), (&good[..good.len() - 1], "size")] {
        fs::write(&log_db, bytes).unwrap();
        let refused = restore(target.path(), into.path(), None, None);
        assert!(
            matches!(refused, Err(BackupError::Damaged { problem: found, .. }) if found == problem),
            "{refused:?}"
        );
        assert!(names(into.path()).is_empty());
    }
    fs::write(&log_db, &good).unwrap();
    for wrong in [
        good_manifest.replace("\"format\": 1", "\"format\": 2"),
        good_manifest.replace("log.db", "../log.db"),
        good_manifest.replace("\"files\"", "\"file\""),
        String::new(),
    ] {
        fs::write(&manifest, wrong).unwrap();
        let refused = restore(target.path(), into.path(), None, None);
        assert!(matches!(refused, Err(BackupError::Manifest { .. })), "{refused:?}");
    }
    fs::write(&manifest, good_manifest).unwrap();
    restore(target.path(), into.path(), None, None).unwrap();
}

/// Data with two persons, of which the second came after the backup of keys, and the first was erased after it.
struct Lived {
    log: TempDir,
    newest_keys: TempDir,
    older_keys: TempDir,
}

async fn lived() -> Lived {
    let data = TempDir::new().unwrap();
    let keys = keys_of(data.path(), true);
    let log = log_of(data.path(), Some(&keys));
    append_personal(&*log, &keys, "person-one", "child-1").await;
    append_personal(&*log, &keys, "person-three", "child-3").await;
    let lived = Lived {
        log: TempDir::new().unwrap(),
        newest_keys: TempDir::new().unwrap(),
        older_keys: TempDir::new().unwrap(),
    };
    backup_keys(data.path(), None, lived.older_keys.path(), now(), None).unwrap();
    append_personal(&*log, &keys, "person-two", "child-2").await;
    // As the command floor does it: the event first, then the key.
    append(&*log, "erasure-one", &json!({"subject": "child-1"}))
        .await
        .unwrap();
    keys.erase("child-1").await.unwrap();
    backup_keys(data.path(), None, lived.newest_keys.path(), now(), None).unwrap();
    backup(data.path(), lived.log.path(), now(), None).unwrap();
    lived
}

#[tokio::test]
async fn keys_are_backed_up_apart_and_for_their_owner_only() {
    let lived = lived().await;
    assert_eq!(names(lived.log.path()), ["log.db", MANIFEST]);
    assert_eq!(names(lived.older_keys.path()), [KEYS_MANIFEST, KEYS_FILE, KEK_FILE]);
    for name in [KEYS_FILE, KEK_FILE] {
        assert_eq!(
            fs::metadata(lived.older_keys.path().join(name)).unwrap().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(fs::metadata(lived.older_keys.path()).unwrap().mode() & 0o777, 0o700);

    // A key-encryption key that is configured elsewhere is not copied.
    let (data, target) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    drop(keys_of(data.path(), true));
    backup_keys(
        data.path(),
        Some(&data.path().join(KEK_FILE)),
        target.path(),
        now(),
        None,
    )
    .unwrap();
    assert_eq!(names(target.path()), [KEYS_MANIFEST, KEYS_FILE]);
}

#[tokio::test]
async fn restored_with_its_keys_all_is_as_before() {
    let (lived, into) = (lived().await, TempDir::new().unwrap());
    let restored = restore(lived.log.path(), into.path(), Some(lived.newest_keys.path()), None).unwrap();
    assert!(restored.keys);
    let keys = keys_of(into.path(), false);
    let log = log_of(into.path(), Some(&keys));
    assert_eq!(keys.reapply_erasures(["child-1"]).unwrap(), 0);
    assert_eq!(name_in(&*log, &keys, "person-one").await, Opened::Erased);
    assert_eq!(
        name_in(&*log, &keys, "person-two").await,
        Opened::Clear(json!("王小明"))
    );
    append_personal(&*log, &keys, "person-four", "child-4").await;
}

#[tokio::test]
async fn restored_without_keys_reads_go_on_and_writes_are_refused() {
    let (lived, into) = (lived().await, TempDir::new().unwrap());
    assert!(!restore(lived.log.path(), into.path(), None, None).unwrap().keys);
    let keys = keys_of(into.path(), false);
    let log = log_of(into.path(), Some(&keys));
    keys.reapply_erasures(["child-1"]).unwrap();
    assert_eq!(name_in(&*log, &keys, "person-one").await, Opened::Erased);
    assert_eq!(name_in(&*log, &keys, "person-two").await, Opened::KeyMissing);
    assert!(matches!(
        append(&*log, "person-x", &json!({})).await,
        Err(LogError::ReadOnly(_))
    ));
    assert!(
        verify(into.path(), &Options::default()).unwrap().is_sound(),
        "proofs need no key"
    );
}

#[tokio::test]
async fn restored_with_older_keys_an_erased_subject_is_erased_again() {
    let (lived, into) = (lived().await, TempDir::new().unwrap());
    restore(lived.log.path(), into.path(), Some(lived.older_keys.path()), None).unwrap();
    let keys = keys_of(into.path(), false);
    let log = log_of(into.path(), Some(&keys));
    assert_eq!(
        name_in(&*log, &keys, "person-one").await,
        Opened::Clear(json!("王小明")),
        "the old copy still knew it"
    );

    assert_eq!(
        keys.reapply_erasures(["child-1"]).unwrap(),
        1,
        "as every start does, from the log's events"
    );
    assert_eq!(name_in(&*log, &keys, "person-one").await, Opened::Erased);
    assert_eq!(
        name_in(&*log, &keys, "person-three").await,
        Opened::Clear(json!("王小明"))
    );
    assert_eq!(
        name_in(&*log, &keys, "person-two").await,
        Opened::KeyMissing,
        "its key came after the copy"
    );
    // The HMAC keys are all there, so writes go on; child-2 gets a new key.
    append_personal(&*log, &keys, "person-twob", "child-2").await;
    assert_eq!(
        name_in(&*log, &keys, "person-twob").await,
        Opened::Clear(json!("王小明"))
    );
}

#[tokio::test]
async fn keys_are_made_for_an_empty_log_only() {
    let data = TempDir::new().unwrap();
    assert_eq!(may_create(data.path()), Ok(true));
    let log = log_of(data.path(), None);
    assert_eq!(may_create(data.path()), Ok(true));
    append(&*log, "person-one", &json!({})).await.unwrap();
    assert_eq!(may_create(data.path()), Ok(false));
}

#[tokio::test]
async fn keys_older_than_an_hmac_epoch_of_the_log_refuse_writes() {
    let (data, older, target, into) = (
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
        TempDir::new().unwrap(),
    );
    let keys = keys_of(data.path(), true);
    backup_keys(data.path(), None, older.path(), now(), None).unwrap();
    keys.rotate_epoch().unwrap();
    let log = log_of(data.path(), Some(&keys));
    append(&*log, "person-one", &json!({})).await.unwrap();
    backup(data.path(), target.path(), now(), None).unwrap();
    restore(target.path(), into.path(), Some(older.path()), None).unwrap();
    let log = log_of(into.path(), Some(&keys_of(into.path(), false)));
    assert!(matches!(
        append(&*log, "person-one", &json!({})).await,
        Err(LogError::ReadOnly(_))
    ));
    assert!(matches!(
        log.stream_head(&stream("person-one")).await,
        Ok(Some(Head { revision: 0, .. }))
    ));
}
