//! Copies one log into another of whichever engine, byte for byte: every record keeps its bytes, its hash and its place
//! in the order; only positions are the target's own.
//!
//! A copy that was broken off anywhere is begun again with the same call: what has arrived is compared, the rest copied.
//! Nothing is dropped or mended on the way: a log with damage is repaired first.

mod error;
mod pages;
mod patience;
mod tally;
mod writer;

use crate::header::Header;
use crate::{EventLog, Hash, Record};

pub use error::{MigrateError, Side};
pub use patience::PATIENCE;
pub use writer::RUN_RECORDS;

pub(crate) use patience::patiently;

use error::difference;
use pages::Pages;
use tally::Tally;
use writer::Writer;

/// What a copy is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Comparing what the target holds already with the source.
    Comparing,
    /// Copying the rest.
    Copying,
    /// Reading the whole target again.
    Checking,
}

/// What a copy made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Records in the target now.
    pub records: u64,
    /// Streams in the target now.
    pub streams: u64,
    /// How many of the records an earlier copy had brought.
    pub already_there: u64,
    /// [`LogDigest::digest`] of both logs.
    pub digest: Hash,
    /// [`LogDigest::several_writers`] of both logs.
    pub several_writers: bool,
}

/// What a log holds, told without its positions: equal in two logs of the same records in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDigest {
    /// SHA-256 over the length-prefixed stream, revision, id, type, metadata and payload of every record, in order of
    /// position.
    pub digest: Hash,
    /// Records.
    pub records: u64,
    /// Streams.
    pub streams: u64,
    /// Whether `recorded_time` somewhere does not increase: several nodes wrote the log.
    pub several_writers: bool,
}

/// The header of the target while it is being copied. It begins the epoch after the source's, so that positions of the
/// old log are refused and never misread.
#[must_use]
pub fn header_for(source: &Header) -> Header {
    Header {
        epoch: source.epoch.saturating_add(1),
        migrating_from: Some(source.identity()),
        ..source.clone()
    }
}

/// Copies `source` into `target`, which is empty or holds the beginning of an earlier copy of the same source. Ends when
/// the source has no record more, also none that was written meanwhile. `progress` is told a phase, how far it has come
/// and the end, as position numbers of the target while comparing and checking, of the source while copying.
///
/// An engine that is out of reach, or owes an answer, is tried again for [`PATIENCE`].
///
/// # Errors
/// [`MigrateError`]; what was copied until then stays, and the same call goes on from there.
pub async fn copy(
    source: &dyn EventLog,
    target: &dyn EventLog,
    progress: &(dyn Fn(Phase, u64, u64) + Sync),
) -> Result<Copied, MigrateError> {
    let mut tally = Tally::default();
    let mut from = Pages::new(source, Side::Source, source.origin());
    let mut there = Pages::new(target, Side::Target, target.origin());
    let rest = compare(&mut from, &mut there, &mut tally, progress).await?;
    let already_there = tally.records;

    let mut writer = Writer::new(target, there.newest());
    let mut page = Some(rest);
    while let Some(records) = page {
        for record in &records {
            tally.take(record);
        }
        let told = |number| progress(Phase::Copying, number, from_end(source, number));
        // The next page is read while this one is written.
        let (next, written) = tokio::join!(from.next(), writer.write(&records, &told));
        written?;
        page = match next? {
            // What was written to the source meanwhile belongs to it as well.
            None if !records.is_empty() => from.next().await?,
            next => next,
        };
    }

    let expected = tally.finish();
    writer.reach().await?;
    let found = digest_of(target, Side::Target, &|done, total| {
        progress(Phase::Checking, done, total);
    })
    .await?;
    if found != expected {
        return Err(MigrateError::Digest {
            source_digest: expected.digest,
            source_records: expected.records,
            target_digest: found.digest,
            target_records: found.records,
        });
    }
    Ok(Copied {
        records: expected.records,
        streams: expected.streams,
        already_there,
        digest: expected.digest,
        several_writers: expected.several_writers,
    })
}

/// Digest of a whole log, as far as it goes when its end is read. `progress` is told position numbers: read up to, and
/// the end.
///
/// # Errors
/// [`MigrateError`] when it can't be read or is damaged.
pub async fn digest(log: &dyn EventLog, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<LogDigest, MigrateError> {
    digest_of(log, Side::Source, progress).await
}

async fn digest_of(
    log: &dyn EventLog,
    side: Side,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<LogDigest, MigrateError> {
    let mut tally = Tally::default();
    let mut pages = Pages::new(log, side, log.origin());
    while let Some(records) = pages.next().await? {
        for record in &records {
            tally.take(record);
        }
        progress(pages.after().number, pages.end());
    }
    Ok(tally.finish())
}

/// Reads both logs side by side as far as the target goes. Answers what was read of the source beyond.
async fn compare(
    source: &mut Pages<'_>,
    target: &mut Pages<'_>,
    tally: &mut Tally,
    progress: &(dyn Fn(Phase, u64, u64) + Sync),
) -> Result<Vec<Record>, MigrateError> {
    let mut rest = Vec::new().into_iter();
    while let Some(page) = target.next().await? {
        for there in page {
            let record = match rest.next() {
                Some(record) => record,
                None => {
                    rest = source.next().await?.unwrap_or_default().into_iter();
                    rest.next().ok_or(MigrateError::TargetLonger {
                        position: there.position,
                    })?
                }
            };
            if let Some(what) = difference(&record, &there) {
                return Err(MigrateError::differs(&record, what));
            }
            tally.take(&record);
        }
        progress(Phase::Comparing, target.after().number, target.end());
    }
    Ok(rest.collect())
}

/// End of a log that may have grown.
fn from_end(log: &dyn EventLog, at_least: u64) -> u64 {
    log.head().borrow().number.max(at_least)
}
