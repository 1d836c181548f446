//! The engines of the log: what all of them do (`conformance`), and what only the embedded one does: its files, what it
//! says when they are damaged, and how it opens.
#![allow(clippy::unwrap_used)]

#[path = "../../../../tests/conformance/mod.rs"]
mod conformance;

mod auditor;
mod bulk;
mod damage;
mod gapped;
mod model;
mod opening;
mod record_format;
mod several_writers;
mod support;

conformance::suite!(memory, crate::support::memory_rig());
conformance::suite!(sqlite, crate::support::sqlite_rig());
conformance::suite!(with_gaps, crate::gapped::rig());
