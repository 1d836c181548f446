//! What each event of an incident's stream says, as facts of the institution's dossier.

use serde_json::{Value, json};

use crate::incident::{Child, IncidentEvent, Status};

/// Keys (without the prefix `incident.<id>.`) and values that an event asserts.
pub(super) fn assertions(event: &IncidentEvent, revision: u64) -> Vec<(String, Value)> {
    let mut facts = Vec::new();
    let mut say = |key: &str, value: Value| facts.push((key.to_owned(), value));
    match event {
        IncidentEvent::IncidentNotified(event) => {
            say("status", json!(Status::Notified));
            say("category", json!(event.category));
            say("occurred", json!(event.occurred));
            say("awareness_time", json!(event.awareness_time));
            say("notification_due", json!(event.notification_due));
            say("late", json!(event.late));
            say("guardians_due", json!(event.guardians_due));
            say("children_present", json!(event.children_present));
            say("staff_present", json!(event.staff_present));
            children(&mut say, &event.children);
        }
        IncidentEvent::IncidentSupplemented(event) => {
            if let Some(category) = event.category {
                say("category", json!(category));
            }
            children(&mut say, &event.children);
            for known in &event.severities {
                say(&format!("child.{}.severity", known.child), json!(known.severity));
            }
        }
        IncidentEvent::GuardianNotified(event) => say(
            &format!("guardian.{}", event.child),
            json!({"told_time": event.told_time, "channel": event.channel, "late": event.late}),
        ),
        IncidentEvent::IncidentTriaged(event) => {
            say("status", json!(Status::Triaged));
            say("priority", json!(event.priority));
            say("regulatory", json!(event.regulatory));
        }
        IncidentEvent::InvestigationOpened(event) => {
            say("status", json!(Status::UnderInvestigation));
            say("investigation_due", json!(event.due));
        }
        IncidentEvent::InvestigationCompleted(event) => {
            say("status", json!(Status::FindingsProposed));
            say("proposed_outcome", json!(event.outcome));
            say("root_causes", json!(event.root_causes));
            say("investigation_late", json!(event.late));
        }
        IncidentEvent::IncidentConcluded(event) => {
            say("status", json!(Status::Concluded));
            say("outcome", json!(event.outcome));
            say("actions", json!(event.actions));
        }
        IncidentEvent::IncidentReopened(_) => {
            say("status", json!(Status::Reopened));
            say("outcome", Value::Null);
        }
        IncidentEvent::RecordImported(event) => {
            say("status", json!(Status::Imported));
            say("external", json!(event.external));
            // Rows of one case stand side by side: each is one harm, told apart by its revision.
            say(
                &format!("harm.{revision}"),
                json!({
                    "category": event.category,
                    "injury": event.injury,
                    "severity": event.severity,
                    "outcome": event.outcome,
                    "intake_date": event.intake_date,
                    "completed_date": event.completed_date,
                    "details": event.details,
                }),
            );
        }
    }
    facts
}

fn children(say: &mut impl FnMut(&str, Value), children: &[Child]) {
    for child in children {
        say(&format!("child.{}.severity", child.number), json!(child.severity));
        say(&format!("child.{}.injury", child.number), json!(child.injury));
        if let Some(age) = child.age_months {
            say(&format!("child.{}.age_months", child.number), json!(age));
        }
    }
}
