//! An application before its review (行政许可法 §32): returned once, accepted, dismissed, withdrawn, and what silence means.

use crate::institution_support::applications::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::ClockKind;
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::time::start_of;

fn due(desk: &Desk, kind: ClockKind) -> String {
    let clock = desk.state.clocks.get(desk.clock(kind)).unwrap();
    clock.due.due_date.to_string()
}

#[test]
fn an_officer_returns_what_no_rule_sees_once_and_within_the_time_for_it() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.on("2026-03-09");
    let events = desk.does(give_back(1, &["papers.premises_proof"]));
    assert_eq!(events, ["ClockMet", "ApplicationReturned", "ClockStarted"]);
    assert_eq!(due(&desk, ClockKind::CorrectionReply), "2026-03-23");
    desk.after(apply(ApplicationKind::Licence));
    let refusal = desk.refusal(give_back(1, &["papers.commitment", "papers.premises_proof"]));
    assert_eq!(refusal.reason, Reason::ReturnedOnce);
    let fields: Vec<&str> = refusal.violations.iter().map(|found| found.field.as_str()).collect();
    assert_eq!(fields, ["items[0]"], "what was named may be named again");
    assert!(desk.decide(give_back(1, &["papers.premises_proof"])).is_ok());
}

#[test]
fn a_second_return_may_name_what_came_anew_or_expired_since() {
    let mut desk = Desk::under_licences();
    let mut first = apply(ApplicationKind::Licence);
    first.papers[2].expiry_date = Some(day("2026-03-06"));
    desk.after(first.clone())
        .after(give_back(1, &["papers.premises_proof"]));
    desk.on("2026-03-05");
    let mut second = first;
    second.papers[7].number = Some("另一份".to_owned());
    second.premises.as_mut().unwrap().highest_floor = 3;
    desk.after(second).on("2026-03-09");
    let kinds = [
        "papers.fire_safety.number",
        "premises.highest_floor",
        "papers.registration_certificate",
    ];
    assert!(desk.decide(give_back(1, &kinds)).is_ok());
    assert_eq!(desk.reason(give_back(1, &["papers.commitment"])), Reason::ReturnedOnce);
    assert_eq!(desk.reason(give_back(1, &["classes[0].places"])), Reason::ReturnedOnce);
    assert_eq!(desk.reason(give_back(1, &["name"])), Reason::ReturnedOnce);
}

#[test]
fn a_return_names_each_item_once() {
    let desk = Desk::submitted(ApplicationKind::Licence);
    assert_eq!(desk.violations(give_back(1, &[]))[0].0, "items");
    assert_eq!(desk.violations(give_back(1, &["a", "a"]))[0].0, "items[1]");
    assert_eq!(desk.violations(give_back(1, &[" "]))[0].0, "items[0].item");
    assert_eq!(
        desk.violations(give_back(9, &["a"])),
        [("application".to_owned(), "ADM-40".to_owned())]
    );
}

#[test]
fn after_its_time_nothing_is_returned_accepted_or_dismissed_where_silence_accepts() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.on("2026-03-10");
    let clock = ("completeness".to_owned(), "2026-03-09".to_owned());
    assert_eq!(desk.run_out(give_back(1, &["papers.premises_proof"])), clock);
    assert_eq!(desk.run_out(accept(1)), clock);
    assert_eq!(desk.run_out(dismiss(1)), clock);
    desk.occurred_on("2026-03-09");
    assert!(
        desk.decide(accept(1)).is_ok(),
        "an acceptance in time that arrives late"
    );
}

#[test]
fn where_silence_accepts_nothing_a_late_answer_is_marked() {
    let mut desk = Desk::under_licences();
    desk.reference = licence_reference_where("deemed_accepted", "true", "false");
    desk.after(apply(ApplicationKind::Licence)).on("2026-03-10");
    let events = desk.run(accept(1)).unwrap();
    assert!(matches!(&events[0], InstitutionEvent::ClockMet(met) if met.late));
    assert_eq!(desk.standing(1), ApplicationState::Accepted);
}

#[test]
fn from_the_acceptance_twenty_working_days_run_for_the_decision_and_forty_five_for_several_authorities() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    let mut joint = desk.clone();
    desk.on("2026-03-04");
    assert_eq!(
        desk.does(accept(1)),
        ["ClockMet", "ApplicationAccepted", "ClockStarted"]
    );
    assert_eq!(due(&desk, ClockKind::Decision), "2026-04-01");
    joint.after(AcceptApplication {
        application: 1,
        joint: true,
    });
    // Tomb-Sweeping Day and Labour Day lie in between, with their make-up days.
    assert_eq!(due(&joint, ClockKind::JointDecision), "2026-05-08");
    assert_eq!(
        desk.reason(accept(1)),
        Reason::IllegalTransition,
        "accepted by an act already"
    );
}

#[test]
fn states_of_an_application_follow_one_another_in_time() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.occurred_on("2026-02-27");
    for violation in [
        desk.violations(accept(1)),
        desk.violations(withdraw(1)),
        desk.violations(dismiss(1)),
    ] {
        assert_eq!(violation, [("occurred".to_owned(), "GEN-08".to_owned())]);
    }
}

