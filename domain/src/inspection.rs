//! Inspection (检查): planned, approved, carried out by two certified inspectors with a checklist, with findings (问题),
//! corrections (整改) and a report.
//!
//! Subject of personal data: `inspection-<id>.text` (every free text of the inspection).

mod command;
mod decide;
mod event;
mod evolve;
mod kinds;
mod state;

pub use command::*;
pub use event::*;
pub use kinds::*;
pub use state::{Finding, Inspection, Status};
