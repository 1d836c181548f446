//! The shipped mapping over the register as published, preamble, footnotes, equal rows and all.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use support::{Floor, balanced, repository};
use yujian_import::Mapping;

fn file() -> PathBuf {
    repository().join("tests/data/texas/injuries.csv")
}

fn mapping() -> Mapping {
    let path = repository().join("deploy/mappings/texas-injuries.toml");
    Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn every_injury_is_taken_once_and_a_second_run_adds_nothing() {
    let floor = Floor::new().await;
    let first = floor.import(&mapping(), &file()).await;
    balanced(&first);
    assert_eq!(
        (first.rows, first.accepted, first.duplicates, first.rejected),
        (4_822, 4_822, 0, 0),
        "{first}"
    );
    assert_eq!((first.cases, first.institutions), (4_770, 2_888), "{first}");
    assert_eq!(
        (first.preamble, first.trailer, first.blank, first.filtered),
        (4, 3, 1, 0),
        "{first}"
    );
    assert_eq!(first.institutions_changed, 0, "{first}");
    assert_eq!(first.events, 4_822 + 2_888, "{first}");
    let records = floor.records().await.len();
    assert_eq!(records, 4_822 + 2_888);

    let second = floor.import(&mapping(), &file()).await;
    balanced(&second);
    assert_eq!(
        (second.rows, second.accepted, second.duplicates, second.rejected),
        (4_822, 0, 4_822, 0),
        "{second}"
    );
    assert_eq!(
        (second.cases, second.institutions, second.events),
        (4_770, 2_888, 0),
        "{second}"
    );
    assert_eq!(floor.records().await.len(), records);
}

#[tokio::test]
async fn an_interrupted_import_is_finished_by_running_again() {
    let whole = Floor::new().await;
    whole.import(&mapping(), &file()).await;
    let streams = whole.streams().await;

    for stop_at in [1, 777, 3_001] {
        let floor = Floor::new().await;
        let (mapping, file) = (mapping(), file());
        floor.interrupt(&mapping, &file, stop_at).await;
        assert!(floor.records().await.len() < 4_822 + 2_888);
        let rest = floor.import(&mapping, &file).await;
        balanced(&rest);
        assert!(rest.duplicates >= stop_at && rest.accepted > 0, "{rest}");
        assert_eq!(rest.rejected, 0, "{rest}");
        assert!(
            floor.streams().await == streams,
            "stopped at row {stop_at}, the streams differ"
        );
    }
}
