//! The fold. Total: whatever was recorded is taken as it stands, in any order.

use jiff::Timestamp;

use super::{Finding, FindingState, ImportedKind, Inspection, InspectionEvent, Status};
use crate::aggregate::Recorded;

impl Inspection {
    pub(super) fn apply(&mut self, event: &InspectionEvent, recorded: &Recorded<'_>) {
        let before = self.status;
        self.fold(event, recorded);
        if self.status != before {
            self.status_from = legal_start(recorded);
        }
    }

    fn fold(&mut self, event: &InspectionEvent, recorded: &Recorded<'_>) {
        let actor = || recorded.metadata.actor.id.clone();
        match event {
            InspectionEvent::InspectionPlanned(event) => {
                self.status = Status::Planned;
                self.institution = Some(event.institution);
                self.purpose = Some(event.purpose);
                self.emergency = event.emergency;
                self.ordered_from_above = event.ordered_from_above;
                self.announced = event.announced;
                self.checklist = Some(event.checklist.clone());
                self.dimensions.clone_from(&event.dimensions);
                self.window = Some((event.from_date, event.to_date));
                self.planned_by = Some(actor());
            }
            InspectionEvent::InspectionApproved(event) => {
                self.approved = true;
                self.approval_due = None;
                if !event.after_check_in {
                    self.status = if self.inspectors.is_empty() {
                        Status::Approved
                    } else {
                        Status::Assigned
                    };
                }
            }
            InspectionEvent::InspectorsAssigned(event) => {
                self.inspectors = event
                    .inspectors
                    .iter()
                    .map(|inspector| (inspector.person, inspector.clone()))
                    .collect();
                self.recusals.clear();
                if self.status == Status::Approved || (self.status == Status::Planned && self.emergency) {
                    self.status = Status::Assigned;
                }
            }
            InspectionEvent::RecusalRequested(event) => {
                self.recusals.insert(event.person, (event.ground, actor()));
            }
            InspectionEvent::RecusalDecided(event) => {
                self.recusals.remove(&event.person);
                if event.granted {
                    self.inspectors.remove(&event.person);
                    self.recused.push(event.person);
                }
            }
            InspectionEvent::InspectorCheckedIn(event) => {
                self.status = Status::CheckedIn;
                self.arrived_time = recorded.metadata.occurred.earliest();
                self.approval_due.clone_from(&event.approval_due);
            }
            InspectionEvent::CheckInBackfilled(event) => {
                self.status = Status::CheckedIn;
                self.arrived_time = Some(event.arrived_time);
                self.approval_due.clone_from(&event.approval_due);
            }
            InspectionEvent::PresenceCounted(_) => {}
            InspectionEvent::ItemsAnswered(event) => {
                for answer in &event.answers {
                    self.answers.insert(answer.item.clone(), answer.answer);
                }
            }
            InspectionEvent::FindingCited(event) => {
                self.findings.insert(
                    event.finding,
                    Finding {
                        item: event.item.clone(),
                        weight: event.weight,
                        state: FindingState::Cited,
                        due_date: None,
                        rejected: 0,
                        extended: 0,
                        claimed_by: None,
                        since: legal_start(recorded),
                    },
                );
            }
            InspectionEvent::TechnicalAssistanceGiven(event) => {
                self.assistance.insert(event.number, event.item.clone());
            }
            InspectionEvent::FieldworkCompleted(_) => self.status = Status::FieldworkCompleted,
            InspectionEvent::InspectionAborted(_) => self.status = Status::Aborted,
            InspectionEvent::InspectionCancelled(_) => self.status = Status::Cancelled,
            InspectionEvent::DraftReportIssued(event) => {
                self.status = Status::DraftIssued;
                self.comments_due = Some(event.comments_due.clone());
            }
            InspectionEvent::DraftCommented(_) => self.status = Status::Commented,
            InspectionEvent::InspectionFinalized(_) => {
                self.status = Status::Finalized;
                self.finalized_date = recorded.metadata.occurred.day();
            }
            InspectionEvent::InspectionPublished(_) => self.status = Status::Published,
            InspectionEvent::InspectionImported(event) => {
                if self.status == Status::None {
                    self.status = Status::Imported;
                }
                self.institution.get_or_insert(event.institution);
                self.register.get_or_insert_with(|| event.external.clone());
                self.imported_rows = self.imported_rows.saturating_add(1);
                match event.kind {
                    ImportedKind::Finding => {
                        self.findings.insert(
                            event.number,
                            Finding {
                                item: String::new(),
                                weight: event.weight,
                                state: FindingState::Imported,
                                due_date: None,
                                rejected: 0,
                                extended: 0,
                                claimed_by: None,
                                since: legal_start(recorded),
                            },
                        );
                    }
                    ImportedKind::TechnicalAssistance => {
                        self.assistance.insert(event.number, String::new());
                    }
                }
            }
            InspectionEvent::CorrectedOnSite(event) => {
                self.finding(event.finding, recorded, |finding| {
                    finding.state = FindingState::CorrectedOnSite;
                });
            }
            InspectionEvent::CorrectionOrdered(event) => self.finding(event.finding, recorded, |finding| {
                finding.state = FindingState::CorrectionDue;
                finding.due_date = Some(event.due_date);
            }),
            InspectionEvent::CorrectionClaimed(event) => self.finding(event.finding, recorded, |finding| {
                finding.state = FindingState::CorrectionClaimed;
                finding.claimed_by = Some(actor());
            }),
            InspectionEvent::CorrectionVerified(event) => {
                self.finding(event.finding, recorded, |finding| {
                    finding.state = FindingState::Verified;
                });
            }
            InspectionEvent::CorrectionRejected(event) => self.finding(event.finding, recorded, |finding| {
                finding.state = FindingState::CorrectionDue;
                finding.due_date = Some(event.due_date);
                finding.rejected = event.times;
            }),
            InspectionEvent::CorrectionExtended(event) => self.finding(event.finding, recorded, |finding| {
                finding.state = FindingState::CorrectionDue;
                finding.due_date = Some(event.due_date);
                finding.extended = finding.extended.saturating_add(1);
            }),
            InspectionEvent::CorrectionOverdue(event) => {
                self.finding(event.finding, recorded, |finding| finding.state = FindingState::Overdue);
            }
        }
    }

    fn finding(&mut self, number: u32, recorded: &Recorded<'_>, change: impl FnOnce(&mut Finding)) {
        if let Some(finding) = self.findings.get_mut(&number) {
            change(finding);
            finding.since = legal_start(recorded);
        }
    }
}

/// From when an event has legal effect, when known.
fn legal_start(recorded: &Recorded<'_>) -> Option<Timestamp> {
    recorded
        .metadata
        .effective_from
        .or_else(|| recorded.metadata.occurred.earliest())
}
