//! One directory of keys, several processes of one machine. Two openings in one process are two connections, which are to
//! SQLite what two processes are; where processes race, real ones do: this program starts itself again.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use yujian_eventlog::LogError;
use yujian_eventlog::backup::backup_keys;
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{
    FileKeys, KEK_FILE, KEYS_FILE, KEYS_LOCK_FILE, KeyError, KeyProvider, Opened, SealedValue,
};

const EVENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
/// Where a child finds the keys and the others; its absence tells that this is no child.
const CHILD_HOME: &str = "YUJIAN_TEST_KEYS_HOME";
/// Number of a child.
const CHILD: &str = "YUJIAN_TEST_KEYS_CHILD";

fn open(directory: &Path) -> Arc<FileKeys> {
    FileKeys::open(
        directory,
        None,
        true,
        Arc::new(Entropy::Os),
        Arc::new(SystemClock::default()),
    )
    .unwrap()
}

fn personal(subject: &str, clear: &str) -> Value {
    json!({"$personal": {"subject": subject, "clear": clear}})
}

async fn seal(keys: &FileKeys, subject: &str, clear: &str) -> Result<SealedValue, LogError> {
    let mut payload = personal(subject, clear);
    keys.seal(EVENT, &mut payload).await?;
    Ok(serde_json::from_value(payload["$sealed"].clone()).unwrap())
}

fn is_erased_error(sealed: &Result<SealedValue, LogError>) -> bool {
    matches!(sealed, Err(LogError::SubjectErased))
}

/// Whether a file of the directory holds the bytes.
fn stands_in_files(directory: &Path, needle: &[u8]) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

fn wrapped_key(directory: &Path, id: &str) -> Vec<u8> {
    let connection = rusqlite::Connection::open(directory.join(KEYS_FILE)).unwrap();
    connection
        .query_row("SELECT wrapped FROM data_key WHERE id = ?1", [id], |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn what_one_erases_is_erased_for_the_other_at_once_though_it_had_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    let gone = seal(&b, "child-1", "小明").await.unwrap();
    let kept = seal(&b, "child-2", "小红").await.unwrap();
    assert_eq!(b.open(&gone), Opened::Clear(json!("小明")));

    assert_eq!(a.erase("child-1").await, Ok(1));
    assert_eq!(b.open(&gone), Opened::Erased);
    assert!(is_erased_error(&seal(&b, "child-1", "again").await));
    assert_eq!(b.knows("child-1").await, Ok(true));
    assert_eq!(b.open(&kept), Opened::Clear(json!("小红")));
    assert_eq!(seal(&b, "child-2", "x").await.unwrap().key, kept.key);

    // One that the other never met, and the other way round.
    assert_eq!(b.erase("child-3").await, Ok(0));
    assert!(is_erased_error(&seal(&a, "child-3", "x").await));
}

#[tokio::test]
async fn erasures_that_are_applied_again_at_a_start_hold_for_those_that_run() {
    let directory = tempfile::tempdir().unwrap();
    let running = open(directory.path());
    let value = seal(&running, "child-1", "a").await.unwrap();
    assert_eq!(open(directory.path()).reapply_erasures(["child-1", "child-2"]), Ok(1));
    assert_eq!(running.open(&value), Opened::Erased);
    assert!(is_erased_error(&seal(&running, "child-2", "x").await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn an_erasure_holds_whatever_the_other_is_doing() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    let mut values = Vec::new();
    for number in 0..60 {
        values.push(seal(&b, &format!("child-{number}"), "x").await.unwrap());
    }
    // Looks, seals and makes new keys all the time, so that caches are filled while keys are destroyed.
    let busy = tokio::spawn({
        let (b, values) = (Arc::clone(&b), values.clone());
        async move {
            for round in 0.. {
                for (number, value) in values.iter().enumerate() {
                    drop(b.open(value));
                    drop(seal(&b, &format!("child-{number}"), "x").await);
                }
                seal(&b, &format!("new-{round}"), "x").await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    for (number, value) in values.iter().enumerate() {
        let subject = format!("child-{number}");
        assert_eq!(a.erase(&subject).await, Ok(1));
        assert_eq!(b.open(value), Opened::Erased, "{subject}");
        assert!(is_erased_error(&seal(&b, &subject, "x").await), "{subject}");
    }
    busy.abort();
    assert!(values.iter().all(|value| b.open(value) == Opened::Erased));
}

#[tokio::test]
async fn a_key_that_one_made_is_found_by_the_other_and_not_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    // The other has looked for it before.
    assert_eq!(b.knows("child-1").await, Ok(false));
    let of_a = seal(&a, "child-1", "a").await.unwrap();
    assert_eq!(b.knows("child-1").await, Ok(true));
    assert_eq!(b.open(&of_a), Opened::Clear(json!("a")));
    let of_b = seal(&b, "child-1", "b").await.unwrap();
    assert_eq!(of_b.key, of_a.key);
    assert_eq!(a.open(&of_b), Opened::Clear(json!("b")));
}

#[test]
fn a_new_hmac_epoch_holds_for_both_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    let old = b.digest("person", b"1");
    let (epoch, check) = a.rotate_epoch().unwrap();
    assert_eq!(epoch, 2);

    let new = b.digest("person", b"1");
    assert_eq!(new.epoch, 2);
    assert_eq!(b.digest_all("person", b"1"), [new.clone(), old]);
    assert_eq!(b.digest_at(2, "person", b"1"), Some(new));
    assert_eq!(b.check_values().last(), Some(&(2, check)));
    assert_eq!(a.check_values(), b.check_values());
}

#[test]
fn rotations_at_once_give_an_epoch_each() {
    let directory = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..4).map(|_| open(directory.path())).collect();
    let mut epochs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = all.iter().map(|keys| scope.spawn(|| keys.rotate_epoch())).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap().unwrap().0)
            .collect()
    });
    epochs.sort_unstable();
    assert_eq!(epochs, [2, 3, 4, 5]);
    assert!(all.iter().all(|keys| keys.check_values() == all[0].check_values()));
}

#[tokio::test]
async fn an_erased_key_leaves_the_files_though_another_has_them_open() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    let value = seal(&b, "child-1", "x").await.unwrap();
    let wrapped = wrapped_key(directory.path(), &value.key);
    assert_eq!(b.open(&value), Opened::Clear(json!("x")));
    a.erase("child-1").await.unwrap();
    assert!(!stands_in_files(directory.path(), &wrapped));
}

