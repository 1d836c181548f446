//! Objections to an intended refusal, the hearing, and the refusal itself.

use jiff::ToSpan;
use jiff::civil::Date;

use super::application::reversed;
use super::case::Case;
use super::clocking::{self, run_out};
use super::grant::day_after;
use super::register::{LONGEST_LINE, text_subject};
use super::verdict::{deemed_renewal, proposal};
use super::{Decision, act_day, ending, migration};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, ClockState, PauseReason, Unit};
use crate::envelope::Classification;
use crate::institution::machine::{self, LICENSING_LAW, Move};
use crate::institution::{
    ApplicationRefused, ApplicationState, AuthorizationKind, Deceit, DecideObjection, Institution, InstitutionCommand,
    InstitutionEvent, LodgeObjection, ObjectionDecided, ObjectionLodged, Proposal, ProposedOutcome, RefuseApplication,
};
use crate::rejection::{LegalBasis, Reason, Rejection};

/// 行政复议法.
const REVIEW_LAW: &str = "行政复议法";
/// 行政诉讼法.
const LITIGATION_LAW: &str = "行政诉讼法";

/// The applicant states its case against an intended refusal, at any time before it; a hearing is asked for within its
/// clock, and once. While it lasts the clock of the decision stands still (行政许可法 §45).
// rule: ADM-63
pub(super) fn lodge(state: &Institution, command: &LodgeObjection, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("grounds", command.grounds.expose(), LONGEST_LINE);
    check.done()?;
    let case = Case::next(state, command.application, context)?;
    let number = Some(case.number());
    if command.hearing {
        hearing_may_be_asked(state, &case, context)?;
    }
    let lodged = ObjectionLodged {
        application: case.number(),
        grounds: command.grounds.of(text_subject(context)),
        hearing: command.hearing,
    };
    let mut events = vec![case.event(lodged, case.day, context)];
    if command.hearing {
        events.extend(clocking::met(
            state,
            ClockKind::HearingRequest,
            number,
            case.day,
            context,
        ));
        events.push(clocking::start(
            ClockKind::Hearing,
            number,
            case.day,
            Unit::WorkingDays,
            case.policy.hearing_hold_working_days,
            &case.application.policy,
            context,
        ));
        events.extend(
            case.decision_clock(state)
                .and_then(|clock| clocking::paused(clock, PauseReason::Hearing, case.day, None)),
        );
    }
    Ok(events)
}

// rule: ADM-63
fn hearing_may_be_asked(state: &Institution, case: &Case<'_>, context: &Context<'_>) -> Result<(), Rejection> {
    if case.application.hearing_asked {
        return Err(Rejection::field(
            "hearing",
            "ADM-63",
            "was asked for before; one hearing is held about an intended refusal",
            "已申请过听证，同一拟决定只举行一次听证",
        )
        .citing(LegalBasis::new(LICENSING_LAW, "§47")));
    }
    match clocking::latest(state, ClockKind::HearingRequest, Some(case.number())) {
        Some((_, clock)) if clocking::is_late(clock, case.day, context) => Err(run_out(
            ClockKind::HearingRequest,
            clock.due.due_date,
            "a hearing can't be asked for any more",
            "申请听证的期限已过",
        )),
        _ => Ok(()),
    }
}

/// Another person than who proposed decides the objection, after the hearing when one was asked for. The hearing's place
/// and time are told some working days ahead (行政许可法 §48), so it lies at least that far after the objection.
// rule: ADM-63
pub(super) fn decide(state: &Institution, command: &DecideObjection, context: &Context<'_>) -> Decision {
    let case = Case::next(state, command.application, context)?;
    let number = Some(case.number());
    let hearing = state.clocks.open_of(ClockKind::Hearing, number).is_some()
        || clocking::latest(state, ClockKind::Hearing, number)
            .is_some_and(|(_, clock)| clock.state == ClockState::Expired);
    objection_shape(command, &case, hearing, context)?;
    case.another_than_proposer(context)?;
    let decided = ObjectionDecided {
        application: case.number(),
        upheld: command.upheld,
        hearing_date: command.hearing_date,
        statement: command.statement.of(text_subject(context)),
    };
    let mut events = vec![case.event(decided, case.day, context)];
    if let Some(held) = command.hearing_date {
        events.extend(clocking::met(state, ClockKind::Hearing, number, held, context));
        // The hearing's own day is not counted either.
        events.extend(
            case.decision_clock(state)
                .and_then(|clock| clocking::resumed(clock, PauseReason::Hearing, day_after(held), context)),
        );
    }
    if command.upheld {
        events.extend(clocking::cancelled_all(
            state,
            |name, clock| name.kind == ClockKind::HearingRequest && case.owns(clock),
            case.day,
        ));
    }
    Ok(events)
}

