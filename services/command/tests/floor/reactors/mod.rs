//! Reactors over a log in memory and a `state.db` on disk.

mod alerts;
mod bench;
mod claims;
mod inspections;
mod marks;
mod staff;