#[tokio::test]
async fn a_destroyed_key_that_a_reader_kept_goes_with_the_next_write() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path());
    let value = seal(&keys, "child-1", "x").await.unwrap();
    let wrapped = wrapped_key(directory.path(), &value.key);
    let reader = rusqlite::Connection::open(directory.path().join(KEYS_FILE)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM data_key").unwrap();
    reader
        .query_row("SELECT count(*) FROM data_key", [], |row| row.get::<_, i64>(0))
        .unwrap();
    assert_eq!(keys.erase("child-1").await, Ok(1));
    assert_eq!(keys.open(&value), Opened::Erased);
    reader.execute_batch("COMMIT").unwrap();
    drop(reader);
    seal(&keys, "child-2", "y").await.unwrap();
    assert!(!stands_in_files(directory.path(), &wrapped));
}

#[tokio::test]
async fn whoever_writes_during_anothers_bulk_waits_and_is_told_to_try_again() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    let before = seal(&b, "child-1", "x").await.unwrap();
    a.begin_bulk().unwrap();
    seal(&a, "child-2", "x").await.unwrap();

    let refused = seal(&b, "child-3", "x").await.unwrap_err();
    assert!(
        matches!(&refused, LogError::Unavailable(words) if words.contains("try again")),
        "{refused}"
    );
    assert_eq!(
        b.rotate_epoch(),
        Err(KeyError::Busy {
            file: KEYS_FILE,
            waited: Duration::from_secs(5)
        })
    );
    // What needs no new key goes on, and so does everything once the bulk is committed.
    assert_eq!(b.open(&before), Opened::Clear(json!("x")));
    seal(&b, "child-1", "y").await.unwrap();
    a.commit_bulk().unwrap();
    seal(&b, "child-3", "x").await.unwrap();
    assert_eq!(b.knows("child-2").await, Ok(true));
}

