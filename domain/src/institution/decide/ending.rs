//! A licence taken away or run out, what ends with it, and the orderly cessation that follows.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::case::reasons_shape;
use super::filing::region_of;
use super::grant::day_after;
use super::register::LONGEST_NAME;
use super::{Decision, act_day, begins, clocking, today};
use crate::aggregate::{Context, Decided, Facts};
use crate::check::Check;
use crate::clock::{ClockKind, Unit};
use crate::envelope::{Classification, PolicyRef};
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationDismissed, ApplicationKind, Authorization, AuthorizationExpired, AuthorizationKind,
    AuthorizationRevoked, Cessation, CessationCause, CessationClosed, CessationOpened, CloseCessation, DismissalGround,
    Institution, InstitutionEvent, LicenceApplication, OpenCessation, PlacementRecorded, RecordPlacement,
    RevocationGround, RevokeAuthorization, Status,
};
use crate::policy::LicencePolicy;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::start_of;

/// Takes a licence away, from a day on that is not past: nobody has run a service without one that was held then. What
/// was asked for under it ends with it, and children who are still there make an orderly cessation.
// rule: ADM-88
pub(super) fn revoke_authorization(
    state: &Institution,
    command: &RevokeAuthorization,
    context: &Context<'_>,
) -> Decision {
    let held = under_licence(state)?;
    let mut check = Check::default();
    check.text("approver", &command.approver, LONGEST_NAME);
    reasons_shape(&mut check, "ADM-88", &command.reasons);
    check.ensure(
        command.effective_date >= today(context),
        "effective_date",
        "ADM-88",
        "must not lie in the past",
        "生效日期不能早于今天",
    );
    check.ensure(
        held.valid_to_date.is_none_or(|last| command.effective_date <= last),
        "effective_date",
        "ADM-88",
        "must not lie after the last day of the licence",
        "生效日期不能晚于许可有效期届满日",
    );
    check.done()?;
    another_person(&command.approver, context, "a revocation", "撤销许可")?;
    let (policy, policy_ref) = policy(state, context)?;
    let day = act_day(context);
    let calendar = &context.reference.calendar;
    let months_later = |months: u32| day.saturating_add(i64::from(months).months());
    let mut revoked = Decided::plain(AuthorizationRevoked {
        ground: command.ground,
        reasons: command.reasons.clone(),
        effective_date: command.effective_date,
        approver: command.approver.trim().to_owned(),
        review_until_date: calendar.add_calendar_days(day, policy.review_days).date,
        suit_until_date: calendar.next_working_day(months_later(policy.suit_months)).date,
        barred_until_date: (command.ground == RevocationGround::Fraud).then(|| months_later(policy.fraud_bar_months)),
    });
    revoked.effective_from = Some(begins(state, "effective_date", command.effective_date)?);
    revoked.policies = vec![policy_ref.clone()];
    revoked.legal_basis = vec![revocation_article(command.ground)];
    revoked.classification = Classification::Public;
    let mut events = vec![revoked];
    events.extend(ends_with_authorization(state, day));
    events.extend(cessation(
        state,
        CessationCause::Revocation,
        command.children_to_place,
        command.effective_date,
        Some((policy, policy_ref)),
        context,
    ));
    Ok(events)
}

fn revocation_article(ground: RevocationGround) -> LegalBasis {
    let article = match ground {
        RevocationGround::GrantedUnlawfully | RevocationGround::NotEligible | RevocationGround::Fraud => "§69",
        RevocationGround::PublicInterest => "§8",
        RevocationGround::Breach => "§61",
    };
    LegalBasis::new(LICENSING_LAW, article)
}

/// An authorization that ran out: it holds no more from the day after its last one, or from where the institution has
/// come since, when that is found late.
// rule: ADM-81, ADM-82
pub(super) fn expired(state: &Institution, kind: AuthorizationKind, last_day: Date) -> Vec<Decided<InstitutionEvent>> {
    let after = day_after(last_day);
    let mut expired = Decided::plain(AuthorizationExpired {
        kind,
        valid_to_date: last_day,
    });
    expired.effective_from = Some(start_of(after).max(state.status_from.unwrap_or(Timestamp::MIN)));
    expired.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§70")];
    expired.classification = Classification::Public;
    let mut events = vec![expired];
    events.extend(ends_with_authorization(state, after));
    events
}

/// What ends with an authorization: every application that needs it, and every clock but those of an application for a
/// licence, which goes on, and of an orderly cessation.
// rule: ADM-89
fn ends_with_authorization(state: &Institution, on: Date) -> Vec<Decided<InstitutionEvent>> {
    ended(state, on, |application| application.kind != ApplicationKind::Licence)
}

