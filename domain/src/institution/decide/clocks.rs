//! Legal clocks: stopped, extended, run out, counted anew; and what follows when one has run out.

use jiff::ToSpan;
use jiff::civil::Date;

use super::grant::{day_after, last_day_of_term};
use super::register::LONGEST_NAME;
use super::{Decision, clocking, ending, migration, nothing_to_do, today};
use crate::aggregate::{Context, Decided};
use crate::check::Check;
use crate::clock::{
    Clock, ClockExpired, ClockExtended, ClockKind, ClockPaused, ClockProblem, ClockRecomputed, ClockRef, ClockResumed,
    ClockState, Deadline, PauseReason,
};
use crate::envelope::Role;
use crate::institution::machine::LICENSING_LAW;
use crate::institution::{
    ApplicationKind, ApplicationLapsed, ApplicationState, AuthorizationKind, DeemedOutcome, DeemedOutcomeApplied,
    ExpireClock, ExtendClock, Institution, InstitutionEvent, LicenceApplication, LicenceRenewed, PauseClock,
    RecomputeClocks, ResumeClock,
};
use crate::policy::LicencePolicy;
use crate::rejection::{LegalBasis, Reason, Rejection};
use crate::time::{Occurred, start_of};

/// Stops a clock of the authority for what 行政许可法 §45 does not count. The applicant was told in writing how long it
/// takes, before the clock ran out; one that was found to have run out meanwhile has not.
// rule: ADM-74, ADM-75
pub(super) fn pause_clock(state: &Institution, command: &PauseClock, context: &Context<'_>) -> Decision {
    let clock = named(state, command.clock)?;
    let mut check = Check::default();
    check.not_in_future("from_date", command.from_date, context);
    told_in_time(&mut check, clock, command.told_date, "ADM-75", context);
    check.ensure(
        command.reason != PauseReason::InformationAwaited,
        "reason",
        "ADM-75",
        "a clock stands still for an answer by the request for it: request the information",
        "等待补充资料须通过“要求补充资料”办理",
    );
    check.done()?;
    still_owed(state, clock)?;
    clock.can_pause(command.from_date).map_err(problem)?;
    Ok(vec![clocking::about(
        clock,
        command.from_date,
        ClockPaused {
            clock: command.clock,
            reason: command.reason,
            from_date: command.from_date,
            told_date: Some(command.told_date),
        },
    )])
}

/// Lets a clock run on. One that stands still for what an application waits for runs on with what it waits for.
// rule: ADM-76
pub(super) fn resume_clock(state: &Institution, command: &ResumeClock, context: &Context<'_>) -> Decision {
    let clock = named(state, command.clock)?;
    let mut check = Check::default();
    check.not_in_future("on_date", command.on_date, context);
    let waits = application_of(state, clock).is_some_and(|application| {
        matches!(
            application.state,
            ApplicationState::AwaitingInformation | ApplicationState::Objected
        )
    });
    check.ensure(
        !waits,
        "clock",
        "ADM-76",
        "runs on with the answer, or with the decision on the objection, that its application waits for",
        "申请正等待补充资料或陈述申辩处理，时限随其办结恢复计算",
    );
    check.done()?;
    clock.can_resume(command.on_date).map_err(problem)?;
    let due = clock
        .due_when_resumed(command.on_date, &context.reference.calendar)
        .ok_or_else(nothing_to_do)?;
    Ok(vec![clocking::about(
        clock,
        command.on_date,
        ClockResumed {
            clock: command.clock,
            on_date: command.on_date,
            due: Deadline::of(due, clock.due.policy.clone()),
        },
    )])
}

