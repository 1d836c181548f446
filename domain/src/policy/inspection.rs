//! Rules for inspections and corrections.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::{Citation, Header, Marked, Marks, PolicyBody, PolicyDocument, PolicyError, PolicyKind};
use crate::inspection::{Purpose, Weight};
use crate::values::ClassType;

/// Rules for inspections, by the version in force on the day that each rule names: the first day of the plan, the day of
/// the visit, the day of the act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionPolicy {
    /// Fewest inspectors of a visit.
    pub inspectors_min: u32,
    /// Most days from planning to the first day of the window.
    pub plan_ahead_days: u32,
    /// Most days of the window.
    pub window_days: u32,
    /// Most visits of a calendar year that count (检查频次上限).
    pub visits_per_year: u32,
    /// Whether specials ordered from above count.
    pub ordered_from_above_counts: bool,
    /// Working days from the check-in of an emergency to its approval.
    pub emergency_approval_working_days: u32,
    /// Calendar days from the visit within which a check-in may be filled in.
    pub backfill_days: u32,
    /// Working days to comment on a draft.
    pub draft_comment_working_days: u32,
    /// Working days from the final report to its publication.
    pub publish_working_days: u32,
    /// How often a correction may be given more time.
    pub extensions_max: u32,
    /// Whether a purpose counts against the yearly cap; holds every one that may be planned.
    pub purposes: BTreeMap<Purpose, bool>,
    /// Most calendar days for a correction; holds every weight that may be cited.
    pub correction_days: BTreeMap<Weight, u32>,
    /// Most children to one carer; holds every class type.
    pub ratios: BTreeMap<ClassType, u32>,
}

impl InspectionPolicy {
    /// Whether a visit counts against the yearly cap.
    #[must_use]
    pub fn counts(&self, purpose: Purpose, ordered_from_above: bool) -> bool {
        (self.ordered_from_above_counts || !ordered_from_above) && self.purposes.get(&purpose).copied().unwrap_or(false)
    }

    /// Most calendar days for the correction of a finding; `None` for [`Weight::Unknown`], which has no rule.
    #[must_use]
    pub fn correction_days(&self, weight: Weight) -> Option<u32> {
        self.correction_days.get(&weight).copied()
    }

    /// Whether `children` are more than `carers` may look after in a class of this type.
    #[must_use]
    pub fn ratio_exceeded(&self, class_type: ClassType, children: u32, carers: u32) -> bool {
        self.ratios
            .get(&class_type)
            .is_some_and(|ratio| u64::from(children) > u64::from(carers) * u64::from(*ratio))
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
    purposes: BTreeMap<String, Marked<bool>>,
    correction_days: BTreeMap<String, Marked<u32>>,
    ratios: BTreeMap<String, Marked<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    inspectors_min: Marked<u32>,
    plan_ahead_days: Marked<u32>,
    window_days: Marked<u32>,
    visits_per_year: Marked<u32>,
    ordered_from_above_counts: Marked<bool>,
    emergency_approval_working_days: Marked<u32>,
    backfill_days: Marked<u32>,
    draft_comment_working_days: Marked<u32>,
    publish_working_days: Marked<u32>,
    extensions_max: Marked<u32>,
}

pub(super) fn parse(text: &str) -> Result<PolicyDocument, PolicyError> {
    let document: Document = super::read(text)?;
    let mut marks = Marks::default();
    let values = document.values;
    let mut purposes = BTreeMap::new();
    for (code, marked) in document.purposes {
        let path = format!("purposes.{code}");
        let purpose = Purpose::from_code(&code).filter(|purpose| *purpose != Purpose::Unknown);
        let purpose = purpose.ok_or_else(|| PolicyError::new(&path, "is no purpose"))?;
        purposes.insert(purpose, marks.take(&path, marked)?);
    }
    complete("purposes", Purpose::ALL, Purpose::Unknown, Purpose::code, &purposes)?;
    let correction_days = numbers("correction_days", document.correction_days, &mut marks, |code| {
        Weight::from_code(code).filter(|weight| *weight != Weight::Unknown)
    })?;
    complete(
        "correction_days",
        Weight::ALL,
        Weight::Unknown,
        Weight::code,
        &correction_days,
    )?;
    let ratios = numbers("ratios", document.ratios, &mut marks, |code| {
        ClassType::from_code(code).filter(|class_type| *class_type != ClassType::Unknown)
    })?;
    complete("ratios", ClassType::ALL, ClassType::Unknown, ClassType::code, &ratios)?;
    let mut positive = |name: &str, marked| marks.take_positive(&format!("values.{name}"), marked);
    let policy = InspectionPolicy {
        inspectors_min: positive("inspectors_min", values.inspectors_min)?,
        plan_ahead_days: positive("plan_ahead_days", values.plan_ahead_days)?,
        window_days: positive("window_days", values.window_days)?,
        visits_per_year: positive("visits_per_year", values.visits_per_year)?,
        emergency_approval_working_days: positive(
            "emergency_approval_working_days",
            values.emergency_approval_working_days,
        )?,
        backfill_days: positive("backfill_days", values.backfill_days)?,
        draft_comment_working_days: positive("draft_comment_working_days", values.draft_comment_working_days)?,
        publish_working_days: positive("publish_working_days", values.publish_working_days)?,
        extensions_max: marks.take("values.extensions_max", values.extensions_max)?,
        ordered_from_above_counts: marks.take("values.ordered_from_above_counts", values.ordered_from_above_counts)?,
        purposes,
        correction_days,
        ratios,
    };
    let header = Header {
        id: document.id,
        version: document.version,
        region: document.region,
        effective_date: document.effective_date,
        title: document.title,
        legal_basis: document.legal_basis,
    };
    header.with(PolicyBody::Inspection(policy), marks)
}

/// A table of numbers by code, each at least 1.
fn numbers<K: Ord>(
    table: &str,
    written: BTreeMap<String, Marked<u32>>,
    marks: &mut Marks,
    key: fn(&str) -> Option<K>,
) -> Result<BTreeMap<K, u32>, PolicyError> {
    let mut numbers = BTreeMap::new();
    for (code, marked) in written {
        let path = format!("{table}.{code}");
        let key = key(&code).ok_or_else(|| PolicyError::new(&path, "is not known"))?;
        numbers.insert(key, marks.take_positive(&path, marked)?);
    }
    Ok(numbers)
}

/// A document rules every code but the one that means "not known".
fn complete<K: Ord + Copy, V>(
    table: &str,
    all: &[K],
    unknown: K,
    code: fn(K) -> &'static str,
    found: &BTreeMap<K, V>,
) -> Result<(), PolicyError> {
    match all.iter().find(|key| **key != unknown && !found.contains_key(key)) {
        Some(key) => Err(PolicyError::new(format!("{table}.{}", code(*key)), "is missing")),
        None => Ok(()),
    }
}
