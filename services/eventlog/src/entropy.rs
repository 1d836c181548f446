//! Randomness, injected so that the demo is the same for the same seed.

use std::sync::Mutex;

use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{OsRng, RngCore, SeedableRng, TryRngCore};
use uuid::Uuid;

/// Where random bytes come from.
#[derive(Debug)]
pub enum Entropy {
    /// The operating system.
    Os,
    /// A seeded stream: demo and tests only. Keys made from it protect nothing.
    Seeded(Mutex<ChaCha20Rng>),
}

impl Entropy {
    /// A seeded stream.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }

    /// Fills `buffer`.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done then.
    pub fn fill(&self, buffer: &mut [u8]) {
        match self {
            Self::Os => OsRng
                .try_fill_bytes(buffer)
                .expect("the operating system gives random bytes"),
            Self::Seeded(rng) => rng
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .fill_bytes(buffer),
        }
    }

    /// A UUIDv7 of an instant.
    pub fn event_id(&self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
