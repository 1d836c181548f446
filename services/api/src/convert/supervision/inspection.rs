//! Inspections, findings and the figures of conduct as they go out.

use std::collections::BTreeMap;

use jiff::civil::Date;
use yujian_domain::inspection::{Answer, FindingState, Purpose, Status, Weight};
use yujian_domain::person::Post;
use yujian_domain::values::ClassType;
use yujian_proto::inspection::v1 as inspection;
use yujian_proto::supervision::v1 as pb;
use yujian_views::{
    AnswerRow, AssistanceRow, ConductFigures, ConductFiguresRow, DimensionRow, DraftRow, FindingRow, InspectionDetail,
    InspectionRow, InspectorRow, PresenceRow, VisitRow,
};

use super::staff::Audience;
use crate::codes::{Coded, number_of};
use crate::convert::inspection::{INSPECTIONS, checklist_out};
use crate::convert::licensing::INSTITUTIONS;
use crate::convert::staffing::PERSONS;
use crate::convert::supervision::{country, damaged_records, months};
use crate::convert::{as_of, date, deadline, etag, time};

pub(crate) fn row(row: &InspectionRow) -> pb::InspectionView {
    pb::InspectionView {
        name: format!("{INSPECTIONS}/{}", row.id),
        etag: etag(row.revision),
        institution: format!("{INSTITUTIONS}/{}", row.institution),
        institution_display_name: row.institution_name.clone(),
        region_code: row.region.clone(),
        state: row.status.number(),
        purpose: row.purpose.number(),
        emergency: row.emergency,
        ordered_from_above: row.ordered_from_above,
        announced: row.announced,
        checklist: row.checklist.as_ref().map(checklist_out),
        from_date: row.window.map(|(from, _)| date(from)),
        to_date: row.window.map(|(_, to)| date(to)),
        approval_number: row.approval_number.clone().unwrap_or_default(),
        approved_late: row.approved_late,
        approval_due: row.approval_due.as_ref().map(deadline),
        inspectors: row.inspectors,
        arrived_time: row.arrived_time.map(time),
        visited_date: row.visited_date.map(date),
        backfilled: row.backfilled,
        ratio_exceeded: row.ratio_exceeded.iter().map(|class| class.number()).collect(),
        answers: counted::<Answer, _>(&row.answers, |answer, count| pb::AnswerCount { answer, count }),
        findings: row.findings,
        open_findings: row.open_findings,
        assistance: row.assistance,
        comments_due: row.comments_due.as_ref().map(deadline),
        points: row.points.filter(|(_, of)| *of > 0).map(|(points, of)| pb::Ratio {
            numerator: points.into(),
            denominator: of.into(),
        }),
        vetoes: row.vetoes,
        finalized_date: row.finalized_date.map(date),
        published_date: row.published_date.map(date),
        external: row.external.as_ref().map(|external| pb::ExternalId {
            register: external.register.clone(),
            number: external.number.clone(),
        }),
        imported_rows: row.imported_rows,
        damaged: row.damaged,
    }
}

/// An inspection with everything, seen from a day; the day itself is left out.
pub(crate) fn detail(audience: Audience<'_>, detail: &InspectionDetail, at: Date) -> pb::GetInspectionReply {
    pb::GetInspectionReply {
        inspection: Some(row(&detail.row)),
        dimensions: detail.dimensions.clone(),
        joint_bodies: detail.joint_bodies.clone(),
        inspectors: detail.inspectors.iter().map(|row| inspector(audience, row)).collect(),
        recused: detail.recused.iter().map(|id| format!("{PERSONS}/{id}")).collect(),
        answers: detail.answers.iter().map(|row| answer(audience, row)).collect(),
        results: detail.results.iter().map(result).collect(),
        presence: detail.presence.as_ref().map(presence),
        findings: detail.findings.iter().map(|row| finding(audience, row, at)).collect(),
        assistance: detail.assistance.iter().map(|row| assistance(audience, row)).collect(),
        draft: detail.draft.as_ref().map(|row| draft(audience, row)),
        conclusion: audience.personal("conclusion", detail.conclusion.as_ref()),
        published_place: detail.published_at.clone().unwrap_or_default(),
        visits: detail.visits.iter().map(visit).collect(),
        damaged: damaged_records(detail.damaged.clone()),
        at_date: None,
        as_of: Some(as_of(&detail.as_of)),
    }
}

fn inspector(audience: Audience<'_>, row: &InspectorRow) -> pb::InspectorView {
    pb::InspectorView {
        person: format!("{PERSONS}/{}", row.person),
        account: row.account.clone(),
        display_name: audience.personal("name", row.name.as_ref()),
        credential: row.credential,
        expiry_date: row.expiry_date.map(date),
        recusal: number_of(row.recusal),
    }
}

fn answer(audience: Audience<'_>, row: &AnswerRow) -> pb::AnswerView {
    pb::AnswerView {
        item: row.item.clone(),
        dimension: row.dimension.clone().unwrap_or_default(),
        points: row.points,
        answer: row.answer.number(),
        observation: audience.personal("observation", row.observation.as_ref()),
        evidence: row.evidence.clone(),
    }
}

fn result(row: &DimensionRow) -> pb::DimensionResult {
    pb::DimensionResult {
        dimension: row.dimension.clone(),
        compliant: row.compliant,
        noncompliant: row.noncompliant,
        not_applicable: row.not_applicable,
        not_checked: row.not_checked,
        points: row.points,
        points_of: row.points_of,
    }
}

