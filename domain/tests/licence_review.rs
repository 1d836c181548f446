//! The review of an application (行政许可法 §34, §45): information, other bureaus' registers, the site, and the proposal.

use crate::institution_support::applications::*;
use crate::institution_support::licence::*;
use crate::institution_support::*;
use yujian_domain::clock::{ClockKind, ClockState, PauseReason};
use yujian_domain::envelope::{Classification, Role};
use yujian_domain::institution::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::values::ClassType;

fn fields(found: &[(String, String)]) -> Vec<&str> {
    found.iter().map(|(field, _)| field.as_str()).collect()
}

fn decision_due(desk: &Desk) -> String {
    let clock = desk.state.clocks.get(desk.clock(ClockKind::Decision)).unwrap();
    clock.due.due_date.to_string()
}

#[test]
fn the_decisions_clock_stands_still_while_the_applicant_owes_an_answer() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    assert_eq!(decision_due(&desk), "2026-03-30");
    desk.on("2026-03-04");
    assert_eq!(
        desk.does(ask(1)),
        ["InformationRequested", "ClockPaused", "ClockStarted"]
    );
    assert_eq!(desk.standing(1), ApplicationState::AwaitingInformation);
    assert_eq!(desk.clock_state(ClockKind::Decision), ClockState::Paused);
    desk.operator().on("2026-03-11");
    assert_eq!(
        desk.does(answer(1)),
        ["InformationProvided", "ClockMet", "ClockResumed"]
    );
    assert_eq!(desk.standing(1), ApplicationState::Accepted);
    // From 4 to 10 March five working days went by uncounted.
    assert_eq!(decision_due(&desk), "2026-04-07");
}

#[test]
fn an_answer_within_the_same_day_costs_the_authority_nothing() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.after(ask(1)).operator().after(answer(1));
    assert_eq!(decision_due(&desk), "2026-03-30");
}

#[test]
fn information_is_asked_for_after_the_decisions_last_day_too_and_stops_nothing_then() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.on("2026-03-31");
    assert_eq!(desk.does(ask(1)), ["InformationRequested", "ClockStarted"]);
    desk.operator();
    assert_eq!(desk.does(answer(1)), ["InformationProvided", "ClockMet"]);
    assert_eq!(decision_due(&desk), "2026-03-30");
}

#[test]
fn a_clock_that_stands_still_for_experts_does_not_run_on_with_the_applicants_answer() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(PauseClock {
        clock: desk.clock(ClockKind::Decision),
        reason: PauseReason::ExpertReview,
        from_date: today,
        told_date: today,
    });
    assert_eq!(desk.does(ask(1)), ["InformationRequested", "ClockStarted"]);
    desk.operator();
    assert_eq!(desk.does(answer(1)), ["InformationProvided", "ClockMet"]);
    assert_eq!(desk.clock_state(ClockKind::Decision), ClockState::Paused);
}

#[test]
fn questions_and_answers_say_something() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let mut silent = ask(1);
    silent.questions.clear();
    assert_eq!(fields(&desk.violations(silent)), ["questions"]);
    let mut blank = ask(1);
    blank.questions[0].question = Sensitive::new(" ");
    assert_eq!(fields(&desk.violations(blank)), ["questions[0].question"]);
    desk.after(ask(1));
    let nothing = ProvideInformation {
        papers: Vec::new(),
        statement: None,
        ..answer(1)
    };
    assert_eq!(desk.violations(nothing), [("papers".to_owned(), "ADM-52".to_owned())]);
}

#[test]
fn an_answer_after_its_last_day_finds_the_application_lapsed() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.after(ask(1)).operator().on("2026-03-16");
    assert!(desk.decide(answer(1)).is_ok(), "the tenth working day");
    desk.on("2026-03-17");
    let refusal = desk.run_out(answer(1));
    assert_eq!(refusal, ("information_reply".to_owned(), "2026-03-16".to_owned()));
    desk.system();
    desk.expires(ClockKind::InformationReply);
    assert_eq!(desk.standing(1), ApplicationState::Lapsed);
}

