//! Rules of classes and places.

use jiff::civil::Date;

use crate::aggregate::Context;
use crate::check::Check;
use crate::envelope::PolicyRef;
use crate::institution::machine::STANDARDS;
use crate::institution::{Class, InstitutionType};
use crate::policy::Standards;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::values::{ClassType, RegionId};

/// Rules about how many places there may be; breaking only these is a matter of capacity, not of form.
const CAPACITY_RULES: &[&str] = &["ADM-04", "ADM-05"];
/// More classes than any institution has; keeps an event small.
const MOST_CLASSES: usize = 200;

/// Form: at least one class, unique names, types known unless the history is imported.
// rule: ADM-03
pub(super) fn shape(check: &mut Check, field: &str, classes: &[Class], types_known: bool) {
    check.ensure(
        !(types_known && classes.is_empty()),
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

/// Size: places of each class, and of a family childcare point, by the policy of the act's day.
pub(super) fn limits(
    check: &mut Check,
    field: &str,
    classes: &[Class],
    institution_type: Option<InstitutionType>,
    region: &RegionId,
    context: &Context<'_>,
) -> Result<PolicyRef, Rejection> {
    limits_on(
        check,
        field,
        classes,
        institution_type,
        region,
        super::act_day(context),
        context,
    )
}

/// The same by the policy of a given day.
pub(super) fn limits_on(
    check: &mut Check,
    field: &str,
    classes: &[Class],
    institution_type: Option<InstitutionType>,
    region: &RegionId,
    on: Date,
    context: &Context<'_>,
) -> Result<PolicyRef, Rejection> {
    let (policy, reference) = context.reference.admission(region, on)?;
    for index in oversized(classes, &policy.standards) {
        let class = &classes[index];
        let limit = policy.class_limit(class.class_type).unwrap_or_default();
        // rule: ADM-04
        check.wrong(
            &format!("{field}[{index}].places"),
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
    if let Some(places) = crowded_family_point(classes, institution_type, &policy.standards) {
        // rule: ADM-05
        check.wrong(
            field,
            "ADM-05",
            format!(
                "a family childcare point may have at most {} places, has {places} (家庭托育点管理办法（试行）)",
                policy.standards.family_point_places
            ),
            format!(
                "家庭托育点不得超过{}个托位，现有{places}个（家庭托育点管理办法（试行））",
                policy.standards.family_point_places
            ),
        );
    }
    Ok(reference)
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
    institution_type: Option<InstitutionType>,
    standards: &Standards,
) -> Option<u64> {
    let places: u64 = classes.iter().map(|class| u64::from(class.places.count())).sum();
    let crowded =
        institution_type == Some(InstitutionType::FamilyPoint) && places > u64::from(standards.family_point_places);
    crowded.then_some(places)
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
