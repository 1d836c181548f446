//! Filing (备案): papers come in, are returned once with everything that is missing, accepted, receipted, withdrawn.

use jiff::Timestamp;
use jiff::civil::Date;

use super::papers::{self, Earlier, problems};
use super::register::{LONGEST_LINE, LONGEST_NAME, text_subject};
use super::{Decision, act_day, begins, clocking, entitled};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{Clock, ClockKind, ClockRef, ClockState, Unit};
use crate::envelope::{PolicyRef, Role};
use crate::institution::machine::{FILING_RULES, POPULATION_LAW, STANDARDS};
use crate::institution::{
    Deadline, FilingAccepted, FilingReceiptIssued, FilingReturned, FilingSubmitted, FilingWithdrawn, Institution,
    InstitutionEvent, IssueReceipt, Paper, PaperKind, Premises, ReturnedItem, Status, Submission, SubmitFiling,
    WithdrawFiling,
};
use crate::policy::{AdmissionPolicy, CountsFrom};
use crate::reference::ActivePolicy;
use crate::rejection::{LegalBasis, Rejection};
use crate::time::{Occurred, day_of};
use crate::values::RegionId;

/// Papers come in. They are accepted, or returned with everything that stands in the way.
pub(super) fn submit(state: &Institution, command: &SubmitFiling, context: &Context<'_>) -> Decision {
    let day = papers_day(context);
    let mut check = Check::default();
    shape(&mut check, &command.papers, command.premises.as_ref(), day);
    check.done()?;
    entitled::filing_is_in_force(region_of(state)?, day, context)?;
    let begins_at = begins(state, "occurred", day)?;
    let (policy, policy_ref) = context.reference.admission(region_of(state)?, day)?;
    let submission = state.submission(
        Some(day),
        &command.papers,
        command.makes_meals,
        command.premises.as_ref(),
    );
    let wrong = problems(&submission, &policy.papers, &policy.standards, day);
    let (named, left) = citable(state, wrong, policy, &submission)?;

    let application = match &state.application {
        Some(open) if state.status == Status::Returned => open.number,
        _ => state.applications + 1,
    };
    let submitted = Decided::plain(FilingSubmitted {
        application,
        papers: command.papers.clone(),
        makes_meals: command.makes_meals,
        premises: command.premises.clone(),
    });
    let mut clocks = Vec::new();
    let mut outcome = if named.is_empty() {
        let accepted = accepted(application, left, day, policy, &policy_ref, context);
        clocks = accepted_clocks(&accepted, day, policy, &policy_ref, context);
        let mut decided = Decided::plain(accepted);
        decided.legal_basis = vec![
            LegalBasis::new(POPULATION_LAW, "§28"),
            LegalBasis::new(FILING_RULES, "§9"),
        ];
        decided
    } else {
        let legal_basis = cited(&named, policy, state, context.reference.document(&policy_ref));
        let mut decided = Decided::plain(FilingReturned {
            application,
            items: named,
        });
        decided.legal_basis = legal_basis;
        decided
    };
    outcome.policies = vec![policy_ref];
    let mut events = vec![submitted, outcome];
    events.extend(clocks);
    for decided in &mut events {
        decided.effective_from = Some(begins_at);
        if day != act_day(context) {
            decided.occurred = Some(Occurred::Instant { time: context.now });
        }
    }
    Ok(events)
}

/// The legal day on which papers come in, which starts the authority's clock: for an operator the day on which the request
/// reaches Yujian; an officer, who may record papers that were handed in at the counter earlier, names it.
// rule: ADM-16
#[must_use]
pub fn papers_came(role: Role, received: Timestamp, occurred: Option<Occurred>) -> Date {
    let told = occurred.filter(|_| role != Role::Operator).and_then(Occurred::day);
    told.unwrap_or_else(|| day_of(received))
}

/// The same in a decision.
pub(super) fn papers_day(context: &Context<'_>) -> Date {
    papers_came(context.actor.role, context.now, Some(context.occurred))
}

