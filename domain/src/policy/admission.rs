//! Rules of registration and filing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

use super::standards::{self, Standards, WrittenType};
use super::{Citation, Header, Marked, Marks, PolicyBody, PolicyDocument, PolicyError, PolicyKind, Source};
use crate::institution::{InstitutionType, PaperKind};
use crate::rejection::LegalBasis;
use crate::values::{ClassType, codes};

codes! {
    /// From where the clock of the nonconformity notice runs; the source text leaves it open.
    CountsFrom {
        /// From the day on which the papers came in.
        Papers = "papers" / "自收到材料之日",
        /// From the day of the finding.
        Finding = "finding" / "自发现之日",
    }
}

/// When a filing needs a paper, and what the paper must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperRule {
    /// Kind of paper.
    pub kind: PaperKind,
    /// Institution types that need it; `None`: all.
    pub types: Option<Vec<InstitutionType>>,
    /// Needed only where meals are made.
    pub when_meals: bool,
    /// The institution draws it up itself, so that it names no issuer and no number.
    pub self_assessed: bool,
    /// Its conclusion must be a pass.
    pub must_pass: bool,
    /// An expiry date that it names must not lie before the reference date.
    pub must_be_valid: bool,
    /// It must name an expiry date.
    pub needs_expiry: bool,
    /// Article that asks for it.
    pub legal_basis: LegalBasis,
}

impl PaperRule {
    /// Whether a filing of this kind needs the paper.
    #[must_use]
    pub fn applies(&self, institution_type: InstitutionType, makes_meals: bool) -> bool {
        (makes_meals || !self.when_meals)
            && self
                .types
                .as_ref()
                .is_none_or(|types| types.contains(&institution_type))
    }
}

/// Rules of registration and filing, by the version in force on the reference date (acceptance).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionPolicy {
    /// With whom an institution files, in Chinese.
    pub competent_authority: String,
    /// Working days from complete papers to the receipt (备案回执).
    pub receipt_working_days: u32,
    /// Working days to tell an institution that it is not up to standard.
    pub nonconformity_working_days: u32,
    /// From where these run.
    pub nonconformity_counts_from: CountsFrom,
    /// Calendar days before the end of a paper or lease on which to warn, falling; empty: no rule.
    pub paper_warning_days: Vec<u32>,
    /// How often a filing may be returned for what could be seen the first time (一次性告知).
    pub max_returns: u32,
    /// What premises, classes and types must be.
    pub standards: Standards,
    /// Papers of a filing, in the order in which they are asked for.
    pub papers: Vec<PaperRule>,
}

impl AdmissionPolicy {
    /// Papers that such a filing needs, in the order of the document.
    pub fn required_papers(
        &self,
        institution_type: InstitutionType,
        makes_meals: bool,
    ) -> impl Iterator<Item = &PaperRule> {
        standards::required(&self.papers, institution_type, makes_meals)
    }

    /// Most places in a class of this type; `None` for [`ClassType::Unknown`], which has no rule.
    #[must_use]
    pub fn class_limit(&self, class_type: ClassType) -> Option<u32> {
        self.standards.class_limit(class_type)
    }

