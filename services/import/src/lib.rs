//! History from a foreign register: a mapping says what the columns of a delimited file mean, and each row becomes
//! `RecordImported…` commands through the same path as every other command.
//!
//! Every id is derived from the register's name and the row's key, never from file or line: a second run adds nothing,
//! an interrupted run is finished by running again, and a later edition of the register adds only its news.
//! `docs/import.md` explains the mapping document and what is counted how.

mod case;
mod document;
mod edition;
mod error;
mod execute;
mod heads;
mod import;
mod layout;
mod lists;
mod mapping;
mod region;
mod report;
mod row;
mod run;
mod source;
mod table;
mod values;

pub use edition::{Change, ChangeKind, Edition};
pub use error::ImportError;
pub use import::{Options, import};
pub use mapping::{Mapping, MappingError};
pub use report::{Inspections, Report};
