//! An application of the licence regime before its review: returned, accepted, dismissed, withdrawn.

use jiff::civil::Date;

use super::case::{Case, MOST_ENTRIES};
use super::clocking::{self, run_out};
use super::register::{LONGEST_LINE, LONGEST_NAME, text_subject};
use super::submission::start_correction;
use super::{Decision, migration};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::ClockKind;
use crate::institution::machine::{self, LICENSING_LAW, Move};
use crate::institution::{
    AcceptApplication, ApplicationAccepted, ApplicationDismissed, ApplicationReturned, ApplicationState,
    ApplicationWithdrawn, Deemed, DeemedOutcome, DeemedOutcomeReversed, DismissApplication, DismissalGround,
    Institution, InstitutionCommand, InstitutionEvent, ReturnApplication, ReturnedItem, Submission,
    WithdrawApplication,
};
use crate::rejection::{LegalBasis, Reason, Rejection, Violation};

/// Returns what no rule can see, once and in full. A return in time that arrives late takes a deemed acceptance back.
// rule: ADM-48
pub(super) fn return_once(state: &Institution, command: &ReturnApplication, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.ensure(
        (1..=MOST_ENTRIES).contains(&command.items.len()),
        "items",
        "ADM-48",
        "must name 1 to 100 items",
        "须列明1至100个事项",
    );
    for (index, item) in command.items.iter().enumerate() {
        check.text(&format!("items[{index}].item"), &item.item, LONGEST_NAME);
        check.text(&format!("items[{index}].rule"), &item.rule, LONGEST_NAME);
        check.ensure(
            !command.items[..index].contains(item),
            &format!("items[{index}]"),
            "ADM-48",
            "stands here twice",
            "事项重复",
        );
    }
    check.done()?;
    let case = Case::of(state, command.application, context)?;
    let asked = InstitutionCommand::from(command.clone());
    let deemed = before_acceptance(state, &case, &asked, context)?;
    told_once(&case, &command.items)?;
    let mut events = answered(state, &case, deemed, context);
    let returned = ApplicationReturned {
        application: case.number(),
        items: command.items.clone(),
    };
    events.push(case.event(returned, case.day, context));
    events.push(start_correction(
        case.number(),
        case.day,
        case.policy,
        &case.application.policy,
        context,
    ));
    Ok(events)
}

/// Accepts; the clock of the decision runs from the day of acceptance. An acceptance in time that arrives late takes
/// the place of the deemed one.
// rule: ADM-50
pub(super) fn accept(state: &Institution, command: &AcceptApplication, context: &Context<'_>) -> Decision {
    let case = Case::of(state, command.application, context)?;
    let asked = InstitutionCommand::from(command.clone());
    let deemed = before_acceptance(state, &case, &asked, context)?;
    let mut events = answered(state, &case, deemed, context);
    let accepted = ApplicationAccepted {
        application: case.number(),
        joint: command.joint,
    };
    events.push(case.event(accepted, case.day, context));
    events.push(clocking::start_decision(
        case.application,
        command.joint,
        case.day,
        case.policy,
        context,
    ));
    Ok(events)
}

/// Dismisses without a look at the substance: no licence is needed, or another authority is competent.
// rule: ADM-51
pub(super) fn dismiss(state: &Institution, command: &DismissApplication, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    let elsewhere = command.ground == DismissalGround::OutOfJurisdiction;
    check.text_if_some(
        "competent_authority",
        command.competent_authority.as_deref(),
        LONGEST_NAME,
    );
    check.ensure(
        command.competent_authority.is_some() == elsewhere,
        "competent_authority",
        "ADM-51",
        "must be named when another authority is competent, and only then",
        "不属于本机关职权范围的须告知有权机关，其他情形不填",
    );
    check.ensure(
        command.ground != DismissalGround::MatterEnded,
        "ground",
        "ADM-89",
        "follows from the end of the licence or the institution and is not chosen",
        "此项由许可或机构终止确定，不可选择",
    );
    check.done()?;
    let case = Case::next(state, command.application, context)?;
    let asked = InstitutionCommand::from(command.clone());
    let deemed = before_acceptance(state, &case, &asked, context)?;
    let mut events = answered(state, &case, deemed, context);
    let dismissed = ApplicationDismissed {
        application: case.number(),
        ground: command.ground,
        competent_authority: command.competent_authority.clone(),
    };
    events.push(case.event(dismissed, case.day, context));
    events.extend(migration::receipt_outlived(state, &case));
    Ok(events)
}

/// The applicant takes the application back before it is decided; every clock of it ends.
// rule: ADM-66
pub(super) fn withdraw(state: &Institution, command: &WithdrawApplication, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.done()?;
    let case = Case::next(state, command.application, context)?;
    let withdrawn = ApplicationWithdrawn {
        application: case.number(),
        reason: command.reason.of(text_subject(context)),
    };
    let mut events = vec![case.event(withdrawn, case.day, context)];
    events.extend(clocking::cancelled_all(state, |_, clock| case.owns(clock), case.day));
    events.extend(migration::receipt_outlived(state, &case));
    Ok(events)
}

