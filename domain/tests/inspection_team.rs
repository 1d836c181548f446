//! Inspectors, recusal, check-in and work at the site: rules INS-08 to INS-13.

use crate::inspection_support::*;
use uuid::Uuid;
use yujian_domain::aggregate::Aggregate;
use yujian_domain::envelope::Classification;
use yujian_domain::inspection::*;
use yujian_domain::person::{self, CredentialKind, CredentialState, EngagementState};
use yujian_domain::rejection::Reason;
use yujian_domain::time::Occurred;
use yujian_domain::values::{ClassType, CreditCode};

// INS-08

#[test]
fn two_certified_inspectors_are_assigned_with_account_and_certificate() {
    let mut desk = desk_at(Status::Approved);
    desk.by("officer-1");
    assert_eq!(desk.unfit(assign(&[1])), [violation("INS-08", "inspectors")]);
    assert_eq!(desk.unfit(assign(&[])), [violation("INS-08", "inspectors")]);
    let InspectionEvent::InspectorsAssigned(event) = desk.one(assign(&[1, 2])) else {
        panic!()
    };
    let first = &event.inspectors[0];
    assert_eq!(
        (first.person, first.account.as_str(), first.credential),
        (inspector(1), "inspector-1", 1)
    );
    assert_eq!(first.expiry_date, Some(day("2027-12-31")));
    assert_eq!(desk.reason(assign(&[1, 2])), Reason::NothingToDo);
    assert!(desk.decide(assign(&[1, 2, 3])).is_ok());
}

#[test]
fn each_inspector_is_named_once() {
    let desk = desk_at(Status::Approved);
    assert_eq!(
        desk.violations(assign(&[1, 1])),
        [violation("INS-08", "inspectors[1].person")]
    );
}

#[test]
fn a_certificate_is_verified_and_valid_on_the_first_day() {
    type Change = fn(&mut person::Person);
    let unfit: [(&str, Change); 7] = [
        ("claimed", |p| {
            p.credentials.get_mut(&1).unwrap().state = CredentialState::Claimed;
        }),
        ("revoked", |p| {
            p.credentials.get_mut(&1).unwrap().state = CredentialState::Revoked;
        }),
        ("another", |p| {
            p.credentials.get_mut(&1).unwrap().kind = CredentialKind::FirstAid;
        }),
        ("ended", |p| {
            p.credentials.get_mut(&1).unwrap().expiry_date = Some(day("2026-03-01"));
        }),
        ("not begun", |p| {
            p.credentials.get_mut(&1).unwrap().issue_date = day("2026-03-03");
        }),
        ("no account", |p| p.account = None),
        ("nobody", |p| p.status = person::Status::None),
    ];
    for (what, change) in unfit {
        let mut desk = desk_at(Status::Approved);
        desk.by("officer-1").person(2, change);
        assert_eq!(
            desk.unfit(assign(&[1, 2])),
            [violation("INS-08", "inspectors[1].person")],
            "{what}"
        );
    }
    let mut desk = desk_at(Status::Approved);
    desk.person(2, |p| {
        p.credentials.get_mut(&1).unwrap().expiry_date = Some(day("2026-03-02"));
    });
    assert!(desk.decide(assign(&[1, 2])).is_ok(), "valid to the end of its last day");
    desk.on("2026-03-03");
    assert!(
        desk.decide(assign(&[1, 2])).is_err(),
        "assigned later, judged by that day"
    );
}

#[test]
fn an_unknown_person_and_one_account_twice_are_no_inspectors() {
    let mut desk = desk_at(Status::Approved);
    desk.by("officer-1");
    assert_eq!(
        desk.unfit(assign(&[1, 7])),
        [violation("INS-08", "inspectors[1].person")]
    );
    desk.person(2, |p| p.account = Some("inspector-1".to_owned()));
    assert_eq!(
        desk.unfit(assign(&[1, 2])),
        [violation("INS-08", "inspectors[1].person")]
    );
}

