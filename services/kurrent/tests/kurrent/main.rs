//! The log over the official client: against the protocol double, and, where `YUJIAN_KURRENTDB` names one, against a real
//! server (`docs/kurrentdb.md`). Streams stand under a namespace that no run has used before; nothing is removed.
#![allow(clippy::unwrap_used)]

#[path = "../../../../tests/conformance/mod.rs"]
mod conformance;

mod ambiguous;
mod copies;
mod damage;
mod engine;
mod faults;
mod header;
mod pages;
mod restored;
mod support;
mod writers;

conformance::suite!(one_node, crate::support::rig(1).await);
conformance::suite!(three_nodes, crate::support::rig(3).await);
conformance::suite!(
    server,
    crate::support::server_rig().await,
    #[ignore = "needs a KurrentDB server that YUJIAN_KURRENTDB names"]
);
