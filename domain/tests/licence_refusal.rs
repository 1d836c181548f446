//! The refusal (行政许可法 §36, §38, §47, §48): intended, heard, made; and decisions on a renewal that are in time and arrive
//! after the law has spoken (§50).

use crate::institution_support::applications::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::{ClockKind, ClockState};
use yujian_domain::envelope::Classification;
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;

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
    assert_eq!(
        desk.open_clocks(),
        [ClockKind::HearingRequest],
        "it had run out before the refusal, and is left to run out"
    );
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