/// What ends with the institution: every application but the one for its closing that is granted, and every clock but
/// that of an orderly cessation.
// rule: ADM-89
pub(super) fn ends_with_institution(
    state: &Institution,
    on: Date,
    granted: Option<&LicenceApplication>,
) -> Vec<Decided<InstitutionEvent>> {
    ended(state, on, |application| {
        granted.is_none_or(|granted| granted.number != application.number)
    })
}

/// The authority terminates what has lost its object (终止办理). Nobody withdrew it, no answer is owed and it was not
/// refused: it is dismissed on that ground.
fn ended(state: &Institution, on: Date, ends: impl Fn(&LicenceApplication) -> bool) -> Vec<Decided<InstitutionEvent>> {
    let open = state
        .licence_applications
        .values()
        .filter(|found| !found.state.is_final());
    let (ending, going_on): (Vec<_>, Vec<_>) = open.partition(|found| ends(found));
    let dismissed = ending.iter().map(|application| {
        let mut decided = Decided::plain(ApplicationDismissed {
            application: application.number,
            ground: DismissalGround::MatterEnded,
            competent_authority: None,
        });
        decided.effective_from = Some(start_of(on));
        decided.policies = vec![application.policy.clone()];
        decided
    });
    let mut events: Vec<_> = dismissed.collect();
    events.extend(clocking::cancelled_all(
        state,
        |name, clock| {
            let goes_on = going_on.iter().any(|found| clock.application == Some(found.number));
            name.kind != ClockKind::Cessation && !goes_on
        },
        on,
    ));
    events
}

/// Opens an orderly cessation where an institution may not go on and children are still there.
// rule: ADM-90
pub(super) fn open_cessation(state: &Institution, command: &OpenCessation, context: &Context<'_>) -> Decision {
    if running_cessation(state).is_some() {
        return Err(Rejection::new(
            Reason::AlreadyExists,
            "an orderly cessation is open already",
            "有序停办已在进行",
        ));
    }
    let mut check = Check::default();
    check.ensure(
        command.children_to_place > 0,
        "children_to_place",
        "ADM-90",
        "must be at least 1: without children there is nothing to place",
        "须至少有1名婴幼儿待安置",
    );
    check.not_in_future("enrolment_frozen_date", command.enrolment_frozen_date, context);
    check.done()?;
    let cause = match state.status {
        Status::Revoked => CessationCause::Revocation,
        Status::Expired => CessationCause::Expiry,
        Status::Suspended => CessationCause::Suspension,
        _ => CessationCause::Closing,
    };
    let policy = cessation_policy(state, context);
    Ok(cessation(
        state,
        cause,
        command.children_to_place,
        command.enrolment_frozen_date,
        policy,
        context,
    ))
}

/// An orderly cessation with its clock, where there are children and none is open. Only the licence regime knows a last
/// day for it: where no licence policy is in force the cessation has no clock.
// rule: ADM-90
pub(super) fn cessation(
    state: &Institution,
    cause: CessationCause,
    children_to_place: u32,
    enrolment_frozen_date: Date,
    policy: Option<(&LicencePolicy, PolicyRef)>,
    context: &Context<'_>,
) -> Vec<Decided<InstitutionEvent>> {
    if children_to_place == 0 || running_cessation(state).is_some() {
        return Vec::new();
    }
    let mut opened = Decided::plain(CessationOpened {
        cause,
        children_to_place,
        enrolment_frozen_date,
    });
    opened.effective_from = Some(start_of(enrolment_frozen_date));
    opened.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§70")];
    let clock = policy.map(|(policy, policy_ref)| {
        opened.policies = vec![policy_ref.clone()];
        clocking::start(
            ClockKind::Cessation,
            None,
            act_day(context),
            Unit::CalendarDays,
            policy.cessation_days,
            &policy_ref,
            context,
        )
    });
    std::iter::once(opened).chain(clock).collect()
}

/// The policy that sets the last day of an orderly cessation: the licence's own, else the one in force.
pub(super) fn cessation_policy<'a>(
    state: &Institution,
    context: &Context<'a>,
) -> Option<(&'a LicencePolicy, PolicyRef)> {
    policy(state, context)
        .or_else(|_| context.reference.licence(region_of(state)?, act_day(context)))
        .ok()
}

/// Records that children were placed, in an institution that may take them or elsewhere; not more than are left.
// rule: ADM-91
pub(super) fn record_placement(
    state: &Institution,
    command: &RecordPlacement,
    facts: &Facts,
    context: &Context<'_>,
) -> Decision {
    let running = running_cessation(state).ok_or_else(no_cessation)?;
    let left = running.children.saturating_sub(running.placed);
    let mut check = Check::default();
    if !(1..=left).contains(&command.children) {
        check.wrong(
            "children",
            "ADM-91",
            format!("must lie between 1 and {left}, the children who are left"),
            format!("须在1至{left}名之间，即尚待安置的人数"),
        );
    }
    day_of_cessation(&mut check, running, command.on_date, "ADM-91", context);
    if let Some(id) = command.institution {
        let takes = facts.institution.as_ref().is_some_and(|there| {
            matches!(
                there.status,
                Status::Filed | Status::Nonconforming | Status::Licensed | Status::Imported
            )
        });
        check.ensure(
            takes && id != context.id,
            "institution",
            "ADM-91",
            "must be another institution that is in service",
            "须为另一家在办机构",
        );
    }
    check.done()?;
    Ok(vec![Decided::plain(PlacementRecorded {
        children: command.children,
        institution: command.institution,
        on_date: command.on_date,
    })])
}

