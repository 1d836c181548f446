//! The command floor over a log in memory: claims, request ids, races, what it refuses to decide on, reactors.
#![allow(clippy::unwrap_used)]

mod claims;
mod house;
mod policies;
mod reactors;
mod requests;
mod streams;
