//! Words for what stands in answers as text: items of a filing, papers, clocks. Chinese ones of closed lists stand at the list.

use yujian_domain::institution::{PaperKind, ReturnedItem};

/// The English term of a code: the code with spaces and a capital letter, unless that reads badly.
pub(crate) fn english(code: &str) -> String {
    let better = match code {
        "commitment" => "Letter of commitment",
        "fire_safety" => "Fire-safety pass",
        "owners_consent" => "Owners' consent",
        "nonconformity" => "Notice of nonconformity",
        "completeness" => "Check of completeness",
        "information_reply" => "Reply with information",
        "correction_reply" => "Correction after a return",
        "hearing_request" => "Request for a hearing",
        "renewal_ask" => "Application for renewal",
        plain => {
            let mut letters = plain.chars();
            return letters.next().map_or_else(String::new, |first| {
                format!("{}{}", first.to_ascii_uppercase(), letters.as_str().replace('_', " "))
            });
        }
    };
    better.to_owned()
}

/// An item in English; an item without a word of its own stands as it is.
pub(crate) fn item_en(item: &str) -> String {
    if let Some(kind) = item.strip_prefix("papers.") {
        let (kind, field) = kind
            .split_once('.')
            .map_or((kind, None), |(kind, field)| (kind, Some(field)));
        if PaperKind::from_code(kind).is_some() {
            return match field {
                Some(field) => format!("{} ({})", english(kind), field_en(field)),
                None => english(kind),
            };
        }
    }
    if let Some((_, en)) = plain_item(item) {
        return en.to_owned();
    }
    match (item.strip_prefix("premises."), class_field(item)) {
        (Some(field), _) if field_zh(field).is_some() => english(&field_en(field)),
        (_, Some((number, field))) => format!("Class {number}: {}", field.replace('_', " ")),
        _ => item.to_owned(),
    }
}

/// Items without a field, in both languages.
fn plain_item(item: &str) -> Option<(&'static str, &'static str)> {
    Some(match item {
        "institution_type" => ("机构类型", "Institution type"),
        "credit_code" => ("统一社会信用代码", "Unified social credit code"),
        "premises" => ("场地", "Premises"),
        "classes" => ("班级", "Classes"),
        _ => return None,
    })
}

/// Number, from 1, and field of `classes[0].places`.
fn class_field(item: &str) -> Option<(u32, &str)> {
    let (index, field) = item.strip_prefix("classes[")?.split_once("].")?;
    Some((index.parse::<u32>().ok()?.checked_add(1)?, field))
}

/// Item and problem in English, e.g. `Fire-safety pass: missing`.
pub(crate) fn returned_item_en(item: &ReturnedItem) -> String {
    format!("{}: {}", item_en(&item.item), item.problem.code().replace('_', " "))
}

fn field_en(field: &str) -> String {
    match field {
        "sha256" => "file".to_owned(),
        "area_cm2" => "usable area".to_owned(),
        plain => plain.replace('_', " "),
    }
}

/// An item, e.g. `papers.fire_safety`, in Chinese; an item without a word of its own stands as it is.
pub(crate) fn item_zh(item: &str) -> String {
    if let Some(kind) = item.strip_prefix("papers.") {
        let (kind, field) = kind
            .split_once('.')
            .map_or((kind, None), |(kind, field)| (kind, Some(field)));
        if let Some(paper) = PaperKind::from_code(kind) {
            return match field.and_then(field_zh) {
                Some(field) => format!("{}（{field}）", paper.zh()),
                None => paper.zh().to_owned(),
            };
        }
    }
    if let Some((zh, _)) = plain_item(item) {
        return zh.to_owned();
    }
    if let Some((number, field)) = class_field(item) {
        let field = match field {
            "class_type" => "班型",
            "places" => "托位",
            other => other,
        };
        return format!("第{number}个班级的{field}");
    }
    item.strip_prefix("premises.")
        .and_then(field_zh)
        .map_or_else(|| item.to_owned(), str::to_owned)
}

/// Item and problem, e.g. `消防安全检查合格证明：缺少`.
pub(crate) fn returned_item_zh(item: &ReturnedItem) -> String {
    format!("{}：{}", item_zh(&item.item), item.problem.zh())
}

fn field_zh(field: &str) -> Option<&'static str> {
    Some(match field {
        "issuer" => "出具单位",
        "number" => "编号",
        "issue_date" => "出具日期",
        "expiry_date" => "有效期",
        "sha256" => "电子文件",
        "passed" => "结论",
        "tenure" => "场地使用方式",
        "lease_start_date" => "租赁起始日",
        "lease_end_date" => "租赁截止日",
        "highest_floor" => "最高楼层",
        "lowest_floor" => "最低楼层",
        "area_cm2" => "使用面积",
        "built_area_cm2" => "建筑面积",
        "outdoor_area_cm2" => "室外场地面积",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use yujian_domain::institution::ItemProblem;

    #[test]
    fn items_read_as_chinese_and_as_english() {
        let item = ReturnedItem {
            item: "papers.fire_safety".to_owned(),
            rule: "ADM-10".to_owned(),
            problem: ItemProblem::Missing,
        };
        assert_eq!(returned_item_zh(&item), "消防安全检查合格证明：缺少");
        assert_eq!(returned_item_en(&item), "Fire-safety pass: missing");
        assert_eq!(
            item_zh("papers.hygiene_evaluation.expiry_date"),
            "卫生评价报告（有效期）"
        );
        assert_eq!(item_zh("premises.lowest_floor"), "最低楼层");
        assert_eq!(
            item_en("papers.hygiene_evaluation.expiry_date"),
            "Hygiene evaluation (expiry date)"
        );
        assert_eq!(item_en("premises.lowest_floor"), "Lowest floor");
        assert_eq!(item_en("premises.area_cm2"), "Usable area");
        assert_eq!(item_zh("classes[0].places"), "第1个班级的托位");
        assert_eq!(item_en("classes[0].places"), "Class 1: places");
        assert_eq!(item_zh("premises"), "场地");
        assert_eq!(item_en("something.else"), "something.else");
        assert_eq!(item_zh("something.else"), "something.else");
    }
}
