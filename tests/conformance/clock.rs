//! The clock of the tests.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use yujian_eventlog::clock::Clock;

/// A clock that moves only when told, and whose two hands can be moved apart.
pub struct TestClock {
    hands: Mutex<(Timestamp, i128)>,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            hands: Mutex::new(("2026-03-01T00:00:00Z".parse().unwrap(), 0)),
        })
    }

    /// Moves both hands.
    pub fn advance(&self, by: SignedDuration) {
        let mut hands = self.hands.lock().unwrap();
        *hands = (hands.0 + by, hands.1 + by.as_nanos());
    }

    /// Moves the wall clock alone.
    pub fn drift(&self, by: SignedDuration) {
        self.hands.lock().unwrap().0 += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.hands.lock().unwrap().0
    }

    fn monotonic_nanos(&self) -> i128 {
        self.hands.lock().unwrap().1
    }
}
