//! The values of a document by their paths: what is shown, and what two versions differ in.
//!
//! A later, milder rule (处罚法 §37) is asked for beside the rule of the day of the act: which of them is milder is for a
//! person to say, which values differ is said here.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{PolicyDocument, PolicyError};

/// Members of a document that name it or say where it comes from: no values.
const NAMING: &[&str] = &[
    "id",
    "version",
    "kind",
    "region",
    "effective_date",
    "title",
    "legal_basis",
];
/// Members of a value's table that say where it comes from.
const CITING: &[&str] = &["law", "article", "source", "note", "legal_basis"];

/// One value that two documents do not have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path, e.g. `values.receipt_working_days`, `papers.fire_safety`.
    pub path: String,
    /// In the one document, as TOML; absent when it has none there.
    pub before: Option<String>,
    /// In the other.
    pub after: Option<String>,
}

impl PolicyDocument {
    /// Every value of a document's text by its path, as TOML. The path is that of its mark ([`PolicyDocument::mark`]), where
    /// it has one. A paper's value is what is asked of it.
    ///
    /// # Errors
    /// When the text is not TOML.
    pub fn values(text: &str) -> Result<BTreeMap<String, String>, PolicyError> {
        let table: Table = super::read(text)?;
        let mut values = BTreeMap::new();
        for (name, value) in table {
            if !NAMING.contains(&name.as_str()) {
                collect(&name, value, &mut values);
            }
        }
        Ok(values)
    }

    /// The values in which two texts differ, by path.
    ///
    /// # Errors
    /// When one of them is not TOML.
    pub fn differences(before: &str, after: &str) -> Result<Vec<Difference>, PolicyError> {
        let (before, mut after) = (Self::values(before)?, Self::values(after)?);
        let mut found: Vec<Difference> = Vec::new();
        for (path, value) in before {
            let other = after.remove(&path);
            if other.as_ref() != Some(&value) {
                found.push(Difference {
                    path,
                    before: Some(value),
                    after: other,
                });
            }
        }
        found.extend(after.into_iter().map(|(path, value)| Difference {
            path,
            before: None,
            after: Some(value),
        }));
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }
}

fn collect(path: &str, value: Value, values: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(mut table) => {
            if let Some(value) = table.remove("value") {
                values.insert(path.to_owned(), value.to_string());
                return;
            }
            for (name, value) in table {
                if !CITING.contains(&name.as_str()) {
                    collect(&format!("{path}.{name}"), value, values);
                }
            }
        }
        Value::Array(items) if items.iter().all(Value::is_table) && !items.is_empty() => {
            for (index, item) in items.into_iter().enumerate() {
                let Value::Table(mut table) = item else { continue };
                let kind = table.remove("kind").and_then(|kind| kind.as_str().map(str::to_owned));
                let path = format!("{path}.{}", kind.unwrap_or_else(|| index.to_string()));
                table.retain(|name, _| !CITING.contains(&name));
                values.insert(path, Value::Table(table).to_string());
            }
        }
        other => {
            values.insert(path.to_owned(), other.to_string());
        }
    }
}
