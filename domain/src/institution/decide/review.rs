//! What is looked at before a decision: information, other bureaus' registers, the site; and what is proposed.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{
    Institution, ProposeDecision, ProvideInformation, RecordRegistryCheck, RecordSiteVerification, RequestInformation,
    ReturnProposal,
};

pub(super) fn request_information(
    _state: &Institution,
    _command: &RequestInformation,
    _context: &Context<'_>,
) -> Decision {
    unimplemented!()
}

pub(super) fn provide_information(
    _state: &Institution,
    _command: &ProvideInformation,
    _context: &Context<'_>,
) -> Decision {
    unimplemented!()
}

pub(super) fn record_registry_check(
    _state: &Institution,
    _command: &RecordRegistryCheck,
    _context: &Context<'_>,
) -> Decision {
    unimplemented!()
}

pub(super) fn record_site_verification(
    _state: &Institution,
    _command: &RecordSiteVerification,
    _context: &Context<'_>,
) -> Decision {
    unimplemented!()
}

pub(super) fn propose_decision(_state: &Institution, _command: &ProposeDecision, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn return_proposal(_state: &Institution, _command: &ReturnProposal, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
