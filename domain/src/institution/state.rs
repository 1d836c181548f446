//! State that decisions rest on. Other states (dossier, view rows) are other folds.

use jiff::civil::Date;
use uuid::Uuid;

use super::{Class, Deadline, InstitutionType, SuspensionKind};
use crate::values::{CreditCode, RegionId, codes};

codes! {
    /// Where an institution stands.
    Status {
        /// Nothing happened yet.
        None = "none" / "无",
        /// Registered, not filed.
        Registered = "registered" / "已登记",
        /// Its filing was returned.
        Returned = "returned" / "已退回补正",
        /// Its filing is accepted, the receipt's clock runs.
        Accepted = "accepted" / "已受理",
        /// Filed with receipt.
        Filed = "filed" / "已备案",
        /// Told that it is not up to standard.
        Nonconforming = "nonconforming" / "不符合标准",
        /// Suspended.
        Suspended = "suspended" / "停业",
        /// Closed for good.
        Closed = "closed" / "已注销",
        /// Known from a foreign register only.
        Imported = "imported" / "外部登记",
    }
}

/// An open or decided filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Which filing, from 1.
    pub number: u32,
    /// How often it was returned.
    pub returned: u32,
    /// Receipt due, once accepted.
    pub receipt_due: Option<Deadline>,
    /// Nonconformity notice due, when policy counts from the papers.
    pub nonconformity_due: Option<Deadline>,
    /// Legal day of acceptance.
    pub accepted_date: Option<Date>,
    /// Items of the last return.
    pub returned_items: Vec<super::ReturnedItem>,
}

/// A running suspension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Kind.
    pub kind: SuspensionKind,
    /// First day.
    pub from_date: Date,
    /// Planned last day.
    pub until_date: Option<Date>,
    /// Where the institution stood before.
    pub before: Status,
}

/// The institution as decisions see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Institution {
    /// Id; nil before the first event.
    pub id: Uuid,
    /// Where it stands.
    pub status: Status,
    /// Name.
    pub name: String,
    /// Credit code, when known.
    pub credit_code: Option<CreditCode>,
    /// Region, after the first event.
    pub region: Option<RegionId>,
    /// Address.
    pub address: Option<String>,
    /// Type, after the first event.
    pub institution_type: Option<InstitutionType>,
    /// Classes as last set, whatever their effective day.
    pub classes: Vec<Class>,
    /// The current filing.
    pub application: Option<Application>,
    /// Number of the valid receipt.
    pub receipt_number: Option<String>,
    /// A running suspension.
    pub suspension: Option<Suspension>,
    /// Day of the last nonconformity finding.
    pub finding_date: Option<Date>,
    /// What each event of this stream asserted: (revision, keys), for corrections; withdrawn keys are removed.
    pub asserted: std::collections::BTreeMap<u64, Vec<String>>,
    /// JSON digest of the last imported row, to see whether a later row says anything new.
    pub imported: Option<super::RecordImported>,
}

impl Default for Institution {
    fn default() -> Self {
        Self {
            id: Uuid::nil(),
            status: Status::None,
            name: String::new(),
            credit_code: None,
            region: None,
            address: None,
            institution_type: None,
            classes: Vec::new(),
            application: None,
            receipt_number: None,
            suspension: None,
            finding_date: None,
            asserted: std::collections::BTreeMap::new(),
            imported: None,
        }
    }
}

impl Institution {
    /// Places over all classes.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.places.count())).sum()
    }
}
