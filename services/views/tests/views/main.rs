//! Behaviour of the views over a log in memory.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod following;
mod lists;
mod model;
mod regions;
mod steps;
mod support;
mod trouble;
