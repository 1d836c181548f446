//! Audit: the replay of an institution's history from the log, on two axes of time.

mod replay;

pub use replay::{AuditError, Replay, ReplayQuery, replay};
