//! What every question shares: who asks, how fresh the answer is, pages, facts, digests, changes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::dossier::Fact;
use yujian_eventlog::LogPosition;

/// What the caller may see. Everything outside looks as if it were not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Division code; `None`: everywhere.
    pub jurisdiction: Option<String>,
    /// Whether registers of other countries stay out: what a jurisdiction over the whole country means.
    pub domestic_only: bool,
    /// Credit code of the operator; `None`: any.
    pub organisation: Option<String>,
}

/// How fresh an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOf {
    /// Position up to which the views have folded.
    pub position: LogPosition,
    /// Recorded time of the last folded record; `None` on an empty log.
    pub recorded_time: Option<Timestamp>,
    /// Records between here and the end of the log; where the log's positions have gaps, 1 stands for any number.
    pub lag: u64,
    /// Whether `lag` is the number of records.
    pub lag_exact: bool,
    /// Damaged records met so far: figures that they touch are incomplete.
    pub damaged: u64,
    /// Events of types that this version does not know.
    pub unknown: u64,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Rows.
    pub rows: Vec<T>,
    /// Key of the last row when there are more; hand it back as `after`.
    pub next: Option<String>,
    /// Rows that match in all.
    pub total: u64,
    /// Freshness, read in the same transaction as the rows.
    pub as_of: AsOf,
}

impl<T> Page<T> {
    pub(crate) fn of((rows, next, total): (Vec<T>, Option<String>, u64), as_of: &AsOf) -> Self {
        Self {
            rows,
            next,
            total,
            as_of: as_of.clone(),
        }
    }
}

/// One line of a timeline: an event of an institution, of one of its incidents or inspections, or of a person that names
/// the institution; or an event of a person, on the person's own timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineRow {
    /// Stream.
    pub stream: String,
    /// Revision.
    pub revision: u64,
    /// Event id.
    pub event_id: Uuid,
    /// Type.
    pub event_type: String,
    /// When it happened: legal day, when known.
    pub occurred_date: Option<Date>,
    /// When it happened: instant, when known so exactly.
    pub occurred_time: Option<Timestamp>,
    /// From when it has effect.
    pub effective_from: Option<Timestamp>,
    /// When it came in.
    pub received_time: Timestamp,
    /// When it was recorded.
    pub recorded_time: Timestamp,
    /// Actor's account, role and organisation.
    pub actor_id: String,
    /// Role.
    pub actor_role: String,
    /// Organisation.
    pub actor_organisation: Option<String>,
    /// Payload as stored: personal values sealed.
    pub payload: serde_json::Value,
    /// Source of imported history.
    pub provenance: Option<String>,
    /// Law and article pairs.
    pub legal_basis: Vec<(String, String)>,
    /// Policies as `id@version`.
    pub policies: Vec<String>,
    /// Hash of the record, hex.
    pub hash: String,
    /// Damage, when the record could not be served; the other fields are then as far as known.
    pub damaged: Option<String>,
}

/// Facts of one institution or person, for the live dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierFacts {
    /// Every fact that stands, and every withdrawn one with what withdrew it.
    pub facts: Vec<StoredFact>,
    /// Freshness.
    pub as_of: AsOf,
    /// Damaged records of its streams: (stream, problem).
    pub damaged: Vec<(String, String)>,
}

/// A fact row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFact {
    /// The fact.
    pub fact: Fact,
    /// When a correction withdrew it (recorded time), if one did.
    pub withdrawn: Option<Timestamp>,
}

/// Digest of every view table and of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Position folded; not part of the digests.
    pub position: LogPosition,
    /// SHA-256 hex by table.
    pub tables: BTreeMap<String, String>,
    /// SHA-256 hex over the tables' digests in order of name.
    pub total: String,
}

/// What changed in one committed batch, pushed to pages and watchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// Position after the batch.
    pub position: LogPosition,
    /// Recorded time of its last record.
    pub recorded_time: Timestamp,
    /// Changes, in order.
    pub changes: Vec<Change>,
}

/// One event that touched a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Institution concerned. An event of a person is told once for each institution where the person stands engaged, or
    /// stood engaged until this event.
    pub institution: Uuid,
    /// Its name after the change.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Its organisation's credit code, for scoping.
    pub organisation: Option<String>,
    /// Incident concerned, for incident events.
    pub incident: Option<Uuid>,
    /// Person concerned, for events of a person and for alerts that name one.
    pub person: Option<Uuid>,
    /// Inspection concerned, for events of an inspection and for alerts that name one.
    pub inspection: Option<Uuid>,
    /// Alert concerned, for events of an alert.
    pub alert: Option<Uuid>,
    /// Whether it is for the regulator alone: an operator must not hear of it, as of a visit that is not announced, or of
    /// a person's engagement at another institution.
    pub regulator_only: bool,
    /// Stream.
    pub stream: String,
    /// Revision.
    pub revision: u64,
    /// Event type.
    pub event_type: String,
    /// Recorded time.
    pub recorded_time: Timestamp,
}