fn accepted(
    application: u32,
    left_to_verification: Vec<ReturnedItem>,
    day: Date,
    policy: &AdmissionPolicy,
    policy_ref: &PolicyRef,
    context: &Context<'_>,
) -> FilingAccepted {
    // rule: ADM-16
    let receipt_due = deadline(day, policy.receipt_working_days, policy_ref, context);
    // rule: ADM-18
    let nonconformity_due = (policy.nonconformity_counts_from == CountsFrom::Papers)
        .then(|| deadline(day, policy.nonconformity_working_days, policy_ref, context));
    FilingAccepted {
        application,
        receipt_due,
        nonconformity_due,
        left_to_verification,
    }
}

/// The clocks of an accepted filing, which run from the day on which the papers came: the receipt's, and where policy
/// counts from the papers that of telling a nonconformity.
// rule: ADM-70
fn accepted_clocks(
    accepted: &FilingAccepted,
    day: Date,
    policy: &AdmissionPolicy,
    policy_ref: &PolicyRef,
    context: &Context<'_>,
) -> Vec<Decided<InstitutionEvent>> {
    let start = |kind, count| {
        let filing = Some(accepted.application);
        clocking::start(kind, filing, day, Unit::WorkingDays, count, policy_ref, context)
    };
    let mut clocks = vec![start(ClockKind::Receipt, policy.receipt_working_days)];
    if accepted.nonconformity_due.is_some() {
        clocks.push(start(ClockKind::Nonconformity, policy.nonconformity_working_days));
    }
    clocks
}

/// The open clocks of a filing, those of `kinds`, end with what they measured.
pub(super) fn filing_clocks_end(
    state: &Institution,
    filing: u32,
    on: Date,
    kinds: &[ClockKind],
) -> Vec<Decided<InstitutionEvent>> {
    let of_filing = |name: ClockRef, clock: &Clock| kinds.contains(&name.kind) && clock.application == Some(filing);
    clocking::cancelled_all(state, of_filing, on)
}

/// A clock in working days: the first day is not counted, the last one counts to its end.
pub(super) fn deadline(from: Date, working_days: u32, policy: &PolicyRef, context: &Context<'_>) -> Deadline {
    let due = context.reference.calendar.add_working_days(from, working_days);
    Deadline::of(due, policy.clone())
}

/// What this filing may be returned for and what is left to the verification after it: see [`papers::citable`].
// rule: ADM-15
fn citable(
    state: &Institution,
    wrong: Vec<ReturnedItem>,
    policy: &AdmissionPolicy,
    submission: &Submission,
) -> Result<(Vec<ReturnedItem>, Vec<ReturnedItem>), Rejection> {
    let Some(open) = state.application.as_ref().filter(|_| state.status == Status::Returned) else {
        return Ok((wrong, Vec::new()));
    };
    let earlier = Earlier {
        named: &open.returned_items,
        submitted: &open.submitted,
        brings_nothing: papers::same(&open.submitted, submission),
        may_name_all: open.returned < policy.max_returns,
    };
    let visible = |day| problems(&open.submitted, &policy.papers, &policy.standards, day);
    papers::citable(wrong, &earlier, submission, visible)
        .map_err(|rejection| rejection.citing(LegalBasis::new(FILING_RULES, "§8")))
}

/// The articles behind a return's items, each once.
fn cited(
    items: &[ReturnedItem],
    policy: &AdmissionPolicy,
    state: &Institution,
    document: Option<&ActivePolicy>,
) -> Vec<LegalBasis> {
    let mut basis = vec![LegalBasis::new(FILING_RULES, "§8")];
    for item in items {
        let article = match item.rule.as_str() {
            "ADM-13" => LegalBasis::new(STANDARDS, "§11"),
            "ADM-14" => LegalBasis::new("托育机构消防安全指南（试行）", "2022年"),
            "ADM-04" => LegalBasis::new(STANDARDS, "§19"),
            "ADM-05" => LegalBasis::new("家庭托育点管理办法（试行）", "2023年"),
            _ if ruled_by_value(item).is_some() => {
                valued(item, state, document).unwrap_or_else(|| LegalBasis::new(FILING_RULES, "§8"))
            }
            _ => policy
                .papers
                .iter()
                .find(|rule| paper_of(&item.item) == Some(rule.kind.code()))
                .map_or_else(|| LegalBasis::new(FILING_RULES, "§8"), |rule| rule.legal_basis.clone()),
        };
        if !basis.contains(&article) {
            basis.push(article);
        }
    }
    basis
}

