//! The fold. Total: whatever was recorded is taken as it stands, in any order.

use super::{Alert, AlertEvent, Status};
use crate::aggregate::Recorded;

impl Alert {
    pub(super) fn apply(&mut self, event: &AlertEvent, recorded: &Recorded<'_>) {
        self.status = match event {
            AlertEvent::AlertRaised(event) => {
                self.rule = Some(event.rule);
                self.institution = Some(event.institution);
                Status::Raised
            }
            AlertEvent::AlertAcknowledged(_) => Status::Acknowledged,
            AlertEvent::AlertLinked(event) => {
                self.link = Some(event.target);
                Status::Linked
            }
            AlertEvent::AlertDismissed(_) => Status::Dismissed,
            AlertEvent::AlertConfirmed(_) => Status::Confirmed,
            AlertEvent::AlertLapsed(_) => Status::Lapsed,
        };
        self.status_from = recorded
            .metadata
            .effective_from
            .or_else(|| recorded.metadata.occurred.earliest());
    }
}
