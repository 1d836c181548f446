//! Policy documents (政策文件): every number that a rule applies, with its article and where it is known from.
//!
//! A document is TOML, has an id, a version, a region and the first day on which it applies, and is activated by an
//! event that carries its whole text. Unknown keys are refused with their path: a misspelt rule must not be a silent
//! default. Which version holds for a decision is [`crate::reference::Reference`]'s matter.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use crate::rejection::LegalBasis;
use crate::values::{RegionId, codes};

mod admission;
mod incident;
mod inspection;
mod licence;
mod staffing;
mod standards;
mod values;

pub use admission::{AdmissionPolicy, CountsFrom, PaperRule};
pub use incident::{CategoryRule, IncidentPolicy};
pub use inspection::InspectionPolicy;
pub use licence::LicencePolicy;
pub use staffing::{PostRule, StaffingPolicy};
pub use standards::{Standards, TypeRule};
pub use values::Difference;

/// The region of a document that holds everywhere.
pub const NATION: &str = "CN";

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("policy document, at {path}: {message}")]
pub struct PolicyError {
    /// Path of the key within the document, e.g. `values.receipt_working_days`; `.` when it is the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl PolicyError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

codes! {
    /// How well a value is known.
    Source {
        /// Read in the text of a law or regulation in force.
        Statute = "statute" / "法律法规",
        /// From a document of a ministry.
        Ministry = "ministry" / "部门文件",
        /// From a good secondary source; the document itself was not read.
        Secondary = "secondary" / "二手资料",
        /// Set by us, or our reading of an unclear text: for the activating authority to confirm.
        Assumed = "assumed" / "推定",
    }
}

codes! {
    /// What a document rules.
    PolicyKind {
        /// Registration and filing.
        Admission = "admission" / "备案",
        /// Notification and investigation of incidents.
        Incident = "incident" / "事件",
        /// Inspections and corrections.
        Inspection = "inspection" / "检查",
        /// Licences.
        Licence = "licence" / "许可",
        /// Staff.
        Staffing = "staffing" / "从业人员",
    }
}

/// Where one value of a document comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// How well it is known.
    pub source: Source,
    /// Article that it rests on; assumed values may have none.
    pub legal_basis: Option<LegalBasis>,
    /// What a reader should know about it.
    pub note: Option<String>,
}

/// What a document rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyBody {
    /// Registration and filing.
    Admission(AdmissionPolicy),
    /// Notification and investigation of incidents.
    Incident(IncidentPolicy),
    /// Inspections and corrections.
    Inspection(InspectionPolicy),
    /// Licences.
    Licence(LicencePolicy),
    /// Staff.
    Staffing(StaffingPolicy),
}

impl PolicyBody {
    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> PolicyKind {
        match self {
            Self::Admission(_) => PolicyKind::Admission,
            Self::Incident(_) => PolicyKind::Incident,
            Self::Inspection(_) => PolicyKind::Inspection,
            Self::Licence(_) => PolicyKind::Licence,
            Self::Staffing(_) => PolicyKind::Staffing,
        }
    }
}

/// A policy document as parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument {
    /// Id, the same in all versions, e.g. `cn-admission`.
    pub id: String,
    /// Version, from 1.
    pub version: u32,
    /// Division code where it holds, or [`NATION`].
    pub region: String,
    /// First legal day on which it applies.
    pub effective_date: Date,
    /// Title in Chinese.
    pub title: String,
    /// Articles that the document as a whole rests on.
    pub legal_basis: Vec<LegalBasis>,
    /// What it rules.
    pub body: PolicyBody,
    /// Where each value comes from, by the value's path, e.g. `values.receipt_working_days`.
    pub marks: BTreeMap<String, Mark>,
}

/// A law and an article as a document writes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Citation {
    law: String,
    article: String,
}

/// A value with its mark as a document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marked<T> {
    value: T,
    source: Source,
    law: Option<String>,
    article: Option<String>,
    note: Option<String>,
}

/// What every document opens with; the rest depends on `kind`.
#[derive(Debug, Deserialize)]
struct Opening {
    kind: PolicyKind,
}

/// The marks of a document while it is being read.
#[derive(Debug, Default)]
pub(crate) struct Marks(pub(crate) BTreeMap<String, Mark>);

