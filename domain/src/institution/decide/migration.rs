//! From the filing to the licence regime.

use super::Decision;
use crate::aggregate::Context;
use crate::institution::{Institution, StartMigration};

pub(super) fn start_migration(_state: &Institution, _command: &StartMigration, _context: &Context<'_>) -> Decision {
    unimplemented!()
}
