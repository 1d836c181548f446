//! The event log of Yujian: the port ([`EventLog`]), its SQLite and memory engines, following with a checkpoint, and
//! the sealing of personal data. Knows nothing of the domain: records are named JSON bytes.
//!
//! Start reading at [`port`](EventLog), then [`record`] for the bytes, [`sqlite`] for the engine that production uses.

mod port;

pub use port::*;
pub mod backup;
pub mod checkpoint;
pub mod clock;
pub mod entropy;
pub mod follow;
pub mod header;
pub mod keys;
pub mod memory;
pub mod migrate;
pub mod record;
pub mod rules;
pub mod sqlite;
pub mod verify;
