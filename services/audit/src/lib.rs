//! Audit: the replay of an institution's or person's history from the log, on two axes of time. It knows nothing of the views: the
//! live dossier comes from view rows, the replay from the log, and both must say the same.

mod replay;
mod walk;

pub use replay::{
    AuditError, Dossiers, PersonReplayQuery, Replay, ReplayQuery, ReplayedDossier, replay, replay_all, replay_person,
};
