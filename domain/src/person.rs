//! Staff (从业人员): persons registered by verified identity, with credentials, health certificates, record queries,
//! training, engagements at institutions, and bars from work with children.
//!
//! Subjects of personal data: `person-<id>` (identity, name, phone, numbers of certificates), `person-<id>.text` (free
//! text of decisions).

mod allow;
mod bar;
mod check;
mod checks;
mod command;
mod credentials;
mod decide;
mod duty;
mod eligibility;
mod engagement;
mod event;
mod evolve;
mod identity;
mod kinds;
pub mod moves;
mod state;
mod timing;

pub use command::*;
pub use decide::{CERTIFICATE_CLAIM, IDENTITY_CLAIM};
pub use event::*;
pub use kinds::*;
pub use state::{BarState, Credential, Engagement, HealthCertificate, Person, Query, Status};
