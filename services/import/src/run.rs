//! The import itself: rows of one institution in the order of the file, institutions beside each other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_domain::inspection::ImportedKind;
use yujian_domain::institution::Institution;

use crate::case::{Case, CaseRecord, CaseRow};
use crate::edition::Ledger;
use crate::error::ImportError;
use crate::execute::{Done, Executor, InstitutionDone, Verdict};
use crate::lists::Rejects;
use crate::mapping::Mapping;
use crate::report::{Reject, Report};
use crate::row::{Identity, Reader, Row};
use crate::source::{Entry, Rows};

/// Rows that wait for an earlier row of their institution, for each command in flight.
const WAITING: usize = 4;

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

/// What the file has told so far.
#[derive(Default)]
pub(crate) struct Seen {
    /// How many rows of each identity were read.
    equals: BTreeMap<Uuid, u32>,
    /// Institution of each case, and whether the case is counted.
    cases: BTreeMap<Uuid, (Uuid, bool)>,
    institutions: BTreeMap<Uuid, Known>,
    /// Line of the first row of each key, and what it tells if it could be read: for a register without cases.
    firsts: BTreeMap<Uuid, (u64, Option<[u8; 32]>)>,
}

/// One import under way.
pub(crate) struct Run<'a> {
    pub mapping: &'a Mapping,
    pub divisions: &'a Divisions,
    pub edition: Option<Date>,
    /// Rows in all, for the bar.
    pub total: u64,
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    pub report: Report,
    pub rejects: Rejects,
    pub seen: Seen,
    /// For a register that comes in editions.
    pub ledger: Option<Ledger>,
}

impl Run<'_> {
    /// Takes every row and settles it.
    pub async fn all(
        &mut self,
        mut rows: Rows<'_>,
        executor: &Executor<'_>,
        in_flight: usize,
    ) -> Result<(), ImportError> {
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
        let known = self.seen.institutions.get(&row.institution);
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
        let Some((first, earlier)) = self.seen.firsts.get(&institution).copied() else {
            self.seen.firsts.insert(institution, (line, told));
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
        let Some(CaseRow { row, .. }) = identity.row else {
            return 1;
        };
        let count = self.seen.equals.entry(row).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }

    /// A case belongs to the institution that its first row names.
    fn belongs(&mut self, row: &Row) -> Result<(), Reject> {
        let Some(case) = &row.case else { return Ok(()) };
        let (institution, _) = self.seen.cases.entry(case.id).or_insert((row.institution, false));
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

    /// Counts what a row that was taken tells of its case, and the case itself once.
    fn count(&mut self, case: &Case) {
        let counted = self.seen.cases.get_mut(&case.id);
        let first = u64::from(counted.is_some_and(|(_, counted)| !std::mem::replace(counted, true)));
        match &case.record {
            CaseRecord::Incident(_) => self.report.cases += first,
            CaseRecord::Inspection(row) => {
                let told = self.report.inspections.get_or_insert_default();
                told.visits += first;
                match row.kind {
                    ImportedKind::Finding => told.findings += 1,
                    ImportedKind::TechnicalAssistance => told.technical_assistance += 1,
                }
            }
        }
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
        let changed = row.case.is_some()
            && (institution == InstitutionDone::Changed
                || self
                    .seen
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
                let known = self.seen.institutions.entry(row.institution).or_insert(Known {
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
        if let Some(case) = row.case.as_ref().filter(|_| taken) {
            self.count(case);
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
