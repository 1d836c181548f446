//! Legal clocks: stopped, extended, run out, counted anew; and what follows when one has run out.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{ExpireClock, ExtendClock, Institution, PauseClock, RecomputeClocks, ResumeClock};

pub(super) fn pause_clock(_state: &Institution, _command: &PauseClock, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn resume_clock(_state: &Institution, _command: &ResumeClock, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn extend_clock(_state: &Institution, _command: &ExtendClock, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn expire_clock(_state: &Institution, _command: &ExpireClock, _context: &Context<'_>) -> Decision {
    unimplemented!()
}

pub(super) fn recompute_clocks(_state: &Institution, _command: &RecomputeClocks, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
