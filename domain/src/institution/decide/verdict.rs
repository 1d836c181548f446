//! The decision by a second person: granted, or a refusal intended so that the applicant may be heard; and the
//! certificate.

use jiff::civil::Date;

use super::application::reversed;
use super::case::Case;
use super::clocking::{self, run_out};
use super::grant::{Grant, has_certificate};
use super::proposal::nothing_in_the_way;
use super::register::LONGEST_NAME;
use super::{Decision, entitled, nothing_to_do};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, Unit};
use crate::institution::machine::{self, LICENSING_LAW, Move};
use crate::institution::{
    ApplicationKind, ApplicationState, CertificateIssued, DecideApplication, Deemed, DeemedOutcome, Institution,
    InstitutionCommand, InstitutionEvent, IssueCertificate, Proposal, ProposedOutcome, RefusalIntended,
};
use crate::rejection::{LegalBasis, Rejection};

/// Decides as proposed. Another person than who proposed; a grant in time that arrives late takes the place of a deemed
/// renewal.
pub(super) fn decide(state: &Institution, command: &DecideApplication, context: &Context<'_>) -> Decision {
    let asked = InstitutionCommand::from(command.clone());
    let mut case = Case::of(state, command.application, context)?;
    let proposal = proposal(&case, &asked)?;
    let outcome = proposal.proposed.outcome;
    shape(command, &case, outcome, context)?;
    let deemed = if case.application.state == ApplicationState::Granted {
        if outcome == ProposedOutcome::Refuse {
            return Err(machine::application_refuses(case.application, Move::of(&asked)));
        }
        Some(deemed_renewal(&case, proposal, &asked)?)
    } else {
        case = Case::next(state, command.application, context)?;
        None
    };
    case.another_than_proposer(context)?;
    match outcome {
        ProposedOutcome::Refuse => Ok(intended(&case, proposal, context)),
        ProposedOutcome::Grant => granted(state, case, proposal, command, deemed, context),
    }
}

fn granted(
    state: &Institution,
    case: Case<'_>,
    proposal: &Proposal,
    command: &DecideApplication,
    deemed: Option<(&Deemed, Date)>,
    context: &Context<'_>,
) -> Decision {
    let mut events = Vec::new();
    match deemed {
        None => entitled::standing(state, case.application.kind, case.day)?,
        Some((deemed, valid_to)) => {
            events.push(reversed(&case, deemed, super::grant::day_after(valid_to), context));
            events.extend(clocking::met_clock(state, deemed.clock, case.day, context));
        }
    }
    let conditions = &proposal.proposed.conditions;
    nothing_in_the_way(state, conditions, &case)?;
    let grant = Grant {
        state,
        case,
        from: command.effective_date.unwrap_or(case.day),
        number: command.licence_number.as_deref(),
        conditions,
        term_before: deemed.map(|(_, valid_to)| valid_to),
        context,
    };
    events.extend(grant.events()?);
    Ok(events)
}

/// A refusal is intended: its reasons are told, and the applicant may ask to be heard (行政许可法 §36, §47).
// rule: ADM-62
fn intended(case: &Case<'_>, proposal: &Proposal, context: &Context<'_>) -> Vec<Decided<InstitutionEvent>> {
    let intended = RefusalIntended {
        application: case.number(),
        reasons: proposal.proposed.reasons.clone(),
    };
    let mut decided = case.event(intended, case.day, context);
    decided.legal_basis = ["§36", "§47"]
        .into_iter()
        .map(|article| LegalBasis::new(LICENSING_LAW, article))
        .collect();
    let clock = clocking::start(
        ClockKind::HearingRequest,
        Some(case.number()),
        case.day,
        Unit::WorkingDays,
        case.policy.hearing_request_working_days,
        &case.application.policy,
        context,
    );
    vec![decided, clock]
}

/// The proposal that is decided on.
pub(super) fn proposal<'a>(case: &Case<'a>, asked: &InstitutionCommand) -> Result<&'a Proposal, Rejection> {
    let waits = case.application.proposal.as_ref();
    waits.ok_or_else(|| machine::application_refuses(case.application, Move::of(asked)))
}

