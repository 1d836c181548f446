//! The SQL of `docs/log-format.md`, run by the stock shell.

use std::process::Command;

use yujian_eventlog::sqlite::schema;
use yujian_eventlog::{EventLog, Expected, Head};

use crate::support::{TestClock, event, open, stream};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/log-format.md")).unwrap()
}

/// The ```sql blocks of the page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```sql\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_page_shows_the_tables_as_they_are() {
    assert_eq!(blocks(&page())[0].trim(), schema::TABLES.trim());
}

#[tokio::test]
async fn the_stock_shell_lists_one_stream_while_the_log_is_open() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        assert!(
            std::env::var("YUJIAN_REQUIRE").as_deref() != Ok("all"),
            "sqlite3 is not installed"
        );
        println!("skipped: sqlite3 is not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path(), &TestClock::new());
    let mut expected = Expected::NoStream;
    let mut hashes = Vec::new();
    for number in 0..5 {
        let done = log
            .append(&stream("asked"), expected, vec![event(number)])
            .await
            .unwrap();
        let record = &done.records[0];
        expected = Expected::At(Head {
            revision: record.revision,
            hash: record.hash,
        });
        hashes.push(record.hash.to_hex());
        log.append(&stream(&format!("other{number}")), Expected::NoStream, vec![event(100)])
            .await
            .unwrap();
    }
    let list = |name: &str| {
        let page = page();
        let sql = blocks(&page)[1].replace("institution-EXAMPLE", name);
        let file = directory.path().join(schema::LOG_FILE);
        let output = Command::new("sqlite3")
            .arg("-readonly")
            .arg("-list")
            .arg(file)
            .arg(sql)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let lines = list("test-asked");
    assert_eq!(lines.len(), 5);
    for (number, line) in lines.iter().enumerate() {
        assert!(
            line.starts_with(&format!("{number}|{}|2026-03-01T", number * 2 + 1)),
            "{line}"
        );
        assert!(line.contains(&hashes[number]), "{line}");
        assert!(line.ends_with(&format!("{{\"n\":{number}}}")), "{line}");
    }
    assert!(list("test-nobody").is_empty());
}