/// The value of the document that a rule applies: of the type's own table, or of the document itself.
fn ruled_by_value(item: &ReturnedItem) -> Option<(bool, &'static str)> {
    Some(match item.rule.as_str() {
        "ADM-26" => (true, "modes"),
        "ADM-27" => (true, "class_types"),
        "ADM-28" => (true, "ownership"),
        "ADM-33" => (true, "shares_place_with"),
        "ADM-29" if item.item == "premises.built_area_cm2" => (false, "min_built_area_per_place_cm2"),
        "ADM-29" => (false, "min_area_per_place_cm2"),
        "ADM-30" => (false, "max_classes"),
        "ADM-31" => (false, "max_places"),
        "ADM-32" => (false, "older_toddler_highest_floor"),
        _ => return None,
    })
}

/// The article of that value, when its mark names one.
fn valued(item: &ReturnedItem, state: &Institution, document: Option<&ActivePolicy>) -> Option<LegalBasis> {
    let (of_type, name) = ruled_by_value(item)?;
    let path = if of_type {
        format!("types.{}.{name}", state.institution_type?.code())
    } else {
        format!("values.{name}")
    };
    document?.document.mark(&path)?.legal_basis.clone()
}

/// The kind of paper that an item is about: `papers.<kind>` or `papers.<kind>.<field>`.
fn paper_of(item: &str) -> Option<&str> {
    item.strip_prefix("papers.")?.split('.').next()
}

/// Value rules of what is handed in, apart from whether it is enough.
pub(super) fn shape(check: &mut Check, papers: &[Paper], premises: Option<&Premises>, day: Date) {
    check.ensure(
        papers.len() <= 100,
        "papers",
        "GEN-03",
        "there are too many papers",
        "材料份数过多",
    );
    for (index, paper) in papers.iter().enumerate() {
        let field = format!("papers[{index}]");
        paper_shape(check, &field, paper);
        check.ensure(
            paper.issue_date.is_none_or(|issued| issued <= day),
            &format!("{field}.issue_date"),
            "GEN-03",
            "must not lie after the day on which the papers came in",
            "出具日期不能晚于提交材料之日",
        );
        let twice = paper.kind != PaperKind::Other && papers[..index].iter().any(|p| p.kind == paper.kind);
        check.ensure(
            !twice,
            &format!("{field}.kind"),
            "GEN-03",
            "only other papers may come more than once",
            "同类材料只能提交一份",
        );
    }
    if let Some(premises) = premises {
        premises_shape(check, "premises", premises);
    }
}

pub(super) fn paper_shape(check: &mut Check, field: &str, paper: &Paper) {
    check.text_if_some(&format!("{field}.issuer"), paper.issuer.as_deref(), LONGEST_NAME);
    check.text_if_some(&format!("{field}.number"), paper.number.as_deref(), LONGEST_NAME);
    let hex =
        |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    check.ensure(
        paper.sha256.as_ref().is_none_or(hex),
        &format!("{field}.sha256"),
        "GEN-03",
        "must be 64 lower-case hex digits",
        "须为64位小写十六进制数",
    );
    let ordered = match (paper.issue_date, paper.expiry_date) {
        (Some(issued), Some(expires)) => issued <= expires,
        _ => true,
    };
    check.ensure(
        ordered,
        &format!("{field}.expiry_date"),
        "GEN-03",
        "must not lie before the day of issue",
        "有效期不能早于签发日期",
    );
}

pub(super) fn premises_shape(check: &mut Check, field: &str, premises: &Premises) {
    let floors = -20..=200;
    check.ensure(
        premises.lowest_floor <= premises.highest_floor
            && floors.contains(&premises.lowest_floor)
            && floors.contains(&premises.highest_floor),
        &format!("{field}.lowest_floor"),
        "GEN-03",
        "must not lie above the highest floor, both between -20 and 200",
        "最低楼层不能高于最高楼层，且均须在-20至200之间",
    );
    let ordered = match (premises.lease_start_date, premises.lease_end_date) {
        (Some(start), Some(end)) => start <= end,
        _ => true,
    };
    check.ensure(
        ordered,
        &format!("{field}.lease_end_date"),
        "GEN-03",
        "must not lie before the first day of the lease",
        "租赁截止日期不能早于起始日期",
    );
}

