//! The views, one file each; `region` only reads what the others write.

pub(crate) mod fact;
pub(crate) mod filing;
pub(crate) mod incident;
pub(crate) mod institution;
pub(crate) mod problem;
pub(crate) mod region;
pub(crate) mod timeline;
