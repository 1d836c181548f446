//! Reference data as activated: what a decision may rest on besides state and command.
//!
//! The shipped documents are embedded in the program; the first start activates them by events that carry their whole
//! text, and from then on only the activations count ([`Reference::from_activations`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::calendar::{Calendar, CalendarError};
use crate::checklist::{Checklist, ChecklistError};
use crate::divisions::Divisions;
use crate::envelope::PolicyRef;
use crate::inspection::ChecklistRef;
use crate::policy::{
    AdmissionPolicy, IncidentPolicy, InspectionPolicy, LicencePolicy, NATION, PolicyBody, PolicyDocument, PolicyError,
    PolicyKind, StaffingPolicy,
};
use crate::rejection::{Reason, Rejection};
use crate::system::{ChecklistPublished, HolidaysActivated, PolicyActivated};
use crate::values::RegionId;

mod compare;
mod shipped;

pub use compare::Comparison;
pub use shipped::{ShippedChecklist, ShippedHolidays, ShippedPolicy};

/// A policy document that is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivePolicy {
    /// Id, version and digest, as events name it.
    pub reference: PolicyRef,
    /// The document as parsed.
    pub document: PolicyDocument,
    /// The document as activated, TOML.
    pub text: String,
}

/// Policies, calendar and divisions.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Working days.
    pub calendar: Calendar,
    /// Divisions.
    pub divisions: Arc<Divisions>,
    admission: Versions<AdmissionPolicy>,
    incident: Versions<IncidentPolicy>,
    inspection: Versions<InspectionPolicy>,
    checklists: BTreeMap<ChecklistRef, Arc<Checklist>>,
    licence: Versions<LicencePolicy>,
    staffing: Versions<StaffingPolicy>,
    documents: Vec<Arc<ActivePolicy>>,
    holidays: Option<Arc<HolidaysActivated>>,
}

/// Why activated reference data can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// A document does not parse.
    #[error("policy {policy} version {version}: {error}")]
    Policy {
        /// Policy id as activated.
        policy: String,
        /// Version as activated.
        version: u32,
        /// What is wrong.
        error: PolicyError,
    },
    /// The activation names another id, version, date or digest than its document has.
    #[error("policy {policy} version {version}: the activation's {member} is not that of its document")]
    Activation {
        /// Policy id as activated.
        policy: String,
        /// Version as activated.
        version: u32,
        /// Which member differs.
        member: &'static str,
    },
    /// Two different documents have the same id and version.
    #[error("policy {policy} version {version} was activated twice with different texts")]
    Twice {
        /// Policy id.
        policy: String,
        /// Version.
        version: u32,
    },
    /// A checklist does not parse.
    #[error("checklist {checklist} version {version}: {error}")]
    Checklist {
        /// Checklist id as published.
        checklist: String,
        /// Version as published.
        version: u32,
        /// What is wrong.
        error: ChecklistError,
    },
    /// The publication names another id, version, date or digest than its checklist has.
    #[error("checklist {checklist} version {version}: the publication's {member} is not that of its document")]
    Publication {
        /// Checklist id as published.
        checklist: String,
        /// Version as published.
        version: u32,
        /// Which member differs.
        member: &'static str,
    },
    /// Two different checklists have the same id and version.
    #[error("checklist {checklist} version {version} was published twice with different texts")]
    PublishedTwice {
        /// Checklist id.
        checklist: String,
        /// Version.
        version: u32,
    },
    /// The holiday table does not parse.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// The activation of the holiday table names another digest than the table has.
    #[error("the activation's sha256 is not that of its holiday table")]
    HolidaysDigest,
}

/// SHA-256 of a text, 64 lower-case hex digits.
pub(crate) fn sha256_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string does not fail");
            hex
        })
}

/// A version that is active.
#[derive(Debug, Clone)]
struct Active<P> {
    policy: Arc<P>,
    reference: PolicyRef,
}

/// All activated versions of one kind of policy, by region, then by first day and version.
#[derive(Debug, Clone)]
struct Versions<P>(BTreeMap<String, BTreeMap<(Date, u32), Active<P>>>);

