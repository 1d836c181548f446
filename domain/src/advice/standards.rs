//! Standards of premises and classes as a list.

use super::{Measure, Standard};
use crate::institution::InstitutionType;
use crate::policy::{PolicyDocument, Standards};

/// What premises and classes of an institution of a type must be. `table` is where the document holds the single values.
pub(super) fn list(
    held: &Standards,
    institution_type: InstitutionType,
    table: &str,
    document: &PolicyDocument,
) -> Vec<Standard> {
    let mut listed = Vec::new();
    let mut add = |key: String, zh: String, en: String, value: i64, measure: Measure| {
        let mark = document.mark(&key).cloned();
        listed.push(Standard {
            key,
            title_zh: zh,
            title_en: en,
            value,
            measure,
            mark,
        });
    };
    let single = [
        (
            "min_lease_years",
            "场地租期不少于（年）",
            "Shortest lease of the premises",
            Some(i64::from(held.min_lease_years)),
            Measure::Years,
        ),
        (
            "free_use_as_lease",
            "无偿使用的场地按租赁要求",
            "Premises used free of charge are held to the rules of a lease",
            Some(i64::from(held.free_use_as_lease)),
            Measure::YesNo,
        ),
        (
            "highest_floor",
            "最高楼层",
            "Highest floor",
            Some(i64::from(held.highest_floor)),
            Measure::Floor,
        ),
        (
            "lowest_floor",
            "最低楼层",
            "Lowest floor",
            Some(i64::from(held.lowest_floor)),
            Measure::Floor,
        ),
        (
            "older_toddler_highest_floor",
            "设托大班的最高楼层",
            "Highest floor where there is a class of older toddlers",
            held.older_toddler_highest_floor.map(i64::from),
            Measure::Floor,
        ),
        (
            "min_area_per_place_cm2",
            "每托位最小使用面积",
            "Least usable area for each place",
            area(held.min_area_per_place_cm2),
            Measure::Cm2PerPlace,
        ),
        (
            "min_area_per_place_without_outdoor_cm2",
            "无室外场地时每托位最小使用面积",
            "Least usable area for each place without outdoor ground",
            area(held.min_area_per_place_without_outdoor_cm2),
            Measure::Cm2PerPlace,
        ),
        (
            "max_classes",
            "班级数上限",
            "Most classes",
            held.max_classes.map(i64::from),
            Measure::Classes,
        ),
        (
            "max_places",
            "托位总数上限",
            "Most places",
            held.max_places.map(i64::from),
            Measure::Places,
        ),
        (
            "family_point_places",
            "家庭托育点收托人数上限",
            "Most children of a family childcare point",
            (institution_type == InstitutionType::FamilyPoint).then(|| i64::from(held.family_point_places)),
            Measure::Places,
        ),
    ];
    for (name, zh, en, value, measure) in single {
        if let Some(value) = value {
            add(format!("{table}.{name}"), zh.to_owned(), en.to_owned(), value, measure);
        }
    }
    let may_have = held.type_rule(institution_type).map(|rule| &rule.class_types);
    for (class_type, places) in &held.class_limits {
        if may_have.is_none_or(|types| types.contains(class_type)) {
            add(
                format!("class_limits.{}", class_type.code()),
                format!("{}每班托位上限", class_type.zh()),
                format!("Most places of a class: {}", class_type.code().replace('_', " ")),
                i64::from(*places),
                Measure::Places,
            );
        }
    }
    listed
}

/// An area in cm2; none is anywhere near the end of the range.
fn area(cm2: Option<u64>) -> Option<i64> {
    cm2.map(|cm2| i64::try_from(cm2).unwrap_or(i64::MAX))
}
