//! The example of `docs/import.md` does what the document says.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Floor, balanced, repository};
use yujian_domain::incident::{Category, Injury, Outcome, Severity};
use yujian_domain::institution::{InstitutionType, Mode, Ownership};
use yujian_domain::values::ClassType;
use yujian_import::Mapping;

fn document() -> String {
    std::fs::read_to_string(repository().join("docs/import.md")).unwrap()
}

/// The one block of a language.
fn block(document: &str, language: &str) -> String {
    let fence = format!("```{language}\n");
    let mut blocks = document.split(&fence).skip(1);
    let block = blocks.next().unwrap().split("```").next().unwrap().to_owned();
    assert!(blocks.next().is_none(), "two blocks of {language}");
    block
}

#[tokio::test]
async fn the_example_says_what_the_document_shows() {
    let document = document();
    let mapping = Mapping::parse(&block(&document, "toml")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("example.csv");
    std::fs::write(&file, block(&document, "csv")).unwrap();
    let floor = Floor::new().await;
    let report = floor.import(&mapping, &file).await;
    balanced(&report);
    assert_eq!(report.to_string(), block(&document, "text").trim_end());
}

#[test]
fn every_code_stands_in_the_document() {
    let document = document();
    let codes = InstitutionType::ALL.iter().map(|code| code.code());
    let codes = codes.chain(Mode::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Ownership::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(ClassType::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Category::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Injury::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Severity::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Outcome::ALL.iter().map(|code| code.code()));
    for code in codes {
        assert!(document.contains(&format!("`{code}`")), "{code}");
    }
}
