//! The boundary over a whole house in memory, through a real port.
#![allow(clippy::unwrap_used)]

mod commands;
mod docs;
mod gate;
mod house;
mod queries;
mod streams;
