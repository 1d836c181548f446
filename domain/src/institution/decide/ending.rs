//! A licence taken away, and the orderly cessation that follows an end.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{CloseCessation, Institution, OpenCessation, RecordPlacement, RevokeAuthorization};

pub(super) fn revoke_authorization(
    _state: &Institution,
    _command: &RevokeAuthorization,
    _context: &Context<'_>,
) -> Decision {
    unimplemented!()
}

pub(super) fn open_cessation(_state: &Institution, _command: &OpenCessation, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn record_placement(_state: &Institution, _command: &RecordPlacement, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn close_cessation(_state: &Institution, _command: &CloseCessation, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
