//! Compares a log with what others have noted of it.

use super::Expectation;
use super::report::{Place, ProblemKind, Report};
use crate::Hash;

/// Notes that are still to be met, latest first.
pub(super) struct Notes(Vec<Expectation>);

impl Notes {
    /// Takes the notes; those beyond the end of the log are named at once.
    pub(super) fn new(expected: impl Iterator<Item = Expectation>, end: u64, report: &mut Report) -> Self {
        let mut due: Vec<_> = expected.filter(|note| note.position > 0).collect();
        due.sort_by_key(|note| std::cmp::Reverse(note.position));
        for note in due.iter().filter(|note| note.position > end) {
            let kind = ProblemKind::TailCut {
                end,
                seen: note.position,
                source: note.source.clone(),
            };
            report.add(Place::at(end + 1), kind);
        }
        due.retain(|note| note.position <= end);
        Self(due)
    }

    /// Passes a record, whose hash is `None` when it could not be read and was named as such. A note of a position
    /// before it that was not passed is a record's that is not there.
    pub(super) fn pass(&mut self, position: u64, hash: Option<Hash>, report: &mut Report) {
        while let Some(note) = self.0.pop_if(|note| note.position <= position) {
            let differs = hash.is_some() && note.hash.is_some() && hash != note.hash;
            if differs || note.position < position {
                report.add(Place::at(note.position), ProblemKind::Replaced { source: note.source });
            }
        }
    }

    /// Passes positions whose records are missing and were named as such.
    pub(super) fn skip(&mut self, to: u64) {
        while self.0.pop_if(|note| note.position <= to).is_some() {}
    }
}
