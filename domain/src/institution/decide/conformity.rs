//! Found not up to standard, and up to standard again.

use super::filing::{deadline, filing_clocks_end, region_of, settled};
use super::register::{LONGEST_LINE, LONGEST_NAME, text_subject};
use super::{Decision, act_day, begins, clocking};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, ClockState, Unit};
use crate::envelope::Classification;
use crate::institution::{
    Application, ConfirmConformity, ConformityConfirmed, Deadline, Institution, InstitutionEvent,
    NonconformityNotified, NotifyNonconformity, Status,
};
use crate::rejection::Rejection;

/// Tells an institution, with reasons, that it is not up to standard. The notice is published.
// rule: ADM-18
pub(super) fn notify(state: &Institution, command: &NotifyNonconformity, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.ensure(
        !command.reasons.is_empty() && command.reasons.len() <= 100,
        "reasons",
        "ADM-18",
        "must give 1 to 100 reasons",
        "须说明1至100条理由",
    );
    for (index, reason) in command.reasons.iter().enumerate() {
        check.text(&format!("reasons[{index}].item"), &reason.item, LONGEST_NAME);
        check.text(
            &format!("reasons[{index}].description"),
            &reason.description,
            LONGEST_LINE,
        );
    }
    check.not_in_future("finding_date", command.finding_date, context);
    check.ensure(
        command.finding_date <= act_day(context),
        "finding_date",
        "ADM-18",
        "must not lie after the notice",
        "发现日期不能晚于告知日期",
    );
    let papers_came = state.application.as_ref().and_then(|open| open.accepted_date);
    check.ensure(
        papers_came.is_none_or(|date| command.finding_date >= date),
        "finding_date",
        "ADM-18",
        "must not lie before the papers came in",
        "发现日期不能早于收到备案材料之日",
    );
    check.done()?;
    let notice_due = notice_due(state, command, context)?;
    let late = !notice_due.provisional && act_day(context) > notice_due.due_date;
    let policy = notice_due.policy.clone();
    let mut decided = Decided::plain(NonconformityNotified {
        reasons: command.reasons.clone(),
        finding_date: command.finding_date,
        notice_due,
        late,
    });
    decided.effective_from = Some(begins(state, "occurred", act_day(context))?);
    decided.policies = vec![policy];
    decided.classification = Classification::Public;
    let mut events = vec![decided];
    events.extend(clocks_told(state, context));
    Ok(events)
}

/// The notice is what the nonconformity's clock asked for, and nobody issues a receipt until it is put right.
// rule: ADM-72
fn clocks_told(state: &Institution, context: &Context<'_>) -> Vec<Decided<InstitutionEvent>> {
    let Some(filing) = state.application.as_ref().map(|open| open.number) else {
        return Vec::new();
    };
    let on = act_day(context);
    let told = clocking::met(state, ClockKind::Nonconformity, Some(filing), on, context);
    let receipt = filing_clocks_end(state, filing, on, &[ClockKind::Receipt]);
    told.into_iter().chain(receipt).collect()
}

/// The last day for the notice. Where policy counts from the papers, that clock governs while the receipt is still
/// open and whatever is found before it ends; what is found later in an institution that has its receipt is a finding
/// of its own, and the clock runs from there.
fn notice_due(
    state: &Institution,
    command: &NotifyNonconformity,
    context: &Context<'_>,
) -> Result<Deadline, Rejection> {
    if let Some(due) = state
        .application
        .as_ref()
        .and_then(|open| from_papers(state, open, context))
        && (state.status == Status::Accepted || command.finding_date <= due.due_date)
    {
        return Ok(due);
    }
    let (policy, policy_ref) = context.reference.admission(region_of(state)?, command.finding_date)?;
    Ok(deadline(
        command.finding_date,
        policy.nonconformity_working_days,
        &policy_ref,
        context,
    ))
}

/// The last day for the notice by the clock that runs from the papers, where policy counts from them.
fn from_papers(state: &Institution, open: &Application, context: &Context<'_>) -> Option<Deadline> {
    let due = open.nonconformity_due.as_ref()?;
    match clocking::latest(state, ClockKind::Nonconformity, Some(open.number)) {
        // It was told, and put right since: what is found now is a finding of its own.
        Some((_, clock)) if clock.state == ClockState::Met => return None,
        Some((_, clock)) if clock.state != ClockState::Cancelled => return Some(clocking::due(clock, context)),
        _ => {}
    }
    let accepted = open.accepted_date;
    Some(settled(
        accepted,
        due,
        |policy| policy.nonconformity_working_days,
        context,
    ))
}

/// The institution is up to standard again: filed, or back in the open filing when it has no receipt yet. The receipt's
/// clock then runs anew from this day, by the policy under which the filing was accepted.
// rule: ADM-19
pub(super) fn confirm(state: &Institution, command: &ConfirmConformity, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("statement", command.statement.expose(), LONGEST_LINE);
    check.done()?;
    let mut decided = Decided::plain(ConformityConfirmed {
        statement: command.statement.of(text_subject(context)),
        status: if state.receipt_number.is_some() {
            Status::Filed
        } else {
            Status::Accepted
        },
    });
    decided.effective_from = Some(begins(state, "occurred", act_day(context))?);
    decided.classification = Classification::Public;
    let mut events = vec![decided];
    // rule: ADM-73
    if let Some(open) = state.application.as_ref().filter(|_| state.receipt_number.is_none()) {
        events.push(receipt_clock_anew(state, open, context)?);
    }
    Ok(events)
}

fn receipt_clock_anew(
    state: &Institution,
    open: &Application,
    context: &Context<'_>,
) -> Result<Decided<InstitutionEvent>, Rejection> {
    let (policy, policy_ref) = match &open.receipt_due {
        Some(due) => (context.reference.admission_of(&due.policy)?, due.policy.clone()),
        None => context.reference.admission(region_of(state)?, act_day(context))?,
    };
    Ok(clocking::start(
        ClockKind::Receipt,
        Some(open.number),
        act_day(context),
        Unit::WorkingDays,
        policy.receipt_working_days,
        &policy_ref,
        context,
    ))
}
