//! The demonstration province: two years of a made-up Zhejiang on the real divisions, brought about through the same
//! command path that gRPC uses, under a simulated clock. The same seed and last day give the same log.
//!
//! Every name, number and address of a person is made up. What is rare (a bar, a cancelled visit, a rejected correction)
//! comes in turn from tables of shares (`staff::fate`, `visits::Way`, `visits::Correction`, `ways`), so that a small
//! province has it too; the rest is drawn. From a third of the story on one city licenses (`pilot`), the others file. Start reading at `story::build`, then `agenda`.

mod admission;
mod agenda;
mod alerts;
mod applying;
mod checks;
mod duty;
mod holders;
mod imported;
mod incidents;
mod live;
mod onsite;
mod papers;
mod people;
mod pilot;
mod planning;
mod report;
mod reviewing;
mod running;
mod staff;
mod staffing;
mod story;
mod teams;
mod verdicts;
mod visits;
mod ways;
mod world;

pub use live::live;
pub use story::{Batch, DemoError, Plan, Summary, build, clock_start};
pub use world::Roster;
