//! How an authorization ends (行政许可法 §8, §69, §70): revoked, closed, migrated; and the children who are still there.

use std::sync::Arc;

use crate::institution_support::licence::*;
use crate::institution_support::*;
use uuid::Uuid;
use yujian_domain::aggregate::{Aggregate, Need};
use yujian_domain::clock::*;
use yujian_domain::envelope::{Classification, Role};
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::time::start_of;

fn field(name: &str, rule: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), rule.to_owned())]
}

fn open(children: u32, frozen: &str) -> OpenCessation {
    OpenCessation {
        children_to_place: children,
        enrolment_frozen_date: day(frozen),
    }
}

fn place(children: u32, on: &str) -> RecordPlacement {
    RecordPlacement {
        children,
        institution: None,
        on_date: day(on),
    }
}

fn end(on: &str) -> CloseCessation {
    CloseCessation { on_date: day(on) }
}

fn revoked(events: &[InstitutionEvent]) -> &AuthorizationRevoked {
    match &events[0] {
        InstitutionEvent::AuthorizationRevoked(revoked) => revoked,
        other => panic!("not revoked: {other:?}"),
    }
}

#[test]
fn a_licence_is_taken_away_by_two_persons_with_reasons_and_from_no_past_day() {
    let mut desk = Desk::licensed();
    desk.on("2026-04-01");
    let right = revocation(RevocationGround::Breach, day("2026-04-02"));
    let own = RevokeAuthorization {
        approver: "officer-1".to_owned(),
        ..right.clone()
    };
    assert_eq!(desk.reason(own), Reason::TwoPersonRule);
    let wrong = RevokeAuthorization {
        reasons: Vec::new(),
        effective_date: day("2026-03-31"),
        ..right.clone()
    };
    assert_eq!(
        desk.violations(wrong),
        [field("reasons", "ADM-88"), field("effective_date", "ADM-88")].concat()
    );
    let after_the_term = revocation(RevocationGround::Breach, day("2029-03-02"));
    assert_eq!(desk.violations(after_the_term), field("effective_date", "ADM-88"));
    let decided = desk.decide(right.clone()).unwrap();
    assert_eq!(decided[0].classification, Classification::Public);
    assert_eq!(decided[0].effective_from, Some(start_of(day("2026-04-02"))));
    desk.run(right.clone()).unwrap();
    assert_eq!(desk.state.status, Status::Revoked);
    assert_eq!(
        desk.state.authorization.as_ref().unwrap().ended,
        Some(day("2026-04-02"))
    );
    assert_eq!(desk.reason(right), Reason::IllegalTransition);
}

#[test]
fn a_revocation_tells_what_can_be_done_against_it() {
    let mut desk = Desk::licensed();
    let events = desk
        .run(revocation(RevocationGround::NotEligible, desk.today()))
        .unwrap();
    // 60 days from 2 March end on Friday 1 May, a holiday: the next working day is 6 May.
    assert_eq!(revoked(&events).review_until_date, day("2026-05-06"));
    assert_eq!(revoked(&events).suit_until_date, day("2026-09-02"));
    assert_eq!(revoked(&events).barred_until_date, None);
}

#[test]
fn who_got_a_licence_by_fraud_applies_for_none_for_three_years() {
    let mut desk = Desk::licensed();
    let events = desk.run(revocation(RevocationGround::Fraud, desk.today())).unwrap();
    assert_eq!(revoked(&events).barred_until_date, Some(day("2029-03-02")));
    assert_eq!(desk.state.barred_until, Some(day("2029-03-02")));
}

#[test]
fn what_needs_the_licence_ends_with_it_and_is_neither_withdrawn_nor_refused() {
    let mut desk = Desk::licensed();
    desk.accepted_application(2, ApplicationKind::Renewal);
    desk.applied(3, ApplicationKind::Change);
    desk.run(ImposeCondition {
        terms: terms("2026-04-30"),
    })
    .unwrap();
    let events = desk.run(revocation(RevocationGround::Breach, desk.today())).unwrap();
    let ended: Vec<(u32, DismissalGround)> = events
        .iter()
        .filter_map(|event| match event {
            InstitutionEvent::ApplicationDismissed(ended) => Some((ended.application, ended.ground)),
            _ => None,
        })
        .collect();
    assert_eq!(
        ended,
        [(2, DismissalGround::MatterEnded), (3, DismissalGround::MatterEnded)]
    );
    assert_eq!(desk.state.licence_applications[&2].state, ApplicationState::Terminated);
    assert!(desk.open_clocks().is_empty(), "{:?}", desk.open_clocks());
}

