//! Whether a filing is complete: everything that stands in its way, computed at once.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{classes, types};
use crate::institution::{Class, InstitutionType, ItemProblem, Paper, Premises, ReturnedItem, Submission, Tenure};
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
    let types = types::of(submission.institution_type, &submission.also_types);
    match submission.institution_type {
        // rule: ADM-12
        None | Some(InstitutionType::Unknown) => {
            found.add("institution_type", "ADM-12", ItemProblem::Incomplete);
        }
        Some(_) => {
            let applies = |rule: &&PaperRule| types.clone().any(|one| rule.applies(one, submission.makes_meals));
            for rule in papers.iter().filter(applies) {
                paper(&mut found, rule, &submission.papers, day);
            }
        }
    }
    kind(&mut found, submission, standards);
    if !submission.has_credit_code {
        found.add("credit_code", "ADM-12", ItemProblem::Missing);
    }
    match &submission.premises {
        None => found.add("premises", "ADM-13", ItemProblem::Missing),
        Some(held) => premises(&mut found, held, &submission.classes, standards, day),
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
    if rule.kind.is_issued_by_others() && !rule.self_assessed {
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
fn premises(found: &mut Problems, premises: &Premises, classes: &[Class], standards: &Standards, day: Date) {
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
    highest_floor(found, premises, classes, standards);
    // rule: ADM-14
    if premises.lowest_floor < standards.lowest_floor {
        found.add("premises.lowest_floor", "ADM-14", ItemProblem::BelowStandard);
    }
    area(found, premises, classes, standards);
}

/// The highest floor in use. Which class lies on it is seen at the site: papers show that only an institution with older
/// toddlers may go as high as those may.
fn highest_floor(found: &mut Problems, premises: &Premises, classes: &[Class], standards: &Standards) {
    let older = classes.iter().any(|class| class.class_type == ClassType::OlderToddler);
    let (limit, rule) = match standards.older_toddler_highest_floor.filter(|_| older) {
        // rule: ADM-32
        Some(own) => (own.max(standards.highest_floor), "ADM-32"),
        // rule: ADM-14
        None => (standards.highest_floor, "ADM-14"),
    };
    if premises.highest_floor > limit {
        found.add("premises.highest_floor", rule, ItemProblem::BelowStandard);
    }
}

/// Built area and usable area for each place; more of the usable where there is no outdoor ground.
// rule: ADM-29
fn area(found: &mut Problems, premises: &Premises, classes: &[Class], standards: &Standards) {
    let places = classes::places_of(classes);
    let mut least_of = |field: &str, told: Option<u64>, least: u64| match told {
        None => found.add(field, "ADM-29", ItemProblem::Incomplete),
        Some(area) if area < least.saturating_mul(places) => found.add(field, "ADM-29", ItemProblem::BelowStandard),
        Some(_) => {}
    };
    if let Some(built) = standards.min_built_area_per_place_cm2 {
        least_of("premises.built_area_cm2", premises.built_area_cm2, built);
    }
    let Some(with_outdoor) = standards.min_area_per_place_cm2 else {
        return;
    };
    let least = match (
        standards.min_area_per_place_without_outdoor_cm2,
        premises.outdoor_area_cm2,
    ) {
        (Some(without_outdoor), Some(0)) => without_outdoor,
        _ => with_outdoor,
    };
    least_of("premises.area_cm2", premises.area_cm2, least);
    if standards.min_area_per_place_without_outdoor_cm2.is_some() && premises.outdoor_area_cm2.is_none() {
        found.add("premises.outdoor_area_cm2", "ADM-29", ItemProblem::Incomplete);
    }
}

/// Mode, ownership and shared place fit the type.
fn kind(found: &mut Problems, submission: &Submission, standards: &Standards) {
    let types = types::of(submission.institution_type, &submission.also_types);
    let of_mode = |mode| types::without_mode(standards, types.clone(), mode);
    if submission.mode.and_then(of_mode).is_some() {
        found.add("mode", "ADM-26", ItemProblem::BelowStandard);
    }
    let of_ownership = |ownership| types::without_ownership(standards, types.clone(), ownership);
    if submission.ownership.and_then(of_ownership).is_some() {
        found.add("ownership", "ADM-28", ItemProblem::BelowStandard);
    }
    let main = submission.institution_type.and_then(|one| standards.type_rule(one));
    let shares = |one: &InstitutionType| main.is_none_or(|rule| rule.shares_place_with.contains(one));
    for (index, _) in submission.also_types.iter().enumerate().filter(|(_, one)| !shares(one)) {
        found.add(format!("also_types[{index}]"), "ADM-33", ItemProblem::BelowStandard);
    }
}

fn class_list(found: &mut Problems, submission: &Submission, standards: &Standards) {
    let types = types::of(submission.institution_type, &submission.also_types);
    // rule: ADM-34
    if submission.classes.is_empty() && types::needs_places(standards, types.clone()) {
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
    for (index, _) in types::wrong_classes(standards, types.clone(), &submission.classes) {
        found.add(
            format!("classes[{index}].class_type"),
            "ADM-27",
            ItemProblem::BelowStandard,
        );
    }
    for index in classes::oversized(&submission.classes, standards) {
        found.add(format!("classes[{index}].places"), "ADM-04", ItemProblem::BelowStandard);
    }
    if classes::crowded_family_point(&submission.classes, types, standards).is_some() {
        found.add("classes", "ADM-05", ItemProblem::BelowStandard);
    }
    if classes::too_many_classes(&submission.classes, standards).is_some() {
        found.add("classes", "ADM-30", ItemProblem::BelowStandard);
    }
    if classes::too_many_places(&submission.classes, standards).is_some() {
        found.add("classes", "ADM-31", ItemProblem::BelowStandard);
    }
}