/// Gives a decision more time: once, by at most the days of the policy, approved by the office that may and another
/// person than the actor, the reasons told before the clock ran out (行政许可法 §42); one that was found to have run out
/// meanwhile has not.
// rule: ADM-77
pub(super) fn extend_clock(state: &Institution, command: &ExtendClock, context: &Context<'_>) -> Decision {
    let clock = named(state, command.clock)?;
    let mut check = Check::default();
    check.text("approver", &command.approver, LONGEST_NAME);
    told_in_time(&mut check, clock, command.told_date, "ADM-77", context);
    let most = longest_extension(state, clock, context)?;
    match most {
        Some(most) if command.count > most => check.wrong(
            "count",
            "ADM-77",
            format!("must be at most {most}"),
            format!("延长不得超过{most}日"),
        ),
        Some(_) => {}
        None => check.wrong(
            "clock",
            "ADM-77",
            format!("no policy knows an extension of a clock of kind {}", clock.kind.code()),
            format!("政策未规定{}可以延长", clock.kind.zh()),
        ),
    }
    check.done()?;
    ending::another_person(&command.approver, context, "an extension", "延长期限")?;
    still_owed(state, clock)?;
    clock
        .can_extend(command.count, command.approver_office, command.told_date)
        .map_err(problem)?;
    let due = clock
        .due_when_extended(command.count, &context.reference.calendar)
        .ok_or_else(nothing_to_do)?;
    Ok(vec![clocking::about(
        clock,
        command.told_date,
        ClockExtended {
            clock: command.clock,
            reason: command.reason,
            count: command.count,
            approver: command.approver.trim().to_owned(),
            approver_office: command.approver_office,
            told_date: command.told_date,
            due: Deadline::of(due, clock.due.policy.clone()),
        },
    )])
}

/// What was told in time and arrives late lets a decision's clock go on that was found to have run out, while nobody has
/// decided: by the officer, or by the law instead of her.
fn still_owed(state: &Institution, clock: &Clock) -> Result<(), Rejection> {
    let decided = !application_of(state, clock).is_some_and(migration::is_accepted_and_undecided);
    if clock.state == ClockState::Expired && decided {
        return Err(problem(ClockProblem::NotRunning { state: clock.state }));
    }
    Ok(())
}

/// By how many of its units a clock may be extended, by the policy that its application is handled under.
fn longest_extension(state: &Institution, clock: &Clock, context: &Context<'_>) -> Result<Option<u32>, Rejection> {
    let Some(application) = application_of(state, clock) else {
        return Ok(None);
    };
    let policy = context.reference.licence_of(&application.policy)?;
    Ok(match clock.kind {
        ClockKind::Decision => Some(policy.decision_extension_working_days),
        ClockKind::JointDecision => Some(policy.joint_extension_working_days),
        _ => None,
    })
}

/// The applicant was told between the beginning of the clock and its end.
fn told_in_time(check: &mut Check, clock: &Clock, told: Date, rule: &str, context: &Context<'_>) {
    check.not_in_future("told_date", told, context);
    check.ensure(
        told >= clock.from_date && !clock.due.missed(told),
        "told_date",
        rule,
        "the applicant is told in writing after the clock began and before it ran out",
        "须在时限起算后、届满前书面告知申请人",
    );
}

/// Counts the provisional ends anew by the holiday table as it is now. Firm ends stand, whatever the table says.
// rule: ADM-83
pub(super) fn recompute_clocks(state: &Institution, command: &RecomputeClocks, context: &Context<'_>) -> Decision {
    by_system(context)?;
    let mut check = Check::default();
    check.sha256("holidays_sha256", Some(&command.holidays_sha256));
    check.done()?;
    let moved = state.clocks.open().filter_map(|(name, clock)| {
        let due = clock.due_when_recomputed(&context.reference.calendar)?;
        let recomputed = ClockRecomputed {
            clock: name,
            due: Deadline::of(due, clock.due.policy.clone()),
            holidays_sha256: command.holidays_sha256.clone(),
        };
        Some(Decided {
            policies: vec![clock.due.policy.clone()],
            ..Decided::plain(recomputed)
        })
    });
    let events: Vec<_> = moved.collect();
    if events.is_empty() {
        return Err(nothing_to_do());
    }
    Ok(events)
}

