//! What came of an import: counts, and the rejected lines.

use std::collections::BTreeMap;
use std::fmt;

/// A line that was not accepted, or something about it that must be told. Quotes no cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reject {
    pub line: u64,
    pub column: String,
    pub reason: &'static str,
    pub message: String,
    pub message_zh: String,
}

impl Reject {
    pub fn new(
        line: u64,
        column: impl Into<String>,
        reason: &'static str,
        message: impl Into<String>,
        message_zh: impl Into<String>,
    ) -> Self {
        Self {
            line,
            column: column.into(),
            reason,
            message: message.into(),
            message_zh: message_zh.into(),
        }
    }
}

/// Counts of one import. `rows = accepted + duplicates + rejected` always holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Whether nothing was appended because only a check was asked for.
    pub check: bool,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Rows read: every record of the table that no filter left out, and every line that is neither row nor declared.
    pub rows: u64,
    /// Rows that are news; in a check, rows that would be.
    pub accepted: u64,
    /// Rows that had been accepted before, from this or another edition of the register.
    pub duplicates: u64,
    /// Rows that were not taken, each listed with line, column and reason.
    pub rejected: u64,
    /// Of the rejected: rows whose key is known with other cells.
    pub changed: u64,
    /// Rows that a filter left out.
    pub filtered: u64,
    /// Lines above the header row.
    pub preamble: u64,
    /// Declared lines below the table.
    pub trailer: u64,
    /// Lines without any text below the preamble.
    pub blank: u64,
    /// Different cases among the accepted and duplicate rows.
    pub cases: u64,
    /// Different institutions among the accepted and duplicate rows.
    pub institutions: u64,
    /// Institutions of which the log, or an earlier row, tells something else; the row itself counts as usual.
    pub institutions_changed: u64,
    /// Events appended.
    pub events: u64,
    /// Rejected rows by reason.
    pub reasons: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.check {
            writeln!(f, "check only: nothing was appended")?;
        }
        writeln!(
            f,
            "rows read      {:>10} = {} accepted + {} duplicates + {} rejected ({} of them changed)",
            grouped(self.rows),
            grouped(self.accepted),
            grouped(self.duplicates),
            grouped(self.rejected),
            grouped(self.changed),
        )?;
        for (reason, count) in &self.reasons {
            writeln!(f, "  rejected     {:>10}   {reason}", grouped(*count))?;
        }
        writeln!(f, "filtered out   {:>10}", grouped(self.filtered))?;
        writeln!(
            f,
            "outside table  {:>10}   {} above the header, {} declared below, {} blank",
            grouped(self.preamble + self.trailer + self.blank),
            grouped(self.preamble),
            grouped(self.trailer),
            grouped(self.blank),
        )?;
        writeln!(f, "cases          {:>10}", grouped(self.cases))?;
        writeln!(
            f,
            "institutions   {:>10}   {} told otherwise before",
            grouped(self.institutions),
            grouped(self.institutions_changed),
        )?;
        write!(f, "events         {:>10}   appended", grouped(self.events))
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
