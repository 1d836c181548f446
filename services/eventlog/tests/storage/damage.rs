//! Damage is found, located and reported; it is never served, and what is sound stays readable.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use yujian_eventlog::record::Checked;
use yujian_eventlog::sqlite::{OpenError, OpenOptions, SqliteLog, schema};
use yujian_eventlog::{Damage, Direction, EventLog, Expected, Head, Item, LogError, Record};

use crate::support::{TestClock, event, open, stream};

struct Fixture {
    directory: tempfile::TempDir,
    clock: Arc<TestClock>,
    records: Vec<Record>,
}

/// Streams a and b in turn, five records each: a at odd positions, b at even ones.
async fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let log = open(directory.path(), &clock);
    let mut records = Vec::new();
    let mut expected = [Expected::NoStream; 2];
    for number in 0..5 {
        for (which, name) in ["a", "b"].into_iter().enumerate() {
            let done = log
                .append(&stream(name), expected[which], vec![event(number)])
                .await
                .unwrap();
            let record = done.records[0].clone();
            expected[which] = Expected::At(Head {
                revision: record.revision,
                hash: record.hash,
            });
            records.push(record);
        }
    }
    Fixture {
        directory,
        clock,
        records,
    }
}

impl Fixture {
    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn tamper(&self, sql: &str) {
        let conn = Connection::open(self.path().join(schema::LOG_FILE)).unwrap();
        conn.execute_batch(sql).unwrap();
    }

    fn open(&self) -> Arc<SqliteLog> {
        open(self.path(), &self.clock)
    }

    fn head(&self, position: usize) -> Expected {
        let record = &self.records[position - 1];
        Expected::At(Head {
            revision: record.revision,
            hash: record.hash,
        })
    }
}

/// Positions of damaged items, with what was said.
fn damage(items: &[Item]) -> Vec<Damage> {
    let damaged = |item: &Item| match item {
        Item::Damaged(damage) => Some(damage.clone()),
        Item::Record(_) => None,
    };
    items.iter().filter_map(damaged).collect()
}

async fn forwards(log: &SqliteLog, name: &str) -> Vec<Item> {
    log.read_stream(&stream(name), Direction::Forwards, None, 100)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_changed_byte_is_located_and_stops_writes_to_its_stream_alone() {
    let fixture = fixture().await;
    fixture.tamper("UPDATE record SET payload = '{\"n\":7}' WHERE position = 5");
    let log = fixture.open();
    let items = forwards(&log, "a").await;
    assert_eq!(items.len(), 5);
    let found = damage(&items);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].position.number, found[0].revision), (5, Some(2)));
    assert_eq!(
        (found[0].stream.clone(), found[0].problem.as_str()),
        (Some(stream("a")), "hash does not fit")
    );
    assert_eq!(damage(&log.read_all(log.origin(), 100).await.unwrap().items), found);

    let refused = log.append(&stream("a"), fixture.head(9), vec![event(50)]).await;
    assert_eq!(refused, Err(LogError::Damaged(Box::new(found[0].clone()))));
    log.append(&stream("b"), fixture.head(10), vec![event(50)])
        .await
        .unwrap();
    assert!(damage(&forwards(&log, "b").await).is_empty());
}

#[tokio::test]
async fn a_damaged_head_is_met_by_the_append_itself() {
    let fixture = fixture().await;
    fixture.tamper("UPDATE record SET type = 'test.Other.v1' WHERE position = 9");
    let log = fixture.open();
    let refused = log.append(&stream("a"), fixture.head(9), vec![event(50)]).await;
    assert!(matches!(refused, Err(LogError::Damaged(damage)) if damage.position.number == 9));
    assert!(matches!(log.stream_head(&stream("a")).await, Err(LogError::Damaged(_))));
}

