//! Planning, approval, cancellation, and the visit that an approval counts.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::check::Check;
use super::decide::{Decision, decided, institution, policy};
use super::timing::{act_day, missed};
use super::{
    ApproveInspection, CancelInspection, Inspection, InspectionApproved, InspectionCancelled, InspectionPlanned, Move,
    PlanInspection, Purpose,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::envelope::Classification;
use crate::institution::Status as InstitutionStatus;
use crate::rejection::{Reason, Rejection};
use crate::time::day_of;
use crate::visits::Visit;

/// Most other bureaus of one visit.
const BODIES_MAX: usize = 20;

impl Inspection {
    pub(super) fn plan(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &PlanInspection,
        context: &Context<'_>,
    ) -> Decision {
        check_plan(command, context)?;
        self.allow(movement)?;
        let institution = institution(facts)?;
        // INS-01: whether a closed place is closed is the one thing to be looked at there.
        if institution.status == InstitutionStatus::Closed && command.purpose != Purpose::ClosureCheck {
            return Err(Rejection::field(
                "purpose",
                "INS-01",
                "the institution is closed: only a closure check may be planned",
                "机构已注销，只能安排停业核查",
            ));
        }
        let (rules, reference) = policy(facts, context, command.from_date)?;
        let mut check = Check::default();
        // INS-04: neither a stock of plans for years to come nor a window that is always open.
        let planned = act_day(context);
        if command.from_date > days_after(planned, rules.plan_ahead_days) {
            check.refuse(
                "from_date",
                "INS-04",
                &format!("must lie within {} days of the planning", rules.plan_ahead_days),
                &format!("须在制定计划之日起{}日内", rules.plan_ahead_days),
            );
        }
        // The first day is part of the window.
        if command.to_date >= days_after(command.from_date, rules.window_days) {
            check.refuse(
                "to_date",
                "INS-04",
                &format!("the window has more than {} days", rules.window_days),
                &format!("检查时段超过{}日", rules.window_days),
            );
        }
        check.finish()?;
        let checklist = context.reference.checklist(&command.checklist)?;
        let event = InspectionPlanned {
            institution: command.institution,
            purpose: command.purpose,
            emergency: command.emergency,
            ordered_from_above: command.ordered_from_above,
            checklist: command.checklist.clone(),
            checklist_sha256: checklist.sha256.clone(),
            dimensions: command.dimensions.clone(),
            from_date: command.from_date,
            to_date: command.to_date,
            announced: command.announced,
            joint_bodies: command.joint_bodies.iter().map(|body| body.trim().to_owned()).collect(),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            // What is not announced must not be readable for the one who is to be visited.
            classification: if command.announced {
                Classification::default()
            } else {
                Classification::Regulator
            },
            ..decided(movement, event)
        }])
    }

    pub(super) fn approve(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &ApproveInspection,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.name("approval_number", "INS-05", &command.approval_number);
        check.finish()?;
        self.allow(movement)?;
        if self.approved {
            return Err(self.illegal(movement, " and approved", "且已批准"));
        }
        // INS-05
        if self.planned_by.as_deref() == Some(context.actor.id.as_str()) {
            return Err(Rejection::new(
                Reason::TwoPersonRule,
                "another person than the one who planned the inspection must approve it",
                "制定检查计划的人员不能同时批准该检查",
            )
            .with("rule", "INS-05"));
        }
        let after_check_in = self.arrived_time.is_some();
        // INS-06: what counts is when the approval reached us: its term is there so that nobody inspects first and asks
        // later, and a day written by hand would undo it.
        let (late, mut policies) = match &self.approval_due {
            Some(due) => {
                let days = |rules: &crate::policy::InspectionPolicy| rules.emergency_approval_working_days;
                let due = self.recounted(due, self.arrived_time.map(day_of), days, facts, context)?;
                (missed(&due, day_of(context.now)), vec![due.policy])
            }
            None => (false, Vec::new()),
        };
        // INS-07: the policy of the cap that its visit is held to.
        if let Some((from_date, _)) = self.window {
            let (_, reference) = policy(facts, context, from_date)?;
            if !policies.contains(&reference) {
                policies.push(reference);
            }
        }
        let event = InspectionApproved {
            approval_number: command.approval_number.trim().to_owned(),
            after_check_in,
            late,
        };
        Ok(vec![Decided {
            policies,
            classification: Classification::Regulator,
            effective_from: if after_check_in { None } else { self.begins(context)? },
            ..decided(movement, event)
        }])
    }

    /// INS-07: the visit that an approval counts, in the year in which it is to be or was made. An emergency counts, but
    /// a cap must not keep anybody away from it.
    pub(super) fn approved_visit(
        &self,
        movement: &Move,
        facts: &Facts,
        context: &Context<'_>,
    ) -> Result<Option<Visit>, Rejection> {
        // What the decision refuses counts nothing.
        if self.approved || !movement.from.contains(&self.status) {
            return Ok(None);
        }
        let (Some(institution), Some(purpose), Some((from_date, _)), Some(year)) =
            (self.institution, self.purpose, self.window, self.visit_year())
        else {
            return Ok(None);
        };
        let (rules, _) = policy(facts, context, from_date)?;
        let counts = rules.counts(purpose, self.ordered_from_above);
        Ok(Some(Visit {
            institution,
            year,
            inspection: context.id,
            purpose,
            counts,
            cap: (counts && !self.emergency).then_some(rules.visits_per_year),
        }))
    }

    /// Calendar year (Asia/Shanghai) whose cap the visit belongs to: of the arrival, before it of the window's first day.
    /// The year of an approval before the visit is that of the plan, and a cancelled inspection gives its visit back
    /// there.
    #[must_use]
    pub fn visit_year(&self) -> Option<i16> {
        let first = self.window.map(|(from_date, _)| from_date);
        self.arrived_time.map(day_of).or(first).map(Date::year)
    }

    /// INS-21: only what has not begun is cancelled.
    pub(super) fn cancel(&self, movement: &Move, command: &CancelInspection, context: &Context<'_>) -> Decision {
        self.allow(movement)?;
        let event = InspectionCancelled { reason: command.reason };
        Ok(vec![Decided {
            classification: Classification::Regulator,
            effective_from: self.begins(context)?,
            ..decided(movement, event)
        }])
    }
}

