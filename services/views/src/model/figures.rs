//! Figures of staff and of conduct (执业规范), each for a region and its parts. Counts only; ratios are two integers.

use std::collections::BTreeMap;

use super::AsOf;

/// Staff of one post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PostFigures {
    /// Engagements that stand.
    pub engaged: u64,
    /// Of them off duty.
    pub off_duty: u64,
    /// Of them qualified for the post when it was taken.
    pub qualified: u64,
    /// Of them with a health certificate that is valid at the day.
    pub healthy: u64,
    /// Of them with a clear record query that counts at the day.
    pub queried: u64,
    /// Of them barred at the day.
    pub barred: u64,
}

/// Staff of one region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StaffFiguresRow {
    /// Division code; empty for the whole.
    pub code: String,
    /// Name; the code when the tables do not know it.
    pub name: String,
    /// Whether it has parts to drill into.
    pub has_children: bool,
    /// Engagements that stand, by code of the post. Somebody engaged at two institutions counts at each.
    pub by_post: BTreeMap<String, PostFigures>,
    /// Verified and expired credentials of persons who stand engaged, by code of the kind and of the bucket
    /// ([`super::Bucket`]) at the day. Each credential counts once for each engagement that stands.
    pub certificates: BTreeMap<String, BTreeMap<String, u64>>,
    /// Latest health certificates of engagements that stand, by bucket; `none`: there is none, or it was not passed.
    pub health: BTreeMap<String, u64>,
    /// Latest record queries of engagements that stand, by bucket of the last day on which they count; `none`: there is
    /// none.
    pub queries: BTreeMap<String, u64>,
    /// Engagements that stand of persons with damaged records: figures are incomplete by these.
    pub damaged: u64,
}

impl PostFigures {
    /// Adds others to these.
    pub fn add(&mut self, other: Self) {
        self.engaged += other.engaged;
        self.off_duty += other.off_duty;
        self.qualified += other.qualified;
        self.healthy += other.healthy;
        self.queried += other.queried;
        self.barred += other.barred;
    }
}

impl StaffFiguresRow {
    /// All posts together.
    #[must_use]
    pub fn total(&self) -> PostFigures {
        let mut total = PostFigures::default();
        for post in self.by_post.values() {
            total.add(*post);
        }
        total
    }
}

/// Staff of a region and its parts at a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffFigures {
    /// The region.
    pub region: StaffFiguresRow,
    /// Its direct parts.
    pub parts: Vec<StaffFiguresRow>,
    /// Path from the top: (code, name).
    pub path: Vec<(String, String)>,
    /// Persons barred at the day who stand engaged in the region, each counted once.
    pub barred_engaged: u64,
    /// Persons who stand engaged more than once in the region, each counted once.
    pub engaged_twice: u64,
    /// Freshness.
    pub as_of: AsOf,
}

/// Corrections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CorrectionFigures {
    /// Ordered and not claimed, the last day not passed at the day.
    pub due: u64,
    /// Ordered and not claimed, the last day passed before the day.
    pub overdue: u64,
    /// Claimed and not looked at.
    pub claimed: u64,
    /// Verified.
    pub verified: u64,
    /// Put right while the inspectors were there.
    pub on_site: u64,
    /// Rejections in all.
    pub rejected: u64,
    /// Findings to which more time was given.
    pub extended: u64,
}

/// Visits in the calendar year of the day, those given back left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisitFigures {
    /// Visits that count against the cap.
    pub counted: u64,
    /// Visits that are only noted.
    pub noted: u64,
    /// Institutions whose counted visits have reached the cap of the last of them.
    pub at_cap: u64,
}

/// Conduct of one region.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConductFiguresRow {
    /// Division code; empty for the whole.
    pub code: String,
    /// Name; the code when the tables do not know it.
    pub name: String,
    /// Whether it has parts to drill into.
    pub has_children: bool,
    /// Inspections by state code.
    pub by_status: BTreeMap<String, u64>,
    /// Inspections by purpose code.
    pub by_purpose: BTreeMap<String, u64>,
    /// Institutions in operation.
    pub operating: u64,
    /// Of them visited in the 12 months up to the day, by an inspection that was not broken off: coverage is this of
    /// `operating`.
    pub inspected: u64,
    /// Findings by state code.
    pub findings_by_state: BTreeMap<String, u64>,
    /// Findings by dimension and weight code; imported ones have no dimension.
    pub findings: BTreeMap<(String, String), u64>,
    /// Technical assistance.
    pub assistance: u64,
    /// Corrections.
    pub corrections: CorrectionFigures,
    /// Visits.
    pub visits: VisitFigures,
    /// Inspections whose latest count had more children to a carer than policy allows.
    pub ratio_exceeded: u64,
    /// Check-ins filled in afterwards.
    pub backfilled: u64,
    /// Of them after the days that policy allows.
    pub backfilled_late: u64,
    /// Emergency inspections whose approval is owed.
    pub approvals_due: u64,
    /// Of them those whose deadline lies before the day.
    pub approvals_overdue: u64,
    /// Approvals given late.
    pub approvals_late: u64,
    /// Inspections with damaged records: figures are incomplete by these.
    pub damaged: u64,
}

impl ConductFiguresRow {
    /// Findings by code of their weight.
    #[must_use]
    pub fn findings_by_weight(&self) -> BTreeMap<String, u64> {
        self.summed(|(_, weight)| weight)
    }

    /// Findings by code of their dimension; imported ones under the empty code.
    #[must_use]
    pub fn findings_by_dimension(&self) -> BTreeMap<String, u64> {
        self.summed(|(dimension, _)| dimension)
    }

    fn summed(&self, by: impl Fn(&(String, String)) -> &String) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for (key, count) in &self.findings {
            *sums.entry(by(key).clone()).or_default() += count;
        }
        sums
    }
}

/// Conduct of a region and its parts at a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConductFigures {
    /// The region.
    pub region: ConductFiguresRow,
    /// Its direct parts.
    pub parts: Vec<ConductFiguresRow>,
    /// Path from the top: (code, name).
    pub path: Vec<(String, String)>,
    /// Inspections by month of the visit `YYYY-MM`, the last 24 months up to the day; broken-off ones are left out.
    pub visits_by_month: Vec<(String, u64)>,
    /// Freshness.
    pub as_of: AsOf,
}
