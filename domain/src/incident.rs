//! Safety incident (安全事件): notified, supplemented, triaged, investigated, concluded, reopened; guardians told.
//!
//! Subjects of personal data: `incident-<id>.child-<n>` (name, treatment), `incident-<id>.text` (every free text of the
//! case), `incident-<id>.reporter`.

mod check;
mod command;
mod decide;
mod event;
mod evolve;
mod guardian;
mod imported;
mod investigation;
mod kinds;
mod moves;
mod notification;
mod state;
mod supplement;
mod timing;

pub use command::*;
pub use event::*;
pub use kinds::*;
pub use moves::Move;
pub use state::{Incident, Status};
