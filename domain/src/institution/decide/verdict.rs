//! The decision by a second person: granted, or refused after the applicant was heard.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{
    DecideApplication, DecideObjection, Institution, IssueCertificate, LodgeObjection, RefuseApplication,
};

pub(super) fn decide(_state: &Institution, _command: &DecideApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn lodge_objection(_state: &Institution, _command: &LodgeObjection, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn decide_objection(_state: &Institution, _command: &DecideObjection, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn refuse(_state: &Institution, _command: &RefuseApplication, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn issue_certificate(_state: &Institution, _command: &IssueCertificate, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
