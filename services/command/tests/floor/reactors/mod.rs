//! Reactors over a log in memory and a `state.db` on disk.

mod admission;
mod alerts;
mod bench;
mod claims;
mod clocks;
mod inspections;
mod licensing;
mod marks;
mod papers;
mod restarts;
mod staff;
