//! What views answer. Rows hold dates and facts; whatever depends on "now" is computed from an explicit `at`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::dossier::Fact;
use yujian_domain::{incident, institution};
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

/// Which institutions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstitutionQuery {
    /// What the caller may see.
    pub scope: Scope,
    /// Part of the name, or beginning of the credit code, register number, or division code or name.
    pub search: Option<String>,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// Only these states; empty: all.
    pub statuses: Vec<institution::Status>,
    /// Only these types; empty: all.
    pub types: Vec<institution::InstitutionType>,
    /// Only institutions with at least one damaged record.
    pub damaged_only: bool,
    /// Keyset: rows after this key.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstitutionRow {
    /// Id.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Credit code.
    pub credit_code: Option<String>,
    /// Register and number, when imported.
    pub external: Option<(String, String)>,
    /// Site.
    pub site: Option<String>,
    /// Address.
    pub address: Option<String>,
    /// Division code.
    pub region: String,
    /// Year of entry of the division.
    pub region_entered: u16,
    /// Type.
    pub institution_type: institution::InstitutionType,
    /// Mode.
    pub mode: institution::Mode,
    /// Ownership.
    pub ownership: institution::Ownership,
    /// State.
    pub status: institution::Status,
    /// Since which legal day.
    pub status_since: Option<Date>,
    /// Places of classes now set (latest effective).
    pub places: u64,
    /// Classes.
    pub classes: Vec<institution::Class>,
    /// Point in 1e-7 degrees with its datum code: longitude, latitude, datum.
    pub point: Option<(i32, i32, String)>,
    /// Receipt number.
    pub receipt_number: Option<String>,
    /// Day of the receipt.
    pub receipt_date: Option<Date>,
    /// Receipt due, while accepted.
    pub receipt_due: Option<Date>,
    /// Whether the due day is provisional.
    pub receipt_due_provisional: bool,
    /// Open incidents (not concluded).
    pub open_incidents: u64,
    /// All incidents.
    pub incidents: u64,
    /// Revision of the stream that the row has folded.
    pub revision: u64,
    /// Whether a record of its stream is damaged: the row may be incomplete.
    pub damaged: bool,
    /// Whether it was imported.
    pub imported: bool,
}

/// One line of the timeline: an event of the institution or of one of its incidents.
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

/// Which incidents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// What the caller may see.
    pub scope: Scope,
    /// Division code: it and everything in it.
    pub region: Option<String>,
    /// One institution.
    pub institution: Option<Uuid>,
    /// Only these states; empty: all.
    pub statuses: Vec<incident::Status>,
    /// Only these categories; empty: all.
    pub categories: Vec<incident::Category>,
    /// Only late notifications.
    pub late_only: bool,
    /// Only cases that are not concluded.
    pub open_only: bool,
    /// Keyset: rows after this key. Newest awareness first.
    pub after: Option<String>,
    /// At most this many rows, 1 to 500.
    pub limit: u32,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Id.
    pub id: Uuid,
    /// Institution.
    pub institution: Uuid,
    /// Its name now.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Category.
    pub category: incident::Category,
    /// State.
    pub status: incident::Status,
    /// Legal day on which it happened, when known.
    pub occurred_date: Option<Date>,
    /// When the institution became aware.
    pub awareness_time: Option<Timestamp>,
    /// When the notification came in.
    pub notified_time: Option<Timestamp>,
    /// Notification due.
    pub notification_due: Option<Timestamp>,
    /// Whether it came late.
    pub late: bool,
    /// Priority.
    pub priority: Option<incident::Priority>,
    /// Investigation due.
    pub investigation_due: Option<Date>,
    /// Outcome.
    pub outcome: Option<incident::Outcome>,
    /// Children concerned.
    pub children: u64,
    /// Gravest harm.
    pub severity: incident::Severity,
    /// Children whose guardians have not been told although they must.
    pub guardians_open: u64,
    /// Register and number, when imported.
    pub external: Option<(String, String)>,
    /// Imported rows (harms) of the case.
    pub imported_rows: u64,
    /// Revision folded.
    pub revision: u64,
    /// Whether a record of its stream is damaged.
    pub damaged: bool,
}