#[test]
fn a_clock_that_had_run_out_before_the_end_is_left_to_run_out() {
    let mut desk = Desk::licensed();
    desk.accepted_application(2, ApplicationKind::Change);
    desk.on("2026-04-10");
    desk.run(revocation(RevocationGround::Breach, desk.today())).unwrap();
    assert_eq!(desk.open_clocks(), [ClockKind::Decision], "due on 30 March");
    desk.system_on("2026-04-11");
    assert_eq!(names(&desk.expires(ClockKind::Decision)), ["ClockExpired"]);
}

#[test]
fn children_who_are_still_there_make_an_orderly_cessation_within_thirty_days() {
    let mut desk = Desk::licensed();
    let revocation = RevokeAuthorization {
        children_to_place: 5,
        ..revocation(RevocationGround::Breach, desk.today())
    };
    let events = desk.run(revocation).unwrap();
    assert_eq!(names(&events)[3..], ["CessationOpened", "ClockStarted"]);
    let cessation = desk.state.cessation.clone().unwrap();
    assert_eq!((cessation.cause, cessation.children), (CessationCause::Revocation, 5));
    let clock = desk.state.clocks.get(desk.clock(ClockKind::Cessation)).unwrap();
    assert_eq!(clock.due.due_date, day("2026-04-01"));
    assert_eq!(desk.reason(open(1, "2026-03-02")), Reason::AlreadyExists);
}

#[test]
fn not_more_children_are_placed_than_are_left() {
    let mut desk = Desk::revoked();
    assert_eq!(
        desk.reason(place(1, "2026-03-02")),
        Reason::IllegalTransition,
        "none is open"
    );
    assert_eq!(
        desk.violations(open(0, "2026-03-02")),
        field("children_to_place", "ADM-90")
    );
    desk.run(open(3, "2026-03-02")).unwrap();
    desk.on("2026-03-10");
    desk.run(place(2, "2026-03-09")).unwrap();
    for children in [0, 2] {
        assert_eq!(
            desk.violations(place(children, "2026-03-09")),
            field("children", "ADM-91")
        );
    }
    assert_eq!(desk.violations(place(1, "2026-03-01")), field("on_date", "ADM-91"));
    assert_eq!(desk.violations(place(1, "2026-03-11")), field("on_date", "GEN-02"));
    let refusal = desk.refusal(end("2026-03-10"));
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert_eq!(refusal.metadata["children"], "1");
    desk.run(place(1, "2026-03-10")).unwrap();
    assert_eq!(
        names(&desk.run(end("2026-03-10")).unwrap()),
        ["CessationClosed", "ClockMet"]
    );
    assert_eq!(desk.reason(end("2026-03-10")), Reason::IllegalTransition, "ended");
    assert_eq!(desk.clock_state(ClockKind::Cessation), ClockState::Met);
}

#[test]
fn children_are_placed_in_another_institution_that_is_in_service() {
    let mut desk = Desk::revoked();
    desk.run(open(3, "2026-03-02")).unwrap();
    let other = Uuid::from_u128(7);
    let there = |id| RecordPlacement {
        institution: Some(id),
        ..place(1, "2026-03-02")
    };
    assert_eq!(desk.state.needs(&there(other).into()), [Need::Institution(other)]);
    for (status, takes) in [
        (Status::Licensed, true),
        (Status::Filed, true),
        (Status::Registered, false),
        (Status::Suspended, false),
        (Status::Closed, false),
        (Status::Revoked, false),
    ] {
        desk.facts.institution = Some(Arc::new(Institution {
            status,
            ..Institution::default()
        }));
        match desk.decide(there(other)) {
            Ok(_) => assert!(takes, "{}", status.code()),
            Err(refusal) => {
                assert!(!takes, "{}", status.code());
                assert_eq!(refusal.violations[0].field, "institution");
            }
        }
    }
    desk.facts.institution = Some(Arc::new(Desk::filed().state));
    assert_eq!(
        desk.violations(there(ID)),
        field("institution", "ADM-91"),
        "not in itself"
    );
}

#[test]
fn a_cessation_names_why_it_was_opened() {
    for (mut desk, cause) in [
        (Desk::suspended(), CessationCause::Suspension),
        (Desk::revoked(), CessationCause::Revocation),
        (Desk::expired(), CessationCause::Expiry),
    ] {
        desk.run(open(2, "2026-03-02")).unwrap();
        assert_eq!(desk.state.cessation.unwrap().cause, cause);
    }
}

