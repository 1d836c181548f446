//! Registers made up for the purpose: other encodings, other shapes, wrong rows.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use support::{Floor, balanced};
use tempfile::TempDir;
use yujian_domain::personal::SEALED_MARKER;
use yujian_import::{ImportError, Mapping};

const MAPPING: &str = r#"
register = "Test register"

[file]
preamble = { lines = 1 }
trailer = { starts_with = ["Source:"] }

[cells]
dates = ["%Y-%m-%d", "%m/%d/%y"]
blank = ["n/a"]

[[filter]]
column = "State"
drop = ["draft"]

[institution]
key = ["Site"]
name = { column = "Name" }
region = { root = "US-48", parts = [{ column = "County" }], entered = 2018 }

[incident]
case = ["Case"]
row = ["Case", "Child"]
category = { column = "Kind", table = "kind" }
severity = { column = "Grade", table = "grade", else = "unknown" }
intake_date = { column = "Received" }
details = ["Kind", "Grade"]
narrative = ["Text"]

[tables.kind]
hurt = "minor_injury"
lost = "missing_child"

[tables.grade]
"1" = "minor"
"2" = "medical"
"#;

const HEADER: &str = "Site,Name,County,Case,Child,Kind,Grade,Received,State,Text\n";

fn mapping() -> Mapping {
    Mapping::parse(MAPPING).unwrap()
}

fn file(directory: &TempDir, name: &str, rows: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, format!("List of 2019\n{HEADER}{rows}")).unwrap();
    path
}

#[tokio::test]
async fn rows_that_do_not_fit_are_listed_and_no_cell_is_quoted() {
    let rows = "\
S1,\"Sunny, Inc.\",Travis,C1,a,hurt,1,2019-03-01,ok,\"fell\ntwice\"
S1,\"Sunny, Inc.\",Travis,C1,b,SECRET,1,2019-03-01,ok,
S1,\"Sunny, Inc.\",Travis,C1,c,hurt,1,SECRET,ok,
S2,Other,Harris,C2,a,lost,9,n/a,ok,\"two\nlines\"
S2,Other,Harris,C2,a,lost,9,n/a,draft,
,SECRET,Harris,C3,a,lost,1,3/4/19,ok,
S3,,Harris,C4,a,lost,1,3/4/19,ok,SECRET
S2,Other,Harris,C1,z,lost,1,3/4/19,ok,SECRET
SECRET line of its own

S2,\"SECRET unclosed,Harris,C9,a,lost,1,3/4/19,ok,
S2,Other,Harris,C5,a,lost,1,2031-01-01,ok,SECRET
S2,Other,Harris,C6,a,lost,1,3/4/19,ok,
Source: the agency
S2,Other,Harris,C7,a,lost,1,3/4/19,ok,SECRET
";
    let directory = TempDir::new().unwrap();
    let path = file(&directory, "list.csv", rows);
    let rejects = directory.path().join("rejects.csv");
    let expected = "\
4,Kind,UNMAPPED
5,Received,BAD_DATE
9,Site,KEY_BLANK
10,Name,MISSING
11,Site,OTHER_INSTITUTION
12,,NOT_A_ROW
14,,BAD_QUOTE
15,Received,INVALID_FIELD
18,,AFTER_TRAILER";
    // The multi-line record stands on lines 3 and 4, so the next one on 5.
    let expected: Vec<String> = expected
        .lines()
        .map(|line| {
            let (number, rest) = line.split_once(',').unwrap();
            format!("{},{rest}", number.parse::<u64>().unwrap() + 1)
        })
        .collect();

    let floor = Floor::new().await;
    for check in [true, false] {
        let report = floor
            .try_import(&mapping(), &path, check, Some(&rejects))
            .await
            .unwrap();
        balanced(&report);
        assert_eq!(
            (report.rows, report.accepted, report.rejected, report.filtered),
            (12, 3, 9, 1),
            "{report}"
        );
        assert_eq!((report.preamble, report.trailer, report.blank), (1, 1, 1), "{report}");
        let text = std::fs::read_to_string(&rejects).unwrap();
        assert!(!text.contains("SECRET"), "{text}");
        let listed: Vec<String> = text
            .lines()
            .skip(1)
            .map(|line| line.splitn(4, ',').take(3).collect::<Vec<_>>().join(","))
            .collect();
        assert_eq!(listed, expected, "check: {check}");
        assert_eq!(floor.records().await.is_empty(), check);
        assert_eq!(report.events, if check { 0 } else { 5 });
    }
    let streams = floor.told().await;
    assert!(
        streams.contains("US-48/TRAVIS") && streams.contains("Sunny, Inc."),
        "{streams}"
    );
    assert!(streams.contains("Some(Provenance { source: \"Test register\""));
    // A date that is not told stays unknown.
    assert!(streams.contains("incident.RecordImported.v1 Unknown"), "{streams}");
    // The text is sealed.
    let sealed = floor
        .records()
        .await
        .iter()
        .filter(|record| {
            let payload = String::from_utf8_lossy(&record.payload).into_owned();
            assert!(!payload.contains("fell"));
            payload.contains(SEALED_MARKER)
        })
        .count();
    assert_eq!(sealed, 2);
}

