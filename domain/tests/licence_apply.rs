//! Applications of the licence regime come in (行政许可法 §29 to §32): which regime holds, who may ask for what, what is
//! missing.

use crate::institution_support::applications::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::{ClockKind, ClockState};
use yujian_domain::institution::*;
use yujian_domain::rejection::Reason;
use yujian_domain::values::ClassType;

fn due(desk: &Desk, kind: ClockKind) -> String {
    let clock = desk.state.clocks.get(desk.clock(kind)).unwrap();
    clock.due.due_date.to_string()
}

fn returned(events: &[InstitutionEvent]) -> Vec<String> {
    let items = events.iter().find_map(|event| match event {
        InstitutionEvent::ApplicationReturned(event) => Some(&event.items),
        _ => None,
    });
    items.unwrap().iter().map(|item| item.item.clone()).collect()
}

#[test]
fn from_the_day_on_which_papers_came_five_working_days_run_for_the_look_at_them() {
    let mut desk = Desk::under_licences();
    let events = desk.does(apply(ApplicationKind::Licence));
    assert_eq!(events, ["ApplicationSubmitted", "ClockStarted"]);
    assert_eq!(due(&desk, ClockKind::Completeness), "2026-03-09");
    assert_eq!(desk.standing(1), ApplicationState::Submitted);
    assert_eq!(
        desk.state.licence_applications[&1].policy.id, "cn-licence",
        "the policy of its beginning stays with it"
    );
}

#[test]
fn an_operators_papers_count_when_they_come_in_and_those_at_the_counter_when_the_officer_says_so() {
    let mut desk = Desk::under_licences();
    desk.operator().occurred_on("2026-02-26");
    desk.after(apply(ApplicationKind::Licence));
    assert_eq!(due(&desk, ClockKind::Completeness), "2026-03-09");
    let mut desk = Desk::under_licences();
    desk.first().occurred_on("2026-02-26");
    desk.after(apply(ApplicationKind::Licence));
    // 28 February is a make-up working day.
    assert_eq!(due(&desk, ClockKind::Completeness), "2026-03-04");
}

#[test]
fn what_a_rule_sees_is_returned_at_once_and_all_of_it() {
    let mut desk = Desk::under_licences();
    let mut application = apply_without(
        ApplicationKind::Licence,
        &[PaperKind::FireSafety, PaperKind::FoodLicence],
    );
    application.premises.as_mut().unwrap().highest_floor = 4;
    let events = desk.run(application).unwrap();
    assert_eq!(
        names(&events),
        ["ApplicationSubmitted", "ApplicationReturned", "ClockStarted"]
    );
    assert_eq!(
        returned(&events),
        ["papers.fire_safety", "papers.food_licence", "premises.highest_floor"]
    );
    assert_eq!(desk.standing(1), ApplicationState::Returned);
    assert_eq!(due(&desk, ClockKind::CorrectionReply), "2026-03-16");
}

#[test]
fn a_change_of_classes_is_looked_at_with_the_classes_that_are_asked_for() {
    let mut desk = Desk::asking(ApplicationKind::Change);
    let mut application = apply(ApplicationKind::Change);
    application.change.as_mut().unwrap().classes = Some(vec![class("乳儿班", ClassType::Infant, 11)]);
    let events = desk.run(application).unwrap();
    assert_eq!(returned(&events), ["classes[0].places"]);
    assert_eq!(desk.state.classes.len(), 2, "nothing changes before the grant");
}

#[test]
fn papers_that_come_anew_keep_the_number_and_are_looked_at_anew() {
    let mut desk = Desk::under_licences();
    desk.after(apply_without(ApplicationKind::Licence, &[PaperKind::FireSafety]));
    desk.on("2026-03-16");
    let events = desk.does(apply(ApplicationKind::Licence));
    assert_eq!(events, ["ApplicationSubmitted", "ClockMet", "ClockStarted"]);
    assert_eq!(desk.clock_state(ClockKind::CorrectionReply), ClockState::Met);
    assert_eq!(due(&desk, ClockKind::Completeness), "2026-03-23");
    assert_eq!((desk.open_number(), desk.standing(1)), (1, ApplicationState::Submitted));
}