#[test]
fn a_cessation_because_of_a_suspension_ends_when_service_goes_on() {
    let mut desk = Desk::licensed();
    desk.run(suspension(SuspensionKind::Emergency, desk.today())).unwrap();
    desk.run(open(2, "2026-03-02")).unwrap();
    let events = desk.run(resumption(day("2026-03-02"))).unwrap();
    assert_eq!(
        names(&events),
        ["InstitutionResumed", "CessationClosed", "ClockCancelled"]
    );
}

#[test]
fn an_institution_that_only_filed_closes_with_a_cessation_that_has_no_clock() {
    let mut desk = Desk::filed();
    let events = desk.run(closing(day("2026-03-02"))).unwrap();
    assert_eq!(names(&events), ["InstitutionClosed", "CessationOpened"]);
    let cessation = desk.state.cessation.clone().unwrap();
    assert_eq!((cessation.cause, cessation.children), (CessationCause::Closing, 3));
    desk.run(place(3, "2026-03-02")).unwrap();
    assert_eq!(names(&desk.run(end("2026-03-02")).unwrap()), ["CessationClosed"]);
}

#[test]
fn where_licences_are_in_force_a_closing_has_its_last_day_too() {
    let mut desk = Desk::filed();
    desk.reference = licence_reference();
    let events = desk.run(closing(day("2026-03-02"))).unwrap();
    assert_eq!(names(&events), ["InstitutionClosed", "CessationOpened", "ClockStarted"]);
    assert_eq!(desk.open_clocks(), [ClockKind::Cessation]);
    let clock = desk.state.clocks.get(desk.clock(ClockKind::Cessation)).unwrap();
    assert_eq!((clock.unit, clock.count), (Unit::CalendarDays, 30));
}

#[test]
fn a_closing_without_children_opens_no_cessation() {
    let mut desk = Desk::filed();
    let events = desk.run(CloseInstitution {
        children_to_place: 0,
        ..closing(day("2026-03-02"))
    });
    assert_eq!(names(&events.unwrap()), ["InstitutionClosed"]);
}

#[test]
fn an_application_ends_with_its_institution() {
    let mut desk = Desk::filed();
    desk.reference = licence_reference();
    desk.accepted_application(2, ApplicationKind::Licence);
    desk.run(closing(day("2026-03-02"))).unwrap();
    assert_eq!(desk.state.licence_applications[&2].state, ApplicationState::Terminated);
    assert_eq!(desk.open_clocks(), [ClockKind::Cessation]);
}

#[test]
fn an_operator_under_a_licence_applies_for_closing_and_the_authority_removes_the_rest() {
    let mut desk = Desk::licensed();
    desk.by("operator-1", Role::Operator);
    let refusal = desk.refusal(closing(desk.today()));
    assert_eq!(refusal.reason, Reason::NeedsApplication);
    assert_eq!(refusal.metadata["kind"], "closing");
    assert_eq!(refusal.legal_basis[0].article, "§70");
    for mut desk in [Desk::revoked(), Desk::expired()] {
        desk.by("operator-1", Role::Operator);
        assert_eq!(desk.reason(closing(desk.today())), Reason::RoleNotAllowed);
        desk.by("officer-1", Role::Officer);
        let decided = desk.decide(closing(desk.today())).unwrap();
        assert_eq!(decided[0].legal_basis[0].article, "§70");
    }
    assert!(
        Desk::licensed().decide(closing(day("2026-03-02"))).is_ok(),
        "§70(4): the legal person ended"
    );
}

fn migrate() -> StartMigration {
    StartMigration {
        regime_date: day(REGIME_DATE),
    }
}

/// Filed, when licences come into force on 1 February 2026.
fn filed_under_licences() -> Desk {
    let mut desk = Desk::filed();
    desk.reference = licence_reference();
    desk.by("system", Role::System);
    desk
}

#[test]
fn a_filed_institution_has_twelve_months_from_the_first_day_of_the_regime_for_a_licence() {
    let mut desk = filed_under_licences();
    assert_eq!(names(&desk.run(migrate()).unwrap()), ["ClockStarted"]);
    let clock = desk.state.clocks.get(desk.clock(ClockKind::Migration)).unwrap();
    assert_eq!((clock.unit, clock.due.due_date), (Unit::FixedDay, day("2027-02-01")));
    assert_eq!(desk.reason(migrate()), Reason::NothingToDo, "once");
}