/// Whether the look at completeness may still be answered on the day of the act: while it lasts, or, after silence was
/// taken for acceptance, by an act that lies within the time and arrives late. Answers the deemed acceptance to take
/// back.
///
/// # Errors
/// `CLOCK_EXPIRED` after the time where silence is acceptance, `ILLEGAL_TRANSITION` for what was accepted by an act,
/// `INVALID_FIELD` for an act before the papers came.
// rule: ADM-49
fn before_acceptance<'a>(
    state: &Institution,
    case: &Case<'a>,
    asked: &InstitutionCommand,
    context: &Context<'_>,
) -> Result<Option<&'a Deemed>, Rejection> {
    let application = case.application;
    let deemed = match application.state {
        ApplicationState::Accepted => {
            let standing = application.deemed.as_ref();
            let accepted = standing.filter(|deemed| deemed.outcome == DeemedOutcome::Accepted);
            Some(accepted.ok_or_else(|| machine::application_refuses(application, Move::of(asked)))?)
        }
        _ => None,
    };
    if application.submitted.date.is_some_and(|came| case.day < came) {
        return Err(Rejection::field(
            "occurred",
            "GEN-08",
            "must not lie before the day on which the papers came in",
            "不能早于收到申请材料之日",
        ));
    }
    match clocking::latest(state, ClockKind::Completeness, Some(case.number())) {
        Some((_, clock))
            if (deemed.is_some() || case.policy.deemed_accepted) && clocking::is_late(clock, case.day, context) =>
        {
            Err(run_out(
                ClockKind::Completeness,
                clock.due.due_date,
                "nothing was said in time, so the application is accepted from the day on which it came",
                "逾期未告知，申请自收到材料之日起即为受理",
            ))
        }
        _ => Ok(deemed),
    }
}

/// What the answer ends: the look at completeness, and a deemed acceptance with what followed from it.
// rule: ADM-49
fn answered(
    state: &Institution,
    case: &Case<'_>,
    deemed: Option<&Deemed>,
    context: &Context<'_>,
) -> Vec<Decided<InstitutionEvent>> {
    let mut events = Vec::new();
    if let Some(deemed) = deemed {
        let from = case.application.submitted.date.unwrap_or(case.day);
        events.push(reversed(case, deemed, from, context));
    }
    let number = case.number();
    events.extend(clocking::met(
        state,
        ClockKind::Completeness,
        Some(number),
        case.day,
        context,
    ));
    if deemed.is_some() {
        events.extend(clocking::cancelled_all(state, |_, clock| case.owns(clock), case.day));
    }
    events
}

/// The deemed outcome never was: an act in time came to be known late. Holds from the day from which the outcome was
/// deemed to hold.
pub(super) fn reversed(
    case: &Case<'_>,
    deemed: &Deemed,
    from: Date,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    let reversed = DeemedOutcomeReversed {
        application: case.number(),
        outcome: deemed.outcome,
        revision: deemed.revision,
        act_date: case.day,
    };
    let mut decided = case.event(reversed, from, context);
    let article = match deemed.outcome {
        DeemedOutcome::Accepted => "§32",
        DeemedOutcome::Renewed => "§50",
    };
    decided.legal_basis = vec![LegalBasis::new(LICENSING_LAW, article)];
    decided
}

/// A second return names only what the first one named, or what nobody could see then: papers, premises or classes that
/// came anew, and papers that have expired since.
// rule: ADM-48
fn told_once(case: &Case<'_>, items: &[ReturnedItem]) -> Result<(), Rejection> {
    let application = case.application;
    let Some(before) = &application.seen_at_return else {
        return Ok(());
    };
    let named = |item: &ReturnedItem| application.returned_items.iter().any(|named| named.item == item.item);
    let barred: Vec<Violation> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| !named(item) && !is_news(&item.item, before, &application.submitted, case.day))
        .map(|(index, item)| Violation {
            field: format!("items[{index}]"),
            rule: "ADM-48".to_owned(),
            message: format!("{} could be seen at the first return, which did not name it", item.item),
            message_zh: format!("“{}”在首次退回时即可发现而未告知", item.item),
        })
        .collect();
    if barred.is_empty() {
        return Ok(());
    }
    let mut rejection = Rejection::fields(barred).citing(LegalBasis::new(LICENSING_LAW, "§32"));
    rejection.reason = Reason::ReturnedOnce;
    "the application was returned once; look at these items in the review".clone_into(&mut rejection.message);
    "申请已一次性告知补正，以下事项请在审查中处理".clone_into(&mut rejection.message_zh);
    Err(rejection)
}

/// Whether what an item is about came anew since a return, or has expired since.
fn is_news(item: &str, before: &Submission, now: &Submission, day: Date) -> bool {
    if let Some(kind) = item.strip_prefix("papers.") {
        let kind = kind.split('.').next().unwrap_or(kind);
        let of = |submission: &Submission| {
            let held = submission.papers.iter().filter(|paper| paper.kind.code() == kind);
            held.cloned().collect::<Vec<_>>()
        };
        let expired = |paper: &crate::institution::Paper| {
            paper
                .expiry_date
                .is_some_and(|expiry| expiry < day && before.date.is_none_or(|then| expiry >= then))
        };
        return of(before) != of(now) || of(now).iter().any(expired);
    }
    match item.split(['.', '[']).next() {
        Some("premises") => before.premises != now.premises,
        Some("classes") => before.classes != now.classes,
        Some("makes_meals") => before.makes_meals != now.makes_meals,
        _ => false,
    }
}
