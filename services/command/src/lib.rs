//! The command floor: load, facts, decide, append. Request ids hold for ever; claims make things unique across streams.

mod api;

pub use api::{CommandError, Commands, Outcome, Request};