/// The deemed renewal that a decision in time takes back, with the last day of the term before it.
///
/// # Errors
/// `ILLEGAL_TRANSITION` when the grant was none that the law supplied, `CLOCK_EXPIRED` for a decision after the last day
/// of the licence, `INVALID_FIELD` for one before its proposal.
// rule: ADM-65
pub(super) fn deemed_renewal<'a>(
    case: &Case<'a>,
    proposal: &Proposal,
    asked: &InstitutionCommand,
) -> Result<(&'a Deemed, Date), Rejection> {
    let standing = case.application.deemed.as_ref();
    let renewed = standing.filter(|deemed| deemed.outcome == DeemedOutcome::Renewed);
    let found = renewed.and_then(|deemed| Some((deemed, deemed.term_before?.1?)));
    let (deemed, valid_to) = found.ok_or_else(|| machine::application_refuses(case.application, Move::of(asked)))?;
    if case.day > valid_to {
        return Err(run_out(
            ClockKind::Renewal,
            valid_to,
            "nothing was decided before the licence ran out, so it is renewed",
            "许可有效期届满前未作决定，视为准予延续",
        ));
    }
    if proposal.date.is_some_and(|proposed| case.day < proposed) {
        return Err(Rejection::field(
            "occurred",
            "GEN-08",
            "must not lie before the proposal",
            "不能早于拟定决定之日",
        ));
    }
    Ok((deemed, valid_to))
}

/// Number and first day of what is granted.
// rule: ADM-58, ADM-59
fn shape(
    command: &DecideApplication,
    case: &Case<'_>,
    outcome: ProposedOutcome,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let kind = case.application.kind;
    let grant = outcome == ProposedOutcome::Grant;
    let mut check = Check::default();
    check.text_if_some("licence_number", command.licence_number.as_deref(), LONGEST_NAME);
    check.ensure(
        command.licence_number.is_some() == (grant && kind == ApplicationKind::Licence),
        "licence_number",
        "ADM-58",
        "must be told when a licence is granted, and only then",
        "准予许可时须填写许可证编号，其他情形不填",
    );
    if let Some(from) = command.effective_date {
        let chosen = matches!(
            kind,
            ApplicationKind::Licence | ApplicationKind::Change | ApplicationKind::Transfer | ApplicationKind::Waiver
        );
        check.ensure(
            grant && chosen,
            "effective_date",
            "ADM-59",
            "follows from what is decided and is not chosen",
            "生效日期由决定事项确定，不可选择",
        );
        check.ensure(
            from >= case.day,
            "effective_date",
            "ADM-59",
            "must not lie before the decision",
            "生效日期不能早于决定之日",
        );
        // Who holds a licence stands in the state at once.
        if matches!(kind, ApplicationKind::Licence | ApplicationKind::Transfer) {
            check.not_in_future("effective_date", from, context);
        }
        let until = case.application.applied.waiver.as_ref().map(|asked| asked.until_date);
        check.ensure(
            until.is_none_or(|until| from <= until),
            "effective_date",
            "ADM-69",
            "must not lie after the last day of the waiver",
            "生效日期不能晚于豁免截止日期",
        );
    }
    check.done()
}

/// The certificate was handed over; within its clock, or late (行政许可法 §44).
// rule: ADM-67
pub(super) fn issue_certificate(state: &Institution, command: &IssueCertificate, context: &Context<'_>) -> Decision {
    let case = Case::of(state, command.application, context)?;
    let mut check = Check::default();
    check.not_in_future("issue_date", command.issue_date, context);
    check.ensure(
        case.application
            .since
            .is_none_or(|granted| command.issue_date >= granted),
        "issue_date",
        "ADM-67",
        "must not lie before the grant",
        "发证日期不能早于准予决定之日",
    );
    check.ensure(
        has_certificate(case.application.kind),
        "application",
        "ADM-67",
        "leads to no certificate",
        "该类申请不颁发许可证件",
    );
    check.done()?;
    if case.application.certificate_issued {
        return Err(nothing_to_do());
    }
    let kind = ClockKind::Certificate;
    let clock = clocking::latest(state, kind, Some(case.number()));
    let issued = CertificateIssued {
        application: case.number(),
        issue_date: command.issue_date,
        late: clock.is_some_and(|(_, clock)| clocking::is_late(clock, command.issue_date, context)),
    };
    let mut events = vec![case.event(issued, command.issue_date, context)];
    events.extend(clocking::met(
        state,
        kind,
        Some(case.number()),
        command.issue_date,
        context,
    ));
    Ok(events)
}
