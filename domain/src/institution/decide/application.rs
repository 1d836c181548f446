//! Applications of the licence regime: papers come in, are returned, accepted, dismissed, withdrawn.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{
    AcceptApplication, DismissApplication, Institution, ReturnApplication, SubmitApplication, WithdrawApplication,
};

pub(super) fn submit(_state: &Institution, _command: &SubmitApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn return_once(_state: &Institution, _command: &ReturnApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn accept(_state: &Institution, _command: &AcceptApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn dismiss(_state: &Institution, _command: &DismissApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn withdraw(_state: &Institution, _command: &WithdrawApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
