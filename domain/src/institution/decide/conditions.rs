//! Conditions and provisional standing.

use jiff::ToSpan;
use jiff::civil::Date;

use super::case::{MOST_ENTRIES, reasons_shape};
use super::register::{LONGEST_LINE, LONGEST_NAME, text_subject};
use super::{Decision, act_day, clocking, ending};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::ClockKind;
use crate::envelope::{Classification, PolicyRef};
use crate::institution::{
    Condition, ConditionImposed, ConditionLifted, ConditionMet, ConditionState, ConditionTerms, ImposeCondition,
    Institution, InstitutionEvent, LiftCondition, MadeProvisional, MakeProvisional, RecordConditionMet,
    RestoreStanding, StandingRestored,
};
use crate::rejection::{Reason, Rejection};

/// Imposes a condition on a licence; its clock ends on the day by which it must be met.
// rule: ADM-84
pub(super) fn impose_condition(state: &Institution, command: &ImposeCondition, context: &Context<'_>) -> Decision {
    ending::under_licence(state)?;
    let mut check = Check::default();
    terms_shape(&mut check, "terms", &command.terms, context);
    check.done()?;
    let (_, policy) = ending::policy(state, context)?;
    Ok(imposed(state.conditions + 1, &command.terms, &policy, context))
}

/// A condition as it is imposed, with its clock.
fn imposed(
    number: u32,
    terms: &ConditionTerms,
    policy: &PolicyRef,
    context: &Context<'_>,
) -> Vec<Decided<InstitutionEvent>> {
    let mut decided = Decided::plain(ConditionImposed {
        condition: number,
        terms: terms.clone(),
        application: None,
    });
    decided.policies = vec![policy.clone()];
    decided.classification = Classification::Public;
    let day = act_day(context);
    let clock = clocking::start_fixed(ClockKind::Condition, None, day, terms.due_date, policy);
    vec![decided, clock]
}

/// A condition says what, and by which day to come.
fn terms_shape(check: &mut Check, field: &str, terms: &ConditionTerms, context: &Context<'_>) {
    check.text(&format!("{field}.item"), &terms.item, LONGEST_NAME);
    check.text(&format!("{field}.text"), &terms.text, LONGEST_LINE);
    check.ensure(
        terms.due_date > act_day(context),
        &format!("{field}.due_date"),
        "ADM-84",
        "must lie after the day on which it is imposed",
        "履行期限须晚于附加条件之日",
    );
    check.ensure(
        terms.until_date.is_none_or(|until| until > terms.due_date),
        &format!("{field}.until_date"),
        "ADM-84",
        "must lie after the day by which it must be met",
        "条件终止日须晚于履行期限",
    );
}

/// Records that a condition is met, and whether that was after its last day.
// rule: ADM-85
pub(super) fn record_condition_met(
    state: &Institution,
    command: &RecordConditionMet,
    context: &Context<'_>,
) -> Decision {
    let condition = open_condition(state, command.condition)?;
    let mut check = Check::default();
    check.text("statement", command.statement.expose(), LONGEST_LINE);
    check.not_in_future("on_date", command.on_date, context);
    check.done()?;
    let met = Decided::plain(ConditionMet {
        condition: command.condition,
        on_date: command.on_date,
        late: command.on_date > condition.terms.due_date,
        statement: command.statement.of(text_subject(context)),
    });
    let clock = condition
        .clock
        .and_then(|name| clocking::met_clock(state, name, command.on_date, context));
    Ok(std::iter::once(met).chain(clock).collect())
}

/// Lifts a condition before it is met.
// rule: ADM-85
pub(super) fn lift_condition(state: &Institution, command: &LiftCondition, context: &Context<'_>) -> Decision {
    let condition = open_condition(state, command.condition)?;
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.done()?;
    let lifted = Decided::plain(ConditionLifted {
        condition: command.condition,
        reason: command.reason.of(text_subject(context)),
    });
    let clock = clocking::cancelled_all(state, |name, _| condition.clock == Some(name), act_day(context));
    Ok(std::iter::once(lifted).chain(clock).collect())
}

