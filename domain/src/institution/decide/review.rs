//! What is looked at before a decision: information, other bureaus' registers, the site.

use super::case::{Case, MOST_ENTRIES};
use super::clocking;
use super::filing;
use super::register::{LONGEST_LINE, LONGEST_NAME, text_subject};
use super::{Decision, nothing_to_do};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{ClockKind, PauseReason, Unit};
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    InformationProvided, InformationRequested, Institution, ProvideInformation, RecordRegistryCheck,
    RecordSiteVerification, RegistryChecked, RequestInformation, RequestedItem, SiteVerified, VerificationOutcome,
};
use crate::rejection::{LegalBasis, Rejection};
use crate::time::start_of;

/// Asks the applicant; the clock of the decision stands still until the answer comes, and the applicant's own clock
/// runs.
// rule: ADM-52
pub(super) fn request_information(
    state: &Institution,
    command: &RequestInformation,
    context: &Context<'_>,
) -> Decision {
    let mut check = Check::default();
    check.ensure(
        (1..=MOST_ENTRIES).contains(&command.questions.len()),
        "questions",
        "ADM-52",
        "must ask 1 to 100 questions",
        "须提出1至100个问题",
    );
    for (index, asked) in command.questions.iter().enumerate() {
        check.text(&format!("questions[{index}].item"), &asked.item, LONGEST_NAME);
        check.text(
            &format!("questions[{index}].question"),
            asked.question.expose(),
            LONGEST_LINE,
        );
    }
    check.done()?;
    let case = Case::next(state, command.application, context)?;
    let questions = command.questions.iter().map(|asked| RequestedItem {
        item: asked.item.clone(),
        question: asked.question.of(text_subject(context)),
    });
    let requested = InformationRequested {
        application: case.number(),
        questions: questions.collect(),
    };
    let mut events = vec![case.event(requested, case.day, context)];
    // The request itself tells the applicant by when to answer.
    let told = Some(case.day);
    events.extend(
        case.decision_clock(state)
            .and_then(|clock| clocking::paused(clock, PauseReason::InformationAwaited, case.day, told)),
    );
    events.push(clocking::start(
        ClockKind::InformationReply,
        Some(case.number()),
        case.day,
        Unit::WorkingDays,
        case.policy.information_reply_working_days,
        &case.application.policy,
        context,
    ));
    Ok(events)
}

/// The applicant answers, with papers or in words; the clock of the decision runs on from that day.
// rule: ADM-52
pub(super) fn provide_information(
    state: &Institution,
    command: &ProvideInformation,
    context: &Context<'_>,
) -> Decision {
    let case = Case::of(state, command.application, context)?;
    let mut check = Check::default();
    check.ensure(
        !command.papers.is_empty() || command.statement.is_some(),
        "papers",
        "ADM-52",
        "must bring papers or a statement",
        "须提供材料或书面说明",
    );
    filing::shape(&mut check, &command.papers, None, case.day);
    check.text_if_some(
        "statement",
        command.statement.as_ref().map(crate::personal::Sensitive::expose),
        LONGEST_LINE,
    );
    check.done()?;
    let case = Case::next(state, command.application, context)?;
    case.still_open(state, ClockKind::InformationReply, context)?;
    let provided = InformationProvided {
        application: case.number(),
        papers: command.papers.clone(),
        statement: command.statement.as_ref().map(|text| text.of(text_subject(context))),
    };
    let mut events = vec![case.event(provided, case.day, context)];
    events.extend(clocking::met(
        state,
        ClockKind::InformationReply,
        Some(case.number()),
        case.day,
        context,
    ));
    events.extend(
        case.decision_clock(state)
            .and_then(|clock| clocking::resumed(clock, PauseReason::InformationAwaited, case.day, context)),
    );
    Ok(events)
}