fn presence(row: &PresenceRow) -> pb::Presence {
    let classes = |counts: &BTreeMap<ClassType, u32>| {
        counts
            .iter()
            .map(|(class, count)| inspection::ClassCount {
                class_type: class.number(),
                count: *count,
            })
            .collect()
    };
    let posts = |(post, count): (&Post, &u32)| inspection::PostCount {
        post: post.number(),
        count: *count,
    };
    pb::Presence {
        children: classes(&row.children),
        carers: classes(&row.carers),
        staff: row.staff.iter().map(posts).collect(),
        ratio_exceeded: row.ratio_exceeded.iter().map(|class| class.number()).collect(),
    }
}

fn assistance(audience: Audience<'_>, row: &AssistanceRow) -> pb::AssistanceView {
    pb::AssistanceView {
        number: row.number,
        item: row.item.clone(),
        dimension: row.dimension.clone(),
        advice: audience.personal("advice", row.advice.as_ref()),
        imported: row.imported,
    }
}

fn draft(audience: Audience<'_>, row: &DraftRow) -> pb::DraftView {
    pb::DraftView {
        draft_sha256: row.draft_sha256.clone(),
        issued_date: row.issued_date.map(date),
        comments_due: Some(deadline(&row.comments_due)),
        commented: row.commented,
        commented_date: row.commented_date.map(date),
        comments: audience.personal("comments", row.comments.as_ref()),
        late: row.late,
    }
}

fn visit(row: &VisitRow) -> pb::VisitView {
    pb::VisitView {
        inspection: format!("{INSPECTIONS}/{}", row.inspection),
        purpose: row.purpose.number(),
        counts: row.counts,
        cap: row.cap,
    }
}

/// A finding, seen from a day.
pub(crate) fn finding(audience: Audience<'_>, row: &FindingRow, at: Date) -> pb::FindingView {
    pb::FindingView {
        inspection: format!("{INSPECTIONS}/{}", row.inspection),
        finding: row.finding,
        institution: format!("{INSTITUTIONS}/{}", row.institution),
        institution_display_name: row.institution_name.clone(),
        region_code: row.region.clone(),
        item: row.item.clone(),
        dimension: row.dimension.clone(),
        weight: row.weight.number(),
        extent: number_of(row.extent),
        children_at_risk: row.children_at_risk,
        measure: number_of(row.measure),
        state: row.state.number(),
        cited_date: row.cited_date.map(date),
        due_date: row.due_date.map(date),
        overdue: row.overdue_on(at),
        claimed_date: row.claimed_date.map(date),
        claimed_late: row.claimed_late,
        corrected_date: row.corrected_date.map(date),
        check: number_of(row.check),
        times_rejected: row.rejected,
        times_extended: row.extended,
        imported: row.imported,
        description: audience.personal("description", row.description.as_ref()),
        damaged: row.damaged,
    }
}

/// Conduct of a region, without the day.
pub(crate) fn figures(figures: &ConductFigures) -> pb::GetConductFiguresReply {
    pb::GetConductFiguresReply {
        region: Some(figures_row(&figures.region)),
        parts: figures.parts.iter().map(figures_row).collect(),
        visits_by_month: months(&figures.visits_by_month),
        at_date: None,
        as_of: Some(as_of(&figures.as_of)),
    }
}

fn figures_row(row: &ConductFiguresRow) -> pb::ConductFigures {
    pb::ConductFigures {
        code: country(&row.code),
        display_name: row.name.clone(),
        has_parts: row.has_children,
        by_state: counted::<Status, _>(&row.by_status, |state, count| pb::InspectionStateCount { state, count }),
        by_purpose: counted::<Purpose, _>(&row.by_purpose, |purpose, count| pb::PurposeCount { purpose, count }),
        operating: row.operating,
        inspected: row.inspected,
        findings_by_state: counted::<FindingState, _>(&row.findings_by_state, |state, count| pb::FindingStateCount {
            state,
            count,
        }),
        findings: row
            .findings
            .iter()
            .map(|((dimension, weight), count)| pb::FindingCount {
                dimension: dimension.clone(),
                weight: number_of(Weight::from_code(weight)),
                count: *count,
            })
            .collect(),
        assistance: row.assistance,
        corrections: Some(pb::CorrectionFigures {
            due: row.corrections.due,
            overdue: row.corrections.overdue,
            claimed: row.corrections.claimed,
            verified: row.corrections.verified,
            on_site: row.corrections.on_site,
            rejected: row.corrections.rejected,
            extended: row.corrections.extended,
        }),
        visits: Some(pb::VisitFigures {
            counted: row.visits.counted,
            noted: row.visits.noted,
            at_cap: row.visits.at_cap,
        }),
        ratio_exceeded: row.ratio_exceeded,
        backfilled: row.backfilled,
        backfilled_late: row.backfilled_late,
        approvals_due: row.approvals_due,
        approvals_overdue: row.approvals_overdue,
        approvals_late: row.approvals_late,
        damaged: row.damaged,
    }
}

/// Counts by code, in the order of the closed list.
fn counted<T: Coded, W>(counts: &BTreeMap<String, u64>, build: fn(i32, u64) -> W) -> Vec<W> {
    T::VALUES
        .iter()
        .filter_map(|value| Some(build(value.number(), *counts.get(value.code_text())?)))
        .collect()
}
