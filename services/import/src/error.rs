//! Why an import stopped.

use jiff::civil::Date;
use yujian_command::CommandError;
use yujian_domain::rejection::Rejection;
use yujian_eventlog::LogError;

use crate::heads::Misfit;

/// Why an import could not go on. Rows accepted so far stay accepted; the same call again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file, or the file of rejects, can't be read or written.
    #[error("the file can't be read or written: {0}")]
    Io(#[from] std::io::Error),
    /// The list of rejects or of changes can't be written.
    #[error("the lists of rejected rows and of changes can't be written: {0}")]
    Lists(#[from] csv::Error),
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
        "the header{} lacks {}{}",
        .line.map(|line| format!(" (likeliest: line {line})")).unwrap_or_default(),
        quoted(.columns),
        if .unknown.is_empty() { String::new() } else { format!("; it has {}, which nothing names", quoted(.unknown)) }
    )]
    ColumnsMissing {
        /// Their names.
        columns: Vec<String>,
        /// The line that holds most of the mapping's columns, when the header was looked for.
        line: Option<u64>,
        /// Heads that the mapping does not name, where it must name all: a renamed column is among them.
        unknown: Vec<String>,
    },
    /// Heads that the mapping does not name, where it must name all.
    #[error("the header has {}, which the mapping does not name; see [heads]", quoted(.heads))]
    HeadsUnknown {
        /// These.
        heads: Vec<String>,
    },
    /// Several heads that stand for one column of the mapping.
    #[error("the header has {} for the one column {column:?}", quoted(.heads))]
    ColumnAmbiguous {
        /// The column, as the mapping names it.
        column: String,
        /// The heads.
        heads: Vec<String>,
    },
    /// A column that the mapping names stands in the header twice.
    #[error("the header holds {column:?} twice")]
    ColumnTwice {
        /// Its name.
        column: String,
    },
    /// A day of an edition was given for a register of cases.
    #[error("a register with cases has no editions: its rows are told from one another by their keys")]
    NoEditions,
    /// The rows, or the rows and the caller, name several days as that of the edition.
    #[error("the edition is of one day, but {} are named", .dates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    EditionsMixed {
        /// These, in order.
        dates: Vec<Date>,
    },
    /// No row tells the day of the edition.
    #[error("no row tells the day of the edition")]
    EditionUnknown,
    /// A newer edition of the register has been recorded: this one would undo it.
    #[error(
        "this is the edition of {edition}, but that of {recorded} is recorded already; an older edition is not imported after a newer one"
    )]
    OlderEdition {
        /// Day of the file's edition.
        edition: Date,
        /// Day of the newest recorded one.
        recorded: Date,
    },
    /// The importer may not do this at all.
    #[error(transparent)]
    Refused(Box<Rejection>),
    /// The log did not take or give what it should.
    #[error(transparent)]
    Log(#[from] LogError),
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}

impl ImportError {
    /// The first thing that is wrong with a header. `line`: where it was looked for and not found.
    pub(crate) fn heads(misfit: Misfit, line: Option<u64>) -> Self {
        if let Some(column) = misfit.twice {
            return Self::ColumnTwice { column };
        }
        if let Some((column, heads)) = misfit.ambiguous.into_iter().next() {
            return Self::ColumnAmbiguous { column, heads };
        }
        if misfit.missing.is_empty() {
            return Self::HeadsUnknown { heads: misfit.unknown };
        }
        Self::ColumnsMissing {
            columns: misfit.missing,
            line,
            unknown: misfit.unknown,
        }
    }
}

impl From<CommandError> for ImportError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Log(error) => Self::Log(error),
            CommandError::Rejected(rejection) => Self::Refused(rejection),
        }
    }
}