#[test]
fn a_dismissal_names_the_competent_authority_when_it_is_another_one() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    let elsewhere = DismissApplication {
        ground: DismissalGround::OutOfJurisdiction,
        ..dismiss(1)
    };
    let missing = [("competent_authority".to_owned(), "ADM-51".to_owned())];
    assert_eq!(desk.violations(elsewhere.clone()), missing);
    let named = DismissApplication {
        competent_authority: Some("西湖区教育局".to_owned()),
        ..elsewhere
    };
    let superfluous = DismissApplication {
        ground: DismissalGround::NotRequired,
        ..named.clone()
    };
    assert_eq!(desk.violations(superfluous), missing);
    assert_eq!(desk.does(named), ["ClockMet", "ApplicationDismissed"]);
    assert_eq!(desk.standing(1), ApplicationState::OutOfJurisdiction);
    assert!(desk.open_clocks().is_empty());
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.after(dismiss(1));
    assert_eq!(desk.standing(1), ApplicationState::NotRequired);
}

#[test]
fn an_applicant_withdraws_before_the_decision_and_every_clock_of_it_ends() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.after(ask(1)).operator();
    assert_eq!(
        desk.does(withdraw(1)),
        ["ApplicationWithdrawn", "ClockCancelled", "ClockCancelled"]
    );
    assert!(desk.open_clocks().is_empty());
    assert_eq!(desk.reason(withdraw(1)), Reason::IllegalTransition);
    assert_eq!(desk.state.status, Status::Registered);
    let reason = WithdrawApplication {
        reason: yujian_domain::personal::Sensitive::new(" "),
        ..withdraw(1)
    };
    let desk = Desk::submitted(ApplicationKind::Licence);
    assert_eq!(desk.violations(reason)[0].0, "reason");
}

#[test]
fn silence_accepts_from_the_day_on_which_the_papers_came() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.system_on("2026-03-12");
    desk.expires(ClockKind::Completeness);
    assert_eq!(desk.standing(1), ApplicationState::Accepted);
    assert_eq!(due(&desk, ClockKind::Decision), "2026-03-30");
}

#[test]
fn a_return_in_time_that_arrives_late_takes_the_deemed_acceptance_back() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.system_on("2026-03-10");
    desk.expires(ClockKind::Completeness);
    desk.first().on("2026-03-12");
    let late = desk.run_out(give_back(1, &["papers.premises_proof"]));
    assert_eq!(late, ("completeness".to_owned(), "2026-03-09".to_owned()));
    desk.occurred_on("2026-03-09");
    let events = desk.run(give_back(1, &["papers.premises_proof"])).unwrap();
    assert_eq!(
        names(&events),
        [
            "DeemedOutcomeReversed",
            "ClockMet",
            "ClockCancelled",
            "ApplicationReturned",
            "ClockStarted"
        ]
    );
    assert!(matches!(&events[1], InstitutionEvent::ClockMet(met) if !met.late));
    assert_eq!(desk.standing(1), ApplicationState::Returned);
    assert_eq!(desk.open_clocks(), [ClockKind::CorrectionReply]);
    assert!(desk.state.licence_applications[&1].deemed.is_none());
    assert_eq!(due(&desk, ClockKind::CorrectionReply), "2026-03-23");
}

#[test]
fn an_acceptance_in_time_that_arrives_late_takes_the_place_of_the_deemed_one() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.system_on("2026-03-10");
    desk.expires(ClockKind::Completeness);
    // What happened meanwhile to the institution stands.
    desk.first();
    desk.after(suspension(SuspensionKind::Voluntary, desk.today()));
    desk.on("2026-03-12").occurred_on("2026-03-06");
    assert_eq!(
        desk.does(accept(1)),
        [
            "DeemedOutcomeReversed",
            "ClockMet",
            "ClockCancelled",
            "ApplicationAccepted",
            "ClockStarted"
        ]
    );
    assert_eq!(desk.standing(1), ApplicationState::Accepted);
    assert_eq!(due(&desk, ClockKind::Decision), "2026-04-03");
    assert_eq!(desk.state.status, Status::Suspended);
    assert_eq!(desk.reason(accept(1)), Reason::IllegalTransition);
}

#[test]
fn the_dossier_says_where_an_application_stands_on_each_day() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.system_on("2026-03-10");
    desk.expires(ClockKind::Completeness);
    let known_before = Some(desk.now.checked_add(jiff::Span::new().hours(1)).unwrap());
    desk.first().on("2026-03-12").occurred_on("2026-03-09");
    desk.after(give_back(1, &["papers.premises_proof"]));
    let dossier = desk.dossier();
    let stands = |on: &str, known| {
        let at = start_of(day(on).tomorrow().unwrap());
        let facts = dossier.resolve(Some(at), known);
        facts
            .iter()
            .find(|fact| fact.key == "application.1")
            .map(|fact| fact.value.as_str().unwrap().to_owned())
    };
    assert_eq!(stands("2026-03-04", None).as_deref(), Some("submitted"));
    assert_eq!(stands("2026-03-11", None).as_deref(), Some("returned"));
    assert_eq!(
        stands("2026-03-11", known_before).as_deref(),
        Some("accepted"),
        "as it was known before the return arrived"
    );
}
