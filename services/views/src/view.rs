//! The views, one file each; `region`, `staff_figures`, `conduct_figures` and `tree` only read what the others write.

pub(crate) mod alert;
pub(crate) mod checklist;
pub(crate) mod conduct_figures;
pub(crate) mod credential;
pub(crate) mod engagement;
pub(crate) mod fact;
pub(crate) mod filing;
pub(crate) mod finding;
pub(crate) mod incident;
pub(crate) mod inspection;
pub(crate) mod institution;
pub(crate) mod person;
pub(crate) mod problem;
pub(crate) mod record;
pub(crate) mod region;
pub(crate) mod staff_figures;
pub(crate) mod timeline;
pub(crate) mod tree;
pub(crate) mod visits;
