//! Registers of findings made up for the purpose: visits with days, another edition, rows and mappings that are wrong.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use support::register::reasons;
use support::{Floor, balanced, options};
use tempfile::TempDir;
use yujian_import::{ImportError, Inspections, Mapping, Options, import};

const MAPPING: &str = r#"
register = "Test findings"

[cells]
dates = ["%Y-%m-%d"]

[institution]
key = ["Site"]
name = { column = "Name" }
region = { root = "US-48", entered = 2018 }

[inspection]
visit = ["Visit"]
row = ["Standard", "Text"]
kind = { column = "Cited", table = "kind" }
standard = { column = "Standard" }
weight = { column = "Risk", table = "weight", else = "unknown" }
visit_date = { column = "Day" }
corrected_date = { column = "Corrected" }
details = ["Risk"]
narrative = ["Text"]

[tables.kind]
yes = "finding"
no = "technical_assistance"

[tables.weight]
high = "grave"
low = "minor"
"#;

const HEADER: &str = "Site,Name,Visit,Day,Standard,Cited,Risk,Corrected,Text\n";

fn mapping() -> Mapping {
    Mapping::parse(MAPPING).unwrap()
}

fn file(directory: &TempDir, name: &str, rows: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, format!("{HEADER}{rows}")).unwrap();
    path
}

fn wrong(from: &str, to: &str) -> String {
    assert!(MAPPING.contains(from));
    Mapping::parse(&MAPPING.replace(from, to)).unwrap_err().path
}

#[tokio::test]
async fn rows_of_a_visit_stand_in_one_inspection_on_its_day() {
    let directory = TempDir::new().unwrap();
    let rows = "\
S1,Sunny,V1,2019-03-01,A-1,yes,high,2019-03-09,\"pulled an arm\nin front of others\"
S1,Sunny,V1,2019-03-01,A-2,no,other,,
S1,Sunny,V2,,A-1,yes,low,2019-05-02,
S2,Moon,V3,2019-04-01,A-1,no,,,shouted
";
    let file = file(&directory, "findings.csv", rows);
    let floor = Floor::new().await;
    let report = floor.import(&mapping(), &file).await;
    balanced(&report);
    let told = Inspections {
        visits: 3,
        findings: 2,
        technical_assistance: 2,
    };
    assert_eq!((report.inspections, report.institutions), (Some(told), 2), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("inspections             3   2 findings, 2 technical assistance"),
        "{text}"
    );
    let streams = floor.streams().await;
    let mut inspections: Vec<&Vec<String>> = streams
        .iter()
        .filter(|(stream, _)| stream.starts_with("inspection-"))
        .map(|(_, told)| told)
        .collect();
    inspections.sort_by_key(|told| std::cmp::Reverse(told.len()));
    let lengths: Vec<usize> = inspections.iter().map(|told| told.len()).collect();
    assert_eq!(lengths, [2, 1, 1]);
    let told = inspections[0];
    assert!(told[0].contains("Day { date: 2019-03-01 }"), "{told:?}");
    assert!(told[0].contains("\"weight\":\"grave\"") && told[1].contains("\"weight\":\"unknown\""));
    assert!(told[1].contains("\"details\":{\"Risk\":\"other\"}") && !told[1].contains("corrected_date"));
    // The line end within the text is part of it.
    let mut texts: Vec<String> = floor
        .records()
        .await
        .iter()
        .filter_map(|record| floor.narrative(record))
        .collect();
    texts.sort();
    assert_eq!(texts, ["pulled an arm\nin front of others", "shouted"]);
}

#[tokio::test]
async fn another_edition_adds_its_rows_and_lists_what_changed() {
    let directory = TempDir::new().unwrap();
    let old = file(
        &directory,
        "old.csv",
        "S1,Sunny,V1,,A-1,yes,,,bit\nS1,Sunny,V1,,A-1,yes,,,bit\nS2,Moon,V2,,A-2,no,,2019-05-01,\n",
    );
    // In another order; one more equal row, one visit more, one correction put right.
    let new = file(
        &directory,
        "new.csv",
        "S2,Moon,V2,,A-2,no,,2019-05-02,\nS2,Moon,V4,,A-2,no,,,\nS1,Sunny,V1,,A-1,yes,,,bit\nS1,Sunny,V1,,A-1,yes,,,bit\nS1,Sunny,V1,,A-1,yes,,,bit\n",
    );
    let floor = Floor::new().await;
    let first = floor.import(&mapping(), &old).await;
    assert_eq!((first.accepted, first.events), (3, 5), "{first}");
    for (check, accepted, duplicates) in [(true, 2, 2), (false, 2, 2), (false, 0, 4)] {
        let rejects = directory.path().join("rejects.csv");
        let report = floor.try_import(&mapping(), &new, check, Some(&rejects)).await.unwrap();
        balanced(&report);
        assert_eq!(
            (report.accepted, report.duplicates, report.changed),
            (accepted, duplicates, 1),
            "{report}"
        );
        let list = std::fs::read_to_string(&rejects).unwrap();
        assert_eq!(reasons(&list), ["2,,CHANGED"], "{list}");
    }
    assert_eq!(floor.records().await.len(), 7);
}

