//! What is proposed after the review, and what stands in the way of a grant.

use super::Decision;
use super::case::{Case, MOST_ENTRIES, reasons_shape};
use super::register::{LONGEST_LINE, LONGEST_NAME, text_subject};
use crate::aggregate::Context;
use crate::check::Check;
use crate::envelope::Classification;
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationKind, ConditionTerms, DecisionProposed, Institution, LicenceApplication, ProposalReturned,
    ProposeDecision, ProposedOutcome, RegistryOutcome, ReturnProposal, VerificationOutcome,
};
use crate::rejection::{LegalBasis, Reason, Rejection};

/// Proposes a decision to a second person.
// rule: ADM-55
pub(super) fn propose(state: &Institution, command: &ProposeDecision, context: &Context<'_>) -> Decision {
    let case = Case::of(state, command.application, context)?;
    shape(command, &case)?;
    let case = Case::next(state, command.application, context)?;
    if command.outcome == ProposedOutcome::Grant {
        nothing_in_the_way(state, &command.conditions, &case)?;
    }
    let proposed = DecisionProposed {
        application: case.number(),
        outcome: command.outcome,
        conditions: command.conditions.clone(),
        reasons: command.reasons.clone(),
        deceit: command.deceit,
    };
    let mut decided = case.event(proposed, case.day, context);
    decided.classification = Classification::Regulator;
    Ok(vec![decided])
}

/// The second person sends a proposal back to be looked at again.
// rule: ADM-57
pub(super) fn send_back(state: &Institution, command: &ReturnProposal, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.done()?;
    let case = Case::next(state, command.application, context)?;
    case.another_than_proposer(context)?;
    let returned = ProposalReturned {
        application: case.number(),
        reason: command.reason.of(text_subject(context)),
    };
    let mut decided = case.event(returned, case.day, context);
    decided.classification = Classification::Regulator;
    Ok(vec![decided])
}

// rule: ADM-55
fn shape(command: &ProposeDecision, case: &Case<'_>) -> Result<(), Rejection> {
    let mut check = Check::default();
    let grant = command.outcome == ProposedOutcome::Grant;
    if grant {
        check.ensure(
            command.reasons.is_empty(),
            "reasons",
            "ADM-55",
            "belong to a refusal",
            "仅适用于不予许可",
        );
        check.ensure(
            command.deceit.is_none(),
            "deceit",
            "ADM-55",
            "belongs to a refusal",
            "仅适用于不予许可",
        );
    } else {
        reasons_shape(&mut check, "ADM-55", &command.reasons);
    }
    let may_have = grant && case.application.kind != ApplicationKind::Closing;
    check.ensure(
        command.conditions.len() <= if may_have { MOST_ENTRIES } else { 0 },
        "conditions",
        "ADM-55",
        "go with the grant of something that is then held",
        "附加条件仅适用于准予许可",
    );
    for (index, terms) in command.conditions.iter().enumerate() {
        let field = format!("conditions[{index}]");
        check.text(&format!("{field}.item"), &terms.item, LONGEST_NAME);
        check.text(&format!("{field}.text"), &terms.text, LONGEST_LINE);
        check.ensure(
            terms.due_date > case.day,
            &format!("{field}.due_date"),
            "ADM-55",
            "must lie after the proposal",
            "履行期限须晚于拟定决定之日",
        );
        check.ensure(
            terms.until_date.is_none_or(|until| until >= terms.due_date),
            &format!("{field}.until_date"),
            "ADM-55",
            "must not lie before the last day for meeting it",
            "条件终止日期不能早于履行期限",
        );
    }
    check.done()
}

/// Refuses a grant while what must be looked at is missing or speaks against it; everything is named at once. Asked at
/// the proposal and again at the decision, since registers may have spoken in between.
///
/// # Errors
/// `REVIEW_INCOMPLETE` with the items: the site (行政许可法 §34), classes that were changed under the application, and
/// each register that contradicts, with its source.
// rule: ADM-56
pub(super) fn nothing_in_the_way(
    state: &Institution,
    conditions: &[ConditionTerms],
    case: &Case<'_>,
) -> Result<(), Rejection> {
    let application = case.application;
    let mut check = Check::default();
    // Under a licence classes change by an application alone; before it they may be told at any time.
    check.ensure(
        application.kind != ApplicationKind::Licence || application.submitted.classes == state.classes,
        "classes",
        "ADM-56",
        "were changed after the papers came in; apply anew with them",
        "申请材料提交后班级已变更，请重新申请",
    );
    let verified = application.verification.as_ref().map(|found| found.verified.outcome);
    if needs_verification(application) && verified != Some(VerificationOutcome::Meets) {
        check.wrong(
            "site_verification",
            "ADM-56",
            if verified.is_none() {
                "the site was not verified"
            } else {
                "the site falls short of the standards"
            },
            if verified.is_none() {
                "尚未进行现场核查"
            } else {
                "现场核查结论为不符合"
            },
        );
    }
    // rule: ADM-53
    let contradicting = application
        .checks
        .values()
        .filter(|checked| checked.outcome != RegistryOutcome::Matches);
    for checked in contradicting {
        check.wrong(
            &checked.item,
            "ADM-53",
            format!(
                "the register of {} says {} as of {}",
                checked.source.code(),
                checked.outcome.code(),
                checked.record_date
            ),
            format!(
                "{}登记信息（截至{}）为：{}",
                checked.source.zh(),
                checked.record_date,
                checked.outcome.zh()
            ),
        );
    }
    for (index, terms) in conditions.iter().enumerate() {
        check.ensure(
            terms.due_date >= case.day,
            &format!("conditions[{index}].due_date"),
            "ADM-55",
            "has passed before the decision",
            "条件履行期限在决定前已届满",
        );
    }
    let over = application.applied.waiver.as_ref().map(|asked| asked.until_date);
    check.ensure(
        over.is_none_or(|until| until >= case.day),
        "waiver.until_date",
        "ADM-69",
        "has passed before the decision",
        "豁免期限在决定前已届满",
    );
    check.done().map_err(|mut rejection| {
        rejection.reason = Reason::ReviewIncomplete;
        "what must be looked at before a grant is missing, or speaks against it".clone_into(&mut rejection.message);
        "准予许可前须审查的事项缺失或不符".clone_into(&mut rejection.message_zh);
        rejection.citing(LegalBasis::new(LICENSING_LAW, "§34"))
    })
}

/// Whether the site must have been verified: where care is begun, extended or taken over. A renewal rests on the
/// inspections of the term, a waiver and a closing ask for nothing at the site.
// rule: ADM-56
fn needs_verification(application: &LicenceApplication) -> bool {
    match application.kind {
        ApplicationKind::Licence | ApplicationKind::Transfer => true,
        ApplicationKind::Change => application
            .applied
            .change
            .as_ref()
            .is_some_and(|asked| asked.classes.is_some()),
        ApplicationKind::Filing | ApplicationKind::Renewal | ApplicationKind::Waiver | ApplicationKind::Closing => {
            false
        }
    }
}
