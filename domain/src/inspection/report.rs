//! The report: draft, comments, final, published.

use super::check::{self, Check};
use super::decide::{Decision, decided, policy};
use super::timing::{act_day, missed, term_day, working_days_after};
use super::{
    Answer, CommentOnDraft, DraftCommented, DraftReportIssued, FinalizeInspection, FindingState, Inspection,
    InspectionFinalized, InspectionPublished, IssueDraft, Move, PublishInspection, Status,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::institution::Deadline;
use crate::policy::InspectionPolicy;
use crate::rejection::Rejection;
use crate::time::day_of;

/// What a report counts, over the items of the chosen dimensions.
struct Tally {
    points: u32,
    points_of: u32,
    vetoes: u32,
}

impl Inspection {
    /// INS-22: the institution's time to comment begins.
    pub(super) fn issue_draft(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &IssueDraft,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.digest("draft_sha256", "INS-22", &command.draft_sha256);
        check.finish()?;
        self.allow(movement)?;
        let day = act_day(context);
        let (rules, reference) = policy(facts, context, day)?;
        let comments_due = working_days_after(day, rules.draft_comment_working_days, reference.clone(), context);
        let event = DraftReportIssued {
            draft_sha256: command.draft_sha256.clone(),
            comments_due,
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: self.begins(context)?,
            ..decided(movement, event)
        }])
    }

    /// INS-22: late comments are taken and marked, as long as the report is not final.
    pub(super) fn comment_on_draft(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &CommentOnDraft,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.optional_narrative("comments", "INS-22", command.comments.as_ref());
        check.finish()?;
        self.allow(movement)?;
        let due = self.comments_end(facts, context)?;
        let event = DraftCommented {
            comments: command
                .comments
                .as_ref()
                .map(|text| text.of(check::text_subject(context.id))),
            late: due.is_some_and(|due| missed(&due, term_day(context))),
        };
        Ok(vec![Decided {
            effective_from: self.begins(context)?,
            ..decided(movement, event)
        }])
    }

    /// The end of the time to comment, counted again while it was provisional.
    fn comments_end(&self, facts: &Facts, context: &Context<'_>) -> Result<Option<Deadline>, Rejection> {
        let Some(due) = &self.comments_due else {
            return Ok(None);
        };
        // The state that runs now began with the draft.
        let issued = self.status_from.map(day_of);
        self.recounted(due, issued, |rules| rules.draft_comment_working_days, facts, context)
            .map(Some)
    }

    /// A deadline in working days that was provisional when it was set, counted again by today's holiday table.
    pub(super) fn recounted(
        &self,
        due: &Deadline,
        from: Option<jiff::civil::Date>,
        days: impl Fn(&InspectionPolicy) -> u32,
        facts: &Facts,
        context: &Context<'_>,
    ) -> Result<Deadline, Rejection> {
        let (true, Some(from)) = (due.provisional, from) else {
            return Ok(due.clone());
        };
        let (rules, reference) = policy(facts, context, from)?;
        Ok(working_days_after(from, days(rules), reference, context))
    }

    /// INS-23: after the institution was heard, with every finding ordered or put right, and nothing of the visit
    /// itself left open.
    pub(super) fn finalize(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &FinalizeInspection,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.narrative("conclusion", "INS-23", &command.conclusion);
        check.digest("report_sha256", "INS-23", &command.report_sha256);
        check.finish()?;
        self.allow(movement)?;
        if self.status == Status::DraftIssued
            && let Some(due) = self.comments_end(facts, context)?
            && !missed(&due, act_day(context))
        {
            let last = due.due_date;
            return Err(self
                .illegal(
                    movement,
                    &format!(" and the institution may comment until {last}"),
                    &format!("且反馈意见期限至{last}"),
                )
                .with("comments_due", last.to_string()));
        }
        if !self.approved {
            return Err(self.illegal(movement, " and not approved", "且尚未批准"));
        }
        if !self.recusals.is_empty() {
            return Err(self.illegal(movement, " and a recusal is open", "且有回避申请尚未决定"));
        }
        let open: Vec<String> = self
            .findings
            .iter()
            .filter(|(_, finding)| finding.state == FindingState::Cited)
            .map(|(number, _)| number.to_string())
            .collect();
        if !open.is_empty() {
            let open = open.join(", ");
            return Err(self
                .illegal(
                    movement,
                    &format!(" and no correction is ordered of the findings {open}"),
                    &format!("且问题{open}尚未责令改正"),
                )
                .with("findings", open));
        }
        let tally = self.tally(context)?;
        let event = InspectionFinalized {
            conclusion: command.conclusion.of(check::text_subject(context.id)),
            report_sha256: command.report_sha256.clone(),
            points: tally.points,
            points_of: tally.points_of,
            vetoes: tally.vetoes,
            findings: u32::try_from(self.findings.len()).unwrap_or(u32::MAX),
        };
        Ok(vec![Decided {
            effective_from: self.begins(context)?,
            ..decided(movement, event)
        }])
    }

    /// INS-23: only what applies and was looked at gives or costs points.
    fn tally(&self, context: &Context<'_>) -> Result<Tally, Rejection> {
        let mut tally = Tally {
            points: 0,
            points_of: 0,
            vetoes: 0,
        };
        for item in self.published_checklist(context)?.chosen(&self.dimensions) {
            match self.answers.get(&item.code) {
                Some(Answer::Compliant) => {
                    tally.points = tally.points.saturating_add(item.points);
                    tally.points_of = tally.points_of.saturating_add(item.points);
                }
                Some(Answer::Noncompliant) => {
                    tally.points_of = tally.points_of.saturating_add(item.points);
                    tally.vetoes = tally.vetoes.saturating_add(u32::from(item.veto));
                }
                Some(Answer::NotApplicable | Answer::NotChecked) | None => {}
            }
        }
        Ok(tally)
    }

    /// INS-24: a publication stands somewhere in the world; its day is the one on which it came there.
    pub(super) fn publish(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &PublishInspection,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.name("place", "INS-24", &command.place);
        check.finish()?;
        self.allow(movement)?;
        let finalized = self.finalized_date.unwrap_or_else(|| act_day(context));
        let (rules, reference) = policy(facts, context, finalized)?;
        let due = working_days_after(finalized, rules.publish_working_days, reference.clone(), context);
        let event = InspectionPublished {
            place: command.place.trim().to_owned(),
            late: missed(&due, act_day(context)),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: self.begins(context)?,
            ..decided(movement, event)
        }])
    }
}
