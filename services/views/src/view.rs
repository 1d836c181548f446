//! The views, one file each: tables, fold, answers. A new one is named here twice: as a module, and, when it has tables,
//! in [`VIEWS`]. `region`, the modules of figures, `pipeline` and `tree` only read what the others write.

use crate::fold::View;

pub(crate) mod admission_figures;
pub(crate) mod alert;
pub(crate) mod alert_figures;
pub(crate) mod application;
pub(crate) mod authorization;
pub(crate) mod checklist;
pub(crate) mod clock;
pub(crate) mod conduct_figures;
pub(crate) mod credential;
pub(crate) mod engagement;
pub(crate) mod fact;
pub(crate) mod finding;
pub(crate) mod incident;
pub(crate) mod inspection;
pub(crate) mod institution;
pub(crate) mod person;
pub(crate) mod pipeline;
pub(crate) mod problem;
pub(crate) mod record;
pub(crate) mod region;
pub(crate) mod staff_figures;
pub(crate) mod sums;
pub(crate) mod timeline;
pub(crate) mod tree;
pub(crate) mod visits;

/// Every view, in the order in which they fold an item: facts first, because others resolve corrections by them.
pub(crate) static VIEWS: &[&dyn View] = &[
    &fact::Facts,
    &institution::Institutions,
    &application::Applications,
    // Implied clocks ask where their application stands.
    &clock::Clocks,
    &authorization::Authorizations,
    &incident::Incidents,
    &person::Persons,
    &engagement::Engagements,
    &credential::Credentials,
    &record::Records,
    &checklist::Checklists,
    &inspection::Inspections,
    &finding::Findings,
    &visits::Visits,
    &alert::Alerts,
    &timeline::Timeline,
    &problem::Problems,
    // Last: it adds up what the others have written.
    &sums::Sums,
];
