//! Papers of the licence regime come in: which regime holds, who may ask for what, and what is missing.

use jiff::ToSpan;
use jiff::civil::Date;

use super::case::event_on;
use super::clocking;
use super::entitled::{alone, kind_basis, not_barred, open_of_kind, standing};
use super::filing::{self, papers_day, region_of};
use super::grant::day_after;
use super::papers::{self, Earlier};
use super::register::{self, LONGEST_NAME};
use super::{Decision, begins, classes, nothing_to_do};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, Unit};
use crate::envelope::PolicyRef;
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationKind, ApplicationReturned, ApplicationSubmitted, ChangeAsked, Institution, InstitutionEvent,
    LicenceApplication, ReturnedItem, Submission, SubmitApplication, TransferAsked,
};
use crate::policy::LicencePolicy;
use crate::rejection::{LegalBasis, Rejection};

/// Papers come in, or come anew after a return. What a rule sees is answered at once; else the clock of the look at
/// their completeness runs from the day on which they came (行政许可法 §32).
// rule: ADM-47
pub(super) fn submit(state: &Institution, command: &SubmitApplication, context: &Context<'_>) -> Decision {
    let day = papers_day(context);
    shape(command, day)?;
    let returned = open_of_kind(state, command.kind)?;
    let (policy, policy_ref) = match returned {
        Some(application) => (
            context.reference.licence_of(&application.policy)?,
            application.policy.clone(),
        ),
        // rule: ADM-41
        None => context.reference.licence(region_of(state)?, day)?,
    };
    bounds(state, command, policy, day)?;
    standing(state, command.kind, day)?;
    if let Some(closing) = &command.closing {
        begins(state, "closing.closing_date", day_after(closing.closing_date))?;
    }
    match returned {
        Some(application) => answered_in_time(state, application, day, context)?,
        None => {
            begins(state, "occurred", day)?;
            alone(state, command.kind)?;
            not_barred(state, command.kind, day)?;
        }
    }
    let submission = submission(state, command, day);
    let wrong = if needs_papers(command.kind) {
        papers::problems(&submission, &policy.papers, &policy.standards, day)
    } else {
        Vec::new()
    };
    let named = match returned {
        Some(application) => citable(application, wrong, command, &submission, policy)?,
        None => wrong,
    };

    let number = returned.map_or(state.applications + 1, |application| application.number);
    let on = |event: InstitutionEvent| event_on(event, day, day, &policy_ref, context);
    let mut submitted = on(event(number, command, &policy_ref, context).into());
    submitted.legal_basis = vec![kind_basis(command.kind)];
    let mut events = vec![submitted];
    if returned.is_some() {
        events.extend(clocking::met(
            state,
            ClockKind::CorrectionReply,
            Some(number),
            day,
            context,
        ));
    } else if command.kind == ApplicationKind::Renewal {
        // rule: ADM-46
        events.extend(clocking::met(state, ClockKind::RenewalAsk, None, day, context));
    }
    if named.is_empty() {
        events.push(clocking::start(
            ClockKind::Completeness,
            Some(number),
            day,
            Unit::WorkingDays,
            policy.completeness_working_days,
            &policy_ref,
            context,
        ));
    } else {
        let mut returned = on(ApplicationReturned {
            application: number,
            items: named,
        }
        .into());
        returned.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§32")];
        events.push(returned);
        events.push(start_correction(number, day, policy, &policy_ref, context));
    }
    Ok(events)
}

/// The applicant's time to put right what was returned, from the day on which it was told.
pub(super) fn start_correction(
    number: u32,
    day: Date,
    policy: &LicencePolicy,
    policy_ref: &PolicyRef,
    context: &Context<'_>,
) -> Decided<InstitutionEvent> {
    clocking::start(
        ClockKind::CorrectionReply,
        Some(number),
        day,
        Unit::WorkingDays,
        policy.correction_reply_working_days,
        policy_ref,
        context,
    )
}

const fn needs_papers(kind: ApplicationKind) -> bool {
    !matches!(kind, ApplicationKind::Waiver | ApplicationKind::Closing)
}

/// Value rules of what is handed in, apart from whether it is enough.
// rule: ADM-42
fn shape(command: &SubmitApplication, day: Date) -> Result<(), Rejection> {
    let kind = command.kind;
    let mut check = Check::default();
    check.ensure(
        kind != ApplicationKind::Filing,
        "kind",
        "ADM-42",
        "a filing has a command of its own, submit_filing",
        "备案请使用备案办理",
    );
    for (field, of, told) in [
        ("change", ApplicationKind::Change, command.change.is_some()),
        ("transfer", ApplicationKind::Transfer, command.transfer.is_some()),
        ("waiver", ApplicationKind::Waiver, command.waiver.is_some()),
        ("closing", ApplicationKind::Closing, command.closing.is_some()),
    ] {
        if told && kind != of {
            check.wrong(
                field,
                "ADM-42",
                format!("belongs to an application of kind {} only", of.code()),
                format!("仅适用于{}申请", of.zh()),
            );
        } else if !told && kind == of {
            check.wrong(
                field,
                "ADM-42",
                format!("must say what an application of kind {} asks for", kind.code()),
                format!("须说明{}申请的内容", kind.zh()),
            );
        }
    }
    if !needs_papers(kind) {
        let told = [
            ("papers", !command.papers.is_empty()),
            ("makes_meals", command.makes_meals),
            ("premises", command.premises.is_some()),
        ];
        for (field, _) in told.into_iter().filter(|(_, told)| *told) {
            check.wrong(
                field,
                "ADM-42",
                format!("is not asked for in an application of kind {}", kind.code()),
                format!("{}申请无须提交", kind.zh()),
            );
        }
    }
    filing::shape(&mut check, &command.papers, command.premises.as_ref(), day);
    if let Some(change) = &command.change {
        check.ensure(
            change.name.is_some() || change.classes.is_some(),
            "change",
            "ADM-42",
            "must ask for something",
            "须说明变更内容",
        );
        check.text_if_some("change.name", change.name.as_deref(), LONGEST_NAME);
        if let Some(asked) = &change.classes {
            // Whether there must be a class is a matter of completeness, which knows the policy.
            classes::shape(&mut check, "change.classes", asked, true, false);
        }
    }
    if let Some(transfer) = &command.transfer {
        register::representative_shape_at(&mut check, "transfer.representative", &transfer.representative);
    }
    if let Some(waiver) = &command.waiver {
        check.text("waiver.item", &waiver.item, LONGEST_NAME);
        // rule: ADM-69
        check.ensure(
            waiver.until_date > day,
            "waiver.until_date",
            "ADM-69",
            "must lie after the day on which the papers came in",
            "豁免截止日期须晚于提交申请之日",
        );
    }
    check.done()
}

