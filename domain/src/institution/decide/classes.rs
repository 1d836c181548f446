//! Rules of classes and places.

use super::types;
use crate::check::Check;
use crate::institution::machine::STANDARDS;
use crate::institution::{Class, InstitutionType};
use crate::policy::Standards;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::values::ClassType;

/// Rules about how many places there may be; breaking only these is a matter of capacity, not of form.
const CAPACITY_RULES: &[&str] = &["ADM-04", "ADM-05", "ADM-30", "ADM-31"];
/// More classes than any institution has; keeps an event small.
const MOST_CLASSES: usize = 200;

/// Form: at least one class where there must be places, unique names, types known unless the history is imported.
// rule: ADM-03
pub(super) fn shape(check: &mut Check, field: &str, classes: &[Class], types_known: bool, needed: bool) {
    check.ensure(
        !(needed && classes.is_empty()),
        field,
        "ADM-03",
        "there must be at least one class",
        "至少须有一个班",
    );
    check.ensure(
        classes.len() <= MOST_CLASSES,
        field,
        "ADM-03",
        "there are too many classes",
        "班数过多",
    );
    for (index, class) in classes.iter().enumerate() {
        check.text(&format!("{field}[{index}].name"), &class.name, 100);
        let twice = classes[..index]
            .iter()
            .any(|other| other.name.trim() == class.name.trim());
        check.ensure(
            !twice,
            &format!("{field}[{index}].name"),
            "ADM-03",
            "must be unique within the institution",
            "班名在机构内不能重复",
        );
        check.ensure(
            !types_known || class.class_type != ClassType::Unknown,
            &format!("{field}[{index}].class_type"),
            "ADM-03",
            "must be known",
            "班型不能为“不详”",
        );
    }
}

/// What the classes may be and how large: types of classes, places of each, of a family childcare point and of all
/// together, by the standards of the reference date.
pub(super) fn limits(
    check: &mut Check,
    classes: &[Class],
    types: impl Iterator<Item = InstitutionType> + Clone,
    standards: &Standards,
) {
    for (index, one) in types::wrong_classes(standards, types.clone(), classes) {
        // rule: ADM-27
        check.wrong(
            &format!("classes[{index}].class_type"),
            "ADM-27",
            format!("{} may not have this class type", one.code()),
            format!("{}不得设置该班型", one.zh()),
        );
    }
    for index in oversized(classes, standards) {
        let class = &classes[index];
        let limit = standards.class_limit(class.class_type).unwrap_or_default();
        // rule: ADM-04
        check.wrong(
            &format!("classes[{index}].places"),
            "ADM-04",
            format!(
                "a class of type {} may have at most {limit} places, has {} ({STANDARDS} §19)",
                class.class_type.code(),
                class.places.count()
            ),
            format!(
                "{}不得超过{limit}个托位，现有{}个（{STANDARDS} §19）",
                class.class_type.zh(),
                class.places.count()
            ),
        );
    }
    if let Some(places) = crowded_family_point(classes, types, standards) {
        let limit = standards.family_point_places;
        // rule: ADM-05
        check.wrong(
            "classes",
            "ADM-05",
            format!(
                "a family childcare point may have at most {limit} places, has {places} (家庭托育点管理办法（试行）)"
            ),
            format!("家庭托育点不得超过{limit}个托位，现有{places}个（家庭托育点管理办法（试行））"),
        );
    }
    if let Some(limit) = too_many_classes(classes, standards) {
        let held = classes.len();
        // rule: ADM-30
        check.wrong(
            "classes",
            "ADM-30",
            format!("an institution may have at most {limit} classes here, has {held}"),
            format!("本地区机构不得超过{limit}个班，现有{held}个"),
        );
    }
    if let Some(limit) = too_many_places(classes, standards) {
        let held = places_of(classes);
        // rule: ADM-31
        check.wrong(
            "classes",
            "ADM-31",
            format!("an institution may have at most {limit} places here, has {held}"),
            format!("本地区机构不得超过{limit}个托位，现有{held}个"),
        );
    }
}

/// Places over all classes.
pub(super) fn places_of(classes: &[Class]) -> u64 {
    classes.iter().map(|class| u64::from(class.places.count())).sum()
}

/// The most classes, when there are more.
pub(super) fn too_many_classes(classes: &[Class], standards: &Standards) -> Option<u32> {
    let held = u32::try_from(classes.len()).unwrap_or(u32::MAX);
    standards.max_classes.filter(|limit| held > *limit)
}

/// The most places, when there are more.
pub(super) fn too_many_places(classes: &[Class], standards: &Standards) -> Option<u32> {
    let held = places_of(classes);
    standards.max_places.filter(|limit| held > u64::from(*limit))
}

/// Indices of classes above their limit.
pub(super) fn oversized<'a>(classes: &'a [Class], standards: &'a Standards) -> impl Iterator<Item = usize> + use<'a> {
    classes.iter().enumerate().filter_map(|(index, class)| {
        let limit = standards.class_limit(class.class_type)?;
        (class.places.count() > limit).then_some(index)
    })
}

/// Places of a family childcare point that has more than it may.
pub(super) fn crowded_family_point(
    classes: &[Class],
    mut types: impl Iterator<Item = InstitutionType>,
    standards: &Standards,
) -> Option<u64> {
    let places = places_of(classes);
    let crowded = places > u64::from(standards.family_point_places);
    (crowded && types.any(|one| one == InstitutionType::FamilyPoint)).then_some(places)
}

/// The refusal of everything collected; `CAPACITY_EXCEEDED` when nothing but a number of places is wrong.
pub(super) fn done(check: Check) -> Result<(), Rejection> {
    let capacity = check.breaks_only(CAPACITY_RULES);
    check.done().map_err(|mut rejection| {
        if capacity {
            rejection.reason = Reason::CapacityExceeded;
            "more places than the rules allow".clone_into(&mut rejection.message);
            "托位数超过规定上限".clone_into(&mut rejection.message_zh);
            rejection = rejection.citing(LegalBasis::new(STANDARDS, "§19"));
        }
        rejection
    })
}
