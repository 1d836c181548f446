//! Views of supervision on SQLite: pure folds of the log, disposable, with digests that name events by stream and
//! revision and hold no "now". One file a view.

mod model;

pub use model::*;
