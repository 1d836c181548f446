//! Views of supervision on SQLite: pure folds of the log, disposable, with digests that name events by stream and
//! revision and hold no "now". One file a view.

mod model;
mod store;

pub use model::*;
pub use store::{Rebuild, ViewError, Views};
