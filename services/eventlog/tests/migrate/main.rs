//! Copying a log over the port, for whichever engine.
#![allow(clippy::unwrap_used)]

mod copy;
mod double;