/// Ends an orderly cessation once every child has a place.
// rule: ADM-92
pub(super) fn close_cessation(state: &Institution, command: &CloseCessation, context: &Context<'_>) -> Decision {
    let running = running_cessation(state).ok_or_else(no_cessation)?;
    let left = running.children.saturating_sub(running.placed);
    if left > 0 {
        return Err(Rejection::new(
            Reason::IllegalTransition,
            format!("{left} children have no other place yet"),
            format!("尚有{left}名婴幼儿未安置"),
        )
        .citing(LegalBasis::new(LICENSING_LAW, "§70"))
        .with("rule", "ADM-92")
        .with("children", left.to_string()));
    }
    let mut check = Check::default();
    day_of_cessation(&mut check, running, command.on_date, "ADM-92", context);
    check.done()?;
    let closed = Decided::plain(CessationClosed {
        on_date: command.on_date,
    });
    let clock = clocking::met(state, ClockKind::Cessation, None, command.on_date, context);
    Ok(std::iter::once(closed).chain(clock).collect())
}

/// Service goes on: who was to be placed because of a suspension may stay.
// rule: ADM-92
pub(super) fn service_goes_on(state: &Institution, on_date: Date) -> Vec<Decided<InstitutionEvent>> {
    if running_cessation(state).is_none() {
        return Vec::new();
    }
    let clock = clocking::cancelled_all(state, |name, _| name.kind == ClockKind::Cessation, on_date);
    let closed = Decided::plain(CessationClosed { on_date });
    std::iter::once(closed).chain(clock).collect()
}

fn day_of_cessation(check: &mut Check, running: &Cessation, day: Date, rule: &str, context: &Context<'_>) {
    check.not_in_future("on_date", day, context);
    check.ensure(
        day >= running.enrolment_frozen_date,
        "on_date",
        rule,
        "must not lie before the day from which no child is enrolled",
        "不能早于停止招收之日",
    );
}

fn running_cessation(state: &Institution) -> Option<&Cessation> {
    state.cessation.as_ref().filter(|cessation| cessation.closed.is_none())
}

fn no_cessation() -> Rejection {
    Rejection::new(
        Reason::IllegalTransition,
        "no orderly cessation is open",
        "没有正在进行的有序停办",
    )
}

/// The licence that holds, also while service is suspended.
pub(super) fn licence(state: &Institution) -> Option<&Authorization> {
    let held = state.authorization.as_ref()?;
    (held.kind == AuthorizationKind::Licence && held.ended.is_none()).then_some(held)
}

/// The same where a command needs it.
///
/// # Errors
/// `ILLEGAL_TRANSITION` where no licence holds: an institution may be suspended that only filed.
pub(super) fn under_licence(state: &Institution) -> Result<&Authorization, Rejection> {
    licence(state).ok_or_else(|| no_licence(state))
}

fn no_licence(state: &Institution) -> Rejection {
    Rejection::new(
        Reason::IllegalTransition,
        "the institution holds no licence",
        "该机构未持有有效许可",
    )
    .with("state", state.status.code())
}

/// The policy that the licence was granted under, which rules it to its end.
///
/// # Errors
/// `ILLEGAL_TRANSITION` where there was no licence, `POLICY_NOT_IN_FORCE` when its policy is not active here.
pub(super) fn policy<'a>(
    state: &Institution,
    context: &Context<'a>,
) -> Result<(&'a LicencePolicy, PolicyRef), Rejection> {
    let held = state.authorization.as_ref();
    let granted = held.and_then(|held| state.licence_applications.get(&held.application));
    let Some(application) = granted else {
        return Err(no_licence(state));
    };
    let policy = context.reference.licence_of(&application.policy)?;
    Ok((policy, application.policy.clone()))
}

/// Who approves is not who acts.
///
/// # Errors
/// `TWO_PERSON_RULE`.
pub(super) fn another_person(
    approver: &str,
    context: &Context<'_>,
    what: &str,
    what_zh: &str,
) -> Result<(), Rejection> {
    if approver.trim() != context.actor.id.trim() {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::TwoPersonRule,
        format!("{what} needs the approval of another person than the one who makes it"),
        format!("{what_zh}须由另一人批准，批准人不能是经办人本人"),
    ))
}
