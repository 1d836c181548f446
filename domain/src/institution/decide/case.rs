//! An application of the licence regime as a decision handles it: with its policy and the day of the act.

use jiff::civil::Date;

use super::act_day;
use super::clocking::{self, run_out};
use super::filing::papers_day;
use super::register::{LONGEST_LINE, LONGEST_NAME};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{Clock, ClockKind, ClockRef};
use crate::envelope::PolicyRef;
use crate::institution::machine::{self, LICENSING_LAW};
use crate::institution::{Institution, InstitutionEvent, LicenceApplication, NonconformityReason};
use crate::policy::LicencePolicy;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::{Occurred, start_of};

/// Most entries of a list in a command of the licence regime: reasons, items, questions, conditions, papers.
pub(super) const MOST_ENTRIES: usize = 100;

/// An application under the policy that it is handled under to its end.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    /// The application.
    pub(super) application: &'a LicenceApplication,
    /// Its policy.
    pub(super) policy: &'a LicencePolicy,
    /// Legal day of the act: for an operator the day on which the request came in, else as the caller says.
    pub(super) day: Date,
}

impl<'a> Case<'a> {
    /// The application of that number.
    ///
    /// # Errors
    /// `INVALID_FIELD` (ADM-40) when there is none, `POLICY_NOT_IN_FORCE` when its policy is not known here.
    pub(super) fn of(state: &'a Institution, number: u32, context: &Context<'a>) -> Result<Self, Rejection> {
        let application = machine::application(state, number)?;
        Ok(Self {
            application,
            policy: context.reference.licence_of(&application.policy)?,
            day: papers_day(context),
        })
    }

    /// The same where the act follows on where the application stands: states of an application follow one another in
    /// legal time.
    ///
    /// # Errors
    /// As [`Case::of`], and `INVALID_FIELD` (GEN-08) when the act lies before the present state.
    // rule: GEN-08
    pub(super) fn next(state: &'a Institution, number: u32, context: &Context<'a>) -> Result<Self, Rejection> {
        let case = Self::of(state, number, context)?;
        match case.application.since {
            Some(since) if case.day < since => Err(Rejection::field(
                "occurred",
                "GEN-08",
                format!("the application stands where it does since {since}; what follows can't lie before that day"),
                format!("申请自{since}起处于现状态，后续办理不能早于该日"),
            )
            .with("state", case.application.state.code())
            .with("since", since.to_string())),
            _ => Ok(case),
        }
    }

    /// Number of the application.
    pub(super) fn number(&self) -> u32 {
        self.application.number
    }

    /// An event of this application, with effect from a legal day on. States of an application hold from the beginning
    /// of their day, so that of several on one day the latest recorded holds.
    pub(super) fn event(
        &self,
        event: impl Into<InstitutionEvent>,
        from: Date,
        context: &Context<'_>,
    ) -> Decided<InstitutionEvent> {
        event_on(event, from, self.day, &self.application.policy, context)
    }

    /// Refuses an answer of the applicant that comes after the last day of its clock: the application lapsed with it.
    ///
    /// # Errors
    /// `CLOCK_EXPIRED`.
    // rule: ADM-68
    pub(super) fn still_open(
        &self,
        state: &Institution,
        kind: ClockKind,
        context: &Context<'_>,
    ) -> Result<(), Rejection> {
        let Some((_, clock)) = clocking::latest(state, kind, Some(self.number())) else {
            return Ok(());
        };
        if !clocking::is_late(clock, self.day, context) {
            return Ok(());
        }
        Err(run_out(
            kind,
            clock.due.due_date,
            "no answer came by its day and the application lapsed; apply anew",
            "逾期未答复，申请已终止，请重新申请",
        ))
    }

    /// Whether a clock is one of this application.
    pub(super) fn owns(&self, clock: &Clock) -> bool {
        clock.application == Some(self.number())
    }

    /// The clock of its decision.
    pub(super) fn decision_clock<'s>(&self, state: &'s Institution) -> Option<(ClockRef, &'s Clock)> {
        clocking::decision_clock(state, self.number())
    }

    /// Refuses who proposed the decision: another person decides, returns and hears.
    ///
    /// # Errors
    /// `TWO_PERSON_RULE`.
    // rule: ADM-57
    pub(super) fn another_than_proposer(&self, context: &Context<'_>) -> Result<(), Rejection> {
        let proposer = self.application.proposal.as_ref().map(|proposal| &proposal.proposer);
        if proposer != Some(&context.actor.id) {
            return Ok(());
        }
        Err(Rejection::new(
            Reason::TwoPersonRule,
            "another person than the one who proposed the decision must act",
            "须由拟定决定以外的人员办理",
        )
        .citing(LegalBasis::new(LICENSING_LAW, "§38")))
    }
}

/// An event about an application whose act lies on `day`, with effect from the beginning of a legal day on.
pub(super) fn event_on(
    event: impl Into<InstitutionEvent>,
    from: Date,
    day: Date,
    policy: &PolicyRef,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let mut decided = Decided::plain(event);
    decided.effective_from = Some(start_of(from));
    decided.policies = vec![policy.clone()];
    decided.occurred = occurred(day, context);
    decided
}

/// When an act on `day` happened, where that is not what the caller says: an operator's papers count when they come in.
fn occurred(day: Date, context: &Context<'_>) -> Option<Occurred> {
    (day != act_day(context)).then_some(Occurred::Instant { time: context.now })
}

/// Reasons that are written for publication: at least one, each an item with its words.
pub(super) fn reasons_shape(check: &mut Check, rule: &str, reasons: &[NonconformityReason]) {
    check.ensure(
        (1..=MOST_ENTRIES).contains(&reasons.len()),
        "reasons",
        rule,
        "must give 1 to 100 reasons",
        "须说明1至100条理由",
    );
    for (index, reason) in reasons.iter().enumerate() {
        check.text(&format!("reasons[{index}].item"), &reason.item, LONGEST_NAME);
        check.text(
            &format!("reasons[{index}].description"),
            &reason.description,
            LONGEST_LINE,
        );
    }
}