/// Makes a licence provisional for the months of the policy, with dated conditions.
// rule: ADM-86
pub(super) fn make_provisional(state: &Institution, command: &MakeProvisional, context: &Context<'_>) -> Decision {
    let held = ending::under_licence(state)?;
    if held.provisional_until.is_some() {
        return Err(standing(
            state,
            "the licence is provisional already: impose a condition, or restore its standing first",
            "许可已处于临时状态：可附加条件，或先恢复正常状态",
        ));
    }
    let (policy, policy_ref) = ending::policy(state, context)?;
    let until_date = act_day(context).saturating_add(i64::from(policy.provisional_months).months());
    let mut check = Check::default();
    reasons_shape(&mut check, "ADM-86", &command.reasons);
    check.ensure(
        (1..=MOST_ENTRIES).contains(&command.conditions.len()),
        "conditions",
        "ADM-86",
        "must name 1 to 100 conditions",
        "须附1至100项条件",
    );
    for (index, terms) in command.conditions.iter().enumerate() {
        let field = format!("conditions[{index}]");
        terms_shape(&mut check, &field, terms, context);
        within_standing(&mut check, &field, terms, until_date);
    }
    check.done()?;
    let mut made = Decided::plain(MadeProvisional {
        until_date,
        reasons: command.reasons.clone(),
    });
    made.policies = vec![policy_ref.clone()];
    made.classification = Classification::Public;
    let numbers = state.conditions.saturating_add(1)..;
    let conditions = numbers
        .zip(&command.conditions)
        .flat_map(|(number, terms)| imposed(number, terms, &policy_ref, context));
    Ok(std::iter::once(made).chain(conditions).collect())
}

/// What makes the standing provisional is put right while it is.
fn within_standing(check: &mut Check, field: &str, terms: &ConditionTerms, until: Date) {
    if terms.due_date > until {
        check.wrong(
            &format!("{field}.due_date"),
            "ADM-86",
            format!("must not lie after {until}, the last day of the provisional standing"),
            format!("履行期限不能晚于临时状态的截止日{until}"),
        );
    }
}

/// Puts a provisional licence back in full standing, once no condition is open.
// rule: ADM-87
pub(super) fn restore_standing(state: &Institution, command: &RestoreStanding, context: &Context<'_>) -> Decision {
    let held = ending::under_licence(state)?;
    if held.provisional_until.is_none() {
        return Err(standing(
            state,
            "the licence is in full standing",
            "许可处于正常状态，无需恢复",
        ));
    }
    let open: Vec<String> = held
        .conditions
        .iter()
        .filter(|(_, condition)| condition.state == ConditionState::Open)
        .map(|(number, _)| number.to_string())
        .collect();
    if !open.is_empty() {
        let open = open.join(", ");
        return Err(standing(
            state,
            format!("conditions are open: {open}; record them as met, or lift them"),
            format!("尚有未履行的条件：{open}，须先履行或解除"),
        )
        .with("conditions", open));
    }
    let mut check = Check::default();
    check.text("statement", command.statement.expose(), LONGEST_LINE);
    check.done()?;
    let mut decided = Decided::plain(StandingRestored {
        statement: command.statement.of(text_subject(context)),
    });
    decided.classification = Classification::Public;
    Ok(vec![decided])
}

fn standing(state: &Institution, message: impl Into<String>, message_zh: impl Into<String>) -> Rejection {
    Rejection::new(Reason::IllegalTransition, message, message_zh).with("state", state.status.code())
}

fn open_condition(state: &Institution, number: u32) -> Result<&Condition, Rejection> {
    let held = ending::under_licence(state)?;
    let condition = held.conditions.get(&number).ok_or_else(|| {
        Rejection::field(
            "condition",
            "ADM-85",
            "there is no such condition of the licence",
            "许可没有该项条件",
        )
    })?;
    if condition.state == ConditionState::Open {
        return Ok(condition);
    }
    Err(standing(
        state,
        format!("condition {number} is {}", condition.state.code()),
        format!("第{number}项条件{}", condition.state.zh()),
    )
    .with("condition", number.to_string())
    .with("condition_state", condition.state.code()))
}
