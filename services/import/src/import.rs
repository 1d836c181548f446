//! The door: a file is looked through, then imported, then what came of it is told.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use yujian_command::Commands;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::Actor;

use crate::edition::{self, Ledger};
use crate::error::ImportError;
use crate::execute::Executor;
use crate::lists::{Rejects, write_changes};
use crate::mapping::Mapping;
use crate::report::{Inspections, Report};
use crate::row::Reader;
use crate::run::{Run, Seen};
use crate::source::{Entry, Rows, sha256};

/// How to import.
pub struct Options<'a> {
    /// Who imports: an administrator. Request ids are remembered for this account, so it must be the same each time.
    pub actor: Actor,
    /// Read and check everything, append nothing.
    pub check: bool,
    /// Most commands under way at once, at least 1.
    pub in_flight: usize,
    /// Called after each row with the rows done and the rows in all.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    /// Where the rejected lines are listed; written anew.
    pub rejects: Option<&'a Path>,
    /// Day as of which the file speaks, for a register that comes in editions and does not tell it itself.
    pub edition_date: Option<Date>,
    /// Where the changes of an edition are listed; written anew at the end.
    pub changes: Option<&'a Path>,
}

/// Imports a file. Row after row may be dropped at any point: what was accepted is known by its request id, and the
/// same call again adds only the rest.
///
/// # Errors
/// When the file does not fit the mapping as a whole, or the log can't take more. A row that does not fit is no error:
/// it is counted and listed.
pub async fn import(
    commands: &Commands,
    mapping: &Mapping,
    file: &Path,
    options: Options<'_>,
) -> Result<Report, ImportError> {
    let sha256 = sha256(file)?;
    let reference = commands.reference();
    let divisions = &*reference.divisions;
    let (total, edition) = look_through(mapping, divisions, file, options.edition_date)?;
    let ledger = match edition {
        None => None,
        Some(date) => {
            let before = edition::before(commands, mapping.register(), date).await?;
            Some(Ledger::new(date, before))
        }
    };
    let mut rows = Rows::open(mapping, file)?;
    let report = Report {
        check: options.check,
        sha256: sha256.clone(),
        preamble: rows.preamble,
        renamed: std::mem::take(&mut rows.renamed),
        absent: std::mem::take(&mut rows.absent),
        inspections: mapping.document.inspection.as_ref().map(|_| Inspections::default()),
        ..Report::default()
    };
    let mut run = Run {
        mapping,
        divisions,
        edition,
        total,
        progress: options.progress,
        report,
        rejects: Rejects::open(options.rejects)?,
        seen: Seen::default(),
        ledger,
    };
    let executor = Executor {
        commands,
        mapping,
        actor: options.actor,
        sha256,
        check: options.check,
        editions: edition.is_some(),
    };
    run.all(rows, &executor, options.in_flight.max(1)).await?;
    run.rejects.finish()?;
    let mut report = run.report;
    report.doubled.sort_unstable();
    if let Some(edition) = run.ledger.map(Ledger::close) {
        if let Some(path) = options.changes {
            write_changes(path, &edition.changes)?;
        }
        report.edition = Some(edition);
    }
    Ok(report)
}

/// Rows in all, for the bar, and the day of the edition: it must be known, and be one, before anything is appended.
fn look_through(
    mapping: &Mapping,
    divisions: &Divisions,
    file: &Path,
    told: Option<Date>,
) -> Result<(u64, Option<Date>), ImportError> {
    if told.is_some() && mapping.document.cases().is_some() {
        return Err(ImportError::NoEditions);
    }
    let mut named: BTreeSet<Date> = told.into_iter().collect();
    let mut rows = Rows::open(mapping, file)?;
    let mut total = 0;
    while let Some(entry) = rows.next()? {
        let counts = match entry {
            Entry::Row { line, cells } => {
                let reader = Reader {
                    mapping,
                    header: &rows.header,
                    divisions,
                    edition: None,
                    line,
                    cells: &cells,
                };
                let passes = reader.passes();
                if passes {
                    // What can't be read is rejected with its row.
                    named.extend(reader.told_edition().ok().flatten());
                }
                passes
            }
            Entry::Bad(_) => true,
            Entry::Blank { .. } | Entry::Trailer { .. } => false,
        };
        total += u64::from(counts);
    }
    let editions = told.is_some() || !mapping.document.institution.edition_date.0.is_empty();
    let edition = if editions {
        Some(edition::date_of(&named)?)
    } else {
        None
    };
    Ok((total, edition))
}
