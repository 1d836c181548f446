//! From the filing to the licence regime.

use jiff::ToSpan;
use jiff::civil::Date;

use super::case::Case;
use super::filing::region_of;
use super::{Decision, clocking, clocks, ending, nothing_to_do};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, ClockState};
use crate::institution::{
    ApplicationKind, ApplicationState, AuthorizationKind, Institution, InstitutionEvent, LicenceApplication,
    StartMigration,
};
use crate::rejection::{Reason, Rejection};

/// Starts the clock by which an institution with a receipt must have a licence, once: to the day that lies the policy's
/// months after the first day of the regime.
// rule: ADM-82
pub(super) fn start_migration(state: &Institution, command: &StartMigration, context: &Context<'_>) -> Decision {
    clocks::by_system(context)?;
    if !holds_receipt(state) {
        return Err(Rejection::new(
            Reason::IllegalTransition,
            "the institution holds no receipt",
            "该机构未取得备案回执",
        )
        .with("state", state.status.code()));
    }
    if clocking::latest(state, ClockKind::Migration, None).is_some() {
        return Err(nothing_to_do());
    }
    let region = region_of(state)?;
    let (policy, policy_ref) = context.reference.licence(region, command.regime_date)?;
    let mut check = Check::default();
    check.not_in_future("regime_date", command.regime_date, context);
    let before = command.regime_date.saturating_sub(1.day());
    check.ensure(
        context.reference.licence(region, before).is_err(),
        "regime_date",
        "ADM-82",
        "must be the first day on which licences are in force in the region",
        "须为许可制在该区划生效的首日",
    );
    check.done()?;
    let last_day = command
        .regime_date
        .saturating_add(i64::from(policy.migration_months).months());
    Ok(vec![clocking::start_fixed(
        ClockKind::Migration,
        None,
        command.regime_date,
        last_day,
        &policy_ref,
    )])
}

/// The last day for a licence has passed: the receipt holds no more, unless an application for a licence was accepted
/// and is not decided. It then holds until that ends ([`receipt_held_until`]): nobody loses it by the authority's delay.
// rule: ADM-82
pub(super) fn ran_out(state: &Institution, last_day: Date) -> Vec<Decided<InstitutionEvent>> {
    let waits = state
        .licence_applications
        .values()
        .any(|found| found.kind == ApplicationKind::Licence && is_accepted_and_undecided(found));
    if !holds_receipt(state) || waits {
        return Vec::new();
    }
    ending::expired(state, AuthorizationKind::Receipt, last_day)
}

/// An application for a licence ends without one on the day of the case: a receipt whose last day for a licence has
/// passed held only until then.
// rule: ADM-82
pub(super) fn receipt_outlived(state: &Institution, case: &Case<'_>) -> Vec<Decided<InstitutionEvent>> {
    receipt_held_until(state, case.application, case.day)
}

/// The same of an application that lapsed with the end of a day.
// rule: ADM-82
pub(super) fn receipt_held_until(
    state: &Institution,
    application: &LicenceApplication,
    last_day: Date,
) -> Vec<Decided<InstitutionEvent>> {
    let passed = clocking::latest(state, ClockKind::Migration, None)
        .is_some_and(|(_, clock)| clock.state == ClockState::Expired);
    if application.kind != ApplicationKind::Licence || !passed || !holds_receipt(state) {
        return Vec::new();
    }
    ending::expired(state, AuthorizationKind::Receipt, last_day)
}

/// Whether an application waits for the authority's decision, or for what the authority still asks before it.
pub(super) fn is_accepted_and_undecided(application: &LicenceApplication) -> bool {
    matches!(
        application.state,
        ApplicationState::Accepted
            | ApplicationState::AwaitingInformation
            | ApplicationState::DecisionProposed
            | ApplicationState::RefusalIntended
            | ApplicationState::Objected
    )
}

fn holds_receipt(state: &Institution) -> bool {
    state
        .authorization
        .as_ref()
        .is_some_and(|held| held.kind == AuthorizationKind::Receipt && held.ended.is_none())
}
