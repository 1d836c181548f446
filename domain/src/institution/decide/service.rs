//! Service: suspended, resumed, closed for good.

use jiff::ToSpan;

use super::register::{LONGEST_LINE, text_subject};
use super::{Decision, begins, ending};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::envelope::Role;
use crate::institution::machine::{FILING_RULES, LICENSING_LAW, POPULATION_LAW};
use crate::institution::{
    ApplicationKind, AuthorizationKind, CessationCause, CloseInstitution, Institution, InstitutionClosed,
    InstitutionResumed, InstitutionSuspended, ResumeInstitution, Status, SuspendInstitution, SuspensionKind,
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
    let mut events = vec![decided];
    events.extend(ending::service_goes_on(state, command.from_date));
    Ok(events)
}

/// Closes for good. The last day of service still counts as open, so the new state begins on the day after. What was
/// asked for ends with it, and children who are still there make an orderly cessation.
// rule: ADM-25
pub(super) fn close(state: &Institution, command: &CloseInstitution, context: &Context<'_>) -> Decision {
    closed_by(state, context)?;
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
    decided.legal_basis = vec![if had_licence(state) {
        LegalBasis::new(LICENSING_LAW, "§70")
    } else {
        LegalBasis::new(FILING_RULES, "§10")
    }];
    let mut events = vec![decided];
    events.extend(ending::ends_with_institution(state, command.closing_date, None));
    events.extend(ending::cessation(
        state,
        CessationCause::Closing,
        command.children_to_place,
        command.closing_date,
        ending::cessation_policy(state, context),
        context,
    ));
    Ok(events)
}

/// An operator under a licence applies for its closing; what was revoked or has run out is deregistered by the
/// authority (行政许可法 §70).
// rule: ADM-94
fn closed_by(state: &Institution, context: &Context<'_>) -> Result<(), Rejection> {
    if context.actor.role != Role::Operator {
        return Ok(());
    }
    if ending::licence(state).is_some() {
        return Err(needs_application(ApplicationKind::Closing, "§70"));
    }
    if matches!(state.status, Status::Revoked | Status::Expired) {
        return Err(Rejection::new(
            Reason::RoleNotAllowed,
            "what was revoked or has run out is deregistered by the authority",
            "许可被撤销或者有效期届满的，由主管部门办理注销",
        )
        .citing(LegalBasis::new(LICENSING_LAW, "§70"))
        .with("state", state.status.code()));
    }
    Ok(())
}

fn had_licence(state: &Institution) -> bool {
    state
        .authorization
        .as_ref()
        .is_some_and(|held| held.kind == AuthorizationKind::Licence)
}

/// What a licence rules changes by an application of that kind.
// rule: ADM-93
pub(super) fn needs_application(kind: ApplicationKind, article: &str) -> Rejection {
    Rejection::new(
        Reason::NeedsApplication,
        format!("under a licence this needs an application of kind {}", kind.code()),
        format!("持有许可的机构须提出{}申请", kind.zh()),
    )
    .citing(LegalBasis::new(LICENSING_LAW, article))
    .with("kind", kind.code())
    .with("command", "submit_application")
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
