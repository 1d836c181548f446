//! Rules for notifying and investigating incidents.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::{Citation, Header, Marked, Marks, PolicyBody, PolicyDocument, PolicyError, PolicyKind};
use crate::incident::{Category, Priority};
use crate::rejection::LegalBasis;

/// Who must be told about incidents of a category, and by when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRule {
    /// Minutes from awareness to the notification of the authority.
    pub notify_within_minutes: u32,
    /// Whether the law says "at once" (立即): the minutes are then a grace that this document sets.
    pub at_once: bool,
    /// Whether guardians of the children concerned must be told.
    pub guardians: bool,
    /// Minutes from awareness to telling them; 0 when they need not be told.
    pub guardians_within_minutes: u32,
    /// Bodies that receive the report, in Chinese.
    pub recipients: Vec<String>,
    /// Articles that set the duty; empty when it is the authority's own rule.
    pub legal_basis: Vec<LegalBasis>,
}

/// Rules for incidents, by the version in force on the day of awareness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentPolicy {
    /// Rule of each category; holds every one.
    pub categories: BTreeMap<Category, CategoryRule>,
    /// Days from opening to completing an investigation; holds every priority.
    pub investigation: BTreeMap<Priority, u32>,
}

impl IncidentPolicy {
    /// The rule of a category.
    #[must_use]
    pub fn category(&self, category: Category) -> &CategoryRule {
        self.categories
            .get(&category)
            .expect("a document without a rule for every category is refused")
    }

    /// Days for an investigation.
    #[must_use]
    pub fn investigation_days(&self, priority: Priority) -> u32 {
        *self
            .investigation
            .get(&priority)
            .expect("a document without days for every priority is refused")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: String,
    version: u32,
    #[serde(rename = "kind")]
    _kind: PolicyKind,
    region: String,
    effective_date: Date,
    title: String,
    legal_basis: Vec<Citation>,
    investigation_days: BTreeMap<String, Marked<u32>>,
    categories: BTreeMap<String, Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    recipients: Vec<String>,
    #[serde(default)]
    at_once: bool,
    #[serde(default)]
    legal_basis: Vec<Citation>,
    notify_within_minutes: Marked<u32>,
    guardians_within_minutes: Option<Marked<u32>>,
}

pub(super) fn parse(text: &str) -> Result<PolicyDocument, PolicyError> {
    let document: Document = super::read(text)?;
    let mut marks = Marks::default();
    let mut investigation = BTreeMap::new();
    for (code, marked) in document.investigation_days {
        let path = format!("investigation_days.{code}");
        let priority = Priority::from_code(&code).ok_or_else(|| PolicyError::new(&path, "is no priority"))?;
        investigation.insert(priority, marks.take_positive(&path, marked)?);
    }
    for priority in Priority::ALL {
        if !investigation.contains_key(priority) {
            return Err(PolicyError::new(
                format!("investigation_days.{}", priority.code()),
                "is missing",
            ));
        }
    }
    let mut categories = BTreeMap::new();
    for (code, written) in document.categories {
        let path = format!("categories.{code}");
        let category = Category::from_code(&code).ok_or_else(|| PolicyError::new(&path, "is no category"))?;
        categories.insert(category, rule(&path, written, &mut marks)?);
    }
    for category in Category::ALL {
        if !categories.contains_key(category) {
            return Err(PolicyError::new(
                format!("categories.{}", category.code()),
                "is missing",
            ));
        }
    }
    let header = Header {
        id: document.id,
        version: document.version,
        region: document.region,
        effective_date: document.effective_date,
        title: document.title,
        legal_basis: document.legal_basis,
    };
    header.with(
        PolicyBody::Incident(IncidentPolicy {
            categories,
            investigation,
        }),
        marks,
    )
}

fn rule(path: &str, written: Rule, marks: &mut Marks) -> Result<CategoryRule, PolicyError> {
    if written.recipients.is_empty() {
        return Err(PolicyError::new(
            format!("{path}.recipients"),
            "a report needs at least one recipient",
        ));
    }
    let notify_within_minutes =
        marks.take_positive(&format!("{path}.notify_within_minutes"), written.notify_within_minutes)?;
    let guardians_within_minutes = written
        .guardians_within_minutes
        .map(|marked| marks.take_positive(&format!("{path}.guardians_within_minutes"), marked))
        .transpose()?;
    Ok(CategoryRule {
        notify_within_minutes,
        at_once: written.at_once,
        guardians: guardians_within_minutes.is_some(),
        guardians_within_minutes: guardians_within_minutes.unwrap_or(0),
        recipients: written.recipients,
        legal_basis: written
            .legal_basis
            .into_iter()
            .map(|c| LegalBasis::new(c.law, c.article))
            .collect(),
    })
}
