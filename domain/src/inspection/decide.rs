//! Decisions of the inspection family.

use super::{Inspection, InspectionCommand, InspectionEvent, Status};
use crate::aggregate::{Access, Aggregate, Context, Decided, Facts, Need, Recorded};
use crate::rejection::{Reason, Rejection};

impl Aggregate for Inspection {
    const CATEGORY: &'static str = "inspection";
    type Command = InspectionCommand;
    type Event = InspectionEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, event: &InspectionEvent, recorded: &Recorded<'_>) {
        self.apply(event, recorded);
    }

    fn decide(
        &self,
        _facts: &Facts,
        _command: &InspectionCommand,
        _context: &Context<'_>,
    ) -> Result<Vec<Decided<InspectionEvent>>, Rejection> {
        Err(Rejection::new(Reason::NotFound, "not decided yet", "尚未实现"))
    }

    /// A plan creates an inspection. The first imported row of a visit creates it too, the next ones append to it.
    fn creates(command: &InspectionCommand) -> bool {
        matches!(
            command,
            InspectionCommand::Plan(_) | InspectionCommand::RecordImported(_)
        )
    }

    /// The institution always; the inspectors where their certificates count: when they are assigned, and again when
    /// they check in.
    fn needs(&self, command: &InspectionCommand) -> Vec<Need> {
        let institution = match command {
            InspectionCommand::Plan(plan) => Some(plan.institution),
            InspectionCommand::RecordImported(row) => Some(row.institution),
            _ => self.institution,
        };
        let mut needs: Vec<Need> = institution.map(Need::Institution).into_iter().collect();
        match command {
            InspectionCommand::AssignInspectors(assign) => {
                needs.extend(assign.inspectors.iter().map(|inspector| Need::Person(inspector.person)));
            }
            InspectionCommand::CheckIn(_) | InspectionCommand::BackfillCheckIn(_) => {
                needs.extend(self.inspectors.keys().map(|person| Need::Person(*person)));
            }
            _ => {}
        }
        needs
    }

    fn access(&self, _command: &InspectionCommand, facts: &Facts) -> Access {
        facts
            .institution
            .as_ref()
            .map_or_else(Access::default, |institution| Access::of_institution(institution))
    }
}