#[tokio::test]
async fn a_bulk_knows_what_others_erased_before_it_began_or_erase_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (open(directory.path()), open(directory.path()));
    let first = seal(&a, "child-1", "x").await.unwrap();
    b.erase("child-1").await.unwrap();
    a.begin_bulk().unwrap();
    assert_eq!(a.open(&first), Opened::Erased);
    assert!(is_erased_error(&seal(&a, "child-1", "x").await));
    let second = seal(&a, "child-2", "x").await.unwrap();
    a.erase("child-3").await.unwrap();
    assert!(is_erased_error(&seal(&a, "child-3", "x").await));
    a.commit_bulk().unwrap();
    assert_eq!(b.erase("child-2").await, Ok(1));
    assert_eq!(a.open(&second), Opened::Erased);
}

#[test]
fn a_store_has_one_id_which_its_copies_share_and_no_other_store_has() {
    let (directory, other, copy) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    let keys = open(directory.path());
    let id = keys.store_id().unwrap();
    assert!(
        id.len() == 32
            && id
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()),
        "{id}"
    );
    keys.rotate_epoch().unwrap();
    assert_eq!(keys.store_id(), Some(id.clone()));
    assert_eq!(open(directory.path()).store_id(), Some(id.clone()));
    assert_ne!(open(other.path()).store_id(), Some(id.clone()));
    assert!(!keys.check_values()[0].1.starts_with(&id));

    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    backup_keys(directory.path(), None, copy.path(), now, None).unwrap();
    assert_eq!(open(copy.path()).store_id(), Some(id));
}

#[test]
fn without_keys_there_is_no_id_and_no_file_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let keys = FileKeys::open(
        directory.path(),
        None,
        false,
        Arc::new(Entropy::Os),
        Arc::new(SystemClock::default()),
    )
    .unwrap();
    assert_eq!(keys.store_id(), None);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

// Real processes. A child is this program, told by its environment to be one; it says in files what it has seen.

/// A family of processes over one directory of keys.
struct Family {
    home: tempfile::TempDir,
    children: Vec<Child>,
}