    /// Who supervises an institution of this type, in Chinese: the type's own authority, else the competent one. Its
    /// registration changes nothing about that.
    #[must_use]
    pub fn authority(&self, institution_type: InstitutionType) -> &str {
        self.standards.authority(institution_type, &self.competent_authority)
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
    values: Values,
    class_limits: BTreeMap<String, Marked<u32>>,
    #[serde(default)]
    types: BTreeMap<String, WrittenType>,
    papers: Vec<Paper>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    competent_authority: Marked<String>,
    receipt_working_days: Marked<u32>,
    nonconformity_working_days: Marked<u32>,
    nonconformity_counts_from: Marked<CountsFrom>,
    max_returns: Marked<u32>,
    paper_warning_days: Option<Marked<Vec<u32>>>,
    min_lease_years: Marked<u32>,
    free_use_as_lease: Marked<bool>,
    highest_floor: Marked<i32>,
    lowest_floor: Marked<i32>,
    older_toddler_highest_floor: Option<Marked<i32>>,
    family_point_places: Marked<u32>,
    min_area_per_place_cm2: Option<Marked<u64>>,
    min_area_per_place_without_outdoor_cm2: Option<Marked<u64>>,
    min_built_area_per_place_cm2: Option<Marked<u64>>,
    max_classes: Option<Marked<u32>>,
    max_places: Option<Marked<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paper {
    kind: PaperKind,
    types: Option<Vec<InstitutionType>>,
    #[serde(default)]
    when_meals: bool,
    #[serde(default)]
    self_assessed: bool,
    #[serde(default)]
    must_pass: bool,
    #[serde(default)]
    must_be_valid: bool,
    #[serde(default)]
    needs_expiry: bool,
    law: String,
    article: String,
    source: Source,
    note: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<PolicyDocument, PolicyError> {
    let document: Document = super::read(text)?;
    let mut marks = Marks::default();
    let values = document.values;
    let written = standards::Written {
        min_lease_years: values.min_lease_years,
        free_use_as_lease: values.free_use_as_lease,
        highest_floor: values.highest_floor,
        lowest_floor: values.lowest_floor,
        older_toddler_highest_floor: values.older_toddler_highest_floor,
        family_point_places: values.family_point_places,
        min_area_per_place_cm2: values.min_area_per_place_cm2,
        min_area_per_place_without_outdoor_cm2: values.min_area_per_place_without_outdoor_cm2,
        min_built_area_per_place_cm2: values.min_built_area_per_place_cm2,
        max_classes: values.max_classes,
        max_places: values.max_places,
    };
    let policy = AdmissionPolicy {
        competent_authority: marks.take("values.competent_authority", values.competent_authority)?,
        receipt_working_days: marks.take_positive("values.receipt_working_days", values.receipt_working_days)?,
        nonconformity_working_days: marks
            .take_positive("values.nonconformity_working_days", values.nonconformity_working_days)?,
        nonconformity_counts_from: marks.take("values.nonconformity_counts_from", values.nonconformity_counts_from)?,
        paper_warning_days: values
            .paper_warning_days
            .map(|days| marks.take("values.paper_warning_days", days))
            .transpose()?
            .unwrap_or_default(),
        max_returns: marks.take("values.max_returns", values.max_returns)?,
        standards: written.read("values", document.class_limits, document.types, &mut marks)?,
        papers: papers(document.papers, &mut marks)?,
    };
    falling(&policy.paper_warning_days)?;
    let header = Header {
        id: document.id,
        version: document.version,
        region: document.region,
        effective_date: document.effective_date,
        title: document.title,
        legal_basis: document.legal_basis,
    };
    header.with(PolicyBody::Admission(policy), marks)
}

/// Refuses warnings of papers that do not come one after the other.
///
/// # Errors
/// With the path of the key.
pub(super) fn falling(paper_warning_days: &[u32]) -> Result<(), PolicyError> {
    if paper_warning_days.windows(2).all(|pair| pair[0] > pair[1]) {
        return Ok(());
    }
    Err(PolicyError::new(
        "values.paper_warning_days",
        "must fall from the longest to the shortest, each once",
    ))
}

pub(super) fn papers(written: Vec<Paper>, marks: &mut Marks) -> Result<Vec<PaperRule>, PolicyError> {
    let mut rules = Vec::new();
    let mut kinds = BTreeSet::new();
    for (index, paper) in written.into_iter().enumerate() {
        let path = format!("papers[{index}]");
        if !kinds.insert(paper.kind) {
            return Err(PolicyError::new(
                path,
                format!("{} stands here twice", paper.kind.code()),
            ));
        }
        if paper.types.as_ref().is_some_and(Vec::is_empty) {
            return Err(PolicyError::new(
                format!("{path}.types"),
                "no type: leave it out to mean all",
            ));
        }
        let legal_basis = LegalBasis::new(paper.law, paper.article);
        let cited = (Some(legal_basis.law.clone()), Some(legal_basis.article.clone()));
        marks.note(
            &format!("papers.{}", paper.kind.code()),
            paper.source,
            cited,
            paper.note,
        )?;
        rules.push(PaperRule {
            kind: paper.kind,
            types: paper.types,
            when_meals: paper.when_meals,
            self_assessed: paper.self_assessed,
            must_pass: paper.must_pass,
            must_be_valid: paper.must_be_valid,
            needs_expiry: paper.needs_expiry,
            legal_basis,
        });
    }
    if rules.is_empty() {
        return Err(PolicyError::new("papers", "a filing needs at least one paper"));
    }
    Ok(rules)
}
