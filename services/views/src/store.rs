//! The view store: opening, following, reading.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::{broadcast, watch};
use uuid::Uuid;
use yujian_domain::divisions::Divisions;
use yujian_eventlog::{EventLog, LogPosition};

use crate::model::{
    AsOf, Delta, Digest, DossierFacts, IncidentQuery, IncidentRow, InstitutionQuery, InstitutionRow, Page, Pipeline,
    RollUp, Scope, TimelineRow,
};

/// Why a view could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The views have not reached the position that the caller asked for; try again.
    #[error("the views are at {at}, asked for {wanted}")]
    Behind {
        /// Where they are.
        at: LogPosition,
        /// Where the caller wants them.
        wanted: LogPosition,
    },
    /// The position is of another epoch or beyond the log.
    #[error("position {0} is not of this log")]
    ForeignPosition(LogPosition),
    /// The page key is not one of ours.
    #[error("invalid page key")]
    InvalidKey,
    /// The store failed.
    #[error("views unavailable: {0}")]
    Unavailable(String),
}

/// Progress of a rebuild, for a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuild {
    /// Records folded.
    pub done: u64,
    /// Records in the log.
    pub total: u64,
}

/// The views. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    log: Arc<dyn EventLog>,
}

#[allow(clippy::unused_async, clippy::missing_errors_doc, unused_variables)]
impl Views {
    /// Opens `views.db` in `directory` (memory when `None`), catches up with the log as it stands now, and reports
    /// progress. A store of another version, or ahead of the log, is rebuilt from nothing.
    pub async fn open(
        directory: Option<&Path>,
        log: Arc<dyn EventLog>,
        divisions: Arc<Divisions>,
        progress: impl Fn(Rebuild) + Send + Sync,
    ) -> Result<Self, ViewError> {
        unimplemented!()
    }

    /// Follows the log until `stop` turns true. Run it as a task.
    pub async fn follow(&self, stop: watch::Receiver<bool>) -> Result<(), ViewError> {
        unimplemented!()
    }

    /// Position folded so far; changes are announced.
    pub fn position(&self) -> watch::Receiver<LogPosition> {
        unimplemented!()
    }

    /// Deltas as they are committed. A receiver that lags must read anew.
    pub fn deltas(&self) -> broadcast::Receiver<Arc<Delta>> {
        unimplemented!()
    }

    /// Waits until the views have folded `position`.
    pub async fn wait_for(&self, position: LogPosition, at_most: Duration) -> Result<(), ViewError> {
        unimplemented!()
    }

    /// Freshness.
    pub async fn as_of(&self) -> Result<AsOf, ViewError> {
        unimplemented!()
    }

    /// Institutions in order of name, then id.
    pub async fn institutions(&self, query: InstitutionQuery) -> Result<Page<InstitutionRow>, ViewError> {
        unimplemented!()
    }

    /// One institution; `None` when absent or outside the scope.
    pub async fn institution(&self, scope: &Scope, id: Uuid) -> Result<Option<InstitutionRow>, ViewError> {
        unimplemented!()
    }

    /// Facts of one institution and its incidents; `None` when absent or outside the scope.
    pub async fn dossier(&self, scope: &Scope, id: Uuid) -> Result<Option<DossierFacts>, ViewError> {
        unimplemented!()
    }

    /// Timeline of an institution with its incidents, newest recorded first; `after` is the key of the last row seen.
    pub async fn timeline(
        &self,
        scope: &Scope,
        institution: Uuid,
        after: Option<String>,
        limit: u32,
    ) -> Result<Page<TimelineRow>, ViewError> {
        unimplemented!()
    }

    /// Admission pipeline of a region (`None`: everything in scope) at a legal day. `soon` is the last day that counts
    /// as due soon.
    pub async fn pipeline(
        &self,
        scope: &Scope,
        region: Option<&str>,
        at: Date,
        soon: Date,
    ) -> Result<(Pipeline, AsOf), ViewError> {
        unimplemented!()
    }

    /// Incidents, newest awareness first.
    pub async fn incidents(&self, query: IncidentQuery) -> Result<Page<IncidentRow>, ViewError> {
        unimplemented!()
    }

    /// One incident; `None` when absent or outside the scope.
    pub async fn incident(&self, scope: &Scope, id: Uuid) -> Result<Option<IncidentRow>, ViewError> {
        unimplemented!()
    }

    /// Figures of a region and its parts (`None`: the country, whose parts are provinces and foreign trees).
    pub async fn roll_up(&self, scope: &Scope, region: Option<&str>, at: Date) -> Result<RollUp, ViewError> {
        unimplemented!()
    }

    /// Digest of every table: equal for equal logs, whenever it is computed.
    pub async fn digest(&self) -> Result<Digest, ViewError> {
        unimplemented!()
    }
}
