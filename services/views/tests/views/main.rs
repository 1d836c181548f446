//! Behaviour of the views over a log in memory.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod admission;
mod admission_cases;
mod admission_model;
mod alerts;
mod conduct;
mod conduct_sql;
mod following;
mod lists;
mod model;
mod rebuild;
mod regions;
mod staff;
mod staff_cases;
mod steps;
mod support;
mod trouble;
mod work;
mod work_model;
