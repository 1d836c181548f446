//! The register of prohibited punishment as published: rows that are findings or technical assistance, no visit and no
//! day, equal rows, a record over two lines. What the log should hold is read from the file anew, without our reader.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;
use support::{Floor, balanced, repository};
use yujian_domain::envelope::parse_metadata;
use yujian_domain::inspection::{Inspection, Status};
use yujian_domain::time::Occurred;
use yujian_eventlog::Record;
use yujian_import::{Inspections, Mapping, Report};

const ROWS: u64 = 812;
const OPERATIONS: u64 = 636;
const TOLD: Inspections = Inspections {
    visits: OPERATIONS,
    findings: 350,
    technical_assistance: 462,
};

fn file() -> PathBuf {
    repository().join("tests/data/texas/punishment.csv")
}

fn shipped(name: &str) -> Mapping {
    let path = repository().join("deploy/mappings").join(name);
    Mapping::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn mapping() -> Mapping {
    shipped("texas-punishment.toml")
}

/// The rows of the file by the line on which each begins, their cells by the names of their columns.
fn published() -> BTreeMap<u64, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file()).unwrap();
    let names = reader.headers().unwrap().clone();
    let mut next = 2;
    let mut published = BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let line = next;
        let breaks = row.iter().flat_map(str::chars).filter(|letter| *letter == '\n').count();
        next += 1 + u64::try_from(breaks).unwrap();
        let cells = names.iter().zip(row.iter());
        let cells = cells.map(|(name, cell)| (name.trim().to_owned(), cell.trim().to_owned()));
        published.insert(line, cells.collect());
    }
    published
}

async fn of(floor: &Floor, category: &str) -> Vec<Record> {
    let records = floor.records().await.into_iter();
    records.filter(|record| record.stream.category() == category).collect()
}

fn payload(record: &Record) -> Value {
    serde_json::from_slice(&record.payload).unwrap()
}

fn line(record: &Record) -> u64 {
    parse_metadata(&record.metadata).unwrap().provenance.unwrap().line
}

/// Rows, accepted, duplicates, rejected; what they tell; institutions.
fn counts(report: &Report) -> ([u64; 4], Inspections, u64) {
    balanced(report);
    let rows = [report.rows, report.accepted, report.duplicates, report.rejected];
    (rows, report.inspections.unwrap(), report.institutions)
}

#[tokio::test]
async fn every_record_is_taken_once_and_a_second_run_adds_nothing() {
    let floor = Floor::new().await;
    let checked = floor.try_import(&mapping(), &file(), true, None).await.unwrap();
    assert_eq!(counts(&checked), ([ROWS, ROWS, 0, 0], TOLD, OPERATIONS), "{checked}");
    assert_eq!(checked.events, 0);
    assert!(floor.records().await.is_empty(), "a check appends nothing");

    let first = floor.import(&mapping(), &file()).await;
    assert_eq!(counts(&first), counts(&checked), "{first}");
    let outside = [first.preamble, first.trailer, first.blank, first.filtered, first.cases];
    assert_eq!(outside, [0; 5], "{first}");
    assert_eq!(first.institutions_changed, 0, "{first}");
    assert_eq!(first.events, ROWS + OPERATIONS, "{first}");
    let before = floor.streams().await;

    for check in [true, false] {
        let again = floor.try_import(&mapping(), &file(), check, None).await.unwrap();
        assert_eq!(counts(&again), ([ROWS, 0, ROWS, 0], TOLD, OPERATIONS), "{again}");
        assert_eq!(again.events, 0);
        assert!(floor.streams().await == before, "a second run added something");
    }
}

