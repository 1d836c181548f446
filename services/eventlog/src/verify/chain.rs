//! What is known of one stream while a log is read in order of position.

use super::report::ProblemKind;
use crate::Hash;

/// A stream so far.
#[derive(Default)]
pub(super) struct Chain {
    /// Revision that comes next.
    pub(super) next: u64,
    /// Hash of its newest record; `None` when that could not be read.
    hash: Option<Hash>,
    /// Position of its newest record; 0: none.
    pub(super) last: u64,
}

impl Chain {
    /// Takes the stream's next record, with hash and `prev` if it is sound. Answers what is wrong with its place.
    pub(super) fn take(
        &mut self,
        position: u64,
        revision: Option<u64>,
        sound: Option<(Hash, Hash)>,
    ) -> Option<ProblemKind> {
        let (expected, hash, last) = (self.next, self.hash, self.last);
        let revision = if sound.is_some() {
            revision.unwrap_or(expected)
        } else {
            expected
        };
        self.next = expected.max(revision.saturating_add(1));
        self.hash = sound.map(|(hash, _)| hash);
        self.last = position;
        if revision != expected {
            // prev can't fit either then, and is not named a second time.
            return Some(ProblemKind::Revision { expected });
        }
        let (_, prev) = sound?;
        let due = if last == 0 { Some(Hash::ZERO) } else { hash };
        // After a record that could not be read nothing is known; that one is named.
        due.filter(|due| *due != prev)
            .map(|_| ProblemKind::Prev { previous: last })
    }
}
