//! Service: suspended, resumed, closed for good.

use jiff::ToSpan;

use super::register::{LONGEST_LINE, text_subject};
use super::{Decision, begins};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::envelope::Role;
use crate::institution::machine::{FILING_RULES, POPULATION_LAW};
use crate::institution::{
    CloseInstitution, Institution, InstitutionClosed, InstitutionResumed, InstitutionSuspended, ResumeInstitution,
    SuspendInstitution, SuspensionKind,
};
use crate::rejection::{LegalBasis, Reason, Rejection};

/// Suspends: by the operator's own decision, or by order of the authority.
pub(super) fn suspend(state: &Institution, command: &SuspendInstitution, context: &Context<'_>) -> Decision {
    orders_are_the_authoritys(command.kind, context)?;
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.not_in_future("from_date", command.from_date, context);
    check.ensure(
        command.until_date.is_none_or(|until| until >= command.from_date),
        "until_date",
        "ADM-23",
        "must not lie before the first day",
        "截止日期不能早于起始日期",
    );
    check.done()?;
    let mut decided = Decided::plain(InstitutionSuspended {
        kind: command.kind,
        reason: command.reason.of(text_subject(context)),
        from_date: command.from_date,
        until_date: command.until_date,
    });
    decided.effective_from = Some(begins(state, "from_date", command.from_date)?);
    decided.legal_basis = basis(command.kind);
    Ok(vec![decided])
}

/// Resumes; the institution stands where it stood before the suspension.
// rule: ADM-24
pub(super) fn resume(state: &Institution, command: &ResumeInstitution, context: &Context<'_>) -> Decision {
    let kind = state
        .suspension
        .as_ref()
        .map_or(SuspensionKind::Voluntary, |suspension| suspension.kind);
    orders_are_the_authoritys(kind, context)?;
    let mut check = Check::default();
    check.text("statement", command.statement.expose(), LONGEST_LINE);
    check.not_in_future("from_date", command.from_date, context);
    check.ensure(
        state
            .suspension
            .as_ref()
            .is_none_or(|suspension| command.from_date >= suspension.from_date),
        "from_date",
        "ADM-24",
        "must not lie before the suspension began",
        "恢复日期不能早于停业起始日期",
    );
    check.done()?;
    let mut decided = Decided::plain(InstitutionResumed {
        from_date: command.from_date,
        statement: command.statement.of(text_subject(context)),
        status: state.standing(),
    });
    decided.effective_from = Some(begins(state, "from_date", command.from_date)?);
    decided.legal_basis = basis(kind);
    Ok(vec![decided])
}

/// Closes for good. The last day of service still counts as open, so the new state begins on the day after.
// rule: ADM-25
pub(super) fn close(state: &Institution, command: &CloseInstitution, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.not_in_future("closing_date", command.closing_date, context);
    check.ensure(
        state
            .registration_date
            .is_none_or(|registered| command.closing_date >= registered),
        "closing_date",
        "ADM-25",
        "must not lie before the registration",
        "注销日期不能早于登记日期",
    );
    check.done()?;
    let first_day_closed = command.closing_date.saturating_add(1.day());
    let mut decided = Decided::plain(InstitutionClosed {
        reason: command.reason.of(text_subject(context)),
        closing_date: command.closing_date,
        children_to_place: command.children_to_place,
    });
    decided.effective_from = Some(begins(state, "closing_date", first_day_closed)?);
    decided.legal_basis = vec![LegalBasis::new(FILING_RULES, "§10")];
    Ok(vec![decided])
}

/// Only the authority orders a suspension, and only the authority ends one that it ordered.
// rule: ADM-23
fn orders_are_the_authoritys(kind: SuspensionKind, context: &Context<'_>) -> Result<(), Rejection> {
    if kind == SuspensionKind::Voluntary || context.actor.role != Role::Operator {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::RoleNotAllowed,
        "a suspension that the authority ordered is begun and ended by the authority",
        "责令停业由主管部门作出和解除，举办者不能自行办理",
    )
    .citing(LegalBasis::new(POPULATION_LAW, "§41"))
    .with("suspension", kind.code()))
}

fn basis(kind: SuspensionKind) -> Vec<LegalBasis> {
    vec![match kind {
        SuspensionKind::Voluntary => LegalBasis::new(FILING_RULES, "§10"),
        SuspensionKind::Ordered | SuspensionKind::Emergency => LegalBasis::new(POPULATION_LAW, "§41"),
    }]
}
