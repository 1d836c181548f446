//! Decisions of the incident family.

use super::{Incident, IncidentCommand, IncidentEvent, Status};
use crate::aggregate::{Access, Aggregate, Context, Decided, Facts, Need, Recorded};
use crate::rejection::{Reason, Rejection};

impl Aggregate for Incident {
    const CATEGORY: &'static str = "incident";
    type Command = IncidentCommand;
    type Event = IncidentEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, _event: &IncidentEvent, _recorded: &Recorded<'_>) {}

    fn decide(
        &self,
        _facts: &Facts,
        _command: &IncidentCommand,
        _context: &Context<'_>,
    ) -> Result<Vec<Decided<IncidentEvent>>, Rejection> {
        Err(Rejection::new(Reason::IllegalTransition, "not built", "未实现"))
    }

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
            .map_or_else(Access::default, |institution| Access {
                region: institution.region.clone(),
                organisation: institution.credit_code.as_ref().map(ToString::to_string),
            })
    }
}
