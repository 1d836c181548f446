//! The domain of Yujian: values that parse, policies, calendar, dossier, and one module for each aggregate.
//!
//! Pure: no I/O, no async, no clock, no floating point. Whatever a decision needs (time, actor, policies, calendar,
//! divisions, keyed digests, facts of other streams) comes in through [`aggregate::Context`] and [`aggregate::Facts`].
//!
//! Time bases are named everywhere: *occurred* (when it happened in the world), *received* (when the request reached
//! Yujian), *recorded* (when the log wrote it).

pub mod activation;
pub mod advice;
pub mod aggregate;
pub mod alert;
pub mod calendar;
mod check;
pub mod checklist;
pub mod clock;
pub mod divisions;
pub mod dossier;
pub mod envelope;
pub mod event;
pub mod fingerprint;
pub mod incident;
pub mod inspection;
pub mod institution;
pub mod mask;
pub mod person;
pub mod personal;
pub mod policy;
pub mod reference;
pub mod rejection;
pub mod system;
pub mod time;
pub mod values;
pub mod visits;