impl<P> Default for Versions<P> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<P> Versions<P> {
    fn insert(&mut self, document: &PolicyDocument, reference: PolicyRef, policy: P) {
        let versions = self.0.entry(document.region.clone()).or_default();
        let active = Active {
            policy: Arc::new(policy),
            reference,
        };
        versions.insert((document.effective_date, document.version), active);
    }

    /// The version in force in the nearest region that has one on that day, else the nation's.
    fn in_force(&self, region: &RegionId, on: Date) -> Option<(&P, PolicyRef)> {
        regions_upwards(region).find_map(|code| {
            let (_, active) = self.0.get(code)?.range(..=(on, u32::MAX)).next_back()?;
            Some((&*active.policy, active.reference.clone()))
        })
    }

    /// The version that a decision has named, whatever is in force now.
    fn of(&self, reference: &PolicyRef) -> Option<&P> {
        let versions = self.0.values().flat_map(BTreeMap::values);
        let mut named = versions.filter(|active| active.reference == *reference);
        named.next().map(|active| &*active.policy)
    }
}

/// The region itself, then what it lies in, the nation last. A foreign region ends in the nation too: an imported
/// institution lives on under the ordinary commands.
fn regions_upwards(region: &RegionId) -> impl Iterator<Item = &str> {
    let code = region.code();
    let shorter = move |length: usize| (length < code.len()).then(|| &code[..length]);
    let domestic = [9, 6, 4, 2].into_iter().filter_map(shorter);
    let foreign = code.rmatch_indices('/').map(|(at, _)| &code[..at]);
    let is_foreign = region.is_foreign();
    std::iter::once(code)
        .chain(domestic.filter(move |_| !is_foreign))
        .chain(foreign.filter(move |_| is_foreign))
        .chain(std::iter::once(NATION))
}

impl Reference {
    /// Builds the reference data from activations, in any order. The same activation twice counts once.
    ///
    /// # Errors
    /// When a document or the table does not parse, or is not what its activation says.
    pub fn from_activations(
        policies: &[PolicyActivated],
        holidays: Option<&HolidaysActivated>,
        divisions: Arc<Divisions>,
    ) -> Result<Self, ReferenceError> {
        let mut reference = Self {
            divisions,
            ..Self::default()
        };
        let mut digests: BTreeMap<(String, u32), String> = BTreeMap::new();
        for activated in policies {
            let key = (activated.policy.clone(), activated.version);
            match digests.get(&key) {
                Some(known) if *known == activated.sha256 => continue,
                Some(_) => {
                    return Err(ReferenceError::Twice {
                        policy: key.0,
                        version: key.1,
                    });
                }
                None => {}
            }
            reference.activate(activated)?;
            digests.insert(key, activated.sha256.clone());
        }
        if let Some(holidays) = holidays {
            if sha256_hex(&holidays.document) != holidays.sha256 {
                return Err(ReferenceError::HolidaysDigest);
            }
            reference.calendar = Calendar::from_csv(&holidays.document)?;
            reference.holidays = Some(Arc::new(holidays.clone()));
        }
        Ok(reference)
    }

    fn activate(&mut self, activated: &PolicyActivated) -> Result<(), ReferenceError> {
        let document = PolicyDocument::parse(&activated.document).map_err(|error| ReferenceError::Policy {
            policy: activated.policy.clone(),
            version: activated.version,
            error,
        })?;
        let differs = if sha256_hex(&activated.document) != activated.sha256 {
            Some("sha256")
        } else if document.id != activated.policy {
            Some("policy")
        } else if document.version != activated.version {
            Some("version")
        } else if document.effective_date != activated.effective_date {
            Some("effective_date")
        } else {
            None
        };
        if let Some(member) = differs {
            let (policy, version) = (activated.policy.clone(), activated.version);
            return Err(ReferenceError::Activation {
                policy,
                version,
                member,
            });
        }
        let reference = PolicyRef {
            id: document.id.clone(),
            version: document.version,
            sha256: activated.sha256.clone(),
        };
        let (new, named) = (&document, reference.clone());
        match &document.body {
            PolicyBody::Admission(policy) => self.admission.insert(new, named, policy.clone()),
            PolicyBody::Incident(policy) => self.incident.insert(new, named, policy.clone()),
            PolicyBody::Inspection(policy) => self.inspection.insert(new, named, policy.clone()),
            PolicyBody::Licence(policy) => self.licence.insert(new, named, policy.clone()),
            PolicyBody::Staffing(policy) => self.staffing.insert(new, named, policy.clone()),
        }
        self.documents.push(Arc::new(ActivePolicy {
            reference,
            document,
            text: activated.document.clone(),
        }));
        Ok(())
    }

