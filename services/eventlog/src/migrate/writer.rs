//! Writes records into the target in the source's order, and finds out what has arrived when an answer is owed.

use super::error::{MigrateError, Side, difference};
use super::pages::Pages;
use super::patience::{Patience, is_passing, patiently};
use crate::rules::check_sealed_sizes;
use crate::{EventLog, LogError, LogPosition, MAX_APPEND_BYTES, Record};

/// Records in one append at most.
pub const RUN_RECORDS: usize = 500;

pub(super) struct Writer<'a> {
    target: &'a dyn EventLog,
    /// Where the copy ends so far.
    reached: LogPosition,
}

impl<'a> Writer<'a> {
    pub(super) fn new(target: &'a dyn EventLog, reached: LogPosition) -> Self {
        Self { target, reached }
    }

    /// Writes records after what is there; tells the source's position of each that was written.
    pub(super) async fn write(&mut self, records: &[Record], told: &(dyn Fn(u64) + Sync)) -> Result<(), MigrateError> {
        let mut rest = records;
        while let Some(first) = rest.first() {
            let (run, after) = rest.split_at(self.run_length(rest)?);
            match self.append(run).await {
                // All or nothing: which of them it is shows one by one.
                Err(MigrateError::Refused { .. }) if run.len() > 1 => {
                    for record in run {
                        self.append(std::slice::from_ref(record)).await?;
                    }
                }
                done => done?,
            }
            told(run.last().unwrap_or(first).position.number);
            rest = after;
        }
        Ok(())
    }

    /// How many records fit into one append.
    fn run_length(&self, records: &[Record]) -> Result<usize, MigrateError> {
        let Some(first) = records.first() else { return Ok(0) };
        let together = |record: &&Record| self.target.seals_across_streams() || record.stream == first.stream;
        let (mut length, mut bytes) = (0, 0);
        for record in records.iter().take(RUN_RECORDS).take_while(together) {
            bytes += match check_sealed_sizes(std::slice::from_ref(record)) {
                Ok(bytes) => bytes,
                Err(_) if length > 0 => break,
                Err(error) => return Err(MigrateError::refused(record, error)),
            };
            if bytes > MAX_APPEND_BYTES {
                break;
            }
            length += 1;
        }
        Ok(length)
    }

    /// Appends records in one call, as often as it takes.
    async fn append(&mut self, records: &[Record]) -> Result<(), MigrateError> {
        let mut rest = records;
        let mut patience = Patience::new();
        // An earlier try may still arrive, or has and is not yet to be read.
        let mut owed = false;
        while let Some(first) = rest.first() {
            let error = match self.target.append_sealed(rest.to_vec()).await {
                Ok(reached) => {
                    self.reached = reached;
                    return Ok(());
                }
                Err(error) => error,
            };
            let conflict = matches!(error, LogError::Conflict { .. });
            if !conflict && !is_passing(&error) {
                return Err(of_append(first, error));
            }
            let arrived = self.arrived(rest).await?;
            if arrived > 0 {
                rest = &rest[arrived..];
                patience = Patience::new();
                continue;
            }
            if conflict && !owed {
                return Err(of_append(first, error));
            }
            owed = true;
            patience.wait(error).await.map_err(|error| of_append(first, error))?;
        }
        Ok(())
    }

    /// Reads the target after what was known to be there; answers how many of the records have arrived.
    async fn arrived(&mut self, records: &[Record]) -> Result<usize, MigrateError> {
        self.reach().await?;
        let mut pages = Pages::new(self.target, Side::Target, self.reached);
        let mut arrived = 0;
        while let Some(page) = pages.next().await? {
            for there in page {
                let record = records.get(arrived).ok_or(MigrateError::TargetLonger {
                    position: there.position,
                })?;
                if let Some(what) = difference(record, &there) {
                    return Err(MigrateError::differs(record, what));
                }
                arrived += 1;
                self.reached = there.position;
            }
        }
        Ok(arrived)
    }

    /// Waits until the target shows what was written.
    pub(super) async fn reach(&self) -> Result<(), MigrateError> {
        patiently(|| self.target.reach(self.reached))
            .await
            .map_err(|error| MigrateError::Log {
                side: Side::Target,
                error,
            })
    }
}

/// An append's error: about the record, or about the engine.
fn of_append(record: &Record, error: LogError) -> MigrateError {
    match error {
        LogError::Conflict { .. }
        | LogError::TooLarge { .. }
        | LogError::StreamTooLong { .. }
        | LogError::ClearPersonalData
        | LogError::Invalid(_) => MigrateError::refused(record, error),
        error => MigrateError::Log {
            side: Side::Target,
            error,
        },
    }
}
