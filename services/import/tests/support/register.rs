//! The made register in two editions and its mapping.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use yujian_import::{ImportError, Mapping, Options, Report, import};

use super::{Floor, balanced, options, repository};

pub fn mapping() -> Mapping {
    Mapping::parse(&mapping_text()).unwrap()
}

pub fn mapping_text() -> String {
    std::fs::read_to_string(repository().join("deploy/mappings/childcare-register.toml")).unwrap()
}

pub fn first() -> PathBuf {
    repository().join("tests/data/register/2025-12.csv")
}

pub fn second() -> PathBuf {
    repository().join("tests/data/register/2026-06.csv")
}

pub const FIRST: &str = "2025-12-31";
pub const SECOND: &str = "2026-06-30";

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub async fn try_edition(
    floor: &Floor,
    file: &Path,
    date: &str,
    check: bool,
) -> Result<(Report, [String; 2]), ImportError> {
    let directory = tempfile::tempdir().unwrap();
    let (rejects, changes) = (
        directory.path().join("rejects.csv"),
        directory.path().join("changes.csv"),
    );
    let options = Options {
        edition_date: Some(day(date)),
        changes: Some(&changes),
        ..options(check, Some(&rejects), &|_, _| {})
    };
    let report = import(&floor.commands, &mapping(), file, options).await?;
    balanced(&report);
    let lists = [rejects, changes].map(|list| std::fs::read_to_string(list).unwrap());
    Ok((report, lists))
}

pub async fn edition(floor: &Floor, file: &Path, date: &str) -> Report {
    try_edition(floor, file, date, false).await.unwrap().0
}

/// `line,column,reason` of each line of a list of rejects.
pub fn reasons(list: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(list.as_bytes());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| row.iter().take(3).collect::<Vec<_>>().join(","))
        .collect()
}
