//! Regions with their figures.

use std::collections::BTreeMap;

use super::AsOf;

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
    /// Institutions in operation: filed, nonconforming or licensed; not suspended, not closed.
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
    /// Engagements that stand (在岗, those off duty included). Somebody engaged at two institutions counts at each.
    pub staff: u64,
    /// Of them qualified for their post when it was taken.
    pub qualified_staff: u64,
    /// Inspections in all, imported ones included.
    pub inspections: u64,
    /// Institutions in operation that were inspected in the 12 months up to the day; of [`RegionRow::operating`].
    pub inspected_institutions: u64,
    /// Findings that are neither corrected nor verified; imported ones are not among them.
    pub open_findings: u64,
    /// Findings whose correction was due before the day and is neither claimed nor verified.
    pub overdue_corrections: u64,
    /// Alerts raised.
    pub alerts: u64,
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
