//! The real registers through the real binary: pinned figures, nothing new the second time, a kill in the middle.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{directory, yujian};

/// A register that is shipped: its mapping and its file.
type Register = (&'static str, &'static str);

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const INJURIES: Register = ("texas-injuries.toml", "injuries.csv");
const PUNISHMENT: Register = ("texas-punishment.toml", "punishment.csv");

fn command((mapping, file): Register, data: &Path) -> std::process::Command {
    yujian(&[
        "import",
        "--mapping",
        &format!("{ROOT}/deploy/mappings/{mapping}"),
        &format!("{ROOT}/tests/data/texas/{file}"),
        "--data-dir",
        data.to_str().unwrap(),
        "--log-level",
        "warn",
    ])
}

fn import(register: Register, data: &Path) -> (Output, String) {
    let done = command(register, data).output().unwrap();
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    (done, printed)
}

/// Records of the log by event type, read without our code.
fn records(data: &Path) -> Vec<(String, i64)> {
    let connection = rusqlite::Connection::open(data.join("log.db")).unwrap();
    let mut statement = connection
        .prepare("SELECT type, count(*) FROM record WHERE type LIKE '%Imported.v1' GROUP BY type ORDER BY type")
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
    let (done, printed) = import(INJURIES, data.path());
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
    let (done, printed) = import(INJURIES, data.path());
    assert!(done.status.success());
    assert!(
        printed.contains("4,822 = 0 accepted + 4,822 duplicates + 0 rejected"),
        "{printed}"
    );
    assert_eq!(records(data.path()), whole());
}

/// Starts an import and kills it once so many events of it are in the log; gives their number at the kill.
fn kill_in_the_middle(register: Register, data: &Path, events: i64) -> i64 {
    let mut child = command(register, data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while imported(data).unwrap_or(0) < events {
        assert!(Instant::now() < deadline, "nothing was imported");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    records(data).iter().map(|(_, count)| count).sum()
}

/// How many events of imports the log holds; an error while it is being made.
fn imported(data: &Path) -> rusqlite::Result<i64> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(data.join("log.db"), flags)?;
    let count = "SELECT count(*) FROM record WHERE type LIKE '%Imported.v1'";
    connection.query_row(count, [], |row| row.get(0))
}

/// SHA-256 of all that the imported streams tell, stream by stream, read without our code. Left out is what differs
/// between any two logs: ids of events, times of recording and hashes, keys and ciphers of sealed text.
fn told(data: &Path) -> String {
    let connection = rusqlite::Connection::open(data.join("log.db")).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT name, revision, type, metadata, payload FROM record JOIN stream ON stream.number = record.stream
             WHERE type LIKE '%Imported.v1'",
        )
        .unwrap();
    let rows = statement
        .query_map([], |row| {
            let at: (String, i64) = (row.get(0)?, row.get(1)?);
            let texts: [String; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((at, texts))
        })
        .unwrap();
    let mut streams = BTreeMap::new();
    for (at, [event_type, metadata, payload]) in rows.map(Result::unwrap) {
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        let mut payload: Value = serde_json::from_str(&payload).unwrap();
        if let Some(narrative) = payload.get_mut("narrative") {
            *narrative = json!("sealed");
        }
        let told = json!([
            event_type,
            metadata["occurred"],
            metadata["request"]["id"],
            metadata["provenance"],
            payload
        ]);
        streams.insert(at, told.to_string());
    }
    let told = serde_json::to_vec(&streams.into_iter().collect::<Vec<_>>()).unwrap();
    Sha256::digest(told).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_import_killed_in_the_middle_is_finished_by_the_same_command() {
    let data = directory();
    let before = kill_in_the_middle(INJURIES, data.path(), 500);
    assert!(before < 4_822 + 2_888, "killed too late to tell: {before}");
    let (done, printed) = import(INJURIES, data.path());
    assert!(done.status.success(), "{printed}");
    assert_eq!(records(data.path()), whole());
    let verified = yujian(&["verify", "--data-dir", data.path().to_str().unwrap()])
        .status()
        .unwrap();
    assert!(verified.success());
}

#[test]
fn the_register_of_punishment_is_imported_beside_the_injuries_as_pinned_and_only_once() {
    let data = directory();
    let (done, printed) = import(INJURIES, data.path());
    assert!(done.status.success(), "{printed}");
    let check = || {
        let done = command(PUNISHMENT, data.path()).arg("--check").output().unwrap();
        assert!(done.status.success());
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let inspections = "inspections           636   350 findings, 462 technical assistance";
    let printed = check();
    assert!(
        printed.contains("812 = 812 accepted + 0 duplicates + 0 rejected") && printed.contains(inspections),
        "{printed}"
    );
    assert_eq!(records(data.path()), whole(), "a check appends nothing");
    let both = vec![
        ("incident.RecordImported.v1".to_owned(), 4_822),
        ("inspection.InspectionImported.v1".to_owned(), 812),
        ("licensing.RecordImported.v1".to_owned(), 3_524),
    ];
    let (done, printed) = import(PUNISHMENT, data.path());
    assert!(done.status.success(), "{printed}");
    assert!(
        printed.contains("812 = 812 accepted + 0 duplicates + 0 rejected") && printed.contains(inspections),
        "{printed}"
    );
    assert_eq!(records(data.path()), both);
    let (done, again) = import(PUNISHMENT, data.path());
    assert!(done.status.success(), "{again}");
    for printed in [again, check()] {
        assert!(
            printed.contains("812 = 0 accepted + 812 duplicates + 0 rejected") && printed.contains(inspections),
            "{printed}"
        );
    }
    assert_eq!(records(data.path()), both);
}

#[test]
fn an_import_of_findings_killed_in_the_middle_and_run_again_tells_the_same() {
    let (whole, killed) = (directory(), directory());
    let (done, printed) = import(PUNISHMENT, whole.path());
    assert!(done.status.success(), "{printed}");
    let before = kill_in_the_middle(PUNISHMENT, killed.path(), 300);
    assert!(before < 812 + 636, "killed too late to tell: {before}");
    assert_ne!(told(killed.path()), told(whole.path()));
    let (done, printed) = import(PUNISHMENT, killed.path());
    assert!(done.status.success(), "{printed}");
    assert!(
        printed.contains("636   350 findings, 462 technical assistance"),
        "{printed}"
    );
    assert_eq!(records(killed.path()), records(whole.path()));
    assert_eq!(told(killed.path()), told(whole.path()));
    let verified = yujian(&["verify", "--data-dir", killed.path().to_str().unwrap()])
        .status()
        .unwrap();
    assert!(verified.success());
}

#[test]
fn two_editions_of_a_register_add_change_and_propose() {
    let data = directory();
    let edition = |date: &str, file: &str| {
        let done = yujian(&[
            "import",
            "--mapping",
            &format!("{ROOT}/deploy/mappings/childcare-register.toml"),
            "--edition-date",
            date,
            &format!("{ROOT}/tests/data/register/{file}"),
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