#[tokio::test]
async fn columns_of_the_wrong_shape_are_damage_not_panics() {
    for (sql, problem) in [
        (
            "UPDATE record SET event_id = 'x' WHERE position = 5",
            "event id has not 16 bytes",
        ),
        (
            "UPDATE record SET metadata = x'7b7d' WHERE position = 5",
            "metadata is not text",
        ),
        (
            "UPDATE record SET payload = CAST(x'ff' AS TEXT) WHERE position = 5",
            "hash does not fit",
        ),
        (
            "UPDATE record SET metadata = '{}' WHERE position = 5",
            "metadata does not open as format 1",
        ),
        (
            "UPDATE record SET type = CAST(x'ff' AS TEXT) WHERE position = 5",
            "type is not UTF-8",
        ),
        (
            "UPDATE record SET revision = -1 WHERE position = 5",
            "revision is not a number",
        ),
        ("UPDATE record SET stream = 77 WHERE position = 5", "stream has no name"),
    ] {
        let fixture = fixture().await;
        fixture.tamper(sql);
        let log = fixture.open();
        let page = log.read_all(log.origin(), 100).await.unwrap();
        assert_eq!(page.items.len(), 10);
        let found = damage(&page.items);
        assert_eq!(found.len(), 1, "{sql}");
        assert_eq!((found[0].position.number, found[0].problem.as_str()), (5, problem));
        let revisions = forwards(&log, "a").await.len();
        assert_eq!(revisions, 5, "{sql}: the stream's other records are still shown");
    }
}

#[tokio::test]
async fn a_record_rewritten_with_a_fitting_hash_breaks_the_chain() {
    let fixture = fixture().await;
    let old = &fixture.records[4];
    let forged = Checked::new(event(99))
        .unwrap()
        .seal(old.position, &old.stream, old.revision, old.prev, old.recorded_time)
        .unwrap();
    let conn = Connection::open(fixture.path().join(schema::LOG_FILE)).unwrap();
    conn.execute(
        "UPDATE record SET event_id=?1, metadata=?2, payload=?3 WHERE position=5",
        (
            forged.id.as_bytes(),
            std::str::from_utf8(&forged.metadata).unwrap(),
            std::str::from_utf8(&forged.payload).unwrap(),
        ),
    )
    .unwrap();
    drop(conn);
    let log = fixture.open();
    let found = damage(&forwards(&log, "a").await);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].position.number, found[0].revision), (5, Some(2)));
}

#[tokio::test]
async fn a_removed_row_is_missing_and_hides_nothing_else() {
    let fixture = fixture().await;
    fixture.tamper("DELETE FROM record WHERE position = 5");
    let log = fixture.open();
    let page = log.read_all(log.origin(), 100).await.unwrap();
    assert_eq!(page.items.len(), 10);
    let found = damage(&page.items);
    assert_eq!(
        (found[0].position.number, found[0].problem.as_str()),
        (5, "record is missing")
    );
    let items = forwards(&log, "a").await;
    assert_eq!(items.len(), 5);
    assert_eq!(damage(&items)[0].revision, Some(2));
    let refused = log.append(&stream("a"), fixture.head(9), vec![event(50)]).await;
    assert!(matches!(refused, Err(LogError::Damaged(_))));
}

#[tokio::test]
async fn altered_links_do_not_lead_reads_astray() {
    for link in ["0", "1", "8", "9", "4000", "-3", "'x'"] {
        let fixture = fixture().await;
        fixture.tamper(&format!("UPDATE record SET prev_position = {link} WHERE position = 9"));
        let log = fixture.open();
        let items = forwards(&log, "a").await;
        let expected: Vec<Item> = fixture.records.iter().step_by(2).cloned().map(Item::Record).collect();
        assert_eq!(items, expected, "prev_position = {link}");
    }
}

#[tokio::test]
async fn a_cut_tail_is_named_and_the_start_refused() {
    let fixture = fixture().await;
    fixture.tamper("DELETE FROM record WHERE position > 7");
    let opened = SqliteLog::open(fixture.path(), OpenOptions::new(fixture.clock.clone()));
    assert!(matches!(opened, Err(OpenError::CutTail { heads: 10, log: 7 })));
}

