//! State that decisions rest on. Other states (dossier, view rows) are other folds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use super::{Authorization, Cessation, LicenceApplication, RegistryChecked};
use super::{Class, Deadline, InstitutionType, Mode, Ownership, Paper, Premises, ReturnedItem, SuspensionKind};
use crate::clock::Clocks;
use crate::values::{CreditCode, Point, RegionId, codes};

codes! {
    /// Where an institution stands.
    #[derive(Default)]
    Status {
        /// Nothing happened yet.
        #[default]
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
        /// Holds a licence.
        Licensed = "licensed" / "已许可",
        /// Suspended.
        Suspended = "suspended" / "停业",
        /// Its licence was taken away.
        Revoked = "revoked" / "许可已撤销",
        /// Its authorization ran out.
        Expired = "expired" / "有效期届满",
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
    /// Items that its returns have named, each once.
    pub returned_items: Vec<ReturnedItem>,
    /// What was handed in last, and when.
    pub submitted: Submission,
}

/// What was visible when papers came in: with it a later return can tell news from what could have been said at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Legal day on which the papers came in; unknown only when an event says so.
    pub date: Option<Date>,
    /// Papers.
    pub papers: Vec<Paper>,
    /// Whether meals are made.
    pub makes_meals: bool,
    /// Premises.
    pub premises: Option<Premises>,
    /// Classes as they stood then.
    pub classes: Vec<Class>,
    /// Type as it stood then.
    pub institution_type: Option<InstitutionType>,
    /// Other types that shared the place then.
    pub also_types: Vec<InstitutionType>,
    /// Mode as it stood then.
    pub mode: Option<Mode>,
    /// Ownership as it stood then.
    pub ownership: Option<Ownership>,
    /// Whether a credit code was known then.
    pub has_credit_code: bool,
}

/// A fact that an event of the stream asserted and that no correction has withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Revision in whose place it stands: its own, or for a correction that of the event which it corrects.
    pub place: u64,
    /// Value, kept only for keys that decisions rest on.
    pub value: Option<Value>,
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

/// The institution as decisions see it. Its id comes with the context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Institution {
    /// Where it stands.
    pub status: Status,
    /// From when it stands there (legal effect), when known: the next state may not begin earlier.
    pub status_from: Option<Timestamp>,
    /// Name.
    pub name: String,
    /// Credit code, when known.
    pub credit_code: Option<CreditCode>,
    /// Region, after the first event.
    pub region: Option<RegionId>,
    /// Address.
    pub address: Option<String>,
    /// Point.
    pub point: Option<Point>,
    /// Type, after the first event.
    pub institution_type: Option<InstitutionType>,
    /// Other types that share the place.
    pub also_types: Vec<InstitutionType>,
    /// Mode, after the first event.
    pub mode: Option<Mode>,
    /// Ownership, after the first event.
    pub ownership: Option<Ownership>,
    /// Day of the legal person's registration, when known.
    pub registration_date: Option<Date>,
    /// Classes as last set, whatever their effective day.
    pub classes: Vec<Class>,
    /// How many filings there were.
    pub applications: u32,
    /// The current filing; none once it was withdrawn.
    pub application: Option<Application>,
    /// Number of the valid receipt.
    pub receipt_number: Option<String>,
    /// A running suspension.
    pub suspension: Option<Suspension>,
    /// Day of the last nonconformity finding.
    pub finding_date: Option<Date>,
    /// Revisions of the events that told a legal representative, in order.
    pub representatives: Vec<u64>,
    /// What each event of this stream asserted, by revision and key, for corrections; withdrawn facts are removed.
    pub asserted: BTreeMap<u64, BTreeMap<String, Held>>,
    /// Applications of the licence regime, by number; numbers are shared with the filings.
    pub licence_applications: BTreeMap<u32, LicenceApplication>,
    /// What registers say about it, by item: the answer as of the latest day, asked for or not.
    pub registry: BTreeMap<String, RegistryChecked>,
    /// What authorizes it, also when that has ended.
    pub authorization: Option<Authorization>,
    /// Receipts, licences and terms before the present one: first day, and first day without it.
    pub former_authorizations: Vec<(Date, Date)>,
    /// How many conditions were imposed.
    pub conditions: u32,
    /// Legal clocks, running and ended.
    pub clocks: Clocks,
    /// The latest orderly cessation.
    pub cessation: Option<Cessation>,
    /// Last day on which no new application may be made, after deceit.
    pub barred_until: Option<Date>,
    /// The last imported row, to see whether a later row says anything new.
    pub imported: Option<super::RecordImported>,
}

impl Institution {
    /// What is handed in, beside what stands registered.
    pub(super) fn submission(
        &self,
        date: Option<Date>,
        papers: &[Paper],
        makes_meals: bool,
        premises: Option<&Premises>,
    ) -> Submission {
        Submission {
            date,
            papers: papers.to_vec(),
            makes_meals,
            premises: premises.cloned(),
            classes: self.classes.clone(),
            institution_type: self.institution_type,
            also_types: self.also_types.clone(),
            mode: self.mode,
            ownership: self.ownership,
            has_credit_code: self.credit_code.is_some(),
        }
    }

    /// Places over all classes.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.classes.iter().map(|class| u64::from(class.places.count())).sum()
    }
}
