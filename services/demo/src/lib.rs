//! The demonstration province: two years of a made-up Zhejiang on the real divisions, brought about through the same
//! command path that gRPC uses, under a simulated clock. The same seed and last day give the same log.
//!
//! Every name, number and address of a person is made up.

mod admission;
mod agenda;
mod duty;
mod imported;
mod incidents;
mod live;
mod onsite;
mod papers;
mod people;
mod planning;
mod report;
mod staff;
mod staffing;
mod story;
mod visits;
mod world;

pub use live::live;
pub use story::{Batch, DemoError, Plan, Summary, build, clock_start};
pub use world::Roster;
