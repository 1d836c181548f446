//! A licence while it is held (行政许可法 §49, §50, §61): conditions, provisional standing, its last day.

use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::*;
use yujian_domain::envelope::{Classification, Role};
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::time::start_of;
use yujian_domain::values::ClassType;

fn impose(due: &str) -> ImposeCondition {
    ImposeCondition { terms: terms(due) }
}

fn lift(condition: u32) -> LiftCondition {
    LiftCondition {
        condition,
        reason: Sensitive::new("情况已变化"),
    }
}

fn provisional(due: &[&str]) -> MakeProvisional {
    MakeProvisional {
        reasons: reasons(),
        conditions: due.iter().map(|due| terms(due)).collect(),
    }
}

fn restore() -> RestoreStanding {
    RestoreStanding {
        statement: Sensitive::new("已整改"),
    }
}

fn field(name: &str, rule: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), rule.to_owned())]
}

fn held(desk: &Desk) -> &Authorization {
    desk.state.authorization.as_ref().unwrap()
}

#[test]
fn a_condition_is_published_and_its_clock_ends_on_its_day() {
    let mut desk = Desk::licensed();
    let decided = desk.decide(impose("2026-04-30")).unwrap();
    assert_eq!(decided[0].classification, Classification::Public);
    desk.run(impose("2026-04-30")).unwrap();
    let clock = desk.clock(ClockKind::Condition);
    assert_eq!(held(&desk).conditions[&1].clock, Some(clock));
    assert_eq!(desk.state.clocks.get(clock).unwrap().due.due_date, day("2026-04-30"));
    desk.run(impose("2026-04-30")).unwrap();
    assert_eq!(held(&desk).conditions[&2].clock, Some(desk.clock(ClockKind::Condition)));
}

#[test]
fn a_condition_says_what_and_by_which_day_to_come() {
    let desk = Desk::licensed();
    assert_eq!(desk.violations(impose("2026-03-02")), field("terms.due_date", "ADM-84"));
    let until = ImposeCondition {
        terms: ConditionTerms {
            text: " ".to_owned(),
            until_date: Some(day("2026-04-30")),
            ..terms("2026-04-30")
        },
    };
    assert_eq!(
        desk.violations(until),
        [field("terms.text", "GEN-03"), field("terms.until_date", "ADM-84")].concat()
    );
}

#[test]
fn a_receipt_has_no_conditions() {
    let mut desk = Desk::suspended();
    desk.reference = licence_reference();
    assert_eq!(desk.reason(impose("2026-04-30")), Reason::IllegalTransition);
    assert_eq!(
        desk.reason(revocation(RevocationGround::Breach, desk.today())),
        Reason::IllegalTransition
    );
}

#[test]
fn a_condition_is_met_in_time_to_the_end_of_its_day_and_late_after_it() {
    let mut desk = Desk::licensed();
    desk.run(impose("2026-04-30")).unwrap();
    desk.run(impose("2026-04-30")).unwrap();
    desk.on("2026-05-06");
    let events = desk.run(met(1, "2026-04-30")).unwrap();
    let (InstitutionEvent::ConditionMet(in_time), InstitutionEvent::ClockMet(clock)) = (&events[0], &events[1]) else {
        panic!("not met: {events:?}")
    };
    assert!(!in_time.late && !clock.late);
    desk.system_on("2026-05-06");
    assert_eq!(
        names(&desk.expires(ClockKind::Condition)),
        ["ClockExpired"],
        "nothing is taken for met"
    );
    desk.officer_on("2026-05-06");
    let events = desk.run(met(2, "2026-05-06")).unwrap();
    let (InstitutionEvent::ConditionMet(late), InstitutionEvent::ClockMet(clock)) = (&events[0], &events[1]) else {
        panic!("not met: {events:?}")
    };
    assert!(late.late && clock.late);
    assert_eq!(
        desk.reason(met(2, "2026-05-06")),
        Reason::IllegalTransition,
        "met already"
    );
    assert_eq!(desk.violations(met(3, "2026-05-06")), field("condition", "ADM-85"));
}

