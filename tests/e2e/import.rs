//! The real register through the real binary: pinned figures, nothing new the second time, a kill in the middle.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{directory, yujian};

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/mappings/texas-injuries.toml");
const REGISTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/texas/injuries.csv");

fn command(data: &Path) -> std::process::Command {
    yujian(&[
        "import",
        "--mapping",
        MAPPING,
        REGISTER,
        "--data-dir",
        data.to_str().unwrap(),
        "--log-level",
        "warn",
    ])
}

fn import(data: &Path) -> (Output, String) {
    let done = command(data).output().unwrap();
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    (done, printed)
}

/// Records of the log by event type, read without our code.
fn records(data: &Path) -> Vec<(String, i64)> {
    let connection = rusqlite::Connection::open(data.join("log.db")).unwrap();
    let mut statement = connection
        .prepare("SELECT type, count(*) FROM record WHERE type LIKE '%RecordImported%' GROUP BY type ORDER BY type")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn whole() -> Vec<(String, i64)> {
    vec![
        ("incident.RecordImported.v1".to_owned(), 4_822),
        ("licensing.RecordImported.v1".to_owned(), 2_888),
    ]
}

#[test]
fn the_texas_register_is_imported_as_pinned_and_only_once() {
    let data = directory();
    let (done, printed) = import(data.path());
    assert!(
        done.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(
        printed.contains("4,822 = 4,822 accepted + 0 duplicates + 0 rejected"),
        "{printed}"
    );
    assert!(printed.contains("4,770") && printed.contains("2,888"), "{printed}");
    assert_eq!(records(data.path()), whole());
    let (done, printed) = import(data.path());
    assert!(done.status.success());
    assert!(
        printed.contains("4,822 = 0 accepted + 4,822 duplicates + 0 rejected"),
        "{printed}"
    );
    assert_eq!(records(data.path()), whole());
}

#[test]
fn an_import_killed_in_the_middle_is_finished_by_the_same_command() {
    let data = directory();
    let mut child = command(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let wal = data.path().join("log.db-wal");
    let deadline = Instant::now() + Duration::from_secs(60);
    // Some hundred rows are in the log by then, and thousands are not.
    while std::fs::metadata(&wal).map_or(0, |found| found.len()) < 1_500_000 {
        assert!(Instant::now() < deadline, "nothing was imported");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before: i64 = records(data.path()).iter().map(|(_, count)| count).sum();
    assert!(
        before > 0 && before < 4_822 + 2_888,
        "killed too late to tell: {before}"
    );
    let (done, printed) = import(data.path());
    assert!(done.status.success(), "{printed}");
    assert_eq!(records(data.path()), whole());
    let verified = yujian(&["verify", "--data-dir", data.path().to_str().unwrap()])
        .status()
        .unwrap();
    assert!(verified.success());
}

#[test]
fn two_editions_of_a_register_add_change_and_propose() {
    let data = directory();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let edition = |date: &str, file: &str| {
        let done = yujian(&[
            "import",
            "--mapping",
            &format!("{root}/deploy/mappings/childcare-register.toml"),
            "--edition-date",
            date,
            &format!("{root}/tests/data/register/{file}"),
            "--data-dir",
            data.path().to_str().unwrap(),
            "--log-level",
            "warn",
        ])
        .output()
        .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let imported = |count| vec![("licensing.RecordImported.v1".to_owned(), count)];
    let (code, printed, error) = edition("2025-12-31", "2025-12.csv");
    assert_eq!(code, Some(2), "rows are wrong on purpose: {printed}{error}");
    assert_eq!(records(data.path()), imported(35));
    let (code, printed, error) = edition("2026-06-30", "2026-06.csv");
    assert_eq!(code, Some(2), "{printed}{error}");
    assert_eq!(records(data.path()), imported(35 + 16));
    assert!(printed.contains("2026-06.csv.changes.csv"), "{printed}");
    let changes = std::fs::read_to_string(data.path().join("2026-06.csv.changes.csv")).unwrap();
    let of_kind = |kind: &str| {
        changes
            .lines()
            .filter(|line| line.starts_with(&format!("{kind},")))
            .count()
    };
    assert_eq!(
        ["created", "capacity_changed", "changed", "closure_proposed"].map(of_kind),
        [6, 5, 6, 4],
        "{changes}"
    );
    let (code, _, _) = edition("2026-06-30", "2026-06.csv");
    assert_eq!(code, Some(2));
    let (code, _, error) = edition("2025-12-31", "2025-12.csv");
    assert_eq!(code, Some(1), "an older edition is no import at all");
    assert!(
        error.contains("2026-06-30") && error.contains("older edition"),
        "{error}"
    );
    assert_eq!(records(data.path()), imported(35 + 16), "nothing twice, nothing undone");
    let verified = yujian(&["verify", "--data-dir", data.path().to_str().unwrap()])
        .status()
        .unwrap();
    assert!(verified.success());
}