#[test]
fn papers_that_come_anew_after_their_last_day_find_the_application_lapsed() {
    let mut desk = Desk::under_licences();
    desk.after(apply_without(ApplicationKind::Licence, &[PaperKind::FireSafety]));
    desk.on("2026-03-17");
    let refusal = desk.run_out(apply(ApplicationKind::Licence));
    assert_eq!(refusal, ("correction_reply".to_owned(), "2026-03-16".to_owned()));
}

#[test]
fn papers_that_bring_nothing_new_are_refused_with_what_the_return_said() {
    let mut desk = Desk::under_licences();
    let incomplete = apply_without(ApplicationKind::Licence, &[PaperKind::FireSafety]);
    desk.after(incomplete.clone());
    let refusal = desk.refusal(incomplete);
    assert_eq!(refusal.reason, Reason::ReturnedOnce);
    assert_eq!(refusal.violations[0].field, "papers.fire_safety");
    assert_eq!(refusal.legal_basis[0].article, "§32");
}

#[test]
fn a_rule_returns_a_second_time_only_what_it_could_not_see_before() {
    let mut desk = Desk::under_licences();
    desk.after(apply_without(ApplicationKind::Licence, &[PaperKind::FireSafety]));
    let events = desk
        .run(apply_without(ApplicationKind::Licence, &[PaperKind::Commitment]))
        .unwrap();
    assert_eq!(
        returned(&events),
        ["papers.commitment"],
        "it was there before and is missing now"
    );
}

#[test]
fn a_licence_is_applied_for_only_where_and_when_its_regime_is_in_force() {
    let mut desk = Desk::registered();
    assert_eq!(desk.reason(apply(ApplicationKind::Licence)), Reason::PolicyNotInForce);
    desk.reference = licence_reference();
    desk.first().occurred_on("2026-01-31");
    assert_eq!(desk.reason(apply(ApplicationKind::Licence)), Reason::PolicyNotInForce);
}

#[test]
fn a_filing_is_refused_where_licences_are_in_force_on_the_day_of_its_papers() {
    let mut desk = Desk::under_licences();
    let refusal = desk.refusal(filing());
    assert_eq!(refusal.reason, Reason::RegimeNotInForce);
    assert_eq!(
        (
            refusal.metadata["regime"].as_str(),
            refusal.metadata["command"].as_str()
        ),
        ("licence", "submit_application")
    );
    assert_eq!(refusal.metadata["date"], "2026-03-02");
    let mut before = Desk::under_licences();
    before.state.status_from = None;
    before.occurred_on("2026-01-31");
    assert!(
        before.decide(filing()).is_ok(),
        "the papers came under the filing regime"
    );
    desk = Desk::returned();
    desk.reference = licence_reference();
    assert_eq!(
        desk.reason(filing()),
        Reason::RegimeNotInForce,
        "papers that come anew come under the regime of their own day"
    );
}

#[test]
fn a_filing_that_was_accepted_before_ends_under_its_regime() {
    let mut desk = Desk::accepted();
    desk.reference = licence_reference();
    desk.after(receipt(desk.today()));
    assert_eq!(desk.state.status, Status::Filed);
    desk.after(apply(ApplicationKind::Licence));
    assert_eq!(desk.open_number(), 2, "numbers are shared by filings and applications");
}

#[test]
fn a_licence_is_for_who_holds_none_and_everything_else_for_who_holds_one() {
    let others = [
        ApplicationKind::Change,
        ApplicationKind::Renewal,
        ApplicationKind::Transfer,
        ApplicationKind::Waiver,
        ApplicationKind::Closing,
    ];
    for status in [Status::Registered, Status::Filed, Status::Nonconforming] {
        let mut desk = Desk::in_state(status);
        desk.reference = licence_reference();
        assert!(
            desk.decide(apply(ApplicationKind::Licence)).is_ok(),
            "{}",
            status.code()
        );
        for kind in others {
            let refusal = desk.refusal(apply(kind));
            assert_eq!(refusal.reason, Reason::IllegalTransition, "{}", kind.code());
            assert_eq!(refusal.metadata["allowed_from"], "licensed, suspended");
        }
    }
    let licensed = Desk::granted_licence();
    assert_eq!(
        licensed.reason(apply(ApplicationKind::Licence)),
        Reason::IllegalTransition
    );
    for kind in others {
        assert!(licensed.decide(apply(kind)).is_ok(), "{}", kind.code());
    }
    let mut filed = Desk::suspended();
    filed.reference = licence_reference();
    assert_eq!(filed.reason(apply(ApplicationKind::Change)), Reason::IllegalTransition);
    assert_eq!(filed.reason(apply(ApplicationKind::Licence)), Reason::IllegalTransition);
}