// INS-09

#[test]
fn who_declares_a_conflict_or_works_there_stands_aside() {
    let mut desk = desk_at(Status::Approved);
    desk.by("officer-1");
    let mut conflict = assign(&[1, 2]);
    conflict.inspectors[0].no_conflict = false;
    assert_eq!(desk.unfit(conflict), [violation("INS-09", "inspectors[0].no_conflict")]);
    for (state, free) in [
        (EngagementState::Active, false),
        (EngagementState::OffDuty, false),
        (EngagementState::Ended, true),
    ] {
        desk.person(1, |p| {
            p.engagements.insert(1, engaged(INSTITUTION, state));
        });
        assert_eq!(desk.decide(assign(&[1, 2])).is_ok(), free, "{state:?}");
    }
    desk.person(1, |p| {
        p.engagements
            .insert(1, engaged(Uuid::from_u128(9), EngagementState::Active));
    });
    assert!(desk.decide(assign(&[1, 2])).is_ok(), "works elsewhere");
}

#[test]
fn who_stood_aside_is_not_assigned_again() {
    let mut desk = desk_at(Status::Assigned);
    desk.done("operator-1", recusal(1));
    desk.done("officer-2", decision(1, true));
    assert!(!desk.state.inspectors.contains_key(&inspector(1)));
    desk.by("officer-1");
    assert_eq!(
        desk.unfit(assign(&[1, 2])),
        [violation("INS-09", "inspectors[0].person")]
    );
    desk.one(assign(&[2, 3]));
}

// INS-10

#[test]
fn the_institution_or_an_inspector_asks_and_another_decides() {
    let mut desk = desk_at(Status::Assigned);
    assert_eq!(desk.by("officer-1").reason(recusal(1)), Reason::RoleNotAllowed);
    desk.by("inspector-2");
    assert_eq!(desk.violations(recusal(3)), [violation("INS-10", "person")]);
    desk.one(recusal(1));
    assert_eq!(desk.reason(recusal(1)), Reason::NothingToDo);
    for who in ["inspector-2", "inspector-1"] {
        assert_eq!(desk.by(who).reason(decision(1, false)), Reason::TwoPersonRule, "{who}");
    }
    desk.by("officer-2");
    assert_eq!(desk.violations(decision(2, false)), [violation("INS-10", "person")]);
    desk.one(decision(1, false));
    assert!(desk.state.recusals.is_empty() && desk.state.inspectors.len() == 2);
}

#[test]
fn a_recusal_before_an_unannounced_visit_is_for_the_regulator_alone() {
    let seen_by = |announced: bool, status: Status| {
        let mut desk = desk_at(status);
        desk.state.announced = announced;
        let asked = desk.by("inspector-1").run(recusal(2)).unwrap();
        let settled = desk.by("officer-2").run(decision(2, false)).unwrap();
        [asked[0].classification, settled[0].classification]
    };
    let (regulator, operator) = (Classification::Regulator, Classification::Operator);
    assert_eq!(seen_by(false, Status::Assigned), [regulator; 2]);
    assert_eq!(seen_by(true, Status::Assigned), [operator; 2]);
    assert_eq!(seen_by(false, Status::CheckedIn), [operator; 2]);
}

#[test]
fn an_unannounced_visit_is_nobodys_but_the_regulators_until_the_inspectors_have_come() {
    let institution = CreditCode::parse("91350100M000100Y43").ok();
    let employers = |announced: bool, status: Status| {
        let mut desk = desk_at(status);
        desk.state.announced = announced;
        let mut home = desk.facts.institution.as_deref().unwrap().clone();
        home.credit_code.clone_from(&institution);
        desk.facts.institution = Some(std::sync::Arc::new(home));
        desk.state.access(&recusal(1).into(), &desk.facts).organisations.len()
    };
    assert!(institution.is_some());
    assert_eq!(employers(false, Status::Assigned), 0);
    assert_eq!(employers(true, Status::Assigned), 1);
    assert_eq!(employers(false, Status::CheckedIn), 1);
}

