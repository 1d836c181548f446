//! The binary as its users meet it: gRPC clients, the page, files, signals, faults.
#![allow(clippy::unwrap_used)]

mod browser;
mod crash;
mod demo;
mod disk;
mod figures;
mod filing;
mod import;
#[cfg(feature = "kurrentdb")]
mod kurrent;
mod month;
mod policy;
mod privacy;
mod process;
mod reactors;
mod rebuild;
mod replay;
mod restore;
mod small;
mod support;
mod tamper;
mod workflows;
