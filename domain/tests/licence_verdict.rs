//! The decision (行政许可法 §36 to §50): two persons, what a grant brings by kind, and the certificate.

use crate::institution_support::applications::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::ClockKind;
use yujian_domain::envelope::Classification;
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::time::start_of;

fn fields(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|(field, _)| field.as_str()).collect()
}

fn due(desk: &Desk, kind: ClockKind) -> String {
    let clock = desk.state.clocks.get(desk.clock(kind)).unwrap();
    clock.due.due_date.to_string()
}

fn fact(desk: &Desk, key: &str) -> serde_json::Value {
    let facts = desk.dossier().resolve(None, None);
    let found = facts.into_iter().find(|fact| fact.key == key);
    found.map_or(serde_json::Value::Null, |fact| fact.value)
}

#[test]
fn another_person_than_who_proposed_decides() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    let refusal = desk.refusal(decide_licence(1));
    assert_eq!(refusal.reason, Reason::TwoPersonRule);
    desk.second();
    assert!(desk.decide(decide_licence(1)).is_ok());
}

#[test]
fn a_licence_holds_for_its_term_and_starts_the_clocks_of_its_certificate_and_end() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    desk.second();
    let decided = desk.decide(decide_licence(1)).unwrap();
    assert_eq!(
        desk.does(decide_licence(1)),
        [
            "ApplicationGranted",
            "LicenceGranted",
            "ClockMet",
            "ClockStarted",
            "ClockStarted",
            "ClockStarted"
        ]
    );
    assert_eq!(decided[0].classification, Classification::Public);
    assert_eq!(decided[1].classification, Classification::Public);
    assert_eq!(desk.state.status, Status::Licensed);
    let held = desk.state.authorization.as_ref().unwrap();
    assert_eq!(
        (held.valid_from_date, held.valid_to_date),
        (day("2026-03-02"), Some(day("2029-03-01"))),
        "thirty-six months, the last day counts"
    );
    assert_eq!(held.number, "浙托许330106-0001");
    assert_eq!(due(&desk, ClockKind::Certificate), "2026-03-16");
    assert_eq!(due(&desk, ClockKind::RenewalAsk), "2029-01-30");
    assert_eq!(due(&desk, ClockKind::Renewal), "2029-03-01");
    assert_eq!(fact(&desk, "licence.number"), "浙托许330106-0001");
    assert_eq!(fact(&desk, "status"), "licensed");
}

#[test]
fn a_licence_has_a_number_and_nothing_else_has() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    desk.second();
    assert_eq!(fields(&desk.violations(decide(1))), ["licence_number"]);
    let mut renewal = Desk::proposed(ApplicationKind::Renewal);
    renewal.second();
    assert_eq!(fields(&renewal.violations(decide_licence(2))), ["licence_number"]);
    let mut refused = Desk::in_review(ApplicationKind::Licence);
    refused.after(propose_refusal(1)).second();
    assert_eq!(fields(&refused.violations(decide_licence(1))), ["licence_number"]);
}

#[test]
fn the_first_day_lies_neither_before_the_decision_nor_ahead_of_who_holds_the_licence() {
    let from = |kind: ApplicationKind, date: &str| {
        let mut desk = Desk::proposed(kind);
        desk.second();
        let number = desk.open_number();
        let command = if kind == ApplicationKind::Licence {
            decide_licence(number)
        } else {
            decide(number)
        };
        let command = DecideApplication {
            effective_date: Some(day(date)),
            ..command
        };
        desk.decide(command)
            .map_err(|refusal| refusal.violations[0].rule.clone())
    };
    for kind in [
        ApplicationKind::Licence,
        ApplicationKind::Change,
        ApplicationKind::Transfer,
        ApplicationKind::Waiver,
    ] {
        assert!(from(kind, "2026-03-02").is_ok(), "{}", kind.code());
        assert_eq!(from(kind, "2026-03-01").unwrap_err(), "ADM-59", "{}", kind.code());
    }
    assert_eq!(from(ApplicationKind::Licence, "2026-03-03").unwrap_err(), "GEN-02");
    assert_eq!(from(ApplicationKind::Transfer, "2026-03-03").unwrap_err(), "GEN-02");
    assert!(from(ApplicationKind::Change, "2026-04-01").is_ok());
    assert!(from(ApplicationKind::Waiver, "2026-12-31").is_ok());
    assert_eq!(from(ApplicationKind::Waiver, "2027-01-01").unwrap_err(), "ADM-69");
    assert_eq!(from(ApplicationKind::Renewal, "2026-03-02").unwrap_err(), "ADM-59");
    assert_eq!(from(ApplicationKind::Closing, "2026-03-02").unwrap_err(), "ADM-59");
}

