//! Triage, investigation, conclusion and reopening.

use jiff::ToSpan;

use super::check::{self, Check};
use super::decide::{Decision, region};
use super::{
    CompleteInvestigation, ConcludeIncident, Incident, IncidentConcluded, IncidentReopened, IncidentTriaged,
    InvestigationCompleted, InvestigationOpened, Move, OpenInvestigation, Outcome, Priority, ReopenIncident, Status,
    TriageIncident,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::envelope::Classification;
use crate::institution::Deadline;
use crate::personal::Sensitive;
use crate::rejection::{Reason, Rejection};
use crate::time::{day_of, end_of};

/// Most actions or root causes of one case.
const LIST_MAX: usize = 50;

impl Incident {
    /// INC-10
    pub(super) fn triage(&self, movement: &Move, command: &TriageIncident, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.plain("reason", "INC-10", command.reason.expose());
        check.finish()?;
        self.allow(movement)?;
        let event = IncidentTriaged {
            priority: command.priority,
            regulatory: command.regulatory,
            reason: command.reason.of(check::text_subject(context.id)),
        };
        Ok(vec![Decided {
            classification: Classification::Regulator,
            effective_from: self.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    /// INC-11: due by priority, in calendar days from the legal day of opening, which is also the day whose policy
    /// applies. The authority's own clock gets no grace from a day off. A case that was never triaged (imported, then
    /// reopened) is an ordinary one.
    pub(super) fn open_investigation(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &OpenInvestigation,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.name("lead", "INC-11", &command.lead);
        check.optional_narrative("plan", "INC-11", command.plan.as_ref());
        check.finish()?;
        self.allow(movement)?;
        if self.regulatory == Some(false) {
            return Err(self
                .illegal(
                    movement,
                    " and triaged as no matter for this authority",
                    "且研判为非监管事项",
                )
                .with("regulatory", "false"));
        }
        let today = day_of(context.now);
        let (policy, reference) = context.reference.incident(region(facts)?, today)?;
        let days = policy.investigation_days(self.priority.unwrap_or(Priority::P3));
        let due_date = today.saturating_add(i64::from(days).days());
        let event = InvestigationOpened {
            lead: command.lead.trim().to_owned(),
            plan: command
                .plan
                .as_ref()
                .map(|plan| plan.of(check::text_subject(context.id))),
            due: Deadline {
                due_date,
                due_time: end_of(due_date),
                provisional: false,
                policy: reference.clone(),
            },
        };
        Ok(vec![Decided {
            policies: vec![reference],
            legal_basis: movement.legal_basis().into_iter().collect(),
            classification: Classification::Regulator,
            effective_from: self.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    /// INC-12: responsibility needs a cause.
    pub(super) fn complete_investigation(
        &self,
        movement: &Move,
        command: &CompleteInvestigation,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        outcome_known(&mut check, "INC-12", command.outcome);
        check.narrative("findings", "INC-12", &command.findings);
        if command.outcome == Outcome::Responsible && command.root_causes.is_empty() {
            check.refuse(
                "root_causes",
                "INC-12",
                "the outcome responsible needs at least one root cause",
                "认定为责任事故的，须至少填写一项根本原因",
            );
        }
        for (index, cause) in command.root_causes.iter().enumerate() {
            if command.root_causes[..index].contains(cause) {
                check.refuse(
                    format!("root_causes[{index}]"),
                    "INC-12",
                    "stands there twice",
                    "重复填报",
                );
            }
        }
        check.finish()?;
        self.allow(movement)?;
        let event = InvestigationCompleted {
            outcome: command.outcome,
            root_causes: command.root_causes.clone(),
            findings: command.findings.of(check::text_subject(context.id)),
            late: self
                .investigation_due
                .as_ref()
                .is_some_and(|due| context.now > due.due_time),
        };
        Ok(vec![Decided {
            legal_basis: movement.legal_basis().into_iter().collect(),
            classification: Classification::Regulator,
            effective_from: self.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    pub(super) fn conclude(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &ConcludeIncident,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        outcome_known(&mut check, "INC-13", command.outcome);
        if command.actions.len() > LIST_MAX {
            check.refuse("actions", "INC-13", "at most 50 actions", "最多50项措施");
        }
        for (index, action) in command.actions.iter().enumerate() {
            check.plain(format!("actions[{index}]"), "INC-13", action.expose());
        }
        if let Some(advice) = &command.advice {
            check.plain("advice", "INC-13", advice.expose());
        }
        check.finish()?;
        self.allow(movement)?;
        if self.status == Status::Triaged {
            self.non_regulatory(movement, command.outcome)?;
        } else if self.completed_by.as_deref() == Some(context.actor.id.as_str()) {
            return Err(Rejection::new(
                Reason::TwoPersonRule,
                "another person than the one who completed the investigation must conclude the case",
                "提出调查结论的人员不能同时办结该事件",
            )
            .with("rule", "INC-13"));
        }
        self.all_told(facts, context)?;
        let text = |text: &Sensitive| text.of(check::text_subject(context.id));
        let event = IncidentConcluded {
            outcome: command.outcome,
            actions: command.actions.iter().map(text).collect(),
            advice: command.advice.as_ref().map(text),
        };
        let investigated = self.status == Status::FindingsProposed;
        let legal_basis = movement.legal_basis().filter(|_| investigated);
        Ok(vec![Decided {
            legal_basis: legal_basis.into_iter().collect(),
            effective_from: self.begins(context)?,
            ..Decided::plain(event)
        }])
    }

    /// INC-14: without an investigation only a case that triage found to be no matter for this authority may end, and
    /// only as such.
    fn non_regulatory(&self, movement: &Move, outcome: Outcome) -> Result<(), Rejection> {
        if self.regulatory != Some(false) {
            return Err(self
                .illegal(movement, " and not investigated", "且尚未调查")
                .with("regulatory", "true"));
        }
        if outcome != Outcome::NonRegulatory {
            return Err(Rejection::field(
                "outcome",
                "INC-14",
                "must be non_regulatory when nothing was investigated",
                "未经调查的，结果只能为“非监管事项”",
            ));
        }
        Ok(())
    }

    /// INC-16
    pub(super) fn reopen(&self, movement: &Move, command: &ReopenIncident, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.narrative("reason", "INC-16", &command.reason);
        check.finish()?;
        self.allow(movement)?;
        let event = IncidentReopened {
            reason: command.reason.of(check::text_subject(context.id)),
        };
        Ok(vec![Decided {
            effective_from: self.begins(context)?,
            ..Decided::plain(event)
        }])
    }
}

fn outcome_known(check: &mut Check, rule: &str, outcome: Outcome) {
    if outcome == Outcome::Unknown {
        check.refuse(
            "outcome",
            rule,
            "unknown is for imported history only; use inconclusive",
            "“不详”仅用于外部历史数据，请填“无法认定”",
        );
    }
}