#[test]
fn who_is_suspended_by_order_asks_for_no_renewal_and_no_transfer() {
    for (kind, voluntary, ordered) in [
        (ApplicationKind::Renewal, true, false),
        (ApplicationKind::Transfer, true, false),
        (ApplicationKind::Change, true, true),
        (ApplicationKind::Closing, true, true),
    ] {
        let mut desk = Desk::granted_licence();
        desk.after(suspension(SuspensionKind::Voluntary, desk.today()));
        assert_eq!(desk.decide(apply(kind)).is_ok(), voluntary, "{}", kind.code());
        let mut desk = Desk::granted_licence();
        desk.after(suspension(SuspensionKind::Ordered, desk.today()));
        assert_eq!(desk.decide(apply(kind)).is_ok(), ordered, "{}", kind.code());
    }
}

#[test]
fn an_imported_institution_applies_once_its_code_and_type_are_known() {
    let mut desk = Desk::imported();
    desk.reference = licence_reference();
    let events = desk.run(apply(ApplicationKind::Licence));
    // A foreign region lies in no licence regime but the nation's.
    let items = returned(&events.unwrap());
    assert!(items.contains(&"institution_type".to_owned()) && items.contains(&"credit_code".to_owned()));
}

#[test]
fn one_application_of_a_kind_is_open_at_a_time() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    let refusal = desk.refusal(apply(ApplicationKind::Licence));
    assert_eq!(refusal.reason, Reason::AlreadyExists);
    assert_eq!(refusal.metadata["application"], "1");
    desk.after(withdraw(1)).after(apply(ApplicationKind::Licence));
    assert_eq!(desk.open_number(), 2);
    let mut desk = Desk::submitted(ApplicationKind::Renewal);
    assert!(
        desk.decide(apply(ApplicationKind::Transfer)).is_ok(),
        "a transfer does not cost the licence its renewal"
    );
    desk.after(apply(ApplicationKind::Transfer));
    assert!(desk.decide(apply(ApplicationKind::Change)).is_ok());
}

#[test]
fn closing_stands_alone() {
    let desk = Desk::submitted(ApplicationKind::Change);
    assert_eq!(desk.reason(apply(ApplicationKind::Closing)), Reason::AlreadyExists);
    let desk = Desk::submitted(ApplicationKind::Closing);
    for kind in [
        ApplicationKind::Renewal,
        ApplicationKind::Transfer,
        ApplicationKind::Waiver,
    ] {
        assert_eq!(desk.reason(apply(kind)), Reason::AlreadyExists, "{}", kind.code());
    }
}

#[test]
fn after_deceit_no_licence_is_applied_for_before_a_day() {
    let mut desk = Desk::under_licences();
    desk.state.barred_until = Some(day("2026-03-02"));
    let refusal = desk.refusal(apply(ApplicationKind::Licence));
    assert_eq!(refusal.reason, Reason::ApplicantBarred);
    assert_eq!(refusal.metadata["barred_until_date"], "2026-03-02");
    assert_eq!(refusal.legal_basis[0].article, "§78、§79");
    desk.on("2026-03-03");
    assert!(desk.decide(apply(ApplicationKind::Licence)).is_ok());
    let mut holder = Desk::granted_licence();
    holder.state.barred_until = Some(day("2026-03-02"));
    assert!(
        holder.decide(apply(ApplicationKind::Change)).is_ok(),
        "the bar is on a new licence"
    );
}