#[tokio::test]
async fn a_hole_met_while_heads_are_rebuilt_leaves_the_log_readable_only() {
    let fixture = fixture().await;
    fixture.tamper("DELETE FROM record WHERE position = 5");
    std::fs::remove_file(fixture.path().join(schema::HEADS_FILE)).unwrap();
    let log = fixture.open();
    let refused = log.append(&stream("b"), fixture.head(10), vec![event(50)]).await;
    assert!(matches!(refused, Err(LogError::ReadOnly(reason)) if reason.contains("position 5")));
    assert_eq!(forwards(&log, "b").await.len(), 5);
}

#[tokio::test]
async fn pages_that_sqlite_can_not_read_are_damage_and_the_rest_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let log = open(directory.path(), &clock);
    for number in 0..200 {
        let name = stream(&format!("s{number}"));
        log.append(&name, Expected::NoStream, vec![event(number)])
            .await
            .unwrap();
    }
    drop(log);
    let path = directory.path().join(schema::LOG_FILE);
    let conn = Connection::open(&path).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(conn);
    let pages = std::fs::metadata(&path).unwrap().len() / 4096;
    let mut with_damage = 0;
    for page in 0..pages {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let mut sound = vec![0; 4096];
        file.read_exact_at(&mut sound, page * 4096).unwrap();
        file.write_all_at(&[0xa5; 4096], page * 4096).unwrap();
        // Some pages are needed to open at all; then the start is refused in words.
        if let Ok(log) = SqliteLog::open(directory.path(), OpenOptions::new(clock.clone())) {
            let read = log.read_all(log.origin(), 1000).await.unwrap();
            assert_eq!(read.items.len(), 200);
            let found = damage(&read.items).len();
            assert!(found < 200, "page {page}");
            with_damage += usize::from(found > 0);
            for number in 0..200 {
                let items = log
                    .read_stream(&stream(&format!("s{number}")), Direction::Forwards, None, 1)
                    .await;
                assert_eq!(items.unwrap().len(), 1);
            }
        }
        file.write_all_at(&sound, page * 4096).unwrap();
    }
    assert!(with_damage > 10, "only {with_damage} of {pages} pages made damage");
    let log = open(directory.path(), &clock);
    assert!(damage(&log.read_all(log.origin(), 1000).await.unwrap().items).is_empty());
}

#[tokio::test]
async fn rows_that_changed_places_are_still_read_in_their_streams() {
    let fixture = fixture().await;
    fixture.tamper(
        "UPDATE record SET position = 1000 WHERE position = 5;
         UPDATE record SET position = 5 WHERE position = 6;
         UPDATE record SET position = 6 WHERE position = 1000;",
    );
    let log = fixture.open();
    for (name, first) in [("a", 0), ("b", 1)] {
        let hashes = |items: &[Item]| -> Vec<String> {
            let hash = |item: &Item| match item {
                Item::Record(record) => record.hash.to_hex(),
                Item::Damaged(damage) => panic!("{damage:?}"),
            };
            items.iter().map(hash).collect()
        };
        let expected: Vec<Item> = fixture
            .records
            .iter()
            .skip(first)
            .step_by(2)
            .cloned()
            .map(Item::Record)
            .collect();
        assert_eq!(hashes(&forwards(&log, name).await), hashes(&expected));
    }
}

#[tokio::test]
async fn what_was_known_at_an_instant_is_found_across_damage() {
    let fixture = fixture().await;
    fixture.tamper("UPDATE record SET payload = '0' WHERE position IN (1, 5, 6, 10)");
    let log = fixture.open();
    let times: Vec<_> = fixture.records.iter().map(|record| record.recorded_time).collect();
    // A damaged record has no time that could be trusted: it counts with the sound one before it.
    for (position, known) in [
        (1, 1),
        (2, 2),
        (3, 3),
        (4, 6),
        (5, 6),
        (6, 6),
        (7, 7),
        (8, 8),
        (9, 10),
        (10, 10),
    ] {
        assert_eq!(
            log.position_at(times[position - 1]).await.unwrap().number,
            known,
            "time of {position}"
        );
    }
}
