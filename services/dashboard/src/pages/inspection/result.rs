//! What an inspection found, without its findings: checklist, presence, draft, inspectors.

use jiff::civil::Date;
use serde_json::json;
use yujian_domain::calendar::Calendar;
use yujian_domain::checklist::Checklist;
use yujian_domain::inspection::{Answer, ChecklistRef};
use yujian_domain::mask;
use yujian_domain::values::ClassType;
use yujian_views::{
    AnswerRow, AssistanceRow, DimensionRow, InspectionDetail, InspectionRow, InspectorRow, PresenceRow, VisitRow,
};

use super::super::deadline;
use super::super::marks::{self, BAR, days_left};
use crate::charts::scale;
use crate::html::{self, Markup, Tone, badge, bdi, code, figure, rate, text};
use crate::lang::Lang;
use crate::terms::{Terms, short};

/// A dimension of the checklist with what was found.
#[derive(Debug)]
pub(super) struct DimensionLine {
    pub(super) word: Markup,
    pub(super) counts: [Markup; 4],
    pub(super) unmet: bool,
    pub(super) points: Markup,
    /// Left edge, width and class of each part of the bar.
    pub(super) bars: Vec<(u64, u64, &'static str)>,
}

/// An item that was not met or not looked at.
#[derive(Debug)]
pub(super) struct ItemLine {
    pub(super) item: Markup,
    pub(super) answer: Markup,
    pub(super) observation: Markup,
    pub(super) evidence: Markup,
}

/// Children and carers of a class type.
#[derive(Debug)]
pub(super) struct RatioLine {
    pub(super) word: String,
    pub(super) children: Markup,
    pub(super) carers: Markup,
    pub(super) ratio: Markup,
    pub(super) verdict: Markup,
}

/// An inspector.
#[derive(Debug)]
pub(super) struct InspectorLine {
    pub(super) name: Markup,
    pub(super) href: String,
    pub(super) account: Markup,
    pub(super) certificate: Markup,
    pub(super) state: Markup,
}

/// What the checklist is called, with its version.
pub(super) fn title(lang: Lang, checklist: Option<&Checklist>, version: &ChecklistRef) -> Markup {
    let known = checklist.map_or(version.id.as_str(), |checklist| {
        lang.say(&checklist.title, &checklist.title_en)
    });
    let number = version.version;
    text(known).then(&text(
        lang.say(&format!("，第 {number} 版"), &format!(", version {number}")),
    ))
}

/// What a dimension is called in the checklist that was used.
fn dimension_word(lang: Lang, checklist: Option<&Checklist>, code: &str) -> Markup {
    match checklist.and_then(|checklist| checklist.dimension(code)) {
        Some(dimension) => text(lang.say(&dimension.zh, &dimension.en)),
        None => bdi(code),
    }
}

/// What an item asks for in the checklist that was used.
pub(super) fn item_word(lang: Lang, checklist: Option<&Checklist>, code: &str) -> Markup {
    match checklist.and_then(|checklist| checklist.item(code)) {
        Some(item) => text(&format!("{} {}", item.code, lang.say(&item.zh, &item.en))),
        None => bdi(code),
    }
}

/// What was found by dimension; figures are of `own` / the dimension.
pub(super) fn dimensions(
    lang: Lang,
    checklist: Option<&Checklist>,
    own: &str,
    rows: &[DimensionRow],
) -> Vec<DimensionLine> {
    rows.iter()
        .map(|row| {
            let counts = [
                (Answer::Compliant, row.compliant),
                (Answer::Noncompliant, row.noncompliant),
                (Answer::NotApplicable, row.not_applicable),
                (Answer::NotChecked, row.not_checked),
            ];
            let of = format!("{own}/{}", row.dimension);
            let all = counts.iter().map(|(_, count)| count).sum();
            let (mut left, mut bars) = (0, Vec::new());
            for ((_, count), class) in counts.iter().zip(["fok", "fbad", "fend", "f0"]) {
                let width = scale(*count, all, BAR).min(BAR - left);
                if width > 0 {
                    bars.push((left, width, class));
                    left += width;
                }
            }
            DimensionLine {
                word: dimension_word(lang, checklist, &row.dimension),
                counts: counts
                    .map(|(answer, count)| figure("inspection_answers", format!("{of}/{}", answer.code()), count)),
                unmet: row.noncompliant > 0,
                points: figure("dimension_points", &of, row.points)
                    .then(&text(" / "))
                    .then(&figure("dimension_points_of", &of, row.points_of)),
                bars,
            }
        })
        .collect()
}

/// Items that were not met, then those that were not looked at.
pub(super) fn unmet(terms: &Terms, checklist: Option<&Checklist>, own: &str, rows: &[AnswerRow]) -> Vec<ItemLine> {
    let of = |wanted: Answer| rows.iter().filter(move |row| row.answer == wanted);
    of(Answer::Noncompliant)
        .chain(of(Answer::NotChecked))
        .map(|row| ItemLine {
            item: item_word(terms.lang, checklist, &row.item),
            answer: badge(
                if row.answer == Answer::Noncompliant {
                    Tone::Bad
                } else {
                    Tone::Hold
                },
                &terms.lang.term(row.answer),
            ),
            observation: row
                .observation
                .as_ref()
                .map_or_else(html::dash, |seen| terms.value("observation", &json!(seen))),
            evidence: figure(
                "answer_evidence",
                format!("{own}/{}", row.item),
                row.evidence.len() as u64,
            ),
        })
        .collect()
}

/// Children to a carer by class type: what was counted, judged by the policy of the day.
pub(super) fn ratios(lang: Lang, own: &str, presence: &PresenceRow) -> Vec<RatioLine> {
    ClassType::ALL
        .iter()
        .filter_map(|class| {
            let of = |counts: &std::collections::BTreeMap<ClassType, u32>| counts.get(class).copied();
            let (children, carers) = (of(&presence.children), of(&presence.carers));
            if children.is_none() && carers.is_none() {
                return None;
            }
            let (children, carers) = (children.unwrap_or(0), carers.unwrap_or(0));
            let place = format!("{own}/{}", class.code());
            let each = html::scaled(u64::from(children), u64::from(carers), 10);
            Some(RatioLine {
                word: lang.term(*class),
                children: figure("children_present", &place, u64::from(children)),
                carers: figure("carers_present", &place, u64::from(carers)),
                ratio: each.map_or_else(html::dash, |tenths| {
                    let shown = format!("1:{}.{}", tenths / 10, tenths % 10);
                    rate("children_to_a_carer", &place, &shown)
                }),
                verdict: if presence.ratio_exceeded.contains(class) {
                    badge(Tone::Bad, lang.say("超过师幼比", "exceeded"))
                } else {
                    badge(Tone::Ok, lang.say("符合", "kept"))
                },
            })
        })
        .collect()
}

/// Other staff who were there.
pub(super) fn others(lang: Lang, own: &str, presence: &PresenceRow) -> Vec<(String, Markup)> {
    presence
        .staff
        .iter()
        .map(|(post, count)| {
            let of = format!("{own}/{}", post.code());
            (lang.term(*post), figure("staff_present", of, u64::from(*count)))
        })
        .collect()
}

pub(super) fn assistance(
    terms: &Terms,
    checklist: Option<&Checklist>,
    rows: &[AssistanceRow],
) -> Vec<(Markup, Markup)> {
    rows.iter()
        .map(|row| {
            let item = if row.imported {
                bdi(&row.item)
            } else {
                item_word(terms.lang, checklist, &row.item)
            };
            let advice = row
                .advice
                .as_ref()
                .map_or_else(html::dash, |advice| terms.value("advice", &json!(advice)));
            (item, advice)
        })
        .collect()
}

/// The draft, the comments of the institution, and the report.
pub(super) fn draft(
    terms: &Terms,
    calendar: &Calendar,
    found: &InspectionDetail,
    at: Date,
) -> Vec<(&'static str, Markup)> {
    let lang = terms.lang;
    let mut lines = Vec::new();
    if let Some(draft) = &found.draft {
        lines.push((
            lang.say("征求意见稿", "Draft"),
            lang.day_or_dash(draft.issued_date)
                .then(&text(" "))
                .then(&code(&short(&draft.draft_sha256))),
        ));
        let due = lang.day(draft.comments_due.due_date);
        lines.push((
            lang.say("反馈时限", "Comments due"),
            match (draft.commented, draft.late) {
                (true, true) => due.then(&text(" ")).then(&badge(Tone::Warn, lang.say("迟到", "late"))),
                (true, false) => due.then(&text(" ")).then(&badge(Tone::Ok, lang.say("按期", "in time"))),
                (false, _) if found.row.finalized_date.is_some() => due,
                (false, _) => due
                    .then(&text(" "))
                    .then(&deadline(lang, calendar, draft.comments_due.due_date, at)),
            },
        ));
        lines.push((
            lang.say("机构意见", "Comments of the institution"),
            match (&draft.comments, draft.commented) {
                (Some(comments), _) => terms
                    .value("comments", &json!(comments))
                    .then(&text(" "))
                    .then(&lang.day_or_dash(draft.commented_date)),
                (None, true) => text(lang.say("放弃意见 ", "waived ")).then(&lang.day_or_dash(draft.commented_date)),
                (None, false) => text(lang.say("尚未反馈", "none yet")),
            },
        ));
    }
    if let Some(day) = found.row.finalized_date {
        let conclusion = found
            .conclusion
            .as_ref()
            .map_or_else(html::dash, |words| terms.value("conclusion", &json!(words)));
        lines.push((
            lang.say("结论", "Conclusion"),
            conclusion.then(&text(" ")).then(&lang.day(day)),
        ));
    }
    if let Some(place) = &found.published_at {
        lines.push((
            lang.say("公示", "Published"),
            bdi(place)
                .then(&text(" "))
                .then(&lang.day_or_dash(found.row.published_date)),
        ));
    }
    lines
}

/// Inspectors; accounts are masked like names. A certificate is judged on the day of the visit, else of today.
pub(super) fn inspectors(
    terms: &Terms,
    rows: &[InspectorRow],
    inspection: &InspectionRow,
    at: Date,
) -> Vec<InspectorLine> {
    let lang = terms.lang;
    let day = inspection.visited_date.unwrap_or(at);
    rows.iter()
        .map(|row| InspectorLine {
            name: marks::name(terms, row.name.as_ref()),
            href: format!("/persons/{}", row.person),
            account: bdi(&mask::name(&row.account)),
            certificate: match row.expiry_date {
                Some(expiry) if expiry < day => lang
                    .day(expiry)
                    .then(&text(" "))
                    .then(&badge(Tone::Bad, lang.say("当日已过期", "ended on the day"))),
                Some(expiry) if inspection.visited_date.is_none() => {
                    lang.day(expiry).then(&text(" ")).then(&days_left(lang, expiry, day))
                }
                Some(expiry) => lang
                    .day(expiry)
                    .then(&text(" "))
                    .then(&badge(Tone::Ok, lang.say("当日有效", "valid on the day"))),
                None => text(lang.say("长期", "no end")),
            },
            state: row.recusal.map_or_else(Markup::default, |ground| {
                badge(
                    Tone::Hold,
                    &format!(
                        "{}{}{}",
                        lang.say("申请回避", "Recusal asked for"),
                        lang.colon(),
                        lang.term(ground)
                    ),
                )
            }),
        })
        .collect()
}

/// How the inspection came about.
pub(super) fn about(
    terms: &Terms,
    checklist: Option<&Checklist>,
    calendar: &Calendar,
    found: &InspectionDetail,
    at: Date,
) -> Vec<(&'static str, Markup)> {
    let (lang, row) = (terms.lang, &found.row);
    let mut lines = Vec::new();
    if let Some((from, to)) = row.window {
        let window = lang.day(from).then(&text(lang.say(" 至 ", " to "))).then(&lang.day(to));
        lines.push((lang.say("计划期间", "Window"), window));
    }
    let approval = row.approval_number.as_deref().map_or_else(html::dash, bdi);
    lines.push((
        lang.say("批准文号", "Approval"),
        match &row.approval_due {
            Some(due) => approval
                .then(&text(lang.say(" 应于 ", " due ")))
                .then(&lang.day(due.due_date))
                .then(&text(" "))
                .then(&deadline(lang, calendar, due.due_date, at)),
            None => approval,
        },
    ));
    let dimensions = found
        .dimensions
        .iter()
        .map(|code| dimension_word(lang, checklist, code));
    lines.push((
        lang.say("检查维度", "Dimensions"),
        if found.dimensions.is_empty() {
            text(lang.say("全部", "all"))
        } else {
            Markup::join(dimensions, lang.comma())
        },
    ));
    if !found.joint_bodies.is_empty() {
        let bodies = found.joint_bodies.iter().map(|body| bdi(body));
        lines.push((
            lang.say("联合检查", "Together with"),
            Markup::join(bodies, lang.comma()),
        ));
    }
    if let Some(external) = &row.external {
        lines.push((
            lang.say("外部登记", "Foreign register"),
            bdi(&format!("{} {}", external.register, external.number)),
        ));
    }
    lines
}

/// Visits of the institution in the same calendar year.
pub(super) fn visits(lang: Lang, own: &str, rows: &[VisitRow]) -> Vec<(&'static str, Markup)> {
    if rows.is_empty() {
        return Vec::new();
    }
    let count = |counts: bool| rows.iter().filter(|row| row.counts == counts).count() as u64;
    let mut lines = vec![
        (
            lang.say("当年计入上限", "Counted that year"),
            figure("year_visits_counted", own, count(true)),
        ),
        (
            lang.say("当年只记录", "Noted only that year"),
            figure("year_visits_noted", own, count(false)),
        ),
    ];
    if let Some(cap) = rows.iter().rev().find_map(|row| row.cap) {
        lines.push((
            lang.say("年度上限", "Cap of the year"),
            figure("year_visits_cap", own, u64::from(cap)),
        ));
    }
    lines
}