/// The admission pipeline of a region at a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pipeline {
    /// Institutions by state code.
    pub by_status: BTreeMap<String, u64>,
    /// Accepted filings whose receipt is overdue at the day.
    pub receipt_overdue: u64,
    /// Accepted filings due within the next two working days, or today.
    pub receipt_due_soon: u64,
    /// Receipts issued in all.
    pub receipts_issued: u64,
    /// Of them late.
    pub receipts_late: u64,
    /// Filings returned at least once.
    pub returned: u64,
    /// Missing items of current returns by item.
    pub returned_items: BTreeMap<String, u64>,
    /// Accepted filings by due day.
    pub due: Vec<PipelineDue>,
}

/// One running clock of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineDue {
    /// Institution.
    pub institution: Uuid,
    /// Name.
    pub name: String,
    /// Division code.
    pub region: String,
    /// Last day.
    pub due_date: Date,
    /// Whether provisional.
    pub provisional: bool,
}

/// One region with its figures. Sums over everything that lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionRow {
    /// Division code.
    pub code: String,
    /// Name; the code when the tables do not know it.
    pub name: String,
    /// Level: `country`, `province`, `city`, `county`, `township`, `foreign`.
    pub level: String,
    /// Whether it has parts to drill into.
    pub has_children: bool,
    /// Institutions by state code.
    pub by_status: BTreeMap<String, u64>,
    /// All institutions but closed ones.
    pub institutions: u64,
    /// Institutions in operation: filed or nonconforming, not suspended, not closed.
    pub operating: u64,
    /// Places of institutions in operation.
    pub places: u64,
    /// Inhabitants, when known.
    pub inhabitants: Option<u64>,
    /// Places per 1,000 inhabitants as two integers (places x 1000, inhabitants); `None` without inhabitants.
    pub places_per_thousand: Option<(u64, u64)>,
    /// Townships in it and those with an institution in operation.
    pub townships: u64,
    /// Townships with an institution in operation.
    pub townships_covered: u64,
    /// Incidents in all.
    pub incidents: u64,
    /// Open incidents.
    pub open_incidents: u64,
    /// Late notifications.
    pub late_notifications: u64,
    /// Receipts issued late.
    pub receipts_late: u64,
    /// Receipts issued.
    pub receipts_issued: u64,
    /// Institutions with damaged records: figures are incomplete by these.
    pub damaged: u64,
}

/// A region and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollUp {
    /// The region.
    pub region: RegionRow,
    /// Its direct parts.
    pub parts: Vec<RegionRow>,
    /// Path from the top: (code, name).
    pub path: Vec<(String, String)>,
    /// Incidents by month of awareness `YYYY-MM`, the last 24 months up to `at`.
    pub incidents_by_month: Vec<(String, u64)>,
    /// Incidents by category code.
    pub incidents_by_category: BTreeMap<String, u64>,
    /// Receipts by month of issue, the last 24 months up to `at`.
    pub receipts_by_month: Vec<(String, u64)>,
    /// Freshness.
    pub as_of: AsOf,
}

/// Facts of one institution, for the live dossier.
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
    /// Institution concerned.
    pub institution: Uuid,
    /// Its name after the change.
    pub institution_name: String,
    /// Its division code.
    pub region: String,
    /// Its organisation's credit code, for scoping.
    pub organisation: Option<String>,
    /// Incident concerned, for incident events.
    pub incident: Option<Uuid>,
    /// Stream.
    pub stream: String,
    /// Revision.
    pub revision: u64,
    /// Event type.
    pub event_type: String,
    /// Recorded time.
    pub recorded_time: Timestamp,
}
