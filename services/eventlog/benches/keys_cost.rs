//! What looking at a value costs while others may write the store. By hand, several times:
//! `cargo bench -p yujian-eventlog --bench keys_cost`.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use uuid::Uuid;
use yujian_eventlog::clock::SystemClock;
use yujian_eventlog::entropy::Entropy;
use yujian_eventlog::keys::{FileKeys, KEYS_FILE, KeyProvider, SealedValue};

const ROUNDS: u32 = 100_000;
/// Where the child finds the keys.
const CHILD_HOME: &str = "YUJIAN_TEST_KEYS_HOME";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Some(directory) = std::env::var_os(CHILD_HOME) {
        return child_makes_keys(Path::new(&directory)).await;
    }
    what_a_cached_value_and_a_digest_cost().await;
    what_a_cached_value_costs_while_another_process_makes_keys().await;
}

fn nanoseconds(mut work: impl FnMut()) -> u128 {
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    begun.elapsed().as_nanos() / u128::from(ROUNDS)
}

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

async fn seal(keys: &FileKeys, subject: &str) -> SealedValue {
    let mut payload = json!({"$personal": {"subject": subject, "clear": "王小明"}});
    keys.seal(Uuid::from_u128(1), &mut payload).await.unwrap();
    serde_json::from_value(payload["$sealed"].clone()).unwrap()
}

async fn what_a_cached_value_and_a_digest_cost() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path());
    let value = seal(&keys, "child-1").await;
    for run in 1..=5 {
        let open = nanoseconds(|| drop(black_box(keys.open(&value))));
        let digest = nanoseconds(|| drop(black_box(keys.digest("person", b"11010519491231002X"))));
        println!("run {run}: open of a cached value {open} ns, digest {digest} ns");
    }
}

/// Makes keys until it is killed.
async fn child_makes_keys(directory: &Path) {
    let keys = open(directory);
    for number in 0.. {
        seal(&keys, &format!("made-{number}")).await;
    }
}

/// The other one is a real process: within one process SQLite shares the locks of its connections, and a look would
/// spare its system calls whenever a writer holds them.
async fn what_a_cached_value_costs_while_another_process_makes_keys() {
    let directory = tempfile::tempdir().unwrap();
    let keys = open(directory.path());
    let value = seal(&keys, "child-1").await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CHILD_HOME, directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while keys.knows("made-0").await != Ok(true) {
        std::thread::yield_now();
    }
    for run in 1..=5 {
        let mut took = Vec::new();
        let before = count(directory.path());
        let mean = nanoseconds(|| {
            let begun = Instant::now();
            drop(black_box(keys.open(&value)));
            took.push(begun.elapsed().as_nanos());
        });
        took.sort_unstable();
        let at = |share: usize| took[took.len() * share / 1000];
        println!(
            "run {run}, {} keys made meanwhile: open of a cached value {mean} ns, median {} ns, 99.9 % {} ns, slowest {} ns",
            count(directory.path()) - before,
            at(500),
            at(999),
            took.last().unwrap()
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

fn count(directory: &Path) -> i64 {
    rusqlite::Connection::open(directory.join(KEYS_FILE))
        .unwrap()
        .query_row("SELECT count(*) FROM data_key", [], |row| row.get(0))
        .unwrap()
}
