//! Standards of an institution (设置标准): what its premises, classes and type must be. Filing and licence hold the same
//! standards, so that one check of completeness serves both.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Marked, Marks, PaperRule, PolicyError};
use crate::institution::{InstitutionType, Mode, Ownership};
use crate::values::ClassType;

/// What an institution of one type may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeRule {
    /// Modes of service that it may have.
    pub modes: Vec<Mode>,
    /// Class types that it may have.
    pub class_types: Vec<ClassType>,
    /// Ownership that it may have.
    pub ownership: Vec<Ownership>,
    /// Who supervises it, in Chinese, when it is another than the document's competent authority.
    pub authority: Option<String>,
    /// Whether it must have places (托位); one that may go without has no class to file.
    pub needs_places: bool,
    /// Types with which it may share one place.
    pub shares_place_with: Vec<InstitutionType>,
}

/// Standards of premises, classes and types. An absent option is no rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standards {
    /// Shortest lease of the premises, in years.
    pub min_lease_years: u32,
    /// Whether premises used free of charge are held to the rules of a lease.
    pub free_use_as_lease: bool,
    /// Highest floor that may be used.
    pub highest_floor: i32,
    /// Lowest floor that may be used; 1 is the ground floor, 0 and below are semi-basement and basement.
    pub lowest_floor: i32,
    /// Highest floor where there is a class of older toddlers, when it differs from `highest_floor`.
    pub older_toddler_highest_floor: Option<i32>,
    /// Most children under three in a family childcare point.
    pub family_point_places: u32,
    /// Least usable area for each place, in cm2.
    pub min_area_per_place_cm2: Option<u64>,
    /// The same where there is no outdoor ground, in cm2.
    pub min_area_per_place_without_outdoor_cm2: Option<u64>,
    /// Least built area (建筑面积) for each place, in cm2.
    pub min_built_area_per_place_cm2: Option<u64>,
    /// Most classes.
    pub max_classes: Option<u32>,
    /// Most places over all classes.
    pub max_places: Option<u32>,
    /// Most places in one class, by class type.
    pub class_limits: BTreeMap<ClassType, u32>,
    /// What each institution type may be: every type, or none where the document has no rule.
    pub types: BTreeMap<InstitutionType, TypeRule>,
}

impl Standards {
    /// Most places in a class of this type; `None` for [`ClassType::Unknown`], which has no rule.
    #[must_use]
    pub fn class_limit(&self, class_type: ClassType) -> Option<u32> {
        self.class_limits.get(&class_type).copied()
    }

    /// What an institution of this type may be; `None` where the document has no rule.
    #[must_use]
    pub fn type_rule(&self, institution_type: InstitutionType) -> Option<&TypeRule> {
        self.types.get(&institution_type)
    }

    /// Who supervises an institution of this type: the type's own authority, else `competent`.
    #[must_use]
    pub fn authority<'a>(&'a self, institution_type: InstitutionType, competent: &'a str) -> &'a str {
        self.type_rule(institution_type)
            .and_then(|rule| rule.authority.as_deref())
            .unwrap_or(competent)
    }
}

/// Of a document's papers those that an institution of this kind needs, in the order of the document.
pub(super) fn required(
    papers: &[PaperRule],
    institution_type: InstitutionType,
    makes_meals: bool,
) -> impl Iterator<Item = &PaperRule> {
    papers
        .iter()
        .filter(move |rule| rule.applies(institution_type, makes_meals))
}

/// The single values as a document writes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) min_lease_years: Marked<u32>,
    pub(super) free_use_as_lease: Marked<bool>,
    pub(super) highest_floor: Marked<i32>,
    pub(super) lowest_floor: Marked<i32>,
    pub(super) older_toddler_highest_floor: Option<Marked<i32>>,
    pub(super) family_point_places: Marked<u32>,
    pub(super) min_area_per_place_cm2: Option<Marked<u64>>,
    pub(super) min_area_per_place_without_outdoor_cm2: Option<Marked<u64>>,
    pub(super) min_built_area_per_place_cm2: Option<Marked<u64>>,
    pub(super) max_classes: Option<Marked<u32>>,
    pub(super) max_places: Option<Marked<u32>>,
}

/// One type's rule as a document writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenType {
    modes: Marked<Vec<Mode>>,
    class_types: Marked<Vec<ClassType>>,
    ownership: Marked<Vec<Ownership>>,
    authority: Option<Marked<String>>,
    needs_places: Marked<bool>,
    shares_place_with: Marked<Vec<InstitutionType>>,
}

