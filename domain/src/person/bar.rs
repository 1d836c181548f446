//! Bars from work with children (从业禁止).

use super::check::{self, NAME_MAX, REASON_MAX};
use super::decide::Decision;
use super::moves::{HEALTH_MEASURES, MINORS_LAW, Move, POPULATION_LAW};
use super::timing::{begins, today};
use super::{Bar, BarGround, BarLifted, LiftBar, Person, PersonBarred};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::start_of;

impl BarGround {
    /// Article that the bar rests on; an order names its own.
    #[must_use]
    pub fn legal_basis(self) -> Option<LegalBasis> {
        match self {
            Self::ChildAbuse => Some(LegalBasis::new(POPULATION_LAW, "§41")),
            Self::Record => Some(LegalBasis::new(MINORS_LAW, "§62")),
            Self::Health => Some(LegalBasis::new(HEALTH_MEASURES, "§14")),
            Self::Order => None,
        }
    }
}

impl Person {
    /// One bar at a time: while one stands, or is to come, it is lifted before another takes its place. Engagements are
    /// left to the reactor that takes each off duty and alerts its institution.
    // rule: STF-19
    pub(super) fn bar(&self, movement: &Move, command: &Bar, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.text("decision_number", &command.decision_number, NAME_MAX);
        check.text("reason", command.reason.expose(), REASON_MAX);
        if let Some(until) = command.until_date {
            check.ensure(
                command.ground != BarGround::ChildAbuse,
                "until_date",
                "STF-19",
                "a bar for the abuse of children is for life",
                "虐待婴幼儿的，终身不得从业，不能设截止日期",
            );
            check.ensure(
                until >= command.from_date && until >= today(context),
                "until_date",
                "STF-19",
                "must not lie before the first day or today",
                "截止日期不能早于起始日期或今天",
            );
        }
        check.done()?;
        self.allow(movement)?;
        let first = command.from_date.min(today(context));
        if let Some(standing) = &self.bar
            && standing.until_date.is_none_or(|until| first <= until)
        {
            let until = standing
                .until_date
                .map_or_else(|| "life".to_owned(), |until| until.to_string());
            return Err(self
                .illegal(
                    movement,
                    &format!(" from {} to {until}; lift that bar first", standing.from_date),
                )
                .with("from_date", standing.from_date.to_string())
                .with("until_date", until));
        }
        let from = start_of(command.from_date);
        let event = PersonBarred {
            ground: command.ground,
            from_date: command.from_date,
            until_date: command.until_date,
            decision_number: command.decision_number.trim().to_owned(),
            reason: check::text(context.id, &command.reason),
        };
        Ok(vec![Decided {
            // The order may be older than what the register knows of the person.
            effective_from: Some(self.status_from.map_or(from, |since| since.max(from))),
            legal_basis: command.ground.legal_basis().into_iter().collect(),
            ..Decided::plain(event)
        }])
    }

    // rule: STF-20
    pub(super) fn lift_bar(&self, movement: &Move, command: &LiftBar, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.text("decision_number", &command.decision_number, NAME_MAX);
        check.text("reason", command.reason.expose(), REASON_MAX);
        check.done()?;
        self.allow(movement)?;
        if self.bar.as_ref().is_some_and(|bar| bar.imposed_by == context.actor.id) {
            return Err(Rejection::new(
                Reason::TwoPersonRule,
                "another account than the one that imposed the bar must lift it",
                "作出从业禁止的人员不能解除该禁止",
            )
            .with("rule", "STF-20"));
        }
        let event = BarLifted {
            decision_number: command.decision_number.trim().to_owned(),
            reason: check::text(context.id, &command.reason),
        };
        Ok(vec![Decided {
            effective_from: begins(self.status_from, self.status.code(), context)?,
            ..Decided::plain(event)
        }])
    }
}
