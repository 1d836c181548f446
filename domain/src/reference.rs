//! Reference data as activated: what a decision may rest on besides state and command.

use std::sync::Arc;

use crate::calendar::Calendar;
use crate::divisions::Divisions;

/// Policies, calendar and divisions.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Working days.
    pub calendar: Calendar,
    /// Divisions.
    pub divisions: Arc<Divisions>,
}
