//! The event log of Yujian: the port ([`EventLog`]), its SQLite and memory engines, following with a checkpoint, and
//! the sealing of personal data. Knows nothing of the domain: records are named JSON bytes.

mod port;

pub use port::*;
pub mod clock;
pub mod entropy;
pub mod keys;
