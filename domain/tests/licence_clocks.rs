//! Clocks of the licence regime (行政许可法 §32, §42, §45, §50): stopped, extended, run out, counted anew.

use crate::institution_support::applications::withdraw;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::*;
use yujian_domain::envelope::Role;
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::time::start_of;

fn pause(desk: &Desk, kind: ClockKind, from: &str) -> PauseClock {
    PauseClock {
        clock: desk.clock(kind),
        reason: PauseReason::ExpertReview,
        from_date: day(from),
        told_date: day(from),
    }
}

fn resume(desk: &Desk, kind: ClockKind, on: &str) -> ResumeClock {
    ResumeClock {
        clock: desk.clock(kind),
        on_date: day(on),
    }
}

fn extend(desk: &Desk, kind: ClockKind, count: u32, office: ApproverOffice) -> ExtendClock {
    ExtendClock {
        clock: desk.clock(kind),
        reason: ExtensionReason::ComplexMatter,
        count,
        approver: "head-1".to_owned(),
        approver_office: office,
        told_date: desk.today(),
    }
}

fn expire(desk: &Desk, kind: ClockKind) -> ExpireClock {
    ExpireClock {
        clock: desk.clock(kind),
    }
}

/// An application for a licence whose papers came on Monday 2 March 2026.
fn applied() -> Desk {
    let mut desk = Desk::under_licences();
    desk.applied(1, ApplicationKind::Licence);
    desk
}

/// The same, accepted that day: the decision is due on 30 March.
fn accepted() -> Desk {
    let mut desk = Desk::under_licences();
    desk.accepted_application(1, ApplicationKind::Licence);
    desk
}

fn due(desk: &Desk, kind: ClockKind) -> String {
    desk.state
        .clocks
        .get(desk.clock(kind))
        .unwrap()
        .due
        .due_date
        .to_string()
}

fn field(name: &str, rule: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), rule.to_owned())]
}

/// Where application 1 stands.
fn state_of(desk: &Desk) -> ApplicationState {
    desk.state.licence_applications[&1].state
}

#[test]
fn an_expert_review_is_not_counted_in_the_decisions_time() {
    let mut desk = accepted();
    assert_eq!(due(&desk, ClockKind::Decision), "2026-03-30");
    desk.on("2026-03-09");
    desk.run(pause(&desk, ClockKind::Decision, "2026-03-09")).unwrap();
    assert_eq!(desk.clock_state(ClockKind::Decision), ClockState::Paused);
    desk.on("2026-03-16");
    desk.run(resume(&desk, ClockKind::Decision, "2026-03-16")).unwrap();
    // Five working days were not counted: 31 March, 1 to 3 and 7 April.
    assert_eq!(due(&desk, ClockKind::Decision), "2026-04-07");
}

#[test]
fn only_the_authoritys_decision_stands_still_and_only_from_a_day_in_its_course() {
    let mut desk = accepted();
    desk.on("2026-03-09");
    let refused = |from: &str| desk.violations(pause(&desk, ClockKind::Decision, from));
    assert_eq!(
        refused("2026-03-10"),
        [field("from_date", "GEN-02"), field("told_date", "GEN-02")].concat()
    );
    assert_eq!(refused("2026-03-01"), field("told_date", "ADM-75"), "before it began");
    let completeness = applied();
    assert_eq!(
        completeness.violations(pause(&completeness, ClockKind::Completeness, "2026-03-02")),
        field("clock", "CLK-05")
    );
    let mut twice = desk.clone();
    twice.run(pause(&desk, ClockKind::Decision, "2026-03-09")).unwrap();
    assert_eq!(
        twice.violations(pause(&desk, ClockKind::Decision, "2026-03-09")),
        field("clock", "CLK-12")
    );
}

#[test]
fn the_applicant_is_told_in_writing_before_the_clock_runs_out() {
    let mut desk = accepted();
    desk.on("2026-03-31");
    let told = |told: &str| PauseClock {
        told_date: day(told),
        ..pause(&desk, ClockKind::Decision, "2026-03-27")
    };
    assert_eq!(desk.violations(told("2026-03-31")), field("told_date", "ADM-75"));
    assert!(desk.decide(told("2026-03-30")).is_ok(), "on the last day");
}

