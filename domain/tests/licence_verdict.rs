//! The decision (行政许可法 §36 to §50): two persons, what a grant brings by kind, hearing and refusal, the certificate,
//! and acts in time that arrive after the law has spoken.
#![allow(clippy::unwrap_used)]

mod institution_support;

use institution_support::applications::*;
use institution_support::licence::*;
use institution_support::*;
use yujian_domain::clock::{ClockKind, ClockState};
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
        "every other clock has ended, and the certificate's ran out before"
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
fn a_refusal_is_intended_first_and_the_applicant_has_five_working_days_to_ask_for_a_hearing() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.after(propose_refusal(1)).second();
    assert_eq!(desk.does(decide(1)), ["RefusalIntended", "ClockStarted"]);
    assert_eq!(desk.standing(1), ApplicationState::RefusalIntended);
    assert_eq!(due(&desk, ClockKind::HearingRequest), "2026-03-09");
    let refusal = desk.refusal(refuse(1));
    assert_eq!(
        refusal.reason,
        Reason::ReviewIncomplete,
        "the time to be heard still runs"
    );
    assert_eq!(refusal.metadata["due_date"], "2026-03-09");
}

#[test]
fn who_lets_the_time_for_a_hearing_pass_is_refused_with_what_can_be_done_against_it() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.second().on("2026-03-10");
    let decided = desk.decide(refuse(1)).unwrap();
    assert_eq!(decided[0].classification, Classification::Public);
    let articles: Vec<&str> = decided[0]
        .legal_basis
        .iter()
        .map(|basis| basis.article.as_str())
        .collect();
    assert_eq!(articles, ["§38", "§20", "§46"]);
    let events = desk.run(refuse(1)).unwrap();
    assert_eq!(names(&events), ["ApplicationRefused", "ClockMet"]);
    let InstitutionEvent::ApplicationRefused(refused) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(
        refused.review_until_date,
        day("2026-05-09"),
        "sixty days; a make-up working day"
    );
    assert_eq!(refused.suit_until_date, day("2026-09-10"), "six months");
    assert_eq!((refused.late, refused.barred_until_date), (false, None));
    assert_eq!(desk.standing(1), ApplicationState::Refused);
    assert!(desk.open_clocks().is_empty());
}

#[test]
fn false_papers_bar_for_a_year_and_fraud_for_three() {
    for (deceit, until, article) in [
        (Deceit::FalsePapers, "2027-03-10", "§78"),
        (Deceit::Fraud, "2029-03-10", "§79"),
    ] {
        let mut desk = Desk::in_review(ApplicationKind::Licence);
        desk.after(ProposeDecision {
            deceit: Some(deceit),
            ..propose_refusal(1)
        });
        desk.second().after(decide(1)).on("2026-03-10");
        let decided = desk.decide(refuse(1)).unwrap();
        assert_eq!(decided[0].legal_basis.last().unwrap().article, article);
        desk.after(refuse(1));
        assert_eq!(desk.state.barred_until, Some(day(until)));
        assert_eq!(desk.reason(apply(ApplicationKind::Licence)), Reason::ApplicantBarred);
    }
}

#[test]
fn another_person_than_who_proposed_refuses_and_hears() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, false)).first();
    assert_eq!(desk.reason(decide_objection(1, false, None)), Reason::TwoPersonRule);
    desk.second()
        .after(decide_objection(1, false, None))
        .first()
        .on("2026-03-10");
    assert_eq!(desk.reason(refuse(1)), Reason::TwoPersonRule);
    desk.second();
    assert!(desk.decide(refuse(1)).is_ok());
}

#[test]
fn a_hearing_stops_the_decisions_clock_until_it_was_held() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().on("2026-03-04");
    assert_eq!(
        desk.does(object(1, true)),
        ["ObjectionLodged", "ClockMet", "ClockStarted", "ClockPaused"]
    );
    assert_eq!(due(&desk, ClockKind::Hearing), "2026-04-01");
    assert_eq!(desk.clock_state(ClockKind::Decision), ClockState::Paused);
    desk.second().on("2026-03-16");
    assert_eq!(
        desk.does(decide_objection(1, false, Some(day("2026-03-13")))),
        ["ObjectionDecided", "ClockMet", "ClockResumed"]
    );
    // From 4 to 13 March eight working days went by uncounted.
    assert_eq!(due(&desk, ClockKind::Decision), "2026-04-10");
    assert_eq!(desk.standing(1), ApplicationState::RefusalIntended);
    desk.after(refuse(1));
    assert_eq!(desk.standing(1), ApplicationState::Refused);
}

#[test]
fn a_hearing_is_asked_for_in_time_and_once_and_a_statement_at_any_time() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().on("2026-03-10");
    assert_eq!(
        desk.run_out(object(1, true)),
        ("hearing_request".to_owned(), "2026-03-09".to_owned())
    );
    assert_eq!(desk.does(object(1, false)), ["ObjectionLodged"]);
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, true));
    desk.second()
        .on("2026-03-11")
        .after(decide_objection(1, false, Some(day("2026-03-11"))));
    desk.operator();
    assert_eq!(fields(&desk.violations(object(1, true))), ["hearing"]);
    assert!(desk.decide(object(1, false)).is_ok());
}

#[test]
fn a_hearing_is_told_seven_working_days_ahead() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, true)).second().on("2026-03-20");
    for (held, right) in [("2026-03-10", false), ("2026-03-11", true), ("2026-03-21", false)] {
        let decided = desk.decide(decide_objection(1, false, Some(day(held))));
        assert_eq!(decided.is_ok(), right, "{held}");
    }
    assert_eq!(
        fields(&desk.violations(decide_objection(1, false, None))),
        ["hearing_date"],
        "who asked for a hearing is heard"
    );
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, false)).second();
    let today = desk.today();
    assert_eq!(
        fields(&desk.violations(decide_objection(1, false, Some(today)))),
        ["hearing_date"]
    );
}

