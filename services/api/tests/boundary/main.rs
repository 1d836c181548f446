//! The boundary over a whole house in memory, through a real port.
#![allow(clippy::unwrap_used)]

mod admission;
mod alerts;
mod commands;
mod conduct;
mod docs;
mod every;
mod gate;
mod house;
mod licences;
mod lives;
mod operator;
mod policies;
mod queries;
mod raw;
mod rebuild;
mod refusals;
mod staff;
mod streams;
mod walk;
