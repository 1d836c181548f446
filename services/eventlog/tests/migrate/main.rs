//! What works over the port, for whichever engine: copying a log, and checking one.
#![allow(clippy::unwrap_used)]

mod copy;
mod double;
mod verify_any;