#[test]
fn papers_of_an_answer_take_the_place_of_those_of_their_kind() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.after(ask(1));
    let mut told = answer(1);
    told.papers[0].number = Some("新证".to_owned());
    desk.after(told);
    let held = &desk.state.licence_applications[&1].submitted.papers;
    let numbers: Vec<_> = held
        .iter()
        .filter(|paper| paper.kind == PaperKind::FireSafety)
        .map(|paper| paper.number.as_deref())
        .collect();
    assert_eq!(numbers, [Some("新证")]);
}

#[test]
fn a_registers_contradiction_stands_in_the_way_of_a_grant_until_it_matches() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(visit(1, today));
    for outcome in [
        RegistryOutcome::Differs,
        RegistryOutcome::NotFound,
        RegistryOutcome::Revoked,
    ] {
        let mut contradicted = desk.clone();
        contradicted.after(registry(Some(1), outcome, today));
        let refusal = contradicted.refusal(propose(1));
        assert_eq!(refusal.reason, Reason::ReviewIncomplete);
        assert_eq!(
            (
                refusal.violations[0].field.as_str(),
                refusal.violations[0].rule.as_str()
            ),
            ("papers.fire_safety", "ADM-53")
        );
        assert!(refusal.violations[0].message.contains("fire"), "the source is named");
        assert!(
            contradicted.decide(propose_refusal(1)).is_ok(),
            "it is a reason to refuse"
        );
        contradicted.after(registry(Some(1), RegistryOutcome::Matches, today));
        assert!(contradicted.decide(propose(1)).is_ok());
    }
}

#[test]
fn a_register_speaks_as_of_a_day_and_an_older_answer_undoes_no_newer_one() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(visit(1, today));
    desk.after(registry(Some(1), RegistryOutcome::Revoked, today));
    desk.after(registry(Some(1), RegistryOutcome::Matches, day("2026-02-01")));
    assert_eq!(desk.reason(propose(1)), Reason::ReviewIncomplete);
}

#[test]
fn a_bureau_tells_of_its_own_accord_and_every_open_application_hears_it() {
    let mut desk = Desk::in_review(ApplicationKind::Change);
    let today = desk.today();
    desk.after(visit(2, today));
    desk.by("fire-1", Role::Bureau);
    let told = registry(None, RegistryOutcome::Revoked, today);
    assert_eq!(desk.does(told.clone()), ["RegistryChecked"]);
    assert_eq!(desk.reason(told), Reason::NothingToDo);
    desk.first();
    assert_eq!(desk.reason(propose(2)), Reason::ReviewIncomplete);
    let decided = &desk.state.licence_applications[&1];
    assert!(decided.checks.is_empty(), "what is decided hears nothing more");
    let facts = desk.dossier().resolve(None, None);
    let fact = facts
        .iter()
        .find(|fact| fact.key == "registry.papers.fire_safety")
        .unwrap();
    assert_eq!(fact.value["outcome"], "revoked");
}

#[test]
fn the_same_answer_again_changes_nothing_and_a_later_day_is_news() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let told = registry(Some(1), RegistryOutcome::Matches, day("2026-03-01"));
    desk.after(told.clone());
    let other_words = RecordRegistryCheck {
        response_sha256: "cd".repeat(32),
        ..told.clone()
    };
    assert_eq!(desk.reason(other_words), Reason::NothingToDo);
    let later = RecordRegistryCheck {
        record_date: day("2026-03-02"),
        ..told.clone()
    };
    assert!(desk.decide(later).is_ok());
    let wrong = RecordRegistryCheck {
        item: String::new(),
        record_date: day("2026-03-03"),
        response_sha256: "AB".to_owned(),
        ..told
    };
    assert_eq!(
        fields(&desk.violations(wrong)),
        ["item", "record_date", "response_sha256"]
    );
}

