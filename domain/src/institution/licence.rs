//! The licence regime (许可): applications of seven kinds, the authorization that they lead to, its conditions and
//! waivers, its end and the orderly cessation that follows. The filing regime (备案) lives in the parent module; which
//! one holds is chosen by region and by the day on which the papers come in, and an application ends under the regime
//! that it began under.

mod command;
mod event;
mod evolve;
mod kinds;
mod state;

pub use command::*;
pub use event::*;
pub(super) use evolve::evolve;
pub(crate) use evolve::standing;
pub use kinds::*;
pub use state::{
    Applied, Authorization, Cessation, Condition, ConditionState, Deemed, LicenceApplication, Proposal, Verification,
};