/// What is asked, against the policy and against what is held already.
fn bounds(
    state: &Institution,
    command: &SubmitApplication,
    policy: &LicencePolicy,
    day: Date,
) -> Result<(), Rejection> {
    let mut check = Check::default();
    if let Some(waiver) = &command.waiver {
        let longest = day.saturating_add(i64::from(policy.waiver_max_months).months());
        // rule: ADM-69
        if waiver.until_date > longest {
            check.wrong(
                "waiver.until_date",
                "ADM-69",
                format!("must not lie after {longest}: a waiver lasts a term and no longer"),
                format!("豁免期限不得晚于{longest}"),
            );
        }
    }
    if let Some(transfer) = &command.transfer {
        check.ensure(
            state.credit_code.as_ref() != Some(&transfer.credit_code),
            "transfer.credit_code",
            "ADM-42",
            "must be another operator's than the present one's",
            "受让人不能是现举办者",
        );
    }
    check.done()?;
    match &command.change {
        Some(change)
            if change.name.as_ref().is_none_or(|name| *name == state.name)
                && change.classes.as_ref().is_none_or(|classes| *classes == state.classes) =>
        {
            Err(nothing_to_do())
        }
        _ => Ok(()),
    }
}

/// Papers that come anew come after the return, and before the time to put them right is over.
// rule: ADM-68
fn answered_in_time(
    state: &Institution,
    application: &LicenceApplication,
    day: Date,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let case = super::case::Case::next(state, application.number, context)?;
    debug_assert_eq!(case.day, day, "an act has one day");
    case.still_open(state, ClockKind::CorrectionReply, context)
}

fn submission(state: &Institution, command: &SubmitApplication, day: Date) -> Submission {
    let asked = command.change.as_ref().and_then(|change| change.classes.clone());
    let mut submission = state.submission(
        Some(day),
        &command.papers,
        command.makes_meals,
        command.premises.as_ref(),
    );
    if let Some(asked) = asked {
        submission.classes = asked;
    }
    submission
}

/// What papers that come anew may be returned for: the law grants one return (§32), so the next one names no more than
/// that one did, and what could not be seen then.
// rule: ADM-48
fn citable(
    application: &LicenceApplication,
    wrong: Vec<ReturnedItem>,
    command: &SubmitApplication,
    submission: &Submission,
    policy: &LicencePolicy,
) -> Result<Vec<ReturnedItem>, Rejection> {
    let earlier = Earlier {
        named: &application.returned_items,
        submitted: &application.submitted,
        brings_nothing: papers::same(&application.submitted, submission) && asks_the_same(application, command),
        may_name_all: false,
    };
    let visible = |day| papers::problems(&application.submitted, &policy.papers, &policy.standards, day);
    // What is left is looked at in the review, which follows anyway.
    papers::citable(wrong, &earlier, submission, visible)
        .map(|(named, _left)| named)
        .map_err(|rejection| rejection.citing(LegalBasis::new(LICENSING_LAW, "§32")))
}

/// Whether the same is asked besides the papers. A representative can't be compared, since it is sealed.
fn asks_the_same(application: &LicenceApplication, command: &SubmitApplication) -> bool {
    let change = command.change.as_ref().map(|change| ChangeAsked {
        name: change.name.clone(),
        classes: change.classes.clone(),
    });
    let to = command.transfer.as_ref().map(|transfer| &transfer.credit_code);
    let asked = &application.applied;
    asked.change == change
        && asked.transfer.as_ref().map(|transfer| &transfer.credit_code) == to
        && asked.waiver == command.waiver
        && asked.closing == command.closing
}

fn event(
    application: u32,
    command: &SubmitApplication,
    policy: &PolicyRef,
    context: &Context<'_>,
) -> ApplicationSubmitted {
    ApplicationSubmitted {
        application,
        kind: command.kind,
        papers: command.papers.clone(),
        makes_meals: command.makes_meals,
        premises: command.premises.clone(),
        change: command.change.as_ref().map(|change| ChangeAsked {
            name: change.name.clone(),
            classes: change.classes.clone(),
        }),
        transfer: command.transfer.as_ref().map(|transfer| TransferAsked {
            credit_code: transfer.credit_code.clone(),
            representative: register::representative_of(
                &transfer.representative,
                &register::applicant_subject(application, context),
                context,
            ),
        }),
        waiver: command.waiver.clone(),
        closing: command.closing.clone(),
        policy: policy.clone(),
    }
}
