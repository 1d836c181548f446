//! What a log is, in whatever way an engine keeps it: rows of a file, or a stream beside the records.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::LogError;

/// Format of the records that this version writes and reads.
pub const FORMAT: u32 = 1;

/// Whether a log holds the truth or a play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// Of a real installation.
    Real,
    /// Of the demo: simulated clock, keys that protect nothing.
    Demo {
        /// Seed of the simulation.
        seed: u64,
        /// End of the simulated history.
        until: Timestamp,
    },
}

/// The header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Format of the records.
    pub format: u32,
    /// When the log was made (time basis: recorded).
    pub created: Timestamp,
    /// Epoch, from 1; a restore or a migration begins the next one.
    pub epoch: u32,
    /// Real or demo.
    pub kind: LogKind,
    /// Check value of the HMAC key of each key epoch that the log was written with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub check_values: BTreeMap<u32, String>,
    /// Whether several nodes wrote it: `recorded_time` may then step back by up to
    /// [`WRITERS_APART`](crate::rules::WRITERS_APART).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_writers: bool,
    /// [`Header::identity`] of the log that is being copied into this one. Until that is finished nobody may serve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrating_from: Option<String>,
}

impl Header {
    /// Tells logs apart: when it was made, and its epoch.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{} {}", self.created, self.epoch)
    }

    /// Whether the keys that are here may write this log: every HMAC key epoch of the log must be among them, since
    /// uniqueness and request ids depend on it. Answers which of them the header does not know yet.
    ///
    /// # Errors
    /// [`LogError::ReadOnly`] with the epoch that is missing or another one's.
    pub fn check_keys(&self, here: &[(u32, String)]) -> Result<Vec<(u32, String)>, LogError> {
        let refused = |reason: String| Err(LogError::ReadOnly(reason));
        for (epoch, stored) in &self.check_values {
            match here.iter().find(|(number, _)| number == epoch) {
                None => return refused(format!("the HMAC key of epoch {epoch} is missing: restore keys.db")),
                Some((_, value)) if value != stored => {
                    return refused(format!(
                        "the HMAC key of epoch {epoch} is not the one that this log was written with"
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(here
            .iter()
            .filter(|(epoch, _)| !self.check_values.contains_key(epoch))
            .cloned()
            .collect())
    }
}
