//! Findings (问题): cited, advised on, put right on the spot, ordered to be corrected.

use jiff::civil::Date;

use super::check::{self, Check};
use super::decide::{Decision, decided, policy};
use super::planning::days_after;
use super::timing::act_day;
use super::{
    Answer, CiteFinding, CorrectedOnSite, CorrectionOrdered, FindingCited, GiveTechnicalAssistance, Inspection, Move,
    OrderCorrection, RecordCorrectedOnSite, TechnicalAssistanceGiven, Weight,
};
use crate::aggregate::{Context, Decided, Facts};
use crate::checklist::Item;
use crate::policy::InspectionPolicy;
use crate::rejection::Rejection;

/// Most findings and pieces of advice of one inspection.
const NUMBERED_MAX: u32 = 500;

impl Inspection {
    /// INS-16: on an item that was looked at and not met; each item once.
    pub(super) fn cite_finding(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &CiteFinding,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.narrative("description", "INS-16", &command.description);
        if command.weight == Weight::Unknown {
            check.refuse(
                "weight",
                "INS-16",
                "unknown is for imported history only",
                "“不详”仅用于外部历史数据",
            );
        }
        check.finish()?;
        self.allow(movement)?;
        let begins = self.begins(context)?;
        let reference = self.at_work(movement, facts, context)?;
        let item = self.chosen_item(movement, &command.item, context)?;
        let mut check = Check::default();
        if self.answers.get(&item.code) != Some(&Answer::Noncompliant) {
            check.refuse(
                "item",
                "INS-16",
                "was not answered as not met",
                "该检查项最近一次结果不是“不符合”",
            );
        }
        if self.is_cited(&item.code) {
            check.refuse("item", "INS-16", "was cited already", "该检查项已认定问题");
        }
        if item.veto != (command.weight == Weight::Veto) {
            check.refuse(
                "weight",
                "INS-16",
                "must be veto for a veto item, and for no other",
                "否决项须按“否决项”认定，其他检查项不能",
            );
        }
        let number = self.next_number(&mut check, "INS-16");
        check.finish()?;
        let event = FindingCited {
            finding: number,
            item: item.code.clone(),
            dimension: item.dimension.clone(),
            weight: command.weight,
            extent: command.extent,
            children_at_risk: command.children_at_risk,
            measure: command.measure,
            description: command.description.of(check::text_subject(context.id)),
        };
        let legal_basis = movement.legal_basis().into_iter().chain(item.mark.legal_basis.clone());
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            legal_basis: legal_basis.collect(),
            ..decided(movement, event)
        }])
    }

    /// INS-17: advice takes no finding's place: it is not given on an item that was cited, nor on a veto item that is
    /// not met.
    pub(super) fn give_technical_assistance(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &GiveTechnicalAssistance,
        context: &Context<'_>,
    ) -> Decision {
        let mut check = Check::default();
        check.narrative("advice", "INS-17", &command.advice);
        check.finish()?;
        self.allow(movement)?;
        let begins = self.begins(context)?;
        let reference = self.at_work(movement, facts, context)?;
        let item = self.chosen_item(movement, &command.item, context)?;
        let mut check = Check::default();
        if self.is_cited(&item.code) {
            check.refuse("item", "INS-17", "was cited as a finding", "该检查项已认定问题");
        } else if item.veto && self.answers.get(&item.code) == Some(&Answer::Noncompliant) {
            check.refuse(
                "item",
                "INS-17",
                "is a veto item that is not met: it is cited",
                "不符合的否决项须认定问题",
            );
        }
        let number = self.next_number(&mut check, "INS-17");
        check.finish()?;
        let event = TechnicalAssistanceGiven {
            number,
            item: item.code.clone(),
            dimension: item.dimension.clone(),
            advice: command.advice.of(check::text_subject(context.id)),
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// An item of the dimensions that are looked at.
    fn chosen_item<'a>(&'a self, movement: &Move, code: &str, context: &Context<'a>) -> Result<&'a Item, Rejection> {
        self.published_checklist(context)?
            .chosen(&self.dimensions)
            .find(|item| item.code == code)
            .ok_or_else(|| {
                Rejection::field(
                    "item",
                    movement.rule,
                    "is no item of the dimensions to be looked at",
                    "不属于本次检查的检查项",
                )
            })
    }

    fn is_cited(&self, item: &str) -> bool {
        self.findings.values().any(|finding| finding.item == item)
    }

    /// The next number; findings and advice share one row of numbers.
    pub(super) fn next_number(&self, check: &mut Check, rule: &str) -> u32 {
        let findings = self.findings.last_key_value().map_or(0, |(number, _)| *number);
        let assistance = self.assistance.last_key_value().map_or(0, |(number, _)| *number);
        let number = findings.max(assistance).saturating_add(1);
        if number > NUMBERED_MAX {
            check.refuse(
                "item",
                rule,
                "at most 500 findings and pieces of advice",
                "问题和技术指导合计最多500条",
            );
        }
        number
    }

    /// INS-18: put right before the inspectors leave.
    pub(super) fn record_corrected_on_site(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &RecordCorrectedOnSite,
        context: &Context<'_>,
    ) -> Decision {
        let finding = self.allow_finding(movement, command.finding)?;
        let begins = finding.begins(context)?;
        let reference = self.at_work(movement, facts, context)?;
        let event = CorrectedOnSite {
            finding: command.finding,
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: begins,
            ..decided(movement, event)
        }])
    }

    /// INS-19
    pub(super) fn order_correction(
        &self,
        movement: &Move,
        facts: &Facts,
        command: &OrderCorrection,
        context: &Context<'_>,
    ) -> Decision {
        let finding = self.allow_finding(movement, command.finding)?;
        let day = act_day(context);
        let (rules, reference) = policy(facts, context, day)?;
        due_within(movement, command.due_date, day, finding.weight, rules)?;
        let event = CorrectionOrdered {
            finding: command.finding,
            due_date: command.due_date,
        };
        Ok(vec![Decided {
            policies: vec![reference],
            effective_from: finding.begins(context)?,
            ..decided(movement, event)
        }])
    }
}

/// INS-19: the last day lies on or after the day of the order, and within the days that policy allows for the weight.
pub(super) fn due_within(
    movement: &Move,
    due_date: Date,
    ordered: Date,
    weight: Weight,
    rules: &InspectionPolicy,
) -> Result<(), Rejection> {
    let mut check = Check::default();
    if due_date < ordered {
        check.refuse(
            "due_date",
            movement.rule,
            "lies before the day of the order",
            "早于责令改正之日",
        );
    }
    let days = rules.correction_days(weight).unwrap_or(0);
    let last = days_after(ordered, days);
    if due_date > last {
        check.refuse(
            "due_date",
            movement.rule,
            &format!("must lie within {days} days for a finding of this weight, by {last}"),
            &format!("该类问题的整改期限最长{days}日，不能晚于{last}"),
        );
    }
    check.finish()
}
