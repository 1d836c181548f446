//! Counts of a division from the three replies of figures.

use yujian_proto::supervision::v1 as supervision;

use super::code;
use crate::figures::counts::{Counts, add};

pub(super) fn overview(figures: &supervision::RegionFigures) -> Counts {
    let mut counts = Counts::new();
    for state in &figures.by_state {
        let status = code(state.state().as_str_name(), "INSTITUTION_STATE_");
        add(&mut counts, "institutions_by_status", status, state.count);
    }
    for (name, count) in [
        ("places", figures.places),
        ("inhabitants", figures.inhabitants.unwrap_or(0)),
        ("townships", figures.townships),
        ("townships_covered", figures.townships_covered),
        ("open_incidents", figures.open_incidents),
        ("late_incidents", figures.late_notifications),
        ("receipts_issued", figures.receipts_issued),
        ("receipts_late", figures.receipts_late),
        ("damaged_institutions", figures.damaged),
        ("engaged", figures.staff),
        ("qualified", figures.qualified_staff),
        ("inspected", figures.inspected_institutions),
        ("open_findings", figures.open_findings),
        ("overdue_corrections", figures.overdue_corrections),
        ("alerts", figures.alerts),
    ] {
        add(&mut counts, name, "", count);
    }
    // By state only in the other reply.
    add(&mut counts, "inspections_by_status", "", figures.inspections);
    counts
}

pub(super) fn staff(figures: &supervision::StaffFigures) -> Counts {
    let mut counts = Counts::new();
    for row in &figures.posts {
        let post = code(row.post().as_str_name(), "POST_");
        for (name, count) in [
            ("engaged", row.engaged),
            ("off_duty", row.off_duty),
            ("qualified", row.qualified),
            ("healthy", row.healthy),
            ("queried", row.queried),
            ("barred", row.barred),
        ] {
            add(&mut counts, name, &post, count);
        }
    }
    let mut papers = |kind: &str, buckets: &[supervision::BucketCount]| {
        for row in buckets {
            let bucket = code(row.bucket().as_str_name(), "BUCKET_");
            let bucket = bucket.strip_prefix("within_").unwrap_or(&bucket);
            add(&mut counts, "papers", format!("{kind}/{bucket}"), row.count);
        }
    };
    papers("health", &figures.health);
    papers("query", &figures.queries);
    for row in &figures.certificates {
        papers(&code(row.kind().as_str_name(), "CREDENTIAL_KIND_"), &row.buckets);
    }
    add(&mut counts, "damaged_engagements", "", figures.damaged);
    counts
}

pub(super) fn conduct(figures: &supervision::ConductFigures) -> Counts {
    let mut counts = Counts::new();
    for row in &figures.by_state {
        let status = code(row.state().as_str_name(), "INSPECTION_STATE_");
        add(&mut counts, "inspections_by_status", status, row.count);
    }
    for row in &figures.by_purpose {
        add(
            &mut counts,
            "inspections_by_purpose",
            code(row.purpose().as_str_name(), "PURPOSE_"),
            row.count,
        );
    }
    let mut cited = 0;
    for row in &figures.findings_by_state {
        let state = code(row.state().as_str_name(), "FINDING_STATE_");
        cited += if state == "cited" { row.count } else { 0 };
        let open = ["cited", "correction_due", "overdue", "correction_claimed"].contains(&state.as_str());
        add(&mut counts, "open_findings", "", if open { row.count } else { 0 });
        add(&mut counts, "findings_by_state", state, row.count);
    }
    for row in &figures.findings {
        let weight = code(row.weight().as_str_name(), "WEIGHT_");
        add(&mut counts, "findings_by_dimension", &row.dimension, row.count);
        let by = format!("{}/{weight}", row.dimension);
        add(&mut counts, "findings_by_dimension_and_weight", by, row.count);
    }
    // Its figure is made of these.
    add(&mut counts, "institutions_by_status", "filed", figures.operating);
    let corrections = figures.corrections.unwrap_or_default();
    for (state, count) in [
        ("cited", cited),
        ("due", corrections.due),
        ("overdue", corrections.overdue),
        ("correction_claimed", corrections.claimed),
        ("verified", corrections.verified),
        ("corrected_on_site", corrections.on_site),
    ] {
        add(&mut counts, "corrections", state, count);
    }
    let visits = figures.visits.unwrap_or_default();
    for (name, count) in [
        ("overdue_corrections", corrections.overdue),
        ("rejections", corrections.rejected),
        ("findings_extended", corrections.extended),
        ("inspected", figures.inspected),
        ("assistance", figures.assistance),
        ("visits_counted", visits.counted),
        ("visits_noted", visits.noted),
        ("at_cap", visits.at_cap),
        ("ratio_exceeded", figures.ratio_exceeded),
        ("backfilled", figures.backfilled),
        ("backfilled_late", figures.backfilled_late),
        ("approvals_due", figures.approvals_due),
        ("approvals_overdue", figures.approvals_overdue),
        ("approvals_late", figures.approvals_late),
        ("damaged_inspections", figures.damaged),
    ] {
        add(&mut counts, name, "", count);
    }
    counts
}