    /// Adds published checklists, in any order. The same publication twice counts once; a published version is never
    /// altered.
    ///
    /// # Errors
    /// When a checklist does not parse, is not what its publication says, or another text was published under its id and
    /// version.
    pub fn with_checklists(mut self, published: &[ChecklistPublished]) -> Result<Self, ReferenceError> {
        for publication in published {
            let (checklist, version) = (publication.checklist.clone(), publication.version);
            let read = Checklist::parse(&publication.document).map_err(|error| ReferenceError::Checklist {
                checklist: checklist.clone(),
                version,
                error,
            })?;
            let differs = if read.sha256 != publication.sha256 {
                Some("sha256")
            } else if read.reference.id != publication.checklist {
                Some("checklist")
            } else if read.reference.version != publication.version {
                Some("version")
            } else if read.effective_date != publication.effective_date {
                Some("effective_date")
            } else {
                None
            };
            if let Some(member) = differs {
                return Err(ReferenceError::Publication {
                    checklist,
                    version,
                    member,
                });
            }
            let known = self
                .checklists
                .entry(read.reference.clone())
                .or_insert_with(|| Arc::new(read));
            if known.sha256 != publication.sha256 {
                return Err(ReferenceError::PublishedTwice { checklist, version });
            }
        }
        Ok(self)
    }

    /// A published version of a checklist.
    ///
    /// # Errors
    /// [`Reason::ChecklistVersionUnknown`] when it was not published.
    pub fn checklist(&self, reference: &ChecklistRef) -> Result<&Checklist, Rejection> {
        self.checklists.get(reference).map(Arc::as_ref).ok_or_else(|| {
            Rejection::new(
                Reason::ChecklistVersionUnknown,
                format!("checklist {} version {} is not known", reference.id, reference.version),
                format!("没有检查表{}第{}版", reference.id, reference.version),
            )
            .with("checklist", &reference.id)
            .with("version", reference.version.to_string())
        })
    }

    /// Every published checklist, by id and version.
    pub fn checklists(&self) -> impl Iterator<Item = &Checklist> {
        self.checklists.values().map(Arc::as_ref)
    }

    /// The admission policy of a region on its reference date (the legal day of acceptance): of the nearest region
    /// that has one in force, the version with the greatest effective date at or before that day.
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when there is none.
    pub fn admission(&self, region: &RegionId, on: Date) -> Result<(&AdmissionPolicy, PolicyRef), Rejection> {
        self.admission
            .in_force(region, on)
            .ok_or_else(|| not_in_force("admission", "备案", region, on))
    }

    /// The incident policy of a region on its reference date (the legal day of awareness), chosen as by
    /// [`Reference::admission`].
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when there is none.
    pub fn incident(&self, region: &RegionId, on: Date) -> Result<(&IncidentPolicy, PolicyRef), Rejection> {
        self.incident
            .in_force(region, on)
            .ok_or_else(|| not_in_force("incident", "事件", region, on))
    }

    /// The inspection policy of a region on the day that a rule names, chosen as by [`Reference::admission`].
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when there is none.
    pub fn inspection(&self, region: &RegionId, on: Date) -> Result<(&InspectionPolicy, PolicyRef), Rejection> {
        self.inspection
            .in_force(region, on)
            .ok_or_else(|| not_in_force("inspection", "检查", region, on))
    }

