//! Decisions of the incident family. Each command's rules stand in its own room.
//!
//! Order of checks: what is wrong with the request whatever the state (all violations at once), then the state machine,
//! then what depends on both.

use super::timing;
use super::{Incident, IncidentCommand, IncidentEvent, Status};
use crate::aggregate::{Access, Aggregate, Context, Decided, Facts, Need, Recorded};
use crate::institution::Institution;
use crate::rejection::{Reason, Rejection};
use crate::values::RegionId;

/// What a decision of one command gives.
pub(super) type Decision = Result<Vec<Decided<IncidentEvent>>, Rejection>;

impl Aggregate for Incident {
    const CATEGORY: &'static str = "incident";
    type Command = IncidentCommand;
    type Event = IncidentEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, event: &IncidentEvent, recorded: &Recorded<'_>) {
        self.apply(event, recorded);
    }

    fn decide(&self, facts: &Facts, command: &IncidentCommand, context: &Context<'_>) -> Decision {
        timing::act_is_past(command, context)?;
        let movement = command.movement();
        match command {
            IncidentCommand::Notify(notify) => self.notify(movement, facts, notify, context),
            IncidentCommand::Supplement(supplement) => self.supplement(movement, supplement, context),
            IncidentCommand::TellGuardian(told) => self.tell_guardian(movement, facts, told, context),
            IncidentCommand::Triage(triage) => self.triage(movement, triage, context),
            IncidentCommand::OpenInvestigation(open) => self.open_investigation(movement, facts, open, context),
            IncidentCommand::CompleteInvestigation(complete) => {
                self.complete_investigation(movement, complete, context)
            }
            IncidentCommand::Conclude(conclude) => self.conclude(movement, facts, conclude, context),
            IncidentCommand::Reopen(reopen) => self.reopen(movement, reopen, context),
            IncidentCommand::RecordImported(row) => self.record_imported(movement, facts, row, context),
        }
    }

    /// A notification creates an incident. The first imported row of a case creates it too, the next ones append to it.
    fn creates(command: &IncidentCommand) -> bool {
        matches!(command, IncidentCommand::Notify(_) | IncidentCommand::RecordImported(_))
    }

    fn needs(&self, command: &IncidentCommand) -> Vec<Need> {
        let institution = match command {
            IncidentCommand::Notify(notify) => Some(notify.institution),
            IncidentCommand::RecordImported(row) => Some(row.institution),
            _ => self.institution,
        };
        institution.map(Need::Institution).into_iter().collect()
    }

    fn access(&self, _command: &IncidentCommand, facts: &Facts) -> Access {
        facts
            .institution
            .as_ref()
            .map_or_else(Access::default, |institution| Access::of_institution(institution))
    }
}

/// INC-01: the institution that the command is about must exist.
pub(super) fn institution(facts: &Facts) -> Result<&Institution, Rejection> {
    facts
        .institution
        .as_deref()
        .filter(|institution| institution.exists())
        .ok_or_else(|| Rejection::new(Reason::NotFound, "no such institution", "没有该机构"))
}

/// The region whose policies apply: the institution's. Every institution that exists has one.
pub(super) fn region(facts: &Facts) -> Result<&RegionId, Rejection> {
    institution(facts)?
        .region
        .as_ref()
        .ok_or_else(|| Rejection::new(Reason::NotFound, "the institution has no region", "该机构没有所在区划"))
}
