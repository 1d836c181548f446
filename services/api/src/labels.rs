//! Chinese words for the items of a filing.

use yujian_domain::institution::{PaperKind, ReturnedItem};

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
    fn items_read_as_chinese() {
        let item = ReturnedItem {
            item: "papers.fire_safety".to_owned(),
            rule: "ADM-10".to_owned(),
            problem: ItemProblem::Missing,
        };
        assert_eq!(returned_item_zh(&item), "消防安全检查合格证明：缺少");
        assert_eq!(
            item_zh("papers.hygiene_evaluation.expiry_date"),
            "卫生评价报告（有效期）"
        );
        assert_eq!(item_zh("premises.lowest_floor"), "最低楼层");
        assert_eq!(item_zh("something.else"), "something.else");
    }
}