#[tokio::test]
async fn another_edition_adds_its_news_and_lists_what_changed() {
    let directory = TempDir::new().unwrap();
    let old = file(
        &directory,
        "2019.csv",
        "S1,Sunny,Travis,C1,a,hurt,1,2019-03-01,ok,\nS1,Sunny,Travis,C1,a,hurt,1,2019-03-01,ok,\nS2,Moon,Travis,C2,a,hurt,1,,ok,\n",
    );
    // In another order, with a row more, one cell changed and a new name.
    let new = file(
        &directory,
        "2020.csv",
        "S2,New Moon,Travis,C2,a,hurt,2,,ok,\nS3,Star,Travis,C3,a,hurt,1,,ok,\nS1,Sunny,Travis,C1,a,hurt,1,2019-03-01,ok,\nS1,Sunny,Travis,C1,a,hurt,1,2019-03-01,ok,\n",
    );
    let floor = Floor::new().await;
    let first = floor.import(&mapping(), &old).await;
    assert_eq!(
        (first.accepted, first.cases, first.institutions, first.events),
        (3, 2, 2, 5),
        "{first}"
    );
    let before = floor.streams().await;

    for (check, accepted) in [(true, 1), (false, 1), (false, 0)] {
        let rejects = directory.path().join("rejects.csv");
        let report = floor.try_import(&mapping(), &new, check, Some(&rejects)).await.unwrap();
        balanced(&report);
        assert_eq!((report.rows, report.accepted), (4, accepted), "{report}");
        assert_eq!(
            (report.rejected, report.changed, report.institutions_changed),
            (1, 1, 1),
            "{report}"
        );
        assert_eq!(report.events, if check { 0 } else { accepted * 2 });
        let listed = std::fs::read_to_string(&rejects).unwrap();
        assert!(
            listed.contains("3,,INSTITUTION_CHANGED") && listed.contains("3,,CHANGED"),
            "{listed}"
        );
        assert_eq!(listed.lines().count(), 3);
    }
    let after = floor.streams().await;
    assert_eq!(after.len(), before.len() + 2);
    assert!(before.iter().all(|(stream, told)| after[stream] == *told));
}

