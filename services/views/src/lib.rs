//! Views of supervision on SQLite: pure folds of the log, disposable, with digests that name events by stream and
//! revision and hold no "now".
//!
//! One file a view, under `view/`: its tables, how it folds one item of the log, and what it answers. It is registered
//! in `view.rs`, by its module and one line in `VIEWS`. The store (`store`) follows the log and writes rows and
//! checkpoint in one transaction; each question is answered in one read transaction together with its freshness.

mod cell;
mod condition;
mod database;
mod digest;
mod error;
mod fold;
mod key;
mod list;
mod model;
mod reach;
mod store;
mod view;

pub use error::ViewError;
pub use model::*;
pub use store::{Rebuild, Rebuilt, Views};
