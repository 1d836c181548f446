//! Conditions and provisional standing.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{
    ImposeCondition, Institution, LiftCondition, MakeProvisional, RecordConditionMet, RestoreStanding,
};

pub(super) fn impose_condition(_state: &Institution, _command: &ImposeCondition, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn record_condition_met(
    _state: &Institution,
    _command: &RecordConditionMet,
    _context: &Context<'_>,
) -> Decision {
    unimplemented!()
}

pub(super) fn lift_condition(_state: &Institution, _command: &LiftCondition, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn make_provisional(_state: &Institution, _command: &MakeProvisional, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn restore_standing(_state: &Institution, _command: &RestoreStanding, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
