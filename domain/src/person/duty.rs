//! Off duty and back.

use super::decide::Decision;
use super::moves::Move;
use super::timing::{act_day, begins, today};
use super::{Engagement, OffDutyGround, Person, ReturnToDuty, ReturnedToDuty, TakeOffDuty, TakenOffDuty};
use crate::aggregate::{Context, Decided};
use crate::rejection::{Reason, Rejection};

impl Person {
    /// The ground must hold on the day of the act. For who is off duty already, nothing changes: return asks for every
    /// check anew, whatever the ground was.
    // rule: STF-16
    pub(super) fn take_off_duty(&self, movement: &Move, command: &TakeOffDuty, context: &Context<'_>) -> Decision {
        let engagement = self.engagement(movement, command.engagement)?;
        if !self.ground_holds(command.ground, act_day(context)) {
            return Err(Rejection::field(
                "ground",
                "STF-16",
                "does not hold on that day",
                "该情形在当日不成立",
            ));
        }
        let event = TakenOffDuty {
            engagement: command.engagement,
            institution: engagement.institution,
            ground: command.ground,
        };
        Ok(vec![Decided {
            effective_from: engagement.begins(context)?,
            legal_basis: Self::basis_of(command.ground).into_iter().collect(),
            ..Decided::plain(event)
        }])
    }

    /// Back only when nothing stands in the way, whatever the ground was; after an infectious disease with a new
    /// examination.
    // rule: STF-17
    pub(super) fn return_to_duty(&self, movement: &Move, command: &ReturnToDuty, context: &Context<'_>) -> Decision {
        let engagement = self.engagement(movement, command.engagement)?;
        let effective_from = engagement.begins(context)?;
        self.eligible(movement, act_day(context), context)?;
        let examined = self
            .health
            .as_ref()
            .is_some_and(|health| health.issue_date >= engagement.since);
        if engagement.off_duty == Some(OffDutyGround::Infectious) && !examined {
            let ground = OffDutyGround::Infectious;
            let rejection = Rejection::new(
                Reason::PersonIneligible,
                format!(
                    "after an infectious disease a new examination is needed, of {} or later",
                    engagement.since
                ),
                format!("患传染病后须重新体检（{}及以后）", engagement.since),
            )
            .with("date", today(context).to_string())
            .with("missing", ground.code())
            .with("possible", "record_health_certificate (operator, officer)")
            .with("command", movement.command)
            .with("rule", movement.rule);
            return Err(Self::basis_of(ground).into_iter().fold(rejection, Rejection::citing));
        }
        let event = ReturnedToDuty {
            engagement: command.engagement,
            institution: engagement.institution,
        };
        Ok(vec![Decided {
            effective_from,
            ..Decided::plain(event)
        }])
    }
}

impl Engagement {
    fn begins(&self, context: &Context<'_>) -> Result<Option<jiff::Timestamp>, Rejection> {
        begins(self.status_from, self.state.code(), context)
    }
}