/// Finds that the last day of a clock has passed, and what the law says to that. Everything happens with the end of
/// that day, however late it is found. A clock that stands still or whose end is provisional does not run out.
// rule: ADM-78
pub(super) fn expire_clock(state: &Institution, command: &ExpireClock, context: &Context<'_>) -> Decision {
    by_system(context)?;
    let name = command.clock;
    let clock = named(state, name)?;
    clock.can_expire(today(context)).map_err(|found| match found {
        // A timer that fires after the act: nothing is left to find.
        ClockProblem::NotRunning { state } => nothing_to_do()
            .with("clock", name.to_string())
            .with("state", state.code()),
        found => problem(found),
    })?;
    let end = End { name, clock };
    let mut events = vec![clocking::about(
        clock,
        end.after(),
        ClockExpired {
            clock: name,
            due_date: clock.due.due_date,
        },
    )];
    events.extend(match name.kind {
        ClockKind::Completeness => deemed_accepted(state, end, context)?,
        ClockKind::CorrectionReply | ClockKind::InformationReply => lapsed(state, end),
        ClockKind::Renewal => licence_ran_out(state, end, context)?,
        ClockKind::Migration => migration::ran_out(state, clock.due.due_date),
        _ => Vec::new(),
    });
    for decided in &mut events {
        decided.occurred = Some(Occurred::Instant {
            time: start_of(end.after()),
        });
    }
    Ok(events)
}

/// A clock that has run out.
#[derive(Clone, Copy)]
struct End<'a> {
    name: ClockRef,
    clock: &'a Clock,
}

impl End<'_> {
    /// The first day after its last one.
    fn after(&self) -> Date {
        day_after(self.clock.due.due_date)
    }
}

/// Nothing was asked for in time: the application is accepted from the day on which its papers came (行政许可法 §32), and
/// the decision's clock runs from that day.
// rule: ADM-79
fn deemed_accepted(
    state: &Institution,
    end: End<'_>,
    context: &Context<'_>,
) -> Result<Vec<Decided<InstitutionEvent>>, Rejection> {
    let looked_at = application_of(state, end.clock).filter(|found| found.state == ApplicationState::Submitted);
    let Some(application) = looked_at else {
        return Ok(Vec::new());
    };
    let policy = context.reference.licence_of(&application.policy)?;
    if !policy.deemed_accepted {
        return Ok(Vec::new());
    }
    let papers_came = end.clock.from_date;
    let mut deemed = Decided::plain(DeemedOutcomeApplied {
        application: application.number,
        outcome: DeemedOutcome::Accepted,
        clock: end.name,
        effective_date: papers_came,
    });
    deemed.effective_from = Some(start_of(papers_came));
    deemed.policies = vec![application.policy.clone()];
    deemed.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§32")];
    let decision = clocking::start_decision(application, false, papers_came, policy, context);
    Ok(vec![deemed, decision])
}

/// The applicant did not answer in time: the application ends, and its clocks with it.
// rule: ADM-80
fn lapsed(state: &Institution, end: End<'_>) -> Vec<Decided<InstitutionEvent>> {
    let owes = match end.name.kind {
        ClockKind::CorrectionReply => ApplicationState::Returned,
        _ => ApplicationState::AwaitingInformation,
    };
    let Some(application) = application_of(state, end.clock).filter(|found| found.state == owes) else {
        return Vec::new();
    };
    let mut lapsed = Decided::plain(ApplicationLapsed {
        application: application.number,
        clock: end.name,
    });
    lapsed.effective_from = Some(start_of(end.after()));
    lapsed.policies = vec![application.policy.clone()];
    let mut events = vec![lapsed];
    events.extend(clocking::cancelled_all(
        state,
        |_, clock| clock.application == Some(application.number),
        end.after(),
    ));
    let last_day = end.clock.due.due_date;
    events.extend(migration::receipt_held_until(state, application, last_day));
    events
}

