//! What came of an import: counts, and the rejected lines.

use std::collections::BTreeMap;
use std::fmt;

use crate::edition::{ChangeKind, Edition};

/// Doubled lines that the text of a report names; the list of rejects names all.
const DOUBLED_SHOWN: usize = 10;

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
    /// Different incidents among the accepted and duplicate rows.
    pub cases: u64,
    /// What the accepted and duplicate rows tell of inspections, for a register of these.
    pub inspections: Option<Inspections>,
    /// Different institutions among the accepted and duplicate rows.
    pub institutions: u64,
    /// Institutions of which the log, or an earlier row, tells something else; the row itself counts as usual.
    pub institutions_changed: u64,
    /// Events appended.
    pub events: u64,
    /// Rejected rows by reason.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Rows with the key of an earlier row of the file, as line and that row's line; the ones with other cells are
    /// rejected, the others are duplicates. For a register without cases.
    pub doubled: Vec<(u64, u64)>,
    /// Columns that were read under another head than the mapping's own, and that head.
    pub renamed: Vec<(String, String)>,
    /// Optional columns that the file lacks.
    pub absent: Vec<String>,
    /// What the edition came to, for a register that comes in editions.
    pub edition: Option<Edition>,
}

/// What rows tell of inspections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inspections {
    /// Different inspections.
    pub visits: u64,
    /// Rows that are a finding.
    pub findings: u64,
    /// Rows that are technical assistance, which is no finding.
    pub technical_assistance: u64,
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
        match &self.inspections {
            None => writeln!(f, "cases          {:>10}", grouped(self.cases))?,
            Some(told) => writeln!(
                f,
                "inspections    {:>10}   {} findings, {} technical assistance",
                grouped(told.visits),
                grouped(told.findings),
                grouped(told.technical_assistance),
            )?,
        }
        writeln!(
            f,
            "institutions   {:>10}   {} told otherwise before",
            grouped(self.institutions),
            grouped(self.institutions_changed),
        )?;
        if !self.doubled.is_empty() {
            let doubled = u64::try_from(self.doubled.len()).unwrap_or(u64::MAX);
            writeln!(f, "doubled keys   {:>10}   {}", grouped(doubled), self.doubled_lines())?;
        }
        if let Some(edition) = &self.edition {
            edition_lines(f, edition)?;
        }
        for (column, head) in &self.renamed {
            writeln!(f, "column         {column:?} was read from {head:?}")?;
        }
        for column in &self.absent {
            writeln!(f, "column         {column:?} is not in this file")?;
        }
        write!(f, "events         {:>10}   appended", grouped(self.events))
    }
}

impl Report {
    /// Each doubled line with the line that came before it, the first ones.
    fn doubled_lines(&self) -> String {
        let pairs = self.doubled.iter().take(DOUBLED_SHOWN);
        let mut lines: Vec<String> = pairs
            .map(|(line, first)| format!("line {line} as line {first}"))
            .collect();
        if self.doubled.len() > DOUBLED_SHOWN {
            lines.push("…".to_owned());
        }
        lines.join(", ")
    }
}

fn edition_lines(f: &mut fmt::Formatter<'_>, edition: &Edition) -> fmt::Result {
    writeln!(
        f,
        "edition        {:>10}   {} institutions known from the register before",
        edition.date.to_string(),
        grouped(edition.known),
    )?;
    let mut line = |what: &str, count: u64, note: &str| {
        let text = format!("  {what:<18} {:>4}   {note}", grouped(count));
        writeln!(f, "{}", text.trim_end())
    };
    line("created", edition.count(ChangeKind::Created), "")?;
    line("unchanged", edition.unchanged, "")?;
    line("capacity changed", edition.count(ChangeKind::CapacityChanged), "")?;
    line("changed otherwise", edition.count(ChangeKind::Changed), "")?;
    line(
        "held otherwise",
        edition.count(ChangeKind::HeldOtherwise),
        "here, and so not taken",
    )?;
    line(
        "no longer told",
        edition.count(ChangeKind::NoLongerTold),
        "and so left as it was",
    )?;
    line(
        "closures proposed",
        edition.count(ChangeKind::ClosureProposed),
        "nothing was closed",
    )?;
    if edition.without_key > 0 {
        line(
            "rows without key",
            edition.without_key,
            "a proposed closure may be one of them",
        )?;
    }
    Ok(())
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