impl Family {
    /// Starts children, each of which runs one of the tests below, and waits until all stand ready.
    fn start(role: &str, count: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("keys")).unwrap();
        let children = (0..count)
            .map(|number| {
                Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", role])
                    .env(CHILD_HOME, home.path())
                    .env(CHILD, number.to_string())
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let family = Self { home, children };
        for number in 0..count {
            wait_for(&family.home.path().join(format!("ready-{number}")));
        }
        family
    }

    fn keys(&self) -> std::path::PathBuf {
        self.home.path().join("keys")
    }

    /// Lets the children go.
    fn go(&self) {
        write(&self.home.path().join("go"), &Value::Null);
    }

    /// What each child said in the end.
    fn said(mut self, what: &str) -> (tempfile::TempDir, Vec<Value>) {
        for child in &mut self.children {
            assert!(child.wait().unwrap().success());
        }
        let said = (0..self.children.len())
            .map(|number| read(&self.home.path().join(format!("{what}-{number}"))))
            .collect();
        (self.home, said)
    }
}

/// This process as a child: its home and number. `None` in an ordinary run of the tests.
fn as_child() -> Option<(std::path::PathBuf, usize)> {
    let home = std::env::var_os(CHILD_HOME)?;
    Some((home.into(), std::env::var(CHILD).unwrap().parse().unwrap()))
}

/// Says something whole: a file gets its name when it is written.
fn write(path: &Path, what: &Value) {
    let part = path.with_extension("part");
    fs::write(&part, what.to_string()).unwrap();
    fs::rename(part, path).unwrap();
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn wait_for(path: &Path) {
    for _ in 0..60_000 {
        if path.exists() {
            return;
        }
        sleep(Duration::from_millis(1));
    }
    panic!("{} never came", path.display());
}

fn ready_and_go(home: &Path, number: usize) {
    write(&home.join(format!("ready-{number}")), &Value::Null);
    wait_for(&home.join("go"));
}

#[test]
fn child_opens() {
    let Some((home, number)) = as_child() else { return };
    ready_and_go(&home, number);
    let keys = open(&home.join("keys"));
    let said = json!([keys.store_id(), keys.check_values(), keys.digest("person", b"1").hex]);
    write(&home.join(format!("opened-{number}")), &said);
}

#[test]
fn eight_processes_that_open_an_empty_directory_at_once_make_one_store() {
    for _ in 0..3 {
        let family = Family::start("child_opens", 8);
        family.go();
        let (home, opened) = family.said("opened");
        let keys = open(&home.path().join("keys"));
        let expected = json!([keys.store_id(), keys.check_values(), keys.digest("person", b"1").hex]);
        assert_eq!(keys.check_values().len(), 1);
        assert!(opened.iter().all(|said| *said == expected), "{opened:?}");
        drop(keys);
        let left: BTreeSet<_> = fs::read_dir(home.path().join("keys"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(left, [KEK_FILE, KEYS_FILE, KEYS_LOCK_FILE].map(str::to_owned).into());
    }
}

const SEALERS: usize = 4;
const SUBJECTS: usize = 200;

#[tokio::test]
async fn child_seals() {
    let Some((home, number)) = as_child() else { return };
    let keys = open(&home.join("keys"));
    ready_and_go(&home, number);
    let mut sealed = BTreeMap::new();
    // The even ones meet at every subject, the odd ones come from elsewhere.
    for step in 0..SUBJECTS {
        let subject = format!("child-{}", (step + number % 2 * 77) % SUBJECTS);
        let value = seal(&keys, &subject, &subject).await.unwrap();
        sealed.insert(subject, value);
    }
    write(&home.join(format!("sealed-{number}")), &json!(sealed));
    for other in 0..SEALERS {
        let path = home.join(format!("sealed-{other}"));
        wait_for(&path);
        all_open(&keys, &read(&path));
    }
}

fn all_open(keys: &FileKeys, sealed: &Value) {
    let sealed: BTreeMap<String, SealedValue> = serde_json::from_value(sealed.clone()).unwrap();
    assert_eq!(sealed.len(), SUBJECTS);
    for (subject, value) in sealed {
        assert_eq!(keys.open(&value), Opened::Clear(json!(subject)));
    }
}

#[test]
fn four_processes_that_seal_for_the_same_subjects_use_one_key_each_and_open_everything() {
    let family = Family::start("child_seals", SEALERS);
    let running = open(&family.keys());
    family.go();
    let (home, sealed) = family.said("sealed");
    let ids: BTreeSet<_> = sealed
        .iter()
        .flat_map(|said| said.as_object().unwrap().values())
        .map(|value| value["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), SUBJECTS, "one key for each subject");
    let after = open(&home.path().join("keys"));
    for said in &sealed {
        all_open(&running, said);
        all_open(&after, said);
    }
}

#[tokio::test]
async fn child_looks_twice() {
    let Some((home, number)) = as_child() else { return };
    let keys = open(&home.join("keys"));
    let value = seal(&keys, "child-1", "x").await.unwrap();
    assert_eq!(keys.open(&value), Opened::Clear(json!("x")));
    ready_and_go(&home, number);
    let said = json!([
        keys.open(&value) == Opened::Erased,
        is_erased_error(&seal(&keys, "child-1", "x").await),
        keys.digest("person", b"1").epoch,
    ]);
    write(&home.join(format!("looked-{number}")), &said);
}

#[tokio::test]
async fn what_one_process_erases_and_rotates_holds_for_two_that_run() {
    let family = Family::start("child_looks_twice", 2);
    let keys = open(&family.keys());
    assert_eq!(keys.erase("child-1").await, Ok(1));
    keys.rotate_epoch().unwrap();
    family.go();
    let (_home, looked) = family.said("looked");
    assert_eq!(looked, [json!([true, true, 2]), json!([true, true, 2])]);
}
