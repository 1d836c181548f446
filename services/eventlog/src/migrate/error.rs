//! Why a log was not copied.

use std::fmt;

use crate::{Damage, Hash, LogError, LogPosition, Record, StreamName};

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The one that is read.
    Source,
    /// The one that is written.
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "the source / 源日志",
            Self::Target => "the target / 目标日志",
        })
    }
}

/// Why a log was not copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrateError {
    /// An engine can't be used.
    #[error("{side}: {error}")]
    Log {
        /// Which.
        side: Side,
        /// The engine's error.
        error: LogError,
    },
    /// A record can't be read. It is not left out: repair the log first.
    #[error(
        "{side}: damaged at position {}{}: {}; repair it first, a migration leaves nothing out / 记录已损坏，请先修复",
        .damage.position, place(.damage), .damage.problem
    )]
    Damaged {
        /// In which log.
        side: Side,
        /// What is damaged.
        damage: Box<Damage>,
    },
    /// The target holds another record: it is no copy of this source.
    #[error(
        "the target is no copy of this source: revision {revision} of {stream} (position {position} of the source) has \
         another {what} there / 目标日志与源日志不一致"
    )]
    Differs {
        /// Stream of the source's record.
        stream: StreamName,
        /// Its revision.
        revision: u64,
        /// Its position in the source.
        position: LogPosition,
        /// The first part that differs: `stream`, `revision`, `id`, `type`, `metadata` or `payload`.
        what: &'static str,
    },
    /// The target goes on where the source ends, or somebody else writes it.
    #[error("the target holds a record at {position} that the source has not / 目标日志多于源日志")]
    TargetLonger {
        /// First position of the target that the source has nothing for.
        position: LogPosition,
    },
    /// The target does not take a record.
    #[error(
        "the target does not take revision {revision} of {stream} (position {position} of the source): {error} / \
         目标日志拒绝该记录"
    )]
    Refused {
        /// Its stream.
        stream: StreamName,
        /// Its revision.
        revision: u64,
        /// Its position in the source.
        position: LogPosition,
        /// Why.
        error: LogError,
    },
    /// Read again as a whole, the target is not what was copied.
    #[error(
        "the target holds {target_records} records of digest {target_digest:?}, the source {source_records} of \
         {source_digest:?} / 复制结果校验不符"
    )]
    Digest {
        /// Digest of the source.
        source_digest: Hash,
        /// Its records.
        source_records: u64,
        /// Digest of the target.
        target_digest: Hash,
        /// Its records.
        target_records: u64,
    },
}

impl MigrateError {
    pub(super) fn differs(record: &Record, what: &'static str) -> Self {
        Self::Differs {
            stream: record.stream.clone(),
            revision: record.revision,
            position: record.position,
            what,
        }
    }

    pub(super) fn refused(record: &Record, error: LogError) -> Self {
        Self::Refused {
            stream: record.stream.clone(),
            revision: record.revision,
            position: record.position,
            error,
        }
    }
}

/// The first part in which two records differ; positions are not compared.
pub(super) fn difference(one: &Record, other: &Record) -> Option<&'static str> {
    [
        ("stream", one.stream == other.stream),
        ("revision", one.revision == other.revision),
        ("id", one.id == other.id),
        ("type", one.event_type == other.event_type),
        ("metadata", one.metadata == other.metadata),
        ("payload", one.payload == other.payload),
    ]
    .into_iter()
    .find_map(|(what, same)| (!same).then_some(what))
}

fn place(damage: &Damage) -> String {
    let stream = damage.stream.as_ref().map(|stream| format!(", stream {stream}"));
    let revision = damage.revision.map(|revision| format!(", revision {revision}"));
    stream.unwrap_or_default() + &revision.unwrap_or_default()
}
