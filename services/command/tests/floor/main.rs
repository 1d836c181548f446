//! The command floor over a log in memory: claims, request ids, races, what it refuses to decide on.
#![allow(clippy::unwrap_used)]

mod claims;
mod house;
mod requests;
mod streams;
