//! What an institution of a type may be: modes, class types, ownership, places, and the types with which it shares a place.
//!
//! A document without rules of types has none, and one that shares its place is held to the rules of each of its types.

use crate::check::Check;
use crate::institution::{Class, InstitutionType, Mode, Ownership};
use crate::policy::{Standards, TypeRule};

/// The types of one place: its own, then those that share it.
pub(super) fn of(
    institution_type: Option<InstitutionType>,
    also_types: &[InstitutionType],
) -> impl Iterator<Item = InstitutionType> + Clone + '_ {
    institution_type.into_iter().chain(also_types.iter().copied())
}

/// The first type whose rule does not hold what is asked about.
fn breaks(
    standards: &Standards,
    mut types: impl Iterator<Item = InstitutionType>,
    holds: impl Fn(&TypeRule) -> bool,
) -> Option<InstitutionType> {
    types.find(|one| standards.type_rule(*one).is_some_and(|rule| !holds(rule)))
}

/// The type that may not have this mode.
// rule: ADM-26
pub(super) fn without_mode(
    standards: &Standards,
    types: impl Iterator<Item = InstitutionType>,
    mode: Mode,
) -> Option<InstitutionType> {
    breaks(standards, types, |rule| {
        mode == Mode::Unknown || rule.modes.contains(&mode)
    })
}

/// The type that may not have this ownership.
// rule: ADM-28
pub(super) fn without_ownership(
    standards: &Standards,
    types: impl Iterator<Item = InstitutionType>,
    ownership: Ownership,
) -> Option<InstitutionType> {
    breaks(standards, types, |rule| {
        ownership == Ownership::Unknown || rule.ownership.contains(&ownership)
    })
}

/// Indices of classes of a type that the institution may not have, with the type that may not.
// rule: ADM-27
pub(super) fn wrong_classes(
    standards: &Standards,
    types: impl Iterator<Item = InstitutionType> + Clone,
    classes: &[Class],
) -> impl Iterator<Item = (usize, InstitutionType)> {
    classes.iter().enumerate().filter_map(move |(index, class)| {
        let kind = class.class_type;
        let known = kind != crate::values::ClassType::Unknown;
        let one = breaks(standards, types.clone(), |rule| {
            !known || rule.class_types.contains(&kind)
        })?;
        Some((index, one))
    })
}

/// Whether there must be a class: unless every type of the place may go without.
// rule: ADM-34
pub(super) fn needs_places(standards: &Standards, mut types: impl Iterator<Item = InstitutionType>) -> bool {
    let may_go_without = |one| standards.type_rule(one).is_some_and(|rule| !rule.needs_places);
    let first = types.next();
    !(first.is_some_and(may_go_without) && types.all(may_go_without))
}

/// Modes and ownership of a command, where told.
pub(super) fn check_kind(
    check: &mut Check,
    standards: &Standards,
    types: impl Iterator<Item = InstitutionType> + Clone,
    mode: Option<Mode>,
    ownership: Option<Ownership>,
) {
    if let Some(one) = mode.and_then(|mode| without_mode(standards, types.clone(), mode)) {
        let allowed = standards.type_rule(one).map(|rule| rule.modes.as_slice());
        // rule: ADM-26
        check.wrong(
            "mode",
            "ADM-26",
            format!("{} may be {}", one.code(), listed(allowed, Mode::code, ", ")),
            format!("{}的服务模式可为：{}", one.zh(), listed(allowed, Mode::zh, "、")),
        );
    }
    if let Some(one) = ownership.and_then(|ownership| without_ownership(standards, types.clone(), ownership)) {
        let allowed = standards.type_rule(one).map(|rule| rule.ownership.as_slice());
        // rule: ADM-28
        check.wrong(
            "ownership",
            "ADM-28",
            format!("{} may be {}", one.code(), listed(allowed, Ownership::code, ", ")),
            format!("{}的举办性质可为：{}", one.zh(), listed(allowed, Ownership::zh, "、")),
        );
    }
}

/// Types that share the place: known, each once, another than the main one, and each allowed beside it.
// rule: ADM-33
pub(super) fn check_shared(
    check: &mut Check,
    standards: &Standards,
    institution_type: InstitutionType,
    also_types: &[InstitutionType],
) {
    for (index, one) in also_types.iter().enumerate() {
        let field = format!("also_types[{index}]");
        check.ensure(
            *one != InstitutionType::Unknown && *one != institution_type && !also_types[..index].contains(one),
            &field,
            "ADM-33",
            "must be known, another than the institution's type, and stand here once",
            "须为已知类型、不同于机构类型且不重复",
        );
        let shares = standards
            .type_rule(institution_type)
            .is_none_or(|rule| rule.shares_place_with.contains(one));
        if !shares {
            check.wrong(
                &field,
                "ADM-33",
                format!(
                    "{} may not share its place with {}",
                    institution_type.code(),
                    one.code()
                ),
                format!("{}不得与{}合用场所", institution_type.zh(), one.zh()),
            );
        }
    }
}

fn listed<T: Copy>(values: Option<&[T]>, name: fn(T) -> &'static str, separator: &str) -> String {
    let names: Vec<&str> = values.unwrap_or_default().iter().map(|value| name(*value)).collect();
    names.join(separator)
}
