//! Telling guardians.

use super::check::Check;
use super::decide::{Decision, region};
use super::notification::minutes_after;
use super::{GuardianNotified, Incident, Move, TellGuardian};
use crate::aggregate::{Context, Decided, Facts};
use crate::rejection::{Reason, Rejection};
use crate::time::{Occurred, day_of};

impl Incident {
    /// INC-08: each child's guardian is told once. Late means after the policy's minutes since Yujian knows of the
    /// child: from awareness for the children of the notification, from receipt for those that were told later. Where
    /// policy sets no minutes for the category (a child was harmed all the same), nothing can be late.
    pub(super) fn tell_guardian(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &TellGuardian,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.not_in_future("told_time", "INC-08", command.told_time, context.now);
        check.finish()?;
        self.allow(movement)?;

        let mut check = Check::default();
        if !self.children.contains_key(&command.child) {
            check.refuse(
                "child",
                "INC-08",
                "no child of this incident has this number",
                "本事件中没有该编号的儿童",
            );
        }
        if self
            .occurred
            .and_then(Occurred::earliest)
            .is_some_and(|occurred| command.told_time < occurred)
        {
            check.refuse(
                "told_time",
                "INC-08",
                "lies before the incident",
                "告知时间早于事件发生时间",
            );
        }
        check.finish()?;
        if self.told.contains(&command.child) {
            return Err(Rejection::new(
                Reason::NothingToDo,
                format!("the guardian of child {} was told already", command.child),
                format!("第{}名儿童的监护人已告知", command.child),
            )
            .with("child", command.child.to_string()));
        }

        let known = self
            .child_known
            .get(&command.child)
            .copied()
            .unwrap_or(command.told_time);
        let reference_day = day_of(self.awareness_time.unwrap_or(known));
        let (policy, reference) = context.reference.incident(region(facts)?, reference_day)?;
        let minutes = self
            .category
            .map(|category| policy.category(category))
            .filter(|rule| rule.guardians)
            .map(|rule| rule.guardians_within_minutes);
        let event = GuardianNotified {
            child: command.child,
            told_time: command.told_time,
            channel: command.channel,
            late: minutes.is_some_and(|minutes| command.told_time > minutes_after(known, minutes)),
        };
        Ok(vec![Decided {
            occurred: Some(Occurred::Instant {
                time: command.told_time,
            }),
            policies: vec![reference],
            legal_basis: movement.legal_basis().into_iter().collect(),
            ..Decided::plain(event)
        }])
    }

    /// Children whose guardians are still to be told.
    #[must_use]
    pub fn untold(&self) -> Vec<u32> {
        self.children
            .keys()
            .copied()
            .filter(|number| !self.told.contains(number))
            .collect()
    }

    /// INC-15: where guardians must be told, the case ends only when all of them were.
    pub(super) fn all_told(&self, facts: &Facts, context: &Context<'_>) -> Result<(), Rejection> {
        let untold = self.untold();
        if untold.is_empty() {
            return Ok(());
        }
        // The category may have been raised since the notification, so its rule is asked again.
        let required = self.guardians_due
            || match (self.category, self.awareness_time) {
                (Some(category), Some(awareness)) => {
                    context
                        .reference
                        .incident(region(facts)?, day_of(awareness))?
                        .0
                        .category(category)
                        .guardians
                }
                _ => false,
            };
        if !required {
            return Ok(());
        }
        let numbers = untold.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(Rejection::new(
            Reason::GuardiansNotTold,
            format!("guardians of these children must be told first: {numbers}"),
            format!("须先告知以下编号儿童的监护人：{numbers}"),
        )
        .with("children", numbers)
        .with("rule", "INC-15"))
    }
}