#[test]
fn two_persons_verify_the_site_within_the_decisions_clock() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    for verifiers in [
        vec![verifier(1)],
        vec![verifier(1), verifier(1)],
        vec![
            verifier(1),
            Verifier {
                certificate: " ".to_owned(),
                ..verifier(2)
            },
        ],
        vec![
            verifier(1),
            Verifier {
                certificate: verifier(1).certificate,
                ..verifier(2)
            },
        ],
    ] {
        let alone = RecordSiteVerification {
            verifiers,
            ..visit(1, today)
        };
        assert!(fields(&desk.violations(alone))[0].starts_with("verifiers"));
    }
    assert_eq!(desk.does(visit(1, today)), ["SiteVerified"]);
    assert_eq!(desk.reason(visit(1, today)), Reason::NothingToDo);
    assert_eq!(
        desk.clock_state(ClockKind::Decision),
        ClockState::Running,
        "行政许可法 §45 does not name it"
    );
}

#[test]
fn how_many_persons_verify_is_the_policys_word() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    desk.reference = licence_reference_where("site_verifiers_min", "2", "3");
    let application = desk.state.licence_applications.get_mut(&1).unwrap();
    application.policy = desk.reference.licence(&region("330106"), day("2026-03-02")).unwrap().1;
    let today = desk.today();
    assert_eq!(fields(&desk.violations(visit(1, today))), ["verifiers"]);
}

#[test]
fn a_site_is_visited_after_the_acceptance_and_before_it_is_told() {
    let mut desk = Desk::submitted(ApplicationKind::Licence);
    desk.on("2026-03-05").after(accept(1));
    assert_eq!(fields(&desk.violations(visit(1, day("2026-03-04")))), ["visit_date"]);
    assert_eq!(
        fields(&desk.violations(visit(1, day("2026-03-06")))),
        ["visit_date", "visit_date"],
        "in the future, and after it is told"
    );
    assert!(desk.decide(visit(1, day("2026-03-05"))).is_ok());
}

#[test]
fn a_site_that_falls_short_says_where() {
    let desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    let silent = RecordSiteVerification {
        items: Vec::new(),
        ..falls_short(1, today)
    };
    assert_eq!(fields(&desk.violations(silent)), ["items"]);
    let contradictory = RecordSiteVerification {
        items: vec![item("premises.lowest_floor")],
        ..visit(1, today)
    };
    assert_eq!(fields(&desk.violations(contradictory)), ["items"]);
}

#[test]
fn nothing_is_granted_on_a_site_that_was_not_verified_or_falls_short() {
    for kind in [
        ApplicationKind::Licence,
        ApplicationKind::Change,
        ApplicationKind::Transfer,
    ] {
        let mut desk = Desk::in_review(kind);
        let (number, today) = (desk.open_number(), desk.today());
        let refusal = desk.refusal(propose(number));
        assert_eq!(refusal.reason, Reason::ReviewIncomplete, "{}", kind.code());
        assert_eq!(refusal.violations[0].field, "site_verification");
        assert_eq!(refusal.legal_basis[0].article, "§34");
        desk.after(falls_short(number, today));
        assert_eq!(desk.reason(propose(number)), Reason::ReviewIncomplete);
        desk.after(visit(number, today));
        assert!(desk.decide(propose(number)).is_ok());
    }
}

#[test]
fn a_licence_is_granted_for_the_classes_that_were_looked_at() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(visit(1, today)).after(ChangeClasses {
        classes: vec![class("大二班", ClassType::OlderToddler, 20)],
        effective_date: today,
    });
    let refusal = desk.refusal(propose(1));
    assert_eq!(refusal.reason, Reason::ReviewIncomplete);
    assert_eq!(refusal.violations[0].field, "classes");
}