fn objection_shape(
    command: &DecideObjection,
    case: &Case<'_>,
    hearing: bool,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let mut check = Check::default();
    check.text("statement", command.statement.expose(), LONGEST_LINE);
    check.ensure(
        command.hearing_date.is_some() == hearing,
        "hearing_date",
        "ADM-63",
        "must be told when a hearing was asked for, and only then",
        "申请人要求听证的须填写听证日期，其他情形不填",
    );
    if let Some(held) = command.hearing_date.filter(|_| hearing) {
        check.not_in_future("hearing_date", held, context);
        check.ensure(
            held <= act_day(context),
            "hearing_date",
            "ADM-63",
            "must not lie after the decision on the objection",
            "听证日期不能晚于作出决定之日",
        );
        let lodged = case.application.since.unwrap_or(held);
        let notice = case.policy.hearing_notice_working_days;
        let earliest = context.reference.calendar.add_working_days(lodged, notice).date;
        if held < earliest {
            check.wrong(
                "hearing_date",
                "ADM-63",
                format!("must not lie before {earliest}: a hearing is told {notice} working days ahead ({LICENSING_LAW} §48)"),
                format!("听证应提前{notice}个工作日通知，不能早于{earliest}（{LICENSING_LAW} §48）"),
            );
        }
    }
    check.done()
}

/// Refuses as intended, with what can be done against it. A refusal in time that arrives late takes a deemed renewal
/// back, and the licence ended with its term.
// rule: ADM-64, ADM-65
pub(super) fn refuse(state: &Institution, command: &RefuseApplication, context: &Context<'_>) -> Decision {
    let asked = InstitutionCommand::from(command.clone());
    let mut case = Case::of(state, command.application, context)?;
    let proposal = proposal(&case, &asked)?;
    let deemed = if case.application.state == ApplicationState::Granted {
        if proposal.proposed.outcome != ProposedOutcome::Refuse {
            return Err(machine::application_refuses(case.application, Move::of(&asked)));
        }
        Some(deemed_renewal(state, &case, proposal, &asked)?)
    } else {
        case = Case::next(state, command.application, context)?;
        None
    };
    was_heard(state, &case, context)?;
    case.another_than_proposer(context)?;

    let mut events = Vec::new();
    let holds_from = deemed.map_or(case.day, |(_, valid_to)| day_after(valid_to));
    if let Some((deemed, _)) = deemed {
        events.push(reversed(&case, deemed, holds_from, context));
        events.extend(clocking::met_clock(state, deemed.clock, case.day, context));
    }
    events.push(refused(state, &case, proposal, holds_from, context));
    let met = clocking::decision_met(state, case.number(), case.day, context);
    let decision = case
        .decision_clock(state)
        .map(|(name, _)| name)
        .filter(|_| met.is_some());
    events.extend(met);
    if let Some((_, valid_to)) = deemed {
        // The licence ended with its term, and with it what was asked for under it.
        events.extend(ending::expired(state, AuthorizationKind::Licence, valid_to));
    } else {
        events.extend(clocking::cancelled_all(
            state,
            |name, clock| decision != Some(name) && case.owns(clock),
            case.day,
        ));
    }
    events.extend(migration::receipt_outlived(state, &case));
    Ok(events)
}

/// The applicant asked to be heard and was, or let the time for it pass.
// rule: ADM-64
fn was_heard(state: &Institution, case: &Case<'_>, context: &Context<'_>) -> Result<(), Rejection> {
    let clock = clocking::latest(state, ClockKind::HearingRequest, Some(case.number()));
    let open_until = match clock {
        Some((_, clock)) if clock.state == ClockState::Met || clocking::is_late(clock, case.day, context) => {
            return Ok(());
        }
        Some((_, clock)) => clock.due.due_date.to_string(),
        None => String::new(),
    };
    Err(Rejection::new(
        Reason::ReviewIncomplete,
        format!("the applicant may still ask for a hearing, up to and with {open_until}"),
        format!("申请人尚可在{open_until}前（含当日）申请听证"),
    )
    .citing(LegalBasis::new(LICENSING_LAW, "§47"))
    .with("due_date", open_until))
}

fn refused(
    state: &Institution,
    case: &Case<'_>,
    proposal: &Proposal,
    holds_from: Date,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let calendar = &context.reference.calendar;
    let policy = case.policy;
    let clock = case.decision_clock(state);
    let months_later = |months: u32| case.day.saturating_add(i64::from(months).months());
    let deceit = proposal.proposed.deceit;
    let refused = ApplicationRefused {
        application: case.number(),
        decision_date: case.day,
        reasons: proposal.proposed.reasons.clone(),
        late: clock.is_some_and(|(_, clock)| clocking::is_late(clock, case.day, context)),
        review_until_date: calendar.add_calendar_days(case.day, policy.review_days).date,
        suit_until_date: calendar.next_working_day(months_later(policy.suit_months)).date,
        // rule: ADM-45
        barred_until_date: deceit.map(|deceit| {
            months_later(match deceit {
                Deceit::FalsePapers => policy.false_papers_bar_months,
                Deceit::Fraud => policy.fraud_bar_months,
            })
        }),
    };
    let mut decided = case.event(refused, holds_from, context);
    decided.classification = Classification::Public;
    decided.legal_basis = vec![
        LegalBasis::new(LICENSING_LAW, "§38"),
        LegalBasis::new(REVIEW_LAW, "§20"),
        LegalBasis::new(LITIGATION_LAW, "§46"),
    ];
    decided.legal_basis.extend(deceit.map(|deceit| {
        LegalBasis::new(
            LICENSING_LAW,
            match deceit {
                Deceit::FalsePapers => "§78",
                Deceit::Fraud => "§79",
            },
        )
    }));
    decided
}
