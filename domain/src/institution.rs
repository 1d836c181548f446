//! Institution (托育机构): registration, filing (备案), classes and places, suspension, closing.

mod command;
mod decide;
mod event;
mod evolve;
mod imported;
mod kinds;
pub mod licence;
pub mod machine;
mod state;

pub use crate::clock::Deadline;
pub use command::*;
pub use decide::{papers_came, site_claim};
pub use event::*;
pub use kinds::*;
pub use licence::*;
pub use state::{Application, Held, Institution, Status, Submission, Suspension};
