//! What comes with the program: policy documents, checklists and the holiday table.
//!
//! Which documents the first start of a log activates is said in the list here, not in the document: the same text may be
//! activated by command elsewhere.

use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use super::{ActivePolicy, Reference, sha256_hex};
use crate::calendar::Calendar;
use crate::checklist::Checklist;
use crate::divisions::Divisions;
use crate::envelope::PolicyRef;
use crate::policy::PolicyDocument;
use crate::system::{ChecklistPublished, HolidaysActivated, PolicyActivated};

/// A policy document that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedPolicy {
    /// Policy id, e.g. `cn-admission`.
    pub id: String,
    /// Version.
    pub version: u32,
    /// First legal day on which it applies.
    pub effective_date: Date,
    /// SHA-256 of the document, hex.
    pub sha256: String,
    /// Whether the first start of a log activates it; else it waits for a command.
    pub at_first_start: bool,
    /// The document, TOML.
    pub document: &'static str,
}

impl ShippedPolicy {
    /// The document as it would be when active.
    #[must_use]
    pub fn parsed(self) -> Option<ActivePolicy> {
        let document = PolicyDocument::parse(self.document).ok()?;
        Some(ActivePolicy {
            reference: PolicyRef {
                id: self.id,
                version: self.version,
                sha256: self.sha256,
            },
            document,
            text: self.document.to_owned(),
        })
    }
}

/// A checklist that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedChecklist {
    /// Id and version, first day and digest, as read from the document.
    pub checklist: Arc<Checklist>,
    /// The document, TOML.
    pub document: &'static str,
}

/// The holiday table that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedHolidays {
    /// Last year that it covers.
    pub last_year: u16,
    /// SHA-256 of the table, hex.
    pub sha256: String,
    /// The table, CSV.
    pub document: &'static str,
}

/// When a shipped document is activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// At the first start of a log.
    FirstStart,
    /// Only by command: it ships so that it can be read, checked and compared.
    Command,
}

macro_rules! ships {
    ($file:literal, $at:expr) => {
        (include_str!(concat!("../../../deploy/policies/", $file, ".toml")), $at)
    };
}

const SHIPPED_POLICIES: &[(&str, At)] = &[
    ships!("cn-admission.v1", At::FirstStart),
    ships!("cn-admission.v2", At::FirstStart),
    ships!("cn-admission.v3", At::FirstStart),
    ships!("cn-sh-admission.v1", At::FirstStart),
    ships!("cn-sz-admission.v1", At::FirstStart),
    ships!("cn-hi-admission.v1", At::FirstStart),
    ships!("cn-zj-admission.v1", At::FirstStart),
    ships!("cn-incident.v1", At::FirstStart),
    ships!("cn-incident.v2", At::FirstStart),
    ships!("cn-inspection.v1", At::FirstStart),
    ships!("cn-sz-inspection.v1", At::FirstStart),
    ships!("cn-hi-inspection.v1", At::FirstStart),
    ships!("cn-licence.v1", At::Command),
    ships!("cn-staffing.v1", At::FirstStart),
    ships!("cn-staffing.v2", At::FirstStart),
];
const SHIPPED_CHECKLISTS: &[&str] = &[include_str!("../../../deploy/checklists/wst-821.v1.toml")];
const SHIPPED_HOLIDAYS: &str = include_str!("../../../deploy/reference/cn-holidays.csv");

impl Reference {
    /// The policy documents that come with the program, oldest version first for each id.
    #[must_use]
    pub fn shipped_policies() -> Vec<ShippedPolicy> {
        let shipped = |(document, at): (&'static str, At)| {
            let parsed = PolicyDocument::parse(document).expect("a test parses every shipped document");
            ShippedPolicy {
                id: parsed.id,
                version: parsed.version,
                effective_date: parsed.effective_date,
                sha256: sha256_hex(document),
                at_first_start: at == At::FirstStart,
                document,
            }
        };
        SHIPPED_POLICIES.iter().copied().map(shipped).collect()
    }

    /// The checklists that come with the program, oldest version first for each id.
    #[must_use]
    pub fn shipped_checklists() -> Vec<ShippedChecklist> {
        let shipped = |document: &'static str| ShippedChecklist {
            checklist: Arc::new(Checklist::parse(document).expect("a test parses every shipped checklist")),
            document,
        };
        SHIPPED_CHECKLISTS.iter().copied().map(shipped).collect()
    }

    /// The holiday table that comes with the program.
    #[must_use]
    pub fn shipped_holidays() -> ShippedHolidays {
        let calendar = Calendar::from_csv(SHIPPED_HOLIDAYS).expect("a test parses the shipped table");
        let last_year = calendar.covered_until().and_then(|day| u16::try_from(day.year()).ok());
        ShippedHolidays {
            last_year: last_year.expect("the shipped table is not empty"),
            sha256: sha256_hex(SHIPPED_HOLIDAYS),
            document: SHIPPED_HOLIDAYS,
        }
    }

    /// What comes with the program, as after a first start.
    #[must_use]
    pub fn shipped() -> Self {
        static SHIPPED: OnceLock<Reference> = OnceLock::new();
        let build = || {
            let shipped = Self::shipped_policies().into_iter();
            let policies: Vec<PolicyActivated> =
                shipped.filter(|policy| policy.at_first_start).map(Into::into).collect();
            let holidays = HolidaysActivated::from(Self::shipped_holidays());
            let checklists: Vec<ChecklistPublished> = Self::shipped_checklists().into_iter().map(Into::into).collect();
            Self::from_activations(&policies, Some(&holidays), Arc::clone(Divisions::shipped()))
                .and_then(|reference| reference.with_checklists(&checklists))
                .expect("a test activates everything shipped")
        };
        SHIPPED.get_or_init(build).clone()
    }
}

impl From<ShippedPolicy> for PolicyActivated {
    fn from(shipped: ShippedPolicy) -> Self {
        Self {
            policy: shipped.id,
            version: shipped.version,
            sha256: shipped.sha256,
            effective_date: shipped.effective_date,
            retroactive_approver: None,
            document: shipped.document.to_owned(),
        }
    }
}

impl From<ShippedChecklist> for ChecklistPublished {
    fn from(shipped: ShippedChecklist) -> Self {
        Self {
            checklist: shipped.checklist.reference.id.clone(),
            version: shipped.checklist.reference.version,
            sha256: shipped.checklist.sha256.clone(),
            effective_date: shipped.checklist.effective_date,
            document: shipped.document.to_owned(),
        }
    }
}

impl From<ShippedHolidays> for HolidaysActivated {
    fn from(shipped: ShippedHolidays) -> Self {
        Self {
            sha256: shipped.sha256,
            last_year: shipped.last_year,
            source: None,
            retroactive_approver: None,
            document: shipped.document.to_owned(),
        }
    }
}