/// The last day of the licence: renewed, where a renewal was asked for in time and the authority has not decided
/// (行政许可法 §50); else it holds no more.
// rule: ADM-81
fn licence_ran_out(
    state: &Institution,
    end: End<'_>,
    context: &Context<'_>,
) -> Result<Vec<Decided<InstitutionEvent>>, Rejection> {
    let last_day = end.clock.due.due_date;
    let runs_out = ending::licence(state).filter(|held| held.valid_to_date == Some(last_day));
    if runs_out.is_none() {
        return Ok(Vec::new());
    }
    for application in state
        .licence_applications
        .values()
        .filter(|found| is_undecided_renewal(found))
    {
        let policy = context.reference.licence_of(&application.policy)?;
        let ask_by = last_day.saturating_sub(i64::from(policy.renewal_ask_days).days());
        let in_time = application.first_date.is_some_and(|asked| asked <= ask_by);
        if policy.deemed_renewed && in_time {
            return Ok(deemed_renewed(state, end, application, policy));
        }
    }
    Ok(ending::expired(state, AuthorizationKind::Licence, last_day))
}

/// A renewal that was accepted and not decided. One that was returned, or whose completeness is looked at, waits for
/// another clock than that of its decision.
fn is_undecided_renewal(application: &LicenceApplication) -> bool {
    application.kind == ApplicationKind::Renewal && migration::is_accepted_and_undecided(application)
}

fn deemed_renewed(
    state: &Institution,
    end: End<'_>,
    application: &LicenceApplication,
    policy: &LicencePolicy,
) -> Vec<Decided<InstitutionEvent>> {
    let first_day = end.after();
    let last_day = last_day_of_term(first_day, policy.term_months);
    let renewed = |event: InstitutionEvent| {
        let mut decided = Decided::plain(event);
        decided.effective_from = Some(start_of(first_day));
        decided.policies = vec![application.policy.clone()];
        decided.legal_basis = vec![LegalBasis::new(LICENSING_LAW, "§50")];
        decided
    };
    let mut events = vec![
        renewed(
            DeemedOutcomeApplied {
                application: application.number,
                outcome: DeemedOutcome::Renewed,
                clock: end.name,
                effective_date: first_day,
            }
            .into(),
        ),
        renewed(
            LicenceRenewed {
                application: application.number,
                valid_from_date: first_day,
                valid_to_date: last_day,
            }
            .into(),
        ),
    ];
    events.extend(clocking::cancelled_all(
        state,
        |_, clock| clock.application == Some(application.number),
        first_day,
    ));
    let ask_by = last_day.saturating_sub(i64::from(policy.renewal_ask_days).days());
    for (kind, until) in [(ClockKind::RenewalAsk, ask_by), (ClockKind::Renewal, last_day)] {
        events.push(clocking::start_fixed(kind, None, first_day, until, &application.policy));
    }
    events
}

/// The clock of that name.
// rule: ADM-74
fn named(state: &Institution, name: ClockRef) -> Result<&Clock, Rejection> {
    state.clocks.get(name).ok_or_else(|| {
        Rejection::field(
            "clock",
            "ADM-74",
            format!("there is no clock {name}"),
            format!("没有时限{name}"),
        )
    })
}

fn application_of<'a>(state: &'a Institution, clock: &Clock) -> Option<&'a LicenceApplication> {
    state.licence_applications.get(&clock.application?)
}

fn problem(found: ClockProblem) -> Rejection {
    Rejection::fields(vec![found.violation()])
}

/// What time alone brings about is found by the system, never asked for.
// rule: ADM-78
pub(super) fn by_system(context: &Context<'_>) -> Result<(), Rejection> {
    if context.actor.role == Role::System {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::RoleNotAllowed,
        "this is found by the system alone",
        "此项由系统认定，不能申请办理",
    ))
}
