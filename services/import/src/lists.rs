//! The lists that an import leaves: rejected lines as they come, changes of an edition at its end.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use crate::edition::Change;
use crate::error::ImportError;
use crate::report::Reject;

/// A cell that a spreadsheet takes as text: words of a foreign file that would begin a formula get an apostrophe before
/// them, as people write it by hand.
fn plain(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Writes a line of a list.
fn write_line<'a>(writer: &mut csv::Writer<File>, cells: impl IntoIterator<Item = &'a str>) -> Result<(), ImportError> {
    let cells = cells.into_iter().map(plain);
    writer.write_record(cells.map(|cell| cell.into_owned().into_bytes()))?;
    Ok(())
}

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
                write_line(writer, cells)?;
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
        let cells = [
            change.what.code(),
            &told(change.line),
            &change.number,
            &change.institution.to_string(),
            &change.name,
            &change.facts.join(" "),
            &told(change.places_before),
            &told(change.places_after),
            &change.detail,
        ];
        write_line(&mut writer, cells)?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::edition::ChangeKind;

    #[test]
    fn no_cell_of_the_lists_begins_a_formula() {
        let directory = tempfile::tempdir().unwrap();
        let changes = directory.path().join("changes.csv");
        let change = |number: &str, name: &str, detail: &str| Change {
            what: ChangeKind::Created,
            line: Some(2),
            number: number.to_owned(),
            institution: Uuid::nil(),
            name: name.to_owned(),
            facts: Vec::new(),
            places_before: None,
            places_after: Some(20),
            detail: detail.to_owned(),
        };
        let hostile = ["=HYPERLINK(\"http://x\")", "+1", "-1", "@SUM(A1)", "\tA", "\rA"];
        let mut told: Vec<Change> = hostile.iter().map(|cell| change(cell, cell, cell)).collect();
        told.push(change("1-2", "阳光=托育", ""));
        write_changes(&changes, &told).unwrap();
        let mut read = csv::Reader::from_path(&changes).unwrap();
        let cells = |row: csv::StringRecord| [2, 4, 8].map(|column| row[column].to_owned());
        let rows: Vec<_> = read.records().map(|row| cells(row.unwrap())).collect();
        for (row, cell) in rows.iter().zip(hostile) {
            let guarded = format!("'{cell}");
            assert_eq!(*row, [guarded.clone(), guarded.clone(), guarded]);
        }
        assert_eq!(rows[hostile.len()], ["1-2", "阳光=托育", ""], "nothing else is touched");

        let rejects = directory.path().join("rejects.csv");
        let mut list = Rejects::open(Some(&rejects)).unwrap();
        list.list(Reject {
            line: 2,
            column: "=1+1".to_owned(),
            reason: "value",
            message: "@A1 is no day".to_owned(),
            message_zh: "日期不正确".to_owned(),
        })
        .unwrap();
        list.finish().unwrap();
        let text = std::fs::read_to_string(&rejects).unwrap();
        assert!(text.contains("2,'=1+1,value,'@A1 is no day,日期不正确"), "{text}");
    }
}
