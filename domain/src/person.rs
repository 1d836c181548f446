//! Staff (从业人员): persons registered by verified identity, with credentials, health certificates, record queries,
//! training, engagements at institutions, and bars from work with children.
//!
//! Subjects of personal data: `person-<id>` (identity, name, phone, numbers of certificates), `person-<id>.text` (free
//! text of decisions).

mod command;
mod decide;
mod event;
mod evolve;
mod kinds;
mod state;

pub use command::*;
pub use decide::{CERTIFICATE_CLAIM, IDENTITY_CLAIM};
pub use event::*;
pub use kinds::*;
pub use state::{BarState, Credential, Engagement, HealthCertificate, Person, Query, Status};
