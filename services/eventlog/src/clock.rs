//! The clock, injected everywhere.

use std::sync::Mutex;

use jiff::Timestamp;

/// Tells the time. The system clock, or a simulated one that the demo and tests move.
pub trait Clock: Send + Sync + 'static {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
    /// Nanoseconds of a monotonic clock since some start; a simulated clock moves both alike.
    fn monotonic_nanos(&self) -> i128;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: std::time::Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic_nanos(&self) -> i128 {
        i128::try_from(self.start.elapsed().as_nanos()).unwrap_or(i128::MAX)
    }
}

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct SimulatedClock {
    now: Mutex<Timestamp>,
}

impl SimulatedClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn monotonic_nanos(&self) -> i128 {
        self.now().as_nanosecond()
    }
}