#[test]
fn an_open_recusal_is_not_passed_by_with_a_new_assignment() {
    let mut desk = desk_at(Status::Assigned);
    desk.done("operator-1", recusal(1));
    desk.by("officer-1");
    assert_eq!(
        desk.unfit(assign(&[1, 3])),
        [violation("INS-10", "inspectors[0].person")]
    );
    desk.one(assign(&[2, 3]));
    assert!(desk.state.recusals.is_empty(), "the inspector is not assigned any more");
}

// INS-11

#[test]
fn only_an_assigned_inspector_checks_in() {
    let mut desk = desk_at(Status::Assigned);
    for who in ["officer-1", "inspector-3", "operator-1"] {
        assert_eq!(desk.by(who).unfit(check_in()), [violation("INS-11", "actor")], "{who}");
    }
    desk.done("inspector-2", check_in());
    assert_eq!(desk.state.arrived_time, Some(desk.now));
}

#[test]
fn nobody_checks_in_with_too_few_or_with_an_open_recusal() {
    let mut desk = desk_at(Status::Assigned);
    desk.done("operator-1", recusal(2));
    desk.by("inspector-1");
    let field = format!("inspectors.{}", inspector(2));
    assert_eq!(desk.unfit(check_in()), [violation("INS-11", &field)]);
    desk.done("officer-2", decision(2, true));
    desk.by("inspector-1");
    assert_eq!(desk.unfit(check_in()), [violation("INS-11", "inspectors")]);
    desk.done("officer-1", assign(&[1, 3]));
    desk.done("inspector-1", check_in());
}

#[test]
fn certificates_and_engagements_are_read_anew_on_the_day_of_the_visit() {
    let field = format!("inspectors.{}", inspector(2));
    let mut desk = desk_at(Status::Assigned);
    desk.by("inspector-1").person(2, |p| {
        p.credentials.get_mut(&1).unwrap().state = CredentialState::Revoked;
    });
    assert_eq!(desk.unfit(check_in()), [violation("INS-08", &field)]);
    desk.person(2, |p| {
        p.engagements.insert(1, engaged(INSTITUTION, EngagementState::Active));
    });
    assert_eq!(desk.unfit(check_in()), [violation("INS-09", &field)]);
    desk.person(2, |p| {
        p.credentials.get_mut(&1).unwrap().expiry_date = Some(day("2026-03-03"));
    });
    assert!(desk.on("2026-03-03").decide(check_in()).is_ok());
    assert_eq!(desk.on("2026-03-04").unfit(check_in()), [violation("INS-08", &field)]);
}

#[test]
fn a_visit_falls_into_its_window() {
    let mut desk = desk_at(Status::Assigned);
    desk.by("inspector-1").on("2026-03-07");
    assert_eq!(desk.violations(check_in()), [violation("INS-11", "occurred")]);
    assert!(desk.on("2026-03-06").decide(check_in()).is_ok());
}

// INS-12

#[test]
fn a_check_in_is_filled_in_with_its_reason_and_late_after_ten_days() {
    for (now, late) in [("2026-03-13", false), ("2026-03-14", true)] {
        let mut desk = desk_at(Status::Assigned);
        desk.by("inspector-1").on(now);
        let arrived = at("2026-03-03T01:00:00Z");
        let decided = desk.run(backfill(arrived)).unwrap().remove(0);
        let InspectionEvent::CheckInBackfilled(event) = &decided.event else {
            panic!()
        };
        assert_eq!((event.late, event.reason), (late, BackfillReason::Network), "{now}");
        assert_eq!(decided.occurred, Some(Occurred::Instant { time: arrived }));
        assert_eq!(desk.state.arrived_time, Some(arrived));
    }
}

