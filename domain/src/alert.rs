//! Alerts (预警): what a reactor found, once for each rule, subject and period, and what became of it. An alert's stream id
//! is derived from these, so that nothing is raised twice.
//!
//! An alert is a lead, not a conclusion: an officer takes note of it, links it to the inspection, filing or incident in
//! which it is looked into, and then confirms or dismisses it. How often the alerts of a rule are confirmed tells how good
//! the rule is. It lapses by itself when the fact no longer holds while nobody is looking into it.
//!
//! Alerts are for the regulator: every event is classified so. Subject of personal data: `alert-<id>.text` (the officer's
//! notes and statements).

mod command;
mod decide;
mod event;
mod evolve;
mod kinds;
pub mod moves;
mod state;
mod timing;

pub use command::*;
pub use decide::alert_id;
pub use event::*;
pub use kinds::*;
pub use state::{Alert, Status};