#[test]
fn migration_is_the_systems_where_a_receipt_holds_and_the_regime_has_begun() {
    let mut desk = filed_under_licences();
    desk.by("officer-1", Role::Officer);
    assert_eq!(desk.reason(migrate()), Reason::RoleNotAllowed);
    desk.by("system", Role::System);
    for other in ["2026-02-02", "2026-03-01"] {
        let wrong = StartMigration {
            regime_date: day(other),
        };
        assert_eq!(desk.violations(wrong), field("regime_date", "ADM-82"));
    }
    let before = StartMigration {
        regime_date: day("2026-01-31"),
    };
    assert_eq!(desk.reason(before), Reason::PolicyNotInForce);
    let mut suspended = Desk::suspended();
    suspended.reference = licence_reference();
    suspended.by("system", Role::System);
    assert!(suspended.decide(migrate()).is_ok(), "with a receipt");
    let mut never_filed = Desk::registered();
    never_filed
        .run(suspension(SuspensionKind::Voluntary, day("2026-03-02")))
        .unwrap();
    never_filed.reference = licence_reference();
    never_filed.by("system", Role::System);
    assert_eq!(never_filed.reason(migrate()), Reason::IllegalTransition);
}

#[test]
fn a_receipt_ends_with_the_last_day_for_a_licence() {
    let mut desk = filed_under_licences();
    desk.run(migrate()).unwrap();
    desk.system_on("2027-03-01");
    let events = desk.expires(ClockKind::Migration);
    assert_eq!(names(&events), ["ClockExpired", "AuthorizationExpired"]);
    assert_eq!(desk.state.status, Status::Expired);
    assert_eq!(
        desk.state.status_from,
        Some(start_of(day("2027-02-02"))),
        "however late it is found"
    );
    assert_eq!(
        desk.state.authorization.as_ref().unwrap().kind,
        AuthorizationKind::Receipt
    );
}

#[test]
fn a_receipt_holds_on_while_an_accepted_application_is_undecided_and_ends_with_it() {
    let mut desk = filed_under_licences();
    desk.run(migrate()).unwrap();
    desk.on("2027-01-20");
    desk.accepted_application(2, ApplicationKind::Licence);
    let reply = desk.clock_started(ClockKind::InformationReply, Some(2), Unit::CalendarDays, 20);
    desk.fold([
        InformationRequested {
            application: 2,
            questions: Vec::new(),
        }
        .into(),
        ClockStarted {
            due: Deadline {
                provisional: false,
                ..reply.due.clone()
            },
            ..reply
        }
        .into(),
    ]);
    desk.system_on("2027-02-02");
    assert_eq!(names(&desk.expires(ClockKind::Migration)), ["ClockExpired"]);
    assert_eq!(desk.state.status, Status::Filed);
    // 20 days from 20 January end on 9 February.
    desk.system_on("2027-02-10");
    let events = desk.expires(ClockKind::InformationReply);
    assert_eq!(names(&events)[1], "ApplicationLapsed");
    assert!(names(&events).contains(&"AuthorizationExpired"), "{:?}", names(&events));
    assert_eq!(desk.state.status_from, Some(start_of(day("2027-02-10"))));
}

#[test]
fn an_application_that_is_not_accepted_holds_no_receipt_up_but_goes_on() {
    let mut desk = filed_under_licences();
    desk.run(migrate()).unwrap();
    desk.on("2027-01-30");
    desk.applied(2, ApplicationKind::Licence);
    desk.system_on("2027-02-02");
    assert_eq!(
        names(&desk.expires(ClockKind::Migration)),
        ["ClockExpired", "AuthorizationExpired"]
    );
    assert_eq!(desk.state.licence_applications[&2].state, ApplicationState::Submitted);
    assert_eq!(desk.open_clocks(), [ClockKind::Completeness]);
}

#[test]
fn nobody_dismisses_an_application_because_its_matter_ended() {
    let mut desk = Desk::under_licences();
    desk.applied(1, ApplicationKind::Licence);
    let dismissed = DismissApplication {
        application: 1,
        ground: DismissalGround::MatterEnded,
        competent_authority: None,
    };
    assert_eq!(desk.violations(dismissed), field("ground", "ADM-89"));
}

#[test]
fn a_receipt_that_outlived_its_day_ends_with_the_withdrawal_of_the_application() {
    let mut desk = filed_under_licences();
    desk.run(migrate()).unwrap();
    desk.on("2027-01-20");
    desk.accepted_application(2, ApplicationKind::Licence);
    desk.system_on("2027-02-02");
    desk.expires(ClockKind::Migration);
    desk.officer_on("2027-02-05");
    let withdrawn = WithdrawApplication {
        application: 2,
        reason: yujian_domain::personal::Sensitive::new("不再开办"),
    };
    let events = desk.run(withdrawn).unwrap();
    assert_eq!(
        names(&events),
        ["ApplicationWithdrawn", "ClockCancelled", "AuthorizationExpired"]
    );
    assert_eq!(desk.state.status_from, Some(start_of(day("2027-02-06"))));
}