#[tokio::test]
async fn each_institution_has_one_inspection_whose_day_is_unknown() {
    let floor = Floor::new().await;
    floor.import(&mapping(), &file()).await;
    let mut inspections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for record in of(&floor, "inspection").await {
        let told = payload(&record);
        assert!(told.get("visit_date").is_none(), "{told}");
        let metadata = parse_metadata(&record.metadata).unwrap();
        assert_eq!(metadata.occurred, Occurred::Unknown);
        let institution = told["institution"].as_str().unwrap().to_owned();
        let held = inspections.entry(institution).or_default();
        held.insert(record.stream.to_string());
    }
    let institutions: BTreeSet<String> = of(&floor, "institution")
        .await
        .iter()
        .map(|record| record.stream.to_string().replace("institution-", ""))
        .collect();
    assert_eq!(u64::try_from(inspections.len()).unwrap(), OPERATIONS);
    assert_eq!(inspections.keys().cloned().collect::<BTreeSet<_>>(), institutions);
    assert!(inspections.values().all(|held| held.len() == 1), "{inspections:?}");

    let (mut rows, mut findings, mut assistance) = (0, 0, 0);
    for stream in inspections.into_values().flatten() {
        let id = stream.replace("inspection-", "").parse().unwrap();
        let (inspection, _) = floor.commands.load::<Inspection>(id).await.unwrap().unwrap();
        assert_eq!(inspection.status, Status::Imported);
        rows += u64::from(inspection.imported_rows);
        findings += inspection.findings.len();
        assistance += inspection.assistance.len();
    }
    assert_eq!((rows, findings, assistance), (ROWS, 350, 462));
}

#[tokio::test]
async fn what_the_file_tells_stands_in_the_log_and_its_text_only_sealed() {
    let floor = Floor::new().await;
    floor.import(&mapping(), &file()).await;
    let published = published();
    let texts: BTreeSet<&str> = published.values().map(|row| row["narrative"].as_str()).collect();
    let mut lines = BTreeSet::new();
    for record in of(&floor, "inspection").await {
        let row = &published[&line(&record)];
        assert!(lines.insert(line(&record)), "a line twice");
        let told = payload(&record);
        assert_eq!(told["external"]["number"], row["operation_id"]);
        assert_eq!(told["standard"], row["number_descriptions"]);
        assert_eq!(told["details"]["county"], row["county"]);
        assert_eq!(told["weight"], "unknown");
        let kind = if row["technical_assistance"] == "YES" {
            "technical_assistance"
        } else {
            "finding"
        };
        assert_eq!(told["kind"], kind);
        // 1/3/17 is the third of January 2017.
        let corrected: Vec<u32> = row["corrected_date"]
            .split('/')
            .map(|part| part.parse().unwrap())
            .collect();
        let [month, day, year] = corrected[..] else {
            panic!("{row:?}")
        };
        assert_eq!(told["corrected_date"], format!("20{year:02}-{month:02}-{day:02}"));
        let narrative = floor.narrative(&record);
        assert_eq!(narrative.unwrap_or_default(), row["narrative"]);
        let stored = String::from_utf8_lossy(&record.payload);
        assert!(!texts.iter().any(|text| !text.is_empty() && stored.contains(text)));
    }
    assert_eq!(u64::try_from(lines.len()).unwrap(), ROWS);
    let by_number: BTreeMap<&str, &BTreeMap<String, String>> = published
        .values()
        .map(|row| (row["operation_id"].as_str(), row))
        .collect();
    for record in of(&floor, "institution").await {
        let told = payload(&record);
        let row = by_number[told["external"]["number"].as_str().unwrap()];
        assert_eq!(told["name"], row["operation_name"]);
        assert_eq!(told["region"]["code"], format!("US-48/{}", row["county"]));
        assert_eq!(told["register_type"], row["operation_type"]);
        assert_eq!(told["address"].as_str().unwrap_or_default(), row["location_address"]);
    }
}

