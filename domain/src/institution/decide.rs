//! Decisions of the institution family.

use super::{Institution, InstitutionCommand, InstitutionEvent, Status};
use crate::aggregate::{Access, Aggregate, Claim, Context, Decided, Facts, Recorded};
use crate::rejection::{Reason, Rejection};

impl Aggregate for Institution {
    const CATEGORY: &'static str = "institution";
    type Command = InstitutionCommand;
    type Event = InstitutionEvent;

    fn exists(&self) -> bool {
        self.status != Status::None
    }

    fn evolve(&mut self, _event: &InstitutionEvent, _recorded: &Recorded<'_>) {}

    fn decide(
        &self,
        _facts: &Facts,
        _command: &InstitutionCommand,
        _context: &Context<'_>,
    ) -> Result<Vec<Decided<InstitutionEvent>>, Rejection> {
        Err(Rejection::new(Reason::IllegalTransition, "not built", "未实现"))
    }

    fn creates(command: &InstitutionCommand) -> bool {
        matches!(command, InstitutionCommand::Register(_) | InstitutionCommand::RecordImported(_))
    }

    fn claim(command: &InstitutionCommand) -> Option<Claim> {
        match command {
            InstitutionCommand::Register(register) => {
                Some(Claim { kind: "site", value: format!("{}|{}", register.credit_code, register.site) })
            }
            _ => None,
        }
    }

    fn access(&self, command: &InstitutionCommand, _facts: &Facts) -> Access {
        match command {
            InstitutionCommand::Register(register) => Access {
                region: Some(register.region.clone()),
                organisation: Some(register.credit_code.to_string()),
            },
            _ => Access {
                region: self.region.clone(),
                organisation: self.credit_code.as_ref().map(ToString::to_string),
            },
        }
    }
}
