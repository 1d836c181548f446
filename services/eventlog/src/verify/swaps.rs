//! Recognises two records that changed places by the order of their times, and names other breaks of that order.

use jiff::{SignedDuration, Timestamp};

/// What the order of times shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Break {
    /// The records at two positions changed places.
    Swap(u64, u64),
    /// The record at `at` is not after the one at `after`.
    Descent { at: u64, after: u64 },
}

/// A position with its time.
type Stamp = (u64, Timestamp);

/// A record that is not after its predecessor, with its neighbours.
struct Descent {
    two_before: Option<Stamp>,
    before: Stamp,
    at: Stamp,
    after: Option<Stamp>,
}

/// Follows the times of sound records in order of position. Keeps the breaks only.
#[derive(Default)]
pub(super) struct Order {
    last: Option<Stamp>,
    last_but_one: Option<Stamp>,
    descents: Vec<Descent>,
}

/// Breaks kept; beyond them the log is in such disorder that pairs mean nothing.
const KEPT: usize = 10_000;

impl Order {
    /// Takes the next record of a log whose times may step back by up to `apart`: then only what steps back further
    /// is out of order.
    pub(super) fn take_within(&mut self, position: u64, time: Timestamp, apart: Option<SignedDuration>) {
        let near = |last: &Stamp| apart.is_some_and(|apart| last.1.duration_since(time) <= apart);
        if self.last.as_ref().is_some_and(|last| time <= last.1 && near(last)) {
            return;
        }
        self.take(position, time);
    }

    /// Takes the next record.
    pub(super) fn take(&mut self, position: u64, time: Timestamp) {
        let stamp = (position, time);
        if let (Some(descent), Some(last)) = (self.descents.last_mut(), self.last)
            && descent.after.is_none()
            && descent.at.0 == last.0
        {
            descent.after = Some(stamp);
        }
        if let Some(before) = self.last
            && time <= before.1
            && self.descents.len() < KEPT
        {
            self.descents.push(Descent {
                two_before: self.last_but_one,
                before,
                at: stamp,
                after: None,
            });
        }
        self.last_but_one = self.last.replace(stamp);
    }

    /// What was broken. Two records that changed places give one break when they are neighbours, else two: right after
    /// the first place and at the second.
    pub(super) fn breaks(self) -> Vec<Break> {
        let mut found = Vec::new();
        let mut rest = self.descents.iter().peekable();
        while let Some(first) = rest.next() {
            if let Some(second) = rest.peek()
                && between(first.two_before, second.at, Some(first.at))
                && between(Some(second.before), first.before, second.after)
            {
                found.push(Break::Swap(first.before.0, second.at.0));
                rest.next();
            } else if between(first.two_before, first.at, Some(first.before))
                && between(Some(first.at), first.before, first.after)
            {
                found.push(Break::Swap(first.before.0, first.at.0));
            } else {
                found.push(Break::Descent {
                    at: first.at.0,
                    after: first.before.0,
                });
            }
        }
        found
    }
}

/// Whether a time lies between two others; an absent one is no bound.
fn between(low: Option<Stamp>, it: Stamp, high: Option<Stamp>) -> bool {
    low.is_none_or(|low| low.1 < it.1) && high.is_none_or(|high| it.1 < high.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn breaks(times: &[i64]) -> Vec<Break> {
        let mut order = Order::default();
        for (position, time) in (1..).zip(times) {
            order.take(position, Timestamp::from_second(*time).unwrap());
        }
        order.breaks()
    }

    #[test]
    fn an_increasing_order_has_no_break() {
        assert_eq!(breaks(&[1, 2, 5, 9]), []);
        assert_eq!(breaks(&[]), []);
    }

    #[test]
    fn equal_times_and_a_lone_late_record_are_descents() {
        assert_eq!(breaks(&[1, 2, 2, 3]), [Break::Descent { at: 3, after: 2 }]);
        assert_eq!(breaks(&[5, 6, 7, 1, 8]), [Break::Descent { at: 4, after: 3 }]);
    }

    proptest! {
        #[test]
        fn any_two_swapped_of_many_are_named(length in 2_usize..60, first in 0_usize..60, second in 0_usize..60) {
            let (first, second) = (first % length, second % length);
            prop_assume!(first != second);
            let mut times: Vec<i64> = (1..).take(length).map(|time| time * 10).collect();
            times.swap(first, second);
            let (low, high) = (first.min(second), first.max(second));
            let position = |index: usize| u64::try_from(index + 1).unwrap();
            prop_assert_eq!(breaks(&times), [Break::Swap(position(low), position(high))]);
        }
    }
}
