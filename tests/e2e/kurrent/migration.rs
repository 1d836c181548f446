//! The demo's log to the cluster and back: the same bytes, the same views, and no half of it is served.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use yujian_double::{Call, Cluster, Fault};

use super::{NAMESPACE, address, cluster, run, text};
use crate::crash::Dice;
use crate::small;
use crate::support::{directory, knob, yujian};

/// Stream, revision, id, type, metadata, payload.
type Row = (String, i64, Vec<u8>, String, Vec<u8>, Vec<u8>);

/// Every record of `log.db` in order, read by SQLite alone.
fn rows(data: &Path) -> Vec<Row> {
    let log = Connection::open(data.join("log.db")).unwrap();
    let mut statement = log
        .prepare(
            "SELECT s.name, r.revision, r.event_id, r.type, CAST(r.metadata AS BLOB), CAST(r.payload AS BLOB)
             FROM record r JOIN stream s ON s.number = r.stream ORDER BY r.position",
        )
        .unwrap();
    let rows = statement.query_map([], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
        ))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The same of the double, read from its memory.
fn stored(cluster: &Cluster) -> Vec<Row> {
    let prefix = format!("{NAMESPACE}.");
    cluster
        .store()
        .events()
        .into_iter()
        .filter_map(|event| {
            let stream = event.stream.strip_prefix(&prefix)?.to_owned();
            assert_eq!(event.content_type, "application/json");
            let revision = i64::try_from(event.revision).unwrap();
            let id = event.id.as_bytes().to_vec();
            Some((stream, revision, id, event.event_type, event.metadata, event.data))
        })
        .collect()
}

fn digests(said: &str) -> BTreeMap<&str, &str> {
    said.lines()
        .filter_map(|line| line.split_once("  "))
        .filter(|(sha256, _)| sha256.len() == 64)
        .map(|(sha256, table)| (table, sha256))
        .collect()
}

fn assert_same(found: &[Row], expected: &[Row]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(found == expected, "{}@{}", expected.0, expected.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_log_goes_to_the_cluster_and_back_byte_for_byte_with_equal_views() {
    let (home, demo) = small::copy();
    let original = rows(&demo);
    let cluster = cluster(3).await;
    let log = address(&cluster);
    // A record now and then is not answered for: none is doubled.
    cluster.faults().random(
        Call::Append,
        3,
        10,
        vec![
            Fault::LoseReply,
            Fault::TimeoutAfterCommit,
            Fault::ChangeLeaderAfterCommit,
        ],
    );
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", &log]).await;
    assert!(well, "{said}");
    cluster.faults().clear();
    assert_same(&stored(&cluster), &original);

    let (well, said) = run(&["verify", "--log", &log]).await;
    assert!(well && said.contains("sound"), "{said}");

    // The views that the demo serves over either are the same.
    let (well, embedded) = run(&["demo", "--build-only", "--digest", "--data-dir", text(&demo)]).await;
    assert!(well, "{embedded}");
    let kept = home.path().join("kept");
    small::copy_directory(&demo, &kept);
    std::fs::remove_file(kept.join("log.db")).unwrap();
    let (well, over_cluster) = run(&[
        "demo",
        "--build-only",
        "--digest",
        "--data-dir",
        text(&kept),
        "--log",
        &log,
    ])
    .await;
    assert!(well, "{over_cluster}");
    assert!(
        over_cluster.contains("  engagement\n") && over_cluster.contains("  inspection\n"),
        "{over_cluster}"
    );
    assert_eq!(digests(&over_cluster), digests(&embedded));
    // The start there noted who holds the keys, in the header, and appended no record.
    assert_same(&stored(&cluster), &original);

    let back = home.path().join("back");
    let (well, said) = run(&["migrate", "--from", &log, "--to", text(&back)]).await;
    assert!(well, "{said}");
    assert_same(&rows(&back), &original);
    let (well, said) = run(&["verify", "--data-dir", text(&back)]).await;
    assert!(well && said.contains("epoch 3"), "{said}");
    let header = |data: &Path| -> BTreeMap<String, String> {
        let log = Connection::open(data.join("log.db")).unwrap();
        let mut statement = log
            .prepare("SELECT key, value FROM header WHERE key <> 'epoch'")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(header(&back), header(&demo));

    // A second time there is nothing to do, and nothing is overwritten.
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", &log]).await;
    assert!(!well && said.contains("was finished here"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_is_killed_again_and_again_goes_on_where_it_stopped() {
    let (home, demo) = small::copy();
    let original = rows(&demo);
    let mut dice = Dice(knob("MIGRATE_SEED", 1));
    let cluster = cluster(1).await;
    let log = address(&cluster);
    // Slow enough to be killed in the middle.
    cluster.faults().delay(Call::Append, Some(Duration::from_millis(2)));
    let mut seen = Vec::new();
    for _ in 0..4 {
        let mut child = yujian(&["migrate", "--from", text(&demo), "--to", &log])
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let before = stored(&cluster).len();
        let wanted = before + 20 + usize::try_from(dice.roll(200)).unwrap();
        while stored(&cluster).len() < wanted && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        seen.push(stored(&cluster).len());
    }
    assert!(
        seen.iter().all(|stored| *stored < original.len()),
        "{seen:?} of {}",
        original.len()
    );
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    // Half a log is served by nobody.
    let (well, said) = run(&["demo", "--build-only", "--data-dir", text(&demo), "--log", &log]).await;
    assert!(!well && said.contains("not finished"), "{said}");
    cluster.faults().delay(Call::Append, None);
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", &log]).await;
    assert!(well, "{said}");
    assert_same(&stored(&cluster), &original);

    // The same to a directory.
    let back = home.path().join("back");
    for _ in 0..3 {
        let mut child = yujian(&["migrate", "--from", &log, "--to", text(&back)])
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(100 + dice.roll(300))).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (well, said) = run(&["migrate", "--from", &log, "--to", text(&back)]).await;
    // Killed after it was finished, it says so.
    assert!(well || said.contains("was finished here"), "{said}");
    assert_same(&rows(&back), &original);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_another_log_and_a_source_that_is_served_are_refused_and_untouched() {
    let (home, demo) = small::copy();
    let cluster = cluster(1).await;
    let log = address(&cluster);
    let other = home.path().join("other");
    small::build(
        &other,
        &[
            "--institutions",
            "3",
            "--months",
            "1",
            "--until",
            "2026-06-30",
            "--seed",
            "9",
        ],
    );
    let (well, said) = run(&["migrate", "--from", text(&other), "--to", &log]).await;
    assert!(well, "{said}");
    let before = stored(&cluster);
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", &log]).await;
    assert!(!well && said.contains("another log here already"), "{said}");
    assert_same(&stored(&cluster), &before);
    let untouched = rows(&other);
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", text(&other)]).await;
    assert!(!well && said.contains("another log here already"), "{said}");
    assert_same(&rows(&other), &untouched);

    let served = tokio::task::spawn_blocking({
        let demo = demo.clone();
        move || small::serve(&demo, &["--quiet"])
    })
    .await
    .unwrap();
    let target = home.path().join("target");
    let (well, said) = run(&["migrate", "--from", text(&demo), "--to", text(&target)]).await;
    assert!(
        !well && said.contains("another process is using this data directory"),
        "{said}"
    );
    assert!(!target.join("log.db").exists());
    drop(served);
    let (well, said) = run(&["migrate", "--from", text(directory().path()), "--to", text(&target)]).await;
    assert!(!well && said.contains("is not there"), "{said}");
}
