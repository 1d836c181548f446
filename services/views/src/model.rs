//! What views answer. Rows hold dates and facts; whatever depends on "now" is computed from an explicit `at`.

mod alert;
mod common;
mod figures;
mod incident;
mod inspection;
mod institution;
mod region;
mod staff;

pub use alert::*;
pub use common::*;
pub use figures::*;
pub use incident::*;
pub use inspection::*;
pub use institution::*;
pub use region::*;
pub use staff::*;