#[test]
fn a_certificate_that_has_run_out_since_counts_on_the_day_of_the_visit() {
    let mut desk = desk_at(Status::Assigned);
    desk.person(2, |p| {
        let certificate = p.credentials.get_mut(&1).unwrap();
        certificate.expiry_date = Some(day("2026-03-04"));
        certificate.state = CredentialState::Expired;
    });
    desk.by("inspector-1").on("2026-03-06");
    assert!(desk.decide(backfill(at("2026-03-04T01:00:00Z"))).is_ok());
    let field = format!("inspectors.{}", inspector(2));
    assert_eq!(
        desk.unfit(backfill(at("2026-03-05T01:00:00Z"))),
        [violation("INS-08", &field)]
    );
    assert_eq!(desk.unfit(check_in()), [violation("INS-08", &field)]);
}

#[test]
fn an_arrival_is_past_within_the_window_and_after_the_assignment() {
    let mut desk = desk_at(Status::Assigned);
    desk.by("inspector-1");
    for (arrived, rule) in [("2026-03-02T02:05:01Z", "INS-12"), ("2026-03-01T02:00:00Z", "INS-12")] {
        assert_eq!(
            desk.violations(backfill(at(arrived))),
            [violation(rule, "arrived_time")],
            "{arrived}"
        );
    }
    let mut desk = Desk::new();
    desk.on("2026-03-02").one(plan());
    desk.on("2026-03-03").done("officer-2", approve());
    desk.on("2026-03-04").done("officer-1", assign(&[1, 2]));
    desk.by("inspector-1").on("2026-03-05");
    assert_eq!(
        desk.violations(backfill(at("2026-03-03T02:00:00Z"))),
        [violation("GEN-08", "arrived_time")]
    );
}

// INS-13

#[test]
fn only_an_assigned_inspector_records_what_is_found() {
    let mut desk = desk_with(Status::CheckedIn, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    desk.by("officer-1");
    for command in [
        InspectionCommand::from(presence(ClassType::Infant, 3, 1)),
        answer("5.2", Answer::Compliant).into(),
        cite("5.2", Weight::Minor).into(),
        assist("5.2").into(),
        on_site(1).into(),
        complete().into(),
        abort().into(),
    ] {
        let rule = command.movement().rule;
        assert_eq!(desk.unfit(command), [violation(rule, "actor")]);
    }
}

#[test]
fn work_goes_on_under_an_open_recusal_and_waits_for_a_replacement_once_it_is_granted() {
    let mut desk = desk_at(Status::CheckedIn);
    desk.done("operator-1", recusal(2));
    desk.done("inspector-1", answer(PLAIN, Answer::Compliant));
    desk.done("officer-2", decision(2, true));
    desk.by("inspector-1");
    assert_eq!(
        desk.unfit(answer("5.2", Answer::Compliant)),
        [violation("INS-13", "inspectors")]
    );
    desk.done("officer-1", assign(&[1, 3]));
    desk.done("inspector-3", answer("5.2", Answer::Compliant));
}

#[test]
fn the_policy_that_a_decision_rests_on_stands_with_it() {
    let mut desk = desk_with(Status::CheckedIn, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    desk.by("inspector-1");
    let at_the_site = [
        InspectionCommand::from(presence(ClassType::Infant, 3, 1)),
        answer("5.2", Answer::Noncompliant).into(),
        assist("5.2").into(),
        on_site(1).into(),
        complete().into(),
    ];
    let mut decided: Vec<_> = at_the_site
        .map(|command| desk.decide(command).unwrap().remove(0))
        .into();
    let mut desk = desk_at(Status::Planned);
    decided.push(desk.by("officer-2").decide(approve()).unwrap().remove(0));
    for one in decided {
        let policies: Vec<_> = one.policies.iter().map(|policy| policy.id.as_str()).collect();
        assert_eq!(policies, ["cn-inspection"], "{:?}", one.event);
    }
}
