//! Inspection (检查): planned, approved, carried out by two certified inspectors with a checklist, with findings (问题),
//! corrections (整改) and a report.
//!
//! Subject of personal data: `inspection-<id>.text` (every free text of the inspection).

mod check;
mod command;
mod corrections;
mod decide;
mod event;
mod evolve;
mod findings;
mod imported;
mod kinds;
mod moves;
mod planning;
mod report;
mod state;
mod team;
mod timing;
mod visit;

pub use command::*;
pub use event::*;
pub use kinds::*;
pub use moves::Move;
pub use state::{Finding, Inspection, Status};
