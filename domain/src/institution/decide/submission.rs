//! Papers of the licence regime come in: which regime holds, who may ask for what, and what is missing.

use jiff::ToSpan;
use jiff::civil::Date;

use super::case::event_on;
use super::clocking::{self, run_out};
use super::filing::{self, papers_day, region_of};
use super::papers::{self, Earlier};
use super::register::{self, LONGEST_NAME};
use super::{Decision, begins, classes, nothing_to_do};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, Unit};
use crate::envelope::PolicyRef;
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationKind, ApplicationReturned, ApplicationState, ApplicationSubmitted, AuthorizationKind, ChangeAsked,
    Institution, InstitutionEvent, LicenceApplication, ReturnedItem, Status, Submission, SubmitApplication,
    SuspensionKind, TransferAsked,
};
use crate::policy::LicencePolicy;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::values::RegionId;

/// States from which a licence may be applied for: as for a filing, and by who held something that has ended.
const WITHOUT_LICENCE: &[Status] = &[
    Status::Registered,
    Status::Filed,
    Status::Nonconforming,
    Status::Revoked,
    Status::Expired,
    Status::Imported,
];
/// States in which a licence may be held.
const WITH_LICENCE: &[Status] = &[Status::Licensed, Status::Suspended];

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

/// Refuses a filing where the licence regime holds on the day on which its papers came, also papers that come anew: a
/// regime is chosen by that day, and only what was accepted before ends under the one that it began under.
///
/// # Errors
/// `REGIME_NOT_IN_FORCE`, with the regime that is and the command to use.
// rule: ADM-41
pub(super) fn filing_is_in_force(region: &RegionId, day: Date, context: &Context<'_>) -> Result<(), Rejection> {
    let Ok((_, policy)) = context.reference.licence(region, day) else {
        return Ok(());
    };
    Err(Rejection::new(
        Reason::RegimeNotInForce,
        format!(
            "licences are in force in {} on {day}: apply for one by submit_application, a returned filing is withdrawn first",
            region.code()
        ),
        format!("{day}在{}实行许可制：请申请许可；已退回的备案请先撤回", region.code()),
    )
    .citing(LegalBasis::new(LICENSING_LAW, "§29"))
    .with("regime", "licence")
    .with("command", "submit_application")
    .with("region", region.code())
    .with("date", day.to_string())
    .with("policy", policy.id)
    .with("version", policy.version.to_string()))
}

