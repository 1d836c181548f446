//! Whether a filing is complete: everything that stands in its way, computed at once.

use jiff::ToSpan;
use jiff::civil::Date;

use super::classes;
use crate::institution::{ItemProblem, Paper, Premises, ReturnedItem, Submission, Tenure};
use crate::policy::{PaperRule, Standards};
use crate::rejection::{Reason, Rejection, Violation};
use crate::values::ClassType;

/// Everything that is missing or wrong in what was handed in, by a document's papers and standards, as of `day`. In the
/// order of its papers, then premises, then classes. Filing and licence are checked alike.
pub(super) fn problems(
    submission: &Submission,
    papers: &[PaperRule],
    standards: &Standards,
    day: Date,
) -> Vec<ReturnedItem> {
    let mut found = Problems::default();
    match submission.institution_type {
        // rule: ADM-12
        None | Some(crate::institution::InstitutionType::Unknown) => {
            found.add("institution_type", "ADM-12", ItemProblem::Incomplete);
        }
        Some(institution_type) => {
            let applies = |rule: &&PaperRule| rule.applies(institution_type, submission.makes_meals);
            for rule in papers.iter().filter(applies) {
                paper(&mut found, rule, &submission.papers, day);
            }
        }
    }
    if !submission.has_credit_code {
        found.add("credit_code", "ADM-12", ItemProblem::Missing);
    }
    match &submission.premises {
        None => found.add("premises", "ADM-13", ItemProblem::Missing),
        Some(held) => premises(&mut found, held, standards, day),
    }
    class_list(&mut found, submission, standards);
    found.0
}

/// What was said and seen when papers were returned before.
pub(super) struct Earlier<'a> {
    /// Items that returns have named.
    pub(super) named: &'a [ReturnedItem],
    /// What was handed in last.
    pub(super) submitted: &'a Submission,
    /// Whether the same came again.
    pub(super) brings_nothing: bool,
    /// Whether another return may still name everything.
    pub(super) may_name_all: bool,
}

/// Splits what is wrong into what papers may be returned for and what they may not.
///
/// An applicant is told **once and in full** what is missing (行政许可法 §32). Up to the policy's number of returns
/// everything is named. After that a return may cite only
/// - what a return has named already and is still wrong, and
/// - what could not be seen when the papers last came in: another paper, a paper that has expired since, another
///   declaration, other classes.
///
/// Whatever could be seen then and was not named (the policy has changed since) can't hold the papers up any more: it
/// is left to the verification that follows. And papers that bring nothing new at all are refused with the items, so
/// that a stream does not fill with repeated returns.
///
/// # Errors
/// `RETURNED_ONCE` when nothing new came.
// rule: ADM-15
pub(super) fn citable(
    wrong: Vec<ReturnedItem>,
    earlier: &Earlier<'_>,
    submission: &Submission,
    visible_on: impl FnOnce(Date) -> Vec<ReturnedItem>,
) -> Result<(Vec<ReturnedItem>, Vec<ReturnedItem>), Rejection> {
    let named_before = |item: &ReturnedItem| {
        let same = |named: &ReturnedItem| named.item == item.item && named.rule == item.rule;
        earlier.named.iter().any(same)
    };
    if !wrong.is_empty() && earlier.brings_nothing && wrong.iter().all(named_before) {
        return Err(returned_already(&wrong));
    }
    if earlier.may_name_all {
        return Ok((wrong, Vec::new()));
    }
    let visible = visible_on(earlier.submitted.date.or(submission.date).unwrap_or(Date::MIN));
    Ok(wrong
        .into_iter()
        .partition(|item| named_before(item) || !visible.contains(item)))
}

/// Whether the same was handed in, on whatever day.
pub(super) fn same(one: &Submission, other: &Submission) -> bool {
    Submission {
        date: one.date,
        ..other.clone()
    } == *one
}

fn returned_already(wrong: &[ReturnedItem]) -> Rejection {
    let violations = wrong
        .iter()
        .map(|item| Violation {
            field: item.item.clone(),
            rule: item.rule.clone(),
            message: format!("{}, as the return said", item.problem.code()),
            message_zh: format!("{}，退回时已告知", item.problem.zh()),
        })
        .collect();
    let mut rejection = Rejection::fields(violations);
    rejection.reason = Reason::ReturnedOnce;
    "the papers were returned with these items, and the same papers came again".clone_into(&mut rejection.message);
    "已一次性告知以下事项，本次提交没有任何变化".clone_into(&mut rejection.message_zh);
    rejection
}