#[test]
fn a_renewal_a_waiver_a_closing_and_a_new_name_need_no_visit() {
    for kind in [
        ApplicationKind::Renewal,
        ApplicationKind::Waiver,
        ApplicationKind::Closing,
    ] {
        let desk = Desk::in_review(kind);
        assert!(desk.decide(propose(desk.open_number())).is_ok(), "{}", kind.code());
    }
    let mut desk = Desk::granted_licence();
    let mut rename = apply(ApplicationKind::Change);
    rename.change.as_mut().unwrap().classes = None;
    desk.after(rename).after(accept(2));
    assert!(desk.decide(propose(2)).is_ok());
}

#[test]
fn everything_in_the_way_of_a_grant_is_named_at_once() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(registry(Some(1), RegistryOutcome::Differs, today));
    let hygiene = RecordRegistryCheck {
        source: RegistrySource::Hygiene,
        item: "papers.hygiene_evaluation".to_owned(),
        ..registry(Some(1), RegistryOutcome::NotFound, today)
    };
    desk.after(hygiene);
    let refusal = desk.refusal(propose(1));
    let named: Vec<&str> = refusal.violations.iter().map(|found| found.field.as_str()).collect();
    assert_eq!(
        named,
        ["site_verification", "papers.fire_safety", "papers.hygiene_evaluation"]
    );
}

#[test]
fn a_refusal_gives_its_reasons_and_a_grant_has_none() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(visit(1, today));
    let silent = ProposeDecision {
        reasons: Vec::new(),
        ..propose_refusal(1)
    };
    assert_eq!(fields(&desk.violations(silent)), ["reasons"]);
    let mixed = ProposeDecision {
        reasons: reasons(),
        deceit: Some(Deceit::FalsePapers),
        ..propose(1)
    };
    assert_eq!(fields(&desk.violations(mixed)), ["reasons", "deceit"]);
    let conditional_refusal = ProposeDecision {
        conditions: vec![terms("2026-06-30")],
        ..propose_refusal(1)
    };
    assert_eq!(fields(&desk.violations(conditional_refusal)), ["conditions"]);
}

#[test]
fn a_condition_is_due_after_the_proposal_and_ends_no_earlier() {
    let mut desk = Desk::in_review(ApplicationKind::Licence);
    let today = desk.today();
    desk.after(visit(1, today));
    let with = |terms: ConditionTerms| ProposeDecision {
        conditions: vec![terms],
        ..propose(1)
    };
    assert_eq!(
        fields(&desk.violations(with(terms("2026-03-02")))),
        ["conditions[0].due_date"]
    );
    let short = ConditionTerms {
        until_date: Some(day("2026-06-29")),
        ..terms("2026-06-30")
    };
    assert_eq!(fields(&desk.violations(with(short))), ["conditions[0].until_date"]);
    assert!(desk.decide(with(terms("2026-03-03"))).is_ok());
    let closing = Desk::in_review(ApplicationKind::Closing);
    let conditional = ProposeDecision {
        application: 2,
        ..with(terms("2026-06-30"))
    };
    assert_eq!(fields(&closing.violations(conditional)), ["conditions"]);
}

#[test]
fn a_proposal_is_for_the_regulator_and_is_sent_back_by_another_person() {
    let mut desk = Desk::proposed(ApplicationKind::Licence);
    let decided = Desk::in_review(ApplicationKind::Licence)
        .decide(propose_refusal(1))
        .unwrap();
    assert_eq!(decided[0].classification, Classification::Regulator);
    let refusal = desk.refusal(send_back(1));
    assert_eq!(refusal.reason, Reason::TwoPersonRule);
    assert_eq!(refusal.legal_basis[0].article, "§38");
    desk.second();
    assert_eq!(desk.does(send_back(1)), ["ProposalReturned"]);
    assert_eq!(desk.standing(1), ApplicationState::Accepted);
    desk.first().after(propose(1));
    assert_eq!(desk.standing(1), ApplicationState::DecisionProposed);
}
