//! The fold. Total: whatever was recorded is taken as it stands, in any order.

use super::{Child, Incident, IncidentEvent, Status};
use crate::aggregate::Recorded;

impl Incident {
    pub(super) fn apply(&mut self, event: &IncidentEvent, recorded: &Recorded<'_>) {
        let before = self.status;
        self.fold(event, recorded);
        if self.status != before {
            self.status_from = recorded
                .metadata
                .effective_from
                .or_else(|| recorded.metadata.occurred.earliest());
        }
    }

    fn fold(&mut self, event: &IncidentEvent, recorded: &Recorded<'_>) {
        match event {
            IncidentEvent::IncidentNotified(event) => {
                self.status = Status::Notified;
                self.institution = Some(event.institution);
                self.category = Some(event.category);
                self.occurred = Some(event.occurred);
                self.awareness_time = Some(event.awareness_time);
                self.notification_due = Some(event.notification_due.clone());
                self.late = event.late;
                self.guardians_due = event.guardians_due;
                for child in &event.children {
                    self.take_child(child, event.awareness_time);
                }
            }
            IncidentEvent::IncidentSupplemented(event) => {
                for child in &event.children {
                    self.take_child(child, recorded.metadata.received_time);
                }
                for known in &event.severities {
                    self.children.insert(known.child, known.severity);
                    self.guardians_due |= known.severity.is_harm();
                }
                self.category = event.category.or(self.category);
            }
            IncidentEvent::GuardianNotified(event) => {
                self.told.insert(event.child);
            }
            IncidentEvent::IncidentTriaged(event) => {
                self.status = Status::Triaged;
                self.priority = Some(event.priority);
                self.regulatory = Some(event.regulatory);
            }
            IncidentEvent::InvestigationOpened(event) => {
                self.status = Status::UnderInvestigation;
                self.investigation_due = Some(event.due.clone());
                self.completed_by = None;
            }
            IncidentEvent::InvestigationCompleted(event) => {
                self.status = Status::FindingsProposed;
                self.completed_by = Some(recorded.metadata.actor.id.clone());
                self.outcome = Some(event.outcome);
            }
            IncidentEvent::IncidentConcluded(event) => {
                self.status = Status::Concluded;
                self.outcome = Some(event.outcome);
            }
            IncidentEvent::IncidentReopened(_) => {
                self.status = Status::Reopened;
                self.regulatory = Some(true);
                self.investigation_due = None;
                self.completed_by = None;
                self.outcome = None;
            }
            IncidentEvent::RecordImported(event) => {
                // A later edition of the register may add a row to a case that lives under our commands by now: what
                // the case has become since stays.
                if self.status == Status::None {
                    self.status = Status::Imported;
                    self.outcome = Some(event.outcome);
                }
                self.institution.get_or_insert(event.institution);
                self.category.get_or_insert(event.category);
                self.register.get_or_insert_with(|| event.external.clone());
                self.imported_rows = self.imported_rows.saturating_add(1);
            }
        }
    }

    fn take_child(&mut self, child: &Child, known: jiff::Timestamp) {
        self.children.insert(child.number, child.severity);
        self.child_known.entry(child.number).or_insert(known);
        self.guardians_due |= child.severity.is_harm();
    }
}
