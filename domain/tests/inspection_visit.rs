//! Presence, answers, findings, advice, end of fieldwork: rules INS-14 to INS-18 and INS-20.

use std::collections::BTreeMap;

use crate::inspection_support::*;
use yujian_domain::event::EventFamily;
use yujian_domain::inspection::*;
use yujian_domain::personal::Sensitive;
use yujian_domain::rejection::Reason;
use yujian_domain::values::ClassType;

// INS-14

#[test]
fn too_many_children_to_a_carer_show_at_once() {
    for (class_type, children, carers, exceeded) in [
        (ClassType::Infant, 6, 2, false),
        (ClassType::Infant, 7, 2, true),
        (ClassType::YoungerToddler, 5, 1, false),
        (ClassType::YoungerToddler, 6, 1, true),
        (ClassType::OlderToddler, 14, 2, false),
        (ClassType::OlderToddler, 15, 2, true),
        (ClassType::Mixed, 5, 1, false),
        (ClassType::Mixed, 6, 1, true),
        (ClassType::Infant, 1, 0, true),
        (ClassType::Infant, 0, 0, false),
    ] {
        let mut desk = desk_at(Status::CheckedIn);
        let InspectionEvent::PresenceCounted(event) = desk.one(presence(class_type, children, carers)) else {
            panic!()
        };
        let expected: &[ClassType] = if exceeded { &[class_type] } else { &[] };
        assert_eq!(event.ratio_exceeded, expected, "{children} {class_type:?} to {carers}");
    }
}

#[test]
fn presence_names_known_classes() {
    let desk = desk_at(Status::CheckedIn);
    let nobody = CountPresence {
        children: BTreeMap::new(),
        carers: BTreeMap::from([(ClassType::Unknown, 1)]),
        staff: BTreeMap::new(),
    };
    assert_eq!(
        desk.violations(nobody),
        [violation("INS-14", "children"), violation("INS-14", "carers.unknown")]
    );
}

// INS-15

#[test]
fn items_of_the_chosen_dimensions_are_answered_each_once() {
    let safety_only = PlanInspection {
        dimensions: vec!["parenting".to_owned()],
        ..plan()
    };
    let desk = desk_with(Status::CheckedIn, &safety_only, &|_| {});
    for foreign in [VETO, "9.9"] {
        assert_eq!(
            desk.violations(answer(foreign, Answer::Compliant)),
            [violation("INS-15", "answers[0].item")]
        );
    }
    let mut twice = answer(PLAIN, Answer::Compliant);
    twice.answers.push(twice.answers[0].clone());
    assert_eq!(desk.violations(twice), [violation("INS-15", "answers[1].item")]);
    let none = AnswerItems { answers: Vec::new() };
    assert_eq!(desk.violations(none), [violation("INS-15", "answers")]);
}

#[test]
fn evidence_is_there_where_the_item_asks_for_it_and_well_formed() {
    let mut desk = desk_at(Status::CheckedIn);
    for result in [Answer::Compliant, Answer::Noncompliant] {
        assert_eq!(
            desk.violations(answer(WITH_EVIDENCE, result)),
            [violation("INS-15", "answers[0].evidence")]
        );
    }
    desk.one(answer(WITH_EVIDENCE, Answer::NotApplicable));
    let mut shown = answer(WITH_EVIDENCE, Answer::Compliant);
    shown.answers[0].evidence = vec![sha256(), "AB".repeat(32), sha256(), "ab".to_owned()];
    assert_eq!(
        desk.violations(shown.clone()),
        [
            violation("INS-15", "answers[0].evidence[1]"),
            violation("INS-15", "answers[0].evidence[2]"),
            violation("INS-15", "answers[0].evidence[3]"),
        ]
    );
    shown.answers[0].evidence.truncate(1);
    desk.one(shown);
    assert_eq!(
        desk.state.answers[WITH_EVIDENCE],
        Answer::Compliant,
        "the latest counts"
    );
}

