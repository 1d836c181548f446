//! The visit: check-in, presence, answers, end of the work at the site.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::check::{self, Check};
use super::decide::{Decision, decided, policy};
use super::planning::days_after;
use super::timing::{act_day, working_days_after};
use super::{
    AbortInspection, Answer, AnswerItems, BackfillCheckIn, CheckIn, CheckInBackfilled, CompleteFieldwork,
    CountPresence, FieldworkCompleted, Inspection, InspectionAborted, InspectorCheckedIn, ItemsAnswered, Move,
    PresenceCounted, Signature, StoredAnswer,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::checklist::Checklist;
use crate::institution::Deadline;
use crate::personal::Sensitive;
use crate::rejection::Rejection;
use crate::time::{Occurred, day_of};
use crate::values::ClassType;

/// Most answers of one command: a whole checklist.
const ANSWERS_MAX: usize = 60;
/// Longest observation in characters, so that so many stay below the log's limit for an event.
const OBSERVATION_MAX: usize = 400;

impl Inspection {
    /// INS-11
    pub(super) fn check_in(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &CheckIn,
        context: &Context<'_>,
    ) -> Decision {
        self.allow(movement)?;
        let day = act_day(context);
        self.in_window("occurred", movement, day)?;
        let begins = self.begins(context)?;
        self.is_inspector(movement, context)?;
        let (rules, reference) = policy(facts, context, day)?;
        self.team_on(movement, facts, day, rules.inspectors_min)?;
        let event = InspectorCheckedIn {
            method: command.method,
            point: command.point,
            approval_due: self.approval_due_after(day, facts, context)?,
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// INS-12: filled in afterwards with its reason; late when it comes after the days that policy allows.
    pub(super) fn backfill_check_in(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &BackfillCheckIn,
        context: &Context<'_>,
    ) -> Decision {
        if crate::check::is_future(command.arrived_time, context.now) {
            return Err(Rejection::field(
                "arrived_time",
                "INS-12",
                "must not lie in the future",
                "不能晚于当前时间",
            ));
        }
        self.allow(movement)?;
        let arrived = Occurred::Instant {
            time: command.arrived_time,
        };
        let day = day_of(command.arrived_time);
        self.in_window("arrived_time", movement, day)?;
        let begins = self.begins_at(arrived, "arrived_time")?;
        self.is_inspector(movement, context)?;
        let (rules, reference) = policy(facts, context, day)?;
        self.team_on(movement, facts, day, rules.inspectors_min)?;
        let event = CheckInBackfilled {
            arrived_time: command.arrived_time,
            reason: command.reason,
            late: day_of(context.now) > days_after(day, rules.backfill_days),
            approval_due: self.approval_due_after(day, facts, context)?,
        };
        Ok(vec![Decided {
            occurred: Some(arrived),
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// INS-11: an approval is for its window.
    fn in_window(&self, field: &str, movement: &Move, day: Date) -> Result<(), Rejection> {
        match self.window {
            Some((from, to)) if day < from || day > to => Err(Rejection::field(
                field,
                movement.rule,
                format!("the visit is planned from {from} to {to}"),
                format!("检查时段为{from}至{to}"),
            )
            .with("from_date", from.to_string())
            .with("to_date", to.to_string())),
            _ => Ok(()),
        }
    }

    /// INS-06: an emergency that was not approved yet is approved within the term.
    fn approval_due_after(
        &self,
        day: Date,
        facts: &Facts,
        context: &Context<'_>,
    ) -> Result<Option<Deadline>, Rejection> {
        if self.approved {
            return Ok(None);
        }
        let (rules, reference) = policy(facts, context, day)?;
        let days = rules.emergency_approval_working_days;
        Ok(Some(working_days_after(day, days, reference, context)))
    }

    /// INS-14: too many children to a carer are recorded at once, whatever the inspectors cite.
    pub(super) fn count_presence(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &CountPresence,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        if command.children.is_empty() {
            check.refuse("children", "INS-14", "names no class", "须至少填报一个班型");
        }
        for (field, counted) in [("children", &command.children), ("carers", &command.carers)] {
            if counted.contains_key(&ClassType::Unknown) {
                check.refuse(
                    format!("{field}.unknown"),
                    "INS-14",
                    "unknown is for imported history only",
                    "“不详”仅用于外部历史数据",
                );
            }
        }
        check.finish()?;
        self.allow(movement)?;
        let begins = self.begins(context)?;
        self.at_work(movement, facts, context)?;
        let (rules, reference) = policy(facts, context, act_day(context))?;
        let exceeded = command.children.iter().filter(|(class_type, children)| {
            let carers = command.carers.get(class_type).copied().unwrap_or(0);
            rules.ratio_exceeded(**class_type, **children, carers)
        });
        let event = PresenceCounted {
            children: command.children.clone(),
            carers: command.carers.clone(),
            staff: command.staff.clone(),
            ratio_exceeded: exceeded.map(|(class_type, _)| *class_type).collect(),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// The version of the checklist that was planned; published, or nothing could have been planned with it.
    pub(super) fn published_checklist<'a>(&self, context: &Context<'a>) -> Result<&'a Checklist, Rejection> {
        let planned = self.checklist.as_ref();
        let planned = planned.ok_or_else(|| {
            Rejection::new(
                crate::rejection::Reason::ChecklistVersionUnknown,
                "the inspection has no checklist",
                "本次检查没有检查表",
            )
        })?;
        context.reference.checklist(planned)
    }

    /// INS-15
    pub(super) fn answer_items(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &AnswerItems,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        if command.answers.is_empty() || command.answers.len() > ANSWERS_MAX {
            check.refuse("answers", "INS-15", "must be 1 to 60 answers", "须填写1至60项");
        }
        let mut seen = BTreeSet::new();
        for (index, answer) in command.answers.iter().enumerate() {
            let field = |name: &str| format!("answers[{index}].{name}");
            if !seen.insert(answer.item.as_str()) {
                check.twice(field("item"), "INS-15");
            }
            if let Some(observation) = &answer.observation {
                check.text(field("observation"), "INS-15", observation.expose(), OBSERVATION_MAX);
            }
            check.evidence(&field("evidence"), "INS-15", &answer.evidence);
        }
        check.finish()?;
        self.allow(movement)?;
        let begins = self.begins(context)?;
        let reference = self.at_work(movement, facts, context)?;
        self.check_answers(command, self.published_checklist(context)?)?;
        let stored = command.answers.iter().map(|answer| StoredAnswer {
            item: answer.item.clone(),
            answer: answer.answer,
            observation: answer
                .observation
                .as_ref()
                .map(|text| text.of(check::text_subject(context.id))),
            evidence: answer.evidence.clone(),
        });
        let event = ItemsAnswered {
            answers: stored.collect(),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// INS-15: items of the chosen dimensions only, with the evidence that they ask for; what was cited stays not met,
    /// and is put right by a correction.
    fn check_answers(&self, command: &AnswerItems, checklist: &Checklist) -> Result<(), Rejection> {
        let mut check = Check::default();
        for (index, answer) in command.answers.iter().enumerate() {
            let field = |name: &str| format!("answers[{index}].{name}");
            let Some(item) = checklist.chosen(&self.dimensions).find(|item| item.code == answer.item) else {
                check.refuse(
                    field("item"),
                    "INS-15",
                    "is no item of the dimensions to be looked at",
                    "不属于本次检查的检查项",
                );
                continue;
            };
            let looked_at = matches!(answer.answer, Answer::Compliant | Answer::Noncompliant);
            if item.evidence_required && looked_at && answer.evidence.is_empty() {
                check.refuse(
                    field("evidence"),
                    "INS-15",
                    "the item asks for evidence",
                    "该检查项须附证据",
                );
            }
            let cited = self.findings.values().any(|finding| finding.item == answer.item);
            if cited && answer.answer != Answer::Noncompliant {
                check.refuse(
                    field("answer"),
                    "INS-15",
                    "the item was cited; what is put right is recorded as a correction",
                    "该检查项已认定问题，改正情况须按整改记录",
                );
            }
        }
        check.finish()
    }

    /// INS-20
    pub(super) fn complete_fieldwork(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &CompleteFieldwork,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.digest("record_sha256", "INS-20", &command.record_sha256);
        check.optional_narrative("witness", "INS-20", command.witness.as_ref());
        check.optional_narrative("statement", "INS-20", command.statement.as_ref());
        if command.signature == Signature::Refused && command.witness.is_none() {
            check.refuse(
                "witness",
                "INS-20",
                "a refused signature needs a witness",
                "拒绝签字的，须有见证人",
            );
        }
        check.finish()?;
        self.allow(movement)?;
        let begins = self.begins(context)?;
        let reference = self.at_work(movement, facts, context)?;
        let checklist = self.published_checklist(context)?;
        self.vetoes_cited(movement, checklist)?;
        let (mut items, mut not_checked) = (0_u32, 0_u32);
        for item in checklist.chosen(&self.dimensions) {
            items = items.saturating_add(1);
            if matches!(self.answers.get(&item.code), None | Some(Answer::NotChecked)) {
                not_checked = not_checked.saturating_add(1);
            }
        }
        let text = |text: &Sensitive| text.of(check::text_subject(context.id));
        let event = FieldworkCompleted {
            record_sha256: command.record_sha256.clone(),
            signature: command.signature,
            witness: command.witness.as_ref().map(text),
            statement: command.statement.as_ref().map(text),
            items,
            not_checked,
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// INS-20: nobody leaves with a veto item that is not met and not cited.
    fn vetoes_cited(&self, movement: &Move, checklist: &Checklist) -> Result<(), Rejection> {
        let open: Vec<&str> = checklist
            .chosen(&self.dimensions)
            .filter(|item| item.veto && self.answers.get(&item.code) == Some(&Answer::Noncompliant))
            .filter(|item| !self.findings.values().any(|finding| finding.item == item.code))
            .map(|item| item.code.as_str())
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        let items = open.join(", ");
        Err(self
            .illegal(
                movement,
                &format!(" and veto items that are not met were not cited: {items}"),
                &format!("且有不符合的否决项未认定问题：{items}"),
            )
            .with("items", items))
    }

    /// INS-21: what could not be looked at is broken off with its reason; the visit was made and stays counted.
    pub(super) fn abort(&self, movement: &Move, command: &AbortInspection, context: &Context<'_>) -> Decision {
        let mut check = Check::default();
        check.optional_narrative("note", "INS-21", command.note.as_ref());
        check.finish()?;
        self.allow(movement)?;
        let begins = self.begins(context)?;
        self.is_inspector(movement, context)?;
        let event = InspectionAborted {
            reason: command.reason,
            note: command
                .note
                .as_ref()
                .map(|note| note.of(check::text_subject(context.id))),
        };
        Ok(vec![Decided {
            effective_from: begins,
            ..decided(movement, event)
        }])
    }
}