/// Value rules of a plan.
fn check_plan(command: &PlanInspection, context: &Context<'_>) -> Result<(), Rejection> {
    let mut check = Check::default();
    if command.purpose == Purpose::Unknown {
        check.refuse(
            "purpose",
            "INS-02",
            "unknown is for imported history only",
            "“不详”仅用于外部历史数据",
        );
    }
    if command.ordered_from_above && command.purpose != Purpose::Special {
        check.refuse(
            "ordered_from_above",
            "INS-02",
            "only a special inspection is ordered from above",
            "仅专项检查可由上级部署",
        );
    }
    let mut seen = BTreeSet::new();
    for (index, body) in command.joint_bodies.iter().enumerate() {
        let field = format!("joint_bodies[{index}]");
        if seen.insert(body.trim()) {
            check.name(field, "INS-02", body);
        } else {
            check.twice(field, "INS-02");
        }
    }
    if command.joint_bodies.len() > BODIES_MAX {
        check.refuse(
            "joint_bodies",
            "INS-02",
            "at most 20 other bureaus",
            "最多20个联合检查部门",
        );
    }
    if command.to_date < command.from_date {
        check.refuse("to_date", "INS-04", "lies before the first day", "早于首日");
    }
    if command.from_date < act_day(context) {
        check.refuse("from_date", "INS-04", "lies before the planning", "早于制定计划之日");
    }
    // INS-03: what is looked at is known when the visit may begin.
    let checklist = match context.reference.checklist(&command.checklist) {
        Ok(checklist) => checklist,
        // What is wrong with the request itself comes first.
        Err(unknown) => return check.finish().and(Err(unknown)),
    };
    let mut seen = BTreeSet::new();
    for (index, code) in command.dimensions.iter().enumerate() {
        let field = format!("dimensions[{index}]");
        if !seen.insert(code) {
            check.twice(field, "INS-02");
        } else if checklist.dimension(code).is_none() {
            check.refuse(field, "INS-02", "is no dimension of the checklist", "检查表没有该维度");
        }
    }
    check.finish()?;
    if command.from_date < checklist.effective_date {
        return Err(Rejection::new(
            Reason::ChecklistVersionUnknown,
            format!("the checklist is in force from {} only", checklist.effective_date),
            format!("检查表自{}起施行", checklist.effective_date),
        )
        .with("checklist", &command.checklist.id)
        .with("version", command.checklist.version.to_string())
        .with("effective_date", checklist.effective_date.to_string())
        .with("rule", "INS-03"));
    }
    Ok(())
}

/// A day `days` after another; the end of the representable range saturates.
pub(super) fn days_after(from: Date, days: u32) -> Date {
    from.saturating_add(i64::from(days).days())
}