#[test]
fn a_pause_for_an_answer_is_made_by_asking_for_it_and_ends_with_it() {
    let mut desk = accepted();
    let asked = PauseClock {
        reason: PauseReason::InformationAwaited,
        ..pause(&desk, ClockKind::Decision, "2026-03-02")
    };
    assert_eq!(desk.violations(asked), field("reason", "ADM-75"));
    let clock = desk.clock(ClockKind::Decision);
    let from_date = desk.today();
    desk.fold([
        InformationRequested {
            application: 1,
            questions: Vec::new(),
        }
        .into(),
        ClockPaused {
            clock,
            reason: PauseReason::InformationAwaited,
            from_date,
            told_date: None,
        }
        .into(),
    ]);
    assert_eq!(
        desk.violations(resume(&desk, ClockKind::Decision, "2026-03-02")),
        field("clock", "ADM-76")
    );
}

#[test]
fn only_what_stands_still_runs_on_and_not_before_it_stopped() {
    let mut desk = accepted();
    desk.on("2026-03-09");
    assert_eq!(
        desk.violations(resume(&desk, ClockKind::Decision, "2026-03-09")),
        field("clock", "CLK-12")
    );
    desk.run(pause(&desk, ClockKind::Decision, "2026-03-09")).unwrap();
    assert_eq!(
        desk.violations(resume(&desk, ClockKind::Decision, "2026-03-06")),
        field("on_date", "CLK-12")
    );
    assert_eq!(
        desk.violations(resume(&desk, ClockKind::Decision, "2026-03-10")),
        field("on_date", "GEN-02")
    );
}

#[test]
fn a_clock_that_is_named_is_there() {
    let desk = accepted();
    let clock = ClockRef {
        kind: ClockKind::Decision,
        revision: 99,
    };
    let resumed = ResumeClock {
        clock,
        on_date: desk.today(),
    };
    assert_eq!(desk.violations(resumed), field("clock", "ADM-74"));
}

#[test]
fn the_head_of_the_authority_extends_a_decision_once_by_at_most_ten_working_days() {
    let mut desk = accepted();
    let head = ApproverOffice::HeadOfAuthority;
    desk.on("2026-03-27");
    assert_eq!(
        desk.violations(extend(&desk, ClockKind::Decision, 11, head)),
        field("count", "ADM-77")
    );
    assert_eq!(
        desk.violations(extend(&desk, ClockKind::Decision, 0, head)),
        field("count", "CLK-06")
    );
    assert_eq!(
        desk.violations(extend(
            &desk,
            ClockKind::Decision,
            10,
            ApproverOffice::PeoplesGovernment
        )),
        field("approver_office", "CLK-06")
    );
    desk.run(extend(&desk, ClockKind::Decision, 10, head)).unwrap();
    assert_eq!(due(&desk, ClockKind::Decision), "2026-04-14");
    assert_eq!(
        desk.violations(extend(&desk, ClockKind::Decision, 1, head)),
        field("clock", "CLK-06"),
        "once"
    );
}

#[test]
fn a_joint_decision_is_extended_by_the_peoples_government_by_at_most_fifteen() {
    let mut desk = Desk::under_licences();
    desk.accepted_application(1, ApplicationKind::Licence);
    let joint = desk.clock_started(ClockKind::JointDecision, Some(1), Unit::WorkingDays, 45);
    desk.fold([joint.into()]);
    let by = |office, count| extend(&desk, ClockKind::JointDecision, count, office);
    assert_eq!(
        desk.violations(by(ApproverOffice::HeadOfAuthority, 15)),
        field("approver_office", "CLK-06")
    );
    assert_eq!(
        desk.violations(by(ApproverOffice::PeoplesGovernment, 16)),
        field("count", "ADM-77")
    );
    assert!(desk.decide(by(ApproverOffice::PeoplesGovernment, 15)).is_ok());
}

#[test]
fn an_extension_has_another_approver_and_its_reasons_are_told_in_time() {
    let mut desk = accepted();
    let own = ExtendClock {
        approver: " officer-1 ".to_owned(),
        ..extend(&desk, ClockKind::Decision, 5, ApproverOffice::HeadOfAuthority)
    };
    assert_eq!(desk.reason(own), Reason::TwoPersonRule);
    desk.on("2026-03-31");
    let late = extend(&desk, ClockKind::Decision, 5, ApproverOffice::HeadOfAuthority);
    assert_eq!(desk.violations(late.clone()), field("told_date", "ADM-77"));
    let in_time = ExtendClock {
        told_date: day("2026-03-30"),
        ..late
    };
    assert!(desk.decide(in_time).is_ok(), "told on the last day and recorded later");
}

