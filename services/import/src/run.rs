//! The import itself: rows of one institution in the order of the file, institutions beside each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use yujian_command::Commands;
use yujian_domain::divisions::Divisions;
use yujian_domain::envelope::Actor;
use yujian_domain::institution::Institution;

use crate::edition::{self, Ledger};
use crate::error::ImportError;
use crate::execute::{Done, Executor, InstitutionDone, Verdict};
use crate::lists::{Rejects, write_changes};
use crate::mapping::Mapping;
use crate::report::{Reject, Report};
use crate::row::{Identity, Reader, Row};
use crate::source::{Entry, Rows, sha256};

/// Rows that wait for an earlier row of their institution, for each command in flight.
const WAITING: usize = 4;

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
    let mut run = Run {
        mapping,
        divisions,
        edition,
        total,
        progress: options.progress,
        report: Report {
            check: options.check,
            sha256: sha256.clone(),
            preamble: rows.preamble,
            renamed: std::mem::take(&mut rows.renamed),
            absent: std::mem::take(&mut rows.absent),
            ..Report::default()
        },
        rejects: Rejects::open(options.rejects)?,
        equals: BTreeMap::new(),
        cases: BTreeMap::new(),
        institutions: BTreeMap::new(),
        firsts: BTreeMap::new(),
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
    if told.is_some() && mapping.document.incident.is_some() {
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

/// What is known of an institution in this run.
struct Known {
    /// Digest of what was recorded of it.
    digest: [u8; 32],
    /// Its state, in a check only.
    preview: Option<Arc<Institution>>,
    /// Whether it was listed as changed.
    told: bool,
    /// Whether it is counted.
    counted: bool,
}

struct Run<'a> {
    mapping: &'a Mapping,
    divisions: &'a Divisions,
    edition: Option<Date>,
    total: u64,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    report: Report,
    rejects: Rejects,
    /// How many rows of each identity were read.
    equals: BTreeMap<Uuid, u32>,
    /// Institution of each case, and whether the case is counted.
    cases: BTreeMap<Uuid, (Uuid, bool)>,
    institutions: BTreeMap<Uuid, Known>,
    /// Line of the first row of each key, and what it tells if it could be read: for a register without cases.
    firsts: BTreeMap<Uuid, (u64, Option<[u8; 32]>)>,
    ledger: Option<Ledger>,
}

impl Run<'_> {
    async fn all(&mut self, mut rows: Rows<'_>, executor: &Executor<'_>, in_flight: usize) -> Result<(), ImportError> {
        let mut running = FuturesUnordered::new();
        // An institution stands here while a row of it is under way, with the rows that wait for that.
        let mut lanes: BTreeMap<Uuid, VecDeque<Row>> = BTreeMap::new();
        let mut waiting = 0;
        let mut ended = false;
        loop {
            while !ended && running.len() < in_flight && waiting < in_flight * WAITING {
                // Reads a buffer from a local file now and then; that blocks for no longer than a command computes.
                let Some(entry) = rows.next()? else {
                    ended = true;
                    break;
                };
                let Some(row) = self.take(&rows, entry)? else { continue };
                self.rejects.outstanding.insert(row.line);
                if let Some(lane) = lanes.get_mut(&row.institution) {
                    lane.push_back(row);
                    waiting += 1;
                } else {
                    lanes.insert(row.institution, VecDeque::new());
                    running.push(self.start(executor, row));
                }
            }
            let Some(done) = running.next().await else {
                return Ok(());
            };
            let done: Done = done?;
            let lane = done.row.institution;
            self.settle(done)?;
            match lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
                Some(row) => {
                    waiting -= 1;
                    running.push(self.start(executor, row));
                }
                None => {
                    lanes.remove(&lane);
                }
            }
        }
    }

    /// Whether the institution is recorded first is decided when the rows before are settled.
    fn start<'e>(
        &self,
        executor: &'e Executor<'e>,
        row: Row,
    ) -> impl Future<Output = Result<Done, ImportError>> + use<'e> {
        let known = self.institutions.get(&row.institution);
        executor.run(row, known.is_some(), known.and_then(|known| known.preview.clone()))
    }

    /// Counts an entry; a row that can be read is given back.
    fn take(&mut self, rows: &Rows<'_>, entry: Entry) -> Result<Option<Row>, ImportError> {
        let (line, cells) = match entry {
            Entry::Row { line, cells } => (line, cells),
            Entry::Blank { lines } => {
                self.report.blank += lines;
                return Ok(None);
            }
            Entry::Trailer { lines } => {
                self.report.trailer += lines;
                return Ok(None);
            }
            Entry::Bad(reject) => {
                self.without_key();
                self.reject(reject)?;
                return Ok(None);
            }
        };
        let reader = Reader {
            mapping: self.mapping,
            header: &rows.header,
            divisions: self.divisions,
            edition: self.edition,
            line,
            cells: &cells,
        };
        if !reader.passes() {
            self.report.filtered += 1;
            return Ok(None);
        }
        let identity = match reader.identity() {
            Ok(identity) => identity,
            Err(reject) => {
                self.without_key();
                self.reject(reject)?;
                return Ok(None);
            }
        };
        let ordinal = self.ordinal(&identity);
        let row = reader.row(&identity, ordinal);
        if identity.row.is_none() && self.is_doubled(identity.institution, line, row.as_ref().ok())? {
            return Ok(None);
        }
        match row.and_then(|row| self.belongs(&row).map(|()| row)) {
            Ok(row)
                if self
                    .ledger
                    .as_ref()
                    .is_some_and(|ledger| ledger.lives_on(row.institution)) =>
            {
                self.compared(&row)?;
                Ok(None)
            }
            Ok(row) => Ok(Some(row)),
            Err(reject) => {
                self.reject(reject)?;
                Ok(None)
            }
        }
    }

    fn without_key(&mut self) {
        if let Some(ledger) = &mut self.ledger {
            ledger.without_key += 1;
        }
    }

    /// Whether an earlier row of the file has the same key: that one counts, whatever this one says. `row` is absent when
    /// it can't be read.
    fn is_doubled(&mut self, institution: Uuid, line: u64, row: Option<&Row>) -> Result<bool, ImportError> {
        if let Some(ledger) = &mut self.ledger {
            ledger.see(institution);
        }
        let told = row.map(digest);
        let Some((first, earlier)) = self.firsts.get(&institution).copied() else {
            self.firsts.insert(institution, (line, told));
            return Ok(false);
        };
        self.report.doubled.push((line, first));
        let key = self.mapping.document.institution.key.join(" + ");
        if told.is_some() && told == earlier {
            self.rejects.list(Reject::new(
                line,
                key,
                "DOUBLED_ROW",
                format!("says the same as line {first}, and counts as its duplicate"),
                format!("与第{first}行内容相同，计为重复行"),
            ))?;
            self.report.duplicates += 1;
            self.row_done();
        } else {
            self.reject(Reject::new(
                line,
                key,
                "DOUBLED_KEY",
                format!("line {first} has the same key and says something else; that line counts"),
                format!("第{first}行主键相同但内容不同，以该行为准"),
            ))?;
        }
        Ok(true)
    }

    /// A row of an institution that no longer lives from the register alone.
    fn compared(&mut self, row: &Row) -> Result<(), ImportError> {
        if let Some(ledger) = &mut self.ledger {
            ledger.unchanged(row);
        }
        self.report.institutions += 1;
        self.report.duplicates += 1;
        self.row_done();
        self.rejects.flush()
    }

    /// Which one it is among the rows of equal identity, from 1.
    fn ordinal(&mut self, identity: &Identity) -> u32 {
        let Some((_, row)) = identity.row else { return 1 };
        let count = self.equals.entry(row).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    /// A case belongs to the institution that its first row names.
    fn belongs(&mut self, row: &Row) -> Result<(), Reject> {
        let Some(case) = &row.incident else { return Ok(()) };
        let (institution, _) = self.cases.entry(case.id).or_insert((row.institution, false));
        if *institution == row.institution {
            return Ok(());
        }
        Err(Reject::new(
            row.line,
            self.mapping.document.institution.key.join(" + "),
            "OTHER_INSTITUTION",
            "the case belongs to another institution",
            "该案件属于另一机构",
        ))
    }

    fn reject(&mut self, reject: Reject) -> Result<(), ImportError> {
        self.report.rejected += 1;
        *self.report.reasons.entry(reject.reason).or_insert(0) += 1;
        self.rejects.list(reject)?;
        self.row_done();
        Ok(())
    }

    fn row_done(&mut self) {
        self.report.rows += 1;
        (self.progress)(self.report.rows, self.total);
    }

    fn settle(&mut self, done: Done) -> Result<(), ImportError> {
        let Done {
            row,
            institution,
            verdict,
            recorded,
            events,
        } = done;
        self.report.events += events;
        self.rejects.outstanding.remove(&row.line);
        if let Some(ledger) = &mut self.ledger {
            match (&verdict, &recorded) {
                (Verdict::Accepted, Some(now)) => ledger.recorded(&row, now),
                (Verdict::Duplicate, _) => ledger.unchanged(&row),
                _ => {}
            }
        }
        let digest = digest(&row);
        let taken = matches!(verdict, Verdict::Accepted | Verdict::Duplicate);
        // Without cases a row is about its institution alone, and the verdict says all.
        let changed = row.incident.is_some()
            && (institution == InstitutionDone::Changed
                || self
                    .institutions
                    .get(&row.institution)
                    .is_some_and(|known| known.digest != digest));
        match institution {
            InstitutionDone::Refused => {}
            InstitutionDone::Recorded(_) | InstitutionDone::Changed | InstitutionDone::Known => {
                let preview = match institution {
                    InstitutionDone::Recorded(preview) => preview,
                    _ => None,
                };
                let known = self.institutions.entry(row.institution).or_insert(Known {
                    digest,
                    preview,
                    told: false,
                    counted: false,
                });
                if taken && !known.counted {
                    known.counted = true;
                    self.report.institutions += 1;
                }
                if changed && !known.told {
                    known.told = true;
                    self.report.institutions_changed += 1;
                    self.rejects.list(Reject::new(
                        row.line,
                        "",
                        "INSTITUTION_CHANGED",
                        "the row counts, but what it tells of its institution differs from what is recorded, and was not taken",
                        "该行已计入，但其机构信息与已登记的不同，未予采用",
                    ))?;
                }
            }
        }
        if let Some(case) = row.incident.as_ref().filter(|_| taken)
            && let Some((_, counted)) = self.cases.get_mut(&case.id)
            && !std::mem::replace(counted, true)
        {
            self.report.cases += 1;
        }
        match verdict {
            Verdict::Accepted => self.report.accepted += 1,
            Verdict::Duplicate => self.report.duplicates += 1,
            Verdict::Changed => {
                self.report.changed += 1;
                return self.reject(Reject::new(
                    row.line,
                    "",
                    "CHANGED",
                    "a row of this key is known with other cells; it stays as it was",
                    "同一主键的行已登记，但内容不同；原内容保持不变",
                ));
            }
            Verdict::Rejected(reject) => return self.reject(reject),
        }
        self.row_done();
        self.rejects.flush()
    }
}

/// What a row tells of its institution.
fn digest(row: &Row) -> [u8; 32] {
    let text = serde_json::to_vec(&row.record).unwrap_or_default();
    Sha256::digest(text).into()
}