#[test]
fn a_condition_that_is_lifted_ends_with_its_clock() {
    let mut desk = Desk::licensed();
    desk.run(impose("2026-04-30")).unwrap();
    assert_eq!(
        names(&desk.run(lift(1)).unwrap()),
        ["ConditionLifted", "ClockCancelled"]
    );
    assert_eq!(held(&desk).conditions[&1].state, ConditionState::Lifted);
    assert_eq!(desk.reason(lift(1)), Reason::IllegalTransition);
}

#[test]
fn a_provisional_licence_has_dated_conditions_within_three_months() {
    let mut desk = Desk::licensed();
    assert_eq!(desk.violations(provisional(&[])), field("conditions", "ADM-86"));
    assert_eq!(
        desk.violations(provisional(&["2026-06-02", "2026-06-03"])),
        field("conditions[1].due_date", "ADM-86")
    );
    let unreasoned = MakeProvisional {
        reasons: Vec::new(),
        ..provisional(&["2026-06-02"])
    };
    assert_eq!(desk.violations(unreasoned), field("reasons", "ADM-86"));
    let events = desk.run(provisional(&["2026-05-01", "2026-06-02"])).unwrap();
    let each = ["ConditionImposed", "ClockStarted"];
    assert_eq!(names(&events), [&["MadeProvisional"][..], &each, &each].concat());
    assert_eq!(held(&desk).provisional_until, Some(day("2026-06-02")));
    assert_eq!(desk.state.status, Status::Licensed);
    assert_eq!(desk.reason(provisional(&["2026-05-01"])), Reason::IllegalTransition);
}

#[test]
fn full_standing_comes_back_once_no_condition_is_open() {
    let mut desk = Desk::licensed();
    assert_eq!(
        desk.reason(restore()),
        Reason::IllegalTransition,
        "it is in full standing"
    );
    desk.run(provisional(&["2026-05-01", "2026-06-01"])).unwrap();
    desk.on("2026-04-01");
    let refusal = desk.refusal(restore());
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert_eq!(refusal.metadata["conditions"], "1, 2");
    desk.run(met(1, "2026-04-01")).unwrap();
    desk.run(lift(2)).unwrap();
    desk.run(restore()).unwrap();
    assert_eq!(held(&desk).provisional_until, None);
}

#[test]
fn under_a_licence_name_and_classes_change_by_application() {
    let desk = Desk::licensed();
    let classes = ChangeClasses {
        classes: vec![class("混合班", ClassType::Mixed, 18)],
        effective_date: desk.today(),
    };
    for refusal in [
        desk.refusal(rename("西湖区新名称托育中心")),
        desk.refusal(classes.clone()),
    ] {
        assert_eq!(refusal.reason, Reason::NeedsApplication);
        assert_eq!(refusal.metadata["kind"], "change");
        assert_eq!(refusal.legal_basis[0].article, "§49");
    }
    let address = ChangeDetails {
        address: Some("文三路2号".to_owned()),
        ..ChangeDetails::default()
    };
    assert!(desk.decide(address).is_ok(), "what the licence does not rule is told");
    assert!(Desk::revoked().decide(classes).is_ok(), "no licence rules it any more");
}

#[test]
fn a_suspension_leads_back_to_the_licence() {
    let mut desk = Desk::licensed();
    desk.run(suspension(SuspensionKind::Emergency, desk.today())).unwrap();
    assert_eq!(desk.state.status, Status::Suspended);
    assert!(desk.decide(impose("2026-04-30")).is_ok(), "the licence holds");
    desk.on("2026-03-09");
    desk.run(resumption(desk.today())).unwrap();
    assert_eq!(desk.state.status, Status::Licensed);
}

/// A renewal that was asked for in time and accepted, on a licence that ends on 1 March 2029.
fn asked_for_renewal(asked: &str) -> Desk {
    let mut desk = Desk::licensed();
    desk.on(asked);
    desk.accepted_application(2, ApplicationKind::Renewal);
    desk
}

