//! The event log on a KurrentDB cluster: the port of `yujian-eventlog` over the official client, and a supervisor around
//! that client. Knows nothing of the domain, and lets no type of the client out.
//!
//! The client is compiled only with the feature `kurrentdb`; without it this crate is the address alone. Start reading at
//! [`KurrentLog`], then `append.rs` for how an outcome that is not known becomes known, and `supervisor.rs` for what the
//! client can't do for itself. `docs/kurrentdb.md` says what was run against what.

mod address;

pub use address::{Address, AddressError};

#[cfg(feature = "kurrentdb")]
mod append;
#[cfg(feature = "kurrentdb")]
mod core;
#[cfg(feature = "kurrentdb")]
mod fault;
#[cfg(feature = "kurrentdb")]
mod header;
#[cfg(feature = "kurrentdb")]
mod log;
#[cfg(feature = "kurrentdb")]
mod open;
#[cfg(feature = "kurrentdb")]
mod pages;
#[cfg(feature = "kurrentdb")]
mod read;
#[cfg(feature = "kurrentdb")]
mod supervisor;
#[cfg(feature = "kurrentdb")]
mod tail;
#[cfg(feature = "kurrentdb")]
mod times;

#[cfg(feature = "kurrentdb")]
pub use self::{
    header::{KeysHost, Note},
    log::KurrentLog,
    open::{OpenError, OpenOptions},
    supervisor::Counted,
};
