//! Safety incident (安全事件): notified, supplemented, triaged, investigated, concluded, reopened; guardians told.

mod command;
mod decide;
mod event;
mod kinds;
mod state;

pub use command::*;
pub use event::*;
pub use kinds::*;
pub use state::{Incident, Status};
