//! Checklists (检查表) as data: what an on-site inspection looks at, item by item, with points and sources.
//!
//! A version is published by an event that carries its whole text, and never altered: a finding of years ago still
//! names the item that it rested on. Unknown keys are refused with their path, as in policy documents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

use crate::inspection::{ChecklistRef, Weight};
use crate::policy::{Mark, Marked, Marks, PolicyError, Source, read};
use crate::reference::sha256_hex;
use crate::rejection::LegalBasis;

/// Why a checklist is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("checklist, at {path}: {message}")]
pub struct ChecklistError {
    /// Path of the key within the document, e.g. `items[3].points`; `.` when it is the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl ChecklistError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

impl From<PolicyError> for ChecklistError {
    fn from(error: PolicyError) -> Self {
        Self::new(error.path, error.message)
    }
}

/// A dimension (维度) of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Code, unique in the checklist, e.g. `safety`.
    pub code: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Points; those of its items add up to them.
    pub points: u32,
}

/// An item (检查项) of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Code, unique in the checklist, e.g. `6.1`.
    pub code: String,
    /// Code of its dimension.
    pub dimension: String,
    /// What is asked for, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// Points when it is met.
    pub points: u32,
    /// Whether it excludes any grade when it is not met (否决项).
    pub veto: bool,
    /// How grave a finding is as a rule; a veto item is always cited as veto.
    pub weight: Weight,
    /// Whether an answer that it is met or not met must bring evidence.
    pub evidence_required: bool,
    /// How well the requirement is known, and the article that it rests on.
    pub mark: Mark,
}

/// One version of a checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checklist {
    /// Id and version.
    pub reference: ChecklistRef,
    /// First legal day on which it may be used.
    pub effective_date: Date,
    /// Title in Chinese.
    pub title: String,
    /// Title in English.
    pub title_en: String,
    /// SHA-256 of the document, hex.
    pub sha256: String,
    /// Dimensions in the order of the document.
    pub dimensions: Vec<Dimension>,
    /// Items in the order of the document.
    pub items: Vec<Item>,
    /// Where the totals and the division of points come from, by path.
    pub marks: BTreeMap<String, Mark>,
}

impl Checklist {
    /// The dimension of a code.
    #[must_use]
    pub fn dimension(&self, code: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.code == code)
    }

    /// The item of a code.
    #[must_use]
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.code == code)
    }

    /// Items of the chosen dimensions, in the order of the document; no dimension chosen means all.
    pub fn chosen<'a>(&'a self, dimensions: &'a [String]) -> impl Iterator<Item = &'a Item> {
        self.items
            .iter()
            .filter(move |item| dimensions.is_empty() || dimensions.contains(&item.dimension))
    }

    /// Reads a document.
    ///
    /// # Errors
    /// With the path of the key, when the text is not TOML, a key is unknown or missing, a code stands there twice, the
    /// points of a dimension's items do not add up to it or those of all dimensions to the total, the number of veto
    /// items is another than the document says, or a mark lacks its article or note.
    pub fn parse(text: &str) -> Result<Self, ChecklistError> {
        let document: Document = read(text)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if document.id.is_empty() || !document.id.bytes().all(plain) {
            return Err(ChecklistError::new(
                "id",
                "may hold only lower-case letters, digits and hyphens",
            ));
        }
        if document.version == 0 {
            return Err(ChecklistError::new("version", "must be at least 1"));
        }
        let mut marks = Marks::default();
        let total = marks.take("total_points", document.total_points)?;
        let vetoes = marks.take("veto_items", document.veto_items)?;
        let division = document.item_points;
        marks.note(
            "item_points",
            division.source,
            (division.law, division.article),
            division.note,
        )?;
        dimensions(&document.dimensions, total)?;
        let items = items(document.items, &document.dimensions)?;
        let found = items.iter().filter(|item| item.veto).count();
        if u32::try_from(found).ok() != Some(vetoes) {
            return Err(ChecklistError::new(
                "veto_items",
                format!("the document has {found} veto items"),
            ));
        }
        Ok(Self {
            reference: ChecklistRef {
                id: document.id,
                version: document.version,
            },
            effective_date: document.effective_date,
            title: document.title,
            title_en: document.title_en,
            sha256: sha256_hex(text),
            dimensions: document.dimensions,
            items,
            marks: marks.0,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    id: String,
    version: u32,
    effective_date: Date,
    title: String,
    title_en: String,
    total_points: Marked<u32>,
    veto_items: Marked<u32>,
    item_points: Division,
    dimensions: Vec<Dimension>,
    items: Vec<WrittenItem>,
}

/// Where the division of points among items comes from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Division {
    source: Source,
    law: Option<String>,
    article: Option<String>,
    note: Option<String>,
}

/// An item as a document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenItem {
    code: String,
    dimension: String,
    zh: String,
    en: String,
    points: u32,
    veto: bool,
    weight: Weight,
    evidence: bool,
    law: Option<String>,
    article: Option<String>,
    source: Source,
    note: Option<String>,
}

fn dimensions(dimensions: &[Dimension], total: u32) -> Result<(), ChecklistError> {
    let mut codes = BTreeSet::new();
    for (index, dimension) in dimensions.iter().enumerate() {
        if dimension.code.is_empty() || !codes.insert(dimension.code.as_str()) {
            return Err(ChecklistError::new(
                format!("dimensions[{index}].code"),
                "is empty or stands here twice",
            ));
        }
    }
    let sum: u64 = dimensions.iter().map(|dimension| u64::from(dimension.points)).sum();
    if sum == u64::from(total) {
        Ok(())
    } else {
        Err(ChecklistError::new(
            "total_points",
            format!("the points of the dimensions add up to {sum}"),
        ))
    }
}

fn items(written: Vec<WrittenItem>, dimensions: &[Dimension]) -> Result<Vec<Item>, ChecklistError> {
    let mut codes = BTreeSet::new();
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    let mut items = Vec::with_capacity(written.len());
    for (index, item) in written.into_iter().enumerate() {
        let path = |member: &str| format!("items[{index}].{member}");
        if item.code.is_empty() || !codes.insert(item.code.clone()) {
            return Err(ChecklistError::new(path("code"), "is empty or stands here twice"));
        }
        let Some(dimension) = dimensions.iter().find(|dimension| dimension.code == item.dimension) else {
            return Err(ChecklistError::new(path("dimension"), "is no dimension"));
        };
        *sums.entry(&dimension.code).or_default() += u64::from(item.points);
        if item.weight == Weight::Unknown || item.veto != (item.weight == Weight::Veto) {
            return Err(ChecklistError::new(
                path("weight"),
                "must be veto for a veto item, and another known one for every other",
            ));
        }
        let mut mark = Marks::default();
        let legal_basis: Option<LegalBasis> = mark.note(
            &path("source"),
            item.source,
            (item.law, item.article),
            item.note.clone(),
        )?;
        items.push(Item {
            code: item.code,
            dimension: item.dimension,
            zh: item.zh,
            en: item.en,
            points: item.points,
            veto: item.veto,
            weight: item.weight,
            evidence_required: item.evidence,
            mark: Mark {
                source: item.source,
                legal_basis,
                note: item.note,
            },
        });
    }
    for (index, dimension) in dimensions.iter().enumerate() {
        let sum = sums.get(dimension.code.as_str()).copied().unwrap_or(0);
        if sum != u64::from(dimension.points) {
            return Err(ChecklistError::new(
                format!("dimensions[{index}].points"),
                format!("the points of its items add up to {sum}"),
            ));
        }
    }
    Ok(items)
}
