//! Counts and digests the records of a log in order.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::LogDigest;
use crate::{Hash, Record};

#[derive(Default)]
pub(super) struct Tally {
    sha: Sha256,
    pub(super) records: u64,
    streams: u64,
    several_writers: bool,
    /// Latest `recorded_time` so far.
    latest: Option<Timestamp>,
}

impl Tally {
    /// Takes the next record.
    pub(super) fn take(&mut self, record: &Record) {
        for part in [
            record.stream.as_str().as_bytes(),
            &record.revision.to_be_bytes(),
            record.id.as_bytes(),
            record.event_type.as_bytes(),
            &record.metadata,
            &record.payload,
        ] {
            // A slice is never longer than isize::MAX, so the length always fits.
            let length = u64::try_from(part.len()).expect("a length fits 64 bits");
            self.sha.update(length.to_be_bytes());
            self.sha.update(part);
        }
        self.records += 1;
        if record.revision == 0 {
            self.streams += 1;
        }
        self.several_writers |= self.latest.is_some_and(|latest| record.recorded_time <= latest);
        self.latest = self.latest.max(Some(record.recorded_time));
    }

    pub(super) fn finish(self) -> LogDigest {
        LogDigest {
            digest: Hash(self.sha.finalize().into()),
            records: self.records,
            streams: self.streams,
            several_writers: self.several_writers,
        }
    }
}
