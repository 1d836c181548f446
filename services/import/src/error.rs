//! Why an import stopped.

use yujian_domain::rejection::Rejection;
use yujian_eventlog::LogError;

/// Why an import could not go on. Rows accepted so far stay accepted; the same call again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file, or the file of rejects, can't be read or written.
    #[error("the file can't be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// The file of rejects can't be written.
    #[error("the file of rejects can't be written: {0}")]
    Rejects(#[from] csv::Error),
    /// No line is left that could be the header row.
    #[error("the file has no header row")]
    HeaderMissing,
    /// The header row can't be cut into cells.
    #[error("line {line}: the header row can't be read; see encoding, delimiter, quote and preamble")]
    HeaderUnreadable {
        /// Its line, from 1.
        line: u64,
    },
    /// Columns that the mapping names and the header does not.
    #[error(
        "the header{} lacks {}",
        .line.map(|line| format!(" (likeliest: line {line})")).unwrap_or_default(),
        .columns.iter().map(|column| format!("{column:?}")).collect::<Vec<_>>().join(", ")
    )]
    ColumnsMissing {
        /// Their names.
        columns: Vec<String>,
        /// The line that holds most of the mapping's columns, when the header was looked for.
        line: Option<u64>,
    },
    /// A column that the mapping names stands in the header twice.
    #[error("the header holds {column:?} twice")]
    ColumnTwice {
        /// Its name.
        column: String,
    },
    /// The importer may not do this at all.
    #[error(transparent)]
    Refused(Box<Rejection>),
    /// The log did not take or give what it should.
    #[error(transparent)]
    Log(#[from] LogError),
}
