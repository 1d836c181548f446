//! Corrections (整改): claimed, verified or rejected, extended, overdue.

use super::check::{self, Check};
use super::decide::{Decision, decided, policy};
use super::findings::due_within;
use super::planning::days_after;
use super::timing::{act_day, term_day};
use super::{
    ClaimCorrection, CorrectionClaimed, CorrectionExtended, CorrectionOverdue, CorrectionRejected, CorrectionVerified,
    ExtendCorrection, Finding, Inspection, MarkCorrectionOverdue, Move, RejectCorrection, VerifyCorrection,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::envelope::Role;
use crate::rejection::{Reason, Rejection};
use crate::time::{Occurred, day_of, start_of};

impl Inspection {
    /// INS-25: also after the last day, and after it was found to be overdue: late is better than never.
    pub(super) fn claim_correction(
        &self,
        movement: &Move,
        command: &ClaimCorrection,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.narrative("description", "INS-25", &command.description);
        check.evidence("evidence", "INS-25", &command.evidence);
        check.finish()?;
        let finding = self.allow_finding(movement, command.finding)?;
        let event = CorrectionClaimed {
            finding: command.finding,
            description: command.description.of(check::text_subject(context.id)),
            evidence: command.evidence.clone(),
            late: finding.due_date.is_some_and(|due| term_day(context) > due),
        };
        Ok(vec![decided(movement, event)])
    }

    /// INS-26
    pub(super) fn verify_correction(
        &self,
        movement: &Move,
        command: &VerifyCorrection,
        context: &Context<'_>,
    ) -> Decision {
        let finding = self.allow_finding(movement, command.finding)?;
        another_than_claimed(finding, context)?;
        let event = CorrectionVerified {
            finding: command.finding,
            check: command.check,
        };
        Ok(vec![decided(movement, event)])
    }

    /// INS-26: what is no correction is counted and ordered anew, with the days of its weight.
    pub(super) fn reject_correction(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &RejectCorrection,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.narrative("reason", "INS-26", &command.reason);
        check.finish()?;
        let finding = self.allow_finding(movement, command.finding)?;
        another_than_claimed(finding, context)?;
        let day = act_day(context);
        let (rules, reference) = policy(facts, context, day)?;
        due_within(movement, command.due_date, day, finding.weight, rules)?;
        let event = CorrectionRejected {
            finding: command.finding,
            check: command.check,
            reason: command.reason.of(check::text_subject(context.id)),
            due_date: command.due_date,
            times: finding.rejected.saturating_add(1),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            ..decided(movement, event)
        }])
    }

    /// INS-27: two persons, before the last day has passed, as often and as long as policy allows.
    pub(super) fn extend_correction(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &ExtendCorrection,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.narrative("reason", "INS-27", &command.reason);
        check.name("approver", "INS-27", &command.approver);
        check.finish()?;
        let finding = self.allow_finding(movement, command.finding)?;
        if command.approver.trim() == context.actor.id {
            return Err(Rejection::new(
                Reason::TwoPersonRule,
                "another person than the one who extends must have approved it",
                "延长整改期限须由另一人批准",
            )
            .with("rule", "INS-27"));
        }
        let day = act_day(context);
        let due = finding.due_date.unwrap_or(day);
        if day > due {
            return Err(Rejection::new(
                Reason::ClockExpired,
                format!("the correction was due on {due}; a term that has ended is not extended"),
                format!("整改期限已于{due}届满，不能延长"),
            )
            .with("due_date", due.to_string())
            .with("rule", "INS-27"));
        }
        let (rules, reference) = policy(facts, context, day)?;
        if finding.extended >= rules.extensions_max {
            let times = finding.extended;
            return Err(Self::illegal_finding(
                movement,
                command.finding,
                finding,
                &format!(" and extended {times} times, which is the most"),
                &format!("且已延长{times}次，达到上限"),
            )
            .with("extended", times.to_string()));
        }
        let mut check = Check::default();
        if command.due_date <= due {
            check.refuse(
                "due_date",
                "INS-27",
                "does not lie after the present last day",
                "不晚于现整改期限",
            );
        }
        let last = days_after(due, rules.correction_days(finding.weight).unwrap_or(0));
        if command.due_date > last {
            check.refuse(
                "due_date",
                "INS-27",
                &format!("a finding of this weight can be extended to {last}"),
                &format!("该类问题最长可延至{last}"),
            );
        }
        check.finish()?;
        let event = CorrectionExtended {
            finding: command.finding,
            due_date: command.due_date,
            reason: command.reason.of(check::text_subject(context.id)),
            approver: command.approver.trim().to_owned(),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            ..decided(movement, event)
        }])
    }

    /// INS-28: said by Yujian alone, of the term that runs now and only once its last day has passed. However late it
    /// is said, it holds from the start of the day after.
    pub(super) fn mark_correction_overdue(
        &self,
        movement: &Move,
        command: &MarkCorrectionOverdue,
        context: &Context<'_>,
    ) -> Decision {
        let finding = self.allow_finding(movement, command.finding)?;
        if context.actor.role != Role::System {
            return Err(Rejection::new(
                Reason::RoleNotAllowed,
                "that a correction is overdue is found by the system alone",
                "整改逾期由系统认定",
            )
            .with("rule", "INS-28"));
        }
        if finding.due_date != Some(command.due_date) {
            return Err(Rejection::new(
                Reason::NothingToDo,
                "the term that ended on that day runs no more",
                "该整改期限已变更",
            )
            .with("rule", "INS-28"));
        }
        if day_of(context.now) <= command.due_date {
            return Err(Rejection::field(
                "due_date",
                "INS-28",
                "has not passed yet",
                "整改期限尚未届满",
            ));
        }
        let first = days_after(command.due_date, 1);
        let event = CorrectionOverdue {
            finding: command.finding,
            due_date: command.due_date,
        };
        Ok(vec![Decided {
            occurred: Some(Occurred::Day { date: first }),
            effective_from: Some(start_of(first)),
            ..decided(movement, event)
        }])
    }
}

/// INS-26: who says that it is corrected does not find so.
fn another_than_claimed(finding: &Finding, context: &Context<'_>) -> Result<(), Rejection> {
    if finding.claimed_by.as_deref() == Some(context.actor.id.as_str()) {
        return Err(Rejection::new(
            Reason::TwoPersonRule,
            "another person than the one who claimed the correction must look at it",
            "报告整改完成的人员不能同时复查",
        )
        .with("rule", "INS-26"));
    }
    Ok(())
}