/// What another bureau's register says, as of a day. The same answer again changes nothing.
// rule: ADM-53
pub(super) fn record_registry_check(
    state: &Institution,
    command: &RecordRegistryCheck,
    context: &Context<'_>,
) -> Decision {
    let mut check = Check::default();
    check.text("item", &command.item, LONGEST_NAME);
    check.text_if_some("number", command.number.as_deref(), LONGEST_NAME);
    check.not_in_future("record_date", command.record_date, context);
    check.sha256("response_sha256", Some(&command.response_sha256));
    check.done()?;
    let checked = RegistryChecked {
        application: command.application,
        source: command.source,
        item: command.item.clone(),
        number: command.number.clone(),
        outcome: command.outcome,
        valid_to_date: command.valid_to_date,
        record_date: command.record_date,
        response_sha256: command.response_sha256.clone(),
    };
    let known = match command.application {
        Some(number) => state
            .licence_applications
            .get(&number)
            .and_then(|application| application.checks.get(&command.item)),
        None => state.registry.get(&command.item),
    };
    if known.is_some_and(|known| says_the_same(known, &checked)) {
        return Err(nothing_to_do());
    }
    let mut decided = Decided::plain(checked);
    decided.effective_from = Some(start_of(command.record_date));
    if let Some(number) = command.application {
        decided.policies = vec![Case::of(state, number, context)?.application.policy.clone()];
    }
    Ok(vec![decided])
}

/// Whether a register answered the same as of the same day, in whatever words, to whoever asked.
fn says_the_same(known: &RegistryChecked, told: &RegistryChecked) -> bool {
    RegistryChecked {
        application: known.application,
        response_sha256: known.response_sha256.clone(),
        ..told.clone()
    } == *known
}

/// The verification on site by two persons or more (行政许可法 §34). It runs inside the clock of the decision.
// rule: ADM-54
pub(super) fn record_site_verification(
    state: &Institution,
    command: &RecordSiteVerification,
    context: &Context<'_>,
) -> Decision {
    let case = Case::of(state, command.application, context)?;
    verification_shape(command, &case, context)?;
    if case
        .application
        .accepted_date
        .is_some_and(|accepted| command.visit_date < accepted)
    {
        return Err(Rejection::field(
            "visit_date",
            "ADM-54",
            "must not lie before the acceptance",
            "核查日期不能早于受理日期",
        ));
    }
    let verified = SiteVerified {
        application: case.number(),
        visit_date: command.visit_date,
        verifiers: command.verifiers.clone(),
        outcome: command.outcome,
        items: command.items.clone(),
        inspection: command.inspection,
    };
    let known = case.application.verification.as_ref();
    if known.is_some_and(|known| known.verified == verified) {
        return Err(nothing_to_do());
    }
    let mut decided = case.event(verified, command.visit_date, context);
    decided.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§34")];
    Ok(vec![decided])
}

fn verification_shape(
    command: &RecordSiteVerification,
    case: &Case<'_>,
    context: &Context<'_>,
) -> Result<(), Rejection> {
    let mut check = Check::default();
    check.not_in_future("visit_date", command.visit_date, context);
    check.ensure(
        command.visit_date <= case.day,
        "visit_date",
        "ADM-54",
        "must not lie after the day on which the verification is told",
        "核查日期不能晚于记录之日",
    );
    let enough = usize::try_from(case.policy.site_verifiers_min).unwrap_or(usize::MAX);
    if !(enough..=MOST_ENTRIES).contains(&command.verifiers.len()) {
        check.wrong(
            "verifiers",
            "ADM-54",
            format!("must name at least {enough} persons ({LICENSING_LAW} §34)"),
            format!("须有{enough}名以上工作人员（{LICENSING_LAW} §34）"),
        );
    }
    for (index, verifier) in command.verifiers.iter().enumerate() {
        check.text(&format!("verifiers[{index}].account"), &verifier.account, LONGEST_NAME);
        check.text(
            &format!("verifiers[{index}].certificate"),
            &verifier.certificate,
            LONGEST_NAME,
        );
        let twice = command.verifiers[..index]
            .iter()
            .any(|other| other.account == verifier.account || other.certificate == verifier.certificate);
        check.ensure(
            !twice,
            &format!("verifiers[{index}]"),
            "ADM-54",
            "must be another person than the ones before",
            "核查人员不能重复",
        );
    }
    let falls_short = command.outcome == VerificationOutcome::FallsShort;
    check.ensure(
        command.items.is_empty() != falls_short && command.items.len() <= MOST_ENTRIES,
        "items",
        "ADM-54",
        "must say where the site falls short, and only then",
        "不符合的须列明事项，符合的不填",
    );
    for (index, item) in command.items.iter().enumerate() {
        check.text(&format!("items[{index}].item"), &item.item, LONGEST_NAME);
        check.text(&format!("items[{index}].rule"), &item.rule, LONGEST_NAME);
    }
    check.done()
}
