//! The lists that an import leaves: rejected lines as they come, changes of an edition at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use crate::edition::Change;
use crate::error::ImportError;
use crate::report::Reject;

/// The list of rejected lines, in the order of the file although rows are settled out of order.
pub(crate) struct Rejects {
    writer: Option<csv::Writer<File>>,
    /// Lines of rows under way.
    pub outstanding: BTreeSet<u64>,
    held: BTreeMap<u64, Vec<Reject>>,
}

impl Rejects {
    pub fn open(path: Option<&Path>) -> Result<Self, ImportError> {
        let writer = match path {
            None => None,
            Some(path) => {
                let mut writer = csv::Writer::from_path(path)?;
                writer.write_record(["line", "column", "reason", "message", "message_zh"])?;
                Some(writer)
            }
        };
        Ok(Self {
            writer,
            outstanding: BTreeSet::new(),
            held: BTreeMap::new(),
        })
    }

    pub fn list(&mut self, reject: Reject) -> Result<(), ImportError> {
        if self.writer.is_some() {
            self.held.entry(reject.line).or_default().push(reject);
        }
        self.flush()
    }

    /// Writes what no row under way can come before.
    pub fn flush(&mut self) -> Result<(), ImportError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let first = self.outstanding.first().copied().unwrap_or(u64::MAX);
        while let Some(entry) = self.held.first_entry().filter(|entry| *entry.key() < first) {
            for reject in entry.remove() {
                let line = reject.line.to_string();
                let cells = [
                    &line,
                    &reject.column,
                    reject.reason,
                    &reject.message,
                    &reject.message_zh,
                ];
                writer.write_record(cells)?;
            }
        }
        Ok(())
    }

    pub fn finish(&mut self) -> Result<(), ImportError> {
        self.flush()?;
        if let Some(writer) = &mut self.writer {
            writer.flush()?;
        }
        Ok(())
    }
}

/// Writes what an edition changed and proposes, in the order of the report.
pub(crate) fn write_changes(path: &Path, changes: &[Change]) -> Result<(), ImportError> {
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record([
        "what",
        "line",
        "number",
        "institution",
        "name",
        "facts",
        "places_before",
        "places_after",
        "detail",
    ])?;
    for change in changes {
        let told = |number: Option<u64>| number.map_or(String::new(), |number| number.to_string());
        writer.write_record([
            change.what.code(),
            &told(change.line),
            &change.number,
            &change.institution.to_string(),
            &change.name,
            &change.facts.join(" "),
            &told(change.places_before),
            &told(change.places_after),
            &change.detail,
        ])?;
    }
    writer.flush()?;
    Ok(())
}
