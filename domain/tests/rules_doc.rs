//! `docs/rules.md` names code and tests that exist and are run, and the code uses no rule that the page lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Areas of rules, as ids begin.
const AREAS: &[&str] = &["ADM-", "ALT-", "CAL-", "CLK-", "GEN-", "INC-", "INS-", "POL-", "STF-"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

struct Rule {
    id: String,
    cells: Vec<String>,
}

/// Rows whose first cell is a rule id.
fn rules() -> Vec<Rule> {
    let page = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<String> = line
            .strip_prefix('|')?
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        is_id(&cells[0]).then(|| Rule {
            id: cells[0].clone(),
            cells,
        })
    });
    rows.collect()
}

fn is_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 6
        && text.get(..4).is_some_and(|area| AREAS.contains(&area))
        && bytes[4].is_ascii_digit()
        && bytes[5].is_ascii_digit()
}

/// Ids that a text names.
fn ids(text: &str) -> BTreeSet<String> {
    let starts = AREAS.iter().flat_map(|area| text.match_indices(*area));
    starts
        .filter_map(|(start, _)| text.get(start..start + 6))
        .filter(|id| is_id(id))
        .map(str::to_owned)
        .collect()
}

/// `path::function` pairs of a cell.
fn references(cell: &str) -> Vec<(String, String)> {
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|text| text.rsplit_once("::"))
        .map(|(path, name)| (path.to_owned(), name.to_owned()))
        .collect()
}

fn source(path: &str) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

fn has_function(text: &str, name: &str) -> bool {
    text.contains(&format!("fn {name}(")) || text.contains(&format!("fn {name}<"))
}

fn sources(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(path.clone(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_rule_has_article_code_test_and_kind_that_exist() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for Rule { id, cells } in rules() {
        assert!(seen.insert(id.clone()), "{id} stands here twice");
        assert_eq!(cells.len(), 7, "{id}: six cells and the end of the row");
        assert!(cells[..6].iter().all(|cell| !cell.is_empty()), "{id}: an empty cell");
        let code = references(&cells[3]);
        let tests = references(&cells[4]);
        if code.is_empty() || tests.is_empty() {
            wrong.push(format!("{id}: no code or no test"));
        }
        for (path, name) in code {
            match source(&path) {
                None => wrong.push(format!("{id}: no file {path}")),
                Some(text) if !has_function(&text, &name) => wrong.push(format!("{id}: no {name} in {path}")),
                Some(text) if !ids(&text).contains(&id) => wrong.push(format!("{id}: {path} does not name it")),
                Some(_) => {}
            }
        }
        for (path, name) in tests {
            match source(&path) {
                None => wrong.push(format!("{id}: no file {path}")),
                Some(text) if !has_function(&text, &name) => wrong.push(format!("{id}: no test {name} in {path}")),
                Some(_) => {}
            }
        }
    }
    assert!(!seen.is_empty(), "the page holds no rules");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_that_the_code_uses_is_on_the_page() {
    let known: BTreeSet<String> = rules().into_iter().map(|rule| rule.id).collect();
    let mut found = BTreeMap::new();
    for folder in ["domain/src", "services"] {
        sources(&root().join(folder), &mut found);
    }
    let mut missing = Vec::new();
    for (path, text) in found {
        for id in ids(&text).difference(&known) {
            missing.push(format!("{id} in {}", path.display()));
        }
    }
    assert!(missing.is_empty(), "not in docs/rules.md:\n{}", missing.join("\n"));
}

#[test]
fn every_id_that_the_page_names_has_a_row() {
    let known: BTreeSet<String> = rules().into_iter().map(|rule| rule.id).collect();
    let page = std::fs::read_to_string(root().join("docs/rules.md")).unwrap();
    let named = ids(&page);
    let missing: Vec<&String> = named.difference(&known).collect();
    assert!(missing.is_empty(), "named without a row: {missing:?}");
}

#[test]
fn every_file_of_these_tests_is_run() {
    let main = include_str!("main.rs");
    let mut files = BTreeMap::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")), &mut files);
    let folder = root().join("domain/tests");
    let names: BTreeSet<String> = files
        .keys()
        .map(|path| {
            path.strip_prefix(&folder)
                .unwrap()
                .with_extension("")
                .display()
                .to_string()
        })
        .map(|path| path.split('/').next().unwrap().to_owned())
        .filter(|name| name != "main")
        .collect();
    let left_out: Vec<&String> = names
        .iter()
        .filter(|name| !main.contains(&format!("\nmod {name};\n")))
        .collect();
    assert!(left_out.is_empty(), "not in main.rs, so nobody runs them: {left_out:?}");
}