#[test]
fn an_extension_or_a_pause_told_in_time_and_recorded_late_takes_back_that_the_decision_is_overdue() {
    let mut desk = accepted();
    desk.system_on("2026-03-31");
    desk.run(expire(&desk, ClockKind::Decision)).unwrap();
    desk.officer_on("2026-04-02");
    let in_time = ExtendClock {
        told_date: day("2026-03-30"),
        ..extend(&desk, ClockKind::Decision, 10, ApproverOffice::HeadOfAuthority)
    };
    let late = ExtendClock {
        told_date: day("2026-03-31"),
        ..in_time.clone()
    };
    assert_eq!(desk.violations(late), field("told_date", "ADM-77"));
    let mut extended = desk.clone();
    extended.run(in_time.clone()).unwrap();
    assert_eq!(extended.clock_state(ClockKind::Decision), ClockState::Running);
    assert_eq!(due(&extended, ClockKind::Decision), "2026-04-14");
    let mut paused = desk.clone();
    paused.run(pause(&desk, ClockKind::Decision, "2026-03-27")).unwrap();
    assert_eq!(paused.clock_state(ClockKind::Decision), ClockState::Paused);

    // Nobody waits for a decision any more.
    desk.by("operator-1", Role::Operator);
    desk.run(withdraw(1)).unwrap();
    desk.officer_on("2026-04-02");
    assert_eq!(desk.violations(in_time), field("clock", "CLK-12"));
    assert_eq!(
        desk.violations(pause(&desk, ClockKind::Decision, "2026-03-27")),
        field("clock", "CLK-12")
    );
}

#[test]
fn no_policy_extends_the_look_at_completeness() {
    let desk = applied();
    assert_eq!(
        desk.violations(extend(
            &desk,
            ClockKind::Completeness,
            1,
            ApproverOffice::HeadOfAuthority
        )),
        field("clock", "ADM-77")
    );
}

#[test]
fn only_the_system_finds_that_a_clock_has_run_out_and_only_after_its_last_day() {
    let mut desk = applied();
    desk.officer_on("2026-03-10");
    assert_eq!(
        desk.reason(expire(&desk, ClockKind::Completeness)),
        Reason::RoleNotAllowed
    );
    desk.system_on("2026-03-09");
    assert_eq!(
        desk.violations(expire(&desk, ClockKind::Completeness)),
        field("clock", "CLK-08"),
        "the last day may be used to its end"
    );
    desk.system_on("2026-03-10");
    desk.expires(ClockKind::Completeness);
    assert_eq!(
        desk.reason(expire(&desk, ClockKind::Completeness)),
        Reason::NothingToDo,
        "a timer that fires twice"
    );
}

#[test]
fn silence_accepts_an_application_from_the_day_its_papers_came() {
    let mut desk = applied();
    // The timer wakes ten days late; the effect is that of the clock's end.
    desk.system_on("2026-03-20");
    let decided = desk.decide(expire(&desk, ClockKind::Completeness)).unwrap();
    let events: Vec<InstitutionEvent> = decided.iter().map(|one| one.event.clone()).collect();
    assert_eq!(names(&events), ["ClockExpired", "DeemedOutcomeApplied", "ClockStarted"]);
    let InstitutionEvent::DeemedOutcomeApplied(deemed) = &events[1] else {
        panic!("nothing deemed")
    };
    assert_eq!(deemed.outcome, DeemedOutcome::Accepted);
    assert_eq!(deemed.effective_date, day("2026-03-02"));
    assert_eq!(decided[0].effective_from, Some(start_of(day("2026-03-10"))));
    assert_eq!(decided[1].effective_from, Some(start_of(day("2026-03-02"))));
    let InstitutionEvent::ClockStarted(decision) = &events[2] else {
        panic!("no decision's clock")
    };
    assert_eq!(
        (decision.kind, decision.from_date),
        (ClockKind::Decision, day("2026-03-02"))
    );
    assert_eq!(decision.due.due_date, day("2026-03-30"));
    desk.expires(ClockKind::Completeness);
    assert_eq!(state_of(&desk), ApplicationState::Accepted);
    assert!(desk.state.licence_applications[&1].deemed.is_some());
}

#[test]
fn silence_accepts_nothing_where_policy_does_not_say_so() {
    let mut desk = Desk::under_licences();
    desk.reference = licence_reference_where("deemed_accepted", "true", "false");
    desk.applied(1, ApplicationKind::Licence);
    desk.system_on("2026-03-10");
    assert_eq!(names(&desk.expires(ClockKind::Completeness)), ["ClockExpired"]);
    assert_eq!(state_of(&desk), ApplicationState::Submitted);
}