/// The article that an application of this kind rests on.
pub(super) fn kind_basis(kind: ApplicationKind) -> LegalBasis {
    let article = match kind {
        ApplicationKind::Filing | ApplicationKind::Licence | ApplicationKind::Waiver => "§29",
        ApplicationKind::Change => "§49",
        ApplicationKind::Renewal => "§50",
        ApplicationKind::Transfer => "§9",
        ApplicationKind::Closing => "§70",
    };
    LegalBasis::new(LICENSING_LAW, article)
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
    let licensed_from = state.authorization.as_ref().map(|held| held.valid_from_date);
    if let (Some(closing), Some(first)) = (&command.closing, licensed_from) {
        check.ensure(
            closing.closing_date >= first,
            "closing.closing_date",
            "ADM-42",
            "must not lie before the first day of the licence",
            "停办日期不能早于许可生效日期",
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

/// Whether where the institution stands goes with an application of this kind; asked again at the grant.
///
/// # Errors
/// `ILLEGAL_TRANSITION`, or `CLOCK_EXPIRED` for a renewal after the licence ran out.
// rule: ADM-43
pub(super) fn standing(state: &Institution, kind: ApplicationKind, day: Date) -> Result<(), Rejection> {
    let allowed = if kind == ApplicationKind::Licence {
        WITHOUT_LICENCE
    } else {
        WITH_LICENCE
    };
    let held = state
        .authorization
        .as_ref()
        .filter(|held| held.kind == AuthorizationKind::Licence && held.ended.is_none());
    if !allowed.contains(&state.status) || (kind != ApplicationKind::Licence && held.is_none()) {
        let allowed: Vec<&str> = allowed.iter().map(|status| status.code()).collect();
        let what = if kind == ApplicationKind::Licence {
            ("a licence is for who holds none", "已持有许可或停业期间不能申请许可")
        } else {
            ("it is for who holds a licence", "仅持有许可的机构可以申请")
        };
        return Err(does_not_stand(state, kind, what.0, what.1).with("allowed_from", allowed.join(", ")));
    }
    let by_order = state
        .suspension
        .as_ref()
        .is_some_and(|suspension| suspension.kind != SuspensionKind::Voluntary);
    if by_order && matches!(kind, ApplicationKind::Renewal | ApplicationKind::Transfer) {
        return Err(does_not_stand(
            state,
            kind,
            "the authority suspended the institution",
            "机构处于责令停业期间",
        ));
    }
    // rule: ADM-46
    match held.and_then(|held| held.valid_to_date) {
        Some(valid_to) if kind == ApplicationKind::Renewal && day > valid_to => Err(run_out(
            ClockKind::Renewal,
            valid_to,
            "the licence has run out; apply for a new one",
            "许可有效期已届满，请重新申请许可",
        )),
        _ => Ok(()),
    }
}

fn does_not_stand(state: &Institution, kind: ApplicationKind, message: &str, message_zh: &str) -> Rejection {
    Rejection::new(
        Reason::IllegalTransition,
        format!(
            "an application of kind {} is not possible while the institution is {}: {message}",
            kind.code(),
            state.status.code()
        ),
        format!(
            "机构处于“{}”状态，不能办理{}申请：{message_zh}",
            state.status.zh(),
            kind.zh()
        ),
    )
    .citing(kind_basis(kind))
    .with("state", state.status.code())
    .with("kind", kind.code())
}

/// The open application of a kind, which the papers may come anew for: only once it was returned.
///
/// # Errors
/// `ALREADY_EXISTS` while it is being handled.
// rule: ADM-44
fn open_of_kind(state: &Institution, kind: ApplicationKind) -> Result<Option<&LicenceApplication>, Rejection> {
    let mut open = open(state).filter(|application| application.kind == kind);
    let Some(application) = open.next() else {
        return Ok(None);
    };
    if application.state == ApplicationState::Returned {
        return Ok(Some(application));
    }
    Err(already_open(application))
}

/// Who closes asks for nothing else: closing stands alone among the open applications. All other kinds go together:
/// a transfer must not cost the licence its renewal, and a change or waiver holds whoever runs the institution.
///
/// # Errors
/// `ALREADY_EXISTS` with the application that is in the way.
// rule: ADM-44
fn alone(state: &Institution, kind: ApplicationKind) -> Result<(), Rejection> {
    let closing = ApplicationKind::Closing;
    let in_the_way = open(state).find(|application| kind == closing || application.kind == closing);
    in_the_way.map_or(Ok(()), |application| Err(already_open(application)))
}

fn open(state: &Institution) -> impl Iterator<Item = &LicenceApplication> {
    let applications = state.licence_applications.values();
    applications.filter(|application| !application.state.is_final())
}

fn already_open(application: &LicenceApplication) -> Rejection {
    let number = application.number;
    Rejection::new(
        Reason::AlreadyExists,
        format!(
            "application {number} of kind {} is open; it is decided or withdrawn first",
            application.kind.code()
        ),
        format!("第{number}号{}申请尚未办结，须先办结或撤回", application.kind.zh()),
    )
    .citing(LegalBasis::new(LICENSING_LAW, "§29"))
    .with("application", number.to_string())
    .with("kind", application.kind.code())
    .with("state", application.state.code())
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

/// After deceit no licence is applied for before a day (行政许可法 §78, §79).
// rule: ADM-45
fn not_barred(state: &Institution, kind: ApplicationKind, day: Date) -> Result<(), Rejection> {
    match state.barred_until {
        Some(until) if kind == ApplicationKind::Licence && day <= until => Err(Rejection::new(
            Reason::ApplicantBarred,
            format!("after deceit no licence may be applied for up to and with {until}"),
            format!("因隐瞒情况、提供虚假材料或以不正当手段取得许可，{until}前（含当日）不得再次申请"),
        )
        .citing(LegalBasis::new(LICENSING_LAW, "§78、§79"))
        .with("barred_until_date", until.to_string())),
        _ => Ok(()),
    }
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