#[tokio::test]
async fn three_rows_that_equal_another_are_events_of_their_own() {
    let mut seen: BTreeMap<BTreeMap<String, String>, Vec<u64>> = BTreeMap::new();
    for (line, row) in published() {
        seen.entry(row).or_default().push(line);
    }
    let equal: Vec<Vec<u64>> = seen.into_values().filter(|lines| lines.len() > 1).collect();
    assert_eq!(equal.len(), 3);
    let floor = Floor::new().await;
    floor.import(&mapping(), &file()).await;
    let records = of(&floor, "inspection").await;
    for lines in equal {
        let mut held: Vec<&Record> = records.iter().filter(|record| lines.contains(&line(record))).collect();
        held.sort_by_key(|record| line(record));
        let ordinals: Vec<u64> = held
            .iter()
            .map(|record| payload(record)["ordinal"].as_u64().unwrap())
            .collect();
        assert_eq!(ordinals, [1, 2], "{lines:?}");
        assert_eq!(held[0].stream, held[1].stream);
        assert_ne!(held[0].revision, held[1].revision);
    }
    let further = records.iter().filter(|record| payload(record)["ordinal"] != 1).count();
    assert_eq!(further, 3, "all other rows are the first of their kind");
}

#[tokio::test]
async fn a_record_over_two_lines_is_one_row_and_moves_no_other() {
    let published = published();
    let text = std::fs::read_to_string(file()).unwrap();
    assert_eq!(text.lines().count(), 814, "a header, 812 rows and one line more");
    let lines: Vec<u64> = published.keys().copied().collect();
    let broken: Vec<u64> = lines
        .windows(2)
        .filter(|pair| pair[1] - pair[0] == 2)
        .map(|pair| pair[0])
        .collect();
    let [broken] = broken[..] else { panic!("{broken:?}") };
    let floor = Floor::new().await;
    floor.import(&mapping(), &file()).await;
    let records = of(&floor, "inspection").await;
    let held: Vec<&Record> = records.iter().filter(|record| line(record) == broken).collect();
    let [held] = held[..] else { panic!("{}", held.len()) };
    assert_eq!(payload(held)["external"]["number"], published[&broken]["operation_id"]);
    // Its text is the line end and nothing else, so it tells nothing.
    assert_eq!(floor.narrative(held), None);
    let held: BTreeSet<u64> = records.iter().map(line).collect();
    assert_eq!(held, lines.into_iter().collect());
}

#[tokio::test]
async fn an_interrupted_import_is_finished_by_running_again() {
    let whole = Floor::new().await;
    whole.import(&mapping(), &file()).await;
    let streams = whole.streams().await;
    for stop_at in [1, 99, 400, 700] {
        let floor = Floor::new().await;
        floor.interrupt(&mapping(), &file(), stop_at).await;
        let records = u64::try_from(floor.records().await.len()).unwrap();
        assert!(records > 0 && records < ROWS + OPERATIONS, "{records}");
        let rest = floor.import(&mapping(), &file()).await;
        let ([rows, accepted, duplicates, rejected], told, institutions) = counts(&rest);
        assert_eq!(
            (rows, rejected, told, institutions),
            (ROWS, 0, TOLD, OPERATIONS),
            "{rest}"
        );
        assert!(duplicates >= stop_at && accepted > 0, "{rest}");
        assert!(
            floor.streams().await == streams,
            "stopped at row {stop_at}, the streams differ"
        );
    }
}

#[tokio::test]
async fn with_the_injuries_there_are_3_524_institutions_and_none_is_matched() {
    let floor = Floor::new().await;
    let injuries = repository().join("tests/data/texas/injuries.csv");
    let injured = floor.import(&shipped("texas-injuries.toml"), &injuries).await;
    let punished = floor.import(&mapping(), &file()).await;
    assert_eq!((injured.institutions, punished.institutions), (2_888, OPERATIONS));
    assert_eq!(punished.accepted, ROWS, "{punished}");
    let institutions = of(&floor, "institution").await;
    let streams: BTreeSet<String> = institutions.iter().map(|record| record.stream.to_string()).collect();
    assert_eq!((streams.len(), institutions.len()), (3_524, 3_524));
    let mut registers: BTreeMap<String, u64> = BTreeMap::new();
    for record in &institutions {
        let register = payload(record)["external"]["register"].as_str().unwrap().to_owned();
        *registers.entry(register).or_default() += 1;
    }
    assert_eq!(registers.into_values().collect::<Vec<_>>(), [2_888, OPERATIONS]);
}