#[test]
fn a_statement_does_not_cut_the_time_to_ask_for_a_hearing_short() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, false));
    desk.second().after(decide_objection(1, false, None));
    assert_eq!(desk.reason(refuse(1)), Reason::ReviewIncomplete);
    desk.operator();
    assert!(desk.decide(object(1, true)).is_ok());
    desk.second().on("2026-03-10");
    assert!(desk.decide(refuse(1)).is_ok());
}

#[test]
fn an_objection_that_is_upheld_leads_back_to_the_review() {
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, false)).second();
    assert_eq!(
        desk.does(decide_objection(1, true, None)),
        ["ObjectionDecided", "ClockCancelled"]
    );
    assert_eq!(desk.standing(1), ApplicationState::Accepted);
    desk.propose();
    desk.second().after(decide_licence(1));
    assert_eq!(desk.state.status, Status::Licensed);
    let mut desk = Desk::refusal_intended(ApplicationKind::Licence);
    desk.operator().after(object(1, true)).second().on("2026-03-11");
    desk.after(decide_objection(1, true, Some(day("2026-03-11"))));
    desk.first()
        .after(propose_refusal(1))
        .second()
        .after(decide(1))
        .operator();
    assert!(
        desk.decide(object(1, true)).is_ok(),
        "another intended refusal, another hearing"
    );
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

/// A renewal that was asked for in time, with a proposal of 2026-08-03, and on which the authority was silent until the
/// licence had run out.
fn deemed_renewed(proposal: ProposeDecision) -> Desk {
    let mut desk = Desk::under_licences();
    // Six months from 2 March to 1 September, within the holiday table.
    desk.reference = licence_reference_where("term_months", "36", "6");
    desk.after(apply(ApplicationKind::Licence)).after(accept(1)).propose();
    desk.second().after(decide_licence(1)).first().on("2026-07-20");
    desk.after(apply(ApplicationKind::Renewal)).after(accept(2));
    desk.on("2026-08-03").after(proposal.clone());
    if proposal.outcome == ProposedOutcome::Refuse {
        desk.second().after(decide(2));
    }
    desk.system_on("2026-09-02");
    desk.expires(ClockKind::Renewal);
    assert_eq!(desk.standing(2), ApplicationState::Granted);
    desk.second().on("2026-09-04");
    desk
}

#[test]
fn a_grant_in_time_that_arrives_late_takes_the_place_of_the_deemed_renewal() {
    let mut desk = deemed_renewed(propose(2));
    assert_eq!(
        desk.run_out(decide(2)),
        ("renewal".to_owned(), "2026-09-01".to_owned()),
        "a decision after the last day changes nothing"
    );
    desk.occurred_on("2026-08-02");
    assert_eq!(fields(&desk.violations(decide(2))), ["occurred"], "before its proposal");
    desk.occurred_on("2026-08-31");
    let events = desk.does(decide(2));
    assert_eq!(
        events,
        [
            "DeemedOutcomeReversed",
            "ClockMet",
            "ApplicationGranted",
            "LicenceRenewed",
            "ClockMet",
            "ClockStarted"
        ],
        "the decision's own clock, of 14 August, is met late"
    );
    let held = desk.state.authorization.as_ref().unwrap();
    assert_eq!(
        (held.valid_from_date, held.valid_to_date, held.ended),
        (day("2026-09-02"), Some(day("2027-03-01")), None)
    );
    assert_eq!(due(&desk, ClockKind::Renewal), "2027-03-01");
    assert_eq!(desk.clock_state(ClockKind::Renewal), ClockState::Running);
    assert_eq!(fact(&desk, "application.2"), "granted");
    assert_eq!(
        desk.reason(decide(2)),
        Reason::IllegalTransition,
        "nothing deemed stands any more"
    );
}

#[test]
fn a_refusal_in_time_that_arrives_late_ends_the_licence_with_its_term() {
    let mut desk = deemed_renewed(propose_refusal(2));
    assert_eq!(
        desk.reason(decide(2)),
        Reason::IllegalTransition,
        "it was intended already"
    );
    assert_eq!(desk.run_out(refuse(2)), ("renewal".to_owned(), "2026-09-01".to_owned()));
    desk.occurred_on("2026-08-31");
    let events = desk.does(refuse(2));
    assert_eq!(events.first(), Some(&"DeemedOutcomeReversed"));
    assert!(events.contains(&"ApplicationRefused"));
    assert!(events.contains(&"AuthorizationExpired"));
    assert_eq!(desk.standing(2), ApplicationState::Refused);
    assert_eq!(desk.state.status, Status::Expired);
    let held = desk.state.authorization.as_ref().unwrap();
    assert_eq!(
        (held.valid_to_date, held.ended),
        (Some(day("2026-09-01")), Some(day("2026-09-02")))
    );
    assert_eq!(
        desk.open_clocks(),
        [ClockKind::Certificate, ClockKind::HearingRequest],
        "what had run out before is left to run out"
    );
    assert_eq!(fact(&desk, "application.2"), "refused");
    assert_eq!(fact(&desk, "licence.valid_to_date"), "2026-09-01");
    assert_eq!(fact(&desk, "status"), "expired");
}

#[test]
fn nobody_decides_on_what_was_granted_by_an_act() {
    let mut desk = Desk::granted_licence();
    desk.second();
    assert_eq!(desk.reason(decide_licence(1)), Reason::IllegalTransition);
    assert_eq!(desk.reason(refuse(1)), Reason::IllegalTransition);
}