#[test]
fn a_renewal_is_asked_for_thirty_days_before_the_end_and_late_until_the_end() {
    let mut desk = Desk::granted_licence();
    desk.on("2029-01-30");
    let mut in_time = desk.clone();
    assert_eq!(due(&desk, ClockKind::RenewalAsk), "2029-01-30");
    let mut renewal = apply(ApplicationKind::Renewal);
    for paper in &mut renewal.papers {
        paper.expiry_date = Some(day("2030-01-04"));
    }
    renewal.premises.as_mut().unwrap().tenure = Tenure::Owned;
    let events = in_time.run(renewal.clone()).unwrap();
    assert_eq!(names(&events), ["ApplicationSubmitted", "ClockMet", "ClockStarted"]);
    let late = |events: &[InstitutionEvent]| {
        events.iter().any(|event| match event {
            InstitutionEvent::ClockMet(met) => met.clock.kind == ClockKind::RenewalAsk && met.late,
            _ => false,
        })
    };
    assert!(!late(&events));
    desk.on("2029-03-01");
    assert!(
        late(&desk.clone().run(renewal.clone()).unwrap()),
        "the last day of the licence"
    );
    desk.on("2029-03-02");
    let refusal = desk.run_out(renewal);
    assert_eq!(refusal, ("renewal".to_owned(), "2029-03-01".to_owned()));
}

#[test]
fn each_kind_brings_what_it_asks_for_and_nothing_else() {
    let licensed = Desk::granted_licence();
    let of = |field: &str| vec![(field.to_owned(), "ADM-42".to_owned())];
    let mut filing = apply(ApplicationKind::Licence);
    filing.kind = ApplicationKind::Filing;
    assert_eq!(Desk::under_licences().violations(filing), of("kind"));
    for (kind, field) in [
        (ApplicationKind::Change, "change"),
        (ApplicationKind::Transfer, "transfer"),
        (ApplicationKind::Waiver, "waiver"),
        (ApplicationKind::Closing, "closing"),
    ] {
        let mut bare = apply(kind);
        bare.change = None;
        bare.transfer = None;
        bare.waiver = None;
        bare.closing = None;
        assert_eq!(licensed.violations(bare), of(field));
        let mut renewal = apply(kind);
        renewal.kind = ApplicationKind::Renewal;
        assert_eq!(licensed.violations(renewal), of(field));
    }
    let mut waiver = apply(ApplicationKind::Waiver);
    waiver.papers = vec![paper(PaperKind::FireSafety)];
    waiver.makes_meals = true;
    waiver.premises = apply(ApplicationKind::Licence).premises;
    let fields: Vec<String> = licensed.violations(waiver).into_iter().map(|found| found.0).collect();
    assert_eq!(fields, ["papers", "makes_meals", "premises"]);
}

#[test]
fn what_is_asked_for_must_be_something_else_than_what_is_held() {
    let desk = Desk::granted_licence();
    let mut change = apply(ApplicationKind::Change);
    change.change = Some(ChangeRequest {
        name: Some(desk.state.name.clone()),
        classes: None,
    });
    assert_eq!(desk.reason(change.clone()), Reason::NothingToDo);
    change.change = Some(ChangeRequest {
        name: None,
        classes: None,
    });
    assert_eq!(desk.violations(change)[0].0, "change");
    let mut transfer = apply(ApplicationKind::Transfer);
    transfer.transfer.as_mut().unwrap().credit_code = desk.state.credit_code.clone().unwrap();
    assert_eq!(desk.violations(transfer)[0].0, "transfer.credit_code");
    let mut closing = apply(ApplicationKind::Closing);
    closing.closing.as_mut().unwrap().closing_date = day("2026-02-28");
    assert_eq!(desk.violations(closing)[0].0, "closing.closing_date");
}

#[test]
fn a_waiver_lasts_a_term_of_at_most_twelve_months() {
    let desk = Desk::granted_licence();
    for (until, right) in [
        ("2026-03-02", false),
        ("2026-03-03", true),
        ("2027-03-02", true),
        ("2027-03-03", false),
    ] {
        let mut waiver = apply(ApplicationKind::Waiver);
        waiver.waiver.as_mut().unwrap().until_date = day(until);
        if right {
            assert!(desk.decide(waiver).is_ok(), "{until}");
        } else {
            let found = desk.violations(waiver);
            assert_eq!(
                found,
                [("waiver.until_date".to_owned(), "ADM-69".to_owned())],
                "{until}"
            );
        }
    }
}