#[derive(Default)]
struct Problems(Vec<ReturnedItem>);

impl Problems {
    fn add(&mut self, item: impl Into<String>, rule: &str, problem: ItemProblem) {
        self.0.push(ReturnedItem {
            item: item.into(),
            rule: rule.to_owned(),
            problem,
        });
    }
}

// rule: ADM-10
fn paper(found: &mut Problems, rule: &PaperRule, papers: &[Paper], day: Date) {
    let item = format!("papers.{}", rule.kind.code());
    let Some(paper) = papers.iter().find(|paper| paper.kind == rule.kind) else {
        return found.add(item, "ADM-10", ItemProblem::Missing);
    };
    let told = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    if rule.kind.is_issued_by_others() {
        for (field, known) in [("issuer", told(&paper.issuer)), ("number", told(&paper.number))] {
            if !known {
                found.add(format!("{item}.{field}"), "ADM-10", ItemProblem::Incomplete);
            }
        }
    }
    // rule: ADM-11
    if rule.needs_expiry && paper.expiry_date.is_none() {
        found.add(format!("{item}.expiry_date"), "ADM-11", ItemProblem::Incomplete);
    }
    if rule.must_be_valid && paper.expiry_date.is_some_and(|expiry| expiry < day) {
        found.add(item.clone(), "ADM-11", ItemProblem::Expired);
    }
    if rule.must_pass {
        match paper.passed {
            Some(true) => {}
            Some(false) => found.add(item, "ADM-11", ItemProblem::NotPassed),
            None => found.add(item, "ADM-11", ItemProblem::Incomplete),
        }
    }
}

// rule: ADM-13
fn premises(found: &mut Problems, premises: &Premises, standards: &Standards, day: Date) {
    let on_terms = match premises.tenure {
        Tenure::Owned => false,
        Tenure::Leased => true,
        Tenure::FreeUse => standards.free_use_as_lease,
    };
    if on_terms {
        match (premises.lease_start_date, premises.lease_end_date) {
            (Some(start), Some(end)) => {
                if end < day {
                    found.add("premises.lease_end_date", "ADM-13", ItemProblem::Expired);
                }
                let years = i64::from(standards.min_lease_years);
                // A lease of three years from 1 March ends on the last of February.
                let earliest_end = start.saturating_add(years.years()).saturating_sub(1.day());
                if end < earliest_end {
                    found.add("premises.lease_end_date", "ADM-13", ItemProblem::BelowStandard);
                }
            }
            (start, end) => {
                if start.is_none() {
                    found.add("premises.lease_start_date", "ADM-13", ItemProblem::Incomplete);
                }
                if end.is_none() {
                    found.add("premises.lease_end_date", "ADM-13", ItemProblem::Incomplete);
                }
            }
        }
    }
    // rule: ADM-14
    if premises.highest_floor > standards.highest_floor {
        found.add("premises.highest_floor", "ADM-14", ItemProblem::BelowStandard);
    }
    if premises.lowest_floor < standards.lowest_floor {
        found.add("premises.lowest_floor", "ADM-14", ItemProblem::BelowStandard);
    }
}

fn class_list(found: &mut Problems, submission: &Submission, standards: &Standards) {
    if submission.classes.is_empty() {
        found.add("classes", "ADM-03", ItemProblem::Missing);
    }
    for (index, class) in submission.classes.iter().enumerate() {
        if class.class_type == ClassType::Unknown {
            found.add(
                format!("classes[{index}].class_type"),
                "ADM-03",
                ItemProblem::Incomplete,
            );
        }
    }
    for index in classes::oversized(&submission.classes, standards) {
        found.add(format!("classes[{index}].places"), "ADM-04", ItemProblem::BelowStandard);
    }
    if classes::crowded_family_point(&submission.classes, submission.institution_type, standards).is_some() {
        found.add("classes", "ADM-05", ItemProblem::BelowStandard);
    }
}