/// The applicant takes the filing back; the institution stands where it stood before, and nobody need act any more.
pub(super) fn withdraw(state: &Institution, command: &WithdrawFiling, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("reason", command.reason.expose(), LONGEST_LINE);
    check.done()?;
    let filing = state
        .application
        .as_ref()
        .map_or(state.applications, |open| open.number);
    let mut decided = Decided::plain(FilingWithdrawn {
        application: filing,
        reason: command.reason.of(text_subject(context)),
        // rule: ADM-17
        status: if state.imported.is_some() {
            Status::Imported
        } else {
            Status::Registered
        },
    });
    decided.effective_from = Some(begins(state, "occurred", act_day(context))?);
    let mut events = vec![decided];
    // rule: ADM-71
    let kinds = [ClockKind::Receipt, ClockKind::Nonconformity];
    events.extend(filing_clocks_end(state, filing, act_day(context), &kinds));
    Ok(events)
}

/// Receipt and notice of basic conditions. Late when the day of issue lies after the last day of the clock.
///
/// A clock that ran beyond the holiday table when the filing was accepted is computed again with the table as it is
/// now, by the policy that the acceptance names. If the table still does not reach, nobody can say yet which day is the
/// last, and the receipt is not called late: the accepted deadline stays marked provisional, so that the gap shows. A
/// filing that was accepted before there were events of clocks is held to the deadline of its acceptance.
// rule: ADM-16
pub(super) fn issue_receipt(state: &Institution, command: &IssueReceipt, context: &Context<'_>) -> Decision {
    let mut check = Check::default();
    check.text("receipt_number", &command.receipt_number, LONGEST_NAME);
    check.not_in_future("issue_date", command.issue_date, context);
    check.done()?;
    let begins_at = begins(state, "issue_date", command.issue_date)?;
    let application = state.application.as_ref();
    let filing = application.map_or(state.applications, |open| open.number);
    let clock = clocking::latest(state, ClockKind::Receipt, Some(filing))
        .filter(|(_, clock)| !matches!(clock.state, ClockState::Met | ClockState::Cancelled));
    let due = match (clock, application) {
        (Some((_, clock)), _) => Some(clocking::due(clock, context)),
        (None, Some(open)) => open.receipt_due.as_ref().map(|due| {
            let accepted = open.accepted_date;
            settled(accepted, due, |policy| policy.receipt_working_days, context)
        }),
        (None, None) => None,
    };
    let late = due.as_ref().is_some_and(|due| due.missed(command.issue_date));
    let mut decided = Decided::plain(FilingReceiptIssued {
        application: filing,
        receipt_number: command.receipt_number.clone(),
        issue_date: command.issue_date,
        late,
    });
    decided.effective_from = Some(begins_at);
    decided.policies = due.map(|due| due.policy).into_iter().collect();
    let mut events = vec![decided];
    // rule: ADM-71
    events.extend(clocking::met(
        state,
        ClockKind::Receipt,
        Some(filing),
        command.issue_date,
        context,
    ));
    events.extend(filing_clocks_end(
        state,
        filing,
        command.issue_date,
        &[ClockKind::Nonconformity],
    ));
    Ok(events)
}

/// A deadline of a filing without a clock as today's holiday table has it: a firm one stands, a provisional one is counted
/// again from its first day under the policy that set it.
pub(super) fn settled(
    from: Option<Date>,
    due: &Deadline,
    working_days: fn(&AdmissionPolicy) -> u32,
    context: &Context<'_>,
) -> Deadline {
    if !due.provisional {
        return due.clone();
    }
    let counted_again = || {
        let policy = context.reference.admission_of(&due.policy).ok()?;
        Some(deadline(from?, working_days(policy), &due.policy, context))
    };
    counted_again().unwrap_or_else(|| due.clone())
}

/// The region that the policy is chosen by; every event that creates an institution tells one.
pub(super) fn region_of(state: &Institution) -> Result<&RegionId, Rejection> {
    state.region.as_ref().ok_or_else(|| {
        Rejection::field(
            "region",
            "ADM-02",
            "the institution's region is not known",
            "机构所在区划不详",
        )
    })
}