#[test]
fn nothing_is_deemed_on_a_provisional_day() {
    let mut desk = Desk::under_licences();
    desk.on("2026-12-30").applied(1, ApplicationKind::Licence);
    desk.system_on("2027-02-01");
    assert_eq!(
        desk.violations(expire(&desk, ClockKind::Completeness)),
        field("clock", "CLK-08")
    );
    // The notice for 2027 comes, the day is firm, and the silence counts.
    desk.reference = licence_reference_2027();
    let recompute = || RecomputeClocks {
        holidays_sha256: "ab".repeat(32),
    };
    assert_eq!(names(&desk.run(recompute()).unwrap()), ["ClockRecomputed"]);
    assert_eq!(due(&desk, ClockKind::Completeness), "2027-01-07");
    assert_eq!(desk.reason(recompute()), Reason::NothingToDo, "firm days stand");
    assert_eq!(desk.expires(ClockKind::Completeness).len(), 3);
}

#[test]
fn only_the_system_counts_anew_and_names_the_table() {
    let mut desk = Desk::under_licences();
    desk.on("2026-12-30").applied(1, ApplicationKind::Licence);
    desk.reference = licence_reference_2027();
    let by = |sha256: &str| RecomputeClocks {
        holidays_sha256: sha256.to_owned(),
    };
    assert_eq!(desk.reason(by(&"ab".repeat(32))), Reason::RoleNotAllowed);
    desk.by("system", Role::System);
    assert_eq!(desk.violations(by("x")), field("holidays_sha256", "GEN-03"));
}

#[test]
fn a_clock_that_stands_still_does_not_run_out() {
    let mut desk = accepted();
    desk.on("2026-03-09");
    desk.run(pause(&desk, ClockKind::Decision, "2026-03-09")).unwrap();
    desk.system_on("2026-05-01");
    assert_eq!(desk.reason(expire(&desk, ClockKind::Decision)), Reason::NothingToDo);
}

#[test]
fn a_decision_that_is_overdue_is_not_made_by_time() {
    let mut desk = accepted();
    desk.system_on("2026-03-31");
    assert_eq!(names(&desk.expires(ClockKind::Decision)), ["ClockExpired"]);
    assert_eq!(state_of(&desk), ApplicationState::Accepted);
}

#[test]
fn an_application_that_is_not_corrected_in_time_lapses() {
    let mut desk = applied();
    let reply = desk.clock_started(ClockKind::CorrectionReply, Some(1), Unit::WorkingDays, 15);
    let completeness = desk.clock(ClockKind::Completeness);
    let on_date = desk.today();
    desk.fold([
        ApplicationReturned {
            application: 1,
            items: Vec::new(),
        }
        .into(),
        ClockMet {
            clock: completeness,
            on_date,
            late: false,
        }
        .into(),
        reply.into(),
    ]);
    desk.system_on("2026-06-01");
    assert_eq!(
        names(&desk.expires(ClockKind::CorrectionReply)),
        ["ClockExpired", "ApplicationLapsed"]
    );
    assert_eq!(state_of(&desk), ApplicationState::Lapsed);
    assert!(desk.open_clocks().is_empty());
}

#[test]
fn an_application_whose_questions_are_not_answered_lapses_with_its_other_clocks() {
    let mut desk = accepted();
    let reply = desk.clock_started(ClockKind::InformationReply, Some(1), Unit::WorkingDays, 10);
    let clock = desk.clock(ClockKind::Decision);
    let from_date = desk.today();
    desk.fold([
        InformationRequested {
            application: 1,
            questions: Vec::new(),
        }
        .into(),
        ClockPaused {
            clock,
            reason: PauseReason::InformationAwaited,
            from_date,
            told_date: None,
        }
        .into(),
        reply.into(),
    ]);
    desk.system_on("2026-06-01");
    assert_eq!(
        names(&desk.expires(ClockKind::InformationReply)),
        ["ClockExpired", "ApplicationLapsed", "ClockCancelled"]
    );
    assert_eq!(desk.clock_state(ClockKind::Decision), ClockState::Cancelled);
}

#[test]
fn the_time_to_ask_for_a_hearing_runs_out_and_a_refusal_may_follow() {
    let mut desk = accepted();
    let hearing = desk.clock_started(ClockKind::HearingRequest, Some(1), Unit::WorkingDays, 5);
    desk.fold([
        RefusalIntended {
            application: 1,
            reasons: reasons(),
        }
        .into(),
        hearing.into(),
    ]);
    desk.system_on("2026-03-10");
    assert_eq!(names(&desk.expires(ClockKind::HearingRequest)), ["ClockExpired"]);
    assert_eq!(state_of(&desk), ApplicationState::RefusalIntended);
}