#[test]
fn who_was_filed_passes_to_the_licence_regime() {
    for status in [Status::Filed, Status::Nonconforming] {
        let mut desk = Desk::in_state(status);
        desk.reference = licence_reference();
        desk.after(apply(ApplicationKind::Licence)).after(accept(2)).propose();
        desk.second();
        let events = desk.does(decide_licence(2));
        assert!(events.contains(&"RegimeChanged"), "{}", status.code());
        assert_eq!(fact(&desk, "regime"), "licence");
        assert_eq!(
            desk.state.authorization.as_ref().unwrap().kind,
            AuthorizationKind::Licence
        );
        assert_eq!(fact(&desk, "nonconformity.reasons"), serde_json::Value::Null);
    }
}

#[test]
fn conditions_are_numbered_and_each_has_its_clock() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(visit(1, today)).after(ProposeDecision {
        conditions: vec![terms("2026-06-30"), terms("2026-09-30")],
        ..propose(1)
    });
    desk.second().after(decide_licence(1));
    let conditions = &desk.state.authorization.as_ref().unwrap().conditions;
    assert_eq!(conditions.keys().copied().collect::<Vec<_>>(), [1, 2]);
    let days: Vec<String> = desk
        .state
        .clocks
        .open()
        .filter(|(name, _)| name.kind == ClockKind::Condition)
        .map(|(_, clock)| clock.due.due_date.to_string())
        .collect();
    assert_eq!(days, ["2026-06-30", "2026-09-30"]);
}

#[test]
fn what_speaks_against_a_grant_after_its_proposal_holds_it_up_too() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(registry(None, RegistryOutcome::Revoked, today)).second();
    assert_eq!(desk.reason(decide_licence(1)), Reason::ReviewIncomplete);
    let mut late = Desk::in_review(ApplicationKind::Licence);
    let today = late.today();
    late.after(visit(1, today)).after(ProposeDecision {
        conditions: vec![terms("2026-03-05")],
        ..propose(1)
    });
    late.second().on("2026-03-06");
    let refusal = late.refusal(decide_licence(1));
    assert_eq!(refusal.violations[0].field, "conditions[0].due_date");
}

#[test]
fn where_the_institution_stands_is_asked_again_at_the_grant() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    desk.after(suspension(SuspensionKind::Voluntary, desk.today())).second();
    assert_eq!(desk.reason(decide_licence(1)), Reason::IllegalTransition);
}

#[test]
fn a_decision_after_its_clock_is_marked_late() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    desk.second().on("2026-03-30");
    let granted = |events: Vec<InstitutionEvent>| match events[0] {
        InstitutionEvent::ApplicationGranted(ref granted) => granted.late,
        ref other => panic!("{other:?}"),
    };
    assert!(!granted(desk.clone().run(decide_licence(1)).unwrap()));
    desk.on("2026-03-31");
    assert!(granted(desk.run(decide_licence(1)).unwrap()));
}

#[test]
fn a_granted_change_brings_the_name_and_the_classes_that_were_asked_for() {
    let mut desk = Desk::proposed(ApplicationKind::Change);
    desk.second();
    assert_eq!(
        desk.does(decide(2)),
        [
            "ApplicationGranted",
            "DetailsChanged",
            "ClassesChanged",
            "ClockMet",
            "ClockStarted"
        ]
    );
    assert_eq!(
        (desk.state.name.as_str(), desk.state.places()),
        ("西湖区新葵托育中心", 18)
    );
    assert_eq!(
        desk.open_clocks()
            .iter()
            .filter(|kind| **kind == ClockKind::Certificate)
            .count(),
        2
    );
}

#[test]
fn a_renewed_licence_holds_from_the_day_after_its_term() {
    let mut desk = Desk::proposed(ApplicationKind::Renewal);
    desk.second();
    let events = desk.does(decide(2));
    assert_eq!(
        events,
        [
            "ApplicationGranted",
            "LicenceRenewed",
            "ClockMet",
            "ClockStarted",
            "ClockMet",
            "ClockStarted",
            "ClockStarted"
        ]
    );
    let held = desk.state.authorization.as_ref().unwrap();
    assert_eq!(held.valid_to_date, Some(day("2032-03-01")));
    assert_eq!(due(&desk, ClockKind::Renewal), "2032-03-01");
    assert_eq!(due(&desk, ClockKind::RenewalAsk), "2032-01-31");
    let dossier = desk.dossier();
    let on = |date: &str| {
        let facts = dossier.resolve(Some(start_of(day(date))), None);
        let found = facts.into_iter().find(|fact| fact.key == "licence.valid_to_date");
        found.unwrap().value
    };
    assert_eq!(
        (on("2029-03-01"), on("2029-03-02")),
        ("2029-03-01".into(), "2032-03-01".into())
    );
}

#[test]
fn a_renewal_is_not_decided_after_the_licence_ran_out() {
    let mut desk = Desk::proposed(ApplicationKind::Renewal);
    desk.second().on("2029-03-02");
    let refusal = desk.run_out(decide(2));
    assert_eq!(refusal, ("renewal".to_owned(), "2029-03-01".to_owned()));
}