#[tokio::test]
async fn rows_that_do_not_fit_are_listed_with_their_columns_and_no_cell_is_quoted() {
    let directory = TempDir::new().unwrap();
    let rows = "\
S1,Sunny,V1,2019-03-01,A-1,yes,,2019-03-09,
S1,Sunny,V1,2019-03-01,A-2,SECRET,,,
S1,Sunny,V1,2019-03-01,A-3,,,,SECRET
S1,Sunny,V1,2019-03-01,,yes,,,SECRET
S1,Sunny,V1,2019-03-01,A-4,yes,,2019-02-28,SECRET
S1,Sunny,V1,2099-01-01,A-5,yes,,,SECRET
S1,Sunny,V1,2019-03-01,A-6,yes,,SECRET,
S2,Moon,V1,2019-03-01,A-7,yes,,,SECRET
S2,Moon,,2019-03-01,A-8,yes,,,SECRET
";
    let file = file(&directory, "wrong.csv", rows);
    let floor = Floor::new().await;
    for check in [true, false] {
        let rejects = directory.path().join("rejects.csv");
        let report = floor
            .try_import(&mapping(), &file, check, Some(&rejects))
            .await
            .unwrap();
        balanced(&report);
        assert_eq!((report.accepted, report.rejected), (1, 8), "{report}");
        let told = report.inspections.unwrap();
        assert_eq!((told.visits, told.findings, told.technical_assistance), (1, 1, 0));
        let list = std::fs::read_to_string(&rejects).unwrap();
        assert!(!list.contains("SECRET"), "{list}");
        assert_eq!(
            reasons(&list),
            [
                "3,Cited,UNMAPPED",
                "4,Cited,MISSING",
                "5,Standard,MISSING",
                "6,Corrected,INVALID_FIELD",
                "7,Day,INVALID_FIELD",
                "8,Corrected,BAD_DATE",
                "9,Site,OTHER_INSTITUTION",
                "10,Visit,KEY_BLANK",
            ],
            "check: {check}"
        );
    }
}

#[tokio::test]
async fn a_register_of_findings_has_no_editions() {
    let directory = TempDir::new().unwrap();
    let file = file(&directory, "findings.csv", "S1,Sunny,V1,,A-1,yes,,,\n");
    let floor = Floor::new().await;
    let options = Options {
        edition_date: Some("2019-06-30".parse().unwrap()),
        ..options(false, None, &|_, _| {})
    };
    let refused = import(&floor.commands, &mapping(), &file, options).await;
    assert!(matches!(refused, Err(ImportError::NoEditions)), "{refused:?}");
    assert!(floor.records().await.is_empty());
}

#[test]
fn a_mapping_that_does_not_hold_together_is_refused_with_its_path() {
    assert_eq!(wrong("visit = [\"Visit\"]", "visit = []"), "inspection.visit");
    assert_eq!(
        wrong("kind = { column = \"Cited\", table = \"kind\" }", "kind = []"),
        "inspection.kind"
    );
    assert_eq!(
        wrong("no = \"technical_assistance\"", "no = \"advice\""),
        "tables.kind.\"no\""
    );
    assert_eq!(
        wrong("standard = { column = \"Standard\" }", "standard = []"),
        "inspection.standard"
    );
    assert_eq!(
        wrong("details = [\"Risk\"]", "details = [\"Risk\", \"Risk\"]"),
        "inspection.details[1]"
    );
    let both = "[incident]\ncase = [\"Visit\"]\ncategory = { constant = \"other\" }\n\n[inspection]";
    assert_eq!(wrong("[inspection]", both), "inspection");
    let dated = "edition_date = { column = \"Day\" }\n\n[inspection]";
    assert_eq!(wrong("[inspection]", dated), "institution.edition_date");
}
