//! Checklists as they go out.

use yujian_domain::checklist::{Checklist, Dimension, Item};
use yujian_proto::supervision::v1 as pb;

use crate::codes::Coded;
use crate::convert::date;
use crate::convert::inspection::checklist_out;

/// A version without its items.
pub(crate) fn head(checklist: &Checklist) -> pb::Checklist {
    pb::Checklist {
        checklist: Some(checklist_out(&checklist.reference)),
        effective_date: Some(date(checklist.effective_date)),
        title_zh: checklist.title.clone(),
        title_en: checklist.title_en.clone(),
        sha256: checklist.sha256.clone(),
        dimensions: checklist.dimensions.iter().map(dimension).collect(),
        items: Vec::new(),
    }
}

/// A version with its items.
pub(crate) fn whole(checklist: &Checklist) -> pb::Checklist {
    pb::Checklist {
        items: checklist.items.iter().map(item).collect(),
        ..head(checklist)
    }
}

fn dimension(dimension: &Dimension) -> pb::Dimension {
    pb::Dimension {
        code: dimension.code.clone(),
        label_zh: dimension.zh.clone(),
        label_en: dimension.en.clone(),
        points: dimension.points,
    }
}

fn item(item: &Item) -> pb::ChecklistItem {
    let (law, article) = item
        .mark
        .legal_basis
        .as_ref()
        .map(|basis| (basis.law.clone(), basis.article.clone()))
        .unwrap_or_default();
    pb::ChecklistItem {
        code: item.code.clone(),
        dimension: item.dimension.clone(),
        text_zh: item.zh.clone(),
        text_en: item.en.clone(),
        points: item.points,
        veto: item.veto,
        weight: item.weight.number(),
        evidence_required: item.evidence_required,
        source: item.mark.source.number(),
        law,
        article,
    }
}
