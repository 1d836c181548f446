//! Proves a log sound, or names what is wrong with it and where. Reads only, also while the log is served.
//!
//! [`verify`] reads the files of the embedded log, [`verify_log`] any engine's log through the port.
//!
//! What it checks by itself: every record against its own hash; in each stream dense revisions, `prev`, and the link to
//! the stream's previous position; in the whole log gapless positions, strictly increasing `recorded_time`, unique stream
//! names; and `heads.db` against the log. Through the port there are no links, names and heads to check, and positions may
//! have gaps: they must increase.
//!
//! What no check of the log alone can see: a tail that was cut together with `heads.db`, and a last record of a stream
//! (or all of a stream's records from some point to its end) rewritten with hashes computed anew. Both are seen when the
//! end of the log as somebody else noted it is given as an [`Expectation`]; a signed checkpoint of the notary is the
//! strongest such note.

mod chain;
mod contents;
mod heads;
mod notes;
mod report;
mod scan;
mod swaps;
mod walk;

use std::path::Path;

use crate::header::Header;
use crate::sqlite::header::{self, HeaderError};
use crate::sqlite::schema;
use crate::{EventLog, Hash, LogError};

pub use report::{HeadsState, Place, Problem, ProblemKind, Report};

/// Told how far long work has come: (done, total).
pub type Progress<'a> = &'a dyn Fn(u64, u64);

/// A record that the log must hold, as somebody noted it: the manifest of a backup, a view's checkpoint, an auditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Who noted it, e.g. `backup of 2026-03-01`; printed with the problem.
    pub source: String,
    /// Position number in the log.
    pub position: u64,
    /// Hash of the record there, if noted.
    pub hash: Option<Hash>,
}

/// What to check beside the log itself.
#[derive(Default)]
pub struct Options<'a> {
    /// Told about records checked and records in all.
    pub progress: Option<Progress<'a>>,
    /// Records that the log must hold.
    pub expected: Vec<Expectation>,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no log here.
    #[error("{0} is missing / 文件不存在")]
    Missing(String),
    /// The header can't be used.
    #[error("log.db: {0}")]
    Header(#[from] HeaderError),
    /// SQLite can't read the file at all.
    #[error("log.db can't be read / 无法读取: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The engine can't be read.
    #[error("the log can't be read / 无法读取: {0}")]
    Log(#[from] LogError),
}

/// Checks the log of a data directory up to where it ends now.
///
/// # Errors
/// [`VerifyError`] when there is no readable log. What is wrong inside a readable one stands in the report.
pub fn verify(directory: &Path, options: &Options<'_>) -> Result<Report, VerifyError> {
    let path = directory.join(schema::LOG_FILE);
    if !path.exists() {
        return Err(VerifyError::Missing(path.display().to_string()));
    }
    // Read before the end of the log is taken: what the heads know was in the log by then.
    let heads = heads::read(directory);
    let mut conn = schema::open_read_only(&path)?;
    let start = conn.transaction()?;
    let header = header::read(&start)?;
    let end: Option<i64> = start.query_row("SELECT max(position) FROM record", [], |row| row.get(0))?;
    let end = end.and_then(|end| u64::try_from(end).ok()).unwrap_or(0);
    let mut scan = scan::Scan::new(&header, end, &heads, &options.expected);
    scan.read_names(&start)?;
    start.commit()?;
    scan.run(&conn, options.progress)?;
    Ok(scan.finish(&conn)?.sorted())
}

/// Checks the log of any engine up to where it ends now, as far as the port shows it. Progress is told by position
/// numbers: read up to, and the end. An engine that is out of reach is waited for, up to [`PATIENCE`](crate::migrate::PATIENCE).
///
/// # Errors
/// [`VerifyError::Log`] when the engine can't be read. What is wrong with what it gives stands in the report.
pub async fn verify_log(log: &dyn EventLog, header: &Header, options: &Options<'_>) -> Result<Report, VerifyError> {
    let mut walk = walk::Walk::new(log, header, &options.expected);
    walk.run(options.progress).await?;
    Ok(walk.finish().await?.sorted())
}
