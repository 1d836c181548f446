//! What each event of an inspection's stream says, as facts of the institution's dossier.
//!
//! An event says what it knows alone. That inspectors are assigned shows in `inspectors`, not in `status`: they may be
//! replaced while the visit goes on.

use serde_json::{Value, json};

use crate::inspection::{FindingState, ImportedKind, InspectionEvent, InspectionImported, Status};

/// Keys (without the prefix `inspection.<id>.`) and values that an event asserts.
pub(super) fn assertions(event: &InspectionEvent) -> Vec<(String, Value)> {
    let mut facts = Vec::new();
    let mut say = |key: &str, value: Value| facts.push((key.to_owned(), value));
    match event {
        InspectionEvent::InspectionPlanned(event) => {
            say("status", json!(Status::Planned));
            say("purpose", json!(event.purpose));
            say("emergency", json!(event.emergency));
            say("ordered_from_above", json!(event.ordered_from_above));
            say("checklist", json!(event.checklist));
            say("dimensions", json!(event.dimensions));
            say(
                "window",
                json!({"from_date": event.from_date, "to_date": event.to_date}),
            );
            say("announced", json!(event.announced));
            say("joint_bodies", json!(event.joint_bodies));
        }
        InspectionEvent::InspectionApproved(event) => {
            if !event.after_check_in {
                say("status", json!(Status::Approved));
            }
            say("approval", json!(event));
            say("approval_due", Value::Null);
        }
        InspectionEvent::InspectorsAssigned(event) => say("inspectors", json!(event.inspectors)),
        InspectionEvent::RecusalRequested(event) => {
            say(&format!("recusal.{}.ground", event.person), json!(event.ground));
        }
        InspectionEvent::RecusalDecided(event) => {
            say(&format!("recusal.{}.granted", event.person), json!(event.granted));
        }
        InspectionEvent::InspectorCheckedIn(event) => {
            say("status", json!(Status::CheckedIn));
            say("arrived", json!({"method": event.method}));
            say("approval_due", json!(event.approval_due));
        }
        InspectionEvent::CheckInBackfilled(event) => {
            say("status", json!(Status::CheckedIn));
            say(
                "arrived",
                json!({"arrived_time": event.arrived_time, "reason": event.reason, "late": event.late}),
            );
            say("approval_due", json!(event.approval_due));
        }
        InspectionEvent::PresenceCounted(event) => {
            say(
                "presence",
                json!({"children": event.children, "carers": event.carers, "staff": event.staff}),
            );
            say("ratio_exceeded", json!(event.ratio_exceeded));
        }
        // Single answers stay in the log: what counts of them is cited, or shows in the points.
        InspectionEvent::ItemsAnswered(_) => {}
        InspectionEvent::FieldworkCompleted(event) => {
            say("status", json!(Status::FieldworkCompleted));
            say("signature", json!(event.signature));
            say("items", json!(event.items));
            say("not_checked", json!(event.not_checked));
        }
        InspectionEvent::InspectionAborted(event) => {
            say("status", json!(Status::Aborted));
            say("abort_reason", json!(event.reason));
        }
        InspectionEvent::InspectionCancelled(event) => {
            say("status", json!(Status::Cancelled));
            say("cancel_reason", json!(event.reason));
        }
        InspectionEvent::DraftReportIssued(event) => {
            say("status", json!(Status::DraftIssued));
            say("comments_due", json!(event.comments_due));
        }
        InspectionEvent::DraftCommented(event) => {
            say("status", json!(Status::Commented));
            say("comments_late", json!(event.late));
        }
        InspectionEvent::InspectionFinalized(event) => {
            say("status", json!(Status::Finalized));
            say("points", json!(event.points));
            say("points_of", json!(event.points_of));
            say("vetoes", json!(event.vetoes));
            say("findings", json!(event.findings));
            say("report_sha256", json!(event.report_sha256));
        }
        InspectionEvent::InspectionPublished(event) => {
            say("status", json!(Status::Published));
            say("publication", json!(event));
        }
        InspectionEvent::InspectionImported(event) => imported(&mut say, event),
        InspectionEvent::TechnicalAssistanceGiven(event) => say(
            &format!("assistance.{}", event.number),
            json!({"item": event.item, "dimension": event.dimension}),
        ),
        InspectionEvent::FindingCited(_)
        | InspectionEvent::CorrectedOnSite(_)
        | InspectionEvent::CorrectionOrdered(_)
        | InspectionEvent::CorrectionClaimed(_)
        | InspectionEvent::CorrectionVerified(_)
        | InspectionEvent::CorrectionRejected(_)
        | InspectionEvent::CorrectionExtended(_)
        | InspectionEvent::CorrectionOverdue(_) => finding(&mut say, event),
    }
    facts
}

/// Facts of one finding, under `finding.<number>.`.
fn finding(say: &mut impl FnMut(&str, Value), event: &InspectionEvent) {
    let mut of = |number: u32, key: &str, value: Value| say(&format!("finding.{number}.{key}"), value);
    match event {
        InspectionEvent::FindingCited(event) => {
            of(event.finding, "state", json!(FindingState::Cited));
            of(event.finding, "item", json!(event.item));
            of(event.finding, "dimension", json!(event.dimension));
            of(event.finding, "weight", json!(event.weight));
            of(event.finding, "extent", json!(event.extent));
            of(event.finding, "children_at_risk", json!(event.children_at_risk));
            of(event.finding, "measure", json!(event.measure));
        }
        InspectionEvent::CorrectedOnSite(event) => of(event.finding, "state", json!(FindingState::CorrectedOnSite)),
        InspectionEvent::CorrectionOrdered(event) => {
            of(event.finding, "state", json!(FindingState::CorrectionDue));
            of(event.finding, "due_date", json!(event.due_date));
        }
        InspectionEvent::CorrectionClaimed(event) => {
            of(event.finding, "state", json!(FindingState::CorrectionClaimed));
            of(event.finding, "claim_late", json!(event.late));
        }
        InspectionEvent::CorrectionVerified(event) => {
            of(event.finding, "state", json!(FindingState::Verified));
            of(event.finding, "check", json!(event.check));
        }
        InspectionEvent::CorrectionRejected(event) => {
            of(event.finding, "state", json!(FindingState::CorrectionDue));
            of(event.finding, "due_date", json!(event.due_date));
            of(event.finding, "rejected", json!(event.times));
        }
        InspectionEvent::CorrectionExtended(event) => {
            of(event.finding, "state", json!(FindingState::CorrectionDue));
            of(event.finding, "due_date", json!(event.due_date));
        }
        InspectionEvent::CorrectionOverdue(event) => of(event.finding, "state", json!(FindingState::Overdue)),
        _ => {}
    }
}

/// Rows of one visit stand side by side, each under its number; what one tells of is a finding or advice like any other.
fn imported(say: &mut impl FnMut(&str, Value), event: &InspectionImported) {
    let number = event.number;
    say("status", json!(Status::Imported));
    say("external", json!(event.external));
    match event.kind {
        ImportedKind::Finding => {
            say(&format!("finding.{number}.state"), json!(FindingState::Imported));
            say(&format!("finding.{number}.weight"), json!(event.weight));
        }
        ImportedKind::TechnicalAssistance => {
            say(&format!("assistance.{number}"), json!({"standard": event.standard}));
        }
    }
    say(
        &format!("row.{number}"),
        json!({
            "kind": event.kind,
            "standard": event.standard,
            "visit_date": event.visit_date,
            "corrected_date": event.corrected_date,
            "details": event.details,
        }),
    );
}
