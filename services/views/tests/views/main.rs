//! Behaviour of the views over a log in memory.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod alerts;
mod conduct;
mod following;
mod lists;
mod model;
mod rebuild;
mod regions;
mod staff;
mod steps;
mod support;
mod trouble;
mod work;
mod work_model;
