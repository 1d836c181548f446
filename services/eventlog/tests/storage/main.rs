//! The engines of the log: what all of them do (`conformance`), and what only the embedded one does: its files, what it
//! says when they are damaged, and how it opens.
#![allow(clippy::unwrap_used)]

mod auditor;
mod bulk;
mod conformance;
mod damage;
mod model;
mod opening;
mod promises;
mod record_format;
mod support;
