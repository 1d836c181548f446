//! The command floor: load, facts from other streams, decide, append; and the reactors, which command after the fact.
//!
//! Request ids hold for ever because the fold of a stream remembers them; claims make things unique across streams;
//! a lost race is decided again. Nothing here knows gRPC or views.

mod activate;
mod api;
mod authorize;
mod claim;
mod erase;
mod execute;
mod floor;
mod fold;
mod reactor;
mod reference;
mod register;
mod request;
mod system;
mod visits;

pub use activate::{Activated, ActivationRequest};
pub use api::{CommandError, Outcome, Request};
pub use floor::Commands;
pub use reactor::{Counts, Reactors};
pub use reference::{Activation, ActiveReference, ListedPolicy};
pub use request::{derived_id, scope_of};