    /// The licence policy of a region on its reference date (the legal day of acceptance), chosen as by
    /// [`Reference::admission`]. Where none is in force there are no licences: institutions file.
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when there is none.
    pub fn licence(&self, region: &RegionId, on: Date) -> Result<(&LicencePolicy, PolicyRef), Rejection> {
        self.licence
            .in_force(region, on)
            .ok_or_else(|| not_in_force("licence", "许可", region, on))
    }

    /// The first day of the licence regime where `region` lies, by what is active now; `None`: there is none to come.
    #[must_use]
    pub fn licence_begins(&self, region: &RegionId) -> Option<Date> {
        regions_upwards(region)
            .filter_map(|code| self.licence.0.get(code))
            .filter_map(|versions| versions.keys().next())
            .map(|(day, _)| *day)
            .min()
    }

    /// The licence policy that an application is handled under to its end, whatever is in force now.
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when that version was never activated here.
    pub fn licence_of(&self, reference: &PolicyRef) -> Result<&LicencePolicy, Rejection> {
        self.licence.of(reference).ok_or_else(|| not_active(reference))
    }

    /// The admission policy that a filing is handled under to its end, whatever is in force now.
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when that version was never activated here.
    pub fn admission_of(&self, reference: &PolicyRef) -> Result<&AdmissionPolicy, Rejection> {
        self.admission.of(reference).ok_or_else(|| not_active(reference))
    }

    /// The staffing policy of a region on its reference date (the legal day of the examination, of the answer or of the
    /// engagement), chosen as by [`Reference::admission`].
    ///
    /// # Errors
    /// [`Reason::PolicyNotInForce`] when there is none.
    pub fn staffing(&self, region: &RegionId, on: Date) -> Result<(&StaffingPolicy, PolicyRef), Rejection> {
        self.staffing
            .in_force(region, on)
            .ok_or_else(|| not_in_force("staffing", "从业人员", region, on))
    }

    /// Every active document, in the order in which it was told to [`Reference::from_activations`].
    pub fn documents(&self) -> impl Iterator<Item = &PolicyDocument> {
        self.documents.iter().map(|active| &active.document)
    }

    /// Every active document with its text and digest, in the same order.
    #[must_use]
    pub fn active(&self) -> &[Arc<ActivePolicy>] {
        &self.documents
    }

    /// The active document that an event names.
    #[must_use]
    pub fn document(&self, reference: &PolicyRef) -> Option<&ActivePolicy> {
        let mut documents = self.documents.iter().map(Arc::as_ref);
        documents.find(|active| active.reference == *reference)
    }

    /// The document of a kind that decides in a region on a day, chosen as by [`Reference::admission`]; `None` when none
    /// is in force.
    #[must_use]
    pub fn in_force(&self, kind: PolicyKind, region: &RegionId, on: Date) -> Option<&ActivePolicy> {
        let reference = match kind {
            PolicyKind::Admission => self.admission.in_force(region, on)?.1,
            PolicyKind::Incident => self.incident.in_force(region, on)?.1,
            PolicyKind::Inspection => self.inspection.in_force(region, on)?.1,
            PolicyKind::Licence => self.licence.in_force(region, on)?.1,
            PolicyKind::Staffing => self.staffing.in_force(region, on)?.1,
        };
        self.document(&reference)
    }

    /// The holiday table that is active.
    #[must_use]
    pub fn holidays(&self) -> Option<&HolidaysActivated> {
        self.holidays.as_deref()
    }
}

fn not_active(reference: &PolicyRef) -> Rejection {
    Rejection::new(
        Reason::PolicyNotInForce,
        format!(
            "policy {} version {} is not active here",
            reference.id, reference.version
        ),
        format!("此处未启用政策{}第{}版", reference.id, reference.version),
    )
    .with("policy", reference.id.clone())
    .with("version", reference.version.to_string())
}

fn not_in_force(kind: &str, kind_zh: &str, region: &RegionId, on: Date) -> Rejection {
    Rejection::new(
        Reason::PolicyNotInForce,
        format!("no {kind} policy is in force in {} on {on}", region.code()),
        format!("{on}在{}没有生效的{kind_zh}政策", region.code()),
    )
    .with("kind", kind)
    .with("region", region.code())
    .with("date", on.to_string())
}