#[test]
fn a_transferred_licence_has_another_operator_and_representative() {
    let mut desk = Desk::proposed(ApplicationKind::Transfer);
    let before = desk.state.credit_code.clone().unwrap();
    desk.second();
    assert_eq!(
        desk.does(decide(2)),
        [
            "ApplicationGranted",
            "AuthorizationTransferred",
            "ClockMet",
            "ClockStarted"
        ]
    );
    assert_ne!(desk.state.credit_code, Some(before));
    assert_eq!(fact(&desk, "credit_code"), "91330106MA2B3C4D5D");
    let name = fact(&desk, "representative.name");
    let key = name["$sealed"]["key"].as_str().unwrap();
    assert!(
        key.ends_with(".application-2.representative"),
        "sealed under a key of its own: {key}"
    );
    assert_eq!(desk.state.representatives.len(), 2);
}

#[test]
fn a_waiver_holds_for_its_term_and_has_its_clock() {
    let mut desk = Desk::proposed(ApplicationKind::Waiver);
    desk.second();
    let decided = desk.decide(decide(2)).unwrap();
    assert_eq!(
        desk.does(decide(2)),
        ["ApplicationGranted", "WaiverGranted", "ClockMet", "ClockStarted"]
    );
    assert_eq!(decided[1].effective_to, Some(start_of(day("2027-01-01"))));
    assert_eq!(due(&desk, ClockKind::Waiver), "2026-12-31");
    let waivers = &desk.state.authorization.as_ref().unwrap().waivers;
    assert_eq!(waivers[&2], ("premises.highest_floor".to_owned(), day("2026-12-31")));
}

#[test]
fn the_time_for_a_closing_runs_from_the_last_day_of_service() {
    let mut desk = Desk::in_review(ApplicationKind::Closing);
    assert_eq!(due(&desk, ClockKind::Decision), "2026-04-29");
    desk.after(propose(2)).second().on("2026-03-30");
    let refusal = desk.refusal(decide(2));
    assert_eq!(refusal.reason, Reason::ReviewIncomplete);
    assert_eq!(
        (
            refusal.violations[0].field.as_str(),
            refusal.violations[0].rule.as_str()
        ),
        ("closing.closing_date", "ADM-61")
    );
    desk.on("2026-03-31");
    assert!(desk.decide(decide(2)).is_ok());
}

#[test]
fn a_granted_closing_ends_the_institution_and_opens_a_cessation_for_its_children() {
    let mut desk = Desk::granted(ApplicationKind::Closing);
    assert_eq!(desk.state.status, Status::Closed);
    assert_eq!(
        desk.state.authorization.as_ref().unwrap().ended,
        Some(day("2026-04-01"))
    );
    let cessation = desk.state.cessation.as_ref().unwrap();
    assert_eq!((cessation.cause, cessation.children), (CessationCause::Closing, 3));
    assert_eq!(
        desk.open_clocks(),
        [ClockKind::Certificate, ClockKind::Cessation],
        "every clock has ended but those that had passed before, which are found overdue"
    );
    assert_eq!(due(&desk, ClockKind::Cessation), "2026-04-30");
    assert!(desk.reason(certificate(2, desk.today())) != Reason::NothingToDo);
    desk = Desk::granted_licence();
    let mut empty = apply(ApplicationKind::Closing);
    let asked = empty.closing.as_mut().unwrap();
    asked.children_to_place = 0;
    asked.closing_date = day("2026-03-02");
    desk.after(empty).after(accept(2)).after(propose(2)).second();
    let events = desk.does(decide(2));
    assert!(!events.contains(&"CessationOpened"));
    assert!(desk.open_clocks().is_empty());
}

#[test]
fn a_certificate_is_handed_over_within_ten_working_days_and_once() {
    let mut desk = Desk::granted_licence();
    desk.on("2026-03-17");
    let late = |desk: &Desk, date: &str| {
        let decided = desk.decide(certificate(1, day(date))).unwrap();
        match &decided[0].event {
            InstitutionEvent::CertificateIssued(issued) => issued.late,
            other => panic!("{other:?}"),
        }
    };
    assert!(!late(&desk, "2026-03-16"));
    assert!(late(&desk, "2026-03-17"));
    assert_eq!(
        fields(&desk.violations(certificate(1, day("2026-03-01")))),
        ["issue_date"]
    );
    assert_eq!(
        fields(&desk.violations(certificate(1, day("2026-03-18")))),
        ["issue_date"]
    );
    assert_eq!(
        desk.does(certificate(1, day("2026-03-16"))),
        ["CertificateIssued", "ClockMet"]
    );
    assert_eq!(desk.reason(certificate(1, day("2026-03-16"))), Reason::NothingToDo);
    let waived = Desk::granted(ApplicationKind::Waiver);
    assert_eq!(
        fields(&waived.violations(certificate(2, waived.today()))),
        ["application"]
    );
}