impl Written {
    /// Checks the values, which stand under `table`, and joins them with the tables of classes and types.
    pub(super) fn read(
        self,
        table: &str,
        class_limits: BTreeMap<String, Marked<u32>>,
        types: BTreeMap<String, WrittenType>,
        marks: &mut Marks,
    ) -> Result<Standards, PolicyError> {
        let at = |name: &str| format!("{table}.{name}");
        let without_outdoor = "min_area_per_place_without_outdoor_cm2";
        let standards = Standards {
            class_limits: read_class_limits(class_limits, marks)?,
            min_lease_years: marks.take(&at("min_lease_years"), self.min_lease_years)?,
            free_use_as_lease: marks.take(&at("free_use_as_lease"), self.free_use_as_lease)?,
            highest_floor: marks.take(&at("highest_floor"), self.highest_floor)?,
            lowest_floor: marks.take(&at("lowest_floor"), self.lowest_floor)?,
            older_toddler_highest_floor: self
                .older_toddler_highest_floor
                .map(|marked| marks.take(&at("older_toddler_highest_floor"), marked))
                .transpose()?,
            family_point_places: marks.take_positive(&at("family_point_places"), self.family_point_places)?,
            min_area_per_place_cm2: marks
                .positive_if_some(&at("min_area_per_place_cm2"), self.min_area_per_place_cm2)?,
            min_area_per_place_without_outdoor_cm2: marks
                .positive_if_some(&at(without_outdoor), self.min_area_per_place_without_outdoor_cm2)?,
            min_built_area_per_place_cm2: marks
                .positive_if_some(&at("min_built_area_per_place_cm2"), self.min_built_area_per_place_cm2)?,
            max_classes: marks.positive_if_some(&at("max_classes"), self.max_classes)?,
            max_places: marks.positive_if_some(&at("max_places"), self.max_places)?,
            types: read_types(types, marks)?,
        };
        if standards.highest_floor < standards.lowest_floor {
            return Err(PolicyError::new(at("highest_floor"), "lies below lowest_floor"));
        }
        if standards
            .older_toddler_highest_floor
            .is_some_and(|highest| highest < standards.lowest_floor)
        {
            return Err(PolicyError::new(
                at("older_toddler_highest_floor"),
                "lies below lowest_floor",
            ));
        }
        let least = standards.min_area_per_place_cm2;
        if standards
            .min_area_per_place_without_outdoor_cm2
            .is_some_and(|area| least.is_none_or(|least| area < least))
        {
            return Err(PolicyError::new(
                at(without_outdoor),
                "needs min_area_per_place_cm2, and is not less than that",
            ));
        }
        Ok(standards)
    }
}

fn read_class_limits(
    written: BTreeMap<String, Marked<u32>>,
    marks: &mut Marks,
) -> Result<BTreeMap<ClassType, u32>, PolicyError> {
    let mut limits = BTreeMap::new();
    for (code, marked) in written {
        let path = format!("class_limits.{code}");
        let class_type = ClassType::from_code(&code).filter(|class_type| *class_type != ClassType::Unknown);
        let class_type = class_type.ok_or_else(|| PolicyError::new(&path, "is no class type"))?;
        limits.insert(class_type, marks.take_positive(&path, marked)?);
    }
    for class_type in ClassType::ALL {
        if *class_type != ClassType::Unknown && !limits.contains_key(class_type) {
            return Err(PolicyError::new(
                format!("class_limits.{}", class_type.code()),
                "is missing",
            ));
        }
    }
    Ok(limits)
}

fn read_types(
    written: BTreeMap<String, WrittenType>,
    marks: &mut Marks,
) -> Result<BTreeMap<InstitutionType, TypeRule>, PolicyError> {
    let mut types = BTreeMap::new();
    for (code, rule) in written {
        let path = format!("types.{code}");
        let institution_type = InstitutionType::from_code(&code).filter(|known| *known != InstitutionType::Unknown);
        let institution_type = institution_type.ok_or_else(|| PolicyError::new(&path, "is no institution type"))?;
        let at = |name: &str| format!("{path}.{name}");
        let rule = TypeRule {
            modes: list(marks.take(&at("modes"), rule.modes)?, Mode::Unknown, &at("modes"))?,
            class_types: list(
                marks.take(&at("class_types"), rule.class_types)?,
                ClassType::Unknown,
                &at("class_types"),
            )?,
            ownership: list(
                marks.take(&at("ownership"), rule.ownership)?,
                Ownership::Unknown,
                &at("ownership"),
            )?,
            authority: rule
                .authority
                .map(|marked| marks.take(&at("authority"), marked))
                .transpose()?,
            needs_places: marks.take(&at("needs_places"), rule.needs_places)?,
            shares_place_with: distinct(
                marks.take(&at("shares_place_with"), rule.shares_place_with)?,
                InstitutionType::Unknown,
                &at("shares_place_with"),
            )?,
        };
        if rule.shares_place_with.contains(&institution_type) {
            return Err(PolicyError::new(at("shares_place_with"), "names the type itself"));
        }
        types.insert(institution_type, rule);
    }
    if types.is_empty() {
        return Ok(types);
    }
    for known in InstitutionType::ALL {
        let path = format!("types.{}", known.code());
        if *known != InstitutionType::Unknown && !types.contains_key(known) {
            return Err(PolicyError::new(path, "is missing"));
        }
    }
    // Sharing is mutual: a place is one type's as much as the other's.
    for (one, rule) in &types {
        for other in &rule.shares_place_with {
            if !types
                .get(other)
                .is_some_and(|other| other.shares_place_with.contains(one))
            {
                return Err(PolicyError::new(
                    format!("types.{}.shares_place_with", other.code()),
                    format!("must name {}, which names it", one.code()),
                ));
            }
        }
    }
    Ok(types)
}

/// A list of codes, at least one, each once, none of them "not known".
fn list<T: PartialEq>(values: Vec<T>, unknown: T, path: &str) -> Result<Vec<T>, PolicyError> {
    if values.is_empty() {
        return Err(PolicyError::new(path, "names nothing"));
    }
    distinct(values, unknown, path)
}

fn distinct<T: PartialEq>(values: Vec<T>, unknown: T, path: &str) -> Result<Vec<T>, PolicyError> {
    for (index, value) in values.iter().enumerate() {
        if *value == unknown {
            return Err(PolicyError::new(path, "names what is not known"));
        }
        if values[..index].contains(value) {
            return Err(PolicyError::new(path, "names something twice"));
        }
    }
    Ok(values)
}