#[test]
fn an_undecided_renewal_that_was_asked_for_in_time_renews_the_licence() {
    let mut desk = asked_for_renewal("2029-01-30");
    desk.system_on("2029-03-10");
    let renewal = ExpireClock {
        clock: desk.clock(ClockKind::Renewal),
    };
    let decided = desk.decide(renewal.clone()).unwrap();
    assert_eq!(
        decided[2].effective_from,
        Some(start_of(day("2029-03-02"))),
        "however late it wakes"
    );
    let events = desk.run(renewal).unwrap();
    assert_eq!(
        names(&events),
        [
            "ClockExpired",
            "DeemedOutcomeApplied",
            "LicenceRenewed",
            "ClockCancelled",
            "ClockStarted",
            "ClockStarted"
        ]
    );
    let InstitutionEvent::LicenceRenewed(renewed) = &events[2] else {
        panic!("not renewed")
    };
    assert_eq!(renewed.valid_from_date, day("2029-03-02"));
    assert_eq!(renewed.valid_to_date, day("2032-03-01"));
    assert_eq!(desk.state.status, Status::Licensed);
    assert_eq!(desk.state.licence_applications[&2].state, ApplicationState::Granted);
    let due = |kind| desk.state.clocks.get(desk.clock(kind)).unwrap().due.due_date;
    assert_eq!(due(ClockKind::Renewal), day("2032-03-01"));
    assert_eq!(due(ClockKind::RenewalAsk), day("2032-01-31"));
}

#[test]
fn a_renewal_that_was_asked_for_too_late_or_not_by_policy_renews_nothing() {
    let mut too_late = asked_for_renewal("2029-01-31");
    let mut by_policy = asked_for_renewal("2029-01-30");
    by_policy.reference = licence_reference_where("deemed_renewed", "true", "false");
    // The application is handled under that policy.
    let policy = by_policy.licence_policy();
    by_policy.state.licence_applications.get_mut(&2).unwrap().policy = policy;
    for desk in [&mut too_late, &mut by_policy] {
        desk.system_on("2029-03-02");
        let events = desk.expires(ClockKind::Renewal);
        assert_eq!(names(&events)[..2], ["ClockExpired", "AuthorizationExpired"]);
        assert_eq!(desk.state.status, Status::Expired);
        let renewal = &desk.state.licence_applications[&2];
        assert_eq!(
            renewal.state,
            ApplicationState::Terminated,
            "there is nothing left to renew"
        );
    }
}

#[test]
fn a_licence_that_nobody_asked_to_renew_runs_out_with_its_last_day() {
    let mut desk = Desk::licensed();
    desk.run(impose("2029-06-01")).unwrap();
    desk.system_on("2029-02-01");
    assert_eq!(names(&desk.expires(ClockKind::RenewalAsk)), ["ClockExpired"]);
    desk.system_on("2029-03-02");
    let decided = desk
        .decide(ExpireClock {
            clock: desk.clock(ClockKind::Renewal),
        })
        .unwrap();
    assert_eq!(decided[1].effective_from, Some(start_of(day("2029-03-02"))));
    let events = desk.expires(ClockKind::Renewal);
    assert_eq!(
        names(&events),
        ["ClockExpired", "AuthorizationExpired", "ClockCancelled"]
    );
    assert_eq!(held(&desk).ended, Some(day("2029-03-02")));
    assert!(desk.open_clocks().is_empty());
}

#[test]
fn a_licence_that_runs_out_while_service_is_suspended_leaves_nothing_to_resume() {
    let mut desk = Desk::licensed();
    desk.on("2029-02-26");
    desk.run(suspension(SuspensionKind::Ordered, desk.today())).unwrap();
    desk.system_on("2029-03-02");
    desk.expires(ClockKind::Renewal);
    assert_eq!(desk.state.status, Status::Expired);
    assert!(desk.state.suspension.is_none());
    desk.by("officer-1", Role::Officer);
    assert_eq!(desk.reason(resumption(desk.today())), Reason::IllegalTransition);
}

#[test]
fn an_expiry_that_is_found_late_follows_what_has_happened_since() {
    let mut desk = Desk::licensed();
    desk.on("2029-03-05");
    desk.run(suspension(SuspensionKind::Ordered, desk.today())).unwrap();
    desk.system_on("2029-03-10");
    let decided = desk
        .decide(ExpireClock {
            clock: desk.clock(ClockKind::Renewal),
        })
        .unwrap();
    assert_eq!(decided[1].effective_from, Some(start_of(day("2029-03-05"))));
}
