//! The double by its own messages: no official client is needed for these.

mod appends;
mod client;
mod faults;
mod nodes;
mod reads;