#[test]
fn what_was_cited_is_put_right_by_a_correction_not_by_another_answer() {
    let mut desk = desk_with(Status::CheckedIn, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    assert_eq!(
        desk.violations(answer(PLAIN, Answer::Compliant)),
        [violation("INS-15", "answers[0].answer")]
    );
    desk.one(answer(PLAIN, Answer::Noncompliant));
}

// INS-16

#[test]
fn a_finding_rests_on_an_item_that_is_not_met() {
    let mut desk = desk_at(Status::CheckedIn);
    let not_met = [violation("INS-16", "item")];
    assert_eq!(desk.violations(cite(PLAIN, Weight::Minor)), not_met);
    desk.one(answer(PLAIN, Answer::Noncompliant));
    desk.one(answer(PLAIN, Answer::NotChecked));
    assert_eq!(
        desk.violations(cite(PLAIN, Weight::Minor)),
        not_met,
        "the latest answer counts"
    );
    desk.one(answer(PLAIN, Answer::Noncompliant));
    let InspectionEvent::FindingCited(event) = desk.one(cite(PLAIN, Weight::Grave)) else {
        panic!()
    };
    assert_eq!((event.finding, event.dimension.as_str()), (1, "parenting"));
    assert_eq!(desk.violations(cite(PLAIN, Weight::Grave)), not_met, "cited already");
}

#[test]
fn a_veto_item_is_cited_as_veto_and_no_other_is() {
    let mut desk = desk_at(Status::CheckedIn);
    desk.one(answer(VETO, Answer::Noncompliant));
    desk.one(answer(PLAIN, Answer::Noncompliant));
    for (item, weight) in [(VETO, Weight::Grave), (PLAIN, Weight::Veto), (PLAIN, Weight::Unknown)] {
        assert_eq!(desk.violations(cite(item, weight)), [violation("INS-16", "weight")]);
    }
    desk.one(cite(VETO, Weight::Veto));
}

#[test]
fn what_was_found_is_personal_and_no_refusal_quotes_it() {
    let mut desk = desk_at(Status::CheckedIn);
    let refusal = desk.refused(cite(PLAIN, Weight::Minor));
    assert!(!format!("{refusal:?}").contains("张三"));
    desk.one(answer(PLAIN, Answer::Noncompliant));
    let event = desk.one(cite(PLAIN, Weight::Minor));
    assert_eq!(
        event.payload()["description"],
        serde_json::json!({"$personal": {"subject": format!("inspection-{INSPECTION}.text"), "clear": "张三未按规定指导"}})
    );
}

// INS-17, INS-18

#[test]
fn advice_takes_no_findings_place() {
    let mut desk = desk_at(Status::CheckedIn);
    desk.one(answer(VETO, Answer::Noncompliant));
    desk.one(answer(PLAIN, Answer::Noncompliant));
    assert_eq!(desk.violations(assist(VETO)), [violation("INS-17", "item")]);
    desk.one(cite(VETO, Weight::Veto));
    assert_eq!(desk.violations(assist(VETO)), [violation("INS-17", "item")]);
    let InspectionEvent::TechnicalAssistanceGiven(event) = desk.one(assist(PLAIN)) else {
        panic!()
    };
    assert_eq!(event.number, 2, "findings and advice share their numbers");
    let InspectionEvent::FindingCited(event) = desk.one(cite(PLAIN, Weight::Minor)) else {
        panic!()
    };
    assert_eq!(event.finding, 3);
}

#[test]
fn what_is_put_right_on_the_spot_is_recorded_while_inspectors_are_there() {
    let mut desk = desk_with(Status::FieldworkCompleted, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    assert_eq!(desk.reason(on_site(1)), Reason::IllegalTransition);
    let mut there = desk_with(Status::CheckedIn, &plan(), &|desk| {
        lead_finding_to(desk, FindingState::Cited);
    });
    there.one(on_site(1));
    assert_eq!(there.reason(order(1, there.today())), Reason::IllegalTransition);
    desk.by("officer-1");
    assert!(desk.decide(order(1, desk.today())).is_ok());
}

// INS-20

#[test]
fn the_end_counts_what_was_not_looked_at() {
    let only = PlanInspection {
        dimensions: vec!["parenting".to_owned()],
        ..plan()
    };
    let mut desk = desk_with(Status::CheckedIn, &only, &|desk| {
        desk.done("inspector-1", answer("5.1", Answer::Compliant));
        desk.done("inspector-1", answer("5.2", Answer::NotChecked));
        desk.done("inspector-1", answer("5.3", Answer::NotApplicable));
    });
    let InspectionEvent::FieldworkCompleted(event) = desk.one(complete()) else {
        panic!()
    };
    assert_eq!((event.items, event.not_checked), (4, 2), "5.2 and the silent 5.4");
}

#[test]
fn a_refused_signature_needs_a_witness() {
    let desk = desk_at(Status::CheckedIn);
    let refused = CompleteFieldwork {
        signature: Signature::Refused,
        record_sha256: "xy".to_owned(),
        ..complete()
    };
    assert_eq!(
        desk.violations(refused),
        [violation("INS-20", "record_sha256"), violation("INS-20", "witness")]
    );
    let witnessed = CompleteFieldwork {
        signature: Signature::Refused,
        witness: Some(Sensitive::new("李四")),
        ..complete()
    };
    assert!(desk.decide(witnessed).is_ok());
}

#[test]
fn nobody_leaves_with_a_veto_item_that_is_not_met_and_not_cited() {
    let mut desk = desk_at(Status::CheckedIn);
    desk.one(answer(VETO, Answer::Noncompliant));
    let refusal = desk.refused(complete());
    assert_eq!(refusal.reason, Reason::IllegalTransition);
    assert_eq!(refusal.metadata["items"], VETO);
    desk.one(cite(VETO, Weight::Veto));
    desk.one(complete());
}