#[tokio::test]
async fn a_chinese_register_in_gb18030() {
    let mapping = Mapping::parse(
        r#"
register = "某市托育机构台账"
[file]
encoding = "gb18030"
delimiter = "|"
preamble = { until_header_within = 10 }
trailer = { starts_with = ["合计", "备注"] }
[cells]
dates = ["%Y年%m月%d日", "%Y.%m.%d", "spreadsheet-days"]
collapse = true
[institution]
key = ["编号"]
name = { column = "机构名称" }
address = { column = "地址" }
region = { parts = [{ column = "区划代码" }], entered = 2023 }
institution_type = { column = "类型", table = "类型", else = "unknown" }
register_type = { column = "类型" }
mode = { constant = "private" }
ownership = { constant = "private" }
valid_from_date = { column = "开办日期" }
[[institution.classes]]
name = "混合班"
class_type = { constant = "mixed" }
places = { column = "托位数" }
[tables."类型"]
"家庭托育点" = "family_point"
"综合托育" = "comprehensive"
"#,
    )
    .unwrap();
    let text = "某市\n截至 2023年\n编号|机构名称|地址|区划代码|类型|开办日期|托位数\n\
        1|\u{3000}阳光  托育园|\"西湖区|1号\"|330106|综合托育|2021年3月1日|60\n\
        2|月亮托育|东路2号|330106|家庭托育点|2022.11.5|5\n\
        3|星星托育|南路3号|330106|其他|44562|\n\
        2|月亮托育|东路2号|330106|家庭托育点|2022.11.5|5\n\
        合计|3家\n";
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("台账.csv");
    std::fs::write(&path, encoding_rs::GB18030.encode(text).0).unwrap();
    let floor = Floor::new().await;
    let report = floor.import(&mapping, &path).await;
    balanced(&report);
    assert_eq!((report.rows, report.accepted, report.duplicates), (4, 3, 1), "{report}");
    assert_eq!(
        (report.preamble, report.trailer, report.institutions, report.cases),
        (2, 1, 3, 0),
        "{report}"
    );
    let told = floor.told().await;
    for text in [
        "阳光 托育园",
        "西湖区|1号",
        "2021-03-01",
        "2022-11-05",
        "2022-01-01",
        "family_point",
        "混合班",
    ] {
        assert!(told.contains(text), "{text} in {told}");
    }
}

#[tokio::test]
async fn a_missing_column_is_named_and_nothing_is_appended() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("list.csv");
    std::fs::write(&path, "List\nSite,Name,County,Case,Child,Grade,Received,State,Text\n").unwrap();
    let floor = Floor::new().await;
    let error = floor.try_import(&mapping(), &path, false, None).await.unwrap_err();
    assert!(
        matches!(&error, ImportError::ColumnsMissing { columns, .. } if *columns == ["Kind"]),
        "{error}"
    );
    assert!(error.to_string().contains("\"Kind\""));
}

#[test]
fn a_mapping_that_does_not_hold_together_is_refused_with_its_path() {
    for (from, to, path) in [
        ("trailer = {", "trialer = {", "file.trialer"),
        ("hurt = \"minor_injury\"", "hurt = \"minor\"", "tables.kind.\"hurt\""),
        ("table = \"kind\"", "table = \"kinds\"", "incident.category.table"),
        ("\"%m/%d/%y\"", "\"%m/%d\"", "cells.dates[1]"),
        ("case = [\"Case\"]", "case = []", "incident.case"),
        ("drop = [\"draft\"]", "", "filter[0]"),
        (
            "name = { column = \"Name\" }",
            "name = { colunm = \"Name\" }",
            "institution.name",
        ),
        ("root = \"US-48\"", "root = \"Texas\"", "institution.region.root"),
        ("register = \"Test register\"", "register = \" \"", "register"),
    ] {
        assert!(MAPPING.contains(from));
        let error = Mapping::parse(&MAPPING.replacen(from, to, 1)).unwrap_err();
        assert!(error.path.starts_with(path), "{from}: {error}");
    }
}

#[tokio::test]
async fn a_register_without_case_numbers_keeps_no_free_text_in_the_number() {
    let mapping = MAPPING.replace("case = [\"Case\"]", "case = [\"Site\", \"Received\", \"Text\"]");
    let mapping = Mapping::parse(&mapping.replace("row = [\"Case\", \"Child\"]", "row = []")).unwrap();
    let directory = TempDir::new().unwrap();
    let rows = "S1,Sunny,Travis,,a,hurt,1,2019-03-01,ok,Pat Miller fell\nS1,Sunny,Travis,,a,hurt,1,2019-03-01,ok,Pat Miller fell\n\
                S1,Sunny,Travis,,b,hurt,1,2019-03-01,ok,Lee fell\n";
    let path = file(&directory, "list.csv", rows);
    let floor = Floor::new().await;
    let report = floor.import(&mapping, &path).await;
    balanced(&report);
    assert_eq!(
        (report.accepted, report.cases, report.institutions),
        (3, 2, 1),
        "{report}"
    );
    for record in floor.records().await {
        assert!(!String::from_utf8_lossy(&record.payload).contains("fell"));
    }
}