impl Marks {
    pub(crate) fn note(
        &mut self,
        path: &str,
        source: Source,
        (law, article): (Option<String>, Option<String>),
        note: Option<String>,
    ) -> Result<Option<LegalBasis>, PolicyError> {
        let legal_basis = match (law, article) {
            (Some(law), Some(article)) => Some(LegalBasis { law, article }),
            (None, None) => None,
            _ => return Err(PolicyError::new(path, "law and article stand together or not at all")),
        };
        if source == Source::Assumed {
            if note.as_deref().is_none_or(|note| note.trim().is_empty()) {
                return Err(PolicyError::new(path, "an assumed value needs a note that says why"));
            }
        } else if legal_basis.is_none() {
            return Err(PolicyError::new(
                path,
                "only an assumed value may go without law and article",
            ));
        }
        self.0.insert(
            path.to_owned(),
            Mark {
                source,
                legal_basis: legal_basis.clone(),
                note,
            },
        );
        Ok(legal_basis)
    }

    pub(crate) fn take<T>(&mut self, path: &str, marked: Marked<T>) -> Result<T, PolicyError> {
        self.note(path, marked.source, (marked.law, marked.article), marked.note)?;
        Ok(marked.value)
    }

    fn take_positive(&mut self, path: &str, marked: Marked<u32>) -> Result<u32, PolicyError> {
        match self.take(path, marked)? {
            0 => Err(PolicyError::new(path, "must be at least 1")),
            value => Ok(value),
        }
    }

    /// A value that a document may leave out, at least 1 where it stands.
    fn positive_if_some<T: Default + PartialEq>(
        &mut self,
        path: &str,
        marked: Option<Marked<T>>,
    ) -> Result<Option<T>, PolicyError> {
        let value = marked.map(|marked| self.take(path, marked)).transpose()?;
        if value == Some(T::default()) {
            return Err(PolicyError::new(path, "must be at least 1"));
        }
        Ok(value)
    }
}

pub(crate) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, PolicyError> {
    let deserializer = toml::Deserializer::parse(text).map_err(|error| PolicyError::new(".", error.to_string()))?;
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| PolicyError::new(error.path().to_string(), error.inner().message().to_owned()))
}

/// What all kinds of document have in common, checked.
struct Header {
    id: String,
    version: u32,
    region: String,
    effective_date: Date,
    title: String,
    legal_basis: Vec<Citation>,
}

impl Header {
    fn with(self, body: PolicyBody, marks: Marks) -> Result<PolicyDocument, PolicyError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if self.id.is_empty() || !self.id.bytes().all(plain) {
            return Err(PolicyError::new(
                "id",
                "may hold only lower-case letters, digits and hyphens",
            ));
        }
        if self.version == 0 {
            return Err(PolicyError::new("version", "must be at least 1"));
        }
        if self.region != NATION {
            RegionId::parse(&self.region, 2000).map_err(|error| PolicyError::new("region", error.to_string()))?;
        }
        if self.legal_basis.is_empty() {
            return Err(PolicyError::new(
                "legal_basis",
                "a document rests on at least one article",
            ));
        }
        Ok(PolicyDocument {
            id: self.id,
            version: self.version,
            region: self.region,
            effective_date: self.effective_date,
            title: self.title,
            legal_basis: self
                .legal_basis
                .into_iter()
                .map(|c| LegalBasis::new(c.law, c.article))
                .collect(),
            body,
            marks: marks.0,
        })
    }
}

impl PolicyDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// With the path of the key, when the text is not TOML, a key is unknown or missing, a value is out of range, or a
    /// value's mark lacks its article or note.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        match read::<Opening>(text)?.kind {
            PolicyKind::Admission => admission::parse(text),
            PolicyKind::Incident => incident::parse(text),
            PolicyKind::Inspection => inspection::parse(text),
            PolicyKind::Licence => licence::parse(text),
            PolicyKind::Staffing => staffing::parse(text),
        }
    }

    /// The mark of a value by its path.
    #[must_use]
    pub fn mark(&self, path: &str) -> Option<&Mark> {
        self.marks.get(path)
    }
}
