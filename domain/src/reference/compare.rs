//! The rule of one day beside that of another.

use jiff::civil::Date;

use super::{ActivePolicy, Reference};
use crate::policy::{Difference, PolicyDocument, PolicyKind};
use crate::rejection::Rejection;
use crate::values::RegionId;

/// Two documents of one kind and region: of the day of an act and of the day of its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison<'a> {
    /// What decided on the day of the act; `None` when nothing did.
    pub at_act: Option<&'a ActivePolicy>,
    /// What decides on the day of the decision.
    pub at_decision: Option<&'a ActivePolicy>,
    /// Values in which they differ: before is that of the act.
    pub differences: Vec<Difference>,
}

impl Reference {
    /// The rule of the day of an act beside the rule of the day of the decision: the earlier one counts unless the later one
    /// is milder (处罚法 §37). Which is milder is for a person to say.
    ///
    /// # Errors
    /// `POLICY_NOT_IN_FORCE` when there is no rule on either day.
    pub fn compare(
        &self,
        kind: PolicyKind,
        region: &RegionId,
        act: Date,
        decision: Date,
    ) -> Result<Comparison<'_>, Rejection> {
        let at_act = self.in_force(kind, region, act);
        let at_decision = self.in_force(kind, region, decision);
        if at_act.is_none() && at_decision.is_none() {
            return Err(super::not_in_force(kind.code(), kind.zh(), region, act));
        }
        let text = |active: Option<&ActivePolicy>| active.map_or_else(String::new, |active| active.text.clone());
        // Both texts were parsed when they became active.
        let differences = PolicyDocument::differences(&text(at_act), &text(at_decision)).unwrap_or_default();
        Ok(Comparison {
            at_act,
            at_decision,
            differences,
        })
    }
}
