//! The example of `docs/import.md` does what the document says.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Floor, balanced, options, repository};
use yujian_domain::incident::{Category, Injury, Outcome, Severity};
use yujian_domain::inspection::{ImportedKind, Weight};
use yujian_domain::institution::{InstitutionType, Mode, Ownership};
use yujian_domain::values::ClassType;
use yujian_import::{ChangeKind, Mapping, Options, import};

fn document() -> String {
    std::fs::read_to_string(repository().join("docs/import.md")).unwrap()
}

/// What stands under a heading, up to the next of its level.
fn section(document: &str, heading: &str) -> String {
    let (_, below) = document.split_once(&format!("\n## {heading}\n")).unwrap();
    below.split("\n## ").next().unwrap().to_owned()
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

#[tokio::test]
async fn the_second_edition_says_what_the_document_shows() {
    let document = section(&document(), "A register in editions");
    let mapping = std::fs::read_to_string(repository().join("deploy/mappings/childcare-register.toml")).unwrap();
    let mapping = Mapping::parse(&mapping).unwrap();
    let floor = Floor::new().await;
    let mut told = String::new();
    // The commands that the document gives.
    for command in block(&document, "sh").lines() {
        let words: Vec<&str> = command.split(' ').collect();
        let date = words.iter().position(|word| *word == "--edition-date").unwrap() + 1;
        let options = Options {
            edition_date: Some(words[date].parse().unwrap()),
            ..options(false, None, &|_, _| {})
        };
        let file = repository().join(words[date + 1]);
        told = import(&floor.commands, &mapping, &file, options)
            .await
            .unwrap()
            .to_string();
    }
    let shown = block(&document, "report");
    assert!(told.starts_with(shown.trim_end()), "{told}");
}

#[tokio::test]
async fn the_register_of_findings_says_what_the_document_shows() {
    let document = section(&document(), "A register of findings");
    let floor = Floor::new().await;
    let mut told = String::new();
    for command in block(&document, "sh").lines() {
        let words: Vec<&str> = command.split(' ').collect();
        let mapping = words.iter().position(|word| *word == "--mapping").unwrap() + 1;
        let text = std::fs::read_to_string(repository().join(words[mapping])).unwrap();
        let (mapping, file) = (Mapping::parse(&text).unwrap(), repository().join(words[mapping + 1]));
        let check = words.contains(&"--check");
        told = floor
            .try_import(&mapping, &file, check, None)
            .await
            .unwrap()
            .to_string();
    }
    assert_eq!(told, block(&document, "report").trim_end());
}

#[test]
fn every_kind_of_change_stands_in_the_document() {
    let document = document();
    for kind in [
        ChangeKind::Created,
        ChangeKind::CapacityChanged,
        ChangeKind::Changed,
        ChangeKind::HeldOtherwise,
        ChangeKind::NoLongerTold,
        ChangeKind::ClosureProposed,
    ] {
        assert!(document.contains(&format!("`{}`", kind.code())), "{kind:?}");
    }
}

#[test]
fn every_code_stands_in_the_document() {
    let document = document();
    let codes = InstitutionType::ALL.iter().map(|code| code.code());
    let codes = codes.chain(Mode::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Ownership::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(ClassType::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(ImportedKind::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Weight::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Category::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Injury::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Severity::ALL.iter().map(|code| code.code()));
    let codes = codes.chain(Outcome::ALL.iter().map(|code| code.code()));
    for code in codes {
        assert!(document.contains(&format!("`{code}`")), "{code}");
    }
}
