//! Institutions and their admission.

use std::collections::BTreeMap;

use jiff::civil::Date;
use uuid::Uuid;
use yujian_domain::institution;

use super::Scope;

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
    /// Accepted filings that wait for their receipt.
    pub running: u64,
    /// The first 200 of them, by due day; the list of clocks has them all.
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
